"""Features in columns: read back as they were, and damage read as what it is."""

import numpy as np
import pytest

from engine.domain import Keypoints
from engine.storage import codec

RANDOM = np.random.default_rng(4)


def unit(count: int, dimensions: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    vectors = np.random.default_rng(7).normal(size=(count, dimensions))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def keypoints(count: int) -> Keypoints:
    random = np.random.default_rng(count)
    points = random.random((count, 2), np.float32)
    return Keypoints(points, random.integers(0, 256, (count, 32), np.uint8), 1.5)


def test_vector_takes_two_bytes_a_number_in_little_endian_order() -> None:
    assert codec.vector_to_bytes(np.array([1, -2, 0], np.float32)) == b"\x00\x3c\x00\xc0\x00\x00"
    assert len(codec.vector_to_bytes(unit(1, 1280)[0])) == 1280 * codec.BYTES_A_NUMBER


def test_vectors_are_read_in_order_and_have_unit_length_again() -> None:
    vectors = unit(5, 1280)
    read = codec.vectors_from_bytes([codec.vector_to_bytes(one) for one in vectors], 1280)
    assert read.shape == (5, 1280)
    assert read.dtype == np.float32
    assert np.allclose(read, vectors, atol=1e-4)
    assert np.allclose(np.linalg.norm(read, axis=1), 1, atol=1e-6)


def test_no_rows_are_no_vectors() -> None:
    assert codec.vectors_from_bytes([], 64).shape == (0, 64)


def test_vector_of_zeros_stays_one() -> None:
    assert codec.vectors_from_bytes([b"\0" * 8], 4).tolist() == [[0, 0, 0, 0]]


def test_every_number_of_half_precision_is_widened_as_numpy_does() -> None:
    """Infinities and what is no number included: nothing of it becomes another number."""
    numbers = np.arange(1 << 16, dtype=np.uint16)
    with np.errstate(invalid="ignore", over="ignore"):
        read = codec.vectors_from_bytes([numbers[at : at + 1].tobytes() for at in range(0, 1 << 16, 97)], 1)
    expected = numbers[::97].view(np.float16).astype(np.float32)
    finite = np.isfinite(expected) & (np.abs(expected) > 1e-6)
    assert np.allclose(read[finite, 0], np.sign(expected[finite]))
    assert np.isnan(read[~np.isfinite(expected), 0]).all()


@pytest.mark.parametrize("row", [b"\0" * 6, b"\0" * 7, b"\0" * 10, b""])
def test_row_of_another_length_is_no_vector(row: bytes) -> None:
    with pytest.raises(ValueError, match=r"reshape|multiple"):
        codec.vectors_from_bytes([row], 4)


def test_points_are_read_to_the_nearest_of_65535_steps() -> None:
    found = keypoints(200)
    read = codec.keypoints_from_bytes(codec.points_to_bytes(found), found.descriptors.tobytes(), 1.5)
    assert np.abs(read.points - found.points).max() <= 0.5 / 65535 + 1e-7
    assert np.array_equal(read.descriptors, found.descriptors)
    assert read.points.dtype == np.float32
    assert read.descriptors.dtype == np.uint8
    assert (read.aspect, len(read)) == (1.5, 200)


def test_points_outside_of_the_picture_are_put_on_its_edge() -> None:
    outside = Keypoints(np.array([[-0.1, 1.1], [0, 1]], np.float32), np.zeros((2, 32), np.uint8), 1.0)
    read = codec.keypoints_from_bytes(codec.points_to_bytes(outside), bytes(64), 1.0)
    assert read.points.tolist() == [[0, 1], [0, 1]]


def test_picture_without_keypoints_has_none() -> None:
    read = codec.keypoints_from_bytes(b"", b"", 0.5)
    assert (len(read), read.points.shape, read.descriptors.shape, read.aspect) == (0, (0, 2), (0, 32), 0.5)
    assert codec.are_keypoints(b"", b"", 0.5)


@pytest.mark.parametrize(
    ("points", "descriptors", "aspect"),
    [
        (b"\1" * 8, b"\1" * 32, 1.0),  # two points, one descriptor
        (b"\1" * 4, b"\1" * 64, 1.0),
        (b"\1" * 3, b"\1" * 24, 1.0),  # three quarters of one
        (b"", b"\1", 1.0),
        (b"\1" * 4, b"\1" * 32, 0.0),
        (b"\1" * 4, b"\1" * 32, -1.5),
        (b"\1" * 4, b"\1" * 32, float("inf")),
        (b"\1" * 4, b"\1" * 32, float("nan")),
        (b"\1" * 4, b"\1" * 32, "wide"),
        (b"\1" * 4, b"\1" * 32, None),
    ],
)
def test_damaged_columns_count_as_no_keypoints(points: bytes, descriptors: bytes, aspect: float) -> None:
    assert not codec.are_keypoints(points, descriptors, aspect)
    read = codec.keypoints_from_bytes(points, descriptors, aspect)
    assert (len(read), read.aspect) == (0, 1.0)


@pytest.mark.parametrize("raw", ["[]", '["a"]', b'["a", "\xc3\xa4"]', '["a", "a"]', ' [ "a" ] '])
def test_list_of_texts_is_one(raw: str | bytes) -> None:
    assert codec.is_list_of_texts(raw)


@pytest.mark.parametrize(
    "raw", [None, "", b"", "[", '["a"', "{}", '{"a": 1}', "7", "null", '"a"', '["a", 7]', "[null]", '[["a"]]', b"\xff"]
)
def test_anything_else_is_no_list_of_texts(raw: str | bytes | None) -> None:
    assert not codec.is_list_of_texts(raw)


@pytest.mark.parametrize(
    ("phash", "number"),
    [(0, 0), (1, 1), ((1 << 63) - 1, (1 << 63) - 1), (1 << 63, -(1 << 63)), ((1 << 64) - 1, -1)],
)
def test_hash_is_a_signed_number_in_the_database(phash: int, number: int) -> None:
    assert codec.signed(phash) == number
    assert codec.unsigned(number) == phash
