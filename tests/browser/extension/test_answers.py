"""The answer: lanes, why, what is not there, the nearest anyway; the history; languages and accessibility."""

import base64

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.extension.conftest import ADMIN, Browse, answered, says
from tests.conftest import SHIPPED, jpeg
from tests.small_library import menu

LANGUAGES = ("en", "ru", "de", "ja", "ko", "zh")


async def accessible(page: Page) -> None:
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    wide = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], wide


async def test_why_shows_the_points_that_agree(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit("shop", "<img src='/open/coffee.png'>")
        answer = await someone.find(page, "img")
        await answer.get_by_role("button", name="Why? coffee.png").click()
        drawn = answer.get_by_role("dialog").locator("img")
        await expect(drawn).to_be_visible()
        assert await drawn.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 500
        await expect(answer.get_by_role("dialog")).to_contain_text("points agree in position.")
        await expect(answer.get_by_role("dialog")).to_contain_text("What was done to it: saved again.")
        await accessible(answer)
        await answer.keyboard.press("Escape")
        await expect(answer.get_by_role("dialog")).to_have_count(0)


async def test_other_version_is_told_from_the_same_picture(browse: Browse) -> None:
    shown = base64.b64encode(jpeg(menu(0, 2), 85)).decode()
    async with browse() as someone:
        await someone.api.add(jpeg(menu(0, 1)), name="stored.jpg")
        page = await someone.visit("shop", f"<img src='data:image/jpeg;base64,{shown}'>")
        answer = await someone.find(page, "img")
        version = answer.locator(".card.variant")
        await expect(version).to_contain_text("stored.jpg")
        await expect(version.locator(".score")).to_contain_text("Another version")
        await expect(answer.locator(".legend")).to_have_text("The two differ here")
        assert 1 <= await answer.locator(".framed rect:not(.under)").count() <= 5
        await accessible(answer)


async def test_links_lead_to_the_source_and_to_the_server(browse: Browse) -> None:
    async with browse() as someone:
        await someone.api.add(
            (SHIPPED / "coins.png").read_bytes(), name="coins.png", title="Coins", page_url="https://example.org/coins"
        )
        page = await someone.visit("shop", "<img src='/raw/coins.png'>")
        answer = await someone.find(page, "img")
        first = answer.locator(".card").first
        await expect(first.locator(".score")).to_have_text("The same file")
        source = first.get_by_role("link", name="Source")
        await expect(source).to_have_attribute("href", "https://example.org/coins")
        await expect(source).to_have_attribute("rel", "noreferrer noopener")
        async with someone.context.expect_page() as opened:
            await first.get_by_role("link", name="Open on the server").click()
        await expect((await opened.value).locator("h1").first).to_be_visible()
        assert (await opened.value).url.startswith(f"{someone.server}/?image=")


async def test_nothing_like_it_is_said_and_the_nearest_wait_behind_a_button(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit("shop", "<img src='/raw/moon.png'>")
        answer = await someone.find(page, "img")
        await expect(answer.locator("h1")).to_have_text("Nothing like it is here")
        await expect(answer.locator(".card")).to_have_count(0)
        fetched = len(someone.sites.asked)
        await answer.get_by_role("button", name="Show the nearest anyway").click()
        await expect(answer.locator(".card.weak")).to_have_count(5)
        assert len(someone.sites.asked) == fetched + 1  # by its address again, and no more
        await accessible(answer)


async def test_history_keeps_twenty_and_asks_again(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit("shop", "<img src='/open/coffee.png'>")
        answer = await someone.find(page, "img")
        await says(answer, "coffee.png", "by its address")
        await answer.locator("#new").click()
        await expect(answer.locator(".history li")).to_have_count(1)
        await expect(answer.locator(".history li")).to_contain_text("coffee.png · The same picture")
        await accessible(answer)
        await answer.locator(".history button").click()
        await says(answer, "coffee.png", "by its address")
        await someone.worker.evaluate(
            """async () => {
              const { history } = await chrome.storage.local.get("history");
              const others = Array.from({ length: 25 }, (_, number) => ({ ...history[0], url: `http://x/${number}` }));
              await chrome.storage.local.set({ history: others.slice(0, 20) });
            }"""
        )
        page = await someone.visit("other", "<img src='/open/rocket.jpg'>")
        answer = await someone.find(page, "img")
        await answered(answer)
        await answer.locator("#new").click()
        await expect(answer.locator(".history li")).to_have_count(20)
        await expect(answer.locator(".history li").first).to_contain_text("rocket.jpg")


async def test_history_can_be_switched_off_and_cleared(browse: Browse) -> None:
    async with browse() as someone:
        page = await someone.visit("shop", "<img src='/open/coffee.png'>")
        answer = await someone.find(page, "img")
        await answer.locator("#new").click()
        await expect(answer.locator(".history li")).to_have_count(1)
        options = await someone.open("options/options.html")
        await options.get_by_role("button", name="Clear").click()
        await expect(options.get_by_text("Cleared.")).to_be_visible()
        await expect(answer.locator(".history li")).to_have_count(0)
        await options.get_by_label("Keep the last 20 searches").uncheck()
        await someone.find(page, "img")
        assert not (await someone.stored("local")).get("history")


async def test_private_window_keeps_nothing(browse: Browse) -> None:
    async with browse() as someone:
        await someone.worker.evaluate(
            """(url) => chrome.storage.session.set({
              "search tab-x": { id: "x", question: { by: "link", url, isPrivate: true } },
            })""",
            f"{someone.sites.home}/open/coffee.png",
        )
        answer = await someone.open("results/results.html?place=tab-x")
        await says(answer, "coffee.png", "by its address")
        await answer.locator("#new").click()
        await expect(answer.locator("h1")).to_have_text("Which picture are you looking for?")
        assert "history" not in await someone.stored("local")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everything_is_accessible_and_speaks_six_languages(browse: Browse, scheme: str) -> None:
    async with browse(context={"color_scheme": scheme, "viewport": {"width": 380, "height": 800}}) as someone:
        page = await someone.visit("shop", "<img src='/open/coffee.png'>")
        answer = await someone.find(page, "img")
        options = await someone.open("options/options.html")
        popup = await someone.open("popup/popup.html")
        for language in LANGUAGES if scheme == "light" else ("ja",):
            await someone.set(language=language, adminKey=ADMIN)
            tag = "zh-Hans" if language == "zh" else language
            for shown in (answer, options, popup):
                await shown.reload()
                await expect(shown.locator("html")).to_have_attribute("lang", tag)
                await shown.wait_for_selector("h1, #answer")
                await accessible(shown)
        text = await answer.locator("main").inner_text()
        assert ("同じ画像" if scheme == "dark" else "相同") in text or "同一" in text
