"""What comes up: the stored pictures whose embeddings or hashes are nearest to those of a query."""

from collections.abc import Sequence
from typing import Protocol

from engine.concurrency import CpuPool
from engine.domain import PART_BITS, PART_MASK, NetworkHead, StoredFeatures, Vector, part_key
from engine.index.hamming import BITS
from engine.index.hits import Hits, Near
from engine.matching.calibration import Calibration
from engine.matching.proof import NEAR_HASH
from engine.matching.query_view import View

NEAREST = 50  # pictures the index is asked for
NEAR_HASHES = 4  # pictures taken for hashes that are near in any orientation
NEAREST_HASHES = 4  # pictures taken for the nearest hashes, however far


class Index(Protocol):
    """What matching needs of the index."""

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]: ...

    async def search_looks(self, vectors: Vector, count: int) -> list[list[Near]]: ...

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = BITS) -> list[Hits]: ...


class Store(Protocol):
    """What matching needs of storage."""

    async def stored(self, ids: Sequence[int]) -> dict[int, StoredFeatures]: ...

    async def stored_parts(self, keys: Sequence[int]) -> dict[int, StoredFeatures]: ...

    async def part_keys(self, ids: Sequence[int]) -> list[int]: ...


class Recall:
    """Asks the index of one library. `exclude`: ids to pass over, as if they were not in the library.

    A key is that of a picture, or of a part of a long one. Embeddings are shares of whole ones: that of the head for
    copies, but where looks are spoken of.
    """

    def __init__(self, index: Index, store: Store, calibration: Calibration, pool: CpuPool, head: NetworkHead) -> None:
        self._head = head  # for copies
        self._index = index
        self._store = store
        self._calibration = calibration
        self._pool = pool

    def within(self, index: Index) -> "Recall":
        """The same for some pictures of the library, which another index holds."""
        return Recall(index, self._store, self._calibration, self._pool, self._head)

    async def nearest(self, embeddings: Vector, exclude: frozenset[int] = frozenset()) -> list[list[Near]]:
        """For each embedding (n, d) its nearest pictures; those passed over take nobody's place."""
        found = await self._index.search(embeddings, NEAREST + len(exclude))
        return [[one for one in hits if one.image_id not in exclude][:NEAREST] for hits in found]

    async def alike(self, looks: Vector, exclude: frozenset[int] = frozenset()) -> list[Near]:
        """The pictures that look most like one, by the part of its embedding that is for that."""
        (hits,) = await self._index.search_looks(looks[None], NEAREST + len(exclude))
        return [one for one in hits if one.image_id not in exclude][:NEAREST]

    async def nearest_others(self, embeddings: Vector, itself: Sequence[int]) -> list[list[Near]]:
        """For each embedding (n, d) of a stored picture, whose id is in `itself` (n,), the nearest of the others."""
        found = await self._index.search(embeddings, NEAREST + 1)
        return [[one for one in hits if one.image_id != own] for own, hits in zip(itself, found, strict=True)]

    def nearness(self, embedding: Vector, near: list[Near]) -> dict[int, float]:
        """By key, how much nearer each neighbour is than just anything; infinite, where too little is known."""
        cosines = [one.cosine for one in near]
        found = Calibration.nearnesses(cosines, self._calibration.references(self._head, embedding, cosines))
        return {one.key: nearness for one, nearness in zip(near, found, strict=True)}

    async def by_near_hashes(self, view: View, exclude: frozenset[int]) -> list[int]:
        """Keys of the pictures whose hashes are near to the view's in any orientation, nearest first."""
        orientations = await self._pool.run(lambda: view.orientations)
        if not orientations:
            return []
        distances: dict[int, float] = {}
        for hits in await self._index.near_hashes(orientations, NEAR_HASHES + len(exclude), within=NEAR_HASH):
            for image_id, distance in zip(hits.keys.tolist(), hits.distances.tolist(), strict=True):
                if image_id not in exclude:
                    distances[image_id] = min(distance, distances.get(image_id, distance))
        nearest = sorted(distances, key=lambda image_id: (distances[image_id], image_id))
        return [part_key(image_id) for image_id in nearest[:NEAR_HASHES]]

    async def by_nearest_hashes(self, view: View, exclude: frozenset[int]) -> list[int]:
        """Keys of the pictures whose hashes are nearest to the view's as it is, however far."""
        if not view.orientations:
            return []
        (hits,) = await self._index.near_hashes(view.orientations[:1], NEAREST_HASHES + len(exclude))
        found = [image_id for image_id in hits.keys.tolist() if image_id not in exclude]
        return [part_key(image_id) for image_id in found[:NEAREST_HASHES]]

    async def near_each_hash(self, phashes: Sequence[int], count: int) -> list[list[int]]:
        """For each hash the keys of the pictures whose hashes are near to it, nearest first."""
        found = await self._index.near_hashes(phashes, count, within=NEAR_HASH)
        return [[part_key(image_id) for image_id in hits.keys.tolist()] for hits in found]

    async def keys_of(self, image_id: int) -> list[int]:
        """A picture's key, and those of its parts."""
        return [part_key(image_id), *await self._store.part_keys([image_id])]

    async def stored(self, keys: Sequence[int]) -> dict[int, StoredFeatures]:
        """What is stored of pictures and parts, by key, those left out that are gone by now."""
        of_parts = [key for key in keys if key & PART_MASK]
        found = await self._store.stored([key >> PART_BITS for key in keys if not key & PART_MASK])
        by_key = {one.key: one for one in found.values()}
        if of_parts:
            by_key |= await self._store.stored_parts(of_parts)
        return dict(sorted(by_key.items()))
