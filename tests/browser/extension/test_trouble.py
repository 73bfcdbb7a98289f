"""What can go wrong: a sentence each, and the next step."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from tests.browser.extension.conftest import Browse, Browsing, answered
from tests.browser.extension.pretending import NOTHING, pretending, problem


async def asked(someone: Browsing, url: str = "http://127.0.0.2/a.jpg", place: str = "tab-x") -> Page:
    """A results page with a search by address."""
    await ask(someone, url, place)
    return await someone.open(f"results/results.html?place={place}")


async def ask(someone: Browsing, url: str, place: str = "tab-x") -> None:
    await someone.worker.evaluate(
        """([key, url]) => chrome.storage.session.set({
          [key]: { id: crypto.randomUUID(), question: { by: "link", url } },
        })""",
        [f"search {place}", url],
    )


async def test_server_that_is_off(browse: Browse) -> None:
    async with browse() as someone:
        await someone.set(server="http://localhost:9")
        answer = await asked(someone)
        await expect(answer.get_by_role("alert")).to_have_text(
            "Nothing answers at http://localhost:9 on this computer. "
            "Start PicTrace, or enter the address of the computer that it runs on."
        )
        await someone.set()
        await answer.get_by_role("button", name="Try again").click()
        await expect(answer.get_by_role("alert")).not_to_contain_text("Nothing answers")


async def test_server_that_may_not_be_reached_yet(browse: Browse) -> None:
    async with browse() as someone:
        await someone.set(server="http://127.0.0.9:5000")
        answer = await asked(someone)
        await expect(answer.get_by_role("alert")).to_contain_text("may not reach its server yet")
        await expect(answer.get_by_role("button", name="Let PicTrace reach its server")).to_be_visible()


async def test_offline(browse: Browse) -> None:
    async with browse() as someone:
        answer = await someone.open("results/results.html?place=tab-x")
        await someone.context.set_offline(True)
        await ask(someone, "http://127.0.0.2/a.jpg")
        await expect(answer.get_by_role("alert")).to_contain_text("This computer is offline.")
        await someone.context.set_offline(False)


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        (lambda: problem("wrong_key", 401), "The key is not valid. Correct it in the options."),
        (lambda: web.Response(text="hello"), "but it is not PicTrace. Check the port"),
        (lambda: web.json_response({"name": "Other"}), "but it is not PicTrace. Check the port"),
        (lambda: problem("wrong_host", 421), "Set PICTRACE_ALLOWED_HOSTS=localhost on the server"),
        (lambda: web.Response(status=502, text="Bad gateway"), "The server has a problem."),
        (lambda: web.Response(status=302, headers={"Location": "http://localhost:9/"}), "sends on to another address"),
    ],
)
async def test_answers_that_are_none(browse: Browse, about: Any, sentence: str) -> None:
    async with browse() as someone, pretending() as server:
        server.about = about
        await someone.set(server=server.url)
        answer = await asked(someone)
        await expect(answer.get_by_role("alert")).to_contain_text(sentence)


@pytest.mark.parametrize(
    ("code", "status", "sentence"),
    [
        ("key_required", 401, "The server asks for a key. Enter it in the options."),
        ("internal_error", 500, "The server says internal_error."),
        ("disk_full", 507, "disk is full"),
        ("rate_limited", 429, "Too many searches; try again in 600 seconds."),
    ],
)
async def test_what_the_server_says(browse: Browse, code: str, status: int, sentence: str) -> None:
    async with browse() as someone, pretending() as server:
        headers = {"Retry-After": "600"} if status == 429 else {}
        server.searches = [lambda: problem(code, status, **headers)]
        await someone.set(server=server.url)
        answer = await asked(someone)
        await expect(answer.get_by_role("alert")).to_contain_text(sentence)


@pytest.mark.parametrize(("code", "status"), [("at_capacity", 503), ("rate_limited", 429)])
async def test_wait_is_as_long_as_told_and_shown(browse: Browse, code: str, status: int) -> None:
    async with browse() as someone, pretending() as server:
        server.searches = [lambda: problem(code, status, **{"Retry-After": "3"})]
        await someone.set(server=server.url)
        answer = await asked(someone)
        await expect(answer.locator("#status")).to_contain_text("try again in 3 seconds")
        await expect(answer.locator("#status")).to_contain_text("try again in 1 second.")
        await expect(answer.locator("h1")).to_have_text("Nothing like it is here")
        assert [what for what, _ in server.asked].count("POST /v1/search") == 2


async def test_later_search_wins_and_the_earlier_is_cancelled(browse: Browse) -> None:
    async with browse() as someone, pretending() as server:

        async def slow() -> web.Response:
            await asyncio.sleep(30)
            return web.json_response(NOTHING | {"library_size": 111})

        server.searches = [slow, lambda: web.json_response(NOTHING | {"library_size": 222})]
        await someone.set(server=server.url)
        answer = await asked(someone, "http://127.0.0.2/first.jpg")
        await expect(answer.locator("#status")).to_contain_text("Searching…")
        await server.searched.wait()
        await ask(someone, "http://127.0.0.2/second.jpg")
        await expect(answer.locator("main")).to_contain_text("None of the 222 pictures")
        await answer.locator("#new").click()
        await expect(answer.locator(".history li")).to_have_count(1)
        [kept] = (await someone.stored("local"))["history"]
        assert kept["url"] == "http://127.0.0.2/second.jpg"


async def test_search_can_be_cancelled(browse: Browse) -> None:
    async with browse() as someone, pretending() as server:
        server.searches = [lambda: asyncio.sleep(30)]
        await someone.set(server=server.url)
        answer = await asked(someone)
        await answer.get_by_role("button", name="Cancel").click()
        await expect(answer.locator("h1")).to_have_text("Which picture are you looking for?")


async def test_worker_stopped_in_the_middle_and_panel_opened_anew(browse: Browse) -> None:
    async with browse() as someone, pretending() as server:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow() -> web.Response:
            begun.set()
            await go_on.wait()
            return web.json_response(NOTHING)

        server.searches = [slow, slow]
        await someone.set(server=server.url)
        answer = await asked(someone)
        await expect(answer.locator("#status")).to_contain_text("Searching…")
        await asyncio.wait_for(begun.wait(), 20)  # the page says so before the server is asked
        inspector = await someone.context.new_cdp_session(answer)
        await inspector.send("ServiceWorker.enable")
        await inspector.send("ServiceWorker.stopAllWorkers")
        await answer.reload()  # as when the panel is closed and opened
        await expect(answer.locator("#status")).to_contain_text("Searching…")
        go_on.set()
        await expect(answer.locator("h1")).to_have_text("Nothing like it is here")
        await answer.reload()  # what was found is still there, and is not asked for again
        await expect(answer.locator("h1")).to_have_text("Nothing like it is here")
        assert [what for what, _ in server.asked].count("POST /v1/search") == 2


async def test_nothing_but_the_question_goes_to_the_server(browse: Browse) -> None:
    async with browse() as someone, pretending() as server:
        await someone.set(server=server.url, searchKey="secret")
        answer = await asked(someone)
        await answered(answer)
        assert [what for what, _ in server.asked] == ["GET /v1/server", "POST /v1/search"]
        for _, headers in server.asked:
            assert headers["Authorization"] == "Bearer secret"
            assert not {"Referer", "Cookie"} & headers.keys()
