"""A server that a webhook is sent to, on loopback; it checks each signature as any receiver would."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook as Receiving

SECRET = "whsec_" + base64.b64encode(b"x" * 32).decode()
PATH = "/hook/s3cret-path?token=s3cret-query"
LONGEST_S = 60


@dataclass
class Receiver:
    """What was sent. `answers` are the statuses that it gives, the last one for ever; some `pictures` it refuses."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [204])
    refused: set[int] = field(default_factory=set)
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # ids and verified events
    elsewhere: int = 0  # requests that no webhook should make

    @property
    def told(self) -> list[tuple[str, int]]:
        """Types and pictures."""
        return [(event["type"], event["data"]["id"]) for _, event in self.got]

    @property
    def settings(self) -> dict[str, str]:
        return {"webhook_url": self.url, "webhook_secret": SECRET}

    async def take(self, request: web.Request) -> web.Response:
        body = await request.text()
        event = Receiving(SECRET).verify(body, dict(request.headers))
        assert event == json.loads(body)
        assert request.path_qs == PATH
        self.got.append((request.headers["webhook-id"], event))
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if event["data"]["id"] in self.refused:
            status = 400
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})

    async def take_elsewhere(self, request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response()


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """A receiver, and a webhook that looks more often than people need."""
    monkeypatch.setattr("engine.library.webhook.EVERY_S", 0.01)
    async with receiving() as made:
        yield made


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    made, app = Receiver(), web.Application()
    app.router.add_post("/hook/{path}", made.take)
    app.router.add_route("*", "/elsewhere", made.take_elsewhere)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/") + PATH
        yield made


async def until(is_so: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is."""
    async with asyncio.timeout(LONGEST_S):
        while True:
            found = is_so()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)
