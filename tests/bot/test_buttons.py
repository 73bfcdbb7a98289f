"""The buttons under answers."""

import numpy as np
import pytest

from engine import LibraryBusy
from engine.pictures.augment import EDITS
from tests.bot.conftest import StartTalk, Talk, labels, texts
from tests.bot.test_asking import PictureServer
from tests.conftest import SHIPPED, jpeg, photograph
from tests.telegram.server import FakeTelegram

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
SCREENSHOT = jpeg(EDITS["screenshot"](photograph("astronaut.png"), np.random.default_rng(5), photograph("coffee.png")))


async def test_why_shows_a_picture_with_the_edits_in_words(talk: Talk, telegram: FakeTelegram) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    (why,) = await talk.press(talk.ada, buttons, "❓ 1")
    assert why["caption"].splitlines()[0] == "chelsea.png"
    assert "What was done to it: mirrored" in why["caption"]
    assert why["reply_to_message"]["message_id"] == 1
    assert telegram.file(why["photo"][-1]["file_id"]).startswith(b"\xff\xd8")
    (other,) = await talk.press(talk.ada, buttons, "❓ 3")
    assert "No part of one was found in the other; they only look alike." in other["caption"]
    assert other["caption"].splitlines()[1] == "Hardly alike, <1%"  # which is no tag


async def test_why_of_the_very_same_file_says_so(talk: Talk) -> None:
    content = (SHIPPED / "chelsea.png").read_bytes()
    *album, buttons = await talk.ask(talk.ada, document=("c.png", content, "image/png"))
    assert texts(album)[0].splitlines()[1] == "The same file, 100%"
    (why,) = await talk.press(talk.ada, buttons, "❓ 1")
    assert "byte for byte" in why["caption"]


async def test_pair_called_wrong_is_not_shown_to_that_chat_again(talk: Talk) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    assert await talk.press(talk.ada, buttons, "❌ Wrong") == []
    choosing = talk.now(buttons)
    assert labels(choosing)[1:3] == [["❌ 1", "❌ 2", "❌ 3", "❌ 4", "❌ 5"], ["↩︎"]]
    assert await talk.press(talk.ada, choosing, "❌ 1") == []
    assert labels(talk.now(buttons)) == labels(buttons)
    assert "chelsea" not in "".join(texts(await talk.ask(talk.ada, photo=MIRRORED)))
    assert "chelsea" in "".join(texts(await talk.ask(talk.boris, photo=MIRRORED)))
    tally = (await talk.service.status()).tally
    assert (tally.right, tally.wrong) == (0, 1)


async def test_right_is_counted_and_takes_wrong_back(talk: Talk, telegram: FakeTelegram) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="same")
    await talk.press(talk.ada, buttons, "❌ Wrong")  # there is one match: nothing to choose
    await talk.press(talk.ada, buttons, "✅ Right")
    tally = (await talk.service.status()).tally
    assert (tally.right, tally.wrong) == (1, 0)
    noted = [answer.get("text", "") for answer in telegram.answers.values()]
    assert noted[0].startswith("Noted: this chat will not see that match for this picture again.")
    assert noted[1] == "Thank you, noted."


async def test_choosing_can_be_left(talk: Talk) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    await talk.press(talk.ada, buttons, "✅ Right")
    await talk.press(talk.ada, buttons, "↩︎")
    assert labels(talk.now(buttons)) == labels(buttons)


async def test_more_shows_the_next_ones_until_there_are_none(talk: Talk) -> None:
    *album, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    photo, after = await talk.press(talk.ada, buttons, "More")
    assert photo["caption"].startswith("6 · ")
    assert "More" not in str(labels(after))
    names = [text.splitlines()[0][4:] for text in texts([*album, photo])]
    assert len(set(names)) == 6


async def test_source_link_is_a_button_where_telegram_takes_it(talk: Talk) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    shown = [button["callback_data"].split(":")[-1] for button in buttons["reply_markup"]["inline_keyboard"][0]]
    urls = [
        "https://example.org/cat",
        "http://localhost/2",
        "https://nas.local/3",
        "https://192.168.1.7/4",
        "https://ex.org/5",
    ]
    for image_id, url in zip(shown, urls, strict=True):
        await talk.service.edit(int(image_id), {"page_url": url}, actor="test")
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    assert labels(buttons)[1] == ["🔗 1", "🔗 5"]
    links = [button["url"] for button in buttons["reply_markup"]["inline_keyboard"][1]]
    assert links == ["https://example.org/cat", "https://ex.org/5"]


async def test_answer_survives_a_link_that_telegram_refuses(talk: Talk, telegram: FakeTelegram) -> None:
    (first, *_) = (await talk.service.search(MIRRORED)).matches
    await talk.service.edit(first.image.id, {"page_url": "https://example.org/cat"}, actor="test")
    telegram.fail("sendMessage", status=400, description="Bad Request: BUTTON_URL_INVALID")
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    assert "🔗" not in str(labels(buttons))
    assert labels(buttons)[0][0] == "❓ 1"


async def test_buttons_work_after_a_restart(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on() as talk:
        *_, buttons = await talk.ask(talk.ada, photo=SCREENSHOT)
    async with talk_on(filled=False) as talk:
        (why,) = await talk.press(talk.ada, buttons, "❓ 1")
        assert "inside a larger picture" in why["caption"]


async def test_question_that_is_gone_is_asked_for_again(talk: Talk, telegram: FakeTelegram) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    telegram.press(talk.ada, buttons, "❓ 1", inaccessible=True)
    await talk.settled()
    assert telegram.sent(talk.ada)[-1]["text"].startswith("I no longer have the picture that this was about.")


async def test_parts_of_an_album_are_asked_for_again_after_a_restart(
    talk_on: StartTalk, telegram: FakeTelegram
) -> None:
    async with talk_on() as talk:
        telegram.album(talk.ada, [MIRRORED, SCREENSHOT])
        await talk.settled()
        buttons = telegram.sent(talk.ada)[-1]
    async with talk_on(filled=False) as talk:
        (answer,) = await talk.press(talk.ada, buttons, "2")
        assert answer["text"].startswith("I no longer have the picture")


@pytest.mark.parametrize(
    "data",
    [
        "z:1",
        "nonsense",
        "y:1",
        "y:x:y",
        "m:1001:0:9999999:5:0:0",
        "m:1001:0:-3:-1:0:1",
        "y:1001:0:999",
        "y:1001:7:1",
        "x:1001:0:99999999999999999999",
        "o:1001:-1",
    ],
)
async def test_forged_buttons_do_no_harm(talk: Talk, telegram: FakeTelegram, data: str) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    callback = telegram.press(talk.ada, buttons, data, forged=True)
    await telegram.until(lambda: callback in telegram.answers)
    await talk.settled()
    assert "Something went wrong" not in str(texts(telegram.sent(talk.ada)))


async def test_buttons_of_the_second_link_are_about_the_second_link(talk_on: StartTalk) -> None:
    async with PictureServer() as url, talk_on(fetch_allow=("127.0.0.1",)) as talk:
        *_, several = await talk.ask(talk.ada, f"{url}/cat.jpg {url}/screenshot.jpg")
        *album, buttons = await talk.press(talk.ada, several, "2")
        assert texts(album)[0].startswith("1 · astronaut.png\n")
        (why,) = await talk.press(talk.ada, buttons, "❓ 1")
        assert "inside a larger picture" in why["caption"]
        await talk.press(talk.ada, buttons, "❌ Wrong")
        await talk.press(talk.ada, buttons, "❌ 1")
        assert "astronaut" not in "".join(texts(await talk.ask(talk.ada, photo=SCREENSHOT)))
        assert "chelsea" in texts(await talk.ask(talk.ada, photo=MIRRORED))[0]


async def test_more_goes_on_after_what_was_shown_though_some_of_it_was_called_wrong(talk: Talk) -> None:
    *album, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    await talk.press(talk.ada, buttons, "❌ Wrong")
    await talk.press(talk.ada, buttons, "❌ 1")
    photo, _ = await talk.press(talk.ada, buttons, "More")
    assert photo["caption"].startswith("6 · ")
    names = {text.splitlines()[0][4:] for text in texts([*album, photo])}
    assert len(names) == 6


async def test_notice_that_comes_too_late_spoils_nothing(talk: Talk, telegram: FakeTelegram) -> None:
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    telegram.fail("answerCallbackQuery", status=400, description=too_old)
    telegram.press(talk.ada, buttons, "❌ Wrong")
    await talk.settled()
    assert labels(talk.now(buttons))[2] == ["↩︎"]
    (language,) = await talk.ask(talk.ada, "/language")
    telegram.fail("answerCallbackQuery", status=429, retry_after=1)
    telegram.press(talk.ada, language, "Deutsch")
    await talk.settled()
    assert "Deutsch" in talk.now(language)["text"]
    (removed,) = await talk.ask(talk.admin, "/remove 2")
    telegram.fail("answerCallbackQuery", status=400, description=too_old)
    telegram.press(talk.admin, removed, "↩︎ Undo")
    await talk.settled()
    assert telegram.sent(talk.admin)[-1]["text"].startswith("Taken back: the removal of 1 picture")


@pytest.mark.parametrize("button", ["❌ 1", "✅ 2"])
async def test_button_whose_work_fails_does_not_spin_for_ever(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch, button: str
) -> None:
    async def busy(*_: object, **__: object) -> None:
        raise LibraryBusy("The library is busy.")

    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED)
    await talk.press(talk.ada, buttons, button[0])
    monkeypatch.setattr("engine.library.subscriptions.Subscriptions.judge", busy)
    (sorry,) = await talk.press(talk.ada, talk.now(buttons), button)
    assert sorry["text"].startswith("The library is busy right now.")
