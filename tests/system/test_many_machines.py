"""Two APIs and a bot on one library whose database, files and index are on servers; one is killed, nothing is lost."""

import asyncio
import http.client
import json
import os
import random
import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from tests.bot.conftest import texts
from tests.conftest import Command, jpeg
from tests.e2e.test_api_process import Served, api
from tests.e2e.test_bot_process import replied, running
from tests.object_store import Bucket
from tests.small_library import painting
from tests.system.conftest import Machine
from tests.telegram.server import FakeTelegram

pytestmark = pytest.mark.system

BY_FIRST, BY_SECOND, BY_BOT = range(16), range(12, 28), range(28, 32)  # four are added through both APIs
WHOLE = range(32)
BEFORE_THE_KILL = 4  # additions that are acknowledged


def name_of(number: int) -> str:
    return f"painting-{number}.jpg"


def file_of(number: int) -> bytes:
    return jpeg(painting(number))


def copy_of(number: int) -> bytes:
    """A part of it turned or mirrored, so that the index has to find it."""
    part = painting(number)[10:350, 15:465]
    return jpeg(np.rot90(part) if number % 2 else part[:, ::-1], quality=80)


class Adder:
    """Adds pictures through one API after another, each until it is acknowledged."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._left = list(numbers)
        self.acknowledged: dict[int, int] = {}

    def add_through(self, served: Served) -> None:
        """All that are left, or as many as it takes before it ends."""
        with suppress(OSError, http.client.HTTPException):
            while self._left:
                number = self._left[0]
                status, body = served.add(file_of(number), name_of(number))
                assert status in (200, 201), body
                self.acknowledged[number] = json.loads(body)["id"]
                del self._left[0]


def search(served: Served, number: int) -> list[dict[str, Any]]:
    """The matches of a copy of a picture."""
    status, body = served.search(copy_of(number))
    assert status == 200, body
    matches: list[dict[str, Any]] = json.loads(body)["matches"]
    return matches


def search_until(end: Event, served: Served, adders: Iterable[Adder], seed: int) -> int:
    """Ask for what is acknowledged, through whichever API, and find it each time; how often."""
    asked = 0
    chosen = random.Random(seed)
    while not end.wait(0.2):
        there = {number: one for adder in adders for number, one in list(adder.acknowledged.items())}
        if there:
            number = chosen.choice(sorted(there))
            assert search(served, number)[0]["id"] == there[number]
            asked += 1
    return asked


def search_until_killed(end: Event, served: Served, adders: Iterable[Adder], seed: int) -> None:
    with suppress(OSError, http.client.HTTPException):
        search_until(end, served, adders, seed)
    assert end.is_set(), "an API has ended before it was killed"


def kill(served: Served) -> None:
    """With all its processes, as when the machine loses its power."""
    os.killpg(served.process.pid, signal.SIGKILL)
    served.process.wait(20)


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server
        assert server.violations == []


async def asked_in_chat(telegram: FakeTelegram, number: int) -> list[str]:
    """The first lines of what the bot answers to a copy of a picture."""
    ada = telegram.user(1001, "Ada")
    question = telegram.say(ada, document=("query.jpg", copy_of(number), "image/jpeg"), caption="5")["message_id"]
    await telegram.until(lambda: [one for one in telegram.sent(ada) if replied(one) == question])
    await telegram.quiet(0.5)
    answer = [one for one in telegram.sent(ada) if replied(one) == question and "photo" in one]
    return [text.splitlines()[0] for text in texts(answer)]


async def test_two_apis_and_a_bot_on_one_library_one_of_them_killed(
    machine: Machine, bucket: Bucket, telegram: FakeTelegram, tmp_path: Path
) -> None:
    one, other, third = machine("one"), machine("other"), machine("third")
    first, second = Adder(BY_FIRST), Adder(BY_SECOND)
    killed, added = Event(), Event()
    admin = telegram.user(500, "Admin")
    with api(other, PICTRACE_RATE_LIMIT="0") as beside:
        async with running(Path(third.env["PICTRACE_DATA_DIR"]), telegram, tmp_path / "bot.log", **third.env):
            with api(one, PICTRACE_RATE_LIMIT="0") as doomed:
                searching = asyncio.create_task(asyncio.to_thread(search_until, added, beside, [first, second], 1))
                adding = asyncio.create_task(asyncio.to_thread(second.add_through, beside))
                till_killed = [
                    asyncio.create_task(asyncio.to_thread(first.add_through, doomed)),
                    asyncio.create_task(asyncio.to_thread(search_until_killed, killed, doomed, [first, second], 2)),
                ]
                for number in BY_BOT:
                    file = (name_of(number), file_of(number), "image/jpeg")
                    telegram.say(admin, document=file, caption="/add")
                await telegram.until(lambda: len(first.acknowledged) >= BEFORE_THE_KILL)
                killed.set()
                kill(doomed)
                await asyncio.gather(*till_killed)
            assert BEFORE_THE_KILL <= len(first.acknowledged) < len(BY_FIRST)
            with api(one, PICTRACE_RATE_LIMIT="0") as again:
                await asyncio.to_thread(first.add_through, again)
                await adding
                await telegram.until(lambda: str(texts(telegram.sent(admin))).count("1 picture added") == len(BY_BOT))
                added.set()
                assert await searching > 0
                acknowledged = first.acknowledged | second.acknowledged
                await asyncio.to_thread(assert_all_there, third, bucket, acknowledged, [beside, again])
                for number in WHOLE[::9]:
                    found = await asyncio.to_thread(search, beside, number)
                    assert told(found) == told(await asyncio.to_thread(search, again, number))
                    assert await asked_in_chat(telegram, number) == [
                        f"{place} · {match['name']}" for place, match in enumerate(found, 1)
                    ]
    assert "Traceback" not in (tmp_path / "bot.log").read_text()


def told(matches: list[dict[str, Any]]) -> list[tuple[int, str, float]]:
    return [(match["id"], match["lane"], match["score"]) for match in matches]


def assert_all_there(third: Command, bucket: Bucket, acknowledged: dict[int, int], doors: list[Served]) -> None:
    """Each picture once, with its files and no others, and found through both APIs; told by a third machine's shell."""
    listed = [doors[0].json("/v1/images?limit=200")["images"], doors[1].json("/v1/images?limit=200")["images"]]
    assert listed[0] == listed[1]
    ids = {image["name"]: image["id"] for image in listed[0]}
    assert len(listed[0]) == len(ids) == len(WHOLE)
    assert {name_of(number): one for number, one in acknowledged.items()}.items() <= ids.items()
    for number in WHOLE:
        for door in doors:
            best = search(door, number)[0]
            assert (best["id"], best["lane"]) == (ids[name_of(number)], "same")
    (report,) = third.json("check", "--deep", "--json")
    assert report["sound"], report
    assert len(bucket.keys) == 2 * len(WHOLE)  # an original and a thumbnail of each
    (status,) = third.json("status", "--json")
    assert (status["images"], status["index_kind"], status["index_size"]) == (len(WHOLE), "milvus", len(WHOLE))
