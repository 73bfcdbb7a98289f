"""Pairs of pictures: how they relate, what people decided on them, what has yet to be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.domain import SAMPLE_TAG, Decision, Pair, Relation, StoredImage
from engine.errors import NotDuplicates, UnknownImage
from engine.storage import clock, statements
from engine.storage.database import Database
from engine.storage.statements import Operation
from engine.storage.tables import changes, duplicates, images, kept_pairs

# How far a picture has been compared with the others: by the whole of it, or its regions too.
NOT, WHOLE, THOROUGHLY = range(3)


@dataclass(frozen=True, slots=True)
class Size:
    """What decides which of several pictures is the best."""

    id: int
    width: int
    height: int
    byte_size: int
    is_sample: bool = False

    @property
    def sides(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """Best first; samples, which come and go with a click, after all of one's own."""
        return self.is_sample, -self.width * self.height, -self.byte_size, self.id


class Pairs:
    """Reads and changes the pairs of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- comparing

    async def waiting(self, wanted: int, limit: int) -> list[int]:
        """Ids of live pictures that have not been compared as far as wanted."""
        async with self._database.read() as connection:
            return list((await connection.scalars(_waiting(images.c.id, wanted).limit(limit))).all())

    async def count_waiting(self, wanted: int = WHOLE) -> int:
        """How many there are."""
        async with self._database.read() as connection:
            return int(await connection.scalar(_waiting(func.count(), wanted)) or 0)

    async def put(self, found: Iterable[Pair], compared: Sequence[int], how_far: int, seq: int) -> None:
        """Store pairs, and that these pictures have been compared with what there was at `seq`.

        Those that changed since go on waiting: one that was removed and came back may have missed others.
        """
        pairs = list(found)
        changed = select(changes.c.seq).where(changes.c.image_id == images.c.id, changes.c.seq > seq).exists()
        async with self._database.write() as connection:
            there = await _live(connection, [one for pair in pairs for one in pair.key])
            await _put(connection, [pair for pair in pairs if there.keys() >= set(pair.key)])
            for part in statements.chunks(compared):
                these = images.c.id.in_(part) & (images.c.compared < how_far) & ~changed
                await connection.execute(update(images).where(these).values(compared=how_far))

    async def put_equal_pixels(self, found: dict[tuple[int, int], bool]) -> None:
        """Whether the pictures of some pairs are equal, pixel for pixel."""
        async with self._database.write() as connection:
            for (first_id, second_id), equal in found.items():
                which = (duplicates.c.first_id == first_id) & (duplicates.c.second_id == second_id)
                await connection.execute(update(duplicates).where(which).values(equal_pixels=equal))

    async def unrelated_yet(self, ids: Sequence[int]) -> list[tuple[int, int]]:
        """Pairs of live pictures, one of these in each, that an older PicTrace found: how they relate is not known."""
        async with self._database.read() as connection:
            pairs = await _of(connection, ids, duplicates.c.relation.is_(None))
            there = await _live(connection, [one for pair in pairs for one in pair.key])
        return sorted(pair.key for pair in pairs if there.keys() >= set(pair.key))

    # --- reading

    async def undecided(self) -> tuple[list[Pair], dict[int, Size]]:
        """Pairs of live pictures on which nobody has decided, and the sizes of these pictures.

        Without those of which it is not known how they relate.
        """
        first, second = images.alias("first"), images.alias("second")
        query = (
            select(
                duplicates,
                *(one.c[name].label(f"{one.name}_{name}") for one in (first, second) for name in _SIZE),
            )
            .join(first, first.c.id == duplicates.c.first_id)
            .join(second, second.c.id == duplicates.c.second_id)
            .where(first.c.deleted_at.is_(None), second.c.deleted_at.is_(None), ~_decided())
            .where(duplicates.c.relation.is_not(None))
        )
        pairs, sizes = [], {}
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                pairs.append(_pair(row))
                for one in ("first", "second"):
                    image_id, width, height, byte_size, tags = (
                        row._mapping[f"{one}_{name}"] for name in ("id", *_SIZE)
                    )
                    sizes[image_id] = Size(image_id, width, height, byte_size, SAMPLE_TAG in (tags or ()))
        return pairs, sizes

    async def version(self) -> tuple[int | float, ...]:
        """Differs wherever what `undecided` gives may differ; a look at the rows without reading them."""
        numbers = (
            func.count(),
            func.count(duplicates.c.relation),
            func.count(case((duplicates.c.relation == "near_duplicate", 1))),
            func.count(duplicates.c.equal_pixels),
            func.count(case((duplicates.c.equal_pixels, 1))),
            func.coalesce(func.sum(duplicates.c.p_same), 0.0),
        )
        last = select(func.coalesce(func.max(changes.c.seq), 0)).scalar_subquery()
        async with self._database.read() as connection:
            return tuple((await connection.execute(select(*numbers, last))).one())

    async def near_duplicates_of(self, ids: Sequence[int]) -> list[Pair]:
        """The pairs of near-duplicates on which nobody has decided, of live pictures, one of these in each."""
        async with self._database.read() as connection:
            pairs = await _of(connection, ids, (duplicates.c.relation == "near_duplicate") & ~_decided())
            there = await _live(connection, [one for pair in pairs for one in pair.key])
        return [pair for pair in pairs if there.keys() >= set(pair.key)]

    async def of_image(self, image_id: int) -> list[Pair]:
        """The pairs of a picture with live ones, likeliest first; without those that somebody has called different."""
        different = select(kept_pairs.c.first_id).where(
            kept_pairs.c.first_id == duplicates.c.first_id,
            kept_pairs.c.second_id == duplicates.c.second_id,
            kept_pairs.c.reason == "different",
        )
        known = duplicates.c.relation.in_(("near_duplicate", "variant", "contains"))
        async with self._database.read() as connection:
            pairs = await _of(connection, [image_id], known & ~different.exists())
            there = await _live(connection, [one for pair in pairs for one in pair.key])
        found = [pair for pair in pairs if there.keys() >= set(pair.key)]
        return sorted(found, key=lambda pair: (-pair.p_same, pair.key))

    async def decided(self, ids: Sequence[int]) -> set[tuple[int, int]]:
        """The pairs that somebody has decided on, of those with one of these pictures."""
        found: set[tuple[int, int]] = set()
        async with self._database.read() as connection:
            for part in statements.chunks(ids):
                for column in (kept_pairs.c.first_id, kept_pairs.c.second_id):
                    query = select(kept_pairs.c.first_id, kept_pairs.c.second_id).where(column.in_(part))
                    found |= {(row.first_id, row.second_id) for row in await connection.execute(query)}
        return found

    async def images(self, ids: Sequence[int]) -> dict[int, StoredImage]:
        """Live pictures by id."""
        async with self._database.read() as connection:
            return await _live(connection, ids)

    # --- deciding

    async def keep(self, ids: Sequence[int], reason: str, operation: Operation) -> Decision:
        """Remember of all pairs of these pictures that both are kept. UnknownImage, with nothing done."""
        async with self._database.write() as connection:
            await _all_live(connection, ids)
            before = set()
            for part in statements.chunks(ids):
                query = select(kept_pairs.c.first_id, kept_pairs.c.second_id).where(kept_pairs.c.first_id.in_(part))
                before |= {(row.first_id, row.second_id) for row in await connection.execute(query)}
            new = [pair for pair in combinations(sorted(set(ids)), 2) if pair not in before]
            if not new:
                return Decision(None)
            operation.id = operation.id or await statements.insert_operation(connection, operation)
            said = {"reason": reason, "operation_id": operation.id}
            await connection.execute(insert(kept_pairs), [{"first_id": a, "second_id": b, **said} for a, b in new])
            concerned = sorted({image_id for pair in new for image_id in pair})
            await statements.record(connection, operation, [(image_id, "decided", None) for image_id in concerned])
        return Decision(operation.id)

    async def keep_best(self, ids: Sequence[int], keeper: int | None, operation: Operation) -> Decision:
        """Remove the near-duplicates of one of these pictures, by default the best, that are among the others.

        What is kept gets what the removed ones had: their tags, a title and links where it has none, the oldest date.
        UnknownImage, or NotDuplicates where none is a near-duplicate of it, with nothing done.
        """
        async with self._database.write() as connection:
            there = _best_first((await _all_live(connection, ids)).values())
            kept = next((image for image in there if image.id == keeper), there[0])
            group = [kept, *(image for image in there if image is not kept)]
            removed = await _keep_first(connection, [group], operation)
        left = {image.id for image in there} - {kept.id, *removed}
        return Decision(operation.id, tuple(sorted(removed)), kept.id, tuple(sorted(left)))

    async def keep_best_of_each(self, groups: Sequence[Sequence[int]], operation: Operation) -> Decision:
        """The same for many groups at once, of which no two share a picture; what is gone already is passed over.

        NotDuplicates where nothing is removed of any.
        """
        async with self._database.write() as connection:
            there = await _live(connection, [image_id for ids in groups for image_id in ids])
            found = [_best_first(there[image_id] for image_id in ids if image_id in there) for ids in groups]
            removed = await _keep_first(connection, [group for group in found if group], operation)
        left = {image.id for group in found for image in group[1:]} - removed
        return Decision(operation.id, tuple(sorted(removed)), None, tuple(sorted(left)))


async def _keep_first(
    connection: AsyncConnection, groups: Sequence[Sequence[StoredImage]], operation: Operation
) -> set[int]:
    """Remove the near-duplicates of the first of each group that are among its others; returns their ids.

    NotDuplicates, with nothing done, where there are none.
    """
    near: dict[int, set[int]] = {group[0].id: set() for group in groups}
    for pair in await _of(connection, list(near), (duplicates.c.relation == "near_duplicate") & ~_decided()):
        for one, other in (pair.key, pair.key[::-1]):
            near.get(one, set()).add(other)
    gone = [[image for image in others if image.id in near[kept.id]] for kept, *others in groups]
    removed = {image.id for some in gone for image in some}
    if not removed:
        raise NotDuplicates("These pictures are no group of near-duplicates (any more). Nothing was removed.")
    await statements.set_deleted(connection, sorted(removed), clock.now())
    edits = {group[0].id: inherited(group[0], some) for group, some in zip(groups, gone, strict=True) if some}
    before = await statements.edit_each(connection, {one: values for one, values in edits.items() if values})
    lines: list[statements.Line] = [(image_id, "removed", None) for image_id in sorted(removed)]
    await statements.record(connection, operation, [*lines, *((one, "edited", was) for one, was in before.items())])
    return removed


def _best_first(found: Iterable[StoredImage]) -> list[StoredImage]:
    return sorted(found, key=lambda image: size_of(image).rank)


def inherited(kept: StoredImage, removed: Sequence[StoredImage]) -> dict[str, Any]:
    """What a picture that is kept gets from those removed for its sake, the best first; only what changes."""
    values: dict[str, Any] = {}
    tags = list(dict.fromkeys(tag for image in (kept, *removed) for tag in image.tags))
    if SAMPLE_TAG in tags and SAMPLE_TAG not in kept.tags:  # which is said of the picture itself
        tags.remove(SAMPLE_TAG)
    if len(tags) > len(kept.tags):
        values["tags"] = tags
    for name in ("title", "source_url", "page_url"):
        found = next((getattr(image, name) for image in removed if getattr(image, name)), None)
        if found and not getattr(kept, name):
            values[name] = found
    oldest = min(image.created_at for image in removed)
    if oldest < kept.created_at:
        values[statements.CREATED] = oldest
    return values


def size_of(image: StoredImage) -> Size:
    return Size(image.id, image.width, image.height, image.byte_size, SAMPLE_TAG in image.tags)


# What is believed of a pair that is found to be related in two ways, once from each of its pictures: the last of these.
_CAREFULLY: tuple[Relation, ...] = ("unrelated", "near_duplicate", "variant", "contains")
_SIZE = ("width", "height", "byte_size", "tags")


def _waiting(what: Any, wanted: int) -> Select[Any]:
    return select(what).where(images.c.compared < wanted, images.c.deleted_at.is_(None))


def _decided() -> Any:
    """Whether somebody has decided on a row of `duplicates`."""
    same = (kept_pairs.c.first_id == duplicates.c.first_id) & (kept_pairs.c.second_id == duplicates.c.second_id)
    return select(kept_pairs.c.first_id).where(same).exists()


def _pair(row: Any) -> Pair:
    return Pair(row.first_id, row.second_id, row.p_same, row.relation, row.part_id, row.equal_pixels)


async def _put(connection: AsyncConnection, pairs: Sequence[Pair]) -> None:
    """Write pairs of live pictures, or what is now known of those that are there."""
    known: dict[tuple[int, int], Pair] = {}
    for part in statements.chunks(sorted({pair.first_id for pair in pairs})):
        query = select(duplicates).where(duplicates.c.first_id.in_(part), duplicates.c.relation.is_not(None))
        known |= {pair.key: pair for pair in map(_pair, await connection.execute(query))}
    for pair in pairs:
        before = known.get(pair.key)
        if before and _CAREFULLY.index(before.relation) > _CAREFULLY.index(pair.relation):
            continue
        known[pair.key] = pair
        values = {"p_same": pair.p_same, "relation": pair.relation, "part_id": pair.part_id}
        key = {"first_id": pair.first_id, "second_id": pair.second_id}
        statement = statements.upsert(connection, duplicates).values(**key, **values)
        await connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


async def _of(connection: AsyncConnection, ids: Sequence[int], which: ColumnElement[bool]) -> list[Pair]:
    """The pairs, those of them that are wanted, with one of these pictures in each, in order."""
    found: dict[tuple[int, int], Pair] = {}
    for part in statements.chunks(ids):
        own = duplicates.c.first_id.in_(part) | duplicates.c.second_id.in_(part)
        found |= {pair.key: pair for pair in map(_pair, await connection.execute(select(duplicates).where(own, which)))}
    return [found[key] for key in sorted(found)]


async def _live(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, StoredImage]:
    found = {}
    for part in statements.chunks(sorted(set(ids))):
        for row in await connection.execute(statements.live().where(images.c.id.in_(part))):
            found[row.id] = statements.image(row)
    return found


async def _all_live(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, StoredImage]:
    """UnknownImage where one is not there."""
    statements.refuse_impossible(ids)
    found = await _live(connection, ids)
    if missing := sorted(set(ids) - found.keys()):
        raise UnknownImage(f"There is no picture with the id {missing[0]} in this library. Nothing was changed.")
    return found
