"""Hears from the system what changes below folders, as far as it tells."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from watchfiles import Change, awatch

QUIET_MS, LONGEST_MS = 400, 3_000  # without a change, before those before are told; and how long they are held back


class FolderChanges:
    """The paths of what has changed below some folders. What happens on a network drive is often not told."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self._changed: dict[str, set[str]] = {}
        self._problems: dict[str, str] = {}
        self._listening: dict[str, _Listening] = {}

    async def listen(self, roots: Sequence[str]) -> list[str]:
        """From now on what changes below these folders is heard; returns those that were not listened to before.

        Another folder that has taken the place of one is listened to anew.
        """
        begun = []
        for root in roots:
            identity = _identity(root)
            before = self._listening.get(root)
            if before and before.identity == identity:
                continue
            await self.leave(root)
            stop = asyncio.Event()
            self._listening[root] = _Listening(identity, stop, asyncio.create_task(self._listen(root, stop)))
            begun.append(root)
        await asyncio.sleep(0)  # what is begun has told the system what it wants to hear before it first waits
        return begun

    async def leave(self, root: str) -> None:
        """Listen to this folder no longer."""
        if one := self._listening.pop(root, None):
            await one.end()

    def take(self) -> dict[str, set[str]]:
        """The paths that have changed since the last call, by folder."""
        self.heard.clear()
        taken, self._changed = self._changed, {}
        return taken

    def take_problems(self) -> dict[str, str]:
        """Why a folder cannot be listened to, each reason once."""
        taken, self._problems = self._problems, {}
        return taken

    async def _listen(self, root: str, stop: asyncio.Event) -> None:
        try:
            changes = awatch(
                root,
                watch_filter=None,
                debounce=LONGEST_MS,
                step=QUIET_MS,
                stop_event=stop,
                ignore_permission_denied=True,
            )
            async for some in changes:
                if (Change.deleted, root) in some and root in self._listening:
                    self._listening[root].identity = None  # whatever comes in its place is another
                self._changed.setdefault(root, set()).update(path for _, path in some)
                self.heard.set()
        except FileNotFoundError:
            return  # whoever looks at the folder says so
        except (OSError, RuntimeError) as error:  # too many folders for the system, or a drive that cannot do it
            self._problems[root] = str(error).rstrip(".")
            self.heard.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for root in list(self._listening):
            await self.leave(root)


class _Listening:
    def __init__(self, identity: object, stop: asyncio.Event, task: asyncio.Task[None]) -> None:
        self.identity = identity
        self._stop = stop
        self._task = task

    async def end(self) -> None:
        self._stop.set()
        with suppress(asyncio.CancelledError):
            await self._task


def _identity(root: str) -> object:
    """What tells a folder from another that has taken its place."""
    with suppress(OSError):
        status = os.stat(Path(root))
        return status.st_dev, status.st_ino
    return None
