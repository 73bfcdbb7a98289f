"""The date in a picture's file: found in every kind that has one, believed only where it can be right."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import numpy as np
import pillow_heif  # noqa: F401 - Pillow writes HEIC with it
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from engine.errors import DamagedImage, EmptyFile
from engine.pictures import imaging, taking
from tests.conftest import cut_short, jpeg, photograph
from tests.engine.pictures.test_raw import dng

DATE, WRITTEN = "2024-02-29T23:59:58", "2024:02:29 23:59:58"
ORIGINAL, DIGITIZED, CHANGED, MAKE = 0x9003, 0x9004, 0x0132, 0x010F
LIMITS: dict[str, Any] = {"max_bytes": 10**8, "max_pixels": 10**8}
KINDS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")
PIXELS = np.ascontiguousarray(photograph("coffee.png")[:200, :300])


def exif(said: dict[int, object], changed: str | None = None, orientation: int | None = None) -> PillowImage.Exif:
    tags = PillowImage.Exif()
    tags[MAKE] = "made-up"
    tags.get_ifd(taking.CAMERA_TAGS).update(said)
    if changed:
        tags[CHANGED] = changed
    if orientation:
        tags[0x0112] = orientation
    return tags


def dated(kind: str = "JPEG", written: object = WRITTEN, **more: Any) -> bytes:
    """A picture that its camera has dated."""
    buffer = BytesIO()
    PillowImage.fromarray(PIXELS).save(buffer, kind, exif=exif({ORIGINAL: written}, **more).tobytes())
    return buffer.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_date_is_read_whether_the_picture_is_decoded_or_only_looked_at(kind: str) -> None:
    content = dated(kind, orientation=6)
    image = imaging.decode(content, side=100, **LIMITS)
    looked = imaging.look(content, **LIMITS)
    assert (image.taken_at, looked.taken_at) == (DATE, DATE)
    assert looked.media_type == image.media_type
    assert looked.pixels.shape == (1, 1, 3)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "JPEG2000"])
def test_kinds_without_dates_have_none(kind: str) -> None:
    buffer = BytesIO()
    PillowImage.fromarray(PIXELS).save(buffer, kind)
    assert imaging.look(buffer.getvalue(), **LIMITS).taken_at is None


def test_date_of_a_raw_file_is_read_from_the_raw_file() -> None:
    content = dng(jpeg(PIXELS), (300, 200))
    assert imaging.look(content, **LIMITS).taken_at is None
    assert taking.of_raw(dated("TIFF")) == DATE  # most of them are TIFF files
    assert taking.of_raw(b"FUJIFILMCCD-RAW" + bytes(100)) is None


def test_file_that_breaks_off_keeps_its_date() -> None:
    content = cut_short(dated())
    assert imaging.decode(content, side=100, **LIMITS).taken_at == DATE


def test_day_on_which_it_was_scanned_stands_in_and_that_of_a_change_does_not() -> None:
    assert taking.taken_at(exif({DIGITIZED: WRITTEN})) == DATE
    assert taking.taken_at(exif({ORIGINAL: "1999:01:01 00:00:00", DIGITIZED: WRITTEN})) == "1999-01-01T00:00:00"
    assert taking.taken_at(exif({ORIGINAL: "0000:00:00 00:00:00", DIGITIZED: WRITTEN})) == DATE
    assert taking.taken_at(exif({}, changed=WRITTEN)) is None
    assert taking.taken_at(PillowImage.Exif()) is None


@pytest.mark.parametrize(
    ("written", "date"),
    [
        (b"2024:02:29 23:59:58", DATE),
        ("2024:02:29 23:59:58\0", DATE),
        ("2024-02-29T23:59:58+02:00", DATE),  # by the camera's own clock
        ("2024:02:29 23:59", "2024-02-29T23:59:00"),
        (" 2024:2:9  3:5:8", "2024-02-09T03:05:08"),
        ("1826:01:01 00:00:00", "1826-01-01T00:00:00"),
        ("1825:12:31 23:59:59", None),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("2023:02:29 12:00:00", None),
        ("2024:13:01 12:00:00", None),
        ("2024:01:01 24:00:00", None),
        ("9999:01:01 00:00:00", None),
        ("٢٠٢٤:01:01 00:00:00", None),
        ("", None),
        ("yesterday", None),
        (1_709_251_198, None),
        (("2024:02:29", "23:59:58"), None),
        (None, None),
    ],
)
def test_only_what_can_be_right_is_believed(written: object, date: str | None) -> None:
    assert taking.taken_at(exif({ORIGINAL: written})) == date


def test_clock_may_be_ahead_by_a_time_zone_and_no_more() -> None:
    for ahead, is_believed in ((timedelta(hours=14), True), (timedelta(days=3), False)):
        written = (datetime.now() + ahead).strftime("%Y:%m:%d %H:%M:%S")
        assert (taking.taken_at(exif({ORIGINAL: written})) is not None) == is_believed


@given(st.text(max_size=30) | st.binary(max_size=30) | st.integers() | st.floats())
def test_whatever_is_written_a_date_is_one_or_none(written: object) -> None:
    date = taking.taken_at(exif({ORIGINAL: written}))
    assert date is None or datetime.fromisoformat(date).isoformat() == date


@given(st.binary(max_size=200))
def test_damaged_exif_has_no_date_and_costs_no_picture(noise: bytes) -> None:
    image = PillowImage.new("RGB", (9, 9))
    image.info["exif"] = b"Exif\0\0II*\0" + noise
    assert taking.of_picture(image) is None
    assert taking.of_raw(b"II*\0" + noise) is None


def test_what_is_no_picture_is_not_looked_at() -> None:
    with pytest.raises(EmptyFile):
        imaging.look(b"", **LIMITS)
    with pytest.raises(DamagedImage):
        imaging.look(b"\xff\xd8\xff", **LIMITS)
