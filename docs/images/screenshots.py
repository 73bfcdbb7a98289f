"""Makes pictures of the page to look at: usage: screenshots.py FOLDER. Needs Chromium.

A throw-away library of the samples is served on loopback. The documentation shows page-same.webp, page-why.webp and
page-library-dark.webp.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from api.app import create_app
from api.settings import ApiSettings

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-lcd-text",
    "--font-render-hinting=none",
    "--disable-background-networking",
    "--disable-component-update",
]
WIDE = {"viewport": {"width": 1180, "height": 760}}
PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


async def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="pictrace-screenshots-") as scratch:
        settings = ApiSettings(_env_file=None, data_dir=Path(scratch), admin_key="only-for-screenshots")
        server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_level="error", ws="none"))
        serving = asyncio.create_task(server._serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
            await asyncio.sleep(0.05)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            await take(browser, url, folder)
            await browser.close()
        server.should_exit = True
        await serving


async def take(browser: Browser, url: str, folder: Path) -> None:
    page = await opened(browser, url, {**WIDE, "color_scheme": "light"})
    await page.screenshot(path=folder / "page-empty.png")
    await page.get_by_role("button", name="Add sample pictures").click()
    await settled(page, ".tiles img")
    await page.screenshot(path=folder / "page-ask.png")
    await page.locator(".tiles button").nth(2).click()
    await settled(page, ".card img")
    await page.screenshot(path=folder / "page-same.png")
    await page.get_by_role("button", name="Why?").first.click()
    await settled(page, "img.why")
    await page.screenshot(path=folder / "page-why.png")
    dark = await opened(browser, url + "/?view=library#key=only-for-screenshots", {**WIDE, "color_scheme": "dark"})
    await settled(dark, ".gallery img")
    await dark.screenshot(path=folder / "page-library-dark.png")
    await dark.locator(".gallery a").nth(3).click()
    await settled(dark, ".sheet .sharp")
    await dark.screenshot(path=folder / "page-picture-dark.png")
    for locale, scheme in (("ja", "dark"), ("ru", "light")):
        phone = await opened(browser, url, {**PHONE, "color_scheme": scheme, "locale": locale})
        await settled(phone, ".tiles img")
        await phone.screenshot(path=folder / f"phone-ask-{locale}.png", full_page=True)
        await phone.locator(".tiles button").nth(0).click()
        await settled(phone, ".card img")
        await phone.screenshot(path=folder / f"phone-same-{locale}.png")
        await phone.goto(url + "/?view=library")
        await settled(phone, ".gallery img")
        await phone.screenshot(path=folder / f"phone-library-{locale}.png")


async def opened(browser: Browser, url: str, how: dict[str, object]) -> Page:
    context = await browser.new_context(**how)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(url)
    await page.wait_for_selector("h1")
    return page


async def settled(page: Page, images: str) -> None:
    """Until these images, as far as they are to be seen, are loaded."""
    await page.wait_for_selector(images)
    await page.mouse.move(2, 2)
    await page.evaluate("document.querySelector('.toasts')?.replaceChildren()")
    await page.wait_for_timeout(900)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    asyncio.run(main(target))
    for path in target.glob("*.png"):
        Image.open(path).convert("RGB").save(path.with_suffix(".webp"), quality=88)
