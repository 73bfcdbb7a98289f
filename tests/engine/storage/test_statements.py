"""Statements on an open connection: texts that can be stored, many ids at once, damaged rows."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from engine import SearchService
from engine.domain import Arrangement, NetworkRef
from engine.errors import UnknownImage, UnknownOperation
from engine.storage import statements
from engine.storage.repository import Repository
from engine.storage.statements import IDS_A_QUERY, Head, Operation
from engine.storage.tables import changes, images, operations, settings
from tests.conftest import SHIPPED, add_paths
from tests.rows import NETWORK, OTHER, add, count, execute, lines, remove, sha256_of

on_both = pytest.mark.databases("sqlite", "postgresql")
A = SHIPPED / "astronaut.png"
MANY = 33_000  # SQLite allows 32,766 parameters
DECOMPOSED = unicodedata.normalize("NFD", "Ünïcödé.png")


# --- texts


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("plain", "plain"),
        ("a\0b", "ab"),
        ("\ud800", "?"),
        ("a\udfffb\0", "a?b"),
        ("😀 日本", "😀 日本"),
        (DECOMPOSED, unicodedata.normalize("NFC", DECOMPOSED)),
        ("", ""),
    ],
)
def test_text_is_composed_and_without_what_some_database_does_not_take(given: str, stored: str) -> None:
    assert statements.text(given) == stored
    assert statements.text([given, (given, 1)]) == [stored, [stored, 1]]
    statements.takeable(given).encode()


@pytest.mark.parametrize("value", [None, 7, True, b"bytes"])
def test_what_is_no_text_stays_as_it_is(value: object) -> None:
    assert statements.text(value) is value


def test_addresses_are_not_composed() -> None:
    """Another spelling may be another address."""
    assert statements.takeable(DECOMPOSED) == DECOMPOSED


@on_both
async def test_all_that_is_said_of_a_picture_can_be_stored(repository: Repository) -> None:
    odd = "a\0b\ud800c"
    said: dict[str, Any] = {"name": odd, "title": odd, "tags": (odd,), "source_url": odd}
    (image_id,) = await add(repository, 1, **said)
    for _ in range(2):
        image = await repository.images.get(image_id)
        assert (image.filename, image.title, image.tags, image.source_url) == ("ab?c", "ab?c", ("ab?c",), "ab?c")
        await remove(repository, image_id)
        await add(repository, 1, **said)  # restored


@on_both
async def test_names_are_found_however_they_were_composed(repository: Repository) -> None:
    (image_id,) = await add(repository, 1, name=DECOMPOSED, tags=(DECOMPOSED,))
    for spelling in (DECOMPOSED, unicodedata.normalize("NFC", DECOMPOSED)):
        for asked in (Arrangement(tags=(spelling,)), Arrangement(words=spelling.upper())):
            (found,) = await repository.listings.page(asked, limit=5)
            assert found.id == image_id


# --- ids


@pytest.mark.parametrize("number", [0, -1, 1 << 63, 1 << 200])
def test_numbers_that_no_database_takes_are_unknown(number: int) -> None:
    with pytest.raises(UnknownImage, match=str(number)):
        statements.refuse_impossible([1, number])
    with pytest.raises(UnknownOperation, match=str(number)):
        statements.refuse_impossible_operation(number)


def test_all_other_numbers_may_be_an_id() -> None:
    statements.refuse_impossible([1, (1 << 63) - 1])
    statements.refuse_impossible([])
    statements.refuse_impossible_operation((1 << 63) - 1)


@pytest.mark.parametrize("length", [0, 1, IDS_A_QUERY - 1, IDS_A_QUERY, IDS_A_QUERY + 1, 3 * IDS_A_QUERY])
def test_chunks_are_whole_in_order_and_none_is_too_long(length: int) -> None:
    chunks = list(statements.chunks(range(length)))
    assert [one for chunk in chunks for one in chunk] == list(range(length))
    assert all(0 < len(chunk) <= IDS_A_QUERY for chunk in chunks)


@on_both
async def test_more_ids_than_a_statement_takes_are_no_error(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    many = [*range(10, MANY), second, first]
    async with repository.database.write() as connection:
        assert await statements.live_ids(connection, many) == [first, second]
        known = await statements.by_sha256(connection, [f"{one:064}" for one in range(MANY)] + [sha256_of(2)])
        assert [image.id for image in known.values()] == [second]
        await statements.set_deleted(connection, many, datetime.now(UTC))
    assert await repository.images.live_ids() == []


# --- the change feed


async def test_no_change_is_no_operation(repository: Repository) -> None:
    operation = Operation("edit", "test")
    async with repository.database.write() as connection:
        await statements.record(connection, operation, [])
    assert operation.id is None
    assert await count(repository, operations) == 0


@on_both
async def test_lines_of_one_operation_have_its_number_in_the_order_given(repository: Repository) -> None:
    operation = Operation("edit", "ada")
    for images_of in ((3, 1), (2,)):
        async with repository.database.write() as connection:
            await statements.record(connection, operation, [(one, "edited", {"title": None}) for one in images_of])
    assert await lines(repository) == [(operation.id, one, "edited") for one in (3, 1, 2)]
    async with repository.database.read() as connection:
        assert (await connection.scalars(select(changes.c.before))).all() == [{"title": None}] * 3


@on_both
async def test_head_is_what_the_settings_and_the_feed_say(new_repository: Repository) -> None:
    async with new_repository.database.write() as connection:
        assert await statements.head(connection) == Head(0, 0, None, None)
        await statements.put_setting(connection, statements.TRIMMED, 9)
        await statements.put_setting(connection, statements.NETWORK, statements.network_value(NETWORK))
        await statements.put_setting(connection, statements.NEXT_NETWORK, statements.network_value(OTHER))
        assert await statements.head(connection) == Head(9, 9, NETWORK, OTHER)
    assert statements.network_ref(statements.network_value(NetworkRef("a", "b-c"))) == NetworkRef("a", "b-c")
    assert statements.network_ref(None) is None


@on_both
async def test_setting_is_overwritten_only_where_that_is_wanted(repository: Repository) -> None:
    async with repository.database.write() as connection:
        for value, overwrite in ((1, False), (2, False), (3, True), (4, False)):
            await statements.put_setting(connection, "key", value, overwrite=overwrite)
        assert await connection.scalar(select(settings.c.value).where(settings.c.key == "key")) == 3
        assert await connection.scalar(select(func.count()).where(settings.c.key == "key")) == 1


# --- damaged rows


@on_both
async def test_row_whose_tags_are_no_list_fails_no_query(repository: Repository) -> None:
    await add(repository, *range(1, 7), tags=("kept",))
    for image_id, tags in enumerate(("null", "7", '"kept"', '{"kept": 1}', '["kept", 7]'), 2):
        await execute(repository, f"UPDATE images SET tags = '{tags}' WHERE id = {image_id}")
    page = await repository.listings.page(Arrangement(tags=("kept",)), limit=9)
    assert [image.id for image in page] == [6, 1]
    assert (await repository.images.tags(9))["kept"] == 2
    assert len(await repository.images.live_images()) == 6


@pytest.mark.parametrize("tags", ["''", "'[\"kept\"'", "x'ff'"])
async def test_row_whose_tags_are_no_json_fails_no_filter(repository: Repository, tags: str) -> None:
    first, second = await add(repository, 1, 2, tags=("kept",))
    await execute(repository, f"UPDATE images SET tags = {tags} WHERE id = {first}")
    found = await repository.listings.count(Arrangement(tags=("kept",)))
    assert (found, await repository.images.tags(9)) == (1, {"kept": 1})
    assert (await repository.images.get(second)).tags == ("kept",)


async def test_sizes_of_another_type_are_read_as_one(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    await execute(repository, "UPDATE images SET width = 'wide', height = 2.5", update(images).values(byte_size=0))
    image = await repository.images.get(image_id)
    assert (image.width, image.height, image.byte_size) == (1, 1, 1)


@pytest.mark.databases("sqlite", "postgresql")
async def test_text_that_no_database_takes_is_made_takeable(service: SearchService) -> None:
    (added,) = await add_paths(service, A)
    assert added.id
    odd = "a\0b\ud800c"
    (edited,) = (await service.edit(added.id, {"title": odd, "tags": [odd], "source_url": odd}, actor="test")).images
    assert (edited.title, edited.tags, edited.source_url) == ("ab?c", ("ab?c",), "ab?c")
    assert await service.tags() == {"ab?c": 1}
    assert [one.id for one in (await service.page(tags=[odd], words="B\0")).images] == [added.id]
