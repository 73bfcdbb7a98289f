"""The library in any order, filtered, a part at a time: by every database in the same order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, text, update

from engine.domain import Arrangement, DayOfPictures, Position, Sort, StoredImage
from engine.errors import UnknownImage
from engine.storage.name_keys import name_key
from engine.storage.repository import Repository
from engine.storage.tables import images
from tests.rows import add, execute, remove

on_both = pytest.mark.databases("sqlite", "postgresql")
START = datetime(2026, 5, 1, 12, tzinfo=UTC)
SORTS: tuple[Sort, ...] = ("added", "name", "size", "taken")
BOTH_WAYS = [Arrangement(sort, descending) for sort in SORTS for descending in (True, False)]
HOUR = timedelta(hours=1)
PICTURES = (  # name, days after the start, size, taken
    ("IMG_10.jpg", 0, 300, "2024-01-02T10:00:00"),
    ("img_9.JPG", 0, 300, None),
    ("äpfel.png", 1, 20, "2024-01-02T09:00:00"),
    ("Zug.png", 3, 5_000, "1999-12-31T23:59:59"),
    ("IMG_10.jpg", 3, 20, None),
    ("apfel.png", 3, 1, "2024-01-02T10:00:00"),
)
ORDERED = {  # from the least on
    "added": [1, 2, 3, 4, 5, 6],
    "name": [6, 3, 2, 1, 5, 4],
    "size": [6, 3, 5, 1, 2, 4],
    "taken": [4, 3, 1, 6],
}
UNDATED = [2, 5]


def ids_of(found: list[StoredImage]) -> list[int]:
    return [image.id for image in found]


async def fill(repository: Repository) -> None:
    for number, (name, days, size, taken_at) in enumerate(PICTURES, 1):
        (image_id,) = await add(repository, number, name=name)
        assert image_id == number
        said = {"created_at": START + timedelta(days=days), "byte_size": size, "taken_at": taken_at}
        await execute(repository, update(images).where(images.c.id == image_id).values(said))


def in_order(arrangement: Arrangement) -> list[int]:
    """What the arrangement is to give of these pictures."""
    found, undated = list(ORDERED[arrangement.sort]), list(UNDATED)
    if arrangement.descending:
        found, undated = found[::-1], undated[::-1]
    return found + (undated if arrangement.sort == "taken" else [])


@on_both
async def test_order_is_total_and_undated_pictures_come_last_both_ways(repository: Repository) -> None:
    await fill(repository)
    for arrangement in BOTH_WAYS:
        wanted = in_order(arrangement)
        assert ids_of(await repository.listings.page(arrangement, limit=9)) == wanted, arrangement
        parts = [await repository.listings.page(arrangement, limit=2, offset=at) for at in range(0, 7, 2)]
        assert [one for part in parts for one in ids_of(part)] == wanted, arrangement
        for place, image_id in enumerate(wanted):
            behind = ids_of(await repository.listings.page(arrangement, limit=9, after=image_id))
            assert behind == wanted[place + 1 :], (arrangement, image_id)


@on_both
async def test_picture_knows_its_place_and_its_neighbours(repository: Repository) -> None:
    await fill(repository)
    for arrangement in BOTH_WAYS:
        wanted = [None, *in_order(arrangement), None]
        for place, image_id in enumerate(wanted[1:-1]):
            assert image_id
            expected = Position(place, len(PICTURES), wanted[place], wanted[place + 2])
            assert await repository.listings.position(arrangement, image_id) == expected, (arrangement, image_id)


@on_both
async def test_picture_that_does_not_pass_the_filter_has_the_neighbours_that_it_would_have(
    repository: Repository,
) -> None:
    await fill(repository)
    drawings = Arrangement("name", False, words="png")
    assert await repository.listings.position(drawings, 1) == Position(None, 3, 3, 4)
    assert await repository.listings.position(drawings, 3) == Position(1, 3, 6, 4)
    await remove(repository, 4)
    assert await repository.listings.position(drawings, 3) == Position(1, 2, 6, None)
    for gone in (4, 99, 0, 1 << 63):
        with pytest.raises(UnknownImage, match=str(gone)):
            await repository.listings.position(drawings, gone)


@on_both
async def test_part_goes_on_behind_a_picture_that_is_no_longer_there(repository: Repository) -> None:
    await fill(repository)
    await remove(repository, 4)
    newest = Arrangement()
    assert ids_of(await repository.listings.page(newest, limit=9, after=4)) == [3, 2, 1]
    await execute(repository, delete(images).where(images.c.id == 4))
    assert ids_of(await repository.listings.page(newest, limit=9, after=4)) == [3, 2, 1]


@on_both
async def test_days_are_those_of_the_readers_clock_in_the_order_of_the_list(repository: Repository) -> None:
    await fill(repository)
    newest, taken = Arrangement(), Arrangement("taken")

    async def days(arrangement: Arrangement, offset: timedelta = timedelta(0)) -> list[tuple[str | None, int]]:
        found = await repository.listings.days(arrangement, utc_offset=offset)
        return [(one.day, one.pictures) for one in found]

    assert await days(newest) == [("2026-05-04", 3), ("2026-05-02", 1), ("2026-05-01", 2)]
    assert await days(Arrangement(descending=False), 12 * HOUR) == [
        ("2026-05-02", 2),
        ("2026-05-03", 1),
        ("2026-05-05", 3),
    ]
    assert (await days(newest, -13 * HOUR))[0] == ("2026-05-03", 3)
    assert await days(taken) == [("2024-01-02", 3), ("1999-12-31", 1), (None, 2)]
    assert await days(Arrangement("taken", descending=False)) == [("1999-12-31", 1), ("2024-01-02", 3), (None, 2)]
    assert await days(Arrangement(words="png")) == [("2026-05-04", 2), ("2026-05-02", 1)]
    await remove(repository, *range(1, 7))
    assert await days(newest) == []
    assert DayOfPictures(None, 0) not in await repository.listings.days(taken, utc_offset=HOUR)


@on_both
async def test_words_are_looked_for_in_title_name_and_tags_whatever_their_case(repository: Repository) -> None:
    cat, coffee, percent = (
        (await add(repository, 1, name="IMG_1.png", title="Ein Kätzchen SCHLÄFT", tags=("Haustier", "Été")))[0],
        (await add(repository, 2, name="Чашка кофе.png", tags=("Утро",)))[0],
        (await add(repository, 3, name="100%_a\\b.png", title="half"))[0],
    )

    async def found(words: str | None) -> list[int]:
        arrangement = Arrangement(words=words)
        page = ids_of(await repository.listings.page(arrangement, limit=9))
        assert await repository.listings.count(arrangement) == len(page)
        return page

    assert await found("kätzchen") == [cat]
    assert await found("schläft img haus") == [cat]  # each of the words, in any of them
    assert await found("ÉTÉ") == [cat]
    assert await found("утр КОФЕ") == [coffee]
    assert await found("schläft kofe") == []
    assert await found("%") == [percent]
    assert await found("0%_") == [percent]
    assert await found("a\\b") == [percent]
    assert await found("_") == [percent, cat]
    assert await found(" \n ") == await found("") == await found(None) == [percent, coffee, cat]


@on_both
async def test_tags_are_looked_for_as_wholes_and_all_of_them(repository: Repository) -> None:
    first = (await add(repository, 1, tags=("space", "night")))[0]
    second = (await add(repository, 2, tags=("space",)))[0]
    (third,) = await add(repository, 3, tags=("spaceship", "é", 'quote"', "100%"))
    (removed,) = await add(repository, 4, tags=("space", "gone"))
    await remove(repository, removed)

    async def tagged(*tags: str) -> list[int]:
        return ids_of(await repository.listings.page(Arrangement(tags=tags), limit=9))

    assert await tagged("space") == [second, first]
    assert await tagged("space", "night") == await tagged("night", "space", "space") == [first]
    assert await tagged("space", "é") == []
    assert await tagged("SPACE") == await tagged("spac") == await tagged("%") == []
    assert await tagged("e\u0301") == [third]  # as macOS writes it
    assert await tagged('quote"') == [third]
    assert await repository.listings.count(Arrangement(tags=("space",), words="1")) == 1
    tags = await repository.images.tags(10)
    assert tags == {"space": 2, "night": 1, "é": 1, "spaceship": 1, 'quote"': 1, "100%": 1}
    assert next(iter(tags)) == "space"
    assert await repository.images.tags(1) == {"space": 2}


def row(number: int, **said: Any) -> dict[str, Any]:
    name = said.get("filename", "a.png")
    return {
        "sha256": f"{number:064x}",
        "filename": name,
        "name_key": name_key(name),
        "tags": [],
        "media_type": "image/png",
        "width": 1,
        "height": 1,
        "byte_size": 1,
        "created_at": START,
        "taken_at": None,
        "deleted_at": None,
    } | said


SAID = st.fixed_dictionaries(
    {
        "filename": st.sampled_from(["a.png", "B.png", "a2.png", "a10.png", "é.png"]),
        "byte_size": st.integers(1, 3),
        "created_at": st.integers(0, 2).map(lambda hours: START + hours * HOUR),
        "taken_at": st.sampled_from([None, "2020-01-01T00:00:00", "2021-01-01T00:00:00"]),
        "deleted_at": st.sampled_from([None, None, None, START]),
    }
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(SAID, min_size=1, max_size=8), arrangement=st.sampled_from(BOTH_WAYS))
async def test_whatever_the_pictures_are_parts_places_and_days_agree(
    repository: Repository, said: list[dict[str, Any]], arrangement: Arrangement
) -> None:
    rows = [row(number, **one) for number, one in enumerate(said)]
    await execute(repository, delete(images), insert(images).values(rows))
    whole = await repository.listings.page(arrangement, limit=99)
    ids = ids_of(whole)
    assert await repository.listings.count(arrangement) == len(ids) == len(set(ids))
    for place, image_id in enumerate(ids):
        position = await repository.listings.position(arrangement, image_id)
        around = [None, *ids, None]
        assert position == Position(place, len(ids), around[place], around[place + 2])
        assert ids_of(await repository.listings.page(arrangement, limit=99, after=image_id)) == ids[place + 1 :]
    if arrangement.sort in ("added", "taken"):
        days = await repository.listings.days(arrangement, utc_offset=HOUR)
        of_each = [
            (image.created_at + HOUR).date().isoformat()
            if arrangement.sort == "added"
            else image.taken_at and image.taken_at[:10]
            for image in whole
        ]
        assert [day for one in days for day in [one.day] * one.pictures] == of_each


async def test_page_far_below_is_read_from_an_index_alone(repository: Repository) -> None:
    """100,000 pictures are passed over in milliseconds so; put in order anew for each page, they would take seconds."""
    for key in ("created_at", "name_key", "byte_size", "taken_at"):
        for way in ("ASC", "DESC"):
            query = f"SELECT * FROM images WHERE deleted_at IS NULL ORDER BY {key} {way} NULLS LAST, id {way} LIMIT 9"
            async with repository.database.read() as connection:
                plan = " ".join(row.detail for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))
            assert f"ix_images_live_{key}" in plan, plan
            assert "B-TREE" not in plan, plan
