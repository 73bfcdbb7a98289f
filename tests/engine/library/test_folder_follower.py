"""What becomes of the files of a watched folder, with real files: one look after the other, without waiting."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import SearchService
from engine.domain import FolderEvent
from engine.errors import TooManyMissing, UnknownImage
from engine.library import folder_follower
from engine.library.folder_follower import FolderFollower, WatchPlan, is_in, topmost
from tests.conftest import add_paths
from tests.engine.library.conftest import painted

LONG_AGO = 1_500_000_000
Following = Callable[..., FolderFollower]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


@pytest.fixture
def following(small: SearchService, root: Path) -> Following:
    """Follows the folder with these options; files settle at once."""

    def made(*, device: int | None = None, **options: Any) -> FolderFollower:
        plan = WatchPlan(settle_s=0, **options)
        parts = (small.settings, small.repository, small._adder, small.pool)
        return FolderFollower(str(root), plan, *parts, device=device, is_away=lambda path: False, came_again={})

    return made


def put(path: Path, number: int, *, at: int = LONG_AGO) -> Path:
    """A painting in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(painted(number))
    os.utime(path, (at, at))
    return path


async def look(follower: FolderFollower, *places: Path) -> list[FolderEvent]:
    chosen = [str(place) for place in places] or [follower.root]
    events = [event async for event in follower.look(chosen, asyncio.Event())]
    return events + [event async for event in follower.follow_gone()]


def told(events: list[FolderEvent], root: Path) -> list[tuple[str, str, int | None]]:
    return [(one.kind, os.path.relpath(one.path, root), one.id) for one in events]


async def images(service: SearchService) -> dict[int, tuple[str, bool]]:
    """Names of the pictures by id, and whether their files are missing."""
    return {one.id: (one.filename, one.source_missing_since is not None) for one in (await service.page()).images}


# --- new and changed


async def test_new_files_are_added_as_one_operation_by_the_watcher(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    put(root / "sub" / "b.jpg", 2)
    assert told(await look(following(tags=("watched",))), root) == [("added", "a.jpg", 1), ("added", "sub/b.jpg", 2)]
    assert (await small.get(1)).tags == ("watched",)
    undone = await small.undo(actor="test", operation_id=await small.last_operation("watch"))
    assert undone.images == 2


async def test_file_that_is_as_it_was_is_not_read_again(
    root: Path, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root / "a.jpg", 1)
    await look(following())
    monkeypatch.setattr("engine.pictures.sources.read_file", lambda *_: pytest.fail("it was read"))
    assert await look(following()) == []


async def test_picture_that_somebody_removed_does_not_come_back(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    await look(following())
    await small.remove([1], actor="test")
    assert await look(following()) == []
    assert (await small.page()).total == 0


async def test_picture_that_was_removed_for_good_comes_back_only_with_another_file(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    put(root / "b.jpg", 2)
    await look(following())
    await small.remove([1, 2], actor="test")
    await small.checker.check(repair=False, purge=True, actor="test")
    assert await look(following()) == []
    put(root / "a.jpg", 1, at=LONG_AGO + 1)
    assert [one.kind for one in await look(following())] == ["added"]
    (root / "b.jpg").rename(root.parent / "b.jpg")
    assert await look(following()) == []
    (root.parent / "b.jpg").rename(root / "b.jpg")
    assert [one.kind for one in await look(following())] == ["added"]


async def test_changed_file_is_a_new_picture_and_the_old_one_is_marked(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    await look(following())
    put(root / "a.jpg", 2, at=LONG_AGO + 1)
    assert told(await look(following()), root) == [("added", "a.jpg", 2), ("missing", "a.jpg", 1)]
    assert await images(small) == {1: ("a.jpg", True), 2: ("a.jpg", False)}
    put(root / "a.jpg", 1, at=LONG_AGO + 2)  # and back
    await look(following())
    assert await images(small) == {1: ("a.jpg", False), 2: ("a.jpg", True)}


async def test_changed_files_old_picture_is_removed_where_the_folder_is_mirrored(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    await look(following(mirror=True))
    put(root / "a.jpg", 2, at=LONG_AGO + 1)
    assert told(await look(following(mirror=True)), root) == [("added", "a.jpg", 2), ("removed", "a.jpg", 1)]
    assert await images(small) == {2: ("a.jpg", False)}


async def test_file_that_was_only_touched_changes_nothing(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    await look(following())
    put(root / "a.jpg", 1, at=LONG_AGO + 1)
    assert await look(following()) == []
    assert await images(small) == {1: ("a.jpg", False)}


async def test_second_file_of_a_picture_is_a_duplicate_and_either_may_go(
    small: SearchService, root: Path, following: Following
) -> None:
    follower = following(mirror=True)
    put(root / "a.jpg", 1)
    await look(follower)
    put(root / "b.jpg", 1)
    assert told(await look(follower), root) == [("duplicate", "b.jpg", 1)]
    (root / "b.jpg").unlink()
    assert told(await look(follower), root) == [("copy_gone", "b.jpg", 1)]
    assert await images(small) == {1: ("a.jpg", False)}


@pytest.mark.parametrize("name", ["~$a.jpg", ".a.jpg", ".hidden/a.jpg", "a.jpg.part", "a.crdownload", "a.tmp", "a.txt"])
async def test_what_is_on_its_way_or_hidden_is_passed_over(root: Path, following: Following, name: str) -> None:
    path = put(root / name, 1)
    follower = following()
    assert await look(follower) == []
    assert await look(follower, *map(Path, follower.places_of([str(path)]))) == []


async def test_file_that_is_renamed_when_it_is_whole_is_taken(root: Path, following: Following) -> None:
    follower = following()
    put(root / "a.jpg.part", 1)
    await look(follower)
    (root / "a.jpg.part").rename(root / "a.jpg")
    assert told(await look(follower), root) == [("added", "a.jpg", 1)]


async def test_file_that_grows_between_two_looks_waits(
    root: Path, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(root / "a.jpg", 1)
    whole = path.read_bytes()
    path.write_bytes(whole[:500])
    follower = following()

    async def grow(stopped: asyncio.Event, seconds: float) -> None:
        path.write_bytes(whole)

    with monkeypatch.context() as patched:
        patched.setattr(folder_follower, "pause", grow)
        assert told(await look(follower), root) == [("waiting", "a.jpg", None)]
    assert list(follower.waiting) == [str(path)]
    assert told(await look(follower, path), root) == [("added", "a.jpg", 1)]
    assert follower.waiting == {}


async def test_young_file_that_cannot_be_read_is_tried_again_and_an_old_one_rejected_once(
    root: Path, following: Following
) -> None:
    path = put(root / "a.jpg", 1, at=int(time.time()))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    follower = following()
    assert told(await look(follower), root) == [("waiting", "a.jpg", None)]
    assert await look(follower) == []  # it is told once
    os.utime(path, (LONG_AGO, LONG_AGO))
    (event,) = await look(follower)
    assert (event.kind, event.code) == ("rejected", "damaged_image")
    assert event.message
    assert await look(follower) == []
    assert follower.waiting == {}
    path.write_bytes(whole)
    assert told(await look(follower), root) == [("added", "a.jpg", 1)]


@pytest.mark.parametrize(("content", "code"), [(b"junk", "not_an_image"), (b"<svg/>", "unsupported_format")])
async def test_young_file_that_is_no_picture_is_rejected_at_once_and_tried_again_when_it_changes(
    root: Path, following: Following, content: bytes, code: str
) -> None:
    path = put(root / "a.jpg", 1)
    whole = path.read_bytes()
    path.write_bytes(content)
    follower = following()
    (event,) = await look(follower)
    assert (event.kind, event.path, event.code) == ("rejected", str(path), code)
    assert follower.waiting == {}
    assert await look(follower) == []
    path.write_bytes(whole)
    assert told(await look(follower), root) == [("added", "a.jpg", 1)]


async def test_empty_file_waits_for_its_bytes(root: Path, following: Following) -> None:
    (root / "a.jpg").touch()
    follower = following()
    assert told(await look(follower), root) == [("waiting", "a.jpg", None)]


async def test_archive_is_not_followed(root: Path, following: Following) -> None:
    put(root.parent / "zipped" / "a.jpg", 1)
    shutil.make_archive(str(root / "b"), "zip", root.parent / "zipped")
    (root / "broken.zip").write_bytes(b"no zip")
    assert await look(following()) == []


async def test_link_to_a_folder_is_not_followed_and_one_to_a_file_or_the_folder_itself_is(
    small: SearchService, root: Path, following: Following, tmp_path: Path
) -> None:
    behind = put(tmp_path / "outside" / "a.jpg", 1)
    (root / "folder").symlink_to(behind.parent)
    (root / "file.jpg").symlink_to(put(tmp_path / "outside" / "b.jpg", 2))
    follower = following()
    assert told(await look(follower), root) == [("added", "file.jpg", 1)]
    assert await look(follower, root / "folder" / "a.jpg", root / "folder") == []
    (tmp_path / "linked").symlink_to(root)
    follower.root = str(tmp_path / "linked")
    assert told(await look(follower), root) == [("duplicate", "../linked/file.jpg", 1)]


# --- moved


async def test_moved_tree_is_known_by_its_content(small: SearchService, root: Path, following: Following) -> None:
    for number in range(1, 31):  # more than may be missing at once
        put(root / "old" / f"{number}.jpg", number)
    await look(following(mirror=True))
    (root / "old").rename(root / "new")
    events = await look(following(mirror=True))
    assert {one.kind for one in events} == {"moved"}
    assert {(one.moved_from, one.path) for one in events} == {
        (str(root / "old" / f"{number}.jpg"), str(root / "new" / f"{number}.jpg")) for number in range(1, 31)
    }
    assert await images(small) == {one.id or 0: (Path(one.path).name, False) for one in events}
    assert await look(following(mirror=True)) == []


async def test_picture_is_called_as_its_file_unless_it_was_called_otherwise(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    await small.add_bytes(painted(2), name="mine.jpg", actor="test")
    put(root / "b.jpg", 2)
    await look(following())
    (root / "a.jpg").rename(root / "A.jpg")
    (root / "b.jpg").rename(root / "B.jpg")
    await look(following())
    assert set((await images(small)).values()) == {("A.jpg", False), ("mine.jpg", False)}


async def test_file_that_is_heard_of_at_its_new_place_first_is_moved(
    small: SearchService, root: Path, following: Following
) -> None:
    follower = following(mirror=True)
    put(root / "old" / "a.jpg", 1)
    await look(follower)
    (root / "new").mkdir()
    (root / "old" / "a.jpg").rename(root / "new" / "b.jpg")
    assert told(await look(follower, root / "new"), root) == [("moved", "new/b.jpg", 1)]
    assert await look(follower, root / "old" / "a.jpg") == []
    assert await images(small) == {1: ("b.jpg", False)}


async def test_file_that_is_heard_of_at_its_old_place_first_is_back_when_it_is_found(
    small: SearchService, root: Path, following: Following
) -> None:
    follower = following()
    put(root / "a.jpg", 1)
    await look(follower)
    (root / "a.jpg").rename(root / "b.jpg")
    assert told(await look(follower, root / "a.jpg"), root) == [("missing", "a.jpg", 1)]
    assert told(await look(follower, root / "b.jpg"), root) == [("moved", "b.jpg", 1)]
    assert await images(small) == {1: ("b.jpg", False)}


# --- gone


async def test_removed_file_is_only_marked_and_the_mark_goes_when_it_is_back(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    put(root / "b.jpg", 2)
    await look(following())
    (root / "a.jpg").rename(root.parent / "a.jpg")
    assert told(await look(following()), root) == [("missing", "a.jpg", 1)]
    since = (await small.get(1)).source_missing_since
    assert since
    assert (await small.status()).source_missing == 1
    assert await look(following()) == []
    assert (await small.get(1)).source_missing_since == since
    (root.parent / "a.jpg").rename(root / "a.jpg")
    assert told(await look(following()), root) == [("back", "a.jpg", 1)]
    assert await images(small) == {1: ("a.jpg", False), 2: ("b.jpg", False)}


async def test_removed_file_takes_its_picture_along_where_the_folder_is_mirrored(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    put(root / "b.jpg", 2)
    await look(following())
    (root / "a.jpg").unlink()
    assert told(await look(following(mirror=True)), root) == [("removed", "a.jpg", 1)]
    with pytest.raises(UnknownImage):
        await small.get(1)
    assert (await small.undo(actor="test")).kind == "remove"
    assert await images(small) == {1: ("a.jpg", True), 2: ("b.jpg", False)}
    assert await look(following(mirror=True)) == []  # what was undone stays undone


async def test_mirrored_picture_is_restored_when_its_file_is_back(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    put(root / "b.jpg", 2)
    await look(following(mirror=True))
    (root / "a.jpg").unlink()
    await look(following(mirror=True))
    put(root / "a.jpg", 1)
    assert told(await look(following(mirror=True)), root) == [("restored", "a.jpg", 1)]
    assert await images(small) == {1: ("a.jpg", False), 2: ("b.jpg", False)}


async def test_what_was_marked_is_removed_once_the_folder_is_mirrored(root: Path, following: Following) -> None:
    put(root / "a.jpg", 1)
    put(root / "b.jpg", 2)
    await look(following())
    (root / "a.jpg").unlink()
    await look(following())
    assert told(await look(following(mirror=True)), root) == [("removed", "a.jpg", 1)]


async def test_picture_with_a_file_elsewhere_is_not_missing(
    small: SearchService, root: Path, following: Following, tmp_path: Path
) -> None:
    other = put(tmp_path / "other" / "a.jpg", 1)
    await add_paths(small, other)
    put(root / "a.jpg", 1)
    put(root / "b.jpg", 2)
    await look(following())
    (root / "a.jpg").unlink()
    assert told(await look(following(mirror=True)), root) == [("copy_gone", "a.jpg", 1)]
    put(root / "a.jpg", 1)
    await look(following())
    other.unlink()  # where nobody watches
    (root / "a.jpg").unlink()
    assert told(await look(following()), root) == [("missing", "a.jpg", 1)]


async def test_folder_that_cannot_be_looked_into_loses_nothing(
    small: SearchService, root: Path, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root / "a.jpg", 1)
    put(root / "sub" / "b.jpg", 2)
    await look(following(mirror=True))

    def refusing(act: Callable[..., Any]) -> Callable[..., Any]:
        def refused(path: Any = ".", *rest: Any, **more: Any) -> Any:
            if str(path).startswith(str(root / "sub")):
                raise PermissionError(13, "Permission denied", str(path))
            return act(path, *rest, **more)

        return refused

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refusing(os.scandir))
        patched.setattr(os, "stat", refusing(os.stat))
        (event,) = await look(following(mirror=True))
    assert (event.kind, event.code) == ("rejected", "unreadable_file")
    assert await images(small) == {1: ("a.jpg", False), 2: ("b.jpg", False)}


# --- away


def take_away(root: Path, how: str) -> None:
    root.rename(root.parent / "elsewhere")
    if how == "emptied":
        root.mkdir()
    if how == "a file":
        root.write_bytes(b"")


def bring_back(root: Path) -> None:
    if root.is_dir():
        root.rmdir()
    root.unlink(missing_ok=True)
    (root.parent / "elsewhere").rename(root)


def device_of(root: Path) -> int:
    return root.stat().st_dev


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("how", ["renamed", "emptied", "a file"])
async def test_folder_that_is_not_there_or_empty_is_away(
    small: SearchService, root: Path, following: Following, mirror: bool, how: str
) -> None:
    follower = following(mirror=mirror)
    put(root / "a.jpg", 1)
    await look(follower)
    take_away(root, how)
    (event,) = await look(follower)
    assert (event.kind, event.path) == ("away", str(root))
    assert event.message
    assert await look(follower) == []  # it is told once
    assert await images(small) == {1: ("a.jpg", False)}
    bring_back(root)
    assert told(await look(follower), root) == [("there", ".", None)]


async def test_folder_on_another_device_is_away_until_all_its_files_are_there(
    small: SearchService, root: Path, following: Following
) -> None:
    first = following()
    put(root / "a.jpg", 1)
    put(root / "b.jpg", 2)
    await look(first)
    assert first.device == device_of(root)
    (root / "a.jpg").rename(root.parent / "a.jpg")
    put(root / "c.jpg", 3)  # of the other disk
    (event,) = await look(following(device=12345, mirror=True))
    assert event.kind == "away"
    assert "another device" in (event.message or "")
    assert await images(small) == {1: ("a.jpg", False), 2: ("b.jpg", False)}
    (root.parent / "a.jpg").rename(root / "a.jpg")
    again = following(device=12345)  # a disk may have another number after a restart of the machine
    assert told(await look(again, root / "c.jpg"), root) == [("added", "c.jpg", 3)]
    assert again.device == device_of(root)


async def test_folder_on_another_device_may_lack_as_many_files_as_are_allowed(root: Path, following: Following) -> None:
    put(root / "a.jpg", 1)
    put(root / "b.jpg", 2)
    await look(following())
    (root / "a.jpg").unlink()
    assert told(await look(following(device=12345, allow_missing=1)), root) == [("missing", "a.jpg", 1)]


async def test_new_empty_folder_is_there(root: Path, following: Following) -> None:
    follower = following()
    assert await look(follower) == []
    assert follower.away is None


# --- too many


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than two files at once are many."""
    monkeypatch.setattr(folder_follower, "FEW", 2)


async def lose(root: Path, following: Following, *, lost: int, of: int = 6) -> None:
    for number in range(1, of + 1):
        put(root / f"{number}.jpg", number)
    await look(following())
    for number in range(1, lost + 1):
        (root / f"{number}.jpg").unlink()


@pytest.mark.usefixtures("few")
async def test_many_missing_files_at_once_remove_nothing(
    small: SearchService, root: Path, following: Following
) -> None:
    await lose(root, following, lost=3)
    with pytest.raises(TooManyMissing, match=r"3 files of 6 in .* `--allow-missing 3` removes them"):
        await look(following(mirror=True))
    assert len(await images(small)) == 6
    with pytest.raises(TooManyMissing):
        await look(following(mirror=True, allow_missing=2))
    events = await look(following(mirror=True, allow_missing=3))
    assert [one.kind for one in events] == ["removed"] * 3
    assert set(await images(small)) == {4, 5, 6}


@pytest.mark.usefixtures("few")
async def test_many_missing_files_at_once_are_not_marked_and_told_once(
    small: SearchService, root: Path, following: Following
) -> None:
    await lose(root, following, lost=3)
    follower = following()
    (event,) = await look(follower)
    assert (event.kind, event.code, event.path) == ("warning", "too_many_missing", str(root))
    assert await look(follower) == []
    assert (await small.status()).source_missing == 0
    events = await look(following(allow_missing=3))
    assert [one.kind for one in events] == ["missing"] * 3


@pytest.mark.usefixtures("few")
async def test_few_files_one_after_the_other_are_many_at_once(
    small: SearchService, root: Path, following: Following
) -> None:
    await lose(root, following, lost=2)
    follower = following(mirror=True)
    assert [one.kind for one in await look(follower)] == ["removed", "removed"]
    (root / "3.jpg").unlink()
    with pytest.raises(TooManyMissing):
        await look(follower)
    assert len(await images(small)) == 4


async def test_many_files_that_are_few_of_the_folder_are_no_reason(
    root: Path, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_follower, "FEW", 2)
    monkeypatch.setattr(folder_follower, "SHARE", 0.5)
    await lose(root, following, lost=3)
    assert [one.kind for one in await look(following(mirror=True))] == ["removed"] * 3


# --- stopped


async def test_look_that_is_stopped_takes_nothing_for_gone(
    small: SearchService, root: Path, following: Following
) -> None:
    put(root / "a.jpg", 1)
    await look(following())
    (root / "a.jpg").rename(root / "b.jpg")
    put(root / "c.jpg", 3)
    stopped = asyncio.Event()
    stopped.set()
    follower = following(mirror=True)
    assert [event async for event in follower.look([str(root)], stopped)] == []
    assert [event async for event in follower.follow_gone()] == []
    assert await images(small) == {1: ("a.jpg", False)}
    assert {one.kind for one in await look(following(mirror=True))} == {"added", "moved"}


# --- paths


@given(st.lists(st.lists(st.sampled_from(["a", "b", "ab", "a b"]), min_size=1, max_size=4)))
def test_topmost_places_hold_all_places_and_none_another(parts: list[list[str]]) -> None:
    places = ["/" + "/".join(one) for one in parts]
    chosen = topmost(places)
    assert all(is_in(place, chosen) for place in places)
    assert set(chosen) <= set(places)
    assert not any(is_in(one, [other]) for one in chosen for other in chosen if one != other)


def test_place_is_not_inside_one_whose_name_only_begins_alike() -> None:
    assert not is_in("/pictures2/a.jpg", ["/pictures"])
    assert is_in("/pictures/a.jpg", ["/pictures"])
    assert is_in("/a.jpg", ["/"])


def test_places_of_changes(root: Path, following: Following) -> None:
    follower = following()
    strange = str(root / "sub" / "b\N{REPLACEMENT CHARACTER}.jpg")
    heard = [str(root / "a.jpg"), str(root / ".git" / "b.jpg"), strange]
    assert follower.places_of(heard) == {str(root / "a.jpg"), str(root / "sub")}
    assert follower.places_of(["/private/elsewhere"]) == {str(root)}
