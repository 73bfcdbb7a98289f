"""Regions that queries are asked with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import WHOLE, Image, Region
from engine.errors import InvalidRegion
from engine.matching.query_region import MAX_SIDE, cut, is_whole, parse, side

SHARES = st.floats(0, 1, allow_nan=False)


def image(width: int, height: int, *, scale: float = 1.0) -> Image:
    pixels = np.zeros((round(height * scale), round(width * scale), 3), np.uint8)
    return Image(pixels, "image/png", width, height)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("0,0,1,1", WHOLE),
        ("0.5,0,0.5,0.25", Region(0.5, 0, 0.5, 0.25)),
        (" .5 , 0., 5e-1,1E-1 ", Region(0.5, 0, 0.5, 0.1)),
        ("-0.0004,0,1.0005,1", Region(0, 0, 1, 1)),  # as browsers round
    ],
)
def test_region_is_read(text: str, region: Region) -> None:
    assert parse(text) == region


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "four numbers"),
        ("0,0,1", "four numbers"),
        ("0,0,1,1,1", "four numbers"),
        ("a,0,1,1", "four numbers"),
        ("nan,0,1,1", "four numbers"),
        ("inf,0,1,1", "four numbers"),
        ("1_0,0,1,1", "four numbers"),
        ("٠,0,1,1", "four numbers"),
        ("0,0,0,1", "more than 0"),
        ("0.5,0,-0.5,1", "more than 0"),
        ("0.6,0,0.5,1", "reaches out"),
        ("-0.1,0,0.5,1", "reaches out"),
        ("0,0,1e99,1", "reaches out"),
        ("10,20,300,200", "reaches out"),
        ("1,0,0.0005,1", "reaches out"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(InvalidRegion, match=said):
        parse(text)


@given(x=SHARES, y=SHARES, width=SHARES, height=SHARES)
def test_what_is_read_lies_in_the_picture(x: float, y: float, width: float, height: float) -> None:
    try:
        region = parse(f"{x},{y},{width},{height}")
    except InvalidRegion:
        assert min(width, height) <= 0 or x + width >= 1 or y + height >= 1 or x + width == x or y + height == y
        return
    assert min(region.x, region.y) >= 0
    assert min(region.width, region.height) > 0
    assert max(region.x + region.width, region.y + region.height) <= 1 + 1e-12


@given(x=SHARES, y=SHARES, width=st.floats(0.01, 1), height=st.floats(0.01, 1))
def test_region_of_a_part_is_found_again_in_the_whole(x: float, y: float, width: float, height: float) -> None:
    part, inner = Region(x, y, width, height), Region(0.25, 0.5, 0.5, 0.25)
    back = inner.of_whole(part).within(part)
    sides = [(one, getattr(back, one), getattr(inner, one)) for one in ("x", "y", "width", "height")]
    assert all(abs(found - wanted) < 1e-9 for _, found, wanted in sides), sides


def test_region_is_cut_out_and_is_as_large_as_in_the_original() -> None:
    part = cut(image(1000, 800, scale=0.5), Region(0.5, 0.25, 0.5, 0.5))
    assert (part.width, part.height, part.pixels.shape) == (500, 400, (200, 250, 3))


def test_too_small_a_region_is_refused_with_its_size() -> None:
    with pytest.raises(InvalidRegion, match="20 x 400 pixels: at least 24"):
        cut(image(1000, 800), Region(0.5, 0.25, 0.02, 0.5))
    assert cut(image(1000, 800), Region(0.5, 0.25, 0.024, 0.5)).width == 24


def test_small_regions_are_cut_from_larger_pictures() -> None:
    assert side(Region(0, 0, 1, 1)) == 1200
    assert side(Region(0.2, 0.2, 0.5, 0.8)) == 2400
    assert side(Region(0, 0, 0.01, 0.01)) == MAX_SIDE


def test_whole_is_no_region() -> None:
    assert is_whole(None)
    assert is_whole(parse("0,0,1,1"))
    assert not is_whole(parse("0,0,1,0.99"))
