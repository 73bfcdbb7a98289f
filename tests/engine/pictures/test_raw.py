"""Camera raw files: told by their content, shown by the picture that their camera put in them.

The DNG here is a small one with all that LibRaw asks for, and is read by the real LibRaw. Of the other makers' files
only the beginnings are made, to see that they are recognised: LibRaw is put in their place where it would have to read
them.
"""

import struct
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
import rawpy
from PIL import Image as PillowImage

from engine.domain import Image
from engine.errors import ImageError, TooManyPixels
from engine.pictures import imaging, raw

LIMITS = {"side": 1000, "max_bytes": 10**7, "max_pixels": 10**6}
BYTE, TEXT, SHORT, LONG = 1, 2, 3, 4
FORMATS = {SHORT: "H", LONG: "I"}

Entry = tuple[int, int, bytes | tuple[int, ...]]


def directory(entries: list[Entry], at: int) -> bytes:
    """A TIFF's directory that lies at offset `at`, with its long values behind it."""
    behind = at + 2 + 12 * len(entries) + 4
    head, tail = struct.pack("<H", len(entries)), b""
    for tag, kind, values in sorted(entries):
        value = bytes(values) if kind in (BYTE, TEXT) else struct.pack(f"<{len(values)}{FORMATS[kind]}", *values)
        where = value.ljust(4, b"\0")
        if len(value) > 4:
            where = struct.pack("<I", behind + len(tail))
            tail += value + b"\0" * (len(value) % 2)
        head += struct.pack("<HHI", tag, kind, len(values)) + where
    return head + bytes(4) + tail


def dng(preview: bytes, size: tuple[int, int], turn: int = 1) -> bytes:
    """A DNG as cameras write it: first the preview, a JPEG; in a directory below, 64 x 48 values of the sensor."""
    preview += b"\0" * (len(preview) % 2)
    sensor = (np.arange(64 * 48, dtype="<u2") % 4000).tobytes()
    sensor_at = 8 + len(preview)
    below_at = sensor_at + len(sensor)
    below = directory(
        [
            (254, LONG, (0,)),
            (256, LONG, (64,)),
            (257, LONG, (48,)),
            (258, SHORT, (16,)),
            (259, SHORT, (1,)),
            (262, SHORT, (32803,)),
            (273, LONG, (sensor_at,)),
            (277, SHORT, (1,)),
            (278, LONG, (48,)),
            (279, LONG, (len(sensor),)),
            (33421, SHORT, (2, 2)),
            (33422, BYTE, (0, 1, 1, 2)),
            (50717, LONG, (4095,)),
        ],
        below_at,
    )
    first_at = below_at + len(below)
    first = directory(
        [
            (254, LONG, (1,)),
            (256, LONG, (size[0],)),
            (257, LONG, (size[1],)),
            (258, SHORT, (8, 8, 8)),
            (259, SHORT, (7,)),
            (262, SHORT, (6,)),
            (271, TEXT, b"Maker\0"),
            (272, TEXT, b"Model\0"),
            (273, LONG, (8,)),
            (274, SHORT, (turn,)),
            (277, SHORT, (3,)),
            (278, LONG, (size[1],)),
            (279, LONG, (len(preview),)),
            (330, LONG, (below_at,)),
            (50706, BYTE, (1, 4, 0, 0)),
            (50708, TEXT, b"Maker Model\0"),
        ],
        first_at,
    )
    return b"II*\0" + struct.pack("<I", first_at) + preview + sensor + below + first


def jpeg(width: int = 320, height: int = 240) -> bytes:
    buffer = BytesIO()
    PillowImage.new("RGB", (width, height), "red").save(buffer, "JPEG")
    return buffer.getvalue()


def decode(content: bytes, **changes: int) -> Image:
    return imaging.decode(content, **(LIMITS | changes))


DNG = dng(jpeg(), (320, 240))


def test_dng_shows_its_preview() -> None:
    image = decode(DNG)
    assert (image.media_type, image.width, image.height) == ("image/x-raw", 320, 240)
    assert tuple(image.pixels[0, 0]) == (254, 0, 0)


def test_preview_is_turned_as_the_camera_was() -> None:
    image = decode(dng(jpeg(), (320, 240), turn=6))
    assert (image.width, image.height) == (240, 320)


def test_bounds_hold_for_the_preview() -> None:
    with pytest.raises(TooManyPixels):
        decode(DNG, max_pixels=320 * 240 - 1)


def test_dng_cut_anywhere_is_decoded_or_refused() -> None:
    for length in range(8, len(DNG), 97):
        try:
            assert decode(DNG[:length]).width
        except ImageError as error:
            assert error.code in ("damaged_image", "unsupported_format", "not_an_image")  # noqa: PT017


def tiff_of_a_camera(*entries: Entry) -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + directory([(271, TEXT, b"Maker\0"), *entries], 8)


@pytest.mark.parametrize(
    "content",
    [
        b"II*\0\x10\0\0\0CR\x02\0" + bytes(40),
        b"\0\0\0\x18ftypcrx " + bytes(40),
        b"FUJIFILMCCD-RAW " + bytes(40),
        b"IIU\0" + bytes(40),
        b"IIRO" + bytes(40),
        b"IIRS" + bytes(40),
        b"MMOR" + bytes(40),
        tiff_of_a_camera((254, LONG, (1,)), (330, LONG, (8,))),
        tiff_of_a_camera((259, SHORT, (65535,))),
        DNG,
    ],
)
def test_raw_is_told_by_its_content(content: bytes) -> None:
    assert raw.is_raw(content)


@pytest.mark.parametrize("kind", ["TIFF", "JPEG", "PNG", "HEIF"])
def test_other_pictures_are_none(kind: str) -> None:
    buffer = BytesIO()
    exif = PillowImage.Exif()
    exif[271] = "Maker"
    PillowImage.new("RGB", (64, 48)).save(buffer, kind, exif=exif.tobytes())
    assert not raw.is_raw(buffer.getvalue())
    assert not raw.is_raw(b"")


def test_preview_that_is_no_jpeg_is_turned_as_libraw_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """LibRaw is put in its place: no small file has such a preview."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, 0] = 255  # a white line on the left: turned to the right, it comes to the top

    class Opened(SimpleNamespace):
        def __enter__(self) -> "Opened":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    found = SimpleNamespace(format=rawpy.ThumbFormat.BITMAP, data=pixels)
    opened = Opened(extract_thumb=lambda: found, sizes=SimpleNamespace(flip=6))
    monkeypatch.setattr(rawpy, "imread", lambda file: opened)
    image = decode(b"IIU\0" + bytes(40))
    assert (image.width, image.height, image.media_type) == (48, 64, "image/x-raw")
    assert image.pixels[0].min() == 255
    assert image.pixels[1:].max() == 0
