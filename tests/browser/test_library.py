"""The gallery: a library of any size, looked through, ordered, and tidied many pictures at a time."""

import asyncio
import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Request, expect

from tests.api.conftest import ADMIN, SEARCH
from tests.browser.conftest import WAIT_MS, Visit, Visitor
from tests.browser.test_page import text_of
from tests.conftest import PHOTOGRAPHS, jpeg, photograph
from tests.large_library import A_DAY, fill

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
MANY = 20_000
THUMBNAILS_PX = 220
IS_DRAWN = """[...document.querySelectorAll('.gallery li')]
    .every((li) => li.classList.contains('broken') || li.querySelector('img')?.naturalWidth)"""


async def settled(page: Page) -> None:
    """What is near the screen has been drawn, and what it needs has come."""
    await expect(page.locator(".gallery li").first).to_be_visible()
    async with asyncio.timeout(WAIT_MS / 1000):  # wait_for_function() would need the policy to allow eval
        while not await page.evaluate(IS_DRAWN):  # noqa: ASYNC110 - a page sets no Event
            await asyncio.sleep(0.02)


async def scroll(page: Page, pixels: int) -> None:
    await page.evaluate("pixels => scrollBy(0, pixels)", pixels)
    await page.evaluate("new Promise(requestAnimationFrame)")


async def in_view(page: Page) -> list[tuple[str, int]]:
    """The pictures on the screen, each with how far down it begins."""
    found = await page.evaluate(
        """[...document.querySelectorAll('.gallery li')]
        .map((li) => [li.innerText.trim(), li.getBoundingClientRect()])
        .filter(([, box]) => box.bottom > 0 && box.top < innerHeight)
        .map(([name, box]) => [name, Math.round(box.top)])"""
    )
    return [(name, top) for name, top in found]


async def heap(page: Page) -> int:
    """Bytes that the page's JavaScript holds, after what is no longer needed was let go."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.enable")
    await session.send("HeapProfiler.collectGarbage")
    return int((await session.send("Runtime.getHeapUsage"))["usedSize"])


COLUMNS = """(() => {
    const tops = [...document.querySelectorAll('.gallery li')].map((li) => li.style.top);
    return tops.filter((top) => top === tops[0]).length;
})()"""


class Traffic:
    """What a page asks the server for."""

    def __init__(self, page: Page) -> None:
        self.paths: list[str] = []
        self.bytes = 0
        page.on("request", lambda request: self.paths.append(request.url.split("/", 3)[3]))
        page.on("requestfinished", self._finished)
        self.waiting: set[asyncio.Task[None]] = set()

    def _finished(self, request: Request) -> None:
        task = asyncio.ensure_future(self._count(request))
        self.waiting.add(task)
        task.add_done_callback(self.waiting.discard)

    async def _count(self, request: Request) -> None:
        sizes = await request.sizes()
        self.bytes += sizes["responseBodySize"] + sizes["responseHeadersSize"]

    def of(self, pattern: str) -> list[str]:
        return [path for path in self.paths if re.match(pattern, path)]


async def test_first_thousand_pictures_are_each_fetched_once(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        thumbnail = jpeg(photograph("chelsea.png")[:THUMBNAILS_PX, :THUMBNAILS_PX], 80)
        await fill(visitor.api.service, 1500, thumbnail=thumbnail, with_thumbnail=1500)
        page = visitor.page
        traffic = Traffic(page)
        await visitor.open("/?view=library")
        await settled(page)
        while int(await page.locator(".gallery li").last.get_attribute("aria-posinset") or 0) < 1000:
            await scroll(page, 700)
            await settled(page)
        await asyncio.gather(*traffic.waiting)
        thumbnails, parts = traffic.of("v1/images/\\d+/thumbnail"), traffic.of("v1/images\\?")
        print(f"first 1,000: {len(traffic.paths)} requests, {traffic.bytes:,} bytes; {len(parts)} of them listings")
        assert 1000 <= len(thumbnails) == len(set(thumbnails)) <= 1100
        assert len(parts) == len(set(parts)) <= 12
        assert visitor.complaints == []


async def test_twenty_thousand_are_scrolled_through_with_little_in_the_document(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        await fill(visitor.api.service, MANY)
        page = await visitor.open("/?view=library")
        await settled(page)
        await expect(page.locator(".found")).to_contain_text("20,000 pictures")
        height = await page.evaluate("document.documentElement.scrollHeight")
        before, most = await heap(page), 0
        for step in range(200):
            await page.evaluate("top => scrollTo(0, top)", height * step / 199)
            await page.evaluate("new Promise((resolve) => setTimeout(resolve, 30))")
            most = max(most, await page.evaluate("document.querySelectorAll('*').length"))
        await settled(page)
        assert await page.evaluate("document.documentElement.scrollHeight") == height  # it was true from the start
        await expect(page.locator(".gallery li").last).to_contain_text("IMG_0.jpg")
        await expect(page.locator(".gallery li.broken").first).to_be_visible()
        await visitor.accessible()
        after = await heap(page)
        print(f"20,000: heap {before:,} before, {after:,} after; at most {most} elements in the document")
        assert most < 900
        assert after < before + 8_000_000


async def test_pictures_lie_below_their_days_in_the_order_that_is_asked_for(visit: Visit) -> None:
    async with visit(filled=False, context={"timezone_id": "UTC"}) as visitor:
        await fill(visitor.api.service, 3 * A_DAY)
        page = await visitor.open("/?view=library")
        headings = page.locator(".gallery h2")
        await settled(page)
        await expect(headings.first).to_have_text("Today")
        await expect(page.locator(".gallery .name").first).to_have_text("IMG_179.jpg")
        await visitor.accessible()
        await page.locator("#order").click()
        await expect(page).to_have_url(re.compile("order=asc"))
        day = datetime.now(UTC) - timedelta(days=2)
        await expect(headings.first).to_have_text(re.compile(rf"^\w+, \w+ {day.day}, {day.year}$"))
        await page.locator("#sort").select_option("name")
        await settled(page)
        await expect(headings).to_have_count(0)
        await expect(page.locator(".gallery .name").nth(10)).to_have_text("IMG_10.jpg")
        await page.locator("#sort").select_option("size")
        await expect(page.locator(".gallery .name").first).to_have_text("IMG_179.jpg")
        await page.locator("#sort").select_option("taken")
        await expect(headings).to_have_text(["Without a date"])
        await page.go_back()
        await page.go_back()
        await expect(page).to_have_url(re.compile("sort=name"))
        await expect(page.locator("#sort")).to_have_value("name")
        await page.locator("#language").select_option("ja")
        await page.locator("#sort").select_option("added")
        await expect(headings.first).to_have_text(text_of("ja", "library.today"))


async def test_filter_by_words_and_several_tags_is_in_the_address(visit: Visit) -> None:
    async with visit() as visitor:
        await visitor.api("PATCH", "/v1/images", json={"images": [1, 2, 3], "add_tags": ["red"]})
        await visitor.api("PATCH", "/v1/images", json={"images": [2, 3, 4], "add_tags": ["blue"]})
        page = await visitor.open("/?view=library")
        await page.locator("#tag").select_option("red")
        await expect(page.locator(".gallery li")).to_have_count(3)
        await page.locator("#tag").select_option("blue")
        await expect(page.locator(".gallery li")).to_have_count(2)
        await expect(page).to_have_url(re.compile("tag=red&tag=blue"))
        await visitor.accessible()
        await page.locator("#words").fill("blue")  # words look into tags too
        await page.keyboard.press("Enter")
        await expect(page.locator(".gallery li")).to_have_count(2)
        await page.get_by_role("button", name="No longer filter by “red”").click()
        await expect(page.locator(".gallery li")).to_have_count(3)
        await page.reload()
        await expect(page.locator(".gallery li")).to_have_count(3)
        await page.locator("#words").fill("nowhere")
        await page.keyboard.press("Enter")
        await expect(page.locator(".found")).to_contain_text("No picture passes this filter.")
        await page.get_by_role("button", name="Show all pictures").click()
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS))


@pytest.mark.parametrize("context", [{}, PHONE], ids=["desktop", "phone"])
async def test_back_and_reload_come_back_to_the_very_place(visit: Visit, context: dict[str, Any]) -> None:
    async with visit(filled=False, context=context) as visitor:
        await fill(visitor.api.service, 3000)
        page = await visitor.open("/?view=library")
        await settled(page)
        await scroll(page, 7321)
        await settled(page)
        await page.wait_for_timeout(300)  # the place is kept once scrolling has ended
        await visitor.fits()
        seen = await in_view(page)
        await page.reload()
        await settled(page)
        assert await in_view(page) == seen
        name = seen[len(seen) // 2][0]
        await page.locator(".gallery a", has_text=re.compile(f"^{re.escape(name)}$")).click()
        await expect(page.locator("#picture-name")).to_have_text(name)
        await page.go_back()
        await settled(page)
        assert await in_view(page) == seen
        await expect(page.locator(".gallery a:focus")).to_have_text(name)
        await page.get_by_role("link", name="Search", exact=True).click()
        await page.go_back()
        await settled(page)
        assert await in_view(page) == seen
        # What is added meanwhile comes above: the same pictures stay on the screen.
        await visitor.api.add(jpeg(photograph("coffee.png")), name="new.jpg")
        await page.reload()
        await settled(page)
        assert seen[0][0] in [one for one, _ in await in_view(page)]


async def test_gallery_grows_while_an_addition_goes_on_and_stays_in_place(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "new.jpg"
    path.write_bytes(jpeg(photograph("coffee.png")))
    async with visit(filled=False) as visitor:
        await fill(visitor.api.service, 600)
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await settled(page)
        await page.locator("#files").set_input_files(path)
        await expect(page.locator(".gallery .name").first).to_have_text("new.jpg")
        await expect(page.locator(".found")).to_contain_text("601 pictures")
        await scroll(page, 4000)
        await settled(page)
        seen = [name for name, _ in await in_view(page)]
        another = tmp_path / "another.jpg"
        another.write_bytes(jpeg(photograph("chelsea.png")))
        await page.locator("#files").set_input_files(another)
        await expect(page.locator(".found")).to_contain_text("602 pictures")
        await settled(page)
        assert set(seen) & {name for name, _ in await in_view(page)}


async def test_key_goes_along_and_little_is_held_in_memory(visit: Visit) -> None:
    count = """() => {
        window.alive = new Set();
        const [make, drop] = [URL.createObjectURL, URL.revokeObjectURL];
        URL.createObjectURL = (blob) => { const url = make(blob); window.alive.add(url); return url; };
        URL.revokeObjectURL = (url) => { window.alive.delete(url); drop(url); };
    }"""
    async with visit(filled=False, search_key=SEARCH) as visitor:
        thumbnail = jpeg(photograph("chelsea.png")[:60, :60])
        await fill(visitor.api.service, 400, thumbnail=thumbnail, with_thumbnail=400)
        page = await visitor.open("/")
        await page.goto(f"{visitor.api.url}/#key={SEARCH}")
        await page.evaluate(count)
        await page.get_by_role("link", name="Library").click()
        under_way, most = set[Request](), 0

        def began(request: Request) -> None:
            nonlocal most
            if request.url.endswith("/thumbnail"):
                under_way.add(request)
                most = max(most, len(under_way))

        page.on("request", began)
        page.on("requestfinished", lambda request: under_way.discard(request))
        page.on("requestfailed", lambda request: under_way.discard(request))
        await settled(page)
        assert 1 <= most <= 8
        for _ in range(12):  # what is scrolled past is given up
            await scroll(page, 900)
        await settled(page)
        assert (
            await page.locator(".gallery img").first.evaluate(
                "async image => (await image.decode(), image.naturalWidth)"
            )
            > 0
        )
        assert await page.evaluate("window.alive.size") == 0


async def select(page: Page, *places: int) -> None:
    for place in places:
        await page.locator(".gallery li").nth(place).hover()
        await page.locator(".gallery li").nth(place).locator(".check").click()


async def titles(visitor: Visitor) -> dict[str, Any]:
    found = (await visitor.api.get("/v1/images?limit=200")).json["images"]
    return {image["name"]: image for image in found}


async def test_selected_are_tagged_retitled_and_removed_each_with_one_undo(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open(f"/?view=library&sort=name#key={ADMIN}")
        await settled(page)
        names = await page.locator(".gallery .name").all_inner_texts()
        bar, toast = page.locator(".selection-bar"), page.locator(".toast")
        await select(page, 0, 1, 3)
        await expect(bar).to_contain_text("3 pictures selected")
        await visitor.accessible()
        await visitor.fits()
        await page.get_by_role("button", name="Add tags").click()
        await page.get_by_role("dialog").get_by_label("Tags").fill("trip, 2024")
        await visitor.accessible()
        await page.keyboard.press("Enter")
        await expect(toast).to_contain_text("3 pictures are changed.")
        tagged = [name for name, image in (await titles(visitor)).items() if image["tags"] == ["trip", "2024"]]
        assert sorted(tagged) == sorted(names[place] for place in (0, 1, 3))
        await expect(bar).to_be_hidden()
        await select(page, 0)
        await page.get_by_role("button", name="Remove tags").click()
        await page.get_by_role("dialog").get_by_label("Tags").fill("2024")
        await page.keyboard.press("Enter")
        await expect(toast).to_contain_text("1 picture is changed.")
        assert (await titles(visitor))[names[0]]["tags"] == ["trip"]
        await toast.get_by_role("button", name="Undo").click()
        await expect(toast).to_have_text("Undone.")
        assert (await titles(visitor))[names[0]]["tags"] == ["trip", "2024"]
        await select(page, 1, 2)
        await page.get_by_role("button", name="Retitle").click()
        await page.get_by_label("Pattern for the titles").fill("Trip {number}: {name}")
        stem = [name.rsplit(".", 1)[0] for name in names]
        await expect(page.locator(".examples li")).to_have_text([f"Trip 1: {stem[1]}", f"Trip 2: {stem[2]}"])
        await visitor.accessible()
        await page.keyboard.press("Enter")
        await expect(page.locator(".gallery .name").nth(1)).to_have_text(f"Trip 1: {stem[1]}")
        await toast.get_by_role("button", name="Undo").click()
        await expect(page.locator(".gallery .name").nth(1)).to_have_text(names[1])
        await select(page, 0, 2)
        await bar.get_by_role("button", name="Remove", exact=True).click()
        await expect(page.locator(".gallery li")).to_have_count(len(names) - 2)
        await toast.get_by_role("button", name="Undo").click()
        await expect(page.locator(".gallery li")).to_have_count(len(names))
        assert visitor.complaints == []


async def test_ranges_reach_over_pictures_that_are_not_loaded(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        await fill(visitor.api.service, 12_000)
        page = await visitor.open("/?view=library")
        await settled(page)
        bar = page.locator(".selection-bar strong")
        await select(page, 0)
        await scroll(page, 100_000)
        await settled(page)
        place = int(await page.locator(".gallery li").nth(20).get_attribute("aria-posinset") or 0)
        tile = page.locator(f".gallery li[aria-posinset='{place}'] a")
        await tile.click(modifiers=["Shift"])
        await expect(bar).to_have_text(f"{place:,} pictures selected")
        await tile.click(modifiers=["ControlOrMeta"])
        await expect(bar).to_have_text(f"{place - 1:,} pictures selected")
        await page.keyboard.press("Escape")
        await expect(page.locator(".selection-bar")).to_be_hidden()
        await page.keyboard.press("ControlOrMeta+a")
        await expect(bar).to_have_text("10,000 pictures selected")
        await expect(page.locator(".toast")).to_contain_text("At most 10,000 pictures")
        await page.get_by_role("button", name="Download").click()
        await expect(page.locator(".toast")).to_contain_text("At most 1,000 pictures go into one zip file.")


async def test_keyboard_moves_in_the_grid_and_selects(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        await fill(visitor.api.service, 500)
        page = await visitor.open("/?view=library&sort=name&order=desc")
        await settled(page)
        focused = page.locator(".gallery a:focus")
        await page.locator("#order").focus()
        await page.keyboard.press("Tab")
        await expect(focused).to_have_text("IMG_499.jpg")
        columns = await page.evaluate(COLUMNS)
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowDown")
        await expect(focused).to_have_text(f"IMG_{498 - columns}.jpg")
        await page.keyboard.press("Space")
        await page.keyboard.press("Shift+ArrowRight")
        await page.keyboard.press("Shift+ArrowDown")
        bar = page.locator(".selection-bar strong")
        await expect(bar).to_have_text(f"{columns + 2} pictures selected")
        await page.keyboard.press("Shift+ArrowUp")
        await expect(bar).to_have_text("2 pictures selected")
        await expect(focused).to_be_in_viewport()
        await page.keyboard.press("End")
        await expect(focused).to_have_text("IMG_0.jpg")
        await expect(focused).to_be_in_viewport()
        await page.keyboard.press("Escape")
        await expect(page.locator(".selection-bar")).to_be_hidden()
        await page.keyboard.press("Home")
        await expect(focused).to_have_text("IMG_499.jpg")
        await page.keyboard.press("Enter")
        await expect(page.locator("#picture-name")).to_have_text("IMG_499.jpg")


async def test_pictures_are_taken_along_in_one_file_without_the_admin_key_too(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open("/?view=library")
        await settled(page)
        await expect(page.locator("#trash, #history, .adding")).to_have_count(0)
        await select(page, 0, 1)
        await expect(page.locator(".selection-bar button")).to_have_text(["Download", "Select all", "Clear selection"])
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Download").click()
        path = await (await download.value).path()
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            assert len(archive.namelist()) == 2
        await expect(page.locator(".toast")).to_contain_text("The zip file is ready.")


async def test_long_press_selects_on_a_phone(visit: Visit) -> None:
    async with visit(context=PHONE) as visitor:
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await settled(page)
        session = await page.context.new_cdp_session(page)
        tile = page.locator(".gallery li").nth(1)
        await tile.scroll_into_view_if_needed()
        box = await tile.bounding_box()
        assert box
        point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["width"] / 2}
        await session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
        await expect(page.locator(".selection-bar")).to_contain_text("1 picture selected")
        await session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        await page.locator(".gallery li").nth(2).locator("a").tap()
        await expect(page.locator(".selection-bar")).to_contain_text("2 pictures selected")
        await visitor.accessible()
        await visitor.fits()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_was_removed_is_brought_back_from_the_trash(visit: Visit, scheme: str) -> None:
    async with visit(context={**PHONE, "color_scheme": scheme}) as visitor:
        await visitor.api("POST", "/v1/images/remove", json={"images": [1, 2, 3]})
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await page.get_by_role("link", name="Trash").click()
        await settled(page)
        tiles, toast = page.locator(".gallery li"), page.locator(".toast")
        await expect(tiles).to_have_count(3)
        await expect(tiles.first).to_contain_text(
            re.compile(r"Removed .+ \(page or API\)\..*Kept until .+\.", re.DOTALL)
        )
        assert (
            await tiles.first.locator("img").evaluate("async image => (await image.decode(), image.naturalWidth)") > 50
        )
        await visitor.accessible()
        await visitor.fits()
        await tiles.first.locator("a").click()
        await expect(page.locator(".selection-bar")).to_contain_text("1 picture selected")
        await page.get_by_role("button", name="Bring back").click()
        await expect(toast).to_contain_text("1 picture is back in the library.")
        await expect(tiles).to_have_count(2)
        await toast.get_by_role("button", name="Undo").click()
        await expect(tiles).to_have_count(3)
        await page.get_by_role("button", name="Bring all back").click()
        await expect(page.locator(".found")).to_contain_text("the trash is empty")
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS)
        await visitor.accessible()


async def test_history_tells_what_was_done_and_any_of_it_is_undone(visit: Visit) -> None:
    async with visit() as visitor:
        await visitor.api("PATCH", "/v1/images", json={"images": [1, 2], "add_tags": ["red"]})
        await visitor.api("POST", "/v1/images/remove", json={"images": [3]})
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await page.get_by_role("link", name="History").click()
        entries = page.locator(".operations > li")
        await expect(entries).to_have_count(3)
        await expect(entries.nth(0)).to_contain_text("Removed 1 picture")
        await expect(entries.nth(1)).to_contain_text("Edited 2 pictures")
        await expect(entries.nth(2)).to_contain_text(f"Added {len(PHOTOGRAPHS)} pictures")
        await expect(entries.nth(1).locator("img")).to_have_count(2)
        await expect(entries.nth(0).locator("img")).to_have_count(1)  # from the trash
        await visitor.accessible()
        await visitor.fits()
        await page.get_by_role("button", name="Undo: Edited 2 pictures").click()
        await expect(page.locator(".toast")).to_have_text("Undone.")
        await expect(entries).to_have_count(4)
        await expect(entries.nth(2)).to_contain_text("undone")
        assert all(image["tags"] == [] for image in (await titles(visitor)).values())
        await entries.nth(2).get_by_role("link").first.click()
        await expect(page.locator("#picture-name")).to_be_visible()


@pytest.mark.parametrize("view", ["trash", "history"])
async def test_trash_and_history_are_for_admins(visit: Visit, view: str) -> None:
    async with visit() as visitor:
        page = await visitor.open(f"/?view={view}")
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(page.locator("main").get_by_role("button", name="Sign in")).to_be_visible()
        await visitor.accessible()
