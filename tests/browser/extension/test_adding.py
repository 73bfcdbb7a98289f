"""With the admin key: pictures of the web into the library."""

import re

from playwright.async_api import expect

from tests.browser.extension.conftest import ADMIN, Browse, accessible, answered
from tests.conftest import PHOTOGRAPHS


async def test_adding_is_offered_with_the_admin_key_only(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit("shop", "<img src='/open/coffee.png'>")
        answer = await someone.find(page, "img")
        await answered(answer)
        await expect(answer.get_by_role("button", name="Add this picture to PicTrace")).to_have_count(0)
        await someone.set(adminKey=ADMIN)
        await expect(answer.get_by_role("button", name="Add this picture to PicTrace")).to_have_count(1)


async def test_picture_is_added_with_its_page_and_taken_back(browse: Browse) -> None:
    async with browse() as someone:
        await someone.set(adminKey=ADMIN)
        page = await someone.visit("A page of coins", "<img src='/raw/coins.png'>")
        answer = await someone.click(page, "add", src=f"{someone.sites.home}/raw/coins.png")
        await expect(answer.get_by_label("Title")).to_have_value("A page of coins")
        await expect(answer.get_by_label("Page that it is from")).to_have_value(page.url)
        await answer.get_by_label("Tags, with commas between").fill("money, old")
        await answer.get_by_role("button", name="Add", exact=True).click()
        await expect(answer.locator("h1")).to_have_text("Added to the library")
        listed = (await someone.api.get("/v1/images?tag=money")).json["images"]
        assert [(one["title"], one["tags"], one["page_url"], one["source_url"]) for one in listed] == [
            ("A page of coins", ["money", "old"], page.url, f"{someone.sites.home}/raw/coins.png")
        ]
        await answer.get_by_role("button", name="Undo").click()
        await expect(answer.locator("h1")).to_have_text("Undone.")
        assert (await someone.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS)


async def test_duplicate_is_shown(browse: Browse) -> None:
    async with browse() as someone:
        await someone.set(adminKey=ADMIN)
        page = await someone.visit("shop", "<img src='/raw/coffee.png'>")
        answer = await someone.click(page, "add", src=f"{someone.sites.home}/raw/coffee.png")
        await answer.get_by_role("button", name="Add", exact=True).click()
        await expect(answer.locator("h1")).to_have_text("Already in the library")
        await expect(answer.locator(".card h2")).to_have_text("coffee.png")
        await expect(answer.get_by_role("button", name="Undo")).to_have_count(0)


async def test_what_it_nearly_equals_is_shown_with_undo_beside_it(browse: Browse) -> None:
    async with browse(context={"viewport": {"width": 400, "height": 800}}) as someone:
        await someone.set(adminKey=ADMIN)
        page = await someone.visit("shop", "<img src='/open/coffee.png'>")
        answer = await someone.click(page, "add", src=f"{someone.sites.home}/open/coffee.png")
        await answer.get_by_role("button", name="Add", exact=True).click()
        await expect(answer.locator("h1")).to_have_text("Added to the library")
        near = answer.get_by_role("region", name="Nearly the same was here already")
        await expect(near.locator(".card h3")).to_have_text(["coffee.png"])
        await expect(near.locator(".likely")).to_have_text(re.compile(r"With >?\d\d% probability the same picture"))
        assert await near.locator("img").evaluate(
            "async (image) => { await image.decode(); return image.naturalWidth; }"
        )
        await accessible(answer)
        await answer.reload()
        await near.get_by_role("button", name="Undo").click()
        await expect(answer.locator("h1")).to_have_text("Undone.")
        await expect(near).to_have_count(0)
        assert (await someone.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS)


async def test_what_the_server_cannot_fetch_is_added_by_its_bytes(browse: Browse) -> None:
    async with browse() as someone:
        await someone.set(adminKey=ADMIN)
        page = await someone.visit("club", "<img src='/login/coins.png'>")
        answer = await someone.click(page, "add", src=f"{someone.sites.home}/login/coins.png")
        await answer.get_by_role("button", name="Add", exact=True).click()
        await expect(answer.locator("h1")).to_have_text("Added to the library")
        [added] = (await someone.api.get("/v1/images?words=coins")).json["images"]
        assert added["source_url"] == f"{someone.sites.home}/login/coins.png"


async def test_capture_is_never_added(browse: Browse) -> None:
    async with browse(reach=("http://127.0.0.2/*",)) as someone:
        await someone.set(adminKey=ADMIN)
        page = await someone.visit("forum", "<img src='{other}/open/coins.png'>")
        answer = await someone.click(page, "add", src=f"{someone.sites.other}/open/coins.png")
        await answer.get_by_role("button", name="Add", exact=True).click()
        await expect(answer.get_by_role("alert")).to_contain_text("could not be had")
        await expect(answer.locator("main")).not_to_contain_text("Capture")
        await expect(answer.locator("#allow")).to_be_visible()


async def test_notice_in_place_of_the_picture_does_not_stay_in_the_library(browse: Browse) -> None:
    async with browse() as someone:
        await someone.set(adminKey=ADMIN)
        page = await someone.visit("gallery", "<img src='/notice/coins.png'>")
        answer = await someone.click(page, "add", src=f"{someone.sites.home}/notice/coins.png")
        await answer.get_by_role("button", name="Add", exact=True).click()
        await expect(answer.locator("h1")).to_have_text("Added to the library")
        assert (await someone.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) + 1


async def test_found_nothing_so_add_it(browse: Browse) -> None:
    async with browse() as someone:
        await someone.set(adminKey=ADMIN)
        page = await someone.visit("shop", "<img src='/login/moon.png'>")
        answer = await someone.find(page, "img")
        await expect(answer.locator("h1")).to_have_text("Nothing like it is here")
        await answer.get_by_role("button", name="Add this picture to PicTrace").click()
        await answer.get_by_label("Title").fill("The moon")
        await answer.get_by_role("button", name="Add", exact=True).click()
        await expect(answer.locator("h1")).to_have_text("Added to the library")
        assert (await someone.api.get("/v1/images?words=moon")).json["total"] == 1
