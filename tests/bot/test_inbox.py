"""The inbox: nothing lost, nothing answered twice, nobody kept waiting by another's heap."""

import asyncio
import itertools
import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from aiogram.utils.backoff import BackoffConfig

from bot.delivery import BACKOFF, Sending
from bot.inbox import ATTEMPTS, Turn
from bot.storage import BotStorage
from engine import SearchService
from tests.bot.conftest import StartTalk, Talk, labels, texts
from tests.conftest import jpeg, photograph
from tests.telegram.server import FakeTelegram

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
SMALLER = jpeg(np.ascontiguousarray(photograph("chelsea.png")[::2, ::2]))
NOISE = jpeg(np.random.default_rng(8).integers(0, 255, (300, 400, 3), np.uint8))


def answers_in(telegram: FakeTelegram, chat: Any = None) -> int:
    """How many answers went out."""
    return sum("photo" in one and "reply_markup" in one for one in telegram.sent(chat))


async def test_update_that_telegram_sends_again_is_answered_once(talk: Talk, telegram: FakeTelegram) -> None:
    telegram.say(talk.ada, photo=MIRRORED)
    await talk.settled()
    telegram.repeat(max(telegram.updates.history))
    await talk.settled()
    assert answers_in(telegram) == 1


async def test_second_photo_waits_is_told_so_once_and_is_answered(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(bot_cooldown_s=1.0) as talk:
        for _ in range(3):
            telegram.say(talk.ada, photo=MIRRORED)
        await telegram.until(lambda: any("waits its turn" in text for text in texts(telegram.sent(talk.ada))))
        await talk.settled()
        assert answers_in(telegram) == 3
        notices = [call for call in telegram.calls if "waits its turn" in str(call.params.get("text"))]
        assert len(notices) == 1
        assert "waits its turn" not in str(texts(telegram.sent(talk.ada)))  # taken away again
        sent = [call.at for call in telegram.calls if call.method == "sendPhoto"]
        assert all(later - earlier > 0.9 for earlier, later in itertools.pairwise(sent))


async def test_photo_that_waits_for_the_pause_only_is_told_so(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    for pause, told in ((4.0, 1), (1.0, 0)):
        telegram.calls.clear()
        async with talk_on(filled=pause == 4.0, bot_cooldown_s=pause) as talk:
            for _ in range(2):
                telegram.say(talk.ada, photo=MIRRORED)
                await talk.settled()
        notices = [call for call in telegram.calls if "waits its turn" in str(call.params.get("text"))]
        assert len(notices) == told
    assert "waits its turn" not in str(texts(telegram.sent(talk.ada)))


async def test_album_that_people_show_each_other_holds_up_nothing(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(bot_cooldown_s=5.0) as talk:
        group = telegram.group(-1001234, "Friends", members=[talk.ada])
        telegram.album(talk.ada, [MIRRORED, MIRRORED], chat=group)
        telegram.say(talk.ada, photo=MIRRORED)
        await telegram.until(lambda: answers_in(telegram, talk.ada) == 1, timeout=4)
        assert telegram.sent(group) == []
        assert "waits its turn" not in str([call.params for call in telegram.calls])
        await talk.settled()
        async with talk.service.database.read() as connection:
            assert (await connection.exec_driver_sql("SELECT count(*) FROM inbox WHERE state != 'done'")).scalar() == 0


async def test_album_is_meant_though_only_its_last_piece_says_so(talk: Talk, telegram: FakeTelegram) -> None:
    group = telegram.group(-1001234, "Friends", members=[talk.ada])
    telegram.say(talk.ada, photo=MIRRORED, album="5", chat=group)
    telegram.say(talk.ada, photo=NOISE, album="5", caption="@pictrace_bot", chat=group)
    await talk.settled()
    assert telegram.sent(group)[-1]["text"].startswith("Picture 2 of 2\n")


async def test_notices_do_not_outlive_a_stop(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    monkeypatch.setattr("bot.adding.PROGRESS_S", 0.0)
    look_up = SearchService.get
    seen = 0

    async def hang_over_the_third(self: SearchService, *args: Any, **how: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == 3:
            await asyncio.sleep(3600)
        return await look_up(self, *args, **how)

    monkeypatch.setattr(SearchService, "get", hang_over_the_third)
    async with talk_on(bot_cooldown_s=60.0) as talk:
        for _ in range(3):
            telegram.say(talk.ada, photo=MIRRORED)
        pictures = [jpeg(photograph(name)) for name in ("ihc.png", "retina.jpg", "hubble_deep_field.jpg")]
        telegram.album(talk.admin, pictures, caption="/add")
        await telegram.until(lambda: "waits its turn" in str(texts(telegram.sent(talk.ada))))
        await telegram.until(lambda: seen == 3 and "Adding: 2 of 3" in str(texts(telegram.sent(talk.admin))))
    assert "waits its turn" not in str(texts(telegram.sent(talk.ada)))
    assert telegram.sent(talk.admin) == []


async def test_each_photo_gets_its_eyes_at_once_though_it_waits(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(bot_cooldown_s=1.0) as talk:
        for _ in range(3):
            telegram.say(talk.ada, photo=MIRRORED)
        await talk.settled()
        eyes = [
            at
            for at, call in enumerate(telegram.calls)
            if call.method == "setMessageReaction" and call.params["reaction"]
        ]
        answers = [at for at, call in enumerate(telegram.calls) if call.method == "sendPhoto"]
        assert len(eyes) == 3
        assert eyes[2] < answers[1]
        assert [telegram.reactions(talk.ada, number) for number in (1, 2, 3)] == [[], [], []]


async def test_heap_of_one_person_does_not_hold_up_another(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(bot_running=1) as talk:
        for _ in range(8):
            telegram.say(talk.ada, photo=MIRRORED)
        await telegram.until(lambda: answers_in(telegram, talk.ada) == 1)
        telegram.say(talk.boris, photo=MIRRORED)
        await telegram.until(lambda: answers_in(telegram, talk.boris) == 1)
        assert answers_in(telegram, talk.ada) < 8
        await talk.settled()
        assert answers_in(telegram, talk.ada) == 8


async def test_short_commands_and_notices_do_not_queue(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(bot_cooldown_s=2.0) as talk:
        for _ in range(3):
            telegram.say(talk.ada, photo=MIRRORED)
        telegram.say(talk.ada, "/help")
        await talk.settled()
        helped = [at for at, call in enumerate(telegram.calls) if "How to ask" in str(call.params.get("text"))]
        answers = [at for at, call in enumerate(telegram.calls) if call.method == "sendPhoto"]
        assert helped[0] < answers[1]


async def test_no_more_than_the_cap_are_looked_up_at_a_time(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most = 0, 0
    search = SearchService.search

    async def watched(self: SearchService, *args: Any, **how: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.1)
        try:
            return await search(self, *args, **how)
        finally:
            running -= 1

    monkeypatch.setattr(SearchService, "search", watched)
    async with talk_on(bot_running=3) as talk:
        people = [telegram.user(2000 + number, f"P{number}") for number in range(10)]
        for person in people:
            telegram.say(person, photo=MIRRORED)
        await talk.settled()
    assert most == 3
    assert all(answers_in(telegram, person) == 1 for person in people)


async def test_what_was_asked_while_the_bot_was_away_is_answered(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on() as talk:
        ada = talk.ada
    for _ in range(3):
        telegram.say(ada, photo=MIRRORED)
    async with talk_on(filled=False) as talk:
        await talk.settled()
    assert answers_in(telegram, ada) == 3


async def test_what_was_stored_and_not_answered_is_answered_by_the_next_process(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(SearchService, "search", hang)
        async with talk_on() as talk:
            telegram.say(talk.ada, photo=MIRRORED)
            telegram.album(talk.boris, [MIRRORED, MIRRORED])
            await telegram.until(lambda: telegram.pending == 0)
            await telegram.quiet()
        assert telegram.sent() == []
    async with talk_on(filled=False) as talk:
        await talk.settled()
        assert answers_in(telegram, talk.ada) == 1
        assert answers_in(telegram, talk.boris) == 2


async def test_update_that_processes_die_over_is_given_up_with_a_word(
    talk_on: StartTalk, telegram: FakeTelegram
) -> None:
    async with talk_on() as talk:
        await talk.settled()
        telegram_update = telegram.updates
        telegram.say(talk.ada, photo=MIRRORED)
        await talk.settled()
        update = telegram_update.history[max(telegram_update.history)]
        storage = BotStorage(talk.service.database, 42)
        await storage.receive({999_999_999: json.dumps(update | {"update_id": 999_999_999})})
        for _ in range(ATTEMPTS):
            await storage.begin([999_999_999])
    before = len(telegram.sent(talk.ada))
    async with talk_on(filled=False) as talk:
        await talk.settled()
        (sorry,) = telegram.sent(talk.ada)[before:]
        assert sorry["text"].startswith("Something went wrong on my side.")
    async with talk_on(filled=False) as talk:
        await talk.settled()
        assert len(telegram.sent(talk.ada)) == before + 1


async def test_flood_control_is_obeyed_and_holds_up_nobody_else(talk: Talk, telegram: FakeTelegram) -> None:
    telegram.fail("sendPhoto", status=429, retry_after=2)
    started = time.monotonic()
    telegram.say(talk.ada, photo=MIRRORED)
    await telegram.until(lambda: any(call.method == "sendPhoto" for call in telegram.calls))
    telegram.say(talk.boris, photo=MIRRORED)
    await telegram.until(lambda: answers_in(telegram, talk.boris) == 1)
    assert answers_in(telegram, talk.ada) == 0
    await talk.settled()
    assert answers_in(telegram, talk.ada) == 1
    calls = [call.at for call in telegram.calls if call.method == "sendPhoto"]
    assert calls[-1] - calls[0] >= 2
    assert time.monotonic() - started >= 2


async def test_telegrams_own_trouble_is_outlasted(talk: Talk, telegram: FakeTelegram) -> None:
    telegram.fail("sendPhoto", status=502, times=2)
    telegram.fail("sendMessage", disconnect=True)
    telegram.fail("getUpdates", status=500, times=2)
    telegram.say(talk.ada, photo=MIRRORED)
    await talk.settled()
    assert len(telegram.sent(talk.ada)) == 1


async def test_loss_of_the_network_is_outlasted(talk: Talk, telegram: FakeTelegram) -> None:
    await talk.settled()
    await telegram.restart(pause=1.5)
    assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 1


async def test_requests_are_repeated_after_longer_and_longer_pauses(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def pause(self: Sending, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("bot.delivery.BACKOFF", replace(BACKOFF, jitter=0))
    monkeypatch.setattr(Sending, "pause", pause)
    telegram.fail("sendPhoto", status=502, times=12)
    assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 1
    assert len(pauses) == 12
    assert pauses[0] == BACKOFF.min_delay
    assert pauses[-1] == BACKOFF.max_delay
    growing = pauses[: pauses.index(BACKOFF.max_delay) + 1]
    assert len(growing) > 4
    assert all(later > earlier for earlier, later in itertools.pairwise(growing))


async def test_library_that_cannot_be_written_for_a_moment_loses_nothing(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.inbox.RETRY_S", 0.1)
    failures = {"receive": 2, "begin": 2, "done": 2}
    for name in failures:
        real = getattr(BotStorage, name)

        async def failing(self: BotStorage, *args: Any, _name: str = name, _real: Any = real) -> Any:
            if failures[_name]:
                failures[_name] -= 1
                raise RuntimeError("disk full")
            return await _real(self, *args)

        monkeypatch.setattr(BotStorage, name, failing)
    answer = await talk.ask(talk.ada, photo=MIRRORED)
    await talk.settled()
    assert failures == {"receive": 0, "begin": 0, "done": 0}
    assert answers_in(telegram) == 1
    assert len(answer) >= 1


async def test_two_bots_on_one_library_are_refused(talk_on: StartTalk) -> None:
    async with talk_on():
        with pytest.raises(Exception, match="Another pictrace-bot answers"):
            async with talk_on(filled=False):
                pass


@pytest.mark.databases("sqlite", "postgresql")
async def test_answered_updates_are_dropped_in_time(service: SearchService) -> None:
    storage = BotStorage(service.database, 42)
    await storage.receive({1: "{}", 2: "{}"})
    await storage.done([1])
    async with service.database.write() as connection:
        await connection.exec_driver_sql("UPDATE inbox SET at = '2020-01-01 00:00:00'")
    await storage.forget_answered()
    assert [one.update_id for one in await storage.unanswered()] == [2]  # old, and still unanswered
    assert await BotStorage(service.database, 43).unanswered() == []  # another bot's numbers mean nothing


async def test_addition_that_was_broken_off_is_one_operation_all_the_same(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    look_up = SearchService.get
    seen = 0

    async def dies_over_the_second(self: SearchService, *args: Any, **how: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == 2:
            await asyncio.sleep(3600)
        return await look_up(self, *args, **how)

    pictures = [jpeg(photograph(name)) for name in ("ihc.png", "retina.jpg", "hubble_deep_field.jpg")]
    with monkeypatch.context() as patch:
        patch.setattr(SearchService, "get", dies_over_the_second)
        async with talk_on() as talk:
            telegram.album(talk.admin, pictures, caption="/add")
            await telegram.until(lambda: seen == 2)
    async with talk_on(filled=False) as talk:
        await talk.settled()
        (answer,) = telegram.sent(talk.admin)
        assert answer["text"].splitlines()[0] == "3 pictures added"
        await talk.press(talk.admin, answer, "↩︎ Undo")
        assert (await talk.service.status()).images == 6


async def test_stop_lets_running_answers_finish(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    telegram.fail("sendPhoto", status=200, delay=1.0)
    async with talk_on() as talk:
        telegram.say(talk.ada, photo=MIRRORED)
        await telegram.until(lambda: any(call.method == "sendPhoto" for call in telegram.calls))
    assert answers_in(telegram) == 1
    assert any("❓" in str(message.get("reply_markup")) for message in telegram.sent(talk.ada))


async def test_long_outage_of_telegram_loses_no_answer(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.delivery.BACKOFF", BackoffConfig(min_delay=0.01, max_delay=0.02, factor=1.1, jitter=0))
    telegram.fail("sendPhoto", status=502, times=60)
    telegram.fail("sendMessage", status=500, times=60)
    telegram.say(talk.ada, photo=MIRRORED)
    await talk.settled()
    assert len(telegram.sent(talk.ada)) == 1


async def test_odd_update_does_not_stop_the_others(
    talk: Talk, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    group = telegram.group(-1006, "Odd", members=[talk.ada])
    await talk.settled()
    message = telegram.say(talk.ada, "/help", chat=group)
    odd = message | {"message_id": 99, "text": "😀😀 hi", "entities": [{"type": "mention", "offset": 1, "length": 2}]}
    telegram.updates.put("message", odd)
    assert len(await talk.ask(talk.boris, photo=MIRRORED)) == 1
    assert "cannot be made sense of" in caplog.text


async def test_question_in_a_group_that_just_moved_is_answered_there(talk: Talk, telegram: FakeTelegram) -> None:
    group = telegram.group(-60, "Old", members=[talk.ada])
    new = telegram.group(-1002060, "New", members=[talk.ada])
    telegram.move(group, new)
    telegram.say(talk.ada, photo=MIRRORED, caption="/find", chat=group)
    await talk.settled()
    assert len(telegram.sent(new)) == 1


async def test_slow_links_of_some_hold_up_nobody_else(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching = asyncio.Event()

    async def slow(self: SearchService, url: str) -> Any:
        fetching.set()
        await asyncio.sleep(3600)

    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    monkeypatch.setattr(SearchService, "fetch", slow)
    async with talk_on(bot_running=1) as talk:
        for number in range(3):
            person = telegram.user(2000 + number, f"P{number}")
            telegram.say(person, " ".join(f"https://example.org/{at}.jpg" for at in range(10)))
        await fetching.wait()
        telegram.say(talk.boris, photo=MIRRORED)
        await telegram.until(lambda: len(telegram.sent(talk.boris)) == 1)


async def test_half_an_answer_is_completed_not_repeated(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    async with talk_on() as talk:
        telegram.fail("sendMessage", status=429, retry_after=30, times=3)
        people = [talk.ada, talk.boris, talk.admin]
        for person in people:
            telegram.say(person, photo=MIRRORED, caption="5")
        await telegram.until(lambda: len(telegram.sent(None, "sendMediaGroup")) == 15)
        await telegram.quiet(0.3)
    telegram.heal()
    async with talk_on(filled=False) as talk:
        await talk.settled()
    for person in people:
        assert len(telegram.sent(person, "sendMediaGroup")) == 5
        assert len(telegram.sent(person)) == 6


async def test_answers_to_an_album_are_completed_not_repeated(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    async with talk_on() as talk:
        telegram.fail("sendPhoto", status=200)
        telegram.fail("sendPhoto", status=429, retry_after=30)
        telegram.album(talk.ada, [MIRRORED, SMALLER, NOISE])
        await telegram.until(lambda: len(telegram.sent(talk.ada)) == 1)
        await telegram.quiet(0.3)
    telegram.heal()
    async with talk_on(filled=False) as talk:
        await talk.settled()
    said = [text.splitlines()[0] for text in texts(telegram.sent(talk.ada))]
    assert said == [f"Picture {place} of 3" for place in (1, 2, 3)]


@pytest.mark.parametrize("command", ["/remove 2", "/undo"])
async def test_command_whose_answer_was_cut_off_is_not_done_twice(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    async with talk_on() as talk:
        await talk.ask(talk.admin, "/retitle 1 First")
        await talk.ask(talk.admin, "/retitle 1 Second")
        telegram.fail("sendMessage", status=429, retry_after=30, times=1)
        telegram.say(talk.admin, command)
        await telegram.until(lambda: telegram.calls[-1].status == 429 or telegram.calls[-2].status == 429)
        await telegram.quiet(0.3)
    async with talk_on(filled=False) as talk:
        await talk.settled()
        assert telegram.sent(talk.admin)[-1]["text"] == "It is done."
        assert (await talk.service.get(1)).title == ("First" if command == "/undo" else "Second")
        assert (await talk.service.status()).images == (6 if command == "/undo" else 5)


async def press_and_stop(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any], button: str
) -> dict[str, Any]:
    """Press a button under the answer to something; the process ends before it got to it."""

    async def never(turn: Turn) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr("bot.app.GRACE_S", 0.05)
    async with talk_on() as talk:
        *_, buttons = await talk.ask(talk.admin, **how)
        monkeypatch.setattr(talk.application.inbox, "_answer", never)
        telegram.press(talk.admin, buttons, button)
        await telegram.until(lambda: telegram.pending == 0)
        await telegram.quiet(0.1)
    return buttons


@pytest.mark.parametrize(
    ("how", "button", "said"),
    [
        ({"photo": MIRRORED}, "❓ 1", "What was done to it: mirrored"),
        ({"photo": MIRRORED, "caption": "5"}, "More", "Number 6."),
        ({"photo": NOISE}, "Show the nearest anyway", "These are the nearest"),
        ({"document": ("s.jpg", SMALLER, "image/jpeg"), "caption": "/add"}, "Keep 2", "Kept 2, removed 7."),
        ({"text": "/remove 2"}, "↩︎ Undo", "Taken back: the removal of 1 picture"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_button_pressed_before_a_restart_is_answered_after_it(
    talk_on: StartTalk,
    telegram: FakeTelegram,
    monkeypatch: pytest.MonkeyPatch,
    how: dict[str, Any],
    button: str,
    said: str,
) -> None:
    buttons = await press_and_stop(talk_on, telegram, monkeypatch, how, button)
    async with talk_on(filled=False) as talk:
        await talk.settled()
        after = [one for one in telegram.sent(talk.admin) if one["message_id"] > buttons["message_id"]]
        assert said in str(texts(after))
        assert "went wrong" not in str(texts(after))


@pytest.mark.parametrize(
    ("how", "button", "label"),
    [
        ({"photo": MIRRORED, "caption": "5"}, "❌ Wrong", "❌ 1"),
        ({"photo": NOISE}, "Tell me when it appears", "Don’t tell me"),
        ({"text": "/language"}, "Deutsch", None),
    ],
    ids=["choose", "tell", "language"],
)
async def test_button_that_changes_its_message_does_so_after_a_restart(
    talk_on: StartTalk,
    telegram: FakeTelegram,
    monkeypatch: pytest.MonkeyPatch,
    how: dict[str, Any],
    button: str,
    label: str | None,
) -> None:
    buttons = await press_and_stop(talk_on, telegram, monkeypatch, how, button)
    async with talk_on(filled=False) as talk:
        await talk.settled()
        assert telegram.sent(talk.admin)[-1]["message_id"] == buttons["message_id"]
        assert str(label) in str(labels(talk.now(buttons))) or "Deutsch" in talk.now(buttons)["text"]


@pytest.mark.parametrize("button", ["Judge", "Cancel", "Remove"])
async def test_button_of_a_second_step_is_answered_after_a_restart(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch, button: str
) -> None:
    async def never(turn: Turn) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr("bot.app.GRACE_S", 0.05)
    async with talk_on() as talk:
        if button == "Judge":
            *_, shown = await talk.ask(talk.admin, photo=MIRRORED, caption="5")
            await talk.press(talk.admin, shown, "❌ Wrong")
        elif button == "Cancel":
            (shown,) = await talk.ask(talk.admin, photo=NOISE)
            await talk.press(talk.admin, shown, "Tell me when it appears")
        else:
            copy = telegram.say(talk.admin, photo=MIRRORED)
            await talk.settled()
            *_, shown = await talk.ask(talk.admin, "/remove", reply_to=copy)
        monkeypatch.setattr(talk.application.inbox, "_answer", never)
        label = {"Judge": "❌ 1", "Cancel": "Don’t tell me", "Remove": "Remove 2"}[button]
        telegram.press(talk.admin, shown, label)
        await telegram.until(lambda: telegram.pending == 0)
        await telegram.quiet(0.1)
    async with talk_on(filled=False) as talk:
        await talk.settled()
        status = await talk.service.status()
        last = telegram.sent(talk.admin)[-1]
        assert "went wrong" not in last["text"]
        if button == "Judge":
            assert status.tally.wrong == 1
        elif button == "Cancel":
            assert status.tally.watches == 0
            assert talk.now(shown)["text"] == "All right, I will not tell you."
        else:
            assert last["text"] == "Removed: id 2 · chelsea.png"


@pytest.mark.parametrize(
    ("button", "said", "undo", "images"),
    [
        ("Keep 2", "Kept 2, removed 7.", True, 6),
        ("Remove 2", "It is done.", True, 5),
        ("↩︎ Undo", "It is done.", False, 6),
    ],
    ids=["keep", "remove", "undo"],
)
async def test_button_whose_answer_was_cut_off_says_what_was_done(
    talk_on: StartTalk,
    telegram: FakeTelegram,
    monkeypatch: pytest.MonkeyPatch,
    button: str,
    said: str,
    undo: bool,
    images: int,
) -> None:
    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    async with talk_on() as talk:
        if button == "Remove 2":
            copy = telegram.say(talk.admin, photo=MIRRORED)
            await talk.settled()
            *_, shown = await talk.ask(talk.admin, "/remove", reply_to=copy)
        else:
            *_, shown = await talk.ask(talk.admin, document=("s.jpg", SMALLER, "image/jpeg"), caption="/add")
        telegram.fail("sendMessage", status=429, retry_after=30, times=1)
        telegram.press(talk.admin, shown, button)
        await telegram.until(lambda: any(call.status == 429 for call in telegram.calls))
        await telegram.quiet(0.2)
    async with talk_on(filled=False) as talk:
        await talk.settled()
        last = telegram.sent(talk.admin)[-1]
        assert last["text"] == said
        assert labels(last) == ([["↩︎ Undo"]] if undo else [])
        assert (await talk.service.status()).images == images
        assert button not in str(labels(talk.now(shown)))


async def test_answered_words_linger_nowhere_on_disk(talk: Talk, telegram: FakeTelegram) -> None:
    await talk.ask(talk.ada, photo=MIRRORED, caption="a very secret caption")
    await talk.settled()
    await talk.service.database.settle()
    for path in talk.service.settings.data_dir.glob("pictrace.db*"):
        assert b"very secret" not in path.read_bytes()


async def test_stored_update_that_cannot_be_read_any_more_is_given_up(
    talk_on: StartTalk, telegram: FakeTelegram
) -> None:
    async with talk_on() as talk:
        await BotStorage(talk.service.database, 42).receive({5: "{not json", 6: '{"update_id": "x"}'})
    async with talk_on(filled=False) as talk:
        assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 1
        assert await BotStorage(talk.service.database, 42).unanswered() == []
