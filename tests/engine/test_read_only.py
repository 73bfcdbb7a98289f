"""A library whose folder cannot be written is searched like any other, and nobody can change it."""

import errno
import logging
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from engine import EngineSettings, SearchService, bootstrap, open_service
from engine.errors import DataDirNotWritable, DiskFull, TooFewPictures
from engine.storage import database
from tests.conftest import PHOTOGRAPHS, Filled, add_photographs, jpeg, photograph

QUERY = ["coffee.png", "chelsea.png"]

ToBeRead = Callable[[Path, Path], None]


@pytest.fixture
def to_be_read() -> Iterator[ToBeRead]:
    """Mounts a folder at another place, or at its own, so that it can only be read there; skips where nobody may."""
    mounted: list[Path] = []

    def mount(folder: Path, place: Path) -> None:
        done = subprocess.run(["mount", "--bind", folder, place], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"nobody may mount here: {done.stderr.strip()}")
        mounted.append(place)
        subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
        with pytest.raises(OSError, match="Read-only"):
            (place / "probe").touch()

    yield mount
    for place in mounted:
        subprocess.run(["umount", place], check=True)


def pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a folder that can be written after all: what PicTrace asks the system about it."""

    def refused(folder: Path) -> None:
        raise database.from_os_error(OSError(errno.EROFS, "Read-only file system"), folder) from OSError(
            errno.EROFS, "Read-only file system"
        )

    monkeypatch.setattr(bootstrap, "make_data_dir", refused)
    monkeypatch.setattr(database, "can_be_written", lambda folder: False)


async def works_but_changes_nothing(settings: EngineSettings, caplog: pytest.LogCaptureFixture) -> None:
    before = {path: path.stat().st_mtime_ns for path in settings.data_dir.rglob("*")}
    with caplog.at_level(logging.WARNING):
        async with open_service(settings) as service:
            assert service.database.read_only
            for name in QUERY:
                best = (await service.search(jpeg(photograph(name)[40:, 30:]))).matches[0]
                assert (best.image.filename, best.lane) == (name, "same")
                assert ((await service.explain(jpeg(photograph(name)), best.image.id)).picture).startswith(b"\xff\xd8")
            await service.duplicates.compare()
            await service.duplicates.groups()
            assert (await service.status()).images == len(PHOTOGRAPHS)
            assert (await service.level()).pictures == len(PHOTOGRAPHS)
            assert (await service.checker.check(repair=False, purge=False, deep=True, actor="test")).sound
            await no_change_is_possible(service)
    said = [record.getMessage() for record in caplog.records if "cannot be written" in record.getMessage()]
    assert len(said) == 1
    assert str(settings.data_dir) in said[0]
    assert {path: path.stat().st_mtime_ns for path in settings.data_dir.rglob("*")} == before


async def no_change_is_possible(service: SearchService) -> None:
    new = jpeg(photograph("rocket.jpg")[:200, :300])
    for change in (
        lambda: service.add_bytes(new, name="new.jpg", actor="test"),
        lambda: service.remove([1], actor="test"),
        lambda: service.edit(1, {"title": "new"}, actor="test"),
        lambda: service.undo(actor="test"),
        lambda: service.admin_key.make(),
        lambda: service.checker.check(repair=True, purge=False, actor="test"),
    ):
        with pytest.raises(DataDirNotWritable):
            await change()


async def test_library_on_a_disk_that_can_only_be_read(
    filled: Filled, settings: EngineSettings, to_be_read: ToBeRead, caplog: pytest.LogCaptureFixture
) -> None:
    async with filled() as service:
        await service.duplicates.compare()
    to_be_read(settings.data_dir, settings.data_dir)
    assert not database.can_be_written(settings.data_dir)
    await works_but_changes_nothing(settings, caplog)


async def test_library_in_a_folder_that_seems_to_be_read_only(
    filled: Filled, settings: EngineSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Like the one above, where nobody may mount: SQLite's file is really opened without any file beside it."""
    async with filled() as service:
        await service.duplicates.compare()
    pretend(monkeypatch)
    await works_but_changes_nothing(settings, caplog)
    assert not list(settings.data_dir.glob("pictrace.db-*"))


async def test_library_on_a_full_disk_is_read_by_who_changes_nothing(
    filled: Filled, settings: EngineSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Really full: `test_full_disk_is_said_and_harms_nothing`."""
    async with filled():
        pass

    def refused(folder: Path) -> None:
        full = OSError(errno.ENOSPC, "No space left on device")
        raise database.from_os_error(full, folder) from full

    monkeypatch.setattr(bootstrap, "make_data_dir", refused)
    with pytest.raises(DiskFull):
        async with open_service(settings):
            pass
    async with open_service(settings, tidying=False) as service:
        assert (await service.search(jpeg(photograph(QUERY[0])))).matches[0].lane == "same"
        await no_change_is_possible(service)
    assert "cannot be written (No space left on device)" in caplog.text


async def test_changes_that_only_stand_in_the_log_are_not_passed_over(
    settings: EngineSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a copy of a library that was made while it was in use, without the file in shared memory."""
    copy = tmp_path / "copy"
    async with open_service(settings) as service:
        await add_photographs(service)
        assert (settings.data_dir / "pictrace.db-wal").stat().st_size
        shutil.copytree(settings.data_dir, copy, ignore=shutil.ignore_patterns("*-shm"))
    copied = settings.model_copy(update={"data_dir": copy})
    with monkeypatch.context() as patch:
        pretend(patch)
        with pytest.raises(DataDirNotWritable, match=r"stand only in pictrace\.db-wal\. Open the library once"):
            async with open_service(copied):
                pass
    async with open_service(copied) as service:  # which brings it all into the file
        assert (await service.status()).images == len(PHOTOGRAPHS)
    pretend(monkeypatch)
    async with open_service(copied) as service:
        assert (await service.status()).images == len(PHOTOGRAPHS)


async def test_log_of_a_library_in_use_elsewhere_is_read(
    settings: EngineSettings, to_be_read: ToBeRead, tmp_path: Path
) -> None:
    """As in a container that has the folder of a running service mounted to be read."""
    seen = tmp_path / "seen"
    seen.mkdir()
    async with open_service(settings) as service:
        await add_photographs(service)
        to_be_read(settings.data_dir, seen)
        async with open_service(settings.model_copy(update={"data_dir": seen})) as reader:
            assert (await reader.status()).images == len(PHOTOGRAPHS)
            await service.remove([1], actor="test")
            assert (await reader.status()).images == len(PHOTOGRAPHS) - 1


async def test_changes_after_an_empty_log_are_seen(
    settings: EngineSettings, to_be_read: ToBeRead, tmp_path: Path
) -> None:
    """Whoever writes has just emptied the log into the database."""
    seen = tmp_path / "seen"
    seen.mkdir()
    async with open_service(settings) as service:
        await add_photographs(service)
        async with service.database.read() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        assert (settings.data_dir / "pictrace.db-wal").stat().st_size == 0
        to_be_read(settings.data_dir, seen)
        async with open_service(settings.model_copy(update={"data_dir": seen})) as reader:
            assert (await reader.status()).images == len(PHOTOGRAPHS)
            await service.remove([1], actor="test")
            assert (await reader.status()).images == len(PHOTOGRAPHS) - 1


async def test_folder_that_cannot_be_written_and_holds_no_library_is_an_error(
    settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.data_dir.mkdir()
    with monkeypatch.context() as patch:
        pretend(patch)
        with pytest.raises(DataDirNotWritable, match="PICTRACE_DATA_DIR chooses another"):
            async with open_service(settings):
                pass
    sqlite3.connect(settings.data_dir / "pictrace.db").close()  # an empty file
    pretend(monkeypatch)
    with pytest.raises((TooFewPictures, DataDirNotWritable)):
        async with open_service(settings):
            pass


async def test_name_of_the_folder_may_hold_any_character(
    filled: Filled, settings: EngineSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with filled():
        pass
    odd = tmp_path / "100% of #1? ümläut & more"
    shutil.copytree(settings.data_dir, odd)
    pretend(monkeypatch)
    async with open_service(settings.model_copy(update={"data_dir": odd})) as service:
        assert (await service.status()).images == len(PHOTOGRAPHS)


@pytest.mark.databases("postgresql")
async def test_library_on_a_server_beside_a_folder_that_cannot_be_written(
    filled: Filled, settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with filled():
        pass
    pretend(monkeypatch)
    async with open_service(settings) as service:
        assert (await service.search(jpeg(photograph("coffee.png")))).matches[0].image.filename == "coffee.png"
        await no_change_is_possible(service)
