"""What was done by whom, and taken back: whole, once, in any order."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from engine import PicTraceError, SearchService
from engine.domain import PastOperation
from engine.errors import NothingToUndo, UnknownOperation
from engine.storage import clock
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.tables import operations
from tests.conftest import SHIPPED, add_paths, jpeg, photograph
from tests.rows import OTHER as OTHER_NETWORK
from tests.rows import add, edit, lines, prepared, remove, vector_of

on_both = pytest.mark.databases("sqlite", "postgresql")
A, B, C = (SHIPPED / name for name in ("astronaut.png", "coffee.png", "chelsea.png"))
MIRRORED = jpeg(photograph("chelsea.png")[:, ::-1])
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def live(repository: Repository) -> list[int]:
    return await repository.images.live_ids()


# --- an operation that is begun before its first change


@on_both
async def test_begun_operation_that_nothing_joined_is_nothing_to_undo(repository: Repository) -> None:
    await add(repository, 1)
    begun = await repository.operations.begin(Operation("add", "test"))
    assert await repository.operations.added_by(begun) == []
    with pytest.raises(NothingToUndo, match="cannot be"):
        await repository.operations.undo("test", begun)
    assert (await repository.operations.undo("test")).operation_id == 1
    with pytest.raises(NothingToUndo):
        await repository.operations.undo("test")


@on_both
async def test_additions_that_join_a_begun_operation_are_taken_back_with_it(repository: Repository) -> None:
    begun = await repository.operations.begin(Operation("add", "ada"))
    for number in (1, 2):
        operation = await repository.operations.continued(begun)
        assert (operation.id, operation.actor, operation.kind) == (begun, "ada", "add")
        await repository.additions.add([prepared(number)], operation)
    assert await repository.operations.added_by(begun) == [1, 2]
    assert await repository.operations.last("ada") == begun
    assert (await repository.operations.undo("boris")).images == 2
    assert await live(repository) == []


async def test_only_an_addition_that_stands_can_be_gone_on_with(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    removal = await remove(repository, image_id)
    await repository.operations.undo("test", 1)
    for other in (removal, 1, 99, 0, -1, 1 << 63, 1 << 70):
        with pytest.raises(UnknownOperation, match=str(other)):
            await repository.operations.continued(other)


# --- taking back


@on_both
async def test_undo_of_an_addition_is_a_removal_that_can_be_added_again(repository: Repository) -> None:
    ids = await add(repository, 1, 2)
    undone = await repository.operations.undo("boris")
    assert (undone.operation_id, undone.kind, undone.images) == (1, "add", 2)
    assert undone.at.utcoffset() == timedelta(0)
    assert abs(undone.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert await lines(repository) == [
        (1, ids[0], "added"),
        (1, ids[1], "added"),
        (2, ids[1], "removed"),  # from the last change on
        (2, ids[0], "removed"),
    ]
    assert await add(repository, 1) == ids[:1]


@on_both
async def test_undo_is_no_operation_that_could_be_undone(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    await remove(repository, image_id)
    assert (await repository.operations.undo("test")).kind == "remove"
    with pytest.raises(NothingToUndo, match="undone already, or cannot be"):
        await repository.operations.undo("test", 3)
    assert (await repository.operations.undo("test")).kind == "add"
    assert await live(repository) == []


@on_both
async def test_operation_is_taken_back_once_however_many_try(repository: Repository, elsewhere: Repository) -> None:
    (image_id,) = await add(repository, 1)
    await remove(repository, image_id)
    outcomes = await asyncio.gather(
        *(one.operations.undo("test", 2) for one in (repository, elsewhere) * 2), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["NothingToUndo"] * 3 + ["Undone"]
    assert [kind for *_, kind in await lines(repository)] == ["added", "removed", "restored"]


async def test_operations_are_taken_back_in_any_order(repository: Repository) -> None:
    first, second = (await add(repository, 1))[0], (await add(repository, 2))[0]
    assert (await repository.operations.undo("test", 1)).images == 1
    assert await live(repository) == [second]
    assert (await repository.operations.undo("test", 2)).images == 1
    assert await live(repository) == []
    assert await add(repository, 1) == [first]


async def test_what_is_as_it_was_before_is_left_as_it_is(repository: Repository) -> None:
    """Of three pictures that were added, one was removed meanwhile, and one was removed and came back."""
    first, second, third = await add(repository, 1, 2, 3)
    removal = await remove(repository, first, second)
    await add(repository, 2)
    assert (await repository.operations.undo("test", removal)).images == 1
    assert await live(repository) == [first, second, third]
    await remove(repository, third)
    assert (await repository.operations.undo("test", 1)).images == 2
    assert await live(repository) == []


@on_both
async def test_all_that_an_edit_changed_is_put_back_and_nothing_else(repository: Repository) -> None:
    (image_id,) = await add(repository, 1, title="before", tags=("one", "two"))
    await edit(repository, image_id, title="after", tags=["three"], source_url="https://x.test/", page_url="https://y/")
    await edit(repository, image_id, page_url="https://z/")
    await repository.operations.undo("test", 2)
    image = await repository.images.get(image_id)
    assert (image.title, image.tags, image.source_url, image.page_url) == ("before", ("one", "two"), None, None)
    await repository.operations.undo("test", 3)
    assert (await repository.images.get(image_id)).page_url == "https://y/"


async def test_edit_of_a_picture_that_is_removed_now_is_not_put_back(repository: Repository) -> None:
    (image_id,) = await add(repository, 1, title="before")
    await edit(repository, image_id, title="after")
    removal = await remove(repository, image_id)
    assert (await repository.operations.undo("test", 2)).images == 0
    await repository.operations.undo("test", removal)
    assert (await repository.images.get(image_id)).title == "after"


@pytest.mark.parametrize("operation_id", [99, 0, -5, 1 << 63, 1 << 80])
async def test_operation_that_is_not_there_is_unknown(repository: Repository, operation_id: int) -> None:
    await add(repository, 1)
    with pytest.raises(UnknownOperation, match=str(operation_id)):
        await repository.operations.undo("test", operation_id)
    assert await live(repository) == [1]


async def test_operation_whose_changes_are_forgotten_cannot_be_taken_back(repository: Repository) -> None:
    await add(repository, 1)
    await add(repository, 2)
    await repository.feed.trim(1, datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(NothingToUndo):
        await repository.operations.undo("test", 1)
    assert (await repository.operations.undo("test")).operation_id == 2
    with pytest.raises(NothingToUndo):
        await repository.operations.undo("test")


async def test_what_the_engine_does_by_itself_is_nothing_to_undo(repository: Repository) -> None:
    await add(repository, 1, 2)
    await remove(repository, 2)
    await repository.upkeep.purge(clock.now() + timedelta(seconds=1), "engine")
    await repository.features.put_embeddings(OTHER_NETWORK, {1: vector_of(1)})
    assert await repository.settings.switch_network(OTHER_NETWORK, "engine")
    for operation_id in (3, 4):
        with pytest.raises(NothingToUndo):
            await repository.operations.undo("test", operation_id)
    undone = await repository.operations.undo("test")
    assert (undone.kind, undone.images) == ("remove", 0)  # its picture is gone for good


async def test_undo_that_fails_changes_nothing(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(repository, 1, 2)

    async def broken(*_: object) -> None:
        raise RuntimeError("at the last moment")

    with monkeypatch.context() as patched:
        patched.setattr("engine.storage.operations.statements.record", broken)
        with pytest.raises(RuntimeError, match="at the last moment"):
            await repository.operations.undo("test")
    assert await live(repository) == [1, 2]
    assert (await repository.operations.undo("test")).images == 2


async def test_last_of_an_actor_is_the_last_that_stands(repository: Repository) -> None:
    await add(repository, 1, actor="ada")
    await add(repository, 2, actor="ada")
    await add(repository, 3, actor="boris")
    assert [await repository.operations.last(actor) for actor in ("ada", "boris")] == [2, 3]
    await repository.operations.undo("boris", 2)
    assert await repository.operations.last("ada") == 1
    for nobody in ("", "ADA"):
        with pytest.raises(NothingToUndo):
            await repository.operations.last(nobody)


async def test_restored_pictures_count_as_added(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    await remove(repository, image_id)
    operation = Operation("add", "test")
    await repository.additions.add([prepared(1), prepared(2)], operation)
    assert operation.id is not None
    assert await repository.operations.added_by(operation.id) == [1, 2]
    assert await repository.operations.added_by(2) == []  # the removal


@pytest.mark.databases("sqlite", "postgresql")
async def test_undo_takes_back_whole_operations_from_the_last_on(service: SearchService) -> None:
    await add_paths(service, A)
    await add_paths(service, B, C)
    assert (await service.undo(actor="test")).images == 2
    assert (await service.status()).images == 1
    assert (await service.undo(actor="test")).images == 1
    assert (await service.status()).images == 0
    with pytest.raises(NothingToUndo):
        await service.undo(actor="test")


@pytest.mark.databases("sqlite", "postgresql")
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


@pytest.mark.databases("sqlite", "postgresql")
async def test_last_act_is_the_latest_before_a_moment(service: SearchService) -> None:
    repository = service.repository
    assert await repository.operations.last_act(datetime.now(UTC)) is None
    await add_paths(service, SHIPPED / "coffee.png")
    async with repository.database.write() as connection:
        for days in (300, 2, 5):
            at = START + timedelta(days=days)
            await connection.execute(insert(operations).values(kind="reembed", actor="test", at=at))
        assert len((await connection.execute(select(operations))).all()) == 4
    assert await repository.operations.last_act(START + timedelta(days=4)) == START + timedelta(days=2)
    assert await repository.operations.last_act(START + timedelta(days=400)) == START + timedelta(days=5)


async def test_last_operation_is_that_of_its_actor(service: SearchService) -> None:
    with pytest.raises(PicTraceError) as caught:
        await service.last_operation("ada")
    assert caught.value.code == "nothing_to_undo"
    mine = await service.add_bytes(MIRRORED, name="a.jpg", actor="ada")
    await service.add_bytes(jpeg(photograph("coffee.png")), name="b.jpg", actor="boris")
    assert await service.last_operation("ada") == mine.operation_id
    assert mine.operation_id is not None
    assert await service.added_by(mine.operation_id) == [mine.id]


# --- looking back


def told(past: PastOperation) -> tuple[int, str, int, bool, bool, int | None, tuple[int, ...]]:
    return past.id, past.kind, past.pictures, past.is_undone, past.can_undo, past.undoes, past.images


@on_both
async def test_history_says_what_was_done_and_what_can_still_be_taken_back(repository: Repository) -> None:
    await add(repository, *range(1, 7), actor="ada")
    await edit(repository, 2, title="x")
    removal = await remove(repository, 5, 6)
    await repository.operations.undo("boris", removal)
    past = await repository.operations.history(before=None, limit=9)
    assert [told(one) for one in past] == [
        (4, "undo", 2, False, False, 3, (6, 5)),
        (3, "remove", 2, True, False, None, (5, 6)),
        (2, "edit", 1, False, True, None, (2,)),
        (1, "add", 6, False, True, None, (1, 2, 3, 4)),
    ]
    assert [one.actor for one in past] == ["boris", "test", "test", "ada"]
    assert past[-1].at.utcoffset() == timedelta(0)
    assert [one.id for one in await repository.operations.history(before=4, limit=2)] == [3, 2]


@on_both
async def test_what_is_purged_or_as_it_was_before_cannot_be_taken_back(repository: Repository) -> None:
    await add(repository, 1, 2)
    await edit(repository, 1, title="x")
    await remove(repository, 1, 2)

    async def can_undo() -> list[int]:
        return [one.id for one in await repository.operations.history(before=None, limit=9) if one.can_undo]

    assert await can_undo() == [3]  # the addition and the edit are of pictures that are not there
    restoration = Operation("restore", "test")
    await repository.trash.restore([1], restoration)
    assert await can_undo() == [4, 3, 2, 1]
    await repository.upkeep.purge(clock.now() + timedelta(seconds=1), "engine")
    assert await can_undo() == [4, 2, 1]
    await remove(repository, 1)
    await repository.upkeep.purge(clock.now() + timedelta(seconds=1), "engine")
    assert await can_undo() == []


@on_both
async def test_decision_can_be_taken_back_while_its_pictures_are_there(repository: Repository) -> None:
    await add(repository, 1, 2)
    await repository.pairs.keep([1, 2], "kept", Operation("decision", "test"))
    past = (await repository.operations.history(before=None, limit=1))[0]
    assert told(past) == (2, "decision", 2, False, True, None, (1, 2))


@on_both
async def test_history_is_without_what_concerns_no_picture_and_what_the_engine_makes_again(
    repository: Repository,
) -> None:
    await repository.operations.begin(Operation("add", "test"))
    await add(repository, 1)
    image = prepared(1).features
    await repository.features.put_features(1, image.handcrafted, 1, Operation("remake", "engine"))
    assert [one.id for one in await repository.operations.history(before=None, limit=9)] == [2]


async def test_who_added_a_picture_is_known_while_the_feed_tells(repository: Repository) -> None:
    await add(repository, 1, actor="ada")
    await remove(repository, 1)
    await add(repository, 1, actor="boris")  # restored
    assert await repository.operations.actor_of_addition(1) == "ada"
    assert await repository.operations.actor_of_addition(99) is None
    await repository.feed.trim(1, datetime.now(UTC) + timedelta(days=1))
    assert await repository.operations.actor_of_addition(1) is None


@on_both
async def test_changes_of_one_picture_are_taken_back_from_the_last_on(repository: Repository) -> None:
    """As additions may have made them that joined one operation."""
    await add(repository, 1, title="first")
    operation = Operation("edit", "test")
    for title in ("second", "third"):
        await repository.images.edit(1, {"title": title}, operation)
    assert operation.id
    assert (await repository.operations.undo("test", operation.id)).images == 2
    assert (await repository.images.get(1)).title == "first"
