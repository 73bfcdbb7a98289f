"""The description of the API is complete, and true of the API."""

from typing import Any

import aiohttp
import pytest

from api.app import create_app
from api.settings import ApiSettings
from tests.api.conftest import Client


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
    assert len(operations(description)) >= 17
    for name, operation in operations(description):
        assert operation["summary"], name
        assert operation["description"], name
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                content = answer["content"]["application/problem+json"]
                assert content["examples"], (name, status)
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert answer["description"], (name, status)


def test_bodies_have_examples(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            schema = content["schema"]
            if "$ref" in schema:
                schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            assert kind == "multipart/form-data" or "example" in schema, (name, kind)


async def test_description_is_served(api: Client) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{api.url}/v1/openapi.json") as response:
        assert (await response.json())["info"]["title"] == "PicTrace"
