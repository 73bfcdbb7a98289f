"""A Bot API server for tests: real HTTP on the loopback, Telegram's rules, every word checked against its schema."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import unquote

import aiohttp
from aiohttp import web

from tests.telegram import schema
from tests.telegram.driving import Driving, Place
from tests.telegram.methods import Methods, NoSuchMethod
from tests.telegram.rules import MAX_DOWNLOAD, Refused
from tests.telegram.updates import Updates
from tests.telegram.wire import answer, error, read, read_parts
from tests.telegram.world import Json, World

Found = TypeVar("Found")
BACKGROUND = ("getUpdates", "sendChatAction")
DESCRIPTIONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    413: "Request Entity Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}


@dataclass(frozen=True)
class Call:
    """A request by the bot; `status` is None until it is answered, 0 where it never was."""

    method: str
    params: Json
    files: dict[str, bytes] = field(repr=False)
    at: float
    status: int | None = None
    result: Any = None


@dataclass
class Fault:
    method: str
    status: int
    retry_after: int
    times: int
    description: str | None
    disconnect: bool
    after: bool
    delay: float


class Dropped(Exception):
    """The connection is to be closed without an answer."""


class FakeTelegram(Driving):
    def __init__(self, token: str = "42:TEST-TOKEN", port: int = 0) -> None:
        super().__init__()
        self.token = token
        self.port = port
        self.me: Json = {
            "id": 42,
            "is_bot": True,
            "first_name": "PicTrace",
            "username": "pictrace_bot",
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": True,
            "supports_guest_queries": True,
        }
        self.violations: list[str] = []
        self.calls: list[Call] = []
        self.downloads: list[str] = []
        self.world = World(self.me)
        self.updates = Updates(lambda update: self._own_words("Update", update), self._tell)
        self.updates.on_reply = self._webhook_reply
        self._methods = Methods(self.world, self.updates)
        self._faults: deque[Fault] = deque()
        self._changed = asyncio.Event()
        self._silent = False
        self._open: set[asyncio.Transport] = set()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    # being there

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/file/{token:bot[^/]+}/{path:.+}", self._download)
        app.router.add_route("*", "/{token:bot[^/]+}/{method}", self._request)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.updates.close()
        assert self._runner is not None
        await self._runner.cleanup()

    async def _listen(self) -> None:
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    def stop_answering(self) -> None:
        """The network is lost: open connections break, new ones are closed without an answer."""
        self._silent = True
        for transport in list(self._open):
            transport.abort()

    def resume(self) -> None:
        self._silent = False
        self._tell()

    async def restart(self, pause: float = 0) -> None:
        """Refuse connections for a while, then listen again on the same port."""
        assert self._site is not None
        for transport in list(self._open):
            transport.abort()
        await self._site.stop()
        await asyncio.sleep(pause)
        self._silent = False
        await self._listen()

    # what comes in

    async def _request(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        if self._silent:
            transport.abort()
            return web.Response(status=503)
        self._open.add(transport)
        try:
            params, files, names = await read(request)
            if unquote(request.match_info["token"]) != f"bot{self.token}":
                return answer(Refused(401, "Unauthorized"))
            status, payload = await self.handle(request.match_info["method"], params, files, names)
        except Dropped:
            transport.abort()
            return web.Response(status=503)
        except Refused as refused:
            return answer(refused)
        finally:
            self._open.discard(transport)
        if self._silent:
            transport.abort()
        return web.json_response(payload, status=status)

    async def handle(
        self, method: str, given: Json, files: dict[str, bytes], names: dict[str, tuple[str, str | None]]
    ) -> tuple[int, Json]:
        """One call by the bot: noted, checked, carried out, answered."""
        method = next((known for known in schema.methods() if known.lower() == method.lower()), method)
        call = Call(method, given, files, asyncio.get_running_loop().time())
        self.calls.append(call)
        self._tell()
        status, payload = 0, {}
        try:
            fault = self._fault(method)
            if fault is not None:
                await asyncio.sleep(fault.delay)
                if fault.disconnect and not fault.after:
                    raise Dropped
                if fault.status != 200 and not fault.disconnect:
                    raise _refusal(fault)
            params = self._checked(method, given, files)
            call = self._note(call, params=params)
            self._methods.names = names
            result = await self._methods.call(method, params, files)
            self._own_words(method, result)
            if fault is not None and fault.disconnect:
                raise Dropped
            status, payload = 200, {"ok": True, "result": result}
        except NoSuchMethod:
            status, payload = 404, error(Refused(404, "Not Found"))
        except Refused as refused:
            if refused.note:
                self.violations.append(f"{method}: {refused.note}")
            status, payload = refused.code, error(refused)
        except Dropped:
            raise
        except Exception as problem:
            self.violations.append(f"{method}: the server itself failed: {problem!r}")
            raise
        finally:
            self._note(call, status=status, result=payload.get("result", payload.get("description")))
            self._tell()
        return status, payload

    def _note(self, call: Call, **known: Any) -> Call:
        told = replace(call, **known)
        for place in range(len(self.calls) - 1, -1, -1):
            if self.calls[place] is call:
                self.calls[place] = told
                break
        return told

    def _checked(self, method: str, given: Json, files: dict[str, bytes]) -> Json:
        if method not in schema.methods():
            raise NoSuchMethod(method)
        try:
            params = schema.check_request(method, given)
            text = json.dumps(params, ensure_ascii=False)
            text.encode()
            for part in files:
                if f"attach://{part}" not in text:
                    raise schema.SchemaViolation(f"{method}: uploaded part {part!r} is not used")
        except schema.SchemaViolation as violation:
            self.violations.append(str(violation))
            raise Refused(400, f"Bad Request: {violation}") from None
        except UnicodeEncodeError:
            raise Refused(400, "Bad Request: strings must be encoded in UTF-8") from None
        return params

    def _own_words(self, what: str, value: Any) -> None:
        """Check what goes out."""
        try:
            if what in schema.methods():
                schema.check_result(what, value)
            else:
                schema.check_type(what, value)
        except schema.SchemaViolation as violation:
            self.violations.append(f"own words: {violation}")

    async def _webhook_reply(self, response: aiohttp.ClientResponse) -> None:
        """A webhook may answer with a method to call."""
        if response.content_type == "multipart/form-data":
            given, files, names = await read_parts(aiohttp.MultipartReader.from_response(response))
        elif response.content_type == "application/json":
            body = json.loads(await response.text() or "{}")
            given, files, names = body if isinstance(body, dict) else {}, {}, {}
        else:
            return
        if "method" in given:
            await self.handle(given.pop("method"), given, files, names)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        assert isinstance(request.transport, asyncio.Transport)
        path = request.match_info["path"]
        self.downloads.append(path)
        fault = None if self._silent else self._fault("file")
        if fault is not None:
            await asyncio.sleep(fault.delay)
        if self._silent or (fault is not None and fault.disconnect):
            request.transport.abort()
            return web.Response(status=503)
        if fault is not None and fault.status != 200:
            return answer(_refusal(fault))
        if unquote(request.match_info["token"]) != f"bot{self.token}":
            return answer(Refused(401, "Unauthorized"))
        stored = self.world.files.paths.get(path)
        if stored is None or stored.size > MAX_DOWNLOAD:
            return answer(Refused(404, "Not Found"))
        return web.Response(body=stored.content, content_type="application/octet-stream")

    # faults

    def heal(self) -> None:
        """No more of the faults that were ordered."""
        self._faults.clear()

    def fail(
        self,
        method: str,
        *,
        status: int = 429,
        retry_after: int = 2,
        times: int = 1,
        description: str | None = None,
        disconnect: bool = False,
        after: bool = False,
        delay: float = 0,
    ) -> None:
        """The next calls of a method fail ("file": downloads, "*": any); a status of 200 with a delay is just slow."""
        self._faults.append(Fault(method, status, retry_after, times, description, disconnect, after, delay))

    def _fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            if fault.method in (method, "*"):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    # what tests look at

    @property
    def pending(self) -> int:
        return self.updates.pending

    @property
    def answers(self) -> dict[str, Json]:
        return self._methods.answers

    @property
    def commands(self) -> dict[tuple[str, int | None, str], list[Json]]:
        return self.world.commands

    @property
    def profile(self) -> dict[tuple[str, str], str]:
        return self.world.profile

    def repeat(self, update_id: int) -> None:
        self.updates.repeat(update_id)

    def messages(self, chat: Place) -> list[Json]:
        where = self.chat(chat)
        return [where.message(message_id) for message_id in where.messages]

    def sent(self, chat: Place | None = None, method: str | None = None) -> list[Json]:
        """The bot's messages as they now stand, in one chat or in all."""
        chats = list(self.world.chats.values()) if chat is None else [self.chat(chat)]
        return [
            where.message(message_id)
            for where in chats
            for message_id, stored in where.messages.items()
            if stored.method is not None and method in (None, stored.method)
        ]

    def guest_answers(self) -> list[Json]:
        """The bot's messages in chats that it is no member of, as they now stand."""
        return [stored.body for stored in self.world.inline_messages.values()]

    def reactions(self, chat: Place, message_id: int) -> list[str]:
        return list(self.chat(chat).messages[message_id].reactions)

    def _tell(self) -> None:
        self._changed.set()

    async def until(self, predicate: Callable[[], Found], timeout: float = 60) -> Found:  # noqa: ASYNC109
        """Wait until the predicate holds; its value."""
        deadline = time.monotonic() + timeout
        while True:
            if found := predicate():
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {timeout} s; {self.summary()}")
            self._changed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), 0.05)

    async def quiet(self, seconds: float = 0.5, *, timeout: float = 30) -> None:  # noqa: ASYNC109
        """Wait until the bot has done nothing for that long, polling and chat actions aside."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        deadline = began + timeout
        while True:
            work = [call for call in self.calls if call.method not in BACKGROUND]
            last = max([began, *(call.at for call in work)])
            if any(call.status is None for call in work):
                last = loop.time()
            left = last + seconds - loop.time()
            if left <= 0:
                return
            if loop.time() > deadline:
                raise AssertionError(f"not quiet within {timeout} s; {self.summary()}")
            await asyncio.sleep(min(max(left, 0.01), 0.05))

    def summary(self, most: int = 12) -> str:
        """The last calls, for messages of failed tests."""
        lines = [f"{self.pending} updates pending, {len(self.calls)} calls, violations: {self.violations}"]
        for call in [call for call in self.calls if call.method != "getUpdates"][-most:]:
            lines.append(f"  {call.method} {_short(call.params)} -> {call.status} {_short(call.result)}")
        return "\n".join(lines)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 160 else shown[:157] + "..."


def _refusal(fault: Fault) -> Refused:
    if fault.status == 429:
        told = fault.description or f"Too Many Requests: retry after {fault.retry_after}"
        return Refused(429, told, retry_after=fault.retry_after)
    return Refused(fault.status, fault.description or DESCRIPTIONS.get(fault.status, "Bad Request"))
