"""What was removed is purged once the time for an undo has passed by the clock, and the library has seen it pass."""

from datetime import UTC, datetime, timedelta

import pytest

from engine import EngineSettings, open_service
from engine.errors import NothingToUndo
from engine.storage import clock
from engine.storage.tidying import LOOK
from tests.conftest import PHOTOGRAPHS, SHIPPED, Filled
from tests.indexes import in_process

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that tests set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.days = 0.0
        monkeypatch.setattr(clock, "now", lambda: START + timedelta(days=self.days))


@pytest.fixture
def the_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
async def removed(the_clock: Clock, filled: Filled) -> int:
    """A picture that was removed on day 0."""
    async with filled() as service:
        await service.remove([2], actor="test")
    return 2


async def removed_now(settings: EngineSettings, *, tidying: bool = True) -> int:
    async with open_service(settings, tidying=tidying) as service:
        return (await service.status()).removed


async def look_of(settings: EngineSettings) -> str | None:
    async with open_service(settings, read_only=True) as service:
        look: str | None = await service.repository.settings.get(LOOK)
        return look


@pytest.mark.databases("sqlite", "postgresql")
async def test_clock_far_ahead_purges_nothing(settings: EngineSettings, removed: int, the_clock: Clock) -> None:
    the_clock.days = 400
    assert await removed_now(settings) == 1
    assert await removed_now(settings) == 1  # nor does a second look a moment later
    the_clock.days = 1
    assert await removed_now(settings) == 1
    async with open_service(settings) as service:
        assert (await service.undo(actor="test")).images == 1
        assert await service.originals.file(await service.get(removed)) == (SHIPPED / PHOTOGRAPHS[1]).read_bytes()


@pytest.mark.databases("sqlite", "postgresql")
async def test_look_that_lies_two_days_back_lets_the_purge_happen(
    settings: EngineSettings, removed: int, the_clock: Clock
) -> None:
    found = []
    for day in (29, 31, 32.9, 33.1):
        the_clock.days = day
        found.append(await removed_now(settings))
    assert found == [1, 1, 1, 0]
    assert len(list(settings.data_dir.glob("originals/*/*"))) == len(PHOTOGRAPHS) - 1


async def test_work_that_lies_two_days_back_lets_the_purge_happen(
    settings: EngineSettings, removed: int, the_clock: Clock
) -> None:
    the_clock.days = 31
    async with open_service(settings) as service:
        await service.edit(1, {"title": "worked on"}, actor="test")
    the_clock.days = 32
    assert await removed_now(settings) == 1
    the_clock.days = 34
    assert await removed_now(settings) == 0


async def test_work_before_the_end_of_the_days_is_no_proof(
    settings: EngineSettings, removed: int, the_clock: Clock
) -> None:
    the_clock.days = 20
    async with open_service(settings) as service:
        await service.edit(1, {"title": "worked on"}, actor="test")
    the_clock.days = 60
    assert await removed_now(settings) == 1


async def test_earliest_look_is_kept_and_one_in_the_future_is_replaced(
    settings: EngineSettings, removed: int, the_clock: Clock
) -> None:
    the_clock.days = 400
    await removed_now(settings)
    assert await look_of(settings) == (START + timedelta(days=400)).isoformat()
    the_clock.days = 40
    await removed_now(settings)
    assert await look_of(settings) == (START + timedelta(days=40)).isoformat()
    the_clock.days = 41
    await removed_now(settings)
    assert await look_of(settings) == (START + timedelta(days=40)).isoformat()
    the_clock.days = 5  # nothing is due
    await removed_now(settings)
    assert await look_of(settings) is None


async def test_next_removal_waits_for_a_look_of_its_own(
    settings: EngineSettings, removed: int, the_clock: Clock
) -> None:
    the_clock.days = 20
    async with open_service(settings) as service:
        await service.remove([3], actor="test")
    found = []
    for day in (31, 40, 51, 52, 54):
        the_clock.days = day
        found.append(await removed_now(settings))
    assert found == [2, 1, 1, 1, 0]


async def test_operations_of_a_clock_that_ran_ahead_are_no_proof(
    settings: EngineSettings, removed: int, the_clock: Clock
) -> None:
    """Also where the clock runs ahead a second time, later than those."""
    the_clock.days = 400
    async with open_service(settings) as service:
        await service.edit(1, {"title": "in the future"}, actor="test")
    the_clock.days = 1
    async with open_service(settings) as service:
        await service.edit(1, {"title": "now"}, actor="test")
    the_clock.days = 410
    assert await removed_now(settings) == 1


async def test_without_undo_days_and_with_purge_all_goes_at_once(
    settings: EngineSettings, removed: int, the_clock: Clock
) -> None:
    the_clock.days = 0.1
    assert await removed_now(settings.model_copy(update={"undo_days": 0})) == 0
    async with open_service(settings) as service:
        await service.remove([3], actor="test")
        the_clock.days = 0.2
        assert (await service.checker.check(repair=False, purge=True, actor="test")).purged == 1


async def test_clock_far_ahead_forgets_no_change(
    settings: EngineSettings, removed: int, the_clock: Clock, filled: Filled
) -> None:
    async with open_service(settings) as service:
        await (await in_process(service)).checkpoint()
    the_clock.days = 400
    async with open_service(settings) as service:
        assert (await service.repository.feed.head()).trimmed == 0
        assert (await service.undo(actor="test")).kind == "remove"
    the_clock.days = 403
    async with open_service(settings) as service:
        assert (await service.repository.feed.head()).trimmed > 0


async def test_opening_without_tidying_purges_and_notes_nothing(
    settings: EngineSettings, removed: int, the_clock: Clock
) -> None:
    the_clock.days = 31
    assert await removed_now(settings, tidying=False) == 1
    assert await look_of(settings) is None
    await removed_now(settings)
    the_clock.days = 40
    assert await removed_now(settings, tidying=False) == 1
    assert await removed_now(settings) == 0


async def test_damaged_look_counts_as_none(settings: EngineSettings, removed: int, the_clock: Clock) -> None:
    async with open_service(settings) as service:
        await service.repository.settings.put(LOOK, "yesterday")
    the_clock.days = 40
    assert await removed_now(settings) == 1
    assert await look_of(settings) == (START + timedelta(days=40)).isoformat()


async def test_undo_after_a_purge_says_so(settings: EngineSettings, removed: int, the_clock: Clock) -> None:
    for day in (31, 40):
        the_clock.days = day
        await removed_now(settings)
    async with open_service(settings) as service:
        assert (await service.undo(actor="test")).images == 0
        assert (await service.undo(actor="test")).kind == "add"
        with pytest.raises(NothingToUndo):
            await service.undo(actor="test")
