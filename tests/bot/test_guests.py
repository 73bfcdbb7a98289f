"""Asked in chats that the bot is no member of: a word at once, into which the answer is written."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bot import keyboards
from engine import SearchService
from tests.bot.conftest import StartTalk, Talk, labels
from tests.conftest import jpeg, photograph
from tests.telegram.server import FakeTelegram
from tests.telegram.world import Chat

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
NOISE = jpeg(np.random.default_rng(8).integers(0, 255, (300, 400, 3), np.uint8))
LOOKING = "🔍 I am looking for it…"
FOUND = ["This picture is in the library.", "1 · chelsea.png — Certainly the same, >99%"]
URLS = ("https://example.org/cat", "https://t.me/pictrace_bot")


@pytest.fixture
def elsewhere(telegram: FakeTelegram) -> Chat:
    return telegram.group(-1007777, "Elsewhere")


def links(answer: dict[str, Any]) -> list[str]:
    return [button["url"] for row in answer["reply_markup"]["inline_keyboard"] for button in row]


async def asked(talk: Talk, elsewhere: Chat, **how: Any) -> dict[str, Any]:
    """Ask as a guest; the answer in the end."""
    before = len(talk.telegram.guest_answers())
    talk.telegram.summon(talk.ada, chat=elsewhere, **how)
    await talk.telegram.until(lambda: len(talk.telegram.guest_answers()) > before)
    await talk.settled()
    (answer,) = talk.telegram.guest_answers()[before:]
    return answer


async def pressed(talk: Talk, person: Any, inline_id: str, data: str | None = None) -> None:
    """Press the button under the word, or send such data."""
    press = talk.telegram.press_inline(person, inline_id, data or keyboards.RESUME_MARK, forged=data is not None)
    await talk.telegram.until(lambda: press in talk.telegram.answers)
    await talk.settled()


async def test_mention_in_reply_to_a_picture_gets_a_word_at_once_that_becomes_the_answer(
    talk: Talk, telegram: FakeTelegram, elsewhere: Chat
) -> None:
    await talk.service.edit(2, {"page_url": "https://example.org/cat"}, actor="test")
    posted = telegram.say(talk.boris, photo=MIRRORED, chat=elsewhere)
    telegram.calls.clear()
    answer = await asked(talk, elsewhere, text="@pictrace_bot who is this?", reply_to=posted)
    assert answer["text"].splitlines() == FOUND
    assert tuple(links(answer)) == URLS
    said = [call for call in telegram.calls if call.method.startswith(("answer", "edit", "send"))]
    assert [call.method for call in said] == ["answerGuestQuery", "editMessageText"]
    assert said[0].params["result"]["input_message_content"]["message_text"] == LOOKING


async def test_mention_under_a_picture_shows_the_match_where_telegram_has_it(
    talk: Talk, telegram: FakeTelegram, elsewhere: Chat
) -> None:
    (shown,) = await talk.ask(talk.boris, photo=MIRRORED)
    answer = await asked(talk, elsewhere, photo=MIRRORED, caption="@pictrace_bot")
    assert answer["caption"].splitlines() == FOUND
    assert answer["photo"] == shown["photo"]


async def test_stale_file_of_the_match_is_left_out(talk: Talk, telegram: FakeTelegram, elsewhere: Chat) -> None:
    (shown,) = await talk.ask(talk.boris, photo=MIRRORED)
    telegram.forget_file(shown["photo"][-1]["file_id"])
    answer = await asked(talk, elsewhere, photo=NOISE, caption="@pictrace_bot")
    assert answer["text"].startswith("Nothing like it is in the library")
    answer = await asked(talk, elsewhere, photo=MIRRORED, caption="@pictrace_bot")
    assert answer["text"].splitlines() == FOUND


async def test_chat_that_takes_no_pictures_gets_the_words(talk: Talk, telegram: FakeTelegram, elsewhere: Chat) -> None:
    await talk.ask(talk.boris, photo=MIRRORED)
    telegram.fail("editMessageMedia", status=400, description="Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN")
    answer = await asked(talk, elsewhere, photo=MIRRORED, caption="@pictrace_bot")
    assert answer["text"].splitlines() == FOUND


async def test_mention_without_a_picture_says_how(talk: Talk, elsewhere: Chat) -> None:
    answer = await asked(talk, elsewhere, text="@pictrace_bot hello")
    assert answer["text"].startswith("Mention me under a picture, or in a reply to one")
    thesis = ("thesis.pdf", b"%PDF", "application/pdf")
    answer = await asked(talk, elsewhere, document=thesis, caption="@pictrace_bot")
    assert answer["text"].startswith("This file is not a picture.")


async def test_nothing_of_a_question_is_kept_and_the_chat_is_none_of_the_bots(
    talk: Talk, telegram: FakeTelegram, elsewhere: Chat
) -> None:
    """What is chosen for a chat of the same number, which Telegram allows, is another's."""
    await talk.application._parts.storage.change_chat(elsewhere.id, language="ja", tags=("none",))
    answer = await asked(talk, elsewhere, photo=MIRRORED, caption="@pictrace_bot secret")
    assert answer["text"].splitlines() == FOUND
    async with talk.service.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT state, payload, inline_message_id FROM inbox")).all()
        assert [tuple(row) for row in rows] == [("done", None, None)]


async def test_too_many_in_a_minute_are_told_so(talk_on: StartTalk, telegram: FakeTelegram, elsewhere: Chat) -> None:
    async with talk_on(bot_guest_limit=2) as talk:
        answers = [await asked(talk, elsewhere, photo=MIRRORED, caption="@pictrace_bot") for _ in range(3)]
        assert [answer["text"].splitlines()[0] for answer in answers] == [
            FOUND[0],
            FOUND[0],
            "That was too much at once: ask me again in a minute.",
        ]
        telegram.summon(talk.boris, photo=MIRRORED, caption="@pictrace_bot", chat=elsewhere)
        await talk.settled()
        assert "Именно" not in telegram.guest_answers()[-1]["text"]


async def test_setting_switches_it_off(talk_on: StartTalk, telegram: FakeTelegram, elsewhere: Chat) -> None:
    async with talk_on(bot_guests=False) as talk:
        await talk.settled()
        telegram.summon(talk.ada, photo=MIRRORED, caption="@pictrace_bot", chat=elsewhere)
        (answer,) = await talk.ask(talk.ada, "/start")
        assert "any other chat" not in answer["text"]
    assert telegram.guest_answers() == []


async def test_start_says_where_it_can_be_asked(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on() as talk:
        (answer,) = await talk.ask(talk.ada, "/start")
        assert "In any other chat, too: mention @pictrace_bot under a picture" in answer["text"]
    telegram.me["supports_guest_queries"] = False
    async with talk_on(filled=False) as talk:
        (answer,) = await talk.ask(talk.ada, "/start")
        assert "Guest Mode" not in answer["text"]
        (answer,) = await talk.ask(talk.admin, "/start")
        assert "turn on “Guest Mode” among my settings at @BotFather" in answer["text"]


async def test_too_late_is_silence(
    talk: Talk, telegram: FakeTelegram, elsewhere: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **__: object) -> None:
        raise AssertionError("it was looked for")

    monkeypatch.setattr(SearchService, "search", never)
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    telegram.fail("answerGuestQuery", status=400, description=too_old)
    telegram.summon(talk.ada, photo=MIRRORED, caption="@pictrace_bot", chat=elsewhere)
    await telegram.until(lambda: any(call.method == "answerGuestQuery" for call in telegram.calls))
    await talk.settled()
    assert telegram.guest_answers() == []


@pytest.mark.parametrize(
    "refusal", ["Bad Request: MESSAGE_ID_INVALID", "Bad Request: message can't be edited", "Forbidden: no"]
)
async def test_edit_that_is_refused_is_silence(
    talk: Talk, telegram: FakeTelegram, elsewhere: Chat, caplog: pytest.LogCaptureFixture, refusal: str
) -> None:
    telegram.fail("editMessageText", status=403 if "Forbidden" in refusal else 400, description=refusal, times=2)
    answer = await asked(talk, elsewhere, photo=MIRRORED, caption="@pictrace_bot")
    assert answer["text"] == LOOKING
    assert "Traceback" not in caplog.text
    assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 1


@pytest.mark.parametrize("gone", ["question", "picture"])
async def test_question_that_is_deleted_meanwhile_is_answered_all_the_same(
    talk: Talk, telegram: FakeTelegram, elsewhere: Chat, gone: str
) -> None:
    """The bot is told of no deletion there, and its message stands on its own."""
    telegram.fail("getFile", status=200, delay=0.5)
    posted = telegram.say(talk.boris, photo=MIRRORED, chat=elsewhere)
    question = telegram.summon(talk.ada, "@pictrace_bot", chat=elsewhere, reply_to=posted)
    telegram.delete(question if gone == "question" else posted)
    await talk.settled()
    (answer,) = telegram.guest_answers()
    assert answer["text"].splitlines() == FOUND


async def test_patience_that_telegram_asks_for_is_had(talk: Talk, telegram: FakeTelegram, elsewhere: Chat) -> None:
    telegram.fail("editMessageText", status=429, retry_after=1)
    started = time.monotonic()
    answer = await asked(talk, elsewhere, photo=MIRRORED, caption="@pictrace_bot")
    assert answer["text"].splitlines() == FOUND
    assert time.monotonic() - started >= 1


async def test_what_goes_wrong_is_written_into_the_message(
    talk: Talk, telegram: FakeTelegram, elsewhere: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram.fail("getFile", status=400, description="Bad Request: wrong file_id")
    answer = await asked(talk, elsewhere, photo=MIRRORED, caption="@pictrace_bot")
    assert answer["text"] == "Telegram does not give me this file any more. Send it again, please."
    assert labels(answer) == []


@pytest.mark.parametrize("has_photo", [False, True])
async def test_process_that_is_killed_in_the_middle_loses_nothing_and_says_nothing_twice(
    talk_on: StartTalk,
    telegram: FakeTelegram,
    elsewhere: Chat,
    monkeypatch: pytest.MonkeyPatch,
    has_photo: bool,
) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    async with talk_on() as talk:
        if has_photo:
            await talk.ask(talk.boris, photo=MIRRORED)
        monkeypatch.setattr(SearchService, "search", hang)
        telegram.summon(talk.ada, photo=MIRRORED, caption="@pictrace_bot", chat=elsewhere)
        await telegram.until(lambda: telegram.guest_answers())
        await talk.telegram.quiet(0.3)
        assert telegram.guest_answers()[0]["text"] == LOOKING
    monkeypatch.undo()
    async with talk_on(filled=False) as talk:
        await talk.settled()
    (answer,) = telegram.guest_answers()
    assert (answer.get("caption") or answer["text"]).splitlines() == FOUND
    assert sum(call.method == "answerGuestQuery" for call in telegram.calls) == 1


async def test_word_that_is_out_and_not_known_becomes_the_answer_when_its_asker_presses_the_button(
    talk_on: StartTalk, telegram: FakeTelegram, elsewhere: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is killed between Telegram's answer and the storing of the message's id."""

    async def hang(*_: object, **__: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    async with talk_on() as talk:
        with monkeypatch.context() as patch:
            patch.setattr("bot.storage.BotStorage.note_inline_message", hang)
            telegram.summon(talk.ada, photo=MIRRORED, caption="@pictrace_bot", chat=elsewhere)
            await telegram.until(lambda: telegram.guest_answers())
            await telegram.quiet(0.3)
    async with talk_on(filled=False) as talk:
        await talk.settled()
        (word,) = telegram.guest_answers()
        assert (word["text"], labels(word)) == (LOOKING, [["🔄"]])
        (inline_id,) = telegram.world.inline_messages
        await pressed(talk, talk.boris, inline_id)
        assert telegram.guest_answers()[0]["text"] == LOOKING
    async with talk_on(filled=False) as talk:  # it goes on waiting
        await pressed(talk, talk.ada, inline_id)
        (answer,) = telegram.guest_answers()
        assert answer["text"].splitlines() == FOUND
        for data in ("g:1", "g:0", "g:x", f"g:{1 << 70}", "g:"):
            await pressed(talk, talk.ada, inline_id, data)
        assert telegram.guest_answers() == [answer]
        async with talk.service.database.read() as connection:
            rows = (await connection.exec_driver_sql("SELECT state, payload, inline_message_id FROM inbox")).all()
        assert {tuple(row) for row in rows} == {("done", None, None)}


async def test_connection_that_breaks_off_after_the_word_leaves_the_button(
    talk: Talk, telegram: FakeTelegram, elsewhere: Chat
) -> None:
    telegram.fail("answerGuestQuery", disconnect=True, after=True)
    assert (await asked(talk, elsewhere, photo=MIRRORED, caption="@pictrace_bot"))["text"] == LOOKING
    (inline_id,) = telegram.world.inline_messages
    await pressed(talk, talk.ada, inline_id)
    (answer,) = telegram.guest_answers()
    assert answer["text"].splitlines() == FOUND


async def test_question_that_nobody_goes_on_with_is_forgotten(
    talk: Talk, telegram: FakeTelegram, elsewhere: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram.fail("answerGuestQuery", disconnect=True, after=True)
    await asked(talk, elsewhere, photo=MIRRORED, caption="@pictrace_bot")
    monkeypatch.setattr("bot.storage.KEPT", timedelta())
    await talk.application._parts.storage.forget_answered()
    async with talk.service.database.read() as connection:
        assert (await connection.exec_driver_sql("SELECT * FROM inbox")).all() == []
    (inline_id,) = telegram.world.inline_messages
    await pressed(talk, talk.ada, inline_id)
    assert telegram.guest_answers()[0]["text"] == LOOKING


async def test_answer_that_was_written_and_not_crossed_off_is_left_as_it_is(
    talk_on: StartTalk, telegram: FakeTelegram, elsewhere: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.GRACE_S", 0.1)
    monkeypatch.setattr("bot.inbox.RETRY_S", 3600.0)
    async with talk_on() as talk:
        with monkeypatch.context() as patch:

            async def full(*_: object) -> None:
                raise RuntimeError("disk full")

            patch.setattr("bot.storage.BotStorage.done", full)
            telegram.summon(talk.ada, photo=MIRRORED, caption="@pictrace_bot", chat=elsewhere)
            await telegram.until(
                lambda: any("text" in one and one["text"] != LOOKING for one in telegram.guest_answers())
            )
            await telegram.quiet(0.3)
    async with talk_on(filled=False) as talk:
        await talk.settled()
    (answer,) = telegram.guest_answers()
    assert answer["text"].splitlines() == FOUND
