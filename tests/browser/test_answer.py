"""An answer on the page: the part that is asked with, more of it, and what is seen while it comes."""

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest
from playwright.async_api import Page, Route, expect

from tests.api.conftest import ADMIN
from tests.api.test_web import texts
from tests.browser.conftest import Visit
from tests.browser.test_page import choose
from tests.conftest import PHOTOGRAPHS, SHIPPED, jpeg, photograph
from tests.small_library import menu, painting

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PIECES = ("coffee.png", "chelsea.png", "astronaut.png", "rocket.jpg")


def collage() -> bytes:
    """Four photographs, two in a row."""
    tiles = [cv2.resize(photograph(name), (480, 360), interpolation=cv2.INTER_AREA) for name in PIECES]
    return jpeg(np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])]), 92)


def nothing_known() -> bytes:
    """A picture that is like no photograph."""
    wave = (np.sin(np.arange(400) / 9) * 127 + 128).astype(np.uint8)
    return jpeg(np.ascontiguousarray(np.broadcast_to(wave[None, :, None], (300, 400, 3))))


@pytest.fixture
def query(tmp_path: Path) -> Path:
    path = tmp_path / "query.jpg"
    path.write_bytes(collage())
    return path


async def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the mouse over the picture, in shares of it."""
    frame = await page.locator(".query .framed").bounding_box()
    assert frame
    for at, act in ((start, page.mouse.down), (end, page.mouse.up)):
        await page.mouse.move(frame["x"] + at[0] * frame["width"], frame["y"] + at[1] * frame["height"], steps=4)
        await act()


def region_in(page: Page) -> list[float]:
    (region,) = parse_qs(urlsplit(page.url).query)["region"]
    return [float(share) for share in region.split(",")]


async def test_part_is_drawn_moved_and_asked_with_and_outlives_back_and_reload(visit: Visit, query: Path) -> None:
    async with visit() as visitor:
        page = await visitor.open()
        await choose(page, "Choose a picture", query)
        await expect(page.locator(".card.same").first).to_be_visible()
        await drag(page, (0.52, 0.02), (0.98, 0.48))
        box = page.locator(".part")
        await expect(box).to_be_focused()
        await visitor.accessible()
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Shift+ArrowLeft")
        await page.keyboard.press("Enter")
        await expect(page.locator(".card.same").first).to_contain_text("chelsea.png")
        assert region_in(page) == pytest.approx([0.54, 0.02, 0.44, 0.46], abs=0.02)
        await expect(page.locator(".card.same", has_text="astronaut")).to_have_count(0)
        # The whole picture stays in sight, with the box on it; outlines are in shares of the whole.
        shown, outline = await page.locator(".framed img").bounding_box(), page.locator(".framed polygon").first
        assert shown
        corners = str(await outline.get_attribute("points")).split()
        assert all(float(corner.split(",")[0]) > 0.4 for corner in corners)
        await page.reload()
        await expect(page.locator(".card.same").first).to_contain_text("chelsea.png")
        assert await page.locator(".framed img").evaluate("image => image.naturalWidth > image.naturalHeight")
        # By a handle, down to the piece below.
        handle = await page.locator(".handle.sw").bounding_box()
        assert handle
        await page.mouse.move(handle["x"] + 13, handle["y"] + 13)
        await page.mouse.down()
        await page.mouse.move(shown["x"] + 2, handle["y"] + 13, steps=4)
        await page.mouse.up()
        await page.get_by_role("button", name="Search this part", exact=True).click()
        await expect(page.locator(".card.same", has_text="coffee.png")).to_be_visible()
        assert region_in(page)[0] < 0.05
        await page.go_back()
        await expect(page.locator(".card.same", has_text="coffee.png")).to_have_count(0)
        await page.get_by_role("button", name="Whole picture").click()
        await expect(page.locator(".card.same", has_text="astronaut")).to_be_visible()
        assert "region" not in page.url
        await page.get_by_role("button", name="Search a part of it").click()
        await expect(box).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(box).to_be_hidden()
        assert visitor.complaints == []


async def test_each_picture_of_a_collage_is_offered_and_found(visit: Visit, query: Path) -> None:
    async with visit(context={"color_scheme": "dark"}) as visitor:
        page = await visitor.open()
        await choose(page, "Choose a picture", query)
        await expect(page.get_by_text("4 pictures seem to be in this one:")).to_be_visible()
        await visitor.accessible()
        for place, name in enumerate(PIECES, start=1):
            piece = page.locator(".piece").nth(place - 1)
            await piece.click(position={"x": 40, "y": 40})
            await expect(page.locator(".card.same")).to_have_count(1)
            await expect(page.locator(".card.same")).to_contain_text(name)
            await expect(page.locator(".number").nth(place - 1)).to_have_attribute("aria-current", "true")
        await page.get_by_role("button", name="Next").click()
        await expect(page.locator(".card.same")).to_contain_text(PIECES[0])
        await visitor.accessible()
        assert visitor.complaints == []


async def test_part_is_chosen_with_a_finger_on_a_phone(visit: Visit, query: Path) -> None:
    async with visit(context=PHONE) as visitor:
        page = await visitor.open()
        await choose(page, "Choose a picture", query)
        await expect(page.locator(".card.same").first).to_be_visible()
        await visitor.fits()
        touch = await page.context.new_cdp_session(page)

        async def stroke(*ways: tuple[float, float]) -> None:
            frame = await page.locator(".query .framed").bounding_box()
            assert frame
            points = [{"x": frame["x"] + x * frame["width"], "y": frame["y"] + y * frame["height"]} for x, y in ways]
            for kind, at in (("touchStart", points[0]), *(("touchMove", point) for point in points[1:])):
                await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
            await touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

        await stroke((0.1, 0.4), (0.4, 0.35))
        await expect(page.locator(".part")).to_be_hidden()  # a finger that only passes
        await page.get_by_role("button", name="Search a part of it").click()  # no tap counts while a stroke dies away
        await stroke((0.03, 0.05), (0.3, 0.3), (0.47, 0.46))
        await page.get_by_role("button", name="Search this part", exact=True).click()
        await expect(page.locator(".card.same")).to_have_count(1)
        await expect(page.locator(".card.same")).to_contain_text("coffee.png")
        await visitor.fits()
        await visitor.accessible()
        assert visitor.complaints == []


async def test_part_and_tags_lie_in_the_address_and_are_kept_while_asking_again(visit: Visit) -> None:
    async with visit() as visitor:
        for name, tags in (("coffee.png", ["comics", "old"]), ("rocket.jpg", ["comics"])):
            (image,) = (await visitor.api.get(f"/v1/images?words={name}")).json["images"]
            await visitor.api("PATCH", f"/v1/images/{image['id']}", json={"tags": tags})
        added = (await visitor.api.add(collage(), name="collage.jpg")).json["id"]
        page = await visitor.open(f"/?like={added}&region=0.02,0.02,0.46,0.46&tag=comics")
        await expect(page.locator(".card.same")).to_have_count(1)
        await expect(page.locator(".card.same")).to_contain_text("coffee.png")
        await expect(page.locator(".chip")).to_have_text(re.compile("comics"))
        await page.get_by_role("button", name="Another tag").click()
        await page.get_by_label("Search in one tag only").select_option("old")
        await expect(page).to_have_url(re.compile("region=.*tag=comics&tag=old$"))
        await page.get_by_role("button", name="Whole picture").click()
        await expect(page.locator(".card.same")).to_have_count(1)  # the rocket is no old comic
        await visitor.accessible()
        await page.get_by_role("button", name="Without the tag “old”").click()
        await expect(page.locator(".card.same", has_text="rocket.jpg")).to_be_visible()
        await expect(page.locator(".card", has_text="chelsea")).to_have_count(0)
        await page.reload()
        await expect(page.locator(".card.same", has_text="rocket.jpg")).to_be_visible()
        await page.get_by_role("button", name="New search").click()
        await expect(page).to_have_url(re.compile(r"/\?tag=comics$"))
        await expect(page.locator(".ask .chip")).to_have_text(re.compile("comics"))
        await visitor.accessible()
        assert visitor.complaints == []


async def test_cards_tell_more_and_more_of_them_come(visit: Visit, tmp_path: Path) -> None:
    query = tmp_path / "menu.jpg"
    query.write_bytes(jpeg(menu(0, 2), 85))
    async with visit() as visitor:
        same = (await visitor.api.add(jpeg(menu(0, 2)), name="stored.jpg", tags=["food", "list"])).json["id"]
        await visitor.api.add(jpeg(menu(0, 1)), name="other.jpg")
        for number in range(10):
            await visitor.api.add(jpeg(painting(number)), name=f"painting-{number}.jpg")
        page = await visitor.open()
        await choose(page, "Choose a picture", query)
        card = page.locator(".card.same")
        await expect(card).to_contain_text(re.compile(r"480 × 640 pixels, \d+.kB · added \w+ \d+, \d+"))
        headings = page.locator("#answer h2")
        assert await headings.all_inner_texts() == ["The same picture", "Another version", "The nearest others (3)"]
        await expect(page.locator(".card.weak").first).to_be_hidden()
        await page.locator(".others > summary").press("Enter")
        await expect(page.locator(".card.weak").first).to_be_visible()
        await page.get_by_role("button", name="Show more").click()
        await expect(page.locator(".card.weak")).to_have_count(len(PHOTOGRAPHS) + 10)
        await expect(page.get_by_role("button", name="Show more")).to_have_count(0)
        await visitor.accessible()
        async with page.expect_download() as download:
            await card.get_by_role("link", name="Download").click()
        assert (await download.value).suggested_filename == "stored.jpg"
        await card.get_by_role("link", name="food").click()
        await expect(page).to_have_url(re.compile(r"view=library&tag=food$"))
        await page.go_back()
        await expect(page.locator(".card.weak")).to_have_count(len(PHOTOGRAPHS) + 10)  # as it was left
        await card.get_by_role("link", name="Open the picture: stored.jpg").click()
        await expect(page).to_have_url(re.compile(rf"/\?image={same}$"))
        assert visitor.complaints == []


async def test_picture_is_seen_while_it_is_sent_and_the_search_can_be_stopped(visit: Visit, query: Path) -> None:
    async with visit() as visitor:
        page = await visitor.open()
        goes_on = asyncio.Event()

        async def held_up(route: Route) -> None:
            await goes_on.wait()
            await route.continue_()

        await page.route("**/v1/search", held_up)
        await choose(page, "Choose a picture", query)
        shown = page.locator(".query img")
        await expect(shown).to_have_attribute("src", re.compile("^blob:"))
        assert await shown.evaluate("async image => (await image.decode(), image.naturalWidth)") == 960
        await expect(page.locator(".waiting [role=status]")).to_have_text(re.compile("Sending|Searching"))
        await visitor.accessible()
        async with page.expect_event("requestfailed", lambda request: "/v1/search" in request.url):
            await page.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_text("The search was cancelled.")).to_be_visible()
        goes_on.set()
        await page.get_by_role("button", name="Try again").click()
        await expect(page.locator(".card.same").first).to_be_visible()


async def test_what_was_asked_lately_is_asked_again_and_can_be_forgotten(visit: Visit, query: Path) -> None:
    async with visit() as visitor:
        page = await visitor.open()
        for name in (query, SHIPPED / "coffee.png"):
            await choose(page, "Choose a picture", name)
            await expect(page.locator(".cards li").first).to_be_visible()
            await page.get_by_role("button", name="New search").click()
        await page.reload()
        lately = page.locator(".recent .again")
        await expect(lately).to_have_count(2)
        await expect(lately.locator("img")).to_have_count(2)
        await visitor.accessible()
        await visitor.fits()
        await page.get_by_role("button", name=f"Search for “{query.name}” again").click()
        await expect(page.locator(".cards li").first).to_be_visible()
        assert await page.title() == f"{query.name} · PicTrace"
        await page.get_by_role("button", name="New search").click()
        await page.get_by_role("button", name="Forget them").click()
        await expect(lately).to_have_count(0)
        await page.reload()
        await expect(page.get_by_role("heading", name="Which picture are you looking for?")).to_be_visible()
        await expect(lately).to_have_count(0)
        assert visitor.complaints == []


async def test_only_the_last_few_files_are_kept_in_the_browser_and_none_after_signing_out(visit: Visit) -> None:
    count = """() => new Promise((resolve) => {
        const opening = indexedDB.open('pictrace.asked');
        opening.onsuccess = () => {
            const counting = opening.result.transaction('asked').objectStore('asked').count();
            counting.onsuccess = () => (opening.result.close(), resolve(counting.result));
        };
    })"""
    async with visit() as visitor:
        page = await visitor.open(f"/#key={ADMIN}")
        for name in [*PIECES, *PIECES]:
            await page.evaluate(DROP, jpeg(photograph(name)).hex())
            await expect(page.locator(".card.same").first).to_contain_text(name)
        assert await page.evaluate(count) == 5
        for _ in range(7):
            await page.go_back()
        await expect(page.locator(".card.same").first).to_contain_text(PIECES[0])  # this page remembers it itself
        await page.reload()
        await expect(page.locator(".toast")).to_contain_text("no longer keeps that picture")
        await page.get_by_role("button", name="Admin").click()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        assert await page.evaluate(count) == 0


DROP = """(hex) => {
    const bytes = Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
    const data = new DataTransfer();
    data.items.add(new File([bytes], 'dropped.jpg', { type: 'image/jpeg' }));
    document.querySelector('main').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true }));
}"""


async def test_what_is_not_there_is_added_by_an_admin_and_undone(visit: Visit, tmp_path: Path) -> None:
    query = tmp_path / "wave.jpg"
    query.write_bytes(nothing_known())
    async with visit() as visitor:
        page = await visitor.open()
        await choose(page, "Choose a picture", query)
        await expect(page.get_by_role("heading", name="Nothing like it is here")).to_be_visible()
        await expect(page.get_by_role("button", name="Add this picture")).to_have_count(0)
        await page.goto(f"{visitor.api.url}/#key={ADMIN}")
        await choose(page, "Choose a picture", query)
        await page.get_by_role("button", name="Add this picture").click()
        await page.get_by_label("Tags").fill("waves, new")
        await visitor.accessible()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="It is in the library now")).to_be_visible()
        (image,) = (await visitor.api.get("/v1/images?tag=waves")).json["images"]
        assert (image["name"], image["tags"]) == ("wave.jpg", ["waves", "new"])
        await expect(page.locator(".there")).to_have_attribute("href", f"/?image={image['id']}")
        await visitor.accessible()
        await page.locator(".toast").get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("button", name="Add this picture")).to_be_visible()
        assert (await visitor.api.get("/v1/images?tag=waves")).json["total"] == 0
        assert visitor.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_answer_on_a_phone_in_every_language(visit: Visit, scheme: str, query: Path) -> None:
    context: dict[str, Any] = {**PHONE, "color_scheme": scheme}
    async with visit(context=context) as visitor:
        page = await visitor.open()
        await choose(page, "Choose a picture", query)
        await expect(page.locator(".number")).to_have_count(4)
        await page.locator("#choose-part").tap()
        for language in ("en", "ru", "de", "ja", "ko", "zh"):
            await page.locator("#language").select_option(language)
            await expect(page.locator("#query-heading")).to_have_text(str(texts(language)["result.query"]))
            shown = await page.inner_text("body")
            assert not re.search(r"\b(part|tags|compare|match|image|addThis)\.\w+|\{", shown), shown
            await visitor.fits()
        await visitor.accessible()
