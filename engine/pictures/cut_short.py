"""Files that break off: how much of the picture is there, and the picture as far as it goes.

A decoder that runs out of bytes leaves what it has not decoded as it found it. So the picture is decoded twice, over
black and over white: the rows that differ are not there. Rows are counted, for coded pixels are no measure.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PIL import Image as PillowImage
from PIL import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from engine.domain import CUT_SHORT, PictureWarning
from engine.errors import DamagedImage
from engine.pictures import bounds

KINDS = ("JPEG", "PNG", "GIF", "BMP", "TIFF")  # that Pillow decodes row by row; others are decoded whole or not at all
ENOUGH = 0.9  # of a picture's rows
BAND_ROWS = 64  # that are looked at together
END = b"\xff\xd9"  # of a JPEG
HELD_BACK_ROWS = 32  # of a JPEG at most: two rows of blocks

Opener = Callable[[bytes], PillowImage.Image]


def taken(content: bytes, opened: Opener, error: Exception) -> tuple[PillowImage.Image, PictureWarning]:
    """What is there of a picture that failed to be decoded with `error`, decoded, where that is nearly all of it.

    `opened` opens a file without decoding it. Raises DamagedImage where too much is missing, `error` where nothing
    is there or that cannot be known.
    """
    image = opened(content)
    if image.format not in KINDS:
        raise error
    if isinstance(image, JpegImageFile) and bounds.jpeg_coefficient_bytes(content):
        return _jpeg_of_scans(content, opened, error)
    over_black = _rows(_decoded(image, 0))
    del image  # with its memory; so at each step
    image = _decoded(opened(content), 255)
    there = sum(one == other for one, other in zip(over_black, _rows(image), strict=True)) / image.height
    if not there:
        raise error
    if there < ENOUGH:
        raise DamagedImage(f"The file breaks off or is damaged: only {int(100 * there)} % of the picture is there.")
    if isinstance(image, JpegImageFile):
        del image
        image = opened(content + END)  # the decoder holds back the last rows until it sees the end
        image.load()
        full = bounds.jpeg_size(content)
        there += HELD_BACK_ROWS / full[1] if full else 0
    return image, _warning(there)


def _warning(there: float) -> PictureWarning:
    if there >= 1:
        return PictureWarning(
            CUT_SHORT, "The file breaks off at its very end: hardly anything of the picture is missing."
        )
    missing = max(1, round(100 * (1 - there)))
    return PictureWarning(CUT_SHORT, f"The file breaks off: the last {missing} % of the picture are missing.")


def _decoded(image: PillowImage.Image, ground: int) -> PillowImage.Image:
    """The rows that are there, over a ground of one value."""
    image.im = PillowImage.new(image.mode, image.size, (ground,) * len(image.getbands())).im
    if isinstance(image, JpegImageFile):
        image.load_read = image.fp.read  # type: ignore[assignment, method-assign, union-attr] # its own puts an end to the file
    with _tolerant():
        image.load()
    return image


def _rows(image: PillowImage.Image) -> list[int]:
    """A checksum of each row."""
    sums = []
    for top in range(0, image.height, BAND_ROWS):
        height = min(BAND_ROWS, image.height - top)
        band = memoryview(image.crop((0, top, image.width, top + height)).tobytes())
        length = len(band) // height
        sums += [zlib.crc32(band[row * length : (row + 1) * length]) for row in range(height)]
    return sums


def _jpeg_of_scans(content: bytes, opened: Opener, error: Exception) -> tuple[PillowImage.Image, PictureWarning]:
    """Each scan goes over the whole picture, and makes it finer: what counts is which of them are there."""
    if not _is_all_but_fine(content):
        raise DamagedImage("The file breaks off: too much of the picture is missing.") from error
    image = opened(content + END)
    image.load()
    return image, PictureWarning(
        CUT_SHORT, "The file breaks off: the picture is there, but some of its finest details are missing."
    )


def _is_all_but_fine(content: bytes) -> bool:
    """Whether the scans before the last one have brought the colours of all blocks, and the first component whole."""
    components: list[int] = []
    brought: set[tuple[int, int]] = set()
    scan: set[tuple[int, int]] = set()
    for kind, at in bounds.jpeg_segments(content):
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            components = list(content[at + 8 : at + 8 + 3 * content[at + 7] : 3])
        elif kind == 0xDA:
            brought |= scan
            scan = _brought_by(content[at + 2 : at + 12])
    wanted = (
        {(one, 0) for one in components} | {(components[0], number) for number in range(64)} if components else {()}
    )
    return wanted <= brought


def _brought_by(header: bytes) -> set[tuple[int, int]]:
    """The coefficients of which components a scan brings for the first time."""
    count = header[0] if header else 0
    if len(header) < 4 + 2 * count:
        return set()
    first, last, precision = header[1 + 2 * count : 4 + 2 * count]
    if precision >> 4:  # it makes finer what was there before
        return set()
    return {(one, number) for one in header[1 : 1 + 2 * count : 2] for number in range(first, min(last, 63) + 1)}


@contextmanager
def _tolerant() -> Iterator[None]:
    """Meanwhile Pillow ends quietly where a file does. That goes for the whole process, whose only thread this is."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
