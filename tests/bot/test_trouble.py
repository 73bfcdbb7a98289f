"""What goes wrong is said in one sentence, with a reference that the log has too; the token is never told."""

import asyncio
import io
import logging
import re
import socket
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine import LibraryBusy, LogFormatter, SearchService, ServerUnreachable
from engine.output import LEFT_OUT
from tests.bot.conftest import StartTalk, Talk, bot_settings, labels, talking, texts
from tests.conftest import bad_files, cut_short, jpeg, original_of, photograph, thumbnail_of
from tests.postgresql import PostgresServer
from tests.telegram.server import FakeTelegram

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
SENTENCES = {
    "not_an_image": "This is not a picture that can be read.",
    "unsupported_format": "This kind of file is not taken;",
    "empty_file": "This file is empty.",
    "damaged_image": "This picture is damaged or incomplete.",
    "too_many_pixels": "This picture has too many pixels; at most 250 megapixels of a JPEG are taken, "
    "of other kinds 110 or fewer.",
    "file_too_large": "This file is too large; at most 20 MB are taken.",
}


def reference(answer: dict[str, str]) -> str:
    sentence, code = answer["text"].splitlines()
    assert sentence.endswith((".", "!"))
    found = re.fullmatch(r"Reference: ([0-9a-f]{6})", code)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "name", ["text.jpg", "page.jpg", "drawing.svg", "empty.png", "half.jpg", "bomb.png", "large.jpg"]
)
async def test_bad_pictures_get_a_sentence_each(
    talk: Talk, name: str, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot")
    folder = tmp_path_factory.mktemp("bad")
    code = bad_files(folder)[name]
    given = (name, (folder / name).read_bytes(), "image/jpeg")
    (answer,) = await talk.ask(talk.ada, document=given, document_thumbnail=False)
    assert answer["text"].startswith(SENTENCES[code])
    assert "Reference" not in answer["text"]  # it is no fault of the bot
    assert f": {code}: " in caplog.text or ": refused: " in caplog.text
    assert answer["reply_to_message"]["message_id"] == 1


async def test_file_that_breaks_off_is_looked_for_and_added_with_a_line(talk: Talk) -> None:
    given = ("cut.jpg", cut_short(MIRRORED), "image/jpeg")
    line = "The file breaks off: the end of the picture, or its finest details, are missing."
    answers = await talk.ask(talk.ada, document=given, document_thumbnail=False)
    assert sum(line in text for text in texts(answers)) == 1
    for _ in ("added", "duplicate"):
        answers = await talk.ask(talk.admin, document=given, document_thumbnail=False, caption="/add")
        assert sum(line in text for text in texts(answers)) == 1
    answers = await talk.ask(talk.ada, document=given, document_thumbnail=False)
    assert sum(line in text for text in texts(answers)) == 1


async def test_file_over_20_mb_is_not_even_asked_for(talk: Talk, telegram: FakeTelegram) -> None:
    (answer,) = await talk.ask(talk.ada, document=("a.jpg", MIRRORED, "image/jpeg"), file_size=21 * 1024 * 1024)
    assert answer["text"].startswith("This file is too large; at most 20 MB are taken.")
    assert telegram.downloads == []


async def test_video_without_a_preview_and_files_that_are_no_pictures(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.ada, video=True)
    assert answer["text"].startswith("This video, GIF or sticker has no preview that I could look at.")
    (answer,) = await talk.ask(talk.ada, document=("thesis.pdf", b"%PDF-1.7", "application/pdf"))
    assert answer["text"].startswith("This file is not a picture.")
    (answer,) = await talk.ask(talk.ada, voice=True)
    assert answer["text"].startswith("Send me a picture")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1/a.jpg", "I may not fetch from this address"),
        ("http://192.168.1.1/a.jpg", "I may not fetch from this address"),
        ("http://[::1]/a.jpg", "I may not fetch from this address"),
        ("https://example.org:8443/a.jpg", "I may not fetch from this address"),
    ],
)
async def test_private_links_are_refused(talk: Talk, url: str, said: str) -> None:
    (answer,) = await talk.ask(talk.ada, links=[("this", url)], text="look at this")
    assert answer["text"].startswith(said)


async def test_dead_link_is_said(talk_on: StartTalk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.jpg"
        async with talk_on(fetch_allow=("127.0.0.1",)) as talk:
            (answer,) = await talk.ask(talk.ada, url)
            assert answer["text"].startswith("The other server did not give me the picture.")


async def test_busy_library_is_said_in_the_users_language(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object, **__: object) -> None:
        raise LibraryBusy("The library is busy.")

    monkeypatch.setattr(SearchService, "search", busy)
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED)
    assert answer["text"].startswith("The library is busy right now. Try again in a moment.")
    (answer,) = await talk.ask(talk.boris, photo=MIRRORED)
    assert re.search("[а-я]", answer["text"])


@pytest.mark.databases("postgresql")
async def test_what_is_asked_while_the_database_server_is_away_is_answered_afterwards(
    talk: Talk,
    telegram: FakeTelegram,
    postgresql: PostgresServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both what was stored just before and what Telegram still has."""
    monkeypatch.setattr("bot.inbox.RETRY_S", 0.1)
    came_in = asyncio.Event()
    search, reached = SearchService.search, asyncio.Event()

    async def slow(*args: Any, **how: Any) -> Any:
        reached.set()
        await came_in.wait()
        return await search(*args, **how)

    monkeypatch.setattr(SearchService, "search", slow)
    telegram.say(talk.ada, photo=MIRRORED)
    await reached.wait()
    postgresql.stop()
    try:
        came_in.set()
        telegram.say(talk.boris, photo=MIRRORED)
        await telegram.until(lambda: "not crossed off" in caplog.text and "could not be stored" in caplog.text)
    finally:
        postgresql.start()
    for person in (talk.ada, talk.boris):
        assert len(await talk.said(person)) == 1
    assert "Traceback" not in caplog.text


async def test_addition_that_loses_the_database_server_is_gone_on_with(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.inbox.RETRY_S", 0.1)
    look_up, losses = SearchService.get, 1

    async def lost_once(self: SearchService, *args: Any, **how: Any) -> Any:
        nonlocal losses
        if losses:
            losses -= 1
            raise ServerUnreachable("It is gone.")
        return await look_up(self, *args, **how)

    monkeypatch.setattr(SearchService, "get", lost_once)
    *_, answer = await talk.ask(talk.admin, photo=jpeg(photograph("rocket.jpg")[:200]), caption="/add")
    assert losses == 0
    assert answer["text"].startswith("1 picture added"), answer["text"]
    assert (await talk.service.undo(actor=f"telegram:{talk.admin.id}")).images == 1


async def test_unexpected_error_is_told_by_reference_only(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(SearchService, "search", broken)
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED)
    assert answer["text"].startswith("Something went wrong on my side.")
    assert "secret" not in answer["text"]
    assert reference(answer) in caplog.text
    assert "secret detail" in caplog.text


async def test_failed_download_is_said_without_the_token(
    talk: Talk, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram_files.RETRY_S", 0.0)
    caplog.set_level(logging.DEBUG)
    telegram.fail("file", status=404, times=3)
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED)
    assert answer["text"].startswith("Telegram did not hand over the file.")
    assert telegram.token not in caplog.text
    assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 1


async def test_download_that_fails_once_is_tried_again(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram_files.RETRY_S", 0.0)
    telegram.fail("file", status=500)
    assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 1


@pytest.mark.parametrize("where", ["private", "group"])
async def test_question_that_is_deleted_meanwhile_is_answered_without_replying(
    talk: Talk, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    """Its file is still there; the buttons, which find it by the message, say that it is not."""
    chat = talk.ada if where == "private" else telegram.group(-1004, "Friends", members=[talk.ada])
    telegram.fail("getFile", status=200, delay=0.5)
    question = telegram.say(talk.ada, photo=MIRRORED, caption="/find", chat=chat)
    telegram.delete(question)
    (answer,) = await talk.said(chat, after=question["message_id"])
    assert "1 · chelsea.png" in answer["caption"]
    assert "reply_to_message" not in answer
    (gone,) = await talk.press(talk.ada, answer, "❓")
    assert gone["text"] == "I no longer have the picture that this was about. Send it again, please."
    assert "Traceback" not in caplog.text


async def test_picture_of_an_album_that_is_deleted_meanwhile_is_answered_among_the_others(
    talk: Talk, telegram: FakeTelegram
) -> None:
    telegram.fail("getFile", status=200, delay=0.5)
    first, second = telegram.album(talk.ada, [MIRRORED, MIRRORED])
    telegram.delete(first)
    answers = await talk.said(talk.ada, 2)
    assert ["1 · chelsea.png" in text for text in texts(answers)] == [True, True]
    assert [one.get("reply_to_message", {}).get("message_id") for one in answers] == [None, second["message_id"]]


async def test_whoever_blocks_the_bot_is_forgotten_and_nobody_else_notices(talk: Talk, telegram: FakeTelegram) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="same")
    await talk.press(talk.ada, buttons, "❌ Wrong")
    telegram.block(talk.ada)
    await talk.settled()
    assert (await talk.service.status()).tally.wrong == 0
    assert len(await talk.ask(talk.boris, photo=MIRRORED)) == 1


async def test_blocked_while_answering_is_survived(
    talk: Talk, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot")
    telegram.fail("sendPhoto", status=403, description="Forbidden: bot was blocked by the user")
    telegram.say(talk.ada, photo=MIRRORED)
    await talk.settled()
    assert telegram.sent(talk.ada) == []
    assert "cannot be reached" in caplog.text
    assert "Traceback" not in caplog.text
    assert len(await talk.ask(talk.boris, photo=MIRRORED)) == 1


async def test_group_where_the_bot_may_not_write_is_survived(talk: Talk, telegram: FakeTelegram) -> None:
    group = telegram.group(-1003, "Mute", members=[talk.ada])
    refusal = "Bad Request: not enough rights to send text messages to the chat"
    telegram.fail("sendPhoto", status=400, description=refusal)
    telegram.fail("sendMessage", status=400, description=refusal)
    telegram.say(talk.ada, photo=MIRRORED, caption="/find", chat=group)
    await talk.settled()
    assert telegram.sent(group) == []
    assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 1


async def test_group_that_takes_words_and_no_pictures_is_told_so(
    talk: Talk, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot")
    group = telegram.group(-1003, "Words", members=[talk.ada])
    refusal = "Bad Request: not enough rights to send photos to the chat"
    telegram.fail("sendPhoto", status=400, description=refusal)
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED, caption="/find", chat=group)
    assert answer["text"].startswith("This picture is in the library.\n1 · chelsea.png — ")
    assert answer["text"].endswith("not send pictures. An administrator of the group can allow it.")
    assert labels(answer)[0] == ["❓ 1", "💾 1"]
    assert "unexpected" not in caplog.text


async def test_group_that_moved_is_followed(talk: Talk, telegram: FakeTelegram) -> None:
    group = telegram.group(-50, "Old", members=[talk.ada])
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="/find same", chat=group)
    await talk.press(talk.ada, buttons, "❌ Wrong")
    new = telegram.group(-1002000, "New", members=[talk.ada])
    telegram.say(talk.ada, chat=group, migrate_to=new.id)
    await talk.settled()
    answer = await talk.ask(talk.ada, photo=MIRRORED, caption="/find", chat=new)
    assert "chelsea" not in "".join(texts(answer))


async def test_picture_whose_file_is_lost_is_shown_as_its_thumbnail_or_left_out(talk: Talk) -> None:
    (first, second, *_) = (await talk.service.search(MIRRORED)).matches
    original_of(talk.service, first.image).unlink()
    original_of(talk.service, second.image).unlink()
    thumbnail_of(talk.service, second.image).unlink()
    *album, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    assert [text[0] for text in texts(album)] == ["1", "3", "4", "5"]
    assert buttons["text"].startswith("This picture is in the library.")


async def test_pictures_of_every_shape_can_be_shown(talk_on: StartTalk) -> None:
    async with talk_on(filled=False) as talk:
        random = np.random.default_rng(3)
        for width, height in ((4000, 60), (60, 4000), (1, 1), (5000, 5000)):
            out = io.BytesIO()
            coarse = random.integers(0, 255, (max(1, height // 20), max(1, width // 20), 3), np.uint8)
            Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST).save(out, "PNG")
            await talk.service.add_bytes(out.getvalue(), name=f"{width}x{height}.png", actor="test")
        (nothing,) = await talk.ask(talk.ada, photo=MIRRORED)
        *album, _ = await talk.press(talk.ada, nothing, "Show the nearest anyway")
        assert len(album) == 4, texts(album)


async def test_token_is_in_no_log_line_and_in_no_message(
    settings: object, telegram: FakeTelegram, capfd: pytest.CaptureFixture[str]
) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter([telegram.token]))
    logger = logging.getLogger()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        async with talking(bot_settings(settings, telegram), telegram) as talk:  # type: ignore[arg-type]
            telegram.fail("file", status=404, times=1)
            telegram.fail("sendMessage", status=500, times=1)
            await talk.ask(talk.ada, photo=MIRRORED)
            try:
                raise RuntimeError(f"http://x/bot{telegram.token.replace(':', '%3A')}/getMe")
            except RuntimeError:
                logging.getLogger("bot").exception("something with %s", telegram.token)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    captured = capfd.readouterr()
    secret = telegram.token.partition(":")[2]
    assert LEFT_OUT in captured.err
    assert secret not in captured.err + captured.out
    assert all(secret not in str(call.params) for call in telegram.calls)
