"""Two pictures compared: a match with what was asked, and two of the library."""

import io
import re
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.async_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_answer import PHONE
from tests.browser.test_page import choose, reach
from tests.conftest import jpeg, photograph
from tests.small_library import menu


async def seen(page: Page) -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    """What is to be seen where the pictures lie on each other."""
    shot = await page.locator(".laid").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), np.int16)


async def test_match_is_laid_on_the_picture_that_was_asked_with(visit: Visit, tmp_path: Path) -> None:
    query = tmp_path / "crop.jpg"
    query.write_bytes(jpeg(np.ascontiguousarray(photograph("coffee.png")[50:330, 100:500][:, ::-1]), 92))
    async with visit() as visitor:
        page = await visitor.open()
        await choose(page, "Choose a picture", query)
        await page.get_by_role("button", name="Compare: coffee.png").click()
        await expect(page.get_by_role("heading", name="Two pictures compared")).to_be_visible()
        assert re.search(r"/\?compare=\d+$", page.url)
        await expect(page.locator("figure")).to_have_count(2)
        await visitor.accessible()
        await visitor.fits()
        # Mirrored and cropped: in its place, each pixel of the one lies on the same of the other.
        await reach(page, "In turn")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("A · You asked for")).to_be_visible()
        first = await seen(page)
        await reach(page, "Show the other")
        await page.keyboard.press("Space")
        await expect(page.get_by_text("B · coffee.png")).to_be_visible()
        second = await seen(page)
        assert first.std() > 40
        assert np.abs(first - second).mean() < 8
        await visitor.accessible()
        await page.keyboard.press("Space")
        await expect(page.get_by_text("A · You asked for")).to_be_visible()
        await page.get_by_role("button", name="Slider").press("Enter")
        slider = page.get_by_label("How much of each is seen")
        await slider.focus()
        await page.keyboard.press("End")
        assert np.abs(await seen(page) - first).mean() < 3  # all of it the first, but for the edge
        await page.locator(".laid").click(position={"x": 30, "y": 60})
        assert int(await slider.input_value()) < 15
        await visitor.accessible()
        await page.reload()
        await expect(page.get_by_role("heading", name="Two pictures compared")).to_be_visible()
        await page.get_by_role("button", name="Back to the answer").click()
        await expect(page.locator(".card.same").first).to_contain_text("coffee.png")
        assert "compare" not in page.url
        assert visitor.complaints == []


async def test_two_pictures_of_the_library_with_what_differs_outlined(visit: Visit) -> None:
    async with visit() as visitor:
        ids = [(await visitor.api.add(jpeg(menu(0, one)), name=f"menu-{one}.jpg")).json["id"] for one in (1, 2)]
        page = await visitor.open(f"/?compare={ids[0]},{ids[1]}")
        outlines = page.locator(".pane.second polygon:not(.under)")
        await expect(outlines.first).to_be_visible()
        assert 1 <= await outlines.count() <= 5
        box, frame = await outlines.first.bounding_box(), await page.locator(".pane.second .shape").bounding_box()
        assert box
        assert frame
        assert frame["x"] - 4 <= box["x"] <= box["x"] + box["width"] <= frame["x"] + frame["width"] + 4
        await expect(page.locator(".score")).to_contain_text("Another version")
        await visitor.accessible()
        await page.get_by_label(re.compile("Outline what differs")).press("Space")
        await expect(outlines.first).to_be_hidden()
        await page.get_by_role("link", name="Open its page").last.click()
        await expect(page).to_have_url(re.compile(rf"/\?image={ids[1]}$"))
        await page.go_back()
        await expect(page.locator("figure")).to_have_count(2)
        await visitor.api("DELETE", f"/v1/images/{ids[1]}")
        await page.goto(f"{visitor.api.url}/?compare={ids[0]},{ids[1]}")
        await expect(page.get_by_role("alert")).to_contain_text("no longer in the library")
        await visitor.accessible()


async def test_comparison_on_a_phone_in_the_dark(visit: Visit) -> None:
    async with visit(context={**PHONE, "color_scheme": "dark", "locale": "ja"}) as visitor:
        ids = [(await visitor.api.add(jpeg(menu(0, one)), name=f"menu-{one}.jpg")).json["id"] for one in (1, 2)]
        page = await visitor.open(f"/?compare={ids[0]},{ids[1]}")
        await expect(page.locator("figure")).to_have_count(2)
        for way in ("side", "flicker", "wipe"):
            await page.locator(f"button[data-way={way}]").tap()
            await visitor.fits()
            await visitor.accessible()
        frame = await page.locator(".laid").bounding_box()
        assert frame
        await page.touchscreen.tap(frame["x"] + frame["width"] / 4, frame["y"] + 100)
        assert 20 <= int(await page.locator("#wipe").input_value()) <= 30
        assert visitor.complaints == []
