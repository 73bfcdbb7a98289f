"""Connections, transactions and migrations of a library's database."""

import errno
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from sqlalchemy import URL, Connection, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.concurrency import CpuPool
from engine.errors import (
    DataDirNotWritable,
    DiskFull,
    InvalidSetting,
    LibraryBusy,
    LibraryDamaged,
    LibraryTooNew,
    LibraryTooOld,
    TooFewPictures,
)

if TYPE_CHECKING:
    from alembic.config import Config

    from engine.storage.postgresql import Server

REVISION = "0014"  # of the tables in `tables.py`: the newest file in alembic/versions
StillAlone = Callable[[], Awaitable[None]]  # DatabaseUnreachable once a turn is lost with its connection
BUSY_TIMEOUT_S = 60
COMMAND_TIMEOUT_S = 300  # one statement on a server; dropping the embeddings of a whole network takes a while
POOL_SIZE = 8
FULL_BYTES = 1024 * 1024  # with less free than this, an I/O error means a full disk


class Database:
    """One library's database: `read()` and `write()` give a connection inside a transaction.

    Both may raise LibraryBusy, LibraryDamaged, DiskFull, DataDirNotWritable, DatabaseUnreachable or DatabaseRefused.
    """

    def __init__(self, url: URL, lock_path: Path, *, read_only: bool = False) -> None:
        """`read_only`: every change is refused, also by the database itself. LibraryDamaged, LibraryBusy or
        DataDirNotWritable where a file of SQLite cannot be opened so."""
        self.url = url
        self.read_only = read_only
        self._lock_path = lock_path
        self._server = _server(url)
        self._engine = self._connecting() if self._server else _create_sqlite(url, read_only=read_only)
        if read_only:
            self._engine = self._engine.execution_options(postgresql_readonly=True)
        # Writers take the lock with their first statement: no reader turns writer halfway and finds itself locked out,
        # and `changes.seq` follows the order of commits.
        self._writing = self._engine.execution_options(immediate=True)
        self._reading = self._engine
        if self._server:
            self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def name(self) -> str:
        """Which database it is, for people: without the password."""
        return self._server.name if self._server else str(self.url.database)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view of the library; nothing is kept."""
        with self._translated():
            async with self._reading.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed at the end, or rolled back as a whole; one writer at a time."""
        self.require_writable()
        with self._translated():
            async with self._writing.begin() as connection:
                if self._server:
                    await self._server.take_turn(connection, wait_s=BUSY_TIMEOUT_S)
                yield connection

    @asynccontextmanager
    async def write_aside(self, *, patiently: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction on a server for what is no part of the library itself: it takes no turn among its writers.

        `patiently`: its statements may take any time.
        """
        self.require_writable()
        engine = self._connecting(patiently=True) if patiently else self._engine
        try:
            with self._translated():
                async with engine.begin() as connection:
                    yield connection
        finally:
            if patiently:
                await engine.dispose()

    @asynccontextmanager
    async def alone_at(self, work: str, pool: CpuPool, *, wait_s: float | None = None) -> AsyncIterator[StillAlone]:
        """Of all processes of this library one at a time; LibraryBusy where it is somebody else's turn for too long.

        `wait_s`: how long that is, if not as long as for any turn. What is given is for those who are at it for long.
        """
        wait_s = BUSY_TIMEOUT_S if wait_s is None else wait_s
        if self._server is None:
            lock = FileLock(self._lock_path.with_name(f"{work}.lock"), timeout=wait_s, thread_local=False)
            await pool.run(_acquire, lock)
            try:
                yield _surely
            finally:
                lock.release()
            return
        async with self.write_aside() as connection:
            await self._server.take_turn_at(connection, work, wait_s=wait_s)

            async def still_alone() -> None:
                await connection.execute(text("SELECT 1"))

            yield still_alone

    async def migrate(
        self,
        pool: CpuPool,
        *,
        pictures_in: str | None,
        beginning: bool = True,
        to: str = REVISION,
        when_made: Callable[[Connection], None] | None = None,
    ) -> None:
        """Bring the tables level with this version; of several processes opening at once, one does and the rest wait.

        `beginning`: make them where there are none, instead of TooFewPictures. `to`: with an older one, for a copy that
        is like an older library. `when_made`: where there were no tables, is called in the transaction that makes them,
        so that nobody ever finds the one without the other. Raises LibraryTooNew for a library that a newer PicTrace
        has written, and LibraryDamaged where files (in the place `pictures_in`) say that there was a library, but the
        database is gone.
        """
        lock = FileLock(self._lock_path, timeout=BUSY_TIMEOUT_S * 10, thread_local=False)
        await pool.run(_acquire, lock)
        try:
            revision = await self.revision()
            if revision is None and pictures_in:
                raise LibraryDamaged(self._lost(pictures_in))
            if revision is None and not beginning:
                raise no_library(self._lock_path.parent)
            if revision != to:
                await self._migrate(to, when_made)
        finally:
            lock.release()

    def require_writable(self) -> None:
        """DataDirNotWritable where this library was opened only to be read."""
        if self.read_only:
            raise DataDirNotWritable(
                f"The library in {self._lock_path.parent} is opened only to be read: nothing of it can be changed."
            )

    async def require_level(self) -> None:
        """For those who may not migrate: LibraryTooOld, LibraryTooNew, or TooFewPictures where there is no library."""
        revision = await self.revision() if is_there(self.url) else None
        if revision is None:
            raise no_library(self._lock_path.parent)
        if revision != REVISION:
            _refuse_newer(_alembic(), revision)
            raise LibraryTooOld(
                "This library was written by an older PicTrace, and this command changes nothing. "
                "Any other, such as `pictrace status`, brings it level first, where the data folder can be written."
            )

    async def revision(self) -> str | None:
        """Which migration the tables come from; None where there are none."""
        async with self.read() as connection:
            return await connection.run_sync(_revision)

    async def settle(self) -> None:
        """Empty SQLite's write-ahead log, in which deleted values linger; where somebody reads, the next time."""
        if self.dialect == "sqlite" and not self.read_only:
            with self._translated():
                async with self._engine.connect() as connection:
                    raw = await connection.get_raw_connection()
                    assert raw.driver_connection
                    await raw.driver_connection.execute("PRAGMA busy_timeout=0")
                    try:
                        await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    finally:
                        await raw.driver_connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")

    async def close(self) -> None:
        await self._engine.dispose()

    async def _migrate(self, to: str, when_made: Callable[[Connection], None] | None) -> None:
        if self._server is None:
            async with self.write() as connection:
                await connection.run_sync(_upgrade, to, when_made)
            return
        # Other machines may be at it too, and know nothing of this one's lock file. Statements may take any time.
        patient = self._connecting(patiently=True)
        try:
            with self._translated():
                async with patient.begin() as connection:
                    await self._server.take_turn(connection, wait_s=BUSY_TIMEOUT_S * 10)
                    await connection.run_sync(self._server.refuse_encoding)
                    await connection.run_sync(_upgrade, to, when_made)
        finally:
            await patient.dispose()

    def _connecting(self, *, patiently: bool = False) -> AsyncEngine:
        assert self._server
        return self._server.engine(
            pool_size=POOL_SIZE,
            pool_timeout_s=BUSY_TIMEOUT_S,
            command_timeout_s=None if patiently else COMMAND_TIMEOUT_S,
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        place = self._lock_path.parent
        errors: AbstractContextManager[None] = self._server.translated() if self._server else _translated(place)
        try:
            with errors:
                yield
        except NoConnectionLeft as error:
            raise LibraryBusy("The library is busy: all connections to its database are taken; try again.") from error

    def _lost(self, place: str) -> str:
        if self._server is None:
            return (
                f"There are pictures in {place}, but the database is missing or empty. Put a backup of pictrace.db in "
                "its place; to begin anew, move the folder away."
            )
        return (
            f"There are pictures in {place}, but the database {self.name} is empty. `pictrace migrate --to` with its "
            "URL, and PICTRACE_DATABASE_URL as it was before, moves the library there; to begin anew, move the folder "
            "away."
        )


def migrations_dir() -> Path:
    """The folder of migrations: inside an installed package, beside the sources in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_alembic"
    return installed if installed.is_dir() else package.parent / "alembic"


def _server(url: URL) -> "Server | None":
    """The server that a URL names; None for a file of SQLite. InvalidSetting for any other database or driver."""
    if url.drivername == "sqlite+aiosqlite":
        return None
    if url.drivername == "postgresql+asyncpg":
        from engine.storage.postgresql import Server  # here: most libraries need no driver for it

        return Server(url)
    raise InvalidSetting(
        f"PICTRACE_DATABASE_URL: {url.drivername} cannot be used. For example: postgresql://USER:PASSWORD@HOST/NAME, "
        "or sqlite+aiosqlite:///FILE."
    )


def _create_sqlite(url: URL, *, read_only: bool) -> AsyncEngine:
    if read_only and is_there(url):
        url = _to_be_read(url)
    engine = create_async_engine(
        url, pool_size=POOL_SIZE, max_overflow=0, pool_timeout=BUSY_TIMEOUT_S, hide_parameters=True
    )
    event.listen(engine.sync_engine, "connect", _configure_reading if read_only else _configure_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _to_be_read(url: URL) -> URL:
    """The same file for SQLite, in a way that needs no file beside it where none can be made.

    SQLite reads a database with a write-ahead log through a file in shared memory (`-shm`) beside it, and makes that
    file where it is missing. `immutable` does without it, but does not see what only stands in the log (`-wal`), now or
    later: where both files are there, somebody may be writing.
    """
    path = Path(url.database or "").absolute()
    log, shared = (path.with_name(path.name + ending) for ending in ("-wal", "-shm"))
    if can_be_written(path.parent) and (log.is_file() or shutil.disk_usage(path.parent).free >= FULL_BYTES):
        return url
    has_log = log.is_file() and log.stat().st_size > 0
    if has_log and not shared.is_file():
        raise DataDirNotWritable(
            f"The folder {path.parent} cannot be written, and the last changes of the library in it stand only in "
            f"{log.name}. Open the library once where its folder can be written (`pictrace check`), or copy the "
            "folder to such a place."
        )
    is_in_use = log.is_file() and shared.is_file()
    mode = {"mode": "ro", "uri": "true"} | ({} if is_in_use else {"immutable": "1"})
    return URL.create(url.drivername, database=path.as_uri(), query=mode)


def can_be_written(folder: Path) -> bool:
    """Whether files can be made in a folder, as far as can be told without making one."""
    return os.access(folder, os.W_OK | os.X_OK)


def no_library(data_dir: Path) -> TooFewPictures:
    """For those who do not begin one."""
    return TooFewPictures(
        f"There is no library in {data_dir}: `pictrace add` begins one, PICTRACE_DATA_DIR says where another is."
    )


def is_there(url: URL) -> bool:
    """False where connecting would make a new file."""
    return url.get_backend_name() != "sqlite" or bool(url.database and Path(url.database).is_file())


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    _configure(
        connection,
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # what is forgotten is overwritten
    )


def _configure_reading(connection: sqlite3.Connection, _record: object) -> None:
    _configure(connection, "query_only=ON")


def _configure(connection: sqlite3.Connection, *pragmas: str) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; see _begin_sqlite
    # The cache in kB is for each connection; the system caches the file for all of them.
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_S * 1000}", "cache_size=-4000", *pragmas):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own knows ASCII only: titles in other scripts could not be looked for whatever their case.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


async def _surely() -> None:
    """The lock of a file is kept as long as its process lives."""


def _acquire(lock: FileLock) -> None:
    try:
        lock.acquire()
    except TimeoutError as error:
        raise LibraryBusy("Another process has been at work on this library for too long; try again later.") from error
    except OSError as error:
        raise from_os_error(error, Path(lock.lock_file).parent) from error


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


# Alembic is imported where it is used: most starts need no migration, and it takes a fifth of a start.


def _upgrade(connection: Connection, to: str, when_made: Callable[[Connection], None] | None) -> None:
    from alembic import command

    config = _alembic()
    found = _revision(connection)  # again: another process may have been quicker
    for revision in (found, to):
        if revision:
            _refuse_newer(config, revision)
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    if found is None and when_made:
        when_made(connection)


def _alembic() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    return config


def _refuse_newer(config: "Config", revision: str) -> None:
    from alembic.script import ScriptDirectory

    if revision not in {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}:
        raise LibraryTooNew(
            f"This library was written by a newer PicTrace (its tables are at revision {revision}): "
            "update PicTrace. Nothing was changed."
        )


def from_os_error(error: OSError, place: Path) -> Exception:
    """The engine's error for a failed file operation inside a library."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"The disk that holds {place} is full. What was acknowledged is safe; free some space.")
    reason = error.strerror or type(error).__name__
    return DataDirNotWritable(f"The data folder {place} cannot be used: {reason}. PICTRACE_DATA_DIR chooses another.")


@contextmanager
def _translated(place: Path) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        message = str(error.orig if isinstance(error, DBAPIError) else error).lower()
        # On a full disk SQLite may only say "disk I/O error".
        if "disk is full" in message or ("disk i/o" in message and shutil.disk_usage(place).free < FULL_BYTES):
            raise from_os_error(OSError(errno.ENOSPC, ""), place) from error
        if "locked" in message or "busy" in message:
            raise LibraryBusy("The library is busy with another process's changes; try again.") from error
        if "readonly" in message or "read-only" in message or "unable to open" in message:
            raise DataDirNotWritable(f"The library's database in {place} cannot be written.") from error
        if any(said in message for said in ("malformed", "not a database", "disk i/o", "could not decode to utf-8")):
            raise LibraryDamaged(
                f"The database in {place} is damaged ({message}). Put a backup in its place."
            ) from error
        raise
