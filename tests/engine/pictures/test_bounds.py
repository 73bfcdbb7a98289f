"""What a file asks of its decoder is counted before the decoder sees it; honest pictures pass."""

import struct
from io import BytesIO

import pillow_jxl  # noqa: F401 - Pillow writes JPEG XL with it
import pytest
from PIL import Image as PillowImage

from engine.errors import TooCostly, TooManyPixels
from engine.pictures import bounds, bounds_bmff
from tests.attacks.hostile_files import KINDS, small_pictures

LIMIT = 50_000_000
SMALL = small_pictures()


def saved(kind: str, size: tuple[int, int], **options: object) -> bytes:
    buffer = BytesIO()
    PillowImage.new("RGB", size, "red").save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("name", SMALL)
def test_honest_picture_passes(name: str) -> None:
    bounds.require(SMALL[name], LIMIT)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "HEIF", "JPEG2000", "JXL"])
def test_size_is_read_from_the_file_itself(kind: str) -> None:
    content = saved(kind, (640, 480))
    bounds.require(content, 640 * 480)
    with pytest.raises(TooManyPixels, match=r"640 x 480|577 x 417"):
        bounds.require(content, 577 * 417 - 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "HEIF", "JPEG2000", "JXL"])
def test_cut_off_file_is_left_to_the_decoder(kind: str) -> None:
    content = saved(kind, (64, 48))
    for length in range(len(content)):
        bounds.require(content[:length], LIMIT)


@pytest.mark.parametrize("is_bare", [False, True])
def test_codestream_of_jpeg_2000_counts_whatever_its_box_says(is_bare: bool) -> None:
    content = bytearray(saved("JPEG2000", (640, 480), no_jp2=is_bare))
    at = content.index(bounds_bmff.CODESTREAM) + 8
    content[at : at + 8] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(TooManyPixels, match="60000 x 60000"):
        bounds.require(bytes(content), LIMIT)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 0),
        ({"progressive": True, "subsampling": 0}, 6.6),
        ({"progressive": True, "subsampling": 2}, 3.3),
    ],
)
def test_memory_for_scans_is_counted_by_the_sampling(options: dict[str, object], expected: float) -> None:
    assert bounds.jpeg_coefficient_bytes(saved("JPEG", (64, 48), **options)) == pytest.approx(expected)


def test_memory_bounds_pixels_by_the_format() -> None:
    bounds.require_memory("PNG", (12_000, 9_000), 600 * 2**20)
    bounds.require_memory("AVIF", (12_000, 9_000), None)
    with pytest.raises(TooManyPixels, match=r"12000 x 9000 = 108 megapixels; .* as AVIF, at most 68 megapixels"):
        bounds.require_memory("AVIF", (12_000, 9_000), 600 * 2**20)


def test_no_side_may_be_endless() -> None:
    bounds.require_size(bounds.MAX_SIDE, 1, LIMIT)
    with pytest.raises(TooManyPixels, match="no side may be longer than 100,000"):
        bounds.require_size(1, bounds.MAX_SIDE + 1, LIMIT)


def test_scans_of_a_jpeg_are_counted() -> None:
    progressive = saved("JPEG", (640, 480), progressive=True)
    bounds.require(progressive, LIMIT)
    bounds.require(progressive, 640 * 480)  # about ten scans, of the largest picture that is allowed
    with pytest.raises(TooCostly, match="scans or more"):
        bounds.require(KINDS["jpg_1_000_scans"](), LIMIT)


def test_what_cameras_fill_up_behind_a_jpeg_does_no_harm() -> None:
    content = saved("JPEG", (64, 48))
    bounds.require(content + b"\xff" * 200_000, LIMIT)
    with pytest.raises(TooCostly, match="fill bytes"):
        bounds.require(content[:2] + b"\xff" * 200_000 + content[2:], LIMIT)


def test_pictures_behind_the_first_are_not_counted() -> None:
    first = saved("JPEG", (64, 48))
    bounds.require(first + 300 * saved("JPEG", (64, 48), progressive=True), LIMIT)


def test_first_frame_of_a_gif_may_not_lie_far_outside() -> None:
    content = bytearray(saved("GIF", (16, 16)))
    at = content.index(b"\x2c\0\0\0\0")
    content[at + 1 : at + 5] = struct.pack("<HH", 65_000, 65_000)
    with pytest.raises(TooManyPixels):
        bounds.require(bytes(content), LIMIT)


def test_tile_may_not_be_larger_than_any_picture() -> None:
    with pytest.raises(TooManyPixels, match="45056 x 45056"):
        bounds.require(KINDS["tiff_tile_of_2_gigapixels"](), LIMIT)


def test_size_that_the_codec_says_counts_not_what_the_container_says() -> None:
    content = KINDS["avif_268_megapixels_that_claim_16_x_16"]()
    assert (16, 16) in list(bounds_bmff.sizes(content))
    with pytest.raises(TooManyPixels):
        bounds.require(content, LIMIT)


def test_boxes_are_counted_and_not_followed_without_end() -> None:
    for name in ("heic_nested_boxes", "avif_nested_boxes", "avif_60_000_items"):
        with pytest.raises(TooCostly, match="too many pieces"):
            bounds.require(KINDS[name](), LIMIT)


def test_scans_are_counted_behind_markers_that_hide_nothing() -> None:
    hidden = KINDS["jpg_1_000_scans"]()
    at = hidden.index(b"\xff\xda")
    with pytest.raises(TooCostly, match="scans or more"):
        bounds.require(hidden[:at] + b"\xff\x02\xff\xff" + hidden[at:], LIMIT)
