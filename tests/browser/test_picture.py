"""The page of one picture: looked at large, with its neighbours, and all that is known of it."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage
from playwright.async_api import Page, expect

from tests.api.conftest import ADMIN, SEARCH
from tests.browser.conftest import Visit
from tests.browser.test_library import PHONE, in_view, scroll, settled
from tests.conftest import PHOTOGRAPHS, SHIPPED, jpeg, photograph
from tests.large_library import fill

NAME = "#picture-name"


async def sharp(page: Page) -> int:
    """How many pixels wide the picture on the stage is once its preview has come."""
    picture = page.locator(".sheet img.sharp")
    await expect(picture).to_be_visible()
    return int(await picture.evaluate("image => image.naturalWidth"))


async def scale(page: Page) -> float:
    width = await page.locator(".sheet").evaluate("sheet => sheet.getBoundingClientRect().width")
    return float(width)


def large(width: int = 4000, height: int = 3000) -> bytes:
    """A photograph of twelve megapixels, taken on a day."""
    pixels = PillowImage.fromarray(photograph("chelsea.png")).resize((width, height))
    exif = PillowImage.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2019:05:02 10:20:30"
    out = io.BytesIO()
    pixels.save(out, "JPEG", quality=60, exif=exif)
    return out.getvalue()


async def test_large_photograph_is_sharp_and_sharper_when_zoomed_in(visit: Visit) -> None:
    async with visit() as visitor:
        added = (await visitor.api.add(large(), name="DSC_1.jpg", title="The cat", tags=["cat", "red"])).json["id"]
        given = {"page_url": "https://example.org/page", "source_url": "https://cdn.example.org/a.jpg"}
        await visitor.api("PATCH", f"/v1/images/{added}", json=given)
        page = await visitor.open(f"/?image={added}#key={ADMIN}")
        await expect(page.locator(NAME)).to_have_text("The cat")
        assert await page.title() == "The cat · PicTrace"
        assert await sharp(page) == 2048
        about = page.locator(".about")
        for said in ("DSC_1.jpg", "4,000 × 3,000 pixels", "399 kB", "May 2, 2019", "by page or API", "cat", "red"):
            await expect(about).to_contain_text(said)
        for href, text in ((given["page_url"], "example.org"), (given["source_url"], "cdn.example.org")):
            link = about.locator(f"a[href='{href}']")
            await expect(link).to_have_text(text)
            await expect(link).to_have_attribute("rel", "noreferrer noopener")
        await visitor.accessible()
        fitting = await scale(page)
        assert fitting <= 1200
        stage = page.locator(".stage")
        await stage.hover()
        for _ in range(8):
            await page.mouse.wheel(0, -300)
        assert await scale(page) > 3 * fitting
        await expect(page.locator(".sheet img.whole")).to_be_visible()
        assert await sharp(page) == 4000
        await page.get_by_role("button", name="Show all of it").click()
        assert await scale(page) == pytest.approx(fitting)
        await stage.dblclick()
        assert await scale(page) == pytest.approx(4000, abs=1)
        before = await page.locator(".sheet").bounding_box()
        await page.mouse.move(400, 400)
        await page.mouse.down()
        await page.mouse.move(300, 350)
        await page.mouse.up()
        after = await page.locator(".sheet").bounding_box()
        assert before
        assert after
        assert (round(after["x"] - before["x"]), round(after["y"] - before["y"])) == (-100, -50)
        await page.keyboard.press("0")
        await page.keyboard.press("+")
        assert await scale(page) == pytest.approx(1.5 * fitting, rel=0.01)
        await page.keyboard.press("-")
        assert await scale(page) == pytest.approx(fitting, rel=0.01)
        await about.get_by_role("link", name="red", exact=True).click()
        await expect(page).to_have_url(re.compile(r"view=library&tag=red$"))
        await expect(page.locator(".gallery li")).to_have_count(1)
        assert visitor.complaints == []


async def test_neighbours_are_those_of_the_gallery_and_escape_leads_back_to_its_place(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        await fill(visitor.api.service, 1200)
        page = await visitor.open("/?view=library&sort=name&tag=even")
        await settled(page)
        await scroll(page, 6000)
        await settled(page)
        await page.wait_for_timeout(300)  # the place is kept once scrolling has ended
        seen = await in_view(page)
        name = seen[len(seen) // 2][0]
        number = int(name.removeprefix("IMG_").removesuffix(".jpg"))
        await page.locator(".gallery a", has_text=re.compile(f"^{name}$")).click()
        await expect(page).to_have_url(re.compile(r"\?image=\d+&tag=even&sort=name$"))
        await expect(page.locator(NAME)).to_have_text(name)
        await expect(page.locator("#place")).to_have_text(f"{number // 2 + 1} of 600")
        await page.keyboard.press("ArrowRight")
        await expect(page.locator(NAME)).to_have_text(f"IMG_{number + 2}.jpg")
        await expect(page.get_by_role("button", name="Previous picture")).to_be_visible()
        await page.keyboard.press("ArrowLeft")
        await expect(page.locator(NAME)).to_have_text(name)
        await page.get_by_role("button", name="Next picture").click()
        await expect(page.locator(NAME)).to_have_text(f"IMG_{number + 2}.jpg")
        await expect(page.locator("#place")).to_have_text(f"{number // 2 + 2} of 600")
        await page.reload()
        await expect(page.locator("#place")).to_have_text(f"{number // 2 + 2} of 600")
        await page.keyboard.press("Escape")
        await settled(page)
        assert await in_view(page) == seen
        await expect(page.locator(".gallery a:focus")).to_have_text(f"IMG_{number + 2}.jpg")
        await page.keyboard.press("Enter")
        await expect(page.locator(NAME)).to_have_text(f"IMG_{number + 2}.jpg")


async def test_next_picture_is_fetched_before_it_is_asked_for(visit: Visit) -> None:
    async with visit() as visitor:
        page = visitor.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await visitor.open("/?image=3&sort=name")
        await sharp(page)
        following = (await visitor.api.get("/v1/images/3/place?sort=name")).json["next"]
        await expect(page.get_by_role("button", name="Next picture")).to_be_visible()
        async with page.expect_request("**/place*"):
            await page.keyboard.press("ArrowRight")
        await sharp(page)
        assert sum(url.endswith(f"/{following}/preview") for url in asked) == 1


async def test_without_the_gallery_escape_leads_to_it_with_the_focus_on_the_picture(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        await fill(visitor.api.service, 800)
        page = await visitor.open("/?image=100")
        await expect(page.locator("#place")).to_have_text("701 of 800")
        await page.keyboard.press("Escape")
        await expect(page).to_have_url(re.compile(r"\?view=library$"))
        await expect(page.locator(".gallery a:focus")).to_have_text("IMG_99.jpg")
        await expect(page.locator(".gallery a:focus")).to_be_in_viewport()


async def test_picture_is_edited_and_removed_and_the_next_one_is_shown(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open(f"/?image=4&sort=name#key={ADMIN}")
        await expect(page.locator(NAME)).to_have_text("rocket.jpg")
        before = (await visitor.api.get("/v1/images/4/place?sort=name")).json["previous"]
        toast = page.locator(".toast")
        await page.get_by_role("button", name="Edit").click()
        await page.get_by_label("Title", exact=True).fill("Lift-off")
        await page.get_by_role("dialog").get_by_label("Tags").fill("space, night")
        await page.get_by_label("Web page").fill("https://example.org/launch")
        await visitor.accessible()
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator(NAME)).to_have_text("Lift-off")
        await expect(page.locator(".about")).to_contain_text("example.org")
        await toast.get_by_role("button", name="Undo").click()
        await expect(page.locator(NAME)).to_have_text("rocket.jpg")
        await page.get_by_role("button", name="Remove", exact=True).dblclick()
        await expect(page.locator(NAME)).not_to_have_text("rocket.jpg")
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) - 1
        assert f"image={before}&" in page.url  # it was the last by name
        await toast.get_by_role("button", name="Undo").click()
        await expect(page.locator(NAME)).to_have_text("rocket.jpg")
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS)
        assert visitor.complaints == []


async def test_related_pictures_lead_to_their_pages_and_to_the_comparison(visit: Visit) -> None:
    async with visit() as visitor:
        cup = photograph("coffee.png")
        copy = (await visitor.api.add(jpeg(cup, 60), name="cup.jpg")).json["id"]
        part = (await visitor.api.add(jpeg(np.ascontiguousarray(cup[40:300, 60:400])), name="part.jpg")).json["id"]
        page = await visitor.open("/?image=3")
        duplicates = page.locator(".related section").filter(has_text="Near-duplicates of it")
        await expect(duplicates.get_by_role("link", name="cup.jpg", exact=True)).to_have_attribute(
            "href", f"/?image={copy}"
        )
        compare = duplicates.get_by_role("link", name="Compare with “cup.jpg”")
        await expect(compare).to_have_attribute("href", f"/?compare=3,{copy}")
        await visitor.accessible()
        await (
            page.locator(".related section")
            .filter(has_text="Parts of it")
            .get_by_role("link", name="part.jpg", exact=True)
            .click()
        )
        await expect(page.locator(NAME)).to_have_text("part.jpg")
        await expect(page).to_have_url(re.compile(rf"image={part}$"))
        await expect(page.locator(".related")).to_contain_text("What it is a part of")
        await page.go_back()
        await expect(page.locator(NAME)).to_have_text("coffee.png")
        await page.get_by_role("link", name="Find similar").click()
        await expect(page).to_have_url(re.compile(r"/\?like=3$"))


async def test_guests_see_the_picture_without_what_they_may_not_do(visit: Visit, tmp_path: Path) -> None:
    async with visit() as visitor:
        page = await visitor.open("/?image=4")
        await expect(page.locator(NAME)).to_have_text("rocket.jpg")
        await expect(page.locator(".acts > *")).to_have_text(["Find similar", "Download the file"])
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download").click()
        value = await download.value
        assert value.suggested_filename == "rocket.jpg"


async def test_picture_is_shown_and_saved_with_a_key_too(visit: Visit) -> None:
    async with visit(search_key=SEARCH) as visitor:
        page = await visitor.open(f"/?image=4#key={SEARCH}")
        assert await sharp(page) == 640
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download").click()
        value = await download.value
        assert value.suggested_filename == "rocket.jpg"
        assert (await value.path()).stat().st_size > 0.9 * (SHIPPED / "rocket.jpg").stat().st_size


async def test_picture_that_is_gone_is_said_with_a_way_back(visit: Visit) -> None:
    async with visit() as visitor:
        await visitor.api("DELETE", "/v1/images/4")
        page = await visitor.open(f"/?image=4#key={ADMIN}")
        await expect(page.get_by_role("alert")).to_contain_text("This picture is not here")
        await visitor.accessible()
        await expect(page.get_by_role("link", name="Trash")).to_be_visible()
        await page.get_by_role("link", name="To the library").click()
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS) - 1)
        assert [text for text in visitor.complaints if "404" not in text] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_phone_swipes_to_neighbours_and_pinches(visit: Visit, scheme: str) -> None:
    context: dict[str, Any] = {**PHONE, "color_scheme": scheme}
    async with visit(context=context) as visitor:
        await visitor.api.add(large(2400, 1800), name="zzz.jpg")
        page = await visitor.open("/?image=4&sort=name")
        await sharp(page)
        await expect(page.get_by_role("button", name="Next picture")).to_be_visible()
        await visitor.fits()
        await visitor.accessible()
        session = await page.context.new_cdp_session(page)

        async def touch(kind: str, *points: tuple[int, int]) -> None:
            given = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
            await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": given})

        await touch("touchStart", (300, 350))
        for x in range(280, 100, -20):
            await touch("touchMove", (x, 350))
        await touch("touchEnd")
        await expect(page.locator(NAME)).to_have_text("zzz.jpg")
        await sharp(page)
        fitting = await scale(page)
        await touch("touchStart", (180, 350), (220, 350))
        for step in range(1, 8):
            await touch("touchMove", (180 - 15 * step, 350), (220 + 15 * step, 350))
        await touch("touchEnd")
        assert await scale(page) > 2 * fitting
        await visitor.fits()
