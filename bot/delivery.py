"""How requests reach Telegram: 429 is obeyed, network loss and Telegram's own trouble are outlasted."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import (
    AnswerCallbackQuery,
    AnswerInlineQuery,
    GetUpdates,
    SendChatAction,
    SetMessageReaction,
    TelegramMethod,
)
from aiogram.methods.base import Response, TelegramType
from aiogram.utils.backoff import Backoff, BackoffConfig

from bot.settings import BotSettings

logger = logging.getLogger(__name__)

BACKOFF = BackoffConfig(min_delay=0.5, max_delay=30, factor=1.7, jitter=0.1)
OUTAGE_S = 3600.0  # of Telegram itself, before one request is given up
TIMEOUT_S = 60

# Requests that are of use only at once: they are better left out than late.
PASSING = (AnswerCallbackQuery, AnswerInlineQuery, GetUpdates, SendChatAction)


class Sending:
    """Lets one answer out at a time: a killed process leaves at most one answer that may or may not have arrived."""

    def __init__(self, at_a_time: int = 1) -> None:
        self._lock = asyncio.Semaphore(at_a_time)
        self._is_mine: ContextVar[bool] = ContextVar("is_mine", default=False)

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        async with self._lock:
            token = self._is_mine.set(True)
            try:
                yield
            finally:
                self._is_mine.reset(token)

    async def pause(self, seconds: float) -> None:
        """Sleep; nobody else waits meanwhile."""
        if not self._is_mine.get():
            await asyncio.sleep(seconds)
            return
        self._lock.release()
        try:
            await asyncio.sleep(seconds)
        finally:
            await self._lock.acquire()


class Persistence(BaseRequestMiddleware):
    """Repeats requests that Telegram has not taken."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        if _is_passing(method):
            return await make_request(bot, method)
        backoff, since = Backoff(BACKOFF), time.monotonic()
        while True:
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                logger.info("%s: Telegram asks for %d s of patience", type(method).__name__, error.retry_after)
                await self._sending.pause(error.retry_after)
            except TelegramEntityTooLarge:
                raise
            except TelegramNetworkError as error:
                delay = next(backoff)
                logger.warning("%s: %s; again in %.1f s", type(method).__name__, error.message, delay)
                await self._sending.pause(delay)
            except (TelegramServerError, ClientDecodeError) as error:
                if time.monotonic() - since > OUTAGE_S:
                    raise
                delay = next(backoff)
                logger.warning("%s: %s; again in %.1f s", type(method).__name__, type(error).__name__, delay)
                await self._sending.pause(delay)


def _is_passing(method: TelegramMethod[Any]) -> bool:
    return isinstance(method, PASSING) or (isinstance(method, SetMessageReaction) and bool(method.reaction))


def create_bot(settings: BotSettings, sending: Sending) -> Bot:
    """A client of the Bot API that the settings name."""
    assert settings.telegram_token
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api), timeout=TIMEOUT_S)
    session.middleware(Persistence(sending))
    default = DefaultBotProperties(parse_mode=ParseMode.HTML, allow_sending_without_reply=True)
    return Bot(settings.telegram_token.get_secret_value(), session=session, default=default)
