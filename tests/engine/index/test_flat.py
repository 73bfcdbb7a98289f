"""Exact search beyond the contract: room, dead rows, and searches beside changes."""

import threading
from pathlib import Path

import numpy as np
import pytest

from engine.index import arrays
from engine.index.flat import COMPACT_SHARE, FIRST_ROWS, FlatIndex
from engine.index.hits import Keys, Vectors

DIMENSIONS = 16


def embeddings(count: int, seed: int = 1) -> Vectors:
    """(n, 16) unit vectors."""
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSIONS))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def filled(keys: Keys, vectors: Vectors) -> FlatIndex:
    index = FlatIndex(DIMENSIONS)
    index.add(keys, vectors)
    return index


def first_of(index: FlatIndex, queries: Vectors) -> list[int]:
    return [int(hits.keys[0]) for hits in index.search(queries, 1)]


def test_distances_are_one_less_the_cosine() -> None:
    index = filled(np.array([3, 5, 9]), np.eye(3, DIMENSIONS, dtype=np.float32) * [[1], [1], [-1]])
    (hits,) = index.search(np.eye(1, DIMENSIONS, dtype=np.float32), 3)
    assert list(zip(hits.keys.tolist(), hits.distances.tolist(), strict=True)) == [(3, 0.0), (5, 1.0), (9, 1.0)]
    (hits,) = index.search(-np.eye(1, DIMENSIONS, dtype=np.float32), 3)
    assert hits.distances.tolist() == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("portion", [1, 100, FIRST_ROWS, 3 * FIRST_ROWS])
def test_room_is_made_without_losing_what_was_there(portion: int) -> None:
    vectors, index = embeddings(3 * FIRST_ROWS), FlatIndex(DIMENSIONS)
    for start in range(0, len(vectors), portion):
        index.add(np.arange(start, min(start + portion, len(vectors))), vectors[start : start + portion])
    assert len(index) == len(vectors)
    assert first_of(index, vectors) == list(range(len(vectors)))


def test_dead_rows_are_given_up_once_they_are_a_tenth() -> None:
    vectors = embeddings(100)
    index = filled(np.arange(100), vectors)
    for gone in range(30):
        index.remove(np.array([gone]))
        dead = index._state.count - len(index)
        assert dead <= COMPACT_SHARE * index._state.count
        assert first_of(index, vectors[gone + 1 :]) == list(range(gone + 1, 100))
    index.add(np.array([5]), vectors[5:6])
    assert first_of(index, vectors[5:6]) == [5]
    assert len(index) == 71


def test_same_keys_added_over_and_over_are_found_once() -> None:
    vectors = embeddings(50)
    index = filled(np.arange(50), vectors)
    for turn in range(1, 20):
        index.add(np.arange(50), np.roll(vectors, turn, axis=0))
    (hits,) = index.search(vectors[:1], 100)
    assert sorted(hits.keys.tolist()) == list(range(50))
    assert hits.keys[0] == 19


def test_key_given_twice_at_once_has_its_last_vector_only() -> None:
    vectors = embeddings(3)
    index = filled(np.array([7, 8, 7]), vectors)
    assert len(index) == 2
    (hits,) = index.search(vectors[2:], 9)
    assert hits.keys.tolist() == [7, 8]
    assert hits.distances[0] == pytest.approx(0, abs=1e-6)


def test_what_is_taken_out_of_it_is_a_copy() -> None:
    vectors = embeddings(20)
    index = filled(np.arange(20), vectors)
    index.remove(np.array([7]))
    keys, taken = index.alive()
    assert keys.tolist() == [key for key in range(20) if key != 7]
    taken[:] = keys[:] = 0
    assert first_of(index, vectors[8:]) == list(range(8, 20))


def test_file_holds_the_living_in_the_precision_of_the_library(tmp_path: Path) -> None:
    vectors = embeddings(40)
    index = filled(np.arange(40), vectors)
    index.remove(np.array([0, 39]))
    (path,) = index.save(tmp_path / "saved")
    keys, stored = arrays.read(path, "keys", "vectors")
    assert keys.tolist() == list(range(1, 39))
    assert np.array_equal(stored, vectors[1:39].astype(np.float16))
    assert stored.dtype == np.float16


def test_empty_index_is_written_and_read(tmp_path: Path) -> None:
    (path,) = FlatIndex(DIMENSIONS).save(tmp_path / "saved")
    loaded = FlatIndex.load(path, DIMENSIONS)
    assert len(loaded) == 0
    assert loaded.search(embeddings(2), 3)[1].keys.tolist() == []
    loaded.add(np.array([4]), embeddings(1))
    assert first_of(loaded, embeddings(1)) == [4]


@pytest.mark.parametrize("keys", [np.arange(2), np.arange(4), np.zeros(0, np.int64)])
def test_file_whose_columns_do_not_fit_each_other_is_refused(tmp_path: Path, keys: Keys) -> None:
    path = arrays.write(tmp_path / "odd", keys=keys, vectors=embeddings(3).astype(np.float16))
    with pytest.raises(ValueError, match="odd holds vectors of shape"):
        FlatIndex.load(path, DIMENSIONS)


def test_builder_learns_nothing_and_gives_an_index_that_goes_on_taking() -> None:
    vectors = embeddings(30)
    builder = FlatIndex.builder(DIMENSIONS, 30)
    assert builder.sample == 0
    builder.look_at(vectors)
    builder.add(np.arange(10), vectors[:10])
    builder.add(np.arange(10, 20), vectors[10:20])
    index = builder.finished()
    assert len(index) == 20
    index.add(np.arange(20, 30), vectors[20:])
    assert first_of(index, vectors) == list(range(30))
    assert index.merged() is index
    assert not index.outgrown


def test_searches_go_on_beside_changes() -> None:
    """What stays is found by every search, once, and what is dead before a search by none."""
    stays, comes = embeddings(100), embeddings(400, seed=2)
    index = filled(np.arange(100), stays)
    index.add(np.arange(900, 950), embeddings(50, seed=3))
    index.remove(np.arange(900, 950))
    faults: list[list[int]] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            for number, hits in enumerate(index.search(stays[:10], 700)):
                keys = hits.keys.tolist()
                if keys[0] != number or len(set(keys)) != len(keys) or len([k for k in keys if k < 100]) != 100:
                    faults.append(keys)
                if any(900 <= key < 950 for key in keys):
                    faults.append(keys)

    searching = [threading.Thread(target=search) for _ in range(2)]
    for thread in searching:
        thread.start()
    for turn in range(20):
        index.add(np.arange(100), stays)  # in place of the very same
        index.add(np.arange(1000 + turn, 1400 + turn), comes)
        index.remove(np.arange(1000 + turn, 1200 + turn))
    done.set()
    for thread in searching:
        thread.join()
    assert faults == []
