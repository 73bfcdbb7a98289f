"""The toolbar's popup, opened as a page: a picture of one's own, a link, a picture or a piece of the page."""

import base64
from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.extension.conftest import COVER, Browse, Browsing, says
from tests.browser.extension.site import picture

SENT = "Your picture was sent to the server."

PASTE = """([bytes, text]) => {
  const data = new DataTransfer();
  const whole = () => Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0));
  if (bytes) data.items.add(new File([whole()], "pasted.jpg", { type: "image/jpeg" }));
  if (text) data.setData("text/plain", text);
  const how = { bubbles: true, cancelable: true };
  document.querySelector("main").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, ...how }));
}"""
DROP = PASTE.replace('new ClipboardEvent("paste", { clipboardData', 'new DragEvent("drop", { dataTransfer')


async def opened(someone: Browsing) -> Page:
    page = await someone.open("popup/popup.html")
    await expect(page.locator("h1")).to_have_text("Which picture are you looking for?")
    return page


async def test_picture_is_chosen(browse: Browse, tmp_path: Path) -> None:
    (tmp_path / "mine.jpg").write_bytes(picture("coffee.png"))
    async with browse() as someone:
        popup = await opened(someone)
        async with someone.context.expect_page() as answer:
            await popup.get_by_label("Choose a picture").set_input_files(tmp_path / "mine.jpg")
        await says(await answer.value, "coffee.png", SENT)
        await (await answer.value).get_by_role("button", name="Why?").first.click()
        await expect((await answer.value).get_by_role("dialog").locator("img")).to_be_visible()


async def test_picture_is_pasted_or_dropped(browse: Browse) -> None:
    async with browse() as someone:
        for script in (PASTE, DROP):
            popup = await opened(someone)
            async with someone.context.expect_page() as answer:
                await popup.evaluate(script, [base64.b64encode(picture("rocket.jpg")).decode(), None])
            await says(await answer.value, "rocket.jpg", SENT)


async def test_link_is_typed_or_pasted(browse: Browse) -> None:
    async with browse() as someone:
        url = f"{someone.sites.home}/open/coffee.png"
        popup = await opened(someone)
        async with someone.context.expect_page() as answer:
            await popup.get_by_label("Link to a picture").fill(url)
            await popup.get_by_role("button", name="Search").click()
        await says(await answer.value, "coffee.png", "by its address")
        popup = await opened(someone)
        async with someone.context.expect_page() as answer:
            await popup.evaluate(PASTE, [None, url])
        await says(await answer.value, "coffee.png", "by its address")


async def test_nothing_in_what_is_pasted(browse: Browse) -> None:
    async with browse() as someone:
        popup = await opened(someone)
        await popup.evaluate(PASTE, [None, "just words"])
        await expect(popup.get_by_role("alert")).to_contain_text("no picture")


async def test_answers_page_takes_pictures_too(browse: Browse) -> None:
    async with browse() as someone:
        answer = await someone.open("results/results.html?place=tab-x")
        await expect(answer.locator("h1")).to_have_text("Which picture are you looking for?")
        await answer.evaluate(DROP, [base64.b64encode(picture("rocket.jpg")).decode(), None])
        await says(answer, "rocket.jpg", SENT)


async def test_picture_of_the_page_is_picked_from_the_popup(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit("shop", "<img src='/open/coffee.png'>")
        await page.bring_to_front()
        tab = await someone.worker.evaluate("chrome.tabs.query({ active: true }).then(([tab]) => tab)")
        # As a page, the popup would itself be the active tab.
        popup = await someone.context.new_page()
        await popup.add_init_script(
            f"chrome.tabs.query = async () => [{{ id: {tab['id']}, windowId: {tab['windowId']} }}]"
        )
        await popup.goto(someone.root + "popup/popup.html")
        async with someone.context.expect_page() as answer:
            await popup.get_by_role("button", name="Pick a picture on this page").click()
        await page.wait_for_selector(COVER)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await says(await answer.value, "coffee.png", "by its address")
