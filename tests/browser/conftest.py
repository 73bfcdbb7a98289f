"""The page in real Chromium, against the real API with a real library."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from engine import EngineSettings
from tests.api.conftest import ADMIN, Client, Serve, serve, serving

__all__ = ["ADMIN", "serve", "serving"]

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        for item in items:
            if "tests/browser" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="needs Chromium: `make test-browser` installs it"))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        await chromium.close()


class Visitor:
    """Someone at the page; what the browser complains of is remembered."""

    def __init__(self, page: Page, api: Client) -> None:
        self.page = page
        self.api = api
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)

    async def open(self, path: str = "/") -> Page:
        await self.page.goto(self.api.url + path)
        await self.page.wait_for_selector("#access:enabled")  # before that there are the page's outlines only
        await self.page.wait_for_selector("main :is(h1, .problem)")
        return self.page

    async def accessible(self) -> None:
        """axe-core finds nothing to complain of."""
        found = await Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()

    async def fits(self) -> None:
        """Nothing has to be scrolled sideways."""
        wide = await self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], wide


Visit = Callable[..., AbstractAsyncContextManager[Visitor]]


@pytest.fixture
def visit(browser: Browser, serve: Serve, settings: EngineSettings) -> Visit:
    """A visitor to a server: `filled` with the photographs or empty; `context` goes to the browser."""

    @asynccontextmanager
    async def visited(*, context: dict[str, Any] | None = None, **how: Any) -> AsyncIterator[Visitor]:
        async with serve(**how) as api:
            # Playwright sees no requests that a service worker has taken: only tests of the worker itself let it in.
            usual = {"viewport": {"width": 1200, "height": 900}, "service_workers": "block"}
            around = await browser.new_context(**usual | (context or {}))
            around.set_default_timeout(WAIT_MS)
            visitor = Visitor(await around.new_page(), api)
            try:
                yield visitor
            finally:
                await around.close()

    return visited
