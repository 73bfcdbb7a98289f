"""Compares stored pictures with each other: cheaply, and as a whole only."""

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import WHOLE, WHOLE_PART, NetworkHead, Pixels, StoredFeatures, Vector, part_key
from engine.features import hashes, orb, sift
from engine.index.hits import PARTS_EACH, Near
from engine.matching.candidates import Candidate, Candidates, ReadDetail
from engine.matching.proof import NEAR_HASH
from engine.matching.query_view import QueryPicture, View
from engine.matching.recall import NEAR_HASHES, Recall
from engine.matching.relations import shows_whole

STANDS_OUT = 3.5  # how far a neighbour must (Calibration.nearness)
TRIED = 4  # neighbours at most
ENOUGH = 2  # near-duplicates; no further is looked at
# Of an eighth of their keypoints, three in a hundred unrelated pairs share as many; 19 in 20 crops to half share more.
SHARED_ONE_IN, SHARED_KEYPOINTS = 8, 4
MIRROR_COSINE = 0.7  # networks hardly see that a picture is mirrored: 99 in 100 mirrored copies of 85 % reach it


@dataclass(frozen=True, slots=True)
class Known:
    """A stored picture that is asked for its likes; nothing of it is computed again."""

    stored: StoredFeatures
    embedding: Vector


class Comparer:
    """Finds what some stored pictures may be near-duplicates of, in one library."""

    def __init__(
        self,
        recall: Recall,
        pool: CpuPool,
        thumbnail: Callable[[str], Pixels | None],
        detail: ReadDetail,
        head: NetworkHead,
    ) -> None:
        """`thumbnail` by SHA-256, and `detail`, what is looked at of about a thousand pixels; None if lost.

        `head`: the part of embeddings by which copies are found.
        """
        self._head = head
        self._recall = recall
        self._pool = pool
        self._thumbnail = thumbnail
        self._detail = detail

    async def compare(self, queries: Sequence[Known]) -> list[Candidates]:
        """The stored pictures that each of some stored ones may be, itself left out.

        No region is looked for and no network runs; where nothing is likely, not even a thumbnail is read.
        """
        answers = [_Tried(candidates) for candidates in await self._likely(queries)]
        # Again for those whose first proved ones are not the same in detail.
        while wanted := [number for number, one in enumerate(answers) if one.may_have_more]:
            pairs = [(queries[number], answers[number]) for number in wanted]
            laid = await self._pool.each(pairs, lambda pair: self._proved(*pair))
            for number, tried in zip(wanted, laid, strict=True):
                answers[number] = await self._in_detail(queries[number], tried)
        return [one.candidates for one in answers]

    async def compare_pairs(self, pairs: Sequence[tuple[Known, Known]], *, thoroughly: bool = True) -> list[Candidates]:
        """The second picture of each pair as a candidate of the first, whether it would have come up or not.

        More is tried than to find out what is likely: both ways round, and `thoroughly` by keypoints that stand more.
        """
        if not pairs:
            return []
        itself = [one.stored.image.id for one, _ in pairs]
        embeddings, others = self._copies(one for one, _ in pairs), self._copies(other for _, other in pairs)
        hits = await self._recall.nearest_others(embeddings, itself)
        cosines = (embeddings * others).sum(axis=1).tolist()
        candidates = [_pair(other, cosine, near) for (_, other), cosine, near in zip(pairs, cosines, hits, strict=True)]
        laid = await self._pool.each(
            list(zip([one for one, _ in pairs], candidates, strict=True)),
            lambda pair: self._all_laid(*pair, thoroughly=thoroughly),
        )
        return [
            (await self._in_detail(query, _Tried(found))).candidates
            for (query, _), found in zip(pairs, laid, strict=True)
        ]

    async def near_parts(self, parts: Sequence[Known]) -> list[tuple[int, Known]]:
        """What may be shown by the parts of a long picture: ids of others, each with the parts that it is nearest to.

        A long picture is asked for its likes as a whole; what it contains is found by comparing these pairs.
        """
        embeddings, itself = self._copies(parts), [one.stored.image.id for one in parts]
        near_each = await self._recall.nearest_others(embeddings, itself)

        def standing_out() -> list[tuple[int, Known]]:
            found: dict[int, list[tuple[float, Known]]] = {}
            for part, embedding, near in zip(parts, embeddings, near_each, strict=True):
                nearness = self._recall.nearness(embedding, near)
                likely = [one for one in near if one.part == WHOLE_PART and nearness[one.key] >= STANDS_OUT]
                for one in likely[:TRIED]:
                    found.setdefault(one.image_id, []).append((one.cosine, part))
            nearest = {other: sorted(seen, key=lambda one: -one[0])[:PARTS_EACH] for other, seen in found.items()}
            return [(other, part) for other, seen in nearest.items() for _, part in seen]

        return await self._pool.run(standing_out)

    async def _in_detail(self, query: Known, tried: "_Tried") -> "_Tried":
        """What is proved compared in detail, if it was not yet: two pictures may share a scene or a layout."""
        candidates = tried.candidates
        proved = [one for one in candidates.found if one.proof and one.is_proved and one.proof.p_copy is None]
        if not proved:
            return tried
        both = [query.stored, *(one.stored for one in proved)]
        own, *others = await asyncio.gather(*map(self._detail, both))
        compared = await self._pool.each(
            list(zip(proved, others, strict=True)), lambda pair: pair[0].in_detail(own, pair[1])
        )
        return replace(tried, candidates=_updated(candidates, compared))

    async def _likely(self, queries: Sequence[Known]) -> list[Candidates]:
        """For each the few that its embedding or its hash is near to."""
        embeddings, itself = self._copies(queries), [one.stored.image.id for one in queries]
        hits, by_hash = await asyncio.gather(self._recall.nearest_others(embeddings, itself), self._by_hash(queries))
        nearness = await self._pool.run(
            lambda: [self._recall.nearness(one, near) for one, near in zip(embeddings, hits, strict=True)]
        )
        wanted = [_wanted(near, known, hashed) for near, known, hashed in zip(hits, nearness, by_hash, strict=True)]
        stored = await self._recall.stored(sorted({one for keys in wanted for one in keys}))
        return [
            _candidates(stored, keys, near, known)
            for keys, near, known in zip(wanted, hits, nearness, strict=True)
        ]  # fmt: skip

    def _copies(self, known: Iterable[Known]) -> Vector:
        """(n, d) the parts of embeddings by which copies are found."""
        return self._head.of(np.stack([one.embedding for one in known]))

    async def _by_hash(self, queries: Sequence[Known]) -> list[list[int]]:
        """For each the pictures with near hashes as they are; turned and mirrored ones come up by their embeddings."""
        asked = {one.stored.image.id: one.stored.phash for one in queries if one.stored.phash is not None}
        near = await self._recall.near_each_hash(list(asked.values()), NEAR_HASHES + 1)
        found = {
            itself: [one for one in keys if one != part_key(itself)][:NEAR_HASHES]
            for itself, keys in zip(asked, near, strict=True)
        }  # fmt: skip
        return [found.get(query.stored.image.id, []) for query in queries]

    def _proved(self, query: Known, tried: "_Tried") -> "_Tried":
        """The same with more proofs where there are any, up to enough of them."""
        likely = [one for one in tried.left if _may_be_the_same(query.stored, one)]
        pixels = self._thumbnail(query.stored.image.sha256) if likely else None
        if pixels is None:
            return replace(tried, tried=frozenset(one.key for one in tried.candidates.found))
        view = _view(query, pixels)
        copies, laid = tried.copies, dict[int, Candidate]()
        for one in likely:
            laid[one.key] = found = self._laid(view, one, mirrored_too=one.cosine >= MIRROR_COSINE)
            copies += found.is_proved and shows_whole(found)
            if copies == ENOUGH:
                break
        else:
            laid = {one.key: laid.get(one.key, one) for one in tried.left}  # the unlikely ones are done with, too
        return _Tried(_updated(tried.candidates, laid.values()), tried.tried | laid.keys())

    def _all_laid(self, query: Known, candidates: Candidates, *, thoroughly: bool) -> Candidates:
        """The same with a proof if there is any."""
        pixels = self._thumbnail(query.stored.image.sha256)
        if pixels is None:
            return candidates
        view = _view(query, pixels)
        laid = [self._laid(view, one) for one in candidates.found]
        return _updated(candidates, [self._by_sift(view, one) for one in laid] if thoroughly else laid)

    def _laid(self, view: View, candidate: Candidate, *, mirrored_too: bool = True) -> Candidate:
        thumbnail = candidate.thumbnail(self._thumbnail)
        found = candidate.laid(view, thumbnail, mirrored=False)
        if not found.is_proved and mirrored_too:
            found = found.laid(view, thumbnail, mirrored=True)
        return found

    def _by_sift(self, view: View, candidate: Candidate) -> Candidate:
        """The same laid by keypoints that stand more, where nothing else proves it."""
        thumbnail = candidate.thumbnail(self._thumbnail)
        pixels = None if candidate.is_proved else thumbnail()
        if pixels is None:
            return candidate
        keypoints = sift.detect(pixels)
        found = candidate.laid_by_sift(view, keypoints, thumbnail, mirrored=False)
        return found if found.is_proved else found.laid_by_sift(view, keypoints, thumbnail, mirrored=True)


@dataclass(frozen=True, slots=True)
class _Tried:
    """Candidates of a stored picture, and the keys of those that were laid on it or need not be."""

    candidates: Candidates
    tried: frozenset[int] = frozenset()

    @property
    def left(self) -> list[Candidate]:
        return [one for one in self.candidates.found if one.key not in self.tried]

    @property
    def copies(self) -> int:
        return sum(one.is_copy and shows_whole(one) for one in self.candidates.found)

    @property
    def may_have_more(self) -> bool:
        return self.copies < ENOUGH and bool(self.left)


def _updated(candidates: Candidates, learned: Iterable[Candidate]) -> Candidates:
    by_key = {one.key: one for one in learned}
    return Candidates(tuple(by_key.get(one.key, one) for one in candidates.found), candidates.nearest)


def _view(query: Known, pixels: Pixels) -> View:
    """The whole of a stored picture; looking for what covers it costs as much as all the rest."""
    return View(QueryPicture(pixels, may_be_covered=False), WHOLE, query.stored.keypoints)


def _pair(other: Known, cosine: float, near: list[Near]) -> Candidates:
    return Candidates((Candidate(other.stored, cosine, cosine, WHOLE),), [hit.cosine for hit in near])


def _wanted(near: list[Near], nearness: dict[int, float], hashed: list[int]) -> list[int]:
    standing_out = [hit.key for hit in near if nearness[hit.key] >= STANDS_OUT]
    return list(dict.fromkeys([*hashed, *standing_out]))[:TRIED]


def _candidates(
    stored: dict[int, StoredFeatures], keys: list[int], near: list[Near], nearness: dict[int, float]
) -> Candidates:
    cosines = {hit.key: hit.cosine for hit in near}
    found = tuple(
        Candidate(stored[one], cosines.get(one, 0.0), cosines.get(one), WHOLE, nearness=nearness.get(one, math.inf))
        for one in keys
        if one in stored
    )
    return Candidates(found, [hit.cosine for hit in near])


def _may_be_the_same(query: StoredFeatures, candidate: Candidate) -> bool:
    """Whether laying two stored pictures on each other may prove something; 0.15 ms instead of some 7."""
    stored = candidate.stored
    if candidate.cosine >= MIRROR_COSINE:
        return True
    if query.phash is not None and stored.phash is not None and hashes.hamming(query.phash, stored.phash) <= NEAR_HASH:
        return True
    return orb.shared(query.keypoints, stored.keypoints, one_in=SHARED_ONE_IN) >= SHARED_KEYPOINTS
