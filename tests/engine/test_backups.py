"""Backup and restore: the whole library in one file, from and to every kind of database and place of files."""

import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from engine import EngineSettings, PicTraceError, backups, open_service
from engine.backups import back_up, restore
from engine.bootstrap import database_of, migrate_library
from engine.errors import BackupDamaged, BackupRefused, LibraryTooNew, MigrationRefused
from engine.storage import copying
from engine.storage.backup_file import CONFIGURATION, BackupFile
from tests.conftest import PHOTOGRAPHS, SHIPPED, Command, Filled, jpeg, original_of, photograph
from tests.engine.storage.test_migrating import at, contents, destination, live_a_little
from tests.engine.test_older_libraries import FIXTURE, GAVE, NEVER
from tests.engine.test_read_only import ToBeRead, to_be_read
from tests.object_store import Bucket

__all__ = ["destination", "to_be_read"]


def no_progress(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar"


@pytest.fixture
def elsewhere(settings: EngineSettings, tmp_path: Path) -> EngineSettings:
    """Settings of a library that is not there yet."""
    return settings.model_copy(update={"data_dir": tmp_path / "elsewhere", "database_url": None})


def names(folder: Path, pattern: str) -> list[str]:
    return [path.name for path in folder.glob(pattern)]


def content_of(path: str) -> str:
    return Path(path).read_text()


def flip_a_bit(file: Path) -> None:
    """Of an original in a backup."""
    content = bytearray(file.read_bytes())
    content[content.index(b"IHDR") + 100] ^= 1
    file.write_bytes(content)


async def is_whole(settings: EngineSettings) -> bool:
    async with open_service(settings) as service:
        return (await service.checker.check(repair=False, purge=False, actor="test")).sound


@pytest.mark.databases("sqlite", "postgresql")
async def test_all_of_a_library_comes_back_in_another_kind_of_database_and_a_bucket(
    filled: Filled, settings: EngineSettings, destination: str, file: Path, bucket: Bucket, tmp_path: Path
) -> None:
    async with filled() as service:
        await live_a_little(service)
        identity = await service.repository.settings.identity()
    saved = await back_up(settings, file, no_progress, with_secrets=True)
    changes = {"data_dir": tmp_path / "elsewhere", "files_url": bucket.url}
    there = at(settings, destination).model_copy(update=changes)
    restored = await restore(there, file, no_progress)
    assert (restored.pictures, restored.files.copied) == (saved.pictures, saved.files.copied)
    source, target = await contents(settings), await contents(there)
    # It has the marker, and where its files are; its own mark is not made yet.
    assert target.pop("settings") == [source.pop("settings")[0] + 1]
    assert target == source
    async with open_service(there) as service:
        assert await service.repository.settings.identity() != identity
        match = (await service.search(jpeg(photograph("astronaut.png")[:, ::-1]))).matches[0]
        assert (match.image.title, match.lane) == ("Космос 🚀", "same")
        assert await service.originals.file(match.image) == (SHIPPED / "astronaut.png").read_bytes()
        assert (await service.undo(actor="test")).kind == "decision"
        assert (await service.checker.check(repair=False, purge=False, actor="test")).sound
    assert names(tmp_path, "backup.tar*") == ["backup.tar"]
    assert names(tmp_path / "elsewhere", ".restoring*") == []


async def test_library_that_is_changed_meanwhile_is_saved_as_it_was_at_one_moment(
    filled: Filled, settings: EngineSettings, elsewhere: EngineSettings, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with filled() as service:
        copy = copying.copy_files

        async def copy_and_change(*args: Any, **how: Any) -> copying.CopyReport:
            new = np.ascontiguousarray(photograph("coffee.png")[::-1, :200])
            await service.add_bytes(jpeg(new), name="late.jpg", actor="test")
            await service.remove([1], actor="test")
            return await copy(*args, **how)

        monkeypatch.setattr(backups, "copy_files", copy_and_change)
        await back_up(settings, file, no_progress, with_secrets=False)
        assert (await service.status()).images == len(PHOTOGRAPHS)
    monkeypatch.undo()
    assert (await restore(elsewhere, file, no_progress)).pictures == len(PHOTOGRAPHS)
    async with open_service(elsewhere) as service:
        assert sorted(one.filename for one in (await service.page()).images) == sorted(PHOTOGRAPHS)
    assert await is_whole(elsewhere)


async def test_run_that_was_broken_off_is_gone_on_with(
    filled: Filled,
    settings: EngineSettings,
    elsewhere: EngineSettings,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(copying, "AT_ONCE", 4)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    async with filled():
        pass
    with pytest.raises(KeyboardInterrupt):
        await back_up(settings, file, interrupt, with_secrets=False)
    assert names(tmp_path, "backup.tar*") == ["backup.tar.part"]
    saved = await back_up(settings, file, no_progress, with_secrets=False)
    assert (saved.files.there, saved.files.copied) == (4, 8)
    with pytest.raises(KeyboardInterrupt):
        await restore(elsewhere, file, interrupt)
    with pytest.raises(PicTraceError, match=r"pictrace restore.*goes on"):
        async with open_service(elsewhere):
            pass
    restored = await restore(elsewhere, file, no_progress)
    assert (restored.files.there, restored.files.copied) == (4, 8)
    assert await is_whole(elsewhere)


async def test_what_is_damaged_or_lost_in_the_library_is_told_and_the_rest_saved(
    filled: Filled, settings: EngineSettings, file: Path
) -> None:
    async with filled() as service:
        damaged, lost = [original_of(service, await service.get(image_id)) for image_id in (1, 2)]
    damaged.write_bytes(b"other bytes")
    lost.unlink()
    saved = await back_up(settings, file, no_progress, with_secrets=False)
    assert [key.rpartition("/")[2] for key in saved.files.damaged] == [damaged.name]
    assert (saved.lost, saved.pictures) == (2, len(PHOTOGRAPHS))


async def test_damaged_backup_restores_nothing_that_could_be_opened(
    filled: Filled, settings: EngineSettings, elsewhere: EngineSettings, file: Path
) -> None:
    async with filled():
        pass
    await back_up(settings, file, no_progress, with_secrets=False)
    flip_a_bit(file)
    with pytest.raises(BackupDamaged, match=r"originals/.*not as it was written"):
        await restore(elsewhere, file, no_progress)
    with pytest.raises(PicTraceError, match="on its way"):
        async with open_service(elsewhere):
            pass
    flip_a_bit(file)  # back: fetched again, say
    await restore(elsewhere, file, no_progress)
    assert await is_whole(elsewhere)


async def test_nothing_that_is_there_is_written_over(filled: Filled, settings: EngineSettings, file: Path) -> None:
    async with filled():
        pass
    await back_up(settings, file, no_progress, with_secrets=False)
    before = await contents(settings)
    with pytest.raises(MigrationRefused, match=r"not empty.* set PICTRACE_DATA_DIR to another folder"):
        await restore(settings, file, no_progress)
    with pytest.raises(BackupRefused, match="Give another name"):
        await back_up(settings, file, no_progress, with_secrets=False)
    with pytest.raises(BackupRefused, match=r"away.*cannot be written: No such file or directory\. Give another name"):
        await back_up(settings, file.parent / "away" / "library.tar", no_progress, with_secrets=False)
    assert await contents(settings) == before


async def test_library_that_is_not_there_is_not_made(settings: EngineSettings, file: Path) -> None:
    with pytest.raises(MigrationRefused, match="no library"):
        await back_up(settings, file, no_progress, with_secrets=False)
    assert not settings.data_dir.exists()
    assert names(file.parent, "backup.tar*") == []


async def test_library_of_an_older_version_stays_one_and_comes_back(
    settings: EngineSettings, elsewhere: EngineSettings, file: Path
) -> None:
    shutil.copytree(FIXTURE, settings.data_dir, ignore=shutil.ignore_patterns("queries", "answers.json"))
    saved = await back_up(settings, file, no_progress, with_secrets=False)
    assert saved.pictures == len(GAVE[FIXTURE]["library"])
    source = database_of(settings)
    assert await source.revision() == "0005"  # an older PicTrace still opens it
    await source.close()
    assert (await restore(elsewhere, file, no_progress)).pictures == saved.pictures
    async with open_service(elsewhere.model_copy(update={"undo_days": NEVER})) as service:
        titles = [one.title for one in (await service.page(limit=50)).images]
        assert titles == [one["title"] for one in GAVE[FIXTURE]["library"]]


@pytest.mark.parametrize("is_of_an_older_version", [False, True])
async def test_library_on_a_disk_that_can_only_be_read_is_saved(
    filled: Filled,
    settings: EngineSettings,
    elsewhere: EngineSettings,
    file: Path,
    to_be_read: ToBeRead,
    monkeypatch: pytest.MonkeyPatch,
    is_of_an_older_version: bool,
) -> None:
    monkeypatch.setattr(copying, "AT_ONCE", 4)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    if is_of_an_older_version:
        shutil.copytree(FIXTURE, settings.data_dir, ignore=shutil.ignore_patterns("queries", "answers.json"))
    else:
        async with filled():
            pass
    to_be_read(settings.data_dir, settings.data_dir)
    with pytest.raises(KeyboardInterrupt):
        await back_up(settings, file, interrupt, with_secrets=False)
    saved = await back_up(settings, file, no_progress, with_secrets=False)
    assert (saved.files.there, saved.lost, saved.files.damaged) == (4, 0, ())
    assert names(file.parent, "backup.tar*") == ["backup.tar"]
    assert (await restore(elsewhere, file, no_progress)).pictures == saved.pictures > 0
    assert await is_whole(elsewhere)


async def test_library_on_a_disk_that_can_only_be_read_moves_as_it_is(
    filled: Filled, settings: EngineSettings, tmp_path: Path, to_be_read: ToBeRead
) -> None:
    async with filled() as service:
        before = (await service.status()).images
    to_be_read(settings.data_dir, settings.data_dir)
    there = f"sqlite+aiosqlite:///{tmp_path}/moved.db"
    assert await migrate_library(settings, there, no_progress)
    async with open_service(settings.model_copy(update={"database_url": there})) as service:
        assert (await service.status()).images == before > 0


async def test_library_of_a_newer_version_is_refused(filled: Filled, settings: EngineSettings, file: Path) -> None:
    async with filled() as service, service.database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LibraryTooNew):
        await back_up(settings, file, no_progress, with_secrets=False)
    assert names(file.parent, "backup.tar") == []


@pytest.mark.parametrize("with_secrets", [True, False])
async def test_keys_are_saved_only_where_that_was_asked_for(
    filled: Filled,
    settings: EngineSettings,
    elsewhere: EngineSettings,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    with_secrets: bool,
) -> None:
    monkeypatch.setenv("PICTRACE_TELEGRAM_TOKEN", "123:it's secret")
    monkeypatch.setenv("PICTRACE_DATABASE_URL", "postgresql://me:hidden@db/pictrace")
    monkeypatch.setenv("PICTRACE_FILES_URL", "s3://pictures")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden too")
    monkeypatch.setenv("PICTRACE_UNDO_DAYS", "7")
    async with filled() as service:
        key = await service.admin_key.make()
    await back_up(settings, file, no_progress, with_secrets=with_secrets)
    with BackupFile.open(file) as backup:
        configuration = backup.read_now(CONFIGURATION).decode()
    assert "PICTRACE_UNDO_DAYS='7'\n" in configuration
    for secret in ("it\\'s secret", "hidden@", "hidden too"):
        assert (secret in configuration) == with_secrets
    assert "postgresql://me" in configuration or "postgresql+asyncpg://me" in configuration
    restored = await restore(elsewhere, file, no_progress)
    assert content_of(restored.restored_settings or "") == configuration
    async with open_service(elsewhere) as service:
        assert await service.admin_key.fits(key) == with_secrets


async def test_library_without_settings_leaves_no_file_of_them(
    filled: Filled, settings: EngineSettings, file: Path, elsewhere: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.backups.configuration", lambda *, with_secrets: {})
    async with filled():
        pass
    await back_up(settings, file, no_progress, with_secrets=False)
    assert (await restore(elsewhere, file, no_progress)).restored_settings is None
    assert names(elsewhere.data_dir, "*.env") == []


def killed(pictrace: Command, script: str, *arguments: object, **env: str) -> None:
    """Run a command after a script that has it killed."""
    run = 'import sys\nfrom shell import cli\nsys.argv = ["pictrace", *sys.argv[1:]]\ncli.main()\n'
    argv = [sys.executable, "-c", textwrap.dedent(script) + run, *map(str, arguments)]
    done = subprocess.run(argv, env=pictrace.env | env, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_commands_killed_in_the_middle_go_on(pictrace: Command, file: Path, tmp_path: Path) -> None:
    pictrace.json("add", "--json", *(SHIPPED / name for name in PHOTOGRAPHS))
    script = """
        import os, signal
        from engine.storage import copying

        copying.AT_ONCE = 4
        lacking = copying._lacking
        calls = []

        async def lacking_and_die(*args):
            calls.append(1)
            if len(calls) > 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return await lacking(*args)

        copying._lacking = lacking_and_die
        """
    there = {"PICTRACE_DATA_DIR": str(tmp_path / "elsewhere")}
    killed(pictrace, script, "backup", file)
    assert not file.exists()
    (saved,) = pictrace.json("backup", "--json", file)
    assert (saved["pictures"], saved["files"]["there"] >= 4) == (6, True)
    killed(pictrace, script, "restore", file, **there)
    assert "migration_unfinished" in pictrace("status", **there).stderr
    done = pictrace("restore", file, **there)
    assert "6 pictures restored" in done.stdout, done.stderr
    assert "admin-key --new" in done.stderr
    assert "sound" in pictrace("check", **there).stdout
    assert pictrace("restore", file, **there).returncode == 2


KILLED_AFTER = {
    "making the tables": """
        migrate = Database.migrate
        async def migrate_and_die(self, *args, **how):
            await migrate(self, *args, **how)
            if not self.name.endswith(".restoring.db"):
                os.kill(os.getpid(), signal.SIGKILL)
        Database.migrate = migrate_and_die
        """,
    "making the tables, but before that was committed": """
        upgrade = database._upgrade
        def upgrade_and_die(*args):
            upgrade(*args)
            os.kill(os.getpid(), signal.SIGKILL)
        database._upgrade = upgrade_and_die
        """,
    "unpacking the database": """
        extract = BackupFile.extract
        def extract_and_die(*args):
            extract(*args)
            os.kill(os.getpid(), signal.SIGKILL)
        BackupFile.extract = extract_and_die
        """,
}


@pytest.mark.parametrize("moment", KILLED_AFTER)
def test_restore_killed_at_its_beginning_leaves_nothing_that_could_be_opened(
    pictrace: Command, file: Path, tmp_path: Path, moment: str
) -> None:
    pictrace.json("add", "--json", *(SHIPPED / name for name in PHOTOGRAPHS[:2]))
    pictrace.json("backup", "--json", file)
    begin = """
        import os, signal
        from engine.storage import database
        from engine.storage.backup_file import BackupFile
        from engine.storage.database import Database
        """
    there = {"PICTRACE_DATA_DIR": str(tmp_path / "elsewhere")}
    killed(pictrace, begin + KILLED_AFTER[moment], "restore", file, **there)
    for look in (["status"], ["bench"]):  # the one makes a library where there is none, the other does not
        assert "(migration_unfinished)" in " ".join(pictrace(*look, **there).stderr.split()), look
    assert pictrace("backup", tmp_path / "half.tar", **there).returncode
    (restored,) = pictrace.json("restore", "--json", file, **there)
    assert restored["pictures"] == 2
    assert "sound" in pictrace("check", **there).stdout
