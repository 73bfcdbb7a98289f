"""Compares pictures that are not in the library, as a library would that held no other."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import Features, Fingerprint, Match, StoredFeatures, StoredImage, Vector, part_key
from engine.features.detail import Picture
from engine.index.flat import FlatIndex
from engine.index.hamming import HammingIndex
from engine.index.some import FewPictures
from engine.library.active_network import ActiveNetwork, Networks
from engine.library.searching import DecodedQuery, Searcher
from engine.matching import ranking
from engine.matching.cascade import Matcher
from engine.matching.recall import Recall
from engine.pictures import imaging
from engine.storage import codec

MAYBE_HASH = 12  # bits
ONLY = 1  # the id of a library's only picture


class Comparing:
    """Nothing of these pictures is kept here: what is to be known of one later is its Fingerprint."""

    def __init__(self, networks: Networks, searcher: Searcher, pool: CpuPool) -> None:
        self._networks = networks
        self._searcher = searcher
        self._pool = pool

    async def fingerprint(self, content: bytes) -> Fingerprint:
        """What is kept of an encoded picture to know later what may be the same. An ImageError."""
        active, _ = await self._networks.current()
        features = (await self._searcher.asked(content, active)).features
        vector = codec.vector_to_bytes(active.embedder.network.copy.of(features.embedding))
        return Fingerprint(str(active.network), features.phash, vector)

    async def likely(self, one: Fingerprint, others: Sequence[Fingerprint], *, most: int) -> list[int]:
        """Which of the others may be the same picture, likeliest first: their places in the sequence."""
        active, _ = await self._networks.current()
        return await self._pool.run(_likely, one, others, most, active.embedder.network.maybe_cosine)

    async def compare(self, content: bytes, other: bytes) -> Match | None:
        """The other picture as a match of the first, both encoded; None where nothing is near. An ImageError."""
        active, _ = await self._networks.current()
        query, stored = await self._searcher.asked(content, active), await self._searcher.asked(other, active)
        image = _only(stored)
        matcher = await self._pool.run(self._matcher, active, stored, image)
        candidates = await matcher.match(query.pixels, query.features, parts=query.parts)
        references = active.references(query.features.embedding, candidates)
        exact = image if query.features.sha256 == stored.features.sha256 else None
        matches = ranking.rank(candidates, references, active.calibration, limit=1, exact=exact)
        return matches[0] if matches else None

    def _matcher(self, active: ActiveNetwork, stored: DecodedQuery, image: StoredImage) -> Matcher:
        network, features = active.embedder.network, stored.features
        index = FewPictures(
            _of_one(network.copy.of(features.embedding)),
            _of_one(network.looks.of(features.embedding)) if network.looks else None,
            _hashes(features),
            self._pool,
        )
        recall = Recall(index, _OnlyPicture(image, features), active.calibration, self._pool, network.copy)
        thumbnail = imaging.decode_thumbnail(imaging.encode_thumbnail(stored.pixels))
        detail = Picture.of(stored.pixels)

        async def read_detail(_: StoredFeatures) -> Picture:
            return detail

        return Matcher(recall, self._pool, active.embedder, lambda _: thumbnail, read_detail)


class _OnlyPicture:
    """What matching needs of storage, of a library with one picture that is not long."""

    def __init__(self, image: StoredImage, features: Features) -> None:
        self._stored = StoredFeatures(image, features.handcrafted)

    async def stored(self, ids: Sequence[int]) -> dict[int, StoredFeatures]:
        return {ONLY: self._stored} if ONLY in ids else {}

    async def stored_parts(self, keys: Sequence[int]) -> dict[int, StoredFeatures]:
        return {}

    async def part_keys(self, ids: Sequence[int]) -> list[int]:
        return []


def _only(query: DecodedQuery) -> StoredImage:
    return StoredImage(
        id=ONLY,
        sha256=query.features.sha256,
        filename="",
        title=None,
        source_url=None,
        page_url=None,
        tags=(),
        media_type="image/jpeg",
        width=query.width,
        height=query.height,
        byte_size=0,
        created_at=datetime.now(UTC),
        deleted_at=None,
    )


def _of_one(vector: Vector) -> FlatIndex:
    index = FlatIndex(len(vector))
    index.add(np.array([part_key(ONLY)], np.int64), vector[None])
    return index


def _hashes(features: Features) -> HammingIndex:
    index = HammingIndex()
    if features.phash is not None:
        index.add(np.array([ONLY], np.int64), np.array([features.phash], np.uint64))
    return index


def _likely(one: Fingerprint, others: Sequence[Fingerprint], most: int, maybe_cosine: float) -> list[int]:
    nearness: dict[int, float] = {}
    size = len(one.vector)
    alike = [at for at, other in enumerate(others) if other.network == one.network and len(other.vector) == size]
    if alike:
        dimensions = size // codec.BYTES_A_NUMBER
        vectors = codec.vectors_from_bytes([one.vector, *(others[at].vector for at in alike)], dimensions)
        cosines = vectors[1:] @ vectors[0]
        nearness = {at: cosine for at, cosine in zip(alike, cosines.tolist(), strict=True) if cosine >= maybe_cosine}
    for at, other in enumerate(others):
        if one.phash is not None and other.phash is not None and (one.phash ^ other.phash).bit_count() <= MAYBE_HASH:
            nearness[at] = 1.0
    return sorted(nearness, key=lambda at: (-nearness[at], at))[:most]
