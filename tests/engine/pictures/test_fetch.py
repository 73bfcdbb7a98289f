"""What may be fetched, and what a hostile server can and cannot do."""

import asyncio
import errno
import gzip
import re
import socket
import string
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from dnslib import AAAA, QTYPE, RR, A, DNSRecord
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import (
    FetchDenied,
    FetchError,
    FetchFailed,
    FetchTimeout,
    FileTooLarge,
    InvalidUrl,
    NotAnImage,
    TooManyRedirects,
    UrlRefused,
)
from engine.pictures.fetch import Fetcher, is_public
from engine.pictures.urls import MAX_URL

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "192.167.255.255",
    "192.169.0.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
]
NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:c0a8:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "2606:4700:4700::1111%1",
    "not an address",
]
WRITTEN_OTHERWISE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.1./",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://①②⑦.⓪.⓪.①/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0/",
    "http://[fe80::1%25lo]/",
]


def fetcher(**changes: object) -> Fetcher:
    return Fetcher(**{"max_bytes": 100_000, "timeout_s": 3.0} | changes)  # type: ignore[arg-type]


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A loopback server; gives `127.0.0.1:port`."""
    app = web.Application()
    app.router.add_get("/{rest:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw(answer: bytes, *, pause_s: float = 0) -> AsyncIterator[str]:
    """A server that sends these bytes, whatever is asked."""

    handling: set[asyncio.Task[None] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handling.add(asyncio.current_task())
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), pause_s)  # until the client goes
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*filter(None, handling), return_exceptions=True)


def test_table_has_sixty_addresses() -> None:
    assert len({*PUBLIC, *NOT_PUBLIC}) >= 60


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_may_be_connected_to(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_address_that_is_not_public_may_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("url", WRITTEN_OTHERWISE)
async def test_no_spelling_of_a_private_address_is_connected_to(url: str) -> None:
    async with fetcher() as fetching:
        with pytest.raises((UrlRefused, InvalidUrl, FetchFailed)) as caught:
            await fetching.fetch(url)
    assert "not public" in str(caught.value) or "not known" in str(caught.value) or "URL" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("file:///etc/passwd", UrlRefused),
        ("ftp://example.org/a.jpg", UrlRefused),
        ("gopher://example.org/", UrlRefused),
        ("data:image/png;base64,AAAA", UrlRefused),
        ("javascript:alert(1)", UrlRefused),
        ("//example.org/a.jpg", InvalidUrl),
        ("example.org/a.jpg", InvalidUrl),
        ("", InvalidUrl),
        ("http://user:secret@example.org/", UrlRefused),
        ("http://user@example.org/", UrlRefused),
        ("http://example.org:8080/", UrlRefused),
        ("http://example.org:22/", UrlRefused),
        ("https://example.org:80000/", InvalidUrl),
        ("http://", InvalidUrl),
        ("http://[::1/", InvalidUrl),
        ("http://example.org/" + "a" * MAX_URL, InvalidUrl),
    ],
)
async def test_url_that_cannot_be_meant_is_refused(url: str, error: type[FetchError]) -> None:
    async with fetcher() as fetching:
        with pytest.raises(error):
            await fetching.fetch(url)


async def test_exception_in_the_settings_is_fetched_from() -> None:
    async def picture(request: web.Request) -> web.Response:
        return web.Response(body=b"bytes")

    async with serving(picture) as host:
        for allow in ([host], [host.split(":")[0]], ["other", host.upper()]):
            async with fetcher(allow=allow) as fetching:
                fetched = await fetching.fetch(f"http://{host}/folder/a%20b.jpg?x=1#y")
                assert (fetched.content, fetched.name) == (b"bytes", "a b.jpg")
        async with fetcher(allow=["127.0.0.1:1"]) as fetching:
            with pytest.raises(UrlRefused):
                await fetching.fetch(f"http://{host}/a.jpg")


class Names(asyncio.DatagramProtocol):
    """A DNS server that gives each name's addresses one after another."""

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        query = DNSRecord.parse(data)
        name = str(query.q.qname).rstrip(".")
        reply = query.reply()
        given = self.answers.get(name, [])
        wanted = QTYPE[query.q.qtype]
        fitting = [one for one in given if (":" in one) == (wanted == "AAAA")]
        if fitting:
            self.asked.append(name)
            address = fitting[0] if len(fitting) == 1 else given.pop(0)
            record = AAAA(address) if ":" in address else A(address)
            reply.add_answer(RR(name, query.q.qtype, rdata=record, ttl=0))
        self.transport.sendto(reply.pack(), sender)


@asynccontextmanager
async def resolving(answers: dict[str, list[str]]) -> AsyncIterator[tuple[Names, aiohttp.AsyncResolver]]:
    loop = asyncio.get_running_loop()
    transport, names = await loop.create_datagram_endpoint(lambda: Names(answers), local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    resolver = aiohttp.AsyncResolver(nameservers=[f"127.0.0.1:{port}"], timeout=1, tries=1)
    try:
        yield names, resolver
    finally:
        await resolver.close()
        transport.close()


async def test_name_that_leads_to_a_private_address_is_refused() -> None:
    for address in ("127.0.0.1", "10.1.2.3", "::1", "fd00::1"):
        async with resolving({"evil.example": [address]}) as (names, resolver):
            async with fetcher(resolver=resolver) as fetching:
                with pytest.raises(UrlRefused, match="not public"):
                    await fetching.fetch("http://evil.example/a.jpg")
            assert names.asked


async def test_name_that_changes_between_two_look_ups_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: whoever looks the name up once to judge it, and once more to connect, connects to this machine."""
    asked_to: list[str] = []

    async def connect(sock: socket.socket, address: tuple[str, int]) -> None:
        asked_to.append(address[0])
        raise OSError(errno.ENETUNREACH, "No test leaves this machine.")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
    answers = {"evil.example": ["8.8.8.8", "127.0.0.1"]}
    async with resolving(answers) as (names, resolver), fetcher(resolver=resolver) as fetching:
        with pytest.raises(FetchFailed, match="cannot be reached"):
            await fetching.fetch("http://evil.example/a.jpg")
        assert asked_to == ["8.8.8.8"]
        with pytest.raises(UrlRefused) as caught:
            await fetching.fetch("http://evil.example/a.jpg")
    assert caught.value.code == "url_refused"
    assert names.asked == ["evil.example"] * 2
    assert asked_to == ["8.8.8.8"]


async def test_unknown_name_is_said_to_be_unknown() -> None:
    async with resolving({}) as (_, resolver), fetcher(resolver=resolver) as fetching:
        with pytest.raises(FetchFailed, match="not known"):
            await fetching.fetch("http://nowhere.example/")


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:1/", "http://localhost/", "//[::1]/", "http://169.254.169.254/", "http://2130706433/"],
)
async def test_redirect_to_private_address_is_refused(target: str) -> None:
    async def away(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    async with serving(away) as host, fetcher(allow=[host]) as fetching:
        with pytest.raises(UrlRefused):
            await fetching.fetch(f"http://{host}/a.jpg")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/", "http://u:p@example.org/"])
async def test_redirect_to_another_kind_of_url_is_refused(target: str) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % target.encode()
    async with raw(answer) as host, fetcher(allow=[host]) as fetching:
        with pytest.raises(UrlRefused):
            await fetching.fetch(f"http://{host}/")


async def test_redirects_are_followed_five_times_and_no_more() -> None:
    cookies = []

    async def on(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        left = int(request.match_info["rest"])
        if not left:
            return web.Response(body=b"there")
        answer = web.Response(status=307, headers={"Location": f"../{left - 1}"})
        answer.set_cookie("a", "b")
        return answer

    async with serving(on) as host, fetcher(allow=[host]) as fetching:
        assert (await fetching.fetch(f"http://{host}/5")).content == b"there"
        with pytest.raises(TooManyRedirects):
            await fetching.fetch(f"http://{host}/6")
    assert set(cookies) == {None}


async def test_redirect_loop_ends() -> None:
    async def again(request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": "/"})

    async with serving(again) as host, fetcher(allow=[host]) as fetching:
        with pytest.raises(TooManyRedirects):
            await fetching.fetch(f"http://{host}/")


async def test_status_is_told() -> None:
    async def missing(request: web.Request) -> web.Response:
        return web.Response(status=404)

    async with serving(missing) as host, fetcher(allow=[host]) as fetching:
        with pytest.raises(FetchFailed, match="404"):
            await fetching.fetch(f"http://{host}/")


async def test_endless_body_is_cut_off() -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        while sent < 10_000_000:
            await answer.write(b"x" * 10_000)
            sent += 10_000
        return answer

    async with serving(endless) as host, fetcher(allow=[host], max_bytes=1024 * 1024) as fetching:
        with pytest.raises(FileTooLarge, match=r"is larger than the limit; at most 1 MB are allowed"):
            await fetching.fetch(f"http://{host}/")
    assert sent < 5_000_000


async def test_body_that_announces_too_much_is_not_read() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"
    async with raw(answer, pause_s=5) as host, fetcher(allow=[host]) as fetching:
        with pytest.raises(FileTooLarge, match=r"has 953\.7 MB"):
            await fetching.fetch(f"http://{host}/")


async def test_slow_body_is_given_up() -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(100):
            await answer.write(b"x")
            await asyncio.sleep(0.1)
        return answer

    async with serving(slow) as host, fetcher(allow=[host], timeout_s=0.5) as fetching:
        with pytest.raises(FetchTimeout, match=r"0\.5 seconds"):
            await fetching.fetch(f"http://{host}/")


async def test_silent_server_is_given_up() -> None:
    async with raw(b"", pause_s=2) as host, fetcher(allow=[host], timeout_s=0.3) as fetching:
        with pytest.raises(FetchTimeout):
            await fetching.fetch(f"http://{host}/")


async def test_gzip_bomb_is_cut_off_without_being_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, 9)

    async def burst(request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with serving(burst) as host, fetcher(allow=[host], max_bytes=1_000_000) as fetching:
        tracemalloc.start()
        try:
            with pytest.raises(FileTooLarge):
                await fetching.fetch(f"http://{host}/")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 20_000_000


async def test_honest_gzip_is_unpacked() -> None:
    async def packed(request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b"picture"), headers={"Content-Encoding": "gzip"})

    async with serving(packed) as host, fetcher(allow=[host]) as fetching:
        assert (await fetching.fetch(f"http://{host}/")).content == b"picture"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbroken",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\n\xff\xff\xff\xff\xff",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nplain",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nplain",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"not http at all\r\n\r\n",
        b"",
    ],
    ids=["lies", "chunked", "no gzip", "no brotli", "negative", "two lengths", "large header", "garbage", "nothing"],
)
async def test_answer_that_breaks_the_rules_is_a_clear_error(answer: bytes) -> None:
    async with raw(answer) as host, fetcher(allow=[host]) as fetching:
        with pytest.raises(FetchFailed):
            await fetching.fetch(f"http://{host}/")


LEGAL = st.sampled_from(string.ascii_letters + string.digits + "-_~!$&'()*+,;=:@/[]|")
TARGET = st.lists(LEGAL | st.sampled_from(["%2F", "%2f", "%3D", "%41", "%7E", "%20", "%c3%a9", "%"]), max_size=30)


@asynccontextmanager
async def noting(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that sends these bytes, and notes the heads of all requests."""
    heads: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer.replace(b"HOST", heads[-1].partition(b"Host: ")[2].partition(b"\r\n")[0]))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


def answering(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % len(body), b"", body])


@given(TARGET.map("".join), TARGET.map(lambda pieces: "?" + "".join(pieces)) | st.just(""))
@settings(max_examples=40)
@example("a%2Fb;v=1/%41%7e", "?X-Amz-Signature=a%2Bb+c%20d%3D%3d&e='f'&g[]=h|i")
@example("", "?")
def test_url_arrives_as_it_was_written(path: str, query: str) -> None:
    async def asked() -> bytes:
        async with noting(answering(b"picture")) as (host, heads), fetcher(allow=[host]) as fetching:
            await fetching.fetch(f"http://{host}/{path}{query}#part")
        return heads[0].partition(b"\r\n")[0]

    assert asyncio.run(asked()) == f"GET /{path}{query} HTTP/1.1".encode()


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        (b"http://HOST/b%2Fc?d=%2b+%20'&e[]=f", b"/b%2Fc?d=%2b+%20'&e[]=f"),
        (b"b;c?d=/../e?", b"/a/b;c?d=/../e?"),
        (b"//HOST/b?", b"/b?"),
        ("/größe b".encode(), b"/gr%C3%B6%C3%9Fe%20b"),
        ("/größe".encode("latin-1"), b"/gr%F6%DFe"),
    ],
)
async def test_redirect_is_followed_as_it_is_written(location: bytes, asked: bytes) -> None:
    away = answering(b"", b"Location: " + location, status=b"302 Found")
    async with noting(away) as (host, heads), fetcher(allow=[host]) as fetching:
        with pytest.raises(TooManyRedirects):
            await fetching.fetch(f"http://{host}/a/x%2Fy")
    assert heads[1].split(b" ")[1] == asked


async def test_server_is_told_who_asks_and_for_what() -> None:
    async with noting(answering(b"picture")) as (host, heads):
        for contact in (None, "https://example.org/bots"):
            async with fetcher(allow=[host], contact=contact) as fetching:
                await fetching.fetch(f"http://{host}/")
    assert re.search(rb"\r\nUser-Agent: PicTrace/[0-9.]+\r\n", heads[0])
    assert re.search(rb"\r\nUser-Agent: PicTrace/[0-9.]+ \(\+https://example\.org/bots\)\r\n", heads[1])
    assert b"\r\nAccept: image/avif,image/webp,image/*,*/*;q=0.8\r\n" in heads[0]


@pytest.mark.parametrize("status", [401, 403, 407, 429, 451])
async def test_refusal_says_to_send_the_picture_itself(status: int) -> None:
    async with raw(answering(b"no", status=b"%d No" % status)) as host, fetcher(allow=[host]) as fetching:
        with pytest.raises(FetchDenied, match=f"status {status}.*send the picture itself") as caught:
            await fetching.fetch(f"http://{host}/")
    assert caught.value.code == "fetch_denied"


@pytest.mark.parametrize(
    "answer",
    [
        answering(b"picture", status=b"203 Non-Authoritative Information"),
        answering(b"picture", b"Content-Range: bytes 0-6/7", status=b"206 Partial Content"),
        answering(b"picture", status=b"206 Partial Content"),
        answering(b"picture", b"X: " + b"y" * 40_000),
        answering(b"picture", *(b"X-%d: y" % number for number in range(500))),
        answering(b"picture", b"X: a\r\n folded"),
        answering(b"picture", status=b"200"),
        answering(b"picture", status="200 Déjà vu".encode("latin-1")),
        answering(b"picture", b"Content-Type: ;;/\xff; charset=\xe9"),
        answering(b"picture", b"Content-Encoding: none"),
        answering(b"picture", b"Content-Type: a/b", b"Content-Type: a/c", b"Date: a", b"Date: b"),
        answering(b"picture", b"Set-Cookie: \xff=;;\x01"),
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answering(b"picture"),
        answering(b"picture").replace(b"\r\n", b"\n"),
        answering(b"picture") + b"\r\n",
        b"HTTP/1.0 200 OK\r\n\r\npicture",
        answering(b"picture", b"Content-Length: 7"),
        answering(b"picture", b"Content-Length: 7, 7"),
        answering(b"picture", b"X : y"),
        answering(b"picture", b"Transfer-Encoding: identity"),
        answering(b"7\r\npicture\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + answering(b"picture", b"Content-Length: 7"),
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\npicture",
    ],
)
async def test_harmless_faults_of_a_server_are_passed_over(answer: bytes) -> None:
    async with raw(answer) as host, fetcher(allow=[host]) as fetching:
        assert (await fetching.fetch(f"http://{host}/")).content == b"picture"


async def test_answer_in_small_pieces_is_put_together() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in answering(b"picture", b"Content-Length: 7"):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with fetcher(allow=[host]) as fetching:
            assert (await fetching.fetch(f"http://{host}/")).content == b"picture"


@pytest.mark.parametrize("content_range", [b"bytes 0-6/70", b"bytes 1-7/8", b"bytes 0-6/*", b"nonsense"])
async def test_part_of_a_picture_is_not_taken(content_range: bytes) -> None:
    answer = answering(b"picture", b"Content-Range: " + content_range, status=b"206 Partial Content")
    async with raw(answer) as host, fetcher(allow=[host]) as fetching:
        with pytest.raises(FetchFailed, match="only a part"):
            await fetching.fetch(f"http://{host}/")


def web_of(pages: dict[str, str | bytes]) -> Handler:
    """What lies at each path; another one for a redirect begins with `>`."""

    async def handle(request: web.Request) -> web.Response:
        found = pages.get(request.path_qs)
        if found is None:
            return web.Response(status=404)
        if isinstance(found, str) and found.startswith(">"):
            return web.Response(status=302, headers={"Location": found[1:]})
        return (
            web.Response(text=found, content_type="text/html") if isinstance(found, str) else web.Response(body=found)
        )

    return handle


def page(picture: str, base: str = "") -> str:
    return f'<!doctype html><html><head>{base}<meta property="og:image" content="{picture}">'


async def test_page_is_followed_to_the_picture_it_names() -> None:
    pages: dict[str, str | bytes] = {
        "/short": ">/post/1",
        "/post/1": page("../img/a%2Fb.jpg?x=1&amp;y=2"),
        "/post/2": page("a.jpg", '<base href="/based/">'),
        "/post/3": page("/moved.jpg", '<base href="http://[">'),
        "/img/a%2Fb.jpg?x=1&y=2": b"picture",
        "/based/a.jpg": b"based",
        "/moved.jpg": ">/based/a.jpg",
    }
    async with serving(web_of(pages)) as host, fetcher(allow=[host]) as fetching:
        found = await fetching.fetch(f"http://{host}/short#top")
        assert (found.content, found.name) == (b"picture", "a/b.jpg")
        assert found.url == f"http://{host}/img/a%2Fb.jpg?x=1&y=2"
        assert (found.page_url, found.is_of_page) == (f"http://{host}/short#top", True)
        assert (await fetching.fetch(f"http://{host}/post/2")).content == b"based"
        moved = await fetching.fetch(f"http://{host}/post/3")
        assert (moved.content, moved.url) == (b"based", f"http://{host}/moved.jpg")
        itself = await fetching.fetch(f"http://{host}/moved.jpg#top")
    assert (itself.url, itself.name, itself.page_url) == (f"http://{host}/moved.jpg#top", "moved.jpg", None)
    assert not itself.is_of_page


async def test_page_without_a_picture_is_no_picture() -> None:
    pages: dict[str, str | bytes] = {"/none": "<!doctype html><p>", "/page": page("/other"), "/other": page("a.jpg")}
    async with serving(web_of(pages)) as host, fetcher(allow=[host]) as fetching:
        with pytest.raises(NotAnImage, match="names no picture; open the picture itself"):
            await fetching.fetch(f"http://{host}/none")
        with pytest.raises(NotAnImage, match="a web page again"):
            await fetching.fetch(f"http://{host}/page")


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        ("http://127.0.0.1:1/a.jpg", UrlRefused),
        ("http://localhost/a.jpg", UrlRefused),
        ("//169.254.169.254/latest/", UrlRefused),
        ("http://u:p@example.org/", UrlRefused),
        ("file:///etc/passwd", UrlRefused),
        ("http://[", InvalidUrl),
        ("/missing", FetchFailed),
    ],
)
async def test_picture_of_a_page_is_fetched_as_guarded(picture: str, error: type[FetchError]) -> None:
    async with serving(web_of({"/": page(picture)})) as host, fetcher(allow=[host]) as fetching:
        with pytest.raises(error):
            await fetching.fetch(f"http://{host}/")


async def test_page_and_its_picture_share_one_time() -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.35)
        return web.Response(text=page("/b"), content_type="text/html")

    async with serving(slow) as host, fetcher(allow=[host], timeout_s=0.5) as fetching:
        with pytest.raises(FetchTimeout):
            await fetching.fetch(f"http://{host}/")


async def test_long_page_is_read_only_in_part() -> None:
    endless = page("/a.jpg") + " " * 4_000_000
    pages: dict[str, str | bytes] = {"/": endless, "/a.jpg": b"picture"}
    async with serving(web_of(pages)) as host, fetcher(allow=[host], max_bytes=10_000_000) as fetching:
        assert (await fetching.fetch(f"http://{host}/")).content == b"picture"
