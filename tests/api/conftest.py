"""What tests of the API share: the application on a real uvicorn, on loopback, and a client that asks it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn

from api.app import create_app
from api.serving import listening_socket, uvicorn_options
from api.settings import ApiSettings
from engine import EngineSettings, SearchService
from tests.conftest import SHIPPED, Templates, add_photographs, put_photographs

DESCRIPTORS = 4096  # so many files and sockets the served application may have open
ADMIN, SEARCH = "admin-key-for-tests-0", "search-key-for-tests"


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The stable code of a problem, its form checked."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        problem = self.json
        assert problem["status"] == self.status
        assert problem["detail"].rstrip().endswith((".", ")", "?"))
        assert "Traceback" not in problem["detail"]
        return str(problem["code"])


class Client:
    """Asks one server, as the admin by default."""

    def __init__(self, session: aiohttp.ClientSession, url: str, service: SearchService) -> None:
        self.session = session
        self.url = url
        self.service = service

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        key: str | None = ADMIN,
        json: Any = None,
        data: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {key}"} if key else {})
        async with self.session.request(method, self.url + path, json=json, data=data, headers=sent) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **how: Any) -> Answer:
        return await self("GET", path, **how)

    async def search(self, content: bytes, *, name: str = "query.jpg", key: str | None = ADMIN, **wish: Any) -> Answer:
        return await self("POST", "/v1/search", data=form(content, name, **wish), key=key)

    async def add(self, content: bytes, *, name: str = "new.jpg", key: str | None = ADMIN, **said: Any) -> Answer:
        return await self("POST", "/v1/images", data=form(content, name, **said), key=key)


def form(content: bytes, name: str, **fields: Any) -> aiohttp.FormData:
    data = aiohttp.FormData(quote_fields=False)  # as browsers do
    for field, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            data.add_field(field, str(one))
    data.add_field("file", BytesIO(content), filename=name, content_type="application/octet-stream")
    return data


def uvicorn_config(app: Any, settings: ApiSettings, **how: Any) -> uvicorn.Config:
    """As `pictrace-api` sets uvicorn up; only the log is left to pytest, and stopping is quicker."""
    quiet = {"log_config": None, "log_level": "error", "timeout_graceful_shutdown": 5}
    return uvicorn.Config(app, **uvicorn_options(settings, descriptors=DESCRIPTORS, **how) | quiet)


@asynccontextmanager
async def serving(settings: ApiSettings) -> AsyncIterator[Client]:
    """The application in this process, on a port of its own."""
    app = create_app(settings)
    listening = listening_socket("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn_config(app, settings))
    task = asyncio.create_task(server._serve([listening]))
    while not server.started:
        assert not task.done(), task.exception()
        await asyncio.sleep(0.01)
    port = listening.getsockname()[1]
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield Client(session, f"http://127.0.0.1:{port}", app.state.running.service)
    finally:
        server.should_exit = True
        await task


Serve = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def serve(settings: EngineSettings, templates: Templates) -> Serve:
    """Serves a library: `filled` with the photographs, or empty; other arguments are settings."""

    @asynccontextmanager
    async def opened(*, filled: bool = True, **changes: Any) -> AsyncIterator[Client]:
        library = {"data_dir": settings.data_dir, "database_url": settings.database_url}
        own = {"admin_key": ADMIN, "rate_limit": 0, "workers": 2, **library}
        made = ApiSettings(_env_file=None, **own | changes)
        is_put = filled and put_photographs(templates, made)
        async with serving(made) as client:
            if filled and not is_put:
                await add_photographs(client.service)
            yield client

    return opened


@pytest.fixture
async def api(serve: Serve) -> AsyncIterator[Client]:
    async with serve() as client:
        yield client


def shipped(name: str) -> bytes:
    return Path(SHIPPED / name).read_bytes()
