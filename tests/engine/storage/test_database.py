"""A library's database: views that hold still, writers in turn, migrations once, and errors that say what to do."""

import asyncio
import errno
import os
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, func, insert, select, text

from engine import EngineSettings, PicTraceError, open_service
from engine.concurrency import CpuPool
from engine.errors import (
    DatabaseUnreachable,
    DataDirNotWritable,
    DiskFull,
    InvalidSetting,
    LibraryBusy,
    LibraryDamaged,
    LibraryTooNew,
    LibraryTooOld,
    TooFewPictures,
)
from engine.storage import database as storing
from engine.storage.database import REVISION, Database, can_be_written, from_os_error, is_there
from engine.storage.repository import Repository
from engine.storage.statements import Operation, record
from engine.storage.tables import images
from engine.storage.tables import settings as settings_table
from tests.conftest import PHOTOGRAPHS, SHIPPED, Filled, add_paths
from tests.rows import lines, sqlite_in

on_both = pytest.mark.databases("sqlite", "postgresql")
A, B = (SHIPPED / name for name in ("astronaut.png", "coffee.png"))
ROW = {"key": "test", "value": 1}
ROWS = select(func.count()).select_from(settings_table).where(settings_table.c.key == "test")


@pytest.fixture(autouse=True)
async def connections_end() -> AsyncIterator[None]:
    """A connection that could not be opened ends in its own thread, and says so to the loop of its test."""
    yield
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 1)


@pytest.fixture
def pool() -> Iterator[CpuPool]:
    with CpuPool(2) as made:
        yield made


@pytest.fixture
def folder(data_dir: Path) -> Path:
    """A data folder without a library."""
    data_dir.mkdir()
    return data_dir


@pytest.fixture
async def database(new_repository: Repository) -> Database:
    return new_repository.database


@pytest.fixture
async def other(database: Database, data_dir: Path) -> AsyncIterator[Database]:
    """The same, as another process has it open."""
    other = Database(database.url, data_dir / "opening.lock")
    yield other
    await other.close()


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def overwritten(source: Path, target: Path) -> None:
    """A copy of a database with its first page overwritten, but for the header."""
    content = source.read_bytes()
    target.write_bytes(content[:100] + b"\xff" * 4000 + content[4100:])


def at(folder: Path, *, read_only: bool = False) -> Database:
    return Database(sqlite_in(folder), folder / "opening.lock", read_only=read_only)


async def rows_in(database: Database) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(ROWS) or 0)


# --- reading and writing


@on_both
async def test_transaction_is_kept_at_its_end_or_left_as_a_whole(database: Database, other: Database) -> None:
    async def broken_off() -> None:
        async with database.write() as connection:
            await connection.execute(insert(settings_table).values(**ROW))
            raise KeyError("broken off")

    with pytest.raises(KeyError):
        await broken_off()
    assert await rows_in(database) == 0
    async with database.write() as connection:
        await connection.execute(insert(settings_table).values(**ROW))
        assert await rows_in(other) == 0
    assert await rows_in(other) == 1


async def test_nothing_is_kept_of_what_a_reader_writes(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(insert(settings_table).values(**ROW))
    assert await rows_in(database) == 0


@on_both
async def test_library_opened_to_be_read_refuses_changes_by_itself_and_by_its_database(
    database: Database, data_dir: Path
) -> None:
    reading = Database(database.url, data_dir / "opening.lock", read_only=True)
    for act in (reading.write, reading.write_aside):
        with pytest.raises(DataDirNotWritable, match="opened only to be read"):
            async with act():
                pass
    with pytest.raises(PicTraceError):
        async with reading.read() as connection:
            await connection.execute(insert(settings_table).values(**ROW))
    assert await rows_in(reading) == 0
    await reading.close()


async def test_all_connections_taken_is_a_busy_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "POOL_SIZE", 1)
    monkeypatch.setattr(storing, "BUSY_TIMEOUT_S", 0.01)
    database = at(folder)
    async with database.read():
        with pytest.raises(LibraryBusy, match="all connections to its database are taken"):
            async with database.read():
                pass
    await database.close()


async def test_name_is_for_people_and_has_no_password(folder: Path) -> None:
    database = at(folder)
    assert (database.dialect, database.name) == ("sqlite", str(folder / "pictrace.db"))
    server = URL.create("postgresql+asyncpg", "ada", "secret", "host", 5432, "pictures")
    at_server = Database(server, folder / "opening.lock")
    assert at_server.dialect == "postgresql"
    assert "pictures" in at_server.name
    assert "secret" not in at_server.name


@pytest.mark.parametrize("driver", ["sqlite", "mysql+aiomysql", "postgresql+psycopg"])
def test_database_of_another_kind_or_driver_is_refused(tmp_path: Path, driver: str) -> None:
    with pytest.raises(InvalidSetting, match="PICTRACE_DATABASE_URL") as caught:
        Database(URL.create(driver, "ada", "secret", "host", database="x"), tmp_path / "opening.lock")
    assert "secret" not in str(caught.value)


async def test_values_are_in_no_message(database: Database) -> None:
    with pytest.raises(Exception, match="no such table") as caught:
        async with database.read() as connection:
            await connection.execute(text("SELECT :it FROM nowhere"), {"it": "a private title"})
    assert "private" not in str(caught.value)


async def test_titles_in_any_script_are_compared_whatever_their_case(database: Database) -> None:
    """SQLite's own function knows ASCII only."""
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT lower('ÄÖ ЖЩ AB')")) == "äö жщ ab"
        assert await connection.scalar(text("SELECT lower(NULL)")) is None
        assert await connection.scalar(text("SELECT lower(7)")) == 7


async def test_what_was_deleted_does_not_stay_in_the_log(database: Database, data_dir: Path) -> None:
    log = data_dir / "pictrace.db-wal"
    async with database.write() as connection:
        await connection.execute(insert(settings_table).values(key="secret", value="open sesame"))
    assert b"open sesame" in log.read_bytes()
    async with database.write() as connection:
        await connection.execute(settings_table.delete())
    await database.settle()
    assert log.stat().st_size == 0
    assert b"open sesame" not in (data_dir / "pictrace.db").read_bytes()


async def test_settling_waits_for_nobody_who_reads(database: Database, other: Database) -> None:
    async with other.read() as connection:
        await connection.scalar(ROWS)
        async with database.write() as writing:
            await writing.execute(insert(settings_table).values(**ROW))
        await asyncio.wait_for(database.settle(), 10)
        assert await connection.scalar(ROWS) == 0


# --- alone at work


@on_both
async def test_work_of_one_name_is_done_by_one_at_a_time(database: Database, other: Database, pool: CpuPool) -> None:
    busy: list[int] = []

    async def work(one: Database) -> int:
        async with one.alone_at("test", pool):
            busy.append(1)
            await asyncio.sleep(0)
            most = len(busy)
            busy.pop()
        return most

    assert await asyncio.gather(*(work(one) for one in (database, other) * 2)) == [1] * 4


@on_both
async def test_work_of_another_name_waits_for_nothing(database: Database, other: Database, pool: CpuPool) -> None:
    async with database.alone_at("one", pool), other.alone_at("two", pool), other.write() as connection:
        await connection.execute(insert(settings_table).values(**ROW))
    assert await rows_in(database) == 1


@on_both
async def test_work_that_others_are_at_for_too_long_is_a_busy_library(
    database: Database, other: Database, pool: CpuPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "BUSY_TIMEOUT_S", 0.05)
    async with database.alone_at("test", pool):
        with pytest.raises(LibraryBusy):
            async with other.alone_at("test", pool):
                pass
    async with other.alone_at("test", pool):
        pass


@on_both
async def test_work_that_fails_lets_the_next_one_go_on(database: Database, other: Database, pool: CpuPool) -> None:
    with pytest.raises(KeyError):
        async with database.alone_at("test", pool):
            raise KeyError("broken off")
    async with other.alone_at("test", pool):
        pass


@pytest.mark.databases("postgresql")
async def test_turn_that_is_lost_with_its_connection_is_noticed(
    database: Database, other: Database, pool: CpuPool
) -> None:
    ending = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE state = 'idle in transaction' AND datname = current_database() AND pid <> pg_backend_pid()"
    )

    async def lose_a_turn() -> None:
        async with database.alone_at("test", pool) as still_alone:
            await still_alone()
            async with other.write_aside() as connection:
                await connection.execute(ending)
            await still_alone()

    with pytest.raises(DatabaseUnreachable):
        await lose_a_turn()
    async with other.alone_at("test", pool):
        pass


@on_both
async def test_who_does_not_want_to_wait_is_told_at_once(database: Database, other: Database, pool: CpuPool) -> None:
    async with database.alone_at("test", pool) as still_alone:
        with pytest.raises(LibraryBusy):
            async with other.alone_at("test", pool, wait_s=0.01):
                pass
        await still_alone()


# --- migrating


async def test_new_file_is_brought_to_this_versions_tables_by_one_of_many(folder: Path, pool: CpuPool) -> None:
    databases = [at(folder) for _ in range(3)]
    assert await databases[0].revision() is None
    await asyncio.gather(*(one.migrate(pool, pictures_in=None) for one in databases))
    assert [await one.revision() for one in databases] == [REVISION] * 3
    await databases[0].migrate(pool, pictures_in="somewhere")  # where there is a library, pictures are no wonder
    await databases[0].require_level()
    for one in databases:
        await one.close()


async def test_pictures_without_a_database_are_damage_and_no_new_library(folder: Path, pool: CpuPool) -> None:
    database = at(folder)
    with pytest.raises(LibraryDamaged, match=r"There are pictures in /some/folder.*backup of pictrace\.db"):
        await database.migrate(pool, pictures_in="/some/folder")
    assert await database.revision() is None
    await database.close()


async def test_those_who_only_read_make_no_library(folder: Path) -> None:
    reading = at(folder, read_only=True)
    with pytest.raises(TooFewPictures, match="There is no library"):
        await reading.require_level()
    assert files_of(folder) == []
    await reading.close()
    sqlite3.connect(folder / "pictrace.db").close()  # an empty file
    reading = at(folder, read_only=True)
    with pytest.raises(TooFewPictures, match="There is no library"):
        await reading.require_level()
    await reading.close()


@pytest.mark.parametrize(("revision", "error"), [("0001", LibraryTooOld), ("9999", LibraryTooNew)])
async def test_those_who_only_read_are_told_of_a_library_of_another_version(
    database: Database, data_dir: Path, revision: str, error: type[PicTraceError]
) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    reading = at(data_dir, read_only=True)
    with pytest.raises(error):
        await reading.require_level()
    await reading.close()


# --- errors


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.ENOSPC, DiskFull, "The disk that holds /here is full"),
        (errno.EDQUOT, DiskFull, "The disk that holds /here is full"),
        (errno.EACCES, DataDirNotWritable, "The data folder /here cannot be used: Permission denied"),
        (errno.EROFS, DataDirNotWritable, "Read-only file system"),
    ],
)
def test_failed_file_operation_is_said_with_its_place(number: int, kind: type, said: str) -> None:
    error = from_os_error(OSError(number, os.strerror(number)), Path("/here"))
    assert isinstance(error, kind)
    assert said in str(error)


def test_failed_file_operation_without_a_reason_has_its_kind() -> None:
    assert "cannot be used: TimeoutError" in str(from_os_error(TimeoutError(), Path("/here")))


async def test_page_that_was_overwritten_is_damage(blank: Path, folder: Path) -> None:
    overwritten(blank, folder / "pictrace.db")
    database = at(folder)
    with pytest.raises(LibraryDamaged, match="Put a backup in its place"):
        await database.revision()
    await database.close()


async def test_file_that_cannot_be_opened_is_said(data_dir: Path) -> None:
    (data_dir / "pictrace.db").mkdir(parents=True)
    database = at(data_dir)
    with pytest.raises(DataDirNotWritable, match="cannot be written"):
        await database.revision()
    await database.close()


def test_only_a_file_of_sqlite_may_be_missing(tmp_path: Path) -> None:
    assert not is_there(sqlite_in(tmp_path))
    assert not is_there(URL.create("sqlite+aiosqlite", database=":memory:"))
    assert not is_there(URL.create("sqlite+aiosqlite"))
    shutil.copy(__file__, tmp_path / "pictrace.db")
    assert is_there(sqlite_in(tmp_path))
    assert is_there(URL.create("postgresql+asyncpg", host="nowhere.test"))


def test_folder_that_can_be_written_is_told_without_making_a_file(tmp_path: Path) -> None:
    assert can_be_written(tmp_path)
    assert not can_be_written(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


# --- libraries of real pictures


@pytest.mark.databases("sqlite", "postgresql")
async def test_writers_take_turns_from_the_first_statement_on(
    settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a change could be committed with a lower `seq` than one that a reader has seen already."""
    monkeypatch.setattr("engine.storage.database.BUSY_TIMEOUT_S", 1)
    async with open_service(settings) as one, open_service(settings) as other:
        (added,) = await add_paths(one, A)
        assert added.id
        async with one.repository.database.write() as connection:
            await record(connection, Operation("edit", "test"), [(added.id, "edited", {})])
            with pytest.raises(LibraryBusy):
                await other.edit(added.id, {"title": "in between"}, actor="test")
        changed = await other.edit(added.id, {"title": "after"}, actor="test")
        assert [kind for *_, kind in await lines(one.repository)] == ["added", "edited", "edited"]
        assert (await lines(one.repository))[-1][0] == changed.operation_id


@pytest.mark.databases("sqlite", "postgresql")
async def test_reader_sees_one_moment_however_long_it_reads(settings: EngineSettings) -> None:
    async with open_service(settings) as one, open_service(settings) as other:
        await add_paths(one, A)
        count = select(func.count()).select_from(images)
        async with one.repository.database.read() as connection:
            assert await connection.scalar(count) == 1
            await add_paths(other, B)
            assert await connection.scalar(count) == 1
        async with one.repository.database.read() as connection:
            assert await connection.scalar(count) == 2


@pytest.mark.databases("sqlite", "postgresql")
async def test_library_from_a_newer_version_is_refused_untouched(settings: EngineSettings) -> None:
    async with open_service(settings) as service, service.repository.database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    library = settings.data_dir / "pictrace.db"
    before = library.read_bytes() if library.exists() else b""
    with pytest.raises(LibraryTooNew, match="update PicTrace"):
        async with open_service(settings):
            pass
    if before:
        assert library.read_bytes() == before


@pytest.mark.databases("sqlite")
async def test_damaged_database_is_said(settings: EngineSettings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "pictrace.db").write_bytes(b"this is no database" * 1000)
    with pytest.raises(PicTraceError) as caught:
        async with open_service(settings):
            pass
    assert caught.value.code == "library_damaged"


async def test_emptied_database_beside_pictures_is_damage_and_loses_nothing(
    filled: Filled, settings: EngineSettings
) -> None:
    async with filled():
        pass
    (settings.data_dir / "pictrace.db").write_bytes(b"")
    with pytest.raises(PicTraceError, match="backup") as caught:
        async with open_service(settings):
            pass
    assert caught.value.code == "library_damaged"
    assert sum(p.is_file() for p in (settings.data_dir / "originals").rglob("*")) == len(PHOTOGRAPHS)
