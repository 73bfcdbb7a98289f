"""The index in this process: embeddings and hashes in memory, written down together for the next start.

What takes long is done beside the searches: changing over to another kind of index, merging what has come into a new
graph, writing down. What serves goes on taking in changes; a new index catches up with them before it takes over.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Literal

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import PART_BITS, NetworkHead, NetworkRef, Stop, never
from engine.errors import PicTraceError
from engine.index.base import LocalIndex, PooledIndex
from engine.index.checkpoints import KINDS, Checkpoint, Checkpoints
from engine.index.flat import FlatIndex
from engine.index.following import PORTION, Embeddings, PerceptualHashes, take_in
from engine.index.hamming import BITS, HammingIndex
from engine.index.hits import Hits, Keys, Near, Vectors, pictures
from engine.index.hnsw import Interrupted
from engine.storage.repository import Repository

logger = logging.getLogger(__name__)

HNSW_FROM = 20_000  # pictures; exact search takes some 8 core-ms there (docs/adr/0012)
EXACT_BELOW = HNSW_FROM // 2  # so that a library that grows and shrinks does not change over each time
# Than asked for come from a graph, whose vectors are projected and rounded, before cosines are computed; shared by all
# that are asked at once, since parts of a picture and likes of stored ones are looked for among the very nearest.
SPARE = 200
# Changes after which an index is written down: a tenth of it. Fewer are quicker to catch up with than to write down;
# more than the last are slower to take in than to read all of it.
LEAST_BEHIND, MOST_BEHIND = 2_000, 20_000
A_FEW = 500  # changes that a new index catches up with while searches wait
TURN_S = 0.2  # between two looks at whether another process has finished writing

IndexKind = Literal["auto", "exact", "hnsw"]


class InProcess:
    """The embeddings of one network of a library, and its hashes, in memory."""

    def __init__(
        self,
        repository: Repository,
        pool: CpuPool,
        directory: Path,
        network: NetworkRef,
        head: NetworkHead,
        kind: IndexKind,
        *,
        read_only: bool = False,
    ) -> None:
        """`read_only`: it is never written down, however many changes ago the last time is."""
        dimensions = head.dimensions
        self._read_only = read_only
        self.kind: str = kind
        self.seq = 0
        self._dimensions = dimensions
        self._wanted_kind = kind
        self._repository = repository
        self._embeddings = Embeddings(repository.features, network, head, pool)
        self._phashes = PerceptualHashes(repository.features) if head.name == "copy" else None  # one has them
        self._pool = pool
        self._checkpoints = Checkpoints(directory, network, head)
        self.index: PooledIndex[LocalIndex] = PooledIndex(FlatIndex(dimensions), pool)
        self._hashes = HammingIndex()
        self._written = 0  # `seq` up to which a checkpoint, or the graph that serves, has the changes
        self._catching_up = asyncio.Lock()
        self._renewing = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None
        self._closing = threading.Event()
        self._loaded = False

    @property
    def size(self) -> int:
        return len(self.index.local)

    async def search(self, vectors: Vectors, count: int) -> list[list[Near]]:
        """Cosines are of the stored embeddings, whatever the index compares."""
        index = self.index
        if index.local.is_exact:
            return [pictures(hits, count) for hits in await index.search(vectors, count)]
        found = await index.search(vectors, count + SPARE // len(vectors))
        ids = sorted({key >> PART_BITS for hits in found for key in hits.keys.tolist()})
        keys, stored = await self._embeddings.of(ids)
        return await self._pool.run(_compared, vectors, found, keys, stored, count)

    async def near_hashes(self, phashes: Sequence[int], count: int, within: int = BITS) -> list[Hits]:
        return await self._pool.run(self._hashes.search, np.array(phashes, np.uint64), count, within)

    @property
    def checkpoint_seq(self) -> int | None:
        return self._checkpoints.seq()

    async def checkpoint_if_worthwhile(self) -> None:
        if self.index.local.outgrown:
            self._closing.set()  # a new projection takes minutes and can wait
        if self._renewal:
            await self._renewal
        if self._loaded and self._is_due() and not self._closing.is_set():
            await self._renew_beside()

    async def checkpoint(self) -> None:
        """Write the index down, so that the next process starts with it."""
        await self._renew()

    async def close(self) -> None:
        self._closing.set()
        if self._renewal:
            await self._renewal

    # --- what a Follower asks for

    def alone(self) -> AbstractAsyncContextManager[None]:
        return self._catching_up

    async def level(self) -> int | None:
        return self.seq if self._loaded else None

    async def resume(self) -> int | None:
        if not self._loaded:
            wanted = tuple(KINDS) if self._wanted_kind == "auto" else (self._wanted_kind,)
            found = await self._pool.run(self._checkpoints.load, wanted)
            if found and await self._is_of_this_library(found.seq):
                self._take(found)
        return self.seq if self._loaded else None

    def would_rebuild(self, changes: int) -> bool:
        return changes > max(self.size, MOST_BEHIND)  # perhaps more than an index of this kind can take

    async def take_in(self, ids: Sequence[int], seq: int) -> None:
        await self._take_into(self.index, ids)
        self.seq = seq

    async def rebuild(self, seq: int, *, after: int) -> int:
        """All searches wait for it."""
        ids = await self._repository.images.live_ids()
        kind = self._kind_for(len(ids))
        if not KINDS[kind].is_mapped or self._read_only or len(ids) < LEAST_BEHIND:
            self._take(Checkpoint(await self._build(kind, ids), await self._hashes_of(ids), seq, kind))
            self._written = 0
            return self.seq
        while True:
            with self._checkpoints.writing() as my_turn:
                if my_turn:
                    found = await self._pool.run(self._checkpoints.load, (kind,))
                    usable = found and found.seq > max(after, self.seq)
                    if not found or not usable or not await self._is_of_this_library(found.seq):
                        logger.info("indexing %d pictures", len(ids))
                        local = await self._build(kind, ids)
                        found = await self._written_down(local, await self._hashes_of(ids), kind, seq)
                    self._take(found)
                    return self.seq
            await asyncio.sleep(TURN_S)

    async def caught_up(self) -> None:
        if self._is_due() and not self._closing.is_set() and (self._renewal is None or self._renewal.done()):
            self._renewal = asyncio.create_task(self._renew_beside())

    # --- loading and building

    async def _is_of_this_library(self, seq: int) -> bool:
        """No checkpoint is ahead of its library, unless a backup of the database was put in its place."""
        head = await self._repository.feed.head()
        if seq > head.seq:
            logger.warning("the index written down at change %d is passed over: the library is at %d", seq, head.seq)
        return seq <= head.seq

    def _take(self, found: Checkpoint) -> None:
        self.index, self._hashes = PooledIndex(found.local, self._pool), found.hashes
        self.kind, self.seq, self._written = found.kind, found.seq, found.seq
        self._loaded = True

    async def _take_into(self, index: PooledIndex[LocalIndex], ids: Sequence[int]) -> None:
        """Bring pictures level in an index, and their hashes."""
        await take_in(index, self._embeddings, ids)
        if self._phashes:
            await take_in(PooledIndex(self._hashes, self._pool), self._phashes, ids)

    async def _build(self, kind: str, ids: list[int], *, stop: Stop = never) -> LocalIndex:
        """A new index of pictures, from storage. Interrupted where `stop` says so."""
        builder = KINDS[kind].builder(self._dimensions, len(ids))
        run = self._pool.run_beside if KINDS[kind].is_mapped else self._pool.run
        if builder.sample:
            random = np.random.default_rng(len(ids))
            many = len(ids) > builder.sample
            sample = sorted(random.choice(ids, builder.sample, replace=False).tolist()) if many else ids
            async for _, vectors in self._portions(sample):
                await run(builder.look_at, vectors)
        done = 0
        async for keys, vectors in self._portions(ids):
            if stop():
                raise Interrupted
            await run(builder.add, keys, vectors)
            done += 1
            if done % 50 == 0:
                logger.info("%d of %d pictures are in the new index", done * PORTION, len(ids))
        return await run(builder.finished)

    async def _portions(self, ids: list[int]) -> AsyncIterator[tuple[Keys, Vectors]]:
        """Keys and embeddings of so many pictures at once."""
        for start in range(0, len(ids), PORTION):
            async for portion in self._embeddings.portions(ids[start : start + PORTION]):
                yield portion

    async def _hashes_of(self, ids: list[int]) -> HammingIndex:
        index = HammingIndex()
        if self._phashes is None:
            return index
        parts = [ids[start : start + PORTION] for start in range(0, len(ids), PORTION)]
        found = [portion for part in parts async for portion in self._phashes.portions(part)]
        if found:
            keys, values = (np.concatenate(columns) for columns in zip(*found, strict=True))
            await self._pool.run(index.add, keys, values)
        return index

    # --- what is done beside the searches

    def _kind_for(self, size: int) -> str:
        if self._wanted_kind != "auto":
            return self._wanted_kind
        return "hnsw" if size >= (EXACT_BELOW if self.kind == "hnsw" else HNSW_FROM) else "exact"

    def _is_due(self) -> bool:
        if self._read_only:
            return False
        local = self.index.local
        tenth = max(LEAST_BEHIND, self.size // 10)
        behind = min(tenth, MOST_BEHIND) if local.slowed_by_changes else tenth
        return self._kind_for(self.size) != self.kind or local.outgrown or self.seq - self._written >= behind

    async def _renew_beside(self) -> None:
        try:
            await self._renew()
        except Interrupted:
            return
        except (PicTraceError, OSError, MemoryError, RuntimeError, ValueError) as error:
            # usearch raises RuntimeError for nearly everything.
            logger.warning("the index could not be renewed (%s); it goes on serving as it is", error)
            self._written = self.seq  # it is tried again after as many changes

    async def _renew(self) -> None:
        """Bring the index into the form that it should have, written down; what serves goes on serving until then."""
        async with self._renewing:
            kind = self._kind_for(self.size)
            with self._checkpoints.writing() as my_turn:
                if not my_turn:
                    return  # what the other process writes is taken up after the next change
                found = await self._newer(kind)
                if found is None:
                    found = await self._renewed(kind)
                if found.local is not self.index.local:
                    await self._take_over(found)
                self._written = max(self._written, found.seq)

    async def _newer(self, kind: str) -> Checkpoint | None:
        """What another process has written since."""
        newest = self._checkpoints.seq((kind,))
        if newest is None or newest <= self._written or not await self._is_of_this_library(newest):
            return None
        if kind == self.kind and not KINDS[kind].is_mapped:
            whole = await self._pool.run_beside(self._checkpoints.is_whole, newest, kind)
            return Checkpoint(self.index.local, self._hashes, newest, kind) if whole else None
        return await self._pool.run_beside(self._checkpoints.load, (kind,))

    async def _renewed(self, kind: str) -> Checkpoint:
        local, seq = self.index.local, self.seq  # what comes in later is in the file too, and does no harm there
        anew = kind != self.kind or local.outgrown
        if not anew:
            try:
                local = await self._pool.run_beside(local.merged, self._closing.is_set)
            except OSError as error:
                logger.warning("%s; the index is built anew", error)
                anew = True
        if anew:
            logger.info("building the %s index of %d pictures anew", kind, self.size)
            local = await self._build(kind, await self._repository.images.live_ids(), stop=self._closing.is_set)
        return await self._written_down(local, self._hashes, kind, seq)

    async def _written_down(self, local: LocalIndex, hashes: HammingIndex, kind: str, seq: int) -> Checkpoint:
        """An index as it serves from now on: from its file, where that could be written."""
        if not self._read_only:
            path = await self._pool.run_beside(self._checkpoints.save, local, hashes, kind, seq)
            if path and local.is_mapped:
                return await self._pool.run_beside(self._checkpoints.read, path, seq)
        return Checkpoint(local, hashes, seq, kind)

    async def _take_over(self, found: Checkpoint) -> None:
        """Let a new index serve, once it is level with the one that does."""
        index, start = PooledIndex(found.local, self._pool), found.seq
        while True:
            last, ids = await self._repository.feed.changed_since(start)
            if ids is None or len(ids) <= A_FEW:
                break
            await take_in(index, self._embeddings, ids)
            start = last
        async with self._catching_up:
            last, ids = await self._repository.feed.changed_since(min(start, self.seq))
            if ids is None or (await self._repository.feed.head()).trimmed > start:
                return  # it is rebuilt anyway
            await self._take_into(index, ids)
            self.index, self.kind, self.seq = index, found.kind, max(last, self.seq)


def _compared(vectors: Vectors, found: list[Hits], keys: Keys, stored: Vectors, count: int) -> list[list[Near]]:
    """The nearest of what an index has found, by their embeddings in storage."""
    order = np.argsort(keys)
    keys, distances = keys[order], (1 - vectors @ stored[order].T).astype(np.float32)
    answers = []
    for hits, row in zip(found, distances, strict=True):
        here = np.flatnonzero(np.isin(keys, hits.keys))  # some may have been purged just now
        answers.append(pictures(Hits(keys[here], row[here]), count))
    return answers
