"""Updates by webhook; other ways that receiving can go wrong."""

import asyncio
import io
import itertools
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
from bot.storage import BotStorage
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
        assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 1
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
        assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 1


async def test_webhook_says_yes_only_to_what_is_stored(
    talk_on: StartTalk, telegram: FakeTelegram, webhook: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, may_write = asyncio.Event(), asyncio.Event()
    store = BotStorage.receive

    async def slow(self: BotStorage, *updates: Any) -> list[int]:
        writing.set()
        await may_write.wait()
        return await store(self, *updates)

    async def full(self: BotStorage, *updates: Any) -> list[int]:
        raise RuntimeError("disk full")

    person = {"id": 1001, "is_bot": False, "first_name": "Ada"}
    message = {"message_id": 1, "date": 1, "chat": {"id": 1001, "type": "private"}, "from": person, "text": "/help"}
    async with talk_on(**webhook) as talk, aiohttp.ClientSession() as session:
        await telegram.until(lambda: any(call.method == "setWebhook" for call in telegram.calls))
        secret = next(call for call in telegram.calls if call.method == "setWebhook").params["secret_token"]

        async def deliver() -> int:
            headers, update = {SECRET_HEADER: secret}, {"update_id": 900_000, "message": message}
            async with session.post(webhook["telegram_webhook"], json=update, headers=headers) as response:
                return response.status

        monkeypatch.setattr(BotStorage, "receive", full)
        assert await deliver() == 500  # Telegram sends it again
        monkeypatch.setattr(BotStorage, "receive", slow)
        delivery = asyncio.create_task(deliver())
        await writing.wait()
        await asyncio.sleep(0.2)
        assert not delivery.done()
        may_write.set()
        assert await delivery == 200
        async with talk.service.database.read() as connection:
            stored = "SELECT count(*) FROM inbox WHERE update_id = 900000"
            assert (await connection.exec_driver_sql(stored)).scalar() == 1


class Sleeps:
    """In place of asyncio in a module: notes each sleep, and ends it when told to, or at once."""

    def __init__(self) -> None:
        self.noted: list[float] = []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def sleep(self, seconds: float) -> None:
        self.noted.append(seconds)
        await self.may_end.wait()


async def test_flood_control_of_getupdates_is_obeyed(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk.settled()
    sleeps = Sleeps()
    sleeps.may_end.clear()
    monkeypatch.setattr("bot.receiving.asyncio", sleeps)
    telegram.fail("getUpdates", status=429, retry_after=7)
    telegram.say(talk.ada, photo=MIRRORED)  # ends the poll that is under way
    await telegram.until(lambda: sleeps.noted)
    polls = len([call for call in telegram.calls if call.method == "getUpdates"])
    telegram.say(talk.ada, photo=MIRRORED)
    await telegram.quiet(0.5)
    assert len([call for call in telegram.calls if call.method == "getUpdates"]) == polls
    assert sleeps.noted == [7]
    sleeps.may_end.set()
    await talk.settled()
    assert len(telegram.sent(talk.ada)) == 2


async def test_polling_waits_longer_and_longer_while_telegram_is_in_trouble(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk.settled()
    sleeps = Sleeps()
    monkeypatch.setattr("bot.receiving.asyncio", sleeps)
    monkeypatch.setattr("aiogram.utils.backoff.normalvariate", lambda mean, _: mean)  # else each is a little off
    telegram.fail("getUpdates", status=502, times=5)
    assert len(await talk.ask(talk.ada, photo=MIRRORED)) == 1
    assert len(sleeps.noted) == 5
    assert all(later == pytest.approx(1.7 * earlier) for earlier, later in itertools.pairwise(sleeps.noted))


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
    assert len(await talk.ask(talk.ada, photo=MIRRORED)) >= 1


async def test_update_of_a_kind_to_come_is_passed_over(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await talk.settled()
    strange = {"message_id": "not a number", "date": 0, "chat": {"id": 1, "type": "private"}}
    telegram.updates.waiting[700_000] = {"update_id": 700_000, "message": strange}
    telegram.say(talk.ada, photo=MIRRORED)
    await talk.settled()
    assert len(telegram.sent(talk.ada)) == 1
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
