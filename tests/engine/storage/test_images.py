"""The pictures of a library: read, listed, counted, changed, removed softly."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from engine import SearchService
from engine.domain import WHOLE_PART, StoredImage
from engine.errors import UnknownImage
from engine.storage import clock
from engine.storage.files import original_key, thumbnail_key
from engine.storage.repository import Repository
from engine.storage.statements import IDS_A_QUERY, Operation
from engine.storage.tables import embeddings, hashes, images
from tests.conftest import SHIPPED, add_paths
from tests.rows import add, content_of, edit, execute, lines, remove, sha256_of

on_both = pytest.mark.databases("sqlite", "postgresql")
A = SHIPPED / "astronaut.png"
IMPOSSIBLE = [0, -1, 1 << 63, 1 << 80]


def ids_of(found: list[StoredImage]) -> list[int]:
    return [image.id for image in found]


# --- reading


@on_both
async def test_picture_is_read_with_all_that_was_said_of_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: then)
    said: dict[str, Any] = {
        "title": "A title",
        "tags": ("one", "two"),
        "source_url": "https://x.test/a.png",
        "name": "a name.png",
    }
    (image_id,) = await add(repository, 1, **said)
    image = await repository.images.get(image_id)
    assert image == StoredImage(
        id=image_id,
        sha256=sha256_of(1),
        filename="a name.png",
        title="A title",
        source_url="https://x.test/a.png",
        page_url=None,
        tags=("one", "two"),
        media_type="image/png",
        width=3,
        height=2,
        byte_size=len(content_of(1)),
        created_at=then,
        deleted_at=None,
        warnings=(),
    )
    assert await repository.images.if_there(image_id) == image
    assert await repository.images.by_sha256(sha256_of(1)) == image


@on_both
async def test_removed_picture_is_there_for_nobody(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    await remove(repository, first)
    with pytest.raises(UnknownImage, match=f"id {first}"):
        await repository.images.get(first)
    assert await repository.images.if_there(first) is None
    assert await repository.images.by_sha256(sha256_of(1)) is None
    assert await repository.images.ids_by_sha256([sha256_of(1), sha256_of(2), "unknown"]) == {sha256_of(2): second}
    assert await repository.images.whole_by_sha256([sha256_of(1), sha256_of(2)]) == {sha256_of(2): second}
    assert await repository.images.live_ids() == [second]
    assert await repository.images.count_live() == 1
    assert await repository.images.count_removed() == 1


@pytest.mark.parametrize("image_id", IMPOSSIBLE)
async def test_number_that_no_database_takes_is_an_unknown_picture(repository: Repository, image_id: int) -> None:
    with pytest.raises(UnknownImage, match=str(image_id)):
        await repository.images.get(image_id)
    assert await repository.images.if_there(image_id) is None
    with pytest.raises(UnknownImage, match=str(image_id)):
        await repository.images.edit(image_id, {"title": "x"}, Operation("edit", "test"))
    with pytest.raises(UnknownImage, match=str(image_id)):
        await remove(repository, image_id)


@pytest.mark.parametrize("key", [original_key(sha256_of(1), ".png"), thumbnail_key(sha256_of(1))])
async def test_picture_that_has_lost_a_file_is_not_whole(repository: Repository, data_dir: Path, key: str) -> None:
    first, second = await add(repository, 1, 2)
    (data_dir / key).unlink()
    both = [sha256_of(1), sha256_of(2)]
    assert await repository.images.whole_by_sha256(both) == {sha256_of(2): second}
    assert await repository.images.ids_by_sha256(both) == {sha256_of(1): first, sha256_of(2): second}


async def test_size_that_no_picture_has_is_read_as_one(repository: Repository) -> None:
    """Others divide by it; `pictrace check` finds it."""
    (image_id,) = await add(repository, 1)
    await execute(repository, update(images).values(width=0, height=-5, byte_size=-1))
    image = await repository.images.get(image_id)
    assert (image.width, image.height, image.byte_size) == (1, 1, 1)


# --- listing


@on_both
async def test_live_pictures_come_in_order_a_portion_at_a_time(repository: Repository) -> None:
    ids = await add(repository, *range(1, 7))
    await remove(repository, ids[2])
    assert ids_of(await repository.images.live_images(limit=3)) == [ids[0], ids[1], ids[3]]
    assert ids_of(await repository.images.live_images(after=ids[3])) == ids[4:]
    assert await repository.images.live_images(after=ids[-1]) == []
    assert await repository.images.live_ids() == [one for one in ids if one != ids[2]]
    assert [await repository.images.count_live(after=after) for after in (0, ids[1], ids[-1])] == [5, 3, 0]


# --- counting


@on_both
async def test_features_are_counted_of_live_pictures(repository: Repository) -> None:
    first, _, third = await add(repository, 1, 2, 3)
    await add(repository, 4, is_flat=True)
    await remove(repository, third)
    await execute(
        repository,
        delete(embeddings).where(embeddings.c.image_id == first),
        delete(hashes).where(hashes.c.image_id == third),
    )
    assert await repository.images.features() == {"embedding": 2, "phash": 2, "orb": 3}


@on_both
async def test_feature_of_a_second_network_and_of_parts_counts_once(repository: Repository) -> None:
    (first,) = await add(repository, 1)
    for version, part in (("2", WHOLE_PART), ("1", 7)):
        row = {"image_id": first, "part": part, "network": "other", "version": version, "vector": b"1234"}
        await execute(repository, insert(embeddings).values(row))
    assert (await repository.images.features())["embedding"] == 1


async def test_bytes_of_all_originals_are_summed_up_those_of_removed_ones_too(repository: Repository) -> None:
    assert await repository.images.original_bytes() == 0
    first, _ = await add(repository, 1, 22)
    await remove(repository, first)
    assert await repository.images.original_bytes() == len(content_of(1)) + len(content_of(22))


# --- changing


@on_both
async def test_edit_changes_what_it_names_and_remembers_what_was_there(repository: Repository) -> None:
    (image_id,) = await add(repository, 1, title="before", tags=("one",))
    changed = await repository.images.edit(
        image_id, {"title": None, "tags": ["two", "three"]}, Operation("edit", "ada")
    )
    (image,) = changed.images
    assert (image.title, image.tags, image.source_url) == (None, ("two", "three"), None)
    assert await lines(repository) == [(1, image_id, "added"), (changed.operation_id, image_id, "edited")]


async def test_what_cannot_be_edited_stays(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    before = await repository.images.get(image_id)
    values = {"filename": "x", "sha256": "y", "width": 9, "deleted_at": clock.now(), "id": 7}
    await repository.images.edit(image_id, values, Operation("edit", "test"))
    assert await repository.images.get(image_id) == before


async def test_picture_that_is_not_there_is_not_edited(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    await remove(repository, image_id)
    told = await lines(repository)
    for unknown in (image_id, 99):
        with pytest.raises(UnknownImage, match=str(unknown)):
            await repository.images.edit(unknown, {"title": "x"}, Operation("edit", "test"))
    assert await lines(repository) == told


@on_both
async def test_many_are_removed_as_one_operation(repository: Repository) -> None:
    ids = await add(repository, 1, 2, 3)
    operation = await remove(repository, ids[2], ids[0], ids[2])
    assert await repository.images.live_ids() == [ids[1]]
    assert (await lines(repository))[3:] == [(operation, ids[0], "removed"), (operation, ids[2], "removed")]


async def test_nothing_is_removed_where_one_is_removed_already(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    await remove(repository, first)
    with pytest.raises(UnknownImage, match=r"id 1 in this library\. Nothing was removed"):
        await remove(repository, second, first)
    assert await repository.images.live_ids() == [second]


async def test_those_that_are_still_there_are_taken_out(repository: Repository) -> None:
    ids = await add(repository, 1, 2, 3)
    await remove(repository, ids[0])
    operation = Operation("repair", "test")
    assert await repository.images.take_out([*ids[:2], 99], operation) == 1
    assert await repository.images.live_ids() == [ids[2]]
    assert operation.id is not None
    undone = await repository.operations.undo("test")
    assert (undone.operation_id, undone.kind, undone.images) == (operation.id, "repair", 1)
    assert await repository.images.take_out([], Operation("repair", "test")) == 0


@on_both
async def test_many_are_edited_as_one_operation_and_put_back_as_one(repository: Repository) -> None:
    ids = await add(repository, *range(1, IDS_A_QUERY + 4), tags=("old",), title="before")
    await remove(repository, ids[-1])
    await edit(repository, 2, tags=["old", "new"], title="2")
    operation = Operation("edit", "ada")

    def numbered(image: StoredImage, number: int) -> dict[str, Any]:
        return {"tags": [*image.tags, "new"] if "new" not in image.tags else list(image.tags), "title": str(number)}

    in_order = [3, 2, 3, *ids[3:], 1, 99]
    assert await repository.images.edit_many(in_order, numbered, operation) == len(ids) - 2  # 2 is so already
    images = {image.id: image for image in await repository.images.live_images()}
    assert [images[one].title for one in (3, 2, 4, 1)] == ["1", "2", "3", str(len(ids) - 1)]
    assert {image.tags for image in images.values()} == {("old", "new")}
    assert 2 not in [image_id for number, image_id, _ in await lines(repository) if number == operation.id]
    undone = await repository.operations.undo("boris", operation.id)
    assert (undone.kind, undone.images) == ("edit", len(ids) - 2)
    images = {image.id: image for image in await repository.images.live_images()}
    assert (images[2].title, images[1].title, images[1].tags) == ("2", "before", ("old",))


async def test_edit_of_many_that_changes_nothing_leaves_no_operation(repository: Repository) -> None:
    await add(repository, 1, tags=("a",))
    operation = Operation("edit", "ada")
    assert await repository.images.edit_many([1], lambda *_: {"tags": ["a"], "title": None}, operation) == 0
    assert operation.id is None
    with pytest.raises(UnknownImage, match="None of these 2 pictures"):
        await repository.images.edit_many([98, 99], lambda *_: {"title": "x"}, operation)
    with pytest.raises(UnknownImage):
        await repository.images.edit_many(IMPOSSIBLE, lambda *_: {"title": "x"}, operation)


# --- real pictures


@pytest.mark.databases("sqlite", "postgresql")
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
    assert [kind for *_, kind in await lines(service.repository)] == ["added", "removed", "restored"]


@pytest.mark.databases("sqlite", "postgresql")
async def test_removing_an_unknown_picture_removes_nothing(service: SearchService) -> None:
    (added,) = await add_paths(service, A)
    assert added.id
    with pytest.raises(UnknownImage, match="99"):
        await service.remove([added.id, 99], actor="test")
    assert (await service.get(added.id)).id == added.id
