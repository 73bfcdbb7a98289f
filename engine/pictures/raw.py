"""A camera's raw file: how it is told from other files, and the picture for looking at that its camera put in it."""

from collections.abc import Mapping
from io import BytesIO
from types import ModuleType

import numpy as np

from engine.domain import Pixels
from engine.pictures import bounds

MEDIA_TYPE = "image/x-raw"
BEGINNINGS = (b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS", b"MMOR")  # Fujifilm, Panasonic, three of Olympus
TIFFS = (b"II*\0", b"MM\0*")
SUBFILE, COMPRESSION, MAKE, SUB_DIRECTORIES, DNG_VERSION = 254, 259, 271, 330, 50706
REDUCED = 1  # of SUBFILE: the first directory holds a small picture, the real one lies elsewhere
RAW_COMPRESSIONS = (32767, 34713, 65535)  # of Sony, Nikon, Pentax
TURNS = {3: 2, 5: 1, 6: 3}  # quarter turns to the left, by LibRaw's number


def is_raw(content: bytes) -> bool:
    """Whether this is a camera's raw file, by its content. TooCostly for a TIFF that is none to be read."""
    if content.startswith(BEGINNINGS) or content[4:12] == b"ftypcrx ":
        return True
    if not content.startswith(TIFFS):
        return False
    return content[8:10] == b"CR" or _is_raw(bounds.tiff_tags(content))


def _is_raw(tags: Mapping[int, tuple[int, int]]) -> bool:
    if DNG_VERSION in tags:
        return True
    first = {tag: number for tag, (_, number) in tags.items()}
    is_elsewhere = SUB_DIRECTORIES in first and first.get(SUBFILE) == REDUCED
    return MAKE in first and (is_elsewhere or first.get(COMPRESSION) in RAW_COMPRESSIONS)


def preview(content: bytes, rawpy: ModuleType) -> bytes | Pixels | None:
    """The picture in it, as a JPEG or as upright pixels; None where LibRaw finds none."""
    try:
        with rawpy.imread(BytesIO(content)) as opened:
            found = opened.extract_thumb()
            if found.format == rawpy.ThumbFormat.JPEG:
                return bytes(found.data)  # LibRaw puts EXIF with the orientation into it where it has none
            return np.ascontiguousarray(np.rot90(found.data, TURNS.get(opened.sizes.flip, 0)), np.uint8)
    except rawpy.LibRawError:
        return None
