"""What every index can do, and the wrapper that lets a local one run in the pool."""

import asyncio
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np

from engine.concurrency import CpuPool
from engine.index.hits import Hits, Keys, Vectors


class VectorIndex(Protocol):
    """Finds the stored vectors nearest to a query. Adding a key again replaces its vector."""

    async def add(self, keys: Keys, vectors: Vectors) -> None: ...

    async def remove(self, keys: Keys) -> None: ...

    async def search(self, queries: Vectors, count: int) -> list[Hits]:
        """For each query at most `count` hits. Distances: 1 - cosine of embeddings, differing bits of hashes."""
        ...

    async def size(self) -> int: ...


class LocalIndex(Protocol):
    """The same, synchronous and in memory; safe to search from several threads while one changes it."""

    one_by_one: ClassVar[bool]  # whether many queries take as long as each of them alone

    def add(self, keys: Keys, vectors: Vectors) -> None: ...

    def remove(self, keys: Keys) -> None: ...

    def search(self, queries: Vectors, count: int) -> list[Hits]: ...

    def __len__(self) -> int: ...

    def save(self, path: Path) -> list[Path]:
        """Write it down; the files written: `path`, and others whose names begin with its name."""
        ...


class PooledIndex:
    """A local index behind the async protocol."""

    def __init__(self, local: LocalIndex, pool: CpuPool) -> None:
        self.local = local
        self._pool = pool

    async def add(self, keys: Keys, vectors: Vectors) -> None:
        await self._pool.run(self.local.add, keys, vectors)

    async def remove(self, keys: Keys) -> None:
        await self._pool.run(self.local.remove, keys)

    async def search(self, queries: Vectors, count: int) -> list[Hits]:
        parts = self._pool.workers if self.local.one_by_one else 1
        found = await asyncio.gather(
            *(self._pool.run(self.local.search, part, count) for part in np.array_split(queries, parts) if len(part))
        )
        return [hits for part in found for hits in part]

    async def size(self) -> int:
        return len(self.local)
