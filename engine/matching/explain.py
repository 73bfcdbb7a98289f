"""The picture that shows why two images match: side by side, what agrees joined, what differs boxed."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from engine.domain import Edit, Match, Pixels, Region
from engine.features.geometry import Matrix, inverse, outline, overlap
from engine.matching.candidates import Candidate
from engine.matching.proof import Proof, around_query, within
from engine.pictures import parts

HEIGHT, MAX_WIDTH, GAP, MARGIN, HEADING, FOOT = 480, 640, 24, 20, 20, 96
GROUND, INK, QUIET = (250, 250, 249), (28, 30, 33), (96, 100, 108)
ACCENT, LINES = (214, 84, 32), ((27, 122, 181), (214, 84, 32), (46, 139, 87), (142, 86, 168), (196, 154, 26))
DIFFERS = (214, 33, 156)  # dashed, too: colours alone are not told apart by everybody
DASH, DASH_GAP, KEY = 10, 6, (26, 14)  # pixels; width and height of the box that explains the colour
MAX_LINES = 30
WHOLE_SHOWN = 0.95  # with less of the stored picture in the query, the part is outlined
MIN_WIDTH = 720  # room for the words
AROUND = 0.25  # so much on each side of a region is shown too: of a long picture, or of a query
PALER = 0.6  # share of white in what is around the region that was asked with

WORDS = {
    Edit.MIRRORED: "mirrored",
    Edit.ROTATED: "turned",
    Edit.CROPPED: "cropped",
    Edit.INSIDE_LARGER: "inside a larger picture",
    Edit.PADDED: "with borders added",
    Edit.RECOLOURED: "colours changed",
    Edit.GRAYSCALE: "in shades of grey",
    Edit.BLURRED: "blurred",
    Edit.OVERLAID: "with something laid over it",
    Edit.STRETCHED: "stretched",
    Edit.RECOMPRESSED: "saved again",
}


def around(stored: Pixels, candidate: Candidate, match: Match) -> tuple[Pixels, Proof | None]:
    """What is drawn of a stored picture, RGB, and the proof as it lies on that.

    Of a long one that is what the query shows of it, and a bit around.
    """
    proof = candidate.on_whole if match.lane in ("same", "variant") else None
    place = match.evidence.place
    if proof is None or place is None:
        return stored, proof
    shown = _with_surroundings(place)
    return parts.cut(stored, shown), within(proof, shown)


def around_asked(
    whole: Pixels, region: Region, match: Match, proof: Proof | None
) -> tuple[Pixels, Match, Proof | None]:
    """What is drawn of a query, RGB, that was asked with by a region: that and a bit around, which is paler.

    And the match and the proof, which are of the region, as they lie on that.
    """
    shown = _with_surroundings(region)
    place = region.within(shown)
    pixels = parts.cut(whole, shown)
    paler = np.asarray(cv2.addWeighted(pixels, 1 - PALER, np.full_like(pixels, 255), PALER, 0), np.uint8)
    height, width = pixels.shape[:2]
    left, top = round(place.x * width), round(place.y * height)
    inside = slice(top, top + round(place.height * height)), slice(left, left + round(place.width * width))
    paler[inside] = pixels[inside]
    moved = replace(match, evidence=match.evidence.of_whole_query(place))
    return paler, moved, around_query(proof, place) if proof else None


def draw(
    query: Pixels, stored: Pixels, match: Match, proof: Proof | None, *, calibrated: bool, words: bool = True
) -> Pixels:
    """Query left, stored picture right, both RGB; returns RGB (H, W, 3). `words`: headings, result and edits too."""
    left, right = _fitted(query), _fitted(stored)
    head, foot = (HEADING, FOOT) if words else (0, 0)
    width = max(MIN_WIDTH if words else 0, left.shape[1] + right.shape[1] + GAP + 2 * MARGIN)
    height = max(left.shape[0], right.shape[0]) + head + 2 * MARGIN + foot
    page = PillowImage.new("RGB", (width, height), GROUND)
    at_left, at_right = (MARGIN, MARGIN + head), (MARGIN + left.shape[1] + GAP, MARGIN + head)
    for (x, y), heading in ((at_left, "What was asked"), (at_right, "In the library")) if words else ():
        ImageDraw.Draw(page).text((x, y - head - 4), heading, fill=QUIET, font=ImageFont.load_default(15))
    page.paste(PillowImage.fromarray(left), at_left)
    page.paste(PillowImage.fromarray(right), at_right)
    canvas = np.array(page)
    if proof:
        _outline(canvas, inverse(proof.transform), left.shape, at_left)
        if overlap(proof.transform)[1] < WHOLE_SHOWN:
            _outline(canvas, proof.transform, right.shape, at_right)
        _join(canvas, proof, left.shape, right.shape, at_left, at_right)
        for region in match.evidence.differs:
            corners = _corners(region)
            _dashed(canvas, corners, left.shape, at_left)
            _dashed(canvas, cv2.perspectiveTransform(corners[None], proof.transform)[0], right.shape, at_right)
    return _with_words(canvas, match, proof, at_left, at_right, calibrated=calibrated) if words else canvas


def headline(match: Match, *, calibrated: bool) -> str:
    """What a match amounts to, in one line."""
    if match.evidence.exact:
        return "The same file, byte for byte"
    if match.lane == "same":
        return f"The same picture: {per_cent(match.p_same)} sure" if calibrated else "Probably the same picture"
    if match.lane == "variant":
        return f"Another version: {per_cent(match.score)} sure" if calibrated else "Probably another version"
    words = "Looks alike" if not match.weak else "Not the same picture, and hardly alike"
    return f"{words}: {per_cent(match.score)} the same kind of thing" if calibrated else words


def per_cent(probability: float) -> str:
    """A probability for people; only what is certain is 100 %."""
    if probability >= 1:
        return "100%"
    return ">99%" if probability > 0.99 else "<1%" if probability < 0.01 else f"{probability:.0%}"


def sentence(match: Match) -> str:
    """The edits in words, or what else the two have in common."""
    if match.evidence.exact:
        return "Nothing was changed."
    if match.lane == "variant":
        return "The same scene or layout, with other content: not the same picture."
    if match.lane != "same" or not match.evidence.edits:
        return "No part of one was found in the other." if match.lane != "same" else ""
    return "What was done to it: " + ", ".join(WORDS[edit] for edit in match.evidence.edits) + "."


def _with_surroundings(place: Region) -> Region:
    """A region of a picture and a bit around it."""
    left, top = max(0.0, place.x - AROUND * place.width), max(0.0, place.y - AROUND * place.height)
    right = min(1.0, place.x + (1 + AROUND) * place.width)
    bottom = min(1.0, place.y + (1 + AROUND) * place.height)
    return Region(left, top, right - left, bottom - top)


def _fitted(pixels: Pixels) -> Pixels:
    scale = min(HEIGHT / pixels.shape[0], MAX_WIDTH / pixels.shape[1])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(
        cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8
    )


def _outline(canvas: Pixels, transform: Matrix, shape: tuple[int, ...], at: tuple[int, int]) -> None:
    """Where in one picture the other lies; `transform` maps the other's shares to its."""
    found = np.clip(outline(transform), 0, 1) * [shape[1] - 1, shape[0] - 1] + at
    cv2.polylines(canvas, [np.rint(found).astype(np.int32)], True, ACCENT, 3, cv2.LINE_AA)


def _corners(region: Region) -> NDArray[np.float64]:
    """(4, 2) in shares, clockwise."""
    right, bottom = region.x + region.width, region.y + region.height
    return np.array([(region.x, region.y), (right, region.y), (right, bottom), (region.x, bottom)], np.float64)


def _dashed(canvas: Pixels, corners: NDArray[np.float64], shape: tuple[int, ...], at: tuple[int, int]) -> None:
    """Around a part that differs; `corners` (4, 2) are shares of the picture, which lies at `at`."""
    points = np.clip(corners, 0, 1) * [shape[1] - 1, shape[0] - 1] + at
    cv2.polylines(canvas, [np.rint(points).astype(np.int32)], True, (255, 255, 255), 4, cv2.LINE_AA)
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        length = float(np.linalg.norm(end - start))
        for begin in np.arange(0, length, DASH + DASH_GAP):
            first, last = (start + (end - start) * min(1.0, along / length) for along in (begin, begin + DASH))
            cv2.line(canvas, _pixel(first), _pixel(last), DIFFERS, 2, cv2.LINE_AA)


def _pixel(point: NDArray[np.float64]) -> tuple[int, int]:
    return int(np.rint(point[0])), int(np.rint(point[1]))


def _join(
    canvas: Pixels,
    proof: Proof,
    left: tuple[int, ...],
    right: tuple[int, ...],
    at_left: tuple[int, int],
    at_right: tuple[int, int],
) -> None:
    if proof.geometry is None:
        return
    starts = proof.geometry.query_points * [left[1], left[0]] + at_left
    ends = proof.geometry.stored_points * [right[1], right[0]] + at_right
    for number, index in enumerate(_spread(ends, MAX_LINES)):
        start, end = starts[index], ends[index]
        colour = LINES[number % len(LINES)]
        a, b = _pixel(start), _pixel(end)
        cv2.line(canvas, a, b, colour, 1, cv2.LINE_AA)
        cv2.circle(canvas, a, 3, colour, -1, cv2.LINE_AA)
        cv2.circle(canvas, b, 3, colour, -1, cv2.LINE_AA)


def _spread(points: NDArray[np.float64], count: int) -> list[int]:
    """Indices of at most `count` of the points (n, 2), each as far as can be from those before it."""
    chosen = [0]
    nearest = np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return chosen


def _with_words(
    canvas: Pixels,
    match: Match,
    proof: Proof | None,
    at_left: tuple[int, int],
    at_right: tuple[int, int],
    *,
    calibrated: bool,
) -> Pixels:
    page = PillowImage.fromarray(canvas)
    draw_on = ImageDraw.Draw(page)
    foot = canvas.shape[0] - FOOT
    draw_on.text((at_left[0], foot), headline(match, calibrated=calibrated), fill=INK, font=ImageFont.load_default(22))
    said = sentence(match)
    draw_on.text((at_left[0], foot + 32), said, fill=INK, font=ImageFont.load_default(16))
    if proof and match.evidence.differs:
        beside = draw_on.textlength(said, font=ImageFont.load_default(16)) + 20 if said else 0
        _legend(draw_on, at_left[0] + int(beside), foot + 34)
    facts = []
    if proof and proof.keypoints:
        facts.append(f"{proof.keypoints} keypoints agree")
    if match.evidence.ssim is not None and not match.evidence.exact:
        facts.append(f"structural similarity {match.evidence.ssim:.2f} where they overlap")
    facts.append(f"{match.image.title or match.image.filename} (id {match.image.id})")
    draw_on.text((at_left[0], foot + 58), " · ".join(facts), fill=QUIET, font=ImageFont.load_default(14))
    return np.asarray(page)


def _legend(draw_on: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """What the dashed boxes say."""
    width, height = KEY
    for left in range(x, x + width, DASH):
        right = min(left + DASH - 4, x + width)
        draw_on.line((left, y, right, y), fill=DIFFERS, width=2)
        draw_on.line((left, y + height, right, y + height), fill=DIFFERS, width=2)
    for side in (x, x + width):
        draw_on.line((side, y, side, y + height), fill=DIFFERS, width=2)
    draw_on.text((x + width + 8, y - 2), "differs here", fill=DIFFERS, font=ImageFont.load_default(16))
