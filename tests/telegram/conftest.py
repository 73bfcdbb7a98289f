"""The server, and two clients of it that know nothing of each other."""

import io
from collections.abc import AsyncIterator
from typing import Any

import aiogram
import aiohttp
import pytest
import telegram as ptb
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup
from PIL import Image
from telegram.request import HTTPXRequest

from tests.telegram.server import FakeTelegram

Json = dict[str, Any]


def picture(width: int = 640, height: int = 480, form: str = "PNG", color: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), color).save(out, form)
    return out.getvalue()


def upload(content: bytes, name: str = "a.png") -> BufferedInputFile:
    return BufferedInputFile(content, name)


def keyboard(**action: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Press", **action)]])


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
async def bot(fake: FakeTelegram) -> AsyncIterator[aiogram.Bot]:
    async with aiogram.Bot(
        fake.token, session=AiohttpSession(api=TelegramAPIServer.from_base(fake.url), timeout=10)
    ) as client:
        yield client


@pytest.fixture
async def other(fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ptb.Bot]:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # it warns without
    async with ptb.Bot(
        fake.token,
        base_url=f"{fake.url}/bot",
        base_file_url=f"{fake.url}/file/bot",
        request=HTTPXRequest(httpx_kwargs={"trust_env": False}),
        get_updates_request=HTTPXRequest(httpx_kwargs={"trust_env": False}),
    ) as client:
        yield client


async def post(fake: FakeTelegram, method: str, body: Json | None = None, token: str | None = None) -> tuple[int, Json]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{fake.url}/bot{token or fake.token}/{method}", json=body or {}) as response,
    ):
        return response.status, await response.json()
