"""A picture of a kind that cannot be read is called so, and by its name; a damaged one is not."""

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image as PillowImage

from engine.errors import DamagedImage, UnsupportedFormat
from engine.pictures import imaging

LIMITS = {"side": 1000, "max_bytes": 10**7, "max_pixels": 10**7}


def tiff(pixels: np.ndarray, **options: Any) -> bytes:
    buffer = BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def saved(kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    PillowImage.new("RGB", (40, 30), "red").save(buffer, kind, **options)
    return buffer.getvalue()


def tiff_compressed_as(number: int) -> bytes:
    entry = struct.pack("<HHII", 259, 3, 1, 5)
    content = saved("TIFF", compression="tiff_lzw")
    assert content.count(entry) == 1
    return content.replace(entry, struct.pack("<HHII", 259, 3, 1, number))


def jpeg_of_12_bits() -> bytes:
    content = bytearray(saved("JPEG"))
    content[content.index(b"\xff\xc0") + 4] = 12
    return bytes(content)


def bmp_compressed_as(number: int) -> bytes:
    content = saved("BMP")
    return content[:30] + struct.pack("<I", number) + content[34:]


GREY, RGB = np.ones((30, 40)), np.ones((30, 40, 3))
FIVE = np.zeros((30, 40, 5), np.uint8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (tiff(GREY), "64-bit floating-point grey pixels"),
        (tiff(GREY.astype(np.float16)), "16-bit floating-point grey pixels"),
        (tiff(RGB.astype(np.float32), photometric="rgb"), "32-bit floating-point RGB pixels"),
        (tiff(GREY.astype(np.complex64)), "64-bit complex grey pixels"),
        (tiff(GREY.astype(np.uint64)), "64-bit grey pixels"),
        (tiff(FIVE, photometric="separated", extrasamples=[1]), "8-bit CMYK pixels with 1 more channel"),
        (tiff_compressed_as(34934), "compressed as JPEG XR"),
        (tiff_compressed_as(34887), "compressed as LERC"),
        (tiff_compressed_as(65000), "compressed as number 65000"),
        (jpeg_of_12_bits(), "12 bits a colour"),
        (bmp_compressed_as(4), "Unsupported BMP compression"),
        (b"II\xbc\x01" + bytes(100), "JPEG XR"),
    ],
)
def test_kind_that_cannot_be_read_is_named(content: bytes, words: str) -> None:
    with pytest.raises(UnsupportedFormat, match=words):
        imaging.decode(content, **LIMITS)


@pytest.mark.parametrize("kind", [np.float32, np.uint32, np.int16, np.uint16])
def test_deep_greys_that_can_be_read_are_taken(kind: type[np.generic]) -> None:
    assert imaging.decode(tiff(GREY.astype(kind)), **LIMITS).width == 40


@pytest.mark.parametrize("kind", ["TIFF", "JPEG", "BMP"])
def test_file_without_its_header_is_damaged(kind: str) -> None:
    with pytest.raises(DamagedImage):
        imaging.decode(saved(kind)[:20], **LIMITS)


def test_tiff_whose_directory_breaks_off_is_damaged() -> None:
    content = saved("TIFF", compression="tiff_lzw")  # its directory comes last
    with pytest.raises(DamagedImage):
        imaging.decode(content[:-2], **LIMITS)
