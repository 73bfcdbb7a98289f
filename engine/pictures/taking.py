"""When a camera took a picture: the date in its file's EXIF, by the camera's own clock."""

import re
from contextlib import suppress
from datetime import datetime, timedelta

from PIL import Image as PillowImage

VERSION = 1  # raised when dates come to be found that were not: older pictures are looked into anew
CAMERA_TAGS = 0x8769  # where in EXIF a camera says how it took the picture
DATES = (0x9003, 0x9004)  # DateTimeOriginal, else DateTimeDigitized
WRITTEN = re.compile(r"\s*(\d{4})[:/.-](\d\d?)[:/.-](\d\d?)[T\s]+(\d\d?):(\d\d?)(?::(\d\d?))?", re.ASCII)
FIRST_YEAR = 1826  # of the oldest photograph that there is
AHEAD = timedelta(days=2)  # that a clock may be, zones and all


def taken_at(exif: PillowImage.Exif) -> str | None:
    """As `2026-05-01T12:00:00`; None where there is no such date, or none that can be right."""
    said = exif.get_ifd(CAMERA_TAGS)
    return next((date for date in (_date(said.get(tag)) for tag in DATES) if date), None)


def of_picture(image: PillowImage.Image) -> str | None:
    """The same for a picture as Pillow has opened it."""
    with suppress(Exception):  # damaged EXIF, in any way: the picture itself may be fine
        return taken_at(image.getexif())
    return None


def of_raw(content: bytes) -> str | None:
    """The same for a camera's raw file; most of them are TIFF files, as EXIF is one."""
    with suppress(Exception):
        exif = PillowImage.Exif()
        exif.load(content)
        return taken_at(exif)
    return None


def _date(value: object) -> str | None:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    found = WRITTEN.match(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        date = datetime(*(int(part or 0) for part in found.groups()))  # type: ignore[arg-type]
    except ValueError:  # 0000:00:00, or the 31st of June
        return None
    return date.isoformat() if date.year >= FIRST_YEAR and date <= datetime.now() + AHEAD else None
