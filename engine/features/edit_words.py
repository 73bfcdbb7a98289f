"""Names what was done to a picture, from how its copy lies on it and how their colours differ."""

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Edit, Pixels
from engine.features import ssim
from engine.features.geometry import Matrix, extent, inverse, overlap

SIDE, MIN_SIDE = 160, 48  # both pictures are compared at such a size
MIN_COMMON = 64  # pixels
MIN_ANGLE = 3.0  # degrees
MIN_STRETCH = 1.09
MAX_SHOWN = 0.9  # of the stored picture's area; with more of it in the copy, nothing was cropped
MAX_FILLED = 0.93  # of the copy's area; with more of it filled by the picture, nothing lies around it
BORDER_STEP = 24.0  # levels, from the border's colour
MAX_BUSY_BORDER = 0.01  # of a border around the picture
MIN_BESIDE_BAND, MAX_BUSY_BAND = 0.6, 0.25  # beside a picture that fills so much, a band may carry text
MAX_GREY_CHROMA, MIN_COLOUR_CHROMA = 3.0, 7.0
MIN_RECOLOURING = 8.0  # median difference in levels
MAX_SHARPNESS = 0.6  # of the stored picture's
MIN_SHARPNESS = 4.0
SHARP, SHARPEST = 0.85, 0.97  # of the pixels are less sharp than what is compared; drawings have few edges
OVERLAY_STEP, OVERLAY_TIMES = 42.0, 5.0  # levels, and times the usual difference
MAX_USUAL_STEP = 20.0  # levels
MIN_OVERLAY, MAX_OVERLAY = 0.004, 0.5  # of the common area

Levels = NDArray[np.float32]  # (side, side, channels)


def name_edits(query: Pixels, stored: Pixels, transform: Matrix, *, stored_aspect: float) -> tuple[Edit, ...]:
    """The edits that made `query` of `stored`, both RGB.

    `transform` (3, 3) maps shares of the query to shares of the stored picture, mirroring included.
    """
    found = [*_of_geometry(query, transform, stored_aspect), *_of_colours(query, stored, transform)]
    return tuple(found) or (Edit.RECOMPRESSED,)


def _of_geometry(query: Pixels, transform: Matrix, stored_aspect: float) -> Iterator[Edit]:
    height, width = query.shape[:2]
    linear = np.diag(extent(stored_aspect)) @ _slope(transform) @ np.diag(1 / extent(width / height))
    mirrored = bool(np.linalg.det(linear) < 0)
    if mirrored:
        yield Edit.MIRRORED
        linear = linear @ np.diag([-1.0, 1.0])
    angle = abs(float(np.degrees(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))))
    # A picture turned upside down and mirrored is one that was mirrored the other way.
    rotated = angle > MIN_ANGLE and not (mirrored and angle > 180 - MIN_ANGLE)
    if rotated:
        yield Edit.ROTATED
    large, small = np.linalg.svd(linear, compute_uv=False)
    if large / small > MIN_STRETCH:
        yield Edit.STRETCHED
    filled, shown = overlap(transform)
    if shown < MAX_SHOWN * (_left_by_turn(stored_aspect, angle) if rotated else 1):
        yield Edit.CROPPED
    if filled < MAX_FILLED:
        busy = _busy_share_around(query, transform)
        if busy > (MAX_BUSY_BAND if filled > MIN_BESIDE_BAND else MAX_BUSY_BORDER):
            yield Edit.INSIDE_LARGER
        elif not rotated or filled < MIN_BESIDE_BAND:  # a small turn leaves flat corners, which nobody added
            yield Edit.PADDED


def _left_by_turn(aspect: float, angle: float) -> float:
    """The share of a picture in the largest upright box in it once it is turned; the rest a turn cuts off."""
    turn = math.radians(min(angle % 90, 90 - angle % 90))
    long, short = max(aspect, 1 / aspect), 1.0
    sine, cosine = math.sin(turn), math.cos(turn)
    if short <= 2 * sine * cosine * long:  # two corners of the box touch the long sides only
        return short / (4 * sine * cosine * long)
    return (long * cosine - short * sine) * (short * cosine - long * sine) / (math.cos(2 * turn) ** 2 * long * short)


def _of_colours(query: Pixels, stored: Pixels, transform: Matrix) -> Iterator[Edit]:
    side = _common_side(query, transform)
    laid, common = ssim.warp(query, transform, side)
    ground = cv2.resize(stored, (side, side), interpolation=cv2.INTER_AREA)
    if common.sum() < MIN_COMMON:
        return
    copy, original = laid.astype(np.float32), ground.astype(np.float32)
    chroma_of_copy, chroma_of_original = (float(_chroma(p)[common].mean()) for p in (copy, original))
    is_grey = chroma_of_copy < MAX_GREY_CHROMA and chroma_of_original > MIN_COLOUR_CHROMA
    if is_grey:
        yield Edit.GRAYSCALE
    is_recoloured = not is_grey and bool(
        np.median(_mean(np.abs(_smooth(copy, 2) - _smooth(original, 2)))[common]) > MIN_RECOLOURING
    )
    if is_recoloured:
        yield Edit.RECOLOURED
    if is_grey or chroma_of_original <= MIN_COLOUR_CHROMA:
        copy, original = _mean(copy)[..., None], _mean(original)[..., None]
    matched = _with_levels_of(original, copy, common)
    sharpness = _sharpness(matched, common) / max(MIN_SHARPNESS, _sharpness(original, common))
    if is_recoloured:  # colours that changed places cannot be brought back by their ranks, and lose their edges
        contrast = float(_mean(original)[common].std()) / max(1.0, float(_mean(copy)[common].std()))
        as_it_is = _sharpness(copy, common, SHARPEST) * min(1.0, contrast)
        sharpness = max(sharpness, as_it_is / max(MIN_SHARPNESS, _sharpness(original, common, SHARPEST)))
    if sharpness < MAX_SHARPNESS:
        yield Edit.BLURRED
    # A large overlay disturbs the ranks: the levels as they are may lie nearer.
    nearer = min((matched, copy), key=lambda levels: float(np.median(np.abs(levels - original)[common])))
    if _is_overlaid(nearer, original, common, blurred=sharpness < MAX_SHARPNESS):
        yield Edit.OVERLAID


def _common_side(query: Pixels, transform: Matrix) -> int:
    """The side at which neither picture has to be enlarged much: a small copy is not a blurred one."""
    filled, shown = overlap(transform)
    if shown <= 0:
        return SIDE
    return int(np.clip(0.8 * np.sqrt(query.shape[0] * query.shape[1] * filled / shown), MIN_SIDE, SIDE))


def _slope(transform: Matrix) -> Matrix:
    """The linear part of a transform at the middle of the query."""
    centre = np.array([0.5, 0.5, 1.0])
    x, y, w = transform @ centre
    rows = [transform[0, :2] * w - x * transform[2, :2], transform[1, :2] * w - y * transform[2, :2]]
    return np.asarray(np.array(rows) / w**2, np.float64)


def _busy_share_around(query: Pixels, transform: Matrix) -> float:
    """The share of what lies around the picture that has not the one colour of a border."""
    small = cv2.resize(query, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    _, covered = ssim.warp(np.full((SIDE, SIDE), 255, np.uint8), inverse(transform), SIDE)
    outside = ~cv2.dilate(covered.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    if outside.sum() < MIN_COMMON:
        return 0.0
    colours = small[outside]
    is_far = np.abs(colours - np.median(colours, axis=0)) > BORDER_STEP
    return float(is_far.any(axis=1).mean())


def _with_levels_of(wanted: Levels, levels: Levels, common: NDArray[np.bool_]) -> Levels:
    """Each channel's levels (whole numbers) brought to another picture's by their ranks: undoes changes of tone."""
    matched = np.empty_like(levels)
    shares = np.linspace(0, 1, 33)
    for channel in range(levels.shape[2]):
        source, target = (_quantiles(x[..., channel][common], shares) for x in (levels, wanted))
        matched[..., channel] = np.interp(np.arange(256), source, target)[levels[..., channel].astype(np.uint8)]
    return matched


def _quantiles(levels: NDArray[np.float32], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The levels, 0-255, below which these shares of them lie."""
    up_to = np.cumsum(np.bincount(levels.astype(np.uint8), minlength=256)) / len(levels)
    return np.searchsorted(up_to, shares - 1e-9).clip(0, 255).astype(np.float64)


# Channel by channel: reducing a last axis of three is NumPy's slowest case.
def _mean(levels: Levels) -> NDArray[np.float32]:
    channels = cv2.split(levels)
    return np.asarray(sum(channels[1:], channels[0]) / len(channels), np.float32)


def _extremes(levels: Levels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The least and the greatest of the channels at each pixel."""
    channels = cv2.split(levels)
    return np.minimum.reduce(channels), np.maximum.reduce(channels)


def _chroma(levels: Levels) -> NDArray[np.float32]:
    least, greatest = _extremes(levels)
    return greatest - least


def _sharpness(levels: Levels, common: NDArray[np.bool_], share: float = SHARP) -> float:
    return float(np.percentile(np.abs(cv2.Laplacian(_mean(levels), cv2.CV_32F))[common], 100 * share))


def _smooth(levels: Levels, sigma: float) -> Levels:
    return np.asarray(cv2.GaussianBlur(levels, (0, 0), sigma), np.float32).reshape(levels.shape)


def _is_overlaid(copy: Levels, original: Levels, common: NDArray[np.bool_], *, blurred: bool) -> bool:
    """Whether they differ much in a few compact places, and little elsewhere."""
    smooth = 2.5 if blurred else 0.8
    size = _extremes(np.abs(_smooth(copy, smooth) - _smooth(original, smooth)))[1]
    usual = float(np.median(size[common]))
    if usual > MAX_USUAL_STEP:
        return False
    places = ((size > max(OVERLAY_STEP, OVERLAY_TIMES * usual)) & common).astype(np.uint8)
    places = cv2.morphologyEx(places, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    places = cv2.morphologyEx(places, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(places)
    areas = stats[1:, cv2.CC_STAT_AREA] / float(common.sum())
    compact = areas[areas > MIN_OVERLAY]
    return bool(len(compact)) and float(compact.sum()) < MAX_OVERLAY
