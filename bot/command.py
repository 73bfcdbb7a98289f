"""`pictrace-bot`: answers in Telegram until it is told to stop."""

import asyncio
import logging
import signal
import sys
from contextlib import suppress

import typer
from aiogram.exceptions import TelegramAPIError, TelegramNotFound, TelegramUnauthorizedError
from rich.console import Console
from rich.markup import escape

from bot.app import opened
from bot.settings import BotSettings
from engine import (
    InvalidSetting,
    LogFormatter,
    PicTraceError,
    RepeatLimit,
    UnknownNetwork,
    configured_secrets,
    prepare_streams,
    unknown_variables,
)

err = Console(stderr=True, highlight=False)
WRONG_USE = 2  # exit status, as the shell has it

NO_TOKEN = (
    "PICTRACE_TELEGRAM_TOKEN is not set: write /newbot to @BotFather in Telegram, and put the token that it gives you "
    "into that variable or into a .env file."
)


def serve() -> None:
    """Answer pictures in Telegram, beside `pictrace-api`, on the same library.

    Settings come from the environment or a .env file: PICTRACE_TELEGRAM_TOKEN is the bot's token, PICTRACE_ADMIN_IDS
    says who may add and remove; docs/reference/settings.md has all of them.
    """
    try:
        settings = BotSettings.load()
        for sentence in unknown_variables():
            err.print(escape(sentence), soft_wrap=True)
        if settings.telegram_token is None:
            _fail(NO_TOKEN, WRONG_USE)
        _log()
        asyncio.run(_run(settings))
    except PicTraceError as error:
        _fail(f"{error} ({error.code})", WRONG_USE if isinstance(error, InvalidSetting | UnknownNetwork) else 1)
    except (TelegramUnauthorizedError, TelegramNotFound):
        _fail("Telegram does not know the token in PICTRACE_TELEGRAM_TOKEN: ask @BotFather for it with /token.")
    except TelegramAPIError as error:
        _fail(f"Telegram refused to go on: {error.message}.")
    except OSError as error:
        _fail(f"The bot cannot go on: {error.strerror or error}.")
    except KeyboardInterrupt:
        pass


def main() -> None:
    """What `pictrace-bot` does once its modules are there."""
    prepare_streams()
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command()(serve)
    app()


async def _run(settings: BotSettings) -> None:
    async with opened(settings) as application:
        name = application.me.username or ""
        at = f"[bold]@{escape(name)}[/bold], https://t.me/{escape(name)}"
        err.print(f"PicTrace answers as {at}    Ctrl-C stops it", soft_wrap=True)
        if not settings.admin_ids:
            err.print(
                "Nobody may add pictures by the bot yet: write /start to it, and put the id that it tells you into "
                "PICTRACE_ADMIN_IDS.",
                soft_wrap=True,
            )
        running = asyncio.create_task(application.run())
        loop = asyncio.get_running_loop()
        for stop in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(stop, running.cancel)
        with suppress(asyncio.CancelledError):
            await running


def _log() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter(configured_secrets()))
    handler.addFilter(RepeatLimit())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("bot").setLevel(logging.INFO)


def _fail(sentence: str, status: int = 1) -> None:
    err.print(f"[red]{escape(sentence)}[/red]", soft_wrap=True)
    raise typer.Exit(status) from None
