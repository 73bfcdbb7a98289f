"""In groups the bot speaks when it is spoken to."""

import asyncio
from typing import Any

import numpy as np
import pytest

from engine import SearchService
from tests.bot.conftest import Talk, labels, texts
from tests.conftest import jpeg, photograph
from tests.telegram.server import FakeTelegram

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
GROUP = -1001234


@pytest.fixture
def group(talk: Talk, telegram: FakeTelegram) -> Any:
    return telegram.group(GROUP, "Friends", members=[talk.ada, talk.boris, talk.admin], admins=[talk.boris])


async def test_pictures_that_people_show_each_other_are_left_alone(
    talk: Talk, telegram: FakeTelegram, group: Any
) -> None:
    telegram.say(talk.ada, photo=MIRRORED, chat=group)
    telegram.say(talk.ada, "look at this", chat=group)
    telegram.album(talk.ada, [MIRRORED, MIRRORED], chat=group)
    telegram.say(talk.ada, photo=MIRRORED, caption="@someone_else", chat=group)
    telegram.say(talk.ada, "/find@other_bot", chat=group)
    await talk.settled()
    assert telegram.sent(group) == []
    assert not [call for call in telegram.calls if call.method in ("setMessageReaction", "getFile")]


async def test_what_people_say_to_each_other_is_not_stored(talk: Talk, telegram: FakeTelegram, group: Any) -> None:
    telegram.say(talk.ada, "our secret", chat=group)
    telegram.say(talk.ada, photo=MIRRORED, caption="our secret too", chat=group)
    await talk.settled()
    async with talk.service.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT count(*) FROM inbox")).scalar()
    assert rows == 0


@pytest.mark.parametrize("caption", ["@pictrace_bot", "who is this @PicTrace_Bot", "/find", "/find@pictrace_bot"])
async def test_mention_or_find_in_the_caption_is_answered(talk: Talk, group: Any, caption: str) -> None:
    answer = await talk.ask(talk.ada, photo=MIRRORED, caption=caption, chat=group)
    assert len(answer) == 1
    assert "\n1 · chelsea.png — " in texts(answer)[0]


async def test_mention_steers_too(talk: Talk, group: Any) -> None:
    assert len(await talk.ask(talk.ada, photo=MIRRORED, caption="@pictrace_bot same", chat=group)) == 1


async def test_mentioned_under_a_picture_it_looks_at_that_picture(
    talk: Talk, telegram: FakeTelegram, group: Any
) -> None:
    picture = telegram.say(talk.ada, photo=MIRRORED, chat=group)
    for words in ("@pictrace_bot", "/find"):
        answer = await talk.ask(talk.boris, words, chat=group, reply_to=picture)
        assert "\n1 · chelsea.png — " in texts(answer)[0]
        assert answer[0]["reply_to_message"]["message_id"] == picture["message_id"]


async def test_picture_in_reply_to_the_bot_is_a_question_and_thanks_is_none(
    talk: Talk, telegram: FakeTelegram, group: Any
) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="@pictrace_bot", chat=group)
    telegram.say(talk.ada, "thank you!", chat=group, reply_to=buttons)
    await talk.settled()
    assert telegram.sent(group)[-1]["message_id"] == buttons["message_id"]
    again = await talk.ask(talk.ada, photo=MIRRORED, chat=group, reply_to=buttons)
    assert len(again) == 1


async def test_album_with_the_mention_under_any_picture_is_one_question(
    talk: Talk, telegram: FakeTelegram, group: Any
) -> None:
    telegram.album(talk.ada, [MIRRORED, MIRRORED], caption="@pictrace_bot", chat=group)
    await talk.settled()
    first, second = telegram.sent(group)
    assert [one["reply_to_message"]["message_id"] for one in (first, second)] == [1, 2]


async def test_mention_without_a_picture_says_how_to_ask(talk: Talk, group: Any) -> None:
    (answer,) = await talk.ask(talk.ada, "@pictrace_bot hello", chat=group)
    assert answer["text"].startswith("Mention me in the caption of a picture")


async def test_answer_goes_to_the_topic_it_was_asked_in(talk: Talk, telegram: FakeTelegram) -> None:
    forum = telegram.group(-1005, "Forum", forum=True, members=[talk.ada])
    topic = telegram.topic(forum, "Holidays")
    answer = await talk.ask(talk.ada, photo=MIRRORED, caption="/find", chat=forum, thread=topic)
    assert len(answer) == 1
    assert all(message["message_thread_id"] == topic for message in answer)
    (why,) = await talk.press(talk.ada, answer[-1], "❓ 1")
    assert why["message_thread_id"] == topic


async def test_typing_goes_on_in_the_topic_until_it_is_answered(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    forum = telegram.group(-1005, "Forum", forum=True, members=[talk.ada])
    topic = telegram.topic(forum, "Holidays")
    search, may_end = SearchService.search, asyncio.Event()

    async def long(self: SearchService, *args: Any, **how: Any) -> Any:
        await may_end.wait()
        return await search(self, *args, **how)

    def typing() -> list[Any]:
        return [call.params for call in telegram.calls if call.method == "sendChatAction"]

    monkeypatch.setattr("bot.courtesy.TYPING_S", 0.05)
    monkeypatch.setattr(SearchService, "search", long)
    telegram.say(talk.ada, photo=MIRRORED, caption="/find", chat=forum, thread=topic)
    await telegram.until(lambda: len(typing()) >= 4)
    assert all(shown["message_thread_id"] == topic and shown["action"] == "typing" for shown in typing())
    may_end.set()
    await talk.settled()
    shown = len(typing())
    await asyncio.sleep(0.3)
    assert len(typing()) == shown


async def test_buttons_are_for_whoever_asked_and_for_admins(talk: Talk, telegram: FakeTelegram, group: Any) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="/find", chat=group)
    for button in ("❓ 1", "❌ Wrong", "More"):
        assert await talk.press(talk.boris, buttons, button) == []
    refusals = list(telegram.answers.values())
    assert all(answer["show_alert"] for answer in refusals)
    assert len(refusals) == 3
    assert labels(talk.now(buttons)) == labels(buttons)
    assert len(await talk.press(talk.admin, buttons, "❓ 1")) == 1
    assert len(await talk.press(talk.ada, buttons, "❓ 1")) == 1


async def test_group_without_reactions_is_answered_all_the_same(talk: Talk, telegram: FakeTelegram) -> None:
    quiet = telegram.group(-1009, "Quiet", members=[talk.ada], reactions=False)
    assert len(await talk.ask(talk.ada, photo=MIRRORED, caption="/find", chat=quiet)) == 1


async def test_brought_into_a_group_it_says_how_to_ask(talk: Talk, telegram: FakeTelegram, group: Any) -> None:
    telegram.kick(group, by=talk.boris)
    await talk.settled()
    telegram.join(group, by=talk.ada)
    await talk.settled()
    assert telegram.sent(group)[-1]["text"].startswith("Hello! Reply to a picture with /find, or mention @pictrace_bot")


async def test_removed_from_a_group_it_forgets_all_of_it(talk: Talk, telegram: FakeTelegram, group: Any) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="/find same", chat=group)
    await talk.press(talk.ada, buttons, "❌ Wrong")
    assert (await talk.service.status()).tally.wrong == 1
    telegram.kick(group, by=talk.boris)
    await talk.settled()
    assert (await talk.service.status()).tally.wrong == 0


async def test_only_administrators_of_a_group_decide_for_it(talk: Talk, telegram: FakeTelegram, group: Any) -> None:
    (answer,) = await talk.ask(talk.ada, "/forget@pictrace_bot", chat=group)
    assert answer["text"] == "In a group only its administrators can do this."
    (answer,) = await talk.ask(talk.ada, "/language@pictrace_bot", chat=group)
    callback = telegram.press(talk.ada, answer, "Deutsch")
    await telegram.until(lambda: callback in telegram.answers)
    assert telegram.answers[callback]["show_alert"]
    await talk.press(talk.boris, answer, "Deutsch")
    (answer,) = await talk.ask(talk.ada, "/help@pictrace_bot", chat=group)
    assert "So fragst du" in answer["text"] or "fragen" in answer["text"].lower()
