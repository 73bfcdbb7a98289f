"""Bytes -> picture: header gate, bounds, orientation, transparency. Raises, never returns None.

Strangers' pictures come here by way of `decoding`, in a process of its own.
"""

import importlib
import math
import re
import warnings
from dataclasses import dataclass, replace
from importlib.util import find_spec
from io import BytesIO
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import AvifImagePlugin, UnidentifiedImageError
from PIL import Image as PillowImage
from pillow_heif import HeifImageFile, register_heif_opener
from pillow_heif import options as heif_options

from engine.domain import Image, PictureWarning, Pixels
from engine.errors import (
    DamagedImage,
    EmptyFile,
    FileTooLarge,
    ImageError,
    NotAnImage,
    TooCostly,
    UnsupportedFormat,
)
from engine.pictures import bounds, cut_short, essentials, frames, grounds, parts, raw, taking, unsupported, videos
from engine.pictures.grounds import Ground

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
    "JPEG2000": "image/jp2",
    "JXL": "image/jxl",
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
    "image/jp2": ".jp2",
    "image/jxl": ".jxl",
    raw.MEDIA_TYPE: ".raw",
}
MEDIA_TYPES = tuple(EXTENSIONS)
OF_EXTRAS = {"image/jxl": "pillow_jxl", raw.MEDIA_TYPE: "rawpy"}  # by the module that reads it
LIBRARY_SIDE = 1000  # longest side that stored pictures are decoded to
QUERY_SIDE = 1200  # queries a little larger: the picture may be a small part of them
LARGE_PIXELS = 12_000_000
THUMBNAIL_SIDE, THUMBNAIL_QUALITY = 320, 85
MAX_OWN_SIDE = 2_400  # of what is made here: thumbnails, previews
ALLOWED = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000, JPEG XL and camera raw"
EXTRA = "{} is taken with an extra only: pip install 'pictrace[formats]'."
MEGABYTE = 1024 * 1024

MATROSKA = b"\x1aE\xdf\xa3"  # how its files begin, WebM's too

# What people take for pictures: how the file begins, and what to call it.
KNOWN_OTHERS = (
    (b"%PDF", "a PDF"),
    (MATROSKA, "a Matroska or WebM video"),
    (b"%!PS", "a PostScript file"),
    (b"8BPS", "a Photoshop file"),
    (b"PK\x03\x04", "a zip"),
    (b"\x00\x00\x01\x00", "an icon file"),
    (b"\x1f\x8b", "a gzip-compressed file"),
    (b"II\xbc", "a JPEG XR"),
)

TURNING = ("xmp", "XML:com.adobe.xmp", "Raw profile type exif")  # by Pillow's names

HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")

PIXEL_BYTES = 8  # that decoders take for each pixel of a large picture, at least
BAND_PIXELS = 2_000_000  # of a large picture, whose colours are converted at a time
REDUCIBLE = ("L", "LA", "RGB", "RGBA", "CMYK")  # modes that Pillow makes smaller as they are
# How a picture that was taken so is turned upright; 1 is upright already.
UPRIGHT = {
    2: PillowImage.Transpose.FLIP_LEFT_RIGHT,
    3: PillowImage.Transpose.ROTATE_180,
    4: PillowImage.Transpose.FLIP_TOP_BOTTOM,
    5: PillowImage.Transpose.TRANSPOSE,
    6: PillowImage.Transpose.ROTATE_270,
    7: PillowImage.Transpose.TRANSVERSE,
    8: PillowImage.Transpose.ROTATE_90,
}
OUT_OF_MEMORY = re.compile(r"memory|alloc", re.IGNORECASE)  # how decoders say it
BOMBS = (PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning)

register_heif_opener()


def harden() -> None:
    """From now on decoders start no threads of their own in this process, and what is over a bound is an error."""
    warnings.simplefilter("error", PillowImage.DecompressionBombWarning)
    cv2.setNumThreads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    heif_options.DECODE_THREADS = 1


def decode(
    content: bytes,
    *,
    side: int,
    max_bytes: int,
    max_pixels: int,
    max_source_pixels: int | None = None,
    memory_bytes: int | None = None,
    of_parts: bool = False,
) -> Image:
    """A picture file, upright, longest side at most `side`; where transparent, on a ground that it stands out from.

    Of an animation the first frame that shows something.

    `of_parts`: of a long picture `side` is the longest side of each of its parts, not of the whole. `memory_bytes` is
    what this process may still take, where that is bounded: a decoder that runs out of it does not always say so.
    Nothing is decoded before the header's width and height are known to be allowed. JPEG is decoded at a half, a
    quarter or an eighth where that is enough: `max_pixels` is then what is decoded, `max_source_pixels` what the header
    may say. A file that breaks off near its end is taken with a warning. Raises an ImageError.
    """
    _require_size_in_bytes(content, max_bytes)
    limits = _Asked(side, max_pixels, max_source_pixels or max_pixels, memory_bytes, of_parts)
    return (_of_raw(content, limits) if raw.is_raw(content) else None) or _decoded(content, limits)


@dataclass(frozen=True, slots=True)
class _Asked:
    side: int
    max_pixels: int
    max_source_pixels: int
    memory_bytes: int | None
    of_parts: bool

    def side_of(self, width: int, height: int) -> int:
        """The longest side that a picture of this size is decoded to."""
        return parts.side(width, height, self.side) if self.of_parts else self.side


def _of_raw(content: bytes, limits: _Asked) -> Image | None:
    """What a camera's raw file shows of itself; None where that cannot be found."""
    found = raw.preview(content, _extra("rawpy", "A camera's raw file"))
    taken_at = taking.of_raw(content)
    if isinstance(found, bytes):
        image = _decoded(found, limits)
        return replace(image, media_type=raw.MEDIA_TYPE, taken_at=taken_at or image.taken_at)
    if found is None:
        return None
    height, width = found.shape[:2]
    return Image(reduced(found, limits.side_of(width, height)), raw.MEDIA_TYPE, width, height, taken_at=taken_at)


def _allowed(content: bytes, limits: _Asked) -> bytes:
    """A picture file without metadata, whose header says that it may be decoded."""
    bounds.require(content, limits.max_pixels, limits.max_source_pixels)
    # Looked at by Pillow wherever a header says one size and a frame another.
    is_jpeg = content.startswith(b"\xff\xd8\xff")
    PillowImage.MAX_IMAGE_PIXELS = limits.max_source_pixels if is_jpeg else limits.max_pixels
    return essentials.without_metadata(content)


def _decoded(content: bytes, limits: _Asked) -> Image:
    image, size, said = _loaded(_allowed(content, limits), limits)
    media_type = FORMATS[image.format or ""]
    taken_at = taking.of_picture(image)
    side = limits.side_of(*size)
    is_animated = not said and frames.is_animated(image)
    try:
        frame, image = frames.first_good(frames.in_turn(image)) if is_animated else (0, image)
        ground = grounds.ground_of(image)
        turned = _is_turned(image)
        pixels = _upright(image, side, ground)
    except Exception as error:
        raise _undecodable(error, limits.max_pixels) from error
    width, height = size[::-1] if turned else size
    shown = reduced(pixels, side)
    return Image(shown, media_type, width, height, said, ground, frame, is_animated, taken_at)


def _loaded(content: bytes, limits: _Asked) -> tuple[PillowImage.Image, tuple[int, int], tuple[PictureWarning, ...]]:
    """A picture with its pixels decoded, its size in full, and what there is to say of it."""
    image = _open(content, limits)
    kind, size = image.format or "", image.size
    try:
        _draft(image, content, limits)
        image.load()
        return image, size, ()
    except Exception as error:
        is_large = PIXEL_BYTES * size[0] * size[1] > (limits.memory_bytes or math.inf)
        hides = is_large and kind not in cut_short.KINDS and not isinstance(error, ImageError)
        failed = _undecodable(MemoryError() if hides else error, limits.max_pixels)
        if not isinstance(failed, DamagedImage):
            raise failed from error
    del image  # with its memory, before it is decoded again

    def again(whole: bytes) -> PillowImage.Image:
        opened = _open(whole, limits)
        _draft(opened, whole, limits)
        return opened

    try:
        taken, warning = cut_short.taken(content, again, failed)
    except Exception as error:
        raise _undecodable(error, limits.max_pixels) from error
    return taken, size, (warning,)


def _draft(image: PillowImage.Image, content: bytes, limits: _Asked) -> None:
    """Have a JPEG decoded at the smallest scale that is no smaller than needed, and see that there is room for it."""
    kind, size = image.format or "", image.size
    if kind == "JPEG" and (kept := bounds.jpeg_coefficient_bytes(content)):
        bounds.require_memory(kind, size, limits.memory_bytes, kept)
    side = limits.side_of(*size)
    image.draft("RGB", (side, side))
    bounds.require_size(*image.size, limits.max_pixels)
    bounds.require_memory(kind, image.size, limits.memory_bytes)


def taken_media_types() -> tuple[str, ...]:
    """Media types of what this installation takes: some need an extra."""
    missing = {kind for kind, module in OF_EXTRAS.items() if find_spec(module) is None}
    return tuple(kind for kind in MEDIA_TYPES if kind not in missing)


def _extra(module: str, what: str) -> ModuleType:
    """A decoder that not everybody has installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UnsupportedFormat(EXTRA.format(what)) from error


def decode_query(content: bytes, *, side: int, max_bytes: int, max_pixels: int, **more: Any) -> Image:
    """The same for what is only asked with, which may be a short video: the first frame of it that shows something.

    `more`: what else `decode` takes.
    """
    media_type = _video_type(content)
    if media_type is None:
        return decode(content, side=side, max_bytes=max_bytes, max_pixels=max_pixels, **more)
    _require_size_in_bytes(content, max_bytes)
    try:
        frame, image = frames.first_good(videos.Video(content, max_pixels).in_turn())
    except Exception as error:
        raise _undecodable(error, max_pixels, "The video is truncated or damaged") from error
    pixels = reduced(np.asarray(image), side)
    return Image(pixels, media_type, image.width, image.height, frame=frame, is_animated=True)


def look(
    content: bytes,
    *,
    max_bytes: int,
    max_pixels: int,
    max_source_pixels: int | None = None,
    memory_bytes: int | None = None,
) -> Image:
    """What a picture file says of itself, without its pixels: one black pixel stands for them. Raises an ImageError."""
    _require_size_in_bytes(content, max_bytes)
    limits = _Asked(1, max_pixels, max_source_pixels or max_pixels, memory_bytes, of_parts=False)
    pixel = np.zeros((1, 1, 3), np.uint8)
    if raw.is_raw(content):
        return Image(pixel, raw.MEDIA_TYPE, 1, 1, taken_at=taking.of_raw(content))
    image = _open(_allowed(content, limits), limits)
    return Image(pixel, FORMATS[image.format or ""], *image.size, taken_at=taking.of_picture(image))


def decode_further(
    content: bytes,
    *,
    side: int,
    max_bytes: int,
    max_pixels: int,
    max_source_pixels: int | None = None,
    memory_bytes: int | None = None,
) -> Image:
    """Further frames of an animation or a video, of which `decode_query` gives one; its `pixels` are (n, H, W, 3).

    Raises an ImageError, also where there are none.
    """
    _require_size_in_bytes(content, max_bytes)
    limits = _Asked(side, max_pixels, max_source_pixels or max_pixels, memory_bytes, of_parts=False)
    media_type = _video_type(content)
    try:
        if media_type:
            video = videos.Video(content, max_pixels)
            shown = video.frames(frames.spread(video.count))
        else:
            image = _open(_allowed(content, limits), limits)
            media_type = FORMATS[image.format or ""]
            shown = frames.spread_over(image)
        found = [reduced(_upright(one, side, grounds.ground_of(one)), side) for _, one in shown]
    except Exception as error:
        raise _undecodable(error, max_pixels) from error
    if not found:
        raise DamagedImage("No further frame of the animation can be read.")
    height, width = found[0].shape[:2]
    return Image(np.stack(found), media_type, width, height, is_animated=True)


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
    return encode_jpeg(reduced(pixels, side), quality=quality)


def widened(pixels: Pixels, max_ratio: float) -> Pixels:
    """A strip with white added on both sides, until its longer side is at most `max_ratio` times the shorter."""
    height, width = pixels.shape[:2]
    above = max(0, math.ceil(width / max_ratio) - height)
    beside = max(0, math.ceil(height / max_ratio) - width)
    edges = (above // 2, above - above // 2, beside // 2, beside - beside // 2)
    return np.asarray(cv2.copyMakeBorder(pixels, *edges, cv2.BORDER_CONSTANT, value=(255, 255, 255)), np.uint8)


def decode_grey(content: bytes) -> Pixels | None:
    """A JPEG of our own as grey (H, W); None where it is torn."""
    grey = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    return None if grey is None else np.asarray(grey, np.uint8)


def decode_small(content: bytes) -> Pixels | None:
    """A JPEG of our own at a quarter of its sides, RGB (H, W, 3); None where it is torn."""
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_REDUCED_COLOR_4)
    return None if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def decode_own(content: bytes) -> Pixels | None:
    """A JPEG of our own, RGB (H, W, 3); None where it is torn."""
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return None if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def decode_thumbnail(content: bytes) -> Pixels:
    """The RGB pixels of a thumbnail's file."""
    size = bounds.jpeg_size(content)
    is_ours = size is not None and max(size) <= MAX_OWN_SIDE
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if is_ours else None
    if bgr is None:
        raise DamagedImage("A thumbnail of the library is damaged: run `pictrace check --repair`.")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _require_size_in_bytes(content: bytes, max_bytes: int) -> None:
    if not content:
        raise EmptyFile("The file is empty.")
    if len(content) > max_bytes:
        raise too_large(len(content), max_bytes)


def _video_type(content: bytes) -> str | None:
    """The media type of a video by how the file begins; None for what is none."""
    if content[4:8] == b"ftyp" and content[8:12] not in HEIF_BRANDS and not raw.is_raw(content):
        return "video/mp4"
    return "video/webm" if content.startswith(MATROSKA) else None


def _open(content: bytes, limits: _Asked) -> PillowImage.Image:
    try:
        formats = [name for name in FORMATS if name not in ("MPO", "JXL")]
        if content.startswith(bounds.JXL):
            _prepare_jxl(content, limits)
            formats = ["JXL"]
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":  # its decoder takes memory before it says a size
            for size in bounds.webp_sizes(content):
                bounds.require_memory("WEBP", size, limits.memory_bytes)
        image = PillowImage.open(BytesIO(content), formats=formats)
        if image.width < 1 or image.height < 1:
            raise DamagedImage(f"The picture is {image.width} x {image.height} pixels: there is nothing in it.")
        _only_exif_turns(image)
        is_still = not getattr(image, "is_animated", False)
        if image.format != "WEBP" or image.width * image.height < LARGE_PIXELS or not is_still:
            return image
        info = image.info
        del image  # with the memory that Pillow's decoder takes, for three pictures of its size
        return _large_webp(content, info)
    except UnidentifiedImageError:
        raise _not_taken(content) from None
    except Exception as error:
        if named := unsupported.named(content, error):
            raise named from error
        raise _undecodable(error, limits.max_pixels, "The picture's header is damaged") from error


def _prepare_jxl(content: bytes, limits: _Asked) -> None:
    """Have Pillow know JPEG XL, whose decoder decodes before it says how large the picture is."""
    plugin = _extra("pillow_jxl", "JPEG XL").JpegXLImagePlugin
    plugin.DECODE_THREADS = 0
    if size := bounds.jxl_size(content):
        bounds.require_memory("JXL", size, limits.memory_bytes)


def _only_exif_turns(image: PillowImage.Image) -> None:
    """Browsers look for the orientation in EXIF alone, Pillow in other metadata too."""
    for name in TURNING:
        image.info.pop(name, None)
    if image.format == "JXL" and not getattr(image, "jpeg", False):
        image.info.pop("exif", None)  # its decoder has turned it already, as the coded picture says


def _large_webp(content: bytes, info: dict[str | tuple[int, int], Any]) -> PillowImage.Image:
    """Decoded by OpenCV, which needs half as much memory for it."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise DamagedImage("The picture is truncated or damaged.")
    mode, order = ("RGBA", "BGRA") if pixels.shape[2] == 4 else ("RGB", "BGR")
    image = PillowImage.frombuffer(mode, pixels.shape[1::-1], pixels, "raw", order, 0, 1)
    image.info, image.format = info, "WEBP"
    return image


def _undecodable(error: Exception, max_pixels: int, what: str = "The picture is truncated or damaged") -> ImageError:
    """The engine's error for one of a decoder's."""
    if isinstance(error, ImageError):
        return error
    if isinstance(error, BOMBS):
        return bounds.too_many(None, max_pixels)
    if isinstance(error, MemoryError) or OUT_OF_MEMORY.search(str(error)):
        return TooCostly("Decoding the picture takes more memory than it may.")
    return DamagedImage(f"{what} ({_sentence(error)}).")


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
    if named := unsupported.named(content):
        return named
    for magic, name in KNOWN_OTHERS:
        if content.startswith(magic):
            return UnsupportedFormat(f"This is {name}; allowed are {ALLOWED}.")
    if content.startswith(
        (
            b"\xff\xd8\xff",
            b"\x89PNG\r\n",
            b"GIF8",
            b"II*\x00",
            b"MM\x00*",
            b"BM",
            b"\xff\x4f\xff\x51",
            *bounds.JXL,
            *raw.BEGINNINGS,
        )
    ) or (content.startswith(b"RIFF") and content[8:12] == b"WEBP"):
        return DamagedImage("The picture is truncated or damaged (its header cannot be read).")
    return NotAnImage(f"This is not a picture that can be read; allowed are {ALLOWED}.")


def _is_turned(image: PillowImage.Image) -> bool:
    return not isinstance(image, HeifImageFile) and _orientation(image) in (5, 6, 7, 8)


def _orientation(image: PillowImage.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF: the picture itself may be fine, and is taken as upright
        return 1


def _upright(image: PillowImage.Image, side: int, ground: Ground) -> Pixels:
    """The pixels of a loaded picture; of a very large one made smaller, though not as small as `side`."""
    turn = UPRIGHT.get(_orientation(image))
    if image.mode.startswith(("I", "F")):
        pixels = _from_deep_grey(_deep_grey(image, _factor(image, side)))
    elif image.width * image.height < LARGE_PIXELS:
        return np.asarray(grounds.on_ground(image if turn is None else image.transpose(turn), ground))
    else:
        pixels = _in_bands(image, _factor(image, side), ground)
    return pixels if turn is None else np.asarray(PillowImage.fromarray(pixels).transpose(turn))


def _factor(image: PillowImage.Image, side: int) -> int:
    """How many times smaller a picture may be made before it is brought to `side`."""
    return max(1, max(image.size) // (2 * side)) if image.width * image.height >= LARGE_PIXELS else 1


def _in_bands(image: PillowImage.Image, factor: int, ground: Ground) -> Pixels:
    """A large picture in RGB, `factor` times smaller: a band of it at a time, so that its copies take little memory."""
    rows = factor * max(1, BAND_PIXELS // (factor * image.width))
    pixels = np.empty((-(-image.height // factor), -(-image.width // factor), 3), np.uint8)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(image.height, top + rows)))
        band.info = image.info  # transparency
        across = (min(factor, band.width), min(factor, band.height))
        if image.mode in REDUCIBLE:
            smaller = grounds.on_ground(_smaller(band, across), ground)
        else:
            smaller = _smaller(grounds.on_ground(band, ground), across)
        pixels[top // factor : top // factor + smaller.height] = np.asarray(smaller)
    return pixels


def _smaller(image: PillowImage.Image, across: tuple[int, int]) -> PillowImage.Image:
    if across == (1, 1):
        return image
    smaller = image.reduce(across)
    smaller.info = image.info
    return smaller


def _deep_grey(image: PillowImage.Image, factor: int) -> NDArray[np.generic]:
    if factor > 1 and image.mode in ("I", "F"):
        return np.asarray(image.reduce((min(factor, image.width), min(factor, image.height))))
    return np.asarray(image)


def _from_deep_grey(values: NDArray[np.generic]) -> Pixels:
    """16-bit, 32-bit and float greys, which Pillow's `convert` would clip."""
    if values.dtype == np.uint16 and values.size > LARGE_PIXELS:
        values = reduced(values, 2 * QUERY_SIDE)
    grey = np.nan_to_num(values.astype(np.float32))
    top = float(grey.max())
    full = (
        1.0 if values.dtype.kind == "f" and top <= 1 else 255.0 if top <= 255 and values.dtype != np.uint16 else 65535.0
    )
    scaled = np.clip(grey * (255.0 / max(full, top)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_GRAY2RGB), np.uint8)


def reduced(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    """The same with a longest side of at most `side` pixels."""
    height, width = pixels.shape[:2]
    scale = side / max(width, height)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), pixels.dtype)


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
