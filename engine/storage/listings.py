"""The library as it is looked through: in order, filtered, a part at a time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Select, String, and_, asc, desc, func, nulls_last, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.domain import Arrangement, DayOfPictures, Position, StoredImage
from engine.errors import UnknownImage
from engine.storage import statements
from engine.storage.database import Database
from engine.storage.tables import images

# By what each order is; where two pictures have the same, their ids decide.
KEYS = {
    "added": images.c.created_at,
    "name": images.c.name_key,
    "size": images.c.byte_size,
    "taken": images.c.taken_at,
}
DAY = len("2026-05-01")


class Listings:
    """Reads the live pictures of one library in any arrangement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, arrangement: Arrangement, *, limit: int, offset: int = 0, after: int | None = None
    ) -> list[StoredImage]:
        """Some pictures: those from the place `offset` on, or those that come after a picture, there or not."""
        query = self._filtered(arrangement).order_by(*_order(arrangement)).limit(limit).offset(offset)
        async with self._database.read() as connection:
            if after is not None:
                query = query.where(await _behind(connection, arrangement, after))
            return [statements.image(row) for row in await connection.execute(query)]

    async def count(self, arrangement: Arrangement) -> int:
        """How many pictures pass the filter."""
        async with self._database.read() as connection:
            return await _count(connection, self._filtered(arrangement))

    async def days(self, arrangement: Arrangement, *, utc_offset: timedelta) -> list[DayOfPictures]:
        """How many pictures there are of each day, in the order of the arrangement, which is by `added` or `taken`.

        `utc_offset`: what the reader's clock is ahead of UTC, by which they say on which day something was added.
        """
        is_taken = arrangement.sort == "taken"
        day = func.substr(images.c.taken_at, 1, DAY) if is_taken else self._day(images.c.created_at, utc_offset)
        in_order: ColumnElement[Any] = desc("day") if arrangement.descending else asc("day")
        days = self._filtered(arrangement).with_only_columns(day.label("day"), func.count().label("pictures"))
        async with self._database.read() as connection:
            rows = await connection.execute(days.group_by("day").order_by(nulls_last(in_order)))
            return [DayOfPictures(row.day, row.pictures) for row in rows]

    async def position(self, arrangement: Arrangement, image_id: int) -> Position:
        """Where a live picture stands. UnknownImage."""
        statements.refuse_impossible([image_id])
        there = self._filtered(arrangement)
        async with self._database.read() as connection:
            row = await _keys_of(connection, arrangement, image_id, statements.live())
            if row is None:
                raise UnknownImage(f"There is no picture with the id {image_id} in this library.")
            before, behind = _is_before(arrangement, row), _is_behind(arrangement, row)
            passes = await connection.scalar(there.where(images.c.id == image_id))
            return Position(
                offset=None if passes is None else await _count(connection, there.where(before)),
                total=await _count(connection, there),
                previous=await _first(connection, there.where(before), _order(arrangement, backwards=True)),
                next=await _first(connection, there.where(behind), _order(arrangement)),
            )

    def _filtered(self, arrangement: Arrangement) -> Select[Any]:
        return statements.filtered(self._database.dialect, tags=arrangement.tags, words=arrangement.words)

    def _day(self, at: ColumnElement[Any], utc_offset: timedelta) -> ColumnElement[Any]:
        if self._database.dialect == "postgresql":
            there = func.timezone("UTC", at, type_=DateTime()) + utc_offset
            return func.to_char(there, "YYYY-MM-DD", type_=String())
        minutes = utc_offset // timedelta(minutes=1)
        return func.date(at, f"{minutes:+d} minutes", type_=String())


def _order(arrangement: Arrangement, *, backwards: bool = False) -> list[ColumnElement[Any]]:
    key = KEYS[arrangement.sort]
    is_descending = arrangement.descending != backwards
    columns = [one.desc() if is_descending else one.asc() for one in (key, images.c.id)]
    if arrangement.sort == "taken":
        columns[0] = columns[0].nulls_first() if backwards else columns[0].nulls_last()
    return list(columns)


async def _keys_of(connection: AsyncConnection, arrangement: Arrangement, image_id: int, among: Select[Any]) -> Any:
    """What the picture has of `key` and `id`; None where it is not among them."""
    query = among.with_only_columns(KEYS[arrangement.sort].label("key"), images.c.id).where(images.c.id == image_id)
    return (await connection.execute(query)).first()


async def _behind(connection: AsyncConnection, arrangement: Arrangement, image_id: int) -> ColumnElement[bool]:
    """What comes after a picture, which may have been removed meanwhile; of one that was purged its id tells."""
    row = await _keys_of(connection, arrangement, image_id, select(images))
    return images.c.id < image_id if row is None else _is_behind(arrangement, row)


def _is_before(arrangement: Arrangement, row: Any) -> ColumnElement[bool]:
    return _is_beyond(arrangement, row, is_greater=arrangement.descending, nulls=False)


def _is_behind(arrangement: Arrangement, row: Any) -> ColumnElement[bool]:
    return _is_beyond(arrangement, row, is_greater=not arrangement.descending, nulls=True)


def _is_beyond(arrangement: Arrangement, row: Any, *, is_greater: bool, nulls: bool) -> ColumnElement[bool]:
    """Whether a picture lies on one side of another; `nulls`: that is the side of those that have no date."""
    key = KEYS[arrangement.sort]
    if row.key is None:
        of_those = and_(key.is_(None), images.c.id > row.id if is_greater else images.c.id < row.id)
        return of_those if nulls else or_(key.is_not(None), of_those)
    both, this = tuple_(key, images.c.id), (row.key, row.id)
    beyond = both > this if is_greater else both < this
    return or_(beyond, key.is_(None)) if nulls and arrangement.sort == "taken" else beyond


async def _count(connection: AsyncConnection, query: Select[Any]) -> int:
    return int(await connection.scalar(query.with_only_columns(func.count())) or 0)


async def _first(connection: AsyncConnection, query: Select[Any], in_order: Sequence[ColumnElement[Any]]) -> int | None:
    found: int | None = await connection.scalar(query.with_only_columns(images.c.id).order_by(*in_order).limit(1))
    return found
