"""Finds pictures of the library that are the same as others of it, and remembers what people decided about them."""

import logging
from collections.abc import Collection, Iterable, Sequence

from engine.concurrency import CpuPool
from engine.domain import (
    WHOLE_PART,
    Containment,
    Decision,
    Features,
    Group,
    GroupLane,
    Groups,
    Keep,
    NearDuplicate,
    Pair,
    Pixels,
    Progress,
    Related,
    Stop,
    never,
    no_progress,
)
from engine.errors import InvalidLimit, LibraryError, NotDuplicates
from engine.library import grouping
from engine.library.active_network import ActiveNetwork, Networks
from engine.library.grouping import Grouped, Key, Stars
from engine.matching import ranking
from engine.matching.candidates import Candidates
from engine.matching.near_duplicates import Known
from engine.matching.recall import NEAREST
from engine.matching.relations import is_looked_at, related
from engine.storage import codec, pairs
from engine.storage.pairs import Size
from engine.storage.repository import Repository
from engine.storage.statements import Operation

logger = logging.getLogger(__name__)

AT_ONCE, THOROUGHLY_AT_ONCE = 64, 8  # pictures that are compared in one go, and stored in one transaction
MAX_DECIDED = 500  # pictures: every pair of them is remembered
SURE = 0.9  # p_same from which a near-duplicate is believed without a look from its other picture


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
        After the pictures come the pairs that are missing from groups of near-duplicates.
        """
        if self._repository.database.read_only:
            return  # nothing of it could be kept
        wanted, at_once = (pairs.THOROUGHLY, THOROUGHLY_AT_ONCE) if thorough else (pairs.WHOLE, AT_ONCE)
        total, done = await self._repository.pairs.count_waiting(wanted), 0
        progress(0, total)
        while not stop() and (limit is None or done < limit):
            at_most = at_once if limit is None else min(at_once, limit - done)
            ids = await self._repository.pairs.waiting(wanted, at_most)
            missing = [] if ids else (await self._near()).missing
            if not ids and not missing:
                break
            if ids:
                await (self._compare_thoroughly(ids) if thorough else self._compare(ids))
            else:
                total = max(total, done + len(missing))
                await self._compare_pairs(missing[:at_most])
            done += len(ids) or len(missing[:at_most])
            progress(done, max(done, total))

    async def _compare(self, ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """By the whole pictures; returns the near-duplicates on which nobody has decided, likeliest first, by id."""
        active, head = await self._networks.current()
        found: list[Pair] = []
        for start in range(0, len(ids), AT_ONCE):
            part = ids[start : start + AT_ONCE]
            known = await self._known(active, part)
            candidates = await active.comparer.compare(known) if known else []
            new = await self._surely(
                active,
                [
                    (one.stored.image.id, pair)
                    for one, seen in zip(known, candidates, strict=True)
                    for pair in _related(active, one, seen)
                ],
            )
            new += await self._anew(active, part, {pair.key for pair in new})
            await self._repository.pairs.put(new, part, pairs.WHOLE, head.seq)
            found += new
        # As they are stored: what one of two sees as a near-duplicate is none where the other sees that it is not.
        return _by_id(await self._repository.pairs.near_duplicates_of(ids) if found else [], ids)

    async def _anew(self, active: ActiveNetwork, ids: Sequence[int], found: Collection[Key]) -> list[Pair]:
        """How those relate that an older PicTrace took for pairs, and that were not found again."""
        old = await self._repository.pairs.unrelated_yet(ids)
        return await self._directly(active, [key for key in old if key not in found])

    async def _compare_pairs(self, keys: Sequence[Key]) -> None:
        """Pairs that nothing has brought up."""
        active, head = await self._networks.current()
        found = await self._directly(active, keys)
        lost = set(keys) - {pair.key for pair in found}  # what cannot be compared is not asked for again
        unrelated = [Pair(*key, 0.0, "unrelated") for key in sorted(lost)]
        await self._repository.pairs.put([*found, *unrelated], [], pairs.NOT, head.seq)

    async def _directly(self, active: ActiveNetwork, keys: Sequence[Key]) -> list[Pair]:
        """How the two pictures of each pair relate; without those of which nothing is stored that could be compared."""
        return await self._surely(active, await self._asked(active, keys))

    async def _surely(self, active: ActiveNetwork, found: Sequence[tuple[int, Pair]]) -> list[Pair]:
        """What was found, by the picture that was asked for, and how unsure near-duplicates look from the other one.

        Comparing in detail is not quite the same both ways; the more careful of both counts (`Pairs.put`).
        """
        seen = {(asked, *pair.key) for asked, pair in found}
        unsure = [
            (other, asked)
            for asked, pair in found
            if pair.relation == "near_duplicate" and pair.p_same < SURE
            for other in pair.key
            if other != asked and (other, *pair.key) not in seen
        ]
        return [pair for _, pair in (*found, *await self._asked(active, unsure))]

    async def _asked(self, active: ActiveNetwork, keys: Sequence[Key]) -> list[tuple[int, Pair]]:
        """How the second picture of each pair looks from the first, with the id of the first."""
        known = {
            one.stored.image.id: one for one in await self._known(active, sorted({i for key in keys for i in key}))
        }
        both = [(known[first], known[second]) for first, second in keys if first in known and second in known]
        found: list[tuple[int, Pair]] = []
        for (one, other), seen in zip(both, await active.comparer.compare_pairs(both), strict=True):
            asked, key = one.stored.image.id, grouping.key_of(one.stored.image.id, other.stored.image.id)
            found += [(asked, pair) for pair in _related(active, one, seen) or [Pair(*key, 0.0, "unrelated")]]
        return found

    async def _compare_thoroughly(self, ids: Sequence[int]) -> None:
        """As a search from each of them would: crops out of it, and what it is a screenshot of, are found too."""
        active, head = await self._networks.current()
        found: list[Pair] = []
        for one in await self._known(active, ids):
            image = one.stored.image
            pixels = await self._pool.run(active.thumbnail, image.sha256)
            if pixels is not None:
                seen = await _match(active, one, pixels)
                found += await self._surely(active, [(image.id, pair) for pair in _related(active, one, seen)])
        found += await self._anew(active, ids, {pair.key for pair in found})
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
                for (image_id, part, _), vector in zip(rows, vectors, strict=True)
                if image_id in stored and part == WHOLE_PART
            ]
        return known

    # --- looking, deciding

    async def waiting(self) -> int:
        """How many pictures have yet to be compared."""
        return await self._repository.pairs.count_waiting()

    async def groups(self, *, cursor: int | None = None, limit: int | None = None, lane: GroupLane = "same") -> Groups:
        """Groups on which nobody has decided, from after the one whose best picture is `cursor`.

        Lane `same`: of near-duplicates; `variant`: of versions that share a scene or a layout, to look through.
        """
        found, sizes = await self._repository.pairs.undecided()
        near = await self._near(found, sizes)
        variants = await self._pool.run(grouping.variants, found, sizes)
        wanted = near.groups if lane == "same" else variants
        rest = [one for one in wanted if cursor is None or one.ids[0] > cursor]
        part = rest[:limit]
        return Groups(
            await self._with_pictures(part),
            part[-1].ids[0] if len(part) < len(rest) else None,
            len(wanted),
            await self.waiting() + len(near.missing),
            len(variants),
            sum(pair.relation == "contains" for pair in found),
        )

    async def _with_pictures(self, groups: Sequence[Grouped]) -> tuple[Group, ...]:
        images = await self._repository.pairs.images([image_id for one in groups for image_id in one.ids])
        found = (
            tuple(NearDuplicate(images[image_id], one.p_same[image_id]) for image_id in one.ids if image_id in images)
            for one in groups
        )
        return tuple(Group(pictures) for pictures in found if len(pictures) > 1)  # else one was removed meanwhile

    async def contained(self, *, limit: int | None = None) -> tuple[Containment, ...]:
        """Pairs of which one contains the other, and on which nobody has decided: crops, collages, strips."""
        found, _ = await self._repository.pairs.undecided()
        contains = sorted((pair for pair in found if pair.relation == "contains"), key=lambda one: one.key)[:limit]
        images = await self._repository.pairs.images([image_id for pair in contains for image_id in pair.key])
        return tuple(
            Containment(images[pair.part_id], images[pair.whole_id], pair.p_same)
            for pair in contains
            if pair.part_id in images and pair.whole_id in images
        )

    async def group_of(self, image_id: int) -> tuple[int, ...]:
        """The ids of the group that a picture is in, best first. UnknownImage, NotDuplicates.

        Of a picture that is in none, for a better one has taken its near-duplicates: it and these.
        """
        await self._repository.images.get(image_id)
        found, sizes = await self._repository.pairs.undecided()
        for one in (await self._near(found, sizes)).groups:
            if image_id in one.ids:
                return one.ids
        if near := grouping.neighbours(image_id, found):
            return tuple(sorted([image_id, *near], key=lambda one: sizes[one].rank))
        raise NotDuplicates(f"Picture {image_id} has no near-duplicates in this library. Nothing was removed.")

    async def near(self, image_id: int) -> tuple[int, ...]:
        """The ids of a picture's near-duplicates on which nobody has decided, likeliest first."""
        found, _ = await self._repository.pairs.undecided()
        near = grouping.neighbours(image_id, found)
        return tuple(sorted(near, key=lambda one: (-near[one], one)))

    async def related(self, image_id: int) -> Related:
        """What is known to be related to a picture, but for what somebody has called different. UnknownImage."""
        await self._repository.images.get(image_id)
        found = await self._repository.pairs.of_image(image_id)
        images = await self._repository.pairs.images([one for pair in found for one in pair.key])

        sides: dict[str, list[NearDuplicate]] = {"near_duplicate": [], "variant": [], "part": [], "whole": []}
        for pair in found:
            other = pair.first_id if pair.second_id == image_id else pair.second_id
            is_part = pair.part_id == other
            side = pair.relation if pair.relation != "contains" else "part" if is_part else "whole"
            if other in images:
                sides[side].append(NearDuplicate(images[other], pair.p_same))
        return Related(*map(tuple, sides.values()))

    async def decide(self, ids: Sequence[int], keep: Keep, *, actor: str, keeper: int | None = None) -> Decision:
        """Keep one of a group and remove the others, or remember that all are kept, or that they are different.

        With `keep` "best" the best is kept, or the `keeper`; those that are no near-duplicates of it are left, and
        named. UnknownImage, NotDuplicates, InvalidLimit.
        """
        chosen = sorted({*ids, *([] if keeper is None else [keeper])})
        if not 2 <= len(chosen) <= MAX_DECIDED and (keep != "best" or len(chosen) < 2):
            raise InvalidLimit(f"Between 2 and {MAX_DECIDED} pictures can be decided on at once, not {len(chosen)}.")
        if keep == "best":
            await self._compare_with_keeper(chosen, keeper)
            return await self._repository.pairs.keep_best(chosen, keeper, Operation("remove", actor))
        reason = "kept" if keep == "all" else "different"
        return await self._repository.pairs.keep(chosen, reason, Operation("decision", actor))

    async def _compare_with_keeper(self, chosen: Sequence[int], keeper: int | None) -> None:
        """What hangs together with the keeper, and was never compared with it."""
        if self._repository.database.read_only:
            return  # it refuses the decision
        images = await self._repository.pairs.images(chosen)
        best = min(images.values(), key=lambda image: pairs.size_of(image).rank, default=None)
        kept = keeper if keeper is not None else best.id if best else None
        while kept is not None:
            found, _ = await self._repository.pairs.undecided()
            known = await self._repository.pairs.decided([kept])
            old = [key for key in await self._repository.pairs.unrelated_yet([kept]) if set(key) <= set(chosen)]
            missing = grouping.missing_around(kept, chosen, found, known)
            if not (keys := sorted({*old, *missing})):
                break
            await self._compare_pairs(keys)

    async def _near(self, found: Sequence[Pair] | None = None, sizes: dict[int, Size] | None = None) -> Stars:
        """The groups of near-duplicates, and what is missing from them."""
        if found is None or sizes is None:
            found, sizes = await self._repository.pairs.undecided()
        first = await self._pool.run(grouping.near_duplicates, found, sizes)
        if not first.missing:
            return first
        decided = await self._repository.pairs.decided(sorted({one for key in first.missing for one in key}))
        return await self._pool.run(grouping.near_duplicates, found, sizes, decided)


def _related(active: ActiveNetwork, query: Known, candidates: Candidates) -> list[Pair]:
    """How a stored picture relates to what is proved, as the lanes of a search have it."""
    if not any(is_looked_at(one) for one in candidates.found):
        return []
    references = active.references(query.embedding, candidates)
    ranked = ranking.ranked(candidates, references, active.calibration)
    return [
        related(query.stored.image, candidate, match)
        for match, candidate in ranked[:NEAREST]
        if match.lane in ("same", "variant") and is_looked_at(candidate)
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
