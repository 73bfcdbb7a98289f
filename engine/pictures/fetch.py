"""URL -> bytes, guarded: a stranger's URL must never reach what only this machine or its network can reach.

The address that is connected to is judged, at the moment a socket is made for it: names that resolve to several
addresses, that change between two look-ups, or that write an address in another way make no difference then.
"""

import asyncio
import errno
import ipaddress
import logging
import re
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from engine.errors import FetchDenied, FetchError, FetchFailed, FetchTimeout, NotAnImage, TooManyRedirects, UrlRefused
from engine.pictures.imaging import too_large
from engine.pictures.lenient_http import MAX_HEAD_BYTES, LenientConnector
from engine.pictures.urls import name_of, parse_url
from engine.pictures.web_pages import PAGE_BYTES, is_page, picture_of

logger = logging.getLogger(__name__)

MAX_REDIRECTS = 5
PORTS = (80, 443)
CHUNK = 64 * 1024
MAX_HEADERS = 1000
REDIRECTS = (301, 302, 303, 307, 308)
DENIED = (401, 402, 403, 407, 429, 451)
WHOLE = (200, 203)
# The whole picture may come as if a part had been asked for.
CONTENT_RANGE = re.compile(r"bytes 0-(\d{1,18})/(\d{1,18})", re.ASCII)
ACCEPT = "image/avif,image/webp,image/*,*/*;q=0.8"  # as browsers ask for pictures
NOT_PUBLIC = "the address is not public"

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Not for the public either, though `is_global` of some Python versions says so.
_SPECIAL = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URL gave; `name` is the file name that the path of `url` ends with, `took_ms` how long it was waited for.

    `page_url`: the URL that was asked for, where it leads to a web page; `url` is then that of the picture it names.
    """

    content: bytes
    name: str
    url: str
    took_ms: float = 0.0
    page_url: str | None = None

    @property
    def is_of_page(self) -> bool:
        """Whether the picture is one that a web page names."""
        return self.page_url is not None


@dataclass(frozen=True, slots=True)
class _WebAnswer:
    """What came in the end: from which URL, and which `charset` the server says a text is written in."""

    url: URL
    content: bytes
    charset: str | None


class Fetcher:
    """Fetches pictures. An asynchronous context manager; connections are made when they are first needed.

    `allow`: hosts, or hosts with a port, that may be fetched from whatever their addresses and ports are. `contact`:
    where those whose servers are asked can reach whoever runs this.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        timeout_s: float,
        allow: Sequence[str] = (),
        contact: str | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._allow = frozenset(entry.lower() for entry in allow)
        program = f"PicTrace/{version('pictrace')}"
        self._user_agent = f"{program} (+{contact})" if contact else program
        self._resolver = resolver
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def fetch(self, url: str) -> Fetched:
        """The picture behind an http(s) URL; where that leads to a web page, the picture that the page names.

        Raises InvalidUrl, UrlRefused, TooManyRedirects, FetchTimeout, FetchDenied, FetchFailed, FileTooLarge, or
        NotAnImage for a page that names none. What comes may still be no picture.
        """
        asked, started = parse_url(url), time.perf_counter()
        at = asked
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._follow(asked)
                if is_page(answer.content):
                    at = await _picture_on(answer)
                    answer = await self._follow(at)
        except TimeoutError as error:
            raise FetchTimeout(f"The server of this URL took longer than {self._timeout_s:g} seconds.") from error
        if is_page(answer.content):  # that of a page is not followed
            raise NotAnImage("This link leads to a web page whose picture is a web page again, not a picture.")
        took_ms = round(1000 * (time.perf_counter() - started), 2)
        if at is asked:
            return Fetched(answer.content, name_of(url), url, took_ms)
        return Fetched(answer.content, name_of(str(at)), str(at), took_ms, page_url=url)

    async def _follow(self, url: URL) -> _WebAnswer:
        """What comes in the end, by way of redirects."""
        for _ in range(MAX_REDIRECTS + 1):
            found = await self._get(url)
            if isinstance(found, _WebAnswer):
                return found
            url = found
        raise TooManyRedirects(f"The URL is redirected more than {MAX_REDIRECTS} times.")

    async def _get(self, url: URL) -> _WebAnswer | URL:
        """The answer, or where the server sends us instead."""
        allowed = self._is_allowed(url)
        if not allowed and url.port not in PORTS:
            raise UrlRefused("Only the ports 80 and 443 are fetched from (PICTRACE_FETCH_ALLOW lists exceptions).")
        try:
            async with self._session(allowed).get(url, allow_redirects=False) as response:
                if response.status in REDIRECTS and "Location" in response.headers:
                    return parse_url(response.headers["Location"], base=url)
                _require_whole(response)
                return _WebAnswer(url, await self._body(response), _charset(response))
        except aiohttp.InvalidURL as error:
            raise UrlRefused("This URL writes an address in an unusual way.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, aiohttp.ClientConnectorError) and NOT_PUBLIC in str(error):
                raise UrlRefused(
                    "This URL leads to an address that is not public (PICTRACE_FETCH_ALLOW lists exceptions)."
                ) from error
            raise FetchFailed(f"The URL could not be fetched: {_reason(error)}.") from error

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        """All of a file, the beginning of a web page."""
        if (response.content_length or 0) > self._max_bytes:
            raise too_large(response.content_length or 0, self._max_bytes)
        body = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK):
            body += chunk
            if len(body) > self._max_bytes:
                raise too_large(None, self._max_bytes)
            if len(body) >= PAGE_BYTES and is_page(bytes(body[:CHUNK])):
                break
        return bytes(body)

    def _is_allowed(self, url: URL) -> bool:
        host = (url.host_subcomponent or "").lower()
        return not self._allow.isdisjoint((host, host.strip("[]"), f"{host}:{url.port}"))

    def _session(self, allowed: bool) -> aiohttp.ClientSession:
        """One session for hosts that the settings allow, one for all others, so that no connection is shared."""
        if allowed not in self._sessions:
            connector = LenientConnector(
                resolver=self._resolver,
                use_dns_cache=False,
                limit=0,
                socket_factory=None if allowed else _public_socket,
            )
            self._sessions[allowed] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._user_agent, "Accept": ACCEPT},
                max_line_size=MAX_HEAD_BYTES,
                max_field_size=MAX_HEAD_BYTES,
                max_headers=MAX_HEADERS,
                trust_env=False,  # a proxy would connect in our place, unguarded
            )
        return self._sessions[allowed]


async def _picture_on(page: _WebAnswer) -> URL:
    """The URL of the picture that a web page names. NotAnImage, or what `parse_url` raises."""
    named = await asyncio.to_thread(picture_of, page.content, page.charset)
    if named is None:
        raise NotAnImage(
            "This link leads to a web page that names no picture; open the picture itself and copy its address."
        )
    base = page.url
    if named.base is not None:
        with suppress(FetchError):  # browsers pass over one that is none
            base = parse_url(named.base, base=page.url)
    return parse_url(named.url, base=base)


def _require_whole(response: aiohttp.ClientResponse) -> None:
    """FetchDenied or FetchFailed where the answer is not all of a picture."""
    status = response.status
    if status in DENIED:
        raise FetchDenied(
            f"The server of this URL does not give the picture to others (status {status}): save it and send the "
            "picture itself."
        )
    if status == 206:
        given = response.headers.get("Content-Range")
        found = CONTENT_RANGE.fullmatch(given) if given is not None else None
        if given is not None and (found is None or int(found[1]) + 1 != int(found[2])):
            raise FetchFailed("The server of this URL gave only a part of the picture.")
    elif status not in WHOLE:
        raise FetchFailed(f"The server of this URL answered with the status {status}.")


def _charset(response: aiohttp.ClientResponse) -> str | None:
    try:
        return response.charset
    except (ValueError, LookupError):  # a header that is none
        return None


def is_public(text: str) -> bool:
    """Whether an IP address, written as sockets write it, is globally routable; also what a tunnel address leads to."""
    try:
        address: IPAddress = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _public_socket(
    info: tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]],
) -> socket.socket:
    """A socket for an address that may be connected to; OSError for any other. A `socket_factory` of aiohttp."""
    family, kind, protocol, _, address = info
    host, port = str(address[0]), address[1]
    scope = address[3] if len(address) == 4 else 0
    if scope or port not in PORTS or not is_public(host):
        raise OSError(errno.EACCES, NOT_PUBLIC)
    return socket.socket(family, kind, protocol)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its server is not known"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its server's certificate is not valid"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "its server cannot be reached"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the picture breaks off"
    return "its server does not answer as a web server should"
