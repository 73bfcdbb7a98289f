"""Who may do what, and how often."""

import asyncio
import time

import pytest

from engine.pictures.fetch import Fetched
from tests.api.conftest import ADMIN, SEARCH, Client, Serve, form, shipped

READING = [
    ("GET", "/v1/images"),
    ("GET", "/v1/tags"),
    ("GET", "/v1/images/1"),
    ("GET", "/v1/images/1/file"),
    ("GET", "/v1/images/1/thumbnail"),
    ("GET", "/v1/images/1/preview"),
    ("GET", "/v1/images/1/place"),
    ("GET", "/v1/images/1/related"),
    ("GET", "/v1/images/days"),
    ("POST", "/v1/images/zip"),
    ("GET", "/v1/images/1/matches"),
    ("POST", "/v1/images/1/why"),
    ("POST", "/v1/search"),
    ("GET", "/v1/samples/crop"),
]
CHANGING = [
    ("POST", "/v1/images"),
    ("PATCH", "/v1/images/1"),
    ("DELETE", "/v1/images/1"),
    ("PATCH", "/v1/images"),
    ("POST", "/v1/images/remove"),
    ("GET", "/v1/trash"),
    ("GET", "/v1/trash/1/thumbnail"),
    ("POST", "/v1/trash/restore"),
    ("GET", "/v1/operations"),
    ("POST", "/v1/operations/1/undo"),
    ("DELETE", "/v1/samples"),
]


@pytest.mark.parametrize(("method", "path"), CHANGING)
async def test_changing_needs_the_admin_key(serve: Serve, method: str, path: str) -> None:
    async with serve(search_key=SEARCH) as api:
        missing = await api(method, path, key=None, json={})
        assert (missing.status, missing.code) == (401, "key_required")
        assert missing.headers["WWW-Authenticate"] == "Bearer"
        wrong = await api(method, path, key="nonsense", json={})
        assert (wrong.status, wrong.code) == (401, "wrong_key")
        lesser = await api(method, path, key=SEARCH, json={})
        assert (lesser.status, lesser.code) == (403, "admin_only")
        assert (await api.get("/v1/images/1")).status == 200


@pytest.mark.parametrize(("method", "path"), READING)
async def test_reading_needs_the_search_key_where_there_is_one(serve: Serve, method: str, path: str) -> None:
    async with serve(search_key=SEARCH) as api:
        missing = await api(method, path, key=None)
        assert (missing.status, missing.code) == (401, "key_required")
        for key in (SEARCH, ADMIN):
            assert (await api(method, path, key=key)).status not in (401, 403)


@pytest.mark.parametrize("key", ["nonsense", "", "ключ", "a" * 10_000])
async def test_wrong_key_is_refused_even_where_none_is_needed(api: Client, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    answer = await api.get("/v1/images", key=None, headers=headers)
    assert answer.status in (200, 401)
    if key:
        assert answer.code == "wrong_key"


async def test_wrong_keys_of_one_address_are_limited_and_right_ones_always_work(serve: Serve) -> None:
    async with serve(filled=False, search_key=SEARCH, rate_limit=0, trusted_proxies=("127.0.0.1",)) as api:
        here, elsewhere = {"X-Forwarded-For": "8.8.8.8"}, {"X-Forwarded-For": "8.8.4.4"}
        for n in range(10):
            assert (await api.get("/v1/tags", key=f"wrong-{n}", headers=here)).code == "wrong_key"
        for path in ("/v1/tags", "/v1/server", "/metrics"):
            refused = await api.get(path, key="another", headers=here)
            assert (refused.status, refused.code) == (429, "rate_limited")
            assert 1 <= int(refused.headers["Retry-After"]) <= 60
        for key in (SEARCH, ADMIN):
            assert (await api.get("/v1/tags", key=key, headers=here)).status == 200
        assert (await api.get("/v1/tags", key="another", headers=elsewhere)).code == "wrong_key"
        assert (await api.get("/health/live", key=None, headers=here)).status == 200


async def test_made_key_counts_until_the_next_is_made(serve: Serve) -> None:
    async with serve(filled=False, admin_key=None) as api:
        first = await api.service.admin_key.make()
        assert (await api.get("/v1/server", key=first)).json["access"] == "admin"
        second = await api.service.admin_key.make()
        assert (await api.get("/v1/server", key=first)).code == "wrong_key"
        assert (await api.get("/v1/server", key=second)).json["access"] == "admin"


async def test_server_tells_strangers_no_numbers_where_a_key_is_needed(serve: Serve) -> None:
    async with serve(search_key=SEARCH) as api:
        stranger = (await api.get("/v1/server", key=None)).json
        assert (stranger["search_key_required"], stranger["pictures"], stranger["access"]) == (True, None, "none")
        assert (await api.get("/v1/server", key=SEARCH)).json["pictures"] == 6


async def test_rate_limit_is_told_and_kept(serve: Serve) -> None:
    async with serve(rate_limit=3) as api:
        content = shipped("rocket.jpg")
        left = []
        for _ in range(3):
            answer = await api.search(content, key=None)
            assert answer.headers["RateLimit-Limit"] == "3"
            left.append(int(answer.headers["RateLimit-Remaining"]))
        assert left == [2, 1, 0]
        refused = await api.search(content, key=None)
        assert (refused.status, refused.code) == (429, "rate_limited")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.headers["RateLimit-Remaining"] == "0"
        forged = await api(
            "POST", "/v1/search", data=form(content, "a.jpg"), key=None, headers={"X-Forwarded-For": "8.8.8.8"}
        )
        assert forged.code == "rate_limited"
        assert (await api.search(content, key=ADMIN)).status == 200  # a key has a count of its own
        assert (await api.get("/v1/images", key=None)).status == 200  # looking is not searching


async def test_clock_that_is_set_back_blocks_nobody(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    right = time.time
    async with serve(rate_limit=1) as api:
        monkeypatch.setattr(time, "time", lambda: right() + 3600)
        assert (await api.search(shipped("rocket.jpg"), key=None)).status == 200
        assert (await api.search(shipped("rocket.jpg"), key=None)).status == 429
        monkeypatch.setattr(time, "time", right)
        answer = await api.search(shipped("rocket.jpg"), key=None)
        assert answer.status == 200
        assert int(answer.headers["RateLimit-Reset"]) <= 60
        assert (await api.search(shipped("rocket.jpg"), key=None)).status == 429


@pytest.mark.parametrize("proxies", ["127.0.0.1", "127.0.0.0/24"])  # an address, or a network as compose makes it
async def test_trusted_proxy_says_who_asks(serve: Serve, proxies: str) -> None:
    async with serve(rate_limit=1, trusted_proxies=(proxies,)) as api:
        for who, status in (
            ("8.8.8.8", 200),
            ("8.8.8.8", 429),
            ("8.8.4.4", 200),
            ("2001:db8::1", 200),
            ("2001:db8::2", 429),
        ):
            data, headers = form(shipped("rocket.jpg"), "a.jpg"), {"X-Forwarded-For": who}
            assert (await api("POST", "/v1/search", data=data, key=None, headers=headers)).status == status, who


async def test_workers_share_the_limit(serve: Serve) -> None:
    async with serve(rate_limit=60, api_workers=4) as api:
        assert (await api.search(shipped("rocket.jpg"))).headers["RateLimit-Limit"] == "15"


async def test_adding_by_url_counts_against_the_limit_and_adding_by_upload_does_not(serve: Serve) -> None:
    async with serve(rate_limit=1, fetch_allow=("127.0.0.1",), serve_metadata=True) as api:
        wanted = {"url": f"{api.url}/v1/images/1/file"}
        added = await api("POST", "/v1/images", json=wanted)
        assert (added.status, added.headers["RateLimit-Remaining"]) == (200, "0")
        refused = await api("POST", "/v1/images", json=wanted)
        assert (refused.status, refused.code) == (429, "rate_limited")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert (await api.add(shipped("page.png"))).status == 201


@pytest.mark.parametrize("path", ["/v1/search", "/v1/images", "/v1/images/1/why"])
async def test_no_place_left_to_fetch_is_said_with_when_to_come_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("api.app.FETCHES", 1)
    monkeypatch.setattr("api.app.FETCHES_WAITING", 1)
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> Fetched:
        begun.set()
        await may_end.wait()
        return Fetched(shipped("rocket.jpg"), "rocket.jpg", "https://example.org/rocket.jpg")

    async with serve() as api:
        monkeypatch.setattr(type(api.service), "fetch", slow)
        asyncio.get_running_loop().call_later(20, may_end.set)  # whatever happens
        wanted = {"url": "https://example.org/a.jpg"}
        asking = [asyncio.create_task(api("POST", "/v1/search", json=wanted)) for _ in range(2)]
        await begun.wait()
        for _ in range(100):
            if 'pictrace_places{kind="fetch",state="waiting"} 1.0' in (await api.get("/metrics")).body.decode():
                break
            await asyncio.sleep(0.02)
        refused = await asyncio.wait_for(api("POST", path, json=wanted), 10)
        assert (refused.status, refused.code) == (503, "at_capacity")
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await api.search(shipped("rocket.jpg"))).status == 200  # who fetches takes no place from who computes
        may_end.set()
        assert [(await one).status for one in asking] == [200, 200]
