"""Some pictures of a library searched alone: by all of them, or by asking its index for more and more."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from engine.concurrency import CpuPool
from engine.domain import Vector, part_key
from engine.index import some
from engine.index.flat import FlatIndex
from engine.index.hamming import BITS, HammingIndex
from engine.index.hits import Hits, Near
from engine.index.library_index import LibraryIndex
from engine.index.some import FewPictures, SomeOfMany

SIZE, DIMENSIONS = 400, 16
RANDOM = np.random.default_rng(4)
VECTORS = RANDOM.normal(size=(SIZE, DIMENSIONS)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
HASHES = RANDOM.integers(0, 1 << 63, SIZE, dtype=np.uint64)
IDS = list(range(1, SIZE + 1))
AMONG = IDS[::13]


def few(ids: Sequence[int], pool: CpuPool) -> FewPictures:
    rows = np.array(ids) - 1
    copies, hashes = FlatIndex(DIMENSIONS), HammingIndex()
    copies.add(np.array([part_key(one) for one in ids], np.int64), VECTORS[rows])
    hashes.add(np.array(ids, np.int64), HASHES[rows])
    return FewPictures(copies, None, hashes, pool)


class Counting:
    """A whole library, which notes how many it is asked for."""

    size = SIZE

    def __init__(self, whole: FewPictures) -> None:
        self._whole = whole
        self.asked: list[int] = []

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        self.asked.append(count)
        return await self._whole.search(vectors, count)

    async def search_looks(self, vectors: Vector, count: int) -> list[list[Near]]:
        return await self._whole.search_looks(vectors, count)

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = BITS) -> list[Hits]:
        self.asked.append(count)
        return await self._whole.near_hashes(phashes, count, within=within)


@pytest.fixture
async def pool() -> Any:
    with CpuPool(1) as opened:
        yield opened


async def test_both_find_the_same(pool: CpuPool) -> None:
    exact, whole = few(AMONG, pool), Counting(few(IDS, pool))
    filtered = SomeOfMany(cast(LibraryIndex, whole), AMONG)
    for count in (1, 5, len(AMONG), 100):
        assert await filtered.search(VECTORS[:3], count) == await exact.search(VECTORS[:3], count)
        assert await filtered.search_looks(VECTORS[:3], count) == await exact.search_looks(VECTORS[:3], count)
        for within in (12, 28, BITS):
            found = await filtered.near_hashes(HASHES[:3].tolist(), count, within=within)
            wanted = await exact.near_hashes(HASHES[:3].tolist(), count, within=within)
            for one, other in zip(found, wanted, strict=True):
                assert (one.keys.tolist(), one.distances.tolist()) == (other.keys.tolist(), other.distances.tolist())


async def test_no_more_is_asked_for_than_it_takes(pool: CpuPool) -> None:
    whole = Counting(few(IDS, pool))
    await SomeOfMany(cast(LibraryIndex, whole), AMONG).search(VECTORS[:1], 2)
    assert sum(whole.asked) < SIZE
    whole.asked.clear()
    await SomeOfMany(cast(LibraryIndex, whole), AMONG).near_hashes(HASHES[:1].tolist(), 4, within=1)
    assert len(whole.asked) == 1  # it gave fewer than it was asked for: there are no others


async def test_there_is_an_end_to_what_an_index_is_asked_for(pool: CpuPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(some, "MOST", 50)
    whole = Counting(few(IDS, pool))
    (found,) = await SomeOfMany(cast(LibraryIndex, whole), AMONG).search(VECTORS[:1], 30)
    assert max(whole.asked) == 50
    assert {one.image_id for one in found} <= {*AMONG}


async def test_none_are_found_among_none(pool: CpuPool) -> None:
    nothing = FewPictures(FlatIndex(DIMENSIONS), None, HammingIndex(), pool)
    assert await nothing.search(VECTORS[:2], 5) == [[], []]
    assert [len(hits.keys) for hits in await nothing.near_hashes(HASHES[:2].tolist(), 5)] == [0, 0]
