"""Answers one query: what is known of it, what came up for it, what of that is a match, and why."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from engine.concurrency import CpuPool
from engine.domain import Explanation, Features, Pixels, Query, SearchResult, StoredImage
from engine.errors import DamagedImage, FilesUnreachable, InvalidLimit
from engine.features import hashes, registry
from engine.library.active_network import Networks, Serving
from engine.library.originals import Originals
from engine.matching import explain, ranking
from engine.pictures import imaging
from engine.pictures.decoding import Decoders
from engine.storage.repository import Repository
from engine.storage.subscribers import Subscribers

MAX_LIMIT = 50
PREVIEW_SIDE, PREVIEW_QUALITY = 480, 80  # of a query


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, decoded; `exact` is the stored picture with these very bytes, if any."""

    exact: StoredImage | None
    pixels: Pixels
    features: Features
    width: int
    height: int


class _Watch:
    """Measures the stages of one search."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        before = time.perf_counter()
        yield
        self._stages[stage] = time.perf_counter() - before

    def timings_ms(self) -> dict[str, float]:
        total = time.perf_counter() - self._started
        return {"total": round(1000 * total, 2)} | {name: round(1000 * s, 2) for name, s in self._stages.items()}


class Searcher:
    """Searches one library."""

    def __init__(
        self,
        repository: Repository,
        subscribers: Subscribers,
        networks: Networks,
        originals: Originals,
        decoders: Decoders,
        pool: CpuPool,
    ) -> None:
        self._repository = repository
        self._subscribers = subscribers
        self._networks = networks
        self._originals = originals
        self._decoders = decoders
        self._pool = pool

    async def search(
        self,
        content: bytes,
        *,
        limit: int,
        weak: bool,
        preview: bool,
        subscriber: str | None = None,
        without: frozenset[int] = frozenset(),
    ) -> SearchResult:
        """See SearchService.search."""
        _check(limit)
        watch = _Watch()
        with watch("catch_up"):
            (serving, _), _ = await asyncio.gather(self._networks.current(), self._decoders.warm_up())
        with watch("read"):
            asked = await self.asked(content, serving, without=without)
            wrong = await self._subscribers.called_wrong(subscriber, asked.features) if subscriber else frozenset[int]()
        return await self._matches(
            asked, serving, watch, limit=limit, weak=weak, preview=preview, without=without | wrong
        )

    async def search_stored(self, image_id: int, *, limit: int, weak: bool, preview: bool) -> SearchResult:
        """See SearchService.search_stored."""
        _check(limit)
        watch = _Watch()
        with watch("catch_up"):
            serving, _ = await self._networks.current()
        with watch("read"):
            image = await self._repository.get(image_id)
            known = await self._stored_query(image, serving)
            asked = (
                Asked(image, *known, image.width, image.height)
                if known
                else await self.asked(await self._originals.file(image), serving)
            )
        return await self._matches(
            asked, serving, watch, limit=limit, weak=weak, preview=preview, without=frozenset([image_id])
        )

    async def explain(self, content: bytes, image_id: int, *, words: bool) -> Explanation:
        """See SearchService.explain."""
        serving, _ = await self._networks.current()
        await self._repository.get(image_id)
        asked = await self.asked(content, serving)
        dimensions = serving.embedder.network.dimensions
        embedding = await self._repository.embedding(image_id, serving.network, dimensions)
        cosine = float(embedding @ asked.features.embedding) if embedding is not None else 0.0
        sightings = await serving.matcher.examine(asked.pixels, asked.features, image_id, cosine)
        references = serving.calibration.references(asked.features.embedding, sightings.nearest)
        match = ranking.rank(sightings, references, serving.calibration, limit=1, weak=True, exact=asked.exact)[0]
        proof = sightings.found[0].proof if match.lane == "same" else None
        stored = (await self._originals.decoded(match.image)).pixels
        calibrated = serving.calibration.fitted
        picture = await self._pool.run(
            lambda: imaging.encode_jpeg(
                explain.draw(asked.pixels, stored, match, proof, words=words, calibrated=calibrated), quality=90
            )
        )
        return Explanation(picture, match, calibrated)

    async def _matches(
        self,
        asked: Asked,
        serving: Serving,
        watch: _Watch,
        *,
        limit: int,
        weak: bool,
        preview: bool,
        without: frozenset[int] = frozenset(),
    ) -> SearchResult:
        exact = asked.exact if asked.exact and asked.exact.id not in without else None
        seq = serving.index.seq  # before the search: what comes in meanwhile may or may not be in its answer
        with watch("match"):
            sightings = await serving.matcher.match(
                asked.pixels, asked.features, exclude=without, itself=exact.id if exact else None
            )
        with watch("rank"):
            references = serving.calibration.references(asked.features.embedding, sightings.nearest)
            matches = ranking.rank(sightings, references, serving.calibration, limit=limit, weak=weak, exact=exact)
        shown = None
        if preview:
            shown = await self._pool.run(
                imaging.encode_reduced, asked.pixels, side=PREVIEW_SIDE, quality=PREVIEW_QUALITY
            )
        query = Query(asked.width, asked.height, shown)
        return SearchResult(matches, watch.timings_ms(), serving.calibration.fitted, serving.index.size, seq, query)

    async def asked(self, content: bytes, serving: Serving, *, without: frozenset[int] = frozenset()) -> Asked:
        """A query with its features; bytes that are stored already, but in one of `without`, are not computed again."""
        sha256 = await self._pool.run(hashes.sha256, content)
        exact = await self._repository.find_by_sha256(sha256) if content else None
        if exact and exact.id in without:
            exact = None
        if exact:
            known = await self._stored_query(exact, serving)
            if known:
                return Asked(exact, *known, exact.width, exact.height)
        image = await self._decoders.decode(content, side=imaging.QUERY_SIDE)
        embedding, (phash, keypoints) = await asyncio.gather(  # as registry.extract, but somebody waits
            self._pool.run(serving.embedder.embed, image.pixels),
            self._pool.run(registry.without_network, image.pixels),
        )
        features = Features(sha256=sha256, phash=phash, embedding=embedding, keypoints=keypoints)
        return Asked(exact, image.pixels, features, image.width, image.height)

    async def _stored_query(self, exact: StoredImage, serving: Serving) -> tuple[Pixels, Features] | None:
        stored = (await self._repository.features([exact.id])).get(exact.id)
        embedding = await self._repository.embedding(exact.id, serving.network, serving.embedder.network.dimensions)
        if stored is None or embedding is None:
            return None
        try:
            content = await self._pool.run(self._repository.files.thumbnail, exact.sha256)
            pixels = await self._pool.run(imaging.decode_thumbnail, content)
        except (OSError, DamagedImage, FilesUnreachable):
            return None
        return pixels, Features(exact.sha256, stored.phash, embedding, stored.keypoints)


def _check(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidLimit(f"The limit must be between 1 and {MAX_LIMIT}, not {limit}.")
