"""Who may do what, and how often."""

import pytest

from tests.api.conftest import ADMIN, SEARCH, Client, Serve, form, shipped

READING = [
    ("GET", "/v1/images"),
    ("GET", "/v1/tags"),
    ("GET", "/v1/images/1"),
    ("GET", "/v1/images/1/file"),
    ("GET", "/v1/images/1/thumbnail"),
    ("GET", "/v1/images/1/matches"),
    ("POST", "/v1/images/1/why"),
    ("POST", "/v1/search"),
    ("GET", "/v1/samples/crop"),
]
CHANGING = [
    ("POST", "/v1/images"),
    ("PATCH", "/v1/images/1"),
    ("DELETE", "/v1/images/1"),
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


async def test_made_key_counts_until_the_next_is_made(serve: Serve) -> None:
    async with serve(filled=False, admin_key=None) as api:
        first = await api.service.new_admin_key()
        assert (await api.get("/v1/server", key=first)).json["access"] == "admin"
        second = await api.service.new_admin_key()
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


async def test_trusted_proxy_says_who_asks(serve: Serve) -> None:
    async with serve(rate_limit=1, trusted_proxies=("127.0.0.1",)) as api:
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
