"""HNSW beyond the contract: projected vectors, merging beside searches, and files that are not what was written."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.index.flat import FlatIndex
from engine.index.hits import Keys, Vectors
from engine.index.hnsw import AT_ONCE, GraphBuilder, HnswIndex, Interrupted
from engine.index.projection import DIMENSIONS, MIN_SAMPLE

LARGE = 512
RANDOM = np.random.default_rng(5)


def embeddings(count: int, dimensions: int = 64) -> Vectors:
    """Unit vectors without negative parts, in clusters, as those of networks are."""
    centres = np.random.default_rng(1).normal(size=(30, dimensions))
    vectors = centres[RANDOM.integers(30, size=count)] + 0.6 * RANDOM.normal(size=(count, dimensions))
    vectors = np.maximum(vectors, 0)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def built(keys: Keys, vectors: Vectors) -> HnswIndex:
    builder = GraphBuilder(vectors.shape[1], len(vectors))
    builder.look_at(vectors)
    builder.add(keys, vectors)
    return builder.finished()


def first_of(index: HnswIndex, queries: Vectors) -> list[int]:
    return [int(hits.keys[0]) for hits in index.search(queries, 1)]


def test_projected_neighbours_are_those_of_exact_search() -> None:
    vectors, keys = embeddings(2 * MIN_SAMPLE, LARGE), np.arange(2 * MIN_SAMPLE)
    index, oracle = built(keys, vectors), FlatIndex(LARGE)
    oracle.add(keys, vectors)
    queries = vectors[:100] + 0.02 * RANDOM.normal(size=(100, LARGE)).astype(np.float32)
    found, expected = index.search(queries, 30), oracle.search(queries, 10)
    assert index._graph.index.ndim == DIMENSIONS
    missed = sum(len(set(e.keys.tolist()) - set(f.keys.tolist())) for f, e in zip(found, expected, strict=True))
    assert missed <= 10  # of 1,000


def test_no_vector_is_lost_in_a_graph() -> None:
    """Where several threads add, some are, and nobody ever finds those pictures."""
    vectors = embeddings(3000)
    index = built(np.arange(3000), vectors)
    assert first_of(index, vectors) == list(range(3000))
    index.add(np.arange(1000), vectors[:1000])
    index.remove(np.arange(1000, 1500))
    kept = [*range(1000), *range(1500, 3000)]
    assert first_of(index.merged(), vectors[kept]) == kept


def test_index_is_outgrown_once_it_could_be_projected() -> None:
    index = built(np.arange(MIN_SAMPLE // 8), embeddings(MIN_SAMPLE // 8, LARGE))
    assert not index.outgrown
    index.add(np.arange(5000, 5000 + MIN_SAMPLE), embeddings(MIN_SAMPLE, LARGE))
    assert index.outgrown
    assert not built(np.arange(len(index)), embeddings(len(index), LARGE)).outgrown


def test_vectors_added_to_a_projected_index_are_found_before_and_after_a_merge(tmp_path: Path) -> None:
    index = built(np.arange(MIN_SAMPLE), embeddings(MIN_SAMPLE, LARGE))
    new = embeddings(50, LARGE)
    index.add(np.arange(9000, 9050), new)
    assert first_of(index, new) == list(range(9000, 9050))
    index.merged().save(tmp_path / "saved")
    loaded = HnswIndex.load(tmp_path / "saved", LARGE)
    assert loaded.pending == 0
    assert first_of(loaded, new) == list(range(9000, 9050))


def test_many_dead_around_a_query_do_not_hide_what_lives_behind() -> None:
    centre, others = embeddings(1), embeddings(300)
    near = centre + 0.01 * RANDOM.normal(size=(400, 64)).astype(np.float32)
    index = HnswIndex(64)
    index.add(np.arange(700), np.concatenate([near / np.linalg.norm(near, axis=1, keepdims=True), others]))
    index = index.merged()
    index.remove(np.arange(400))
    (hits,) = index.search(centre, 10)
    assert len(hits.keys) == 10
    assert hits.keys.min() >= 400


def test_nodes_are_used_again_and_given_back() -> None:
    index = HnswIndex(64)
    index.add(np.arange(400), embeddings(400))
    index = index.merged()
    for _ in range(3):
        index.add(np.arange(400), embeddings(400))
        index = index.merged()
    assert index._graph.slots == 400
    index.remove(np.arange(300))
    kept = np.stack(index._graph.index.get(np.arange(300, 400, dtype=np.uint64))).astype(np.float32)
    index = index.merged()
    assert (index._graph.slots, len(index), index.pending) == (100, 100, 0)
    assert first_of(index, kept) == list(range(300, 400))


def test_given_up_merge_leaves_the_index_as_it_was() -> None:
    index = HnswIndex(64)
    vectors = embeddings(2 * AT_ONCE)
    index.add(np.arange(len(vectors)), vectors)
    looks = iter([False, True])
    with pytest.raises(Interrupted):
        index.merged(lambda: next(looks))
    assert (len(index), index.pending) == (len(vectors), len(vectors))
    assert first_of(index, vectors[:5]) == list(range(5))


def test_searches_go_on_beside_changes_and_merges() -> None:
    """What stays is found by every search, once; what is gone before a search begins is not."""
    stays, comes = embeddings(200), embeddings(200)
    gone = {3000 + n for n in range(200)}
    held = [HnswIndex(64)]
    held[0].add(np.arange(200), stays)
    held[0].add(np.array(sorted(gone)), embeddings(200))
    held[0] = held[0].merged()
    held[0].remove(np.array(sorted(gone)))
    faults: list[str] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            for number, hits in enumerate(held[0].search(stays[:20], 30)):
                keys = hits.keys.tolist()
                if number not in keys or len(set(keys)) != len(keys) or gone & set(keys):
                    faults.append(f"{number}: {keys}")

    searching = [threading.Thread(target=search) for _ in range(3)]
    for thread in searching:
        thread.start()
    for turn in range(12):
        held[0].add(np.arange(200), stays)  # in place of the very same
        held[0].add(np.arange(1000, 1200), comes)
        held[0].remove(np.arange(1000, 1100))
        if turn % 3 == 2:
            held[0] = held[0].merged()
    done.set()
    for thread in searching:
        thread.join()
    assert not faults
    assert len(held[0]) == 300


def test_replaced_vector_is_found_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    index, vectors = HnswIndex(64), embeddings(100)
    index.add(np.arange(100), vectors)
    index = index.merged()
    seen: list[list[int]] = []
    bury, add = index._bury, index._delta.add

    def looking(step: Callable[..., None]) -> Callable[..., None]:
        def stepped(*arguments: object) -> None:
            step(*arguments)
            seen.append(first_of(index, vectors[:10]))

        return stepped

    monkeypatch.setattr(index, "_bury", looking(bury))
    monkeypatch.setattr(index._delta, "add", looking(add))
    index.add(np.arange(100), vectors)
    assert seen == [list(range(10))] * 2


@pytest.mark.parametrize("suffix", ["", ".npz"])
@pytest.mark.parametrize("left", [0, 10, 1000])
def test_cut_files_are_not_loaded(tmp_path: Path, suffix: str, left: int) -> None:
    index = HnswIndex(64)
    index.add(np.arange(100), embeddings(100))
    index.save(tmp_path / "saved")
    path = tmp_path / f"saved{suffix}"
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ValueError, match="saved"):
        HnswIndex.load(tmp_path / "saved", 64)


def test_file_of_another_graph_is_not_loaded(tmp_path: Path) -> None:
    for name, count in (("one", 100), ("other", 90)):
        index = HnswIndex(64)
        index.add(np.arange(count), embeddings(count))
        index.save(tmp_path / name)
    (tmp_path / "other").rename(tmp_path / "one")
    with pytest.raises(ValueError, match="holds 90 vectors"):
        HnswIndex.load(tmp_path / "one", 64)


def test_full_disk_is_an_os_error() -> None:
    index = HnswIndex(64)
    index.add(np.arange(5000), embeddings(5000))
    with pytest.raises(OSError, match="full"):
        index.merged()._graph.save(Path("/dev/full"))
