"""A server that is away, hangs, restarts or refuses: one clear sentence, and it goes on when the server does."""

import asyncio
import logging
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from engine import EngineSettings, PicTraceError, SearchService, open_service
from engine.errors import (
    DatabaseRefused,
    DatabaseUnreachable,
    DiskFull,
    InvalidSetting,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
)
from engine.settings import parse_database_url
from engine.storage.database import Database
from tests.conftest import SHIPPED, add_paths
from tests.postgresql import GUARDED, PostgresServer

pytestmark = pytest.mark.databases("postgresql")

SECRET = "open-sesame"
ODD_SECRET = "öpen:ses@me/%?#&"


@pytest.fixture
async def database(settings: EngineSettings, tmp_path: Path) -> AsyncIterator[Database]:
    assert settings.database_url
    opened = Database(make_url(settings.database_url), tmp_path / "opening.lock")
    yield opened
    await opened.close()


async def refused(settings: EngineSettings, url: str) -> PicTraceError:
    """The error that opening a library with this URL ends in; it never tells the password."""
    with pytest.raises(PicTraceError) as caught:
        async with open_service(EngineSettings(data_dir=settings.data_dir, database_url=url, _env_file=None)):
            pass
    assert ODD_SECRET not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert SECRET not in "".join(str(one) for one in (caught.value.__cause__, caught.value.__context__))
    return caught.value


async def test_server_that_is_not_there_is_said(settings: EngineSettings, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        error = await refused(settings, f"postgresql://ada:{SECRET}@127.0.0.1:{port}/pictures")
    assert isinstance(error, DatabaseUnreachable)
    assert f"pictures at 127.0.0.1:{port}" in str(error)
    error = await refused(settings, f"postgresql://ada:{SECRET}@/pictures?host={tmp_path}")
    assert isinstance(error, DatabaseUnreachable)
    error = await refused(settings, f"postgresql://ada:{SECRET}@no-such-host.invalid/pictures")
    assert isinstance(error, DatabaseUnreachable)


async def test_server_that_does_not_answer_is_said(settings: EngineSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.storage.postgresql.CONNECT_TIMEOUT_S", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        error = await refused(settings, f"postgresql://ada:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/pictures")
    assert isinstance(error, DatabaseUnreachable)
    assert "does not answer" in str(error)


async def test_what_the_server_refuses_is_said(settings: EngineSettings, postgresql: PostgresServer) -> None:
    name = make_url(settings.database_url or "").database or ""
    postgresql.execute(f"DROP ROLE IF EXISTS {GUARDED}")
    postgresql.execute(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{ODD_SECRET}'")
    for user, password, database, said in (
        (GUARDED, SECRET, name, "refuses this user or password"),
        ("nobody", SECRET, name, "refuses this user or password"),
        ("postgres", SECRET, "nowhere", "nowhere at .* does not exist"),
        (GUARDED, ODD_SECRET, name, "permission denied"),  # it got in
    ):
        error = await refused(settings, postgresql.url(database, user, password))
        assert isinstance(error, DatabaseRefused), error
        assert re.search(said, str(error)), error


async def test_database_that_cannot_hold_every_text_is_refused(
    settings: EngineSettings, postgresql: PostgresServer
) -> None:
    postgresql.execute("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    error = await refused(settings, postgresql.url("narrow"))
    assert isinstance(error, InvalidSetting)
    assert "LATIN1" in str(error)
    postgresql.execute("DROP DATABASE narrow")


@pytest.mark.parametrize("url", ["postgresql://h/x?sslmode=perhaps", "postgresql://h:x/y", "mysql://h/x", "nonsense"])
def test_url_that_is_none_names_the_setting(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTRACE_DATABASE_URL", url)

    async def opening() -> None:
        async with open_service(EngineSettings.load(data_dir=tmp_path, _env_file=None)):
            pass

    with pytest.raises(InvalidSetting, match="PICTRACE_DATABASE_URL"):
        asyncio.run(opening())


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_driver_need_not_be_named(scheme: str) -> None:
    url = parse_database_url(f"{scheme}://ada:x%40y@host/pictures")
    assert (url.drivername, url.password) == ("postgresql+asyncpg", "x@y")


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", DiskFull),
        ("55P03", LibraryBusy),
        ("40P01", LibraryBusy),
        ("57014", LibraryBusy),
        ("53300", LibraryBusy),
        ("42501", DatabaseRefused),
        ("25006", DatabaseRefused),
        ("57P03", DatabaseUnreachable),
        ("08006", DatabaseUnreachable),
        ("XX001", LibraryDamaged),
        ("58030", LibraryDamaged),
    ],
)
async def test_what_the_server_says_becomes_an_error_of_the_library(
    database: Database, state: str, kind: type[LibraryError]
) -> None:
    with pytest.raises(kind):
        async with database.write() as connection:
            await connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$")
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_missing_tables_are_damage(settings: EngineSettings, database: Database) -> None:
    async with open_service(settings) as service:
        async with database.write() as connection:
            await connection.exec_driver_sql("DROP TABLE hashes CASCADE")
        with pytest.raises(LibraryDamaged, match="hashes"):
            await service.status()


async def test_connections_that_were_cut_are_replaced(service: SearchService, postgresql: PostgresServer) -> None:
    await add_paths(service, SHIPPED / "rocket.jpg")
    cut(postgresql, service)
    assert (await service.status()).images == 1

    async def is_cut_in_the_middle() -> None:
        async with service.database.write() as connection:
            await connection.exec_driver_sql("UPDATE images SET title = 'half'")
            cut(postgresql, service)
            await connection.exec_driver_sql("UPDATE images SET filename = 'half'")

    with pytest.raises(DatabaseUnreachable):
        await is_cut_in_the_middle()
    assert (await service.get(1)).title is None


async def test_connection_that_hangs_is_replaced(
    service: SearchService, postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.storage.postgresql.PING_TIMEOUT_S", 0.2)
    (row,) = postgresql.execute(f"SELECT pid FROM pg_stat_activity WHERE datname = '{name_of(service)}'")
    os.kill(row["pid"], signal.SIGSTOP)
    try:
        assert (await service.status()).images == 0
    finally:
        os.kill(row["pid"], signal.SIGCONT)


async def test_statement_that_never_ends_is_given_up(
    settings: EngineSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.storage.database.COMMAND_TIMEOUT_S", 0.2)
    database = Database(make_url(settings.database_url or ""), tmp_path / "opening.lock")
    with pytest.raises(DatabaseUnreachable, match="does not answer"):
        async with database.read() as connection:
            await connection.exec_driver_sql("SELECT pg_sleep(60)")
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await database.close()


async def test_writer_that_fell_silent_does_not_keep_the_lock(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does whose machine has vanished."""
    monkeypatch.setattr("engine.storage.postgresql.SILENT_S", 1)

    async def falls_silent() -> None:
        async with service.database.write() as connection:
            await add_paths(service, SHIPPED / "rocket.jpg")  # waits for its turn, and gets it
            await connection.exec_driver_sql("SELECT 1")

    with pytest.raises(DatabaseUnreachable):
        await falls_silent()
    assert (await service.status()).images == 1


async def test_service_outlasts_a_restart_of_the_server(service: SearchService, postgresql: PostgresServer) -> None:
    await add_paths(service, SHIPPED / "rocket.jpg")
    content = (SHIPPED / "rocket.jpg").read_bytes()
    postgresql.stop()
    try:
        for act in (service.status, service.level, lambda: service.search(content), lambda: add_one(service)):
            with pytest.raises(DatabaseUnreachable):
                await act()
    finally:
        postgresql.start()
    assert (await service.search(content)).matches[0].evidence.exact
    assert (await add_one(service)).status == "added"
    assert (await service.checker.check(repair=False, purge=False, actor="test")).sound


async def test_start_waits_for_a_server_that_is_still_coming(
    settings: EngineSettings,
    postgresql: PostgresServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.bootstrap.FIRST_PAUSE_S", 0.05)
    caplog.set_level(logging.WARNING, "engine")
    postgresql.stop()
    try:
        with pytest.raises(DatabaseUnreachable):
            async with open_service(settings):
                pass
        with pytest.raises(DatabaseUnreachable):
            async with open_service(settings, patience_s=0.2):
                pass
        assert "cannot be reached" in caplog.text
        opening = asyncio.create_task(opened(settings))
        await asyncio.sleep(0.1)
        assert not opening.done()
    finally:
        postgresql.start()
    assert await opening == 0


async def test_two_that_open_an_empty_database_at_once_make_it_once(
    settings: EngineSettings, postgresql: PostgresServer, tmp_path: Path
) -> None:
    """With data folders of their own, as on two machines."""
    with postgresql.database(migrated=False) as url:
        both = [
            EngineSettings(data_dir=tmp_path / name, database_url=url, workers=1, _env_file=None) for name in ("a", "b")
        ]
        assert await asyncio.gather(*(opened(one) for one in both)) == [0, 0]


async def opened(settings: EngineSettings) -> int:
    async with open_service(settings, patience_s=60) as service:
        return (await service.status()).images


async def add_one(service: SearchService) -> Any:
    return await service.add_bytes((SHIPPED / "coffee.png").read_bytes(), name="coffee.png", actor="test")


def name_of(service: SearchService) -> str:
    return make_url(service.settings.database_url or "").database or ""


def cut(server: PostgresServer, service: SearchService) -> None:
    """End all connections to the library, as an administrator would."""
    server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(service)}'")
