"""The size that a JPEG XL file says its picture has: its decoder takes all memory at once, before it says so.

ISO/IEC 18181-1, annex D (the size header), and 18181-2 (the boxes around it).
"""

SIGNATURE = b"\xff\x0a"
BOXES = b"\0\0\0\x0cJXL \r\n\x87\n"
BEGINNINGS = (SIGNATURE, BOXES)
MAX_BOXES = 1_000
LENGTHS = (9, 13, 18, 30)  # bits of a side
# A width of 0: it is given like the height. Else it is the height times this.
RATIOS = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def size(content: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None where they cannot be read."""
    codestream = content if content.startswith(SIGNATURE) else _codestream(content)
    if not codestream.startswith(SIGNATURE) or len(codestream) < 12:
        return None
    bits = _LowestFirst(codestream[2:12])
    is_small = bits.take(1)
    height = _side(bits, is_small)
    times, by = RATIOS[bits.take(3)]
    return (height * times // by if times else _side(bits, is_small)), height


def _side(bits: "_LowestFirst", is_small: int) -> int:
    return 8 * (bits.take(5) + 1) if is_small else bits.take(LENGTHS[bits.take(2)]) + 1


def _codestream(content: bytes) -> bytes:
    """The beginning of the coded picture: in one box, or in several, the first of which begins with a number."""
    at = 0
    for _ in range(MAX_BOXES):
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        start = at + 8
        if length == 1:
            length = int.from_bytes(content[start : start + 8], "big")
            start += 8
        if kind in (b"jxlc", b"jxlp"):
            start += 4 if kind == b"jxlp" else 0
            return content[start : start + 32]
        if length < 8:  # it goes on to the end of the file
            break
        at += length
    return b""


class _LowestFirst:
    """Bits of some bytes, the lowest first."""

    def __init__(self, content: bytes) -> None:
        self._number = int.from_bytes(content, "little")

    def take(self, count: int) -> int:
        value = self._number & ((1 << count) - 1)
        self._number >>= count
        return value
