"""The real context menu, the real side panel and the real questions for permission, on a screen without a monitor."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from tests.api.conftest import Client, Serve
from tests.browser.conftest import CHROMIUM, FLAGS, WAIT_MS
from tests.browser.extension.conftest import COVER, pack
from tests.browser.extension.desktop import MISSING, Desktop, Target, desktop
from tests.browser.extension.site import Sites

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING}: `make test-browser` installs them")

PANEL = "results/results.html"
ALLOW, DENY = ("Tab", "Return"), ("Escape",)
# Our item in the menu, from its end: of an image, then of a page.
ON_IMAGE, ON_PAGE = ("Up", "Up", "Return"), ("Up", "Up", "Up", "Return")


class Desk:
    """Somebody at a screen, with the extension as it is shipped and a server that it may reach."""

    def __init__(self, screen: Desktop, context: BrowserContext, api: Client, known: Sites) -> None:
        self.screen = screen
        self.context = context
        self.api = api
        self.sites = known

    async def visit(self, name: str, body: str) -> Page:
        page = await self.context.new_page()
        await page.goto(self.sites.page(name, body))
        await page.wait_for_load_state("networkidle")
        return page

    async def first_page(self) -> Page:
        while not (found := [page for page in self.context.pages if "options.html?first" in page.url]):
            await self.context.wait_for_event("page")
        await found[0].bring_to_front()
        await found[0].get_by_label("Address").fill(self.api.url.replace("127.0.0.1", "localhost"))
        return found[0]

    async def allow_the_server(self) -> None:
        first = await self.first_page()
        await first.get_by_role("button", name="Allow and try").click()
        await first.wait_for_timeout(700)
        await self.screen.keys(*ALLOW)
        await expect(first.locator("#said")).to_contain_text("6 pictures in the library")

    async def choose_in_menu(self, page: Page, selector: str, keys: tuple[str, ...] = ON_IMAGE) -> Target:
        """Right-click, and our item: the side panel."""
        await page.bring_to_front()
        await self.screen.right_click(page, selector)
        await self.screen.keys(*keys)
        return await Target.found(self.context, PANEL)


@pytest.fixture
async def desk(serve: Serve, known: Sites, tmp_path: Path) -> AsyncIterator[Desk]:
    home, extension = known.home.removeprefix("http://"), pack(tmp_path / "dist")
    async with serve(fetch_allow=(home,)) as api, desktop() as screen, async_playwright() as playwright:
        running = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=CHROMIUM,
            headless=False,
            env={**screen.env},
            no_viewport=True,
            args=[
                *FLAGS,
                "--test-type",  # no warning about the missing sandbox, which would take room
                "--window-position=0,0",
                "--window-size=1280,900",
                f"--load-extension={extension}",
                f"--disable-extensions-except={extension}",
            ],
            ignore_default_args=["--disable-extensions"],
        )
        running.set_default_timeout(WAIT_MS)
        try:
            yield Desk(screen, running, api, known)
        finally:
            await running.close()


async def test_from_the_installation_to_the_first_answer(desk: Desk) -> None:
    first = await desk.first_page()
    await first.get_by_role("button", name="Allow and try").click()
    await first.wait_for_timeout(700)
    await desk.screen.keys(*DENY)
    await expect(first.locator("#said")).to_contain_text("Without this permission it cannot be done.")
    await first.reload()
    await expect(first.get_by_label("Address")).to_have_value(desk.api.url.replace("127.0.0.1", "localhost"))
    await desk.allow_the_server()
    page = await desk.visit("shop", "<img src='/open/coffee.png' style='margin:30px'>")
    panel = await desk.choose_in_menu(page, "img")
    said = await panel.says("The server fetched the picture by its address.")
    assert re.search(r"coffee\.png\n\n(Almost c|C)ertainly the same >?99%", said)
    assert len(desk.context.pages) == 3  # an answer in the panel opens no tab
    # The next click is answered in the same panel.
    await page.goto(desk.sites.page("club", "<img src='/login/rocket.jpg' style='margin:30px'>"))
    await desk.choose_in_menu(page, "img")
    assert "rocket.jpg" in await panel.says("The picture was read in the page")


async def test_capture_then_the_permission_denied_and_granted(desk: Desk) -> None:
    await desk.allow_the_server()
    page = await desk.visit("forum", "<img src='{other}/open/coffee.png' style='margin:30px;width:500px'>")
    panel = await desk.choose_in_menu(page, "img")
    assert "coffee.png" in await panel.says("A capture of what you see was sent")
    await panel.click("#allow")
    await page.wait_for_timeout(700)
    await desk.screen.keys(*DENY)
    await panel.says("Without this permission it cannot be done.")
    await panel.click("#allow")
    await page.wait_for_timeout(700)
    await desk.screen.keys(*ALLOW)
    assert "coffee.png" in await panel.says("The picture was read from its own site, as you allowed")


async def test_find_a_picture_here(desk: Desk) -> None:
    await desk.allow_the_server()
    style = "margin:60px;width:400px;height:280px;background:url(/login/coffee.png) center/cover"
    page = await desk.visit("card", f"<img src='/open/camera.png' width=50><div id=it style='{style}'></div>")
    panel = await desk.choose_in_menu(page, "#it", ON_PAGE)
    await page.wait_for_selector(COVER)
    await page.bring_to_front()
    await page.keyboard.press("Enter")
    assert "coffee.png" in await panel.says("The picture was read in the page")


async def test_one_item_for_linked_pictures_for_frames_and_for_canvases(desk: Desk) -> None:
    await desk.allow_the_server()
    desk.sites.page("inner", "<img src='/open/rocket.jpg' width=300>")
    linked = "<a href='/elsewhere'><img src='/open/coffee.png' width=200></a>"
    page = await desk.visit("page", f"{linked}<canvas width=400 height=280></canvas><br><iframe src='/inner'></iframe>")
    await page.evaluate(
        """async () => {
          const image = new Image();
          image.src = "/open/camera.png";
          await image.decode();
          document.querySelector("canvas").getContext("2d").drawImage(image, 0, 0, 400, 280);
        }"""
    )
    # Were there a submenu, these keys would open it and choose nothing.
    panel = await desk.choose_in_menu(page, "img")
    assert "coffee.png" in await panel.says("The server fetched the picture by its address.")
    await desk.choose_in_menu(page, "iframe")
    await panel.says("rocket.jpg")
    await desk.choose_in_menu(page, "canvas")
    await page.wait_for_selector(COVER)  # Chromium tells nothing of a canvas: it is chosen beforehand on the page
    await page.bring_to_front()
    await page.keyboard.press("Enter")
    assert "camera.png" in await panel.says("The picture was read in the page")


async def test_shortcut_opens_the_popup_and_a_piece_of_the_page_is_captured(desk: Desk) -> None:
    await desk.allow_the_server()
    page = await desk.visit("forum", "<img src='{other}/open/rocket.jpg' style='width:600px'>")
    await page.bring_to_front()
    await desk.screen.do("mousemove", 300, 400)
    await desk.screen.keys("alt+shift+f")
    popup = await Target.found(desk.context, "popup/popup.html")
    await popup.says("Which picture are you looking for?")
    await popup.click("#area")
    panel = await Target.found(desk.context, PANEL)
    await page.wait_for_selector(COVER)
    await desk.screen.do("mousemove", 30, 120)
    await desk.screen.do("mousedown", 1)
    await desk.screen.do("mousemove", 300, 300)
    await desk.screen.do("mousemove", 560, 470)
    await desk.screen.do("mouseup", 1)
    assert "rocket.jpg" in await panel.says("The piece that you drew around")
