"""Follows what becomes of the files of one watched folder."""

import asyncio
import os
import time
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePath
from typing import TypeVar

from engine.concurrency import CpuPool
from engine.domain import AddResult, FileSeen, FolderEvent, KnownFile
from engine.errors import FileTooLarge, NotAnImage, TooManyMissing, TooManyPixels, UnsupportedFormat
from engine.library.adding import Adder
from engine.pictures.kinds import SUFFIXES, reason_by_name
from engine.pictures.sources import Refused, Source, expand
from engine.settings import EngineSettings
from engine.storage import statements
from engine.storage.repository import Repository
from engine.storage.statements import Operation

ACTOR = "watch"
SETTLE_S = 2.0  # a file is looked at twice, so long apart, before it is read
YOUNG_S = 60.0  # what cannot be read may still be on its way as long as it was changed so lately
RETRY_S = 10.0  # until such a file is looked at again
# What the beginning of a file tells, so that it is no use to wait for more. Once the file changes, it is tried again.
FINAL = frozenset(one.code for one in (NotAnImage, UnsupportedFormat, FileTooLarge, TooManyPixels))
FEW, SHARE = 20, 0.01  # more files than both at once are likelier away than deleted
AT_ONCE_S = 60.0  # what goes within this time goes at once
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # in a path as text, for bytes that are none


F = TypeVar("F", KnownFile, FileSeen)


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """How folders are watched.

    `mirror`: pictures are removed with their files. `rescan_minutes`: from one look at everything to the next, 0 for
    none after the first. `once`: one look, then the end. `allow_missing`: so many files may be missing at once.
    """

    mirror: bool = False
    rescan_minutes: float = 10
    once: bool = False
    tags: tuple[str, ...] = ()
    allow_missing: int | None = None
    settle_s: float = SETTLE_S


@dataclass(slots=True)
class _Look:
    """What one look has found, by path: what the library knew, what is there, and what is surely gone.

    `left_out`: files whose pictures somebody removed for good.
    """

    known: dict[str, KnownFile]
    left_out: dict[str, FileSeen]
    there: dict[str, Source]
    gone: dict[str, KnownFile]
    replaced: list[KnownFile] = field(default_factory=list)  # files that hold another picture now


class FolderFollower:
    """Compares a folder with what the library knows of it, and brings the library level with it.

    The library remembers what was added; what was refused, and what has yet to settle, is remembered here.
    """

    def __init__(
        self,
        root: str,
        plan: WatchPlan,
        settings: EngineSettings,
        repository: Repository,
        adder: Adder,
        pool: CpuPool,
        *,
        device: int | None,
        is_away: Callable[[str], bool],
        came_again: dict[int, str],
    ) -> None:
        """`device`: which one the folder was on before. `is_away`: whether a path is in another folder that is away.

        `came_again`: pictures that were known already, with a path that is new; all folders share it.
        """
        self.root = root
        self.device = device
        self.away: str | None = None  # the sentence why
        self.waiting: dict[str, float] = {}  # paths of files that are not whole yet, and when to look at them again
        self._plan = plan
        self._settings = settings
        self._repository = repository
        self._seen = repository.seen_files
        self._adder = adder
        self._pool = pool
        self._is_away = is_away
        self._came_again = came_again
        self._told_to_wait: set[str] = set()
        self._refused: dict[str, tuple[int, int]] = {}  # paths, with size and time of what was refused
        self._unreadable: set[tuple[str, str]] = set()  # what was said of what cannot be looked into
        self._lately: deque[tuple[float, int]] = deque()  # when files were taken for gone, and how many
        self._last: _Look | None = None  # of which what is gone has yet to be followed
        self._warned_of = 0  # files that are missing and not marked

    async def look(self, places: Iterable[str], stopped: asyncio.Event) -> AsyncGenerator[FolderEvent, None]:
        """Add what is new and changed at these paths of the folder and below them; see what is gone.

        What follows from that is for `follow_gone`, once all folders were looked at: files may have been moved between.
        """
        _, device = await self._pool.run(_examine, self.root)
        if device != self.device:
            places = [self.root]  # only the whole tells whether it is the folder that it was
        chosen = topmost(places)
        for path in [path for path in self.waiting if is_in(path, chosen)]:
            del self.waiting[path]
        known = {file.path: file for place in chosen for file in await self._seen.under(place)}
        there, unreadable = await self._pool.run(self._walk, chosen)
        left_out = {file.path: file for place in chosen for file in await self._seen.left_out_under(place)}
        look = _Look(known, left_out, there, await self._gone_of(known.values(), there))
        reason, device = await self._pool.run(self._examine_again, look)
        for event in self._away_or_there(reason):
            yield event
        if reason:
            return
        self.device = device
        if gone := await self._gone_of(left_out.values(), there):
            await self._seen.forget_left_out(sorted(gone))
        for event in self._tell_unreadable(unreadable):
            yield event
        for step in (self._find_again(look), self._add(look, stopped)):
            async with aclosing(step) as events:
                async for event in events:
                    yield event
        if chosen == [self.root] and all(file.is_missing for file in look.gone.values()):
            self._warned_of = 0
        if not stopped.is_set():  # or what is gone may be where nobody has looked yet
            self._last = look

    def places_of(self, paths: Iterable[str]) -> set[str]:
        """Where to look after these paths have changed."""
        places = set()
        for path in paths:
            if not is_in(path, [self.root]):  # as the system calls a folder that is reached by a link
                places.add(self.root)
            elif not is_hidden(PurePath(path).relative_to(self.root)):
                places.add(str(Path(path).parent) if UNKNOWN in path else path)
        return places

    # --- whether the folder is the one that it was

    def _examine_again(self, look: _Look) -> tuple[str | None, int | None]:
        """A sentence if what is gone is likelier away, for the whole folder is; and the device that it is on."""
        reason, device = _examine(self.root)
        lost = sum(file.is_live and not file.is_missing for file in look.gone.values())
        if reason or lost <= (self._plan.allow_missing or 0):
            return reason, device
        go_on = f"Nothing was marked or removed; `--allow-missing {lost}` goes on."
        if _is_empty(self.root):
            reason = f"It is empty, and is to have {_files(lost)} of the library: is it mounted? {go_on}"
        elif self.device is not None and device != self.device:
            reason = f"It lies on another device than before, without {_files(lost)} of the library. {go_on}"
        return reason, device

    def _away_or_there(self, reason: str | None) -> Iterator[FolderEvent]:
        before, self.away = self.away, reason
        if reason and not before:
            yield FolderEvent("away", self.root, message=reason)
        elif before and not reason:
            yield FolderEvent("there", self.root)

    # --- what is there

    def _walk(self, places: Sequence[str]) -> tuple[dict[str, Source], list[Refused]]:
        """The pictures at these paths and below, and what cannot be looked into. Archives are not followed."""
        there, unreadable = {}, []
        is_beyond_link = cache(self._is_beyond_link)
        for place in places:
            if not os.path.lexists(place) or is_beyond_link(Path(place)):
                continue
            for given in expand(Path(place), self._settings):
                if isinstance(given, Source) and given.file and self._is_followed(given.file.path):
                    if not is_beyond_link(Path(given.file.path).parent):
                        there[given.file.path] = given
                elif isinstance(given, Refused) and given.error.code == "unreadable_file":
                    unreadable.append(given)
        return there, unreadable

    def _is_beyond_link(self, place: Path) -> bool:
        """Whether a link to a folder leads there: the system tells of what is behind, but nobody walks through it."""
        root = Path(self.root)
        between = [one for one in (place, *place.parents) if root in one.parents]
        return any(one.is_symlink() and one.is_dir() for one in between)

    def _is_followed(self, path: str) -> bool:
        below = PurePath(path).relative_to(self.root)
        # What has another suffix may be a download that is not finished, however it begins.
        return below.suffix.lower() in {*SUFFIXES, ""} and not is_hidden(below)

    def _tell_unreadable(self, unreadable: Iterable[Refused]) -> Iterator[FolderEvent]:
        for one in unreadable:
            said = (one.name, str(one.error))
            if said not in self._unreadable:
                self._unreadable.add(said)
                yield FolderEvent("rejected", one.name, code=one.error.code, message=str(one.error))

    async def _find_again(self, look: _Look) -> AsyncGenerator[FolderEvent, None]:
        back = [file for file in look.known.values() if file.is_missing and _is_as_known(file, look.there)]
        if back:
            await self._seen.find_again([file.image_id for file in back])
        for file in back:
            if file.is_live:
                yield FolderEvent("back", file.path, file.image_id)

    # --- what is new or changed

    async def _add(self, look: _Look, stopped: asyncio.Event) -> AsyncGenerator[FolderEvent, None]:
        """Add what is new, as one operation."""
        new = {path: source for path, source in look.there.items() if self._is_new(path, look)}
        if not new:
            return
        await pause(stopped, self._plan.settle_s)
        whole = await self._pool.run(lambda: {path: source for path, source in new.items() if _has_settled(source)})
        for path in new.keys() - whole.keys():
            if event := self._wait_for(path, self._plan.settle_s):
                yield event
        rest = iter(whole.items())
        results = self._adder.add(whole.values(), actor=ACTOR, tags=self._plan.tags, stop=stopped.is_set)
        async for result in results:
            # Once it is stopped, some have no result.
            path, source = next((path, source) for path, source in rest if source.where == result.source)
            if event := self._became(path, source, look, result):
                yield event

    def _is_new(self, path: str, look: _Look) -> bool:
        file = look.there[path].file
        assert file
        if self._refused.get(path) == (file.size, file.mtime_ns) or look.left_out.get(path) == file:
            return False
        return path not in look.known or not _is_as_known(look.known[path], look.there)

    def _became(self, path: str, source: Source, look: _Look, result: AddResult) -> FolderEvent | None:
        """Remember what became of a file that was to be added; what is to be told of it."""
        assert source.file
        before = look.known.get(path)
        if result.id is None:
            return self._was_refused(path, source.file, result)
        self._told_to_wait.discard(path)
        if before and before.image_id != result.id:
            look.replaced.append(before)
        if result.status in ("added", "restored"):
            return FolderEvent("added" if result.status == "added" else "restored", path, result.id)
        if before and before.image_id == result.id:
            return None  # only its time has changed
        self._came_again[result.id] = path
        return None  # it may have been moved; see `follow_gone`

    def _was_refused(self, path: str, file: FileSeen, result: AddResult) -> FolderEvent | None:
        if not os.path.lexists(path):
            return None
        is_young = abs(time.time() - file.mtime_ns / 1e9) < YOUNG_S  # a camera's clock may be far ahead
        if is_young and result.code not in FINAL:
            return self._wait_for(path, RETRY_S)
        self._told_to_wait.discard(path)
        self._refused[path] = (file.size, file.mtime_ns)
        return FolderEvent("rejected", path, code=result.code, message=result.message)

    def _wait_for(self, path: str, pause_s: float) -> FolderEvent | None:
        self.waiting[path] = time.monotonic() + pause_s
        if path in self._told_to_wait:
            return None
        self._told_to_wait.add(path)
        return FolderEvent("waiting", path)

    # --- what is gone

    async def _gone_of(self, files: Iterable[F], there: dict[str, Source]) -> dict[str, F]:
        """Those that are surely not where they were: what cannot be asked for, or is away as a whole, is not gone."""

        def gone() -> dict[str, F]:
            return {file.path: file for file in files if file.path not in there and self._is_gone(file.path)}

        return await self._pool.run(gone)

    def _is_gone(self, path: str) -> bool:
        is_here = is_in(path, [self.root])
        if not is_here and self._is_away(path):
            return False
        if UNKNOWN in path:
            return is_here  # such a path can only be walked to
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    async def follow_gone(self) -> AsyncGenerator[FolderEvent, None]:
        """Tell files that were moved from files that are missing, and mark or remove the pictures of these.

        TooManyMissing where pictures are to be removed with their files, and likelier the files are away.
        """
        look, self._last = self._last, None
        if look is None:
            return
        ids = {file.image_id for file in (*look.gone.values(), *look.replaced)} | self._came_again.keys()
        files = await self._seen.of(sorted(ids))
        gone = await self._gone_of(files, look.there)
        lost = _by_picture(file for file in files if file.path in gone)
        left = _by_picture(file for file in files if file.path not in gone)
        for event in await self._follow_moved(lost, left):
            yield event
        # Of each picture without a file the one that it has lost here.
        missing = [min(some, key=self._is_elsewhere) for image_id, some in lost.items() if image_id not in left]
        replaced = [file for file in look.replaced if file.image_id not in left and file.image_id not in lost]
        missing, replaced = ([file for file in some if file.is_live] for some in (missing, replaced))
        if self._plan.mirror:
            events = await self._remove([*missing, *replaced], lost)
        else:
            events = await self._mark([file for file in missing if not file.is_missing], replaced)
        for event in events:
            yield event

    def _is_elsewhere(self, file: KnownFile) -> bool:
        return not is_in(file.path, [self.root])

    async def _follow_moved(
        self, lost: dict[int, list[KnownFile]], left: dict[int, list[KnownFile]]
    ) -> list[FolderEvent]:
        """Forget the files that are gone of pictures that have others, and of pictures that were removed."""
        events, forgotten, names = [], [], {}
        for image_id, some in lost.items():
            if not some[0].is_live:
                forgotten += some
            if image_id not in left:
                continue
            forgotten += some if some[0].is_live else []
            if name := _new_name(some, left[image_id]):
                names[image_id] = name
            new = self._came_again.pop(image_id, None)
            for file in some:
                kind = FolderEvent("moved", new, image_id, moved_from=file.path) if new else None
                events.append(kind or FolderEvent("copy_gone", file.path, image_id))
        if forgotten:
            await self._seen.forget(forgotten, names)
        mine = [(image_id, path) for image_id, path in self._came_again.items() if is_in(path, [self.root])]
        for image_id, path in mine:
            del self._came_again[image_id]
            events.append(FolderEvent("duplicate", path, image_id))
        return events

    async def _mark(self, missing: list[KnownFile], replaced: list[KnownFile]) -> list[FolderEvent]:
        """Write down that these pictures have lost their files; those of `replaced` are marked already."""
        events = [FolderEvent("missing", file.path, file.image_id) for file in replaced]
        if refusal := await self._are_too_many(missing):
            if len(missing) == self._warned_of:
                return events
            self._warned_of = len(missing)
            message = f"{refusal} They are not marked; `--allow-missing {len(missing)}` marks them."
            return [*events, FolderEvent("warning", self.root, code=TooManyMissing.code, message=message)]
        if missing:
            await self._seen.mark_missing([file.image_id for file in missing])
            self._lately.append((time.monotonic(), len(missing)))
        return [*events, *(FolderEvent("missing", file.path, file.image_id) for file in missing)]

    async def _remove(self, missing: list[KnownFile], lost: dict[int, list[KnownFile]]) -> list[FolderEvent]:
        """Take these pictures, which have lost their files, out of the library. TooManyMissing."""
        if not missing:
            return []
        if refusal := await self._are_too_many(missing):
            raise TooManyMissing(f"{refusal} No picture was removed; `--allow-missing {len(missing)}` removes them.")
        ids = [file.image_id for file in missing]
        gone = [file for image_id in ids for file in lost.get(image_id, ())]
        await self._seen.remove_missing(ids, gone, Operation("remove", ACTOR))
        self._lately.append((time.monotonic(), len(missing)))
        return [FolderEvent("removed", file.path, file.image_id) for file in missing]

    async def _are_too_many(self, files: Sequence[KnownFile]) -> str | None:
        """A sentence if likelier these files are away than deleted."""
        number, known = len(files), sum(file.is_live for file in await self._seen.under(self.root))
        while self._lately and self._lately[0][0] < time.monotonic() - AT_ONCE_S:
            self._lately.popleft()
        at_once = number + sum(before for _, before in self._lately)
        allowed = self._plan.allow_missing
        if number == 0 or (at_once <= max(FEW, SHARE * known) if allowed is None else number <= allowed):
            return None
        return (
            f"{_files(number)} of {known:,} in {self.root} are missing at once: probably a disk is not mounted, or a "
            "folder was moved."
        )


async def pause(stopped: asyncio.Event, seconds: float) -> None:
    """Wait, unless it is to end."""
    try:
        await asyncio.wait_for(stopped.wait(), seconds)
    except TimeoutError:
        return


def topmost(places: Iterable[str]) -> list[str]:
    """These paths without those that are below others of them."""
    chosen: list[str] = []
    for place in sorted(places, key=lambda one: PurePath(one).parts):
        if not chosen or not is_in(place, chosen[-1:]):
            chosen.append(place)
    return chosen


def is_in(path: str, places: Sequence[str]) -> bool:
    """Whether a path is one of these, or below one."""
    return any(path == place or path.startswith(place.rstrip(os.sep) + os.sep) for place in places)


def is_hidden(below: PurePath) -> bool:
    """Whether a name in a path says that the file is no picture of a person's, or is what an editor keeps beside it."""
    paths = (below.parts[:end] for end in range(1, len(below.parts) + 1))
    return any(reason_by_name(path) for path in paths) or below.name.startswith("~$")


def _examine(root: str) -> tuple[str | None, int | None]:
    """Why a folder cannot be looked into, or the number of the device that it is on."""
    try:
        with os.scandir(root):
            return None, os.stat(root).st_dev
    except OSError as error:
        return f"It cannot be looked into at the moment: {error.strerror or error}.", None


def _is_empty(root: str) -> bool:
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def _is_as_known(file: KnownFile, there: dict[str, Source]) -> bool:
    source = there.get(file.path)
    return source is not None and source.file == FileSeen(file.path, file.size, file.mtime_ns)


def _has_settled(source: Source) -> bool:
    """Whether a file is still as it was when it was looked at."""
    assert source.file
    try:
        status = os.stat(source.file.path)
    except OSError:
        return UNKNOWN in source.file.path  # such a path can only be walked to
    return (status.st_size, status.st_mtime_ns) == (source.file.size, source.file.mtime_ns)


def _by_picture(files: Iterable[KnownFile]) -> dict[int, list[KnownFile]]:
    found = defaultdict(list)
    for file in files:
        found[file.image_id].append(file)
    return found


def _new_name(lost: Sequence[KnownFile], left: Sequence[KnownFile]) -> str | None:
    """What a picture is called from now on that was called as a file that is gone."""
    names = [statements.text(os.path.basename(file.path)) for file in left]
    was = left[0].name
    is_of_lost = any(statements.text(os.path.basename(file.path)) == was for file in lost)
    return names[0] if is_of_lost and was not in names else None


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"
