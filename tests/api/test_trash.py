"""The trash and the history over HTTP: what was removed comes back, what was done can be taken back."""

import pytest

from tests.api.conftest import SEARCH, Client, Serve
from tests.conftest import PHOTOGRAPHS

on_both = pytest.mark.databases("sqlite", "postgresql")


@on_both
async def test_removed_pictures_are_listed_shown_and_brought_back(api: Client) -> None:
    await api("POST", "/v1/images/remove", json={"images": [1, 2]})
    await api("DELETE", "/v1/images/3")
    trash = (await api.get("/v1/trash")).json
    assert (trash["total"], [image["id"] for image in trash["images"]]) == (3, [3, 2, 1])
    first = trash["images"][0]
    assert (first["removed_by"], first["removed_at"] < first["kept_until"]) == ("api", True)
    assert first["links"]["thumbnail"] == "/v1/trash/3/thumbnail"
    thumbnail = await api.get(first["links"]["thumbnail"])
    assert (thumbnail.status, thumbnail.headers["Content-Type"]) == (200, "image/jpeg")
    assert (await api.get("/v1/images/3/thumbnail")).code == "unknown_image"
    unchanged = await api.get(first["links"]["thumbnail"], headers={"If-None-Match": thumbnail.headers["ETag"]})
    assert unchanged.status == 304
    rest = (await api.get("/v1/trash?offset=1&limit=1")).json
    assert (rest["total"], [image["id"] for image in rest["images"]]) == (3, [2])
    some = (await api("POST", "/v1/trash/restore", json={"images": [3, 4, 99]})).json
    assert some["restored"] == 1
    assert (await api.get("/v1/trash/3/thumbnail")).code == "unknown_image"
    everything = (await api("POST", "/v1/trash/restore", json={"all": True})).json
    assert everything["restored"] == 2
    assert (await api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS)
    assert (await api("POST", "/v1/trash/restore", json={"all": True})).code == "unknown_image"
    undone = await api("POST", f"/v1/operations/{everything['operation_id']}/undo")
    assert (undone.json["kind"], undone.json["images"]) == ("restore", 2)
    assert (await api.get("/v1/trash")).json["total"] == 2


@pytest.mark.parametrize(
    "body",
    [{}, {"all": False}, {"all": True, "images": [1]}, {"images": []}, {"images": None}, {"images": [-1]}, {"al": 1}],
)
async def test_it_is_said_which_are_to_come_back(api: Client, body: dict[str, object]) -> None:
    answer = await api("POST", "/v1/trash/restore", json=body)
    assert (answer.status, answer.code) == (422, "invalid_request")


async def test_trash_and_history_are_for_admins(serve: Serve) -> None:
    async with serve(search_key=SEARCH) as api:
        await api("DELETE", "/v1/images/1")
        for path in ("/v1/trash", "/v1/trash/1/thumbnail", "/v1/operations"):
            assert (await api.get(path, key=SEARCH)).code == "admin_only", path
            assert (await api.get(path, key=None)).code == "key_required", path
        assert (await api("POST", "/v1/trash/restore", json={"all": True}, key=SEARCH)).code == "admin_only"
