"""What every request passes before it reaches a route: Host, Origin, the body's size; and headers of every answer."""

import asyncio
import ipaddress
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors, metrics
from api.addresses import Crowd, household
from api.errors import Problem
from engine import on_behalf_of

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
METHODS = (*SAFE_METHODS, "POST", "PUT", "PATCH", "DELETE")
HOST = re.compile(r"[\w.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", re.ASCII)
PORT = re.compile(r":\d{1,5}$")
PAUSE_S = 60  # that a client may make while it sends a body
ARCHIVES = "/v1/archives"  # where a body may be larger than anywhere else
START_S, MIN_RATE = 30, 20_000  # bytes a second that a body must come with after that
REST_S = 3  # for what a client still sends after its answer
ANSWER_HEADERS = "pictrace.headers"  # in the scope: what dependencies want to say, in errors too

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
FILE_POLICY = "default-src 'none'; sandbox"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """ASGI middleware around the whole application, its handling of unforeseen errors included."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Sequence[str],
        max_body_bytes: int,
        max_archive_body_bytes: int,
        crowd: Crowd,
    ) -> None:
        self._app = app
        self._crowd = crowd
        self._named = frozenset(host.lower() for host in allowed_hosts)
        self._hosts = self._named | {"localhost"}
        self._max_body_bytes = max_body_bytes
        self._max_archive_body_bytes = max_archive_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # the server itself keeps the body back
        body = _Body(scope, receive, self._most_of(scope))
        answer = _Answer(scope, send, body)
        try:
            self._check(scope)
            host = (scope.get("client") or ("unknown", 0))[0]
            with self._crowd.place(host), on_behalf_of(household(host)):
                await self._app(scope, body.receive, answer.send)
        except Problem as problem:
            await errors.response(problem.code, problem.detail, problem.headers)(scope, receive, answer.send)
        except asyncio.CancelledError:  # the server is being stopped and can wait no longer
            if not answer.has_begun:
                await errors.response("stopping", errors.OWN["stopping"][1])(scope, receive, answer.send)
        except Exception as error:
            if answer.has_begun:
                raise
            await errors.unforeseen(scope, error)(scope, receive, answer.send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(host) and not _is_probe(scope, headers):
            raise Problem("wrong_host")
        origin = headers.get("origin")
        if origin and scope["method"] not in SAFE_METHODS and not self._may_ask(origin, host):
            raise Problem("cross_origin")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._most_of(scope):
            raise _too_long(scope, self._most_of(scope))

    def _most_of(self, scope: Scope) -> int:
        """How many bytes of a body are taken at this address."""
        return self._max_archive_body_bytes if scope["path"] == ARCHIVES else self._max_body_bytes

    def _may_ask(self, origin: str, host: str) -> bool:
        """Our own page, or a browser extension: its user chose to let it ask here."""
        try:
            at = urlsplit(origin)
            is_own = at.netloc == host or at.hostname in self._named  # a proxy may ask by another Host
        except ValueError:
            return False
        return is_own if at.scheme in ("http", "https") else origin != "null"

    def _is_ours(self, host: str) -> bool:
        """An attacker's page can give its own name our address, but it cannot turn an address into a name."""
        if not HOST.fullmatch(host):
            return False
        name = (host.lower().rpartition(":")[0] if PORT.search(host) else host.lower()).rstrip(".")
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True


def _is_probe(scope: Scope, headers: Headers) -> bool:
    """A load balancer's look at the health in HTTP/1.0, without a Host; a browser would send one."""
    return "host" not in headers and scope["path"].startswith("/health/")


class _Body:
    """A request's body, no more than `max_bytes` of it; what comes beyond is no part of any request."""

    def __init__(self, scope: Scope, receive: Receive, max_bytes: int) -> None:
        self._scope = scope
        self._receive = receive
        self._max_bytes = max_bytes
        self._taken = 0
        self._waited_s = 0.0  # for the client, not for the application
        headers = Headers(scope=scope)
        self.is_read = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers

    async def receive(self) -> Message:
        started = time.monotonic()
        try:
            async with asyncio.timeout(None if self.is_read else PAUSE_S):
                message = await self._receive()
        except TimeoutError as error:
            raise Problem("body_too_slow") from error
        self._waited_s += time.monotonic() - started
        self._taken += len(message.get("body", b""))
        if self._taken > self._max_bytes:
            raise _too_long(self._scope, self._max_bytes)
        if message["type"] == "http.request" and not message.get("more_body", False):
            self.is_read = True
        elif not self.is_read and self._waited_s > START_S + self._taken / MIN_RATE:
            raise Problem("body_too_slow")
        return message

    async def drop_rest(self) -> None:
        """Take in what is still being sent, up to twice the limit in all and not for long.

        Many clients send all before they read anything: cut off while sending, they would never see their answer.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_S):
                while not self.is_read and self._taken < 2 * self._max_bytes:
                    message = await self._receive()
                    self._taken += len(message.get("body", b""))
                    self.is_read = not message.get("more_body", False)


def _too_long(scope: Scope, max_bytes: int) -> Problem:
    is_upload = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/")
    detail = f"The body is larger than the {max_bytes / (1024 * 1024):.1f} MB that are taken."
    of_file = "archive_too_large" if scope["path"] == ARCHIVES else "file_too_large"
    return Problem(of_file if is_upload else "body_too_large", detail)


class _Answer:
    """An answer on its way, with the headers that all have."""

    def __init__(self, scope: Scope, send: Send, body: _Body) -> None:
        self._scope = scope
        self._send = send
        self._body = body
        self._started = time.monotonic()
        self.has_begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            self._put_headers(MutableHeaders(scope=message), message["status"])
            self._count(message["status"])
        elif not (message.get("more_body", False) or self._body.is_read):
            await self._send({**message, "more_body": True})
            await self._body.drop_rest()
            message = {"type": message["type"]}
        await self._send(message)

    def _put_headers(self, headers: MutableHeaders, status: int) -> None:
        for name, value in {**HEADERS, **self._scope.get(ANSWER_HEADERS, {})}.items():
            headers.setdefault(name, value)
        kind = headers.get("content-type", "")
        headers.setdefault("Cache-Control", "no-store" if "json" in kind else "no-cache")
        if status != 304:  # whose headers take the place of those of the copy that is still good
            policy = PAGE_POLICY if kind.startswith("text/html") else FILE_POLICY
            headers.setdefault("Content-Security-Policy", policy)
        if not self._body.is_read:
            headers["Connection"] = "close"  # there is no other way to stop a client that goes on sending

    def _count(self, status: int) -> None:
        route = getattr(self._scope.get("route"), "path", "page" if status < 400 else "none")
        method = self._scope["method"] if self._scope["method"] in METHODS else "other"
        metrics.requests.labels(method, route, status).inc()
        metrics.request_seconds.labels(route).observe(time.monotonic() - self._started)
