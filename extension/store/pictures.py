"""Makes the stores' pictures of the extension: usage: PYTHONPATH=. pictures.py FOLDER [LANGUAGE...], by default all.

For each language a folder with screenshots of 1280 x 800, and a small tile of 440 x 280. A real Chromium on a screen
without a monitor, a throw-away library of photographs that scikit-image ships; it needs what the tests need.
The README shows panel.png and picker.png of English, as docs/images/extension-panel.webp and extension-picker.webp.
"""

import asyncio
import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from PIL import ImageGrab
from playwright.async_api import BrowserContext, Page, Worker, async_playwright

from api.settings import ApiSettings
from tests.api.conftest import ADMIN, serving
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.extension.conftest import COVER, pack
from tests.browser.extension.desktop import Desktop, Target, desktop
from tests.browser.extension.site import Sites, sites
from tests.conftest import PHOTOGRAPHS, SHIPPED, add_paths

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT = 1280, 800
TILE = {"x": 0, "y": 0, "width": 440, "height": 280}
PANEL = "results/results.html"
ON_IMAGE, ON_PAGE = ("Up", "Up", "Return"), ("Up", "Up", "Up", "Return")  # the menu's item, from its end
ARTICLE = """<div style="font:17px/1.5 Georgia,serif;max-width:46rem;padding:10px 34px">
<h1>Three things before noon</h1>
<p>Somebody put the cup down, and the saucer rang. It was the only sound in the room.</p>
<img src="/open/coffee.png" style="width:430px;display:block;border-radius:6px">
<p>Then the launch was called off, and there was time for a second one.</p>
<div id="banner" style="height:190px;width:560px;background:url(/login/rocket.jpg) center/cover"></div></div>"""
ON_TILE = """<div style="box-sizing:border-box;width:440px;height:280px;padding:40px;background:#faf9f7;color:#1d1f23;
font:24px/1.3 system-ui,sans-serif;display:grid;align-content:center;gap:18px">
<div style="display:flex;gap:20px;align-items:center;font-size:44px;font-weight:700">
<img src="{icon}" width=88>PicTrace</div>
<div>{text}</div></div>"""


class Studio:
    """A browser with the extension, on a screen, at a server with a library."""

    def __init__(self, screen: Desktop, browser: BrowserContext, known: Sites, server: str) -> None:
        self.screen = screen
        self.browser = browser
        self.sites = known
        self.server = server

    @property
    def worker(self) -> Worker:
        return self.browser.service_workers[0]

    async def set(self, **settings: Any) -> None:
        kept = {"server": self.server, "keepsHistory": False} | settings
        await self.worker.evaluate("(settings) => chrome.storage.local.set({ settings })", kept)
        await asyncio.sleep(1)

    async def allow_the_server(self) -> None:
        await asyncio.sleep(2)
        first = self.browser.pages[-1]
        await first.get_by_label("Address").fill(self.server)
        await first.get_by_role("button", name="Allow and try").click()
        await asyncio.sleep(0.7)
        await self.screen.keys("Tab", "Return")
        await first.wait_for_selector("#said:has-text('pictures')")

    async def visit(self) -> Page:
        """The article, alone."""
        page = await self.browser.new_page()
        for other in self.browser.pages[:-1]:
            await other.close()
        await page.goto(self.sites.page("Three things before noon", ARTICLE))
        await page.wait_for_load_state("networkidle")
        return page

    async def panel(self, keys: tuple[str, ...]) -> Target:
        """The open menu's item, and what it opens."""
        await self.screen.keys(*keys)
        return await Target.found(self.browser, PANEL)

    async def shoot(self, path: Path) -> None:
        await asyncio.sleep(1)
        ImageGrab.grab(xdisplay=self.screen.display).crop((0, 0, WIDTH, HEIGHT)).save(path, optimize=True)


async def take(studio: Studio, language: str, folder: Path) -> None:
    await studio.set(language=language)
    page = await studio.visit()
    await studio.screen.right_click(page, "img")
    await studio.shoot(folder / "menu.png")
    panel = await studio.panel(ON_IMAGE)
    await panel.says("coffee.png")
    await studio.shoot(folder / "panel.png")
    await studio.screen.right_click(page, "#banner")
    await studio.panel(ON_PAGE)
    await page.wait_for_selector(COVER)
    await studio.shoot(folder / "picker.png")
    await page.keyboard.press("Enter")
    await panel.says("rocket.jpg")
    await panel.click(".card .about button")
    await asyncio.sleep(2)
    await studio.shoot(folder / "why.png")
    await added(studio, panel, language)
    await studio.shoot(folder / "added.png")
    await studio.worker.evaluate("chrome.tabs.create({ url: 'options/options.html' })")
    await studio.shoot(folder / "options.png")
    await tile(studio, language, folder / "tile.png")


async def added(studio: Studio, panel: Target, language: str) -> None:
    """A picture is added, and nearly the same is there."""
    await studio.set(language=language, adminKey=ADMIN)
    await panel.evaluate("document.querySelector('dialog')?.close()")
    question = {"by": "link", "adds": True, "url": f"{studio.sites.home}/open/coffee.png"}
    await studio.worker.evaluate(
        """async (question) => {
          const { id } = await chrome.windows.getLastFocused();
          const said = { title: "The cup", tags: ["noon"] };
          await chrome.storage.session.set({ [`search panel-${id}`]: { id: crypto.randomUUID(), question, said } });
        }""",
        question,
    )
    await panel.says("coffee.png")


async def tile(studio: Studio, language: str, path: Path) -> None:
    icon = base64.b64encode((HERE.parent / "icons" / "128.png").read_bytes()).decode()
    texts = json.loads((HERE.parent / "locales" / f"{language}.json").read_text())
    page = await studio.browser.new_page()
    await page.goto(
        studio.sites.page("tile", ON_TILE.format(icon=f"data:image/png;base64,{icon}", text=texts["menu.find"]))
    )
    await page.screenshot(path=path, clip=TILE)  # type: ignore[arg-type]


@asynccontextmanager
async def opened(scratch: Path) -> AsyncIterator[Studio]:
    async with sites() as known, desktop() as screen, async_playwright() as playwright:
        home, extension = known.home.removeprefix("http://"), pack(scratch / "dist")
        settings = ApiSettings(
            _env_file=None, data_dir=scratch / "library", fetch_allow=(home,), rate_limit=0, admin_key=ADMIN
        )
        async with serving(settings) as api:
            await add_paths(api.service, *(SHIPPED / name for name in PHOTOGRAPHS))
            browser = await playwright.chromium.launch_persistent_context(
                scratch / "profile",
                executable_path=CHROMIUM,
                headless=False,
                env={**screen.env},
                no_viewport=True,
                args=[
                    *FLAGS,
                    "--test-type",
                    "--window-position=0,0",
                    f"--window-size={WIDTH},{HEIGHT}",
                    f"--load-extension={extension}",
                    f"--disable-extensions-except={extension}",
                ],
                ignore_default_args=["--disable-extensions"],
            )
            yield Studio(screen, browser, known, api.url.replace("127.0.0.1", "localhost"))
            await browser.close()


async def main(folder: Path, language: str) -> None:
    with tempfile.TemporaryDirectory(prefix="pictrace-store-") as scratch:
        async with opened(Path(scratch)) as studio:
            await studio.allow_the_server()
            await take(studio, language, folder)


def has_font(language: str) -> bool:
    """Without one there would be boxes in place of letters."""
    tag = {"zh": "zh-cn"}.get(language, language)
    return bool(subprocess.run(["fc-list", f":lang={tag}"], capture_output=True, check=True).stdout)


if __name__ == "__main__":
    tags = sys.argv[2:] or sorted(path.stem for path in (HERE / "listings").glob("*.json"))
    if missing := [tag for tag in tags if not has_font(tag)]:
        sys.exit(
            f"There is no font for {', '.join(missing)}: install one (Debian: fonts-noto-cjk), or name other languages."
        )
    for tag in tags:
        target = Path(sys.argv[1]) / tag
        target.mkdir(parents=True, exist_ok=True)
        asyncio.run(main(target, tag))
