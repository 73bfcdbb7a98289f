"""Opening a library: what is made and what is not, which network it has, and who waits for its server."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine import EngineSettings, bootstrap, open_service
from engine.bootstrap import copy_library_files, database_url, file_store, migrate_library
from engine.errors import (
    DatabaseUnreachable,
    DataDirNotWritable,
    InvalidSetting,
    LibraryDamaged,
    MigrationRefused,
    NetworkMismatch,
    TooFewPictures,
    UnknownNetwork,
)
from engine.features.networks import DEFAULT_NETWORK
from engine.storage.copying import CopyReport
from engine.storage.database import Database

OTHER_NETWORK = "efficientnet-lite0"
assert OTHER_NETWORK != DEFAULT_NETWORK


def no_progress(done: int, total: int) -> None:
    raise AssertionError("there is nothing to copy")


async def network_of(settings: EngineSettings) -> str:
    async with open_service(settings) as service:
        return (await service.status()).network.name


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[Database]:
    """The databases that were closed."""
    found: list[Database] = []
    close = Database.close

    async def noted(database: Database) -> None:
        found.append(database)
        await close(database)

    monkeypatch.setattr(Database, "close", noted)
    return found


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    """Whatever becomes of the opening, its threads end."""

    def computing() -> set[str]:
        return {one.name for one in threading.enumerate() if re.match("cpu|beside", one.name)}

    before = computing()
    yield
    assert computing() == before


# --- where things are


def test_database_is_in_the_data_folder_unless_the_settings_say_another(settings: EngineSettings) -> None:
    url = database_url(settings)
    assert (url.drivername, url.database) == ("sqlite+aiosqlite", str(settings.data_dir / "pictrace.db"))
    other = database_url(settings.model_copy(update={"database_url": "postgresql+asyncpg://ada:x%40y@host/pictures"}))
    assert (other.drivername, other.host, other.password, other.database) == (
        "postgresql+asyncpg", "host", "x@y", "pictures",
    )  # fmt: skip


def test_files_are_in_the_data_folder_unless_the_settings_say_another(settings: EngineSettings) -> None:
    assert file_store(settings).place == str(settings.data_dir)


# --- a new library


@pytest.mark.usefixtures("no_threads_left")
async def test_new_library_is_made_with_its_folder_and_closed_at_the_end(
    settings: EngineSettings, closed: list[Database], tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"data_dir": tmp_path / "some" / "where"})
    async with open_service(settings) as service:
        assert (settings.data_dir / "pictrace.db").is_file()
        assert not service.database.read_only
        assert closed == []
    assert closed == [service.database]
    assert not (settings.data_dir / ".writable").exists()


async def test_new_library_has_the_default_network_or_the_one_that_is_wanted(
    settings: EngineSettings, tmp_path: Path
) -> None:
    assert await network_of(settings) == DEFAULT_NETWORK
    other = settings.model_copy(update={"data_dir": tmp_path / "other", "network": OTHER_NETWORK})
    assert await network_of(other) == OTHER_NETWORK


@pytest.mark.usefixtures("no_threads_left")
async def test_existing_library_keeps_its_network_and_another_is_refused(
    settings: EngineSettings, closed: list[Database]
) -> None:
    wanting = settings.model_copy(update={"network": OTHER_NETWORK})
    assert await network_of(wanting) == OTHER_NETWORK
    assert await network_of(settings) == OTHER_NETWORK  # nothing is wanted
    closed.clear()
    with pytest.raises(NetworkMismatch, match=f"networks use {DEFAULT_NETWORK}"):
        await network_of(settings.model_copy(update={"network": DEFAULT_NETWORK}))
    assert len(closed) == 1
    assert await network_of(wanting) == OTHER_NETWORK


async def test_unknown_network_is_no_networks_library(settings: EngineSettings) -> None:
    with pytest.raises(UnknownNetwork, match="vgg16"):
        await network_of(settings.model_copy(update={"network": "vgg16"}))
    assert await network_of(settings.model_copy(update={"network": OTHER_NETWORK})) == OTHER_NETWORK


async def test_database_that_is_gone_from_beside_its_pictures_is_not_made_anew(settings: EngineSettings) -> None:
    picture = settings.data_dir / "originals" / "ab" / f"{'ab' * 32}.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"a picture")
    with pytest.raises(LibraryDamaged, match=str(settings.data_dir)):
        await network_of(settings)
    assert picture.read_bytes() == b"a picture"


# --- only to be read


@pytest.mark.usefixtures("no_threads_left")
async def test_nothing_is_made_where_there_is_only_something_to_be_read(settings: EngineSettings) -> None:
    with pytest.raises(TooFewPictures):
        async with open_service(settings, read_only=True):
            pass
    assert not settings.data_dir.exists()


async def test_library_that_is_only_read_refuses_changes_and_stays_as_it_is(settings: EngineSettings) -> None:
    await network_of(settings)
    before = {path: path.read_bytes() for path in settings.data_dir.rglob("*") if path.is_file()}
    async with open_service(settings, read_only=True) as service:
        assert service.database.read_only
        with pytest.raises(DataDirNotWritable):
            await service.admin_key.make()
        assert (await service.status()).images == 0
    assert {path: path.read_bytes() for path in settings.data_dir.rglob("*") if path.is_file()} == before


async def test_what_was_removed_is_purged_only_by_those_who_may_change_something(
    settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied: list[int] = []

    async def tidy(repository: Any, undo_days: int, behind: int | None) -> None:
        tidied.append(undo_days)

    monkeypatch.setattr(bootstrap, "tidy", tidy)
    for options, expected in (({}, [30]), ({"tidying": False}, []), ({"read_only": True}, [])):
        tidied.clear()
        async with open_service(settings, **options):
            pass
        assert tidied == expected


# --- a server that is not there yet


class Server:
    """A database server that can be reached at the so-manyth try; time passes only while somebody waits for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, down_for: int) -> None:
        self.tries, self.now_s = 0, 0.0
        self.pauses_s: list[float] = []
        migrate = Database.migrate

        async def reached(database: Database, *arguments: Any, **options: Any) -> None:
            self.tries += 1
            if self.tries <= down_for:
                raise DatabaseUnreachable("The server does not answer.")
            await migrate(database, *arguments, **options)

        async def sleep(seconds: float) -> None:
            self.pauses_s.append(seconds)
            self.now_s += seconds

        monkeypatch.setattr(Database, "migrate", reached)
        monkeypatch.setattr(bootstrap, "asyncio", SimpleNamespace(sleep=sleep))
        monkeypatch.setattr(bootstrap, "time", SimpleNamespace(monotonic=lambda: self.now_s))


async def test_server_that_is_still_starting_is_waited_for_longer_and_longer(
    settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(monkeypatch, down_for=7)
    async with open_service(settings, patience_s=60) as service:
        assert (await service.status()).images == 0
    assert server.pauses_s == [0.5, 1, 2, 4, 8, 8, 8]
    assert server.tries == 8


@pytest.mark.usefixtures("no_threads_left")
@pytest.mark.parametrize(("patience_s", "pauses_s"), [(0, []), (0.25, [0.25]), (5, [0.5, 1, 2, 1.5])])
async def test_patience_has_an_end(
    settings: EngineSettings,
    closed: list[Database],
    monkeypatch: pytest.MonkeyPatch,
    patience_s: float,
    pauses_s: list[float],
) -> None:
    server = Server(monkeypatch, down_for=1000)
    with pytest.raises(DatabaseUnreachable, match="does not answer"):
        async with open_service(settings, patience_s=patience_s):
            pass
    assert server.pauses_s == pytest.approx(pauses_s)
    assert server.tries == len(pauses_s) + 1
    assert len(closed) == 1


@pytest.mark.usefixtures("no_threads_left")
async def test_other_errors_are_not_waited_for(settings: EngineSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(monkeypatch, down_for=0)
    settings.data_dir.mkdir()
    (settings.data_dir / "pictrace.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(LibraryDamaged):
        async with open_service(settings, patience_s=60):
            pass
    assert (server.tries, server.pauses_s) == (1, [])


@pytest.mark.usefixtures("no_threads_left")
async def test_error_of_whoever_uses_a_library_closes_it_and_goes_on(
    settings: EngineSettings, closed: list[Database]
) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with open_service(settings):
            raise KeyError("mine")
    assert len(closed) == 1


# --- moving


async def test_files_of_a_library_are_not_copied_onto_themselves(settings: EngineSettings) -> None:
    with pytest.raises(MigrationRefused, match="already"):
        await copy_library_files(settings, str(settings.data_dir), no_progress)


async def test_folder_for_the_files_is_made_where_it_is_missing(settings: EngineSettings, tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder"
    assert await copy_library_files(settings, str(target), no_progress) == CopyReport(0, 0, ())
    assert target.is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(DataDirNotWritable):
        await copy_library_files(settings, str(tmp_path / "file"), no_progress)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("nonsense", "--to: This is no database URL"),
        ("sqlite+aiosqlite://", "--to: SQLite needs a file"),
        ("sqlite+aiosqlite:////no/such/folder/pictrace.db", "--to: there is no folder /no/such/folder"),
    ],
)
async def test_place_that_no_library_can_move_to_is_said(settings: EngineSettings, to: str, said: str) -> None:
    await network_of(settings)
    with pytest.raises(InvalidSetting, match=said):
        await migrate_library(settings, to, no_progress)
