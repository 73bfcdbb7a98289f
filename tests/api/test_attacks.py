"""What an attack once found; each must stay mended."""

import asyncio
import logging
import unicodedata
from contextlib import suppress
from typing import Literal
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import text

from engine import EngineSettings
from engine.storage.statements import Operation
from tests.api.conftest import ADMIN, SEARCH, Client, Serve, form, shipped
from tests.conftest import original_of, thumbnail_of


async def raw(api: Client, request: bytes, *, then: bytes = b"", times: int = 0) -> tuple[bytes, int]:
    """What the server answers to these bytes, and how many of `then`, sent `times` over, it took."""
    at = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    taken = 0
    with suppress(ConnectionError):
        writer.write(request)
        await writer.drain()
        for _ in range(times):
            writer.write(then)
            await writer.drain()
            taken += len(then)
            await asyncio.sleep(0)
    answer = b""
    with suppress(ConnectionError):
        answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer, taken


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "https://a]b", "http://"])
async def test_malformed_origin_is_another_sites(api: Client, origin: str) -> None:
    answer = await api("POST", "/v1/search", headers={"Origin": origin})
    assert (answer.status, answer.code) == (403, "cross_origin")


async def test_edit_that_says_nothing_is_refused(api: Client) -> None:
    answer = await api("PATCH", "/v1/images/1", json={})
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_edit_is_bounded_as_all_json_is(api: Client) -> None:
    answer = await api("PATCH", "/v1/images/1", json={"title": "x" * 100_000})
    assert (answer.status, answer.code) == (413, "body_too_large")


async def test_client_that_leaves_amid_its_body_leaves_no_trace_in_the_log(
    api: Client, caplog: pytest.LogCaptureFixture
) -> None:
    at = urlsplit(api.url)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            _, writer = await asyncio.open_connection(at.hostname, at.port)
            writer.write(b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: 1000\r\n\r\n{")
            await writer.drain()
            writer.close()
        await asyncio.sleep(0.3)
        assert (await api.search(shipped("rocket.jpg"))).status == 200
    assert not caplog.records


async def test_lost_file_is_said_to_be_lost(api: Client) -> None:
    image = await api.service.get(1)
    original_of(api.service, image).unlink()
    thumbnail_of(api.service, image).unlink()
    for path in ("file", "thumbnail"):
        for headers in ({}, {"Range": "bytes=0-9"}):
            answer = await api.get(f"/v1/images/1/{path}", headers=headers)
            assert (answer.status, answer.code) == (500, "unreadable_file")


@pytest.mark.parametrize("spelling", ["bearer {}", "BEARER {}", "Bearer  {}", "BeArEr    {}"])
async def test_spelling_of_a_key_does_not_multiply_its_limit(serve: Serve, spelling: str) -> None:
    async with serve(search_key=SEARCH, rate_limit=1) as api:
        assert (await api.search(shipped("rocket.jpg"), key=SEARCH)).status == 200
        data, headers = form(shipped("rocket.jpg"), "a.jpg"), {"Authorization": spelling.format(SEARCH)}
        assert (await api("POST", "/v1/search", data=data, key=None, headers=headers)).status == 429


@pytest.mark.parametrize("path", ["/health/live", "/v1/images/1/file", "/v1/images/1/matches"])
async def test_body_that_nobody_wants_is_not_swallowed(api: Client, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"%x\r\n%s\r\n" % (1 << 20, b"x" * (1 << 20))
    _, taken = await raw(api, head, then=chunk, times=300)
    assert taken < 2.5 * EngineSettings(_env_file=None).max_bytes


async def test_unforeseen_error_has_a_reference_and_all_headers(
    api: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(api.service), "tags", broken)
    answer = await api.get("/v1/tags")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "secret" not in answer.body.decode()
    reference = answer.json["detail"].rstrip(".").split()[-1]
    assert reference in caplog.text
    assert "secret detail" in caplog.text


async def test_metrics_do_not_grow_with_what_strangers_send(api: Client) -> None:
    for number in range(20):
        await raw(api, f"M{number} /v1/x{number} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    metrics = (await api.get("/metrics")).body.decode()
    assert "M1" not in metrics
    assert "/v1/x1" not in metrics


async def test_numbers_need_the_search_key_too(serve: Serve) -> None:
    async with serve(search_key=SEARCH) as api:
        assert (await api.get("/metrics", key=None)).code == "key_required"
        assert (await api.get("/metrics", key=SEARCH)).status == 200


@pytest.mark.parametrize("path", ["/health/live", "/v1/images", "/v1/images/1/file", "/v1/server", "/"])
async def test_head_is_get_without_the_body(api: Client, path: str) -> None:
    head, get = await api("HEAD", path), await api.get(path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


async def test_addition_to_an_operation_undone_meanwhile_is_one_of_its_own(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The undo comes between the check of the joined operation and the writing."""
    first = (await api.add(shipped("page.png"))).json["operation_id"]
    repository = api.service.repository
    joined = await repository.operations.continued(first)
    await api("POST", f"/v1/operations/{first}/undo")
    content = shipped("moon.png")

    async def as_it_was(operation_id: int) -> Operation:
        return joined

    monkeypatch.setattr(repository.operations, "continued", as_it_was)
    result = await api.service.add_bytes(content, name="moon.png", actor="test", operation_id=first)
    assert result.status == "added"
    assert result.operation_id not in (None, first)
    assert (await api("POST", f"/v1/operations/{result.operation_id}/undo")).json["images"] == 1


@pytest.mark.parametrize("form_stored", ["NFC", "NFD"])
async def test_names_are_found_however_they_were_composed(api: Client, form_stored: Literal["NFC", "NFD"]) -> None:
    name, tag = (unicodedata.normalize(form_stored, word) for word in ("Zürich-Übersicht.png", "Café"))
    assert (await api.add(shipped("page.png"), name=name, tags=tag)).status == 201
    for form_asked in ("NFC", "NFD"):
        words, asked = (quote(unicodedata.normalize(form_asked, word)) for word in ("ZÜRICH", "Café"))
        assert (await api.get(f"/v1/images?words={words}&tag={asked}")).json["total"] == 1


async def test_link_that_another_program_wrote_is_not_handed_out(api: Client) -> None:
    async with api.service.repository.database.write() as connection:
        await connection.execute(text("UPDATE images SET page_url = 'javascript:alert(1)', source_url = 'data:,x'"))
    image = (await api.get("/v1/images/1")).json
    assert (image["page_url"], image["source_url"]) == (None, None)


async def test_body_that_drips_is_given_up(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.guards.START_S", 0.3)
    at = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
    writer.write(b"Content-Length: 900\r\n\r\n")
    reading = asyncio.create_task(reader.readuntil(b"}"))
    for _ in range(100):
        if reading.done():
            break
        writer.write(b" ")
        await asyncio.sleep(0.05)
    answer = await reading
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"body_too_slow"' in answer


async def test_tags_are_kept_once(api: Client) -> None:
    edited = await api("PATCH", "/v1/images/1", json={"tags": ["a", "b", "a"]})
    assert edited.json["images"][0]["tags"] == ["a", "b"]


@pytest.mark.parametrize("url", ["http://a\nb", "http://a/<script>", "javascript:alert(1)", "data:text/html,x"])
async def test_link_that_is_none_is_refused(api: Client, url: str) -> None:
    answer = await api("PATCH", "/v1/images/1", json={"page_url": url})
    assert (answer.status, answer.code) == (422, "invalid_request")


@pytest.mark.parametrize("host", ["evil@localhost", "localhost/evil.example", "localhost#", "[::1", "localhost:999999"])
async def test_odd_host_is_refused(api: Client, host: str) -> None:
    answer, _ = await raw(api, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert b" 421 " in answer.split(b"\r\n")[0]


async def test_admin_key_counts_apart_from_the_address(serve: Serve) -> None:
    async with serve(rate_limit=1) as api:
        assert (await api.search(shipped("rocket.jpg"), key=None)).status == 200
        assert (await api.search(shipped("rocket.jpg"), key=ADMIN)).status == 200
