"""Messages by way of results: answers of a guest, and pictures that are listed while somebody writes."""

import aiogram
import pytest
import telegram as ptb
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    InlineQueryResultArticle,
    InlineQueryResultCachedPhoto,
    InlineQueryResultUnion,
    InputMediaPhoto,
    InputTextMessageContent,
)
from telegram.error import BadRequest

from tests.telegram.conftest import picture, post, upload
from tests.telegram.server import FakeTelegram


def words(text: str) -> InlineQueryResultArticle:
    content = InputTextMessageContent(message_text=text)
    return InlineQueryResultArticle(id="1", title="words", input_message_content=content)


async def test_guest_is_shown_the_message_and_what_it_replies_to(
    fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot
) -> None:
    ada = fake.user(1001, "Ada")
    elsewhere = fake.group(-1007, "Elsewhere")
    posted = fake.say(ada, photo=picture(), chat=elsewhere)
    fake.summon(ada, "@pictrace_bot", chat=elsewhere, reply_to=posted)
    *_, update = await bot.get_updates()
    assert update.guest_message
    assert update.guest_message.guest_query_id
    assert update.guest_message.reply_to_message
    assert update.guest_message.reply_to_message.photo
    *_, seen = await other.get_updates()
    assert seen.guest_message
    assert seen.guest_message.guest_query_id == update.guest_message.guest_query_id
    with pytest.raises(TelegramForbiddenError):
        await bot.send_message(elsewhere.id, "hello")
    assert fake.violations == []


async def test_both_clients_answer_a_guest_once_and_edit_what_they_said(
    fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot
) -> None:
    ada = fake.user(1001, "Ada")
    elsewhere = fake.group(-1007, "Elsewhere")
    shown = await bot.send_photo((fake.say(ada, "hello"))["chat"]["id"], upload(picture()))
    assert shown.photo
    first, second = (fake.summon(ada, "@pictrace_bot", chat=elsewhere)["guest_query_id"] for _ in range(2))
    mine = await bot.answer_guest_query(first, words("one moment"))
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_guest_query(first, words("again"))
    theirs = await other.answer_guest_query(
        second, ptb.InlineQueryResultArticle("1", "words", ptb.InputTextMessageContent("one <moment"))
    )
    assert mine.inline_message_id != theirs.inline_message_id
    assert [one["text"] for one in fake.guest_answers()] == ["one moment", "one <moment"]
    assert await bot.edit_message_text("done", inline_message_id=mine.inline_message_id) is True
    assert await other.edit_message_text("done too", inline_message_id=theirs.inline_message_id) is True
    with pytest.raises(TelegramBadRequest, match="not modified"):
        await bot.edit_message_text("done", inline_message_id=mine.inline_message_id)
    media = InputMediaPhoto(media=shown.photo[-1].file_id, caption="a picture")
    assert await bot.edit_message_media(media, inline_message_id=mine.inline_message_id) is True
    assert fake.guest_answers()[0]["caption"] == "a picture"
    with pytest.raises(TelegramBadRequest, match="no text in the message"):
        await bot.edit_message_text("words", inline_message_id=mine.inline_message_id)
    with pytest.raises(BadRequest, match=r"(?i)message_id_invalid"):
        await other.edit_message_text("x", inline_message_id="unknown")
    assert fake.violations == []
    with pytest.raises(TelegramBadRequest, match="can't be uploaded"):
        await bot.edit_message_media(
            InputMediaPhoto(media=upload(picture())), inline_message_id=theirs.inline_message_id
        )
    assert len(fake.violations) == 1


async def test_inline_queries_are_answered_once_and_within_the_rules(
    fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot
) -> None:
    ada = fake.user(1001, "Ada")
    sent = await bot.send_photo((fake.say(ada, "hello"))["chat"]["id"], upload(picture()))
    assert sent.photo
    file_id = sent.photo[-1].file_id
    queries = [fake.inline(ada, "harbour") for _ in range(4)]
    updates = await bot.get_updates(allowed_updates=["inline_query"])
    assert [one.inline_query.query for one in updates if one.inline_query] == ["harbour"] * 4
    photo = InlineQueryResultCachedPhoto(id="7", photo_file_id=file_id, caption="<b>bold</b>", parse_mode="HTML")
    assert await bot.answer_inline_query(queries[0], [photo], is_personal=True)
    told = fake.world.inline_queries[queries[0]]
    assert told
    assert told["results"][0]["photo_file_id"] == file_id
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_inline_query(queries[0], [photo])
    assert await other.answer_inline_query(queries[1], [ptb.InlineQueryResultCachedPhoto("7", file_id)])
    with pytest.raises(TelegramBadRequest, match="RESULT_ID_DUPLICATE"):
        await bot.answer_inline_query(queries[2], [photo, photo])
    stale = InlineQueryResultCachedPhoto(id="8", photo_file_id="unknown")
    with pytest.raises(TelegramBadRequest, match="wrong file identifier"):
        await bot.answer_inline_query(queries[2], [stale])
    many: list[InlineQueryResultUnion] = [
        InlineQueryResultCachedPhoto(id=str(at), photo_file_id=file_id) for at in range(51)
    ]
    with pytest.raises(TelegramBadRequest, match="RESULTS_TOO_MUCH"):
        await bot.answer_inline_query(queries[2], many)
    assert fake.violations == []


@pytest.mark.parametrize(
    "result",
    [
        {"type": "photo", "id": "1"},
        {"type": "article", "id": "1", "title": "x"},
        {"type": "picture", "id": "1", "photo_file_id": "x"},
        {"type": "photo", "id": "1", "photo_file_id": "x", "size": 3},
    ],
)
async def test_results_that_are_not_of_the_schema_are_violations(fake: FakeTelegram, result: dict[str, object]) -> None:
    ada = fake.user(1001, "Ada")
    query = fake.inline(ada, "x")
    status, _ = await post(fake, "answerInlineQuery", {"inline_query_id": query, "results": [result]})
    assert status == 400
    assert len(fake.violations) == 1


async def test_edits_by_people_reach_the_bot(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada = fake.user(1001, "Ada")
    sent = fake.say(ada, photo=picture(), caption="ad")
    fake.edit(sent, "/add")
    _, update = await bot.get_updates()
    assert update.edited_message
    assert update.edited_message.caption == "/add"
    assert update.edited_message.edit_date
    _, seen = await other.get_updates()
    assert seen.edited_message
    assert seen.edited_message.caption == "/add"
    assert fake.violations == []


async def test_several_messages_are_deleted_at_once(fake: FakeTelegram, bot: aiogram.Bot) -> None:
    ada = fake.user(1001, "Ada")
    fake.say(ada, "hello")
    sent = [await bot.send_message(ada.id, text) for text in ("one", "two")]
    assert await bot.delete_messages(ada.id, [*(one.message_id for one in sent), 99])
    assert fake.sent(ada) == []
