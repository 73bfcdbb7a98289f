"""The sizes that the pictures in an ISO media file (HEIF, AVIF, JPEG 2000) will have: what it and its codecs say.

The container says how large a picture is (`ispe`); the coded picture says so too, and the decoder takes its memory by
that. ISO/IEC 14496-12 and 23008-12; AV1's sequence header: section 5.5 of its specification; HEVC's: 7.3.2.2.
"""

import struct
from collections.abc import Iterator

MAX_BOXES = 20_000
MAX_ITEMS = 4_096  # a grid of a phone has some fifty; 60,000 took libavif 17 s
MAX_DEPTH = 8
HEADERS = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"jp2h": 0}
SEQUENCE_HEADER = 1  # type of an AV1 unit
SPS = 33  # type of an HEVC unit
CODESTREAM = b"\xff\x4f\xff\x51"  # how one of JPEG 2000 begins
BLOCK = 64  # pixels; the largest of HEVC


class TooManyBoxes(ValueError):
    """It would take too long to go through."""


def sizes(content: bytes) -> Iterator[tuple[int, int]]:
    """Width and height in pixels of everything that is said to be, or coded as, a picture. TooManyBoxes."""
    for kind, start, end in _boxes(content, 0, len(content), [0], 0):
        body = content[start : min(end, start + 65_536)]
        try:
            if kind == b"ispe":
                yield struct.unpack_from(">II", body, 4)
            elif kind == b"ihdr":
                height, width = struct.unpack_from(">II", body)
                yield width, height
            elif kind == b"jp2c":
                yield from codestream_sizes(body)
            elif kind == b"tkhd" and len(body) >= 8:
                across, down = struct.unpack(">II", body[-8:])
                yield across >> 16, down >> 16
            elif kind == b"av1C":
                yield from _av1(body[4:])
            elif kind == b"hvcC":
                yield from _hevc(body)
            elif kind == b"iloc":
                for at in _items(body):
                    yield from _av1(content[at : at + 256])
        except (struct.error, IndexError):
            continue  # damaged: the decoder will say so


def _boxes(content: bytes, at: int, end: int, seen: list[int], depth: int) -> Iterator[tuple[bytes, int, int]]:
    """Every box with where its body begins and ends, and those inside it. `seen` counts them all."""
    while at + 8 <= end:
        seen[0] += 1
        if seen[0] > MAX_BOXES or depth > MAX_DEPTH:
            raise TooManyBoxes
        size, kind = struct.unpack_from(">I4s", content, at)
        start = at + 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack_from(">Q", content, start)
            start += 8
        last = end if size == 0 else at + size
        if last > end or last < start:
            return
        yield kind, start, last
        if kind in HEADERS:
            yield from _boxes(content, start + HEADERS[kind], last, seen, depth + 1)
        at = last


def _items(body: bytes) -> list[int]:
    """Where the items of a file begin, by an `iloc` box."""
    version = body[0]
    offset_bytes, length_bytes, base_bytes = body[4] >> 4, body[4] & 15, body[5] >> 4
    index_bytes = body[5] & 15 if version else 0
    wide = version == 2
    at = 10 if wide else 8
    begins: list[int] = []
    items = int.from_bytes(body[6:at], "big")
    if items > MAX_ITEMS:
        raise TooManyBoxes
    for _ in range(items):
        at += (4 if wide else 2) + (2 if version else 0) + 2
        base = int.from_bytes(body[at : at + base_bytes], "big")
        at += base_bytes
        (extents,) = struct.unpack_from(">H", body, at)
        at += 2
        if extents and at + index_bytes + offset_bytes <= len(body):
            first = at + index_bytes
            begins.append(base + int.from_bytes(body[first : first + offset_bytes], "big"))
        at += extents * (index_bytes + offset_bytes + length_bytes)
    return begins


def codestream_sizes(codestream: bytes) -> Iterator[tuple[int, int]]:
    """The size that JPEG 2000 gives (ISO/IEC 15444-1, A.5.1): of the picture on its grid, and of one of its tiles."""
    if codestream.startswith(CODESTREAM) and len(codestream) >= 40:
        right, bottom, left, top, tile_width, tile_height = struct.unpack_from(">6I", codestream, 8)
        yield max(0, right - left), max(0, bottom - top)
        yield min(tile_width, right), min(tile_height, bottom)


# --- AV1


def _av1(units: bytes) -> Iterator[tuple[int, int]]:
    """The size in the first sequence header among some units, if there is one at the beginning."""
    at = 0
    while at + 2 <= len(units):
        head = units[at]
        if head & 0x81 or not head & 2:  # a forbidden bit, or a unit without a size: no AV1
            return
        at += 2 if head & 4 else 1
        length, at = _leb128(units, at)
        if head >> 3 & 15 == SEQUENCE_HEADER:
            yield _sequence_size(_Bits(units[at : at + length]))
            return
        at += length


def _leb128(units: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 56, 7):
        byte = units[at]
        at += 1
        value |= (byte & 127) << shift
        if not byte & 128:
            break
    return value, at


def _sequence_size(bits: "_Bits") -> tuple[int, int]:
    bits.skip(4)  # profile, still picture
    if bits.take(1):  # reduced header
        bits.skip(5)
    else:
        _skip_operating_points(bits)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    return _cropped(bits.take(across) + 1, bits.take(down) + 1)


def _skip_operating_points(bits: "_Bits") -> None:
    delay_bits = 0
    has_model = False
    if bits.take(1):  # timing info
        bits.skip(64)
        if bits.take(1):
            bits.exponential()
        has_model = bool(bits.take(1))
        if has_model:
            delay_bits = bits.take(5) + 1
            bits.skip(42)
    has_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.skip(12)
        if bits.take(5) > 7:  # level
            bits.skip(1)
        if has_model and bits.take(1):
            bits.skip(2 * delay_bits + 1)
        if has_delay and bits.take(1):
            bits.skip(4)


# --- HEVC


def _hevc(record: bytes) -> Iterator[tuple[int, int]]:
    """The sizes in the parameter sets of an `hvcC` box."""
    at = 23
    for _ in range(record[22]):
        kind = record[at] & 63
        (units,) = struct.unpack_from(">H", record, at + 1)
        at += 3
        for _ in range(units):
            (length,) = struct.unpack_from(">H", record, at)
            at += 2
            if kind == SPS:
                yield _parameter_size(_Bits(record[at + 2 : at + length].replace(b"\0\0\3", b"\0\0")))
            at += length


def _parameter_size(bits: "_Bits") -> tuple[int, int]:
    bits.skip(4)
    layers = bits.take(3)
    bits.skip(1 + 88 + 8)  # nesting, general profile and level
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.skip(2 * (8 - layers))
    for has_profile, has_level in present:
        bits.skip(88 * has_profile + 8 * has_level)
    bits.exponential()  # id
    if bits.exponential() == 3:  # chroma format
        bits.skip(1)
    return _cropped(bits.exponential(), bits.exponential())


def _cropped(width: int, height: int) -> tuple[int, int]:
    """What is left of a coded size at least: pictures are coded in whole blocks, whose rest is cut off."""
    return max(1, width - BLOCK + 1), max(1, height - BLOCK + 1)


class _Bits:
    """Bits of some bytes, the highest first. Reading beyond the end raises IndexError."""

    def __init__(self, content: bytes) -> None:
        self._number = int.from_bytes(content[:1024], "big")
        self._left = 8 * len(content[:1024])

    def take(self, count: int) -> int:
        self.skip(count)
        return self._number >> self._left & ((1 << count) - 1)

    def skip(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise IndexError("out of bits")

    def exponential(self) -> int:
        """An unsigned exponential-Golomb number."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)
