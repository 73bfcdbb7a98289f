"""A picture file as decoders get it: without metadata, which decides nothing about how the picture looks.

Decoders read all of it, and refuse a sound picture for a text that is broken or unpacks to megabytes. What is kept:
the coded pixels, what they mean, transparency, animation, and EXIF, which says how a picture is turned.
"""

import zlib
from collections.abc import Iterator

from engine.pictures import bounds

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Decoders cannot do without these, and say so where they are damaged.
PNG_NEEDED = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fcTL", b"fdAT"))
# These are passed over where they are damaged, with the bytes that such a chunk may have.
PNG_WANTED = {b"acTL": range(8, 9), b"eXIf": range(1, 65_536)}
TRANSPARENCY = {0: range(2, 3), 2: range(6, 7), 3: range(1, 257)}  # of tRNS, by the picture's colour type
JFIF, ADOBE, EXIF = b"JFIF\0", b"Adobe", b"Exif\0\0"
JFIF_SIZE, ADOBE_SIZE = 14, 12  # bytes that decoders read
SCAN = 0xDA


def without_metadata(content: bytes) -> bytes:
    """The same picture; the same bytes where nothing is left out, and for other kinds than PNG and JPEG."""
    if content.startswith(PNG_SIGNATURE):
        return _joined(content, len(PNG_SIGNATURE), _png_chunks(content))
    if content.startswith(b"\xff\xd8\xff"):
        return _joined(content, 2, _jpeg_segments(content))
    return content


def _joined(content: bytes, start: int, pieces: Iterator[tuple[int, int, bool]]) -> bytes:
    """A file without those of its pieces that are not kept; what lies between and behind them stays as it is."""
    view, kept, at = memoryview(content), [], 0
    for begin, end, is_kept in pieces:
        if not is_kept:
            kept.append(view[at:begin])
            at = end
    return b"".join((*kept, view[at:])) if kept else content


def _png_chunks(content: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where each chunk begins and ends, and whether it is kept."""
    view, at = memoryview(content), len(PNG_SIGNATURE)
    sizes = PNG_WANTED | {b"tRNS": TRANSPARENCY.get(int.from_bytes(view[25:26]), range(0))}
    while at + 12 <= len(content):
        size, kind = int.from_bytes(view[at : at + 4], "big"), bytes(view[at + 4 : at + 8])
        end = at + 12 + size
        if kind in sizes:
            body, checksum = view[at + 8 : end - 4], int.from_bytes(view[end - 4 : end], "big")
            yield at, end, size in sizes[kind] and zlib.crc32(body, zlib.crc32(kind)) == checksum
        else:
            # A capital letter: the picture cannot be shown without this chunk, known or not.
            yield at, end, kind in PNG_NEEDED or not kind[0] & 0x20
        if kind == b"IEND":
            return
        at = end


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int, bool]]:
    """The same for the application segments and comments before the first scan; decoders look no further."""
    for kind, at in bounds.jpeg_segments(content):
        if kind == SCAN:
            return
        if 0xE0 <= kind <= 0xEF or kind == 0xFE:
            size = int.from_bytes(content[at : at + 2], "big")
            body = content[at + 2 : at + 2 + min(size, JFIF_SIZE)]
            yield at - 2, at + size, _is_kept(kind, body, size - 2)


def _is_kept(kind: int, body: bytes, size: int) -> bool:
    if kind == 0xE0:
        return body.startswith(JFIF) and size >= JFIF_SIZE
    if kind == 0xE1:
        return body.startswith(EXIF)
    return kind == 0xEE and body.startswith(ADOBE) and size >= ADOBE_SIZE
