"""Picture files without their metadata: no position, serial number, name, comment or thumbnail; the same pixels.

JPEG, PNG, WebP and GIF are taken apart and put together again from what decides how they look: the coded pixels, byte
for byte, the colour profile, transparency, animation, and the orientation. Everything else is left out, known or not,
and so is what follows the picture in its file. What a file hides among its coded pixels stays there.
"""

import re
import zlib
from collections.abc import Callable

VERSION = 2  # of what is left out: raise it when this changes, so that nobody keeps what an older version gave
MAX_PIECES = 1_000_000  # segments, chunks or blocks of one file; real files have one for each 255 bytes at most

ORIENTATION = 0x0112  # the EXIF tag
BYTE_ORDERS = {b"II*\0": "little", b"II\0*": "little", b"MM\0*": "big", b"MM*\0": "big"}  # as Pillow reads them
NUMBER_SIZES = {1: 1, 3: 2, 4: 4}  # by EXIF type: BYTE, SHORT, LONG
EXIF_PREFIX = b"Exif\0\0"


class _NotFollowed(Exception):
    """The file is not built as it should be, or in a way that is not known here."""


class _Reader:
    """Reads a file from its beginning to its end; there is no way back."""

    def __init__(self, content: bytes | memoryview) -> None:
        self.content = memoryview(content)
        self.at = 0
        self._pieces = 0

    @property
    def is_at_end(self) -> bool:
        return self.at == len(self.content)

    def take(self, count: int) -> memoryview:
        """The next `count` bytes."""
        if not 0 <= count <= len(self.content) - self.at:
            raise _NotFollowed
        self.at += count
        return self.content[self.at - count : self.at]

    def number(self, size: int, order: str = "big") -> int:
        """The next `size` bytes as a number."""
        return _number(self.take(size), order)

    def expect(self, *wanted: bytes) -> bytes:
        """The next bytes, which must be one of those wanted; all of these have one length."""
        found = bytes(self.take(len(wanted[0])))
        if found not in wanted:
            raise _NotFollowed
        return found

    def count_piece(self) -> None:
        """Give up on a file that is made of more pieces than any real one, for each costs time."""
        self._pieces += 1
        if self._pieces > MAX_PIECES:
            raise _NotFollowed


def strip(content: bytes, media_type: str) -> bytes | None:
    """The same picture without metadata; None for other kinds, and for files that cannot be followed exactly.

    Never raises. Takes time in proportion to the file's size, and memory of at most four times that size.
    """
    rebuild = REBUILDERS.get(media_type)
    if rebuild is None:
        return None
    try:
        return rebuild(_Reader(content))
    except _NotFollowed:
        return None


def is_upright(jpeg: bytes) -> bool:
    """Whether a JPEG that `strip` gave is shown as it is coded: of metadata, only how it is turned is left in it."""
    return EXIF_PREFIX not in jpeg[: 2 + 4 + JFIF_SIZE + 4 + len(EXIF_PREFIX)]


# --- JPEG: segments, and scans of coded pixels between them

START, END, SCAN, COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
APPS = range(0xE0, 0xF0)
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15: three codes among them mean other things
TABLES = frozenset((0xC4, 0xCC, 0xDB, 0xDD))  # DHT, DAC, DQT, DRI
# A scan ends before 0xFF and a marker; 0xFF 0x00 and the restart markers are part of it.
SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
JFIF, ICC, ADOBE = b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"
JFIF_SIZE, ADOBE_SIZE = 14, 12  # bytes that decoders read


def _jpeg(reader: _Reader) -> bytes:
    reader.expect(bytes((0xFF, START)))
    apps, rest = _Apps(), bytearray()
    has_frame = has_scan = False
    while (marker := _marker(reader)) != END:
        body = reader.take(reader.number(2) - 2)
        if marker in APPS:
            if not has_scan:  # decoders look no further
                rest += apps.kept(marker, body)
        elif marker in FRAMES or marker in TABLES or marker == SCAN:
            rest += _segment(marker, body)
            has_frame |= marker in FRAMES
        elif marker != COMMENT:
            raise _NotFollowed
        if marker == SCAN:
            rest += _scan(reader)
            has_scan = True
    if not (has_frame and has_scan):
        raise _NotFollowed
    return b"".join((bytes((0xFF, START)), apps.jfif, apps.orientation(), rest, bytes((0xFF, END))))


class _Apps:
    """What the application segments of a JPEG say."""

    def __init__(self) -> None:
        self.jfif = b""
        self._exif = bytearray()  # all EXIF segments of a file are one

    def kept(self, marker: int, body: memoryview) -> bytes:
        """What stays of one segment at its place."""
        beginning = bytes(body[: len(ICC)])
        if marker == 0xE0 and beginning.startswith(JFIF) and len(body) >= JFIF_SIZE and not self.jfif:
            self.jfif = _segment(marker, bytes(body[: JFIF_SIZE - 2]) + b"\0\0")  # a thumbnail of 0 x 0 pixels
        elif marker == 0xE1 and beginning.startswith(EXIF_PREFIX):
            self._exif += body[len(EXIF_PREFIX) :]
        elif marker == 0xE2 and beginning.startswith(ICC):
            return _segment(marker, body)
        elif marker == 0xEE and beginning.startswith(ADOBE) and len(body) >= ADOBE_SIZE:
            return _segment(marker, body[:ADOBE_SIZE])
        return b""

    def orientation(self) -> bytes:
        """A segment with nothing but the orientation; nothing where the picture is upright."""
        exif = _minimal_exif(bytes(self._exif))
        return _segment(0xE1, EXIF_PREFIX + exif) if exif else b""


def _marker(reader: _Reader) -> int:
    reader.count_piece()
    reader.expect(b"\xff")
    while (code := reader.number(1)) == 0xFF:  # any number of them may come before a marker
        reader.count_piece()
    return code


def _segment(marker: int, body: bytes | memoryview) -> bytes:
    return b"".join((bytes((0xFF, marker)), (len(body) + 2).to_bytes(2, "big"), body))


def _scan(reader: _Reader) -> memoryview:
    end = SCAN_END.search(reader.content, reader.at)
    if end is None:
        raise _NotFollowed
    return reader.take(end.start() - reader.at)


# --- PNG: chunks with a checksum

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What decides how it looks, with the most bytes that such a chunk may have; None: any number.
PNG_KEPT: dict[bytes, int | None] = {
    b"IHDR": 13,
    b"PLTE": 768,
    b"IDAT": None,
    b"IEND": 0,
    b"tRNS": 256,
    b"gAMA": 4,
    b"cHRM": 32,
    b"sRGB": 1,
    b"iCCP": None,
    b"cICP": 4,
    b"sBIT": 4,
    b"pHYs": 9,
    b"bKGD": 6,
    b"mDCV": 24,
    b"cLLI": 8,
    b"acTL": 8,
    b"fcTL": 26,
    b"fdAT": None,
}
PNG_REPEATED = (b"IDAT", b"fcTL", b"fdAT")


def _png(reader: _Reader) -> bytes:
    reader.expect(PNG_SIGNATURE)
    out = bytearray(PNG_SIGNATURE)
    seen: set[bytes] = set()
    exif, pixels_at = b"", 0
    while b"IEND" not in seen:
        kind, body = _png_chunk(reader)
        if not seen and kind != b"IHDR":
            raise _NotFollowed
        if kind in PNG_KEPT:
            if kind == b"IDAT" and not pixels_at:
                pixels_at = len(out)
            _check_png_chunk(kind, body, seen)
            out += _as_png_chunk(kind, body)
        elif kind == b"eXIf":
            exif = bytes(body)
        elif not kind[0] & 0x20:  # a capital letter: the picture cannot be shown without this chunk
            raise _NotFollowed
    if not pixels_at:
        raise _NotFollowed
    if minimal := _minimal_exif(exif):
        out[pixels_at:pixels_at] = _as_png_chunk(b"eXIf", minimal)
    return bytes(out)


def _png_chunk(reader: _Reader) -> tuple[bytes, memoryview]:
    reader.count_piece()
    size, kind = reader.number(4), bytes(reader.take(4))
    body, checksum = reader.take(size), reader.number(4)
    is_whole = zlib.crc32(body, zlib.crc32(kind)) == checksum
    if kind in PNG_KEPT and not is_whole:
        raise _NotFollowed
    if kind == b"eXIf" and not is_whole:  # decoders pass over it
        body = body[:0]
    return kind, body


def _check_png_chunk(kind: bytes, body: memoryview, seen: set[bytes]) -> None:
    most = PNG_KEPT[kind]
    if (most is not None and len(body) > most) or (kind in seen and kind not in PNG_REPEATED):
        raise _NotFollowed
    seen.add(kind)


def _as_png_chunk(kind: bytes, body: bytes | memoryview) -> bytes:
    checksum = zlib.crc32(body, zlib.crc32(kind))
    return b"".join((len(body).to_bytes(4, "big"), kind, body, checksum.to_bytes(4, "big")))


# --- WebP: RIFF chunks

WEBP_SIMPLE, WEBP_EXTENDED = (b"VP8 ", b"VP8L"), b"VP8X"
# Flags of VP8X. Decoders pass over the chunks of a kind whose flag is missing.
HAS_ICC, HAS_ALPHA, HAS_EXIF, HAS_ANIMATION = 0x20, 0x10, 0x08, 0x02
FRAME_HEADER = 16  # bytes of ANMF before its own chunks
WEBP_ICC, WEBP_STILL, WEBP_ANIMATION, WEBP_FRAME = b"ICCP", (b"ALPH", *WEBP_SIMPLE), b"ANIM", b"ANMF"


def _webp(reader: _Reader) -> bytes:
    reader.expect(b"RIFF")
    riff = _Reader(reader.take(reader.number(4, "little")))
    riff.expect(b"WEBP")
    kind, body = _riff_chunk(riff)
    if kind in WEBP_SIMPLE:  # decoders pass over all that follows
        return _riff(_as_riff_chunk(kind, body))
    if kind != WEBP_EXTENDED or len(body) != 10:
        raise _NotFollowed
    return _riff(_extended_webp(riff, body))


def _extended_webp(riff: _Reader, header: memoryview) -> bytes:
    flags = header[0] & (HAS_ICC | HAS_ALPHA | HAS_ANIMATION)
    wanted: tuple[bytes, ...] = (WEBP_ANIMATION,) if flags & HAS_ANIMATION else WEBP_STILL
    if flags & HAS_ICC:
        wanted = (WEBP_ICC, *wanted)
    exif: bytes | None = None
    seen: set[bytes] = set()
    out = bytearray()
    while not riff.is_at_end:
        kind, body = _riff_chunk(riff)
        if kind in wanted:
            if kind in seen:
                raise _NotFollowed
            seen.add(kind)
            out += _as_riff_chunk(kind, body)
        elif kind == WEBP_FRAME and flags & HAS_ANIMATION:
            seen.add(kind)
            out += _as_riff_chunk(kind, _frame(body, riff))
        elif kind == b"EXIF" and header[0] & HAS_EXIF and exif is None:  # decoders take the first
            exif = bytes(body)
    if not seen & {*WEBP_SIMPLE, WEBP_FRAME}:
        raise _NotFollowed
    if minimal := _minimal_exif(exif or b""):
        flags |= HAS_EXIF
        out += _as_riff_chunk(b"EXIF", minimal)
    return _as_riff_chunk(WEBP_EXTENDED, bytes((flags, 0, 0, 0)) + bytes(header[4:])) + out


def _frame(body: memoryview, riff: _Reader) -> bytes:
    """One frame of an animation, without what is no picture in it."""
    frame = _Reader(body)
    out = bytearray(frame.take(FRAME_HEADER))
    while not frame.is_at_end:
        riff.count_piece()
        kind, part = _riff_chunk(frame)
        if kind in WEBP_STILL:
            out += _as_riff_chunk(kind, part)
    return bytes(out)


def _riff_chunk(reader: _Reader) -> tuple[bytes, memoryview]:
    reader.count_piece()
    kind = bytes(reader.take(4))
    body = reader.take(reader.number(4, "little"))
    reader.take(len(body) % 2)
    return kind, body


def _as_riff_chunk(kind: bytes, body: bytes | memoryview) -> bytes:
    return b"".join((kind, len(body).to_bytes(4, "little"), body, b"\0" * (len(body) % 2)))


def _riff(chunks: bytes) -> bytes:
    return _as_riff_chunk(b"RIFF", b"WEBP" + chunks)


# --- GIF: blocks, each of sub-blocks of up to 255 bytes

GIF_IMAGE, GIF_EXTENSION, GIF_TRAILER = 0x2C, 0x21, 0x3B
GIF_CONTROL, GIF_COMMENT, GIF_TEXT, GIF_APPLICATION = 0xF9, 0xFE, 0x01, 0xFF
GIF_LOOPS, GIF_ICC = (b"NETSCAPE2.0", b"ANIMEXTS1.0"), b"ICCRGBG1012"
HAS_COLOURS, COLOURS = 0x80, 0x07  # in a byte of flags: whether there is a table of colours, and how large it is


def _gif(reader: _Reader) -> bytes:
    out = bytearray(reader.expect(b"GIF87a", b"GIF89a"))
    screen = reader.take(7)
    out += screen
    out += _colours(reader, screen[4])
    has_image = False
    while (kind := reader.number(1)) != GIF_TRAILER:
        reader.count_piece()
        if kind == GIF_IMAGE:
            out += _gif_image(reader)
            has_image = True
        elif kind == GIF_EXTENSION:
            out += _gif_extension(reader)
        else:
            raise _NotFollowed
    if not has_image:
        raise _NotFollowed
    out.append(GIF_TRAILER)
    return bytes(out)


def _gif_image(reader: _Reader) -> bytes:
    place = reader.take(9)
    colours = _colours(reader, place[8])
    code_size = reader.take(1)
    return b"".join((bytes((GIF_IMAGE,)), place, colours, code_size, _sub_blocks(reader)))


def _colours(reader: _Reader, flags: int) -> memoryview:
    return reader.take(3 * 2 ** ((flags & COLOURS) + 1) if flags & HAS_COLOURS else 0)


def _sub_blocks(reader: _Reader) -> memoryview:
    """Sub-blocks as they are in the file, up to the empty one that ends them."""
    start = reader.at
    while size := reader.number(1):
        reader.count_piece()
        reader.take(size)
    return reader.content[start : reader.at]


def _gif_extension(reader: _Reader) -> bytes:
    """What stays of an extension: how long a frame is shown, what is transparent, how often all is repeated; ICC."""
    label = reader.number(1)
    if label in (GIF_COMMENT, GIF_TEXT):
        _sub_blocks(reader)
        return b""
    first = bytes(reader.take(reader.number(1)))
    rest = _sub_blocks(reader) if first else memoryview(b"\0")
    introduction = bytes((GIF_EXTENSION, label, len(first))) + first
    if label == GIF_CONTROL:
        if len(first) != 4:
            raise _NotFollowed
        return introduction + b"\0"
    if label == GIF_APPLICATION and first == GIF_ICC:
        return introduction + bytes(rest)
    if label == GIF_APPLICATION and first in GIF_LOOPS and bytes(rest[:2]) == b"\x03\x01" and len(rest) > 4:
        return introduction + bytes(rest[:4]) + b"\0"  # three bytes: 1, and how often
    return b""


# --- EXIF: which way is up. XMP may say it too, but browsers look for it in EXIF alone.


def _minimal_exif(exif: bytes) -> bytes:
    """EXIF with nothing but the orientation; nothing where the picture is upright."""
    turn = _exif_orientation(exif.removeprefix(EXIF_PREFIX))
    if turn is None or not 2 <= turn <= 8:
        return b""
    # One directory with one entry: a SHORT, one of them, in the first half of its four bytes.
    entry = b"".join(number.to_bytes(2, "big") for number in (ORIENTATION, 3, 0, 1, turn, 0))
    return b"MM\0*" + (8).to_bytes(4, "big") + (1).to_bytes(2, "big") + entry + b"\0\0\0\0"


def _exif_orientation(exif: bytes) -> int | None:
    """The orientation in the first directory; 1 where it is no number, None where there is none."""
    order = BYTE_ORDERS.get(exif[:4])
    if order is None:
        return 1 if exif else None
    start = _number(exif[4:8], order)
    count = _number(exif[start : start + 2], order)
    end = min(start + 2 + 12 * count, len(exif) - 11)
    turn = None
    for at in range(start + 2, end, 12):
        if _number(exif[at : at + 2], order) == ORIENTATION:  # the last one counts
            size = NUMBER_SIZES.get(_number(exif[at + 2 : at + 4], order), 0)
            is_single = _number(exif[at + 4 : at + 8], order) == 1
            turn = _number(exif[at + 8 : at + 8 + size], order) if size and is_single else 1
    return turn


def _number(digits: bytes | memoryview, order: str) -> int:
    return int.from_bytes(digits, "little" if order == "little" else "big")


REBUILDERS: dict[str, Callable[[_Reader], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
}
