"""In a group that wants it: a picture that was posted there before gets one short reply, and nothing else does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bot.posted_pictures import PostedPicture, PostedPictures
from engine import Fingerprint, SearchService
from tests.bot.conftest import StartTalk, Talk
from tests.conftest import jpeg, photograph
from tests.small_library import menu
from tests.telegram.server import FakeTelegram

CAT = jpeg(photograph("chelsea.png"))
SMALLER = jpeg(np.ascontiguousarray(photograph("chelsea.png")[::2, ::2]), 70)
CUP = jpeg(photograph("coffee.png"))
GROUP = -1001234


@pytest.fixture
def group(talk: Talk, telegram: FakeTelegram) -> Any:
    members = [talk.ada, talk.boris]
    return telegram.group(GROUP, "Friends", members=members, admins=[talk.boris], bot_is_admin=True)


async def switched_on(talk: Talk, group: Any) -> dict[str, Any]:
    (answer,) = await talk.ask(talk.boris, "/reposts@pictrace_bot on", chat=group)
    return answer


async def rows(talk: Talk, query: str = "SELECT count(*) FROM posted_pictures") -> int:
    async with talk.service.database.read() as connection:
        return int((await connection.exec_driver_sql(query)).scalar() or 0)


async def test_picture_posted_again_gets_one_reply_with_a_link(talk: Talk, telegram: FakeTelegram, group: Any) -> None:
    answer = await switched_on(talk, group)
    assert " 30 " in answer["text"]
    first = telegram.say(talk.ada, photo=CAT, caption="our secret", chat=group)
    telegram.say(talk.ada, photo=CUP, chat=group)
    await talk.settled()
    assert len(telegram.sent(group)) == 1
    again = telegram.say(talk.boris, photo=SMALLER, chat=group)
    (said,) = await talk.said(group, after=again["message_id"])
    assert said["reply_to_message"]["message_id"] == again["message_id"]
    assert said["entities"][0]["url"] == f"https://t.me/c/1234/{first['message_id']}"
    assert not [call for call in telegram.calls if call.method == "setMessageReaction" and call.params["reaction"]]
    telegram.say(talk.ada, "look at this", chat=group)
    await talk.settled()
    assert telegram.sent(group)[-1]["message_id"] == said["message_id"]
    assert await rows(talk) == 3
    assert await rows(talk, "SELECT count(*) FROM inbox WHERE payload IS NOT NULL") == 0
    assert (await talk.service.status()).images == 6


async def test_picture_that_is_deleted_meanwhile_is_not_told(
    talk: Talk, telegram: FakeTelegram, group: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await switched_on(talk, group)
    telegram.say(talk.ada, photo=CAT, chat=group)
    await talk.settled()
    before = len(telegram.sent(group))
    telegram.fail("getFile", status=200, delay=0.5)
    telegram.delete(telegram.say(talk.boris, photo=SMALLER, chat=group))
    await talk.settled()
    assert len(telegram.sent(group)) == before
    assert "Traceback" not in caplog.text


async def test_other_versions_and_likenesses_are_not_told(talk: Talk, telegram: FakeTelegram, group: Any) -> None:
    await switched_on(talk, group)
    before = len(telegram.sent(group))
    for content in (1, 2, 3):
        telegram.say(talk.ada, photo=jpeg(menu(0, content)), chat=group)
        await talk.settled()
    assert len(telegram.sent(group)) == before


async def test_what_cannot_be_fetched_again_is_not_told(talk: Talk, telegram: FakeTelegram, group: Any) -> None:
    await switched_on(talk, group)
    first = telegram.say(talk.ada, photo=CAT, chat=group)
    await talk.settled()
    telegram.forget_file(first["photo"][-1]["file_id"])
    before = len(telegram.sent(group))
    telegram.say(talk.boris, photo=SMALLER, chat=group)
    telegram.say(talk.boris, document=("broken.jpg", b"\xff\xd8\xff", "image/jpeg"), chat=group)
    await talk.settled()
    assert len(telegram.sent(group)) == before


async def test_what_goes_wrong_is_nothing_that_a_group_is_told(
    talk: Talk, telegram: FakeTelegram, group: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("unforeseen")

    await switched_on(talk, group)
    monkeypatch.setattr("engine.library.comparing.Comparing.fingerprint", broken)
    before = len(telegram.sent(group))
    telegram.say(talk.ada, photo=CAT, chat=group)
    await talk.settled()
    assert len(telegram.sent(group)) == before


async def test_albums_are_looked_at_picture_by_picture(talk: Talk, telegram: FakeTelegram, group: Any) -> None:
    await switched_on(talk, group)
    telegram.album(talk.ada, [CAT, CAT], chat=group)
    await talk.settled()
    before = len(telegram.sent(group))
    album = telegram.album(talk.ada, [CUP, SMALLER], chat=group)
    await talk.settled()
    (said,) = telegram.sent(group)[before:]
    assert said["reply_to_message"]["message_id"] == album[1]["message_id"]


async def test_off_by_default_and_for_administrators(talk: Talk, telegram: FakeTelegram, group: Any) -> None:
    (answer,) = await talk.ask(talk.ada, "/reposts@pictrace_bot", chat=group)
    assert answer["text"].startswith("In this group I do not say whether a picture was posted before.")
    (answer,) = await talk.ask(talk.ada, "/reposts@pictrace_bot on", chat=group)
    assert answer["text"] == "In a group only its administrators can do this."
    (answer,) = await talk.ask(talk.ada, "/reposts on")
    assert answer["text"] == "/reposts is for groups: write it in one."
    before = len(telegram.sent(group))
    for _ in range(2):
        telegram.say(talk.ada, photo=CAT, chat=group)
    await talk.settled()
    assert len(telegram.sent(group)) == before
    assert await rows(talk) == 0


async def test_bot_that_does_not_see_all_messages_says_so(talk: Talk, telegram: FakeTelegram) -> None:
    group = telegram.group(-1005, "Blind", members=[talk.ada], admins=[talk.ada])
    (answer,) = await talk.ask(talk.ada, "/reposts@pictrace_bot on", chat=group)
    assert "I do not see all messages of this group yet" in answer["text"]


@pytest.mark.parametrize("how", ["off", "forget", "kick"])
async def test_forgetting_deletes_what_was_kept(talk: Talk, telegram: FakeTelegram, group: Any, how: str) -> None:
    await switched_on(talk, group)
    telegram.say(talk.ada, photo=CAT, chat=group)
    await talk.settled()
    assert await rows(talk) == 1
    if how == "kick":
        telegram.kick(group, by=talk.boris)
        await talk.settled()
    else:
        command = "/forget@pictrace_bot" if how == "forget" else "/reposts@pictrace_bot off"
        await talk.ask(talk.boris, command, chat=group)
    assert await rows(talk) == 0
    before = len(telegram.sent(group))
    if how != "kick":
        telegram.say(talk.boris, photo=SMALLER, chat=group)
        await talk.settled()
    assert len(telegram.sent(group)) == before
    assert await rows(talk) == 0


async def test_it_goes_on_after_a_restart_and_old_pictures_are_forgotten(
    talk_on: StartTalk, telegram: FakeTelegram
) -> None:
    async with talk_on() as talk:
        group = telegram.group(GROUP, "Friends", members=[talk.ada], admins=[talk.ada], bot_is_admin=True)
        await talk.ask(talk.ada, "/reposts@pictrace_bot on", chat=group)
        telegram.say(talk.ada, photo=CAT, chat=group)
        telegram.say(talk.ada, photo=CUP, chat=group)
        await talk.settled()
        async with talk.service.database.write() as connection:
            old = "UPDATE posted_pictures SET at = '2020-01-01 00:00:00' WHERE message_id = 4"
            await connection.exec_driver_sql(old)
    async with talk_on(filled=False) as talk:
        again = telegram.say(talk.ada, photo=SMALLER, chat=group)
        (said,) = await talk.said(group, after=again["message_id"])
        assert said["text"].startswith("This was posted here before: ")
        before = len(telegram.sent(group))
        telegram.say(talk.ada, photo=CUP, chat=group)
        await talk.settled()
        assert len(telegram.sent(group)) == before


async def test_group_that_has_become_a_supergroup_is_told_the_day(talk: Talk, telegram: FakeTelegram) -> None:
    group = telegram.group(-50, "Old", members=[talk.ada], admins=[talk.ada], bot_is_admin=True)
    await talk.ask(talk.ada, "/reposts@pictrace_bot on", chat=group)
    telegram.say(talk.ada, photo=CAT, chat=group)
    await talk.settled()
    new = telegram.group(-1002000, "New", members=[talk.ada], bot_is_admin=True)
    telegram.say(talk.ada, chat=group, migrate_to=new.id)
    await talk.settled()
    again = telegram.say(talk.ada, photo=SMALLER, chat=new)
    (said,) = await talk.said(new, after=again["message_id"])
    assert said["text"].startswith("This was posted here before: ")
    assert "entities" not in said


async def test_privacy_says_what_is_kept(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.ada, "/privacy")
    assert (
        "for 30 days: a fingerprint, the number and the time of its message, and Telegram’s name for its file"
        in (answer["text"])
    )


@pytest.mark.databases("sqlite", "postgresql")
async def test_posted_pictures_are_kept_by_chat(service: SearchService) -> None:
    posted = PostedPictures(service.database, 42)
    now = datetime.now(UTC).replace(microsecond=0)
    prints = [Fingerprint("n", phash, b"v") for phash in (0, 2**64 - 1, None)]
    for number, one in enumerate(prints):
        await posted.remember(PostedPicture(-1, number, "f", one, now - timedelta(days=number)))
    await posted.remember(PostedPicture(-1, 0, "again", prints[0], now))
    await posted.remember(PostedPicture(-2, 0, "other", prints[0], now))
    found = await posted.of(-1)
    assert [one.message_id for one in found] == [2, 1, 0]
    assert [one.fingerprint for one in found] == [prints[2], prints[1], prints[0]]
    assert (found[-1].file_id, found[-1].at) == ("again", now)
    assert await PostedPictures(service.database, 43).of(-1) == []
    await posted.move(-2, -3)
    assert [one.message_id for one in await posted.of(-3)] == [None]
    await posted.forget_old(2)
    assert [one.message_id for one in await posted.of(-1)] == [1, 0]
    assert (await posted.forget(-1), await posted.forget(-1)) == (2, 0)
