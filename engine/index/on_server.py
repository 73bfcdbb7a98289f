"""Indexes on a server, one for all processes of a library; hashes, where it compares none, in each process's memory."""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import PART_BITS, NetworkHead, NetworkRef
from engine.index.base import PooledIndex, ServerIndex
from engine.index.following import Embeddings, PerceptualHashes, StoredVectors, take_in
from engine.index.hamming import BITS, HammingIndex
from engine.index.hits import Hits, Near, Vectors, pictures
from engine.storage.database import Database

logger = logging.getLogger(__name__)

LONGEST_NAME = 50


class _Shared:
    """An index on a server: of many processes the first that finds it behind brings it level, the others wait."""

    def __init__(self, server: ServerIndex, name: str, rows: StoredVectors, database: Database, pool: CpuPool) -> None:
        """`name`: what the log calls it."""
        self.server = server
        self._name = name
        self._rows = rows
        self._database = database
        self._pool = pool
        self._waiting = asyncio.Lock()
        self._level: int | None = None  # when it was last asked

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._waiting, self._database.alone_at("index", self._pool):
            yield

    async def level(self) -> int | None:
        self._level = await self.server.level()
        return self._level

    async def resume(self) -> int | None:
        return await self.level()

    def would_rebuild(self, changes: int) -> bool:
        return False

    async def take_in(self, ids: Sequence[int], seq: int) -> None:
        await take_in(self.server, self._rows, ids)
        await self.server.mark(seq)
        self._level = seq

    async def rebuild(self, seq: int, *, after: int) -> int:
        logger.info("the index of %s in %s is built from storage", self._name, self.server.kind)
        await self.server.rebuild(self._rows.portions(), seq)
        self._level = seq
        return seq

    async def caught_up(self) -> None:
        """Nothing more is to be done."""


class OnServer(_Shared):
    """Embeddings on a server."""

    checkpoint_seq: int | None = None  # there is nothing to write down

    def __init__(self, server: ServerIndex, rows: Embeddings, database: Database, pool: CpuPool) -> None:
        super().__init__(server, str(rows.network), rows, database, pool)
        self.size = 0
        self._counted: int | None = None  # the level at which `size` was

    @property
    def kind(self) -> str:
        return self.server.kind

    async def caught_up(self) -> None:
        if self._level != self._counted:
            self.size, self._counted = await self.server.size(), self._level

    async def search(self, vectors: Vectors, count: int) -> list[list[Near]]:
        return [pictures(hits, count) for hits in await self.server.search(vectors, count)]

    async def checkpoint_if_worthwhile(self) -> None:
        """Nothing: the server keeps it."""

    async def close(self) -> None:
        """Nothing is done beside the searches."""


class HashesOnServer(_Shared):
    """The hashes of all pictures, on a server."""

    def __init__(self, server: ServerIndex, rows: PerceptualHashes, database: Database, pool: CpuPool) -> None:
        super().__init__(server, "all hashes", rows, database, pool)

    async def near_hashes(self, phashes: Sequence[int], count: int, within: int) -> list[Hits]:
        found = await self.server.search(np.array(phashes, np.uint64), count)
        return [_within(hits, within) for hits in found]


class HashesInMemory:
    """The hashes of all pictures, in this process."""

    def __init__(self, rows: PerceptualHashes, pool: CpuPool) -> None:
        self._rows = rows
        self._pool = pool
        self._index = HammingIndex()
        self._seq: int | None = None
        self._catching_up = asyncio.Lock()

    def alone(self) -> AbstractAsyncContextManager[None]:
        return self._catching_up

    async def level(self) -> int | None:
        return self._seq

    async def resume(self) -> int | None:
        return self._seq

    def would_rebuild(self, changes: int) -> bool:
        return False

    async def take_in(self, ids: Sequence[int], seq: int) -> None:
        await take_in(PooledIndex(self._index, self._pool), self._rows, ids)
        self._seq = seq

    async def rebuild(self, seq: int, *, after: int) -> int:
        index = HammingIndex()
        portions = [portion async for portion in self._rows.portions()]
        if portions:
            keys, hashes = (np.concatenate(columns) for columns in zip(*portions, strict=True))
            await self._pool.run(index.add, keys, hashes)
        self._index, self._seq = index, seq
        return seq

    async def caught_up(self) -> None:
        """Nothing more is to be done."""

    async def near_hashes(self, phashes: Sequence[int], count: int, within: int) -> list[Hits]:
        return await self._pool.run(self._index.search, np.array(phashes, np.uint64), count, within)


def _within(hits: Hits, most: int) -> Hits:
    """Those that are no farther."""
    near = hits.distances <= most
    return Hits(hits.keys[near], hits.distances[near])


def index_name(library: str, network: NetworkRef, head: NetworkHead) -> str:
    """A name for each library, network, version, head, size and form of keys, plain enough for every server."""
    of_head = head.dimensions if head.name == "copy" else f"{head.name} {head.dimensions}"
    whole = f"{library} {network.name} {network.version} {of_head} {PART_BITS}"
    return _named(f"{network.name}_{of_head}", whole)


def hashes_name(library: str) -> str:
    """A name for the hashes of each library."""
    return _named("hashes", f"{library} hashes {BITS}")


def _named(readable: str, whole: str) -> str:
    """A plain identifier, another for each `whole`."""
    told_apart = hashlib.sha256(whole.encode()).hexdigest()[:16]
    plain = re.sub(r"[^a-z0-9]+", "_", f"pictrace_{readable}".lower())
    return f"{plain[: LONGEST_NAME - 17]}_{told_apart}"
