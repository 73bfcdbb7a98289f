"""Keeps the embedding index level with storage: storage is the truth, every index is a cache.

What takes long is done beside the searches: changing over to another kind of index, merging what has come into a new
graph, writing down. What serves goes on taking in changes; a new index catches up with them before it takes over.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import NetworkRef, Stop, Vector, never
from engine.errors import PicTraceError
from engine.index.base import LocalIndex, PooledIndex
from engine.index.checkpoints import KINDS, Checkpoint, Checkpoints
from engine.index.flat import FlatIndex
from engine.index.hamming import BITS, HammingIndex
from engine.index.hits import Hits
from engine.index.hnsw import GraphBuilder, HnswIndex, Interrupted
from engine.index.projection import SAMPLE, Projection, moments
from engine.storage import codec
from engine.storage.repository import Repository

logger = logging.getLogger(__name__)

HNSW_FROM = 20_000  # pictures; exact search takes some 8 core-ms there (docs/adr/0012)
EXACT_BELOW = HNSW_FROM // 2  # so that a library that grows and shrinks does not change over each time
# Than asked for come from a graph, whose vectors are projected and rounded, before cosines are computed; shared by all
# that are asked at once, since parts of a picture and likes of stored ones are looked for among the very nearest.
SPARE = 200
COSINE_DIGITS = 6
PART_BITS = 4  # a key is the picture's id and, in its last bits, the part
# Changes after which an index is written down: a tenth of it. Fewer are quicker to catch up with than to write down;
# more than the last are too slow to search without a graph, and to read at a start.
LEAST_BEHIND, MOST_BEHIND = 2_000, 20_000
A_FEW = 500  # changes that a new index catches up with while searches wait
PORTION = 2_000  # pictures read at once
TURN_S = 0.2  # between two looks at whether another process has finished writing

IndexKind = Literal["auto", "exact", "hnsw"]


@dataclass(frozen=True, slots=True)
class Near:
    """A picture near to a query; `cosine` in [-1, 1]."""

    image_id: int
    cosine: float


class LibraryIndex:
    """The embeddings of one network of a library, in memory; `catch_up` before a search makes it current."""

    def __init__(
        self,
        repository: Repository,
        pool: CpuPool,
        directory: Path,
        network: NetworkRef,
        dimensions: int,
        kind: IndexKind,
        *,
        read_only: bool = False,
    ) -> None:
        """`read_only`: it is never written down, however many changes ago the last time is."""
        self._read_only = read_only
        self.network = network
        self.dimensions = dimensions
        self.seq = 0
        self.kind: str = kind
        self._wanted_kind = kind
        self._repository = repository
        self._pool = pool
        self._checkpoints = Checkpoints(directory, network, dimensions)
        self._index = PooledIndex(FlatIndex(dimensions), pool)
        self._hashes = HammingIndex()
        self._written = 0  # `seq` up to which a checkpoint, or the graph that serves, has the changes
        self._catching_up = asyncio.Lock()
        self._renewing = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None
        self._closing = threading.Event()
        self._loaded = False

    @property
    def size(self) -> int:
        return len(self._index.local)

    async def catch_up(self, seq: int, trimmed: int) -> None:
        """Take in what changed up to the library's `seq`; `trimmed`: changes up to there are out of the feed."""
        if self._loaded and seq == self.seq:
            return
        async with self._catching_up:
            if not self._loaded:
                await self._load()
            if self.seq < trimmed:
                await self._rebuild(from_seq=trimmed)
            while self.seq < seq:
                last, ids = await self._repository.feed.changed_since(self.seq)
                if ids is None:
                    await self._rebuild(from_seq=last)
                elif len(ids) > max(self.size, MOST_BEHIND):  # perhaps more than an index of this kind can take
                    await self._rebuild(from_seq=self.seq)
                else:
                    await self._replace(self._index, ids)
                    await self._replace_hashes(ids)
                    self.seq = last
            self._loaded = True
        if self._is_due() and not self._closing.is_set() and (self._renewal is None or self._renewal.done()):
            self._renewal = asyncio.create_task(self._renew_beside())

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        """For each row of `vectors` (n, dimensions) the nearest pictures, nearest first, each once.

        Cosines are of the stored embeddings, whatever the index compares.
        """
        index = self._index
        if isinstance(index.local, FlatIndex):
            return [_near(hits, count) for hits in await index.search(vectors, count)]
        found = await index.search(vectors, count + SPARE // len(vectors))
        ids = sorted({key >> PART_BITS for hits in found for key in hits.keys.tolist()})
        rows = await self._repository.features.vectors(self.network, self.dimensions, ids)
        return await self._pool.run(_compared, vectors, found, rows, count)

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = BITS) -> list[Hits]:
        """For each hash the `count` pictures whose hashes are nearest, of those `within` so many bits."""
        return await self._pool.run(self._hashes.search, np.array(phashes, np.uint64), count, within)

    @property
    def checkpoint_seq(self) -> int | None:
        return self._checkpoints.seq()

    async def checkpoint_if_worthwhile(self) -> None:
        """Wait for what is being written, and write the index down once the last time is many changes ago."""
        if self._is_outgrown():
            self._closing.set()  # a new projection takes minutes and can wait
        if self._renewal:
            await self._renewal
        if self._loaded and self._is_due() and not self._closing.is_set():
            await self._renew_beside()

    async def checkpoint(self) -> None:
        """Write the index down, so that the next process starts with it."""
        await self._renew()

    async def close(self) -> None:
        """Give up what is under way."""
        self._closing.set()
        if self._renewal:
            await self._renewal

    # --- loading and catching up

    async def _load(self) -> None:
        wanted = tuple(KINDS) if self._wanted_kind == "auto" else (self._wanted_kind,)
        found = await self._pool.run(self._checkpoints.load, wanted)
        if found and await self._is_of_this_library(found.seq):
            self._take(found)
        else:
            await self._rebuild(from_seq=0)

    async def _is_of_this_library(self, seq: int) -> bool:
        """No checkpoint is ahead of its library, unless a backup of the database was put in its place."""
        head = await self._repository.feed.head()
        if seq > head.seq:
            logger.warning("the index written down at change %d is passed over: the library is at %d", seq, head.seq)
        return seq <= head.seq

    def _take(self, found: Checkpoint) -> None:
        self._index, self._hashes = PooledIndex(found.local, self._pool), found.hashes
        self.kind, self.seq, self._written = found.kind, found.seq, found.seq

    async def _rebuild(self, *, from_seq: int) -> None:
        """From storage, or from what another process has written down after `from_seq`; all searches wait for it."""
        seq = (await self._repository.feed.head()).seq
        ids = await self._repository.images.live_ids()
        kind = self._kind_for(len(ids))
        if kind == "exact" or self._read_only or len(ids) < LEAST_BEHIND:
            local = await self._build(kind, ids)
            self._take(Checkpoint(local, await self._hashes_of(ids), seq, kind))
            self._written = 0
            return
        while True:
            with self._checkpoints.writing() as my_turn:
                if my_turn:
                    found = await self._pool.run(self._checkpoints.load, (kind,))
                    usable = found and found.seq > max(from_seq, self.seq)
                    if not found or not usable or not await self._is_of_this_library(found.seq):
                        logger.info("indexing %d pictures", len(ids))
                        local = await self._build(kind, ids)
                        found = await self._written_down(local, await self._hashes_of(ids), kind, seq)
                    self._take(found)
                    return
            await asyncio.sleep(TURN_S)

    async def _build(self, kind: str, ids: list[int], *, stop: Stop = never) -> LocalIndex:
        """A new index of pictures, from storage. Interrupted where `stop` says so."""
        if kind == "exact":
            flat = PooledIndex(FlatIndex(self.dimensions), self._pool)
            await self._replace(flat, ids)
            return flat.local
        random = np.random.default_rng(len(ids))
        sample = sorted(random.choice(ids, SAMPLE, replace=False).tolist()) if len(ids) > SAMPLE else ids
        seen = np.zeros((self.dimensions, self.dimensions))
        for start in range(0, len(sample), PORTION):
            _, vectors = await self._vectors(sample[start : start + PORTION])
            seen += await self._pool.run_beside(moments, vectors)
        projection = await self._pool.run_beside(Projection.along, seen, len(sample))
        builder = GraphBuilder(projection, len(ids))
        for start in range(0, len(ids), PORTION):
            if stop():
                raise Interrupted
            await self._pool.run_beside(builder.add, *await self._vectors(ids[start : start + PORTION]))
            if start % (50 * PORTION) == 0 and start:
                logger.info("%d of %d pictures are in the new index", start, len(ids))
        return await self._pool.run_beside(builder.finished)

    async def _replace(self, index: PooledIndex, ids: list[int]) -> None:
        """Bring some pictures level: those that are still there are added in place of what was there."""
        for start in range(0, len(ids), PORTION):
            part = ids[start : start + PORTION]
            keys, vectors = await self._vectors(part)
            await index.add(keys, vectors)
            gone = np.setdiff1d(np.array(part, np.int64) << PART_BITS, keys)  # part 0, the only one so far
            await index.remove(gone)

    async def _replace_hashes(self, ids: list[int]) -> None:
        keys, values = await self._repository.features.phashes(ids)
        await self._pool.run(self._hashes.add, keys, values)
        await self._pool.run(self._hashes.remove, np.setdiff1d(np.array(ids, np.int64), keys))

    async def _hashes_of(self, ids: list[int]) -> HammingIndex:
        found = [
            await self._repository.features.phashes(ids[start : start + PORTION])
            for start in range(0, len(ids), PORTION)
        ]
        index = HammingIndex()
        if found:
            keys, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
            await self._pool.run(index.add, keys, values)
        return index

    async def _vectors(self, ids: list[int]) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Vector]:
        """Keys and embeddings of live pictures."""
        portions = self._repository.features.embeddings_of(self.network, self.dimensions, ids)
        rows = [row async for portion in portions for row in portion]
        return await self._pool.run(_keyed, rows, self.dimensions)

    # --- what is done beside the searches

    def _kind_for(self, size: int) -> str:
        if self._wanted_kind != "auto":
            return self._wanted_kind
        return "hnsw" if size >= (EXACT_BELOW if self.kind == "hnsw" else HNSW_FROM) else "exact"

    def _most_behind(self) -> int:
        tenth = max(LEAST_BEHIND, self.size // 10)
        return min(tenth, MOST_BEHIND) if self.kind == "hnsw" else tenth

    def _is_due(self) -> bool:
        if self._read_only:
            return False
        changed = self._kind_for(self.size) != self.kind or self._is_outgrown()
        return changed or self.seq - self._written >= self._most_behind()

    def _is_outgrown(self) -> bool:
        return isinstance(self._index.local, HnswIndex) and self._index.local.outgrown

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
                if found.local is not self._index.local:
                    await self._take_over(found)
                self._written = max(self._written, found.seq)

    async def _newer(self, kind: str) -> Checkpoint | None:
        """What another process has written since."""
        newest = self._checkpoints.seq((kind,))
        if newest is None or newest <= self._written or not await self._is_of_this_library(newest):
            return None
        if kind == "exact" and self.kind == kind:
            whole = await self._pool.run_beside(self._checkpoints.is_whole, newest, kind)
            return Checkpoint(self._index.local, self._hashes, newest, kind) if whole else None
        return await self._pool.run_beside(self._checkpoints.load, (kind,))

    async def _renewed(self, kind: str) -> Checkpoint:
        local, seq = self._index.local, self.seq  # what comes in later is in the file too, and does no harm there
        anew = kind != self.kind or self._is_outgrown()
        if isinstance(local, HnswIndex) and not anew:
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
            if path and kind == "hnsw":
                return await self._pool.run_beside(self._checkpoints.read, path, seq)
        return Checkpoint(local, hashes, seq, kind)

    async def _take_over(self, found: Checkpoint) -> None:
        """Let a new index serve, once it is level with the one that does."""
        index, start = PooledIndex(found.local, self._pool), found.seq
        while True:
            last, ids = await self._repository.feed.changed_since(start)
            if ids is None or len(ids) <= A_FEW:
                break
            await self._replace(index, ids)
            start = last
        async with self._catching_up:
            last, ids = await self._repository.feed.changed_since(min(start, self.seq))
            if ids is None or (await self._repository.feed.head()).trimmed > start:
                return  # it is rebuilt anyway
            await self._replace(index, ids)
            await self._replace_hashes(ids)
            self._index, self.kind, self.seq = index, found.kind, max(last, self.seq)


def _keyed(
    rows: list[tuple[int, int, bytes]], dimensions: int
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Vector]:
    keys = np.array([image_id << PART_BITS | part for image_id, part, _ in rows], np.int64)
    return keys, codec.vectors_from_bytes([vector for *_, vector in rows], dimensions)


def _compared(vectors: Vector, found: list[Hits], rows: list[tuple[int, int, bytes]], count: int) -> list[list[Near]]:
    """The nearest of what an index has found, by their embeddings in storage."""
    keys, stored = _keyed(rows, vectors.shape[1])
    order = np.argsort(keys)
    keys, distances = keys[order], (1 - vectors @ stored[order].T).astype(np.float32)
    answers = []
    for hits, row in zip(found, distances, strict=True):
        here = np.flatnonzero(np.isin(keys, hits.keys))  # some may have been purged just now
        answers.append(_near(Hits(keys[here], row[here]), count))
    return answers


def _near(hits: Hits, count: int) -> list[Near]:
    """Pictures nearest first, each once; equals by id."""
    nearest: dict[int, float] = {}
    for key, distance in zip(hits.keys.tolist(), hits.distances.tolist(), strict=True):
        # What lies beyond depends on where in the index a vector stands, and would decide between equals.
        cosine = round(1 - distance, COSINE_DIGITS)
        nearest[key >> PART_BITS] = max(cosine, nearest.get(key >> PART_BITS, cosine))
    ordered = sorted(nearest.items(), key=lambda pair: (-pair[1], pair[0]))[:count]
    return [Near(image_id, cosine) for image_id, cosine in ordered]
