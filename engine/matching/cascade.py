"""Recall and rerank: which stored pictures may be the query, and what proves it. A cascade, cheapest first.

1. `first_look`: of the few pictures nearest to the whole query, by embedding and by hash, those that stand out are laid
   on it.
2. `second_look`: the others of these few.
3. `third_look`: more of what stands out, then what is likely on the query's mirror image.
4. `by_sheet`: what is nearest to the sheet or screen that the query shows at an angle, laid flat.
5. `seen_otherwise`: what is nearest to the query turned, and without what covers it; and under lines across it.
6. `by_sift`: the likeliest by keypoints that stand more, and cost more.
7. `by_pieces`: what is nearest to the pieces of a collage, each asked as if it were a query.
8. `by_regions`: what is nearest to other regions of the query.
9. `by_parts`: what is nearest to the parts of a long query, each asked as if it were a query.

Each takes the shortlist of the one before and gives another; what it has computed beside its own work, for the next,
is said with `beside`. The stages end where a proved picture explains so much of the query that nothing else needs to
be looked for, and is no variant of it: what is proved is compared with the query in detail then, for two pictures may
share a scene or a layout, and agree in all that a thumbnail shows.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import WHOLE, Features, Pixels, Region, StoredFeatures, Vector
from engine.features import sift
from engine.features.embedding import Embedder
from engine.index.hits import Near
from engine.matching.candidates import Candidate, Candidates, ReadDetail, Shortlist
from engine.matching.proof import Thumbnail
from engine.matching.query_view import QueryPart, QueryPicture, View
from engine.matching.recall import Index, Recall

T = TypeVar("T")

FIRST, MORE = 4, 8  # pictures nearest to the query that are looked at, first and while nothing is proved
A_REGION = 3  # pictures for each region
BOXES_A_PART = 3  # of a long query
REGIONS_AT_ONCE, VIEWS_AT_ONCE = 4, 2  # that are embedded, that are looked at; others only where these prove nothing
# How far a cosine must stand out among those of a query's neighbours (Calibration.nearness) for more than a first look.
# Of the three pictures nearest to a region, half of the wrong ones stand out less, and of the right ones 2 %.
STANDS_OUT, REGION_STANDS_OUT = 2.3, 2.5
STANDS_OUT_WELL = 2.8  # for what costs more
SCRUTINISED = 5  # proved pictures that are compared in detail at once; the others only where none of these is a copy
TURNS = 4  # of the query that are embedded: as it is too, for this is from fewer pixels
SIFTED = 3  # pictures that are looked at by SIFT, the likeliest of those that stand out


@dataclass(frozen=True, slots=True)
class _SearchContext:
    """What stays the same in all stages of one search."""

    view: View  # of the whole query
    embedding: Vector
    exclude: frozenset[int]
    near_hashes: list[int]  # pictures that came up by their hashes
    regions_too: bool
    parts: Sequence[QueryPart]

    @property
    def at_once(self) -> int:
        """How many pictures the first look is at."""
        return FIRST + len(self.near_hashes)


@dataclass(frozen=True, slots=True)
class _RegionNeighbours:
    """A region of the query, and the pictures near to it that stand out."""

    view: View
    near: list[Near]
    mirrored_too: bool


class Matcher:
    """Finds the candidates of queries in one library."""

    def __init__(
        self,
        recall: Recall,
        pool: CpuPool,
        embedder: Embedder,
        thumbnail: Callable[[str], Pixels | None],
        detail: ReadDetail,
    ) -> None:
        """`thumbnail` by SHA-256, and `detail`, what is looked at of about a thousand pixels; None if lost."""
        self._recall = recall
        self._pool = pool
        self._embedder = embedder
        self._read = thumbnail
        self._detail = detail

    def within(self, index: Index) -> "Matcher":
        """The same for some pictures of the library, which another index holds."""
        return Matcher(self._recall.within(index), self._pool, self._embedder, self._read, self._detail)

    async def match(
        self,
        pixels: Pixels,
        features: Features,
        *,
        exclude: frozenset[int] = frozenset(),
        itself: int | None = None,
        regions_too: bool = True,
        parts: Sequence[QueryPart] = (),
        at_least: int = FIRST + MORE,
    ) -> Candidates:
        """Everything that came up for a query. `pixels` RGB; `parts` of a long one.

        `at_least` so many where the library has them; who is not among the first of them is not laid on the query.
        `exclude`: ids to pass over, as if they were not in the library. `itself`: the stored picture with the query's
        own bytes, which needs no proof; only the nearest others are looked at then, once, and those in its parts.
        """
        view = View(QueryPicture(pixels), WHOLE, features.keypoints)
        embedding = self._embedder.network.copy.of(features.embedding)
        (nearest,), near_hashes, by_looks = await asyncio.gather(
            self._recall.nearest(embedding[None], exclude),
            self._recall.by_near_hashes(view, exclude),
            self._by_looks(features.embedding, exclude),
        )
        alike = nearest if by_looks is None else by_looks
        others = exclude if itself is None else exclude | {itself}
        search = _SearchContext(view, embedding, others, near_hashes, regions_too, parts)
        came_up, looking_alike = await self._came_up(search, nearest, alike[: max(FIRST + MORE, at_least)])
        shortlist = Shortlist.of(one for one in came_up if one.id != itself)
        stages = [self.first_look]
        if itself is None:
            stages += [self.second_look, self.third_look, self.by_sheet, self.seen_otherwise, self.by_sift]
            stages += [self.by_pieces, self.by_regions] if regions_too and not parts else []
        stages += [self.by_parts] if parts else []
        in_detail = 0.0
        for stage in stages:
            shortlist = await stage(search, shortlist)
            if shortlist.is_settled:
                started = time.perf_counter()
                shortlist = await self._compared(view.query, shortlist)
                in_detail += time.perf_counter() - started
                if shortlist.is_settled:
                    break
        started = time.perf_counter()
        shortlist = await self.scrutinise(view.query, shortlist)
        in_detail += time.perf_counter() - started
        found = _with_looks(came_up.updated(shortlist), alike, looking_alike)
        return Candidates(tuple(found), [one.cosine for one in nearest], [one.cosine for one in alike], in_detail)

    async def examine(
        self,
        pixels: Pixels,
        features: Features,
        image_id: int,
        cosine: float,
        *,
        parts: Sequence[QueryPart] = (),
    ) -> Candidates:
        """The same for one stored picture and its parts, whether it would have come up or not."""
        (near,) = await self._recall.nearest(self._embedder.network.copy.of(features.embedding)[None])
        stored = (await self._recall.stored(await self._recall.keys_of(image_id))).values()
        query = QueryPicture(pixels)
        view = View(query, WHOLE, features.keypoints)
        shortlist = Shortlist.of(Candidate(one, cosine, cosine, WHOLE) for one in stored)
        for mirrored in (False, True):
            if not shortlist.is_settled:
                shortlist = shortlist.updated(await self._laid(view, list(shortlist), mirrored=mirrored))
        sheet = None if shortlist.is_settled else await self._pool.run(lambda: query.sheet)
        if sheet:
            shortlist = shortlist.updated(await self._laid(sheet, list(shortlist), mirrored=False))
        if not shortlist.is_settled:
            for box in await self._pool.run(lambda: [*query.pieces, *query.boxes]):
                laid = await self._pool.run(self._laid_in_turn, View(query, box), list(shortlist), mirrored_too=True)
                shortlist = shortlist.updated(laid)
        for part in () if shortlist.is_settled else parts:
            of_part = QueryPicture(part.pixels)
            laid = await self._laid(View(of_part, WHOLE), [one.unlaid() for one in shortlist], mirrored=False)
            found = await self._on_part(of_part, part.region, Shortlist.of(laid))
            shortlist = shortlist.updated(max(pair, key=_agreement) for pair in zip(shortlist, found, strict=True))
        by_looks = await self._by_looks(features.embedding, frozenset())
        alike = near if by_looks is None else by_looks
        looks = {one.image_id: one.cosine for one in alike}.get(image_id)
        judged = tuple(one.looking(looks) for one in await self.scrutinise(query, shortlist))
        return Candidates(judged, [one.cosine for one in near], [one.cosine for one in alike])

    # --- what looks alike

    async def _by_looks(self, embedding: Vector, exclude: frozenset[int]) -> list[Near] | None:
        """What looks most like a query with this embedding; None where the network has no head for that."""
        head = self._embedder.network.looks
        return await self._recall.alike(head.of(embedding), exclude) if head else None

    # --- in detail

    async def scrutinise(self, query: QueryPicture, shortlist: Shortlist) -> Shortlist:
        """What is proved compared with the query in detail, five by five until one is a copy; and its edits named.

        Where none is, so is what lies on the query fairly well.
        """
        while waiting := _waiting(shortlist):
            if any(one.is_compared and one.is_copy for one in shortlist):
                shortlist = shortlist.updated(one.unchecked() for one in waiting)
            else:
                shortlist = await self._compared(query, shortlist)
        if not shortlist.has_proof:
            doubtful = sorted(shortlist.where(lambda one: one.is_doubtful), key=_likelihood, reverse=True)
            compared = await self._in_detail(query, doubtful[:SCRUTINISED])
            shortlist = shortlist.updated(one for one in compared if one.is_copy)
        return await self._with_edits(query, shortlist)

    async def _compared(self, query: QueryPicture, shortlist: Shortlist) -> Shortlist:
        """The likeliest five of what is proved and was not compared in detail yet.

        The first of them is most often a copy: what was done to it is looked at beside.
        """
        some = _waiting(shortlist)[:SCRUTINISED]
        if not some:
            return shortlist
        first = some[0]
        (compared, *others), seen = await asyncio.gather(
            self._in_detail(query, some), self._pool.run(first.with_seen, query, self._thumbnail(first))
        )
        return shortlist.updated([compared.seen_as(seen), *others])

    async def _in_detail(self, query: QueryPicture, candidates: list[Candidate]) -> list[Candidate]:
        stored = await asyncio.gather(*(self._detail(one.stored) for one in candidates))
        await self._pool.run(lambda: query.picture)  # once, not in every thread
        pairs = list(zip(candidates, stored, strict=True))
        return await self._pool.each(pairs, lambda pair: pair[0].in_detail(query.picture, pair[1]))

    # --- the stages

    async def _came_up(
        self, search: _SearchContext, nearest: list[Near], alike: list[Near]
    ) -> tuple[Shortlist, list[StoredFeatures]]:
        """The pictures nearest to the whole query, those with near hashes first; nothing is laid on anything yet.

        And what looks most like it.
        """
        cosines = {one.key: one.cosine for one in nearest}
        keys = list(dict.fromkeys([*search.near_hashes, *cosines][: search.at_once + MORE]))
        looking_alike = [one.key for one in alike]
        stored = await self._recall.stored(list(dict.fromkeys([*keys, *looking_alike])))
        nearness = self._recall.nearness(search.embedding, nearest) | dict.fromkeys(search.near_hashes, math.inf)
        came_up = Shortlist.of(
            Candidate(stored[one], cosines.get(one, 0.0), cosines.get(one), WHOLE, nearness=nearness[one])
            for one in keys
            if one in stored
        )
        return came_up, [stored[one] for one in looking_alike if one in stored]

    async def first_look(self, search: _SearchContext, shortlist: Shortlist) -> Shortlist:
        """Of the best few those that stand out, laid on the query."""
        standing_out = [one for one in list(shortlist)[: search.at_once] if one.nearness >= STANDS_OUT_WELL]
        return shortlist.updated(await self._laid(search.view, standing_out, mirrored=False))

    async def second_look(self, search: _SearchContext, shortlist: Shortlist) -> Shortlist:
        """The others of the best few, laid on the query."""
        others = [one for one in list(shortlist)[: search.at_once] if one.nearness < STANDS_OUT_WELL]
        return shortlist.updated(await self._laid(search.view, others, mirrored=False))

    async def third_look(self, search: _SearchContext, shortlist: Shortlist) -> Shortlist:
        """The others that stand out, laid on the query; then the likely ones, laid on its mirror image."""
        others = [one for one in list(shortlist)[search.at_once :] if one.nearness >= STANDS_OUT]
        keys = [one.key for one in list(shortlist)[: search.at_once + MORE // 2] if one.nearness >= STANDS_OUT]
        laid = await self._beside(
            self._laid(search.view, others, mirrored=False),
            self._pool.run(search.view.prepare, "mirrored_keypoints") if keys else None,
        )
        shortlist = shortlist.updated(laid)
        if shortlist.is_settled:
            return shortlist
        return shortlist.updated(await self._laid(search.view, shortlist.having(keys), mirrored=True))

    async def by_sheet(self, search: _SearchContext, shortlist: Shortlist) -> Shortlist:
        """What is nearest to the sheet that the query shows joins, laid on it."""
        sheet = await self._pool.run(lambda: search.view.query.sheet)
        if sheet is None:
            return shortlist.updated(())
        embedding = await self._pool.run(self._embedder.embed_copy, sheet.pixels)
        (near,), near_hashes = await asyncio.gather(
            self._recall.nearest(embedding[None], search.exclude), self._recall.by_near_hashes(sheet, search.exclude)
        )
        nearness = self._recall.nearness(embedding, near) | dict.fromkeys(near_hashes, math.inf)
        cosines = {one.key: one.cosine for one in near}
        keys = list(dict.fromkeys([*near_hashes, *list(cosines)[:MORE]]))
        stored = await self._recall.stored([key for key in keys if key not in shortlist])
        shortlist = shortlist.updated(
            Candidate(features, cosines.get(key, 0.0), None, sheet.region, nearness=nearness[key])
            for key, features in stored.items()
        )
        nearer = [one.nearer(cosines.get(one.key, 0.0), sheet.region) for one in shortlist.having(keys)]
        return shortlist.updated(await self._laid(sheet, nearer, mirrored=False))

    async def seen_otherwise(self, search: _SearchContext, shortlist: Shortlist) -> Shortlist:
        """What is nearest to the query turned or uncovered joins, laid on it; then all likely ones under its lines."""
        stand_out = any(one.nearness >= STANDS_OUT_WELL for one in shortlist)
        embeddings = await self._beside(
            self._embedded_otherwise(search.view),
            self._pool.run(search.view.prepare, "sift_keypoints") if stand_out else None,
        )
        shortlist, likely = await self._otherwise_nearest(search, shortlist, embeddings)
        new = [candidate for candidate in shortlist.having(likely) if candidate.whole_cosine is None]
        shortlist = shortlist.updated(await self._pool.each(new, partial(self._laid_either_way, search.view)))
        if shortlist.is_settled or not search.view.orientations:
            return shortlist
        keys = await self._recall.by_nearest_hashes(search.view, search.exclude)
        stored = await self._recall.stored([key for key in keys if key not in shortlist])
        shortlist = shortlist.updated(
            Candidate(features, 0.0, None, WHOLE, nearness=0.0) for features in stored.values()
        )

        def under_lines(candidate: Candidate) -> Candidate:
            return candidate.laid_under_lines(search.view, self._thumbnail(candidate))

        return shortlist.updated(await self._pool.each(shortlist.having(dict.fromkeys([*keys, *likely])), under_lines))

    async def by_sift(self, search: _SearchContext, shortlist: Shortlist) -> Shortlist:
        """The likeliest laid by SIFT; the very likeliest on the mirror image too."""
        likely = _likeliest(shortlist)
        if likely:
            await self._pool.run(search.view.prepare, "sift_keypoints")
        keypoints = dict(await self._pool.each(likely, self._sift_keypoints))
        laid = partial(self._laid_by_sift, search.view, keypoints)
        shortlist = shortlist.updated(await self._pool.each(likely, partial(laid, mirrored=False)))
        if shortlist.is_settled:
            return shortlist
        likeliest = shortlist.having(one.key for one in likely[:1])
        mirrored = await self._beside(
            self._pool.each(likeliest, partial(laid, mirrored=True)),
            self._pool.run(search.view.query.prepare_boxes) if search.regions_too else None,
        )
        return shortlist.updated(mirrored)

    async def by_pieces(self, search: _SearchContext, shortlist: Shortlist) -> Shortlist:
        """What is nearest to the pieces of a collage joins, laid on them; but for those that are proved already.

        Regions that lie on pieces are tried all the same: a slightly other cut of the query proves some more.
        """
        query = search.view.query
        proved = shortlist.where(lambda one: one.is_copy)
        pieces = await self._pool.run(lambda: query.pieces)
        views = [View(query, piece) for piece in pieces if not any(one.fills(piece) for one in proved)]
        if not views:
            return shortlist.updated(())
        neighbours = [one for one in await self._region_neighbours(search, views) if one.near]
        shortlist = await self._joined_by(shortlist, neighbours)
        laid = await asyncio.gather(
            *(
                self._pool.run(
                    self._laid_in_turn,
                    one.view,
                    shortlist.having(near.key for near in one.near),
                    mirrored_too=one.mirrored_too,
                )
                for one in neighbours
            )
        )
        return shortlist.joined(one for candidates in laid for one in candidates)

    async def by_regions(self, search: _SearchContext, shortlist: Shortlist) -> Shortlist:
        """What is nearest to regions of the query joins, laid on it, until something is proved."""
        query = search.view.query
        boxes = await self._pool.run(lambda: query.boxes)
        for start in range(0, len(boxes), REGIONS_AT_ONCE):
            views = [View(query, box) for box in boxes[start : start + REGIONS_AT_ONCE]]
            neighbours = await self._region_neighbours(search, views)
            shortlist = await self._joined_by(shortlist, neighbours)
            shortlist = await self._laid_on_regions(shortlist, [one for one in neighbours if one.near])
            if shortlist.has_proof:
                break
        return shortlist

    async def by_parts(self, search: _SearchContext, shortlist: Shortlist) -> Shortlist:
        """What is nearest to the parts of a long query, and to boxes in them, joins, laid on them."""
        best: dict[int, Candidate] = {}
        for part in search.parts:
            query = QueryPicture(part.pixels)
            boxes = await self._pool.run(_boxes_of, query)
            views = [View(query, box) for box in boxes[:BOXES_A_PART]]
            neighbours = [await self._part_neighbours(search, query), *await self._region_neighbours(search, views)]
            found = Shortlist()
            for one in neighbours:
                asked = await self._joined_by(Shortlist(), [one])
                found = found.joined(await self._laid(one.view, list(asked), mirrored=False))
            for candidate in await self._on_part(query, part.region, found):
                known = best.get(candidate.key)
                if known is None or _agreement(candidate) > _agreement(known):
                    best[candidate.key] = candidate
        return shortlist.joined([*shortlist, *best.values()])

    async def _part_neighbours(self, search: _SearchContext, query: QueryPicture) -> _RegionNeighbours:
        """The pictures nearest to a part of a long query that stand out."""
        embedding = await self._pool.run(self._embedder.embed_copy, query.pixels)
        (near,) = await self._recall.nearest(embedding[None], search.exclude)
        nearness = self._recall.nearness(embedding, near)
        standing_out = [one for one in near[:FIRST] if nearness[one.key] >= STANDS_OUT]
        return _RegionNeighbours(View(query, WHOLE), standing_out, mirrored_too=False)

    async def _on_part(self, query: QueryPicture, region: Region, laid: Shortlist) -> list[Candidate]:
        """Candidates that were laid on a part of a long query, all compared in detail, as they lie on the whole."""
        while _waiting(laid):
            laid = await self._compared(query, laid)
        return [one.on_part(region) for one in await self._with_edits(query, laid)]

    # --- what comes up otherwise than for the whole query as it is

    async def _embedded_otherwise(self, view: View) -> Vector:
        """Embeddings (n, d) of the whole query in its four turns, from fewer pixels, and without what covers it."""

        async def without_covers() -> Vector | None:
            uncovered = await self._pool.run(lambda: view.query.uncovered)
            return await self._pool.run(self._embedder.embed_copy, uncovered.pixels) if uncovered else None

        square = await self._pool.run(self._embedder.region_square, view.pixels)

        def turned(turns: int) -> Vector:
            return self._embedder.embed_region(np.ascontiguousarray(np.rot90(square, turns)))

        embeddings = await asyncio.gather(without_covers(), *(self._pool.run(turned, turns) for turns in range(TURNS)))
        return np.stack([one for one in embeddings if one is not None])

    async def _otherwise_nearest(
        self, search: _SearchContext, shortlist: Shortlist, embeddings: Vector
    ) -> tuple[Shortlist, list[int]]:
        """The nearest of each embedding that stand out: new ones join the shortlist; and the keys of all of them."""
        cosines: dict[int, float] = {}
        nearness: dict[int, float] = {}
        near_each = await self._recall.nearest(embeddings, search.exclude)
        for embedding, near in zip(embeddings, near_each, strict=True):
            known = self._recall.nearness(embedding, near)
            for one in near[:FIRST]:
                if known[one.key] >= REGION_STANDS_OUT:
                    cosines[one.key] = max(one.cosine, cosines.get(one.key, 0.0))
                    nearness[one.key] = max(known[one.key], nearness.get(one.key, 0.0))
        stored = await self._recall.stored([key for key in cosines if key not in shortlist])
        new = [
            Candidate(features, cosines[key], None, WHOLE, nearness=nearness[key]) for key, features in stored.items()
        ]
        return shortlist.updated(new), list(cosines)

    async def _region_neighbours(self, search: _SearchContext, views: list[View]) -> list[_RegionNeighbours]:
        """For each region the pictures near to it that stand out."""
        embeddings = await asyncio.gather(*(self._pool.run(self._embedder.embed_region, view.pixels) for view in views))
        found = []
        near_each = await self._recall.nearest(np.stack(embeddings), search.exclude)
        for view, embedding, near in zip(views, embeddings, near_each, strict=True):
            nearness = self._recall.nearness(embedding, near)
            standing_out = [one for one in near[:A_REGION] if nearness[one.key] >= REGION_STANDS_OUT]
            mirrored_too = any(nearness[one.key] >= STANDS_OUT_WELL for one in near[:1])
            found.append(_RegionNeighbours(view, standing_out, mirrored_too))
        return found

    async def _joined_by(self, shortlist: Shortlist, neighbours: list[_RegionNeighbours]) -> Shortlist:
        """The shortlist with what is near to regions; who was in it already keeps the best cosine and its region."""
        missing = {near.key for one in neighbours for near in one.near if near.key not in shortlist}
        stored = await self._recall.stored(sorted(missing))
        for one in neighbours:
            for near in one.near:
                if near.key in stored and near.key not in shortlist:
                    new = Candidate(stored[near.key], near.cosine, None, one.view.region)
                    shortlist = shortlist.updated([new])
                known = shortlist.having([near.key])
                shortlist = shortlist.updated(other.nearer(near.cosine, one.view.region) for other in known)
        return shortlist

    # --- laying candidates on the query

    async def _laid_on_regions(self, shortlist: Shortlist, neighbours: list[_RegionNeighbours]) -> Shortlist:
        """What is near to each region laid on it, the likeliest regions first, until something is proved."""
        likeliest = sorted(neighbours, key=lambda one: -max(near.cosine for near in one.near))
        for start in range(0, len(likeliest), VIEWS_AT_ONCE):
            together = [
                (one, shortlist.having(near.key for near in one.near))
                for one in likeliest[start : start + VIEWS_AT_ONCE]
            ]
            laid = await asyncio.gather(
                *(
                    self._pool.run(self._laid_in_turn, one.view, candidates, mirrored_too=one.mirrored_too)
                    for one, candidates in together
                )
            )
            shortlist = shortlist.joined(one for candidates in laid for one in candidates)
            if shortlist.has_proof:
                break
        return shortlist

    async def _laid(self, view: View, candidates: list[Candidate], *, mirrored: bool) -> list[Candidate]:
        """Each laid on a view or on its mirror image, spread over the pool."""
        if mirrored and candidates:
            await self._pool.run(view.prepare, "mirrored_keypoints")
        if len(candidates) == 1 and not mirrored:  # both ways side by side
            (one,) = candidates
            read = self._thumbnail(one)
            as_whole, by_keypoints = await asyncio.gather(
                self._pool.run(one.laid_as_whole, view, read),
                self._pool.run(one.laid_by_keypoints, view, read, mirrored=False),
            )
            return [as_whole.joined(by_keypoints)]
        return await self._pool.each(candidates, lambda one: one.laid(view, self._thumbnail(one), mirrored=mirrored))

    def _laid_in_turn(self, view: View, candidates: list[Candidate], *, mirrored_too: bool) -> list[Candidate]:
        """Each laid on a region; the first on its mirror image too, where none of them is proved."""
        laid = [one.laid(view, self._thumbnail(one), mirrored=False) for one in candidates]
        if laid and mirrored_too and not any(one.is_proved for one in laid):
            laid[0] = laid[0].laid(view, self._thumbnail(laid[0]), mirrored=True)
        return laid

    def _laid_either_way(self, view: View, candidate: Candidate) -> Candidate:
        """Laid on the query and, where it stands out well, on its mirror image."""
        laid = candidate.laid(view, self._thumbnail(candidate), mirrored=False)
        if laid.settles or laid.nearness < STANDS_OUT_WELL:
            return laid
        return laid.laid(view, self._thumbnail(candidate), mirrored=True)

    def _laid_by_sift(
        self, view: View, keypoints: dict[int, sift.SiftKeypoints | None], candidate: Candidate, *, mirrored: bool
    ) -> Candidate:
        own = keypoints[candidate.key]
        return candidate.laid_by_sift(view, own, self._thumbnail(candidate), mirrored=mirrored) if own else candidate

    def _sift_keypoints(self, candidate: Candidate) -> tuple[int, sift.SiftKeypoints | None]:
        """Of a candidate's thumbnail, by its id; None where the file is gone."""
        pixels = self._thumbnail(candidate)()
        return candidate.key, None if pixels is None else sift.detect(pixels)

    async def _with_edits(self, query: QueryPicture, shortlist: Shortlist) -> Shortlist:
        """The same with the edits named of what is the same picture."""
        proved = shortlist.where(lambda one: one.is_copy)
        if proved:
            await self._pool.run(lambda: query.thumbnail)  # once, not in every thread
        named = await asyncio.gather(*(self._pool.run(one.with_edits, query, self._thumbnail(one)) for one in proved))
        return shortlist.updated(named)

    def _thumbnail(self, candidate: Candidate) -> Thumbnail:
        return candidate.thumbnail(self._read)

    async def _beside(self, work: Awaitable[T], beside: Awaitable[object] | None) -> T:
        """The result of some work; what the next step needs is computed beside it."""
        if beside is None:
            return await work
        result, _ = await asyncio.gather(work, beside)
        return result


def _agreement(candidate: Candidate) -> tuple[bool, float]:
    """By what a candidate that was laid on several parts of a query is best on one."""
    return candidate.is_copy, candidate.proof.alignment.structure if candidate.proof else -1.0


def _boxes_of(query: QueryPicture) -> list[Region]:
    return query.boxes


def _with_looks(shortlist: Shortlist, alike: list[Near], looking_alike: list[StoredFeatures]) -> Shortlist:
    """What came up with how much it looks like the query; what looks most like it joins."""
    cosines = {one.key: one.cosine for one in alike}
    joining = [Candidate(one, 0.0, None, WHOLE) for one in looking_alike if one.key not in shortlist]
    return Shortlist.of(one.looking(cosines.get(one.key)) for one in [*shortlist, *joining])


def _waiting(shortlist: Shortlist) -> list[Candidate]:
    """What is proved and was not compared in detail, likeliest first."""
    return sorted(shortlist.where(lambda one: one.is_proved and not one.is_compared), key=_likelihood, reverse=True)


def _likelihood(candidate: Candidate) -> float:
    """What proved pictures are ordered by. Of several versions of one picture the very one is nearest."""
    return candidate.cosine + (candidate.proof.alignment.structure if candidate.proof else 0.0)


def _likeliest(shortlist: Shortlist) -> list[Candidate]:
    """Those that stand out well, nearest first, a few of the query as it is and of what was made of it.

    Cosines of the two are not compared with each other. What was found to be a variant comes last.
    """
    standing_out = sorted(
        shortlist.where(lambda one: one.nearness >= STANDS_OUT_WELL), key=lambda one: (one.is_compared, -one.cosine)
    )
    as_it_is = [one for one in standing_out if one.whole_cosine is not None]
    otherwise = [one for one in standing_out if one.whole_cosine is None]
    return as_it_is[:SIFTED] + otherwise[:SIFTED]
