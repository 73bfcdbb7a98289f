"""Long pictures, such as scrolled screenshots, strips and panoramas: the pieces of ordinary shape they are kept in.

The thumbnail of a long picture is a few pixels wide, and a screenful of it resembles nothing of the whole. So pieces
that overlap by half are looked for as if each were a picture of its own.
"""

import math

import numpy as np

from engine.domain import Part, Pixels, Region

LONG_FROM = 3.0  # times as long as wide, or as wide as long
PIECE = 1.5  # times as long as wide
MAX_PARTS = 120  # of a longer picture they overlap less, or are longer
MAX_PIXELS = 16_000_000  # that a long picture is decoded to


def of(width: int, height: int) -> tuple[Part, ...]:
    """The parts of a picture of this size in pixels, from its top or left on; none where it is not long."""
    longer, shorter = max(width, height), max(1, min(width, height))
    if longer < LONG_FROM * shorter:
        return ()
    piece = min(1.0, PIECE * shorter / longer)  # as a share of the longer side
    count = min(MAX_PARTS, math.ceil((1 - piece) / (piece / 2)) + 1)
    piece = max(piece, 1 / count)
    starts = np.linspace(0.0, 1 - piece, count).tolist()
    regions = (
        (Region(0.0, start, 1.0, piece) for start in starts)
        if height > width
        else (Region(start, 0.0, piece, 1.0) for start in starts)
    )
    return tuple(Part(number, region) for number, region in enumerate(regions, 1))


def side(width: int, height: int, piece_side: int) -> int:
    """The longest side that a picture is decoded to for its parts to have `piece_side`; that itself for one without."""
    if not of(width, height):
        return piece_side
    longer, shorter = max(width, height), max(1, min(width, height))
    wanted = piece_side * longer / (PIECE * shorter)
    most = math.sqrt(MAX_PIXELS * longer / shorter)
    return round(min(longer, max(piece_side, min(wanted, most))))


def cut(pixels: Pixels, region: Region) -> Pixels:
    """A copy of a region's pixels, at least one."""
    height, width = pixels.shape[:2]
    x, y = min(width - 1, round(region.x * width)), min(height - 1, round(region.y * height))
    w, h = max(1, round(region.width * width)), max(1, round(region.height * height))
    return np.ascontiguousarray(pixels[y : y + h, x : x + w])
