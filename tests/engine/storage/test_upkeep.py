"""What is deleted for good, and what belongs to nobody."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from engine import EngineSettings, SearchService, open_service
from engine.domain import FileSeen
from engine.storage import clock, upkeep
from engine.storage.files import StoredFile, original_key, thumbnail_key
from engine.storage.repository import Repository
from engine.storage.tables import embeddings, files_seen, hashes, images, keypoints, operations
from tests.conftest import SHIPPED, add_paths
from tests.rows import THUMBNAIL, add, content_of, count, execute, files_in, lines, opened, remove, sha256_of, sqlite_in

on_both = pytest.mark.databases("sqlite", "postgresql")
A, B = (SHIPPED / name for name in ("astronaut.png", "coffee.png"))
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AFTER = START + timedelta(days=1000)


async def work_of(repository: Repository, *, days_ago: int) -> None:
    """Somebody has used the library then, as the library itself knows."""
    async with repository.database.write() as connection:
        at = datetime.now(UTC) - timedelta(days=days_ago)
        await connection.execute(insert(operations).values(kind="reembed", actor="test", at=at))


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock stands so many days after START."""
    since = [0.0]
    monkeypatch.setattr(clock, "now", lambda: START + timedelta(days=since[0]))
    return since


def damage(source: Path, target: Path) -> None:
    """A copy of a database in which a part of the last page is overwritten."""
    content = bytearray(source.read_bytes())
    page = len(content) // 4096 - 1
    content[page * 4096 + 8 : page * 4096 + 200] = bytes(192)
    target.write_bytes(content)


async def there(repository: Repository) -> list[StoredFile]:
    return [file for portion in [one async for one in repository.files.walk()] for file in portion]


def keys_of(number: int, ending: str = ".png") -> set[str]:
    return {original_key(sha256_of(number), ending), thumbnail_key(sha256_of(number))}


# --- purging


@on_both
async def test_what_was_removed_before_then_goes_with_rows_and_files(
    repository: Repository, data_dir: Path, days: list[float]
) -> None:
    first, second, third = await add(repository, 1, 2, 3)
    await remove(repository, first)
    days[0] = 5
    await remove(repository, second)
    days[0] = 100
    assert await repository.upkeep.has_old_removals(START + timedelta(days=1))
    assert await repository.upkeep.purge(START + timedelta(days=5), "ada") == 1
    assert set(files_in(data_dir)) == keys_of(2) | keys_of(3)
    for table in (images, embeddings, hashes, keypoints):
        assert await count(repository, table) == 2
    assert await repository.images.count_removed() == 1
    assert await repository.images.live_ids() == [third]
    assert (await lines(repository))[-1][1:] == (first, "purged")
    assert await repository.upkeep.purge(START + timedelta(days=6), "ada") == 1


async def test_purge_without_anything_to_delete_is_no_operation(repository: Repository, days: list[float]) -> None:
    (image_id,) = await add(repository, 1)
    assert await repository.upkeep.purge(LONG_AFTER, "ada") == 0
    await remove(repository, image_id)
    before = await lines(repository)
    assert await repository.upkeep.purge(START, "ada") == 0
    assert await lines(repository) == before
    assert await count(repository, operations) == 2


async def test_picture_that_came_back_is_not_purged(repository: Repository, data_dir: Path, days: list[float]) -> None:
    (image_id,) = await add(repository, 1)
    operation = await remove(repository, image_id)
    await repository.operations.undo("test", operation)
    assert not await repository.upkeep.has_old_removals(LONG_AFTER)
    assert await repository.upkeep.purge(LONG_AFTER, "test") == 0
    assert set(files_in(data_dir)) == keys_of(1)


async def test_all_that_is_known_of_a_purged_picture_goes(repository: Repository, days: list[float]) -> None:
    (image_id,) = await add(repository, 1, file=FileSeen("/a", 1, 1))
    await remove(repository, image_id)
    await repository.upkeep.purge(LONG_AFTER, "test")
    assert await count(repository, files_seen) == 0
    assert await add(repository, 1) == [image_id + 1]


async def test_original_of_a_damaged_media_type_is_deleted_however_its_name_ends(
    repository: Repository, data_dir: Path, days: list[float]
) -> None:
    first, _ = await add(repository, 1, 2, media_type="image/webp")
    await execute(repository, update(images).where(images.c.id == first).values(media_type="odd"))
    await remove(repository, first)
    await repository.upkeep.purge(LONG_AFTER, "test")
    assert set(files_in(data_dir)) == keys_of(2, ".webp")


async def test_purge_whose_files_cannot_be_deleted_forgets_nothing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, days: list[float]
) -> None:
    (image_id,) = await add(repository, 1)
    await remove(repository, image_id)

    async def fail(*_: object) -> None:
        raise PermissionError("not now")

    with monkeypatch.context() as patched:
        patched.setattr(repository.files, "remove", fail)
        with pytest.raises(PermissionError):
            await repository.upkeep.purge(LONG_AFTER, "test")
    assert await repository.images.count_removed() == 1
    assert await repository.upkeep.purge(LONG_AFTER, "test") == 1


@on_both
async def test_picture_that_is_added_while_it_is_purged_has_its_files(
    repository: Repository, elsewhere: Repository, data_dir: Path
) -> None:
    """Whoever comes second waits for the other: the picture is restored with its files, or stored anew with them."""
    for _ in range(3):
        (image_id,) = await add(repository, 1)
        await remove(repository, image_id)
        soon = clock.now() + timedelta(seconds=1)
        await asyncio.gather(repository.upkeep.purge(soon, "test"), add(elsewhere, 1))
        assert len(await repository.images.live_ids()) == 1
        assert set(files_in(data_dir)) == keys_of(1)


# --- what belongs to nobody


@on_both
async def test_files_of_no_picture_are_orphans(repository: Repository, data_dir: Path) -> None:
    live, removed = await add(repository, 1, 2)
    await remove(repository, removed)
    nobodys = {
        original_key(sha256_of(3), ".png"),
        thumbnail_key(sha256_of(3)),
        original_key(sha256_of(live), ".jpg"),  # of a picture that is a PNG
        "originals/ab/.left.1234.partial",
        "thumbnails/notes.txt",
    }
    for key in nobodys:
        path = data_dir / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"nobody's")
    assert {file.key for file in await repository.upkeep.orphans(await there(repository))} == nobodys
    await repository.upkeep.drop_orphans(await there(repository))
    assert {file.key for file in await there(repository)} == keys_of(1) | keys_of(2)
    assert await repository.upkeep.orphans(await there(repository)) == []
    assert await repository.upkeep.orphans([]) == []


async def test_file_that_has_found_a_picture_since_it_was_looked_at_stays(
    repository: Repository, data_dir: Path
) -> None:
    for key, content in zip(sorted(keys_of(1)), (content_of(1), THUMBNAIL), strict=True):
        (data_dir / key).parent.mkdir(parents=True)
        (data_dir / key).write_bytes(content)
    orphans = await repository.upkeep.orphans(await there(repository))
    assert {file.key for file in orphans} == keys_of(1)
    await add(repository, 1)
    await repository.upkeep.drop_orphans(orphans)
    assert set(files_in(data_dir)) == keys_of(1)


async def test_original_of_a_damaged_media_type_is_somebodys_however_its_name_ends(repository: Repository) -> None:
    (image_id,) = await add(repository, 1, media_type="image/webp")
    await execute(repository, update(images).where(images.c.id == image_id).values(media_type="odd"))
    assert await repository.upkeep.orphans(await there(repository)) == []


# --- damage


@on_both
async def test_sound_database_has_no_damaged_page(repository: Repository) -> None:
    await add(repository, 1, 2)
    assert await repository.upkeep.damaged_pages() == 0


async def test_damaged_page_is_counted(repository: Repository, tmp_path: Path) -> None:
    await add(repository, *range(1, 60))
    await repository.database.settle()
    damage(Path(str(repository.database.url.database)), tmp_path / "pictrace.db")
    async with opened(sqlite_in(tmp_path), tmp_path) as damaged:
        assert await damaged.upkeep.damaged_pages() > 0


def test_horizon_lies_so_many_days_back(days: list[float]) -> None:
    days[0] = 30
    assert upkeep.undo_horizon(30) == START
    assert upkeep.undo_horizon(0) == START + timedelta(days=30)


@pytest.mark.databases("sqlite", "postgresql")
async def test_purge_deletes_rows_and_files_of_what_was_removed_long_ago(
    service: SearchService, settings: EngineSettings
) -> None:
    old, recent = await add_paths(service, A, B)
    assert old.id
    assert recent.id
    await service.remove([old.id, recent.id], actor="test")
    async with service.repository.database.write() as connection:
        long_ago = datetime.now(UTC) - timedelta(days=40)
        await connection.execute(update(images).where(images.c.id == old.id).values(deleted_at=long_ago))
    await work_of(service.repository, days_ago=5)
    async with open_service(settings) as reopened:
        assert (await reopened.status()).removed == 1
    left = [path.suffix for path in (settings.data_dir / "originals").rglob("*") if path.is_file()]
    assert len(left) == 1
    assert (await lines(service.repository))[-1][2] == "purged"
    assert (await service.undo(actor="test")).images == 1
