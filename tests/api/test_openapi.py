"""The description of the API is complete, and true of the API."""

import json
import re
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from api import schemas
from api.app import create_app
from api.settings import ApiSettings
from tests.api.conftest import Client, Serve, shipped

# Generated clients have a method of each of these names: one that is changed breaks programs of other people.
OPERATIONS = {
    "add_archive", "add_image", "add_samples", "begin_addition", "check_live", "check_ready", "decide_duplicates",
    "edit_image", "edit_images", "get_file", "get_image", "get_metrics", "get_place", "get_preview", "get_related",
    "get_removed_thumbnail", "get_sample", "get_server", "get_thumbnail", "keep_best", "list_days", "list_duplicates",
    "list_images", "list_operations", "list_tags", "list_trash", "remove_image", "remove_images", "remove_samples",
    "restore_images", "search", "search_stored", "undo_operation", "why", "zip_images",
}  # fmt: skip
BINARY = {"type": "string", "format": "binary"}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return create_app(ApiSettings(_env_file=None)).openapi()


def operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in description["paths"].items()
        for method, operation in item.items()
    ]


def test_every_operation_says_what_it_does_and_how_it_fails(description: dict[str, Any]) -> None:
    assert len(operations(description)) >= 19
    for name, operation in operations(description):
        assert operation["summary"], name
        assert operation["description"], name
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                content = answer["content"]["application/problem+json"]
                assert content["examples"], (name, status)
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert answer["description"], (name, status)


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a description."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(one)


def test_operations_keep_their_names(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(description)]
    assert len(names) == len(set(names))
    assert set(names) == OPERATIONS
    assert max(len(name) for name in names) <= 24


def test_no_name_is_made_up_by_a_program(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    assert [name for name in schemas if not re.fullmatch(r"([A-Z][a-z]+)+", name)] == []
    for name, schema in schemas.items():
        assert schema.get("title", name) == name


def test_every_body_and_every_choice_has_a_name_of_its_own(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"].values()
    for node in nodes(description):
        if "enum" in node:
            assert any(node is schema for schema in schemas), node
    for name, operation in operations(description):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            assert content["schema"].keys() == {"$ref"}, (name, kind)


def test_every_reference_leads_somewhere_and_every_bound_is_one(description: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    for node in nodes(description):
        if isinstance(node.get("$ref"), str):
            assert node["$ref"] in known
        if node.get("type") == "integer":
            assert not node.keys() & {"ge", "le"}, node


def test_files_are_typed_as_such_both_ways(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    forms = [schema for name, schema in schemas.items() if name.endswith("Form")]
    assert len(forms) == 4
    for form in forms:
        assert form["properties"]["file"].items() >= BINARY.items()
        assert "file" in form["required"]
    for name, operation in operations(description):
        for answer in operation["responses"].values():
            for kind, content in answer.get("content", {}).items():
                assert "schema" in content, (name, kind)
                if kind.startswith("image/") or kind == "application/zip":
                    assert content["schema"] == BINARY, name


def test_bodies_have_examples(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            schema = content["schema"]
            if "$ref" in schema:
                schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            assert schema["example"].keys() <= schema["properties"].keys(), (name, kind)
            assert schema["example"].keys() >= set(schema.get("required", [])), (name, kind)


def codes_of(operation: dict[str, Any]) -> set[str]:
    return {
        code
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
    }


def test_what_any_operation_can_answer_is_said_of_each(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        codes = codes_of(operation)
        assert codes >= {"wrong_host", "at_capacity", "internal_error", "stopping"}, name
        assert ("body_too_slow" in codes) == ("requestBody" in operation), name
        assert ("library_busy" in codes) == ("library_damaged" in codes) == (name != "GET /health/live"), name


def test_lost_files_are_told_of_wherever_files_are_read(description: dict[str, Any]) -> None:
    assert {name for name, operation in operations(description) if "unreadable_file" in codes_of(operation)} == {
        "GET /v1/images/{image_id}/matches",
        "POST /v1/images/{image_id}/why",
        "GET /v1/images/{image_id}/file",
        "GET /v1/images/{image_id}/thumbnail",
        "GET /v1/images/{image_id}/preview",
        "GET /v1/trash/{image_id}/thumbnail",
    }


def test_every_answer_has_an_example_that_is_one(description: dict[str, Any]) -> None:
    found = set()
    for name, operation in operations(description):
        for status, answer in operation["responses"].items():
            shown = answer.get("content", {}).get("application/json")
            if not shown or int(status) >= 400:
                continue
            schema = shown["schema"]["$ref"].rpartition("/")[2]
            example = description["components"]["schemas"][schema]["example"]
            getattr(schemas, schema).model_validate_json(json.dumps(example), extra="forbid")
            found.add(schema)
            assert example.keys() == getattr(schemas, schema).model_fields.keys(), (name, schema)
    assert found >= {"SearchOut", "EntryOut", "AddOut", "ServerOut", "PageOut", "UndoneOut"}


async def test_headers_of_the_limit_are_described_where_they_are_given(
    description: dict[str, Any], serve: Serve
) -> None:
    headers = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
    rated = set()
    for name, operation in operations(description):
        for status, answer in operation["responses"].items():
            if headers & answer.get("headers", {}).keys():
                assert headers <= answer["headers"].keys(), (name, status)
                rated.add((name, status))
    assert rated == {
        *(("POST /v1/search", status) for status in ("200", "429")),
        *(("GET /v1/images/{image_id}/matches", status) for status in ("200", "429")),
        *(("POST /v1/images/{image_id}/why", status) for status in ("200", "429")),
        *(("GET /v1/images", status) for status in ("200", "429")),
        *(("GET /v1/images/days", status) for status in ("200", "429")),
        *(("GET /v1/images/{image_id}/place", status) for status in ("200", "429")),
        *(("POST /v1/images/zip", status) for status in ("200", "429")),
        *(("POST /v1/images", status) for status in ("200", "201", "429")),
        *(("POST /v1/samples", status) for status in ("201", "429")),
    }
    described = description["paths"]["/v1/search"]["post"]["responses"]["429"]["headers"].keys()
    assert described == headers | {"Retry-After"}
    async with serve(rate_limit=1) as api:
        for status in (200, 429):
            answer = await api.search(shipped("rocket.jpg"))
            assert (answer.status, headers <= answer.headers.keys()) == (status, True)


def test_limit_of_wrong_keys_is_told_wherever_keys_are_taken(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        codes = codes_of(operation)
        assert "wrong_key" not in codes or "rate_limited" in codes, name
        if "rate_limited" in codes:
            assert "Retry-After" in operation["responses"]["429"]["headers"], name
    assert "wrong_key" in codes_of(description["paths"]["/v1/server"]["get"])


def test_edit_must_say_something(description: dict[str, Any]) -> None:
    assert description["components"]["schemas"]["EditRequest"]["minProperties"] == 1


def test_bound_of_words_is_told(description: dict[str, Any]) -> None:
    parameters = description["paths"]["/v1/images"]["get"]["parameters"]
    (words,) = [one for one in parameters if one["name"] == "words"]
    assert "at most 8" in words["description"]


async def test_method_that_is_not_taken_is_answered_with_all_that_are(
    description: dict[str, Any], serve: Serve
) -> None:
    async with serve(filled=False) as api:
        for path, item in description["paths"].items():
            taken = {method.upper() for method in item}
            expected = taken | ({"HEAD"} if "GET" in taken else set())
            at = path.replace("{image_id}", "1").replace("{operation_id}", "1").replace("{name}", "crop")
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - taken:
                answer = await api(method, at)
                assert (answer.status, answer.code) == (405, "method_not_allowed"), (method, path)
                assert set(answer.headers["Allow"].split(", ")) == expected, (method, path)
        for path in ("/", "/app.js", "/v1/openapi.json"):
            answer = await api("POST", path)
            assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD"), path


async def test_description_is_served(api: Client) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{api.url}/v1/openapi.json") as response:
        assert (await response.json())["info"]["title"] == "PicTrace"
