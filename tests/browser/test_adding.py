"""Adding in real Chromium: folders, archives, and a queue that outlives a reload and a server that is away."""

import asyncio
import base64
import io
import itertools
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage
from playwright.async_api import Page, Route, expect

from tests.api.conftest import ADMIN
from tests.browser.conftest import Visit, Visitor
from tests.conftest import SHIPPED, jpeg, photograph

PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
LIBRARY = f"/?view=library#key={ADMIN}"

# A drop of a tree of files and folders: what Chromium gives for one that a person drops, which no script can make.
DROP = """tree => {
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const entry = ([name, content]) => {
    if (typeof content === "string") {
      const file = new File([bytes(content)], name, { type: /png$|jpg$/.test(name) ? "image/jpeg" : "" });
      return { name, isDirectory: false, isFile: true, file: (done) => done(file) };
    }
    const inside = Object.entries(content).map(entry);
    const parts = [inside.slice(0, 100), inside.slice(100), []]; // some at a time, as Chromium reads a folder
    const createReader = () => ({ readEntries: (done) => done(parts.shift() ?? []) });
    return { name, isDirectory: true, isFile: false, createReader };
  };
  const transfer = new DataTransfer();
  const items = Object.entries(tree).map(entry).map((one) => ({
    kind: "file",
    webkitGetAsEntry: () => one,
    getAsFile: () => { let found = null; one.file?.((file) => (found = file)); return found; },
  }));
  Object.defineProperty(transfer, "items", { value: items });
  document.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
}"""


def piece(number: int) -> bytes:
    """A picture that no other is like."""
    y, x = divmod(number, 5)
    return jpeg(np.ascontiguousarray(photograph("rocket.jpg")[40 * y : 40 * y + 120, 60 * x : 60 * x + 160]))


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def in_text(tree: dict[str, Any]) -> dict[str, Any]:
    return {
        name: in_text(content) if isinstance(content, dict) else base64.b64encode(content).decode()
        for name, content in tree.items()
    }


async def drop(page: Page, tree: dict[str, Any]) -> None:
    await page.wait_for_selector("main h1")
    await page.evaluate(DROP, in_text(tree))


def put(folder: Path, files: dict[str, bytes]) -> list[Path]:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


async def test_folder_is_dropped_and_each_drop_has_its_tags_sums_and_undo(visit: Visit) -> None:
    async with visit(filled=False, samples=False) as visitor:
        page = await visitor.open(LIBRARY)
        await page.get_by_label("Tags, with commas between").fill("sea, sun")
        folder = {
            "a.jpg": piece(0),
            "Thumbs.db": b"x",
            ".DS_Store": b"x",
            "notes.txt": b"text",
            "broken.png": b"no picture",
            "inner": {"b.jpg": piece(1), "without-ending": piece(2), "@eaDir": {"thumb.jpg": piece(3)}},
        }
        await drop(page, {"trip": folder})
        first = page.get_by_role("region", name="trip")
        await expect(first.locator(".about .fine")).to_have_text("3 added, 4 passed over, 1 not added · Tags: sea, sun")
        await expect(first.get_by_text("Not pictures: ")).to_contain_text("notes.txt")
        await expect(first.locator(".entries li").first).to_contain_text("broken.pngnot added: This is not a picture")
        await page.get_by_label("Tags, with commas between").fill("hills")
        await drop(page, {"c.jpg": piece(4), "again.jpg": piece(0)})
        second = page.get_by_role("region", name="2 files")
        await expect(second.locator(".about .fine")).to_have_text("1 added, 1 already here · Tags: hills")
        await expect(page.locator(".adding .sum")).to_have_text("4 added, 1 already here, 4 passed over, 1 not added")
        await expect(page.locator(".gallery li")).to_have_count(4)  # it has grown by itself
        assert (await visitor.api.get("/v1/images?tag=sea")).json["total"] == 3
        assert [one["name"] for one in (await visitor.api.get("/v1/images?tag=hills")).json["images"]] == ["c.jpg"]
        await visitor.accessible()
        await first.get_by_role("button", name="Undo this addition").click()
        await expect(first).to_have_count(0)
        await expect(page.locator(".gallery li")).to_have_count(1)
        assert [one["name"] for one in (await visitor.api.get("/v1/images")).json["images"]] == ["c.jpg"]
        assert [text for text in visitor.complaints if "415" not in text] == []


async def test_chosen_folder_and_archive_are_added(visit: Visit, tmp_path: Path) -> None:
    put(tmp_path / "trip", {"a.jpg": piece(0), "inner/b.jpg": piece(1), "Thumbs.db": b"x", "c.txt": b"text"})
    (packed,) = put(tmp_path, {"more.zip": zipped({"d.jpg": piece(2), "e.jpg": piece(0), "f.jpg": b"x", "g.txt": b""})})
    (refused,) = put(tmp_path, {"old.rar": b"Rar!"})
    async with visit(filled=False, samples=False) as visitor:
        page = await visitor.open(LIBRARY)
        accepted = await page.locator("#files").get_attribute("accept") or ""
        assert {"image/*", ".heic", ".cr2", ".zip"} <= set(accepted.split(","))
        await page.get_by_text("What is taken").click()
        await expect(page.locator(".adding details").first).to_contain_text("archives (.zip, .tar")
        async with page.expect_file_chooser() as chooser:
            await page.get_by_text("Choose a folder", exact=True).click()
        await (await chooser.value).set_files(tmp_path / "trip")
        await expect(page.get_by_role("region", name="trip").locator(".about")).to_contain_text(
            "2 added, 2 passed over"
        )
        await page.locator("#files").set_input_files([packed, refused])
        second = page.get_by_role("region", name="2 files")
        await expect(second.locator(".about .fine")).to_have_text("1 added, 1 already here, 1 passed over, 2 not added")
        await expect(second.get_by_text("Not pictures: g.txt")).to_be_visible()
        rows = second.locator(".entries li")
        await expect(rows.nth(0)).to_contain_text("old.rarnot added: This archive cannot be read")
        await expect(rows.nth(1)).to_contain_text("f.jpg in more.zipnot added: This is not a picture")
        await expect(rows.nth(2)).to_contain_text("more.zipunpacked: 1 added, 1 already here, 1 passed over")
        await second.get_by_role("button", name="Undo this addition").click()
        await expect(page.locator(".gallery li")).to_have_count(2)


class Gate:
    """Stands before the server's additions: lets some through, and refuses the rest or lets nobody get there."""

    def __init__(self, *, open_for: int, then: str) -> None:
        self.open_for, self.then = open_for, then

    async def __call__(self, route: Route) -> None:
        if route.request.method != "POST" or self.open_for > 0:
            self.open_for -= route.request.method == "POST"
            await route.continue_()
        elif self.then == "refuse":
            await route.fulfill(
                status=422, content_type="application/problem+json", body=json.dumps({"code": "damaged_image"})
            )
        elif self.then == "away":
            await route.abort()


Hold = Callable[[Visitor, int], asyncio.Event]


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Hold:
    """Lets a server add so many pictures; the others when the event is set."""

    def held(visitor: Visitor, number: int) -> asyncio.Event:
        may_go_on, service = asyncio.Event(), type(visitor.api.service)
        add, begun = service.add_bytes, itertools.count(1)

        async def late(*given: Any, **how: Any) -> Any:
            if next(begun) > number:
                await may_go_on.wait()
            return await add(*given, **how)

        monkeypatch.setattr(service, "add_bytes", late)
        return may_go_on

    return held


async def test_queue_goes_on_after_a_reload(visit: Visit, hold: Hold) -> None:
    async with visit(filled=False, samples=False) as visitor:
        page = await visitor.open(f"/#key={ADMIN}")
        await page.get_by_role("link", name="Library").click()
        may_go_on = hold(visitor, 2)
        await page.get_by_label("Tags, with commas between").fill("sea")
        await drop(page, {"trip": {f"{number}.jpg": piece(number) for number in range(8)}})
        await expect(page.locator(".adding .sum")).to_contain_text("2 of 8 · 2 added")
        may_go_on.set()
        await page.goto(visitor.api.url)  # another view: the queue goes on there, too
        await expect(page.locator(".adding")).to_have_count(0)
        await page.get_by_role("link", name="Library").click()
        region = page.get_by_role("region", name="trip")
        # What had arrived while the view was left, and was not acknowledged, is sent again and found to be there.
        await expect(region.locator(".about .fine")).to_have_text(
            re.compile("(8 added|7 added, 1 already here|6 added, 2 already here) · Tags: sea")
        )
        assert (await visitor.api.get("/v1/images?tag=sea")).json["total"] == 8
        await page.reload()
        await region.get_by_role("button", name="Undo this addition").click()
        await expect(page.get_by_text("The library is empty.")).to_be_visible()
        await page.reload()
        await expect(page.get_by_text("The library is empty.")).to_be_visible()
        await expect(page.locator(".a-drop")).to_have_count(0)


async def test_queue_waits_for_a_server_that_is_away_and_tries_the_failed_again(visit: Visit) -> None:
    async with visit(filled=False, samples=False) as visitor:
        page = await visitor.open(LIBRARY)
        await page.route(re.compile("/v1/(images|archives)$"), Gate(open_for=1, then="away"))
        files = {f"{number}.jpg": piece(number) for number in range(4)}
        await drop(page, files | {"more.zip": zipped({"in.jpg": piece(5)})})
        note = page.locator(".adding .note")
        await expect(note).to_contain_text(re.compile(r"The server cannot be reached.* It is tried again at "))
        await expect(page.locator(".adding .sum")).to_contain_text("1 of 5 · 1 added")
        await visitor.accessible()
        await page.unroute_all()
        await page.evaluate("dispatchEvent(new Event('online'))")
        await expect(page.locator(".adding .sum")).to_have_text("5 added")
        await expect(note).to_have_count(0)
        await page.route(re.compile("/v1/images$"), Gate(open_for=1, then="refuse"))
        await drop(page, {f"{number}.jpg": piece(number) for number in range(6, 9)})
        await expect(page.locator(".adding .sum")).to_have_text("6 added, 2 not added")
        await page.unroute_all()
        await page.reload()  # what failed is kept for another try
        await page.get_by_role("button", name="Try the failed again").click()
        await expect(page.locator(".adding .sum")).to_have_text("8 added")
        await expect(page.get_by_role("button", name="Try the failed again")).to_have_count(0)


async def test_queue_is_stopped_continued_and_cleared(visit: Visit) -> None:
    async with visit(filled=False, samples=False) as visitor:
        page = await visitor.open(LIBRARY)
        await page.route(re.compile("/v1/images$"), Gate(open_for=1, then="away"))
        await drop(page, {f"{number}.jpg": piece(number) for number in range(5)})
        await page.get_by_role("button", name="Stop").click()
        await expect(page.locator(".adding .note")).to_contain_text("Stopped.")
        await page.unroute_all()
        await page.reload()
        await expect(page.locator(".adding .note")).to_contain_text("Stopped.")
        await expect(page.locator(".adding .sum")).to_contain_text("1 of 5")
        await page.get_by_role("button", name="Continue").click()
        await expect(page.locator(".adding .sum")).to_have_text("5 added")
        await page.get_by_role("button", name="Clear the list").click()
        await expect(page.locator(".a-drop")).to_have_count(0)
        await page.reload()
        await expect(page.locator(".gallery li")).to_have_count(5)
        await expect(page.locator(".a-drop")).to_have_count(0)


async def test_too_large_photographs_are_made_smaller_and_what_cannot_be_is_told_the_limit(visit: Visit) -> None:
    random = np.random.default_rng(5)
    noise = random.integers(0, 255, (900, 900, 3), np.uint8)
    moving = io.BytesIO()
    PillowImage.fromarray(noise).save(moving, "GIF")
    plain = io.BytesIO()
    PillowImage.new("RGB", (1500, 1000), "navy").save(plain, "PNG")
    assert len(jpeg(noise)) > 300_000 > len(plain.getvalue())
    async with visit(filled=False, samples=False, max_bytes=300_000, max_pixels=10**6) as visitor:
        page = await visitor.open(LIBRARY)
        files = {
            "heavy.jpg": jpeg(noise),
            "many.png": plain.getvalue(),
            "moving.gif": moving.getvalue(),
            "raw.cr2": b"x" * 400_000,
        }
        given = [
            {"name": name, "mimeType": f"image/{name[-3:]}".replace("jpg", "jpeg"), "buffer": content}
            for name, content in files.items()
        ]
        await page.locator("#files").set_input_files(given)  # type: ignore[arg-type]
        await expect(page.locator(".adding .sum")).to_have_text("2 added, 2 not added")
        rows = page.locator(".entries li")
        for number in (0, 1):
            await expect(rows.nth(number)).to_contain_text(
                re.compile(r"not added: The file is too large; at most \d+ MB")
            )
        for number in (2, 3):
            await expect(rows.nth(number)).to_contain_text(re.compile(r"added · made smaller first, from .* to "))
        sizes = {one["name"]: one["width"] for one in (await visitor.api.get("/v1/images")).json["images"]}
        assert sizes["heavy.jpg"] < 900
        assert 1000 < sizes["many.jpg"] < 1500


async def test_two_thousand_files_are_few_elements(visit: Visit) -> None:
    async with visit(filled=False, samples=False) as visitor:
        page = await visitor.open(LIBRARY)
        await page.evaluate("localStorage.setItem('pictrace.adding.stopped', '')")
        await page.reload()
        await drop(page, {"many": {f"{number:04}.jpg": b"x" for number in range(2000)}})
        region = page.get_by_role("region", name="many")
        await expect(region.locator(".about .fine")).to_have_text("2,000 waiting", timeout=60_000)  # all are read first
        await expect(region.locator(".entries li")).to_have_count(30)
        await expect(region).to_contain_text("and 1,970 more")
        await region.get_by_role("button", name="Show more").click()
        await expect(region.locator(".entries li")).to_have_count(130)
        await visitor.accessible()
        await page.reload()
        await expect(region.locator(".about .fine")).to_have_text("2,000 waiting")
        assert await page.evaluate("document.querySelectorAll('.adding *').length") < 400
        await page.get_by_role("button", name="Clear the list").click()
        await expect(page.locator(".a-drop")).to_have_count(0)


async def test_one_tab_works_at_a_time(visit: Visit, hold: Hold) -> None:
    async with visit(filled=False, samples=False) as visitor:
        page = await visitor.open(f"/#key={ADMIN}")
        await page.get_by_role("link", name="Library").click()
        may_go_on = hold(visitor, 1)
        await drop(page, {f"{number}.jpg": piece(number) for number in range(4)})
        await expect(page.locator(".adding .sum")).to_contain_text("1 of 4")
        other = await page.context.new_page()
        await other.goto(visitor.api.url + LIBRARY)
        await expect(other.locator(".adding .note")).to_contain_text("Another tab of this page is adding pictures")
        await expect(other.locator(".adding .sum")).to_contain_text("1 of 4")
        await page.close()
        may_go_on.set()
        # What the closed tab had sent already is here when the other one sends it.
        await expect(other.locator(".adding .sum")).to_have_text(re.compile(r"^(4 added|\d added, \d already here)$"))


async def test_browser_that_keeps_no_files_says_that_a_reload_would_lose_them(visit: Visit, hold: Hold) -> None:
    async with visit(filled=False, samples=False) as visitor:
        await visitor.page.add_init_script("indexedDB.open = () => { throw new Error('refused'); }")
        page = await visitor.open(LIBRARY)
        may_go_on = hold(visitor, 1)
        await drop(page, {f"{number}.jpg": piece(number) for number in range(5)})
        await expect(page.locator(".adding .note")).to_contain_text("would be lost if the page were closed")
        may_go_on.set()
        await expect(page.locator(".adding .sum")).to_have_text("5 added")


async def test_what_waits_goes_on_once_somebody_signs_in(visit: Visit) -> None:
    async with visit(filled=False, samples=False) as visitor:
        page = await visitor.open(LIBRARY)
        await page.route("**/v1/images", Gate(open_for=0, then="away"))
        await drop(page, {"a.jpg": piece(0)})
        await expect(page.locator(".adding .note")).to_contain_text("cannot be reached")
        await page.unroute_all()
        await page.evaluate("(sessionStorage.clear(), localStorage.clear())")
        await page.reload()
        await expect(page.locator(".adding .note")).to_contain_text("Sign in with the admin key")
        await page.goto(f"{visitor.api.url}/?view=library&again#key={ADMIN}")
        await expect(page.locator(".adding .sum")).to_have_text("1 added")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_adding_on_the_phone(visit: Visit, scheme: str) -> None:
    async with visit(context={**PHONE, "color_scheme": scheme, "locale": "de"}) as visitor:
        page = await visitor.open(LIBRARY)
        folder = {"ein-sehr-langer-dateiname-ohne-jede-luecke-der-nicht-aufhoert.jpg": piece(0), "kaputt.png": b"x"}
        await drop(page, {"Urlaub": folder | {"rocket.jpg": (SHIPPED / "rocket.jpg").read_bytes()}})
        await expect(page.locator(".adding .sum")).to_contain_text("hinzugefügt")
        await expect(page.locator(".entries progress")).to_have_count(0)
        await visitor.fits()
        await visitor.accessible()


async def test_folder_is_not_searched_for(visit: Visit) -> None:
    async with visit() as visitor:
        page = await visitor.open()
        await drop(page, {"trip": {"a.jpg": piece(0)}})
        await expect(page.locator(".toast")).to_contain_text("A folder cannot be searched for.")
