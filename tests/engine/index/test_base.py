"""An index in memory behind the async protocol."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from engine.concurrency import CpuPool
from engine.index.base import InMemory, PooledIndex
from engine.index.hits import Hits, Keys, Vectors

WORKERS = 3


class Noted:
    """Notes what is asked of it, and in which thread; the hit of a query is its number."""

    one_by_one: ClassVar[bool] = False

    def __init__(self) -> None:
        self.added: list[list[int]] = []
        self.removed: list[list[int]] = []
        self.searched: list[list[int]] = []
        self.threads: set[int] = set()

    def add(self, keys: Keys, vectors: Vectors) -> None:
        self._note()
        self.added.append(keys.tolist())

    def remove(self, keys: Keys) -> None:
        self._note()
        self.removed.append(keys.tolist())

    def search(self, queries: Vectors, count: int) -> list[Hits]:
        self._note()
        numbers = [int(query[0]) for query in queries]
        self.searched.append(numbers)
        return [Hits(np.array([number], np.int64), np.array([count], np.float32)) for number in numbers]

    def __len__(self) -> int:
        return 7

    def save(self, path: Path) -> list[Path]:
        return [path]

    def _note(self) -> None:
        self.threads.add(threading.get_ident())


class OneByOne(Noted):
    one_by_one: ClassVar[bool] = True


@pytest.fixture
def pool() -> Iterator[CpuPool]:
    with CpuPool(WORKERS) as made:
        yield made


def queries(count: int) -> Vectors:
    return np.arange(count, dtype=np.float32).reshape(-1, 1)


async def answers(index: PooledIndex[InMemory], count: int) -> list[int]:
    return [int(hits.keys[0]) for hits in await index.search(queries(count), 5)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 10])
async def test_queries_that_take_as_long_as_each_alone_are_shared_out_and_answered_in_order(
    pool: CpuPool, count: int
) -> None:
    local = OneByOne()
    assert await answers(PooledIndex(local, pool), count) == list(range(count))
    sizes = sorted(map(len, local.searched))
    assert len(sizes) == min(count, WORKERS)
    assert sizes[-1] - sizes[0] <= 1


async def test_other_queries_go_to_the_index_together(pool: CpuPool) -> None:
    local = Noted()
    assert await answers(PooledIndex(local, pool), 10) == list(range(10))
    assert local.searched == [list(range(10))]


@pytest.mark.parametrize("kind", [Noted, OneByOne])
async def test_no_query_is_no_search(pool: CpuPool, kind: type[Noted]) -> None:
    local = kind()
    assert await PooledIndex(local, pool).search(queries(0), 5) == []
    assert local.searched == []


async def test_everything_is_computed_in_the_pool(pool: CpuPool) -> None:
    local = Noted()
    index = PooledIndex(local, pool)
    await index.add(np.array([1, 2]), queries(2))
    await index.remove(np.array([2]))
    await index.search(queries(1), 5)
    assert (local.added, local.removed, await index.size()) == ([[1, 2]], [[2]], 7)
    assert threading.get_ident() not in local.threads


async def test_count_is_passed_on(pool: CpuPool) -> None:
    (hits,) = await PooledIndex(Noted(), pool).search(queries(1), 42)
    assert hits.distances.tolist() == [42]


async def test_error_of_one_share_is_that_of_the_search(pool: CpuPool) -> None:
    class Broken(OneByOne):
        def search(self, queries: Vectors, count: int) -> list[Hits]:
            if queries[0, 0] > 0:
                raise MemoryError("no more")
            return super().search(queries, count)

    with pytest.raises(MemoryError, match="no more"):
        await asyncio.wait_for(PooledIndex(Broken(), pool).search(queries(9), 5), 10)
