"""Watched folders, from the first look to the last: what is heard, what is looked at again, and by whom."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any, get_args

import pytest

from engine import EngineSettings, SearchService, open_service
from engine.domain import FolderEvent, FolderEventKind
from engine.errors import AlreadyWatched, DatabaseUnreachable, DiskFull, FilesUnreachable, InvalidSetting
from engine.library import watched_folders
from engine.library.folder_changes import FolderChanges
from engine.library.folder_follower import WatchPlan
from tests.engine.library.conftest import painted

LONGEST_S = 60


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def put(path: Path, number: int) -> Path:
    path.write_bytes(painted(number))
    return path


class Watching:
    """What a watcher tells, event by event."""

    def __init__(self, service: SearchService, *roots: Path, **options: Any) -> None:
        self.stopped = asyncio.Event()
        plan = WatchPlan(settle_s=0, **options)
        self.events: AsyncGenerator[FolderEvent, None] = service.watched_folders.watch(
            roots, plan, stopped=self.stopped
        )

    async def until(self, kind: str) -> FolderEvent:
        """The next event of a kind."""

        async def next_one() -> FolderEvent:
            async for event in self.events:
                if event.kind == kind:
                    return event
            raise AssertionError(f"it ended before anything was {kind}")

        return await asyncio.wait_for(next_one(), LONGEST_S)

    async def end(self) -> list[FolderEvent]:
        self.stopped.set()
        return [event async for event in self.events]


async def once(service: SearchService, *roots: Path, **options: Any) -> list[str]:
    plan = WatchPlan(settle_s=0, once=True, **options)
    events = service.watched_folders.watch(roots, plan, stopped=asyncio.Event())
    return [event.kind async for event in events]


async def test_changes_are_followed_as_they_happen(small: SearchService, root: Path) -> None:
    watching = Watching(small, root, rescan_minutes=0)
    put(root / "a.jpg", 1)
    async with aclosing(watching.events):
        assert (await watching.until("added")).path == str(root / "a.jpg")
        await watching.until("watching")
        put(root / "b.jpg", 2)
        assert (await watching.until("added")).path == str(root / "b.jpg")
        (root / "b.jpg").rename(root / "c.jpg")
        moved = await watching.until("moved")
        assert (moved.path, moved.moved_from) == (str(root / "c.jpg"), str(root / "b.jpg"))
        (root / "c.jpg").unlink()
        assert (await watching.until("missing")).id == moved.id
        assert await watching.end() == []


async def test_rescan_finds_what_the_system_does_not_tell(
    small: SearchService, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(self: FolderChanges, root: str, stop: asyncio.Event) -> None:
        self._problems[root] = "no inotify here"

    monkeypatch.setattr(FolderChanges, "_listen", deaf)
    watching = Watching(small, root, rescan_minutes=0.001)
    async with aclosing(watching.events):
        warning = await watching.until("warning")
        assert warning.code == "changes_untold"
        assert warning.message == (
            f"The system does not tell what changes in {root} (no inotify here): it is looked at every 0.001 minutes."
        )
        await watching.until("watching")
        put(root / "a.jpg", 1)
        await watching.until("added")
        await watching.end()


async def test_very_many_changes_are_a_look_at_the_whole(
    small: SearchService, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_folders, "MANY", 1)
    heard: list[dict[str, set[str]]] = [{}, {str(root): {str(root / "x.jpg"), str(root / "y.jpg")}}]
    monkeypatch.setattr(FolderChanges, "take", lambda self: heard.pop(0) if heard else {})
    watching = Watching(small, root, rescan_minutes=0)
    async with aclosing(watching.events):
        await watching.until("watching")
        put(root / "a.jpg", 1)  # of which nothing is said
        await watching.until("added")
        await watching.end()


async def test_folder_that_is_away_is_there_again(
    small: SearchService, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_folders, "LOOK_AWAY_S", 0.05)
    put(root / "a.jpg", 1)
    watching = Watching(small, root, rescan_minutes=0.001, mirror=True)
    elsewhere = root.parent / "elsewhere"
    async with aclosing(watching.events):
        await watching.until("watching")
        root.rename(elsewhere)  # noqa: ASYNC240
        assert (await watching.until("away")).path == str(root)
        put(elsewhere / "b.jpg", 2)
        elsewhere.rename(root)
        await watching.until("there")
        await watching.until("added")
        put(root / "c.jpg", 3)
        await watching.until("added")
        await watching.end()
    assert (await small.page()).total == 3


async def test_file_moved_into_another_watched_folder_stays_one_picture(
    small: SearchService, root: Path, tmp_path: Path
) -> None:
    others = [tmp_path / "before", tmp_path / "zoo"]  # one is looked at before it, one after it
    for number, other in enumerate(others):
        other.mkdir()
        put(root / f"{number}.jpg", number)
    put(root / "b.jpg", 2)
    assert await once(small, root, *others, mirror=True) == ["added"] * 3
    for number, other in enumerate(others):
        (root / f"{number}.jpg").rename(other / "a.jpg")
    assert await once(small, root, *others, mirror=True) == ["moved"] * 2
    assert (await small.page()).total == 3


async def test_files_of_another_folder_that_is_away_are_not_gone(
    small: SearchService, root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "a disk"
    other.mkdir()
    put(root / "a.jpg", 1)
    put(root / "b.jpg", 2)
    put(other / "a.jpg", 1)
    await once(small, other, root)
    other.rename(tmp_path / "unmounted")
    (root / "a.jpg").unlink()
    assert await once(small, other, root, mirror=True) == ["away", "copy_gone"]
    assert (await small.get(1)).source_missing_since is None


async def test_device_of_a_folder_is_remembered_by_the_library(small: SearchService, root: Path) -> None:
    put(root / "a.jpg", 1)
    put(root / "b.jpg", 2)
    await once(small, root)
    devices = await small.repository.settings.get("watched_folders")
    assert devices == {str(root): (root / "a.jpg").stat().st_dev}
    await small.repository.settings.put("watched_folders", {str(root): devices[str(root)] + 1})
    (root / "a.jpg").unlink()
    assert await once(small, root, mirror=True) == ["away"]
    assert await once(small, root, mirror=True, allow_missing=1) == ["removed"]
    assert await small.repository.settings.get("watched_folders") == devices


@pytest.mark.databases("sqlite", "postgresql")
async def test_second_watcher_of_a_library_is_refused(
    service: SearchService, settings: EngineSettings, root: Path
) -> None:
    watching = Watching(service, root)
    async with aclosing(watching.events), open_service(settings) as other:
        await watching.until("watching")
        with pytest.raises(AlreadyWatched):
            await once(other, root)
        await watching.end()
        assert await once(other, root) == []


@pytest.mark.parametrize("error", [DatabaseUnreachable("It is down."), FilesUnreachable("It is down.")])
async def test_server_that_is_away_is_waited_for(
    small: SearchService, root: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(watched_folders, "TRY_AGAIN_S", 0.01)
    put(root / "a.jpg", 1)
    real, failures = small.repository.seen_files.under, [error, error]

    async def failing(place: str) -> Any:
        if failures:
            raise failures.pop()
        return await real(place)

    monkeypatch.setattr(small.repository.seen_files, "under", failing)
    watching = Watching(small, root)
    async with aclosing(watching.events):
        for _ in range(2):
            warning = await watching.until("warning")
            assert warning.message == "It is down. Watching goes on when it is back."
        await watching.until("added")
        await watching.end()


async def test_full_disk_ends_it(small: SearchService, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root / "a.jpg", 1)

    async def full(*_: Any) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(small.repository.files, "put", full)
    with pytest.raises(DiskFull):
        await once(small, root)


async def test_folder_whose_name_is_no_text_is_refused(small: SearchService, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="a name that is text"):
        await once(small, Path(str(tmp_path), "\udcff"))


async def test_folder_inside_another_is_watched_once(small: SearchService, root: Path) -> None:
    (root / "sub").mkdir()
    put(root / "sub" / "a.jpg", 1)
    assert await once(small, root / "sub", root) == ["added"]


async def test_what_is_added_by_a_watcher_is_found_by_another_process(
    settings: EngineSettings, service: SearchService, root: Path
) -> None:
    await service.warm_up()
    put(root / "a.jpg", 1)
    async with open_service(settings) as other:
        assert await once(other, root) == ["added"]
    assert (await service.search(painted(1))).matches[0].image.filename == "a.jpg"


def test_words_for_events_stay_as_they_are() -> None:
    assert get_args(FolderEventKind) == (
        "watching", "added", "restored", "duplicate", "moved", "rejected", "waiting", "missing", "back", "removed",
        "copy_gone", "away", "there", "warning",
    )  # fmt: skip
