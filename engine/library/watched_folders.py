"""Watched folders: the library follows what is new, changed, moved and gone in them."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path

from engine.concurrency import CpuPool
from engine.domain import FolderEvent
from engine.errors import (
    AlreadyWatched,
    FilesUnreachable,
    InvalidSetting,
    LibraryBusy,
    ServerUnreachable,
)
from engine.library.adding import Adder
from engine.library.folder_changes import FolderChanges
from engine.library.folder_follower import FolderFollower, WatchPlan, is_in, pause, topmost
from engine.settings import EngineSettings
from engine.storage.database import StillAlone
from engine.storage.repository import Repository

WORK = "watching"  # of which there is one at a time in a library
DEVICES = "watched_folders"  # key of the devices that the folders were on, in a library's settings
TURN_S = 1.0  # that another watcher has to end
TRY_AGAIN_S = 10.0  # until a server that is away is asked again
LOOK_AWAY_S = 30.0  # until a folder that is away is looked at again
UNTOLD = "changes_untold"  # code of the warning that only rescans find what changes in a folder
TOGETHER_S = 0.2  # until what happens in several folders at once was heard of all of them
MANY = 1_000  # changes at once, from which on the whole folder is looked at


class WatchedFolders:
    """Follows folders for one library. What it does is done by the actor `watch`, and undone as anything else."""

    def __init__(self, settings: EngineSettings, repository: Repository, adder: Adder, pool: CpuPool) -> None:
        self._settings = settings
        self._repository = repository
        self._adder = adder
        self._pool = pool

    async def watch(
        self, folders: Sequence[Path], plan: WatchPlan, *, stopped: asyncio.Event
    ) -> AsyncGenerator[FolderEvent, None]:
        """Follow these folders and all below them until `stopped`; what was begun is finished.

        While a server of the library is away it waits. AlreadyWatched, TooManyMissing, InvalidSetting, or what `add`
        raises.
        """
        roots = _roots(folders)
        self._repository.database.require_writable()
        while not stopped.is_set():
            try:
                async with (
                    self._alone() as still_alone,
                    aclosing(self._follow(roots, plan, stopped, still_alone)) as events,
                ):
                    async for event in events:
                        yield event
                return
            except (ServerUnreachable, FilesUnreachable, LibraryBusy) as error:
                if plan.once:
                    raise
                message = f"{error} Watching goes on when it is back."
                yield FolderEvent("warning", roots[0], code=error.code, message=message)
            await pause(stopped, TRY_AGAIN_S)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[StillAlone]:
        """One watcher a library: two would add, and remove, the same pictures."""
        async with AsyncExitStack() as stack:
            try:
                still_alone = await stack.enter_async_context(
                    self._repository.database.alone_at(WORK, self._pool, wait_s=TURN_S)
                )
            except LibraryBusy as error:
                raise AlreadyWatched(
                    "Another `pictrace watch` follows folders for this library already: end it first, or name all "
                    "folders to one."
                ) from error
            yield still_alone

    async def _follow(
        self, roots: Sequence[str], plan: WatchPlan, stopped: asyncio.Event, still_alone: StillAlone
    ) -> AsyncGenerator[FolderEvent, None]:
        devices: dict[str, int] = await self._repository.settings.get(DEVICES) or {}
        followers: list[FolderFollower] = []

        def is_away(path: str) -> bool:
            return any(one.away and is_in(path, [one.root]) for one in followers)

        parts = (self._settings, self._repository, self._adder, self._pool)
        came_again: dict[int, str] = {}
        for root in roots:
            device = devices.get(root)
            followers.append(FolderFollower(root, plan, *parts, device=device, is_away=is_away, came_again=came_again))
        begun: set[str] = set()
        async with FolderChanges() as changes:
            agenda = _Agenda(followers, plan, changes)
            while not stopped.is_set():
                if not plan.once:
                    agenda.look_at_all_of(await changes.listen(roots))
                for event in _warnings(changes, plan):
                    yield event
                await still_alone()
                due = list(agenda.take())
                looks = [follower.look(places, stopped) for follower, places in due]
                for step in (*looks, *(follower.follow_gone() for follower, _ in due)):
                    async with aclosing(step) as events:
                        async for event in events:
                            yield event
                for follower, _ in due:
                    await self._remember(follower, devices)
                    if follower.away:
                        await changes.leave(follower.root)  # what comes in its place is listened to anew
                    elif follower.root not in begun and not plan.once and not stopped.is_set():
                        begun.add(follower.root)
                        yield FolderEvent("watching", follower.root)
                if plan.once:
                    return
                await agenda.wait(stopped)

    async def _remember(self, follower: FolderFollower, devices: dict[str, int]) -> None:
        if follower.device is not None and devices.get(follower.root) != follower.device:
            devices[follower.root] = follower.device
            await self._repository.settings.put(DEVICES, devices)


class _Agenda:
    """Where to look next, and when."""

    def __init__(self, followers: Sequence[FolderFollower], plan: WatchPlan, changes: FolderChanges) -> None:
        self._followers = followers
        self._changes = changes
        self._rescan_s = 60 * plan.rescan_minutes or None
        self._rescan_at = time.monotonic()
        self._whole = {follower.root for follower in followers}  # folders that are to be looked at as wholes

    def look_at_all_of(self, roots: Iterable[str]) -> None:
        self._whole.update(roots)

    def take(self) -> Iterator[tuple[FolderFollower, set[str]]]:
        """What is due now: folders, and the paths in them."""
        now = time.monotonic()
        changed = self._changes.take()
        if self._rescan_s and now >= self._rescan_at:
            self._whole.update(follower.root for follower in self._followers)
            self._rescan_at = now + self._rescan_s
        for follower in self._followers:
            places = follower.places_of(changed.get(follower.root, ()))
            places.update(path for path, due in follower.waiting.items() if due <= now)
            if follower.root in self._whole or follower.away or len(places) > MANY:
                places = {follower.root}
            self._whole.discard(follower.root)
            if places:
                yield follower, places

    async def wait(self, stopped: asyncio.Event) -> None:
        """Until something is due, something was heard, or it is to end."""
        due = [at for follower in self._followers for at in follower.waiting.values()]
        if self._rescan_s:
            due.append(self._rescan_at)
        if any(follower.away for follower in self._followers):
            due.append(time.monotonic() + LOOK_AWAY_S)
        timeout = max(0.0, min(due) - time.monotonic()) if due else None
        waiting = [asyncio.create_task(event.wait()) for event in (stopped, self._changes.heard)]
        try:
            await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            await pause(stopped, TOGETHER_S)
        finally:
            for task in waiting:
                task.cancel()


def _warnings(changes: FolderChanges, plan: WatchPlan) -> Iterator[FolderEvent]:
    """What is to be said of folders of which the system does not tell what changes."""
    minutes = f"{plan.rescan_minutes:g} minutes" if plan.rescan_minutes != 1 else "minute"
    looked = f"it is looked at every {minutes}" if plan.rescan_minutes else "it is not looked at again"
    for root, problem in changes.take_problems().items():
        message = f"The system does not tell what changes in {root} ({problem}): {looked}."
        yield FolderEvent("warning", root, code=UNTOLD, message=message)


def _roots(folders: Sequence[Path]) -> list[str]:
    """The folders as text that every database takes, without those that are inside others. InvalidSetting."""
    paths = [os.path.abspath(folder) for folder in folders]
    for path in paths:
        if os.fsencode(path).decode("utf-8", "replace") != path:
            raise InvalidSetting("A watched folder must have a name that is text in UTF-8: rename it, or a link to it.")
    return topmost(paths)
