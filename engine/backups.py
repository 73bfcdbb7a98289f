"""Backup and restore: a whole library in one file, whichever database and place of files it is in."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import URL, delete, select

from engine.bootstrap import RESTORING, database_of, database_url, file_store, make_data_dir
from engine.concurrency import CpuPool
from engine.domain import Progress
from engine.errors import BackupDamaged, BackupRefused, MigrationRefused
from engine.library import admin_key
from engine.settings import EngineSettings, configuration
from engine.storage.backup_file import CONFIGURATION, DATABASE, BackupFile
from engine.storage.copying import CopyReport, copy_files
from engine.storage.database import Database
from engine.storage.files import ORIGINALS, FileStore
from engine.storage.library_settings import IDENTITY
from engine.storage.migrating import Migration, begin_at, require_whole
from engine.storage.repository import Repository
from engine.storage.tables import images
from engine.storage.tables import settings as settings_table

PARTIAL = ".part"  # behind the name of a backup that is not finished
RESTORED_SETTINGS = "restored-settings.env"


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds, or has given back: numbers of pictures and files.

    `files.damaged`: what is not as it was when it was added, and was left out. `lost`: pictures that have no original
    in it. `restored_settings`: where the settings of a restored backup were put, to be looked at;
    None where it ran with none.
    """

    file: str
    pictures: int
    files: CopyReport
    with_secrets: bool
    lost: int = 0
    restored_settings: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As the shell writes it."""
        return asdict(self)


async def back_up(settings: EngineSettings, file: Path, progress: Progress, *, with_secrets: bool) -> BackupReport:
    """Save a library with all its pictures in one file, while it serves; broken off, the next run goes on.

    The library is as it was at one moment of it; it is only read, so that one of an older PicTrace stays one, and one
    on a disk that can only be read is saved too.
    `with_secrets`: keys, tokens and passwords of the settings too, and the hash of the admin key. BackupRefused,
    BackupDamaged, MigrationRefused where there is no library, DiskFull, and what storage raises.
    """
    if await asyncio.to_thread(file.exists):
        raise BackupRefused(f"There is a file {file} already; nothing was changed. Give another name.")
    partial = file.with_name(file.name + PARTIAL)
    snapshot = file.with_name(file.name + PARTIAL + ".db")
    source = database_of(settings, read_only=True)
    try:
        with CpuPool(1) as pool, BackupFile.begin(partial) as backup:
            revision = await source.revision()
            if revision is None:
                raise MigrationRefused(f"There is no library in {source.name}.")
            await require_whole(source)  # or half of one that is on its way there would be saved as a whole one
            files = file_store(settings)
            await files.files.reach()
            manifest, known = await _snapshot(source, snapshot, revision, files, pool, with_secrets=with_secrets)
            report = await copy_files(files, FileStore(backup), progress, only=known)
            lost = len(known - await _having_originals(backup))
            backup.append_file(DATABASE, snapshot)
            backup.append(CONFIGURATION, _as_env(configuration(with_secrets=with_secrets)))
            backup.finish({**manifest, "files": report.copied + report.there, "with_secrets": with_secrets})
        partial.replace(file)
    finally:
        await source.close()
        _delete_database(snapshot)
    return BackupReport(str(file), manifest["pictures"], report, with_secrets, lost)


async def restore(settings: EngineSettings, file: Path, progress: Progress) -> BackupReport:
    """Bring a library back from a backup to where these settings have it, which must be empty; broken off, go on.

    It is another library from then on: its index is its own, beside that of the library that was saved. BackupDamaged,
    MigrationRefused where something is there already, and what storage raises.
    """
    with CpuPool(1) as pool, BackupFile.open(file) as backup:
        manifest = backup.manifest()
        files = file_store(settings)
        await files.files.reach()
        make_data_dir(settings.data_dir)
        saved = settings.data_dir / RESTORING
        _delete_log(saved)  # of a run that was killed: it would be taken for that of this one
        backup.extract(DATABASE, saved)
        source, target = (
            Database(_sqlite(saved), saved.with_suffix(".lock")),
            Database(database_url(settings), settings.data_dir / "opening.lock"),
        )
        try:
            await source.migrate(pool, pictures_in=None)  # an older PicTrace may have written it
            async with source.write() as connection:
                await connection.execute(delete(settings_table).where(settings_table.c.key == IDENTITY))
            await begin_at(target, pool)
            migration = Migration(source, target, pool, lambda done, total: None)
            await _begin(migration)
            known = await _known(source)
            report = await copy_files(FileStore(backup), files, progress, only=known)
            if report.damaged:
                raise BackupDamaged(f"{file} is damaged: {report.damaged[0]} is not as it was written.")
            kept = settings.data_dir / RESTORED_SETTINGS if backup.read_now(CONFIGURATION) else None
            if kept:
                backup.extract(CONFIGURATION, kept)
            await migration.run()  # last: from then on it can be opened, and is no longer restored to
        finally:
            await source.close()
            await target.close()
            _delete_database(saved)
            saved.with_suffix(".lock").unlink(missing_ok=True)
    lost = len(known - await _having_originals(backup))
    return BackupReport(
        str(file), manifest["pictures"], report, manifest["with_secrets"], lost, str(kept) if kept else None
    )


async def _begin(migration: Migration) -> None:
    """MigrationRefused where something is there already, with what to do."""
    try:
        await migration.begin()
    except MigrationRefused as error:
        raise MigrationRefused(
            f"{error} A backup is restored to an empty place: set PICTRACE_DATA_DIR to another folder (and "
            "PICTRACE_DATABASE_URL and PICTRACE_FILES_URL, where they are used)."
        ) from error


async def _snapshot(
    source: Database, path: Path, revision: str, files: FileStore, pool: CpuPool, *, with_secrets: bool
) -> tuple[dict[str, Any], set[str]]:
    """The database as it is now in a file of SQLite; what there is to say of it, and SHA-256 of its pictures.

    What an older PicTrace has written stays so, here and there: only who opens or restores it brings it level.
    """
    _delete_database(path)
    target = Database(_sqlite(path), path.with_suffix(".lock"))
    try:
        await target.migrate(pool, pictures_in=None, to=revision)
        await Migration(source, target, pool, lambda done, total: None).snapshot()
        if not with_secrets:
            async with target.write() as connection:
                await connection.execute(delete(settings_table).where(settings_table.c.key == admin_key.SETTING))
        repository = Repository(target, files)
        told = {
            "pictrace": version("pictrace"),
            "revision": revision,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "library": await repository.settings.identity(),
            "pictures": await repository.images.count_live(),
        }
        return told, await _known(target)
    finally:
        await target.close()
        path.with_suffix(".lock").unlink(missing_ok=True)


async def _known(database: Database) -> set[str]:
    """SHA-256 of all pictures, removed ones too."""
    async with database.read() as connection:
        return set((await connection.scalars(select(images.c.sha256))).all())


async def _having_originals(backup: BackupFile) -> set[str]:
    return {file.sha256 async for portion in backup.walk(ORIGINALS) for file in portion}


def _sqlite(path: Path) -> URL:
    return URL.create("sqlite+aiosqlite", database=str(path))


def _delete_database(path: Path) -> None:
    _delete_log(path)
    path.unlink(missing_ok=True)


def _delete_log(path: Path) -> None:
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _as_env(values: dict[str, str]) -> bytes:
    """As a `.env` has it, and reads it."""
    quoted = (value.replace("\\", "\\\\").replace("'", "\\'") for value in values.values())
    return "".join(f"{name}='{value}'\n" for name, value in zip(values, quoted, strict=True)).encode()
