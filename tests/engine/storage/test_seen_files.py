"""The files that pictures were added from: who holds which, and which pictures have lost all of theirs."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from engine.domain import FileSeen, KnownFile
from engine.storage import clock
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.tables import files_seen, images
from tests.rows import add, execute, lines, remove

on_both = pytest.mark.databases("sqlite", "postgresql")


async def see(repository: Repository, **held: int) -> None:
    """Which picture the files /a, /b ... hold."""
    await repository.additions.see_files({FileSeen(f"/{name}", 1, 1): image_id for name, image_id in held.items()})


async def missing(repository: Repository) -> list[int]:
    async with repository.database.read() as connection:
        marked = images.c.source_missing_since.is_not(None)
        return list((await connection.scalars(select(images.c.id).where(marked).order_by(images.c.id))).all())


async def paths(repository: Repository) -> list[str]:
    async with repository.database.read() as connection:
        return list((await connection.scalars(select(files_seen.c.path).order_by(files_seen.c.path))).all())


@on_both
async def test_files_under_a_place_are_those_at_its_path_and_below(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    under = ["/p", "/p/a", "/p/Ä/ü.jpg", "/p/100%_/x"]
    others = ["/pa", "/p2/a", "/P/a", "/", "/q/p/a"]
    await repository.additions.see_files({FileSeen(path, 1, 1): image_id for path in under + others})
    assert {file.path for file in await repository.seen_files.under("/p")} == set(under)
    assert {file.path for file in await repository.seen_files.under("/p/100%_")} == {"/p/100%_/x"}
    assert len(await repository.seen_files.under("/")) == 9


@on_both
async def test_known_file_says_what_became_of_its_picture(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    await see(repository, a=first, b=second)
    await remove(repository, second)
    await repository.seen_files.mark_missing([first])
    assert await repository.seen_files.of([first, second]) == [
        KnownFile("/a", 1, 1, first, "1.png", is_live=True, is_missing=True),
        KnownFile("/b", 1, 1, second, "2.png", is_live=False, is_missing=False),
    ]


@on_both
async def test_mark_keeps_its_time_until_a_file_is_there(repository: Repository) -> None:
    (first,) = await add(repository, 1)
    await repository.seen_files.mark_missing([first])
    since = (await repository.images.get(first)).source_missing_since
    assert since
    assert since <= clock.now()
    await repository.seen_files.mark_missing([first])
    assert (await repository.images.get(first)).source_missing_since == since
    assert await repository.images.count_missing() == 1
    await repository.seen_files.find_again([first])
    assert (await repository.images.get(first)).source_missing_since is None
    assert await repository.images.count_missing() == 0


@on_both
async def test_file_that_holds_another_picture_now_leaves_the_one_before_without(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    await see(repository, a=first, b=first)
    await see(repository, a=second)
    assert await missing(repository) == []  # it still has the other file
    await see(repository, b=second)
    assert await missing(repository) == [first]
    await see(repository, b=first)
    assert await missing(repository) == []


@on_both
async def test_two_files_that_change_places_leave_nobody_without(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    await see(repository, a=first, b=second)
    await see(repository, a=second, b=first)
    assert await missing(repository) == []


@on_both
async def test_picture_whose_file_was_missing_is_not_taken_for_unchanged(repository: Repository) -> None:
    (first,) = await add(repository, 1)
    await see(repository, a=first)
    assert await repository.additions.known_files([FileSeen("/a", 1, 1)]) == {"/a": first}
    await repository.seen_files.mark_missing([first])
    assert await repository.additions.known_files([FileSeen("/a", 1, 1)]) == {}  # it is read, and the mark goes
    await see(repository, a=first)
    assert await missing(repository) == []


@on_both
async def test_forgotten_files_may_rename_their_pictures(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    await see(repository, a=first, b=first, c=second)
    await repository.seen_files.forget(await repository.seen_files.under("/a"), {first: "u\u0308.jpg"})
    assert await paths(repository) == ["/b", "/c"]
    assert (await repository.images.get(first)).filename == "ü.jpg"  # composed, as all names
    assert (await repository.images.get(second)).filename == "2.png"


@on_both
async def test_pictures_removed_with_their_files_come_back_by_undo_and_stay_marked(repository: Repository) -> None:
    first, second, third = await add(repository, 1, 2, 3)
    await see(repository, a=first, b=second, c=third)
    await remove(repository, third)
    gone = await repository.seen_files.of([first, third])
    await repository.seen_files.remove_missing([first, third], gone, Operation("remove", "watch"))
    assert await repository.images.live_ids() == [second]
    assert await paths(repository) == ["/b"]
    assert [line[1:] for line in await lines(repository)][-1] == (first, "removed")
    assert (await repository.operations.undo("test")).images == 1
    assert await repository.images.live_ids() == [first, second]
    assert await missing(repository) == [first, third]


@on_both
async def test_files_of_purged_pictures_are_left_out_until_they_are_seen_or_gone(repository: Repository) -> None:
    first, second, third, fourth = await add(repository, 1, 2, 3, 4)
    await see(repository, a=first, b=first, c=second, d=third, e=fourth)
    await repository.seen_files.mark_missing([second])
    await remove(repository, first, second, third)
    assert await repository.upkeep.purge(clock.now() + timedelta(days=1), "test") == 3
    left_out = await repository.seen_files.left_out_under("/")
    assert left_out == [FileSeen("/a", 1, 1), FileSeen("/b", 1, 1), FileSeen("/d", 1, 1)]
    await see(repository, a=fourth)
    await repository.seen_files.forget_left_out(["/b"])
    assert await repository.seen_files.left_out_under("/d") == [FileSeen("/d", 1, 1)]
    assert len(await repository.seen_files.left_out_under("/")) == 1


async def test_removed_pictures_are_not_counted_as_missing(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    await execute(repository, update(images).values(source_missing_since=clock.now()))
    await remove(repository, first)
    assert await repository.images.count_missing() == 1
    assert (await repository.images.get(second)).source_missing_since
