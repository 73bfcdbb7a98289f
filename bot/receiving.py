"""How updates come in: by long polling, or by webhook."""

import asyncio
import hmac
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import Update
from aiogram.utils.backoff import Backoff
from aiohttp import web
from pydantic import ValidationError

from bot.delivery import BACKOFF
from bot.inbox import Inbox
from bot.settings import BotSettings
from engine import LibraryError

logger = logging.getLogger(__name__)

ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
POLL_S = 25
MAX_UPDATE_BYTES = 1024 * 1024
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


def allowed_updates(settings: BotSettings) -> list[str]:
    """The kinds of updates that the bot asks Telegram for."""
    guests = ["guest_message"] if settings.bot_guests else []
    return [*ALLOWED_UPDATES, *guests, *(["inline_query"] if settings.bot_inline != "off" else [])]


async def poll(bot: Bot, inbox: Inbox, settings: BotSettings) -> None:
    """Long polling, until cancelled. What is stored is acknowledged with the next call, and not before."""
    with suppress(TelegramBadRequest):  # getUpdates will say what is wrong
        await bot.delete_webhook()
    offset: int | None = None
    backoff = Backoff(BACKOFF)
    while True:
        updates = await _get(bot, offset, backoff, allowed_updates(settings))
        if updates is None:
            continue
        if updates:
            if not await _stored(updates, inbox, backoff):
                continue
            offset = updates[-1].update_id + 1
        backoff.reset()


@asynccontextmanager
async def webhook(bot: Bot, inbox: Inbox, settings: BotSettings) -> AsyncIterator[int]:
    """Serve the webhook, with a secret that only Telegram knows; yields the port."""
    assert settings.telegram_webhook
    secret = secrets.token_urlsafe(32)

    async def receive(request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return web.Response(status=403)
        try:
            update = Update.model_validate(await request.json(), context={"bot": bot})
        except (ValidationError, ValueError) as error:
            logger.error("an update could not be read, and is passed over: %s", type(error).__name__)
            return web.Response()
        await inbox.receive([update])  # Telegram repeats what was not answered with 200
        return web.Response()

    application = web.Application(client_max_size=MAX_UPDATE_BYTES)
    application.router.add_post(urlsplit(settings.telegram_webhook).path or "/", receive)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.telegram_webhook_host, settings.telegram_webhook_port)
        await site.start()
        await bot.set_webhook(settings.telegram_webhook, secret_token=secret, allowed_updates=allowed_updates(settings))
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _get(bot: Bot, offset: int | None, backoff: Backoff, allowed: list[str]) -> list[Update] | None:
    """The next updates; where Telegram gives none, None after a pause."""
    try:
        return await bot.get_updates(
            offset=offset, timeout=POLL_S, allowed_updates=allowed, request_timeout=POLL_S + 10
        )
    except ClientDecodeError as error:
        if updates := _readable(error.data, bot):
            return updates
        await asyncio.sleep(next(backoff))
    except TelegramRetryAfter as error:
        await asyncio.sleep(error.retry_after)
    except TelegramConflictError:
        delay = next(backoff)
        logger.error("another program is asking for this bot's messages; stop it. Again in %.0f s", delay)
        await asyncio.sleep(delay)
    except (TelegramUnauthorizedError, TelegramNotFound):
        raise
    except TelegramAPIError as error:
        delay = next(backoff)
        logger.warning("Telegram gives no updates (%s); again in %.1f s", error.message, delay)
        await asyncio.sleep(delay)
    return None


async def _stored(updates: list[Update], inbox: Inbox, backoff: Backoff) -> bool:
    """Whether updates are stored now; where they could not be, after a pause."""
    try:
        await inbox.receive(updates)
    except Exception as error:
        delay = next(backoff)
        unforeseen = not isinstance(error, LibraryError)
        logger.error("updates could not be stored (%s); again in %.1f s", error, delay, exc_info=unforeseen)
        await asyncio.sleep(delay)
        return False
    return True


def _readable(data: Any, bot: Bot) -> list[Update]:
    """The updates that can be read, of an answer with some that cannot: a new kind must not stop the others."""
    found: list[Update] = []
    for one in data.get("result", []) if isinstance(data, dict) else []:
        try:
            found.append(Update.model_validate(one, context={"bot": bot}))
        except ValidationError:
            logger.error("an update could not be read, and is passed over")
            if isinstance(one, dict) and isinstance(one.get("update_id"), int):
                found.append(Update(update_id=one["update_id"]))  # so that it is acknowledged
    return found
