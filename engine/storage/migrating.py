"""Moves a library from one database to another, between SQLite and PostgreSQL, and proves that all of it arrived.

Each run brings the destination level with the source: rows that are there already are not written again, so a run that
was killed is gone on with, and what changed meanwhile is made good. Until all is proved a marker at the destination
keeps everybody from opening it, from the moment its tables are made (`begin_at`); once somebody has opened it, no
further run changes anything there.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    LargeBinary,
    MetaData,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.concurrency import CpuPool
from engine.errors import MigrationFailed, MigrationRefused, MigrationUnfinished
from engine.storage.database import Database
from engine.storage.statements import COMPLETE, MIGRATION, UNFINISHED, takeable
from engine.storage.tables import changes, operations, settings

PORTION, PORTION_OF_FEATURES = 2_000, 200  # rows in one transaction
PASSES = 5  # over a library that others change meanwhile
REVISIONS = "alembic_version"
EMPTY = "empty"  # the identity of a library that nothing was done with yet
# What the change feed tells of, if it is changed; all else is looked through for changes.
IN_THE_FEED = frozenset({"images", "embeddings", "hashes", "keypoints", "parts", "operations", "changes"})

_MARKER = select(settings.c.value).where(settings.c.key == MIGRATION)

Progress = Callable[[int, int], None]
Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """One table at its destination. `written`: rows that this run had to write; `checksum` is of all rows."""

    table: str
    rows: int
    written: int
    checksum: str


@dataclass(slots=True)
class _Sum:
    """Number and checksum of rows, whatever their order."""

    rows: int = 0
    total: int = 0

    def add(self, digests: Iterable[bytes]) -> None:
        for digest in digests:
            self.rows += 1
            self.total = (self.total + int.from_bytes(digest)) % (1 << 256)

    @property
    def checksum(self) -> str:
        return f"{self.total:064x}"


class Migration:
    """From one open database to another; both have the tables of one version."""

    def __init__(self, source: Database, target: Database, pool: CpuPool, progress: Progress) -> None:
        self._source = source
        self._target = target
        self._pool = pool
        self._progress = progress
        self._from: dict[str, Table] = {}
        self._to: dict[str, Table] = {}  # parents before what refers to them
        self._done = self._total = 0

    async def run(self) -> list[Moved]:
        """Copy, compare, and let the destination be opened.

        MigrationRefused where the destination holds anything else, MigrationUnfinished where the source never rests,
        MigrationFailed where what arrived is not what was sent.
        """
        await self.begin()
        written: dict[str, int] = {}
        for _ in range(PASSES):
            async with self._source.read() as view:
                state = await self._state(view)
                await self._drop_what_is_gone(view)
                sent = await self._copy(view, written)
                await self._set_sequences(view)
            await self._compare(sent)
            look = self._source.read if self._source.read_only else self._source.write
            async with look() as view:  # nobody changes it between this look and the end
                if await self._state(view) == state:
                    async with self._target.write() as connection:
                        await _mark(connection, {"state": COMPLETE, "library": await _identity(view)})
                    return [Moved(name, one.rows, written[name], one.checksum) for name, one in sent.items()]
        raise MigrationUnfinished(
            f"The library in {self._source.name} is changed all the time: stop what works on it, and run this again. "
            "It goes on where it stopped."
        )

    async def snapshot(self) -> list[Moved]:
        """Copy the library as it is at this moment into an empty database, though others go on changing it."""
        await self._look()
        written: dict[str, int] = {}
        async with self._source.read() as view:
            sent = await self._copy(view, written)
            await self._set_sequences(view)
        await self._compare(sent)
        return [Moved(name, one.rows, written[name], one.checksum) for name, one in sent.items()]

    async def _look(self) -> None:
        async with self._source.read() as view:
            self._from = await view.run_sync(_tables)
        async with self._target.read() as view:
            self._to = await view.run_sync(_tables)
        if missing := self._to.keys() - self._from.keys():
            raise MigrationRefused(f"{self._target.name} holds other tables too ({', '.join(sorted(missing))}).")

    async def begin(self) -> None:
        """Have the marker say which library comes. MigrationRefused where anything else is there."""
        await self._look()
        async with self._source.read() as view:
            library = await _identity(view)
        on_its_way = {"state": UNFINISHED, "library": library}
        async with self._target.write() as connection:
            marker = await connection.scalar(_MARKER)
            if marker is None:
                for table in self._to.values():
                    if await connection.scalar(select(func.count()).select_from(table)):
                        raise MigrationRefused(
                            f"{self._target.name} is not empty: it has a library of its own. Nothing was changed there."
                        )
                await connection.execute(insert(settings).values(key=MIGRATION, value=on_its_way))
                return
            if "library" not in marker:  # nor has it what PicTrace 0.1 wrote when it was complete
                raise MigrationRefused(
                    f"A library was moved or restored to {self._target.name} before: it is complete, and in use. "
                    "Nothing was changed there. What the old library has got since must be added to it."
                )
            if marker["library"] not in (library, EMPTY):
                raise MigrationRefused(
                    f"Another library is on its way to {self._target.name}. Nothing was changed there."
                )
            await _mark(connection, on_its_way)

    async def _state(self, view: AsyncConnection) -> list[Any]:
        """What is otherwise after any change that others make."""
        found: list[Any] = [await view.scalar(select(func.max(changes.c.seq)))]
        for name, table in self._from.items():
            if name in IN_THE_FEED:
                found.append(await view.scalar(select(func.count()).select_from(table)))
            else:
                found.append((await self._sum(view, table)).checksum)
        return found

    async def _copy(self, view: AsyncConnection, written: dict[str, int]) -> dict[str, _Sum]:
        """Write what is not at the destination yet, or otherwise; sums of what the source holds, by table."""
        counts = {name: await view.scalar(select(func.count()).select_from(self._from[name])) for name in self._to}
        self._done, self._total = 0, 2 * sum(int(count or 0) for count in counts.values())
        sent = {}
        for name, table in self._to.items():
            sent[name] = _Sum()
            written.setdefault(name, 0)
            async for rows in _portions(view, self._from[name]):
                digests = await self._pool.run(_digests, rows)
                sent[name].add(digests)
                written[name] += await self._put(table, rows, digests)
                self._advance(len(rows))
        return sent

    async def _put(self, table: Table, rows: list[Row], digests: list[bytes]) -> int:
        wanted = {_key(table, row): (row, digest) for row, digest in zip(rows, digests, strict=True)}
        async with self._target.write() as connection:
            found = await connection.execute(_by_keys(select(table), table, wanted))
            there = [_portable(row) for row in found.mappings()]
            present = dict(zip((_key(table, row) for row in there), await self._pool.run(_digests, there), strict=True))
            if new := [row for key, (row, _) in wanted.items() if key not in present]:
                await connection.execute(insert(table), new)
            changed = [key for key, digest in present.items() if digest != wanted[key][1]]
            for key in changed:
                await connection.execute(_by_keys(update(table), table, [key]).values(wanted[key][0]))
        return len(new) + len(changed)

    async def _drop_what_is_gone(self, view: AsyncConnection) -> None:
        """Delete at the destination what the source has no longer since an earlier run; what refers to others first."""
        for name, table in reversed(self._to.items()):
            async with self._target.read() as there:
                async for rows in _portions(there, table, keys_only=True):
                    keys = {_key(table, row) for row in rows}
                    source = self._from[name]
                    query = _by_keys(select(*source.primary_key.columns), source, keys)
                    left = {_key(source, _portable(row)) for row in (await view.execute(query)).mappings()}
                    if gone := keys - left:
                        async with self._target.write() as connection:
                            await connection.execute(_by_keys(delete(table), table, gone))

    async def _compare(self, sent: dict[str, _Sum]) -> None:
        async with self._target.read() as view:
            for name, table in self._to.items():
                arrived = await self._sum(view, table, self._advance)
                if arrived != sent[name]:
                    raise MigrationFailed(
                        f"What arrived in table {name} of {self._target.name} is not what was sent: {arrived.rows:,} "
                        f"rows with checksum {arrived.checksum[:12]}, sent were {sent[name].rows:,} with "
                        f"{sent[name].checksum[:12]}. The library in {self._source.name} is as it was; run this again."
                    )

    async def _sum(self, view: AsyncConnection, table: Table, advance: Callable[[int], None] | None = None) -> _Sum:
        found = _Sum()
        async for rows in _portions(view, table):
            found.add(await self._pool.run(_digests, rows))
            if advance:
                advance(len(rows))
        return found

    async def _set_sequences(self, view: AsyncConnection) -> None:
        """Ids that were given out once are not given out again, though their rows are gone."""
        last = await view.run_sync(_last_ids, self._from)
        async with self._target.write() as connection:
            await connection.run_sync(_set_last_ids, self._to, last)

    def _advance(self, rows: int) -> None:
        self._done += rows
        self._progress(self._done, max(self._done, self._total))


async def begin_at(target: Database, pool: CpuPool) -> None:
    """Make the tables of a destination together with the marker, or bring those level that it has."""
    await target.migrate(pool, pictures_in=None, when_made=_put_up_marker)


def _put_up_marker(connection: Connection) -> None:
    connection.execute(insert(settings).values(key=MIGRATION, value={"state": UNFINISHED, "library": EMPTY}))


def unfinished(database: Database) -> MigrationUnfinished:
    """What is said of a library that is not there yet."""
    return MigrationUnfinished(
        f"A library is still on its way into the database {database.name}. Run `pictrace restore` with the same "
        "file again, or `pictrace migrate --to` with this URL and PICTRACE_DATABASE_URL as it was before: it goes "
        "on where it stopped."
    )


async def require_whole(database: Database) -> dict[str, str]:
    """MigrationUnfinished for a library of which only a part may be there; what its marker says otherwise."""
    async with database.read() as view:
        marker: dict[str, str] = await view.scalar(_MARKER) or {}
    if "library" in marker and marker["state"] == UNFINISHED:
        raise unfinished(database)
    return marker


async def take_into_use(database: Database) -> None:
    """Open a library that may have been moved here: no run of `Migration` changes it any more. MigrationUnfinished."""
    marker = await require_whole(database)
    if "library" in marker and not database.read_only:
        async with database.write() as connection:
            marker = await connection.scalar(_MARKER) or {}  # again: a run may have begun anew
            if marker.get("state") == UNFINISHED:
                raise unfinished(database)
            await _mark(connection, {"state": COMPLETE})


async def _mark(connection: AsyncConnection, marker: dict[str, str]) -> None:
    await connection.execute(update(settings).where(settings.c.key == MIGRATION).values(value=marker))


def other_tables(connection: Connection) -> list[str]:
    """The tables of a database that no PicTrace has made its own."""
    names = inspect(connection).get_table_names()
    return [] if REVISIONS in names else names


def _tables(connection: Connection) -> dict[str, Table]:
    """All tables as this database has them; the doors' own too, of which the engine knows nothing."""
    found = MetaData()
    found.reflect(connection)
    return {table.name: table for table in found.sorted_tables if table.name != REVISIONS}


async def _identity(view: AsyncConnection) -> str:
    """Which library it is: operations are never deleted, and its first one is no other's."""
    first = (await view.execute(select(operations).order_by(operations.c.id).limit(1))).mappings().first()
    return _digests([_portable(first)])[0].hex() if first else EMPTY


async def _portions(view: AsyncConnection, table: Table, *, keys_only: bool = False) -> AsyncIterator[list[Row]]:
    """All rows but the marker, in order of their keys, and the same whichever the database."""
    keys = list(table.primary_key.columns)
    query = select(*keys) if keys_only else select(table)
    if table.name == settings.name:
        query = query.where(table.c.key != MIGRATION)
    has_features = not keys_only and any(isinstance(column.type, LargeBinary) for column in table.columns)
    size = PORTION_OF_FEATURES if has_features else PORTION
    async with view.stream(query.order_by(*keys)) as stream:
        async for rows in stream.mappings().partitions(size):
            yield [_portable(row) for row in rows]


def _by_keys(statement: Any, table: Table, keys: Iterable[Key]) -> Any:
    columns = list(table.primary_key.columns)
    if len(columns) == 1:
        return statement.where(columns[0].in_([key[0] for key in keys]))
    return statement.where(tuple_(*columns).in_(list(keys)))


def _key(table: Table, row: Mapping[str, Any]) -> Key:
    return tuple(row[column.name] for column in table.primary_key.columns)


def _portable(row: Mapping[Any, Any]) -> Row:
    """A row as every database takes it, and gives it back."""
    return {str(name): _portable_value(value) for name, value in row.items()}


def _portable_value(value: Any) -> Any:
    if isinstance(value, datetime):  # SQLite keeps no zones: all its moments are in UTC
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str):
        return takeable(value)
    if isinstance(value, list):
        return [_portable_value(one) for one in value]
    if isinstance(value, dict):
        return {takeable(name): _portable_value(one) for name, one in value.items()}
    return value


def _digests(rows: Sequence[Row]) -> list[bytes]:
    """The SHA-256 of each row, by names, types and values of its columns."""
    found = []
    for row in rows:
        digest = hashlib.sha256()
        for name in sorted(row):
            value = row[name]
            kind = type(value).__name__
            if isinstance(value, datetime):
                value = value.isoformat(timespec="microseconds")
            content = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
            digest.update(f"{name}:{kind}:{len(content)}:".encode() + content)
        found.append(digest.digest())
    return found


def _counted(tables: dict[str, Table]) -> dict[str, str]:
    """Tables whose one key is a number, with its name."""
    found = {}
    for name, table in tables.items():
        columns = list(table.primary_key.columns)
        if len(columns) == 1 and columns[0].type.python_type is int:
            found[name] = columns[0].name
    return found


def _last_ids(connection: Connection, tables: dict[str, Table]) -> dict[str, int]:
    """The last id that was ever given out, by table, where the database keeps it."""
    if connection.dialect.name == "sqlite":
        return {row.name: row.seq for row in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    found = {}
    for name, sequence in _sequences(connection, tables).items():
        row = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()
        found[name] = row.last_value if row.is_called else 0
    return found


def _set_last_ids(connection: Connection, tables: dict[str, Table], last: dict[str, int]) -> None:
    for name, column in _counted(tables).items():
        highest = connection.scalar(select(func.max(tables[name].c[column]))) or 0
        last[name] = max(last.get(name, 0), highest)
    if connection.dialect.name == "sqlite":
        made = text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'")
        for name in connection.scalars(made).all():
            value = {"name": name, "last": last.get(name, 0)}
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), value)
        return
    for name, sequence in _sequences(connection, tables).items():
        value = {"sequence": sequence, "last": max(1, last[name]), "used": last[name] > 0}
        connection.execute(text("SELECT setval(CAST(:sequence AS regclass), :last, :used)"), value)


def _sequences(connection: Connection, tables: dict[str, Table]) -> dict[str, str]:
    find = text("SELECT pg_get_serial_sequence(:name, :column)")
    found = {}
    for name, column in _counted(tables).items():
        if sequence := connection.scalar(find, {"name": name, "column": column}):
            found[name] = sequence
    return found
