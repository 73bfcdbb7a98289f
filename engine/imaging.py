"""Bytes -> picture: header gate, pixel cap, orientation, transparency. Raises, never returns None."""

import math
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps, UnidentifiedImageError
from pillow_heif import HeifImageFile, register_heif_opener

from engine.domain import Image, Pixels
from engine.errors import (
    DamagedImage,
    EmptyFile,
    FileTooLarge,
    ImageError,
    NotAnImage,
    TooManyPixels,
    UnsupportedFormat,
)

FORMATS = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # a JPEG with further pictures behind it; Pillow opens it as JPEG
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}
EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/avif": ".avif",
    "image/heic": ".heic",
}
MEDIA_TYPES = tuple(EXTENSIONS)
LIBRARY_SIDE = 1000  # longest side that stored pictures are decoded to
QUERY_SIDE = 1200  # queries a little larger: the picture may be a small part of them
LARGE_PIXELS = 12_000_000
THUMBNAIL_SIDE, THUMBNAIL_QUALITY = 320, 85
ALLOWED = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC"
MEGABYTE = 1024 * 1024

# What people take for pictures: how the file begins, and what to call it.
KNOWN_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"%!PS", "a PostScript file"),
    (b"8BPS", "a Photoshop file"),
    (b"PK\x03\x04", "a zip"),
    (b"\x00\x00\x01\x00", "an icon file"),
    (b"\x1f\x8b", "a gzip-compressed file"),
)

HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")

# The cap of `decode`, which comes from the settings, takes the place of Pillow's own.
PillowImage.MAX_IMAGE_PIXELS = None
register_heif_opener()


def decode(content: bytes, *, side: int, max_bytes: int, max_pixels: int) -> Image:
    """The first frame of a picture file, upright, on white where it is transparent, longest side at most `side`.

    Nothing is decoded before the header's width and height are known to be allowed. JPEG is decoded at a half, a
    quarter or an eighth where that is enough. Raises an ImageError.
    """
    if not content:
        raise EmptyFile("The file is empty.")
    if len(content) > max_bytes:
        raise too_large(len(content), max_bytes)
    image = _open(content)
    if image.width < 1 or image.height < 1:
        raise DamagedImage(f"The picture is {image.width} x {image.height} pixels: there is nothing in it.")
    if image.width * image.height > max_pixels:
        raise TooManyPixels(
            f"The picture has {image.width} x {image.height} = {image.width * image.height / 1e6:.0f} megapixels; "
            f"at most {max_pixels / 1e6:g} are allowed (PICTRACE_MAX_PIXELS)."
        )
    media_type = FORMATS[image.format or ""]
    try:
        size = image.size
        image.draft("RGB", (side, side))  # JPEG only: decodes at the smallest scale that is no smaller than this
        image.load()
        turned = _is_turned(image)
        pixels = _upright(_boxed(image, side))
    except ImageError:
        raise
    except MemoryError as error:
        raise TooManyPixels("There is not enough memory to decode the picture.") from error
    except Exception as error:
        raise DamagedImage(f"The picture is truncated or damaged ({_sentence(error)}).") from error
    width, height = size[::-1] if turned else size
    return Image(_reduced(pixels, side), media_type, width, height)


def too_large(size: int | None, max_bytes: int) -> FileTooLarge:
    """The error for a file that is over the limit; `size` is None where reading stopped before its end."""
    has = "is larger than the limit" if size is None else f"has {size / MEGABYTE:.1f} MB"
    return FileTooLarge(f"The file {has}; at most {max_bytes / MEGABYTE:g} MB are allowed (PICTRACE_MAX_BYTES).")


def encode_jpeg(pixels: Pixels, *, quality: int) -> bytes:
    """An RGB picture (H, W, 3) as a JPEG file."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def encode_thumbnail(pixels: Pixels) -> bytes:
    """A JPEG whose longest side is at most 320 pixels."""
    return encode_reduced(pixels, side=THUMBNAIL_SIDE, quality=THUMBNAIL_QUALITY)


def encode_reduced(pixels: Pixels, *, side: int, quality: int) -> bytes:
    """A JPEG whose longest side is at most `side` pixels."""
    return encode_jpeg(_reduced(pixels, side), quality=quality)


def widened(pixels: Pixels, max_ratio: float) -> Pixels:
    """A strip with white added on both sides, until its longer side is at most `max_ratio` times the shorter."""
    height, width = pixels.shape[:2]
    above = max(0, math.ceil(width / max_ratio) - height)
    beside = max(0, math.ceil(height / max_ratio) - width)
    edges = (above // 2, above - above // 2, beside // 2, beside - beside // 2)
    return np.asarray(cv2.copyMakeBorder(pixels, *edges, cv2.BORDER_CONSTANT, value=(255, 255, 255)), np.uint8)


def decode_thumbnail(content: bytes) -> Pixels:
    """The RGB pixels of a thumbnail's file."""
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if bgr is None:
        raise DamagedImage("A thumbnail of the library is damaged: run `pictrace check --repair`.")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _open(content: bytes) -> PillowImage.Image:
    try:
        return PillowImage.open(BytesIO(content), formats=[name for name in FORMATS if name != "MPO"])
    except UnidentifiedImageError:
        raise _not_taken(content) from None
    except MemoryError as error:
        raise TooManyPixels("There is not enough memory to open the picture.") from error
    except Exception as error:
        raise DamagedImage(f"The picture's header is damaged ({_sentence(error)}).") from error


def _not_taken(content: bytes) -> ImageError:
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head:
        return UnsupportedFormat(f"SVG drawings are not taken; allowed are {ALLOWED}.")
    if head.startswith((b"<!doctype html", b"<html")) or b"<body" in head:
        return NotAnImage("This is a web page (HTML), not a picture.")
    if content[4:8] == b"ftyp" and content[8:12] in HEIF_BRANDS:
        return DamagedImage("The picture is truncated or damaged (its header cannot be read).")
    if content[4:8] == b"ftyp":
        return UnsupportedFormat(f"This is a video; allowed are {ALLOWED}.")
    for magic, name in KNOWN_OTHERS:
        if content.startswith(magic):
            return UnsupportedFormat(f"This is {name}; allowed are {ALLOWED}.")
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\x00", b"MM\x00*", b"BM")) or (
        content.startswith(b"RIFF") and content[8:12] == b"WEBP"
    ):
        return DamagedImage("The picture is truncated or damaged (its header cannot be read).")
    return NotAnImage(f"This is not a picture that can be read; allowed are {ALLOWED}.")


def _boxed(image: PillowImage.Image, side: int) -> PillowImage.Image:
    """A very large picture made smaller, though not as small as `side`, before its colours take more memory."""
    factor = max(image.size) // (2 * side)
    is_small = factor < 2 or image.width * image.height < LARGE_PIXELS
    if is_small or image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK") or image.format == "TIFF":
        return image  # of a TIFF the orientation would be lost
    smaller = image.reduce((min(factor, image.width), min(factor, image.height)))
    smaller.info = image.info  # orientation, transparency
    return smaller


def _is_turned(image: PillowImage.Image) -> bool:
    return not isinstance(image, HeifImageFile) and _orientation(image) >= 5


def _orientation(image: PillowImage.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF: the picture itself may be fine, and is taken as upright
        return 1


def _upright(image: PillowImage.Image) -> Pixels:
    if _orientation(image) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):
        return _from_deep_grey(np.asarray(image))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = PillowImage.new("RGBA", image.size, "white")
        image = PillowImage.alpha_composite(ground, image)
    return np.asarray(image.convert("RGB"))


def _from_deep_grey(values: np.typing.NDArray[np.generic]) -> Pixels:
    """16-bit, 32-bit and float greys, which Pillow's `convert` would clip."""
    if values.dtype == np.uint16 and values.size > LARGE_PIXELS:
        values = _reduced(values, 2 * QUERY_SIDE)
    grey = np.nan_to_num(values.astype(np.float32))
    top = float(grey.max())
    full = (
        1.0 if values.dtype.kind == "f" and top <= 1 else 255.0 if top <= 255 and values.dtype != np.uint16 else 65535.0
    )
    scaled = np.clip(grey * (255.0 / max(full, top)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_GRAY2RGB), np.uint8)


def _reduced(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    scale = side / max(width, height)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), pixels.dtype)


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
