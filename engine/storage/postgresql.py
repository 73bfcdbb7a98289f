"""PostgreSQL: how a server is reached, how its writers take turns, and what its errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.errors import (
    DatabaseRefused,
    DatabaseUnreachable,
    DiskFull,
    InvalidSetting,
    LibraryBusy,
    LibraryDamaged,
    PicTraceError,
)

CONNECT_TIMEOUT_S = 10
PING_TIMEOUT_S = 5
SILENT_S = 120  # of a writer inside its transaction, before the server takes the lock from it: its machine is gone

_TURN = text(
    "SELECT set_config('lock_timeout', :wait, true), set_config('idle_in_transaction_session_timeout', :silent, true), "
    "pg_advisory_xact_lock(7263512950)"
)
_TURN_AT = text(
    "SELECT set_config('lock_timeout', :wait, true), set_config('idle_in_transaction_session_timeout', '0', true), "
    "pg_advisory_xact_lock(726351, hashtext(current_schema() || :work))"
)
_OF_CONNECTION = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_DISK_FULL = "53100"
_BUSY = ("55P03", "57014", "40001", "40P01", "53200", "53300", "53400")
_GONE = ("57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25P04")
_REFUSED = ("42501", "42704", "3F000", "25006")


class Server:
    """One database on a PostgreSQL server."""

    def __init__(self, url: URL) -> None:
        self._url = url

    @property
    def name(self) -> str:
        """Which database it is, for people: never with the password."""
        host = self._url.host or self._url.query.get("host") or "localhost"
        at = f"{host}:{self._url.port}" if self._url.port else host
        return f"{self._url.database or self._url.username or 'postgres'} at {at}"

    def engine(self, *, pool_size: int, pool_timeout_s: float, command_timeout_s: float | None) -> AsyncEngine:
        """An engine that notices a server that is gone or hangs, and says what is wrong in the engine's words.

        asyncpg reads the URL itself, so that it may hold what libpq knows, such as `sslmode`; the password may also
        come from PGPASSWORD or ~/.pgpass. `command_timeout_s`: None for statements that may take any time.
        """
        dsn = self._url.set(drivername="postgresql").render_as_string(hide_password=False)

        async def connect() -> Any:
            try:
                return await asyncpg.connect(
                    dsn,
                    timeout=CONNECT_TIMEOUT_S,
                    command_timeout=command_timeout_s,
                    server_settings={"application_name": "pictrace"},
                )
            except Exception as error:
                if said := self._said(error):
                    raise said from error
                raise

        engine = create_async_engine(
            self._url,
            async_creator=connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_timeout_s,
            isolation_level="READ COMMITTED",  # after the wait for its turn a writer sees what others have written
            hide_parameters=True,
        )
        event.listen(engine.sync_engine, "checkout", _ping)
        event.listen(engine.sync_engine, "handle_error", self._notice)
        return engine

    async def take_turn(self, connection: AsyncConnection, *, wait_s: int) -> None:
        """The lock of all writers, until the transaction ends. LibraryBusy after `wait_s`.

        Sequences hand out numbers without regard to whose transaction is committed first: only thus does
        `changes.seq` follow the order of commits.
        """
        await connection.execute(_TURN, {"wait": f"{wait_s}s", "silent": f"{SILENT_S}s"})

    async def take_turn_at(self, connection: AsyncConnection, work: str, *, wait_s: float) -> None:
        """A lock of its own for each kind of work, until the transaction ends. LibraryBusy after `wait_s`."""
        await connection.execute(_TURN_AT, {"wait": f"{round(1000 * wait_s)}ms", "work": work})

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Errors of the driver become the engine's."""
        try:
            yield
        except DBAPIError as error:
            if error.orig and (said := self._said(error.orig)):
                raise said from error
            raise

    def refuse_encoding(self, connection: Connection) -> None:
        """InvalidSetting for a database that cannot hold every text."""
        encoding = connection.scalar(text("SHOW server_encoding"))
        if encoding != "UTF8":
            raise InvalidSetting(
                f"PICTRACE_DATABASE_URL: the database {self.name} has the encoding {encoding}; make one with "
                "ENCODING 'UTF8'."
            )

    def _notice(self, context: ExceptionContext) -> PicTraceError | None:
        said = self._said(context.original_exception)
        if isinstance(said, DatabaseUnreachable):
            context.is_disconnect = True  # also where the driver has only waited in vain
        return said

    def _said(self, error: BaseException) -> PicTraceError | None:
        """The engine's error for one of the driver; None for what nobody thought of."""
        place, reason = f"The database {self.name}", _reason(error)
        state: str | None = getattr(error, "sqlstate", None)
        if state is None:
            if isinstance(error, asyncpg.ClientConfigurationError):
                return InvalidSetting(f"PICTRACE_DATABASE_URL: {reason}.")
            return self._unreachable(reason) if _is_of_connection(error) else None
        if state.startswith("08") or state in _GONE:
            return self._unreachable(reason)
        if state.startswith("28"):
            return DatabaseRefused(f"{place} refuses this user or password ({reason}): see PICTRACE_DATABASE_URL.")
        if state == "3D000":
            return DatabaseRefused(f"{place} does not exist: make it, or correct PICTRACE_DATABASE_URL.")
        if state in _REFUSED:
            return DatabaseRefused(f"{place} cannot be worked in ({reason}): see PICTRACE_DATABASE_URL.")
        if state in _BUSY:
            return LibraryBusy(f"The library is busy with others' changes ({reason}); try again.")
        if state == _DISK_FULL:
            return DiskFull("The disk of the database server is full. What was acknowledged is safe; free some space.")
        if state.startswith(("XX", "58")) or state == "42P01":
            return LibraryDamaged(f"{place} is damaged ({reason}). Put a backup in its place.")
        return None

    def _unreachable(self, reason: str) -> DatabaseUnreachable:
        return DatabaseUnreachable(f"The database {self.name} cannot be reached ({reason}); try again later.")


def _ping(connection: Any, _record: object, _proxy: object) -> None:
    """Look whether a connection from the pool still answers; a dead one is replaced.

    SQLAlchemy's own ping would wait as long as for any statement where a server hangs.
    """
    try:
        connection.run_async(lambda raw: raw.execute("SELECT 1", timeout=PING_TIMEOUT_S))
    except (asyncpg.PostgresError, *_OF_CONNECTION) as error:
        raise DisconnectionError from error


def _is_of_connection(error: BaseException) -> bool:
    """Whether it says that there is no connection (any more); SQLAlchemy passes on what the driver said as cause."""
    return isinstance(error, _OF_CONNECTION) or isinstance(error.__cause__, _OF_CONNECTION)


def _reason(error: BaseException) -> str:
    """What the server or the system says, as the end of a sentence; it names users and tables, never passwords."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    said = (getattr(error, "strerror", None) or str(error.__cause__ or error)).strip()
    return said.splitlines()[0].rstrip(".") if said else type(error).__name__
