"""Pictures are stored once, whole, by whoever comes first; files that have not changed are known again."""

import asyncio
import errno
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from engine import SearchService
from engine.domain import FileSeen
from engine.errors import DataDirNotWritable, DiskFull
from engine.pictures.sources import expand
from engine.storage import local_files, statements, writing
from engine.storage.files import PictureFiles, original_key, thumbnail_key
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.tables import embeddings, files_seen, images, operations
from tests.conftest import SHIPPED, add_paths, jpeg, photograph
from tests.rows import (
    NETWORK,
    OTHER,
    THUMBNAIL,
    add,
    content_of,
    count,
    execute,
    files_in,
    lines,
    opened,
    prepared,
    remove,
    sha256_of,
)

A, B = (SHIPPED / name for name in ("astronaut.png", "coffee.png"))
SEEN = FileSeen("/pictures/1.png", 100, 5)


def keys_of(*numbers: int) -> list[str]:
    return sorted(
        key for one in numbers for key in (original_key(sha256_of(one), ".png"), thumbnail_key(sha256_of(one)))
    )


async def statuses(repository: Repository, *numbers: int, operation: Operation | None = None) -> list[str]:
    stored = await repository.additions.add([prepared(one) for one in numbers], operation or Operation("add", "test"))
    assert stored is not None
    return [one.status for one in stored]


# --- what is stored


async def test_files_lie_beside_the_rows_when_an_addition_returns(repository: Repository, data_dir: Path) -> None:
    (image_id,) = await add(repository, 1)
    assert files_in(data_dir) == keys_of(1)
    image = await repository.images.get(image_id)
    assert (image.sha256, image.byte_size, image.width, image.height) == (sha256_of(1), len(content_of(1)), 3, 2)
    assert (data_dir / original_key(image.sha256, ".png")).read_bytes() == content_of(1)
    assert (data_dir / thumbnail_key(image.sha256)).read_bytes() == THUMBNAIL


@pytest.mark.databases("sqlite", "postgresql")
async def test_picture_that_comes_several_times_at_once_is_added_by_the_first(repository: Repository) -> None:
    twins = [prepared(1, name=f"{name}.png", file=FileSeen(f"/{name}", 1, 1)) for name in "abc"]
    results = await repository.additions.add([*twins, prepared(2)], Operation("add", "test"))
    assert results is not None
    assert [(one.name, one.status) for one in results] == [
        ("a.png", "added"),
        ("b.png", "duplicate"),
        ("c.png", "duplicate"),
        ("2.png", "added"),
    ]
    assert len({one.id for one in results[:3]}) == 1
    assert (await repository.images.get(results[0].id or 0)).filename == "a.png"
    assert [one.operation_id for one in results] == [1, None, None, 1]
    known = await repository.additions.known_files([FileSeen(f"/{name}", 1, 1) for name in "abc"])
    assert known == dict.fromkeys(("/a", "/b", "/c"), results[0].id)
    assert await count(repository, files_seen) == 3


async def test_portions_of_one_addition_are_one_operation(repository: Repository) -> None:
    operation = Operation("add", "ada")
    for numbers in ((1, 2), (2,), (3,)):
        await statuses(repository, *numbers, operation=operation)
    assert {of for of, *_ in await lines(repository)} == {operation.id}
    async with repository.database.read() as connection:
        (row,) = (await connection.execute(select(operations))).all()
    assert (row.kind, row.actor) == ("add", "ada")


async def test_addition_that_was_taken_back_meanwhile_goes_on_as_an_operation_of_its_own(
    repository: Repository,
) -> None:
    operation = Operation("add", "test")
    await statuses(repository, 1, operation=operation)
    first = operation.id
    await repository.operations.undo("other", first)
    await statuses(repository, 2, operation=operation)
    assert operation.id not in (None, first)
    assert (await repository.operations.undo("test", operation.id)).images == 1


@pytest.mark.databases("sqlite", "postgresql")
async def test_nothing_is_stored_where_an_embedding_is_lacking(repository: Repository, data_dir: Path) -> None:
    await repository.settings.set_next_network(OTHER)
    portion = [prepared(1, networks=(NETWORK, OTHER)), prepared(2, networks=(NETWORK,))]
    assert await repository.additions.add(portion, Operation("add", "test")) is None
    assert (await repository.images.live_ids(), await lines(repository), files_in(data_dir)) == ([], [], [])
    whole = [prepared(number, networks=(NETWORK, OTHER)) for number in (1, 2)]
    assert await repository.additions.add(whole, Operation("add", "test"))
    async with repository.database.read() as connection:
        rows = await connection.execute(select(embeddings.c.image_id, embeddings.c.version))
        assert sorted(tuple(row) for row in rows) == [(1, "1"), (1, "2"), (2, "1"), (2, "2")]


async def test_embedding_of_a_network_that_nobody_wants_is_not_stored(repository: Repository) -> None:
    await add(repository, 1, networks=(NETWORK, OTHER))
    assert await count(repository, embeddings) == 1


@pytest.mark.databases("sqlite", "postgresql")
async def test_restored_picture_has_the_embedding_that_is_wanted_now(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    await remove(repository, image_id)
    assert await repository.settings.switch_network(OTHER, "test")
    assert await count(repository, embeddings) == 0
    assert await add(repository, 1, networks=(OTHER,)) == [image_id]
    assert await repository.features.count_lacking(OTHER) == 0


async def test_restored_picture_waits_to_be_compared_again(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    await execute(repository, update(images).values(compared=2))
    await remove(repository, image_id)
    await add(repository, 1)
    assert await repository.pairs.waiting(1, 10) == [image_id]


# --- races and failures


@pytest.mark.parametrize("is_removed", [False, True])
async def test_files_that_were_purged_since_they_were_written_are_written_again(
    repository: Repository, data_dir: Path, is_removed: bool
) -> None:
    """Whoever adds looks for the files once more under the lock that a purge holds."""
    (image_id,) = await add(repository, 1)
    if is_removed:
        await remove(repository, image_id)
    for key in keys_of(1):
        (data_dir / key).unlink()
    assert await statuses(repository, 1) == ["restored" if is_removed else "duplicate"]
    assert files_in(data_dir) == keys_of(1)


async def test_full_disk_stores_nothing_of_a_portion(
    repository: Repository, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = writing.write_whole
    left = [3]  # files that fit

    def full(path: Path, content: bytes) -> None:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        whole(path, content)

    monkeypatch.setattr(local_files, "write_whole", full)
    with pytest.raises(DiskFull):
        await statuses(repository, 1, 2)
    assert (await repository.images.live_ids(), await lines(repository)) == ([], [])
    assert await count(repository, operations) == 0
    await repository.additions.drop_unowned_files([prepared(1), prepared(2)])
    assert files_in(data_dir) == []


async def test_transaction_that_fails_at_its_end_leaves_no_row(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("at the last moment")

    with monkeypatch.context() as patched:
        patched.setattr(statements, "record", broken)
        with pytest.raises(RuntimeError, match="at the last moment"):
            await statuses(repository, 1)
    assert await count(repository, images) == await count(repository, embeddings) == 0
    assert await statuses(repository, 1) == ["added"]


@pytest.mark.databases("sqlite", "postgresql")
async def test_two_processes_that_add_the_same_at_once_store_each_picture_once(
    repository: Repository, elsewhere: Repository
) -> None:
    numbers = range(1, 9)

    async def each(one: Repository, *numbers: int) -> list[str]:
        return [status for number in numbers for status in await statuses(one, number)]

    first, second = await asyncio.gather(each(repository, *numbers), each(elsewhere, *reversed(numbers)))
    assert [set(pair) for pair in zip(first, reversed(second), strict=True)] == [{"added", "duplicate"}] * 8
    assert await count(repository, images) == len(await lines(repository)) == 8


async def test_files_of_what_was_not_stored_are_dropped_unless_somebody_else_has_stored_it(
    repository: Repository, data_dir: Path
) -> None:
    live, removed = await add(repository, 1, 2)
    await remove(repository, removed)
    await repository.files.put(
        [PictureFiles(sha256_of(number), ".png", content_of(number), THUMBNAIL) for number in (1, 2, 3)]
    )
    await repository.additions.drop_unowned_files([prepared(number) for number in (1, 2, 3)])
    assert files_in(data_dir) == keys_of(1, 2)
    await repository.additions.drop_unowned_files([])
    assert (await repository.images.get(live)).id == live


async def test_library_that_is_only_read_takes_nothing(repository: Repository, data_dir: Path) -> None:
    async with opened(repository.database.url, data_dir, read_only=True) as reading:
        for act in (
            reading.additions.add([prepared(1)], Operation("add", "test")),
            reading.additions.see_files({SEEN: 1}),
            reading.additions.drop_unowned_files([prepared(1)]),
        ):
            with pytest.raises(DataDirNotWritable, match="opened only to be read"):
                await act
    assert files_in(data_dir) == []


# --- files on disk that were seen before


@pytest.fixture
async def seen(repository: Repository) -> int:
    (image_id,) = await add(repository, 1, file=SEEN)
    return image_id


@pytest.mark.databases("sqlite", "postgresql")
async def test_unchanged_file_is_known_with_its_picture(repository: Repository, seen: int) -> None:
    assert await repository.additions.known_files([SEEN, FileSeen("/pictures/2.png", 100, 5)]) == {SEEN.path: seen}
    assert await repository.additions.known_files([]) == {}


@pytest.mark.parametrize("changed", [replace(SEEN, size=101), replace(SEEN, mtime_ns=6), replace(SEEN, path="/other")])
async def test_file_of_another_size_time_or_place_is_not_known(
    repository: Repository, seen: int, changed: FileSeen
) -> None:
    assert await repository.additions.known_files([changed]) == {}


async def test_file_of_a_removed_picture_is_not_known(repository: Repository, seen: int) -> None:
    operation = await remove(repository, seen)
    assert await repository.additions.known_files([SEEN]) == {}
    await repository.operations.undo("test", operation)
    assert await repository.additions.known_files([SEEN]) == {SEEN.path: seen}


@pytest.mark.parametrize("lost", keys_of(1))
async def test_file_whose_picture_has_lost_its_own_is_not_known(
    repository: Repository, data_dir: Path, seen: int, lost: str
) -> None:
    """So that it is read, and stored anew."""
    (data_dir / lost).unlink()
    assert await repository.additions.known_files([SEEN]) == {}


@pytest.mark.databases("sqlite", "postgresql")
async def test_file_that_was_seen_again_is_known_as_it_is_now(repository: Repository, seen: int) -> None:
    (other,) = await add(repository, 2)
    now = replace(SEEN, size=7, mtime_ns=8)
    await repository.additions.see_files({now: other})
    await repository.additions.see_files({})
    assert await repository.additions.known_files([SEEN]) == {}
    assert await repository.additions.known_files([now]) == {SEEN.path: other}
    assert await count(repository, files_seen) == 1


async def test_more_files_than_a_query_takes_are_known(
    repository: Repository, seen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "IDS_A_QUERY", 3)
    many = {FileSeen(f"/pictures/{number}.png", number, number): seen for number in range(10, 20)}
    await repository.additions.see_files(many)
    assert set(await repository.additions.known_files([SEEN, *many])) == {SEEN.path, *(file.path for file in many)}


# --- real pictures


@pytest.mark.databases("sqlite", "postgresql")
async def test_addition_is_one_operation_in_the_feed(service: SearchService) -> None:
    results = await add_paths(service, A, B)
    assert [(r.name, r.status) for r in results] == [("astronaut.png", "added"), ("coffee.png", "added")]
    first, second = (r.id for r in results)
    assert await lines(service.repository) == [(1, first, "added"), (1, second, "added")]
    async with service.repository.database.read() as connection:
        row = (await connection.execute(select(operations))).one()
    assert (row.kind, row.actor) == ("add", "test")


@pytest.mark.databases("sqlite", "postgresql")
async def test_the_same_picture_is_added_once(service: SearchService, tmp_path: Path) -> None:
    twin = tmp_path / "twin.png"
    twin.write_bytes(A.read_bytes())
    results = await add_paths(service, A, twin, A)
    assert [r.status for r in results] == ["added", "duplicate", "duplicate"]
    assert len({r.id for r in results}) == 1
    assert (await add_paths(service, twin))[0].status == "duplicate"
    assert len(await lines(service.repository)) == 1


@pytest.mark.databases("sqlite", "postgresql")
async def test_two_additions_of_one_picture_at_once_store_it_once(service: SearchService) -> None:
    content = jpeg(photograph("rocket.jpg"))
    results = await asyncio.gather(*(service.add_bytes(content, name=f"{n}.jpg", actor="test") for n in range(4)))
    assert sorted(r.status for r in results) == ["added", "duplicate", "duplicate", "duplicate"]
    assert len({r.id for r in results}) == 1


@pytest.mark.databases("sqlite", "postgresql")
async def test_removed_picture_added_again_is_restored_under_its_id(service: SearchService) -> None:
    (added,) = await add_paths(service, A)
    assert added.id
    await service.remove([added.id], actor="test")
    (again,) = await add_paths(service, A)
    assert (again.status, again.id) == ("restored", added.id)


@pytest.mark.databases("sqlite", "postgresql")
async def test_restored_picture_takes_the_title_that_is_given_now(service: SearchService) -> None:
    (added,) = await add_paths(service, A)
    assert added.id
    await service.edit(added.id, {"title": "Before", "tags": ["kept"]}, actor="test")
    await service.remove([added.id], actor="test")
    sources = list(expand(A, service.settings))
    assert [r.status async for r in service.add(sources, actor="test", title="Now")] == ["restored"]
    image = await service.get(added.id)
    assert (image.title, image.tags) == ("Now", ("kept",))


@pytest.mark.databases("sqlite", "postgresql")
async def test_addition_without_effect_is_no_operation(service: SearchService) -> None:
    await add_paths(service, A)
    await add_paths(service, A)
    await service.undo(actor="test")
    assert (await service.status()).images == 0
