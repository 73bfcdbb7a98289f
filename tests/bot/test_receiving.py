"""Updates by webhook; other ways that receiving can go wrong."""

import asyncio
import io
import logging
import socket
from contextlib import suppress
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiogram.exceptions import TelegramUnauthorizedError

from bot.app import opened
from bot.receiving import SECRET_HEADER
from engine import EngineSettings
from tests.bot.conftest import StartTalk, Talk, bot_settings
from tests.conftest import jpeg, photograph
from tests.telegram.server import FakeTelegram

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))


@pytest.fixture
def webhook(unused_port: int) -> dict[str, Any]:
    return {"telegram_webhook": f"http://127.0.0.1:{unused_port}/hook", "telegram_webhook_port": unused_port}


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_webhook_answers_as_polling_does(
    talk_on: StartTalk, telegram: FakeTelegram, webhook: dict[str, Any]
) -> None:
    async with talk_on(**webhook) as talk:
        await telegram.until(lambda: any(call.method == "setWebhook" for call in telegram.calls))
        assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 6
        assert not [call for call in telegram.calls if call.method == "getUpdates"]


async def test_webhook_takes_updates_from_telegram_only(
    talk_on: StartTalk, telegram: FakeTelegram, webhook: dict[str, Any]
) -> None:
    async with talk_on(**webhook) as talk, aiohttp.ClientSession() as session:
        await telegram.until(lambda: any(call.method == "setWebhook" for call in telegram.calls))
        secret = next(call for call in telegram.calls if call.method == "setWebhook").params["secret_token"]
        assert len(secret) >= 32
        update = {"update_id": 5, "message": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}}
        url = webhook["telegram_webhook"]
        for headers in ({}, {SECRET_HEADER: "wrong"}, {SECRET_HEADER: secret[:-1]}, {SECRET_HEADER: "ключ"}):
            async with session.post(url, json=update, headers=headers) as response:
                assert response.status == 403
        right = {SECRET_HEADER: secret}
        for body in (b"", b"no json", b"[]", b'{"update_id": "x"}', b'{"update_id": 6, "message": {"date": []}}'):
            async with session.post(url, data=body, headers=right) as response:
                assert response.status == 200  # or Telegram would send it again and again
        async with session.post(url, data=io.BytesIO(b"x" * 2_000_000), headers=right) as response:
            assert response.status == 413
        async with session.get(url, headers=right) as response:
            assert response.status == 405
        async with session.post(f"{url}/other", json=update, headers=right) as response:
            assert response.status == 404
        assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 6


async def test_polling_takes_over_from_a_webhook(
    talk_on: StartTalk, telegram: FakeTelegram, webhook: dict[str, Any]
) -> None:
    async with talk_on(**webhook):
        await telegram.until(lambda: any(call.method == "setWebhook" for call in telegram.calls))
    async with talk_on(filled=False) as talk:
        assert len(await talk.ask(talk.ada, photo=MIRRORED)) >= 1


async def test_second_program_with_the_same_token_is_named_in_the_log(
    talk: Talk, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.fail("getUpdates", status=409, description="Conflict: terminated by other getUpdates request", times=2)
    telegram.say(talk.ada, "/help")  # ends the poll that is under way
    await telegram.until(lambda: "another program is asking for this bot's messages" in caplog.text)
    assert len(await talk.ask(talk.ada, photo=MIRRORED)) >= 6


async def test_update_of_a_kind_to_come_is_passed_over(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await talk.settled()
    strange = {"message_id": "not a number", "date": 0, "chat": {"id": 1, "type": "private"}}
    telegram.updates.waiting[700_000] = {"update_id": 700_000, "message": strange}
    telegram.say(talk.ada, photo=MIRRORED)
    await talk.settled()
    assert len(telegram.sent(talk.ada)) == 6
    assert "could not be read, and is passed over" in caplog.text
    assert telegram.pending == 0
    telegram.violations.clear()  # the server noticed too


async def test_token_that_became_void_ends_the_bot(settings: EngineSettings, telegram: FakeTelegram) -> None:
    async with opened(bot_settings(settings, telegram)) as application:
        telegram.fail("getUpdates", status=401, description="Unauthorized")
        running = asyncio.create_task(application.run())
        with pytest.raises(TelegramUnauthorizedError):
            await asyncio.wait_for(running, 20)


async def test_bot_starts_though_telegram_cannot_be_reached_yet(
    settings: EngineSettings, telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    telegram.fail("getMe", status=502, times=2)
    async with opened(bot_settings(settings, telegram)) as application:
        assert application.me.id == 42
        running = asyncio.create_task(application.run())
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
