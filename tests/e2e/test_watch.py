"""`pictrace watch` as people run it: a process on real folders, which is killed, and folders that go away."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.conftest import SHIPPED, Command, jpeg, photograph
from tests.forking import Forked
from tests.webhook_receiver import receiving, until

LONGEST_S = 120
LONG_AGO = 1_500_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


class Watcher:
    """A running `pictrace watch --json`, and what it has said so far."""

    def __init__(self, process: Forked) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []

    def until(self, event: str, **more: Any) -> dict[str, Any]:
        """The next line that says this; who waits too long for it ends the process."""
        assert self.process.stdout
        late = Timer(LONGEST_S, self.process.kill)
        late.start()
        try:
            for line in self.process.stdout:
                self.said.append(json.loads(line))
                if self.said[-1] | {"event": event, **more} == self.said[-1]:
                    return self.said[-1]
        finally:
            late.cancel()
        raise AssertionError(f"it ended with {self.process.wait(LONGEST_S)} after {self.said}: {self.complaints()}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        return self.process.wait(LONGEST_S), self.complaints()

    def complaints(self) -> str:
        assert self.process.stderr
        return self.process.stderr.read()

    def close(self) -> None:
        """End it if it still runs."""
        self.process.kill()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


Watch = Callable[..., Watcher]


@pytest.fixture
def watch(pictrace: Command) -> Iterator[Watch]:
    begun: list[Watcher] = []

    def begin(*arguments: object, **env: str) -> Watcher:
        begun.append(Watcher(pictrace.start("watch", "--json", *arguments, **env)))
        return begun[-1]

    yield begin
    for watcher in begun:
        watcher.close()


def copy(name: str, to: Path) -> Path:
    """A file that appears at once, as it was written long ago."""
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(f".{to.name}")
    shutil.copyfile(SHIPPED / name, partial)
    os.utime(partial, (LONG_AGO, LONG_AGO))
    partial.rename(to)
    return to


def many(folder: Path, number: int) -> None:
    """Small pictures, each another."""
    folder.mkdir(exist_ok=True)
    wholes = photograph("coffee.png"), photograph("astronaut.png")
    for count in range(number):
        which, at = divmod(count, 80)
        shown = wholes[which][at * 4 : at * 4 + 96, at * 6 : at * 6 + 96]
        (folder / f"{count:03}.jpg").write_bytes(jpeg(shown))


def library(pictrace: Command) -> dict[str, int]:
    (status,) = pictrace.json("status", "--json")
    return {name: status[name] for name in ("images", "removed", "source_missing")}


async def test_webhook_is_told_what_a_watcher_adds(watch: Watch, root: Path) -> None:
    async with receiving() as receiver:
        watcher = watch(root, **{f"PICTRACE_{name.upper()}": value for name, value in receiver.settings.items()})
        await asyncio.to_thread(watcher.until, "watching")
        copy("coffee.png", root / "coffee.png")
        await until(lambda: receiver.told == [("image.added", 1)])
        assert await asyncio.to_thread(watcher.end) == (0, "")


def test_what_happens_in_a_folder_is_followed(pictrace: Command, watch: Watch, root: Path) -> None:
    copy("coffee.png", root / "coffee.png")
    watcher = watch(root, "--tag", "watched")
    added = watcher.until("added")
    assert added == {"event": "added", "path": str(root / "coffee.png"), "id": 1, "code": None}
    watcher.until("watching", path=str(root))

    copy("rocket.jpg", root / "sub" / "rocket.jpg")
    assert watcher.until("added")["id"] == 2
    (found,) = pictrace.json("search", "--json", "--limit", 1, SHIPPED / "rocket.jpg")  # while it goes on
    assert found["matches"][0]["id"] == 2

    (root / "sub").rename(root / "trip")
    moved = watcher.until("moved")
    assert moved["moved_from"] == str(root / "sub" / "rocket.jpg")
    assert (moved["path"], moved["id"]) == (str(root / "trip" / "rocket.jpg"), 2)

    copy("chelsea.png", root / "coffee.png")
    assert watcher.until("added")["id"] == 3
    watcher.until("missing", id=1)

    (root / "trip" / "rocket.jpg").unlink()
    watcher.until("missing", id=2)
    assert library(pictrace) == {"images": 3, "removed": 0, "source_missing": 2}
    (found,) = pictrace.json("search", "--json", "--limit", 1, SHIPPED / "rocket.jpg")
    assert found["matches"][0]["source_missing_since"].endswith("Z")

    copy("rocket.jpg", root / "trip" / "rocket.jpg")
    watcher.until("back", id=2)
    assert watcher.end() == (0, "")
    assert library(pictrace) == {"images": 3, "removed": 0, "source_missing": 1}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_when_it_is_told_to(watch: Watch, root: Path, number: signal.Signals) -> None:
    watcher = watch(root)
    watcher.until("watching")
    assert watcher.end(number) == (0, "")


def test_half_written_file_waits_until_it_is_whole(pictrace: Command, watch: Watch, root: Path) -> None:
    watcher = watch(root)
    watcher.until("watching")
    content = (SHIPPED / "rocket.jpg").read_bytes()
    with (root / "rocket.jpg").open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        watcher.until("waiting", path=str(root / "rocket.jpg"))
        file.write(content[len(content) // 2 :])
    added = watcher.until("added")
    assert [line["event"] for line in watcher.said] == ["watching", "waiting", "added"]
    assert watcher.end() == (0, "")
    (found,) = pictrace.json("search", "--json", "--limit", 1, SHIPPED / "rocket.jpg")
    assert (found["matches"][0]["id"], found["matches"][0]["grade"]) == (added["id"], "identical")


def test_killed_watcher_loses_nothing_and_the_next_one_goes_on(pictrace: Command, watch: Watch, root: Path) -> None:
    many(root / "old", 160)  # so many that neither kill comes too late
    acknowledged = {}
    for stop_after in (1, 5):
        watcher = watch(root)
        for _ in range(stop_after):
            line = watcher.until("added")
            acknowledged[line["path"]] = line["id"]
        watcher.end(signal.SIGKILL)
    (root / "old").rename(root / "new")  # while nobody watches
    watcher = watch("--mirror", root)
    watcher.until("watching")
    assert {line["event"] for line in watcher.said} <= {"added", "moved", "watching"}
    known = {line["path"]: line["id"] for line in watcher.said if line["id"]}
    for path, image_id in acknowledged.items():
        assert known[path.replace("/old/", "/new/")] == image_id
    assert library(pictrace) == {"images": 160, "removed": 0, "source_missing": 0}
    watcher.end()
    (report,) = pictrace.json("check", "--json")
    assert report["sound"]
    done = pictrace("watch", "--once", root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")  # all is known


def test_moved_tree_adds_nothing_though_it_is_mirrored(pictrace: Command, watch: Watch, root: Path) -> None:
    many(root / "old", 30)
    watcher = watch("--mirror", root)
    watcher.until("watching")
    (root / "deep").mkdir()
    (root / "old").rename(root / "deep" / "new")
    for _ in range(30):
        watcher.until("moved")
    assert watcher.end() == (0, "")
    assert {line["event"] for line in watcher.said} == {"added", "watching", "moved"}
    assert library(pictrace) == {"images": 30, "removed": 0, "source_missing": 0}


def test_second_watcher_of_a_library_is_refused(pictrace: Command, watch: Watch, root: Path) -> None:
    watcher = watch(root)
    watcher.until("watching")
    done = pictrace("watch", root)
    assert done.returncode == 1
    assert done.stderr.startswith("Another `pictrace watch` follows folders for this library already")
    assert done.stderr.rstrip().endswith("(already_watched)")
    watcher.end(signal.SIGKILL)
    assert pictrace("watch", "--once", root).returncode == 0  # whoever is killed keeps nothing


@pytest.mark.parametrize("options", [[], ["--mirror"]])
@pytest.mark.parametrize("is_empty", [False, True])
def test_folder_that_is_away_changes_nothing(pictrace: Command, root: Path, options: list[str], is_empty: bool) -> None:
    copy("coffee.png", root / "coffee.png")
    assert pictrace("watch", "--once", root).returncode == 0
    root.rename(root.parent / "unmounted")
    if is_empty:
        root.mkdir()
    done = pictrace("watch", "--once", "--json", *options, root)
    assert done.returncode == 1
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["event"], line["path"]) == ("away", str(root))
    assert line["message"].endswith(".")
    assert str(root) not in line["message"]  # it is named beside it
    assert library(pictrace) == {"images": 1, "removed": 0, "source_missing": 0}


def test_mirror_removes_with_the_files_but_not_many_at_once(pictrace: Command, root: Path) -> None:
    many(root, 40)
    assert pictrace("watch", "--once", root).returncode == 0
    for path in sorted(root.iterdir())[:21]:
        path.rename(root.parent / path.name)
    done = pictrace("watch", "--once", "--mirror", root)
    assert done.returncode == 1
    assert done.stderr.startswith(f"21 files of 40 in {root} are missing at once")
    assert done.stderr.rstrip().endswith("(too_many_missing)")
    assert library(pictrace) == {"images": 40, "removed": 0, "source_missing": 0}
    marking = pictrace("watch", "--once", root)
    assert marking.returncode == 1
    assert "21 files" in marking.stderr
    assert library(pictrace) == {"images": 40, "removed": 0, "source_missing": 0}
    (root.parent / "000.jpg").rename(root / "000.jpg")  # 20 are few enough
    assert pictrace("watch", "--once", "--mirror", root).returncode == 0
    assert library(pictrace) == {"images": 20, "removed": 20, "source_missing": 0}
    assert pictrace("undo").returncode == 0
    assert library(pictrace) == {"images": 40, "removed": 0, "source_missing": 20}
    many(root, 40)
    assert pictrace("watch", "--once", root).returncode == 0
    assert library(pictrace) == {"images": 40, "removed": 0, "source_missing": 0}


def test_missing_file_is_told_of_wherever_its_picture_is_shown(pictrace: Command, root: Path) -> None:
    copy("coffee.png", root / "coffee.png")
    copy("rocket.jpg", root / "rocket.jpg")
    assert "missing" not in pictrace("search", SHIPPED / "coffee.png").stdout
    assert pictrace("watch", "--once", root).returncode == 0
    (root / "coffee.png").unlink()
    assert pictrace("watch", "--once", root).stderr == f"missing   {root}/coffee.png, id 1\n"
    assert "coffee.png (file missing since 20" in pictrace("search", SHIPPED / "coffee.png").stdout
    assert "1 picture whose file is not where it was any more" in pictrace("status").stdout
    assert pictrace("watch", "--once", "--mirror", root).stderr == f"removed   {root}/coffee.png, id 1\n"
    assert "whose file" not in pictrace("status").stdout


def test_name_of_a_file_cannot_write_into_the_terminal(pictrace: Command, root: Path) -> None:
    copy("coffee.png", root / "a\x1b[31m\n[red]b\N{RIGHT-TO-LEFT OVERRIDE}.png")
    done = pictrace("watch", "--once", root)
    assert done.returncode == 0
    cleaned = "a?[31m?[red]b?.png".replace("?", "\N{REPLACEMENT CHARACTER}")
    assert done.stderr == f"added     {root}/{cleaned}, id 1\n"


def test_rejected_file_is_told_with_its_code(pictrace: Command, root: Path) -> None:
    bad = root / "bad.jpg"
    bad.write_bytes(b"no picture")
    os.utime(bad, (LONG_AGO, LONG_AGO))
    done = pictrace("watch", "--once", "--json", root)
    assert done.returncode == 1
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["event"], line["code"]) == ("rejected", "not_an_image")


@pytest.mark.parametrize(
    "arguments", [["--rescan-minutes", "-1"], ["--rescan-minutes", "nan"], ["--allow-missing", "-1"], []]
)
def test_wrong_use_says_so(pictrace: Command, arguments: list[str], root: Path) -> None:
    folders = [root] if arguments else []
    assert pictrace("watch", *arguments, *folders).returncode == 2


def test_rescan_finds_again_what_was_away(pictrace: Command, watch: Watch, root: Path) -> None:
    copy("coffee.png", root / "coffee.png")
    watcher = watch("--rescan-minutes", "0.02", root)
    watcher.until("watching")
    root.rename(root.parent / "unmounted")
    watcher.until("away")
    copy("rocket.jpg", root.parent / "unmounted" / "rocket.jpg")
    (root.parent / "unmounted").rename(root)
    watcher.until("there")
    watcher.until("added", path=str(root / "rocket.jpg"))
    assert watcher.end() == (0, "")
    assert library(pictrace) == {"images": 2, "removed": 0, "source_missing": 0}
