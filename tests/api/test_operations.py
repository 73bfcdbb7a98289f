"""The history over HTTP: newest first, with what can still be taken back."""

import pytest

from tests.api.conftest import Client
from tests.conftest import PHOTOGRAPHS


@pytest.mark.databases("sqlite", "postgresql")
async def test_history_comes_in_parts_and_any_of_it_can_be_undone(api: Client) -> None:
    edited = (await api("PATCH", "/v1/images/2", json={"title": "x"})).json["operation_id"]
    removed = (await api("DELETE", "/v1/images/1")).json["operation_id"]
    first = (await api.get("/v1/operations?limit=2")).json
    assert [one["kind"] for one in first["operations"]] == ["remove", "edit"]
    assert first["next"] == edited
    rest = (await api.get(f"/v1/operations?limit=2&before={first['next']}")).json
    (addition,) = rest["operations"]
    assert rest["next"] is None
    assert (addition["kind"], addition["actor"], addition["pictures"]) == ("add", "test", len(PHOTOGRAPHS))
    assert (addition["images"], addition["can_undo"], addition["undone"]) == ([1, 2, 3, 4], True, False)
    assert (await api("POST", f"/v1/operations/{removed}/undo")).status == 200
    undoing, undone, *_ = (await api.get("/v1/operations")).json["operations"]
    assert (undoing["kind"], undoing["undoes"], undoing["can_undo"]) == ("undo", removed, False)
    assert (undone["id"], undone["undone"], undone["can_undo"]) == (removed, True, False)
    for bad in ("before=0", "before=x", "limit=0", "limit=101", "offset=1"):
        assert (await api.get(f"/v1/operations?{bad}")).code == "invalid_request", bad
