"""Many pictures at once over HTTP: edited and removed as one operation, taken along as a zip."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from api.routes import many
from engine.pictures.stripping import strip
from tests.api.conftest import SEARCH, Client, Serve, shipped
from tests.api.test_images import with_metadata
from tests.conftest import PHOTOGRAPHS, original_of

on_both = pytest.mark.databases("sqlite", "postgresql")
KINDS: Sequence[tuple[str, str]] = (("PATCH", "/v1/images"), ("POST", "/v1/images/remove"), ("POST", "/v1/images/zip"))


async def ids_of(api: Client) -> dict[str, int]:
    return {image["name"]: image["id"] for image in (await api.get("/v1/images")).json["images"]}


def unpacked(content: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@on_both
async def test_tags_and_titles_of_many_are_one_operation(api: Client) -> None:
    ids = await ids_of(api)
    some = [ids["rocket.jpg"], ids["coffee.png"], 999]
    await api("PATCH", f"/v1/images/{some[1]}", json={"tags": ["old", "cup"], "title": "A cup"})
    body = {"images": some, "add_tags": ["new"], "remove_tags": ["old"], "title": "{number}: {name}"}
    edited = (await api("PATCH", "/v1/images", json=body)).json
    assert edited["changed"] == 2
    tagged = (await api.get("/v1/images?tag=new&sort=name&order=desc")).json["images"]
    assert [(image["title"], image["tags"]) for image in tagged] == [
        ("1: rocket", ["new"]),
        ("2: coffee", ["cup", "new"]),
    ]
    again = (await api("PATCH", "/v1/images", json=body)).json
    assert again == {"operation_id": None, "changed": 0}
    undone = await api("POST", f"/v1/operations/{edited['operation_id']}/undo")
    assert (undone.json["kind"], undone.json["images"]) == ("edit", 2)
    assert (await api.get(f"/v1/images/{some[1]}")).json["title"] == "A cup"
    emptied = (await api("PATCH", "/v1/images", json={"images": some, "title": ""})).json
    assert emptied["changed"] == 1


@on_both
async def test_many_are_removed_at_once_and_come_back_at_once(api: Client) -> None:
    ids = list((await ids_of(api)).values())
    await api("DELETE", f"/v1/images/{ids[0]}")
    removed = (await api("POST", "/v1/images/remove", json={"images": [*ids, 999]})).json
    assert removed["removed"] == len(ids) - 1
    assert (await api.get("/v1/images")).json["total"] == 0
    none = await api("POST", "/v1/images/remove", json={"images": ids})
    assert (none.status, none.code) == (404, "unknown_image")
    await api("POST", f"/v1/operations/{removed['operation_id']}/undo")
    assert (await api.get("/v1/images")).json["total"] == len(ids) - 1


async def test_ten_thousand_ids_are_taken_and_no_more(api: Client) -> None:
    most = list(range(1, 10_001))
    answer = await api("PATCH", "/v1/images", json={"images": most, "add_tags": ["all"]})
    assert (answer.status, answer.json["changed"]) == (200, len(PHOTOGRAPHS))
    largest = [(1 << 63) - 1 - number for number in most]  # as many digits as there are
    assert (await api("POST", "/v1/images/remove", json={"images": largest})).code == "unknown_image"
    assert (await api("POST", "/v1/images/remove", json={"images": [*most, 1]})).code == "invalid_request"
    assert (await api("POST", "/v1/images/zip", json={"images": most[:1001]})).code == "invalid_request"
    assert (await api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS)


@pytest.mark.parametrize(
    "body",
    [
        {"images": [1]},
        {"images": [1], "title": None},
        {"images": [], "add_tags": ["a"]},
        {"images": [1], "add_tags": [""]},
        {"images": [1], "title": "{nonsense}"},
        {"images": [1], "title": "x" * 501},
        {"images": [0], "add_tags": ["a"]},
        {"images": ["1x"], "add_tags": ["a"]},
        {"add_tags": ["a"]},
        {"images": [1], "add_tags": ["a"], "nonsense": 1},
    ],
)
async def test_edit_that_is_not_as_it_should_be_changes_nothing(api: Client, body: dict[str, Any]) -> None:
    answer = await api("PATCH", "/v1/images", json=body)
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_only_admins_change_and_readers_take_along(serve: Serve) -> None:
    async with serve(search_key=SEARCH) as api:
        for method, path in KINDS:
            nobody = await api(method, path, json={"images": [1]}, key=None)
            assert (nobody.status, nobody.code) == (401, "key_required"), path
            wrong = await api(method, path, data=b"x", headers={"Content-Type": "text/plain"})
            assert (wrong.status, wrong.code) == (415, "unsupported_media_type"), path
        for method, path in KINDS[:2]:
            assert (await api(method, path, json={"images": [1]}, key=SEARCH)).code == "admin_only"
        assert (await api("POST", "/v1/images/zip", json={"images": [1]}, key=SEARCH)).status == 200


async def test_zip_holds_the_files_as_each_is_given_alone(serve: Serve) -> None:
    original = with_metadata()
    async with serve(filled=False, search_key=SEARCH) as api:
        first = (await api.add(original, name="photo.jpg")).json["id"]
        second = (await api.add(shipped("coffee.png"), name="photo.jpg")).json["id"]
        body = {"images": [first, second, first, 99]}
        whole = await api("POST", "/v1/images/zip", json=body)
        assert whole.headers["Content-Type"] == "application/zip"
        assert whole.headers["Content-Disposition"] == 'attachment; filename="pictrace.zip"'
        assert unpacked(whole.body) == {"photo.jpg": original, "photo (2).jpg": shipped("coffee.png")}
        shared = unpacked((await api("POST", "/v1/images/zip", json=body, key=SEARCH)).body)
        assert shared["photo.jpg"] == strip(original, "image/jpeg")
        assert b"Jane Doe" not in shared["photo.jpg"]
        assert shared["photo (2).jpg"] == (await api.get(f"/v1/images/{second}/file", key=SEARCH)).body
        original_of(api.service, await api.service.get(first)).unlink()
        for key in (None, SEARCH):
            lost = unpacked((await api("POST", "/v1/images/zip", json=body, key=key or SEARCH)).body)
            assert sorted(lost) == ["not-included.txt", "photo.jpg"]
            assert f"{first}\tphoto.jpg" in lost["not-included.txt"].decode()
        assert (await api("POST", "/v1/images/zip", json={"images": [99]})).code == "unknown_image"


async def test_zip_counts_as_a_search_and_waits_for_its_turn(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "BUSY_S", 0.01)
    async with serve(rate_limit=1, max_running=1, max_waiting=0) as api:
        taken = await api("POST", "/v1/images/zip", json={"images": [1, 2]}, key=None)
        assert (taken.headers["RateLimit-Remaining"], len(unpacked(taken.body))) == ("0", 2)
        limited = await api("POST", "/v1/images/zip", json={"images": [1]}, key=None)
        assert (limited.status, limited.code) == (429, "rate_limited")
