"""The page's frame: how it comes, what it is called, what it offers first; installed, offline, and shared to."""

import asyncio
import json
import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from api.page import PageFiles, ServedPage
from tests.api.conftest import ADMIN, SEARCH
from tests.browser.conftest import Visit
from tests.browser.test_page import LANGUAGES, text_of
from tests.conftest import SHIPPED

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WORKING: dict[str, Any] = {"service_workers": "allow"}
COUNT_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            const nodes = entry.sources.map(({ node }) => `${node?.nodeName}.${node?.className ?? ''}`);
            window.shifts.push([entry.value, ...nodes]);
        }
    }).observe({ type: "layout-shift", buffered: true });
"""


async def layout_shift(page: Page) -> float:
    """How much has moved since the first paint, as browsers count it."""
    found = await page.evaluate("window.shifts")
    return float(sum(value for value, *_ in found))


async def worker_active(page: Page) -> None:
    await page.evaluate("navigator.serviceWorker.ready.then(() => {})")


async def kept(page: Page) -> list[str]:
    """The addresses of all that is in the browser's caches."""
    script = """async () => {
        const all = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
        return all.flat().map(({ url }) => new URL(url).pathname);
    }"""
    found: list[str] = await page.evaluate(script)
    return found


async def share(page: Page, files: dict[str, str], **words: str) -> None:
    """Share as another app does, by a form that is posted to the page's own address; `files` by names and sources."""
    await page.evaluate(
        """async ([files, words]) => {
            const form = document.createElement("form");
            Object.assign(form, { method: "post", action: "/share", enctype: "multipart/form-data" });
            const data = new DataTransfer();
            for (const [name, source] of Object.entries(files)) {
                data.items.add(new File([await (await fetch(source)).blob()], name, { type: "image/jpeg" }));
            }
            const input = document.createElement("input");
            Object.assign(input, { type: "file", name: "pictures", multiple: true });
            input.files = data.files;
            form.append(input);
            for (const [name, value] of Object.entries(words)) {
                form.append(Object.assign(document.createElement("input"), { name, value }));
            }
            document.body.append(form);
            form.submit();
        }""",
        [files, words],
    )
    await page.wait_for_url("**/?shared")


@pytest.mark.parametrize("around", [{}, PHONE | {"locale": "de"}], ids=["desktop", "phone"])
async def test_outlines_are_taken_over_without_a_jump(visit: Visit, around: dict[str, Any]) -> None:
    go_on = asyncio.Event()

    async def held_up(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    async with visit(context=around) as visitor:
        page = visitor.page
        await page.add_init_script(COUNT_SHIFTS)
        await page.route("**/v1/server", held_up)
        await page.goto(visitor.api.url)
        heading, access = page.get_by_role("heading", level=1), page.locator("#access")
        await expect(heading).to_have_text(text_of(around.get("locale", "en"), "ask.heading"))
        await expect(access).to_be_disabled()
        await visitor.accessible()
        watched = ("header .mark", "header nav", "#language", "#access", "h1", ".drop", ".drop .primary", "#link")
        before = {one: await page.locator(one).first.bounding_box() for one in watched}
        await page.locator("#link").press_sequentially("https://a.exa")
        go_on.set()
        await expect(access).to_be_enabled()
        await expect(page.locator("main > *")).to_have_count(1)
        assert {one: await page.locator(one).first.bounding_box() for one in watched} == before
        await page.keyboard.type("mple/")
        await expect(page.locator("#link")).to_have_value("https://a.example/")
        assert await layout_shift(page) < 0.01, await page.evaluate("window.shifts")
        assert visitor.complaints == []


async def test_question_can_be_asked_before_the_modules_are_there(visit: Visit) -> None:
    go_on = asyncio.Event()

    async def held_up(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    async with visit() as visitor:
        page = visitor.page
        await page.route("**/search.js", held_up)
        await page.goto(visitor.api.url, wait_until="commit")
        await page.locator("#early").set_input_files(SHIPPED / "rocket.jpg")
        go_on.set()
        await expect(page.locator(".card.same")).to_contain_text("rocket.jpg")
        assert visitor.complaints == []


async def test_first_look_needs_few_requests_and_none_for_the_language(visit: Visit) -> None:
    async with visit(context={"locale": "ja-JP"}) as visitor:
        page = visitor.page
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url.removeprefix(visitor.api.url)))
        await visitor.open()
        await expect(page.locator("#access")).to_be_enabled()
        await page.wait_for_load_state("networkidle")
        paths = [re.sub(r"^/files/\w+/", "", path) for path in asked]
        assert not [path for path in paths if "locales" in path or "texts" in path or path.endswith(".css")]
        assert [path for path in paths if re.match(r"/v1/(?!samples/)", path)] == ["/v1/server"]
        written = len(ServedPage().modules())
        assert len([path for path in paths if path.endswith(".js")]) == written
        others = {path for path in paths if not path.endswith(".js") and not path.startswith("/v1/samples/")}
        assert others <= {"/", "/v1/server", "icon.svg", "/manifest.webmanifest", "icons/192.png"}
        asked.clear()
        await page.locator("#language").select_option("de")
        await expect(page.get_by_role("heading", level=1)).to_have_text(text_of("de", "ask.heading"))
        asked.clear()
        await page.reload()
        await expect(page.locator("#access")).to_have_text(text_of("de", "nav.signIn"))
        assert not [path for path in asked if "locales" in path or "texts" in path]
        assert visitor.complaints == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_header_is_one_row_on_a_phone(visit: Visit, language: str) -> None:
    async with visit(context=PHONE | {"locale": {"zh": "zh-CN"}.get(language, language)}, search_key=SEARCH) as visitor:
        page = await visitor.open()
        for key in (None, SEARCH, ADMIN):
            if key:
                await page.goto("about:blank")
                await visitor.open(f"/#key={key}")
                await expect(page.locator("#access.signed")).to_be_visible()
            boxes = [
                await page.locator(one).bounding_box()
                for one in (".mark img", "nav a >> nth=0", "nav a >> nth=1", "#language", "#access")
            ]
            for box, following in pairwise(boxes):
                assert box
                assert following
                assert box["x"] + box["width"] <= following["x"] + 1
            header = await page.locator("header").bounding_box()
            assert header
            assert header["height"] < 70
            lines = await page.locator("nav a").evaluate_all("all => all.map(one => one.getClientRects().length)")
            assert lines == [1, 1]
            await visitor.fits()
        await visitor.accessible()


async def test_tab_is_called_after_what_is_shown(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open()
        await expect(page).to_have_title("PicTrace · Find a picture in your own library")
        await page.get_by_role("link", name="Library").click()
        await expect(page).to_have_title("Library · PicTrace")
        await page.locator("#language").select_option("de")
        await expect(page).to_have_title("Bibliothek · PicTrace")
        await page.get_by_role("link", name="Suche").click()
        await expect(page).to_have_title(f"PicTrace · {text_of('de', 'app.tagline')}")


async def test_filter_is_folded_away_on_a_phone(visit: Visit) -> None:
    async with visit(context=PHONE) as visitor:
        page = await visitor.open("/?view=library")
        words, unfold = page.locator("#words"), page.locator(".unfold")
        await expect(page.locator(".gallery li").first).to_be_visible()
        await expect(words).to_be_hidden()
        await unfold.click()
        await expect(words).to_be_visible()
        await visitor.accessible()
        await words.fill("rocket")
        await page.keyboard.press("Enter")
        await expect(page.locator(".gallery li")).to_have_count(1)
        await expect(words).to_be_visible()  # one sees by what the library is filtered
        await page.set_viewport_size({"width": 1200, "height": 900})
        await visitor.open("/?view=library")
        await expect(words).to_be_visible()
        await expect(unfold).to_be_hidden()


async def test_own_pictures_come_first_where_there_are_none(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        page = await visitor.open()
        first = page.locator("main h1, main h2").first
        await expect(first).to_have_text("Start with your own pictures")
        await expect(page.locator(".own code")).to_have_text("pictrace add FOLDER")
        boxes = [await page.locator(one).bounding_box() for one in (".own", ".samples", ".ask")]
        tops = [box["y"] for box in boxes if box]
        assert tops == sorted(tops)
        assert len(tops) == 3
        await visitor.accessible()
        await page.get_by_role("button", name="Sign in to add your own pictures").click()
        await page.get_by_label("Key").fill(ADMIN)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Add your own pictures").click()
        await expect(page).to_have_url(re.compile(r"\?view=library$"))
        await expect(page.locator(".adding")).to_be_visible()
        assert visitor.complaints == []


async def test_admin_is_offered_to_add_and_visitors_are_not(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open()
        await expect(page.locator("#access")).to_be_enabled()
        await expect(page.locator(".own")).to_have_count(0)
        await visitor.open(f"/#key={ADMIN}")
        await page.reload()
        await expect(page.get_by_role("button", name="Add your own pictures")).to_be_visible()


async def test_lost_key_and_installing_are_explained_where_one_signs_in(visit: Visit) -> None:
    async with visit(context={"color_scheme": "dark"}) as visitor:
        page = await visitor.open()
        await page.locator("#access").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_text("Is it lost?").click()
        await expect(dialog.locator("pre")).to_have_text("pictrace admin-key --new")
        await dialog.get_by_text("Install PicTrace as an app").click()
        await expect(dialog).to_contain_text("The browser’s menu has “Install”")
        await visitor.accessible()
        await page.evaluate("""dispatchEvent(Object.assign(new Event("beforeinstallprompt"), {
            prompt: async () => document.body.append("(asked to install)") }))""")
        await dialog.get_by_role("button", name="Close").click()
        await page.locator("#access").click()
        await dialog.get_by_text("Install PicTrace as an app").click()
        await dialog.get_by_role("button", name="Install", exact=True).click()
        await expect(page.locator("body")).to_contain_text("(asked to install)")


async def test_wrong_name_and_wrong_address_are_pages(visit: Visit) -> None:
    async with visit(context={"color_scheme": "dark", "locale": "ru"}) as visitor:
        page = visitor.page
        await page.goto(f"{visitor.api.url}/nowhere")
        await expect(page.get_by_role("heading", level=1)).to_have_text(text_of("ru", "error.heading"))
        await visitor.accessible()
        await page.get_by_role("link", name=text_of("ru", "problem.home")).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(text_of("ru", "ask.heading"))
        await page.goto(visitor.api.url.replace("127.0.0.1", "nas.localhost"))
        await expect(page.locator("pre")).to_have_text("PICTRACE_ALLOWED_HOSTS=nas.localhost")
        await visitor.accessible()
        await visitor.fits()


async def test_worker_keeps_the_page_alone_and_opens_it_while_the_server_is_away(visit: Visit) -> None:
    async with visit(context=WORKING | {"locale": "de"}) as visitor:
        page = await visitor.open("/?view=library")
        await expect(page.locator(".gallery img").first).to_be_visible()
        await worker_active(page)
        await page.reload()
        await expect(page.locator(".gallery img").first).to_be_visible()
        addresses = await kept(page)
        assert "/" in addresses
        assert not [path for path in addresses if path.startswith(("/v1/", "/share"))]
        modules = {re.sub(r"^/files/\w+/", "", path) for path in addresses}
        assert set(ServedPage().modules()) <= modules
        await page.context.set_offline(True)
        await page.goto(f"{visitor.api.url}/?like=4")
        await expect(page.get_by_role("alert")).to_have_text(text_of("de", "error.offline"))
        await visitor.accessible()
        await page.context.set_offline(False)  # the browser says so, and the page comes by itself
        await expect(page.locator("#answer")).to_be_visible()
        assert [text for text in visitor.complaints if "ERR_INTERNET_DISCONNECTED" not in text] == []


async def test_new_version_takes_the_place_of_the_old(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    async with visit(context=WORKING) as visitor:
        page = await visitor.open()
        await worker_active(page)
        old = ServedPage().version
        assert await page.evaluate("caches.keys()") == [f"pictrace-{old}"]
        newer = ServedPage()
        newer.version = "abcdef012345"
        newer.worker = newer._worker()
        found = PageFiles._found
        monkeypatch.setattr(PageFiles, "_found", lambda _, *how: found(PageFiles(newer), *how))
        await page.reload()
        await page.evaluate("navigator.serviceWorker.ready.then((one) => one.update()).then(() => {})")
        async with asyncio.timeout(20):
            while await page.evaluate("caches.keys()") != ["pictrace-abcdef012345"]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await page.reload()
        await expect(page.locator("#access")).to_be_enabled()
        assert await page.locator("script[src*='abcdef012345/app.js']").count() == 1
        assert visitor.complaints == []


async def test_pictures_that_are_shared_are_searched_for_and_can_be_added(visit: Visit) -> None:
    async with visit(context=WORKING | PHONE) as visitor:
        page = await visitor.open()
        await worker_active(page)
        await page.reload()
        await share(page, {"rocket.jpg": "/v1/images/4/file", "second.jpg": "/v1/images/1/file"})
        await expect(page.locator(".incoming")).to_contain_text("2 pictures shared from another app.")
        await expect(page.locator(".card.same")).to_contain_text("rocket.jpg")
        await expect(page.get_by_role("button", name="Add all 2 pictures")).to_have_count(0)  # not for everybody
        await visitor.accessible()
        await visitor.fits()
        await page.evaluate("key => sessionStorage.setItem('pictrace.key', key)", ADMIN)
        await page.reload()  # nothing of it is lost
        await page.get_by_role("button", name="Add all 2 pictures").click()
        await expect(page.locator(".entries li")).to_have_count(2)
        assert not [path for path in await kept(page) if path.startswith("/share")]
        assert visitor.complaints == []


async def test_what_is_shared_without_a_key_waits_until_one_has_signed_in(visit: Visit) -> None:
    async with visit(context=WORKING, search_key=SEARCH, fetch_allow=("127.0.0.1",)) as visitor:
        page = await visitor.open()
        await worker_active(page)
        await page.reload()
        link = f"{visitor.api.url}/icon.svg"
        await share(page, {}, text=f"Look at this: {link}")
        await expect(page.locator(".incoming")).to_contain_text("Sign in: the search begins then.")
        assert [path for path in await kept(page) if path.startswith("/share")]
        await page.context.set_offline(True)
        await page.reload()
        await expect(page.locator("main")).to_contain_text("What you shared is kept here")
        await page.context.set_offline(False)
        await page.locator(".incoming").get_by_role("button", name="Sign in").click()
        await page.get_by_label("Key").fill(SEARCH)
        async with page.expect_request("**/v1/search") as asked:
            await page.keyboard.press("Enter")
        assert json.loads((await asked.value).post_data or "")["url"] == link
        await page.locator(".incoming").get_by_role("button", name="Done").click()
        await expect(page.locator(".incoming")).to_have_count(0)
        assert not [path for path in await kept(page) if path.startswith("/share")]
        await share(page, {}, title="Nothing to see")
        await expect(page.locator(".incoming")).to_contain_text("No picture and no link was shared.")


async def test_share_before_the_worker_is_there_is_answered_by_a_page(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open()
        await page.evaluate("""() => {
            const form = Object.assign(document.createElement("form"), { method: "post", action: "/share" });
            document.body.append(form);
            form.submit();
        }""")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Not shared yet")
        await visitor.accessible()
