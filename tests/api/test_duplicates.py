"""Near-duplicates over HTTP: named, listed, decided on, undone."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage
from sqlalchemy import text

from api.routes import duplicates
from tests.api.conftest import SEARCH, Client, Serve
from tests.conftest import PHOTOGRAPHS, jpeg, photograph
from tests.small_library import menu


async def copies_of(api: Client, name: str, *qualities: int) -> list[int]:
    answers = [await api.add(jpeg(photograph(name), quality), name=f"{quality}.jpg") for quality in qualities]
    return [int(answer.json["id"]) for answer in answers]


async def groups(api: Client, query: str = "") -> list[list[int]]:
    found = (await api.get(f"/v1/duplicates{query}")).json
    return [[image["id"] for image in group["images"]] for group in found["groups"]]


async def test_addition_names_what_is_nearly_the_same(api: Client) -> None:
    first = await api.add(jpeg(np.ascontiguousarray(photograph("rocket.jpg")[:, ::-1]), 60))
    (original,) = (await api.get("/v1/images?words=rocket")).json["images"]
    assert (first.status, first.json["near"]) == (201, [original["id"]])
    again = await api.add(jpeg(np.ascontiguousarray(photograph("rocket.jpg")[:, ::-1]), 60))
    assert (again.status, again.json["near"]) == (200, [])


async def test_groups_are_listed_best_first_in_parts(api: Client) -> None:
    (cup,) = (await api.get("/v1/images?words=coffee")).json["images"]
    (cat,) = (await api.get("/v1/images?words=chelsea")).json["images"]
    (copy_of_cup,) = await copies_of(api, "coffee.png", 50)
    copies = await copies_of(api, "chelsea.png", 50, 70)
    answer = (await api.get("/v1/duplicates")).json
    assert (answer["total"], answer["next_cursor"], answer["waiting"]) == (2, None, 0)
    first = answer["groups"][0]["images"]
    assert first[0].keys() == cup.keys() | {"p_same", "equal_pixels"}
    assert {name: first[0][name] for name in cup} in (cup, cat)
    assert all(0.9 < image["p_same"] <= 1 for image in first)
    expected = sorted([[cup["id"], copy_of_cup], [cat["id"], copies[1], copies[0]]])
    assert await groups(api) == expected
    part = (await api.get("/v1/duplicates?limit=1")).json
    assert (part["total"], part["next_cursor"]) == (2, str(expected[0][0]))
    assert await groups(api, f"?limit=1&cursor={part['next_cursor']}") == expected[1:]


async def test_best_is_kept_in_one_operation_that_is_undone(api: Client) -> None:
    await copies_of(api, "coffee.png", 50, 40)
    (group,) = await groups(api)
    decided = await api("POST", "/v1/duplicates", json={"images": group, "keep": "best"})
    assert (decided.status, decided.json["removed"]) == (200, sorted(group[1:]))
    assert await groups(api) == []
    assert (await api("POST", "/v1/duplicates", json={"images": group, "keep": "best"})).code == "unknown_image"
    undone = await api("POST", f"/v1/operations/{decided.json['operation_id']}/undo")
    assert (undone.json["kind"], undone.json["images"]) == ("remove", 2)
    assert await groups(api) == [group]
    assert (await api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS) + 2


@pytest.mark.parametrize("keep", ["all", "different"])
async def test_decision_is_remembered_and_undone(api: Client, keep: str) -> None:
    await copies_of(api, "coffee.png", 50)
    (group,) = await groups(api)
    decided = (await api("POST", "/v1/duplicates", json={"images": group, "keep": keep})).json
    assert decided["removed"] == []
    assert await groups(api) == []
    again = (await api("POST", "/v1/duplicates", json={"images": group, "keep": keep})).json
    assert again == {"operation_id": None, "removed": [], "kept": None, "left": []}
    undone = await api("POST", f"/v1/operations/{decided['operation_id']}/undo")
    assert (undone.json["kind"], undone.json["images"]) == ("decision", 2)
    assert await groups(api) == [group]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"images": [1, 2], "keep": "best"}, "not_duplicates"),
        ({"images": [1, 999], "keep": "all"}, "unknown_image"),
        ({"images": [1], "keep": "all"}, "invalid_request"),
        ({"images": [1, 1], "keep": "all"}, "invalid_request"),
        ({"images": [1, 2], "keep": "worst"}, "invalid_request"),
        ({"images": [1, 2]}, "invalid_request"),
        ({"images": list(range(1, 502)), "keep": "all"}, "invalid_request"),
        ({"images": [1, 2], "keep": "all", "x": 1}, "invalid_request"),
        ({"images": [1, 2], "keep": "all", "keeper": 1}, "invalid_request"),
        ({"images": [1, 2], "keep": "best", "keeper": 3}, "invalid_request"),
        ({"images": [1, 2], "keep": "best", "keeper": 1}, "not_duplicates"),
    ],
)
async def test_decision_that_makes_no_sense_is_refused(api: Client, body: dict[str, object], code: str) -> None:
    assert (await api("POST", "/v1/duplicates", json=body)).code == code
    assert (await api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS)


async def test_old_library_is_caught_up_with_call_by_call(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "COMPARED_A_CALL", 3)
    await copies_of(api, "coffee.png", 50)
    async with api.service.database.write() as connection:
        await connection.execute(text("UPDATE images SET compared = 0"))
        await connection.execute(text("DELETE FROM duplicates"))
    waiting: list[int] = []
    while not waiting or waiting[-1]:
        waiting.append((await api.get("/v1/duplicates?limit=1")).json["waiting"])
    assert waiting == [5, 2, 0]  # pictures, and one pair by its pixels
    assert [len(group) for group in await groups(api)] == [2]


async def test_looking_needs_the_search_key_and_deciding_the_admin_key(serve: Serve) -> None:
    async with serve(search_key=SEARCH) as api:
        body = {"images": [1, 2], "keep": "different"}
        assert (await api.get("/v1/duplicates", key=None)).code == "key_required"
        assert (await api.get("/v1/duplicates", key=SEARCH)).status == 200
        assert (await api("POST", "/v1/duplicates", json=body, key=None)).code == "key_required"
        assert (await api("POST", "/v1/duplicates", json=body, key=SEARCH)).code == "admin_only"
        assert (await api("POST", "/v1/duplicates", json=body)).status == 200


async def test_another_is_kept_than_the_best_and_gets_what_the_others_had(api: Client) -> None:
    (cup,) = (await api.get("/v1/images?words=coffee")).json["images"]
    await api("PATCH", f"/v1/images/{cup['id']}", json={"title": "A cup", "tags": ["drink"]})
    (copy,) = await copies_of(api, "coffee.png", 50)
    body = {"images": [cup["id"], copy], "keep": "best", "keeper": copy}
    decided = (await api("POST", "/v1/duplicates", json=body)).json
    assert (decided["kept"], decided["removed"], decided["left"]) == (copy, [cup["id"]], [])
    kept = (await api.get(f"/v1/images/{copy}")).json
    assert (kept["title"], kept["tags"], kept["created_at"]) == ("A cup", ["drink"], cup["created_at"])
    await api("POST", f"/v1/operations/{decided['operation_id']}/undo")
    back = (await api.get(f"/v1/images/{copy}")).json
    assert (back["title"], back["tags"]) == (None, [])
    assert (await api.get(f"/v1/images/{cup['id']}")).json["title"] == "A cup"


async def test_crop_is_contained_and_in_no_group(api: Client) -> None:
    (cup,) = (await api.get("/v1/images?words=coffee")).json["images"]
    crop = (await api.add(jpeg(photograph("coffee.png")[40:360, 60:540]), name="crop.jpg")).json
    assert crop["near"] == []
    found = (await api.get("/v1/duplicates")).json
    assert (found["groups"], found["total"], found["contains_total"]) == ([], 0, 1)
    (pair,) = found["contains"]
    assert (pair["part"]["id"], pair["whole"]["id"]) == (crop["id"], cup["id"])
    assert 0.5 < pair["p_same"] <= 1
    body = {"images": [cup["id"], crop["id"]], "keep": "best"}
    assert (await api("POST", "/v1/duplicates", json=body)).code == "not_duplicates"


async def test_what_is_no_pair_with_the_one_kept_is_left_and_named(api: Client) -> None:
    (cup,) = (await api.get("/v1/images?words=coffee")).json["images"]
    (stranger,) = (await api.get("/v1/images?words=rocket")).json["images"]
    (copy,) = await copies_of(api, "coffee.png", 50)
    body = {"images": [stranger["id"], cup["id"], copy], "keep": "best", "keeper": cup["id"]}
    decided = (await api("POST", "/v1/duplicates", json=body)).json
    assert (decided["removed"], decided["left"]) == ([copy], [stranger["id"]])


async def test_variants_have_a_lane_of_their_own(api: Client) -> None:
    ids = [(await api.add(jpeg(menu(1, content)), name=f"{content}.jpg")).json["id"] for content in (1, 2)]
    found = (await api.get("/v1/duplicates")).json
    assert (found["groups"], found["variants"]) == ([], 1)
    assert [sorted(group) for group in await groups(api, "?lane=variant")] == [ids]
    other = (await api.get("/v1/duplicates?lane=variant")).json
    assert (other["total"], other["contains"]) == (1, [])
    assert (await api("POST", "/v1/duplicates", json={"images": ids, "keep": "best"})).code == "not_duplicates"
    assert (await api.get("/v1/duplicates?lane=alike")).code == "invalid_request"
    await api("POST", "/v1/duplicates", json={"images": ids, "keep": "all"})
    assert await groups(api, "?lane=variant") == []


async def test_equal_pixels_are_listed_by_themselves_and_the_best_kept_at_once(api: Client) -> None:
    pixels = photograph("coffee.png")
    file = BytesIO()
    PillowImage.fromarray(pixels).save(file, "WEBP", lossless=True)
    await api.add(file.getvalue(), name="same.webp")
    await copies_of(api, "coffee.png", 50)
    await copies_of(api, "rocket.jpg", 50)
    answer = (await api.get("/v1/duplicates")).json
    assert (answer["total"], answer["equal_total"], answer["waiting"]) == (2, 1, 0)
    equal = {one["name"]: one["equal_pixels"] for group in answer["groups"] for one in group["images"]}
    assert sorted(name for name, is_equal in equal.items() if is_equal) in (["coffee.png"], ["same.webp"])
    only = (await api.get("/v1/duplicates?equal=true")).json
    assert (only["total"], only["equal_total"], only["contains"]) == (1, 1, [])
    assert {one["name"] for one in only["groups"][0]["images"]} == {"coffee.png", "same.webp"}

    ids = [[one["id"] for one in group["images"]] for group in only["groups"]]
    decided = await api("POST", "/v1/duplicates/best", json={"groups": ids})
    assert (decided.status, decided.json["removed"], decided.json["left"]) == (200, ids[0][1:], [])
    assert (await api.get("/v1/duplicates")).json["equal_total"] == 0
    await api("POST", f"/v1/operations/{decided.json['operation_id']}/undo")
    assert (await api.get("/v1/duplicates")).json["equal_total"] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_request"),
        ({"groups": []}, "invalid_request"),
        ({"groups": [[1]]}, "invalid_request"),
        ({"groups": [[1, 2], [2, 3]]}, "invalid_request"),
        ({"groups": [[1, 2]] * 501}, "invalid_request"),
        ({"groups": [[1, 2]], "keep": "best"}, "invalid_request"),
        ({"groups": [[1, 2]]}, "not_duplicates"),
        ({"groups": [[998, 999]]}, "not_duplicates"),
    ],
)
async def test_groups_that_cannot_be_decided_on_are_refused(api: Client, body: dict[str, Any], code: str) -> None:
    assert (await api("POST", "/v1/duplicates/best", json=body)).code == code


async def test_deciding_on_many_groups_needs_the_admin_key(api: Client) -> None:
    assert (await api("POST", "/v1/duplicates/best", json={"groups": [[1, 2]]}, key=None)).code == "key_required"
