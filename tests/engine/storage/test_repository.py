"""What a library keeps: operations, undo, the change feed, soft deletion, files, migration."""

import asyncio
import errno
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, insert, select, text, update

from bot.storage import metadata as bot_metadata
from engine import EngineSettings, PicTraceError, SearchService, open_service
from engine.errors import LibraryBusy, LibraryTooNew, NothingToUndo, UnknownImage
from engine.pictures.sources import expand
from engine.storage import clock, local_files, writing
from engine.storage.database import REVISION, migrations_dir
from engine.storage.repository import Repository
from engine.storage.statements import Operation, record
from engine.storage.tables import changes, images, metadata, operations
from tests.conftest import SHIPPED, Filled, add_paths, jpeg, photograph
from tests.indexes import in_process

pytestmark = pytest.mark.databases("sqlite", "postgresql")

A, B, C = (SHIPPED / name for name in ("astronaut.png", "coffee.png", "chelsea.png"))


def repository_of(service: SearchService) -> Repository:
    return service._repository


async def feed(service: SearchService) -> list[tuple[int, int | None, str]]:
    async with repository_of(service).database.read() as connection:
        rows = await connection.execute(select(changes).order_by(changes.c.seq))
        return [(row.operation_id, row.image_id, row.kind) for row in rows]


async def work_of(service: SearchService, *, days_ago: int) -> None:
    """Somebody has used the library then, as the library itself knows."""
    async with repository_of(service).database.write() as connection:
        at = datetime.now(UTC) - timedelta(days=days_ago)
        await connection.execute(insert(operations).values(kind="reembed", actor="test", at=at))


async def test_addition_is_one_operation_in_the_feed(service: SearchService) -> None:
    results = await add_paths(service, A, B)
    assert [(r.name, r.status) for r in results] == [("astronaut.png", "added"), ("coffee.png", "added")]
    first, second = (r.id for r in results)
    assert await feed(service) == [(1, first, "added"), (1, second, "added")]
    async with repository_of(service).database.read() as connection:
        row = (await connection.execute(select(operations))).one()
    assert (row.kind, row.actor) == ("add", "test")


async def test_the_same_picture_is_added_once(service: SearchService, tmp_path: Path) -> None:
    twin = tmp_path / "twin.png"
    twin.write_bytes(A.read_bytes())
    results = await add_paths(service, A, twin, A)
    assert [r.status for r in results] == ["added", "duplicate", "duplicate"]
    assert len({r.id for r in results}) == 1
    assert (await add_paths(service, twin))[0].status == "duplicate"
    assert len(await feed(service)) == 1


async def test_two_additions_of_one_picture_at_once_store_it_once(service: SearchService) -> None:
    content = jpeg(photograph("rocket.jpg"))
    results = await asyncio.gather(*(service.add_bytes(content, name=f"{n}.jpg", actor="test") for n in range(4)))
    assert sorted(r.status for r in results) == ["added", "duplicate", "duplicate", "duplicate"]
    assert len({r.id for r in results}) == 1


async def test_removal_is_soft_and_undone(service: SearchService) -> None:
    (added,) = await add_paths(service, A)
    assert added.id
    await service.remove([added.id], actor="test")
    with pytest.raises(UnknownImage):
        await service.get(added.id)
    assert not (await service.search(A.read_bytes())).matches
    undone = await service.undo(actor="test")
    assert (undone.kind, undone.images) == ("remove", 1)
    assert (await service.get(added.id)).filename == "astronaut.png"
    assert (await service.search(A.read_bytes())).matches[0].evidence.exact
    assert [kind for *_, kind in await feed(service)] == ["added", "removed", "restored"]


async def test_removed_picture_added_again_is_restored_under_its_id(service: SearchService) -> None:
    (added,) = await add_paths(service, A)
    assert added.id
    await service.remove([added.id], actor="test")
    (again,) = await add_paths(service, A)
    assert (again.status, again.id) == ("restored", added.id)


async def test_restored_picture_takes_the_title_that_is_given_now(service: SearchService) -> None:
    (added,) = await add_paths(service, A)
    assert added.id
    await service.edit(added.id, {"title": "Before", "tags": ["kept"]}, actor="test")
    await service.remove([added.id], actor="test")
    sources = list(expand(A, service.settings))
    assert [r.status async for r in service.add(sources, actor="test", title="Now")] == ["restored"]
    image = await service.get(added.id)
    assert (image.title, image.tags) == ("Now", ("kept",))


async def test_removing_an_unknown_picture_removes_nothing(service: SearchService) -> None:
    (added,) = await add_paths(service, A)
    assert added.id
    with pytest.raises(UnknownImage, match="99"):
        await service.remove([added.id, 99], actor="test")
    assert (await service.get(added.id)).id == added.id


async def test_undo_takes_back_whole_operations_from_the_last_on(service: SearchService) -> None:
    await add_paths(service, A)
    await add_paths(service, B, C)
    assert (await service.undo(actor="test")).images == 2
    assert (await service.status()).images == 1
    assert (await service.undo(actor="test")).images == 1
    assert (await service.status()).images == 0
    with pytest.raises(NothingToUndo):
        await service.undo(actor="test")


async def test_addition_without_effect_is_no_operation(service: SearchService) -> None:
    await add_paths(service, A)
    await add_paths(service, A)
    await service.undo(actor="test")
    assert (await service.status()).images == 0


async def test_edit_is_undone_to_what_was_there(service: SearchService) -> None:
    (added,) = await add_paths(service, A)
    assert added.id
    await service.edit(added.id, {"title": "Eileen Collins", "tags": ["space"]}, actor="test")
    (edited,) = (await service.edit(added.id, {"title": "An astronaut"}, actor="test")).images
    assert (edited.title, edited.tags) == ("An astronaut", ("space",))
    await service.undo(actor="test")
    assert (await service.get(added.id)).title == "Eileen Collins"
    await service.undo(actor="test")
    assert (await service.get(added.id)).title is None
    assert (await service.get(added.id)).tags == ()


async def test_ids_are_never_given_out_twice(service: SearchService) -> None:
    (first,) = await add_paths(service, A)
    assert first.id
    await service.remove([first.id], actor="test")
    await service.checker.check(repair=False, purge=True, actor="test")
    (again,) = await add_paths(service, A)
    assert again.id
    assert again.id > first.id


async def test_purge_deletes_rows_and_files_of_what_was_removed_long_ago(
    service: SearchService, settings: EngineSettings
) -> None:
    old, recent = await add_paths(service, A, B)
    assert old.id
    assert recent.id
    await service.remove([old.id, recent.id], actor="test")
    async with repository_of(service).database.write() as connection:
        long_ago = datetime.now(UTC) - timedelta(days=40)
        await connection.execute(update(images).where(images.c.id == old.id).values(deleted_at=long_ago))
    await work_of(service, days_ago=5)
    async with open_service(settings) as reopened:
        assert (await reopened.status()).removed == 1
    left = [path.suffix for path in (settings.data_dir / "originals").rglob("*") if path.is_file()]
    assert len(left) == 1
    assert (await feed(service))[-1][2] == "purged"
    assert (await service.undo(actor="test")).images == 1


async def test_unchanged_file_is_not_read_again(
    service: SearchService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(jpeg(photograph("rocket.jpg")))
    await add_paths(service, path)
    monkeypatch.setattr("engine.pictures.sources.read_file", lambda *_: pytest.fail("it was read"))
    assert (await add_paths(service, path))[0].status == "duplicate"


async def test_changed_file_is_read_again(service: SearchService, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(jpeg(photograph("rocket.jpg")))
    await add_paths(service, path)
    path.write_bytes(jpeg(photograph("coffee.png")))
    assert (await add_paths(service, path))[0].status == "added"


async def test_overlapping_writers_lose_no_change(settings: EngineSettings) -> None:
    """Each writer reads, waits and writes; a reader that follows the feed sees every change, in order, once."""
    async with open_service(settings) as one, open_service(settings) as other:
        results = await add_paths(one, *sorted(SHIPPED.glob("*.png")))
        ids = [r.id for r in results if r.status == "added" and r.id]
        start = (await repository_of(one).feed.head()).seq
        followed: list[int] = []
        done = asyncio.Event()

        async def follow() -> None:
            seq = start
            while True:
                finished = done.is_set()
                seq, changed = await repository_of(other).feed.changed_since(seq)
                followed.extend(changed or [])
                if finished:
                    return
                await asyncio.sleep(0)

        async def write(service: SearchService, own: list[int]) -> None:
            for image_id in own:
                await repository_of(service).images.edit(image_id, {"title": str(image_id)}, Operation("edit", "test"))

        following = asyncio.create_task(follow())
        await asyncio.gather(write(one, ids[::2]), write(other, ids[1::2]), write(one, ids[::2]))
        done.set()
        await following
        assert sorted(set(followed)) == sorted(ids)
        lines = await feed(one)
        assert len(lines) - start == len(ids) + len(ids[::2])
        assert [operation for operation, *_ in lines] == sorted(operation for operation, *_ in lines)


async def test_writers_take_turns_from_the_first_statement_on(
    settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a change could be committed with a lower `seq` than one that a reader has seen already."""
    monkeypatch.setattr("engine.storage.database.BUSY_TIMEOUT_S", 1)
    async with open_service(settings) as one, open_service(settings) as other:
        (added,) = await add_paths(one, A)
        assert added.id
        async with repository_of(one).database.write() as connection:
            await record(connection, Operation("edit", "test"), [(added.id, "edited", {})])
            with pytest.raises(LibraryBusy):
                await other.edit(added.id, {"title": "in between"}, actor="test")
        changed = await other.edit(added.id, {"title": "after"}, actor="test")
        assert [kind for *_, kind in await feed(one)] == ["added", "edited", "edited"]
        assert (await feed(one))[-1][0] == changed.operation_id


async def test_reader_sees_one_moment_however_long_it_reads(settings: EngineSettings) -> None:
    async with open_service(settings) as one, open_service(settings) as other:
        await add_paths(one, A)
        count = select(func.count()).select_from(images)
        async with repository_of(one).database.read() as connection:
            assert await connection.scalar(count) == 1
            await add_paths(other, B)
            assert await connection.scalar(count) == 1
        async with repository_of(one).database.read() as connection:
            assert await connection.scalar(count) == 2


async def test_clock_that_jumps_changes_no_order(service: SearchService, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_paths(service, A)
    monkeypatch.setattr(clock, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    await add_paths(service, B)
    assert (await service.undo(actor="test")).images == 1
    assert [image.filename for image in (await service.page()).images] == ["astronaut.png"]
    assert [operation for operation, *_ in await feed(service)] == [1, 2, 3]


async def test_text_that_no_database_takes_is_made_takeable(service: SearchService) -> None:
    (added,) = await add_paths(service, A)
    assert added.id
    odd = "a\0b\ud800c"
    (edited,) = (await service.edit(added.id, {"title": odd, "tags": [odd], "source_url": odd}, actor="test")).images
    assert (edited.title, edited.tags, edited.source_url) == ("ab?c", ("ab?c",), "ab?c")
    assert await service.tags() == {"ab?c": 1}
    assert [one.id for one in (await service.page(tag=odd, words="B\0")).images] == [added.id]


async def test_feed_is_trimmed_behind_what_is_still_needed(service: SearchService) -> None:
    first, *_ = await add_paths(service, A, B, C)
    assert first.id
    await service.remove([first.id], actor="test")
    repository = repository_of(service)
    head = await repository.feed.head()
    await repository.feed.trim(behind=2, older_than=datetime.now(UTC) + timedelta(days=1))
    assert (await repository.feed.head()).trimmed == 2
    assert (await repository.feed.head()).seq == head.seq
    assert len(await feed(service)) == 2
    await repository.feed.trim(behind=4, older_than=datetime.now(UTC) - timedelta(days=30))
    assert len(await feed(service)) == 2


async def test_opening_trims_what_the_oldest_checkpoint_has(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        await (await in_process(service)).checkpoint()
        await service.remove([1], actor="test")
        async with repository_of(service).database.write() as connection:
            await connection.execute(update(operations).values(at=datetime.now(UTC) - timedelta(days=40)))
        await work_of(service, days_ago=5)
    async with open_service(settings) as service:
        head = await repository_of(service).feed.head()
        assert (head.trimmed, head.seq) == (6, 7)
        assert (await service.status()).index_size == 5


async def test_index_behind_the_trim_is_rebuilt(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service, open_service(settings) as other:
        query = jpeg(photograph("coffee.png"))
        (first, *_) = (await other.search(query)).matches
        await service.remove([first.image.id], actor="test")
        repository = repository_of(service)
        await repository.feed.trim(behind=10**6, older_than=datetime.now(UTC) + timedelta(days=1))
        matches = (await other.search(query, weak=True)).matches
        assert first.image.id not in {m.image.id for m in matches}
        assert (await other.status()).index_size == 5


async def test_library_from_a_newer_version_is_refused_untouched(settings: EngineSettings) -> None:
    async with open_service(settings) as service, repository_of(service).database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    library = settings.data_dir / "pictrace.db"
    before = library.read_bytes() if library.exists() else b""
    with pytest.raises(LibraryTooNew, match="update PicTrace"):
        async with open_service(settings):
            pass
    if before:
        assert library.read_bytes() == before


async def test_migrations_lead_to_the_tables_of_the_code(service: SearchService) -> None:
    async with repository_of(service).database.read() as connection:
        difference = await connection.run_sync(
            # It takes several, as its own env.py may have; its annotation says one.
            lambda sync: compare_metadata(MigrationContext.configure(sync), [metadata, bot_metadata])  # type: ignore[arg-type]
        )
    assert difference == []
    assert ScriptDirectory(str(migrations_dir())).get_current_head() == REVISION


@pytest.mark.databases("sqlite")
async def test_damaged_database_is_said(settings: EngineSettings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "pictrace.db").write_bytes(b"this is no database" * 1000)
    with pytest.raises(PicTraceError) as caught:
        async with open_service(settings):
            pass
    assert caught.value.code == "library_damaged"


async def test_data_folder_that_is_a_file_is_said(settings: EngineSettings) -> None:
    settings.data_dir.write_text("in the way")
    with pytest.raises(PicTraceError) as caught:
        async with open_service(settings):
            pass
    assert caught.value.code == "data_dir_not_writable"


async def test_full_disk_is_said_and_harms_nothing(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quota is in the file layer; tests/e2e has the same on a real small disk."""
    async with filled() as service:
        before = await service.status()
        whole = writing.write_whole

        def full(path: Path, content: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(local_files, "write_whole", full)
        with pytest.raises(PicTraceError) as caught:
            await service.add_bytes(jpeg(photograph("rocket.jpg")[:200]), name="new.jpg", actor="test")
        assert caught.value.code == "disk_full"
        monkeypatch.setattr(local_files, "write_whole", whole)
        assert (await service.status()).images == before.images
        assert (await service.checker.check(repair=False, purge=False, actor="test")).sound
        result = await service.add_bytes(jpeg(photograph("rocket.jpg")[:200]), name="new.jpg", actor="test")
        assert result.status == "added"
