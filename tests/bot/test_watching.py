"""Tell me when it appears."""

import numpy as np
import pytest
from aiogram.utils.backoff import BackoffConfig

from bot.texts import text_in
from tests.bot.conftest import StartTalk, Talk, labels, texts
from tests.bot.test_asking import PictureServer
from tests.conftest import SHIPPED, add_paths, jpeg, photograph
from tests.small_library import menu
from tests.telegram.server import FakeTelegram
from tests.webhook_receiver import Receiver, receiver, until

__all__ = ["receiver"]

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))


async def waiting(talk: Talk, **how: object) -> dict[str, object]:
    """Ask for what is not there, and wait for it; the message that says so."""
    (answer,) = await talk.ask(talk.ada, **how or {"photo": MIRRORED})
    await talk.press(talk.ada, answer, "Tell me when it appears")
    return talk.now(answer)


async def test_chat_is_told_once_when_the_picture_is_added(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(filled=False) as talk:
        await add_paths(talk.service, SHIPPED / "rocket.jpg")
        said = await waiting(talk, photo=MIRRORED, spoiler=True)
        assert said["text"] == "I will tell this chat once when this picture appears in the library."
        assert labels(said) == [["Don’t tell me"]]
        await add_paths(talk.service, SHIPPED / "coffee.png", SHIPPED / "chelsea.png")
        told = (await talk.said(talk.ada, 2))[-1]
        assert told["caption"].splitlines() == ["It has appeared: chelsea.png", "Certainly the same, >99%"]
        assert told["reply_to_message"]["message_id"] == 1
        assert told["has_media_spoiler"]
        await add_paths(talk.service, SHIPPED / "camera.png")
        await telegram.quiet(1)
        assert telegram.sent(talk.ada)[-1]["message_id"] == told["message_id"]
        assert (await talk.service.status()).tally.watches == 0


async def test_webhook_is_told_too_and_not_who_waited(talk_on: StartTalk, receiver: Receiver) -> None:
    async with talk_on(filled=False, **receiver.settings) as talk:
        await waiting(talk)
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        await talk.said(talk.ada, 2)
        await until(lambda: ("watch.hit", 1) in receiver.told)
    assert str(talk.ada.id) not in str([event["data"] for _, event in receiver.got if event["type"] == "watch.hit"])


async def test_chat_is_told_after_a_restart_of_what_came_meanwhile(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(filled=False) as talk:
        await waiting(talk)
    async with talk_on(filled=False) as talk:
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        assert "It has appeared" in texts(await talk.said(talk.ada, 2))[-1]


async def test_waiting_can_be_cancelled(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(filled=False) as talk:
        said = await waiting(talk)
        await talk.press(talk.ada, said, "Don’t tell me")
        assert talk.now(said)["text"] == "All right, I will not tell you."
        assert (await talk.service.status()).tally.watches == 0
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        await telegram.quiet(1)
        assert len(telegram.sent(talk.ada)) == 1


async def test_what_came_before_the_button_was_pressed_is_shown_at_once(talk_on: StartTalk) -> None:
    async with talk_on(filled=False) as talk:
        (answer,) = await talk.ask(talk.ada, photo=MIRRORED)
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        (found,) = await talk.press(talk.ada, answer, "Tell me when it appears")
        assert "1 · chelsea.png — " in found["caption"]


async def test_answer_with_other_versions_stays_where_the_picture_is_waited_for(talk: Talk) -> None:
    await talk.service.add_bytes(jpeg(menu(0, 1)), name="menu.jpg", actor="test")
    (answer,) = await talk.ask(talk.ada, document=("q.jpg", jpeg(menu(0, 2), 85), "image/jpeg"))
    assert await talk.press(talk.ada, answer, "Tell me when it appears") == []
    assert talk.now(answer)["caption"] == answer["caption"]
    assert labels(talk.now(answer)) == [*labels(answer)[:-1], ["Don’t tell me"]]
    assert (await talk.service.status()).tally.watches == 1
    await talk.press(talk.ada, answer, "Don’t tell me")
    assert labels(talk.now(answer)) == labels(answer)
    assert (await talk.service.status()).tally.watches == 0


async def test_picture_behind_a_link_is_waited_for_though_the_link_dies(
    talk_on: StartTalk, telegram: FakeTelegram
) -> None:
    async with talk_on(filled=False, fetch_allow=("127.0.0.1",)) as talk:
        async with PictureServer() as url:
            (answer,) = await talk.ask(talk.ada, f"{url}/cat.jpg")
            (shown,) = await talk.press(talk.ada, answer, "Tell me when it appears")
        assert shown["caption"].startswith("I will tell this chat once")
        assert labels(talk.now(shown)) == [["Don’t tell me"]]
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        told = await talk.said(talk.ada, 3)
        assert "It has appeared" in texts(told)[-1]


async def test_picture_behind_a_covered_link_is_covered_while_it_is_waited_for(
    talk_on: StartTalk, telegram: FakeTelegram
) -> None:
    async with PictureServer() as url, talk_on(filled=False, fetch_allow=("127.0.0.1",)) as talk:
        link = f"{url}/cat.jpg"
        message = telegram.say(talk.ada, link)
        await talk.settled()
        body = telegram.chat(talk.ada).messages[message["message_id"]].body
        body["entities"].insert(0, {"type": "spoiler", "offset": 0, "length": len(link)})
        (shown,) = await talk.press(talk.ada, telegram.sent(talk.ada)[-1], "Tell me when it appears")
        assert shown["has_media_spoiler"]


async def test_chat_is_told_in_the_language_that_it_has_by_then(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(filled=False) as talk:
        (language,) = await talk.ask(talk.boris, "/language")
        await talk.press(talk.boris, language, "Deutsch")
        for person in (talk.ada, talk.boris):
            (answer,) = await talk.ask(person, photo=MIRRORED)
            await talk.press(talk.ada if person is talk.ada else talk.boris, answer, labels(answer)[0][0])
        (language,) = await talk.ask(talk.ada, "/language")
        await talk.press(talk.ada, language, "Deutsch")
        (language,) = await talk.ask(talk.boris, "/language")
        await talk.press(talk.boris, language, labels(language)[2][0])  # Telegram's again
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        for person, code in ((talk.ada, "de"), (talk.boris, "ru")):
            await telegram.until(lambda person=person: "chelsea" in str(texts(telegram.sent(person))))  # type: ignore[misc]
            told = telegram.sent(person)[-1]["caption"]
            assert told.startswith(text_in(code).plain("appeared", title="", score="").split("</b>")[0][3:])


async def test_query_that_telegram_no_longer_has_is_passed_over(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(filled=False) as talk:
        await waiting(talk)
        telegram.stale_all()
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        await telegram.quiet(1)
        assert len(telegram.sent(talk.ada)) == 1
        assert await talk.service.watches.due() == []


async def test_chat_that_blocked_the_bot_is_forgotten(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(filled=False) as talk:
        await waiting(talk)
        telegram.fail("sendPhoto", status=403, description="Forbidden: bot was blocked by the user")
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        await telegram.until(lambda: any(call.method == "sendPhoto" for call in telegram.calls))
        await telegram.quiet(1)
        assert (await talk.service.status()).tally.watches == 0


async def test_download_that_fails_for_now_is_tried_again(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram_files.RETRY_S", 0.0)
    async with talk_on(filled=False) as talk:
        await waiting(talk)
        telegram.fail("file", status=500, times=4)
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        assert "It has appeared" in texts(await talk.said(talk.ada, 2))[-1]


async def test_one_chat_that_cannot_be_told_does_not_keep_others_waiting(
    talk_on: StartTalk, telegram: FakeTelegram
) -> None:
    async with talk_on(filled=False) as talk:
        await waiting(talk)
        (answer,) = await talk.ask(talk.admin, photo=MIRRORED)
        await talk.press(talk.admin, answer, "Tell me when it appears")
        telegram.fail("sendPhoto", status=400, description="Bad Request: something odd")
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        assert "It has appeared" in texts(await talk.said(talk.admin, 2))[-1]


async def test_cancelled_while_it_is_being_looked_for_is_cancelled(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on(filled=False) as talk:
        said = await waiting(talk)
        telegram.fail("getFile", status=200, delay=4)
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        await telegram.until(lambda: len([call for call in telegram.calls if call.method == "getFile"]) >= 3)
        await talk.press(talk.ada, said, "Don’t tell me")
        await telegram.quiet(2)
        assert "It has appeared" not in str(texts(telegram.sent(talk.ada)))


async def test_outage_of_telegram_leaves_nobody_untold(
    talk_on: StartTalk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.delivery.BACKOFF", BackoffConfig(min_delay=0.01, max_delay=0.02, factor=1.1, jitter=0))
    async with talk_on(filled=False) as talk:
        await waiting(talk)
        telegram.fail("sendPhoto", status=502, times=40)
        await add_paths(talk.service, SHIPPED / "chelsea.png")
        assert "It has appeared" in texts(await talk.said(talk.ada, 2))[-1]


async def test_chat_at_its_limit_is_refused_without_a_promise(
    talk_on: StartTalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.watching.MAX_WATCHES", 1)
    async with PictureServer() as url, talk_on(filled=False, fetch_allow=("127.0.0.1",)) as talk:
        await waiting(talk)
        (answer,) = await talk.ask(talk.ada, f"{url}/screenshot.jpg")
        (refusal,) = await talk.press(talk.ada, answer, "Tell me when it appears")
        assert refusal["text"].startswith("This chat waits for 1")
