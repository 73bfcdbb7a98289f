"""A library moves between SQLite and PostgreSQL: all of it, proved, whatever breaks off the way."""

import hashlib
import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, text, update

from bot.posted_pictures import PostedPicture, PostedPictures
from bot.storage import Allowance, BotStorage, SentFile
from engine import EngineSettings, PicTraceError, SearchService, open_service
from engine.backups import back_up
from engine.bootstrap import migrate_library
from engine.errors import MigrationFailed, MigrationRefused, MigrationUnfinished
from engine.storage import migrating
from engine.storage.database import Database
from engine.storage.migrating import Migration
from engine.storage.tables import changes, images
from tests.conftest import PHOTOGRAPHS, SHIPPED, Command, Filled, add_paths, cut_short, jpeg, photograph
from tests.postgresql import PostgresServer

pytestmark = pytest.mark.databases("sqlite", "postgresql")

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
HOOK = "https://example.org/hook"
OTHER_TABLES = (
    "verdicts",
    "watches",
    "files_seen",
    "settings",
    "chats",
    "inbox",
    "telegram_files",
    "adders",
    "posted_pictures",
    "keypoints",
    "duplicates",
    "kept_pairs",
    "webhook_events",
)


def no_progress(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture
def destination(database_url: str | None, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of the other kind."""
    if database_url:
        yield f"sqlite+aiosqlite:///{tmp_path}/moved.db"
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    with server.database(migrated=False) as url:
        yield url


def at(settings: EngineSettings, url: str) -> EngineSettings:
    return settings.model_copy(update={"database_url": EngineSettings(database_url=url, _env_file=None).database_url})


async def live_a_little(service: SearchService) -> None:
    """Leave something in every table, and gaps in the ids."""
    await service.repository.webhook_events.begin(HOOK)
    await service.edit(1, {"title": "Космос 🚀", "tags": ["a", "é"]}, actor="test")
    await service.remove([2], actor="test")
    await service.checker.check(repair=False, purge=True, actor="test")
    await service.remove([3], actor="test")
    await service.undo(actor="test")
    await service.remove([4], actor="test")
    twin = await service.add_bytes(jpeg(photograph("coffee.png"), 60), name="coffee again.jpg", actor="test")
    panorama = np.hstack([photograph("rocket.jpg")] * 3)  # which has parts
    assert (await service.add_bytes(jpeg(panorama), name="panorama.jpg", actor="test")).id
    assert twin.id
    assert (await service.add_bytes(cut_short(MIRRORED), name="cut.jpg", actor="test")).warnings
    async with service.database.write() as connection:  # of pictures of an older PicTrace it is not known
        await connection.execute(update(images).where(images.c.id == 1).values(warnings=None))
    await service.duplicates.decide([twin.id, *twin.near], "different", actor="test")
    await service.subscriptions.judge(MIRRORED, 1, right=False, subscriber="chat:1")
    await service.watches.begin(MIRRORED, subscriber="chat:1", reference="{}")
    await service.admin_key.make()
    await service.repository.webhook_events.collect(HOOK)
    bot = BotStorage(service.database, 42)
    await bot.receive({2**40: '{"text": "a\\u0000b"}'})
    await bot.set_language(-1, "de")
    await bot.remember_files([SentFile(1, "file", "unique")])
    await bot.allow_adding(Allowance(1001, "Ada", 500))
    fingerprint = await service.comparing.fingerprint(MIRRORED)
    await PostedPictures(service.database, 42).remember(PostedPicture(-1, 7, "file", fingerprint, datetime.now(UTC)))


async def contents(settings: EngineSettings) -> dict[str, list[Any]]:
    """Every row of every table, as the library's own statements see them."""
    found: dict[str, list[Any]] = {}
    async with open_service(settings) as service, service.database.read() as connection:
        for table in (images, changes):
            rows = (await connection.execute(select(table).order_by(*table.primary_key.columns))).all()
            found[table.name] = [
                tuple(value.isoformat()[:26] if hasattr(value, "isoformat") else value for value in row) for row in rows
            ]
        for name in OTHER_TABLES:
            rows = (await connection.execute(text(f"SELECT * FROM {name}"))).all()
            found[name] = [len(rows)]
    return found


async def test_all_of_a_library_moves_and_works_there(
    filled: Filled, settings: EngineSettings, destination: str
) -> None:
    async with filled() as service:
        await live_a_little(service)
        before = await service.status()
    moved = await migrate_library(settings, destination, no_progress)
    assert {one.table for one in moved} > {"images", "inbox", "telegram_files", "chats", "verdicts", "watches"}
    assert all(one.rows == one.written for one in moved)
    assert all(one.rows for one in moved)
    there = at(settings, destination)
    source, target = await contents(settings), await contents(there)
    assert target.pop("settings") == [source.pop("settings")[0] + 1]  # the marker
    assert target == source
    async with open_service(there) as service:
        after = await service.status()
        assert (after.images, after.removed, after.last_seq) == (before.images, before.removed, before.last_seq)
        assert (after.features, after.tally) == (before.features, before.tally)
        match = (await service.search(jpeg(photograph("astronaut.png")[:, ::-1]))).matches[0]
        assert (match.image.title, match.lane) == ("Космос 🚀", "same")
        assert [waiting.update_id for waiting in await BotStorage(service.database, 42).unanswered()] == [2**40]
        undone = await service.undo(actor="test")
        assert (undone.kind, undone.images) == ("decision", 2)
        assert (await service.checker.check(repair=False, purge=False, actor="test")).sound


async def test_ids_that_were_given_out_are_not_given_out_again(
    filled: Filled, settings: EngineSettings, destination: str
) -> None:
    async with filled() as service:
        await service.remove([6], actor="test")
        await service.checker.check(repair=False, purge=True, actor="test")
        last = (await service.status()).last_seq
    await migrate_library(settings, destination, no_progress)
    async with open_service(at(settings, destination)) as service:
        added = await service.add_bytes(MIRRORED, name="new.jpg", actor="test")
        assert added.id == 7
        assert (await service.status()).last_seq == last + 1
        await service.subscriptions.judge(MIRRORED, 1, right=True, subscriber="chat:1")


async def test_source_stays_as_it_was(filled: Filled, settings: EngineSettings, destination: str) -> None:
    async with filled():
        pass
    before = await contents(settings)
    library = settings.data_dir / "pictrace.db"
    digest = hashlib.sha256(library.read_bytes()).digest() if library.exists() else b""
    await migrate_library(settings, destination, no_progress)
    if digest:
        assert hashlib.sha256(library.read_bytes()).digest() == digest
    assert await contents(settings) == before


@pytest.mark.databases("sqlite")
async def test_round_trip_brings_back_the_same(
    filled: Filled, settings: EngineSettings, destination: str, tmp_path: Path
) -> None:
    async with filled() as service:
        await live_a_little(service)
    first = await migrate_library(settings, destination, no_progress)
    back = f"sqlite+aiosqlite:///{tmp_path}/back.db"
    again = await migrate_library(at(settings, destination), back, no_progress)
    assert [(one.table, one.rows, one.checksum) for one in again] == [
        (one.table, one.rows, one.checksum) for one in first
    ]


class BrokenOff(Exception):
    pass


@contextmanager
def broken_off_after(rows: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(migrating, "PORTION", 2)
    monkeypatch.setattr(migrating, "PORTION_OF_FEATURES", 2)

    def progress(done: int, total: int) -> None:
        if done > rows:
            raise BrokenOff

    yield progress


@pytest.mark.parametrize("rows", [7, 60])
async def test_run_that_was_broken_off_is_gone_on_with(
    filled: Filled, settings: EngineSettings, destination: str, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    async with filled():
        pass
    with broken_off_after(rows, monkeypatch) as progress, pytest.raises(BrokenOff):
        await migrate_library(settings, destination, progress)
    there = at(settings, destination)
    with pytest.raises(MigrationUnfinished, match="pictrace migrate --to"):
        await contents(there)
    async with open_service(settings) as service:  # meanwhile life goes on
        await service.edit(1, {"title": "Later"}, actor="test")
        await service.remove([6], actor="test")
        await service.checker.check(repair=False, purge=True, actor="test")
        await add_paths(service, SHIPPED / PHOTOGRAPHS[5])  # the same file under another id
    moved = await migrate_library(settings, destination, no_progress)
    assert sum(one.written for one in moved) < sum(one.rows for one in moved)
    source, target = await contents(settings), await contents(there)
    assert target.pop("settings") != source.pop("settings")
    assert target == source


async def test_run_that_was_broken_off_when_the_tables_were_made_is_gone_on_with(
    filled: Filled, settings: EngineSettings, destination: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with filled():
        pass
    there = at(settings, destination)
    migrate = Database.migrate

    async def migrate_and_break_off(self: Database, *args: Any, **how: Any) -> None:
        is_new = await self.revision() is None
        await migrate(self, *args, **how)
        if is_new:
            raise BrokenOff

    with monkeypatch.context() as patched:
        patched.setattr(Database, "migrate", migrate_and_break_off)
        with pytest.raises(BrokenOff):
            await migrate_library(settings, destination, no_progress)
    with pytest.raises(MigrationUnfinished):
        await contents(there)
    with pytest.raises(MigrationUnfinished):
        await migrate_library(there, f"sqlite+aiosqlite:///{tmp_path}/further.db", no_progress)
    with pytest.raises(MigrationUnfinished):
        await back_up(there, tmp_path / "half.tar", no_progress, with_secrets=False)
    await migrate_library(settings, destination, no_progress)
    assert (await contents(there))["images"] == (await contents(settings))["images"]


async def test_change_during_the_move_is_noticed_and_made_good(
    filled: Filled, settings: EngineSettings, destination: str
) -> None:
    async with filled() as service:
        passes = 0
        copy = Migration._copy

        async def copy_and_change(self: Migration, *args: Any) -> Any:
            nonlocal passes
            passes += 1
            sent = await copy(self, *args)
            if passes == 1:
                await service.add_bytes(MIRRORED, name="late.jpg", actor="test")
            if passes == 2:
                await service.admin_key.make()  # of which the feed says nothing
            return sent

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Migration, "_copy", copy_and_change)
            await migrate_library(settings, destination, no_progress)
        assert passes == 3
    async with open_service(at(settings, destination)) as service:
        assert (await service.search(MIRRORED)).matches[0].image.filename == "late.jpg"


@pytest.mark.databases("sqlite")
async def test_library_that_never_rests_is_said(
    filled: Filled, settings: EngineSettings, destination: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with filled() as service:
        copy = Migration._copy

        async def copy_and_change(self: Migration, *args: Any) -> Any:
            await service.admin_key.make()
            return await copy(self, *args)

        monkeypatch.setattr(Migration, "_copy", copy_and_change)
        with pytest.raises(MigrationUnfinished, match="changed all the time"):
            await migrate_library(settings, destination, no_progress)


@pytest.mark.databases("sqlite")
async def test_what_does_not_arrive_is_noticed(
    filled: Filled, settings: EngineSettings, destination: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with filled():
        pass
    put = Migration._put

    async def put_badly(self: Migration, table: Any, rows: Any, digests: Any) -> int:
        if table.name == "keypoints":
            rows = [row | {"aspect": row["aspect"] + 1e-15} for row in rows]
        return await put(self, table, rows, digests)

    with monkeypatch.context() as patched:
        patched.setattr(Migration, "_put", put_badly)
        with pytest.raises(MigrationFailed, match="keypoints"):
            await migrate_library(settings, destination, no_progress)
    moved = await migrate_library(settings, destination, no_progress)
    assert {one.table: one.written for one in moved if one.written} == {"keypoints": 6}


async def test_destination_that_is_not_empty_is_refused(
    filled: Filled, settings: EngineSettings, destination: str, tmp_path: Path
) -> None:
    async with filled():
        pass
    other = settings.model_copy(update={"data_dir": tmp_path / "other", "database_url": None})
    async with open_service(other) as service:
        await add_paths(service, SHIPPED / "rocket.jpg")
    with pytest.raises(MigrationRefused, match="of its own"):
        await migrate_library(settings, f"sqlite+aiosqlite:///{other.data_dir}/pictrace.db", no_progress)
    with pytest.raises(MigrationRefused, match="of its own"):  # the library itself
        await migrate_library(
            settings, settings.database_url or f"sqlite+aiosqlite:///{settings.data_dir}/pictrace.db", no_progress
        )


async def test_second_run_brings_what_came_after_the_first_until_the_destination_is_in_use(
    filled: Filled, settings: EngineSettings, destination: str
) -> None:
    async with filled() as service:
        await migrate_library(settings, destination, no_progress)
        assert (await service.add_bytes(MIRRORED, name="late.jpg", actor="test")).id == 7
        await service.remove([1], actor="test")
    moved = await migrate_library(settings, destination, no_progress)
    assert {one.table: one.written for one in moved}["images"] == 2
    async with open_service(at(settings, destination)) as service:
        assert (await service.status()).images == 6
        assert (await service.get(7)).filename == "late.jpg"
    with pytest.raises(MigrationRefused, match="in use"):
        await migrate_library(settings, destination, no_progress)


async def test_library_that_was_empty_at_the_first_run_goes_on(
    filled: Filled, settings: EngineSettings, destination: str
) -> None:
    async with open_service(settings):
        pass
    await migrate_library(settings, destination, no_progress)
    async with filled():
        pass
    await migrate_library(settings, destination, no_progress)
    async with open_service(at(settings, destination)) as service:
        assert (await service.status()).images == 6


@pytest.mark.databases("sqlite")
async def test_destination_that_is_opened_between_two_runs_is_left_alone(
    filled: Filled, settings: EngineSettings, destination: str, tmp_path: Path
) -> None:
    async with filled():
        pass
    await migrate_library(settings, destination, no_progress)
    other = settings.model_copy(update={"data_dir": tmp_path / "other", "database_url": None})
    async with open_service(other) as service:
        await add_paths(service, SHIPPED / "rocket.jpg")
    with pytest.raises(MigrationRefused, match="Another library"):
        await migrate_library(other, destination, no_progress)
    async with open_service(at(settings, destination), read_only=True):  # who only reads takes nothing into use
        pass
    assert await migrate_library(settings, destination, no_progress)
    async with open_service(at(settings, destination)):
        pass
    with pytest.raises(MigrationRefused, match="in use"):
        await migrate_library(settings, destination, no_progress)


@pytest.mark.databases("sqlite")
async def test_another_library_on_its_way_is_refused(
    filled: Filled, settings: EngineSettings, destination: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with filled():
        pass
    with broken_off_after(7, monkeypatch) as progress, pytest.raises(BrokenOff):
        await migrate_library(settings, destination, progress)
    other = settings.model_copy(update={"data_dir": tmp_path / "other", "database_url": None})
    async with open_service(other) as service:
        await add_paths(service, SHIPPED / "rocket.jpg")
    with pytest.raises(MigrationRefused, match="Another library"):
        await migrate_library(other, destination, no_progress)


@pytest.mark.databases("sqlite")
async def test_database_of_something_else_is_refused_untouched(
    filled: Filled, settings: EngineSettings, postgresql: PostgresServer
) -> None:
    async with filled():
        pass
    with postgresql.database(migrated=False) as url:
        postgresql.execute("CREATE TABLE shopping (item text)", postgresql.last)
        with pytest.raises(MigrationRefused, match="shopping"):
            await migrate_library(settings, url, no_progress)
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert [row["tablename"] for row in postgresql.execute(query, postgresql.last)] == ["shopping"]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("nonsense", "invalid_setting"),
        ("mysql://h/x", "invalid_setting"),
        ("sqlite+aiosqlite://", "invalid_setting"),
        ("sqlite+aiosqlite:////no/such/folder/x.db", "invalid_setting"),
        ("postgresql://127.0.0.1:1/x", "database_unreachable"),
    ],
)
async def test_destination_that_cannot_be_is_said(
    service: SearchService, settings: EngineSettings, to: str, code: str
) -> None:
    with pytest.raises(PicTraceError) as caught:
        await migrate_library(settings, to, no_progress)
    assert caught.value.code == code


@pytest.mark.databases("sqlite")
async def test_library_that_is_not_there_is_not_made(settings: EngineSettings, tmp_path: Path) -> None:
    with pytest.raises(MigrationRefused, match="There is no library"):
        await migrate_library(settings, f"sqlite+aiosqlite:///{tmp_path}/moved.db", no_progress)
    assert not settings.data_dir.exists()


@pytest.mark.databases("sqlite")
def test_command_killed_in_the_middle_goes_on_and_tells_what_to_set(
    pictrace: Command, postgresql: PostgresServer, data_dir: Path
) -> None:
    pictrace.json("add", "--json", *(SHIPPED / name for name in PHOTOGRAPHS))
    script = textwrap.dedent(
        """
        import os, signal, sys
        from engine.storage import migrating
        from shell import cli

        migrating.PORTION = migrating.PORTION_OF_FEATURES = 2
        put = migrating.Migration._put

        async def put_and_die(self, table, rows, digests):
            written = await put(self, table, rows, digests)
            if table.name == "hashes":
                os.kill(os.getpid(), signal.SIGKILL)
            return written

        migrating.Migration._put = put_and_die
        sys.argv = ["pictrace", "migrate", "--to", sys.argv[1]]
        cli.main()
        """
    )
    with postgresql.database(migrated=False) as url:
        killed = subprocess.run([sys.executable, "-c", script, url], env=pictrace.env, capture_output=True, timeout=120)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        half = pictrace("status", PICTRACE_DATABASE_URL=url)
        assert (half.returncode, "migration_unfinished" in half.stderr) == (1, True)
        done = pictrace("migrate", "--json", "--to", url)
        assert done.returncode == 0, done.stderr
        assert "PICTRACE_DATABASE_URL" in done.stderr
        *tables, last = [json.loads(line) for line in done.stdout.splitlines()]
        by_name = {one["table"]: one for one in tables}
        assert (by_name["images"]["rows"], by_name["images"]["written"]) == (6, 0)
        assert (by_name["hashes"]["rows"], by_name["hashes"]["written"]) == (6, 4)
        assert last == {"status": "complete", "tables": len(tables), "rows": sum(one["rows"] for one in tables)}
        (status,) = pictrace.json("status", "--json", PICTRACE_DATABASE_URL=url)
        assert (status["images"], status["last_seq"]) == (6, 6)
        assert pictrace("migrate", "--to", url).returncode == 2
    assert (data_dir / "pictrace.db").exists()
