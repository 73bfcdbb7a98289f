"""Pictures that are no <img>, chosen on the page; and pieces of the page."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.extension.conftest import COVER, Browse, answered, says

EVERYWHERE = ("<all_urls>",)  # of which a capture needs one, or a real click in the menu
SIZE = "width:400px;height:300px"
KINDS = {
    "background": f"<div id=it style='{SIZE};background:url(/login/coffee.png) center/cover'></div>",
    "pseudo-element": f"<style>#it::before{{content:'';display:block;{SIZE};background:url(/login/coffee.png)}}</style>"
    f"<div id=it style='{SIZE}'></div>",
    "image-set": f"<div id=it style='{SIZE};background:"
    "image-set(url(/login/camera.png) 1x, url(/login/coffee.png) 2x)'></div>",
    "SVG": "<svg id=it width=400 height=300><image href='/login/coffee.png' width=400 height=300 /></svg>",
    "under an overlay": f"<div style='position:relative'><img src='/login/coffee.png' style='{SIZE}'>"
    f"<div id=it style='position:absolute;inset:0;{SIZE}'></div></div>",
    "shadow root": "<div id=it><template shadowrootmode=open><img src='/login/coffee.png' width=400></template></div>",
    "input": "<input type=image id=it src='/login/coffee.png' width=400>",
}


async def hover(page: Page) -> None:
    await page.locator("#it").hover(position={"x": 150, "y": 100})


@pytest.mark.parametrize("kind", KINDS)
async def test_picture_under_the_pointer_is_chosen_beforehand(browse: Browse, kind: str) -> None:
    async with browse() as someone:
        # Another picture stands before it: Enter alone must take the one under the pointer.
        page = await someone.visit(
            "site", f"<img src='/open/camera.png' width=120><br>{KINDS[kind]}".replace("{", "{{").replace("}", "}}")
        )
        await page.wait_for_load_state("networkidle")
        await hover(page)
        await says(await someone.pick(page, "Enter"), "coffee.png", "read in the page")


async def test_canvas(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit(
            "paint", "<img src='/open/rocket.jpg' hidden><canvas id=it width=400 height=280></canvas>"
        )
        await page.evaluate(
            """async () => {
              const image = document.querySelector("img");
              await image.decode();
              document.querySelector("canvas").getContext("2d").drawImage(image, 0, 0, 400, 280);
            }"""
        )
        await hover(page)
        await says(await someone.pick(page, "Enter"), "rocket.jpg", "read in the page")


async def test_picker_goes_by_mouse_and_by_keyboard(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit(
            "three",
            "<p>Text</p>"
            + "".join(f"<img src='/open/{name}' width=200>" for name in ("camera.png", "coffee.png", "rocket.jpg")),
        )
        await page.wait_for_load_state("networkidle")
        await page.mouse.move(5, 5)
        await says(await someone.pick(page, "Tab", "Tab", "Enter"), "coffee.png", "by its address")
        await says(await someone.pick(page, "Tab", "ArrowLeft", "Enter"), "rocket.jpg", "by its address")
        clicking = await someone.pick(page)
        await page.locator("img").nth(0).click(force=True)  # through the picker's cover
        await says(clicking, "camera.png", "by its address")
        assert await page.locator("body > *, html > div").count() == 4  # nothing is left of the picker


async def test_escape_leaves(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit("one", "<img src='/open/camera.png'>")
        answer = await someone.pick(page, "Escape")
        await expect(answer.locator("main")).to_contain_text("No picture was chosen.")
        # What the page itself listens for it gets again.
        await page.evaluate("addEventListener('keydown', (event) => (window.got = event.key))")
        await page.keyboard.press("Escape")
        assert await page.evaluate("window.got") == "Escape"


async def test_page_without_pictures_offers_the_capture_of_a_piece(browse: Browse) -> None:
    async with browse(reach=EVERYWHERE) as someone:
        words = (
            "<p style='font-size:60px'>Words only.</p><div style='height:300px;background:linear-gradient(red,blue)'>"
        )
        page = await someone.visit("words", words)
        offered = (
            "No picture was found here. Click, or press Enter, to capture a piece of the page instead. Escape leaves."
        )
        left = await someone.click(page, "find")
        await expect(page.locator(COVER)).to_have_attribute("aria-label", offered)
        await page.keyboard.press("Escape")
        await expect(left.locator("main")).to_contain_text("No picture was chosen.")
        await left.get_by_role("button", name="Capture a piece of this page").click()
        await expect(page.locator(COVER)).to_have_attribute("aria-label", re.compile("^Draw a rectangle"))
        await page.keyboard.press("Escape")
        await expect(left.locator("main")).to_contain_text("No picture was chosen.")
        answer = await someone.click(page, "find")
        await expect(page.locator(COVER)).to_have_attribute("aria-label", offered)
        await page.mouse.click(300, 200)
        await expect(page.locator(COVER)).to_have_attribute("aria-label", re.compile("^Draw a rectangle"))
        for key in ("ArrowLeft", "Enter"):
            await page.keyboard.press(key)
        await answered(answer)
        await expect(answer.locator("#way")).to_contain_text("The piece that you drew around was captured and sent.")


async def test_what_cannot_be_read_is_captured(browse: Browse) -> None:
    async with browse(reach=EVERYWHERE) as someone:
        page = await someone.visit("gallery", "<canvas id=it width=500 height=380 style='margin:40px'></canvas>")
        # A canvas with a foreign picture in it is closed to the page.
        await page.evaluate(
            """(src) => new Promise((done) => {
              const image = new Image();
              image.onload = () => {
                document.querySelector("canvas").getContext("2d").drawImage(image, 0, 0, 500, 380);
                done();
              };
              image.src = src;
            })""",
            f"{someone.sites.other}/open/coffee.png",
        )
        await hover(page)
        answer = await someone.pick(page, "Enter")
        await says(answer, "coffee.png", "A capture of what you see was sent")
        framed = await answer.locator(".framed img").evaluate("(image) => image.naturalWidth / image.naturalHeight")
        assert framed == pytest.approx(500 / 380, rel=0.02)


async def test_picture_out_of_view_is_brought_into_view_for_the_capture(browse: Browse) -> None:
    async with browse(reach=EVERYWHERE) as someone:
        page = await someone.visit(
            "long", "<p style='height:3000px'>Far</p><video id=it width=500 height=334 style='background:#000'></video>"
        )
        await page.evaluate(
            """(src) => new Promise((done) => {
              const canvas = document.createElement("canvas");
              canvas.width = 500; canvas.height = 334; canvas.id = "far";
              document.body.append(canvas);
              const image = new Image();
              image.onload = () => { canvas.getContext("2d").drawImage(image, 0, 0, 500, 334); done(); };
              image.src = src;
            })""",
            f"{someone.sites.other}/open/coffee.png",
        )
        await page.mouse.move(5, 5)
        picking = await someone.pick(page, "Tab", "Tab", "Enter")
        await says(picking, "coffee.png", "A capture of what you see was sent")


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
async def test_piece_of_the_page(browse: Browse, how: str) -> None:
    async with browse(reach=EVERYWHERE) as someone:
        page = await someone.visit("piece", "<img src='{other}/open/coffee.png' style='width:500px;height:340px'>")
        await page.bring_to_front()
        # As the popup does it; that opens with a button of the toolbar, which has no place here.
        await someone.worker.evaluate(
            """async () => {
              const [tab] = await chrome.tabs.query({ active: true });
              const question = { by: "area", tabId: tab.id, windowId: tab.windowId, frameId: 0 };
              await chrome.storage.session.set({ "search tab-x": { id: "x", question } });
            }"""
        )
        async with someone.context.expect_page() as opened:
            await someone.worker.evaluate(
                "chrome.tabs.create({ url: 'results/results.html?place=tab-x', active: false })"
            )
        answer = await opened.value
        await expect(answer.locator("#status")).to_contain_text("Draw around a piece")
        await page.wait_for_selector(COVER)
        if how == "mouse":
            await page.mouse.move(20, 20)
            await page.mouse.down()
            await page.mouse.move(480, 320, steps=4)
            await page.mouse.up()
        else:
            for key in [*["ArrowLeft"] * 12, *["ArrowUp"] * 10, "Shift+ArrowDown", "Enter"]:
                await page.keyboard.press(key)
        await answered(answer)
        await expect(answer.locator("#way")).to_have_text(re.compile("The piece that you drew around"))
        await expect(answer.locator(".card.same h3")).to_contain_text("coffee.png")
