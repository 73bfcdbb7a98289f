"""The picture that was right-clicked is the picture that is found, whatever it takes to get it to the server."""

import pytest
from playwright.async_api import expect

from tests.browser.extension.conftest import HOME_PAGES, OTHER_PAGES, Browse, answered, says
from tests.conftest import jpeg, photograph

BY_ADDRESS = "The server fetched the picture by its address."
IN_PAGE = "The picture was read in the page"
FROM_HOST = "read from its own site"


async def test_address_goes_first(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit("shop", "<img src='/open/coffee.png'>")
        answer = await someone.find(page, "img")
        await says(answer, "coffee.png", BY_ADDRESS)
        await expect(answer.locator(".card")).to_have_count(5)
        await expect(answer.locator(".card.same")).to_contain_text("99%")
        await expect(answer.locator(".card.same .edits")).to_contain_text("saved again")
        # The server itself asked, once, and the extension not at all.
        asked = [headers.get("User-Agent", "") for path, headers in someone.sites.asked if path == "/open/coffee.png"]
        assert len([agent for agent in asked if "Chrome" not in agent]) == 1
        assert len(asked) == 2


@pytest.mark.parametrize("how", ["login", "linked"])
async def test_what_only_the_page_may_see_is_read_there(browse: Browse, how: str) -> None:
    async with browse() as someone:
        page = await someone.visit("club", f"<img src='/{how}/rocket.jpg'>")
        answer = await someone.find(page, "img")
        await says(answer, "rocket.jpg", IN_PAGE)
        await answer.get_by_text("Why not another way?").click()
        why = "By its address: the other server does not give it to others"
        await expect(answer.locator("details:not(.others) li")).to_have_text([why])


async def test_notice_in_place_of_the_picture_is_noticed(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit("gallery", "<img src='/notice/coffee.png'>")
        answer = await someone.find(page, "img")
        await says(answer, "coffee.png", IN_PAGE)
        await answer.get_by_text("Why not another way?").click()
        await expect(answer.locator("details:not(.others) li")).to_contain_text(
            ["the server was given another picture there"]
        )


@pytest.mark.parametrize("kind", ["data", "blob"])
async def test_pictures_without_an_address(browse: Browse, kind: str) -> None:
    async with browse() as someone:
        page = await someone.visit("app", "<img src='/open/chelsea.png'>")
        await page.evaluate(
            """async (kind) => {
              const image = document.querySelector("img");
              const blob = await (await fetch(image.src)).blob();
              const reader = new FileReader();
              const url = kind === "blob" ? URL.createObjectURL(blob) : await new Promise((done) => {
                reader.onload = () => done(reader.result);
                reader.readAsDataURL(blob);
              });
              image.src = url;
              await image.decode();
            }""",
            kind,
        )
        await says(await someone.find(page, "img"), "chelsea.png", IN_PAGE)


async def test_foreign_picture_needs_a_permission_that_is_offered(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit("forum", "<img src='{other}/open/rocket.jpg'>")
        answer = await someone.find(page, "img")
        await expect(answer.get_by_role("alert")).to_contain_text("could not be had")
        await expect(answer.locator("#allow")).to_have_text("Let PicTrace read pictures from 127.0.0.3")
        await expect(answer.locator("#area")).to_be_visible()


async def test_foreign_picture_is_read_from_its_host_where_that_is_allowed(browse: Browse) -> None:
    async with browse(reach=(HOME_PAGES, OTHER_PAGES)) as someone:
        page = await someone.visit("forum", "<img src='{other}/open/rocket.jpg'>")
        await says(await someone.find(page, "img"), "rocket.jpg", FROM_HOST)
        own = [headers for path, headers in someone.sites.asked if path == "/open/rocket.jpg"][-1]
        assert "Referer" not in own


async def test_largest_candidate_is_asked_for(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit(
            "news",
            "<img width=300 srcset='/open/camera.png 300w, /raw/coffee.png 1200w' sizes=200px src='/open/camera.png'>",
        )
        assert (await page.locator("img").evaluate("(image) => image.currentSrc")).endswith("/open/camera.png")
        # Another picture was put into the larger candidate, to tell them apart; their shapes differ, so it is refused.
        answer = await someone.find(page, "img")
        assert "/raw/coffee.png" in [path for path, _ in someone.sites.asked]
        await says(answer, "camera.png", BY_ADDRESS)


async def test_lazy_picture_is_asked_for_by_its_real_address(browse: Browse) -> None:
    placeholder = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    async with browse() as someone:
        page = await someone.visit(
            "feed", f"<img width=300 height=200 src='{placeholder}' data-src='/open/coffee.png'>"
        )
        await says(await someone.find(page, "img"), "coffee.png", BY_ADDRESS)


async def test_picture_over_the_limit_is_made_smaller_first(browse: Browse) -> None:
    async with browse(max_bytes=60_000) as someone:
        await someone.api.add(jpeg(photograph("coffee.png")[::2, ::2]), name="cup.jpg")
        page = await someone.visit("large", "<img src='/raw/coffee.png'>")
        answer = await someone.find(page, "img")
        await says(answer, "cup.jpg", IN_PAGE)
        await expect(answer.locator("#way")).to_contain_text("It was made smaller first")


async def test_tab_that_no_extension_may_read(browse: Browse) -> None:
    async with browse(reach=()) as someone:
        page = await someone.visit("closed", "<img id=a src='/open/coffee.png'><img id=b src='/login/rocket.jpg'>")
        await says(await someone.find(page, "#a"), "coffee.png", BY_ADDRESS)
        answer = await someone.find(page, "#b")
        await expect(answer.get_by_role("alert")).to_contain_text("could not be had")
        await expect(answer.locator("main li").first).to_contain_text("By its address")
        picking = await someone.click(page, "find")
        await answered(picking)
        await expect(picking.locator("main")).to_contain_text("the browser lets no extension read there")


async def test_frame_of_the_same_site(browse: Browse) -> None:
    async with browse() as someone:
        someone.sites.page("inner", "<img src='/login/rocket.jpg'>")
        page = await someone.visit("outer", "<iframe src='/inner' width=500 height=400></iframe>")
        frame = page.frame_locator("iframe").locator("img")
        src = await frame.evaluate("(image) => image.currentSrc")
        answer = await someone.click(page, "find", src=src, frameUrl=f"{someone.sites.home}/inner")
        await says(answer, "rocket.jpg", IN_PAGE)


async def test_frame_of_another_site(browse: Browse) -> None:
    async with browse() as someone:
        someone.sites.page("ad", "<img src='/open/rocket.jpg'>")
        page = await someone.visit("paper", "<iframe src='{other}/ad' width=500 height=400></iframe>")
        url = f"{someone.sites.other}/ad"
        answer = await someone.click(page, "find", src=f"{someone.sites.other}/open/rocket.jpg", frameUrl=url)
        await answered(answer)
        await expect(answer.locator("#allow")).to_have_text("Let PicTrace read pictures from 127.0.0.3")


async def test_frame_of_another_site_is_picked_in_where_that_is_allowed(browse: Browse) -> None:
    async with browse(reach=(HOME_PAGES, OTHER_PAGES)) as someone:
        someone.sites.page("ad", "<img src='/open/rocket.jpg'>")
        page = await someone.visit("paper", "<iframe src='{other}/ad' width=500 height=400></iframe>")
        url = f"{someone.sites.other}/ad"
        picking = await someone.pick(page, frameUrl=url)
        await page.frame_locator("iframe").locator("img").click(force=True)  # through the picker's cover
        await says(picking, "rocket.jpg", IN_PAGE)
