"""The page as its visitors use it."""

import asyncio
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Page, Route, expect

from tests.api.conftest import ADMIN, SEARCH
from tests.api.test_web import texts
from tests.browser.conftest import Visit
from tests.conftest import PHOTOGRAPHS, SHIPPED, jpeg, photograph
from tests.small_library import menu

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
LANGUAGES = ("en", "ru", "de", "ja", "ko", "zh")


def text_of(language: str, key: str) -> str:
    return str(texts(language)[key])


async def choose(page: Page, button: str, *files: Path) -> None:
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name=button).click()
    await (await chooser.value).set_files(list(files))


async def test_newcomer_sees_matches_from_an_empty_library(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        page = await visitor.open()
        await expect(page.get_by_role("heading", name="The library is still empty")).to_be_visible()
        await visitor.accessible()
        await page.get_by_role("button", name="Add sample pictures").click()
        await page.get_by_role("button", name="In a screenshot").click()
        first = page.locator(".cards li").first
        await expect(first).to_contain_text("coffee.png")
        await expect(first).to_contain_text("Certainly the same")
        await expect(first).to_contain_text("inside a larger picture")
        await expect(first.locator(".badge")).to_have_text("Sample")
        await expect(page.locator(".framed polygon")).to_have_count(2)
        await visitor.accessible()
        await first.get_by_text("Evidence").click()
        await expect(first.locator("dd").nth(1)).to_have_text(re.compile(r"^\d+$"))
        await first.get_by_role("button", name="Why?").click()
        picture = page.get_by_role("dialog").get_by_role("img")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("image => image.naturalWidth") > 500
        await expect(page.get_by_role("dialog")).to_contain_text("What was done to it: inside a larger picture")
        await visitor.accessible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.get_by_role("button", name="New search").click()
        await page.get_by_role("button", name="Remove the samples").click()
        await expect(page.get_by_role("heading", name="The library is still empty")).to_be_visible()
        assert visitor.complaints == []


async def test_what_is_not_there_is_said_and_the_weak_ones_wait_behind_a_button(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        await visitor.api("POST", "/v1/samples")
        page = await visitor.open()
        await page.get_by_role("button", name="Not in the library").click()
        await expect(page.get_by_role("heading", name="Nothing like it is here")).to_be_visible()
        await expect(page.locator(".card")).to_have_count(0)
        await visitor.accessible()
        await page.get_by_role("button", name="Show the nearest anyway").click()
        await expect(page.locator(".card.weak")).to_have_count(5)
        await expect(page.get_by_role("heading", name="Nothing like it is here")).to_be_visible()
        await expect(page.locator(".card").first).to_contain_text("Hardly alike")
        await visitor.accessible()


async def test_other_version_stands_in_its_own_lane_and_what_differs_is_boxed(visit: Visit, tmp_path: Path) -> None:
    query = tmp_path / "menu.jpg"
    query.write_bytes(jpeg(menu(0, 2), 85))
    async with visit() as visitor:
        await visitor.api.add(jpeg(menu(0, 1)), name="stored.jpg")
        page = await visitor.open()
        await choose(page, "Choose a picture", query)
        version = page.locator(".card.variant")
        await expect(version).to_have_count(1)
        await expect(version).to_contain_text("stored.jpg")
        await expect(version.locator(".score")).to_have_text(re.compile(r"^Another version >?\d+%$"))
        await expect(page.get_by_role("heading", name="Another version")).to_be_visible()
        await expect(page.get_by_role("heading", name="The same picture")).to_have_count(0)
        boxes = page.locator(".framed rect:not(.under)")
        assert 1 <= await boxes.count() <= 5
        frame, first = await page.locator(".framed img").bounding_box(), await boxes.first.bounding_box()
        assert frame
        assert first
        assert frame["y"] < first["y"] < first["y"] + first["height"] <= frame["y"] + frame["height"] + 4
        await expect(page.locator(".legend")).to_have_text("The two differ here")
        await expect(page.locator(".query")).to_contain_text("“stored.jpg” is another version of your picture.")
        await visitor.accessible()
        await visitor.fits()
        await version.get_by_role("button", name="Why?").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("img")).to_be_visible()
        await expect(dialog).to_contain_text("another version, not the same picture")
        await expect(dialog).to_contain_text(re.compile(r"marked parts? differs?\."))
        await visitor.accessible()
        assert visitor.complaints == []


async def test_picture_is_chosen_dropped_and_pasted(visit: Visit, tmp_path: Path) -> None:
    mirrored = tmp_path / "mirrored.jpg"
    mirrored.write_bytes(jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1])))
    async with visit() as visitor:
        page = await visitor.open()
        await choose(page, "Choose a picture", mirrored)
        await expect(page.locator(".card.same")).to_contain_text("chelsea.png")
        await expect(page.locator(".card.same .edits")).to_contain_text("mirrored")
        give = """async (kind) => {
            const bytes = await (await fetch('/v1/images/4/file')).blob();
            const data = new DataTransfer();
            data.items.add(new File([bytes], 'a.jpg', { type: 'image/jpeg' }));
            const event = kind === 'paste' ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
                                           : new DragEvent('drop', { dataTransfer: data, bubbles: true });
            document.querySelector('main').dispatchEvent(event);
        }"""
        for kind in ("paste", "drop"):
            await visitor.open()
            await page.evaluate(give, kind)
            await expect(page.locator(".card.same")).to_contain_text("rocket.jpg")
            # Without the admin key the file comes without its metadata: the same pixels, but not the same bytes.
            await expect(page.locator(".card.same")).to_contain_text("Certainly the same")
        assert visitor.complaints == []


async def test_link_is_searched_and_its_address_repeats_the_search(visit: Visit) -> None:
    async with visit(filled=False, fetch_allow=("127.0.0.1",)) as visitor:
        await visitor.api("POST", "/v1/samples")
        page = await visitor.open()
        await page.get_by_label("Link to a picture").fill(f"{visitor.api.url}/v1/samples/crop")
        await page.get_by_role("button", name="Search", exact=True).click()
        await expect(page.locator(".card.same")).to_contain_text("astronaut.png")
        assert "?url=http%3A%2F%2F127.0.0.1" in page.url
        await page.reload()
        await expect(page.locator(".card.same")).to_contain_text("astronaut.png")
        await page.locator(".card.same").get_by_role("button", name="Search from here").click()
        await expect(page).to_have_url(re.compile(r"/\?like=\d+$"))
        await expect(page.get_by_role("heading", name="Nothing like it is here")).to_be_visible()
        await page.go_back()
        await expect(page.locator(".card.same")).to_contain_text("astronaut.png")


async def test_trouble_is_a_sentence_with_a_next_step(visit: Visit, tmp_path: Path) -> None:
    text = tmp_path / "a.jpg"
    text.write_text("not a picture")
    async with visit(max_bytes=500_000) as visitor:
        page = await visitor.open()
        await choose(page, "Choose a picture", text)
        await expect(page.get_by_role("alert")).to_contain_text("This is not a picture that can be read.")
        await visitor.accessible()
        await choose(page, "Choose a picture", SHIPPED / "astronaut.png")
        await expect(page.get_by_role("alert")).to_contain_text("too large")
        await visitor.open("/?url=http%3A%2F%2F10.0.0.1%2F")
        await expect(page.get_by_role("alert")).to_contain_text("can list exceptions in PICTRACE_FETCH_ALLOW.")
        await page.route("**/v1/search", lambda route: route.abort())
        await visitor.open("/?url=http%3A%2F%2Fa.example%2F")
        await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
        await expect(page.get_by_role("button", name="Try again")).to_be_visible()


async def test_wait_is_told_when_the_rate_is_spent(visit: Visit, tmp_path: Path) -> None:
    async with visit(rate_limit=1) as visitor:
        page = await visitor.open()
        for _ in range(2):
            await choose(page, "Choose a picture", SHIPPED / "rocket.jpg")
            await page.wait_for_selector("#answer")
            if await page.get_by_role("button", name="New search").count():
                await page.get_by_role("button", name="New search").click()
        await expect(page.get_by_role("alert")).to_contain_text(re.compile(r"try again in \d+ second"))


async def test_later_of_two_searches_wins(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open()
        first = True

        async def slowly(route: object) -> None:
            nonlocal first
            wait_s, first = (1.5 if first else 0), False
            await asyncio.sleep(wait_s)
            await route.continue_()  # type: ignore[attr-defined]

        await page.route("**/matches*", slowly)
        await page.evaluate("history.pushState(null, '', '/?like=1'); dispatchEvent(new PopStateEvent('popstate'))")
        await page.evaluate("history.pushState(null, '', '/?like=4'); dispatchEvent(new PopStateEvent('popstate'))")
        await page.wait_for_selector("#answer")
        shown = await page.locator(".query img").get_attribute("src")
        await asyncio.sleep(2)
        assert await page.locator(".query img").get_attribute("src") == shown


async def test_library_is_looked_through_and_filtered(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        await visitor.api("POST", "/v1/samples")
        await visitor.api("PATCH", "/v1/images/1", json={"title": "Кошка <b>жирная</b>", "tags": ["кот", "sample"]})
        page = await visitor.open("/?view=library")
        await expect(page.locator(".gallery li")).to_have_count(24)
        await visitor.accessible()
        await page.locator("#words").fill("КОШКА")
        await page.get_by_role("button", name="Filter").click()
        await expect(page.locator(".gallery li")).to_have_count(1)
        await expect(page.locator(".gallery")).to_contain_text("Кошка <b>жирная</b>")
        await page.locator("#words").fill("")
        await page.get_by_label("Tag", exact=True).select_option("кот")
        await expect(page).to_have_url(re.compile("tag="))
        await page.locator(".gallery a").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Кошка <b>жирная</b>")
        await visitor.accessible()
        await page.get_by_role("link", name="Find similar").click()
        await expect(page).to_have_url(re.compile(r"/\?like=1$"))
        assert visitor.complaints == []


async def test_admin_adds_many_and_takes_them_back(visit: Visit, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    async with visit() as visitor:
        page = await visitor.open(f"/#key={ADMIN}")
        assert ADMIN not in page.url
        await page.get_by_role("link", name="Library").click()
        await page.get_by_label("Tags, with commas between").fill("new, from the page")
        files = [SHIPPED / "page.png", SHIPPED / "rocket.jpg", bad, SHIPPED / "moon.png", SHIPPED / "coins.png"]
        async with page.expect_file_chooser() as chooser:
            await page.get_by_text("Choose pictures", exact=True).click()
        await (await chooser.value).set_files([path for path in files if path.exists()])
        await expect(page.locator(".entries .is-duplicate")).to_contain_text("already here as “rocket.jpg”")
        await expect(page.locator(".entries .is-duplicate img")).to_be_visible()
        await expect(page.locator(".entries li").first).to_contain_text("not added: This is not a picture")
        summary = page.locator(".adding .sum")
        await expect(summary).to_contain_text("1 already here")
        added = len([path for path in files if path.exists()]) - 2
        await expect(summary).to_contain_text(f"{added} added")
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS) + added)
        assert (await visitor.api.get("/v1/images?tag=from+the+page")).json["total"] == added
        await visitor.accessible()
        await page.get_by_role("button", name="Undo this addition").click()
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS))
        assert [text for text in visitor.complaints if "415" not in text] == []


async def test_what_is_being_typed_stays_when_the_library_arrives(visit: Visit) -> None:
    async with visit() as visitor:
        arrived = asyncio.Event()

        async def late(route: Route) -> None:
            await arrived.wait()
            await route.continue_()

        await visitor.page.route("**/v1/tags", late)
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await page.locator("#words").fill("roc")
        await page.get_by_label("Tags, with commas between").press_sequentially("holi")
        arrived.set()
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS))
        await page.keyboard.type("day")
        await expect(page.get_by_label("Tags, with commas between")).to_have_value("holiday")
        await expect(page.locator("#words")).to_have_value("roc")


async def test_admin_edits_removes_and_undoes(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open("/?view=library")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_label("Key").fill("wrong")
        await page.get_by_role("dialog").get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_have_text("This key is not valid.")
        await visitor.accessible()
        await page.get_by_label("Key").fill(ADMIN)
        await page.keyboard.press("Enter")
        await page.locator(".gallery a", has_text="rocket").click()
        await page.get_by_role("button", name="Edit").click()
        await page.get_by_label("Title", exact=True).fill("Lift-off")
        await page.get_by_role("dialog").get_by_label("Tags").fill("space, night")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator(".toast")).to_contain_text("Saved.")
        await page.go_back()
        await page.locator(".gallery a", has_text="Lift-off").press("Space")
        await page.locator(".selection-bar").get_by_role("button", name="Remove", exact=True).click()
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS) - 1)
        await page.locator(".toast").get_by_role("button", name="Undo").click()
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS))
        await page.reload()
        await expect(page.get_by_role("button", name="Admin")).to_be_visible()
        await page.get_by_role("button", name="Admin").click()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.locator(".adding")).to_have_count(0)


async def test_button_pressed_while_the_library_is_drawn_anew_counts(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await page.locator(".gallery a", has_text="rocket").press("Space")
        go_on = asyncio.Event()

        async def held_up(route: Route) -> None:
            await go_on.wait()
            await route.continue_()

        await page.route("**/v1/images?*", held_up)
        await page.get_by_role("button", name="Add tags").click()
        await page.get_by_role("dialog").get_by_label("Tags").fill("space")
        await page.keyboard.press("Enter")
        await expect(page.locator(".toast")).to_contain_text("1 picture is changed.")
        await page.locator(".gallery a", has_text="coffee").press("Space")
        await page.locator(".selection-bar").get_by_role("button", name="Remove", exact=True).click()
        await expect(page.locator(".toast")).to_contain_text("2 pictures are removed.")  # the tagged one stays selected
        go_on.set()
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS) - 2)


async def test_server_with_a_search_key_asks_for_it_and_shows_pictures_then(visit: Visit) -> None:
    async with visit(search_key=SEARCH) as visitor:
        page = await visitor.open("/?view=library")
        await expect(page.get_by_role("alert")).to_contain_text("This needs a key")
        await page.locator("main").get_by_role("button", name="Sign in").click()
        await page.get_by_label("Key").fill(SEARCH)
        await page.keyboard.press("Enter")
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS))
        picture = page.locator(".gallery img").first
        await expect(picture).to_have_attribute("src", re.compile("^blob:"))  # an image without one is `complete` too
        assert await picture.evaluate("async image => (await image.decode(), image.naturalWidth)") > 50


@pytest.mark.parametrize("language", LANGUAGES)
async def test_page_speaks_the_browsers_language(visit: Visit, language: str) -> None:
    async with visit(context={"locale": {"zh": "zh-CN", "ko": "ko-KR"}.get(language, language)}) as visitor:
        page = await visitor.open()
        await expect(page.get_by_role("heading", level=1)).to_have_text(text_of(language, "ask.heading"))
        assert (await page.get_attribute("html", "lang") or "").startswith(language)
        for path in ("/?like=4", "/?view=library"):
            await visitor.open(path)
            text = await page.inner_text("body")
            assert not re.search(r"\b(ask|nav|result|score|match|library|samples|edit|error)\.\w+", text), text
            assert "{" not in text
        await page.locator("header select").select_option("de" if language == "en" else "en")
        heading = "Bibliothek" if language == "en" else "Library"
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        await page.reload()
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_phone_in_light_and_dark(visit: Visit, scheme: str) -> None:
    async with visit(context={**PHONE, "color_scheme": scheme, "locale": "ru"}) as visitor:
        page = await visitor.open()
        await expect(page.get_by_role("button", name=text_of("ru", "ask.photograph"))).to_be_visible()
        await visitor.fits()
        await visitor.accessible()
        for path in ("/?like=4", "/?view=library"):
            await visitor.open(path)
            await page.wait_for_selector("#answer, .gallery")
            await visitor.fits()
            await visitor.accessible()
        await page.locator(".gallery a").first.click()
        await page.wait_for_selector("#picture-name")
        await visitor.fits()
        await visitor.accessible()


async def test_everything_is_reached_by_keyboard(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        await visitor.api("POST", "/v1/samples")
        page = await visitor.open()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        await page.keyboard.press("Enter")
        await reach(page, "A piece cut out")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#answer")
        await expect(page.locator("#answer")).to_be_focused()
        await reach(page, "Why?")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Why?").first).to_be_focused()
        await reach(page, "Evidence")
        await page.keyboard.press("Enter")
        await expect(page.locator("details[open]")).to_have_count(1)
        await visitor.open(f"/?view=library#key={ADMIN}")
        await page.wait_for_selector(".gallery")
        await page.locator("main").focus()
        async with page.expect_file_chooser() as chooser:
            await reach(page, "")
            await page.keyboard.press("Enter")
        await (await chooser.value).set_files([SHIPPED / "rocket.jpg"])
        await expect(page.locator(".entries li")).to_contain_text("already here")


async def reach(page: Page, text: str, *, kind: str = "file") -> None:
    """Press Tab until an element with this text has the focus (without a text: a field of this kind)."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        focused = await page.evaluate("[document.activeElement.innerText ?? '', document.activeElement.type]")
        if (text and text in focused[0]) or (not text and focused[1] == kind):
            return
    pytest.fail(f"{text!r} cannot be reached by Tab")


async def test_back_returns_to_the_answer_of_an_upload(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open()
        await choose(page, "Choose a picture", SHIPPED / "rocket.jpg")
        await expect(page.locator(".card.same")).to_contain_text("rocket.jpg")
        await page.locator(".card.same").get_by_role("button", name="Search from here").click()
        await expect(page.locator(".card.same")).to_have_count(0)
        await page.go_back()
        await expect(page.locator(".card.same")).to_contain_text("rocket.jpg")
        await page.go_back()
        await expect(page.get_by_role("heading", name="Which picture are you looking for?")).to_be_visible()


DROP = """async (name) => {
    const bytes = await (await fetch('/v1/images/4/file')).blob();
    const data = new DataTransfer();
    for (const one of name.split(' ')) {
        data.items.add(new File([bytes], one, { type: one.endsWith('.jpg') ? 'image/jpeg' : 'text/plain' }));
    }
    document.querySelector('main').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true }));
}"""


async def test_picture_dropped_on_the_library_without_a_key_is_searched_for(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open("/?view=library")
        await page.evaluate(DROP, "notes.txt a.jpg")
        await expect(page.locator(".card.same")).to_contain_text("rocket.jpg")
        await expect(page.locator(".toast")).to_contain_text("One picture is searched for at a time")


async def test_dialog_does_not_stay_over_another_view(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open("/?view=library")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("dialog")).to_have_count(1)
        await page.evaluate(DROP, "a.jpg")
        await expect(page.locator(".card.same")).to_contain_text("rocket.jpg")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_whoever_comes_by_the_link_with_the_key_may_stay_signed_in(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open(f"/#key={ADMIN}")
        await expect(page.locator(".toast")).to_contain_text("You are signed in with the admin key.")
        await visitor.accessible()
        another = await page.context.new_page()  # a window of its own, as after the browser was closed
        await another.goto(visitor.api.url)
        await expect(another.locator("#access")).to_have_text("Sign in")
        await page.locator(".toast").get_by_role("button", name="Remember it on this device").click()
        await expect(page.locator(".toast")).to_have_count(0)
        await another.reload()
        await expect(another.locator("#access")).to_have_text("Admin")


async def test_link_with_a_void_key_says_so(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open("/#key=void")
        await expect(page.locator(".toast")).to_contain_text("The key is not valid")
        assert "void" not in page.url


async def test_focus_stays_where_it_was_when_things_change(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await page.locator("#words").fill("rocket")
        await page.get_by_role("button", name="Filter").press("Enter")
        await expect(page.locator(".gallery li")).to_have_count(1)
        assert await page.evaluate("document.activeElement.tagName") in ("MAIN", "BUTTON")
        await page.locator(".gallery a").press("Enter")
        await page.get_by_role("button", name="Edit").press("Enter")
        await page.get_by_label("Title", exact=True).fill("Rocket!")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Rocket!")
        await expect(page.get_by_role("button", name="Undo", exact=True)).to_be_focused()
        await page.get_by_role("link", name="Search", exact=True).press("Enter")
        await expect(page.locator("main")).to_be_focused()


async def test_why_says_so_where_there_is_little_to_say(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        await visitor.api("POST", "/v1/samples")
        page = await visitor.open()
        await page.get_by_role("button", name="A piece cut out").click()
        await expect(page.locator(".query .caption")).to_contain_text("is a part of “astronaut.png”")
        await page.locator(".others > summary").click()
        await page.locator(".card.weak").first.get_by_role("button", name="Why?").click()
        await expect(page.get_by_role("dialog")).to_contain_text("No part of one was found in the other")


async def test_double_clicks_do_things_once(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await page.locator(".gallery a", has_text="rocket").dblclick()
        await expect(page.get_by_role("heading", level=1)).to_have_text("rocket.jpg")
        await page.get_by_role("button", name="Remove", exact=True).dblclick()
        await expect(page.get_by_role("heading", level=1)).not_to_have_text("rocket.jpg")
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) - 1
        await page.locator(".toast").get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("rocket.jpg")


async def test_stored_language_that_is_none_is_passed_over(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open()
        for nonsense in ("__proto__", "constructor", "../../x"):
            await page.evaluate("tag => localStorage.setItem('pictrace.language', tag)", nonsense)
            await visitor.open()
            await expect(page.get_by_role("heading", level=1)).to_have_text("Which picture are you looking for?")


async def test_key_that_became_void_is_noticed(visit: Visit) -> None:
    async with visit(admin_key=None) as visitor:
        key = await visitor.api.service.admin_key.make()
        page = await visitor.open(f"/?view=library#key={key}")
        await page.locator(".gallery a").first.click()
        await page.wait_for_load_state("networkidle")  # pictures are fetched with the key too
        await visitor.api.service.admin_key.make()
        await page.get_by_role("button", name="Remove", exact=True).click()
        await expect(page.locator(".toast")).to_contain_text("The key is not valid")
        await expect(page.locator("#access")).to_have_text("Sign in")


async def test_pictures_fetched_with_a_key_are_let_go(visit: Visit) -> None:
    count = """() => {
        window.alive = new Set();
        const [make, drop] = [URL.createObjectURL, URL.revokeObjectURL];
        URL.createObjectURL = (blob) => { const url = make(blob); window.alive.add(url); return url; };
        URL.revokeObjectURL = (url) => { window.alive.delete(url); drop(url); };
    }"""
    async with visit() as visitor:
        page = await visitor.open(f"/#key={ADMIN}")
        await page.evaluate(count)
        for _ in range(5):
            await page.get_by_role("link", name="Library").click()
            await page.get_by_role("link", name="Search").click()
        await page.get_by_role("link", name="Library").click()
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS))
        async with asyncio.timeout(10):  # wait_for_function() would need the policy to allow eval
            while await page.evaluate("window.alive.size"):  # noqa: ASYNC110 - a page sets no Event
                await asyncio.sleep(0.05)


async def test_titles_are_text_whatever_they_hold(visit: Visit) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\">"
    async with visit() as visitor:
        await visitor.api("PATCH", "/v1/images/4", json={"title": evil, "tags": ["<script>alert(1)</script>"]})
        page = await visitor.open("/?view=library")
        await expect(page.locator(".gallery")).to_contain_text(evil)
        mirrored = jpeg(np.ascontiguousarray(photograph("rocket.jpg")[:, ::-1]))
        added = (await visitor.api.add(mirrored)).json["id"]
        await visitor.open(f"/?like={added}")
        await expect(page.locator(".card.same")).to_contain_text(evil)
        assert "owned" not in await page.title()
        assert visitor.complaints == []


async def test_unreachable_server_is_said_at_the_start_and_looked_for_again(visit: Visit) -> None:
    async with visit() as visitor:
        page = visitor.page
        await page.clock.install()
        await page.route("**/v1/server", lambda route: route.abort())
        await page.goto(visitor.api.url)
        await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
        await page.clock.run_for(3_000)
        await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
        await page.unroute("**/v1/server")
        await page.clock.run_for(3_000)
        await expect(page.get_by_role("link", name="Library", exact=True)).to_be_visible()


async def test_edit_and_removal_are_undone_by_keyboard_alone(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open(f"/?view=library&words=rocket#key={ADMIN}")
        tiles, undo = page.locator(".gallery li"), page.get_by_role("button", name="Undo", exact=True)
        heading = page.get_by_role("heading", level=1)
        await expect(tiles).to_have_count(1)
        await reach(page, "rocket.jpg")
        await page.keyboard.press("Enter")
        await reach(page, "Edit")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Title", exact=True)).to_be_visible()
        await reach(page, "", kind="text")
        await page.keyboard.type("Rocket, lifting off")
        await page.keyboard.press("Enter")
        await expect(heading).to_have_text("Rocket, lifting off")
        await expect(undo).to_be_focused()
        await visitor.accessible()
        await page.keyboard.press("Enter")
        await expect(heading).to_have_text("rocket.jpg")
        await expect(page.locator("main")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.locator(".gallery a:focus")).to_have_text("rocket.jpg")
        await page.keyboard.press("Space")
        await reach(page, "Download")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Remove", exact=True)).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(tiles).to_have_count(0)
        await expect(undo).to_be_focused()
        await page.keyboard.press("Tab")  # on into the page
        await expect(page.locator("main :focus")).to_have_count(1)
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Enter")
        await expect(tiles).to_have_count(1)
        assert [text for text in visitor.complaints if "404" not in text] == []  # of the picture that is gone


async def test_undo_stays_as_long_as_it_is_focused_or_pointed_at(visit: Visit) -> None:
    async with visit() as visitor:
        page, toast = visitor.page, visitor.page.locator(".toast")
        await page.clock.install()
        await visitor.open(f"/?view=library#key={ADMIN}")
        await page.locator(".gallery li", has_text="rocket").hover()
        await page.get_by_role("checkbox", name="rocket").click()
        await page.get_by_role("button", name="Remove", exact=True).click()
        await expect(page.locator(".gallery li")).to_have_count(len(PHOTOGRAPHS) - 1)
        await expect(page.get_by_role("button", name="Undo")).not_to_be_focused()  # the mouse was used
        await page.clock.fast_forward("00:20")
        await toast.hover()
        await page.clock.fast_forward("01:00")
        await expect(toast).to_be_visible()
        await toast.get_by_role("button").focus()
        await page.mouse.move(5, 5)
        await page.clock.fast_forward("01:00")
        await expect(toast).to_be_visible()
        await page.locator("#words").focus()
        await page.clock.fast_forward("00:20")
        await expect(toast).to_be_visible()
        await page.clock.fast_forward("00:20")
        await expect(toast).to_have_count(0)
        await expect(page.locator("#words")).to_be_focused()


async def test_focus_goes_to_the_page_when_another_message_takes_the_place_of_undo(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await page.locator(".gallery a", has_text="rocket").press("Space")
        await page.get_by_role("button", name="Remove", exact=True).press("Enter")
        await expect(page.get_by_role("button", name="Undo")).to_be_focused()
        data = "const data = new DataTransfer(); data.setData('text/plain', 'no link');"
        await page.evaluate(f"{data} document.dispatchEvent(new DragEvent('drop', {{ dataTransfer: data }}))")
        await expect(page.locator(".toast")).to_contain_text("no picture")
        await expect(page.locator("main")).to_be_focused()


async def test_language_of_an_addition_follows_the_choice(visit: Visit, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    async with visit() as visitor:
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await page.locator("#files").set_input_files([SHIPPED / "page.png", SHIPPED / "rocket.jpg", bad])
        await expect(page.locator(".entries .is-refused")).to_contain_text("not added")
        await expect(page.locator(".entries progress")).to_have_count(0)
        await page.locator("#language").select_option("de")
        await expect(page.locator(".is-added .said")).to_have_text(text_of("de", "add.added"))
        duplicate = text_of("de", "add.duplicate").replace("{name}", "rocket.jpg")
        await expect(page.locator(".is-duplicate .said")).to_have_text(duplicate)
        await expect(page.locator(".is-duplicate img")).to_be_visible()
        refused = text_of("de", "add.refused").replace("{reason}", text_of("de", "error.not_an_image"))
        await expect(page.locator(".is-refused .said")).to_have_text(refused)


async def test_progress_of_each_file_is_shown(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    async with visit() as visitor:
        may_end = asyncio.Event()
        add = type(visitor.api.service).add_bytes

        async def late(*given: Any, **how: Any) -> Any:
            await may_end.wait()
            return await add(*given, **how)

        monkeypatch.setattr(type(visitor.api.service), "add_bytes", late)
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        names = ["page.png", "moon.png", "coins.png", "text.png"]
        await page.locator("#files").set_input_files([SHIPPED / name for name in names])
        first, last = page.locator(".entries li").nth(0), page.locator(".entries li").nth(3)
        await expect(first).to_contain_text("working")
        await expect(first.get_by_role("progressbar", name="page.png")).to_have_js_property("value", 1)
        await expect(last).to_contain_text("waiting")
        await expect(last.get_by_role("progressbar", name="text.png")).to_have_js_property("value", 0)
        await expect(page.locator(".adding .sum")).to_contain_text("0 of 4")
        may_end.set()
        for entry in (first, last):
            await expect(entry).to_contain_text("added")
            await expect(entry.locator("progress")).to_have_count(0)


async def test_source_is_linked_on_cards_and_in_details(visit: Visit) -> None:
    async with visit() as visitor:
        given = {"page_url": "https://example.org/page", "source_url": "https://example.org/a.jpg"}
        await visitor.api("PATCH", "/v1/images/4", json=given)
        page = await visitor.open()
        await choose(page, "Choose a picture", SHIPPED / "rocket.jpg")
        await expect(page.locator(".card.same")).to_be_visible()
        await visitor.api("PATCH", "/v1/images/4", json={"page_url": None})
        for scope, name, href in ((".card.same", "Source", "page"), (".about", "example.org", "a.jpg")):
            source = page.locator(scope).get_by_role("link", name=name)
            await expect(source).to_have_attribute("href", f"https://example.org/{href}")
            await expect(source).to_have_attribute("rel", "noreferrer noopener")
            await expect(source).to_have_attribute("target", "_blank")
            await visitor.open("/?view=library")
            await page.locator(".gallery a", has_text="rocket").click()
        await visitor.open("/?image=3")
        await expect(page.get_by_role("heading", level=1)).to_have_text("coffee.png")
        await expect(page.locator(".about").get_by_role("link", name="example.org")).to_have_count(0)


async def test_photograph_is_taken_with_the_camera(visit: Visit) -> None:
    async with visit(context=PHONE) as visitor:
        page = await visitor.open()
        for button, capture in (("Take a photo", "environment"), ("Choose a picture", None)):
            async with page.expect_file_chooser() as chooser:
                await page.get_by_role("button", name=button).click()
            assert await (await chooser.value).element.get_attribute("capture") == capture


async def test_link_to_a_search_is_copied(visit: Visit) -> None:
    async with visit(context={"permissions": ["clipboard-read", "clipboard-write"]}) as visitor:
        page = await visitor.open("/?like=4")
        await page.get_by_role("button", name="Copy a link").click()
        await expect(page.locator(".toast")).to_have_text("Copied.")
        assert await page.evaluate("navigator.clipboard.readText()") == f"{visitor.api.url}/?like=4"
