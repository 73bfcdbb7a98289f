"""Some pictures of a library searched as if there were no others: see `recall.Index` for what is asked of them."""

from collections.abc import Awaitable, Callable, Iterator, Sequence

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import Vector
from engine.index.flat import FlatIndex
from engine.index.hamming import BITS, HammingIndex
from engine.index.hits import Hits, Near, pictures
from engine.index.library_index import LibraryIndex

MARGIN = 2  # times as many as are likely to hold enough of the pictures are asked for first
MOST = 10_000  # that any index is asked for


class FewPictures:
    """All of them compared: what is found is exact."""

    def __init__(self, copies: FlatIndex, looks: FlatIndex | None, hashes: HammingIndex, pool: CpuPool) -> None:
        self._copies = copies
        self._looks = copies if looks is None else looks
        self._hashes = hashes
        self._pool = pool

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        return [pictures(hits, count) for hits in await self._pool.run(self._copies.search, vectors, count)]

    async def search_looks(self, vectors: Vector, count: int) -> list[list[Near]]:
        return [pictures(hits, count) for hits in await self._pool.run(self._looks.search, vectors, count)]

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = BITS) -> list[Hits]:
        return await self._pool.run(self._hashes.search, np.array(phashes, np.uint64), count, within)


class SomeOfMany:
    """The library's index is asked for more and more, until enough of what it finds are among them."""

    def __init__(self, index: LibraryIndex, ids: Sequence[int]) -> None:
        self._index = index
        self._ids = np.array(sorted(ids), np.int64)

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        return await self._enough(self._index.search, vectors, count)

    async def search_looks(self, vectors: Vector, count: int) -> list[list[Near]]:
        return await self._enough(self._index.search_looks, vectors, count)

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = BITS) -> list[Hits]:
        kept: list[Hits] = []
        for asked in self._more_and_more(count):
            found = await self._index.near_hashes(phashes, asked, within=within)
            kept = [self._hits_among(hits, count) for hits in found]
            if all(len(one.keys) == count or len(hits.keys) < asked for one, hits in zip(kept, found, strict=True)):
                break
        return kept

    async def _enough(
        self, search: Callable[[Vector, int], Awaitable[list[list[Near]]]], vectors: Vector, count: int
    ) -> list[list[Near]]:
        kept: list[list[Near]] = []
        for asked in self._more_and_more(count):
            kept = [self._among(hits)[:count] for hits in await search(vectors, asked)]
            if all(len(one) == count for one in kept):
                break
        return kept

    def _more_and_more(self, count: int) -> Iterator[int]:
        """How many the library's index is asked for, first and while too few of them are among these pictures."""
        most = max(count, min(MOST, self._index.size))
        asked = MARGIN * count * self._index.size // len(self._ids)
        while asked < most:
            yield asked
            asked *= 4
        yield most

    def _among(self, hits: list[Near]) -> list[Near]:
        among = np.isin(np.array([one.image_id for one in hits], np.int64), self._ids)
        return [one for one, is_among in zip(hits, among.tolist(), strict=True) if is_among]

    def _hits_among(self, hits: Hits, count: int) -> Hits:
        among = np.isin(hits.keys, self._ids)
        return Hits(hits.keys[among][:count], hits.distances[among][:count])
