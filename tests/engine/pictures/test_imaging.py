"""Decoding: every format that is allowed, every guard, every orientation."""

import hashlib
import struct
import sys
import zlib
from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
import pillow_jxl  # noqa: F401 - Pillow writes JPEG XL with it
import pytest
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo

from engine.domain import Image
from engine.errors import (
    DamagedImage,
    EmptyFile,
    FileTooLarge,
    ImageError,
    NotAnImage,
    TooManyPixels,
    UnsupportedFormat,
)
from engine.pictures import imaging, raw
from tests.conftest import SHIPPED

LIMITS: dict[str, Any] = {"side": 1000, "max_bytes": 20 * 1024 * 1024, "max_pixels": 50_000_000}
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "JXL")


def decode(content: bytes, **changes: int) -> Image:
    return imaging.decode(content, **(LIMITS | changes))


def sample(width: int = 120, height: int = 80) -> PillowImage.Image:
    """Left half red, right half blue, a green block at the top left."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (220, 30, 30)
    pixels[:, width // 2 :] = (30, 30, 220)
    pixels[: height // 4, : width // 4] = (30, 220, 30)
    return PillowImage.fromarray(pixels)


def encoded(image: PillowImage.Image, name: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that only claims a size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )


def near(pixel: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() < 50)


@pytest.mark.parametrize("name", FORMATS)
def test_every_allowed_format_is_decoded(name: str) -> None:
    image = decode(encoded(sample(), name))
    assert (image.width, image.height) == (120, 80)
    assert image.pixels.shape == (80, 120, 3)
    assert image.pixels.dtype == np.uint8
    assert near(image.pixels[60, 20], (220, 30, 30))
    assert near(image.pixels[60, 100], (30, 30, 220))
    assert image.media_type.startswith("image/")
    assert image.media_type in imaging.EXTENSIONS


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.85])
def test_file_of_which_much_is_missing_is_refused(name: str, share: float) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (200, 300, 3), np.uint8)
    content = encoded(PillowImage.fromarray(noise), name)
    with pytest.raises(ImageError) as caught:
        decode(content[: int(len(content) * share)])
    assert caught.value.code in ("damaged_image", "not_an_image", "unsupported_format")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_orientation_is_applied(name: str, orientation: int) -> None:
    upright = sample()
    undo = {
        2: [PillowImage.Transpose.FLIP_LEFT_RIGHT],
        3: [PillowImage.Transpose.ROTATE_180],
        4: [PillowImage.Transpose.FLIP_TOP_BOTTOM],
        5: [PillowImage.Transpose.TRANSPOSE],
        6: [PillowImage.Transpose.ROTATE_90],
        7: [PillowImage.Transpose.TRANSVERSE],
        8: [PillowImage.Transpose.ROTATE_270],
    }
    stored = upright
    for step in undo.get(orientation, []):
        stored = stored.transpose(step)
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(stored, name, exif=exif.tobytes()))
    assert (image.width, image.height) == (120, 80)
    assert image.pixels.shape == (80, 120, 3)
    assert near(image.pixels[10, 10], (30, 220, 30))
    assert near(image.pixels[60, 100], (30, 30, 220))


def test_transparency_lies_on_white() -> None:
    clear = PillowImage.new("RGBA", (40, 40), (200, 0, 0, 0))
    clear.paste((0, 0, 200, 255), (0, 0, 20, 40))
    pixels = decode(encoded(clear, "PNG")).pixels
    assert near(pixels[20, 30], (255, 255, 255))
    assert near(pixels[20, 10], (0, 0, 200))


def test_palette_with_transparency_lies_on_white() -> None:
    paletted = sample().convert("P")
    content = encoded(paletted, "PNG", transparency=paletted.getpixel((100, 60)))
    pixels = decode(content).pixels
    assert near(pixels[60, 100], (255, 255, 255))
    assert near(pixels[60, 20], (220, 30, 30))


def test_cmyk_is_decoded_in_its_colours() -> None:
    image = decode(encoded(sample().convert("CMYK"), "JPEG", quality=95))
    assert near(image.pixels[60, 20], (220, 30, 30))


def test_sixteen_bit_grey_keeps_its_shades() -> None:
    ramp = np.linspace(0, 65535, 100).astype(np.uint16)[None].repeat(20, axis=0)
    pixels = decode(encoded(PillowImage.fromarray(ramp), "PNG")).pixels
    assert pixels[10, 0, 0] == 0
    assert 120 <= pixels[10, 50, 0] <= 135
    assert pixels[10, 99, 0] == 255


def test_float_tiff_with_nan_is_decoded() -> None:
    ramp = np.linspace(0, 1, 100, dtype=np.float32)[None].repeat(20, axis=0)
    ramp[0, 0] = np.nan
    pixels = decode(encoded(PillowImage.fromarray(ramp), "TIFF")).pixels
    assert pixels[10, 99, 0] == 255


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation_counts(name: str) -> None:
    frames = [PillowImage.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    content = encoded(frames[0], name, save_all=True, append_images=frames[1:], duration=50)
    assert near(decode(content).pixels[16, 16], (255, 0, 0))


def test_large_picture_is_reduced_and_keeps_its_size_on_record() -> None:
    image = decode(encoded(sample(2400, 1600), "JPEG"))
    assert (image.width, image.height) == (2400, 1600)
    assert image.pixels.shape == (667, 1000, 3)


def test_one_pixel_is_a_picture() -> None:
    assert decode(encoded(sample(1, 1), "PNG")).pixels.shape == (1, 1, 3)


def test_very_long_picture_is_reduced_to_one_pixel_at_least() -> None:
    assert decode(encoded(sample(1, 5000), "PNG")).pixels.shape == (1000, 1, 3)


def test_empty_file_is_refused() -> None:
    with pytest.raises(EmptyFile):
        decode(b"")


def test_more_bytes_than_allowed_are_refused() -> None:
    with pytest.raises(FileTooLarge, match="at most 20 MB"):
        decode(b"\xff\xd8\xff" + b"\0" * (20 * 1024 * 1024))


@pytest.mark.parametrize(("width", "height"), [(10_000, 5_001), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_by_the_header(width: int, height: int) -> None:
    with pytest.raises(TooManyPixels, match="at most 50"):
        decode(png_header(width, height))


def test_no_pixels_are_refused() -> None:
    with pytest.raises(ImageError) as caught:
        decode(png_header(0, 10))
    assert caught.value.code == "damaged_image"


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"hello, I am no picture at all", NotAnImage, "not a picture"),
        (b"<!DOCTYPE html><html><body>404</body></html>", NotAnImage, "web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedFormat, "SVG"),
        (b"<?xml version='1.0'?>\n<svg/>", UnsupportedFormat, "SVG"),
        (b"%PDF-1.7 ...", UnsupportedFormat, "PDF"),
        (b"PK\x03\x04" + b"\0" * 40, UnsupportedFormat, "zip"),
        (b"\0\0\0\x20ftypisom" + b"\0" * 40, UnsupportedFormat, "video"),
        (b"\xff\xd8\xff\xe0", DamagedImage, "damaged"),
    ],
)
def test_what_is_no_picture_is_named(content: bytes, error: type[ImageError], words: str) -> None:
    with pytest.raises(error, match=words):
        decode(content)


def test_random_bytes_behind_a_header_never_escape_as_another_error() -> None:
    random = np.random.default_rng(11)
    whole = {name: encoded(sample(), name) for name in FORMATS}
    for name, content in whole.items():
        for _ in range(25):
            broken = bytearray(content)
            for at in random.integers(12, len(broken), 12):
                broken[at] = random.integers(256)
            with suppress(ImageError):  # anything else fails the test
                decode(bytes(broken))
        assert decode(content).width == 120, name


def test_thumbnail_comes_back_as_pixels() -> None:
    pixels = decode(encoded(sample(1000, 500), "PNG")).pixels
    small = imaging.decode_thumbnail(imaging.encode_thumbnail(pixels))
    assert small.shape == (160, 320, 3)
    assert near(small[120, 80], (220, 30, 30))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
def test_very_large_picture_made_smaller_in_two_steps_looks_the_same(mode: str) -> None:
    is_deep = mode == "I;16"
    ramp = np.linspace(0, 65535 if is_deep else 255, 6000)
    picture = PillowImage.fromarray(np.tile(ramp, (4000, 1)).astype(np.uint16 if is_deep else np.uint8))
    buffer = BytesIO()
    (picture if is_deep else picture.convert(mode)).save(buffer, "PNG", compress_level=1)
    image = decode(buffer.getvalue())
    assert (image.width, image.height, image.pixels.shape) == (6000, 4000, (667, 1000, 3))
    assert np.abs(image.pixels[300, :, 1] - np.linspace(0, 255, 1000)).max() <= 2


def test_very_large_picture_is_still_turned_upright() -> None:
    picture = PillowImage.new("RGB", (6000, 3000), "black")
    picture.paste("white", (0, 0, 600, 3000))  # a white band on the left
    exif = PillowImage.Exif()
    exif[0x0112] = 6  # to be turned clockwise: the band comes to the top
    buffer = BytesIO()
    picture.save(buffer, "PNG", exif=exif, compress_level=1)
    image = decode(buffer.getvalue())
    assert (image.width, image.height) == (3000, 6000)
    assert image.pixels[20, 250, 0] == 255
    assert image.pixels[500, 250, 0] == 0


def test_opaque_sound_pictures_are_decoded_as_ever() -> None:
    """The decoders' versions are pinned: a change of the pixels changes what stored features mean."""
    hashes = {
        "astronaut.png": "a8c429c18afa7b0f",
        "camera.png": "13e2b4aa92cb1649",
        "chelsea.png": "416b729128bfb2c3",
        "coffee.png": "0ce2b51640b9c95f",
        "horse.png": "d45c4524da3d8c2c",
        "hubble_deep_field.jpg": "9a3ea9548188f81e",
        "logo.png": "17be4850288aa25b",
        "multipage.tif": "c781cf2c513aec4e",
        "no_time_for_that_tiny.gif": "ff4b9b09f5ce568f",
        "rocket.jpg": "3d4435cc745752b7",
        "text.png": "36c90cb1af920325",
    }
    for name, known in hashes.items():
        pixels = decode((SHIPPED / name).read_bytes()).pixels
        assert hashlib.sha256(pixels.tobytes()).hexdigest().startswith(known), name


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_xmp_alone_turns_nothing(name: str) -> None:
    xmp = b'<x tiff:Orientation="6"/>'
    options: dict[str, object] = {"xmp": xmp}
    if name == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options = {"pnginfo": info}
    if name == "TIFF":
        options = {"tiffinfo": {700: xmp}}
    image = decode(encoded(sample(), name, **options))
    assert (image.width, image.height, image.pixels.shape) == (120, 80, (80, 120, 3))


def test_jpeg_xl_is_as_its_codestream_says_whatever_its_exif() -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    image = decode(encoded(sample(), "JXL", exif=exif.tobytes()))
    assert (image.width, image.height, image.media_type) == (120, 80, "image/jxl")


@pytest.mark.parametrize("side", [500, 1000])
def test_jpeg_over_what_is_decoded_is_taken_at_a_smaller_size(side: int) -> None:
    content = encoded(sample(4000, 3000), "JPEG")
    limits = {"side": side, "max_pixels": 4_000_000}
    with pytest.raises(
        TooManyPixels, match=r"4000 x 3000 = 12 megapixels; at most 4 megapixels are allowed \(PICTRACE_MAX_P"
    ):
        decode(content, **limits)
    image = decode(content, max_source_pixels=12_000_000, **limits)
    assert (image.width, image.height, max(image.pixels.shape)) == (4000, 3000, side)
    with pytest.raises(TooManyPixels, match=r"at most 11 megapixels are allowed \(PICTRACE_MAX_SOURCE_PIXELS\)"):
        decode(content, max_source_pixels=11_000_000, **limits)
    with pytest.raises(TooManyPixels, match="PICTRACE_MAX_PIXELS"):  # nothing makes it small enough
        decode(content, max_source_pixels=12_000_000, side=3000, max_pixels=4_000_000)


@pytest.mark.parametrize(
    ("name", "options", "kind"),
    [
        ("JPEG", {"progressive": True}, "a JPEG in several scans"),
        ("PNG", {}, "PNG"),
        ("AVIF", {"speed": 10}, "AVIF"),
        ("JPEG2000", {}, "JPEG 2000"),
        ("JXL", {"effort": 1}, "JPEG XL"),
    ],
)
def test_what_does_not_fit_the_memory_is_refused_with_both_figures(
    name: str, options: dict[str, object], kind: str
) -> None:
    content = encoded(sample(1500, 1000), name, **options)
    assert decode(content, memory_bytes=100_000_000).width == 1500
    with pytest.raises(
        TooManyPixels, match=rf"1500 x 1000 = 2 megapixels; of one stored like this, as {kind}, at most"
    ):
        decode(content, memory_bytes=4_000_000)


def test_types_that_are_taken_leave_out_those_whose_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert imaging.taken_media_types() == imaging.MEDIA_TYPES
    monkeypatch.setattr(imaging, "find_spec", lambda name: None if name == "rawpy" else name)
    assert set(imaging.MEDIA_TYPES) - set(imaging.taken_media_types()) == {raw.MEDIA_TYPE}


def test_file_without_its_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(sample(), "JXL")
    for name in ("pillow_jxl", "rawpy"):
        monkeypatch.setitem(sys.modules, name, None)
    for file, what in ((content, "JPEG XL"), (raw.BEGINNINGS[0] + bytes(200), "A camera's raw file")):
        with pytest.raises(UnsupportedFormat, match=rf"{what} .* pip install 'pictrace\[formats\]'"):
            decode(file)
    assert decode(encoded(sample(), "PNG")).width == 120
