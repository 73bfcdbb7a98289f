"""Near-duplicates on the page: looked through, decided on, taken back."""

import io
import json
import re

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, Request, Route, expect
from sqlalchemy import insert, select, text

from engine.storage.tables import duplicates, images
from tests.api.conftest import ADMIN, Client
from tests.api.test_web import texts
from tests.browser.conftest import Visit
from tests.browser.test_page import LANGUAGES, PHONE, reach
from tests.conftest import PHOTOGRAPHS, SHIPPED, jpeg, photograph
from tests.large_library import fill
from tests.small_library import menu

AS_ADMIN = f"/?view=duplicates#key={ADMIN}"


async def with_copies(api: Client) -> None:
    """Two groups: three of the cup, two of the cat."""
    cup = photograph("coffee.png")
    small = cv2.resize(cup, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    await api.add(jpeg(small), name="cup-small.jpg")
    await api.add(jpeg(np.ascontiguousarray(cup[:, ::-1]), 60), name="cup-mirrored.jpg", title="Cup, mirrored")
    await api.add(jpeg(photograph("chelsea.png"), 50), name="cat.jpg")


async def with_equals(api: Client) -> None:
    """Two pictures again as other files of the same pixels, with tags of their own."""
    for name in ("coffee.png", "chelsea.png"):
        content = io.BytesIO()
        Image.fromarray(photograph(name)).save(content, "BMP")
        await api.add(content.getvalue(), name=name.replace("png", "bmp"), tags=["again"])


async def names(page: Page) -> list[list[str]]:
    """Of the pictures in each group, all read at one moment: the list is drawn anew while pixels are compared."""
    found: list[list[str]] = await page.locator(".group").evaluate_all(
        "groups => groups.map(group => [...group.querySelectorAll('.name')].map(name => name.innerText))"
    )
    return found


CUPS, CATS = ["coffee.png", "Cup, mirrored", "cup-small.jpg"], ["chelsea.png", "cat.jpg"]


async def test_best_is_kept_and_the_others_come_back_by_undo(visit: Visit) -> None:
    async with visit() as visitor:
        await with_copies(visitor.api)
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await page.get_by_role("link", name="2 groups of near-duplicates").click()
        await expect(page.get_by_role("heading", name="Near-duplicates")).to_be_visible()
        await expect(page.locator(".group")).to_have_count(2)
        await expect(page.locator(".group .name")).to_have_count(len(CUPS) + len(CATS))
        assert sorted(await names(page)) == sorted([CUPS, CATS])
        group = page.get_by_role("listitem").filter(has_text="cup-small.jpg").first
        await expect(group.locator(".best")).to_contain_text("600 × 400 pixels")
        await expect(group.locator(".badge")).to_have_text("Best")
        await visitor.accessible()
        await group.get_by_role("button", name="Keep the best").click()
        await expect(page.locator(".toast")).to_contain_text("2 pictures are removed.")
        await expect(page.locator(".group")).to_have_count(1)
        await visitor.accessible()
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) + 1
        await page.locator(".toast").get_by_role("button", name="Undo").click()
        await expect(page.locator(".group")).to_have_count(2)
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) + 3
        assert visitor.complaints == []


async def test_another_is_kept_than_the_best(visit: Visit) -> None:
    async with visit() as visitor:
        await with_copies(visitor.api)
        page = await visitor.open(AS_ADMIN)
        await expect(page.locator(".group")).to_have_count(2)
        await page.get_by_role("button", name="Keep this one: Cup, mirrored").click()
        await expect(page.locator(".toast")).to_contain_text("2 pictures are removed.")
        await expect(page.locator(".group")).to_have_count(1)
        assert (await visitor.api.get("/v1/images?words=mirrored")).json["total"] == 1
        assert (await visitor.api.get("/v1/images?words=coffee")).json["total"] == 0
        await page.locator(".toast").get_by_role("button", name="Undo").click()
        await expect(page.locator(".group")).to_have_count(2)
        assert visitor.complaints == []


async def with_parts_and_variants(api: Client) -> None:
    """A crop of the cup, and two menus of one layout."""
    await api.add(jpeg(photograph("coffee.png")[40:360, 60:540]), name="crop.jpg")
    for content in (1, 2):
        await api.add(jpeg(menu(1, content)), name=f"menu-{content}.jpg")


async def test_parts_and_similar_pictures_are_looked_through_and_never_removed(visit: Visit) -> None:
    async with visit() as visitor:
        await with_parts_and_variants(visitor.api)
        page = await visitor.open(AS_ADMIN)
        await expect(page.get_by_text("There are no near-duplicates here.")).to_be_visible()
        groups, toast = page.locator(".group"), page.locator(".toast")
        for tab, found, badges in (
            ("Similar, to look through 1", ["menu-1.jpg", "menu-2.jpg"], []),
            ("Part of another 1", ["coffee.png", "crop.jpg"], ["Part", "Whole"]),
        ):
            await page.get_by_role("link", name=tab).click()
            await expect(groups).to_have_count(1)
            await expect(groups.locator(".name")).to_have_count(
                len(found)
            )  # a group is filled when it is near the screen
            assert sorted(await groups.locator(".name").all_inner_texts()) == found
            assert await groups.locator(".badge").all_inner_texts() == badges
            await expect(page.get_by_role("button", name=re.compile("^Keep"))).to_have_count(0)
            await visitor.accessible()
            await groups.get_by_role("button", name="Compare").click()
            await expect(page.get_by_role("dialog").locator("figure")).to_have_count(2)
            await expect(page.get_by_role("dialog").get_by_role("button", name="Keep this one")).to_have_count(0)
            await page.keyboard.press("Escape")
            await groups.get_by_role("button", name="Don’t show again").click()
            await expect(groups).to_have_count(0)
            await toast.get_by_role("button", name="Undo").click()
            await expect(groups).to_have_count(1)
        await page.reload()
        await expect(groups).to_have_count(1)
        await expect(page.get_by_role("link", name="Part of another 1")).to_have_attribute("aria-current", "page")
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) + 3
        assert visitor.complaints == []


async def test_two_of_a_group_are_compared_and_one_of_them_kept(visit: Visit) -> None:
    async with visit() as visitor:
        await with_copies(visitor.api)
        await visitor.api("PATCH", "/v1/images/1", json={"tags": ["cat"]})
        page = await visitor.open(AS_ADMIN)
        group = page.locator(".group").filter(has_text="cup-small.jpg")
        await expect(group.locator(".best .gains")).to_have_text("Kept, it gains: the title “Cup, mirrored”")
        await group.get_by_role("button", name="Compare: cup-small.jpg").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.locator("figure")).to_have_count(2)
        await visitor.accessible()
        for way in ("In turn", "Slider", "Side by side"):
            await dialog.get_by_role("button", name=way).press("Enter")
            await visitor.accessible()
        await dialog.get_by_role("button", name="Keep this one: cup-small.jpg").press("Enter")
        await expect(page.locator(".toast")).to_contain_text("2 pictures are removed.")
        await expect(page.locator(".group")).to_have_count(1)
        (kept,) = (await visitor.api.get("/v1/images?words=cup")).json["images"]
        assert (kept["name"], kept["title"]) == ("cup-small.jpg", "Cup, mirrored")
        assert visitor.complaints == []


async def test_equal_pixels_are_decided_on_at_once_but_for_those_left_out(visit: Visit) -> None:
    async with visit() as visitor:
        await with_copies(visitor.api)
        await with_equals(visitor.api)
        page = await visitor.open(AS_ADMIN)
        await page.get_by_role("link", name="Equal pixels 2").click()
        groups = page.locator(".group")
        await expect(groups).to_have_count(2)
        await expect(groups.locator(".name")).to_have_count(4)
        assert sorted(await names(page)) == [["chelsea.bmp", "chelsea.png"], ["coffee.bmp", "coffee.png"]]
        await visitor.accessible()
        await groups.filter(has_text="chelsea").get_by_label("Remove the copies").uncheck()
        await page.get_by_role("button", name="Keep the best of 1 group").click()
        await expect(page.get_by_role("heading", name="1 picture is removed.")).to_be_visible()
        await expect(groups).to_have_count(1)
        await expect(page.locator(".outcome")).to_be_focused()
        await visitor.accessible()
        await page.get_by_role("button", name="Undo part 1").click()
        await expect(groups).to_have_count(2)
        await expect(page.locator(".outcome")).to_contain_text("Undone.")
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) + 5
        await page.get_by_role("link", name=re.compile("^Near-duplicates")).click()
        await expect(page.locator(".twins").get_by_text("equal pixels")).to_have_count(2)
        assert visitor.complaints == []


async def with_many_groups(api: Client, groups: int) -> None:
    """Pairs of equal pictures, as rows."""
    await fill(api.service, 2 * groups)
    async with api.service.repository.database.write() as connection:
        ids = list((await connection.scalars(select(images.c.id).order_by(images.c.id))).all())
        pairs = [
            {"first_id": first, "second_id": second, "p_same": 0.99, "relation": "near_duplicate", "equal_pixels": True}
            for first, second in zip(ids[::2], ids[1::2], strict=True)
        ]
        await connection.execute(insert(duplicates), pairs)


async def scroll_to_the_end(page: Page, groups: int) -> int:
    """As far as there are so many groups; returns the most nodes that there were."""
    most = 0
    while await page.locator(".group").count() < groups:
        await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        await page.wait_for_timeout(30)
        most = max(most, await page.evaluate("document.querySelectorAll('*').length"))
    return most


async def test_three_thousand_groups_scroll_in_few_nodes_and_a_decision_asks_for_nothing_anew(visit: Visit) -> None:
    async with visit(filled=False) as visitor:
        await with_many_groups(visitor.api, 3000)
        asked: list[Request] = []
        page = visitor.page

        def note(request: Request) -> None:
            if "/v1/duplicates" in request.url:
                asked.append(request)

        page.on("request", note)
        await page.route("**/thumbnail", lambda route: route.abort())
        await visitor.open(AS_ADMIN)
        await expect(page.locator("main [role=status]").first).to_have_text("3,000 groups.")
        before = await page.evaluate("document.querySelectorAll('*').length")
        most = await scroll_to_the_end(page, 400)
        assert len(asked) <= 400 / 20 + 3
        assert most < before + 400 + 40 * 30  # an element for each group, and what is in those near the screen
        shown = await page.evaluate("document.querySelectorAll('.group .twins').length")
        assert shown < 30
        # A decision takes its group away, and nothing else.
        name = await page.locator(".group:has(.twins)").last.get_attribute("aria-label")
        keep = page.get_by_label(str(name), exact=True).get_by_role("button", name="Keep all")
        await keep.focus()
        counted, place = len(asked), await page.evaluate("scrollY")
        await keep.press("Enter")
        await expect(page.get_by_label(str(name), exact=True)).to_have_count(0)
        await expect(page.locator("main [role=status]").first).to_have_text("2,999 groups.")
        assert [request.method for request in asked[counted:]][:1] == ["POST"]
        assert len(asked) <= counted + 2  # and perhaps the part that follows
        assert abs(await page.evaluate("scrollY") - place) < 900
        await page.locator(".toast").get_by_role("button", name="Undo").click()
        await expect(page.get_by_label(str(name), exact=True)).to_be_visible()
        # Away and back: the list is where it was.
        there = await page.locator(".group").count()
        place = await page.evaluate("scrollY")
        await page.evaluate("history.pushState(null, '', '/'); dispatchEvent(new PopStateEvent('popstate'))")
        await expect(page.locator(".ask")).to_be_visible()
        await page.go_back()
        await expect(page.locator(".group")).to_have_count(there)
        assert place > 10_000


async def test_many_groups_of_equal_pixels_are_decided_on_in_parts(visit: Visit) -> None:
    count = 1040
    async with visit(filled=False) as visitor:
        await with_many_groups(visitor.api, count)
        page = await visitor.open(f"/?view=duplicates&kind=equal#key={ADMIN}")
        await expect(page.locator(".group").first).to_be_visible()
        sent: list[int] = []

        def note(request: Request) -> None:
            if request.url.endswith("/best"):
                sent.append(len(json.loads(request.post_data or "")["groups"]))

        page.on("request", note)
        await page.get_by_role("button", name="Keep the best of 1,040 groups").click()
        await expect(page.get_by_role("heading", name="1,040 pictures are removed.")).to_be_visible(timeout=60_000)
        assert sent == [500, 500, 40]
        assert (await visitor.api.get("/v1/images")).json["total"] == count
        await page.get_by_role("button", name="Undo part 3").click()
        await expect(page.locator(".outcome")).to_contain_text("Undone.")
        assert (await visitor.api.get("/v1/images")).json["total"] == count + 40
        await page.get_by_role("button", name="Undo all of it").click()
        await expect(page.get_by_role("button", name="Undo all of it")).to_have_count(0, timeout=60_000)
        assert (await visitor.api.get("/v1/images")).json["total"] == 2 * count


async def test_what_was_removed_before_is_said_when_it_comes_again(visit: Visit) -> None:
    async with visit() as visitor:
        (cup,) = (await visitor.api.get("/v1/images?words=coffee")).json["images"]
        await visitor.api("DELETE", f"/v1/images/{cup['id']}")
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        await page.locator("#files").set_input_files(SHIPPED / "coffee.png")
        await expect(page.locator(".entries .said")).to_contain_text("added again; it was removed on")


async def test_what_is_kept_or_different_is_gone_until_undone(visit: Visit) -> None:
    async with visit() as visitor:
        await with_copies(visitor.api)
        page = await visitor.open(AS_ADMIN)
        cats = page.locator(".group").filter(has_text="cat.jpg")
        await cats.get_by_role("button", name="Keep all").dblclick()
        await expect(page.locator(".toast")).to_contain_text("They are all kept.")
        await expect(page.locator(".group")).to_have_count(1)
        await page.locator(".toast").get_by_role("button", name="Undo").click()
        await expect(page.locator(".group")).to_have_count(2)
        await cats.get_by_role("button", name="These are different").click()
        await expect(page.locator(".toast")).to_contain_text("Remembered")
        await expect(page.locator(".group")).to_have_count(1)
        await page.get_by_role("button", name="Keep all").click()
        await expect(page.get_by_text("There are no near-duplicates here.")).to_be_visible()
        await visitor.accessible()
        await page.reload()
        await expect(page.get_by_text("There are no near-duplicates here.")).to_be_visible()
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) + 3


async def test_everything_is_done_by_keyboard(visit: Visit) -> None:
    async with visit() as visitor:
        await with_copies(visitor.api)
        page = await visitor.open(AS_ADMIN)
        groups = page.locator(".group")
        await expect(groups).to_have_count(2)
        await page.locator("main").focus()
        await reach(page, "Keep the best")
        await expect(groups.first).to_be_focused()
        while await page.evaluate("document.activeElement.getAttribute('aria-label')") != "Keep the best: Group 1":
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(groups).to_have_count(1)
        await expect(page.get_by_role("button", name="Undo", exact=True)).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(groups).to_have_count(2)
        # From group to group, and decided on by a key each.
        await groups.first.focus()
        await page.keyboard.press("j")
        await expect(groups.nth(1)).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await expect(groups.first).to_be_focused()
        await page.keyboard.press("b")
        await expect(groups).to_have_count(1)
        await expect(groups.first).to_be_focused()
        await page.keyboard.press("u")
        await expect(groups).to_have_count(2)
        await expect(groups.first).to_be_focused()
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) + 3


async def test_without_the_admin_key_one_may_look_and_is_told_how_to_decide(visit: Visit) -> None:
    async with visit() as visitor:
        await with_copies(visitor.api)
        page = await visitor.open("/?view=duplicates")
        await expect(page.locator(".group")).to_have_count(2)
        await expect(page.locator(".group").get_by_role("button", name="Keep")).to_have_count(0)
        await expect(page.get_by_text("Sign in with the admin key to decide")).to_be_visible()
        await visitor.accessible()
        await page.locator("main").get_by_role("button", name="Sign in").click()
        await page.get_by_label("Key").fill(ADMIN)
        await page.keyboard.press("Enter")
        await expect(page.locator(".group").first.get_by_role("button", name="Group 1")).to_have_count(3)
        await expect(page.locator(".gains").first).to_be_visible()
        await expect(page.get_by_role("button", name="Keep this one")).to_have_count(3)


async def test_groups_appear_while_an_old_library_is_compared(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.routes.duplicates.COMPARED_A_CALL", 4)
    async with visit() as visitor:
        await with_copies(visitor.api)
        async with visitor.api.service.database.write() as connection:
            await connection.execute(text("UPDATE images SET compared = 0"))
            await connection.execute(text("DELETE FROM duplicates"))
        may_go_on = False

        async def later(route: Route) -> None:
            if calls and not may_go_on:
                await route.fulfill(status=503, headers={"Retry-After": "1"}, body="{}")
            else:
                calls.append(1)
                await route.continue_()

        calls: list[int] = []
        await visitor.page.route("**/v1/duplicates*", later)
        page = await visitor.open(AS_ADMIN)
        waiting = re.compile(r"\d pictures have yet to be compared")
        await expect(page.locator("main [role=status]")).to_contain_text(waiting)
        await visitor.accessible()
        may_go_on = True
        await expect(page.locator(".group")).to_have_count(2)
        await expect(page.locator("main [role=status]")).to_have_text("2 groups.")


async def test_group_that_is_none_any_more_is_said(visit: Visit) -> None:
    async with visit() as visitor:
        await with_copies(visitor.api)
        page = await visitor.open(AS_ADMIN)
        await expect(page.locator(".group")).to_have_count(2)
        for group in (await visitor.api.get("/v1/duplicates")).json["groups"]:
            ids = [image["id"] for image in group["images"]]
            await visitor.api("POST", "/v1/duplicates", json={"images": ids, "keep": "different"})
        await page.get_by_role("button", name="Keep the best: Group 1").click()
        await expect(page.locator(".toast")).to_contain_text("no longer a group")
        await expect(page.get_by_text("There are no near-duplicates here.")).to_be_visible()
        assert (await visitor.api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) + 3


async def test_trouble_is_a_sentence_with_a_next_step(visit: Visit) -> None:
    async with visit() as visitor:
        await visitor.page.route("**/v1/duplicates*", lambda route: route.abort())
        page = await visitor.open("/?view=duplicates")
        await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
        await page.unroute("**/v1/duplicates*")
        await page.get_by_role("button", name="Try again").click()
        await expect(page.get_by_text("There are no near-duplicates here.")).to_be_visible()


async def test_addition_says_what_is_nearly_the_same(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open(f"/?view=library#key={ADMIN}")
        files = [
            {"name": "again.jpg", "mimeType": "image/jpeg", "buffer": jpeg(photograph("rocket.jpg"), 50)},
            {"name": "page.jpg", "mimeType": "image/jpeg", "buffer": jpeg(photograph("page.png"))},
        ]
        await page.locator("#files").set_input_files(files)  # type: ignore[arg-type]
        entries = page.locator(".entries li")
        link = entries.nth(0).get_by_role("link", name="added; nearly the same as “rocket.jpg”")
        await expect(link).to_have_attribute("href", re.compile(r"^/\?image=\d+$"))
        await expect(entries.nth(0).locator("img")).to_be_visible()
        await expect(entries.nth(1).locator(".said")).to_have_text("added")
        await expect(page.locator(".adding [role=status]")).to_have_text("2 added, 1 nearly the same as another")
        await expect(page.locator("#duplicates")).to_have_text("1 group of near-duplicates")
        await visitor.accessible()
        await page.locator("#language").select_option("de")
        said = str(texts("de")["add.near"]).replace("{name}", "rocket.jpg")
        await expect(entries.nth(0).locator(".said")).to_have_text(said)
        assert visitor.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_phone_in_every_language(visit: Visit, scheme: str) -> None:
    async with visit(context={**PHONE, "color_scheme": scheme}) as visitor:
        await with_copies(visitor.api)
        await with_parts_and_variants(visitor.api)
        page = await visitor.open(AS_ADMIN)
        for language in LANGUAGES:
            await page.locator("#language").select_option(language)
            await expect(page.get_by_role("heading", level=1)).to_have_text(str(texts(language)["duplicates.heading"]))
            await expect(page.get_by_role("link", name=str(texts(language)["duplicates.variants"]))).to_be_visible()
            shown = await page.inner_text("body")
            assert not re.search(r"\b(duplicates|equal|compare)\.\w+|\{", shown), shown
            await visitor.fits()
        await visitor.accessible()
        await page.locator(".twins .row button").nth(1).tap()
        await expect(page.get_by_role("dialog").locator("figure")).to_have_count(2)
        await visitor.fits()
        await visitor.accessible()
