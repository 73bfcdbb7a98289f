"""URL -> bytes, guarded: a stranger's URL must never reach what only this machine or its network can reach.

The address that is connected to is judged, at the moment a socket is made for it: names that resolve to several
addresses, that change between two look-ups, or that write an address in another way make no difference then.
"""

import asyncio
import errno
import ipaddress
import logging
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from engine.errors import FetchFailed, FetchTimeout, InvalidUrl, TooManyRedirects, UrlRefused
from engine.pictures.imaging import too_large

logger = logging.getLogger(__name__)

MAX_URL, MAX_REDIRECTS, MAX_NAME = 4096, 5, 120
PORTS = (80, 443)
CHUNK = 64 * 1024
REDIRECTS = (301, 302, 303, 307, 308)
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
    """What a URL gave; `name` is the file name that its path ends with, `took_ms` how long it was waited for."""

    content: bytes
    name: str
    took_ms: float = 0.0


class Fetcher:
    """Fetches pictures. An asynchronous context manager; connections are made when they are first needed.

    `allow`: hosts, or hosts with a port, that may be fetched from whatever their addresses and ports are.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        timeout_s: float,
        allow: Sequence[str] = (),
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._allow = frozenset(entry.lower() for entry in allow)
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
        """The body behind an http(s) URL.

        Raises InvalidUrl, UrlRefused, TooManyRedirects, FetchTimeout, FetchFailed or FileTooLarge.
        """
        at, started = parse_url(url), time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                for _ in range(MAX_REDIRECTS + 1):
                    found = await self._get(at)
                    if isinstance(found, bytes):
                        return Fetched(found, name_of(url), round(1000 * (time.perf_counter() - started), 2))
                    at = found
        except TimeoutError as error:
            raise FetchTimeout(f"The server of this URL took longer than {self._timeout_s:g} seconds.") from error
        raise TooManyRedirects(f"The URL is redirected more than {MAX_REDIRECTS} times.")

    async def _get(self, url: URL) -> bytes | URL:
        """The body, or where the server sends us instead."""
        allowed = self._is_allowed(url)
        if not allowed and url.port not in PORTS:
            raise UrlRefused("Only the ports 80 and 443 are fetched from (PICTRACE_FETCH_ALLOW lists exceptions).")
        try:
            async with self._session(allowed).get(url, allow_redirects=False) as response:
                if response.status in REDIRECTS and "Location" in response.headers:
                    return parse_url(response.headers["Location"], base=url)
                if response.status != 200:
                    raise FetchFailed(f"The server of this URL answered with the status {response.status}.")
                return await self._body(response)
        except aiohttp.InvalidURL as error:
            raise UrlRefused("This URL writes an address in an unusual way.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, aiohttp.ClientConnectorError) and NOT_PUBLIC in str(error):
                raise UrlRefused(
                    "This URL leads to an address that is not public (PICTRACE_FETCH_ALLOW lists exceptions)."
                ) from error
            raise FetchFailed(f"The URL could not be fetched: {_reason(error)}.") from error

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        if (response.content_length or 0) > self._max_bytes:
            raise too_large(response.content_length or 0, self._max_bytes)
        body = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK):
            body += chunk
            if len(body) > self._max_bytes:
                raise too_large(None, self._max_bytes)
        return bytes(body)

    def _is_allowed(self, url: URL) -> bool:
        host = (url.host_subcomponent or "").lower()
        return not self._allow.isdisjoint((host, host.strip("[]"), f"{host}:{url.port}"))

    def _session(self, allowed: bool) -> aiohttp.ClientSession:
        """One session for hosts that the settings allow, one for all others, so that no connection is shared."""
        if allowed not in self._sessions:
            connector = aiohttp.TCPConnector(
                resolver=self._resolver,
                use_dns_cache=False,
                force_close=True,
                limit=0,
                socket_factory=None if allowed else _public_socket,
            )
            self._sessions[allowed] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"PicTrace/{version('pictrace')}", "Accept": "image/*,*/*;q=0.5"},
                trust_env=False,  # a proxy would connect in our place, unguarded
            )
        return self._sessions[allowed]


def is_url(text: str) -> bool:
    """Whether a person meant a URL, not a path."""
    return text.lower().startswith(("http://", "https://"))


def parse_url(url: str, *, base: URL | None = None) -> URL:
    """A URL that may be fetched as far as its text goes; InvalidUrl or UrlRefused."""
    if len(url) > MAX_URL:
        raise InvalidUrl(f"The URL has {len(url):,} characters; at most {MAX_URL:,} are taken.")
    try:
        parsed = URL(url.strip())
        parsed = base.join(parsed) if base else parsed
        host, _port = parsed.host, parsed.port  # both may raise
    except (ValueError, TypeError) as error:
        raise InvalidUrl("This is not a URL.") from error
    if not parsed.scheme:
        raise InvalidUrl("This is not a URL: it must begin with http:// or https://.")
    if parsed.scheme not in ("http", "https"):
        raise UrlRefused("Only http and https URLs are fetched.")
    if not host:
        raise InvalidUrl("This URL names no server.")
    if parsed.raw_user is not None or parsed.raw_password is not None:
        raise UrlRefused("A URL with a user name or password in it is not fetched.")
    return parsed.with_fragment(None)


def name_of(url: str) -> str:
    """What a picture from this URL is called: the last part of its path, or its host."""
    parsed = URL(url.strip())
    last = unquote(parsed.raw_path.rstrip("/").rpartition("/")[2], errors="replace")
    shown = "".join(c for c in last if c.isprintable()).strip()
    return (shown or parsed.host or "")[:MAX_NAME]


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
