"""Finds pictures of the library that are the same as others of it, and remembers what people decided about them."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.concurrency import CpuPool
from engine.domain import (
    Decision,
    Features,
    Group,
    Groups,
    Keep,
    NearDuplicate,
    Pair,
    Pixels,
    Progress,
    Stop,
    never,
    no_progress,
)
from engine.errors import InvalidLimit, LibraryError, NotDuplicates
from engine.library.active_network import ActiveNetwork, Networks
from engine.matching import ranking
from engine.matching.candidates import Candidates
from engine.matching.near_duplicates import Known
from engine.matching.recall import NEAREST
from engine.storage import codec, pairs
from engine.storage.pairs import Size, components
from engine.storage.repository import Repository
from engine.storage.statements import Operation

logger = logging.getLogger(__name__)

AT_ONCE, THOROUGHLY_AT_ONCE = 64, 8  # pictures that are compared in one go, and stored in one transaction
MAX_DECIDED = 500  # pictures: every pair of them is remembered


@dataclass(frozen=True, slots=True)
class _Components:
    """A group by ids, best first."""

    ids: tuple[int, ...]
    p_same: dict[int, float]


class Duplicates:
    """The near-duplicates of one library."""

    def __init__(self, repository: Repository, networks: Networks, pool: CpuPool) -> None:
        self._repository = repository
        self._networks = networks
        self._pool = pool

    # --- comparing

    async def name(self, new: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """The near-duplicates of pictures that have just been stored, likeliest first.

        Whatever goes wrong, what was stored is stored: the pictures go on waiting to be compared.
        """
        try:
            return await self._compare(new) if new else {}
        except LibraryError as error:
            logger.warning(
                "%d new pictures could not be compared (%s); `pictrace duplicates` tries again", len(new), error
            )
            return {}
        except Exception:
            logger.exception("%d new pictures could not be compared; `pictrace duplicates` tries again", len(new))
            return {}

    async def compare(
        self,
        *,
        limit: int | None = None,
        thorough: bool = False,
        progress: Progress = no_progress,
        stop: Stop = never,
    ) -> None:
        """Compare pictures with each other that have not been compared yet, at most `limit`; what is done is kept.

        Additions are compared as they come: what waits is a library of an older PicTrace, what came back by an undo, or
        what was interrupted. `thorough`: by their regions too, for crops and screenshots; as dear as a search each.
        """
        if self._repository.database.read_only:
            return  # nothing of it could be kept
        wanted, at_once = (pairs.THOROUGHLY, THOROUGHLY_AT_ONCE) if thorough else (pairs.WHOLE, AT_ONCE)
        total, done = await self._repository.pairs.count_waiting(wanted), 0
        progress(0, total)
        while not stop() and (limit is None or done < limit):
            ids = await self._repository.pairs.waiting(wanted, at_once if limit is None else min(at_once, limit - done))
            if not ids:
                break
            await (self._compare_thoroughly(ids) if thorough else self._compare(ids))
            done += len(ids)
            progress(done, max(done, total))

    async def _compare(self, ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """By the whole pictures; returns those on which nobody has decided, likeliest first, by id."""
        active, head = await self._networks.current()
        found: list[Pair] = []
        for start in range(0, len(ids), AT_ONCE):
            part = ids[start : start + AT_ONCE]
            known = await self._known(active, part)
            candidates = await active.comparer.compare(known) if known else []
            new = [
                pair
                for one, seen in zip(known, candidates, strict=True)
                for pair in _same(active, one, seen)
            ]  # fmt: skip
            await self._repository.pairs.put(new, part, pairs.WHOLE, head.seq)
            found += new
        decided = await self._repository.pairs.decided(ids) if found else set()
        return _by_id([pair for pair in found if (pair.first_id, pair.second_id) not in decided], ids)

    async def _compare_thoroughly(self, ids: Sequence[int]) -> None:
        """As a search from each of them would: crops out of it, and what it is a screenshot of, are found too."""
        active, head = await self._networks.current()
        found: list[Pair] = []
        for one in await self._known(active, ids):
            image = one.stored.image
            pixels = await self._pool.run(active.thumbnail, image.sha256)
            if pixels is not None:
                found += _same(active, one, await active.matcher.scrutinise(pixels, await _match(active, one, pixels)))
        await self._repository.pairs.put(found, ids, pairs.THOROUGHLY, head.seq)

    async def _known(self, active: ActiveNetwork, ids: Sequence[int]) -> list[Known]:
        """What is stored of those that can be compared; `pictrace check --repair` makes again what is lost."""
        stored = await self._repository.features.stored(ids)
        known = []
        dimensions = active.embedder.network.dimensions
        async for rows in self._repository.features.embeddings_of(active.network, dimensions, ids):
            vectors = codec.vectors_from_bytes([row[-1] for row in rows], dimensions)
            known += [
                Known(stored[image_id], vector)
                for (image_id, *_), vector in zip(rows, vectors, strict=True)
                if image_id in stored
            ]
        return known

    # --- looking, deciding

    async def waiting(self) -> int:
        """How many pictures have yet to be compared."""
        return await self._repository.pairs.count_waiting()

    async def groups(self, *, cursor: int | None = None, limit: int | None = None) -> Groups:
        """Groups of near-duplicates on which nobody has decided, from after the one whose best picture is `cursor`."""
        found = await self._grouped()
        rest = [one for one in found if cursor is None or one.ids[0] > cursor]
        part = rest[:limit]
        images = await self._repository.pairs.images([image_id for one in part for image_id in one.ids])
        groups = []
        for one in part:
            pictures = tuple(
                NearDuplicate(images[image_id], one.p_same[image_id]) for image_id in one.ids if image_id in images
            )
            if len(pictures) > 1:  # else one was removed meanwhile
                groups.append(Group(pictures))
        following = part[-1].ids[0] if len(part) < len(rest) else None
        return Groups(tuple(groups), following, len(found), await self.waiting())

    async def group_of(self, image_id: int) -> tuple[int, ...]:
        """The ids of the group that a picture is in, best first. UnknownImage, NotDuplicates."""
        await self._repository.images.get(image_id)
        for one in await self._grouped():
            if image_id in one.ids:
                return one.ids
        raise NotDuplicates(f"Picture {image_id} has no near-duplicates in this library. Nothing was removed.")

    async def decide(self, ids: Sequence[int], keep: Keep, *, actor: str) -> Decision:
        """Keep the best of a group and remove the others, or remember that all are kept, or that they are different.

        UnknownImage, NotDuplicates, InvalidLimit.
        """
        chosen = sorted(set(ids))
        if not 2 <= len(chosen) <= MAX_DECIDED and (keep != "best" or len(chosen) < 2):
            raise InvalidLimit(f"Between 2 and {MAX_DECIDED} pictures can be decided on at once, not {len(chosen)}.")
        if keep == "best":
            return await self._repository.pairs.keep_best(chosen, Operation("remove", actor))
        reason = "kept" if keep == "all" else "different"
        return await self._repository.pairs.keep(chosen, reason, Operation("decision", actor))

    async def _grouped(self) -> list[_Components]:
        found, sizes = await self._repository.pairs.undecided()
        return await self._pool.run(_groups, found, sizes)


def _groups(found: Sequence[Pair], sizes: dict[int, Size]) -> list[_Components]:
    best_pair: dict[int, float] = {}
    for pair in found:
        for image_id in (pair.first_id, pair.second_id):
            best_pair[image_id] = max(pair.p_same, best_pair.get(image_id, 0.0))
    groups = []
    for component in components((pair.first_id, pair.second_id) for pair in found):
        ids = tuple(sorted(component, key=lambda image_id: sizes[image_id].rank))
        groups.append(_Components(ids, {image_id: best_pair[image_id] for image_id in ids}))
    return sorted(groups, key=lambda one: one.ids[0])


def _same(active: ActiveNetwork, query: Known, candidates: Candidates) -> list[Pair]:
    """What is proved to be the same picture, as lane `same` of a search has it."""
    if not any(one.is_copy for one in candidates.found):
        return []
    references = active.calibration.references(query.embedding, candidates.nearest)
    matches = ranking.rank(candidates, references, active.calibration, limit=NEAREST)
    itself = query.stored.image.id
    return [
        Pair(min(itself, match.image.id), max(itself, match.image.id), match.p_same)
        for match in matches
        if match.lane == "same"
    ]


async def _match(active: ActiveNetwork, query: Known, pixels: Pixels) -> Candidates:
    stored = query.stored
    features = Features(stored.image.sha256, query.embedding, stored.handcrafted)
    return await active.matcher.match(pixels, features, exclude=frozenset([stored.image.id]))


def _by_id(found: Iterable[Pair], ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The other halves of their pairs, likeliest first, for each of these pictures that has any."""
    others: dict[int, dict[int, float]] = {}
    for pair in found:
        for one, other in ((pair.first_id, pair.second_id), (pair.second_id, pair.first_id)):
            others.setdefault(one, {})[other] = pair.p_same
    return {
        one: tuple(sorted(others[one], key=lambda other: (-others[one][other], other)))
        for one in ids
        if one in others
    }  # fmt: skip
