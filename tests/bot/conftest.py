"""What tests of the bot share: the whole bot on a real library, polling a Bot API server on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import pytest
from aiogram import Bot
from aiogram.methods import TelegramMethod
from teremok.validation import validate_method

from bot.app import Application, opened
from bot.settings import BotSettings
from engine import EngineSettings, SearchService
from tests.conftest import Templates, add_photographs, put_photographs
from tests.telegram.server import FakeTelegram

ADMIN_ID, ADA_ID, BORIS_ID = 500, 1001, 1002
Json = dict[str, Any]


class Talk:
    """Telegram, the bot that answers in it, and the library behind."""

    def __init__(self, telegram: FakeTelegram, application: Application, service: SearchService) -> None:
        self.telegram = telegram
        self.application = application
        self.service = service
        self.ada = self._person(ADA_ID, "Ada", "en")
        self.boris = self._person(BORIS_ID, "Boris", "ru")
        self.admin = self._person(ADMIN_ID, "Admin", "en")

    async def said(self, chat: Any, count: int = 1, *, after: int = 0) -> list[Json]:
        """The bot's messages in a chat with ids above `after`, once there are `count` and all is answered."""
        await self.telegram.until(lambda: len(self._after(chat, after)) >= count)
        await self.settled()
        return self._after(chat, after)

    async def ask(self, user: Any, *args: Any, **how: Any) -> list[Json]:
        """Send something as a person; the bot's answer."""
        message = self.telegram.say(user, *args, **how)
        chat = how.get("chat", user)
        return await self.said(chat, after=message["message_id"])

    async def press(self, user: Any, message: Json, button: str) -> list[Json]:
        """Press a button; what the bot sends then."""
        chat = message["chat"]["id"]
        last = self.telegram.messages(chat)[-1]["message_id"]
        callback = self.telegram.press(user, message, button)
        await self.telegram.until(lambda: callback in self.telegram.answers)
        await self.settled()
        return self._after(chat, last)

    async def settled(self) -> None:
        """Wait until all that was asked is answered."""
        inbox = self.application.inbox
        await self.telegram.until(lambda: self.telegram.pending == 0 and inbox.is_idle, timeout=60)
        await self.telegram.quiet(0.05)

    def now(self, message: Json) -> Json:
        """A message as it stands now."""
        chat, number = message["chat"]["id"], message["message_id"]
        return next(one for one in self.telegram.messages(chat) if one["message_id"] == number)

    def _person(self, user_id: int, name: str, language: str) -> Any:
        known = self.telegram.world.users.get(user_id)  # from before a restart of the bot
        return known or self.telegram.user(user_id, name, language=language)

    def _after(self, chat: Any, after: int) -> list[Json]:
        return [one for one in self.telegram.sent(chat) if one["message_id"] > after]


def texts(messages: list[Json]) -> list[str]:
    """What messages say."""
    return [one.get("text") or one.get("caption") or "" for one in messages]


def labels(message: Json) -> list[list[str]]:
    """The buttons of a message, row by row."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [[button["text"] for button in row] for row in rows]


async def second_opinion(make_request: Any, bot: Bot, method: TelegramMethod[Any]) -> Any:
    """What another's reading of Telegram's rules says of every request."""
    validate_method(bot, method)
    return await make_request(bot, method)


@asynccontextmanager
async def talking(settings: BotSettings, telegram: FakeTelegram) -> AsyncIterator[Talk]:
    """The bot, running in this process."""
    async with opened(settings) as application:
        application.bot.session.middleware(second_opinion)
        running = asyncio.create_task(application.run())
        try:
            yield Talk(telegram, application, application.service)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


StartTalk = Callable[..., AbstractAsyncContextManager[Talk]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for is looked for more often than people need."""
    monkeypatch.setattr("bot.watching.EVERY_S", 0.2)


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server
        assert server.violations == []


def bot_settings(settings: EngineSettings, telegram: FakeTelegram, **changes: Any) -> BotSettings:
    own: dict[str, Any] = {
        "telegram_token": telegram.token,
        "telegram_api": telegram.url,
        "admin_ids": (ADMIN_ID,),
        "bot_cooldown_s": 0,
        "data_dir": settings.data_dir,
        "database_url": settings.database_url,
        "workers": 2,
    }
    return BotSettings(_env_file=None, **own | changes)


@pytest.fixture
def talk_on(settings: EngineSettings, telegram: FakeTelegram, templates: Templates) -> StartTalk:
    """Starts a bot on a library: `filled` with the photographs, or empty; other arguments are settings."""

    @asynccontextmanager
    async def opened_talk(*, filled: bool = True, **changes: Any) -> AsyncIterator[Talk]:
        made = bot_settings(settings, telegram, **changes)
        is_put = filled and put_photographs(templates, made)
        async with talking(made, telegram) as talk:
            if filled and not is_put:
                await add_photographs(talk.service)
            yield talk

    return opened_talk


@pytest.fixture
async def talk(talk_on: StartTalk) -> AsyncIterator[Talk]:
    async with talk_on() as opened_talk:
        yield opened_talk
