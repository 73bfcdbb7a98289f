"""Searching over HTTP."""

import asyncio
import socket
from typing import Any

import cv2
import numpy as np
import pytest

from engine.domain import Pixels
from engine.matching import explain
from engine.pictures import augment
from shell.terminal import result_json
from tests import collages
from tests.api.conftest import Client, Serve, form, shipped
from tests.conftest import PHOTOGRAPHS, cut_short, jpeg, photograph
from tests.small_library import menu


def screenshot() -> bytes:
    return jpeg(augment.apply("screenshot", photograph("coffee.png"), photograph("chelsea.png"), seed=11))


def decoded(content: bytes) -> Pixels:
    """RGB (H, W, 3)."""
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)[..., ::-1]


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
        "page": f"/?image={first['id']}",
        "file": f"/v1/images/{first['id']}/file",
        "thumbnail": f"/v1/images/{first['id']}/thumbnail",
        "preview": f"/v1/images/{first['id']}/preview",
    }


async def test_other_version_comes_in_a_lane_of_its_own_and_says_what_differs(api: Client) -> None:
    await api.service.add_bytes(jpeg(menu(0, 1)), name="menu.jpg", actor="test")
    query = jpeg(menu(0, 2), 80)
    first, *others = (await api.search(query, weak=True)).json["matches"]
    assert (first["name"], first["lane"], first["grade"], first["weak"]) == ("menu.jpg", "variant", "variant", False)
    assert first["p_same"] < 0.5 < first["score"]
    evidence = first["evidence"]
    assert evidence["edits"] == []
    assert np.allclose(evidence["outline"], [[0, 0], [1, 0], [1, 1], [0, 1]], atol=0.02)
    assert 1 <= len(evidence["differs"]) <= 5
    for region in evidence["differs"]:
        assert 0.1 < region["y"] < region["y"] + region["height"] <= 1  # below the heading
    assert {match["lane"] for match in others} == {"alike"}

    why = await api("POST", f"/v1/images/{first['id']}/why", data=form(query, "a.jpg", words=False))
    magenta = np.abs(decoded(why.body).astype(int) - explain.DIFFERS).max(axis=2) < 60
    across = magenta.sum(axis=0)
    assert across[: len(across) // 2].sum() > 100  # in the query
    assert across[len(across) // 2 :].sum() > 100  # in the stored picture
    assert 'pictrace_searches_total{outcome="variant"} ' in (await api("GET", "/metrics")).body.decode()


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


async def test_file_that_breaks_off_is_looked_for_with_a_warning(api: Client) -> None:
    found = await api.search(cut_short(screenshot()))
    assert [warning["code"] for warning in found.json["warnings"]] == ["cut_short"]
    assert (await api.search(screenshot())).json["warnings"] == []


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


async def test_why_joins_what_agrees_and_outlines_it_and_says_so_in_words(api: Client) -> None:
    """For an upload and a stored query."""
    query = screenshot()
    match = (await api.search(query)).json["matches"][0]
    first = match["id"]
    with_words = await api("POST", f"/v1/images/{first}/why", data=form(query, "a.jpg"))
    without = await api("POST", f"/v1/images/{first}/why", data=form(query, "a.jpg", words=False))
    stored = await api("POST", f"/v1/images/{first}/why", json={"image_id": first})
    for answer in (with_words, without, stored):
        assert answer.headers["Content-Type"] == "image/jpeg"
    assert decoded(stored.body).shape[1] > 600
    drawn, lettered = (decoded(answer.body).astype(int) for answer in (without, with_words))
    left_height, left_width = explain._fitted(decoded(query)).shape[:2]

    gap = drawn[:, explain.MARGIN + left_width + explain.GAP // 2]  # between the pictures, where only lines are
    crossed = np.abs(gap - explain.GROUND).max(axis=1) > 40
    assert np.count_nonzero(np.diff(crossed.astype(int)) == 1) >= 10

    corners = np.array(match["evidence"]["outline"]) * [left_width - 1, left_height - 1] + explain.MARGIN
    steps = np.linspace(0, 1, 50)[:, None]
    edges = [start + steps * (end - start) for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    x, y = np.rint(np.concatenate(edges)).astype(int).T
    outlined = np.abs(drawn[y, x] - explain.ACCENT).max(axis=1) < 90
    assert outlined.mean() > 0.9

    head, foot = explain.MARGIN + explain.HEADING, explain.FOOT
    assert lettered.shape[0] == drawn.shape[0] + explain.HEADING + foot
    for words, where in (
        ("headings", lettered[: head - 4]),
        ("result", lettered[-foot:][:30]),
        ("edits", lettered[-foot:][32:56]),
        ("facts", lettered[-foot:][58:]),
    ):
        assert np.count_nonzero(where.max(axis=2) < 140) > 100, words


@pytest.mark.parametrize("wish", [{}, {"url": "http://a.example/", "image_id": 1}])
async def test_why_needs_one_query(api: Client, wish: dict[str, object]) -> None:
    answer = await api("POST", "/v1/images/1/why", json=wish)
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_empty_library_says_that_it_is_empty(serve: Serve) -> None:
    async with serve(filled=False) as api:
        answer = (await api.search(shipped("rocket.jpg"), weak=True)).json
        assert (answer["matches"], answer["library_size"]) == ([], 0)


async def test_clients_that_leave_give_back_their_places(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty clients ask for what takes for ever and hang up; their work is cancelled, and who comes next is served."""
    begun, cancelled = 0, 0

    async def endless(*_: object, **__: object) -> None:
        nonlocal begun, cancelled
        begun += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            raise

    async with serve(max_running=1, max_waiting=40) as api:
        host, port = api.url.removeprefix("http://").split(":")
        body = form(screenshot(), "a.jpg")()
        request = (
            f"POST /v1/search HTTP/1.1\r\nHost: {host}\r\nContent-Type: {body.content_type}\r\n"
            f"Content-Length: {body.size}\r\n\r\n"
        ).encode()
        raw = await as_bytes(body)
        with monkeypatch.context() as patched:
            patched.setattr(type(api.service), "search", endless)
            for _ in range(30):
                with socket.create_connection((host, int(port))) as connection:
                    connection.sendall(request + raw)
                await asyncio.sleep(0.05)  # time to begin
        answer = await asyncio.wait_for(api.search(shipped("rocket.jpg")), 30)
        assert answer.status == 200
        assert begun == cancelled > 0
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


# --- a region, tags


async def test_region_is_asked_with_by_every_way(api: Client) -> None:
    names = ("coffee.png", "chelsea.png", "rocket.jpg", "astronaut.png")
    collage = collages.made("four with gutters", [photograph(name) for name in names], seed=3)
    content = jpeg(collage.pixels)
    whole = (await api.search(content)).json
    assert len(whole["regions"]) == 4
    for box in whole["regions"]:
        region = ",".join(str(box[side]) for side in ("x", "y", "width", "height"))
        answer = (await api.search(content, region=region)).json
        best = answer["matches"][0]
        assert best["lane"] == "same"
        centre = np.mean(best["evidence"]["outline"], axis=0)
        assert box["x"] < centre[0] < box["x"] + box["width"]
        assert box["y"] < centre[1] < box["y"] + box["height"]
        assert answer["regions"] == whole["regions"]
    added = (await api.add(content, name="collage.jpg")).json["id"]
    stored = (await api.get(f"/v1/images/{added}/matches?region={region}")).json
    assert stored["matches"][0]["id"] == best["id"]
    for given in ({"data": form(content, "a.jpg", region=region)}, {"json": {"image_id": added, "region": region}}):
        why = await api("POST", f"/v1/images/{best['id']}/why", **given)
        assert (why.status, why.headers["Content-Type"]) == (200, "image/jpeg")


@pytest.mark.parametrize("region", ["", "1", "0,0,2,1", "0,0,0,1", "a,b,c,d", "0,0,0.01,0.01"])
async def test_region_that_is_none_is_refused(api: Client, region: str) -> None:
    assert (await api.search(shipped("coffee.png"), region=region)).code == "invalid_region"
    assert (await api.get(f"/v1/images/1/matches?region={region}")).code == "invalid_region"
    why = await api("POST", "/v1/images/2/why", data=form(shipped("coffee.png"), "a.png", region=region))
    assert why.code == "invalid_region"


async def test_search_within_tags_by_every_way(api: Client) -> None:
    images = (await api.get("/v1/images")).json["images"]
    cup, cat, other = (
        next(one for one in images if one["name"] == name) for name in ("coffee.png", "chelsea.png", "rocket.jpg")
    )
    for image, tags in ((cup, ["drink"]), (cat, ["drink", "pet"]), (other, ["pet"])):
        await api("PATCH", f"/v1/images/{image['id']}", json={"tags": tags})
    content = shipped("astronaut.png")

    async def found(**how: Any) -> tuple[set[int], int]:
        answer = (await api("POST", "/v1/search?weak=true" + how.pop("query", ""), **how)).json
        return {match["id"] for match in answer["matches"]}, answer["library_size"]

    assert await found(data=form(content, "a.png", tag="drink")) == ({cup["id"], cat["id"]}, 2)
    assert await found(data=form(content, "a.png", tag=["drink", "pet"])) == ({cat["id"]}, 1)
    assert await found(data=form(content, "a.png"), query="&tag=drink&tag=pet") == ({cat["id"]}, 1)
    assert await found(data=form(content, "a.png", tag="nobody has it")) == (set(), 0)
    stored = (await api.get(f"/v1/images/{cat['id']}/matches?tag=drink&weak=true")).json
    assert [match["id"] for match in stored["matches"]] == [cup["id"]]
    assert (await api.search(content, tag="")).status == 200  # no tag at all
    assert (await api.get(f"/v1/images/1/matches?tag={'x' * 61}")).code == "invalid_request"
