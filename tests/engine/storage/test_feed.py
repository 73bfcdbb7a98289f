"""The change feed: what changed, in the order of commits, and no longer than anybody needs it."""

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import insert, update

from engine import EngineSettings, SearchService, open_service
from engine.domain import Features, HandcraftedFeatures, Keypoints
from engine.storage import clock
from engine.storage.repository import Repository
from engine.storage.statements import TRIMMED, Head, Operation
from engine.storage.tables import operations
from tests.conftest import SHIPPED, Filled, add_paths
from tests.indexes import in_process
from tests.rows import NETWORK, OTHER, add, edit, lines, remove, vector_of

on_both = pytest.mark.databases("sqlite", "postgresql")
A, B, C = (SHIPPED / name for name in ("astronaut.png", "coffee.png", "chelsea.png"))
NOBODY_UNDOES = datetime.now(UTC) + timedelta(days=1)
ALL_MAY_BE_UNDONE = datetime.now(UTC) - timedelta(days=1)
QUERY = Features(
    "0" * 64,
    vector_of(1),
    HandcraftedFeatures(None, Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), 1.0)),
)


async def work_of(repository: Repository, *, days_ago: int) -> None:
    """Somebody has used the library then, as the library itself knows."""
    async with repository.database.write() as connection:
        at = datetime.now(UTC) - timedelta(days=days_ago)
        await connection.execute(insert(operations).values(kind="reembed", actor="test", at=at))


async def seqs(repository: Repository) -> int:
    """How many changes the feed still has."""
    return len(await lines(repository))


# --- where a library stands


@on_both
async def test_new_library_stands_at_the_beginning(new_repository: Repository) -> None:
    assert await new_repository.feed.head() == Head(0, 0, None, None)
    assert await new_repository.feed.changed_since(0) == (0, [])
    await new_repository.settings.start_library(NETWORK)
    assert await new_repository.feed.head() == Head(0, 0, NETWORK, None)


@on_both
async def test_head_tells_the_last_change_and_the_networks(repository: Repository) -> None:
    await add(repository, 1, 2)
    await repository.settings.set_next_network(OTHER)
    assert await repository.feed.head() == Head(2, 0, NETWORK, OTHER)
    await repository.settings.set_next_network(None)
    await remove(repository, 1)
    assert await repository.feed.head() == Head(3, 0, NETWORK, None)


# --- what has changed


@on_both
async def test_pictures_that_changed_come_once_each_in_order(repository: Repository) -> None:
    await add(repository, 1, 2, 3)
    await edit(repository, 3, title="a")
    await edit(repository, 1, title="b")
    await edit(repository, 3, title="c")
    assert await repository.feed.changed_since(0) == (6, [1, 2, 3])
    assert await repository.feed.changed_since(3) == (6, [1, 3])
    assert await repository.feed.changed_since(5) == (6, [3])
    assert await repository.feed.changed_since(6) == (6, [])
    assert await repository.feed.changed_since(9) == (9, [])


async def test_pictures_that_are_gone_for_good_have_changed_too(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    await remove(repository, image_id)
    assert await repository.upkeep.purge(clock.now() + timedelta(seconds=1), "test") == 1
    assert await repository.feed.changed_since(2) == (3, [image_id])


@on_both
async def test_after_a_change_of_network_all_may_have_changed(repository: Repository) -> None:
    await add(repository, 1)
    await repository.features.put_embeddings(OTHER, {1: vector_of(1)})
    assert await repository.settings.switch_network(OTHER, "test")
    await edit(repository, 1, title="after")
    assert await repository.feed.changed_since(1) == (3, None)
    assert await repository.feed.changed_since(2) == (3, [1])


# --- trimming


@on_both
async def test_changes_are_forgotten_up_to_where_all_have_them(repository: Repository) -> None:
    await add(repository, 1, 2, 3)
    for behind, left in ((0, 3), (2, 1), (1, 1), (3, 0)):
        await repository.feed.trim(behind, NOBODY_UNDOES)
        assert await seqs(repository) == left
    assert await repository.feed.head() == Head(3, 3, NETWORK, None)
    await add(repository, 4)
    assert await repository.feed.head() == Head(4, 3, NETWORK, None)


async def test_what_can_be_undone_is_not_forgotten(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    old = datetime(2020, 1, 1, tzinfo=UTC)
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: old)
        await add(repository, 1, 2)
    await add(repository, 3)
    await repository.feed.trim(3, ALL_MAY_BE_UNDONE)
    assert [image_id for _, image_id, _ in await lines(repository)] == [3]
    assert (await repository.feed.head()).trimmed == 2
    assert (await repository.operations.undo("test")).images == 1


async def test_operation_that_is_old_enough_to_the_moment_is_kept(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: moment)
    await add(repository, 1)
    await repository.feed.trim(1, moment)
    assert await seqs(repository) == 1
    await repository.feed.trim(1, moment + timedelta(seconds=1))
    assert await seqs(repository) == 0


@on_both
async def test_what_a_watch_has_not_been_compared_with_is_not_forgotten(repository: Repository) -> None:
    await add(repository, 1, 2, 3)
    watches = repository.subscribers
    watch = await watches.watch("ada", QUERY, vector_of(1)[None], NETWORK, 1, "here")
    await repository.feed.trim(3, NOBODY_UNDOES)
    assert (await seqs(repository), await watches.came_after(watch.seq)) == (2, [2, 3])
    await watches.compared([watch.id], 3)
    await repository.feed.trim(3, NOBODY_UNDOES)
    assert await seqs(repository) == 0


async def test_feed_is_not_trimmed_beyond_its_end(repository: Repository) -> None:
    """Or an index of another past would be taken for level with it."""
    await add(repository, 1, 2)
    await repository.feed.trim(5, NOBODY_UNDOES)
    head = await repository.feed.head()
    assert (head.seq, head.trimmed) == (2, 2)


async def test_where_nothing_is_old_nothing_is_written(repository: Repository) -> None:
    await add(repository, 1, 2)
    assert not await repository.feed.has_old(2, ALL_MAY_BE_UNDONE)
    assert not await repository.feed.has_old(0, NOBODY_UNDOES)
    assert await repository.feed.has_old(1, NOBODY_UNDOES)
    await repository.feed.trim(2, ALL_MAY_BE_UNDONE)
    assert await repository.settings.get(TRIMMED) is None


@pytest.mark.databases("sqlite", "postgresql")
async def test_overlapping_writers_lose_no_change(settings: EngineSettings) -> None:
    """Each writer reads, waits and writes; a reader that follows the feed sees every change, in order, once."""
    async with open_service(settings) as one, open_service(settings) as other:
        results = await add_paths(one, *sorted(SHIPPED.glob("*.png")))
        ids = [r.id for r in results if r.status == "added" and r.id]
        start = (await one.repository.feed.head()).seq
        followed: list[int] = []
        done = asyncio.Event()

        async def follow() -> None:
            seq = start
            while True:
                finished = done.is_set()
                seq, changed = await other.repository.feed.changed_since(seq)
                followed.extend(changed or [])
                if finished:
                    return
                await asyncio.sleep(0)

        async def write(service: SearchService, own: list[int]) -> None:
            for image_id in own:
                await service.repository.images.edit(image_id, {"title": str(image_id)}, Operation("edit", "test"))

        following = asyncio.create_task(follow())
        await asyncio.gather(write(one, ids[::2]), write(other, ids[1::2]), write(one, ids[::2]))
        done.set()
        await following
        assert sorted(set(followed)) == sorted(ids)
        told = await lines(one.repository)
        assert len(told) - start == len(ids) + len(ids[::2])
        assert [operation for operation, *_ in told] == sorted(operation for operation, *_ in told)


@pytest.mark.databases("sqlite", "postgresql")
async def test_feed_is_trimmed_behind_what_is_still_needed(service: SearchService) -> None:
    first, *_ = await add_paths(service, A, B, C)
    assert first.id
    await service.remove([first.id], actor="test")
    repository = service.repository
    head = await repository.feed.head()
    await repository.feed.trim(behind=2, older_than=datetime.now(UTC) + timedelta(days=1))
    assert (await repository.feed.head()).trimmed == 2
    assert (await repository.feed.head()).seq == head.seq
    assert len(await lines(service.repository)) == 2
    await repository.feed.trim(behind=4, older_than=datetime.now(UTC) - timedelta(days=30))
    assert len(await lines(service.repository)) == 2


@pytest.mark.databases("sqlite", "postgresql")
async def test_opening_trims_what_the_oldest_checkpoint_has(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        await (await in_process(service)).checkpoint()
        await service.remove([1], actor="test")
        async with service.repository.database.write() as connection:
            await connection.execute(update(operations).values(at=datetime.now(UTC) - timedelta(days=40)))
        await work_of(service.repository, days_ago=5)
    async with open_service(settings) as service:
        head = await service.repository.feed.head()
        assert (head.trimmed, head.seq) == (6, 7)
        assert (await service.status()).index_size == 5
