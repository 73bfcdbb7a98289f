"""Metadata never refuses a picture: whatever it holds, the picture is decoded as without it."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from engine.pictures import imaging
from engine.pictures.essentials import without_metadata

LIMITS = {"side": 1000, "max_bytes": 10**8, "max_pixels": 10**6}
NOISE = np.random.default_rng(6).integers(0, 255, (20, 30, 3), np.uint8)
PICTURE = PillowImage.fromarray(NOISE).resize((90, 60))
BROKEN_EXIF = b"MM\0*\0\0\0\x08\xff\xff" + b"\x99" * 100
MEGABYTES = zlib.compress(bytes(5_000_000))
TURNED = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


def saved(kind: str, image: PillowImage.Image = PICTURE, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes, *, is_right: bool = True) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) ^ (not is_right))


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


PNG, JPEG = saved("PNG"), saved("JPEG")


def png_with(*chunks: bytes) -> bytes:
    return PNG[:33] + b"".join(chunks) + PNG[33:]


def jpeg_with(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


def webp_with(kind: bytes, body: bytes) -> bytes:
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes((0x2C, 0, 0, 0, 89, 0, 0, 59, 0, 0))
    said = kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    chunks = (said, saved("WEBP")[12:]) if kind == b"ICCP" else (saved("WEBP")[12:], said)
    inner = b"WEBP" + canvas + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


PNGS = {
    "a text that unpacks to megabytes": png_with(chunk(b"zTXt", b"k\0\0" + MEGABYTES)),
    "an XMP that unpacks to megabytes": png_with(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + MEGABYTES)),
    "many texts": png_with(chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(900_000))) * 200),
    "a colour profile of megabytes": png_with(chunk(b"iCCP", b"k\0\0" + MEGABYTES)),
    "a broken colour profile": png_with(chunk(b"iCCP", b"k\0\0xxxx")),
    "broken EXIF": png_with(chunk(b"eXIf", BROKEN_EXIF)),
    "EXIF as a broken text": png_with(chunk(b"tEXt", b"Raw profile type exif\0junk")),
    "a text behind the pixels": PNG[:-12] + chunk(b"tEXt", b"a\0b", is_right=False) + PNG[-12:],
    "an animation that is none": png_with(chunk(b"acTL", b"")),
    **{f"an empty {kind}": png_with(chunk(kind.encode(), b"")) for kind in ("gAMA", "cHRM", "sRGB", "pHYs", "tRNS")},
    **{
        f"a wrong checksum of {kind.decode()}": png_with(chunk(kind, body, is_right=False))
        for kind, body in {
            b"pHYs": bytes(9),
            b"tEXt": b"a\0b",
            b"tIME": bytes(7),
            b"eXIf": TURNED,
            b"iCCP": b"k\0\0" + MEGABYTES,
            b"gAMA": bytes(4),
            b"sRGB": b"\0",
            b"tRNS": bytes(6),
            b"xYzz": b"unknown",
        }.items()
    },
}
JPEGS = {
    "broken EXIF": jpeg_with(segment(0xE1, b"Exif\0\0" + BROKEN_EXIF)),
    "empty EXIF": jpeg_with(segment(0xE1, b"Exif\0\0")),
    "megabytes of EXIF": jpeg_with(segment(0xE1, b"Exif\0\0" + b"x" * 65_000) * 100),
    "a broken XMP": jpeg_with(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<<<\xff\0" * 100)),
    "a broken Photoshop block": jpeg_with(segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\xff\xff")),
    "a broken index of pictures": jpeg_with(segment(0xE2, b"MPF\0" + b"\x99" * 50)),
    "megabytes of a colour profile": jpeg_with(
        *(segment(0xE2, b"ICC_PROFILE\0\1\1" + b"x" * 65_000) for _ in range(99))
    ),
    "a cut colour profile": jpeg_with(segment(0xE2, b"ICC_PROFILE\0")),
    "a cut Adobe segment": jpeg_with(segment(0xEE, b"Adobe")),
    "a cut JFIF segment": jpeg_with(segment(0xE0, b"JFIF\0")),
    "megabytes of comments": jpeg_with(segment(0xFE, b"x" * 65_000) * 200),
    "a segment of every kind": jpeg_with(*(segment(marker, b"unknown") for marker in range(0xE0, 0xF0))),
}
OTHERS = {
    "WebP: broken EXIF": lambda: webp_with(b"EXIF", BROKEN_EXIF),
    "WebP: megabytes of XMP": lambda: webp_with(b"XMP ", b"<" * 3_000_001),
    "WebP: megabytes of a colour profile": lambda: webp_with(b"ICCP", b"x" * 3_000_001),
    "TIFF: EXIF that is elsewhere": lambda: saved("TIFF", tiffinfo={0x8769: 0x7FFFFFFF, 0x8825: 99_999_999}),
    "TIFF: megabytes of XMP": lambda: saved("TIFF", tiffinfo={700: b"x" * 3_000_000}),
    "TIFF: megabytes of a colour profile": lambda: saved("TIFF", icc_profile=b"x" * 3_000_000),
    "AVIF: broken EXIF": lambda: saved("AVIF", exif=BROKEN_EXIF, speed=10),
    "HEIC: broken EXIF": lambda: saved("HEIF", exif=BROKEN_EXIF),
}


@pytest.mark.parametrize("name", PNGS)
def test_png_with_any_metadata_is_decoded_as_without(name: str) -> None:
    assert np.array_equal(imaging.decode(PNGS[name], **LIMITS).pixels, NOISE_DECODED["PNG"])


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("name", JPEGS)
def test_jpeg_with_any_metadata_is_decoded_as_without(name: str) -> None:
    assert np.array_equal(imaging.decode(JPEGS[name], **LIMITS).pixels, NOISE_DECODED["JPEG"])


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("name", OTHERS)
def test_other_kinds_with_any_metadata_are_decoded(name: str) -> None:
    image = imaging.decode(OTHERS[name](), **LIMITS)
    assert (image.width, image.height, image.warnings) == (90, 60, ())


NOISE_DECODED = {kind: imaging.decode(content, **LIMITS).pixels for kind, content in (("PNG", PNG), ("JPEG", JPEG))}


def test_right_exif_still_turns() -> None:
    for content in (png_with(chunk(b"eXIf", TURNED)), jpeg_with(segment(0xE1, b"Exif\0\0" + TURNED))):
        assert imaging.decode(content, **LIMITS).width == 60


def test_transparency_and_palette_stay() -> None:
    palette = PICTURE.convert("P")
    content = saved("PNG", palette, transparency=palette.getpixel((0, 0)))
    assert without_metadata(content) == content
    assert tuple(imaging.decode(content, **LIMITS).pixels[0, 0]) == (255, 255, 255)


@pytest.mark.parametrize("content", [PNG, JPEG, saved("JPEG", progressive=True), saved("WEBP"), b"", b"\xff\xd8\xff"])
def test_file_with_nothing_to_leave_out_stays_as_it_is(content: bytes) -> None:
    assert without_metadata(content) is content


@given(st.sampled_from([PNGS["a text behind the pixels"], JPEGS["a segment of every kind"]]), st.data())
def test_any_bytes_are_followed_without_an_error(content: bytes, data: st.DataObject) -> None:
    changed = bytearray(content[: data.draw(st.integers(0, len(content)))])
    for at in data.draw(st.lists(st.integers(0, 200), max_size=8)):
        if at < len(changed):
            changed[at] = data.draw(st.integers(0, 255))
    assert len(without_metadata(bytes(changed))) <= len(changed)
