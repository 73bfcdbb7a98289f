"""What is a picture, but of a kind that its decoder cannot read: its name, so that nobody takes it for damaged."""

import re
import warnings
from collections.abc import Mapping
from io import BytesIO

from PIL import Image as PillowImage
from PIL import TiffImagePlugin

from engine.errors import UnsupportedFormat
from engine.pictures import bounds

# How Pillow says that it knows what it sees, and cannot read it.
CANNOT = re.compile(r"cannot handle|unsupported|not (yet )?supported|unknown (pixel mode|compression)", re.IGNORECASE)
LAYERS = re.compile(r"cannot handle (\d+)-(bit|layer)")
NAMES: dict[str, bytes | tuple[bytes, ...]] = {
    "JPEG": b"\xff\xd8\xff",
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "BMP": b"BM",
}
# By their numbers in a TIFF.
COMPRESSIONS = {
    22610: "JPEG XR",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "a lossy DNG",
    34933: "PNG",
    34934: "JPEG XR",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
NUMBERS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
COLOURS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "Lab", 32803: "colour filter array"}
COLOUR_SAMPLES = {2: 3, 5: 4, 6: 3, 8: 3}  # of a pixel; others have one
WIDTH, HEIGHT, BITS, COMPRESSION, COLOUR, SAMPLES, NUMBER = 256, 257, 258, 259, 262, 277, 339


def named(content: bytes, error: Exception | None = None) -> UnsupportedFormat | None:
    """The error for a picture whose decoder says that it cannot read such ones; None for all others.

    `error` is what the decoder said; without it, the decoder is asked again: Pillow forgets it where it asks several.
    """
    name = next((name for name, begins in NAMES.items() if content.startswith(begins)), None)
    if name is None:
        return None
    said = str(error or _complaint(name, content))
    if name == "TIFF":
        return _tiff(content, said)
    if CANNOT.search(said):
        return UnsupportedFormat(f"This {name} is stored in a way that cannot be read: {_what(said)}.")
    return None


def _complaint(name: str, content: bytes) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of what is cut off: then it is damaged, whatever comes of it
            PillowImage.OPEN[name][0](BytesIO(content), "")
    except Exception as error:  # noqa: BLE001 - whatever it says
        return str(error)
    return ""


def _what(said: str) -> str:
    found = LAYERS.search(said)
    if found:
        return f"it has {found[1]} bits a colour" if found[2] == "bit" else f"it has {found[1]} colour components"
    return " ".join(said.split())[:80]


def _tiff(content: bytes, said: str) -> UnsupportedFormat | None:
    tags = {tag: number for tag, (_, number) in bounds.tiff_tags(content).items()}
    if not tags.get(WIDTH) or not tags.get(HEIGHT):
        return None
    compression = tags.get(COMPRESSION, 1)
    if compression not in TiffImagePlugin.COMPRESSION_INFO:
        name = COMPRESSIONS.get(compression, f"number {compression}")
        return UnsupportedFormat(f"This TIFF cannot be read: it is compressed as {name}.")
    return UnsupportedFormat(f"This TIFF cannot be read: {_layout(tags)}.") if CANNOT.search(said) else None


def _layout(tags: Mapping[int, int]) -> str:
    """What each pixel consists of, as in "it has 64-bit floating-point grey pixels"."""
    number, colour = NUMBERS.get(tags.get(NUMBER, 1), ""), tags.get(COLOUR, 0)
    more = tags.get(SAMPLES, 1) - COLOUR_SAMPLES.get(colour, 1)
    words = (f"{tags.get(BITS, 1)}-bit", number, COLOURS.get(colour, "unknown"), "pixels")
    beside = f" with {more} more {'channel' if more == 1 else 'channels'}" if more > 0 else ""
    return f"it has {' '.join(filter(None, words))}{beside}"
