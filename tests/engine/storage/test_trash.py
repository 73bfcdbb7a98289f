"""What was removed and is still kept: looked through, and brought back, as one operation."""

import pytest
from sqlalchemy import delete, update

from engine.errors import UnknownImage
from engine.storage.repository import Repository
from engine.storage.statements import IDS_A_QUERY, Operation
from engine.storage.tables import changes, images
from tests.rows import add, execute, lines, remove

on_both = pytest.mark.databases("sqlite", "postgresql")


async def trash(repository: Repository, limit: int = 9, offset: int = 0) -> list[tuple[int, str | None]]:
    return [(image.id, by) for image, by in await repository.trash.page(limit=limit, offset=offset)]


@on_both
async def test_lately_removed_comes_first_with_who_removed_it(repository: Repository) -> None:
    await add(repository, *range(1, 6))
    await repository.images.remove([2, 3], Operation("remove", "ada"))
    await repository.images.remove([5], Operation("remove", "boris"))
    assert await trash(repository) == [(5, "boris"), (3, "ada"), (2, "ada")]
    assert await trash(repository, limit=1, offset=1) == [(3, "ada")]
    await repository.operations.undo("ada", 2)
    await repository.operations.undo("clara", 1)  # the addition: all are removed by that
    assert (await trash(repository))[-1] == (5, "boris")
    assert [by for _, by in await trash(repository)] == ["clara"] * 4 + ["boris"]
    await execute(repository, delete(changes))  # the feed is trimmed
    assert {by for _, by in await trash(repository)} == {None}


@on_both
async def test_picture_of_the_trash_is_one_that_was_removed(repository: Repository) -> None:
    live, gone = await add(repository, 1, 2)
    await remove(repository, gone)
    assert (await repository.trash.get(gone)).deleted_at
    for one in (live, 99, 0, 1 << 63):
        with pytest.raises(UnknownImage, match=str(one)):
            await repository.trash.get(one)


@on_both
async def test_some_or_all_are_brought_back_and_removed_again_by_an_undo(repository: Repository) -> None:
    await add(repository, *range(1, 5))
    await remove(repository, 1, 2, 3)
    await execute(repository, update(images).values(compared=1))
    some = Operation("restore", "ada")
    assert await repository.trash.restore([3, 4, 99, 3, 1 << 70], some) == 1
    assert await repository.images.live_ids() == [3, 4]
    rest = Operation("restore", "ada")
    assert await repository.trash.restore(None, rest) == 2
    assert [line for line in await lines(repository) if line[0] == rest.id] == [
        (rest.id, 1, "restored"),
        (rest.id, 2, "restored"),
    ]
    assert sorted(await repository.pairs.waiting(1, 9)) == [1, 2, 3]  # they may have missed others
    undone = await repository.operations.undo("boris", rest.id)
    assert (undone.kind, undone.images) == ("restore", 2)
    assert await trash(repository) == [(2, "boris"), (1, "boris")]


@on_both
async def test_nothing_to_bring_back_is_said_and_leaves_no_operation(repository: Repository) -> None:
    (live,) = await add(repository, 1)
    for ids in ([live], [99], [], None):
        with pytest.raises(UnknownImage, match="Nothing was restored"):
            await repository.trash.restore(ids, Operation("restore", "ada"))
    assert len(await lines(repository)) == 1


async def test_more_pictures_than_a_query_takes_are_removed_and_brought_back(repository: Repository) -> None:
    many = range(1, IDS_A_QUERY + 3)
    ids = await add(repository, *many)
    removal = Operation("remove", "ada")
    assert await repository.images.take_out(ids, removal) == len(ids)
    assert await repository.images.live_ids() == []
    assert removal.id
    assert (await repository.operations.undo("ada", removal.id)).images == len(ids)
    assert await repository.images.live_ids() == ids
    await remove(repository, *ids)
    assert await repository.trash.restore(ids, Operation("restore", "ada")) == len(ids)
