"""Whole bots of two frameworks at the tests' Bot API server: polling, webhooks, a network that goes away."""

import asyncio

import aiogram
import pytest
import telegram as ptb
from aiogram.types import Message
from aiogram.utils.backoff import BackoffConfig
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from tests.telegram.conftest import picture, upload
from tests.telegram.server import FakeTelegram

SOON = BackoffConfig(min_delay=0.05, max_delay=0.1, factor=1.2, jitter=0)


@pytest.fixture
def dispatcher() -> aiogram.Dispatcher:
    """Answers pictures with a picture and words with the same words."""
    made = aiogram.Dispatcher()

    @made.message()
    async def answer(message: Message) -> object:
        if message.photo:
            return message.answer_photo(upload(picture()))
        return message.reply(message.text or "?")

    return made


async def test_a_poller_survives_a_lost_network(
    fake: FakeTelegram, bot: aiogram.Bot, dispatcher: aiogram.Dispatcher
) -> None:
    ada, ben = fake.user(1001, "Ada"), fake.user(1002, "Ben")
    group = fake.group(-1001234, "Friends", members=[ada])
    polling = asyncio.create_task(
        dispatcher.start_polling(bot, polling_timeout=5, handle_signals=False, backoff_config=SOON)
    )
    asked = fake.say(ada, "in private"), fake.say(ada, "to all", chat=group)
    await fake.until(lambda: len(fake.sent()) == 2)
    threaded = fake.say(ben, "me too", chat=group, reply_to=asked[1])
    assert threaded["message_thread_id"] == asked[1]["message_id"]
    assert "is_topic_message" not in threaded
    await fake.until(lambda: len(fake.sent(group)) == 2)
    fake.stop_answering()
    fake.say(ada, photo=picture())
    await asyncio.sleep(0.2)
    assert fake.pending == 1
    fake.resume()
    await fake.until(lambda: fake.sent(ada, "sendPhoto"))
    fake.fail("getUpdates", status=500)
    fake.fail("getUpdates", disconnect=True)
    fake.say(ada, "last")
    await fake.until(lambda: fake.sent(ada)[-1].get("text") == "last")
    await fake.quiet(0.2)
    assert fake.pending == 0
    await dispatcher.stop_polling()
    await polling
    assert fake.violations == []


@pytest.mark.parametrize("in_background", [True, False])
async def test_a_webhook_may_answer_with_a_call(
    fake: FakeTelegram, bot: aiogram.Bot, dispatcher: aiogram.Dispatcher, in_background: bool
) -> None:
    app = web.Application()
    SimpleRequestHandler(dispatcher, bot, handle_in_background=in_background, secret_token="S3CRET").register(
        app, path="/hook"
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await bot.set_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", secret_token="S3CRET")
        ada = fake.user(1001, "Ada")
        for _ in range(3):
            fake.say(ada, photo=picture())
        await fake.until(lambda: len(fake.sent(ada, "sendPhoto")) == 3)
        await fake.until(lambda: fake.pending == 0)
    finally:
        await runner.cleanup()
    assert fake.violations == []


async def test_the_other_frameworks_poller(fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    ada = fake.user(1001, "Ada")
    group = fake.group(-1001234, "Friends", members=[ada])

    async def answer(update: ptb.Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_text("one moment", do_quote=True)
        await update.message.reply_media_group([ptb.InputMediaPhoto(picture()), ptb.InputMediaPhoto(picture())])

    url = f"{fake.url}/bot", f"{fake.url}/file/bot"
    app = Application.builder().token(fake.token).base_url(url[0]).base_file_url(url[1]).build()
    app.add_handler(MessageHandler(filters.ALL, answer))
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling()
        asked = fake.say(ada, "x", chat=group)
        fake.say(ada, "y", chat=group, reply_to=asked)
        await fake.until(lambda: len(fake.sent(group)) == 6)
        await app.updater.stop()
        await app.stop()
    assert fake.violations == []


async def test_privacy_hides_what_is_not_for_the_bot(fake: FakeTelegram) -> None:
    fake.privacy = True
    ada = fake.user(1001, "Ada")
    group = fake.group(-1001234, "Friends", members=[ada])
    for text in ("hello", "/find@other_bot", "/find", "/find@pictrace_bot", "hey @pictrace_bot"):
        fake.say(ada, text, chat=group)
    assert fake.pending == 3
