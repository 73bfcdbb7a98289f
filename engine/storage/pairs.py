"""Near-duplicates: pairs that were found, what people decided, what has yet to be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.domain import Decision, Pair, StoredImage
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
    pixels: int
    byte_size: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """Best first."""
        return -self.pixels, -self.byte_size, self.id


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
            there = await _live(connection, [one for pair in pairs for one in (pair.first_id, pair.second_id)])
            for pair in pairs:
                if pair.first_id in there and pair.second_id in there:
                    key = {"first_id": pair.first_id, "second_id": pair.second_id}
                    statement = statements.upsert(connection, duplicates).values(**key, p_same=pair.p_same)
                    await connection.execute(
                        statement.on_conflict_do_update(index_elements=list(key), set_={"p_same": pair.p_same})
                    )
            for part in statements.chunks(compared):
                these = images.c.id.in_(part) & (images.c.compared < how_far) & ~changed
                await connection.execute(update(images).where(these).values(compared=how_far))

    # --- reading

    async def undecided(self) -> tuple[list[Pair], dict[int, Size]]:
        """Pairs of live pictures on which nobody has decided, and the sizes of these pictures."""
        first, second = images.alias("first"), images.alias("second")
        query = (
            select(
                duplicates,
                *(one.c[name].label(f"{one.name}_{name}") for one in (first, second) for name in _SIZE),
            )
            .join(first, first.c.id == duplicates.c.first_id)
            .join(second, second.c.id == duplicates.c.second_id)
            .where(first.c.deleted_at.is_(None), second.c.deleted_at.is_(None), ~_decided())
        )
        pairs, sizes = [], {}
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                pairs.append(Pair(row.first_id, row.second_id, row.p_same))
                sizes[row.first_id] = Size(row.first_id, row.first_width * row.first_height, row.first_byte_size)
                sizes[row.second_id] = Size(row.second_id, row.second_width * row.second_height, row.second_byte_size)
        return pairs, sizes

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

    async def keep_best(self, ids: Sequence[int], operation: Operation) -> Decision:
        """Remove all but the best of a group. UnknownImage or NotDuplicates, with nothing done."""
        async with self._database.write() as connection:
            there = await _all_live(connection, ids)
            linked = []
            for part in statements.chunks(sorted(there)):
                query = select(duplicates).where(duplicates.c.first_id.in_(part), ~_decided())
                linked += [(row.first_id, row.second_id) for row in await connection.execute(query)]
            if components(pair for pair in linked if pair[1] in there) != [set(there)]:
                raise NotDuplicates("These pictures are no group of near-duplicates (any more). Nothing was removed.")
            rest = sorted(there.values(), key=lambda image: size_of(image).rank)[1:]
            gone = sorted(image.id for image in rest)
            await statements.set_deleted(connection, gone, clock.now())
            await statements.record(connection, operation, [(image_id, "removed", None) for image_id in gone])
        return Decision(operation.id, tuple(gone))


def components(pairs: Iterable[tuple[int, int]]) -> list[set[int]]:
    """The groups that pairs hang together in."""
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while parent.setdefault(one, one) != one:
            parent[one] = one = parent[parent[one]]
        return one

    for first, second in pairs:
        parent[root(second)] = root(first)
    groups: dict[int, set[int]] = {}
    for one in parent:
        groups.setdefault(root(one), set()).add(one)
    return list(groups.values())


def size_of(image: StoredImage) -> Size:
    return Size(image.id, image.width * image.height, image.byte_size)


_SIZE = ("width", "height", "byte_size")


def _waiting(what: Any, wanted: int) -> Select[Any]:
    return select(what).where(images.c.compared < wanted, images.c.deleted_at.is_(None))


def _decided() -> Any:
    """Whether somebody has decided on a row of `duplicates`."""
    same = (kept_pairs.c.first_id == duplicates.c.first_id) & (kept_pairs.c.second_id == duplicates.c.second_id)
    return select(kept_pairs.c.first_id).where(same).exists()


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
