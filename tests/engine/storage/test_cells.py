"""Cells that cannot be what was written: each kind is found, of live pictures only, and put right."""

from typing import Any

import pytest
from sqlalchemy import delete, update

from engine.storage.cells import Cells
from engine.storage.repository import Repository
from engine.storage.tables import embeddings, images, keypoints
from tests.rows import DIMENSIONS, NETWORK, OTHER, add, execute, remove

pytestmark = pytest.mark.databases("sqlite", "postgresql")
ON_SQLITE = pytest.mark.databases("sqlite")  # which takes any value in any column


@pytest.fixture
async def cells(repository: Repository) -> Cells:
    """Of a library of the pictures 1 to 3."""
    assert await add(repository, 1, 2, 3, tags=("one",)) == [1, 2, 3]
    return repository.cells


def image_with(image_id: int = 2, **values: Any) -> Any:
    return update(images).where(images.c.id == image_id).values(**values)


async def all_of(cells: Cells) -> dict[str, list[int]]:
    """What is found, by kind, without the kinds of which there is nothing."""
    found = {
        "short vectors": await cells.short_vectors(NETWORK, DIMENSIONS),
        "without vector": await cells.without_vector(NETWORK),
        "bad keypoints": await cells.bad_keypoints(),
        "bad sizes": await cells.bad_sizes(),
        "unknown media types": await cells.unknown_media_types(),
        "bad tags": await cells.bad_tags(),
    }
    return {kind: ids for kind, ids in found.items() if ids}


async def test_sound_library_has_none(cells: Cells) -> None:
    assert await all_of(cells) == {}


async def test_vector_of_another_length_is_found(repository: Repository, cells: Cells) -> None:
    for vector in (b"", b"\0" * (2 * DIMENSIONS - 1), b"\0" * (2 * DIMENSIONS + 2)):
        await execute(repository, update(embeddings).where(embeddings.c.image_id == 2).values(vector=vector))
        assert await all_of(cells) == {"short vectors": [2]}
        assert await cells.short_vectors(OTHER, DIMENSIONS) == []


async def test_picture_without_a_vector_of_the_network_is_found(repository: Repository, cells: Cells) -> None:
    await execute(
        repository,
        delete(embeddings).where(embeddings.c.image_id == 1),
        update(embeddings).where(embeddings.c.image_id == 3).values(version=OTHER.version),
    )
    assert await all_of(cells) == {"without vector": [1, 3]}
    assert await cells.without_vector(OTHER) == [1, 2]


async def test_keypoints_that_do_not_fit_each_other_are_found(repository: Repository, cells: Cells) -> None:
    sound = {"points": b"\1" * 4, "descriptors": b"\1" * 32, "aspect": 1.5}
    mine = update(keypoints).where(keypoints.c.image_id == 2)
    await execute(repository, mine.values(**sound))
    assert await all_of(cells) == {}
    for damage in (
        {"points": b"\1" * 8},
        {"descriptors": b"\1" * 64},
        {"points": b"\1" * 3, "descriptors": b"\1" * 24},
        {"points": b""},
        {"aspect": 0.0},
        {"aspect": -1.5},
    ):
        await execute(repository, mine.values(**sound | damage))
        assert await all_of(cells) == {"bad keypoints": [2]}, damage


async def test_picture_without_keypoints_is_sound(repository: Repository, cells: Cells) -> None:
    await execute(repository, update(keypoints).values(points=b"", descriptors=b""))
    assert await all_of(cells) == {}


async def test_size_that_no_picture_has_is_found(repository: Repository, cells: Cells) -> None:
    damages: list[dict[str, int]] = [{"width": 0}, {"height": -3}, {"byte_size": 0}, {"width": -1, "height": 0}]
    for damage in damages:
        await execute(repository, image_with(**{"width": 1, "height": 1, "byte_size": 1} | damage))
        assert await all_of(cells) == {"bad sizes": [2]}, damage


async def test_media_type_that_is_never_written_is_found(repository: Repository, cells: Cells) -> None:
    for media_type in ("", "image/x-odd", "IMAGE/PNG"):
        await execute(repository, image_with(media_type=media_type))
        assert await all_of(cells) == {"unknown media types": [2]}


async def test_tags_that_are_no_list_of_texts_are_found(repository: Repository, cells: Cells) -> None:
    for tags in ("null", "7", '"one"', '{"one": 1}', '["one", 7]', "[null]", '[["one"]]'):
        await execute(repository, f"UPDATE images SET tags = '{tags}' WHERE id = 2")
        assert await all_of(cells) == {"bad tags": [2]}, tags
    for tags in ("[]", '["one"]', '["one", ""]'):
        await execute(repository, f"UPDATE images SET tags = '{tags}' WHERE id = 2")
        assert await all_of(cells) == {}, tags


@ON_SQLITE
@pytest.mark.parametrize("tags", ["'[\"one\"'", "''", "x'ff00'", "'words'"])
async def test_tags_that_are_no_json_or_no_text_are_found(repository: Repository, cells: Cells, tags: str) -> None:
    await execute(repository, f"UPDATE images SET tags = {tags} WHERE id = 2")
    assert await all_of(cells) == {"bad tags": [2]}
    await cells.put_readable_tags(2)
    assert await all_of(cells) == {}


async def test_removed_pictures_are_not_looked_at(repository: Repository, cells: Cells) -> None:
    await remove(repository, 2)
    await execute(
        repository,
        image_with(width=0, media_type="odd"),
        "UPDATE images SET tags = '7' WHERE id = 2",
        update(embeddings).where(embeddings.c.image_id == 2).values(vector=b""),
        update(keypoints).where(keypoints.c.image_id == 2).values(aspect=0.0),
    )
    assert await all_of(cells) == {}


async def test_those_tags_that_can_be_read_are_put_in_place_of_the_others(repository: Repository, cells: Cells) -> None:
    await execute(repository, """UPDATE images SET tags = '["one", 7, null, {"a": 1}, "two"]' WHERE id = 2""")
    await cells.put_readable_tags(2)
    await cells.put_readable_tags(99)
    assert (await repository.images.get(2)).tags == ("one", "two")
    assert (await repository.images.get(1)).tags == ("one",)
    assert await all_of(cells) == {}


async def test_right_values_are_put_into_one_picture_only(repository: Repository, cells: Cells) -> None:
    await execute(repository, image_with(width=0, media_type="odd"), image_with(3, width=0))
    await cells.put(2, width=7, media_type="image/webp")
    image = await repository.images.get(2)
    assert (image.width, image.height, image.media_type) == (7, 2, "image/webp")
    assert await all_of(cells) == {"bad sizes": [3]}
