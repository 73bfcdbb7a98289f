"""A server that is not well: it plays what a real one does only under a load or a fault."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ABOUT = {
    "name": "PicTrace",
    "version": "9.9",
    "access": "none",
    "search_key_required": False,
    "pictures": 3,
    "limits": {"max_bytes": 20_000_000, "max_pixels": 50_000_000},
}
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
NOTHING = {
    "matches": [],
    "calibrated": True,
    "library_size": 3,
    "query": {"width": 600, "height": 400, "preview": PIXEL},
    "timings_ms": {"total": 1},
}


def problem(code: str, status: int, **headers: str) -> web.Response:
    body = {"code": code, "detail": f"The server says {code}.", "status": status, "title": code, "type": "about:blank"}
    return web.json_response(body, status=status, headers=headers, content_type="application/problem+json")


class Pretending:
    """Answers of the server, by what was asked; what it was asked is kept with its headers."""

    def __init__(self) -> None:
        self.url = ""
        self.about: Callable[[], Any] = lambda: web.json_response(ABOUT)
        self.searches: list[Callable[[], Any]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.searched = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((f"{request.method} {request.path}", dict(request.headers)))
        await request.read()
        if request.path == "/v1/server":
            made = self.about()
        else:
            self.searched.set()
            made = self.searches.pop(0)() if self.searches else web.json_response(NOTHING)
        return made if isinstance(made, web.Response) else await made


def self_signed(folder: Path) -> ssl.SSLContext:
    """With a certificate for localhost that nobody vouches for; `folder` keeps it."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, how = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = folder / "self-signed.pem"
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, how, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@asynccontextmanager
async def pretending(encrypted: ssl.SSLContext | None = None) -> AsyncIterator[Pretending]:
    server = Pretending()
    app = web.Application(client_max_size=10**9)
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=encrypted)
        await site.start()
        server.url = f"{'https' if encrypted else 'http'}://localhost:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
        yield server
    finally:
        await runner.cleanup()
