"""Bad input gets a stable code and a clear sentence; nothing hangs, nothing is read for nothing."""

import asyncio
import contextlib
import http.client
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from aiohttp import web
from yarl import URL

from engine import EngineSettings
from tests.api.conftest import ADMIN, Client, Serve, form, shipped
from tests.conftest import bad_files

STATUS = {
    "not_an_image": 415,
    "unsupported_format": 415,
    "empty_file": 422,
    "damaged_image": 422,
    "too_many_pixels": 413,
    "file_too_large": 413,
}
LIMIT = EngineSettings(_env_file=None).max_bytes
MEGABYTE = 1024 * 1024


async def test_every_bad_file_as_search_and_as_addition(api: Client, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    for name, code in bad_files(folder).items():
        content = (folder / name).read_bytes()
        for answer in (await api.search(content, name=name), await api.add(content, name=name)):
            assert (answer.status, answer.code) == (STATUS[code], code), name
    assert (await api.search(shipped("rocket.jpg"))).status == 200


@contextlib.asynccontextmanager
async def other_site(folder: Path) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_every_bad_file_by_url(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    expected = bad_files(folder)
    async with other_site(folder) as site, serve(fetch_allow=("127.0.0.1",)) as api:
        for name, code in expected.items():
            for path in ("/v1/search", "/v1/images"):
                answer = await api("POST", path, json={"url": f"{site}/{name}"})
                assert (answer.status, answer.code) == (STATUS[code], code), name
        missing = await api("POST", "/v1/search", json={"url": f"{site}/nothing.jpg"})
        assert (missing.status, missing.code) == (502, "fetch_failed")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1/", "url_refused"),
        ("http://[::1]/", "url_refused"),
        ("http://10.0.0.1/", "url_refused"),
        ("http://169.254.169.254/latest/meta-data/", "url_refused"),
        ("http://100.64.0.1/", "url_refused"),
        ("http://[fd00::1]/", "url_refused"),
        ("http://[::ffff:127.0.0.1]/", "url_refused"),
        ("http://[64:ff9b::7f00:1]/", "url_refused"),
        ("http://2130706433/", "url_refused"),
        ("http://0177.0.0.1/", "url_refused"),
        ("http://user:pass@example.org/", "url_refused"),
        ("file:///etc/passwd", "url_refused"),
        ("http://", "invalid_url"),
        ("http://[", "invalid_url"),
    ],
)
async def test_urls_that_must_not_be_fetched(api: Client, url: str, code: str) -> None:
    answer = await api("POST", "/v1/search", json={"url": url})
    assert (answer.status, answer.code) == (422, code)


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"Content-Type": "application/json"}, b"{", "malformed_request"),
        ({"Content-Type": "application/json"}, b"[]", "malformed_request"),
        ({"Content-Type": "application/json"}, b"\xff\xfe", "malformed_request"),
        ({"Content-Type": "application/json"}, b"[" * 60_000, "malformed_request"),
        ({"Content-Type": "application/json"}, b'{"url": "' + b"a" * 70_000 + b'"}', "body_too_large"),
        ({"Content-Type": "application/json"}, b"{}", "invalid_request"),
        ({"Content-Type": "application/json"}, b'{"url": 3}', "invalid_request"),
        ({"Content-Type": "application/json"}, b'{"url": "http://a/", "limit": 51}', "invalid_request"),
        ({"Content-Type": "application/json"}, b'{"url": "http://a/", "limit": "x"}', "invalid_request"),
        ({"Content-Type": "application/json"}, b'{"url": "http://a/", "nonsense": 1}', "invalid_request"),
        ({"Content-Type": "application/json"}, b'{"url": "http://\\ud800/"}', "invalid_request"),
        ({"Content-Type": "multipart/form-data"}, b"x", "malformed_request"),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b"x", "malformed_request"),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b"--b\r\n\r\nx\r\n--b--\r\n", "malformed_request"),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b"--b--\r\n", "invalid_request"),
        ({"Content-Type": "image/jpeg"}, b"x", "unsupported_media_type"),
        ({}, b"", "unsupported_media_type"),
    ],
)
async def test_bodies_that_are_not_as_they_should_be(
    api: Client, headers: dict[str, str], body: bytes, code: str
) -> None:
    answer = await api("POST", "/v1/search", data=body, headers=headers)
    assert answer.code == code
    assert answer.status in (400, 413, 415, 422)


async def test_ten_thousand_parts_are_refused(api: Client) -> None:
    data = form(b"x", "a.jpg", **{f"field{n}": "x" for n in range(10_000)})
    answer = await api("POST", "/v1/search", data=data)
    assert (answer.status, answer.code) == (400, "malformed_request")


async def test_field_given_twice_is_refused(api: Client) -> None:
    answer = await api.search(b"x", limit=[3, 4])
    assert (answer.status, answer.code) == (400, "malformed_request")


@pytest.mark.parametrize("announced", [True, False])
async def test_upload_of_a_gigabyte_is_cut_off_at_the_limit(api: Client, announced: bool) -> None:
    """Not read to the end: the server stops taking soon after the limit, and hangs up."""
    at = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    size = 1024 * MEGABYTE
    length = f"Content-Length: {size}" if announced else "Transfer-Encoding: chunked"
    head = f"POST /v1/images HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ADMIN}\r\n{length}\r\n"
    writer.write(head.encode() + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n")
    opening = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    piece = b"x" * MEGABYTE
    sent = 0

    async def send() -> None:
        nonlocal sent
        with contextlib.suppress(ConnectionError):
            for content in [opening, *[piece] * 1024]:
                writer.write(content if announced else b"%x\r\n%s\r\n" % (len(content), content))
                await writer.drain()
                sent += len(content)

    sending = asyncio.create_task(send())
    answer = await asyncio.wait_for(reader.readuntil(b"}"), 30)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"code":"file_too_large"' in answer
    await asyncio.wait_for(sending, 30)
    writer.close()
    assert sent < 2.5 * LIMIT
    assert (await api.get("/health/live")).status == 200


def send_all_then_read(
    api: Client, headers: dict[str, str], body: bytes | Iterator[bytes]
) -> tuple[int, dict[str, object]]:
    """As Python's own client and many others do."""
    connection = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=30)
    try:
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        connection.request("POST", "/v1/images", body, kind | headers, encode_chunked=not isinstance(body, bytes))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("headers", "size", "status", "code"),
    [
        ({"Authorization": f"Bearer {ADMIN}"}, 65.5, 413, "file_too_large"),
        ({}, 8, 401, "key_required"),
        ({"Authorization": "Bearer wrong"}, 8, 401, "wrong_key"),
        ({"Host": "evil.example"}, 8, 421, "wrong_host"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_client_that_sends_all_before_it_reads_gets_its_refusal(
    api: Client, headers: dict[str, str], size: float, status: int, code: str, chunked: bool
) -> None:
    opening = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    body = opening + b"x" * int(size * MEGABYTE) + b"\r\n--b--\r\n"
    pieces = (body[at : at + MEGABYTE] for at in range(0, len(body), MEGABYTE))
    sent = {"Transfer-Encoding": "chunked"} if chunked else {}
    answer = await asyncio.to_thread(send_all_then_read, api, headers | sent, pieces if chunked else body)
    assert (answer[0], answer[1]["code"]) == (status, code)


@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer {ADMIN}"}])
async def test_refused_body_is_taken_up_to_twice_the_limit(api: Client, headers: dict[str, str]) -> None:
    given = 0

    def pieces() -> Iterator[bytes]:
        nonlocal given
        for _ in range(200):
            given += MEGABYTE
            yield b"x" * MEGABYTE

    with pytest.raises(ConnectionError):
        await asyncio.to_thread(send_all_then_read, api, headers | {"Transfer-Encoding": "chunked"}, pieces())
    assert given < 2.5 * LIMIT


async def test_refused_body_that_does_not_come_is_not_waited_for(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.guards.REST_S", 0.3)
    at = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(b"POST /v1/images HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
    answer = await asyncio.wait_for(reader.read(), 10)  # to its end: the server hangs up
    writer.close()
    assert answer.startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/images/999", 404, "unknown_image"),
        ("/v1/images/999/file", 404, "unknown_image"),
        ("/v1/images/999/thumbnail", 404, "unknown_image"),
        ("/v1/images/999/matches", 404, "unknown_image"),
        ("/v1/images/0", 422, "invalid_request"),
        ("/v1/images/99999999999999999999", 422, "invalid_request"),
        ("/v1/images/x", 422, "invalid_request"),
        ("/v1/images?cursor=x", 422, "invalid_request"),
        ("/v1/images?limit=0", 422, "invalid_request"),
        ("/v1/images?nonsense=1", 422, "invalid_request"),
        ("/v1/samples/nonsense", 404, "unknown_sample"),
        ("/v1/nothing", 404, "not_found"),
        ("/..%2f..%2fetc/passwd", 404, "not_found"),
        ("/%00", 404, "not_found"),
    ],
)
async def test_addresses_that_lead_nowhere(api: Client, path: str, status: int, code: str) -> None:
    answer = await api.get(path)
    assert (answer.status, answer.code) == (status, code)


NO_NUMBERS = ["１７", "+17", " 17", "17 ", "1_7", "017", "17.0", "-17", "0x11", "", "true", "²", "17\n"]


@pytest.mark.parametrize("number", NO_NUMBERS)
async def test_numbers_are_written_in_ascii_digits_only(api: Client, number: str) -> None:
    written = quote(number, safe="")
    where = [
        f"/v1/images/{written}/file",
        f"/v1/images/{written}/matches",
        f"/v1/images/1/matches?limit={written}",
        f"/v1/images?limit={written}",
        f"/v1/images?cursor={written or 'x'}",  # an empty one asks for the first part
        f"/v1/duplicates?limit={written}",
        f"/v1/duplicates?cursor={written or 'x'}",
    ]
    for path in where if number else where[2:]:
        answer = await api.session.get(URL(api.url + path, encoded=True))
        assert (answer.status, (await answer.json())["code"]) == (422, "invalid_request"), path
    bodies = [
        ("/v1/images/1/why", {"image_id": number}),
        ("/v1/duplicates", {"images": [1, number], "keep": "all"}),
        ("/v1/images", {"url": "http://127.0.0.1/a.jpg", "operation_id": number}),
        ("/v1/search", {"url": "http://127.0.0.1/a.jpg", "limit": number}),
        *((f"/v1/operations/{written}/undo", {}) for _ in number[:1]),
    ]
    for path, body in bodies:
        sent = {"Authorization": f"Bearer {ADMIN}"}
        answer = await api.session.post(URL(api.url + path, encoded=True), json=body, headers=sent)
        assert (answer.status, (await answer.json())["code"]) == (422, "invalid_request"), path
    assert (await api.add(shipped("page.png"), operation_id=number)).code == "invalid_request"
    assert (await api.search(shipped("rocket.jpg"), limit=number)).code == "invalid_request"


@pytest.mark.parametrize("number", [True, False, 1.5, None, [1]])
async def test_only_numbers_are_numbers_in_json(api: Client, number: object) -> None:
    answer = await api("POST", "/v1/duplicates", json={"images": [2, number], "keep": "all"})
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_method_that_is_not_taken(api: Client) -> None:
    answer = await api("PUT", "/v1/images")
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:5000", "localhost.evil.example", "127.0.0.1.evil.example", "", "a@localhost:x"],
)
async def test_wrong_host_is_refused(api: Client, host: str) -> None:
    answer = await api.get("/v1/server", headers={"Host": host})
    assert (answer.status, answer.code) == (421, "wrong_host")


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:5000", "LOCALHOST", "127.0.0.1", "192.168.1.7:5000", "[::1]:5000"]
)
async def test_own_names_and_addresses_are_taken(api: Client, host: str) -> None:
    assert (await api.get("/v1/server", headers={"Host": host})).status == 200


async def test_name_in_the_settings_is_taken(serve: Serve) -> None:
    async with serve(filled=False, allowed_hosts=("pictures.example",)) as api:
        assert (await api.get("/v1/server", headers={"Host": "pictures.example"})).status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://evil.example", 403),
        ("https://localhost.evil.example", 403),
        ("null", 403),
        ("http://localhost:3000", 403),
        ("https://pictures.example", 200),
        ("chrome-extension://abcdefghijklmnop", 200),
        ("moz-extension://0b7c", 200),
    ],
)
async def test_other_sites_pages_may_not_ask(serve: Serve, origin: str, status: int) -> None:
    async with serve(allowed_hosts=("pictures.example",)) as api:
        for asked, expected in ((origin, status), (api.url, 200)):
            data = form(shipped("rocket.jpg"), "a.jpg")
            answer = await api("POST", "/v1/search", data=data, headers={"Origin": asked})
            assert answer.status == expected
