"""Web sites to find pictures on: one that the user is at, and another origin that its pictures may come from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.conftest import SHIPPED, jpeg, photograph

HOME, OTHER = "127.0.0.2", "127.0.0.3"
COOKIE = {"session": "logged-in"}


def picture(name: str) -> bytes:
    """A copy of one of the library's photographs, smaller and saved anew."""
    return jpeg(photograph(name)[::2, ::2], quality=85)


@dataclass
class Sites:
    """The two origins, and what was asked of them: (path, headers)."""

    home: str
    other: str
    pages: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def page(self, name: str, body: str) -> str:
        """A page of the first origin; `{other}` in it is the second."""
        self.pages[name] = f"<!doctype html><title>{name}</title><body style='margin:0'>{body.format(other=self.other)}"
        return f"{self.home}/{name}"


@asynccontextmanager
async def sites() -> AsyncIterator[Sites]:
    """Pictures: /open/NAME for all, /login/NAME with a cookie, /linked/NAME only for pages of its own site, /large."""
    known = Sites("", "")

    async def page(request: web.Request) -> web.Response:
        text = known.pages.get(request.match_info["name"])
        if text is None:
            raise web.HTTPNotFound
        answer = web.Response(text=text, content_type="text/html")
        answer.set_cookie("session", COOKIE["session"])
        return answer

    async def shown(request: web.Request) -> web.Response:
        known.asked.append((request.path, dict(request.headers)))
        how, name = request.match_info["how"], request.match_info["name"]
        if how == "login" and request.cookies.get("session") != COOKIE["session"]:
            raise web.HTTPForbidden
        if how == "linked" and not request.headers.get("Referer", "").startswith(known.home):
            raise web.HTTPForbidden
        if how == "notice" and not request.headers.get("Referer", "").startswith(known.home):
            return web.Response(body=jpeg(photograph("camera.png")[:60, :300]), content_type="image/jpeg")
        if how == "raw":
            return web.Response(body=(SHIPPED / name).read_bytes(), content_type="image/png")
        return web.Response(body=picture(name), content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/{how:open|login|linked|notice|raw}/{name}", shown)
    app.router.add_get("/{name}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        urls = []
        for host in (HOME, OTHER):
            at = web.TCPSite(runner, host, 0)
            await at.start()
            urls.append(f"http://{host}:{at._server.sockets[0].getsockname()[1]}")  # type: ignore[union-attr]
        known.home, known.other = urls
        yield known
    finally:
        await runner.cleanup()
