"""Near-equal 64-bit hashes by their four 16-bit bands, straight from storage.

Two hashes that differ in at most three bits share a band, so that within distance 3 nothing is missed; what lies
farther is found only by luck, and is returned only where `within` allows it.
"""

import numpy as np

from engine.index.hits import Hits, Keys, Vectors, nearest
from engine.storage.repository import Repository
from engine.storage.statements import put_hashes

SURE_DISTANCE = 3


class HashBandIndex:
    """Keys are ids of pictures; storage is the index, so that there is nothing to catch up with."""

    def __init__(self, repository: Repository, *, within: int = SURE_DISTANCE) -> None:
        self._repository = repository
        self._within = within

    async def add(self, keys: Keys, vectors: Vectors) -> None:
        await self.remove(keys)
        async with self._repository.database.write() as connection:
            await put_hashes(connection, dict(zip(keys.tolist(), vectors.tolist(), strict=True)))

    async def remove(self, keys: Keys) -> None:
        await self._repository.remove_hashes(keys.tolist())

    async def search(self, queries: Vectors, count: int) -> list[Hits]:
        wanted = [int(query) for query in queries]
        if not wanted:
            return []
        found = await self._repository.hashes_sharing_a_band(wanted)
        keys = np.fromiter(found.keys(), np.int64, len(found))
        hashes = np.fromiter(found.values(), np.uint64, len(found))
        answers = []
        for query in wanted:
            distances = np.bitwise_count(hashes ^ np.uint64(query)).astype(np.float32)
            near = distances <= self._within
            answers.append(nearest(keys[near], distances[near], count))
        return answers

    async def size(self) -> int:
        return (await self._repository.counts())["phash"]
