"""Real Chromium with the extension, a real server with a real library, and sites with pictures."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page, Worker, async_playwright, expect

from engine import EngineSettings
from tests.api.conftest import ADMIN, Client, Serve, serve, serving
from tests.browser.conftest import CHROMIUM, FLAGS, WAIT_MS
from tests.browser.extension.site import Sites, sites

__all__ = ["ADMIN", "serve", "serving"]

PACK = Path(__file__).parents[3] / "extension" / "pack.py"
SERVER, HOME_PAGES, OTHER_PAGES = "http://localhost/*", "http://127.0.0.2/*", "http://127.0.0.3/*"

COVER = "html > [role=application]"  # of the picker

CLICK = """async ({ id, info, at }) => {
  const [tab] = await chrome.tabs.query({ active: true }); // its address is not told without a permission
  const frames = await chrome.scripting.executeScript({
    target: { tabId: tab.id, allFrames: true }, func: () => location.href,
  }).catch(() => []);
  const frameId = frames.find((one) => one.result === info.frameUrl)?.frameId ?? 0;
  chrome.contextMenus.onClicked.dispatch({ menuItemId: id, pageUrl: at, ...info, frameId }, tab);
}"""


def pack(folder: Path) -> Path:
    """The extension packed into this folder, as it is shipped: what Chromium loads."""
    subprocess.run([sys.executable, PACK, folder], check=True, stdout=subprocess.DEVNULL)
    return folder / "chromium"


def allowed(folder: Path, *reach: str) -> Path:
    """The extension with host permissions from the start: in a browser without a head nobody can give them."""
    target = pack(folder)
    manifest = json.loads((target / "manifest.json").read_text())
    manifest["host_permissions"] = list(reach)
    (target / "manifest.json").write_text(json.dumps(manifest))
    return target


class Browsing:
    """Somebody with the extension."""

    def __init__(self, context: BrowserContext, worker: Worker, api: Client, known: Sites) -> None:
        self.context = context
        self.worker = worker
        self.api = api
        self.sites = known
        self.server = api.url.replace("127.0.0.1", "localhost")
        self.complaints: list[str] = []
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    @property
    def root(self) -> str:
        return self.worker.url.removesuffix("background.js")

    async def set(self, **settings: Any) -> None:
        """Settings, beside the address of the server."""
        kept = {"server": self.server, "opens": "tab"} | settings
        await self.worker.evaluate("(settings) => chrome.storage.local.set({ settings })", kept)

    async def visit(self, name: str, body: str) -> Page:
        page = await self.context.new_page()
        await page.goto(self.sites.page(name, body))
        return page

    async def open(self, path: str) -> Page:
        page = await self.context.new_page()
        await page.goto(self.root + path)
        return page

    async def click(self, page: Page, does: str, *, src: str | None = None, **info: Any) -> Page:
        """A click in the context menu: the page of the answer."""
        await page.bring_to_front()
        about = {"mediaType": "image", "srcUrl": src, **info} if src else info
        async with self.context.expect_page() as opened:
            await self.worker.evaluate(CLICK, {"id": f"{does} tab", "info": about, "at": page.url})
        return await opened.value

    async def find(self, page: Page, selector: str) -> Page:
        """Right-click a picture, and wait for its answer."""
        answer = await self.click(
            page, "find", src=await page.locator(selector).evaluate("(image) => image.currentSrc")
        )
        await answered(answer)
        return answer

    async def pick(self, page: Page, *keys: str, **info: Any) -> Page:
        """Click where no picture is, then keys in the picker."""
        answer = await self.click(page, "find", **info)
        await expect(answer.locator("#status")).to_contain_text("Choose a picture")
        await page.frames[-1].wait_for_selector(COVER)
        for key in keys:
            await page.keyboard.press(key)
        return answer

    async def stored(self, area: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.worker.evaluate("(area) => chrome.storage[area].get()", area)
        return found


async def accessible(page: Page) -> None:
    """axe-core finds nothing to complain of, and nothing has to be scrolled sideways."""
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    wide = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], wide


async def answered(answer: Page) -> None:
    await expect(answer.locator("#answer")).to_be_attached()


async def says(answer: Page, name: str, way: str) -> None:
    """The best match is this picture, and this is how it got there."""
    await expect(answer.locator(".card.same h3")).to_contain_text(name)
    await expect(answer.locator("#way")).to_contain_text(way)


Browse = Callable[..., AbstractAsyncContextManager[Browsing]]


@pytest.fixture
async def known() -> AsyncIterator[Sites]:
    async with sites() as made:
        yield made


@pytest.fixture
def browse(serve: Serve, known: Sites, settings: EngineSettings, tmp_path: Path) -> Browse:
    """Opens the browser; `reach` are sites that the extension may read, `context` goes to the browser."""

    @asynccontextmanager
    async def opened(
        *, reach: tuple[str, ...] = (HOME_PAGES,), context: dict[str, Any] | None = None, **how: Any
    ) -> AsyncIterator[Browsing]:
        extension = allowed(tmp_path / "dist", SERVER, *reach)
        home = known.home.removeprefix("http://")
        async with serve(fetch_allow=(home,), **how) as api, async_playwright() as playwright:
            running = await playwright.chromium.launch_persistent_context(
                tmp_path / "profile",
                executable_path=CHROMIUM,
                args=[*FLAGS, f"--load-extension={extension}", f"--disable-extensions-except={extension}"],
                ignore_default_args=["--disable-extensions"],
                **{"viewport": {"width": 800, "height": 700}} | (context or {}),
            )
            running.set_default_timeout(WAIT_MS)
            worker = (
                running.service_workers[0] if running.service_workers else await running.wait_for_event("serviceworker")
            )
            browsing = Browsing(running, worker, api, known)
            await browsing.set()
            try:
                yield browsing
                assert browsing.complaints == []
            finally:
                await running.close()

    return opened
