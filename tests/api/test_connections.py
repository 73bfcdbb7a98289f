"""Clients that hold connections without using them: they are given up, and shut nobody out."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from api.addresses import Exempt
from api.command import _listen
from api.connections import Patience
from api.ledger import Ledger, backlog_of, most_of, reserve_of
from api.serving import LOGGING, STARTING_S, each_address, listening_socket, uvicorn_options
from api.settings import ApiSettings
from engine.pictures.fetch import Fetched
from tests.api.conftest import Serve, shipped, uvicorn_config

LONG_S = 30  # after which a test is broken
PIECE = b"x" * 65_536
PIECES = 400  # more than the system's buffers hold


@dataclass
class Application:
    """Answers by its path; what waits, waits for `may_go_on`."""

    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    received: int = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Callable[..., Awaitable[None]]) -> None:
        self.begun.put_nowait(scope["path"])
        if scope["path"].startswith("/wait"):
            await self.may_go_on.wait()
        if scope["path"].endswith("/read"):
            more = True
            while more:
                message = await receive()
                self.received += len(message.get("body", b""))
                more = message.get("more_body", False)
        pieces = PIECES if scope["path"] == "/large" else 1
        content = PIECE if scope["path"] == "/large" else b"hello"
        length = str(len(content) * pieces).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        for n in range(pieces):
            await send({"type": "http.response.body", "body": content, "more_body": n + 1 < pieces})


def nobody(host: str) -> bool:
    return False


@dataclass
class Running:
    """A server with the application above."""

    port: int
    application: Application
    ledger: Ledger
    server: uvicorn.Server

    async def connect(self, first: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(first)
        return reader, writer

    async def has(self, connections: int) -> None:
        async with asyncio.timeout(LONG_S):
            while len(self.ledger) != connections:  # noqa: ASYNC110 - nothing else tells
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    *, most: int = 100, most_each: int = 100, exempt: Callable[[str], bool] = nobody, **patience: float
) -> AsyncIterator[Running]:
    listening = listening_socket("127.0.0.1", 0)
    ledger, application = Ledger(most=most, most_each=most_each, exempt=exempt), Application()
    settings = ApiSettings(_env_file=None)
    config = uvicorn_config(application, settings, ledger=ledger, patience=Patience(**patience))
    config.lifespan = "off"
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listening]))
    while not server.started:
        assert not task.done(), task.exception()
        await asyncio.sleep(0.01)
    try:
        yield Running(listening.getsockname()[1], application, ledger, server)
    finally:
        application.may_go_on.set()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        server.should_exit = True
        await task


def request(path: str = "/", *, body: int = 0, **headers: str) -> bytes:
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {body}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the server hangs up, which it must."""
    with suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), LONG_S)
    return b""


async def answer(reader: asyncio.StreamReader) -> bytes:
    """One answer of the application, the connection being kept."""
    return await asyncio.wait_for(reader.readuntil(b"hello"), LONG_S)


async def drip(writer: asyncio.StreamWriter, piece: bytes = b"x") -> None:
    """A byte now and then, until the server hangs up."""
    with suppress(ConnectionError):
        for _ in range(200):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.03)


async def after_drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    dripping = asyncio.create_task(drip(writer))
    said = await rest(reader)
    dripping.cancel()
    writer.close()
    return said


async def test_headers_that_trickle_in_are_given_up() -> None:
    async with running(headers_s=0.3) as server:
        said = await after_drip(*await server.connect(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "))
        assert said.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert b'"code": "body_too_slow"' in said
        await server.has(0)


async def test_silent_connection_is_closed_without_an_answer() -> None:
    async with running(headers_s=0.2) as server:
        reader, writer = await server.connect()
        assert await rest(reader) == b""
        writer.close()


@pytest.mark.parametrize("is_pipelined", [False, True])
async def test_headers_of_a_later_request_have_a_deadline_too(is_pipelined: bool) -> None:
    async with running(headers_s=1) as server:
        begun = b"GET / HTTP/1.1\r\nX: "
        reader, writer = await server.connect(request() + (begun if is_pipelined else b""))
        assert (await answer(reader)).startswith(b"HTTP/1.1 200")
        writer.write(b"" if is_pipelined else begun)
        assert (await after_drip(reader, writer)).startswith(b"HTTP/1.1 408")


async def test_kept_connection_may_be_idle_for_longer_than_headers_may_take() -> None:
    async with running(headers_s=0.2) as server:
        reader, writer = await server.connect(request())
        await answer(reader)
        await asyncio.sleep(0.5)
        writer.write(request())
        assert (await answer(reader)).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.parametrize("path", ["/wait", "/read"])
async def test_body_that_stalls_is_given_up_whether_it_is_read_or_not(path: str) -> None:
    async with running(pause_s=0.3, grace_s=0) as server:
        reader, writer = await server.connect(request(path, body=1000) + b"x")
        assert (await rest(reader)).startswith(b"HTTP/1.1 408")
        await server.has(0)
        writer.close()


async def test_body_that_drips_is_given_up_though_nobody_reads_it() -> None:
    async with running(start_s=0.3, grace_s=0) as server:
        assert (await after_drip(*await server.connect(request("/wait", body=1000)))).startswith(b"HTTP/1.1 408")
        await server.has(0)


async def test_body_that_is_left_unread_by_an_answer_does_not_hold_the_connection() -> None:
    """The application answers without a look at the body, and a byte now and then keeps the connection from idling."""
    async with running(start_s=0.3, grace_s=0) as server:
        said = await after_drip(*await server.connect(request(body=1000)))
        assert said.startswith(b"HTTP/1.1 200")
        await server.has(0)


async def test_body_that_the_application_does_not_take_yet_is_not_the_clients_fault() -> None:
    async with running(pause_s=0.3, start_s=0.3, grace_s=0.1) as server:
        size = PIECES * len(PIECE)
        reader, writer = await server.connect(request("/wait/read", body=size))
        writer.write(PIECE * PIECES)
        asyncio.get_running_loop().call_later(0.9, server.application.may_go_on.set)
        assert (await answer(reader)).startswith(b"HTTP/1.1 200")
        assert server.application.received == size
        writer.close()


async def test_client_that_was_not_told_to_go_on_yet_may_wait() -> None:
    async with running(pause_s=0.3, start_s=0.3, grace_s=0) as server:
        reader, writer = await server.connect(request("/wait/read", body=5, Expect="100-continue"))
        asyncio.get_running_loop().call_later(0.8, server.application.may_go_on.set)
        assert (await asyncio.wait_for(reader.readline(), LONG_S)).startswith(b"HTTP/1.1 100")
        writer.write(b"12345")
        assert b"HTTP/1.1 200" in await answer(reader)
        writer.close()


async def test_slow_application_is_waited_for() -> None:
    async with running(headers_s=0.2, pause_s=0.2, start_s=0.2, grace_s=0) as server:
        reader, writer = await server.connect(request("/wait/read", body=5) + b"12345")
        asyncio.get_running_loop().call_later(0.9, server.application.may_go_on.set)
        assert (await answer(reader)).startswith(b"HTTP/1.1 200")
        writer.close()


def hesitant(server: Running) -> socket.socket:
    """A client's socket that takes little unless it is read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.setblocking(False)
    return client


async def test_answer_that_is_not_read_is_given_up() -> None:
    async with running(pause_s=0.4) as server:
        with hesitant(server) as client:
            client.sendall(request("/large"))
            assert await server.application.begun.get() == "/large"
            await server.has(0)


async def test_answer_that_is_read_slowly_is_sent_to_its_end() -> None:
    async with running(pause_s=0.4) as server:
        with hesitant(server) as client:
            client.sendall(request("/large"))
            loop, got = asyncio.get_running_loop(), 0
            for _ in range(12):  # longer than the longest pause
                got += len(await loop.sock_recv(client, 2048))
                await asyncio.sleep(0.1)
            async with asyncio.timeout(LONG_S):
                while got < PIECES * len(PIECE):
                    some = await loop.sock_recv(client, 1 << 20)
                    assert some
                    got += len(some)


async def test_who_waits_longest_without_a_request_gives_way() -> None:
    async with running(most=3) as server:
        kept = await server.connect(request())
        await answer(kept[0])
        silent = await server.connect()
        await server.has(2)
        begun = await server.connect(b"GET / HT")
        await server.has(3)
        kept[1].write(request())
        await answer(kept[0])
        fourth = await server.connect(request())
        assert (await answer(fourth[0])).startswith(b"HTTP/1.1 200")
        assert await rest(silent[0]) == b""
        fifth = await server.connect(request())
        assert (await answer(fifth[0])).startswith(b"HTTP/1.1 200")
        assert await rest(begun[0]) == b""  # the one that is kept has waited since its answer only
        kept[1].write(request())
        assert (await answer(kept[0])).startswith(b"HTTP/1.1 200")
        for _, writer in (silent, kept, begun, fourth, fifth):
            writer.close()


async def test_where_all_have_a_request_in_progress_the_new_one_is_told_when_to_come_again() -> None:
    async with running(most=2) as server:
        busy = [await server.connect(request("/wait")) for _ in range(2)]
        for _ in busy:
            await asyncio.wait_for(server.application.begun.get(), LONG_S)
        reader, writer = await server.connect(request())
        said = await rest(reader)
        assert said.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nRetry-After: 2\r\n" in said
        assert b'"code": "at_capacity"' in said
        writer.close()
        server.application.may_go_on.set()
        for reader, writer in busy:
            assert (await answer(reader)).startswith(b"HTTP/1.1 200")
            writer.close()


async def test_refused_connection_that_stays_is_closed() -> None:
    async with running(most_each=0, refusal_s=0.2) as server:
        reader, writer = await server.connect()
        assert (await rest(reader)).startswith(b"HTTP/1.1 503")
        writer.close()


async def test_one_address_has_a_bound_of_its_own() -> None:
    async with running(most_each=2) as server:
        first, second = await server.connect(request()), await server.connect(request())
        for reader, _ in (first, second):
            await answer(reader)
        reader, writer = await server.connect(request())
        assert (await rest(reader)).startswith(b"HTTP/1.1 503")
        writer.close()
        first[1].close()
        await server.has(1)
        again = await server.connect(request())
        assert (await answer(again[0])).startswith(b"HTTP/1.1 200")
        for _, writer in (second, again):
            writer.close()


async def test_bound_of_an_address_is_not_for_this_machine() -> None:
    async with running(most_each=2, exempt=Exempt()) as server:
        kept = [await server.connect(request()) for _ in range(5)]
        for reader, writer in kept:
            assert (await answer(reader)).startswith(b"HTTP/1.1 200")
            writer.close()


def test_worker_that_starts_slowly_is_not_replaced_meanwhile() -> None:
    """On a busy machine importing alone takes longer than uvicorn would wait: no worker would ever have come up."""
    config = uvicorn_config("api.app:create_app", ApiSettings(_env_file=None))
    assert config.timeout_worker_healthcheck == STARTING_S >= 15


def test_workers_share_the_bound_of_an_address() -> None:
    for workers, bound in ((1, 256), (4, 64), (64, 16)):
        assert each_address(ApiSettings(_env_file=None, api_workers=workers)) == bound


@pytest.mark.parametrize("descriptors", [256, 1024, 4096, 65_536])
def test_connections_and_those_not_yet_admitted_fit_into_the_descriptors(descriptors: int) -> None:
    assert 4 * backlog_of(descriptors) <= reserve_of(descriptors) / 2
    assert 2 * most_of(descriptors) + reserve_of(descriptors) <= descriptors
    assert uvicorn_options(ApiSettings(_env_file=None), descriptors=descriptors)["backlog"] == backlog_of(descriptors)


async def test_forwarded_addresses_have_a_bound_of_requests(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.app.MOST_EACH", 2)
    begun: asyncio.Queue[None] = asyncio.Queue()
    may_end = asyncio.Event()

    async def slow(*_: object) -> Fetched:
        begun.put_nowait(None)
        await may_end.wait()
        return Fetched(shipped("rocket.jpg"), "rocket.jpg", "https://example.org/rocket.jpg")

    async with serve(filled=False, trusted_proxies=("127.0.0.1",)) as api:
        monkeypatch.setattr(type(api.service), "fetch", slow)
        crowd, wanted = {"X-Forwarded-For": "8.8.8.8"}, {"url": "https://example.org/a.jpg"}
        asking = [asyncio.create_task(api("POST", "/v1/search", json=wanted, headers=crowd)) for _ in range(2)]
        for _ in asking:
            await asyncio.wait_for(begun.get(), LONG_S)
        refused = await api.get("/v1/tags", headers=crowd)
        assert (refused.status, refused.code) == (503, "at_capacity")
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await api.get("/v1/tags", headers={"X-Forwarded-For": "8.8.4.4"})).status == 200
        assert (await api.get("/v1/tags")).status == 200  # the proxy itself is not counted
        may_end.set()
        assert [(await one).status for one in asking] == [200, 200]
        assert (await api.get("/v1/tags", headers=crowd)).status == 200


async def test_small_answers_are_sent_at_once() -> None:
    """Nagle's algorithm is off on the sockets that are accepted, by asyncio (which needs TCP named) and by us."""
    with _listen(ApiSettings(_env_file=None, port=0)) as listening:
        assert listening.proto == socket.IPPROTO_TCP
    async with running() as server:
        reader, writer = await server.connect(request())
        await answer(reader)
        (connection,) = server.server.server_state.connections
        accepted = connection.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()


@pytest.mark.processes
def test_every_handler_of_the_api_limits_what_repeats() -> None:
    assert all(handler["filters"] == ["repeats"] for handler in LOGGING["handlers"].values())
    code = (
        "import logging.config; from api.serving import LOGGING; logging.config.dictConfig(LOGGING)\n"
        "for fd in range(1000):\n"
        "    for name in ('asyncio', 'uvicorn.error'):\n"
        "        logging.getLogger(name).error(f'socket.accept() out of system resource\\nsocket: <fd={fd}>')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("out of system resource") == 10
