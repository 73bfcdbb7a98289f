"""Arrays in a file: read as they were written, or refused."""

from pathlib import Path

import numpy as np
import pytest

from engine.index import arrays

KEYS = np.arange(5, dtype=np.int64)
VECTORS = np.linspace(0, 1, 10, dtype=np.float16).reshape(5, 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return arrays.write(tmp_path / "made-up-1-7.exact", keys=KEYS, vectors=VECTORS)


def test_what_is_written_is_read_by_name_in_the_order_that_is_asked_for(path: Path) -> None:
    vectors, keys = arrays.read(path, "vectors", "keys")
    assert vectors.dtype == np.float16
    assert keys.dtype == np.int64
    assert np.array_equal(vectors, VECTORS)
    assert np.array_equal(keys, KEYS)


def test_file_has_the_very_name_that_was_given(path: Path, tmp_path: Path) -> None:
    assert path == tmp_path / "made-up-1-7.exact"
    assert list(tmp_path.iterdir()) == [path]


def test_empty_arrays_keep_shape_and_type(tmp_path: Path) -> None:
    path = arrays.write(tmp_path / "empty", vectors=np.zeros((0, 3), np.float16))
    (vectors,) = arrays.read(path, "vectors")
    assert vectors.shape == (0, 3)
    assert vectors.dtype == np.float16


def test_name_that_is_not_in_the_file_is_an_error_that_names_the_file(path: Path) -> None:
    with pytest.raises(ValueError, match=r"made-up-1-7\.exact"):
        arrays.read(path, "keys", "hashes")


def test_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        arrays.read(tmp_path / "nowhere", "keys")


def test_file_that_is_cut_anywhere_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises((ValueError, OSError)):
            arrays.read(path, "keys", "vectors")


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04", bytes(1000)])
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises((ValueError, OSError)):
        arrays.read(tmp_path / "other", "keys")


def test_archive_of_another_kind_is_refused(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    member = content.index(b"PK\x01\x02")  # in the directory at the end
    for at, bit in ((6, 0x40), (8, 0x01)):  # version needed to extract; encrypted
        changed = bytearray(content)
        changed[member + at] ^= bit
        path.write_bytes(changed)
        with pytest.raises((ValueError, OSError)):
            arrays.read(path, "keys")
    np.save(tmp_path / "single.npy", KEYS)
    with pytest.raises((ValueError, OSError)):
        arrays.read(tmp_path / "single.npy", "keys")


def test_changed_numbers_are_noticed(path: Path) -> None:
    content = path.read_bytes()
    at = content.index(KEYS.tobytes())
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    with pytest.raises(ValueError, match="made-up-1-7"):
        arrays.read(path, "keys")


def test_python_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    """Reading them would run code that is in the file."""
    objects = np.array([{"a": 1}, None], dtype=object)
    with pytest.raises(ValueError, match="allow_pickle"):
        arrays.write(tmp_path / "objects", keys=objects)
    np.savez(tmp_path / "objects.npz", keys=objects, allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        arrays.read(tmp_path / "objects.npz", "keys")
