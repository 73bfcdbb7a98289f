"""Exact search of hashes beyond the contract: bounds in bits, keys in any order, files."""

import threading
from pathlib import Path

import numpy as np
import pytest

from engine.index import arrays
from engine.index.hamming import BITS, HammingIndex
from engine.index.hits import Keys

ALL = (1 << 64) - 1


def index_of(hashes: dict[int, int]) -> HammingIndex:
    index = HammingIndex()
    index.add(np.array(list(hashes), np.int64), np.array(list(hashes.values()), np.uint64))
    return index


def found(index: HammingIndex, query: int, count: int = 100, within: int = BITS) -> list[tuple[int, int]]:
    (hits,) = index.search(np.array([query], np.uint64), count, within)
    return [(int(key), int(distance)) for key, distance in zip(hits.keys, hits.distances, strict=True)]


def test_distances_are_differing_bits_from_none_to_all() -> None:
    index = index_of({1: 0, 2: ALL, 3: 1 << 63, 4: 0b111})
    assert found(index, 0) == [(1, 0), (3, 1), (4, 3), (2, 64)]
    assert found(index, ALL) == [(2, 0), (4, 61), (3, 63), (1, 64)]


def test_bound_of_no_bits_finds_the_very_same_only() -> None:
    index = index_of({1: 5, 2: 4, 3: 5})
    assert found(index, 5, within=0) == [(1, 0), (3, 0)]
    assert found(index, 7, within=0) == []
    assert found(index, 7, within=1) == [(1, 1), (3, 1)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 100])
@pytest.mark.parametrize("within", [BITS, 63, 2])
def test_equals_come_by_key_whatever_the_bound_and_the_number(count: int, within: int) -> None:
    index = index_of({9: 1, 4: 2, 7: 4, 2: 3, 5: 8})
    assert found(index, 0, count, within) == [(4, 1), (5, 1), (7, 1), (9, 1), (2, 2)][:count]


def test_keys_may_come_in_any_order_and_the_last_of_a_key_counts() -> None:
    index = HammingIndex()
    index.add(np.array([30, 10, 20, 10]), np.array([3, 1, 2, 7], np.uint64))
    assert len(index) == 3
    assert found(index, 7, 1) == [(10, 0)]
    index.add(np.array([15, 40, 5, 10, 15]), np.array([15, 40, 5, 1, 31], np.uint64))
    assert len(index) == 6
    for key, phash in {30: 3, 10: 1, 20: 2, 15: 31, 40: 40, 5: 5}.items():
        assert (key, 0) in found(index, phash)


def test_removed_key_that_comes_back_has_its_new_hash() -> None:
    index = index_of({1: 0, 2: 255, 3: ALL})
    index.remove(np.array([2, 99]))
    assert (len(index), found(index, 255)) == (2, [(1, 8), (3, 56)])
    index.add(np.array([2]), np.array([1], np.uint64))
    assert (len(index), found(index, 0, 2)) == (3, [(1, 0), (2, 1)])


def test_nothing_is_found_where_nothing_is_left() -> None:
    index = index_of({1: 0, 2: 255})
    index.remove(np.array([1, 2]))
    for within in (BITS, 0):
        assert found(index, 0, 10, within) == []
    assert len(index) == 0


def test_file_holds_the_living_only(tmp_path: Path) -> None:
    index = index_of({5: ALL, 3: 0, 4: 1 << 63})
    index.remove(np.array([3]))
    (path,) = index.save(tmp_path / "saved")
    loaded = HammingIndex.load(path)
    assert len(loaded) == 2
    assert found(loaded, ALL) == [(5, 0), (4, 63)]
    (path,) = HammingIndex().save(tmp_path / "empty")
    assert len(HammingIndex.load(path)) == 0


@pytest.mark.parametrize(
    ("keys", "hashes"),
    [
        (np.arange(3), np.arange(2, dtype=np.uint64)),
        (np.arange(3), np.arange(3, dtype=np.int64)),
        (np.arange(3, dtype=np.int32), np.arange(3, dtype=np.uint64)),
        (np.arange(3), np.zeros((3, 1), np.uint64)),
    ],
)
def test_file_of_other_numbers_is_refused(tmp_path: Path, keys: Keys, hashes: Keys) -> None:
    with pytest.raises(ValueError, match="odd holds"):
        HammingIndex.load(arrays.write(tmp_path / "odd", keys=keys, hashes=hashes))


def test_cut_file_is_refused(tmp_path: Path) -> None:
    (path,) = index_of({1: 1, 2: 2}).save(tmp_path / "saved")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match="saved"):
        HammingIndex.load(path)


def test_searches_go_on_beside_changes() -> None:
    """What stays is found by every search, once, with its own hash."""
    index = index_of({key: key for key in range(0, 200, 2)})
    faults: list[list[tuple[int, int]]] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            near = found(index, 64, 1000)
            stays = [key for key, _ in near if key % 2 == 0]
            wrong = [key for key, distance in near if (key ^ 64).bit_count() != distance]
            if sorted(stays) != list(range(0, 200, 2)) or wrong or len({key for key, _ in near}) != len(near):
                faults.append(near)

    searching = [threading.Thread(target=search) for _ in range(2)]
    for thread in searching:
        thread.start()
    odd = np.arange(1, 400, 2)
    for _ in range(30):
        index.add(odd[::-1], odd[::-1].astype(np.uint64))
        index.add(np.arange(0, 200, 2), np.arange(0, 200, 2, dtype=np.uint64))
        index.remove(odd[::3])
    done.set()
    for thread in searching:
        thread.join()
    assert faults == []


def test_hashes_are_found_within_so_many_bits_and_no_farther() -> None:
    index = HammingIndex()
    index.add(np.arange(1, 66), np.array([(1 << bits) - 1 for bits in range(65)], np.uint64))  # key: bits set, and one
    index.remove(np.array([3]))
    (hits,) = index.search(np.array([0], np.uint64), 100, within=4)
    assert hits.keys.tolist() == [1, 2, 4, 5]
    assert hits.distances.tolist() == [0, 1, 3, 4]
    (hits,) = index.search(np.array([0], np.uint64), 2, within=4)
    assert hits.keys.tolist() == [1, 2]
    (hits,) = index.search(np.array([0], np.uint64), 64)
    assert hits.keys.tolist() == [1, 2, *range(4, 66)]
