"""open_service: opens a library, made or migrated where needed, and puts its parts together."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import URL, make_url

from engine.concurrency import CpuPool, beside
from engine.domain import Arrangement
from engine.errors import (
    DataDirNotWritable,
    DiskFull,
    FilesUnreachable,
    InvalidSetting,
    MigrationRefused,
    NetworkMismatch,
    ServerUnreachable,
)
from engine.features.networks import DEFAULT_NETWORK
from engine.index.checkpoints import oldest_checkpoint
from engine.library.active_network import Networks
from engine.library.originals import Originals
from engine.pictures.decoding import Decoders
from engine.pictures.fetch import Fetcher
from engine.service import SearchService
from engine.settings import EngineSettings, parse_database_url
from engine.storage.copying import CopyReport, copy_files
from engine.storage.database import Database, from_os_error, is_there, no_library
from engine.storage.files import FileStore, extension_of
from engine.storage.jpeg_cache import JpegCache
from engine.storage.local_files import LocalFiles
from engine.storage.migrating import (
    Migration,
    Moved,
    Progress,
    begin_at,
    other_tables,
    require_whole,
    take_into_use,
    unfinished,
)
from engine.storage.repository import Repository
from engine.storage.tidying import tidy

logger = logging.getLogger(__name__)

FILES = "files"  # key of the URL of a library's files in its settings; none where they are in the data folder
RESTORING = ".restoring.db"  # in the data folder, as long as a backup is being restored there
NEWEST = 20  # pictures whose files tell that a place is the right one
LEAST_ROOM = 64 * 1024  # bytes that opening a library to change it takes on its disk, beside the database
PATIENCE_S = 60.0  # that whoever serves has with a database server that is still starting
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0


@asynccontextmanager
async def open_service(
    settings: EngineSettings,
    *,
    patience_s: float = 0,
    read_only: bool = False,
    beginning: bool = True,
    tidying: bool = True,
) -> AsyncIterator[SearchService]:
    """Open the library of these settings, made or migrated where needed; close it at the end.

    `patience_s`: how long to wait for a database server that cannot be reached. `read_only`: nothing is made, migrated,
    purged or written down, not even an index checkpoint, and the database refuses changes; LibraryTooOld where it would
    have to be migrated. A library whose folder cannot be written is opened so anyway, and whoever changes something
    gets DataDirNotWritable. `beginning`: make a library where there is none, instead of TooFewPictures. `tidying`:
    purge what was removed too long ago for an undo; for those who are about to change something. Those who are not, and
    end soon, can also read a library on a full disk. Raises any LibraryError or NetworkError.
    """
    data_dir = settings.data_dir
    files = file_store(settings)
    await files.files.reach()
    pictures_in = files.place if await files.has_any() else None
    is_begun = is_there(database_url(settings)) or pictures_in or (data_dir / RESTORING).exists()
    if not (beginning or is_begun):
        raise no_library(data_dir)  # before its folder would be made
    read_only = read_only or not _is_writable(settings, also_full=not tidying)
    database = Database(database_url(settings), data_dir / "opening.lock", read_only=read_only)
    fetcher = Fetcher(
        max_bytes=settings.max_bytes,
        timeout_s=settings.fetch_timeout_s,
        allow=settings.fetch_allow,
        contact=settings.fetch_contact,
    )
    decoders = Decoders(
        settings.workers,
        max_bytes=settings.max_bytes,
        max_pixels=settings.max_pixels,
        max_source_pixels=settings.max_source_pixels,
    )
    networks: Networks | None = None
    with CpuPool(settings.workers) as pool:
        try:
            await _refuse_begun(settings, database)
            if read_only:
                await database.require_level()
            else:
                make = partial(database.migrate, pool, pictures_in=pictures_in, beginning=beginning)
                await _patiently(make, patience_s)
            repository = Repository(database, files)
            await take_into_use(database)
            await _agree_on_files(settings, repository, read_only=read_only)
            originals = Originals(files, _details(settings), _previews(settings), decoders, pool)
            networks = Networks(settings, repository, originals, pool, read_only=read_only)
            await _patiently(networks.reach_index, patience_s)
            await _agree_on_network(settings, repository, networks)
            if tidying and not read_only:
                await _tidy(settings, repository, pool)
            async with fetcher, decoders:
                service = SearchService(settings, repository, networks, originals, fetcher, decoders, pool)
                async with beside(service.checker.renewal.in_background if tidying and not read_only else None):
                    yield service
            await networks.checkpoint()
        finally:
            if networks:
                await networks.close()
            await database.close()


async def _refuse_begun(settings: EngineSettings, database: Database) -> None:
    """MigrationUnfinished where a restore was killed before it had made the tables, which have its marker."""
    if (settings.data_dir / RESTORING).exists() and (not is_there(database.url) or await database.revision() is None):
        raise unfinished(database)


async def _tidy(settings: EngineSettings, repository: Repository, pool: CpuPool) -> None:
    behind = await pool.run(oldest_checkpoint, settings.data_dir / "index")
    await tidy(repository, settings.undo_days, behind)


def file_store(settings: EngineSettings) -> FileStore:
    """Where the files of a library's pictures are. InvalidSetting."""
    made = (_details(settings), _previews(settings))
    if settings.files_url is None:
        return FileStore(LocalFiles(settings.data_dir), made=made)
    from engine.storage.object_files import ObjectFiles  # most libraries need no client of object stores

    return FileStore(ObjectFiles(settings.files_url), JpegCache(settings.cache_dir / "thumbnails"), made)


def _details(settings: EngineSettings) -> JpegCache:
    """What pictures are compared in detail by."""
    return JpegCache(settings.cache_dir / "details")


def _previews(settings: EngineSettings) -> JpegCache:
    """What pictures are looked at by."""
    return JpegCache(settings.cache_dir / "previews")


async def _agree_on_files(settings: EngineSettings, repository: Repository, *, read_only: bool) -> None:
    """Refuse another place for files than before unless they are there: all would look lost, and be mended away."""
    known = await repository.settings.get(FILES)
    if known == settings.files_url:
        return
    newest = await repository.listings.page(Arrangement(), limit=NEWEST)
    if len(await repository.files.having((one.sha256, extension_of(one.media_type)) for one in newest)) < len(newest):
        here = f"PICTRACE_FILES_URL is {settings.files_url}" if settings.files_url else "PICTRACE_FILES_URL is not set"
        there = known or f"the data folder {settings.data_dir}"
        raise FilesUnreachable(
            f"{here}, but the library's newest pictures have no files there: they are in {there}. Set it so, or copy "
            "originals and thumbnails over first."
        )
    if not read_only:
        await repository.settings.put(FILES, settings.files_url)


def database_url(settings: EngineSettings) -> URL:
    """Where the library's database is."""
    if settings.database_url:
        return make_url(settings.database_url)
    return URL.create("sqlite+aiosqlite", database=str(settings.data_dir / "pictrace.db"))


def database_of(settings: EngineSettings, *, read_only: bool = False) -> Database:
    """The database of a library that must be there. MigrationRefused."""
    url = database_url(settings)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():  # or connecting would make it
        raise MigrationRefused(f"There is no library in {url.database}.")
    return Database(url, settings.data_dir / "opening.lock", read_only=read_only)


async def migrate_library(settings: EngineSettings, to: str, progress: Progress) -> list[Moved]:
    """Move the library of these settings into the database at another URL; its files stay where they are.

    Goes on with a run that was broken off. A library that can only be read is moved as it is. MigrationRefused,
    MigrationFailed, MigrationUnfinished, InvalidSetting, LibraryTooOld.
    """
    try:
        url = parse_database_url(to)
    except ValueError as error:
        raise InvalidSetting(f"--to: {error}.") from error
    read_only = is_there(database_url(settings)) and not _is_writable(settings, also_full=True)
    source, target = database_of(settings, read_only=read_only), _target_at(url, settings)
    try:
        with CpuPool(1) as pool:
            if await source.revision() is None:
                raise MigrationRefused(f"There is no library in {source.name}.")
            if read_only:
                await source.require_level()
            else:
                await source.migrate(pool, pictures_in=None)
            await require_whole(source)  # or half of one that is on its way there would pass for a whole one here
            async with target.read() as connection:
                if others := await connection.run_sync(other_tables):
                    raise MigrationRefused(f"{target.name} is used for something else: it has a table {others[0]}.")
            await begin_at(target, pool)
            return await Migration(source, target, pool, progress).run()
    finally:
        await source.close()
        await target.close()


async def copy_library_files(settings: EngineSettings, to: str, progress: Progress) -> CopyReport:
    """Copy originals and thumbnails to another place: a bucket (`s3://...`), or a data folder on this machine.

    Goes on with a run that was broken off; nothing is removed. FilesUnreachable, MigrationRefused, InvalidSetting.
    """
    source = file_store(settings)
    if "://" in to:
        target = file_store(EngineSettings.load(files_url=to, data_dir=settings.data_dir, cache_dir=settings.cache_dir))
    else:
        target = FileStore(LocalFiles(Path(to)))
    if target.place == source.place:
        raise MigrationRefused(f"--files-to: the files are in {source.place} already.")
    await source.files.reach()
    await target.files.reach()
    if "://" not in to:
        make_data_dir(Path(to))
    return await copy_files(source, target, progress)


def _target_at(url: URL, settings: EngineSettings) -> Database:
    if url.get_backend_name() != "sqlite":
        return Database(url, settings.cache_dir / "migrating.lock")  # the data folder may be one that is only read
    if not url.database or url.database == ":memory:":
        raise InvalidSetting("--to: SQLite needs a file: sqlite+aiosqlite:////absolute/path/pictrace.db.")
    path = Path(url.database).absolute()
    if not path.parent.is_dir():
        raise InvalidSetting(f"--to: there is no folder {path.parent}.")
    return Database(url, path.with_name("opening.lock"))


async def _patiently(act: Callable[[], Awaitable[None]], patience_s: float) -> None:
    """Try until the database server can be reached, after longer and longer pauses."""
    started, pause_s = time.monotonic(), FIRST_PAUSE_S
    while True:
        try:
            return await act()
        except ServerUnreachable as error:
            left_s = patience_s - (time.monotonic() - started)
            if left_s <= 0:
                raise
            logger.warning("%s Trying for %.0f s more.", error, left_s)
            await asyncio.sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def _agree_on_network(settings: EngineSettings, repository: Repository, networks: Networks) -> None:
    """PICTRACE_NETWORK chooses the network of a new library; an existing one keeps its own."""
    has = (await repository.feed.head()).network
    if has is None:
        has = await repository.settings.start_library(networks.reference(settings.network or DEFAULT_NETWORK))
    if settings.network and networks.reference(settings.network).name != has.name:
        raise NetworkMismatch(
            f"PICTRACE_NETWORK is {settings.network}, but this library's embeddings were made by {has.name}. "
            f"Unset it, or change the library with `pictrace networks use {settings.network}`."
        )


def _is_writable(settings: EngineSettings, *, also_full: bool) -> bool:
    """Make the data folder where it is missing. False where it cannot be written, but a library is there to be read.

    DataDirNotWritable where none is; DiskFull likewise, and in any case unless `also_full`.
    """
    try:
        make_data_dir(settings.data_dir)
    except (DataDirNotWritable, DiskFull) as error:
        is_readable = settings.data_dir.is_dir() and is_there(database_url(settings))
        if not is_readable or (isinstance(error, DiskFull) and not also_full):
            raise
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else "not possible"
        logger.warning(
            "the data folder %s cannot be written (%s): its library can be searched, but not changed",
            settings.data_dir,
            reason,
        )
        return False
    return True


def make_data_dir(data_dir: Path) -> None:
    """Make it where it is missing. DataDirNotWritable, DiskFull."""
    probe = data_dir / ".writable"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_bytes(bytes(LEAST_ROOM))
        finally:
            probe.unlink(missing_ok=True)  # another process may be trying the same
    except OSError as error:
        raise from_os_error(error, data_dir) from error
