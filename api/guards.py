"""What every request passes before it reaches a route: Host, Origin, the body's size; and headers of every answer."""

import ipaddress
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors, metrics
from api.errors import Problem

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
ANSWER_HEADERS = "pictrace.headers"  # in the scope: what dependencies want to say, in errors too

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
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
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: Sequence[str], max_body_bytes: int) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in (*allowed_hosts, "localhost"))
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, self._max_body_bytes)
        answer = _with_headers(scope, send, body)
        try:
            self._check(scope)
        except Problem as problem:
            refused = errors.response(problem.code, problem.detail, problem.headers)
            await refused(scope, receive, answer)
            return
        await self._app(scope, body.receive, answer)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise Problem("wrong_host")
        origin = headers.get("origin")
        if origin and scope["method"] not in SAFE_METHODS:
            at = urlsplit(origin)
            # A browser extension's origin has a scheme of its own; its user chose to let it ask here.
            from_elsewhere = at.scheme in ("http", "https") and at.netloc != host and at.hostname not in self._hosts
            if from_elsewhere or origin == "null":
                raise Problem("cross_origin")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._max_body_bytes:
            raise _too_long(scope, self._max_body_bytes)

    def _is_ours(self, host: str) -> bool:
        """An attacker's page can give its own name our address, but it cannot turn an address into a name."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
            port = urlsplit(f"//{host}").port
        except ValueError:
            return False
        if name in self._hosts:
            return port != 0
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


class _Body:
    """A request's body, no more than `max_bytes` of it; what comes beyond is not read."""

    def __init__(self, scope: Scope, receive: Receive, max_bytes: int) -> None:
        self._scope = scope
        self._receive = receive
        self._max_bytes = max_bytes
        self._taken = 0
        self.is_read = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken > self._max_bytes:
            raise _too_long(self._scope, self._max_bytes)
        self.is_read = not message.get("more_body", False)
        return message


def _too_long(scope: Scope, max_bytes: int) -> Problem:
    is_upload = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/")
    detail = f"The body is larger than the {max_bytes / (1024 * 1024):.1f} MB that are taken."
    return Problem("file_too_large" if is_upload else "body_too_large", detail)


def _with_headers(scope: Scope, send: Send, body: _Body) -> Send:
    started = time.monotonic()

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**HEADERS, **scope.get(ANSWER_HEADERS, {})}.items():
                headers.setdefault(name, value)
            kind = headers.get("content-type", "")
            headers.setdefault("Cache-Control", "no-store" if "json" in kind else "no-cache")
            if scope["method"] not in SAFE_METHODS and message["status"] >= 400 and not body.is_read:
                headers["Connection"] = "close"  # there is no other way to stop a client that goes on sending
            if "content-security-policy" not in headers:
                headers["Content-Security-Policy"] = PAGE_POLICY if kind.startswith("text/html") else FILE_POLICY
            route = getattr(scope.get("route"), "path", "page" if message["status"] < 400 else "none")
            metrics.requests.labels(scope["method"], route, message["status"]).inc()
            metrics.request_seconds.labels(route).observe(time.monotonic() - started)
        await send(message)

    return answer


def client_address(request: Request) -> str:
    """Who asks, for rate limits: the address, or for IPv6 its /64, which one household has."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((host.split("%")[0], 64), strict=False))
    return host
