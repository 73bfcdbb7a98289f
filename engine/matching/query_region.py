"""A region that a query is asked with in place of the whole: read, checked, and cut out."""

import re

from engine.domain import WHOLE, Image, Region
from engine.errors import InvalidRegion
from engine.pictures import imaging, parts

MIN_SIDE = 24  # pixels; less shows nothing that could be told apart
MAX_SIDE = 4_800  # that a picture is decoded to for a region of it
ROUNDING = 0.001  # so far outside a region may reach, and is cut off
NUMBER = re.compile(r"\s*-?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?\s*", re.ASCII | re.IGNORECASE)


def parse(text: str) -> Region:
    """`x,y,width,height` as shares of the upright picture. InvalidRegion."""
    given = text.split(",")
    if len(given) != 4 or not all(NUMBER.fullmatch(one) for one in given):
        raise InvalidRegion("A region is four numbers with commas between: x,y,width,height, each from 0 to 1.")
    x, y, width, height = map(float, given)
    if min(width, height) <= 0:
        raise InvalidRegion("The width and the height of a region must be more than 0.")
    left, top, right, bottom = max(0.0, x), max(0.0, y), min(1.0, x + width), min(1.0, y + height)
    cut_off = max(left - x, top - y, x + width - right, y + height - bottom)
    if cut_off > ROUNDING or left >= right or top >= bottom:
        raise InvalidRegion(f"The region {text.strip()} reaches out of the picture, which ends at 1.")
    return Region(left, top, right - left, bottom - top)


def side(region: Region) -> int:
    """The longest side that a picture is decoded to, so that the region has as many pixels as a query."""
    return min(MAX_SIDE, round(imaging.QUERY_SIDE / min(region.width, region.height)))


def cut(image: Image, region: Region) -> Image:
    """The region as a picture of its own. InvalidRegion where it is too small to tell anything."""
    width, height = round(region.width * image.width), round(region.height * image.height)
    if min(width, height) < MIN_SIDE:
        raise InvalidRegion(
            f"The region has only {width} x {height} pixels: at least {MIN_SIDE} a side are needed to look for it."
        )
    pixels = parts.cut(image.pixels, region)
    return Image(pixels, image.media_type, width, height, image.warnings, is_animated=image.is_animated)


def is_whole(region: Region | None) -> bool:
    """Whether nothing less than the whole picture is asked for."""
    return region is None or region == WHOLE
