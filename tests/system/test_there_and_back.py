"""A library moves from SQLite and a folder to PostgreSQL, bucket and Milvus, and back, with all that it was told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bot.conftest import texts
from tests.conftest import Command, jpeg
from tests.e2e.test_bot_process import running
from tests.object_store import Bucket
from tests.small_library import painting
from tests.system.conftest import Machine
from tests.telegram.server import FakeTelegram

pytestmark = pytest.mark.system

PICTURES = 10
TWICE = (0, 1)  # these are there in a smaller version too
AWAITED = (20, 21)  # somebody waits for these


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server
        assert server.violations == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    for number in range(PICTURES):
        (made / f"{number}.jpg").write_bytes(jpeg(painting(number)))
    for number in TWICE:
        (made / f"{number}-small.jpg").write_bytes(jpeg(painting(number)[::2, ::2], quality=80))
    for number in AWAITED:
        (made / f"awaited-{number}.jpg").write_bytes(jpeg(painting(number)))
    for number in range(PICTURES):
        (made / f"query-{number}.jpg").write_bytes(jpeg(np.rot90(painting(number)[10:350, 15:465])))
    return made


async def fill(pictrace: Command, telegram: FakeTelegram, folder: Path, log: Path) -> None:
    """Pictures with tags, some removed, decisions on duplicates, a followed folder; in a chat a verdict and watches."""
    files = [folder / f"{number}.jpg" for number in range(PICTURES)]
    added = pictrace.json("add", "--json", "--title", "First", "--tag", "even", *files[::2])
    added += pictrace.json("add", "--json", "--tag", "odd", "--tag", "harbour", *files[1::2])
    ids = {line["name"]: line["id"] for line in added}
    pairs = []
    for number in TWICE:
        (small,) = pictrace.json("add", "--json", folder / f"{number}-small.jpg")
        pairs.append((ids[f"{number}.jpg"], small["id"]))
        assert small["near"] == [ids[f"{number}.jpg"]]
    followed = log.parent / "followed"
    followed.mkdir()
    (followed / "seen.jpg").write_bytes(jpeg(painting(30)))
    for arguments in (
        ("duplicates", "--different", *pairs[0]),
        ("duplicates", "--keep-best", pairs[1][0]),
        ("remove", ids["8.jpg"]),
        ("watch", "--once", followed),
    ):
        done = pictrace(*arguments)
        assert done.returncode == 0, done.stderr
    async with running(Path(pictrace.env["PICTRACE_DATA_DIR"]), telegram, log):
        for number in AWAITED:
            await ask_and_press(telegram, jpeg(painting(number)), "Tell me when it appears")
        await ask_and_press(telegram, (folder / "query-3.jpg").read_bytes(), "✅ Right")


async def ask_and_press(telegram: FakeTelegram, query: bytes, button: str) -> None:
    """Ask for a picture in a chat, and press a button under the answer."""
    ada = telegram.user(1001, "Ada")
    question = telegram.say(ada, document=("q.jpg", query, "image/jpeg"))["message_id"]
    await telegram.until(lambda: answers_to(telegram, question))
    await telegram.quiet(0.3)
    callback = telegram.press(ada, answers_to(telegram, question)[-1], button)
    await telegram.until(lambda: callback in telegram.answers)
    await telegram.quiet(0.3)


def answers_to(telegram: FakeTelegram, question: int) -> list[dict[str, Any]]:
    """Messages with buttons in reply to this one."""
    sent = [one for one in telegram.sent(1001) if one.get("reply_to_message", {}).get("message_id") == question]
    return [one for one in sent if "reply_markup" in one]


def told(pictrace: Command, folder: Path) -> dict[str, Any]:
    """All that the library answers and lists."""
    queries = [folder / f"query-{number}.jpg" for number in range(PICTURES)]
    (status,) = pictrace.json("status", "--json")
    return {
        "answers": [matches(line) for line in pictrace.json("search", "--json", *queries)],
        "of tags": [matches(line) for line in pictrace.json("search", "--json", "--tag", "harbour", *queries)],
        "duplicates": pictrace.json("duplicates", "--json"),
        "variants": pictrace.json("duplicates", "--variants", "--json"),
        "trash": pictrace.json("trash", "--json"),
        "history": pictrace.json("history", "--json", "--limit", "100"),
        "status": {name: status[name] for name in ("images", "removed", "last_seq", "tally", "features")},
    }


def matches(answer: dict[str, Any]) -> list[tuple[int, str, str, Any]]:
    """Each match's picture, and what the library is sure of."""
    return [(one["id"], one["name"], one["lane"], pytest.approx(one["score"], abs=2e-3)) for one in answer["matches"]]


def move(pictrace: Command, database: str, files: str) -> None:
    done = pictrace("migrate", "--to", database, "--files-to", files)
    assert done.returncode == 0, done.stderr


async def add_awaited(
    pictrace: Command, telegram: FakeTelegram, folder: Path, number: int, log: Path, **env: str
) -> None:
    """The chat that waits for a picture is told when it is added, and the library does not keep it."""
    data_dir = Path(pictrace.env["PICTRACE_DATA_DIR"])
    async with running(data_dir, telegram, log, **env):
        (added,) = await asyncio.to_thread(pictrace.json, "add", "--json", folder / f"awaited-{number}.jpg")
        news = f"It has appeared: awaited-{number}.jpg"
        await telegram.until(lambda: news in str(texts(telegram.sent(1001))))
    assert (await asyncio.to_thread(pictrace, "remove", added["id"])).returncode == 0


async def test_library_moves_to_servers_and_back_with_all_that_it_was_told(
    on_servers: dict[str, str],
    bucket: Bucket,  # first, for it sets what the commands find it by
    machine: Machine,
    pictrace: Command,
    telegram: FakeTelegram,
    folder: Path,
    tmp_path: Path,
) -> None:
    await fill(pictrace, telegram, folder, tmp_path / "bot.log")
    before = await asyncio.to_thread(told, pictrace, folder)
    assert [found[0][0] for found in before["answers"] if found] != []
    assert before["status"]["tally"] == {"right": 1, "wrong": 0, "watches": len(AWAITED)}
    assert (len(before["trash"]), before["status"]["removed"]) == (2, 2)

    await asyncio.to_thread(move, pictrace, on_servers["PICTRACE_DATABASE_URL"], bucket.url)
    there = machine("there")
    assert await asyncio.to_thread(told, there, folder) == before
    assert (await asyncio.to_thread(there.json, "status", "--json"))[0]["index_kind"] == "milvus"
    assert (await asyncio.to_thread(there.json, "check", "--deep", "--json"))[0]["sound"]
    await add_awaited(there, telegram, folder, AWAITED[0], tmp_path / "there.log", **there.env)
    changed = await asyncio.to_thread(told, there, folder)
    assert changed["answers"] == before["answers"]

    back = Command(tmp_path / "back" / "data")
    data_dir = back.env["PICTRACE_DATA_DIR"]
    await asyncio.to_thread(move, there, f"sqlite+aiosqlite:///{data_dir}/pictrace.db", data_dir)
    assert await asyncio.to_thread(told, back, folder) == changed
    assert (await asyncio.to_thread(back.json, "status", "--json"))[0]["index_kind"] == "exact"
    assert (await asyncio.to_thread(back.json, "check", "--deep", "--json"))[0]["sound"]
    await add_awaited(back, telegram, folder, AWAITED[1], tmp_path / "back.log")
    assert (await asyncio.to_thread(back, "undo")).returncode == 0  # the removal that followed
    (again,) = await asyncio.to_thread(back.json, "search", "--json", folder / f"awaited-{AWAITED[1]}.jpg")
    assert again["matches"][0]["evidence"]["exact"]
    assert await asyncio.to_thread(back.json, "watch", "--once", "--json", tmp_path / "followed") == []  # all is known
