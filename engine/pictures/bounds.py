"""What a decoder would have to go through, counted in the file itself before any decoder sees it.

A few bytes can ask for gigabytes, or for minutes. Each format's own structure is read here, in Python and within
bounds; what cannot be followed is left to the decoder, which says what is wrong with it and is watched (`decoding`).
"""

import math
import re
import struct
from collections.abc import Iterator

from engine.errors import ImageError, TooCostly, TooManyPixels
from engine.pictures import bounds_bmff, bounds_jxl

MAX_SIDE = 100_000  # Pillow keeps a pointer for each row: a column of 50 million pixels took 1.3 GB
MAX_SEGMENTS = 10_000  # of a JPEG; cameras write up to some hundred
MAX_FILL_BYTES = 65_536  # 0xFF in a row between segments: 19 MB of them took Pillow 9 s
MAX_SCANS, MAX_LARGE_SCANS = 100, 20  # of a JPEG, and of one of `max_pixels`: a scan goes over all its pixels
MAX_CHUNKS = 100_000  # of a PNG or WebP; 20 MB in pieces of 200 bytes
MAX_PROFILES = 4  # of a PNG, which may have one; each can unpack to a megabyte
MAX_BLOCKS = 100_000  # of a GIF before its first frame
MAX_STRIPS = 100_000  # of a TIFF, or tiles: 2.4 million took 14 s
MAX_ENTRIES = 4_096  # of a TIFF's directory
COEFFICIENT_BYTES = 2.2  # of a JPEG whose scans have to be put together: two, and what else it takes
# What decoding takes for each pixel, measured by benchmarks/large_pictures.py.
NAMES = {"JPEG": "a JPEG in several scans", "JPEG2000": "JPEG 2000", "JXL": "JPEG XL", "HEIF": "HEIC", "WEBP": "WebP"}
BYTES_A_PIXEL = {"AVIF": 9.2, "HEIF": 8.7, "WEBP": 8.3, "JXL": 9.3, "JPEG2000": 20.0}
OTHER_BYTES_A_PIXEL = 4.6
JXL = bounds_jxl.BEGINNINGS
TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0")  # also those that mix the orders up
JPEG_MARKER = re.compile(rb"\xff([^\x00\xff])")
JPEG_MARKER_AFTER_SCAN = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
TIFF_SIZES = {1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4, 16: 8, 17: 8}  # bytes of the types that counts are written in


def require(content: bytes, max_pixels: int, max_source_pixels: int | None = None) -> None:
    """Raise TooManyPixels or TooCostly where decoding the file would take more than it may.

    `max_source_pixels`: of a JPEG, which can be decoded at a smaller size than its own.
    """
    if content.startswith(b"\xff\xd8\xff"):
        _jpeg(content, max_pixels, max_source_pixels or max_pixels)
    if size := jxl_size(content):
        require_size(*size, max_pixels)
    for begins, look in (
        (b"\x89PNG\r\n\x1a\n", _png),
        (b"GIF8", _gif),
        (b"RIFF", _webp),
        *((begins, _tiff) for begins in TIFFS),
        (b"BM", _bmp),
        (bounds_bmff.CODESTREAM, _jpeg_2000),
    ):
        if content.startswith(begins):
            look(content, max_pixels)
    if content[4:8] in (b"ftyp", b"jP  "):
        _bmff(content, max_pixels)


def require_size(width: int, height: int, max_pixels: int, setting: str = "PICTRACE_MAX_PIXELS") -> None:
    """Raise TooManyPixels for a picture of this size in pixels where it is too large, or too long."""
    if width * height > max_pixels:
        raise too_many((width, height), max_pixels, setting)
    if max(width, height) > MAX_SIDE:
        raise TooManyPixels(f"The picture is {width} x {height} pixels; no side may be longer than {MAX_SIDE:,}.")


def require_memory(kind: str, size: tuple[int, int], memory_bytes: int | None, bytes_a_pixel: float = 0) -> None:
    """Raise TooManyPixels where decoding a picture of this size would take more memory than it may.

    `kind` is Pillow's name of the format; `bytes_a_pixel` what it takes, where that is not the same for all of them.
    """
    at_most = (memory_bytes or math.inf) / (bytes_a_pixel or BYTES_A_PIXEL.get(kind, OTHER_BYTES_A_PIXEL))
    if size[0] * size[1] > at_most:
        raise TooManyPixels(
            f"The picture has {_megapixels(size)}; of one stored like this, as {NAMES.get(kind, kind)}, at most "
            f"{at_most // 1e6:g} megapixels can be decoded in the memory that a picture may take."
        )


def too_many(size: tuple[int, int] | None, max_pixels: int, setting: str = "PICTRACE_MAX_PIXELS") -> ImageError:
    """The error for a picture over the limit; without `size` where only the decoder knows it."""
    has = _megapixels(size) if size else "more pixels than are allowed"
    return TooManyPixels(f"The picture has {has}; at most {max_pixels / 1e6:g} megapixels are allowed ({setting}).")


def _megapixels(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]} = {size[0] * size[1] / 1e6:.0f} megapixels"


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height by a JPEG's header; None where there is none."""
    return next((size for kind, at in jpeg_segments(content) if (size := _frame_size(content, kind, at))), None)


def jpeg_coefficient_bytes(content: bytes) -> float:
    """For each pixel of a JPEG in several scans, what its decoder keeps until the last of them; 0 for others."""
    kept = 0.0
    for kind, at in jpeg_segments(content):
        if _frame_size(content, kind, at):
            samplings = content[at + 9 : at + 8 + 3 * content[at + 7] : 3] if at + 7 < len(content) else b""
            most = max((one >> 4) * (one & 15) for one in samplings) if samplings else 0
            shares = sum((one >> 4) * (one & 15) for one in samplings) / (most or 1)
            kept, components = COEFFICIENT_BYTES * shares, len(samplings)
            is_sequential = kind in (0xC0, 0xC1, 0xC3, 0xC9)
        elif kind == 0xDA and kept:
            in_one_scan = is_sequential and at + 2 < len(content) and content[at + 2] == components
            return 0 if in_one_scan else kept
    return kept


def jxl_size(content: bytes) -> tuple[int, int] | None:
    """Width and height by a JPEG XL's header; None where there is none."""
    return bounds_jxl.size(content) if content.startswith(JXL) else None


def _refuse(what: str) -> None:
    raise TooCostly(f"The picture takes too much to decode: it has {what}.")


# --- JPEG


def _jpeg(content: bytes, max_pixels: int, max_source_pixels: int) -> None:
    end = content.rfind(b"\xff\xd9")  # what some cameras fill up behind it does no harm
    if content.find(b"\xff" * MAX_FILL_BYTES, 0, end if end >= 0 else len(content)) >= 0:
        _refuse("no end of fill bytes")
    setting = f"PICTRACE_MAX_{'SOURCE_' if max_source_pixels > max_pixels else ''}PIXELS"
    scans = pixels = 0
    for segments, (kind, at) in enumerate(jpeg_segments(content)):
        if size := _frame_size(content, kind, at):
            require_size(*size, max_source_pixels, setting)
            pixels = max(pixels, size[0] * size[1])
        scans += kind == 0xDA
        if segments >= MAX_SEGMENTS:
            _refuse(f"more than {MAX_SEGMENTS:,} segments")
        if scans > MAX_SCANS or (scans > 1 and scans * pixels > MAX_LARGE_SCANS * max_pixels):
            _refuse(f"{scans} scans or more")


def jpeg_segments(content: bytes) -> Iterator[tuple[int, int]]:
    """The kinds of the segments up to the end of the first picture, with where each is, from its length on."""
    at, marker = 2, JPEG_MARKER
    while found := marker.search(content, at):
        kind, at = found.group(1)[0], found.end()
        marker = JPEG_MARKER
        if kind == 0xD9:
            return
        if kind < 0xC0 or 0xD0 <= kind <= 0xD8:  # they stand alone; decoders know no length of them to skip
            continue
        if at + 2 > len(content):
            return
        yield kind, at
        at += struct.unpack_from(">H", content, at)[0]
        if kind == 0xDA:
            marker = JPEG_MARKER_AFTER_SCAN


def _frame_size(content: bytes, kind: int, at: int) -> tuple[int, int] | None:
    """Width and height, where a segment says them."""
    if not 0xC0 <= kind <= 0xCF or kind in (0xC4, 0xC8, 0xCC) or at + 7 > len(content):
        return None
    height, width = struct.unpack_from(">HH", content, at + 3)
    return width, height


# --- PNG, GIF, WebP


def _png(content: bytes, max_pixels: int) -> None:
    if content[12:16] == b"IHDR":
        width, height = struct.unpack_from(">II", content.ljust(24, b"\0"), 16)
        require_size(width, height, max_pixels)
    at, profiles = 8, 0
    for _ in range(MAX_CHUNKS):
        kind = content[at + 4 : at + 8]
        if at + 8 > len(content) or kind == b"IEND":
            return
        profiles += kind == b"iCCP"
        if profiles > MAX_PROFILES:
            _refuse(f"more than {MAX_PROFILES} colour profiles")
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    _refuse(f"more than {MAX_CHUNKS:,} chunks")


def _gif(content: bytes, max_pixels: int) -> None:
    if len(content) < 13:
        return
    width, height, flags = struct.unpack_from("<HHB", content, 6)
    require_size(width, height, max_pixels)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(MAX_BLOCKS):
        if at + 10 > len(content) or content[at] not in b"\x21\x2c":
            return
        if content[at] == 0x2C:
            left, top, width, height = struct.unpack_from("<HHHH", content, at + 1)
            require_size(left + width, top + height, max_pixels)
            return
        at += 2
        while at < len(content) and content[at]:
            at += 1 + content[at]
            if at > MAX_BLOCKS * 16:
                _refuse("no frame near its beginning")
        at += 1
    _refuse(f"more than {MAX_BLOCKS:,} blocks before its first frame")


def _webp(content: bytes, max_pixels: int) -> None:
    for width, height in webp_sizes(content):
        require_size(width, height, max_pixels)


def webp_sizes(content: bytes) -> Iterator[tuple[int, int]]:
    """The sizes that the headers of a WebP say, of its canvas and of its pictures. TooCostly for too many chunks."""
    at = 12
    for _ in range(MAX_CHUNKS):
        name, body = content[at : at + 4], content[at + 8 : at + 18]
        if len(body) < 10:
            return
        if name == b"VP8X":
            yield int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        elif name == b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            yield (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"VP8 ":
            across, down = struct.unpack_from("<HH", body, 6)
            yield across & 0x3FFF, down & 0x3FFF
        at += 8 + (int.from_bytes(content[at + 4 : at + 8], "little") + 1 & ~1)
    _refuse(f"more than {MAX_CHUNKS:,} chunks")


# --- BMP, TIFF


def _bmp(content: bytes, max_pixels: int) -> None:
    if len(content) < 34 or int.from_bytes(content[14:18], "little") < 40:
        return
    width, height = struct.unpack_from("<ii", content, 18)
    require_size(abs(width), abs(height), max_pixels)


def _tiff(content: bytes, max_pixels: int) -> None:
    """The first directory: the size of the picture, of its tiles or strips, and how many there are."""
    tags = tiff_tags(content)
    width, height = tags.get(256, (0, 0))[1], tags.get(257, (0, 0))[1]
    require_size(width, height, max_pixels)
    for across, down in ((322, 323), (256, 278)):  # a tile; a strip
        if across in tags and down in tags:
            # Decoders take memory for a whole one, however small the picture is; the last may reach beyond it.
            strip = down == 278
            rows = min(tags[down][1], height) if strip else tags[down][1]
            require_size(tags[across][1], rows, max(max_pixels, 4096 * 4096))
    for name in (273, 324, 279, 325):  # where strips and tiles are, and how long
        if name in tags and tags[name][0] > MAX_STRIPS:
            _refuse(f"{tags[name][0]:,} strips or tiles")


def tiff_tags(content: bytes) -> dict[int, tuple[int, int]]:
    """Of each tag of the first directory how many values it has, and the first of them where it is a number."""
    order = "<" if content[:2] == b"II" else ">"
    is_big = content[2:4] in (b"\x2b\x00", b"\x00\x2b")
    first, count, entry = ("Q", "Q", "HHQ8s") if is_big else ("I", "H", "HHI4s")
    try:
        (at,) = struct.unpack_from(order + first, content, 8 if is_big else 4)
        (entries,) = struct.unpack_from(order + count, content, at)
        if entries > MAX_ENTRIES:
            _refuse(f"{entries:,} entries in its directory")
        at += struct.calcsize(order + count)
        tags = {}
        for one in range(entries):
            tag, kind, values, raw = struct.unpack_from(
                order + entry, content, at + one * struct.calcsize(order + entry)
            )
            size = TIFF_SIZES.get(kind, 0)
            if size * values > len(raw):  # they lie elsewhere
                (there,) = struct.unpack(order + first, raw)
                raw = content[there : there + size]
            tags[tag] = values, int.from_bytes(raw[:size], "little" if order == "<" else "big")
        return tags
    except struct.error:
        return {}


# --- HEIF, AVIF, JPEG 2000


def _bmff(content: bytes, max_pixels: int) -> None:
    try:
        for width, height in bounds_bmff.sizes(content):
            require_size(width, height, max_pixels)
    except bounds_bmff.TooManyBoxes:
        _refuse("too many pieces")


def _jpeg_2000(content: bytes, max_pixels: int) -> None:
    for width, height in bounds_bmff.codestream_sizes(content):
        require_size(width, height, max_pixels)
