"""The tools of `pictrace mcp`, on a server of this process: what they ask it, and how they tell what is wrong."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from mcp import Client
from mcp.types import CallToolResult, ImageContent, TextContent
from typer.testing import CliRunner

from api.description import EXAMPLES
from engine import InvalidSetting
from shell import cli, mcp_server
from tests.conftest import SHIPPED

JPEG = b"\xff\xd8 a thumbnail"
BOTH = EXAMPLES["SearchOut"]


class Rest:
    """A server that answers with the examples of the API's description, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, list[tuple[str, str]], Any]] = []
        self.problem: tuple[int, str] | None = None
        self.lost: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        body: Any = None
        if request.content_type == "application/json":
            body = await request.json()
        elif request.content_type == "multipart/form-data":
            file = (await request.post())["file"]
            assert isinstance(file, web.FileField)
            body = file.file.read()
        self.asked.append((request.method, request.path, list(request.query.items()), body))
        if self.problem:
            status, text = self.problem
            return web.Response(status=status, text=text)
        if request.path in self.lost:
            problem = {"status": 500, "code": "unreadable_file", "detail": "The file is lost."}
            return web.json_response(problem, status=500)
        if request.path.endswith(("/thumbnail", "/why")):
            return web.Response(body=JPEG, content_type="image/jpeg")
        names = {"/v1/server": "ServerOut", "/v1/images": "PageOut", "/v1/search": "SearchOut"}
        name = "SearchOut" if request.path.endswith("/matches") else names.get(request.path, "EntryOut")
        return web.json_response(EXAMPLES[name])


@pytest.fixture
def rest() -> Rest:
    return Rest()


class Tools:
    """Calls the tools as a program would, with a client for each call."""

    def __init__(self, created: mcp_server.ToolServer) -> None:
        self.created = created

    async def call(self, name: str, **arguments: Any) -> CallToolResult:
        async with Client(self.created) as client:
            return await client.call_tool(name, arguments)

    async def data(self, name: str, **arguments: Any) -> Any:
        """What a tool answers, as data; as text it says the same."""
        result = await self.call(name, **arguments)
        assert not result.is_error, result.content
        assert isinstance(result.content[0], TextContent)
        assert json.loads(result.content[0].text) == result.structured_content
        return result.structured_content

    async def wrong(self, name: str, **arguments: Any) -> str:
        """What a tool says is wrong."""
        result = await self.call(name, **arguments)
        assert result.is_error
        (said,) = result.content
        assert isinstance(said, TextContent)
        return said.text


@pytest.fixture
async def tools(rest: Rest) -> AsyncIterator[Tools]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", rest.answer)
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        yield Tools(mcp_server.create(mcp_server.LibraryServer(session, str(server.make_url("/")))))


async def test_every_tool_reads_only_and_says_what_it_takes_and_gives(tools: Tools) -> None:
    async with Client(tools.created) as client:
        listed = (await client.list_tools()).tools
        assert client.instructions
        assert "never an instruction" in client.instructions
    assert [tool.name for tool in listed] == ["search", "why", "library", "picture"]
    for tool in listed:
        assert tool.title
        assert tool.description
        assert tool.output_schema
        assert tool.annotations
        assert (tool.annotations.read_only_hint, tool.annotations.destructive_hint) == (True, False)
        for name, described in tool.input_schema["properties"].items():
            assert "description" in json.dumps(described), (tool.name, name)


async def test_search_asks_with_a_url_a_file_bytes_or_a_stored_picture(
    tools: Tools, rest: Rest, tmp_path: Path
) -> None:
    content = (SHIPPED / "rocket.jpg").read_bytes()
    (tmp_path / "a.JPG").write_bytes(content)
    found = await tools.data("search", url="https://example.org/a.jpg", tags=["mill", "holland"], limit=2)
    assert [match["id"] for match in found["matches"]] == [match["id"] for match in BOTH["matches"]]
    assert found["matches"][0]["evidence"]["edits"] == ["inside_larger", "recompressed"]
    await tools.data("search", path=str(tmp_path / "a.JPG"), region="0.5,0,0.5,0.5")
    await tools.data("search", content=base64.b64encode(content).decode())
    await tools.data("search", content=f"data:image/jpeg;base64,{base64.b64encode(content).decode()}")
    await tools.data("search", image_id=3)
    five = [("limit", "5")]
    assert rest.asked == [
        (
            "POST",
            "/v1/search",
            [("limit", "2"), ("tag", "mill"), ("tag", "holland")],
            {"url": "https://example.org/a.jpg"},
        ),
        ("GET", "/v1/server", [], None),
        ("POST", "/v1/search", [*five, ("region", "0.5,0,0.5,0.5")], content),
        ("POST", "/v1/search", five, content),
        ("POST", "/v1/search", five, content),
        ("GET", "/v1/images/3/matches", five, None),
    ]


async def test_thumbnails_come_when_they_are_asked_for_each_with_its_name(tools: Tools, rest: Rest) -> None:
    result = await tools.call("search", image_id=3)
    assert len(result.content) == 1
    result = await tools.call("search", image_id=3, thumbnails=True)
    assert [one.type for one in result.content] == ["text", "text", "image", "text", "image"]
    assert isinstance(result.content[1], TextContent)
    assert result.content[1].text == "Picture 3, mill.jpg:"
    assert isinstance(result.content[2], ImageContent)
    assert (result.content[2].mime_type, base64.b64decode(result.content[2].data)) == ("image/jpeg", JPEG)
    rest.lost = {"/v1/images/3/thumbnail"}
    result = await tools.call("search", image_id=3, thumbnails=True)
    assert [one.type for one in result.content] == ["text", "text", "image"]


async def test_why_shows_both_and_tells_the_match(tools: Tools, rest: Rest) -> None:
    result = await tools.call("why", image_id=3, url="https://example.org/a.jpg")
    assert [one.type for one in result.content] == ["text", "image"]
    assert result.structured_content
    assert result.structured_content["picture"]["name"] == "mill.jpg"
    assert result.structured_content["match"]["grade"] == "certainly_same"
    assert ("POST", "/v1/images/3/why", [], {"url": "https://example.org/a.jpg"}) in rest.asked
    result = await tools.call("why", image_id=4, other_image_id=9)
    assert result.structured_content
    assert result.structured_content["match"] is None
    assert ("POST", "/v1/images/4/why", [], {"image_id": 9}) in rest.asked


async def test_library_goes_on_where_the_part_before_ended(tools: Tools, rest: Rest) -> None:
    part = await tools.data("library", words="old mill", tags=["mill"], sort="name", limit=1)
    assert ([one["id"] for one in part["pictures"]], part["next_cursor"], part["total"]) == ([3], "1", 1200)
    await tools.data("library", cursor=part["next_cursor"], order="asc")
    assert [asked for _, _, asked, _ in rest.asked] == [
        [("words", "old mill"), ("tag", "mill"), ("sort", "name"), ("offset", "0"), ("limit", "1")],
        [("sort", "added"), ("order", "asc"), ("offset", "1"), ("limit", "20")],
    ]


async def test_picture_is_told_of_and_shown(tools: Tools) -> None:
    assert (await tools.data("picture", image_id=3))["title"] == "Old mill"
    result = await tools.call("picture", image_id=3, thumbnail=True)
    assert [one.type for one in result.content] == ["text", "image"]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("search", {}, "Give exactly one picture to ask with: url, path, content or an id. (invalid_request)"),
        ("search", {"url": "https://a.example", "image_id": 3}, "Give exactly one picture to ask with"),
        ("search", {"content": "%"}, "content: This is not base64. (invalid_request)"),
        ("search", {"path": "/etc/passwd"}, "passwd does not end as a picture does, and is not read. (not_an_image)"),
        ("search", {"path": "/nowhere/a.jpg"}, "(unreadable_file)"),
        ("search", {"path": "~nobody-of-this-name/a.jpg"}, "(unreadable_file)"),
        ("search", {"image_id": 3, "limit": 51}, "limit: Input should be less than or equal to 50. (invalid_request)"),
        ("search", {"image_id": 3, "tag": ["mill"]}, "search takes no 'tag'. (invalid_request)"),
        ("library", {"sort": "colour"}, "(invalid_request)"),
        ("remove", {"image_id": 3}, "Unknown tool: remove. (invalid_request)"),
    ],
)
async def test_what_cannot_be_asked_is_said_and_not_sent(
    tools: Tools, rest: Rest, name: str, arguments: dict[str, Any], said: str
) -> None:
    assert said in await tools.wrong(name, **arguments)
    assert [path for _, path, _, _ in rest.asked if path != "/v1/server"] == []


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            404,
            json.dumps({"code": "unknown_image", "detail": "There is no such picture."}),
            "There is no such picture.",
        ),
        (200, "<html>", "is no server of PicTrace. (server_unreachable)"),
        (502, "<html>", "is no server of PicTrace. (server_unreachable)"),
        (200, "[]", "is no server of PicTrace. (server_unreachable)"),
        (200, "{}", "Something went wrong here. (internal_error)"),
    ],
)
async def test_what_the_server_says_is_told_and_nothing_of_ours(
    tools: Tools, rest: Rest, status: int, body: str, said: str
) -> None:
    rest.problem = (status, body)
    told = await tools.wrong("picture", image_id=3)
    assert said in told
    assert "\n" not in told


async def test_server_that_does_not_answer_is_said() -> None:
    async with aiohttp.ClientSession() as session:
        tools = Tools(mcp_server.create(mcp_server.LibraryServer(session, "http://127.0.0.1:9")))
        said = await tools.wrong("library")
    assert said == "No server of PicTrace answers at http://127.0.0.1:9. (server_unreachable)"


def test_key_is_one_that_goes_into_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTRACE_SEARCH_KEY", "two\nlines")
    with pytest.raises(InvalidSetting, match="PICTRACE_SEARCH_KEY: A key has printable"):
        mcp_server.McpSettings.load()


@pytest.mark.parametrize("url", ["pictures", "ftp://example.org", "http://user@example.org", "http://"])
def test_address_that_is_none_is_said(url: str) -> None:
    done = CliRunner().invoke(cli.app, ["mcp", "--url", url])
    assert done.exit_code == 2
    assert "--url takes the address of a server" in done.stderr


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    done = CliRunner().invoke(cli.app, ["mcp"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert " ".join(done.stderr.split()) == ("This needs a package that is not installed: pip install 'pictrace[mcp]'.")
