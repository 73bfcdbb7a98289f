"""`pictrace-bot` as its owner runs it: started, stopped, killed, beside the API on the same library."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.pictures.augment import EDITS
from tests.bot.conftest import texts
from tests.conftest import PHOTOGRAPHS, SHIPPED, Command, jpeg, photograph
from tests.e2e.conftest import Holding
from tests.e2e.test_api_process import api
from tests.forking import Forked, loaded
from tests.telegram.server import FakeTelegram

ROOT = str(Path(__file__).parents[2])
MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
QUERIES = [
    jpeg(EDITS[edit](photograph(name), np.random.default_rng(4), photograph("coffee.png")))
    for edit, name in (("screenshot", "astronaut.png"), ("crop", "rocket.jpg"), ("turn", "camera.png"))
]


class Bot:
    """The process, and what it prints."""

    def __init__(self, data_dir: Path, telegram: FakeTelegram, log: Path, **env: str) -> None:
        kept = Command(data_dir).env
        self.env = kept | {
            "PICTRACE_TELEGRAM_TOKEN": telegram.token,
            "PICTRACE_TELEGRAM_API": telegram.url,
            "PICTRACE_ADMIN_IDS": "500",
            "PICTRACE_BOT_COOLDOWN_S": "0",
            **env,
        }
        self.log = log
        self._process: Forked | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.to_thread(loaded("bot").start, [], env=self.env, cwd=ROOT, log=log)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self._process
        self._process.send_signal(how)
        return await asyncio.to_thread(self._process.wait, 60)


@asynccontextmanager
async def running(data_dir: Path, telegram: FakeTelegram, log: Path, **env: str) -> AsyncIterator[Bot]:
    bot = Bot(data_dir, telegram, log, **env)
    await bot.start()
    try:
        yield bot
    finally:
        await bot.stop()


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server
        assert server.violations == []


@pytest.fixture
def library(holding: Holding, data_dir: Path) -> Path:
    holding(*PHOTOGRAPHS)
    return data_dir


def answered(telegram: FakeTelegram) -> Counter[tuple[int, int | None]]:
    """How many answers each question got, by chat and message replied to."""
    return Counter((one["chat"]["id"], replied(one)) for one in telegram.sent() if "reply_markup" in one)


def with_buttons(telegram: FakeTelegram) -> set[tuple[int, int | None]]:
    """Questions whose answers are complete."""
    return {(one["chat"]["id"], replied(one)) for one in telegram.sent() if "reply_markup" in one}


def replied(message: dict[str, Any]) -> int | None:
    reply: dict[str, Any] = message.get("reply_to_message", {})
    return reply.get("message_id")


def run(env: dict[str, str], **changes: str | None) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in (env | changes).items() if value is not None}
    return loaded("bot").run([], env=given, cwd=ROOT, timeout=120)


async def test_without_a_token_one_sentence_says_how_to_get_one(data_dir: Path, tmp_path: Path) -> None:
    env = Command(data_dir).env
    done = await asyncio.to_thread(run, env)
    assert done.returncode == 2
    assert "write /newbot to @BotFather" in done.stderr
    assert "Traceback" not in done.stderr
    done = await asyncio.to_thread(run, env, PICTRACE_TELEGRAM_TOKEN="nonsense")
    assert done.returncode == 2
    assert "PICTRACE_TELEGRAM_TOKEN" in done.stderr
    assert "nonsense" not in done.stderr
    done = await asyncio.to_thread(run, env, PICTRACE_ADMIN_IDS="ada")
    assert done.returncode == 2
    assert "PICTRACE_ADMIN_IDS" in done.stderr


async def test_unknown_token_is_said_in_one_sentence_without_it(data_dir: Path, telegram: FakeTelegram) -> None:
    env = Command(data_dir).env | {"PICTRACE_TELEGRAM_TOKEN": "43:wrong-token", "PICTRACE_TELEGRAM_API": telegram.url}
    done = await asyncio.to_thread(run, env)
    assert done.returncode == 1
    assert "Telegram does not know the token" in done.stderr
    assert "wrong-token" not in done.stderr
    assert "Traceback" not in done.stderr


async def test_api_and_bot_give_the_same_five_in_the_same_order_on_one_library(
    pictrace: Command, library: Path, telegram: FakeTelegram, tmp_path: Path
) -> None:
    ada, admin = telegram.user(1001, "Ada"), telegram.user(500, "Admin")
    with api(pictrace) as served:
        async with running(library, telegram, tmp_path / "bot.log"):
            for query in QUERIES:
                question = telegram.say(ada, document=("query.jpg", query, "image/jpeg"), caption="5")["message_id"]
                await telegram.until(lambda question=question: answered(telegram)[1001, question], timeout=60)  # type: ignore[misc]
                await telegram.quiet(0.3)
                album = [one for one in telegram.sent(ada) if replied(one) == question and "photo" in one]
                status, body = await asyncio.to_thread(served.search, query)
                assert status == 200
                assert [text.splitlines()[0] for text in texts(album)] == [
                    f"{place} · {match['name']}" for place, match in enumerate(json.loads(body)["matches"], 1)
                ]
            # What the bot adds is in the API's next search, and what the API removes is in no answer of the bot.
            deep = (SHIPPED / "hubble_deep_field.jpg").read_bytes()
            telegram.say(admin, document=("deep.jpg", deep, "image/jpeg"), caption="/add")
            await telegram.until(lambda: "1 picture added" in str(texts(telegram.sent(admin))))
            copy = jpeg(photograph("hubble_deep_field.jpg"))
            _, body = await asyncio.to_thread(served.search, copy)
            first = json.loads(body)["matches"][0]
            assert (first["name"], first["lane"]) == ("deep.jpg", "same")
            assert (await asyncio.to_thread(pictrace, "remove", first["id"])).returncode == 0
            telegram.say(ada, photo=copy, caption="same")
            await telegram.until(lambda: "not among the 6 pictures" in str(texts(telegram.sent(ada))))


async def test_killed_again_and_again_it_loses_nothing_and_repeats_at_most_what_it_was_sending(
    library: Path, telegram: FakeTelegram, tmp_path: Path
) -> None:
    people = [telegram.user(2000 + number, f"P{number}") for number in range(6)]
    bot = Bot(library, telegram, tmp_path / "bot.log")
    random = np.random.default_rng(11)
    kills, asked = 4, []
    await bot.start()
    for kill in range(kills):
        asked += [telegram.say(person, photo=MIRRORED) for person in people]
        before = len(answered(telegram))
        wanted = before + int(random.integers(1, 5))
        await telegram.until(lambda wanted=wanted: len(answered(telegram)) >= wanted, timeout=60)  # type: ignore[misc]
        await asyncio.sleep(float(random.uniform(0, 0.05)))
        await bot.stop(signal.SIGKILL)
        await bot.start()
        assert kill < kills
    questions = {(one["chat"]["id"], one["message_id"]) for one in asked}
    await telegram.until(lambda: with_buttons(telegram) == questions, timeout=60)
    await telegram.quiet(1)
    assert await bot.stop() == 0
    assert set(answered(telegram)) == questions
    assert sum(answered(telegram).values()) - len(asked) <= kills  # one each time


async def test_button_pressed_before_a_kill_is_answered_after_it(
    library: Path, telegram: FakeTelegram, tmp_path: Path
) -> None:
    ada = telegram.user(1001, "Ada")
    bot = Bot(library, telegram, tmp_path / "bot.log")
    await bot.start()
    telegram.say(ada, photo=MIRRORED)
    await telegram.until(lambda: with_buttons(telegram), timeout=60)
    await telegram.quiet(0.5)
    buttons = telegram.sent(ada)[-1]
    telegram.fail("getFile", status=200, delay=20)
    downloads = len([call for call in telegram.calls if call.method == "getFile"])
    telegram.press(ada, buttons, "❓ 1")
    await telegram.until(lambda: len([call for call in telegram.calls if call.method == "getFile"]) > downloads)
    await bot.stop(signal.SIGKILL)
    telegram.heal()
    await bot.start()
    await telegram.until(lambda: len(telegram.sent(ada)) > 1, timeout=60)
    assert await bot.stop() == 0
    (why,) = telegram.sent(ada)[1:]
    assert "What was done to it: mirrored" in why["caption"]


async def test_killed_in_the_middle_of_a_guests_answer_it_goes_on_in_the_same_message(
    library: Path, telegram: FakeTelegram, tmp_path: Path
) -> None:
    ada, elsewhere = telegram.user(1001, "Ada"), telegram.group(-1007, "Elsewhere")
    bot = Bot(library, telegram, tmp_path / "bot.log")
    await bot.start()
    telegram.fail("getFile", status=200, delay=20)
    telegram.summon(ada, photo=MIRRORED, caption="@pictrace_bot", chat=elsewhere)
    await telegram.until(lambda: any(call.method == "getFile" for call in telegram.calls), timeout=60)
    await telegram.until(lambda: telegram.guest_answers(), timeout=60)
    await asyncio.sleep(0.5)
    await bot.stop(signal.SIGKILL)
    telegram.heal()
    await bot.start()
    found = "This picture is in the library."
    await telegram.until(lambda: telegram.guest_answers()[0]["text"].startswith(found), timeout=60)
    assert await bot.stop() == 0
    assert len(telegram.guest_answers()) == 1


@pytest.mark.system
async def test_killed_before_it_knows_the_message_of_a_guest_it_goes_on_when_the_button_is_pressed(
    library: Path, telegram: FakeTelegram, tmp_path: Path
) -> None:
    ada, elsewhere = telegram.user(1001, "Ada"), telegram.group(-1007, "Elsewhere")
    bot = Bot(library, telegram, tmp_path / "bot.log")
    await bot.start()
    telegram.fail("answerGuestQuery", disconnect=True, after=True)
    telegram.summon(ada, photo=MIRRORED, caption="@pictrace_bot", chat=elsewhere)
    await telegram.until(lambda: telegram.guest_answers(), timeout=60)
    await bot.stop(signal.SIGKILL)
    await bot.start()
    (inline_id,) = telegram.world.inline_messages
    while telegram.guest_answers()[0]["text"].startswith("🔍"):  # it may not have asked Telegram again yet
        press = telegram.press_inline(ada, inline_id, "🔄")
        await telegram.until(lambda press=press: press in telegram.answers, timeout=60)  # type: ignore[misc]
        await telegram.quiet(1)
    assert await bot.stop() == 0
    (answer,) = telegram.guest_answers()
    assert answer["text"].startswith("This picture is in the library.")


async def test_flood_control_is_obeyed_by_the_process(library: Path, telegram: FakeTelegram, tmp_path: Path) -> None:
    ada = telegram.user(1001, "Ada")
    telegram.fail("sendPhoto", status=429, retry_after=3)
    async with running(library, telegram, tmp_path / "bot.log"):
        telegram.say(ada, photo=MIRRORED)
        await telegram.until(lambda: answered(telegram), timeout=60)
        refused, taken = [call.at for call in telegram.calls if call.method == "sendPhoto"]
        assert taken - refused >= 3


async def test_sigterm_lets_the_running_answer_finish_and_leaves_the_rest_for_later(
    library: Path, telegram: FakeTelegram, tmp_path: Path
) -> None:
    people = [telegram.user(2000 + number, f"P{number}") for number in range(12)]
    bot = Bot(library, telegram, tmp_path / "bot.log", PICTRACE_BOT_RUNNING="1")
    await bot.start()
    for person in people:
        telegram.say(person, photo=MIRRORED)
    await telegram.until(lambda: answered(telegram), timeout=60)
    assert await bot.stop() == 0
    first = len(answered(telegram))
    assert 1 <= first < len(people)
    assert len([one for one in telegram.sent() if "reply_markup" in one]) == first
    async with running(library, telegram, tmp_path / "bot.log"):
        await telegram.until(lambda: len(answered(telegram)) == len(people), timeout=60)
        await telegram.quiet(0.5)
    assert set(answered(telegram).values()) == {1}
    log = (tmp_path / "bot.log").read_text()
    assert "Traceback" not in log
    assert telegram.token not in log


async def test_chat_is_told_of_what_another_process_adds_while_the_bot_is_away(
    pictrace: Command, data_dir: Path, telegram: FakeTelegram, tmp_path: Path
) -> None:
    ada = telegram.user(1001, "Ada")
    async with running(data_dir, telegram, tmp_path / "bot.log"):
        telegram.say(ada, photo=MIRRORED)
        (nothing,) = await telegram.until(lambda: telegram.sent(ada), timeout=60)
        telegram.press(ada, nothing, "Tell me when it appears")
        await telegram.until(lambda: "I will tell this chat once" in str(texts(telegram.sent(ada))))
    added = await asyncio.to_thread(pictrace, "add", SHIPPED / "chelsea.png")
    assert added.returncode == 0
    async with running(data_dir, telegram, tmp_path / "bot.log"):
        await telegram.until(lambda: "It has appeared: chelsea.png" in str(texts(telegram.sent(ada))), timeout=60)
    status: dict[str, Any] = (await asyncio.to_thread(pictrace.json, "status", "--json"))[0]
    assert status["tally"] == {"right": 0, "wrong": 0, "watches": 0}


async def test_status_tells_how_often_the_bot_was_called_right_and_wrong(
    pictrace: Command, library: Path, telegram: FakeTelegram, tmp_path: Path
) -> None:
    ada = telegram.user(1001, "Ada")
    async with running(library, telegram, tmp_path / "bot.log"):
        telegram.say(ada, photo=MIRRORED, caption="5")
        await telegram.until(lambda: with_buttons(telegram))
        await telegram.quiet(0.5)
        number = telegram.sent(ada)[-1]["message_id"]
        for verdict, place in (("✅", 1), ("❌", 2), ("❌", 3)):
            for label in (verdict, f"{verdict} {place}"):
                shown = next(one for one in telegram.messages(ada) if one["message_id"] == number)
                callback = telegram.press(ada, shown, label)
                await telegram.until(lambda callback=callback: callback in telegram.answers)  # type: ignore[misc]
                await telegram.quiet(0.3)
    status = await asyncio.to_thread(pictrace, "status")
    assert "1 right, 2 wrong" in status.stdout


def test_bot_imports_no_tensorflow() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import bot.app, sys; print('tensorflow' in sys.modules or 'keras' in sys.modules)"],
        capture_output=True,
        text=True,
        env=os.environ | {},
        cwd=ROOT,
        timeout=120,
    )
    assert loaded.stdout.strip() == "False"
