"""Which pieces long pictures are kept in."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import PART_MASK, Part, Region
from engine.pictures import parts


@pytest.mark.parametrize(("width", "height"), [(1000, 1000), (1000, 2990), (2990, 1000), (1, 1), (1, 2)])
def test_ordinary_picture_has_none(width: int, height: int) -> None:
    assert parts.of(width, height) == ()
    assert parts.side(width, height, 1000) == 1000


def test_picture_three_times_as_long_as_wide_has_three() -> None:
    expected = tuple(Part(n, Region(0.0, y, 1.0, 0.5)) for n, y in ((1, 0.0), (2, 0.25), (3, 0.5)))
    assert parts.of(400, 1200) == expected
    across = tuple(Part(n, Region(x, 0.0, 0.5, 1.0)) for n, x in ((1, 0.0), (2, 0.25), (3, 0.5)))
    assert parts.of(1200, 400) == across


@given(st.integers(1, 3_000), st.integers(3_000, 100_000))
def test_parts_cover_the_whole_in_order_and_overlap_by_half(shorter: int, longer: int) -> None:
    found = parts.of(shorter, longer)
    if longer < 3 * shorter:
        assert not found
        return
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert len(found) <= parts.MAX_PARTS <= PART_MASK
    assert found[0].region.y == 0
    assert found[-1].region.y + found[-1].region.height == pytest.approx(1)
    for one, after in itertools.pairwise(found):
        assert one.region.y < after.region.y <= one.region.y + one.region.height + 1e-9
        if len(found) < parts.MAX_PARTS:
            assert after.region.y - one.region.y <= one.region.height / 2 + 1e-9


@given(st.integers(1, 60_000), st.integers(1, 60_000))
def test_long_picture_is_decoded_for_its_parts_within_bounds(width: int, height: int) -> None:
    side = parts.side(width, height, 1000)
    assert side >= min(1000, max(width, height))
    if parts.of(width, height):
        scale = side / max(width, height)
        assert scale <= 1
        assert min(width, height) * scale * side <= max(parts.MAX_PIXELS * 1.01, 1000 * 1000)
        assert parts.PIECE * min(width, height) * scale <= 1001


def test_cut_takes_the_region_and_at_least_a_pixel() -> None:
    pixels = np.arange(60, dtype=np.uint8).reshape(10, 2, 3)
    assert np.array_equal(parts.cut(pixels, Region(0.0, 0.5, 1.0, 0.2)), pixels[5:7])
    assert parts.cut(pixels, Region(1.0, 1.0, 0.0, 0.0)).shape == (1, 1, 3)
