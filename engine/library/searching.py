"""Answers one query: what is known of it, what came up for it, what of that is a match, and why."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from engine.concurrency import CpuPool
from engine.domain import (
    Explanation,
    Features,
    Image,
    Match,
    PictureWarning,
    Pixels,
    Query,
    Region,
    SearchPlan,
    SearchResult,
    StoredImage,
)
from engine.errors import FilesUnreachable, ImageError, InvalidLimit, TooCostly, TooManyPixels
from engine.features import hashes, pieces, registry
from engine.library.active_network import ActiveNetwork, Networks
from engine.library.originals import Originals
from engine.library.tagged_pictures import TaggedPictures
from engine.matching import explain, query_region, ranking
from engine.matching.candidates import Candidate
from engine.matching.query_view import QueryPart
from engine.pictures import imaging, parts
from engine.pictures.decoding import Decoders
from engine.storage.repository import Repository

MAX_LIMIT = 50
PREVIEW_SIDE, PREVIEW_QUALITY = 480, 80  # of a query


@dataclass(frozen=True, slots=True)
class DecodedQuery:
    """A query, decoded; `exact` is the stored picture with these very bytes, if any.

    `pixels`, features and parts are those of the region that is asked with; `whole`, width and height the picture's.
    `is_animated`: it is one frame of several, of which others may be tried.
    """

    exact: StoredImage | None
    pixels: Pixels
    whole: Pixels
    features: Features
    width: int
    height: int
    region: Region | None = None
    parts: tuple[QueryPart, ...] = ()
    warnings: tuple[PictureWarning, ...] = ()
    is_animated: bool = False


class _Stopwatch:
    """Measures the stages of one search."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        before = time.perf_counter()
        yield
        self._stages[stage] = self._stages.get(stage, 0.0) + time.perf_counter() - before

    def took_out(self, stage: str, part: str, seconds: float) -> None:
        """A part of a stage is told apart."""
        self._stages[stage] -= seconds
        self._stages[part] = self._stages.get(part, 0.0) + seconds

    def timings_ms(self) -> dict[str, float]:
        total = time.perf_counter() - self._started
        return {"total": round(1000 * total, 2)} | {name: round(1000 * s, 2) for name, s in self._stages.items()}


class Searcher:
    """Searches one library."""

    def __init__(
        self,
        repository: Repository,
        networks: Networks,
        originals: Originals,
        decoders: Decoders,
        pool: CpuPool,
    ) -> None:
        self._repository = repository
        self._networks = networks
        self._originals = originals
        self._decoders = decoders
        self._pool = pool
        self._tagged = TaggedPictures(repository, pool)

    async def search(
        self,
        content: bytes,
        plan: SearchPlan,
        *,
        subscriber: str | None = None,
        without: frozenset[int] = frozenset(),
    ) -> SearchResult:
        """See SearchService.search."""
        _check(plan.limit)
        stopwatch = _Stopwatch()
        with stopwatch("catch_up"):
            (active, _), _ = await asyncio.gather(self._networks.current(), self._decoders.warm_up())
        with stopwatch("read"):
            asked = await self.asked(content, active, region=plan.region, without=without)
            wrong = frozenset[int]()
            if subscriber:
                wrong = await self._repository.subscribers.called_wrong(subscriber, asked.features)
        matches = partial(self._matches, plan=plan, without=without | wrong)
        found = await matches(asked, active, stopwatch)
        if asked.is_animated and not _has_same(found):
            async for frame in self._further(content, asked, active, stopwatch):
                other = await matches(frame, active, stopwatch)
                if _has_same(other):
                    return other
        return replace(found, timings_ms=stopwatch.timings_ms())

    async def search_stored(self, image_id: int, plan: SearchPlan) -> SearchResult:
        """See SearchService.search_stored."""
        _check(plan.limit)
        stopwatch = _Stopwatch()
        with stopwatch("catch_up"):
            active, _ = await self._networks.current()
        with stopwatch("read"):
            image = await self._repository.images.get(image_id)
            asked = await self._stored_query(image, active) if query_region.is_whole(plan.region) else None
            if asked is None:
                asked = await self.asked(await self._originals.file(image), active, region=plan.region)
        return await self._matches(asked, active, stopwatch, plan=plan, without=frozenset([image_id]))

    async def explain(self, content: bytes, image_id: int, *, words: bool, region: Region | None) -> Explanation:
        """See SearchService.explain."""
        active, _ = await self._networks.current()
        await self._repository.images.get(image_id)
        asked = await self.asked(content, active, region=region)
        match, candidate = await self._examined(asked, image_id, active)
        if asked.is_animated and match.lane != "same":
            async for frame in self._further(content, asked, active, _Stopwatch()):
                other, of_other = await self._examined(frame, image_id, active)
                if other.lane == "same":
                    asked, match, candidate = frame, other, of_other
                    break
        stored = await self._originals.decoded(match.image, of_parts=match.evidence.place is not None)
        calibrated = active.calibration.fitted

        def draw() -> bytes:
            shown, proof = explain.around(stored.pixels, candidate, match)
            query, as_shown = asked.pixels, match
            if asked.region:
                query, as_shown, proof = explain.around_asked(asked.whole, asked.region, match, proof)
            drawn = explain.draw(query, shown, as_shown, proof, words=words, calibrated=calibrated)
            return imaging.encode_jpeg(drawn, quality=90)

        picture = await self._pool.run(draw)
        return Explanation(picture, _of_whole_query(match, asked.region), calibrated)

    async def _examined(self, asked: DecodedQuery, image_id: int, active: ActiveNetwork) -> tuple[Match, Candidate]:
        """A query compared with one picture; of a long one with what fits best of it and its parts."""
        dimensions = active.embedder.network.dimensions
        embedding = await self._repository.features.embedding(image_id, active.network, dimensions)
        head = active.embedder.network.copy
        cosine = float(head.of(embedding) @ head.of(asked.features.embedding)) if embedding is not None else 0.0
        candidates = await active.matcher.examine(asked.pixels, asked.features, image_id, cosine, parts=asked.parts)
        references = active.references(asked.features.embedding, candidates)
        return ranking.ranked(candidates, references, active.calibration, exact=asked.exact)[0]

    async def _matches(
        self,
        asked: DecodedQuery,
        active: ActiveNetwork,
        stopwatch: _Stopwatch,
        *,
        plan: SearchPlan,
        without: frozenset[int] = frozenset(),
    ) -> SearchResult:
        seq = active.index.seq  # before the search: what comes in meanwhile may or may not be in its answer
        exact = asked.exact if asked.exact and asked.exact.id not in without else None
        matcher, size = active.matcher, active.index.size
        if plan.tags:
            with stopwatch("tags"):
                tagged = await self._tagged.having(plan.tags, active)
            matcher, size = matcher.within(tagged.index), len(tagged.ids)
            exact = exact if exact and exact.id in tagged.ids else None
        offered = asyncio.ensure_future(self._pool.run(pieces.find, asked.whole))
        with stopwatch("match"):
            candidates = await matcher.match(
                asked.pixels,
                asked.features,
                exclude=without,
                itself=exact.id if exact else None,
                parts=asked.parts,
                at_least=plan.limit,
            )
        stopwatch.took_out("match", "detail", candidates.detail_s)
        with stopwatch("rank"):
            references = active.references(asked.features.embedding, candidates)
            matches = ranking.rank(
                candidates, references, active.calibration, limit=plan.limit, weak=plan.weak, exact=exact
            )
        shown = None
        if plan.preview:
            shown = await self._pool.run(
                imaging.encode_reduced, asked.whole, side=PREVIEW_SIDE, quality=PREVIEW_QUALITY
            )
        return SearchResult(
            matches=tuple(_of_whole_query(match, asked.region) for match in matches),
            calibrated=active.calibration.fitted,
            library_size=size,
            seq=seq,
            query=Query(asked.width, asked.height, shown),
            warnings=asked.warnings,
            regions=tuple(await offered),
            timings_ms=stopwatch.timings_ms(),
        )

    async def asked(
        self,
        content: bytes,
        active: ActiveNetwork,
        *,
        region: Region | None = None,
        without: frozenset[int] = frozenset(),
    ) -> DecodedQuery:
        """A query with its features; bytes that are stored already, but in one of `without`, are not computed again.

        With a `region` it is that part of the picture, which no file of the library holds. InvalidRegion.
        """
        region = None if query_region.is_whole(region) else region
        sha256 = await self._pool.run(hashes.sha256, content)
        exact = await self._repository.images.by_sha256(sha256) if content and region is None else None
        if exact and exact.id in without:
            exact = None
        if exact and (known := await self._stored_query(exact, active)):
            return known
        whole = await self._decoded(content, region)
        image = await self._pool.run(query_region.cut, whole, region) if region else whole
        of_parts = await self._pool.run(QueryPart.all_of, image)
        pixels = await self._pool.run(imaging.reduced, image.pixels, imaging.QUERY_SIDE)
        return DecodedQuery(
            exact=exact,
            pixels=pixels,
            whole=whole.pixels if region else pixels,
            features=await self._features(pixels, sha256, active),
            width=whole.width,
            height=whole.height,
            region=region,
            parts=of_parts,
            warnings=image.warnings,
            is_animated=image.is_animated and exact is None,
        )

    async def _decoded(self, content: bytes, region: Region | None) -> Image:
        """A query as it is looked for; where a region is, with as many pixels for it as can be had."""
        if region:
            try:
                return await self._decoders.decode_query(content, side=query_region.side(region))
            except (TooManyPixels, TooCostly):
                pass  # it may be taken at a smaller size
        return await self._decoders.decode_query(content, side=imaging.QUERY_SIDE)

    async def _features(self, pixels: Pixels, sha256: str, active: ActiveNetwork) -> Features:
        embedding, handcrafted = await asyncio.gather(  # as registry.extract, but somebody waits
            self._pool.run(active.embedder.embed, pixels),
            self._pool.run(registry.handcrafted, pixels),
        )
        return Features(sha256, embedding, handcrafted)

    async def _further(
        self, content: bytes, asked: DecodedQuery, active: ActiveNetwork, stopwatch: _Stopwatch
    ) -> AsyncIterator[DecodedQuery]:
        """The same query by other frames of the animation; none where these cannot be decoded."""
        with stopwatch("read"):
            try:
                frames = await self._decoders.further_frames(content, side=imaging.QUERY_SIDE)
            except ImageError:
                return
        for whole in frames:
            with stopwatch("read"):
                pixels = await self._pool.run(parts.cut, whole, asked.region) if asked.region else whole
                features = await self._features(pixels, asked.features.sha256, active)
            yield replace(asked, pixels=pixels, whole=whole, features=features, parts=())

    async def _stored_query(self, exact: StoredImage, active: ActiveNetwork) -> DecodedQuery | None:
        """The thumbnail of a stored picture and its features; None where one is lost, or the picture is long."""
        if parts.of(exact.width, exact.height):
            return None
        stored = (await self._repository.features.stored([exact.id])).get(exact.id)
        embedding = await self._repository.features.embedding(
            exact.id, active.network, active.embedder.network.dimensions
        )
        if stored is None or embedding is None:
            return None
        try:
            content = await self._originals.thumbnail(exact)
            pixels = await self._pool.run(imaging.decode_thumbnail, content)
        except (ImageError, FilesUnreachable):
            return None
        features = Features(exact.sha256, embedding, stored.handcrafted)
        return DecodedQuery(exact, pixels, pixels, features, exact.width, exact.height, warnings=exact.warnings or ())


def _has_same(found: SearchResult) -> bool:
    return any(match.lane == "same" for match in found.matches)


def _of_whole_query(match: Match, region: Region | None) -> Match:
    """A match with a region of a query, in shares of the whole."""
    return replace(match, evidence=match.evidence.of_whole_query(region)) if region else match


def _check(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidLimit(f"The limit must be between 1 and {MAX_LIMIT}, not {limit}.")
