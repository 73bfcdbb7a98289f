"""The tests' Bot API server, seen by two clients and by plain HTTP."""

import asyncio
from urllib.parse import quote

import aiogram
import aiohttp
import pytest
import telegram as ptb
from aiogram.exceptions import TelegramAPIError
from aiogram.types import InputMediaPhoto, ReplyParameters
from aiohttp import web
from telegram.error import BadRequest

from tests.telegram.conftest import keyboard, picture, post, upload
from tests.telegram.server import FakeTelegram


async def test_both_clients_learn_who_they_are(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    assert (await bot.get_me()).username == "pictrace_bot"
    assert (await other.get_me()).id == fake.me["id"] == 42
    assert [call.method for call in fake.calls] == ["getMe"] * 3  # the second client asks once when it starts
    assert fake.violations == []


async def test_wrong_tokens_and_methods_are_refused_and_encoded_tokens_taken(fake: FakeTelegram) -> None:
    wrong = {"ok": False, "error_code": 401, "description": "Unauthorized"}
    assert await post(fake, "getMe", token="42:WRONG") == (401, wrong)
    assert await post(fake, "getNothing") == (404, {"ok": False, "error_code": 404, "description": "Not Found"})
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{fake.url}/bot{quote(fake.token, safe='')}/getme") as response:
            assert (await response.json())["result"]["id"] == 42
        async with session.get(f"{fake.url}/bot{fake.token}/getChat?chat_id=5") as response:
            assert (await response.json())["description"] == "Bad Request: chat not found"
        async with session.post(f"{fake.url}/bot{fake.token}/getUpdates", data={"limit": "1"}) as response:
            assert (await response.json())["result"] == []


async def test_polling_waits_confirms_and_repeats(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada = fake.user(1001, "Ada", language="ru")
    polling = asyncio.create_task(bot.get_updates(timeout=5))
    await fake.until(lambda: fake.calls and fake.calls[-1].method == "getUpdates")
    fake.say(ada, "/start#1 see https://example.org, #Отпуск @someone")
    (update,) = await polling
    assert update.message is not None
    assert update.message.from_user is not None
    assert update.message.from_user.language_code == "ru"
    found = [(e.type, e.extract_from(update.message.text or "")) for e in update.message.entities or []]
    assert found[1:] == [("url", "https://example.org"), ("hashtag", "#Отпуск"), ("mention", "@someone")]
    assert fake.pending == 1
    assert [u.update_id for u in await other.get_updates()] == [update.update_id]
    assert await bot.get_updates(offset=update.update_id + 1) == []
    assert fake.pending == 0
    fake.repeat(update.update_id)
    assert [u.update_id for u in await bot.get_updates(offset=update.update_id + 1)] == [update.update_id]
    fake.say(ada, "one")
    fake.say(ada, "two")
    assert [u.message.text for u in await other.get_updates(offset=-1) if u.message] == ["two"]
    assert fake.pending == 1


async def test_only_one_poll_at_a_time_and_only_updates_asked_for(fake: FakeTelegram, bot: aiogram.Bot) -> None:
    ada = fake.user(1001, "Ada")
    first = asyncio.create_task(bot.get_updates(timeout=5))
    await fake.until(lambda: fake.calls)
    assert await bot.get_updates(allowed_updates=["callback_query"]) == []
    with pytest.raises(TelegramAPIError, match="terminated by other getUpdates"):
        await first
    fake.say(ada, "unheard")
    assert fake.pending == 0


async def test_photos_come_in_as_ascending_sizes(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada = fake.user(1001, "Ada")
    message = fake.say(ada, photo=picture(2000, 1000), caption="look", spoiler=True)
    again = fake.say(ada, photo=picture(2000, 1000))
    sizes = message["photo"]
    assert [(size["width"], size["height"]) for size in sizes] == [(90, 45), (320, 160), (1280, 640)]
    assert [a["file_unique_id"] for a in sizes] == [b["file_unique_id"] for b in again["photo"]]
    assert not {a["file_id"] for a in sizes} & {b["file_id"] for b in again["photo"]}
    file = await bot.get_file(sizes[-1]["file_id"])
    assert file.file_path is not None
    content = await bot.download_file(file.file_path)
    assert content is not None
    assert content.read() == fake.file(sizes[-1]["file_id"])
    assert bytes(await (await other.get_file(sizes[0]["file_id"])).download_as_bytearray())[:2] == b"\xff\xd8"
    large = fake.say(ada, document=("big.png", picture(), "image/png"), file_size=21 * 2**20)
    assert fake.file(large["document"]["file_id"]) == picture()
    with pytest.raises(BadRequest, match="File is too big"):
        await other.get_file(large["document"]["file_id"])
    assert fake.violations == []


async def test_photos_go_out_by_upload_and_by_id(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada = fake.user(1001, "Ada")
    asked = fake.say(ada, "hello")
    sent = await bot.send_photo(
        ada.id,
        upload(picture()),
        caption="<b>Best</b> &amp; 🏖 <a href='https://example.org/'>link</a>",
        parse_mode="HTML",
        reply_parameters=ReplyParameters(message_id=asked["message_id"]),
        has_spoiler=True,
    )
    assert sent.caption == "Best & 🏖 link"
    assert [(e.type, e.offset, e.length) for e in sent.caption_entities or []] == [("bold", 0, 4), ("text_link", 10, 4)]
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "hello"
    assert sent.has_media_spoiler
    assert sent.photo is not None
    again = await other.send_photo(ada.id, sent.photo[-1].file_id, caption="again")
    assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id
    fresh = await other.send_photo(ada.id, picture(color="red"))
    document = await other.send_document(ada.id, picture(), filename="ä.png")
    assert document.document is not None
    assert document.document.file_name == "ä.png"
    assert fake.file(document.document.file_id) == picture()
    with pytest.raises(BadRequest, match="Can't use file of type document as photo"):
        await other.send_photo(ada.id, document.document.file_id)
    fake.forget_file(fresh.photo[0].file_id)
    with pytest.raises(TelegramAPIError, match="wrong file identifier/HTTP URL specified"):
        await bot.send_photo(ada.id, fresh.photo[-1].file_id)
    assert [message["caption"] for message in fake.sent(ada, "sendPhoto") if "caption" in message][-1] == "again"
    assert [sorted(call.files.values()) for call in fake.calls if call.method == "sendDocument"] == [[picture()]]
    assert fake.violations == []


async def test_albums(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada = fake.user(1001, "Ada")
    came = fake.album(ada, [picture(), picture(color="red")], caption="trip")
    assert came[0]["media_group_id"] == came[1]["media_group_id"]
    assert [message.get("caption") for message in came] == ["trip", None]
    known = came[0]["photo"][-1]["file_id"]
    sent = await bot.send_media_group(
        ada.id, [InputMediaPhoto(media=upload(picture()), caption="x"), InputMediaPhoto(media=known, has_spoiler=True)]
    )
    assert len({message.media_group_id for message in sent}) == 1
    theirs = await other.send_media_group(ada.id, [ptb.InputMediaPhoto(picture()), ptb.InputMediaPhoto(known)])
    assert [message.message_id for message in theirs] == [5, 6]
    for count in (1, 11):
        with pytest.raises(TelegramAPIError, match="album"):
            await bot.send_media_group(ada.id, [InputMediaPhoto(media=known)] * count)
    with pytest.raises(TelegramAPIError, match='#2 with the error message "PHOTO_INVALID_DIMENSIONS'):
        await bot.send_media_group(
            ada.id, [InputMediaPhoto(media=known), InputMediaPhoto(media=upload(picture(2100, 100)))]
        )
    assert len(fake.messages(ada)) == 6


async def test_edits_and_deletions(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada = fake.user(1001, "Ada")
    said = fake.say(ada, "hello")
    sent = await bot.send_message(ada.id, "one", reply_markup=keyboard(callback_data="a"))
    with pytest.raises(TelegramAPIError, match="message is not modified"):
        await bot.edit_message_text("one", chat_id=ada.id, message_id=sent.message_id, reply_markup=sent.reply_markup)
    edited = await other.edit_message_text("two", ada.id, sent.message_id)
    assert isinstance(edited, ptb.Message)
    assert (edited.text, edited.reply_markup, edited.edit_date is not None) == ("two", None, True)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await other.edit_message_text("mine", ada.id, said["message_id"])
    photo = await bot.send_photo(ada.id, upload(picture()), caption="first")
    before = photo.photo[0].file_unique_id if photo.photo else ""
    await other.edit_message_media(
        ptb.InputMediaPhoto(picture(color="red"), caption="second"), ada.id, photo.message_id
    )
    await bot.edit_message_caption(chat_id=ada.id, message_id=photo.message_id, caption="third")
    await other.edit_message_reply_markup(
        ada.id,
        photo.message_id,
        reply_markup=ptb.InlineKeyboardMarkup([[ptb.InlineKeyboardButton("b", callback_data="b")]]),
    )
    now = fake.messages(ada)[-1]
    assert (now["caption"], now["photo"][0]["file_unique_id"] != before) == ("third", True)
    assert now["reply_markup"] == {"inline_keyboard": [[{"text": "b", "callback_data": "b"}]]}
    assert await bot.delete_message(ada.id, photo.message_id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await other.delete_message(ada.id, photo.message_id)
    with pytest.raises(TelegramAPIError, match="message to be replied not found"):
        await bot.send_message(ada.id, "x", reply_parameters=ReplyParameters(message_id=photo.message_id))
    lenient = ReplyParameters(message_id=photo.message_id, allow_sending_without_reply=True)
    assert (await bot.send_message(ada.id, "x", reply_parameters=lenient)).reply_to_message is None
    assert fake.violations == []


async def test_buttons_pressed_are_answered_once(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada = fake.user(1001, "Ada")
    said = fake.say(ada, "hello")
    sent = await bot.send_message(
        ada.id,
        "?",
        reply_markup=keyboard(callback_data="yes:1"),
        reply_parameters=ReplyParameters(message_id=said["message_id"]),
    )
    with pytest.raises(LookupError):
        fake.press(ada, sent.model_dump(), "No")
    query = fake.press(ada, fake.sent(ada)[0], "Pre")
    away = fake.press(ada, fake.sent(ada)[0], "yes:1", inaccessible=True)
    _, pressed, old = await other.get_updates()
    assert pressed.callback_query is not None
    assert pressed.callback_query.data == "yes:1"
    assert pressed.callback_query.message is not None
    assert pressed.callback_query.message.is_accessible
    assert isinstance(pressed.callback_query.message, ptb.Message)
    assert pressed.callback_query.message.reply_to_message is not None
    assert pressed.callback_query.message.reply_to_message.text == "hello"
    assert old.callback_query is not None
    assert old.callback_query.message is not None
    assert not old.callback_query.message.is_accessible
    assert await other.answer_callback_query(query, "Done")
    assert fake.answers[query]["text"] == "Done"
    with pytest.raises(BadRequest, match="query id is invalid"):
        await other.answer_callback_query(query)
    assert await bot.answer_callback_query(away)
    assert fake.violations == []


async def test_reactions(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada = fake.user(1001, "Ada")
    group = fake.group(-1001234, "Friends", members=[ada], reactions=False)
    said = fake.say(ada, "hello")["message_id"]
    assert await other.set_message_reaction(ada.id, said, "👀")
    assert fake.reactions(ada, said) == ["👀"]
    with pytest.raises(BadRequest, match="Reactions_too_many"):
        await other.set_message_reaction(ada.id, said, ["👀", "👍"])
    with pytest.raises(BadRequest, match="Reaction_invalid"):
        await other.set_message_reaction(ada.id, said, "🦆")
    with pytest.raises(BadRequest, match="Reaction_invalid"):
        await other.set_message_reaction(group.id, fake.say(ada, "hello", chat=group)["message_id"], "👀")
    assert await bot.set_message_reaction(ada.id, said, [])
    assert fake.reactions(ada, said) == []


async def test_forums(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada = fake.user(1001, "Ada")
    forum = fake.group(-1005678, "Forum", members=[ada], forum=True)
    thread = fake.topic(forum, "Holidays")
    said = fake.say(ada, photo=picture(), chat=forum, thread=thread)
    assert said["reply_to_message"]["forum_topic_created"]["name"] == "Holidays"
    (update,) = await other.get_updates()
    assert update.message is not None
    answer = await update.message.reply_text("found")
    assert (answer.is_topic_message, answer.message_thread_id) == (True, thread)
    general = await bot.send_message(forum.id, "general")
    assert (general.is_topic_message, general.message_thread_id) == (None, None)
    with pytest.raises(TelegramAPIError, match="message thread not found"):
        await bot.send_message(forum.id, "x", message_thread_id=thread + 50)
    assert fake.violations == []


async def test_everything_people_send_is_understood(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada = fake.user(1001, "Ada", username="ada")
    first = fake.say(ada, "see here", links=[("here", "https://example.org/a.jpg")])
    fake.edit(first, "see there")
    for kind in ("static", "animated", "video"):
        fake.say(ada, sticker=(picture(form="WEBP"), kind))
    fake.say(ada, animation=picture(form="JPEG"), caption="/find@pictrace_bot it")
    fake.say(ada, video=picture())
    fake.say(ada, video=True, file_size=30 * 2**20)
    fake.say(ada, voice=True)
    fake.say(ada, photo=picture(50, 50), forward_from=("News", "news", 77), reply_to=first)
    fake.say(ada, document=("a.bin", b"123", None))
    updates = await bot.get_updates()
    theirs = await other.get_updates()
    assert [u.update_id for u in updates] == [u.update_id for u in theirs]
    forwarded = next(u.message for u in theirs if u.message and u.message.forward_origin)
    assert isinstance(forwarded.forward_origin, ptb.MessageOriginChannel)
    assert forwarded.forward_origin.message_id == 77
    assert len(forwarded.photo) == 1
    assert updates[1].edited_message is not None
    assert updates[1].edited_message.text == "see there"
    assert fake.violations == []


async def test_what_the_bot_tells_about_itself(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    await other.set_my_commands([("find", "Find a picture")], language_code="en")
    assert fake.commands == {("default", None, "en"): [{"command": "find", "description": "Find a picture"}]}
    assert [command.command for command in await bot.get_my_commands(language_code="en")] == ["find"]
    assert await bot.delete_my_commands(language_code="en")
    assert fake.commands == {}
    assert await bot.set_my_description("d" * 512)
    assert await other.set_my_short_description("short", language_code="ru")
    assert fake.profile["setMyShortDescription", "ru"] == "short"
    with pytest.raises(TelegramAPIError):
        await bot.set_my_name("n" * 65)
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await other.set_my_commands([("Find", "Find a picture")])


async def test_webhooks_are_tried_until_they_take_the_update(fake: FakeTelegram, bot: aiogram.Bot) -> None:
    ada = fake.user(1001, "Ada")
    got: list[tuple[str | None, int]] = []

    async def hook(request: web.Request) -> web.Response:
        update = await request.json()
        got.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), update["update_id"]))
        if len(got) == 1:
            return web.Response(status=500)
        return web.json_response({"method": "sendMessage", "chat_id": ada.id, "text": "taken"})

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        fake.say(ada, "before")
        with pytest.raises(TelegramAPIError, match="HTTPS URL must be provided"):
            await bot.set_webhook("http://example.org/hook")
        assert await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token="S3CRET")
        await fake.until(lambda: fake.pending == 0)
        assert got == [("S3CRET", 700001)] * 2
        await fake.until(lambda: fake.sent(ada))
        with pytest.raises(TelegramAPIError, match="can't use getUpdates method while webhook is active"):
            await bot.get_updates()
        info = await bot.get_webhook_info()
        assert (info.pending_update_count, info.last_error_date is not None) == (0, True)
        assert await bot.delete_webhook()
        fake.say(ada, "after")
        await fake.quiet(0.1)
        assert len(got) == 2
        assert len(await bot.get_updates()) == 1
    finally:
        await runner.cleanup()
    assert fake.violations == []
