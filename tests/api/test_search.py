"""Searching over HTTP."""

import asyncio
import socket

import cv2
import numpy as np
import pytest

from engine import augment
from engine.terminal import result_json
from tests.api.conftest import Client, Serve, form, shipped
from tests.conftest import PHOTOGRAPHS, jpeg, photograph


def screenshot() -> bytes:
    return jpeg(augment.apply("screenshot", photograph("coffee.png"), photograph("chelsea.png"), seed=11))


def decoded(content: bytes) -> np.ndarray:  # type: ignore[type-arg]
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


async def test_upload_finds_the_picture_and_says_where_it_lies(api: Client) -> None:
    answer = await api.search(screenshot(), limit=3, preview=True)
    assert answer.status == 200
    first = answer.json["matches"][0]
    assert (first["name"], first["lane"], first["weak"]) == ("coffee.png", "same", False)
    assert first["score"] > 0.9
    assert first["evidence"]["edits"][0] == "inside_larger"
    (left, top), _, (right, bottom), _ = first["evidence"]["outline"]
    assert 0 < left < right < 0.5
    assert 0.2 < top < bottom < 0.8
    assert answer.json["query"]["width"] == 1200
    assert answer.json["query"]["preview"].startswith("data:image/jpeg;base64,/9j/")
    assert first["links"] == {
        "page": f"/?like={first['id']}",
        "file": f"/v1/images/{first['id']}/file",
        "thumbnail": f"/v1/images/{first['id']}/thumbnail",
    }


async def test_answer_has_what_the_command_line_gives(api: Client) -> None:
    """The same bytes get the same five matches through every door."""
    query = screenshot()
    answer = (await api.search(query)).json
    through_engine = result_json(await api.service.search(query))
    assert len(answer["matches"]) == 5
    for match, expected in zip(answer["matches"], through_engine["matches"], strict=True):
        assert {name: match[name] for name in expected if name != "evidence"} == {
            name: value for name, value in expected.items() if name != "evidence"
        }
        assert set(match["evidence"]) == set(expected["evidence"])
    assert set(through_engine["timings_ms"]) == set(answer["timings_ms"])


async def test_nothing_near_is_an_empty_answer_unless_weak_ones_are_wanted(api: Client) -> None:
    stranger = jpeg(np.ascontiguousarray(photograph("motorcycle_left.png")[:, ::-1]))
    (motorcycle,) = (await api.get("/v1/images?words=motorcycle")).json["images"]
    await api("DELETE", f"/v1/images/{motorcycle['id']}")
    answer = await api.search(stranger)
    assert answer.json["matches"] == []
    assert answer.json["library_size"] == len(PHOTOGRAPHS) - 1
    weak = (await api.search(stranger, weak=True)).json["matches"]
    assert len(weak) == 5
    assert all(match["weak"] for match in weak)


async def test_limit_counts_in_query_form_and_json(serve: Serve) -> None:
    async with serve(fetch_allow=("127.0.0.1",)) as api:
        content = shipped("rocket.jpg")
        assert len((await api.search(content, limit=1)).json["matches"]) == 1
        answer = await api("POST", "/v1/search?limit=2", data=form(content, "a.jpg"))
        assert len(answer.json["matches"]) == 2
        url = f"{api.url}/v1/samples/crop"
        answer = await api("POST", "/v1/search", json={"url": url, "limit": 1})
        assert [match["name"] for match in answer.json["matches"]] == ["astronaut.png"]
        assert answer.json["timings_ms"]["fetch"] > 0


async def test_search_from_a_stored_picture_leaves_it_out(api: Client) -> None:
    mirrored = jpeg(np.ascontiguousarray(photograph("rocket.jpg")[:, ::-1]))
    added = (await api.add(mirrored, name="mirrored.jpg")).json
    found = (await api.get(f"/v1/images/{added['id']}/matches?limit=2")).json["matches"]
    assert found[0]["name"] == "rocket.jpg"
    assert (found[0]["lane"], found[0]["evidence"]["edits"][:1]) == ("same", ["mirrored"])
    assert added["id"] not in [match["id"] for match in found]


async def test_why_is_a_picture_for_upload_and_stored_query(api: Client) -> None:
    query = screenshot()
    first = (await api.search(query)).json["matches"][0]["id"]
    with_words = await api("POST", f"/v1/images/{first}/why", data=form(query, "a.jpg"))
    without = await api("POST", f"/v1/images/{first}/why", data=form(query, "a.jpg", words=False))
    stored = await api("POST", f"/v1/images/{first}/why", json={"image_id": first})
    for answer in (with_words, without, stored):
        assert answer.headers["Content-Type"] == "image/jpeg"
    assert decoded(with_words.body).shape[0] > decoded(without.body).shape[0] + 50
    assert decoded(stored.body).shape[1] > 600


@pytest.mark.parametrize("wish", [{}, {"url": "http://a.example/", "image_id": 1}])
async def test_why_needs_one_query(api: Client, wish: dict[str, object]) -> None:
    answer = await api("POST", "/v1/images/1/why", json=wish)
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_empty_library_says_that_it_is_empty(serve: Serve) -> None:
    async with serve(filled=False) as api:
        answer = (await api.search(shipped("rocket.jpg"), weak=True)).json
        assert (answer["matches"], answer["library_size"]) == ([], 0)


async def test_clients_that_leave_give_back_their_places(serve: Serve) -> None:
    """Thirty clients ask and hang up at once; those behind them are served."""
    async with serve(max_running=1, max_waiting=40) as api:
        host, port = api.url.removeprefix("http://").split(":")
        body = form(screenshot(), "a.jpg")()
        request = (
            f"POST /v1/search HTTP/1.1\r\nHost: {host}\r\nContent-Type: {body.content_type}\r\n"
            f"Content-Length: {body.size}\r\n\r\n"
        ).encode()
        raw = await as_bytes(body)
        for _ in range(30):
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(request + raw)
        answer = await asyncio.wait_for(api.search(shipped("rocket.jpg")), 30)
        assert answer.status == 200
        for _ in range(200):
            if places((await api.get("/metrics")).body.decode()) == {"running": 0.0, "waiting": 0.0}:
                return
            await asyncio.sleep(0.05)
        pytest.fail("some places were never given back")


async def as_bytes(body: object) -> bytes:
    class Sink:
        taken = b""

        async def write(self, chunk: bytes) -> None:
            self.taken += chunk

    sink = Sink()
    await body.write(sink)  # type: ignore[attr-defined]
    return sink.taken


def places(metrics: str) -> dict[str, float]:
    found = {}
    for state in ("running", "waiting"):
        (line,) = [
            one for one in metrics.splitlines() if one.startswith(f'pictrace_places{{kind="search",state="{state}"')
        ]
        found[state] = float(line.split()[-1])
    return found


async def test_no_place_left_is_said_with_when_to_come_again(serve: Serve) -> None:
    async with serve(max_running=1, max_waiting=1) as api:
        query = screenshot()
        answers = await asyncio.gather(*(api.search(query) for _ in range(8)))
        statuses = sorted(answer.status for answer in answers)
        assert set(statuses) == {200, 503}
        for refused in (answer for answer in answers if answer.status == 503):
            assert refused.code == "at_capacity"
            assert int(refused.headers["Retry-After"]) >= 1
        assert (await api.search(query)).status == 200
