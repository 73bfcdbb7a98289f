"""The sizes in an ISO media file: those that it says, those that its codecs say, and no end of work for either."""

import struct
import time
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from engine.pictures import bounds_bmff
from engine.pictures.bounds_bmff import BLOCK, MAX_BOXES, MAX_DEPTH, MAX_ITEMS, TooManyBoxes

KINDS = (b"ispe", b"tkhd", b"av1C", b"hvcC", b"iloc", b"meta", b"moov", b"free")


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def ispe(width: int, height: int) -> bytes:
    return box(b"ispe", bytes(4) + struct.pack(">II", width, height))


def sizes(content: bytes) -> list[tuple[int, int]]:
    return list(bounds_bmff.sizes(content))


def in_bytes(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def number(value: int, count: int) -> str:
    return f"{value:0{count}b}"


def exponential(value: int) -> str:
    """Exponential-Golomb."""
    binary = f"{value + 1:b}"
    return "0" * (len(binary) - 1) + binary


def cropped(width: int, height: int) -> tuple[int, int]:
    """At least so much of a coded size is shown."""
    return width - BLOCK + 1, height - BLOCK + 1


def saved(kind: str, size: tuple[int, int], **options: object) -> bytes:
    buffer = BytesIO()
    PillowImage.new("RGB", size, "red").save(buffer, kind, **options)
    return buffer.getvalue()


# --- boxes


def test_size_that_the_container_says_is_given_wherever_it_is() -> None:
    inner = box(b"ipco", ispe(30, 20) + ispe(70, 50))
    content = box(b"ftyp", b"avif") + box(b"meta", bytes(4) + box(b"iprp", inner)) + ispe(5, 4)
    assert sizes(content) == [(30, 20), (70, 50), (5, 4)]


def test_track_says_its_size_in_sixteenths_bits() -> None:
    track = box(b"tkhd", bytes(76) + struct.pack(">II", 640 << 16 | 0x8000, 480 << 16))
    assert sizes(box(b"moov", box(b"trak", track))) == [(640, 480)]


def test_long_box_has_its_length_behind_its_name() -> None:
    body = bytes(4) + struct.pack(">II", 30, 20)
    assert sizes(struct.pack(">I4sQ", 1, b"ispe", 16 + len(body)) + body + ispe(5, 4)) == [(30, 20), (5, 4)]


def test_last_box_may_go_to_the_end_of_the_file() -> None:
    assert sizes(struct.pack(">I4s", 0, b"meta") + bytes(4) + ispe(30, 20)) == [(30, 20)]


@pytest.mark.parametrize("length", [1, 2, 7, 5000, 0xFFFFFFFF])
def test_box_of_an_impossible_length_ends_the_search(length: int) -> None:
    assert sizes(ispe(30, 20) + struct.pack(">I4s", length, b"ispe") + bytes(12)) == [(30, 20)]


def test_what_is_no_box_of_sizes_is_passed_over() -> None:
    assert sizes(box(b"mdat", ispe(30, 20)) + box(b"free") + b"\0\0\0") == []
    assert sizes(b"") == []


def test_damaged_box_hides_nothing_behind_it() -> None:
    for kind in (b"ispe", b"tkhd", b"av1C", b"hvcC", b"iloc"):
        for body in (b"", b"\x7f", b"\x0f" * 24):
            assert sizes(box(kind, body) + ispe(30, 20))[-1] == (30, 20)


def test_boxes_are_counted_wherever_they_are() -> None:
    few, many = box(b"free") * (MAX_BOXES - 1), box(b"free") * (MAX_BOXES + 1)
    assert sizes(box(b"moov", few)) == []
    with pytest.raises(TooManyBoxes):
        sizes(many)
    half = box(b"moov", box(b"free") * (MAX_BOXES // 2))
    with pytest.raises(TooManyBoxes):
        sizes(half + half)


def test_boxes_in_boxes_are_followed_so_deep_and_no_deeper() -> None:
    def nested(depth: int) -> bytes:
        content = ispe(30, 20)
        for _ in range(depth):
            content = box(b"moov", content)
        return content

    assert sizes(nested(MAX_DEPTH)) == [(30, 20)]
    with pytest.raises(TooManyBoxes):
        sizes(nested(MAX_DEPTH + 1))


# --- items


def iloc(version: int, places: list[int], *, base: int = 0) -> bytes:
    """Where items are: from `base` on so far."""
    wide = version == 2
    body = bytes([version, 0, 0, 0, 0x44, 0x40 | (4 if version else 0)])
    body += len(places).to_bytes(4 if wide else 2, "big")
    for item, place in enumerate(places):
        body += item.to_bytes(4 if wide else 2, "big") + (bytes(2) if version else b"") + bytes(2)
        body += struct.pack(">IH", base, 1) + (bytes(4) if version else b"") + struct.pack(">II", place, 100)
    return box(b"iloc", body)


@pytest.mark.parametrize("version", [0, 1, 2])
def test_coded_picture_is_found_where_its_item_is_said_to_be(version: int) -> None:
    coded = av1_unit(1000, 700)
    head = iloc(version, [0, 0])
    content = iloc(version, [len(head) - 20, 7], base=20) + coded
    assert sizes(content) == [cropped(1000, 700)]


@pytest.mark.parametrize("version", [0, 1, 2])
def test_items_are_counted_before_they_are_gone_through(version: int) -> None:
    with pytest.raises(TooManyBoxes):
        sizes(iloc(version, [0] * (MAX_ITEMS + 1)))
    assert sizes(iloc(version, [1 << 31] * MAX_ITEMS)) == []


# --- AV1


def av1_unit(width: int, height: int, *, points: str | None = None) -> bytes:
    """A sequence header: the reduced one of a still picture, or one with what `points` says of operating points."""
    header = "000" + "1" + ("1" + "00000" if points is None else "0" + points)
    across, down = (width - 1).bit_length(), (height - 1).bit_length()
    header += number(across - 1, 4) + number(down - 1, 4) + number(width - 1, across) + number(height - 1, down)
    body = in_bytes(header)
    return bytes([1 << 3 | 2, len(body)]) + body


def av1c(unit: bytes) -> bytes:
    return box(b"av1C", bytes(4) + unit)


def test_size_that_av1_codes_is_given_less_what_may_be_cut_off() -> None:
    assert sizes(av1c(av1_unit(16384, 300))) == [cropped(16384, 300)]
    assert sizes(av1c(av1_unit(16, 16))) == [(1, 1)]


def test_sequence_header_is_found_behind_other_units() -> None:
    delimiter, with_layer = bytes([2 << 3 | 2, 0]), bytes([2 << 3 | 4 | 2, 0, 3, 1, 2, 3])
    assert sizes(av1c(delimiter + with_layer + av1_unit(1000, 700))) == [cropped(1000, 700)]


@pytest.mark.parametrize("has_timing", [False, True])
@pytest.mark.parametrize("has_delay", [False, True])
def test_size_is_found_behind_operating_points(has_timing: bool, has_delay: bool) -> None:
    points = "0"
    if has_timing:
        points = "1" + number(1, 32) + number(25, 32) + "1" + exponential(4) + "1" + number(9, 5) + "1" * 42
    points += str(int(has_delay)) + number(1, 5)
    for level in (5, 9):
        points += "0" * 12 + number(level, 5) + ("1" if level > 7 else "")
        points += "1" + "1" * 21 if has_timing else ""
        points += "1" + "1111" if has_delay else ""
    assert sizes(av1c(av1_unit(1000, 700, points=points))) == [cropped(1000, 700)]


@pytest.mark.parametrize("head", [0x8A, 0x0B, 0x08])
def test_unit_that_av1_does_not_have_is_no_size(head: int) -> None:
    assert sizes(av1c(bytes([head]) + av1_unit(1000, 700)[1:])) == []


# --- HEVC


def hvcc(width: int, height: int, *, layers: int = 0, chroma: int = 1, before: bytes = b"") -> bytes:
    bits = number(0, 4) + number(layers, 3) + "1" + "1" * 88 + "0" * 8
    bits += "".join(("10", "01", "11")[layer % 3] for layer in range(layers))
    bits += "00" * (8 - layers) if layers else ""
    bits += "".join("1" * (88, 8, 96)[layer % 3] for layer in range(layers))
    bits += exponential(0) + exponential(chroma) + ("0" if chroma == 3 else "")
    bits += exponential(width) + exponential(height) + "1"
    unit = bytes([33 << 1, 1]) + in_bytes(bits)
    unit = unit.replace(b"\0\0\0", b"\0\0\3\0").replace(b"\0\0\1", b"\0\0\3\1")
    sets = bytes([32]) + struct.pack(">HH", 1, len(before)) + before
    sets += bytes([0x80 | 33]) + struct.pack(">HH", 1, len(unit)) + unit
    return box(b"hvcC", bytes(22) + bytes([2]) + sets)


@pytest.mark.parametrize("layers", [0, 1, 3, 6])
@pytest.mark.parametrize("chroma", [0, 1, 3])
def test_size_that_hevc_codes_is_given_less_what_may_be_cut_off(layers: int, chroma: int) -> None:
    for size in ((1024, 768), (65536, 128)):
        assert sizes(hvcc(*size, layers=layers, chroma=chroma, before=b"\x40\x01anything")) == [cropped(*size)]


# --- whole files


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_codec_and_container_of_an_honest_picture_agree(kind: str) -> None:
    sizes = list(bounds_bmff.sizes(saved(kind, (444, 300))))
    assert len(sizes) >= 2
    assert (444, 300) in sizes
    assert all(
        444 - bounds_bmff.BLOCK < width <= 444 and 300 - bounds_bmff.BLOCK < height <= 300 for width, height in sizes
    )


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.binary(max_size=60)), max_size=6))
def test_whatever_is_in_the_boxes_it_is_a_size_or_nothing(boxes: list[tuple[bytes, bytes]]) -> None:
    content = b"".join(box(kind, body) for kind, body in boxes)
    started = time.process_time()
    try:
        found = sizes(content)
    except TooManyBoxes:
        found = []
    assert all(width >= 0 and height >= 0 for width, height in found)
    assert time.process_time() - started < 1
