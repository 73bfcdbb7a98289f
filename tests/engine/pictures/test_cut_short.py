"""Files that break off are taken where nearly all of the picture is there, by its rows and not by its bytes."""

import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageFile

from engine.domain import Image
from engine.errors import DamagedImage
from engine.pictures import imaging

LIMITS = {"max_bytes": 10**8, "max_pixels": 10**7}
NOISE = np.random.default_rng(5).integers(0, 255, (60, 80, 3), np.uint8)
PICTURE = PillowImage.fromarray(NOISE).resize((800, 600), PillowImage.Resampling.BICUBIC)
MISSING = re.compile(r"the last (\d+) % of the picture are missing")


def saved(kind: str, image: PillowImage.Image = PICTURE, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


KINDS = {
    "jpeg": saved("JPEG", quality=95),
    "jpeg grey": saved("JPEG", PICTURE.convert("L"), quality=95),
    "jpeg cmyk": saved("JPEG", PICTURE.convert("CMYK")),
    "jpeg with restarts": saved("JPEG", restart_marker_rows=1),
    "png": saved("PNG"),
    "png with a palette": saved("PNG", PICTURE.convert("P")),
    "png see-through": saved("PNG", PICTURE.convert("RGBA")),
    "gif": saved("GIF"),
    "bmp": saved("BMP"),
    "tiff": saved("TIFF"),
}
PROGRESSIVE = saved("JPEG", progressive=True)


def decode(content: bytes, side: int = 1000) -> Image:
    return imaging.decode(content, side=side, **LIMITS)


@pytest.mark.parametrize("kind", KINDS)
def test_whole_file_has_no_warning(kind: str) -> None:
    assert decode(KINDS[kind]).warnings == ()


@pytest.mark.parametrize("side", [200, 1000])
@pytest.mark.parametrize("missing", [0.01, 0.05])
@pytest.mark.parametrize("kind", KINDS)
def test_file_that_lacks_little_is_taken_with_a_warning(kind: str, missing: float, side: int) -> None:
    content = KINDS[kind]
    image = decode(content[: int(len(content) * (1 - missing))], side)
    (warning,) = image.warnings
    assert warning.code == "cut_short"
    assert (image.width, image.height) == (800, 600)
    found = MISSING.search(warning.message)
    assert (int(found[1]) <= 100 * missing + 3) if found else kind.startswith("jpeg")
    whole = decode(content, side).pixels
    rows = int(0.85 * len(whole))
    there = slice(len(whole) - rows, None) if kind == "bmp" else slice(rows)  # a BMP begins with its last row
    assert np.array_equal(image.pixels[there], whole[there])


@pytest.mark.parametrize("missing", [0.2, 0.5])
@pytest.mark.parametrize("kind", KINDS)
def test_file_that_lacks_much_is_refused_with_what_is_there(kind: str, missing: float) -> None:
    content = KINDS[kind]
    with pytest.raises(DamagedImage, match=r"only \d+ % of the picture is there") as caught:
        decode(content[: int(len(content) * (1 - missing))])
    said = re.search(r"only (\d+) %", str(caught.value))
    assert said
    assert abs(int(said[1]) - 100 * (1 - missing)) < 6


@pytest.mark.parametrize("kind", ["jpeg", "jpeg cmyk", "jpeg grey"])
def test_jpeg_without_its_end_is_all_there(kind: str) -> None:
    image = decode(KINDS[kind][:-2])
    (warning,) = image.warnings
    assert "at its very end" in warning.message
    assert np.array_equal(image.pixels, decode(KINDS[kind]).pixels)


@pytest.mark.parametrize("missing", [0.0001, 0.01, 0.05, 0.2])
def test_progressive_jpeg_that_lacks_its_finest_details_is_taken(missing: float) -> None:
    image = decode(PROGRESSIVE[: int(len(PROGRESSIVE) * (1 - missing))])
    (warning,) = image.warnings
    assert "finest details" in warning.message
    assert np.abs(image.pixels.astype(int) - decode(PROGRESSIVE).pixels).mean() < 4


@pytest.mark.parametrize("missing", [0.5, 0.9])
def test_progressive_jpeg_that_lacks_more_is_refused(missing: float) -> None:
    with pytest.raises(DamagedImage):
        decode(PROGRESSIVE[: int(len(PROGRESSIVE) * (1 - missing))])


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "HEIF", "JPEG2000"])
def test_kinds_that_are_decoded_whole_or_not_at_all_are_refused(kind: str) -> None:
    content = saved(kind)
    with pytest.raises(DamagedImage):
        decode(content[: int(len(content) * 0.95)])


def test_pillow_is_as_strict_as_before_afterwards() -> None:
    decode(KINDS["png"][:-5000])
    with pytest.raises(DamagedImage):
        decode(KINDS["png"][: len(KINDS["png"]) // 2])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
