"""The pictures of a library that have some tags, searched as if there were no others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import part_key
from engine.index.flat import FlatIndex
from engine.index.hamming import HammingIndex
from engine.index.some import FewPictures, SomeOfMany
from engine.library.active_network import ActiveNetwork
from engine.library.tagging import split_tags
from engine.storage import codec
from engine.storage.repository import Repository

FEW = 20_000  # pictures that are compared one by one, whatever the library's index is


@dataclass(frozen=True, slots=True)
class Tagged:
    """The pictures by id, and what holds their embeddings and hashes."""

    ids: frozenset[int]
    index: FewPictures | SomeOfMany


class TaggedPictures:
    """Finds them in one library."""

    def __init__(self, repository: Repository, pool: CpuPool) -> None:
        self._repository = repository
        self._pool = pool

    async def having(self, tags: Sequence[str], active: ActiveNetwork) -> Tagged:
        """The pictures that have all of these tags."""
        single = split_tags(tags)
        ids = await self._repository.images.having_tags(single)
        if single != tuple(tags):  # older versions took a tag with a comma in it
            ids = sorted({*ids, *await self._repository.images.having_tags(tags)})
        if len(ids) > FEW:
            return Tagged(frozenset(ids), SomeOfMany(active.index, ids))
        return Tagged(frozenset(ids), await self._few(ids, active))

    async def _few(self, ids: Sequence[int], active: ActiveNetwork) -> FewPictures:
        """Read from storage: exact, whatever the library's own index compares."""
        network = active.embedder.network
        copies = FlatIndex(network.copy.dimensions)
        looks = FlatIndex(network.looks.dimensions) if network.looks else None
        async for rows in self._repository.features.embeddings_of(active.network, network.dimensions, ids):
            keys = np.array([part_key(image_id, part) for image_id, part, _ in rows], np.int64)
            whole = codec.vectors_from_bytes([vector for *_, vector in rows], network.dimensions)
            copies.add(keys, network.copy.of(whole))
            if looks is not None and network.looks:
                looks.add(keys, network.looks.of(whole))
        hashes = HammingIndex()
        hashes.add(*await self._repository.features.phashes(ids))
        return FewPictures(copies, looks, hashes, self._pool)
