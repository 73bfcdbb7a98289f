"""Forgets for good what nobody can bring back any more, once that time has surely passed.

The system's clock alone is not believed: a clock that is 400 days ahead for an hour would delete all that was ever
removed. So the library itself must have seen the time pass: somebody has changed it, or a look was noted, at a moment
that lies after the end of the days for an undo, and at least two days before now.
"""

from datetime import datetime, timedelta

from engine.storage import clock
from engine.storage.repository import Repository
from engine.storage.upkeep import undo_horizon

LOOK = "purge_look"  # key of the noted look in the library's settings: the time at which something was found to be due
SURELY = timedelta(days=2)


async def tidy(repository: Repository, undo_days: int, behind: int | None) -> None:
    """Purge what was removed too long ago for an undo, and trim the feed up to `behind` (None: not at all).

    With `undo_days` 0 nobody wants an undo, and everything goes at once.
    """
    if undo_days == 0:
        await _forget(repository, undo_horizon(0), behind)
        return
    now = clock.now()
    noted = await _noted_look(repository)
    look = noted if noted and noted <= now else None  # a later one was noted while the clock was ahead
    moments = [moment for moment in (await repository.operations.last_act(now - SURELY), look) if moment]
    seen = max((moment for moment in moments if moment <= now - SURELY), default=None)
    if seen:
        await _forget(repository, seen - timedelta(days=undo_days), behind)
    if await _is_due(repository, now - timedelta(days=undo_days), behind):
        if look is None or look <= now - SURELY:  # that look was early enough for all that it could help
            await repository.settings.put(LOOK, now.isoformat())
    elif noted != look:
        await repository.settings.put(LOOK, None)


async def _noted_look(repository: Repository) -> datetime | None:
    value = await repository.settings.get(LOOK)
    try:
        look = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return look if look and look.tzinfo else None


async def _forget(repository: Repository, horizon: datetime, behind: int | None) -> None:
    await repository.upkeep.purge(horizon, "engine")
    if behind is not None:
        await repository.feed.trim(behind, horizon)


async def _is_due(repository: Repository, horizon: datetime, behind: int | None) -> bool:
    """Whether the clock alone would have something purged or trimmed."""
    if await repository.upkeep.has_old_removals(horizon):
        return True
    return behind is not None and await repository.feed.has_old(behind, horizon)
