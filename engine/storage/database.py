"""Connections, transactions and migrations of a library's database."""

import errno
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from filelock import FileLock
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.concurrency import CpuPool
from engine.errors import DataDirNotWritable, DiskFull, LibraryBusy, LibraryDamaged, LibraryTooNew

REVISION = "0002"  # of the tables in `tables.py`: the newest file in alembic/versions
BUSY_TIMEOUT_S = 60
POOL_SIZE = 8


class Database:
    """One library's database: `read()` and `write()` give a connection inside a transaction."""

    def __init__(self, url: str, lock_path: Path) -> None:
        self.url = make_url(url)
        self._lock_path = lock_path
        self._engine = _create(url)
        # Writers take the lock with their first statement: no reader turns writer halfway and finds itself locked out,
        # and `changes.seq` follows the order of commits.
        self._writing = self._engine.execution_options(immediate=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view of the library; nothing is kept."""
        with _translated():
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed at the end, or rolled back as a whole."""
        with _translated():
            async with self._writing.begin() as connection:
                yield connection

    async def migrate(self, pool: CpuPool) -> None:
        """Bring the tables level with this version; of several processes opening at once, one does and the rest wait.

        Raises LibraryTooNew for a library that a newer PicTrace has written.
        """
        lock = FileLock(self._lock_path, timeout=BUSY_TIMEOUT_S * 10, thread_local=False)
        await pool.run(_acquire, lock)
        try:
            async with self.read() as connection:
                revision = await connection.run_sync(_revision)
            if revision != REVISION:
                async with self.write() as connection:
                    await connection.run_sync(_upgrade, revision)
        finally:
            lock.release()

    async def close(self) -> None:
        await self._engine.dispose()


def migrations_dir() -> Path:
    """The folder of migrations: inside an installed package, beside the sources in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_alembic"
    return installed if installed.is_dir() else package.parent / "alembic"


def _create(url: str) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=POOL_SIZE, max_overflow=0, pool_timeout=BUSY_TIMEOUT_S)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _configure_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; see _begin_sqlite
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _acquire(lock: FileLock) -> None:
    try:
        lock.acquire()
    except TimeoutError as error:
        raise LibraryBusy("Another process has been opening this library for too long; try again later.") from error
    except OSError as error:
        raise from_os_error(error, Path(lock.lock_file).parent) from error


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


def _upgrade(connection: Connection, revision: str | None) -> None:
    # Imported here: most starts need no migration, and Alembic takes a fifth of a start.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision and revision not in known:
        raise LibraryTooNew(
            f"This library was written by a newer PicTrace (its tables are at revision {revision}): "
            "update PicTrace. Nothing was changed."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def from_os_error(error: OSError, place: Path) -> Exception:
    """The engine's error for a failed file operation inside a library."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"The disk that holds {place} is full. What was acknowledged is safe; free some space.")
    reason = error.strerror or type(error).__name__
    return DataDirNotWritable(f"The data folder {place} cannot be used: {reason}. PICTRACE_DATA_DIR chooses another.")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        message = str(error.orig).lower()
        if "disk is full" in message or ("disk i/o error" in message and "full" in message):
            raise DiskFull("The disk that holds the library is full. What was acknowledged is safe.") from error
        if "locked" in message or "busy" in message:
            raise LibraryBusy("The library is busy with another process's changes; try again.") from error
        if "readonly" in message or "unable to open" in message:
            raise DataDirNotWritable("The library's database cannot be written. Is its folder read-only?") from error
        if "malformed" in message or "not a database" in message:
            raise LibraryDamaged(
                "The library's database file is damaged. Put a backup of pictrace.db in place."
            ) from error
        raise
