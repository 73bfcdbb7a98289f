"""Pictures by their URLs, by those of web pages that name them; and files that are sent without a name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tests.api.conftest import Client, Serve, shipped

PAGE = '<!doctype html><html><head><meta property="og:image" content="/rocket.jpg?a=%2F+b">'


@asynccontextmanager
async def site() -> AsyncIterator[str]:
    """A page that names a picture, one that names none, and a picture that is not for everybody."""

    async def answer(request: web.Request) -> web.Response:
        if request.raw_path == "/rocket.jpg?a=%2F+b":
            return web.Response(body=shipped("rocket.jpg"), content_type="image/jpeg")
        if request.path in ("/post", "/none"):
            return web.Response(text=PAGE if request.path == "/post" else "<!doctype html>", content_type="text/html")
        return web.Response(status=403)

    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_url_of_a_page_finds_the_picture_it_names(serve: Serve) -> None:
    async with site() as host, serve(fetch_allow=("127.0.0.1",)) as api:
        found = (await api("POST", "/v1/search", json={"url": f"{host}/post", "limit": 1})).json
        assert (found["page"], found["matches"][0]["name"]) == (True, "rocket.jpg")
        itself = (await api("POST", "/v1/search", json={"url": f"{host}/rocket.jpg?a=%2F+b", "limit": 1})).json
        assert (itself["page"], itself["matches"][0]["id"]) == (False, found["matches"][0]["id"])
        why = await api("POST", f"/v1/images/{itself['matches'][0]['id']}/why", json={"url": f"{host}/post"})
        assert (why.status, why.body[:2]) == (200, b"\xff\xd8")
        uploaded = (await api.search(shipped("rocket.jpg"))).json
    assert uploaded["page"] is False


async def test_url_of_a_page_adds_the_picture_it_names(serve: Serve) -> None:
    async with site() as host, serve(filled=False, fetch_allow=("127.0.0.1",)) as api:
        added = (await api("POST", "/v1/images", json={"url": f"{host}/post"})).json
        assert (added["status"], added["page"], added["name"]) == ("added", True, "rocket.jpg")
        image = added["image"]
        assert (image["source_url"], image["page_url"]) == (f"{host}/rocket.jpg?a=%2F+b", f"{host}/post")
        again = (await api("POST", "/v1/images", json={"url": f"{host}/rocket.jpg?a=%2F+b"})).json
        assert (again["status"], again["page"]) == ("duplicate", False)
        await api("DELETE", f"/v1/images/{added['id']}")
        said = {"source_url": "https://example.org/a.jpg", "page_url": "https://example.org/"}
        restored = (await api("POST", "/v1/images", json={"url": f"{host}/post"} | said)).json
        assert {name: restored["image"][name] for name in said} == said


@pytest.mark.parametrize(
    ("path", "status", "code", "words"),
    [
        ("/none", 415, "not_an_image", "open the picture itself and copy its address"),
        ("/secret.jpg", 502, "fetch_denied", "send the picture itself"),
    ],
)
async def test_what_a_link_does_not_give_is_said(serve: Serve, path: str, status: int, code: str, words: str) -> None:
    async with site() as host, serve(fetch_allow=("127.0.0.1",)) as api:
        for route in ("/v1/search", "/v1/images"):
            answer = await api("POST", route, json={"url": host + path})
            assert (answer.status, answer.code) == (status, code)
            assert words in answer.json["detail"]


@pytest.mark.parametrize("headers", [b"", b"Content-Type: image/jpeg\r\n"])
async def test_file_without_a_name_is_taken_for_a_file(api: Client, headers: bytes) -> None:
    def body(content: bytes) -> bytes:
        limit = b'--b\r\nContent-Disposition: form-data; name="limit"\r\n\r\n1\r\n'
        file = b'--b\r\nContent-Disposition: form-data; name="file"\r\n' + headers + b"\r\n" + content + b"\r\n"
        return limit + file + b"--b--\r\n"

    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    found = await api("POST", "/v1/search", data=body(shipped("rocket.jpg")), headers=kind)
    assert [match["name"] for match in found.json["matches"]] == ["rocket.jpg"]
    assert (await api("POST", "/v1/search", data=body(b""), headers=kind)).code == "empty_file"
    twice = body(b"x").replace(b"--b--", body(b"x"))
    assert (await api("POST", "/v1/search", data=twice, headers=kind)).code == "malformed_request"
