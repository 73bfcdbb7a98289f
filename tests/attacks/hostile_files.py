"""Picture files that cost far more to read than to send, large files that are honest, and small files to damage.

`KINDS` names the attacks, `LARGE_BUT_HONEST` the pictures at the pixel limit that must still be taken. Every
function returns the bytes of a file of at most 20 MB, is quick, and returns the same bytes each time.
"""

import lzma
import random
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pillow_heif
from PIL import Image as PillowImage
from PIL import PngImagePlugin

MEGABYTE = 2**20
ALMOST_20_MB = 19_000_000
GIGABYTE = 2**30
PIXEL_LIMIT = 50_000_000
WIDE, HIGH = 8164, 6124  # 49,996,336 pixels, 4:3
SIDE = 7071  # the largest square under 50 megapixels
SEED = 20


# ---- bits, and data that deflate makes small -----------------------------------------------------------------


def _packed(bits: str) -> bytes:
    """A string of 0 and 1 as bytes, the first bit highest, filled up with zeros."""
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _packed_low_first(bits: str) -> bytes:
    """A string of 0 and 1 as bytes, the first bit lowest: GIF's and WebP's order."""
    bits += "0" * (-len(bits) % 8)
    return int(bits[::-1], 2).to_bytes(len(bits) // 8, "little")


def _number(value: int, width: int) -> str:
    return f"{value:0{width}b}"


def _low_first(value: int, width: int) -> str:
    return _number(value, width)[::-1]


def _exp_golomb(value: int) -> str:
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code


@cache
def _deflated_megabyte() -> bytes:
    """A raw deflate block of 2**20 zeros, which can be repeated: 1 kB."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeeze.compress(bytes(MEGABYTE)) + squeeze.flush(zlib.Z_FULL_FLUSH)


def zeros_deflated(count: int) -> bytes:
    """A zlib stream of `count` zeros. Made from repeated blocks: nobody has to deflate gigabytes."""
    whole, rest = divmod(count, MEGABYTE)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = squeeze.compress(bytes(rest)) + squeeze.flush()
    adler = struct.pack(">I", (count % 65521) << 16 | 1)  # Adler-32 of zeros
    return b"\x78\xda" + _deflated_megabyte() * whole + tail + adler


def random_bytes(count: int) -> bytes:
    return random.Random(SEED).randbytes(count)


# ---- GIF -----------------------------------------------------------------------------------------------------

GIF_ONE_PIXEL = b"\x02\x02\x4c\x01\x00"  # code size, one sub-block, the end
GIF_FRAMES = 200_000


def gif(screen: tuple[int, int], *blocks: bytes) -> bytes:
    palette = b"\x00\x00\x00\xff\xff\xff"
    return b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + palette + b"".join(blocks) + b";"


def gif_control(*, disposal: int, transparent: bool = False) -> bytes:
    return b"!\xf9\x04" + bytes([disposal << 2 | transparent]) + b"\x00\x00\x00\x00"


def gif_frame(left: int, top: int, width: int, height: int, body: bytes = GIF_ONE_PIXEL, *, flags: int = 0) -> bytes:
    return b"," + struct.pack("<HHHHB", left, top, width, height, flags) + body


def gif_sub_blocks(data: bytes) -> bytes:
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\x00"


def lzw_of_one_colour(pixels: int) -> bytes:
    """LZW data of `pixels` equal pixels: each code is the one before with one more pixel, up to the 4,095th."""
    codes, made, width, length = ["001", "000"], 1, 3, 1  # in the order of the bits: 4 is "clear", 0 the colour
    code = 6
    while made < pixels:
        length = min(length + 1, 4091)
        codes.append(_low_first(code, width))
        made += length
        if code < 4095:
            code += 1
            width = min(12, max(width, code.bit_length()))
    return b"\x02" + gif_sub_blocks(_packed_low_first("".join(codes)))


def gif_frame_of_4_gigapixels_43_bytes() -> bytes:
    """The case from the wild: disposal 2 makes Pillow fill a background of the frame's size at once."""
    return gif((1, 1), gif_control(disposal=2), gif_frame(0, 0, 65_535, 65_535))


def gif_frame_of_4_gigapixels_disposal_3() -> bytes:
    return gif((1, 1), gif_control(disposal=3, transparent=True), gif_frame(0, 0, 65_535, 65_535))


def gif_screen_of_4_gigapixels() -> bytes:
    return gif((65_535, 65_535), gif_frame(0, 0, 1, 1))


def gif_frame_far_outside() -> bytes:
    return gif((1, 1), gif_frame(65_000, 65_000, 1, 1))


def gif_frame_outside_under_the_limit() -> bytes:
    """The frame makes the screen grow to 50 megapixels."""
    return gif((1, 1), gif_control(disposal=2, transparent=True), gif_frame(SIDE - 1, SIDE - 1, 1, 1))


def gif_second_frame_of_4_gigapixels() -> bytes:
    return gif((1, 1), gif_frame(0, 0, 1, 1), gif_control(disposal=2), gif_frame(0, 0, 65_535, 65_535))


def gif_200_000_frames() -> bytes:
    return gif((1, 1), (gif_control(disposal=1) + gif_frame(0, 0, 1, 1)) * GIF_FRAMES)


def gif_lzw_bomb() -> bytes:
    """50 megapixels of one colour in 19 kB."""
    return gif((SIDE, SIDE), gif_frame(0, 0, SIDE, SIDE, lzw_of_one_colour(SIDE * SIDE)))


def gif_lzw_bomb_interlaced() -> bytes:
    return gif((SIDE, SIDE), gif_frame(0, 0, SIDE, SIDE, lzw_of_one_colour(SIDE * SIDE), flags=0x40))


def gif_19_mb_of_clear_codes() -> bytes:
    """Data that never yields a pixel: 4 ("clear") in three bits, again and again."""
    clears = bytes([0b00100100, 0b01001001, 0b10010010]) * 85  # 255 bytes: one sub-block
    body = b"\x02" + (b"\xff" + clears) * (ALMOST_20_MB // 256) + b"\x00"
    return gif((SIDE, SIDE), gif_frame(0, 0, SIDE, SIDE, body))


def gif_9_million_empty_extensions() -> bytes:
    return gif((1, 1), b"!\x01\x00" * (ALMOST_20_MB // 3), gif_frame(0, 0, 1, 1))


def gif_comment_of_9_million_blocks() -> bytes:
    return gif((1, 1), b"!\xfe" + b"\x01a" * (ALMOST_20_MB // 2) + b"\x00", gif_frame(0, 0, 1, 1))


# ---- TIFF ----------------------------------------------------------------------------------------------------

BYTE, ASCII, SHORT, LONG, UNDEFINED = 1, 2, 3, 4, 7
NONE, LZW, JPEG_7, DEFLATE, PACKBITS, LZMA, ZSTD = 1, 5, 7, 8, 32773, 34925, 50000
DATA_AT = 8  # where `tiff` puts the pictures' data
IFD_TAGS = (330, 34665, 34853, 40965)  # SubIFDs, EXIF, GPS, interoperability
PREDICTOR = 317
WINDOWS_MEDIA_PHOTO = 0xBC01  # Pillow refuses it
TIFF_STRIPS = 2_400_000
TIFF_TILE = 45_056
TIFF_PAGES = 10_000


@dataclass(frozen=True)
class Tag:
    """One entry of an IFD; `value` holds all its bytes, or, in four bytes, where more of them lie."""

    number: int
    type: int
    count: int
    value: bytes


def short(number: int, *values: int) -> Tag:
    return Tag(number, SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def long(number: int, *values: int) -> Tag:
    return Tag(number, LONG, len(values), struct.pack(f"<{len(values)}I", *values))


def ifd(tags: Sequence[Tag], at: int, *, next_ifd: int = 0) -> bytes:
    """An IFD that lies at offset `at`, with its long values behind it."""
    values_at = at + 2 + 12 * len(tags) + 4
    entries, values, used = [], [], 0
    for tag in tags:
        value = tag.value
        if len(value) > 4:
            values.append(value + b"\x00" * (len(value) % 2))
            value = struct.pack("<I", values_at + used)
            used += len(values[-1])
        entries.append(struct.pack("<HHI4s", tag.number, tag.type, tag.count, value))
    return struct.pack("<H", len(tags)) + b"".join(entries) + struct.pack("<I", next_ifd) + b"".join(values)


def tiff(tags: Sequence[Tag], data: bytes = b"", *, is_loop: bool = False) -> bytes:
    """A little-endian TIFF: header, data, one IFD, which with `is_loop` names itself as the next."""
    data += b"\x00" * (len(data) % 2)
    at = DATA_AT + len(data)
    directory = ifd(sorted(tags, key=lambda tag: tag.number), at, next_ifd=at if is_loop else 0)
    return struct.pack("<2sHI", b"II", 42, at) + data + directory


def tiff_picture(
    width: int,
    height: int,
    *,
    compression: int = NONE,
    bits: Sequence[int] = (8,),
    photometric: int = 1,
    **changes: Tag,
) -> list[Tag]:
    """The tags of a picture of one strip; `changes` by any name are put in place of those with the same number."""
    tags = [
        long(256, width),
        long(257, height),
        short(258, *bits),
        short(259, compression),
        short(262, photometric),
        long(273, DATA_AT),
        short(277, len(bits)),
        long(278, height),
        long(279, max(1, width * height * sum(bits) // 8)),
    ]
    if len(bits) == 4 and photometric == 2:
        tags.append(short(338, 2))
    by_number = {tag.number: tag for tag in tags} | {tag.number: tag for tag in changes.values()}
    return list(by_number.values())


def tiff_tile_of_2_gigapixels() -> bytes:
    """A picture of 100 x 100 in one tile of 45,056 x 45,056, whose 2 MB inflate to 2 GB."""
    return _tiff_of_one_tile(TIFF_TILE, zeros_deflated(TIFF_TILE * TIFF_TILE))


def tiff_tile_of_2_gigapixels_and_no_data() -> bytes:
    return _tiff_of_one_tile(TIFF_TILE, zeros_deflated(100))


def _tiff_of_one_tile(side: int, data: bytes) -> bytes:
    tags = tiff_picture(100, 100, compression=DEFLATE)
    kept = [tag for tag in tags if tag.number not in (273, 278, 279)]
    tile = [long(322, side), long(323, side), long(324, DATA_AT), long(325, len(data))]
    return tiff(kept + tile, data)


def tiff_2_400_000_strips() -> bytes:
    return _tiff_of_strips(TIFF_STRIPS, NONE)


def tiff_2_400_000_deflated_strips() -> bytes:
    return _tiff_of_strips(TIFF_STRIPS, DEFLATE)


def _tiff_of_strips(count: int, compression: int) -> bytes:
    """A picture one pixel wide whose strips are all the same bytes."""
    data = zlib.compress(b"\x00") if compression == DEFLATE else b"\x00\x00"
    size = len(data) if compression == DEFLATE else 1
    offsets = Tag(273, LONG, count, struct.pack("<I", DATA_AT) * count)
    sizes = Tag(279, LONG, count, struct.pack("<I", size) * count)
    tags = tiff_picture(1, count, compression=compression, a=offsets, b=sizes, c=long(278, 1))
    return tiff(tags, data)


def tiff_65_000_entries() -> bytes:
    return tiff(tiff_picture(10, 10) + [short(number, 1) for number in _meaningless(65_000)], bytes(100))


def tiff_entries_share_one_value() -> bytes:
    """60,000 entries whose value is the same 15 MB: 900 GB for a reader that copies each."""
    return tiff(tiff_picture(10, 10) + _sharing(60_000, 15_000_000), bytes(15_000_000))


def tiff_few_entries_share_one_value() -> bytes:
    """100 entries whose value is the same 15 MB: 1.5 GB, which may pass under a limit on memory."""
    return tiff(tiff_picture(10, 10) + _sharing(100, 15_000_000), bytes(15_000_000))


def tiff_entries_share_one_list() -> bytes:
    """The shared value is a list of numbers, which Python unpacks to 9 times its size."""
    return tiff(tiff_picture(10, 10) + _sharing(20, 15_000_000, kind=BYTE), bytes(15_000_000))


def _sharing(entries: int, size: int, *, kind: int = UNDEFINED) -> list[Tag]:
    return [Tag(number, kind, size, struct.pack("<I", DATA_AT)) for number in _meaningless(entries)]


def _meaningless(count: int) -> list[int]:
    """Numbers of tags that neither say how the picture is stored nor where another IFD lies."""
    return [number for number in range(400, 65_536) if number not in (*IFD_TAGS, WINDOWS_MEDIA_PHOTO)][:count]


def tiff_ifd_loop() -> bytes:
    return tiff(tiff_picture(10, 10), bytes(100), is_loop=True)


def tiff_sub_ifd_loop() -> bytes:
    """All further IFDs are the IFD that names them."""
    at = DATA_AT + 100
    return tiff(tiff_picture(10, 10) + [long(number, at) for number in IFD_TAGS], bytes(100))


def tiff_offsets_count_of_2_to_the_31() -> bytes:
    return tiff(tiff_picture(10, 10, a=Tag(273, LONG, 2**31, struct.pack("<I", DATA_AT))), bytes(100))


def tiff_big_with_a_count_of_2_to_the_62() -> bytes:
    """BigTIFF, whose counts have 64 bits."""
    tags = [*tiff_picture(10, 10), Tag(50_000, BYTE, 2**62, b"\x08\x00\x00\x00")]
    return _big_tiff(tags, bytes(100))


def tiff_big_of_900_000_entries() -> bytes:
    """BigTIFF has no limit of 65,535; all the further entries are the same one."""
    return _big_tiff(tiff_picture(10, 10), bytes(100), further=900_000)


def _big_tiff(tags: Sequence[Tag], data: bytes, *, further: int = 0) -> bytes:
    data_at = 16
    entries = []
    for tag in sorted(tags, key=lambda tag: tag.number):
        value = struct.pack("<I", data_at) if tag.number == 273 else tag.value
        entries.append(struct.pack("<HHQ8s", tag.number, tag.type, tag.count, value))
    entries.append(struct.pack("<HHQ8s", 60_000, SHORT, 1, b"\x01") * further)
    header = struct.pack("<2sHHHQ", b"II", 43, 8, 0, data_at + len(data))
    return header + data + struct.pack("<Q", len(tags) + further) + b"".join(entries) + bytes(8)


def tiff_deflate_bomb() -> bytes:
    """A strip of 10 MB that inflates to 10 GB, of a picture of 100 x 100."""
    return _tiff_of_one_strip(100, 100, DEFLATE, zeros_deflated(10 * GIGABYTE))


def tiff_lzma_bomb() -> bytes:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": MEGABYTE}]
    return _tiff_of_one_strip(100, 100, LZMA, lzma.compress(bytes(100 * MEGABYTE), filters=filters))


def tiff_zstd_bomb() -> bytes:
    """Zstandard blocks that say "131,072 zeros" in 4 bytes: 19 MB for 600 GB."""
    block = struct.pack("<I", 131_072 << 3 | 1 << 1)[:3] + b"\x00"
    data = b"\x28\xb5\x2f\xfd\x00\x38" + block * (ALMOST_20_MB // 4) + b"\x01\x00\x00"
    return _tiff_of_one_strip(100, 100, ZSTD, data)


def tiff_packbits_bomb() -> bytes:
    return _tiff_of_one_strip(SIDE, SIDE, PACKBITS, b"\x81\x00" * (SIDE * SIDE // 128 + 1))


def tiff_rows_per_strip_of_2_to_the_32() -> bytes:
    data = zeros_deflated(100 * MEGABYTE)
    tags = tiff_picture(30_000, 100, compression=DEFLATE, a=long(278, 2**32 - 1), b=long(279, len(data)))
    return tiff(tags, data)


def _tiff_of_one_strip(width: int, height: int, compression: int, data: bytes) -> bytes:
    return tiff(tiff_picture(width, height, compression=compression, a=long(279, len(data))), data)


def tiff_rgba_16_bit_50_megapixels() -> bytes:
    data = zeros_deflated(SIDE * SIDE * 8)
    bits = (16, 16, 16, 16)
    tags = tiff_picture(SIDE, SIDE, compression=DEFLATE, bits=bits, photometric=2, a=long(279, len(data)))
    return tiff(tags, data)


def tiff_jpeg_of_1_000_scans() -> bytes:
    data = jpeg_of_scans(7000, 7000, 1000)
    return _tiff_of_one_strip(7000, 7000, JPEG_7, data)


def tiff_65_535_samples() -> bytes:
    return tiff(tiff_picture(10, 10, a=short(277, 65_535), b=Tag(258, SHORT, 65_535, b"\x08\x00" * 65_535)), bytes(100))


def tiff_description_of_19_mb() -> bytes:
    return tiff([*tiff_picture(10, 10), Tag(270, ASCII, ALMOST_20_MB, b"a" * (ALMOST_20_MB - 1) + b"\x00")], bytes(100))


def tiff_10_000_pages() -> bytes:
    tags = tiff_picture(10, 10)
    size = len(ifd(tags, 0))
    first = DATA_AT + 100
    pages = [
        ifd(tags, first + page * size, next_ifd=first + (page + 1) * size if page < TIFF_PAGES - 1 else 0)
        for page in range(TIFF_PAGES)
    ]
    return struct.pack("<2sHI", b"II", 42, first) + bytes(100) + b"".join(pages)


# ---- JPEG ----------------------------------------------------------------------------------------------------

BASELINE, PROGRESSIVE, ARITHMETIC, ARITHMETIC_PROGRESSIVE = 0xC0, 0xC2, 0xC9, 0xCA
SOI, EOI = b"\xff\xd8", b"\xff\xd9"
FLAT_TABLE = bytes([0]) + bytes([1]) * 64
# Bits of coefficients, from the thirteenth down; a scan may start again from the top.
PRECISIONS = (0x0D, 0xDC, 0xCB, 0xBA, 0xA9, 0x98, 0x87, 0x76, 0x65, 0x54, 0x43, 0x32, 0x21, 0x10)
LONGEST_RUN = 32_767  # blocks that one "end of band" code skips


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def quantization() -> bytes:
    return segment(0xDB, FLAT_TABLE)


def huffman(table: int, symbol: int) -> bytes:
    """A table with one code, the bit 0."""
    return segment(0xC4, bytes([table, 1]) + bytes(15) + bytes([symbol]))


def frame_header(kind: int, width: int, height: int, components: int = 1, *, sampling: int = 0x11) -> bytes:
    parts = b"".join(bytes([number + 1, sampling if number == 0 else 0x11, 0]) for number in range(components))
    return segment(kind, struct.pack(">BHHB", 8, height, width, components) + parts)


def scan_header(*components: int, first: int, last: int, precision: int = 0) -> bytes:
    parts = b"".join(bytes([number, 0]) for number in components)
    return segment(0xDA, bytes([len(components)]) + parts + bytes([first, last, precision]))


def _blocks(width: int, height: int) -> int:
    return -(-width // 8) * -(-height // 8)


def _skipping(blocks: int) -> bytes:
    """Scan data that says of every block that nothing is in it: 15 bits for 32,767 blocks."""
    bits = ("0" + "1" * 14) * (blocks // LONGEST_RUN + 1)
    return _packed(bits + "1" * (-len(bits) % 8)).replace(b"\xff", b"\xff\x00")


def jpeg_of_scans(width: int, height: int, scans: int) -> bytes:
    """A grey progressive JPEG that refines all its coefficients `scans` times, each with a hundred bytes."""
    blocks = _blocks(width, height)
    flat = scan_header(1, first=0, last=0) + bytes(blocks // 8 + 1)
    data = _skipping(blocks)
    refining = [scan_header(1, first=1, last=63, precision=PRECISIONS[scan % 14]) + data for scan in range(scans)]
    tables = quantization() + frame_header(PROGRESSIVE, width, height) + huffman(0, 0) + huffman(0x10, 0xE0)
    return SOI + tables + flat + b"".join(refining) + EOI


def jpg_1_000_scans() -> bytes:
    """The case from the wild: 7,000 x 7,000, 200 kB, 27 s."""
    return jpeg_of_scans(7000, 7000, 1000)


def jpg_6_000_scans_of_50_megapixels() -> bytes:
    return jpeg_of_scans(WIDE, HIGH, 6000)


def jpg_19_mb_of_scans() -> bytes:
    return jpeg_of_scans(WIDE, HIGH, 245_000)


def jpg_20_000_scans_without_data() -> bytes:
    """Scans of 10 bytes: a header and nothing; libjpeg takes the missing data as zeros."""
    scans = scan_header(1, first=1, last=63, precision=0x0D) + scan_header(1, first=1, last=63, precision=0xDC)
    tables = quantization() + frame_header(PROGRESSIVE, WIDE, HIGH) + huffman(0, 0) + huffman(0x10, 0xE0)
    return SOI + tables + scan_header(1, first=0, last=0) + b"\x00" + scans * 10_000 + EOI


def jpg_fill_bytes_before_a_marker() -> bytes:
    return SOI + b"\xff" * ALMOST_20_MB + small_jpeg()[2:]


def jpg_fill_bytes_only() -> bytes:
    return SOI + b"\xff" * ALMOST_20_MB


def jpg_fill_bytes_as_scan() -> bytes:
    return SOI + _baseline_tables(WIDE, HIGH) + scan_header(1, first=0, last=63) + b"\xff" * ALMOST_20_MB


def jpg_zeros_before_a_marker() -> bytes:
    """What is no marker is passed over, byte for byte."""
    return SOI + segment(0xFE, b"a") + bytes(ALMOST_20_MB) + small_jpeg()[2:]


def jpg_300_000_segments() -> bytes:
    pieces = (segment(0xE5, b"abc") + segment(0xFE, b"def")) * 150_000
    return SOI + pieces + small_jpeg()[2:]


def jpg_4_million_empty_segments() -> bytes:
    return SOI + segment(0xFE, b"") * (ALMOST_20_MB // 4) + small_jpeg()[2:]


def jpg_exif_in_a_million_pieces() -> bytes:
    """Pillow joins the pieces one by one: the cost grows with the square of their number."""
    return SOI + segment(0xE1, b"Exif\x00\x00" + b"a" * 10) * (ALMOST_20_MB // 20) + small_jpeg()[2:]


def jpg_header_of_4_gigapixels() -> bytes:
    return SOI + _baseline_tables(65_500, 65_500) + scan_header(1, first=0, last=63) + bytes(100) + EOI


def jpg_50_megapixels_and_no_data() -> bytes:
    return SOI + _baseline_tables(WIDE, HIGH) + scan_header(1, first=0, last=63) + EOI


def _baseline_tables(width: int, height: int, kind: int = BASELINE) -> bytes:
    return quantization() + frame_header(kind, width, height) + huffman(0, 0) + huffman(0x10, 0)


def jpg_cmyk_progressive_50_megapixels() -> bytes:
    """All coefficients of four components are held at once: 400 MB."""
    blocks = _blocks(WIDE, HIGH)
    tables = quantization() + frame_header(PROGRESSIVE, WIDE, HIGH, 4) + huffman(0, 0) + huffman(0x10, 0xE0)
    flat = scan_header(1, 2, 3, 4, first=0, last=0) + bytes(blocks // 2 + 1)
    bands = [scan_header(number, first=1, last=63) + _skipping(blocks) for number in (1, 2, 3, 4)]
    return SOI + tables + flat + b"".join(bands) + EOI


def jpg_arithmetic_50_megapixels() -> bytes:
    return SOI + _baseline_tables(WIDE, HIGH, ARITHMETIC) + scan_header(1, first=0, last=63) + bytes(1000) + EOI


def jpg_arithmetic_1_000_scans_without_data() -> bytes:
    """Arithmetic coding needs no data at all: what is missing is decoded as zeros, at full cost."""
    scans = scan_header(1, first=1, last=63, precision=0x0D) + scan_header(1, first=1, last=63, precision=0xDC)
    tables = quantization() + frame_header(ARITHMETIC_PROGRESSIVE, WIDE, HIGH)
    return SOI + tables + scan_header(1, first=0, last=0) + scans * 500 + EOI


def jpg_100_000_huffman_tables() -> bytes:
    return SOI + huffman(0, 0) * 100_000 + small_jpeg()[2:]


def jpg_270_000_quantization_tables() -> bytes:
    return SOI + quantization() * (ALMOST_20_MB // 69) + small_jpeg()[2:]


def jpg_tables_after_the_scan() -> bytes:
    """Tables where Pillow no longer looks and libjpeg does."""
    tables = _baseline_tables(100, 100, PROGRESSIVE) + scan_header(1, first=0, last=0) + bytes(30)
    return SOI + tables + quantization() * (ALMOST_20_MB // 69) + EOI


def jpg_millions_of_restarts() -> bytes:
    """A restart after every block, and millions more where the picture is already full."""
    blocks = _blocks(WIDE, HIGH)
    restarts = b"".join(b"\x3f\xff" + bytes([0xD0 + number]) for number in range(8))
    head = _baseline_tables(WIDE, HIGH) + segment(0xDD, b"\x00\x01") + scan_header(1, first=0, last=63)
    return SOI + head + restarts * (blocks // 8 + 1) + b"\xff\xd0" * 8_000_000 + EOI


def jpg_wrong_restarts() -> bytes:
    """Restarts are promised after every block; the data have only the last of the eight marks."""
    head = _baseline_tables(WIDE, HIGH) + segment(0xDD, b"\x00\x01") + scan_header(1, first=0, last=63)
    return SOI + head + b"\x3f\xff\xd7" * 6_000_000 + EOI


def jpg_random_scan_data() -> bytes:
    return small_jpeg(7000)[:700] + random_bytes(ALMOST_20_MB).replace(b"\xff", b"\xfe") + EOI


def exif_segments(exif: bytes) -> bytes:
    """EXIF data as APP1 segments, which Pillow joins."""
    size = 65_000
    return b"".join(segment(0xE1, b"Exif\x00\x00" + exif[start : start + size]) for start in range(0, len(exif), size))


def jpg_exif_ifd_loop() -> bytes:
    at = DATA_AT + 4
    tags = [short(274, 6), *(long(number, at) for number in IFD_TAGS)]
    return SOI + exif_segments(tiff(tags, bytes(4), is_loop=True)) + small_jpeg()[2:]


def jpg_exif_65_000_entries() -> bytes:
    """The orientation makes Pillow write the EXIF data again."""
    tags = [short(274, 6), *(short(number, 1) for number in _meaningless(65_000))]
    return SOI + exif_segments(tiff(tags)) + small_jpeg()[2:]


def jpg_exif_entries_share_one_value() -> bytes:
    """4,000 entries in one segment, each of the same 16 kB."""
    return SOI + exif_segments(_sharing_exif(4000, 16_000)) + small_jpeg()[2:]


def jpg_exif_entries_share_16_mb() -> bytes:
    """The same over many segments: 65,000 entries, each of the same 16 MB."""
    return SOI + exif_segments(_sharing_exif(65_000, 16_000_000)) + small_jpeg()[2:]


def _sharing_exif(entries: int, size: int) -> bytes:
    return tiff([short(274, 6), *_sharing(entries, size)], bytes(size))


def jpg_mpo_of_4_000_pictures() -> bytes:
    count, picture = 4000, small_jpeg(16)
    index_size = 4 + len(_mpo_index(count, 0, 0))
    first_size = 2 + 4 + index_size + len(picture) - 2
    index = _mpo_index(count, first_size - 2 - 4 - 4, len(picture))
    return SOI + segment(0xE2, b"MPF\x00" + index) + picture[2:] + picture * (count - 1)


def _mpo_index(count: int, second_at: int, size: int) -> bytes:
    places = [0] + [second_at + number * size for number in range(count - 1)]
    entries = b"".join(struct.pack("<IIIHH", 0x030000, size, place, 0, 0) for place in places)
    tags = [
        Tag(0xB000, UNDEFINED, 4, b"0100"),
        long(0xB001, count),
        Tag(0xB002, UNDEFINED, len(entries), entries),
    ]
    return tiff(tags)


def jpg_and_zip() -> bytes:
    """A picture that is a zip as well: to be taken as a picture."""
    name = b"a.txt"
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name
    at = len(small_jpeg())
    central = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, at
    )
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(central) + len(name), at + len(local), 0)
    return small_jpeg() + local + central + name + end


@cache
def small_jpeg(side: int = 32) -> bytes:
    return _saved(PillowImage.new("RGB", (side, side), (200, 90, 30)), "JPEG")


# ---- PNG -----------------------------------------------------------------------------------------------------

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
PNG_FRAMES = 100_000


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int,
    height: int,
    *parts: bytes,
    depth: int = 8,
    colour: int = GREY,
    interlaced: bool = False,
) -> bytes:
    """A PNG with `parts` between header and end."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return PNG_HEAD + chunk(b"IHDR", header) + b"".join(parts) + chunk(b"IEND")


def png_zeros(width: int, height: int, *before: bytes, depth: int = 8, colour: int = GREY) -> bytes:
    samples = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}[colour]
    row = 1 + -(-width * depth * samples // 8)
    return png(width, height, *before, chunk(b"IDAT", zeros_deflated(row * height)), depth=depth, colour=colour)


def _one_pixel() -> bytes:
    return chunk(b"IDAT", zlib.compress(b"\x00\x00"))


def png_50_million_high() -> bytes:
    return png_zeros(1, PIXEL_LIMIT)


def png_50_million_wide() -> bytes:
    return png_zeros(PIXEL_LIMIT, 1)


def png_50_million_wide_rgba_16_bit() -> bytes:
    return png_zeros(PIXEL_LIMIT, 1, depth=16, colour=RGBA)


def png_50_million_high_interlaced() -> bytes:
    return png(1, PIXEL_LIMIT, chunk(b"IDAT", zeros_deflated(2 * PIXEL_LIMIT)), interlaced=True)


def png_900_megapixels_of_1_bit() -> bytes:
    return png_zeros(30_000, 30_000, depth=1)


def png_50_megapixels_of_1_bit() -> bytes:
    return png_zeros(SIDE, SIDE, depth=1)


def png_icc_bomb() -> bytes:
    return png(1, 1, chunk(b"iCCP", b"a\x00\x00" + zeros_deflated(15 * GIGABYTE)), _one_pixel())


def png_17_000_icc_profiles() -> bytes:
    """Each profile inflates to 1 MB, which is allowed; together they are 17 GB."""
    return png(1, 1, chunk(b"iCCP", b"a\x00\x00" + zeros_deflated(MEGABYTE - 1)) * 17_000, _one_pixel())


def png_ztxt_bomb() -> bytes:
    return png(1, 1, chunk(b"zTXt", b"a\x00\x00" + zeros_deflated(15 * GIGABYTE)), _one_pixel())


def png_itxt_bomb() -> bytes:
    return png(1, 1, chunk(b"iTXt", b"a\x00\x01\x00\x00\x00" + zeros_deflated(15 * GIGABYTE)), _one_pixel())


def png_1_000_texts_of_1_mb() -> bytes:
    return png(1, 1, chunk(b"zTXt", b"a\x00\x00" + zeros_deflated(MEGABYTE - 1)) * 1000, _one_pixel())


def png_texts_after_the_picture() -> bytes:
    return png(1, 1, _one_pixel(), chunk(b"zTXt", b"a\x00\x00" + zeros_deflated(MEGABYTE - 1)) * 1000)


def png_idat_bomb() -> bytes:
    """One pixel, whose data go on for 15 GB."""
    return png(1, 1, chunk(b"IDAT", zeros_deflated(15 * GIGABYTE)))


def png_19_mb_of_empty_data_chunks() -> bytes:
    return png(1, 1, chunk(b"IDAT") * (ALMOST_20_MB // 12), _one_pixel())


def png_1_500_000_small_chunks() -> bytes:
    return png(1, 1, chunk(b"abCd") * 1_500_000, _one_pixel())


def png_1_500_000_small_chunks_behind() -> bytes:
    return png(1, 1, _one_pixel(), chunk(b"abCd") * 1_500_000)


def png_interlaced_rgba_16_bit() -> bytes:
    side = 7000
    passes = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))
    size = sum(
        len(range(top, side, down)) * (1 + 8 * len(range(left, side, right))) for left, right, top, down in passes
    )
    return png(side, side, chunk(b"IDAT", zeros_deflated(size)), depth=16, colour=RGBA, interlaced=True)


def png_rgba_16_bit_50_megapixels() -> bytes:
    return png_zeros(SIDE, SIDE, depth=16, colour=RGBA)


def png_palette_with_transparency() -> bytes:
    palette = chunk(b"PLTE", bytes(range(256)) * 3) + chunk(b"tRNS", bytes(range(256)))
    return png_zeros(7000, 7000, palette, colour=PALETTE)


def png_apng_100_000_frames() -> bytes:
    data = zlib.compress(b"\x00\x00")
    frames = [chunk(b"fcTL", _frame_control(0)), chunk(b"IDAT", data)]
    for number in range(1, PNG_FRAMES):
        frames.append(chunk(b"fcTL", _frame_control(2 * number - 1)))
        frames.append(chunk(b"fdAT", struct.pack(">I", 2 * number) + data))
    return png(1, 1, chunk(b"acTL", struct.pack(">II", PNG_FRAMES, 0)), *frames)


def png_apng_of_2_to_the_31_frames() -> bytes:
    return png(1, 1, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)), chunk(b"fcTL", _frame_control(0)), _one_pixel())


def _frame_control(sequence: int) -> bytes:
    return struct.pack(">IIIIIHHBB", sequence, 1, 1, 0, 0, 1, 10, 0, 0)


def png_exif_entries_share_one_value() -> bytes:
    return png(1, 1, chunk(b"eXIf", _sharing_exif(60_000, 16_000_000)), _one_pixel())


def png_chunk_of_4_gb() -> bytes:
    return PNG_HEAD + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + b"\xff\xff\xff\xffiCCP" + bytes(99)


# ---- BMP -----------------------------------------------------------------------------------------------------

RLE8, RLE4, BITFIELDS = 1, 2, 3
BMP_HEAD = 14


def bmp(
    width: int,
    height: int,
    data: bytes,
    *,
    bits: int = 24,
    compression: int = 0,
    palette: bytes = b"",
    colours: int = 0,
    header: int = 40,
    masks: bytes = b"",
) -> bytes:
    """A BMP; `header` is the size of its second header, which names the version."""
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, colours, 0) + masks
        info = struct.pack("<I", header) + info[4:] + bytes(max(0, header - len(info)))
    at = BMP_HEAD + len(info) + len(palette)
    return struct.pack("<2sIHHI", b"BM", at + len(data), 0, 0, at) + info + palette + data


def bmp_run_length_1_kb() -> bytes:
    """The case from the wild: one line of 50 megapixels, filled byte by byte at the end of the line."""
    return bmp(49_999_999, 1, b"\x01\x00\x00\x00\x00\x01", bits=8, compression=RLE8, palette=bytes(1024))


def bmp_run_length_4_bit() -> bytes:
    """50 megapixels, which Pillow adds one by one."""
    data = b"\xff\x01" * (WIDE // 255 + 1) + b"\x00\x00"
    return bmp(WIDE, HIGH, data * HIGH, bits=4, compression=RLE4, palette=bytes(64))


def bmp_run_length_deltas() -> bytes:
    """Jumps by 255 lines of 50 million pixels: 12 GB each, if nothing holds them."""
    return bmp(49_999_999, 1, b"\x00\x02\xff\xff" * 1000, bits=8, compression=RLE8, palette=bytes(1024))


def bmp_run_length_that_adds_nothing() -> bytes:
    """A line that is full; the runs behind it are cut to nothing."""
    full = b"\x0a\x01" + b"\xff\x01" * (ALMOST_20_MB // 2)
    return bmp(10, 5_000_000, full, bits=8, compression=RLE8, palette=bytes(1024))


def bmp_run_length_absolute() -> bytes:
    return bmp(SIDE, SIDE, b"\x00\x03abc\x00" * (ALMOST_20_MB // 6), bits=8, compression=RLE8, palette=bytes(1024))


def bmp_top_down_50_megapixels() -> bytes:
    return bmp(WIDE, -HIGH, bytes(100))


def bmp_height_of_minus_2_to_the_31() -> bytes:
    return bmp(1, -(2**31), bytes(100))


def bmp_50_megapixels_of_1_bit() -> bytes:
    return bmp(SIDE, SIDE, bytes((SIDE + 31) // 32 * 4 * SIDE), bits=1, palette=b"\x00\x00\x00\x00\xff\x00\x00\x00")


def bmp_65_535_colours() -> bytes:
    return bmp(10, 10, bytes(120), bits=8, palette=b"\x01\x02\x03\x00" * 65_535, colours=65_535)


def bmp_4_billion_colours() -> bytes:
    return bmp(10, 10, bytes(120), bits=8, palette=bytes(1024), colours=2**32 - 1)


def bmp_os_2_version_1() -> bytes:
    return bmp(SIDE, SIDE, bytes(1000), bits=8, palette=bytes(range(256)) * 3, header=12)


def bmp_os_2_version_2() -> bytes:
    return bmp(SIDE, SIDE, bytes(1000), bits=8, palette=bytes(1024), header=64)


def bmp_bitfields_16_bit() -> bytes:
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    return bmp(3000, 3000, bytes(3000 * 3000 * 2), bits=16, compression=BITFIELDS, masks=masks)


def bmp_bitfields_that_overlap() -> bytes:
    masks = struct.pack("<IIII", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    return bmp(100, 100, bytes(40_000), bits=32, compression=BITFIELDS, masks=masks, header=124)


def bmp_header_of_4_gb() -> bytes:
    return struct.pack("<2sIHHI", b"BM", 100, 0, 0, 54) + struct.pack("<I", 2**32 - 1) + bytes(100)


# ---- WebP ----------------------------------------------------------------------------------------------------

WEBP_FRAMES = 10_000
ANIMATED, ALPHA = 0x02, 0x10


def riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2)


def webp(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_lossless(width: int, height: int) -> bytes:
    """A lossless picture of one colour in 20 bytes: every code has one symbol, so that a pixel takes no bits."""
    bits = _low_first(width - 1, 14) + _low_first(height - 1, 14) + "1" + "000" + "000" + "1000" * 5
    return riff(b"VP8L", b"\x2f" + _packed_low_first(bits + "0" * 64))


def webp_lossy(width: int, height: int, data: bytes) -> bytes:
    first = min(len(data), 2**19 - 1)
    tag = first << 5 | 1 << 4  # a key frame that is shown
    return riff(b"VP8 ", struct.pack("<I", tag)[:3] + b"\x9d\x01\x2a" + struct.pack("<HH", width, height) + data)


def webp_canvas(flags: int, width: int, height: int) -> bytes:
    sizes = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return riff(b"VP8X", bytes([flags, 0, 0, 0]) + sizes)


def webp_frame(width: int, height: int, picture: bytes) -> bytes:
    sizes = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return riff(b"ANMF", bytes(6) + sizes + b"\x01\x00\x00" + b"\x00" + picture)


def webp_lossless_268_megapixels() -> bytes:
    return webp(webp_lossless(16_383, 16_383))


def webp_lossless_50_megapixels_in_50_bytes() -> bytes:
    return webp(webp_lossless(SIDE, SIDE))


def webp_lossy_268_megapixels() -> bytes:
    return webp(webp_lossy(16_383, 16_383, bytes(100)))


def webp_lossy_50_megapixels_of_noise() -> bytes:
    return webp(webp_lossy(SIDE, SIDE, random_bytes(ALMOST_20_MB)))


def webp_canvas_of_2_to_the_48_pixels() -> bytes:
    return webp(
        webp_canvas(ANIMATED | ALPHA, 2**24, 2**24), riff(b"ANIM", bytes(6)), webp_frame(1, 1, webp_lossless(1, 1))
    )


def webp_canvas_larger_than_its_frame() -> bytes:
    return webp(webp_canvas(ALPHA, 7000, 7000), webp_lossless(10, 10))


def webp_animated_canvas_larger_than_its_frame() -> bytes:
    frame = webp_frame(10, 10, webp_lossless(10, 10))
    return webp(webp_canvas(ANIMATED | ALPHA, 7000, 7000), riff(b"ANIM", bytes(6)), frame)


def webp_10_000_frames() -> bytes:
    frames = webp_frame(16, 16, webp_lossless(16, 16)) * WEBP_FRAMES
    return webp(webp_canvas(ANIMATED | ALPHA, 16, 16), riff(b"ANIM", bytes(6)), frames)


def webp_10_000_frames_of_50_megapixels() -> bytes:
    frames = webp_frame(SIDE, SIDE, webp_lossless(SIDE, SIDE)) * WEBP_FRAMES
    return webp(webp_canvas(ANIMATED | ALPHA, SIDE, SIDE), riff(b"ANIM", bytes(6)), frames)


def webp_2_million_unknown_chunks() -> bytes:
    return webp(webp_canvas(ALPHA, 16, 16), riff(b"abcd", b"") * (ALMOST_20_MB // 8), webp_lossless(16, 16))


def webp_exif_entries_share_one_value() -> bytes:
    exif = riff(b"EXIF", _sharing_exif(60_000, 16_000_000))
    return webp(webp_canvas(ALPHA | 0x08, 16, 16), webp_lossless(16, 16), exif)


# ---- AVIF and HEIC: boxes ------------------------------------------------------------------------------------

AV1, HEVC = b"av01", b"hvc1"
HEIF_GRID = 100
HEIF_ITEMS = 60_000
NESTED_BOXES = 2_000_000


@dataclass(frozen=True)
class Item:
    """A picture, or (`grid`, `iden`, `iovl`) one that is made of other items, named by their place from 1."""

    kind: bytes
    data: bytes
    width: int
    height: int
    made_of: tuple[int, ...] = ()


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, version: int, *parts: bytes) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]), *parts)


def file_type(codec: bytes) -> bytes:
    brands = (b"avif", b"mif1", b"miaf") if codec == AV1 else (b"heic", b"mif1", b"heic")
    return box(b"ftyp", brands[0], bytes(4), *brands[1:], brands[0])


def heif(items: Sequence[Item], settings: bytes, *extra: bytes) -> bytes:
    """A file of `items`, the first of which is the primary one; equal data are stored once.

    `settings` is the box (`av1C` or `hvcC`) that the decoder needs; `extra` are further boxes of the index.
    """
    codec = AV1 if settings[4:8] == b"av1C" else HEVC
    head = file_type(codec)
    data = list(dict.fromkeys(item.data for item in items))
    places, used = {}, 0
    for part in data:
        places[part] = used
        used += len(part)
    size = len(_index(items, settings, extra, places, 0))
    return head + _index(items, settings, extra, places, len(head) + size + 8) + box(b"mdat", *data)


def _index(
    items: Sequence[Item], settings: bytes, extra: Sequence[bytes], places: dict[bytes, int], data_at: int
) -> bytes:
    numbered = list(enumerate(items, start=1))
    locations = [
        struct.pack(">HHHHII", number, 0, 0, 1, data_at + places[item.data], len(item.data))
        for number, item in numbered
    ]
    names = [full_box(b"infe", 2, struct.pack(">HH", number, 0), item.kind, b"\x00") for number, item in numbered]
    made_of = [
        box(b"dimg", struct.pack(f">HH{len(item.made_of)}H", number, len(item.made_of), *item.made_of))
        for number, item in numbered
        if item.made_of
    ]
    return full_box(
        b"meta",
        0,
        full_box(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
        full_box(b"pitm", 0, struct.pack(">H", 1)),
        full_box(b"iloc", 1, b"\x44\x00", struct.pack(">H", len(items)), *locations),
        full_box(b"iinf", 0, struct.pack(">H", len(items)), *names),
        full_box(b"iref", 0, *made_of) if made_of else b"",
        _properties(numbered, settings),
        *extra,
    )


def _properties(numbered: Sequence[tuple[int, Item]], settings: bytes) -> bytes:
    """Property 1 is the decoder's, 2 the depth; the sizes follow."""
    sizes = list(dict.fromkeys((item.width, item.height) for _, item in numbered))
    is_av1 = settings[4:8] == b"av1C"
    channels = 1 if is_av1 else 3  # AV1 pictures are grey here
    depth = 10 if is_av1 and settings[10] & 0x40 else 8
    boxes = [settings, full_box(b"pixi", 0, bytes([channels]), bytes([depth]) * channels)]
    boxes += [full_box(b"ispe", 0, struct.pack(">II", *size)) for size in sizes]
    places = {size: 3 + number for number, size in enumerate(sizes)}
    links = []
    for number, item in numbered:
        size = places[item.width, item.height]
        links.append(struct.pack(">HB", number, 3) + bytes([0x81 if item.kind in (AV1, HEVC) else 2, 2, size]))
    return box(b"iprp", box(b"ipco", *boxes), full_box(b"ipma", 0, struct.pack(">I", len(links)), *links))


def grid(rows: int, columns: int, width: int, height: int, cells: Sequence[int]) -> Item:
    data = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)
    return Item(b"grid", data, width, height, tuple(cells))


def overlay(side: int, parts: Sequence[int]) -> Item:
    """Pictures drawn over one another, all at the top left."""
    data = struct.pack(">BB4HII", 0, 1, 0, 0, 0, 0xFFFF, side, side) + bytes(8 * len(parts))
    return Item(b"iovl", data, side, side, tuple(parts))


def _grid_of_tiles(tile: Item, settings: bytes, per_side: int) -> bytes:
    """Thousands of items, all of the same bytes, as one picture."""
    count = per_side * per_side
    cells = range(2, count + 2)
    whole = grid(per_side, per_side, per_side * tile.width, per_side * tile.height, cells)
    return heif([whole] + [tile] * count, settings)


def _grid_of_one_tile(tile: Item, settings: bytes, per_side: int) -> bytes:
    """One item that stands in every cell."""
    cells = [2] * (per_side * per_side)
    return heif([grid(per_side, per_side, per_side * tile.width, per_side * tile.height, cells), tile], settings)


def _overlays_of_overlays(tile: Item, settings: bytes, levels: int) -> bytes:
    """Each level draws the one below it twice: two to the power of `levels` pictures to decode."""
    items = [overlay(tile.width, (level + 2, level + 2)) for level in range(levels)]
    return heif([*items, tile], settings)


def _chain_of_copies(tile: Item, settings: bytes, length: int) -> bytes:
    """Each item is a copy of the next."""
    items = [Item(b"iden", b"", tile.width, tile.height, (number + 2,)) for number in range(length)]
    return heif([*items, tile], settings)


def _nested(codec: bytes) -> bytes:
    """Boxes in boxes, as deep as 16 MB allow."""
    sizes = np.arange(NESTED_BOXES, 0, -1, dtype=">u4") * 8
    nested = np.empty(NESTED_BOXES, [("size", ">u4"), ("kind", "S4")])
    nested["size"], nested["kind"] = sizes, b"ipco"
    return file_type(codec) + full_box(b"meta", 0, box(b"iprp", nested.tobytes()))


def _locations_of_4_billion(codec: bytes) -> bytes:
    iloc = full_box(b"iloc", 2, b"\x44\x00", b"\xff\xff\xff\xff", bytes(1000))
    return file_type(codec) + full_box(b"meta", 0, full_box(b"hdlr", 0, bytes(4), b"pict", bytes(13)), iloc)


def _extents(item: Item, settings: bytes) -> bytes:
    """An item put together from 65,535 extents, each of them the whole file: 100 GB."""
    locations = struct.pack(">HHHH", 1, 0, 0, 65_535) + struct.pack(">II", 0, 1_500_000) * 65_535
    head = file_type(AV1 if settings[4:8] == b"av1C" else HEVC)
    meta = full_box(
        b"meta",
        0,
        full_box(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
        full_box(b"pitm", 0, struct.pack(">H", 1)),
        full_box(b"iloc", 1, b"\x44\x00", struct.pack(">H", 1), locations),
        full_box(b"iinf", 0, struct.pack(">H", 1), full_box(b"infe", 2, struct.pack(">HH", 1, 0), item.kind, b"\x00")),
        _properties([(1, item)], settings),
    )
    return head + meta + box(b"mdat", bytes(1_500_000))


# ---- AVIF ----------------------------------------------------------------------------------------------------

AV1_LARGEST = 16_384  # 268 megapixels: as many as libavif takes
AVIF_FRAMES = 5_000


def av1_settings(*, deep: bool = False) -> bytes:
    """The box `av1C` of a grey picture."""
    return box(b"av1C", bytes([0x81, 0x1F, 0x5C if deep else 0x1C, 0]))


def av1(width: int, height: int, tile: bytes = b"", *, deep: bool = False) -> bytes:
    """A grey AV1 still picture whose tiles all hold the same bytes, zeros if none are given.

    Any bytes decode to something, if there are enough of them: dav1d wants 4 zeros for a block of 128.

    Written by hand after the AV1 specification, 5.5 and 5.9: encoding 268 megapixels would take seconds and
    gigabytes. `deep`: 10 bits.
    """
    sequence = "000" + "1" + "1" + _number(31, 5)  # profile, still picture, reduced header, level
    sequence += _number(15, 4) * 2 + _number(width - 1, 16) + _number(height - 1, 16)
    sequence += "1" + "00" + "0" + "00"  # blocks of 128; no filters of any kind
    sequence += ("1" if deep else "0") + "1" + "0" + "1" + "0" + "1"  # depth, grey, colours, full range, grain, end
    columns, rows = _tiles_log2(width, height)
    header = "1" + "0" + "0"  # fixed statistics, no screen content, render size
    header += "1" + ("0" if columns[0] < columns[1] else "") + ("0" if rows[0] < rows[1] else "")
    if columns[0] + rows[0]:
        header += "0" * (columns[0] + rows[0]) + "11"  # four bytes for each tile's size
    header += _number(255, 8) + "0000"  # quantizer, no matrix, no segments, no deltas
    header += "0" * 12 + "000" + "0" + "0" + "1"  # loop filter, transform sizes
    count = 2 ** (columns[0] + rows[0])
    tile = tile or bytes(8 * _blocks_of_a_tile(width, height))
    sized = struct.pack("<I", len(tile) - 1) + tile
    tiles = (b"\x00" if count > 1 else b"") + sized * (count - 1) + tile
    return _obu(2, b"") + _obu(1, _packed(sequence)) + _obu(6, _packed(header) + tiles)


def _tiles_log2(width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The least and the greatest logarithm of the number of tiles, of columns and of rows (AV1, 5.9.15)."""
    across, down = -(-width // 128), -(-height // 128)

    def log2(unit: int, target: int) -> int:
        power = 0
        while unit << power < target:
            power += 1
        return power

    columns = log2(32, across)
    least = max(columns, log2(576, across * down))
    rows = max(least - columns, 0)
    return (columns, log2(1, min(across, 64))), (rows, log2(1, min(down, 64)))


def _blocks_of_a_tile(width: int, height: int) -> int:
    (columns, _), (rows, _) = _tiles_log2(width, height)
    return -(-width // (128 << columns)) * -(-height // (128 << rows))


def _obu(kind: int, body: bytes) -> bytes:
    size, digits = len(body), b""
    while size > 127:
        digits += bytes([size & 127 | 128])
        size >>= 7
    return bytes([kind << 3 | 2]) + digits + bytes([size]) + body


def _avif_that_claims(claimed: int, real: int, tile: bytes = b"") -> bytes:
    return heif([Item(AV1, av1(real, real, tile), claimed, claimed)], av1_settings())


def _av1_tile() -> Item:
    return Item(AV1, av1(64, 64), 64, 64)


def avif_268_megapixels_that_claim_16_x_16() -> bytes:
    return _avif_that_claims(16, AV1_LARGEST)


def avif_4_gigapixels_that_claim_16_x_16() -> bytes:
    return _avif_that_claims(16, 65_536)


def avif_16_pixels_that_claim_50_megapixels() -> bytes:
    return _avif_that_claims(SIDE, 16)


def avif_268_megapixels() -> bytes:
    return _avif_that_claims(AV1_LARGEST, AV1_LARGEST)


def avif_50_megapixels_of_noise() -> bytes:
    """Noise as compressed data: the decoder has the most to do."""
    columns, rows = _tiles_log2(SIDE, SIDE)
    return _avif_that_claims(SIDE, SIDE, random_bytes(ALMOST_20_MB // 2 ** (columns[0] + rows[0])))


def avif_268_megapixels_of_noise_that_claim_16_x_16() -> bytes:
    columns, rows = _tiles_log2(AV1_LARGEST, AV1_LARGEST)
    noise = random_bytes(ALMOST_20_MB // 2 ** (columns[0] + rows[0]))
    return _avif_that_claims(16, AV1_LARGEST, noise)


def avif_5_000_frames() -> bytes:
    frames = [PillowImage.new("L", (16, 16), number % 256) for number in range(AVIF_FRAMES)]
    return _saved(frames[0], "AVIF", speed=10, save_all=True, append_images=frames[1:])


def avif_grid_of_10_000_tiles() -> bytes:
    return _grid_of_tiles(_av1_tile(), av1_settings(), HEIF_GRID)


def avif_grid_of_one_tile() -> bytes:
    return _grid_of_one_tile(_av1_tile(), av1_settings(), HEIF_GRID)


def avif_grid_of_large_tiles_that_claim_64() -> bytes:
    """Each of 100 tiles of 64 x 64 holds 268 megapixels."""
    tile = Item(AV1, av1(AV1_LARGEST, AV1_LARGEST), 64, 64)
    return _grid_of_tiles(tile, av1_settings(), 10)


def avif_overlays_of_overlays() -> bytes:
    return _overlays_of_overlays(_av1_tile(), av1_settings(), 30)


def avif_60_000_items() -> bytes:
    return heif([_av1_tile()] * HEIF_ITEMS, av1_settings())


def avif_4_billion_locations() -> bytes:
    return _locations_of_4_billion(AV1)


def avif_65_535_extents() -> bytes:
    return _extents(_av1_tile(), av1_settings())


def avif_nested_boxes() -> bytes:
    return _nested(AV1)


# ---- HEIC ----------------------------------------------------------------------------------------------------


@cache
def _hevc_tile() -> tuple[Item, bytes]:
    """A picture of 64 x 64 from x265, and its settings (`hvcC`)."""
    content = _heic(PillowImage.new("RGB", (64, 64), (200, 90, 30)))
    at = content.index(b"hvcC") - 4
    settings = content[at : at + int.from_bytes(content[at : at + 4], "big")]
    return Item(HEVC, content[content.index(b"mdat") + 4 :], 64, 64), settings


def _hevc_of(width: int, height: int) -> bytes:
    """The settings of `_hevc_tile` with another size in the sequence parameters (HEVC, 7.3.2.2)."""
    _, settings = _hevc_tile()
    at = settings.index(b"\x42\x01") - 2
    length = int.from_bytes(settings[at : at + 2], "big")
    unit = settings[at + 2 : at + 2 + length].replace(b"\x00\x00\x03", b"\x00\x00")
    bits = "".join(f"{byte:08b}" for byte in unit)
    old = _exp_golomb(0) + _exp_golomb(1) + _exp_golomb(64) + _exp_golomb(64)  # number, 4:2:0, width, height
    fixed = 16 + 8 + 96  # the unit's header, identifiers, profile and level
    if not bits[fixed:].startswith(old):
        raise ValueError("x265 writes its sequence parameters in another way than expected.")
    new = _exp_golomb(0) + _exp_golomb(1) + _exp_golomb(width) + _exp_golomb(height)
    patched = _escaped(_packed((bits[:fixed] + new + bits[fixed + len(old) :]).rstrip("0")))
    content = settings[4:at] + struct.pack(">H", len(patched)) + patched + settings[at + 2 + length :]
    return struct.pack(">I", 4 + len(content)) + content


def _escaped(unit: bytes) -> bytes:
    """Three bytes that would look like the start of a unit get a 3 put between them."""
    escaped = bytearray()
    zeros = 0
    for byte in unit:
        if zeros >= 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        zeros = zeros + 1 if byte == 0 else 0
        escaped.append(byte)
    return bytes(escaped)


def _heic_that_claims(claimed: int, real: int) -> bytes:
    tile, _ = _hevc_tile()
    return heif([Item(HEVC, tile.data, claimed, claimed)], _hevc_of(real, real))


def _noisy_hevc() -> bytes:
    """The head of a slice, then noise: without zeros, so that nothing in it has to be escaped."""
    tile, _ = _hevc_tile()
    unit = tile.data[4:11] + random_bytes(ALMOST_20_MB).replace(b"\x00", b"\x01")
    return struct.pack(">I", len(unit)) + unit


def heic_268_megapixels_that_claim_64_x_64() -> bytes:
    return _heic_that_claims(64, 16_384)


def heic_1_gigapixel_that_claims_64_x_64() -> bytes:
    return _heic_that_claims(64, 32_768)


def heic_50_megapixels_that_claim_64_x_64() -> bytes:
    return _heic_that_claims(64, 7064)


def heic_64_x_64_that_claim_50_megapixels() -> bytes:
    return _heic_that_claims(SIDE, 64)


def heic_268_megapixels() -> bytes:
    return _heic_that_claims(16_384, 16_384)


def heic_50_megapixels_of_noise() -> bytes:
    side = 7064
    return heif([Item(HEVC, _noisy_hevc(), side, side)], _hevc_of(side, side))


def heic_grid_of_10_000_tiles() -> bytes:
    return _grid_of_tiles(*_hevc_tile(), HEIF_GRID)


def heic_grid_of_900_tiles() -> bytes:
    """Fewer than the thousand items that libheif allows."""
    return _grid_of_tiles(*_hevc_tile(), 30)


def heic_grid_of_one_tile() -> bytes:
    return _grid_of_one_tile(*_hevc_tile(), 30)


def heic_grid_of_large_tiles_that_claim_64() -> bytes:
    tile, _ = _hevc_tile()
    return _grid_of_tiles(tile, _hevc_of(16_384, 16_384), 10)


def heic_grid_of_itself() -> bytes:
    tile, settings = _hevc_tile()
    return heif([grid(1, 1, 64, 64, [1]), tile], settings)


def heic_overlays_of_overlays() -> bytes:
    return _overlays_of_overlays(*_hevc_tile(), 30)


def heic_chain_of_30_000_copies() -> bytes:
    return _chain_of_copies(*_hevc_tile(), 30_000)


def heic_chain_of_900_copies() -> bytes:
    return _chain_of_copies(*_hevc_tile(), 900)


def heic_60_000_items() -> bytes:
    tile, settings = _hevc_tile()
    return heif([tile] * HEIF_ITEMS, settings)


def heic_900_pictures() -> bytes:
    tile, settings = _hevc_tile()
    return heif([tile] * 900, settings)


def heic_a_million_properties() -> bytes:
    tile, settings = _hevc_tile()
    content = heif([tile], settings)
    extra = full_box(b"pixi", 0, b"\x01\x08") * 1_000_000
    return content.replace(
        content[content.index(b"ipco") - 4 :][:8], struct.pack(">I4s", 8 + len(extra), b"ipco") + extra
    )


def heic_4_billion_locations() -> bytes:
    return _locations_of_4_billion(HEVC)


def heic_65_535_extents() -> bytes:
    return _extents(*_hevc_tile())


def heic_nested_boxes() -> bytes:
    return _nested(HEVC)


# ---- neither -------------------------------------------------------------------------------------------------


def zeros_16_mb() -> bytes:
    return bytes(16 * MEGABYTE)


def noise_16_mb() -> bytes:
    return random_bytes(16 * MEGABYTE)


def svg_of_16_mb() -> bytes:
    return b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g>" * (16 * MEGABYTE // 3)


def _named(*generators: Callable[[], bytes]) -> dict[str, Callable[[], bytes]]:
    return {generator.__name__: generator for generator in generators}


KINDS: dict[str, Callable[[], bytes]] = _named(
    gif_frame_of_4_gigapixels_43_bytes,
    gif_frame_of_4_gigapixels_disposal_3,
    gif_screen_of_4_gigapixels,
    gif_frame_far_outside,
    gif_frame_outside_under_the_limit,
    gif_second_frame_of_4_gigapixels,
    gif_200_000_frames,
    gif_lzw_bomb,
    gif_lzw_bomb_interlaced,
    gif_19_mb_of_clear_codes,
    gif_9_million_empty_extensions,
    gif_comment_of_9_million_blocks,
    tiff_tile_of_2_gigapixels,
    tiff_tile_of_2_gigapixels_and_no_data,
    tiff_2_400_000_strips,
    tiff_2_400_000_deflated_strips,
    tiff_65_000_entries,
    tiff_entries_share_one_value,
    tiff_few_entries_share_one_value,
    tiff_entries_share_one_list,
    tiff_ifd_loop,
    tiff_sub_ifd_loop,
    tiff_offsets_count_of_2_to_the_31,
    tiff_big_with_a_count_of_2_to_the_62,
    tiff_big_of_900_000_entries,
    tiff_deflate_bomb,
    tiff_lzma_bomb,
    tiff_zstd_bomb,
    tiff_packbits_bomb,
    tiff_rows_per_strip_of_2_to_the_32,
    tiff_rgba_16_bit_50_megapixels,
    tiff_jpeg_of_1_000_scans,
    tiff_65_535_samples,
    tiff_description_of_19_mb,
    tiff_10_000_pages,
    jpg_1_000_scans,
    jpg_6_000_scans_of_50_megapixels,
    jpg_19_mb_of_scans,
    jpg_20_000_scans_without_data,
    jpg_fill_bytes_before_a_marker,
    jpg_fill_bytes_only,
    jpg_fill_bytes_as_scan,
    jpg_zeros_before_a_marker,
    jpg_300_000_segments,
    jpg_4_million_empty_segments,
    jpg_exif_in_a_million_pieces,
    jpg_header_of_4_gigapixels,
    jpg_50_megapixels_and_no_data,
    jpg_cmyk_progressive_50_megapixels,
    jpg_arithmetic_50_megapixels,
    jpg_arithmetic_1_000_scans_without_data,
    jpg_100_000_huffman_tables,
    jpg_270_000_quantization_tables,
    jpg_tables_after_the_scan,
    jpg_millions_of_restarts,
    jpg_wrong_restarts,
    jpg_random_scan_data,
    jpg_exif_ifd_loop,
    jpg_exif_65_000_entries,
    jpg_exif_entries_share_one_value,
    jpg_exif_entries_share_16_mb,
    jpg_mpo_of_4_000_pictures,
    jpg_and_zip,
    png_50_million_high,
    png_50_million_wide,
    png_50_million_wide_rgba_16_bit,
    png_50_million_high_interlaced,
    png_900_megapixels_of_1_bit,
    png_50_megapixels_of_1_bit,
    png_icc_bomb,
    png_17_000_icc_profiles,
    png_ztxt_bomb,
    png_itxt_bomb,
    png_1_000_texts_of_1_mb,
    png_texts_after_the_picture,
    png_idat_bomb,
    png_19_mb_of_empty_data_chunks,
    png_1_500_000_small_chunks,
    png_1_500_000_small_chunks_behind,
    png_interlaced_rgba_16_bit,
    png_rgba_16_bit_50_megapixels,
    png_palette_with_transparency,
    png_apng_100_000_frames,
    png_apng_of_2_to_the_31_frames,
    png_exif_entries_share_one_value,
    png_chunk_of_4_gb,
    bmp_run_length_1_kb,
    bmp_run_length_4_bit,
    bmp_run_length_deltas,
    bmp_run_length_that_adds_nothing,
    bmp_run_length_absolute,
    bmp_top_down_50_megapixels,
    bmp_height_of_minus_2_to_the_31,
    bmp_50_megapixels_of_1_bit,
    bmp_65_535_colours,
    bmp_4_billion_colours,
    bmp_os_2_version_1,
    bmp_os_2_version_2,
    bmp_bitfields_16_bit,
    bmp_bitfields_that_overlap,
    bmp_header_of_4_gb,
    webp_lossless_268_megapixels,
    webp_lossless_50_megapixels_in_50_bytes,
    webp_lossy_268_megapixels,
    webp_lossy_50_megapixels_of_noise,
    webp_canvas_of_2_to_the_48_pixels,
    webp_canvas_larger_than_its_frame,
    webp_animated_canvas_larger_than_its_frame,
    webp_10_000_frames,
    webp_10_000_frames_of_50_megapixels,
    webp_2_million_unknown_chunks,
    webp_exif_entries_share_one_value,
    avif_268_megapixels_that_claim_16_x_16,
    avif_4_gigapixels_that_claim_16_x_16,
    avif_16_pixels_that_claim_50_megapixels,
    avif_268_megapixels,
    avif_50_megapixels_of_noise,
    avif_268_megapixels_of_noise_that_claim_16_x_16,
    avif_5_000_frames,
    avif_grid_of_10_000_tiles,
    avif_grid_of_one_tile,
    avif_grid_of_large_tiles_that_claim_64,
    avif_overlays_of_overlays,
    avif_60_000_items,
    avif_4_billion_locations,
    avif_65_535_extents,
    avif_nested_boxes,
    heic_268_megapixels_that_claim_64_x_64,
    heic_1_gigapixel_that_claims_64_x_64,
    heic_50_megapixels_that_claim_64_x_64,
    heic_64_x_64_that_claim_50_megapixels,
    heic_268_megapixels,
    heic_50_megapixels_of_noise,
    heic_grid_of_10_000_tiles,
    heic_grid_of_900_tiles,
    heic_grid_of_one_tile,
    heic_grid_of_large_tiles_that_claim_64,
    heic_grid_of_itself,
    heic_overlays_of_overlays,
    heic_chain_of_30_000_copies,
    heic_chain_of_900_copies,
    heic_60_000_items,
    heic_900_pictures,
    heic_a_million_properties,
    heic_4_billion_locations,
    heic_65_535_extents,
    heic_nested_boxes,
    zeros_16_mb,
    noise_16_mb,
    svg_of_16_mb,
)


# ---- large but honest ----------------------------------------------------------------------------------------


@cache
def _ramp() -> np.typing.NDArray[np.uint8]:
    """50 megapixels of coarse steps, which every format compresses well."""
    across, down = ((np.arange(count) // 64).astype(np.uint8) for count in (WIDE, HIGH))
    return np.add.outer(down, across)


def _channels(count: int) -> np.typing.NDArray[np.uint8]:
    ramp = _ramp()
    return np.stack([ramp, 255 - ramp, ramp // 2 + 60, ramp // 2 + 120][:count], axis=2)


def _smooth(mode: str) -> PillowImage.Image:
    """A smooth picture of 50 megapixels in any mode of Pillow."""
    if mode == "LA":
        return PillowImage.fromarray(_channels(2))
    if mode in ("RGB", "RGBA", "CMYK"):
        picture = PillowImage.fromarray(_channels(len(mode)))
        return PillowImage.frombytes("CMYK", picture.size, picture.tobytes()) if mode == "CMYK" else picture
    if mode == "I;16":
        return PillowImage.fromarray(_ramp().astype(np.uint16) * 257)
    if mode in ("I", "F"):
        return PillowImage.fromarray(_ramp().astype(np.int32 if mode == "I" else np.float32))
    grey = PillowImage.fromarray(_ramp())
    if mode == "P":
        grey.putpalette([value for index in range(256) for value in (index, 255 - index, index // 2)])
    return grey


def _saved(picture: PillowImage.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _large(mode: str, kind: str, **options: Any) -> bytes:
    return _saved(_smooth(mode), kind, **options)


def _large_16_bit(extension: str, channels: int) -> bytes:
    """Sixteen bits in several channels, which only OpenCV can write."""
    return bytes(cv2.imencode(extension, _channels(channels).astype(np.uint16) * 257)[1])


def _large_bmp(bits: int) -> bytes:
    """As large as 20 MB allow: a BMP is not compressed."""
    side = int((ALMOST_20_MB * 8 / bits) ** 0.5) // 4 * 4
    row = (bytes(range(256)) * (side * bits // 2048 + 1))[: side * bits // 8]
    return bmp(side, side, row * side, bits=bits)


def _large_run_length_bmp() -> bytes:
    line = b"".join(bytes([255, number]) for number in range(WIDE // 255)) + bytes([WIDE % 255, 9]) + b"\x00\x00"
    palette = b"".join(bytes([index, 255 - index, index, 0]) for index in range(256))
    return bmp(WIDE, HIGH, line * HIGH + b"\x00\x01", bits=8, compression=RLE8, palette=palette)


def _large_avif_10_bit() -> bytes:
    """Written by hand: Pillow encodes 8 bits only."""
    settings = av1_settings(deep=True)
    return heif([Item(AV1, av1(WIDE, HIGH, deep=True), WIDE, HIGH)], settings)


def _heic(picture: PillowImage.Image, **options: Any) -> bytes:
    buffer = BytesIO()
    pillow_heif.from_pillow(picture).save(buffer, quality=50, **options)
    return buffer.getvalue()


def _large_heic() -> bytes:
    return _heic(_smooth("RGB"), enc_params={"preset": "ultrafast"})


LARGE_BUT_HONEST: dict[str, Callable[[], bytes]] = {
    "jpg_444": partial(_large, "RGB", "JPEG", subsampling=0),
    "jpg_progressive_444": partial(_large, "RGB", "JPEG", subsampling=0, progressive=True),
    "jpg_grey": partial(_large, "L", "JPEG"),
    "jpg_cmyk": partial(_large, "CMYK", "JPEG"),
    "png_rgb": partial(_large, "RGB", "PNG", compress_level=1),
    "png_rgba": partial(_large, "RGBA", "PNG", compress_level=1),
    "png_palette_transparent": partial(_large, "P", "PNG", compress_level=1, transparency=bytes(range(256))),
    "png_grey_alpha": partial(_large, "LA", "PNG", compress_level=1),
    "png_grey_16_bit": partial(_large, "I;16", "PNG", compress_level=1),
    "png_rgb_16_bit": partial(_large_16_bit, ".png", 3),
    "png_rgba_16_bit": partial(_large_16_bit, ".png", 4),
    "webp_lossy": partial(_large, "RGB", "WEBP", method=0),
    "webp_lossy_alpha": partial(_large, "RGBA", "WEBP", method=0),
    "webp_lossless": partial(_large, "RGB", "WEBP", method=0, lossless=True, quality=0),
    "webp_lossless_alpha": partial(_large, "RGBA", "WEBP", method=0, lossless=True, quality=0),
    "gif": partial(_large, "P", "GIF"),
    "gif_transparent": partial(_large, "P", "GIF", transparency=0),
    "bmp_24_bit": partial(_large_bmp, 24),
    "bmp_32_bit": partial(_large_bmp, 32),
    "bmp_run_length": _large_run_length_bmp,
    "tiff_rgb_deflate": partial(_large, "RGB", "TIFF", compression="tiff_adobe_deflate"),
    "tiff_rgb_lzw": partial(_large, "RGB", "TIFF", compression="tiff_lzw", tiffinfo={PREDICTOR: 2}),
    "tiff_rgba_deflate": partial(_large, "RGBA", "TIFF", compression="tiff_adobe_deflate"),
    "tiff_cmyk_deflate": partial(_large, "CMYK", "TIFF", compression="tiff_adobe_deflate"),
    "tiff_rgb_16_bit": partial(_large_16_bit, ".tiff", 3),
    "tiff_rgba_16_bit": partial(_large_16_bit, ".tiff", 4),
    "tiff_float_32_bit": partial(_large, "F", "TIFF", compression="tiff_adobe_deflate"),
    "tiff_integer_32_bit": partial(_large, "I", "TIFF", compression="tiff_adobe_deflate"),
    "avif_8_bit": partial(_large, "RGB", "AVIF", speed=10, quality=50),
    "avif_10_bit": _large_avif_10_bit,
    "heic_8_bit": _large_heic,
}


# ---- small pictures, and damage to them ----------------------------------------------------------------------


def small_pictures() -> dict[str, bytes]:
    """A valid picture of 48 x 32 of every format, and of every way to write it that takes other code to read."""
    rgb, grey, alpha = (_gradient(mode) for mode in ("RGB", "L", "RGBA"))
    palette = rgb.quantize(16)
    pictures = {
        "jpeg": _saved(rgb, "JPEG"),
        "jpeg_progressive": _saved(rgb, "JPEG", progressive=True),
        "jpeg_grey": _saved(grey, "JPEG"),
        "jpeg_cmyk": _saved(rgb.convert("CMYK"), "JPEG"),
        "jpeg_turned": _saved(rgb, "JPEG", exif=_turned()),
        "mpo": _saved(rgb, "MPO", save_all=True, append_images=[rgb.rotate(180)]),
        "png": _saved(rgb, "PNG"),
        "png_grey": _saved(grey, "PNG"),
        "png_1_bit": _saved(grey.convert("1"), "PNG"),
        "png_palette_transparent": _saved(palette, "PNG", transparency=bytes(range(0, 256, 16))),
        "png_grey_alpha": _saved(alpha.convert("LA"), "PNG"),
        "png_rgba": _saved(alpha, "PNG"),
        "png_grey_16_bit": _saved(PillowImage.fromarray(np.asarray(grey).astype(np.uint16) * 257), "PNG"),
        "png_text": _saved(rgb, "PNG", pnginfo=_text(), exif=_turned()),
        "png_animated": _saved(rgb, "PNG", save_all=True, append_images=[rgb.rotate(180)]),
        "webp_lossy": _saved(rgb, "WEBP"),
        "webp_lossy_alpha": _saved(alpha, "WEBP"),
        "webp_lossless": _saved(alpha, "WEBP", lossless=True),
        "webp_animated": _saved(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(180)]),
        "gif": _saved(palette, "GIF"),
        "gif_animated": _saved(palette, "GIF", save_all=True, append_images=[palette.rotate(180)], disposal=2),
        "bmp": _saved(rgb, "BMP"),
        "bmp_palette": _saved(palette, "BMP"),
        "bmp_run_length": _small_run_length_bmp(),
        "tiff_tiled": _small_tiled_tiff(),
        "avif": _saved(rgb, "AVIF", speed=10),
        "avif_alpha": _saved(alpha, "AVIF", speed=10),
        "avif_animated": _saved(rgb, "AVIF", speed=10, save_all=True, append_images=[rgb.rotate(180)]),
        "heic": _heic(rgb),
        "heic_alpha": _heic(alpha),
    }
    for compression in ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "lzma", "zstd"):
        name = compression.removeprefix("tiff_")
        pictures[f"tiff_{name}"] = _saved(rgb, "TIFF", compression=compression)
    pictures["tiff_float"] = _saved(grey.convert("F"), "TIFF")
    pictures["tiff_group4"] = _saved(grey.convert("1"), "TIFF", compression="group4")
    return pictures


def _gradient(mode: str) -> PillowImage.Image:
    across, down = np.meshgrid(np.arange(48) * 5, np.arange(32) * 7)
    channels = [across, down, across ^ down, across // 2 + 100]
    return PillowImage.fromarray(np.stack(channels, axis=2).astype(np.uint8)).convert(mode)


def _turned() -> bytes:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def _text() -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "a" * 100, zip=True)
    text.add_itxt("Title", "b" * 100, zip=True)
    return text


def _small_run_length_bmp() -> bytes:
    """Runs, bytes as they are, a jump, ends of lines, the end."""
    line = b"\x10\x01" + b"\x00\x05abcde\x00" + b"\x1b\x02" + b"\x00\x00"
    palette = bytes(value for index in range(256) for value in (index, 255 - index, index // 2, 0))
    data = line * 20 + b"\x00\x02\x05\x02" + line * 10 + b"\x00\x01"
    return bmp(48, 32, data, bits=8, compression=RLE8, palette=palette)


def _small_tiled_tiff() -> bytes:
    tiles = [zlib.compress(bytes((value * 40 + number) % 256 for number in range(256))) for value in range(6)]
    starts = [DATA_AT + sum(map(len, tiles[:number])) for number in range(6)]
    kept = [tag for tag in tiff_picture(48, 32, compression=DEFLATE) if tag.number not in (273, 278, 279)]
    layout = [short(322, 16), short(323, 16), long(324, *starts), long(325, *map(len, tiles))]
    return tiff(kept + layout, b"".join(tiles))


EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutations(content: bytes, seed: int, count: int) -> Iterator[bytes]:
    """`count` damaged copies of a file: one to four damages each, the same for the same seed."""
    dice = random.Random(seed)
    damages = (_flipped, _cut, _doubled, _removed, _swapped, _extreme, _extreme, _noisy)
    for _ in range(count):
        damaged = bytearray(content)
        for _ in range(dice.randint(1, 4)):
            dice.choice(damages)(damaged, dice)
        yield bytes(damaged)


def _place(content: bytearray, dice: random.Random) -> int:
    """A place in the file: as often in its first 256 bytes, where the lengths are, as in all of it."""
    end = max(1, len(content))
    return dice.randrange(min(end, 256) if dice.random() < 0.5 else end)


def _flipped(content: bytearray, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 8)):
        if content:
            content[_place(content, dice)] ^= 1 << dice.randrange(8)


def _cut(content: bytearray, dice: random.Random) -> None:
    del content[_place(content, dice) + 1 :]


def _doubled(content: bytearray, dice: random.Random) -> None:
    start, size = _place(content, dice), dice.randint(1, 256)
    content[start:start] = content[start : start + size] * dice.randint(1, 8)


def _removed(content: bytearray, dice: random.Random) -> None:
    start = _place(content, dice)
    del content[start : start + dice.randint(1, 64)]


def _swapped(content: bytearray, dice: random.Random) -> None:
    """Two fields of two or four bytes change places."""
    size = dice.choice((2, 4))
    one, other = sorted((_place(content, dice), _place(content, dice)))
    if one + size <= other and other + size <= len(content):
        content[one : one + size], content[other : other + size] = (
            content[other : other + size],
            content[one : one + size],
        )


def _extreme(content: bytearray, dice: random.Random) -> None:
    """A number at the edge of its range, in either byte order."""
    size = dice.choice((1, 2, 4))
    value = (dice.choice(EXTREMES) & ((1 << 8 * size) - 1)).to_bytes(size, dice.choice(("little", "big")))
    start = _place(content, dice)
    content[start : start + size] = value[: max(0, len(content) - start)]


def _noisy(content: bytearray, dice: random.Random) -> None:
    start = _place(content, dice)
    size = min(dice.randint(1, 32), len(content) - start)
    if size > 0:
        content[start : start + size] = dice.randbytes(size)
