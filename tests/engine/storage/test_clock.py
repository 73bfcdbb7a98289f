"""The time that is written into a library."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from engine import SearchService
from engine.storage import clock
from engine.storage.repository import Repository
from engine.storage.tables import operations
from engine.storage.upkeep import undo_horizon
from tests.conftest import SHIPPED, add_paths
from tests.rows import add, lines, remove

A, B = (SHIPPED / name for name in ("astronaut.png", "coffee.png"))
THEN = datetime(2020, 1, 1, 12, tzinfo=UTC)


def test_it_is_this_moment_in_utc() -> None:
    before = datetime.now(UTC)
    now = clock.now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)


@pytest.mark.databases("sqlite", "postgresql")
async def test_pictures_operations_and_removals_are_dated_by_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: THEN)
    (image_id,) = await add(repository, 1)
    assert (await repository.images.get(image_id)).created_at == THEN
    monkeypatch.setattr(clock, "now", lambda: THEN + timedelta(days=1))
    await remove(repository, image_id)
    assert await repository.upkeep.has_old_removals(THEN + timedelta(days=1, seconds=1))
    assert not await repository.upkeep.has_old_removals(THEN + timedelta(days=1))
    async with repository.database.read() as connection:
        dates = (await connection.scalars(select(operations.c.at).order_by(operations.c.id))).all()
    assert [at.replace(tzinfo=UTC) for at in dates] == [THEN, THEN + timedelta(days=1)]


def test_days_for_an_undo_are_counted_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: THEN)
    assert undo_horizon(30) == THEN - timedelta(days=30)
    assert undo_horizon(0) == THEN


@pytest.mark.databases("sqlite", "postgresql")
async def test_clock_that_jumps_changes_no_order(service: SearchService, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_paths(service, A)
    monkeypatch.setattr(clock, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    await add_paths(service, B)
    assert (await service.undo(actor="test")).images == 1
    assert [image.filename for image in (await service.page()).images] == ["astronaut.png"]
    assert [operation for operation, *_ in await lines(service.repository)] == [1, 2, 3]
