"""Two pictures compared in detail: copies agree however they lie, what differs is found where it differs."""

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.domain import Pixels, Region
from engine.features import detail
from engine.features.detail import Detail, Picture
from engine.features.geometry import Matrix

SIZE = (360, 270)  # width and height
SAME = np.eye(3)
WORDS = ("Maribel", "Gorsun", "12.04.", "Tishi 7", "Renlo", "Ostwil", "48 B", "Fenju", "Haka", "Derpa", "931", "Emno")


def cloudy(seed: int = 1, size: tuple[int, int] = SIZE) -> Pixels:
    """A grey of clouds with sharp things in it, textured everywhere."""
    random, (width, height) = np.random.default_rng(seed), size
    coarse, fine = (random.normal(0, 1, (height // step, width // step)).astype(np.float32) for step in (40, 6))
    clouds = 128 + 35 * cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    clouds += 25 * cv2.resize(fine, size, interpolation=cv2.INTER_CUBIC)
    painted: Pixels = np.clip(clouds, 0, 255).astype(np.uint8)
    for _ in range(70):
        place = int(random.integers(width)), int(random.integers(height))
        cv2.circle(painted, place, int(random.integers(2, 9)), int(random.integers(20, 235)), -1, cv2.LINE_AA)
    return painted


def form(words: tuple[str, ...]) -> Pixels:
    """Twelve fields in a grid with labels; only the words in them are this form's own."""
    image = Image.new("L", SIZE, 245)
    draw = ImageDraw.Draw(image)
    small, large = ImageFont.load_default(10), ImageFont.load_default(20)
    draw.rectangle((0, 0, SIZE[0], 28), fill=90)
    draw.text((12, 2), "Registration", font=large, fill=250)
    for place, word in enumerate(words):
        x, y = 8 + 118 * (place % 3), 36 + 58 * (place // 3)
        draw.rectangle((x, y, x + 110, y + 50), outline=60)
        draw.text((x + 4, y + 3), f"Field {place}", font=small, fill=60)
        draw.text((x + 8, y + 20), word, font=large, fill=10)
    return np.asarray(image, np.uint8)


def stickered(pixels: Pixels) -> Pixels:
    covered = pixels.copy()
    cv2.circle(covered, (130, 110), 38, 235, -1)
    for x in (112, 148):
        cv2.circle(covered, (x, 100), 7, 20, -1)
    cv2.ellipse(covered, (130, 118), (20, 12), 0, 0, 180, 20, 3)
    return covered


def saved(pixels: Pixels, quality: int) -> Pixels:
    content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), np.uint8)


def smaller(pixels: Pixels, share: float) -> Pixels:
    return np.asarray(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)


def brighter(pixels: Pixels) -> Pixels:
    return np.asarray(np.clip(pixels * 0.8 + 45, 0, 255), np.uint8)


def bent(pixels: Pixels, by: float, wave: float) -> Pixels:
    """Each pixel moved across by up to this many, in waves of that many pixels."""
    height, width = pixels.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = by * np.sin(2 * np.pi * x / wave) * np.sin(2 * np.pi * y / wave)
    return np.asarray(
        cv2.remap(pixels, x + moved.astype(np.float32), y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def shifted(x: float, y: float) -> Matrix:
    """By pixels."""
    return np.array([[1, 0, x / SIZE[0]], [0, 1, y / SIZE[1]], [0, 0, 1]])


def turned(degrees: float) -> Matrix:
    """About the middle, in pixels; in shares."""
    turn = np.eye(3)
    turn[:2] = cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] / 2), degrees, 1)
    unit = np.diag([SIZE[0], SIZE[1], 1])
    return np.asarray(np.linalg.inv(unit) @ turn @ unit)


def coloured(grey: Pixels) -> Picture:
    return Picture.of(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB).astype(np.uint8))


def measured(query: Pixels, stored: Pixels, transform: Matrix = SAME) -> Detail:
    compared = detail.compare(coloured(query), coloured(stored), transform)
    assert compared is not None
    return compared.measured


def parts(logarithm: float) -> int:
    return round(float(np.expm1(logarithm)))


PICTURE = cloudy()
COPIES = {
    "itself": PICTURE,
    "saved again": saved(PICTURE, 40),
    "smaller": smaller(PICTURE, 0.6),
    "brighter": brighter(PICTURE),
    "smaller, brighter, saved again": saved(brighter(smaller(PICTURE, 0.7)), 60),
}
TRANSFORMS = {
    "exact": SAME,
    "a pixel off": shifted(1, -1),
    "two pixels off": shifted(-2, 2),
    "half a degree off": turned(0.5),
    "both off": turned(-0.5) @ shifted(1.5, 1),
}


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_copy_agrees_everywhere_though_it_is_not_laid_quite_right(copy: str, transform: str) -> None:
    for query, stored in ((COPIES[copy], PICTURE), (PICTURE, COPIES[copy])):
        found = measured(query, stored, TRANSFORMS[transform])
        assert found.correlation > 0.95
        assert found.worst > 0.85
        assert found.low == 0
        assert (found.both, found.query_only, found.stored_only, found.all_parts) == (0, 0, 0, 0)
        assert found.displaced < 0.35
        assert found.displaced_roughly <= found.displaced + 1e-6
        assert found.moved < 0.05


def test_picture_on_itself_agrees_perfectly() -> None:
    found = measured(PICTURE, PICTURE)
    assert found.worst > 0.9  # what is nearly even counts as a little less than it correlates
    assert found.half > 0.99
    assert found.displaced < 0.01
    assert found.gained < 0.001
    assert found.textured == 1
    assert found.log_shrunk == 0
    assert found.log_pixels == pytest.approx(np.log(PICTURE.size))


@pytest.mark.parametrize("transform", ["two pixels off", "half a degree off", "both off"])
def test_without_the_refinement_a_copy_that_is_not_laid_quite_right_would_not_agree(
    transform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refined = measured(PICTURE, PICTURE, TRANSFORMS[transform])
    monkeypatch.setattr(detail, "LEVELS", ())
    as_laid = measured(PICTURE, PICTURE, TRANSFORMS[transform])
    assert as_laid.displaced > 4 * refined.displaced
    assert as_laid.worst < refined.worst


def test_crop_is_compared_where_it_lies() -> None:
    crop = PICTURE[54:216, 90:270]
    there = np.array([[180 / 360, 0, 90 / 360], [0, 162 / 270, 54 / 270], [0, 0, 1]])
    found = measured(crop, PICTURE, there)
    assert found.correlation > 0.99
    assert found.all_parts == 0
    assert found.log_pixels == pytest.approx(np.log(crop.size))


def test_coarser_of_the_two_decides_how_large_they_are_compared() -> None:
    small = smaller(PICTURE, 0.5)
    assert measured(small, PICTURE).log_shrunk == pytest.approx(np.log(2))
    assert measured(PICTURE, small).log_shrunk == 0
    for found in (measured(small, PICTURE), measured(PICTURE, small)):
        assert found.log_pixels == pytest.approx(np.log(small.size))
    large = cloudy(2, (detail.SIDE * 2, 480))
    assert measured(large, large).log_pixels == pytest.approx(np.log(detail.SIDE * 240))


def test_other_picture_agrees_nowhere_so_that_nothing_stands_out() -> None:
    found, copy = measured(cloudy(5), PICTURE), measured(saved(PICTURE, 40), PICTURE)
    assert found.low > 0.5
    assert found.correlation < 0.4
    assert found.half < 0.5
    assert found.noise > copy.noise + 3


@pytest.mark.parametrize("quality", [95, 50])
def test_form_that_is_filled_in_otherwise_differs_on_both_sides_in_several_parts(quality: int) -> None:
    one, other = form(WORDS), saved(form(WORDS[5:] + WORDS[:5]), quality)
    same = measured(saved(one, quality), one)
    assert (same.both, same.parts) == (0, 0)
    for found in (measured(other, one), measured(one, other)):
        assert 0.05 < found.both < 0.7
        assert parts(found.parts) >= 4
        assert found.largest < 0.6
        assert found.half > 0.9  # the layout is the same
        assert found.worst < 0.3
        assert found.log_both > same.log_both + 1
        assert found.log_scattered > same.log_scattered + 1


def test_sticker_differs_in_one_part_and_nothing_else_does() -> None:
    for found in (measured(stickered(PICTURE), PICTURE), measured(PICTURE, stickered(PICTURE))):
        assert parts(found.all_parts) == 1
        assert found.largest_of_all == 1
        assert 0.02 < found.both + found.query_only + found.stored_only < 0.2
        assert found.half > 0.99
        assert found.spread < 0.25
        assert found.filled > 0.4


def test_what_one_side_alone_shows_is_told_from_what_both_show_otherwise() -> None:
    """On one side a part is painted over evenly."""
    emptied = PICTURE.copy()
    emptied[60:160, 80:220] = 128
    without, within = measured(emptied, PICTURE), measured(PICTURE, emptied)
    assert without.stored_only > 0.05
    assert without.query_only == 0
    assert without.texture_ratio < -1
    assert within.query_only > 0.05
    assert within.stored_only == 0
    assert within.texture_ratio > 1
    for found in (without, within):
        assert found.both < 0.5 * (found.query_only + found.stored_only)  # windows across its edge
        assert found.texture_unlike > 1


def test_smooth_bending_displaces_all_and_little_of_it_roughly() -> None:
    straight = measured(PICTURE, PICTURE)
    smooth, rough = measured(bent(PICTURE, 2.0, 700), PICTURE), measured(bent(PICTURE, 1.2, 90), PICTURE)
    for found in (smooth, rough):
        assert found.displaced > straight.displaced + 0.2
        assert found.correlation > 0.9  # once its windows are moved
        assert found.gained > straight.gained
    assert smooth.displaced_roughly < 0.5 * smooth.displaced
    assert rough.displaced_roughly > 0.5 * rough.displaced
    assert rough.displaced_roughly > 2 * smooth.displaced_roughly


def test_farther_bending_displaces_more() -> None:
    displaced = [measured(bent(PICTURE, by, 120), PICTURE).displaced for by in (0.0, 0.6, 1.2, 2.4)]
    assert displaced == sorted(displaced)


TOO_LITTLE = {
    "too small": (smaller(PICTURE, 0.1), PICTURE, SAME),
    "both too small": (smaller(PICTURE, 0.1), smaller(PICTURE, 0.1), SAME),
    "a thin strip": (PICTURE[:16], PICTURE, np.diag([1, 16 / 270, 1])),
    "beside it": (PICTURE, PICTURE, shifted(400, 0)),
    "hardly on it": (PICTURE, PICTURE, shifted(355, 0)),
    "a small corner on it": (PICTURE, PICTURE, shifted(320, 240)),
    "nothing in them": (np.full_like(PICTURE, 90), np.full_like(PICTURE, 200), SAME),
}


@pytest.mark.parametrize("name", TOO_LITTLE)
def test_too_little_in_common_tells_nothing(name: str) -> None:
    query, stored, transform = TOO_LITTLE[name]
    assert detail.compare(coloured(query), coloured(stored), transform) is None


PAIRS = {
    "copy": (saved(PICTURE, 50), PICTURE),
    "form": (form(WORDS[3:] + WORDS[:3]), form(WORDS)),
    "sticker": (stickered(PICTURE), PICTURE),
    "other picture": (cloudy(5), PICTURE),
    "empty on one side": (np.full_like(PICTURE, 128), PICTURE),
    "hardly anything in it": (saved(np.full_like(PICTURE, 128), 50), stickered(np.full_like(PICTURE, 128))),
}


@pytest.mark.parametrize("name", PAIRS)
def test_vector_has_a_finite_number_for_each_field_in_their_order(name: str) -> None:
    found = measured(*PAIRS[name])
    vector = found.vector()
    assert vector.shape == (len(fields(Detail)),)
    assert vector.dtype == np.float64
    assert np.isfinite(vector).all()
    assert vector.tolist() == [getattr(found, one.name) for one in fields(Detail)]
    assert replace(found, filled=7.0).vector()[-1] == 7


@pytest.mark.parametrize("name", PAIRS)
def test_shares_are_shares(name: str) -> None:
    found = measured(*PAIRS[name])
    names = ("both", "query_only", "stored_only", "largest", "largest_of_all", "low", "moved", "textured", "filled")
    for one in names:
        assert 0 <= getattr(found, one) <= 1, one
    for one in ("half", "tenth", "worst", "correlation"):
        assert -1.001 <= getattr(found, one) <= 1.001, one
    assert found.worst <= found.tenth <= found.half


@pytest.mark.parametrize("name", PAIRS)
def test_same_input_is_measured_alike_and_left_as_it_was(name: str) -> None:
    query, stored = (one.copy() for one in PAIRS[name])
    assert measured(query, stored, shifted(1, 1)) == measured(query, stored, shifted(1, 1))
    for before, after in zip(PAIRS[name], (query, stored), strict=True):
        assert np.array_equal(before, after)


# --- where both differ


def boxed(place: tuple[int, int, int, int]) -> Pixels:
    """The picture with a part of another pasted on it, at left, top, right, bottom."""
    left, top, right, bottom = place
    pasted = PICTURE.copy()
    pasted[top:bottom, left:right] = cloudy(7)[top:bottom, left:right]
    return pasted


def differs(query: Pixels, stored: Pixels, transform: Matrix = SAME) -> tuple[Region, ...]:
    compared = detail.compare(coloured(query), coloured(stored), transform)
    assert compared is not None
    return compared.differs


def in_shares(place: tuple[int, int, int, int], size: tuple[int, int] = SIZE) -> tuple[float, float, float, float]:
    return place[0] / size[0], place[1] / size[1], place[2] / size[0], place[3] / size[1]


def assert_covers(region: Region, box: tuple[float, float, float, float], *, slack: float = 0.08) -> None:
    """That a region holds a box (left, top, right, bottom; shares), but for a window's step, and little more."""
    edges = (region.x, region.y, region.x + region.width, region.y + region.height)
    assert edges == pytest.approx(box, abs=slack)
    inside = max(0.0, min(edges[2], box[2]) - max(edges[0], box[0])) * max(
        0.0, min(edges[3], box[3]) - max(edges[1], box[1])
    )
    assert inside > 0.85 * (box[2] - box[0]) * (box[3] - box[1])


BOX = (200, 60, 280, 130)


def test_nothing_differs_in_a_copy() -> None:
    for copy in COPIES.values():
        assert differs(copy, PICTURE) == ()


def test_box_that_shows_something_else_is_a_region_of_the_query() -> None:
    (region,) = differs(boxed(BOX), PICTURE)
    assert_covers(region, in_shares(BOX))
    (region,) = differs(PICTURE, boxed(BOX))  # whichever of the two it was pasted on
    assert_covers(region, in_shares(BOX))


@pytest.mark.parametrize("name", ["smaller", "brighter", "saved again"])
def test_region_is_the_same_however_the_query_was_saved(name: str) -> None:
    pasted = boxed(BOX)
    copies = {"smaller": smaller(pasted, 0.7), "brighter": brighter(pasted), "saved again": saved(pasted, 50)}
    (region,) = differs(copies[name], PICTURE)
    assert_covers(region, in_shares(BOX))


def test_region_of_a_turned_query_lies_where_the_query_shows_it() -> None:
    query = np.ascontiguousarray(np.rot90(boxed(BOX), -1))  # clockwise
    to_stored = np.array([[0, 1, 0], [-1, 0, 1], [0, 0, 1]], np.float64)
    left, top, right, bottom = in_shares(BOX)
    (region,) = differs(query, PICTURE, to_stored)
    assert_covers(region, (1 - bottom, left, 1 - top, right))


def test_region_of_a_mirrored_query_lies_where_the_query_shows_it() -> None:
    left, top, right, bottom = in_shares(BOX)
    to_stored = np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1]], np.float64)
    (region,) = differs(np.ascontiguousarray(boxed(BOX)[:, ::-1]), PICTURE, to_stored)
    assert_covers(region, (1 - right, top, 1 - left, bottom))


def test_region_of_a_cropped_query_is_in_shares_of_the_crop() -> None:
    left, top, right, bottom = 120, 30, 340, 200
    wide, high = right - left, bottom - top
    to_stored = np.array([[wide / SIZE[0], 0, left / SIZE[0]], [0, high / SIZE[1], top / SIZE[1]], [0, 0, 1]])
    (region,) = differs(boxed(BOX)[top:bottom, left:right], PICTURE, to_stored)
    assert_covers(
        region, in_shares((BOX[0] - left, BOX[1] - top, BOX[2] - left, BOX[3] - top), (wide, high)), slack=0.1
    )
    assert differs(boxed((10, 210, 90, 260))[top:bottom, left:right], PICTURE, to_stored) == ()  # outside the crop


def test_regions_are_the_largest_and_five_at_most() -> None:
    places = [
        (20 + 120 * n, top, 60 + 120 * n + 6 * m, top + 34 + 6 * m)
        for m, top in enumerate((20, 110, 200))
        for n in range(3)
    ]
    pasted = PICTURE.copy()
    for left, top, right, bottom in places[:7]:
        pasted[top:bottom, left:right] = cloudy(7)[top:bottom, left:right]
    found = differs(pasted, PICTURE)
    assert len(found) == detail.REGIONS
    assert all(0 <= one.x < one.x + one.width <= 1.0001 and 0 <= one.y < one.y + one.height <= 1.0001 for one in found)
    sizes = [one.width * one.height for one in found]
    assert sizes == pytest.approx(sorted(sizes, reverse=True), rel=0.5)


def test_word_that_differs_is_in_a_region_and_the_others_are_in_none() -> None:
    other = (*WORDS[:4], "Hupolo", *WORDS[5:])
    left, top, right, bottom = in_shares((8 + 118, 36 + 58, 8 + 118 + 110, 36 + 58 + 50))  # its field
    found = differs(form(other), form(WORDS))
    assert found
    for region in found:
        assert left - 0.03 < region.x < region.x + region.width < right + 0.03
        assert top - 0.03 < region.y < region.y + region.height < bottom + 0.03
