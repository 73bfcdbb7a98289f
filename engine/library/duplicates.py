"""Finds pictures of the library that are the same as others of it, and remembers what people decided about them."""

import asyncio
import logging
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import cv2

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
    StoredImage,
    never,
    no_progress,
    part_key,
)
from engine.errors import FilesUnreachable, InvalidLimit, LibraryError, NotDuplicates
from engine.library import grouping
from engine.library.active_network import ActiveNetwork, Networks
from engine.library.grouping import Grouped, Key, Stars
from engine.library.originals import Originals, thumbnail_pixels
from engine.matching import ranking
from engine.matching.candidates import Candidates
from engine.matching.near_duplicates import Known
from engine.matching.recall import NEAREST
from engine.matching.relations import is_looked_at, related
from engine.pictures import parts
from engine.storage import codec, pairs
from engine.storage.pairs import Size
from engine.storage.repository import Repository
from engine.storage.statements import Operation

logger = logging.getLogger(__name__)

AT_ONCE, THOROUGHLY_AT_ONCE = 64, 8  # pictures that are compared in one go, and stored in one transaction
MAX_GROUPS = 500  # that are decided on at once
MAX_DECIDED = 500  # pictures: every pair of them is remembered
PIXELS_AT_ONCE, AS_DEAR = 8, 16  # pairs whose pixels are compared in one go; each as dear as so many pictures
LOOK_EQUAL = 4.0  # grey levels; thumbnails of equal pixels may differ, for a JPEG is decoded at a smaller scale
SURE = 0.9  # p_same from which a near-duplicate is believed without a look from its other picture


class Duplicates:
    """The near-duplicates of one library."""

    def __init__(self, repository: Repository, networks: Networks, originals: Originals, pool: CpuPool) -> None:
        self._repository = repository
        self._networks = networks
        self._originals = originals
        self._pool = pool
        self._last: _FoundPairs | None = None

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
        After the pictures come the pairs that are missing from groups of near-duplicates, and then the pixels of those
        that may be equal.
        """
        if self._repository.database.read_only:
            return  # nothing of it could be kept
        wanted, at_once = (pairs.THOROUGHLY, THOROUGHLY_AT_ONCE) if thorough else (pairs.WHOLE, AT_ONCE)
        total, done, spent = await self._repository.pairs.count_waiting(wanted), 0, 0
        progress(0, total)
        while not stop() and (limit is None or spent < limit):
            at_most = at_once if limit is None else min(at_once, limit - spent)
            if ids := await self._repository.pairs.waiting(wanted, at_most):
                await (self._compare_thoroughly(ids) if thorough else self._compare(ids))
                compared, cost = len(ids), 1
            else:
                stars = (await self._found()).near
                total = max(total, done + len(stars.missing) + len(stars.unseen))
                if missing := stars.missing[:at_most]:
                    await self._compare_pairs(missing)
                    compared, cost = len(missing), 1
                elif unseen := stars.unseen[: min(PIXELS_AT_ONCE, math.ceil(at_most / AS_DEAR))]:
                    if not await self._compare_pixels(unseen):
                        break
                    compared, cost = len(unseen), AS_DEAR
                else:
                    break
            done += compared
            spent += compared * cost
            progress(done, max(done, total))

    async def _compare(self, ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """By the whole pictures; returns the near-duplicates on which nobody has decided, likeliest first, by id."""
        active, head = await self._networks.current()
        found: list[Pair] = []
        for start in range(0, len(ids), AT_ONCE):
            part = ids[start : start + AT_ONCE]
            known = await self._known(active, part)
            seen = [*await self._seen_by(active, known), *await self._shown_by_long(active, known)]
            new = await self._surely(active, seen)
            new += await self._anew(active, part, {pair.key for pair in new})
            await self._repository.pairs.put(new, part, pairs.WHOLE, head.seq)
            found += new
        # As they are stored: what one of two sees as a near-duplicate is none where the other sees that it is not.
        return _by_id(await self._repository.pairs.near_duplicates_of(ids) if found else [], ids)

    async def _seen_by(self, active: ActiveNetwork, known: Sequence[Known]) -> list[tuple[int, Pair]]:
        """How each of these relates to others, with the id of the one that was asked for its likes."""
        candidates = await active.comparer.compare(known) if known else []
        return [
            (one.stored.image.id, pair)
            for one, seen in zip(known, candidates, strict=True)
            for pair in _related(active, one, seen)
        ]

    async def _shown_by_long(self, active: ActiveNetwork, known: Sequence[Known]) -> list[tuple[int, Pair]]:
        """How others relate to the long pictures among these, by the parts that may show them; with their ids."""
        found: list[tuple[int, Pair]] = []
        for image in (one.stored.image for one in known):
            if not parts.of(image.width, image.height):
                continue
            of_image = await self._known_parts(active, image.id)  # none where an older PicTrace has added it
            likely = await active.comparer.near_parts(of_image) if of_image else []
            others = {one.stored.image.id: one for one in await self._known(active, [other for other, _ in likely])}
            both = [(others[other], part) for other, part in likely if other in others]
            compared = await active.comparer.compare_pairs(both, thoroughly=False)
            for (one, _), seen in zip(both, compared, strict=True):
                found += [(one.stored.image.id, pair) for pair in _related(active, one, seen)]
        return found

    async def _known_parts(self, active: ActiveNetwork, image_id: int) -> list[Known]:
        """What is stored of the parts of a long picture."""
        dimensions = active.embedder.network.dimensions
        rows = await self._repository.features.vectors(active.network, dimensions, [image_id])
        vectors = codec.vectors_from_bytes([vector for *_, vector in rows], dimensions)
        by_key = {part_key(image_id, part): vector for (_, part, _), vector in zip(rows, vectors, strict=True)}
        stored = await self._repository.features.stored_parts([key for key in by_key if key != part_key(image_id)])
        return [Known(one, by_key[key]) for key, one in stored.items()]

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

    async def _compare_pixels(self, keys: Sequence[Key]) -> bool:
        """Whether the pictures of pairs are equal, pixel for pixel; False where their files cannot be reached now."""
        images = await self._repository.pairs.images(sorted({one for key in keys for one in key}))
        there = [key for key in keys if images.keys() >= set(key)]
        alike = dict(zip(there, await self._pool.each(there, lambda key: self._look_equal(images, key)), strict=True))
        needed = sorted({one for key in there if alike[key] for one in key})
        try:
            found = await asyncio.gather(*(self._originals.pixels_sha256(images[one]) for one in needed))
        except FilesUnreachable as error:
            logger.warning("pixels could not be compared: %s", error)
            return False
        pixels = dict(zip(needed, found, strict=True))
        equal = {
            (first, second): alike[first, second] and pixels[first] is not None and pixels[first] == pixels[second]
            for first, second in there
        }
        await self._repository.pairs.put_equal_pixels(equal)
        return True

    def _look_equal(self, images: dict[int, StoredImage], key: Key) -> bool:
        """Whether two pictures of one size may have equal pixels, by their thumbnails."""
        one, other = (thumbnail_pixels(self._repository.files, images[image_id].sha256) for image_id in key)
        if one is None or other is None:
            return True
        return one.shape == other.shape and float(cv2.absdiff(one, other).mean()) < LOOK_EQUAL

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

    async def groups(
        self,
        *,
        cursor: int | None = None,
        limit: int | None = None,
        lane: GroupLane = "same",
        equal_only: bool = False,
    ) -> Groups:
        """Groups on which nobody has decided, from after the one whose best picture is `cursor`.

        Lane `same`: of near-duplicates; `variant`: of versions that share a scene or a layout, to look through.
        `equal_only`: pictures that are equal to the best of their group, pixel for pixel, and these best ones.
        """
        known = await self._found()
        equal = [one.of_equal() for one in known.near.groups if one.equal]
        wanted = known.variants if lane == "variant" else known.near.groups
        if equal_only:
            wanted = equal if lane == "same" else []
        rest = [one for one in wanted if cursor is None or one.ids[0] > cursor]
        part = rest[:limit]
        return Groups(
            await self._with_pictures(part),
            part[-1].ids[0] if len(part) < len(rest) else None,
            len(wanted),
            await self.waiting() + len(known.near.missing) + len(known.near.unseen),
            len(known.variants),
            sum(pair.relation == "contains" for pair in known.pairs),
            len(equal),
        )

    async def _with_pictures(self, groups: Sequence[Grouped]) -> tuple[Group, ...]:
        images = await self._repository.pairs.images([image_id for one in groups for image_id in one.ids])
        found = (
            tuple(
                NearDuplicate(images[image_id], one.p_same[image_id], image_id in one.equal)
                for image_id in one.ids
                if image_id in images
            )
            for one in groups
        )
        return tuple(Group(pictures) for pictures in found if len(pictures) > 1)  # else one was removed meanwhile

    async def contained(self, *, limit: int | None = None) -> tuple[Containment, ...]:
        """Pairs of which one contains the other, and on which nobody has decided: crops, collages, strips."""
        found = (await self._found()).pairs
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
        found = await self._found()
        for one in found.near.groups:
            if image_id in one.ids:
                return one.ids
        if near := grouping.neighbours(image_id, found.pairs):
            return tuple(sorted([image_id, *near], key=lambda one: found.sizes[one].rank))
        raise NotDuplicates(f"Picture {image_id} has no near-duplicates in this library. Nothing was removed.")

    async def near(self, image_id: int) -> tuple[int, ...]:
        """The ids of a picture's near-duplicates on which nobody has decided, likeliest first."""
        near = grouping.neighbours(image_id, (await self._found()).pairs)
        return tuple(sorted(near, key=lambda one: (-near[one], one)))

    async def relatives(self, image_id: int) -> frozenset[int]:
        """The ids of what is known to show the same as a picture, or a part of it; not what was called different."""
        found = await self._repository.pairs.of_image(image_id)
        return frozenset(one for pair in found if pair.relation != "variant" for one in pair.key) - {image_id}

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
            await self._compare_with_keepers([(chosen, keeper)])
            return await self._repository.pairs.keep_best(chosen, keeper, Operation("remove", actor))
        reason = "kept" if keep == "all" else "different"
        return await self._repository.pairs.keep(chosen, reason, Operation("decision", actor))

    async def keep_best_of_each(self, groups: Sequence[Sequence[int]], *, actor: str) -> Decision:
        """Keep the best of each group and remove its near-duplicates, as one operation that `undo` takes back.

        What is gone already is passed over; `left` names what is no near-duplicate of the best of its group.
        NotDuplicates, InvalidLimit.
        """
        if not 1 <= len(groups) <= MAX_GROUPS:
            raise InvalidLimit(f"Between 1 and {MAX_GROUPS} groups can be decided on at once, not {len(groups)}.")
        if len({image_id for ids in groups for image_id in ids}) < sum(map(len, groups)):
            raise InvalidLimit("A picture can be in one of the groups only, and only once.")
        await self._compare_with_keepers([(ids, None) for ids in groups])
        return await self._repository.pairs.keep_best_of_each(groups, Operation("remove", actor))

    async def _compare_with_keepers(self, chosen: Sequence[tuple[Sequence[int], int | None]]) -> None:
        """What hangs together with the keeper of each group, or with its best, and was never compared with it."""
        if self._repository.database.read_only:
            return  # it refuses the decision
        images = await self._repository.pairs.images([image_id for ids, _ in chosen for image_id in ids])
        groups: dict[int, Sequence[int]] = {}  # by whom they are kept for
        for ids, keeper in chosen:
            there = [images[image_id] for image_id in ids if image_id in images]
            best = min(there, key=lambda image: pairs.size_of(image).rank, default=None)
            if keeper is not None or best is not None:
                groups[keeper if keeper is not None else best.id if best else 0] = ids
        while keys := await self._missing_around(groups):
            await self._compare_pairs(keys)

    async def _missing_around(self, groups: dict[int, Sequence[int]]) -> list[Key]:
        """Pairs with the keepers of groups that have yet to be compared."""
        group_of = {image_id: keeper for keeper, ids in groups.items() for image_id in (keeper, *ids)}
        found = (await self._found()).pairs
        within: dict[int, list[Pair]] = {keeper: [] for keeper in groups}
        for pair in found:
            if _is_within(pair.key, group_of):
                within[group_of[pair.first_id]].append(pair)
        known = await self._repository.pairs.decided(list(groups))
        missing = {key for key in await self._repository.pairs.unrelated_yet(list(groups)) if _is_within(key, group_of)}
        for keeper, ids in groups.items():
            missing |= set(grouping.missing_around(keeper, ids, within[keeper], known))
        return sorted(missing)

    async def _found(self) -> "_FoundPairs":
        """The pairs on which nobody has decided, and their groups; found anew where anything has changed."""
        version = await self._repository.pairs.version()
        if self._last is None or self._last.version != version:
            found, sizes = await self._repository.pairs.undecided()
            near = await self._pool.run(grouping.near_duplicates, found, sizes)
            if near.missing:
                decided = await self._repository.pairs.decided(sorted({one for key in near.missing for one in key}))
                near = await self._pool.run(grouping.near_duplicates, found, sizes, decided)
            variants = await self._pool.run(grouping.variants, found, sizes)
            self._last = _FoundPairs(version, found, sizes, near, variants)
        return self._last


@dataclass(frozen=True, slots=True)
class _FoundPairs:
    """The pairs of a library as it was at a version, the sizes of their pictures, and the groups that they make."""

    version: tuple[int | float, ...]
    pairs: list[Pair]
    sizes: dict[int, Size]
    near: Stars
    variants: list[Grouped]


def _is_within(key: Key, group_of: dict[int, int]) -> bool:
    """Whether both pictures of a pair are in one group."""
    first, second = (group_of.get(image_id) for image_id in key)
    return first is not None and first == second


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
