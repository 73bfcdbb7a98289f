"""Keeps indexes level with storage, embeddings and hashes alike, wherever they are held."""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import NetworkHead, NetworkRef, part_key
from engine.index.base import BackEnd, VectorIndex
from engine.index.hits import Keys, Vectors
from engine.storage import codec
from engine.storage.feature_rows import FeatureRows
from engine.storage.feed import ChangeFeed

logger = logging.getLogger(__name__)

PORTION = 2_000  # pictures read at once


class StoredVectors(Protocol):
    """A feature of live pictures in storage, as an index takes it."""

    def portions(self, ids: Sequence[int] | None = None) -> AsyncIterator[tuple[Keys, Vectors]]:
        """Keys and vectors of some pictures; of all of them where `ids` is None."""
        ...

    async def keys(self, ids: Sequence[int]) -> Keys:
        """The keys that these pictures may have."""
        ...


class Embeddings:
    """A head of one network; a key is the picture's id and, in its last bits, the part."""

    def __init__(self, features: FeatureRows, network: NetworkRef, head: NetworkHead, pool: CpuPool) -> None:
        self._features = features
        self.network = network
        self.head = head
        self._pool = pool

    async def portions(self, ids: Sequence[int] | None = None) -> AsyncIterator[tuple[Keys, Vectors]]:
        async for rows in self._features.embeddings_of(self.network, self.head.whole, ids):
            if rows:
                yield await self._pool.run(self._keyed, rows)

    async def of(self, ids: Sequence[int]) -> tuple[Keys, Vectors]:
        """Of pictures that an index has found; whether they are still there is not asked."""
        rows = await self._features.vectors(self.network, self.head.whole, ids)
        return await self._pool.run(self._keyed, rows)

    async def keys(self, ids: Sequence[int]) -> Keys:
        return np.array([*map(part_key, ids), *await self._features.part_keys(ids)], np.int64)

    def _keyed(self, rows: list[tuple[int, int, bytes]]) -> tuple[Keys, Vectors]:
        keys = np.array([part_key(image_id, part) for image_id, part, _ in rows], np.int64)
        return keys, self.head.of(codec.vectors_from_bytes([vector for *_, vector in rows], self.head.whole))


class PerceptualHashes:
    """Of all pictures that have one; a key is the picture's id."""

    def __init__(self, features: FeatureRows) -> None:
        self._features = features

    async def portions(self, ids: Sequence[int] | None = None) -> AsyncIterator[tuple[Keys, Vectors]]:
        if ids is not None:
            yield await self._features.phashes(ids)
            return
        async for portion in self._features.all_phashes():
            yield portion

    async def keys(self, ids: Sequence[int]) -> Keys:
        return np.array(ids, np.int64)


async def take_in(index: VectorIndex, rows: StoredVectors, ids: Sequence[int]) -> None:
    """Bring some pictures level in an index: those that are still there are added in place of what was there.

    Nothing is taken out that stays, since others may be searching meanwhile.
    """
    for start in range(0, len(ids), PORTION):
        part = ids[start : start + PORTION]
        live = [np.zeros(0, np.int64)]
        async for keys, vectors in rows.portions(part):
            await index.add(keys, vectors)
            live.append(keys)
        gone = np.setdiff1d(await rows.keys(part), np.concatenate(live))
        if len(gone):
            await index.remove(gone)


class Follower:
    """Keeps one back end level with the change feed of a library."""

    def __init__(self, feed: ChangeFeed, back_end: BackEnd) -> None:
        self._feed = feed
        self._back_end = back_end
        self.seq = 0  # how far it was when this process saw it last

    async def is_level(self, seq: int) -> bool:
        """Whether it is as far as the library at `seq`, as far as asking tells; nothing is brought level."""
        level = await self._back_end.level()
        if level is None or not (level == seq or seq < level <= self.seq):
            return False  # farther than this process has seen, it may be the index of another past of the library
        self.seq = level
        await self._back_end.caught_up()
        return True

    async def catch_up(self, seq: int) -> None:
        """Take in what has changed up to the library's `seq`. Of several that find it behind one brings it level."""
        if await self.is_level(seq):
            return
        async with self._back_end.alone():
            self.seq = await self._bring_level(seq)
        await self._back_end.caught_up()

    async def _bring_level(self, seq: int) -> int:
        level, head = await self._back_end.resume(), await self._feed.head()
        if level is not None and seq <= level <= head.seq:
            return level  # somebody else was quicker
        if level is None:
            return await self._back_end.rebuild(head.seq, after=0)
        if level < head.trimmed or level > head.seq:
            logger.warning("an index at change %d is not of this library as it is; it is built anew", level)
            return await self._back_end.rebuild(head.seq, after=head.trimmed)
        last, ids = await self._feed.changed_since(level)
        if ids is None or self._back_end.would_rebuild(len(ids)):
            return await self._back_end.rebuild(head.seq, after=last if ids is None else level)
        await self._back_end.take_in(ids, last)
        return last
