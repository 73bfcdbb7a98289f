"""An embedding index that lives on a server, one for all processes of a library; storage stays the truth."""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import NetworkRef, Vector
from engine.index.base import VectorIndex
from engine.index.hamming import BITS, HammingIndex
from engine.index.hits import Hits, Keys, Vectors
from engine.index.library_index import COSINE_DIGITS, PART_BITS, Near
from engine.storage import codec
from engine.storage.repository import Repository

logger = logging.getLogger(__name__)

LONGEST_NAME = 50


class ServerIndex(VectorIndex, Protocol):
    """A vector index that outlives a process and knows how level with the library it is."""

    @property
    def kind(self) -> str: ...

    async def level(self) -> int | None:
        """Up to which `seq` it is level; None where there is none, or one that was not finished."""
        ...

    async def mark(self, seq: int) -> None: ...

    async def rebuild(self, portions: AsyncIterator[tuple[Keys, Vectors]], seq: int) -> None:
        """Put these in place of all that there is, and mark it."""
        ...


class SharedIndex:
    """What LibraryIndex is, for an index on a server; hashes stay in the memory of each process.

    The server is asked before every search how level it is: of many processes the first that finds it behind brings it
    level, the others wait for that one. All steps may be done twice, or broken off anywhere.
    """

    checkpoint_seq: int | None = None  # there is nothing to write down

    def __init__(
        self, repository: Repository, pool: CpuPool, index: ServerIndex, network: NetworkRef, dimensions: int
    ) -> None:
        self.network = network
        self.dimensions = dimensions
        self.seq = 0
        self.size = 0
        self._repository = repository
        self._pool = pool
        self._index = index
        self._hashes = FollowedHashes(repository, pool)
        self._catching_up = asyncio.Lock()
        self._counted: int | None = None  # the level at which `size` was

    @property
    def kind(self) -> str:
        return self._index.kind

    async def catch_up(self, seq: int, trimmed: int) -> None:
        """Bring server and hashes level with the library's `seq`; what changed up to `trimmed` is out of the feed."""
        await self._hashes.catch_up(seq, trimmed)
        level = await self._index.level()
        if not _is_level(level, seq, self.seq):
            async with self._catching_up:
                level = await self._bring_level(seq)
        assert level is not None
        if level != self._counted:
            self.size, self._counted = await self._index.size(), level
        self.seq = level

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        """For each row of `vectors` (n, dimensions) the nearest pictures, nearest first, each once."""
        answers = []
        for hits in await self._index.search(vectors, count):
            near: dict[int, float] = {}
            for key, distance in zip(hits.keys.tolist(), hits.distances.tolist(), strict=True):
                near.setdefault(key >> PART_BITS, round(1 - distance, COSINE_DIGITS))
            answers.append([Near(image_id, cosine) for image_id, cosine in near.items()])
        return answers

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = BITS) -> list[Hits]:
        """For each hash the `count` pictures whose hashes are nearest, of those `within` so many bits."""
        return await self._hashes.near(phashes, count, within)

    async def checkpoint_if_worthwhile(self) -> None:
        """Nothing: the server keeps it."""

    async def close(self) -> None:
        """Nothing is done beside the searches."""

    async def _bring_level(self, seq: int) -> int:
        async with self._repository.database.alone_at("index", self._pool):
            level, head = await self._index.level(), await self._repository.feed.head()
            if level is not None and seq <= level <= head.seq:
                return level  # somebody else was quicker
            if level is None:
                logger.info("there is no index of %s in %s; it is built from storage", self.network, self.kind)
            elif level < head.trimmed or level > head.seq:
                logger.warning("the index in %s is not of this library as it is; it is built anew", self.kind)
            else:
                last, ids = await self._repository.feed.changed_since(level)
                if ids is not None:
                    await self._replace(ids)
                    await self._index.mark(last)
                    return last
            await self._index.rebuild(self._portions(None), head.seq)
            return head.seq

    async def _replace(self, ids: list[int]) -> None:
        """Bring some pictures level. Nothing is taken out that stays: others are searching meanwhile."""
        live: set[int] = set()
        async for keys, vectors in self._portions(ids):
            await self._index.add(keys, vectors)
            live.update(keys.tolist())
        gone = sorted({image_id << PART_BITS for image_id in ids} - live)
        if gone:
            await self._index.remove(np.array(gone, np.int64))

    async def _portions(self, ids: list[int] | None) -> AsyncIterator[tuple[Keys, Vectors]]:
        async for rows in self._repository.features.embeddings_of(self.network, self.dimensions, ids):
            if rows:
                keys = np.array([image_id << PART_BITS | part for image_id, part, _ in rows], np.int64)
                stored = [vector for *_, vector in rows]
                yield keys, await self._pool.run(codec.vectors_from_bytes, stored, self.dimensions)


class FollowedHashes:
    """The hashes of all pictures, in memory; `catch_up` before a search makes them current."""

    def __init__(self, repository: Repository, pool: CpuPool) -> None:
        self._repository = repository
        self._pool = pool
        self._index = HammingIndex()
        self._seq: int | None = None
        self._catching_up = asyncio.Lock()

    async def catch_up(self, seq: int, trimmed: int) -> None:
        if seq == self._seq:
            return
        async with self._catching_up:
            ids: list[int] | None = None
            last = seq
            if self._seq is not None and trimmed <= self._seq <= seq:
                last, ids = await self._repository.feed.changed_since(self._seq)
            # Read after `seq`, so that what comes meanwhile is only looked at once more.
            keys, values = await self._repository.features.phashes(ids)
            if ids is None:
                self._index = HammingIndex()
            else:
                self._index.remove(np.array(ids, np.int64))
            await self._pool.run(self._index.add, keys, values)
            self._seq = last

    async def near(self, phashes: Sequence[int], count: int, within: int) -> list[Hits]:
        return await self._pool.run(self._index.search, np.array(phashes, np.uint64), count, within)


def index_name(library: str, network: NetworkRef, dimensions: int) -> str:
    """A name that no other library, network, version or size shares, plain enough for every server."""
    whole = f"{library} {network.name} {network.version} {dimensions}"
    told_apart = hashlib.sha256(whole.encode()).hexdigest()[:16]
    readable = re.sub(r"[^a-z0-9]+", "_", f"pictrace_{network.name}_{dimensions}".lower())
    return f"{readable[: LONGEST_NAME - 17]}_{told_apart}"


def _is_level(level: int | None, seq: int, seen: int) -> bool:
    """Whether a server's index is as far as the library, or farther, as this process has `seen` already.

    Farther than that, others may have seen more of the library, or it is the index of another past of it.
    """
    return level is not None and (level == seq or seq < level <= seen)
