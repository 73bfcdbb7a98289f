"""A library of rows and small files: what storage and indexes keep of pictures, without networks or decoders."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import URL, Table, func, select, text

from engine.concurrency import CpuPool
from engine.domain import (
    Features,
    FileSeen,
    HandcraftedFeatures,
    Image,
    Keypoints,
    NetworkHead,
    NetworkRef,
    Prepared,
    Provenance,
    StoredImage,
    Vector,
)
from engine.features import hashes
from engine.settings import parse_database_url
from engine.storage.database import Database
from engine.storage.files import FileStore
from engine.storage.local_files import LocalFiles
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.tables import changes
from tests.postgresql import in_thread

NETWORK, OTHER = NetworkRef("made-up", "1"), NetworkRef("made-up", "2")
DIMENSIONS = 8
HEAD = NetworkHead.only(DIMENSIONS)
KEYPOINTS_VERSION = 1
THUMBNAIL = b"a thumbnail"


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a library without pictures, as the migrations make it."""
    folder = tmp_path_factory.mktemp("blank")

    async def migrate() -> None:
        database = Database(sqlite_in(folder), folder / "opening.lock")
        with CpuPool(1) as pool:
            await database.migrate(pool, pictures_in=None)
        await database.close()

    in_thread(migrate)
    return folder / "pictrace.db"


@pytest.fixture
def url(blank: Path, data_dir: Path, database_url: str | None) -> URL:
    """Where the database of a library without pictures is; its data folder is made."""
    data_dir.mkdir()
    if database_url is not None:
        return parse_database_url(database_url)
    shutil.copy(blank, data_dir / "pictrace.db")
    return sqlite_in(data_dir)


@pytest.fixture
async def new_repository(url: URL, data_dir: Path) -> AsyncIterator[Repository]:
    """A library that has no pictures yet, and no network."""
    async with opened(url, data_dir) as repository:
        yield repository


@pytest.fixture
async def repository(new_repository: Repository) -> Repository:
    """A library of NETWORK that has no pictures yet."""
    await new_repository.settings.start_library(NETWORK)
    return new_repository


@pytest.fixture
async def elsewhere(repository: Repository, data_dir: Path) -> AsyncIterator[Repository]:
    """The same library as another process has it open."""
    async with opened(repository.database.url, data_dir) as other:
        yield other


def sqlite_in(folder: Path) -> URL:
    return URL.create("sqlite+aiosqlite", database=str(folder / "pictrace.db"))


@asynccontextmanager
async def opened(url: URL, data_dir: Path, *, read_only: bool = False) -> AsyncIterator[Repository]:
    database = Database(url, data_dir / "opening.lock", read_only=read_only)
    yield Repository(database, FileStore(LocalFiles(data_dir)))
    await database.close()


def vector_of(number: int) -> Vector:
    """(DIMENSIONS,) float32 of unit length, another for each number."""
    vector = np.random.default_rng(number).normal(size=DIMENSIONS)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def phash_of(number: int) -> int:
    return number * 0x9E37_79B9_7F4A_7C15 & (1 << 64) - 1


def sha256_of(number: int) -> str:
    return hashes.sha256(content_of(number))


def content_of(number: int) -> bytes:
    return f"the file of picture {number}".encode()


def prepared(
    number: int,
    *,
    networks: Sequence[NetworkRef] = (NETWORK,),
    is_flat: bool = False,
    media_type: str = "image/png",
    name: str | None = None,
    title: str | None = None,
    tags: tuple[str, ...] = (),
    source_url: str | None = None,
    file: FileSeen | None = None,
) -> Prepared:
    """A picture as it is handed to storage; equal numbers are equal files. `is_flat`: it has no hash."""
    points = np.random.default_rng(number).random((3, 2), np.float32)
    descriptors = np.full((3, 32), number % 256, np.uint8)
    found = HandcraftedFeatures(None if is_flat else phash_of(number), Keypoints(points, descriptors, 1.5))
    vector = vector_of(number)
    return Prepared(
        provenance=Provenance(name or f"{number}.png", title, tags, source_url, file=file),
        content=content_of(number),
        thumbnail=THUMBNAIL,
        image=Image(np.zeros((2, 3, 3), np.uint8), media_type, 3, 2),
        features=Features(sha256_of(number), vector, found),
        embeddings=dict.fromkeys(networks, vector),
        keypoints_version=KEYPOINTS_VERSION,
    )


async def add(repository: Repository, *numbers: int, actor: str = "test", **said: Any) -> list[int]:
    """Add pictures as one operation; returns their ids."""
    operation = Operation("add", actor)
    results = await repository.additions.add([prepared(number, **said) for number in numbers], operation)
    assert results is not None
    return [result.id for result in results if result.id is not None]


async def remove(repository: Repository, *ids: int) -> int:
    return await repository.images.remove(ids, Operation("remove", "test"))


async def edit(repository: Repository, image_id: int, **values: Any) -> StoredImage:
    changed = await repository.images.edit(image_id, values, Operation("edit", "test"))
    return changed.images[0]


async def lines(repository: Repository) -> list[tuple[int, int | None, str]]:
    """The change feed: operation, picture, kind of change."""
    async with repository.database.read() as connection:
        rows = await connection.execute(select(changes).order_by(changes.c.seq))
        return [(row.operation_id, row.image_id, row.kind) for row in rows]


async def execute(repository: Repository, *statements: Any) -> None:
    async with repository.database.write() as connection:
        for one in statements:
            await connection.execute(text(one) if isinstance(one, str) else one)


async def count(repository: Repository, table: Table) -> int:
    async with repository.database.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


def files_in(data_dir: Path) -> list[str]:
    """Originals and thumbnails by their names, with those that are only half written."""
    found = [*data_dir.glob("originals/*/*"), *data_dir.glob("thumbnails/*/*")]
    return sorted(path.relative_to(data_dir).as_posix() for path in found)
