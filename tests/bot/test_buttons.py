"""The buttons under answers."""

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine import LibraryBusy
from engine.pictures.augment import EDITS
from tests.bot.conftest import StartTalk, Talk, labels, texts
from tests.bot.test_asking import PictureServer
from tests.conftest import SHIPPED, jpeg, photograph
from tests.telegram.server import FakeTelegram

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
SCREENSHOT = jpeg(EDITS["screenshot"](photograph("astronaut.png"), np.random.default_rng(5), photograph("coffee.png")))


def names(answers: list[dict[str, Any]]) -> set[str]:
    """The pictures that answers show."""
    return {name for text in texts(answers) for name in re.findall(r"\d · (\S+)", text)}


async def test_why_shows_a_picture_with_the_edits_in_words(talk: Talk, telegram: FakeTelegram) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
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
    (buttons,) = await talk.ask(talk.ada, document=("c.png", content, "image/png"))
    assert buttons["caption"].splitlines()[1] == "1 · chelsea.png — The same file, 100%"
    (why,) = await talk.press(talk.ada, buttons, "❓ 1")
    assert "byte for byte" in why["caption"]


async def test_pair_called_wrong_is_not_shown_to_that_chat_again(talk: Talk) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    assert await talk.press(talk.ada, buttons, "❌ Wrong") == []
    choosing = talk.now(buttons)
    assert labels(choosing)[2:4] == [["❌ 1", "❌ 2", "❌ 3", "❌ 4", "❌ 5"], ["↩︎"]]
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
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    await talk.press(talk.ada, buttons, "✅ Right")
    await talk.press(talk.ada, buttons, "↩︎")
    assert labels(talk.now(buttons)) == labels(buttons)


async def test_more_shows_the_next_ones_until_there_are_none(talk: Talk) -> None:
    *album, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    (last,) = await talk.press(talk.ada, buttons, "More")
    assert last["caption"].splitlines()[0] == "Number 6."
    assert "More" not in str(labels(last))
    assert len(names([*album, last])) == 6


async def test_source_link_is_a_button_where_telegram_takes_it(talk: Talk) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
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
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    assert labels(buttons)[2] == ["🔗 1", "🔗 5"]
    links = [button["url"] for button in buttons["reply_markup"]["inline_keyboard"][2]]
    assert links == ["https://example.org/cat", "https://ex.org/5"]


async def test_answer_survives_a_link_that_telegram_refuses(talk: Talk, telegram: FakeTelegram) -> None:
    (first, *_) = (await talk.service.search(MIRRORED)).matches
    await talk.service.edit(first.image.id, {"page_url": "https://example.org/cat"}, actor="test")
    telegram.fail("sendPhoto", status=400, description="Bad Request: BUTTON_URL_INVALID")
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


async def test_buttons_of_an_album_work_after_a_restart(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on() as talk:
        telegram.album(talk.ada, [MIRRORED, SCREENSHOT])
        await talk.settled()
        _, second = telegram.sent(talk.ada)
    async with talk_on(filled=False) as talk:
        (why,) = await talk.press(talk.ada, second, "❓ 1")
        assert why["reply_to_message"]["message_id"] == 2
        assert "inside a larger picture" in why["caption"]


async def test_button_sends_the_file_without_its_metadata(talk: Talk, telegram: FakeTelegram) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    taken = io.BytesIO()
    Image.fromarray(photograph("retina.jpg")).save(taken, "JPEG", exif=exif)
    added = await talk.service.add_bytes(taken.getvalue(), name="retina.jpg", actor="test")
    (answer,) = await talk.ask(talk.ada, photo=jpeg(photograph("retina.jpg")))
    (file,) = await talk.press(talk.ada, answer, "💾 1")
    assert file["document"]["file_name"] == "retina.jpg"
    assert file["reply_to_message"]["message_id"] == answer["message_id"]
    sent = telegram.file(file["document"]["file_id"])
    assert b"where I live" not in sent
    assert Image.open(io.BytesIO(sent)).size == Image.open(taken).size
    assert added.id is not None
    await talk.service.remove([added.id], actor="test")
    (gone,) = await talk.press(talk.ada, answer, "💾 1")
    assert gone["text"] == "This picture is no longer in the library."


async def test_file_that_telegram_does_not_take_is_said(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.telegram_files.UPLOAD_BYTES", 1024 * 1024 // 50)
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED)
    (sorry,) = await talk.press(talk.ada, answer, "💾 1")
    assert sorry["text"] == "The file of this picture is too large to be sent here: at most 0.02 MB can be."


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
        "o:1001:3",
        "f:1001:999",
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
        _, buttons = await talk.ask(talk.ada, f"{url}/cat.jpg {url}/screenshot.jpg")
        assert "1 · astronaut.png — " in buttons["caption"]
        (why,) = await talk.press(talk.ada, buttons, "❓ 1")
        assert "inside a larger picture" in why["caption"]
        await talk.press(talk.ada, buttons, "❌ Wrong")
        assert "astronaut" not in "".join(texts(await talk.ask(talk.ada, photo=SCREENSHOT)))
        assert "chelsea" in texts(await talk.ask(talk.ada, photo=MIRRORED))[0]


async def test_more_goes_on_after_what_was_shown_though_some_of_it_was_called_wrong(talk: Talk) -> None:
    *album, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    await talk.press(talk.ada, buttons, "❌ Wrong")
    await talk.press(talk.ada, buttons, "❌ 1")
    (last,) = await talk.press(talk.ada, buttons, "More")
    assert last["caption"].splitlines()[0] == "Number 6."
    assert len(names([*album, last])) == 6


async def test_notice_that_comes_too_late_spoils_nothing(talk: Talk, telegram: FakeTelegram) -> None:
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    telegram.fail("answerCallbackQuery", status=400, description=too_old)
    telegram.press(talk.ada, buttons, "❌ Wrong")
    await talk.settled()
    assert labels(talk.now(buttons))[3] == ["↩︎"]
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

    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    await talk.press(talk.ada, buttons, button[0])
    monkeypatch.setattr("engine.library.subscriptions.Subscriptions.judge", busy)
    (sorry,) = await talk.press(talk.ada, talk.now(buttons), button)
    assert sorry["text"].startswith("The library is busy right now.")
