"""Makes pictures of the extension to look at: usage: PYTHONPATH=. extension.py FOLDER. Needs what its tests need.

A real Chromium on a screen without a monitor, a throw-away library of photographs that scikit-image ships. The README
shows extension-panel.webp and extension-picker.webp.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from PIL import ImageGrab
from playwright.async_api import BrowserContext, Page, async_playwright

from api.settings import ApiSettings
from tests.api.conftest import serving
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.extension.conftest import COVER, pack
from tests.browser.extension.desktop import Desktop, Target, desktop
from tests.browser.extension.site import Sites, sites
from tests.conftest import PHOTOGRAPHS, SHIPPED, add_paths

STYLE = "font:17px/1.5 Georgia,serif;max-width:46rem;padding:10px 34px"
ARTICLE = f"""<div style="{STYLE}"><h1>Three things before noon</h1>
<p>Somebody put the cup down, and the saucer rang. It was the only sound in the room.</p>
<img src="/open/coffee.png" style="width:430px;display:block;border-radius:6px">
<p>Then the launch was called off, and there was time for a second one.</p>
<div id="banner" style="height:190px;width:560px;background:url(/login/rocket.jpg) center/cover"></div></div>"""


async def main(folder: Path) -> None:
    async with sites() as known, desktop() as screen, async_playwright() as playwright:
        with tempfile.TemporaryDirectory(prefix="pictrace-extension-") as scratch:
            home, extension = known.home.removeprefix("http://"), pack(Path(scratch) / "dist")
            settings = ApiSettings(
                _env_file=None, data_dir=Path(scratch) / "library", fetch_allow=(home,), rate_limit=0
            )
            async with serving(settings) as api:
                await add_paths(api.service, *(SHIPPED / name for name in PHOTOGRAPHS))
                browser = await playwright.chromium.launch_persistent_context(
                    Path(scratch) / "profile",
                    executable_path=CHROMIUM,
                    headless=False,
                    env={**screen.env},
                    no_viewport=True,
                    args=[
                        *FLAGS,
                        "--test-type",
                        "--window-position=0,0",
                        "--window-size=1280,860",
                        f"--load-extension={extension}",
                        f"--disable-extensions-except={extension}",
                    ],
                    ignore_default_args=["--disable-extensions"],
                )
                await take(browser, screen, known, api.url.replace("127.0.0.1", "localhost"), folder)
                await browser.close()


async def take(browser: BrowserContext, screen: Desktop, known: Sites, server: str, folder: Path) -> None:
    await asyncio.sleep(2)
    first = browser.pages[-1]
    await first.get_by_label("Address").fill(server)
    await first.get_by_role("button", name="Allow and try").click()
    await asyncio.sleep(0.7)
    await screen.keys("Tab", "Return")
    await first.wait_for_selector("#said:has-text('pictures')")
    shoot(screen, folder / "extension-first.png")
    page = await browser.new_page()
    for other in browser.pages[:-1]:
        await other.close()
    await page.goto(known.page("Three things before noon", ARTICLE))
    await page.wait_for_load_state("networkidle")
    panel = await asked(browser, screen, page, "img", ("Up", "Up", "Return"))
    await panel.says("coffee.png")
    await asyncio.sleep(1)
    shoot(screen, folder / "extension-panel.png")
    await asked(browser, screen, page, "#banner", ("Up", "Up", "Up", "Return"))
    await page.wait_for_selector(COVER)
    await asyncio.sleep(1)
    shoot(screen, folder / "extension-picker.png")
    await page.keyboard.press("Enter")
    await panel.says("rocket.jpg")
    await asyncio.sleep(1)
    await panel.click(".card button")
    await asyncio.sleep(2)
    shoot(screen, folder / "extension-why.png")


async def asked(browser: BrowserContext, screen: Desktop, page: Page, selector: str, keys: tuple[str, ...]) -> Target:
    await screen.right_click(page, selector)
    await screen.keys(*keys)
    return await Target.found(browser, "results/results.html")


def shoot(screen: Desktop, path: Path) -> None:
    image = ImageGrab.grab(xdisplay=screen.display).crop((0, 0, 1280, 860))
    image.save(path)
    image.save(path.with_suffix(".webp"), quality=86)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
