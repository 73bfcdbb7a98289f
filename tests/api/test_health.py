"""Alive, ready, metrics; and every answer's headers."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.errors import ENGINE, OWN
from engine import PicTraceError
from tests.api.conftest import Client, Serve, shipped
from tests.milvus import milvus_server
from tests.postgresql import PostgresServer
from tests.webhook_receiver import Receiver, receiver, until

__all__ = ["receiver"]


async def test_alive_and_ready(api: Client) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = await api.get(path, key=None)
        assert (answer.status, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_load_balancer_may_ask_without_a_host(api: Client, method: str) -> None:
    for path in ("/health/live", "/health/ready"):
        status, body = await by_old_client(api, f"{method} {path} HTTP/1.0\r\n\r\n")
        assert (status, bool(body)) == (200, method == "GET")
    for head in (f"{method} /v1/server HTTP/1.0", f"{method} /health/live HTTP/1.0\r\nHost: evil.example"):
        status, body = await by_old_client(api, f"{head}\r\n\r\n")
        assert (status, "wrong_host" in body) == (421, method == "GET")


async def by_old_client(api: Client, request: str) -> tuple[int, str]:
    """The status and the body that a server sends until it closes."""
    address = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(request.encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body


async def test_not_ready_while_the_library_cannot_be_read(serve: Serve) -> None:
    async with serve(filled=False) as api:
        database = api.service.settings.data_dir / "pictrace.db"
        for path in database.parent.glob("pictrace.db*"):
            path.write_bytes(b"damaged" * 1000)
        answer = await api.get("/health/ready")
        assert (answer.status, answer.code) == (503, "library_damaged")
        assert (await api.get("/health/live")).status == 200


@pytest.mark.databases("postgresql")
async def test_ready_goes_red_and_green_with_the_database_server(api: Client, postgresql: PostgresServer) -> None:
    postgresql.stop()
    try:
        for answer in (await api.get("/health/ready"), await api.search(shipped("rocket.jpg"))):
            assert (answer.status, answer.code) == (503, "database_unreachable")
            assert int(answer.headers["Retry-After"]) > 0
        assert (await api.get("/health/live")).status == 200
        assert (await api.get("/")).status == 200
    finally:
        postgresql.start()
    assert (await api.get("/health/ready")).status == 200
    assert (await api.search(shipped("rocket.jpg"))).json["matches"][0]["lane"] == "same"


async def test_ready_goes_red_and_green_with_the_server_of_the_index(serve: Serve, tmp_path: Path) -> None:
    with milvus_server(tmp_path / "milvus.db") as milvus:
        async with serve(index="milvus", milvus_uri=milvus.uri) as api:
            milvus.stop()
            for answer in (await api.get("/health/ready"), await api.search(shipped("rocket.jpg"))):
                assert (answer.status, answer.code) == (503, "index_unreachable")
                assert int(answer.headers["Retry-After"]) > 0
            milvus.start()
            assert (await api.get("/health/ready")).status == 200
            assert (await api.search(shipped("rocket.jpg"))).json["matches"][0]["lane"] == "same"


async def test_metrics_count_what_happened(serve: Serve) -> None:
    async with serve(fetch_allow=("127.0.0.1",)) as api:
        before = await metrics(api)
        await api.search(shipped("rocket.jpg"))
        await api("POST", "/v1/search", json={"url": f"{api.url}/v1/samples/crop"})
        await api("POST", "/v1/search", json={"url": "http://10.0.0.1/"})
        await api.add(shipped("rocket.jpg"))
        after = await metrics(api)
    for name, more in {
        'pictrace_searches_total{outcome="same"}': 2,
        'pictrace_fetches_total{outcome="ok"}': 1,
        'pictrace_fetches_total{outcome="url_refused"}': 1,
        'pictrace_added_total{status="duplicate"}': 1,
        'pictrace_stage_seconds_count{stage="match"}': 2,
        'pictrace_stage_seconds_count{stage="fetch"}': 1,
        'pictrace_requests_total{method="POST",route="/v1/search",status="200"}': 2,
        'pictrace_requests_total{method="POST",route="/v1/search",status="422"}': 1,
    }.items():
        assert after[name] - before.get(name, 0) == more, name
    assert after["pictrace_pictures"] == 6
    assert after["pictrace_index_lag"] == 0
    assert after["pictrace_webhook_waiting"] == 0


async def test_webhook_is_told_and_its_metrics_say_how_it_does(serve: Serve, receiver: Receiver) -> None:
    receiver.refused = {1}
    async with serve(filled=False, **receiver.settings) as api:

        async def has_begun() -> bool:
            return await api.service.repository.webhook_events.endpoint(receiver.url) is not None

        await until(has_begun)
        assert (await api.add(shipped("rocket.jpg"))).status == 201

        async def has_failed() -> bool:
            return (await metrics(api))["pictrace_webhook_failures"] == 1

        await until(has_failed)
        told = await metrics(api)
    assert receiver.told == [("image.added", 1)]
    assert (told["pictrace_webhook_waiting"], told["pictrace_webhook_given_up"]) == (1, 0)


async def metrics(api: Client) -> dict[str, float]:
    lines = (await api.get("/metrics")).body.decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


async def test_page_has_a_strict_policy(api: Client) -> None:
    page = await api.get("/", key=None)
    assert page.headers["Content-Type"].startswith("text/html")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    again = await api.get("/", key=None, headers={"If-None-Match": page.headers["ETag"]})
    assert again.status == 304
    assert "Content-Security-Policy" not in again.headers  # it would take the place of the page's own
    for name in ("style.css", "app.js", "icon.svg", "locales/ja.json"):
        assert (await api.get(f"/{name}", key=None)).status == 200


def test_every_code_of_the_engine_has_a_status() -> None:
    def codes(error: type[PicTraceError]) -> set[str]:
        below = error.__subclasses__()
        return {code for one in below for code in codes(one)} or {error.code}

    assert codes(PicTraceError) == set(ENGINE)
    assert not set(ENGINE) & set(OWN)
