"""When pictures were taken: which of them no PicTrace has asked yet, and what is put down."""

import pytest
from sqlalchemy import select, update

from engine.pictures import taking
from engine.storage.repository import Repository
from engine.storage.tables import images
from tests.rows import add, execute, lines, remove

on_both = pytest.mark.databases("sqlite", "postgresql")
DATE = "2024-02-29T23:59:59"


async def forget(repository: Repository) -> None:
    """As an older PicTrace has left pictures."""
    await execute(repository, update(images).values(taken_at=None, taken_version=0))


async def lacking(repository: Repository, limit: int = 9, after: int = 0) -> list[int]:
    return [image.id for image in await repository.dates.lacking(limit, after=after)]


@on_both
async def test_pictures_that_are_added_now_need_not_be_asked(repository: Repository) -> None:
    await add(repository, 1, 2)
    assert await lacking(repository) == []


@on_both
async def test_those_that_lack_a_date_come_in_order_until_it_is_put_down(repository: Repository) -> None:
    first, second, third, gone = await add(repository, 1, 2, 3, 4)
    await forget(repository)
    await remove(repository, gone)
    told = await lines(repository)
    assert await lacking(repository, 2) == [first, second]
    assert await lacking(repository, after=first) == [second, third]
    await repository.dates.put({})
    await repository.dates.put({first: DATE, third: None})
    assert await lacking(repository) == [second]
    assert [(await repository.images.get(one)).taken_at for one in (first, second, third)] == [DATE, None, None]
    assert await lines(repository) == told  # no index has to follow


@on_both
async def test_kinds_without_dates_are_passed_over(repository: Repository) -> None:
    (drawing,) = await add(repository, 1, media_type="image/gif")
    (photograph,) = await add(repository, 2, media_type="image/jpeg")
    await forget(repository)
    for _ in range(2):
        await repository.dates.pass_over(["image/gif", "image/bmp"])
        assert await lacking(repository) == [photograph]
    async with repository.database.read() as connection:
        version = await connection.scalar(select(images.c.taken_version).where(images.c.id == drawing))
    assert version == taking.VERSION
