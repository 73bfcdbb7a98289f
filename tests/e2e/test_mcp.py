"""`pictrace mcp` as a process, asked by the library's own client, on a server that is another process."""

import base64
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, ImageContent, TextContent

from tests.conftest import SHIPPED, Command
from tests.e2e.conftest import Holding
from tests.e2e.test_api_process import api

SEARCH_KEY = "search-key-for-processes"


def started(pictrace: Command, url: str, **env: str) -> StdioServerParameters:
    command, *arguments = pictrace.argv
    return StdioServerParameters(
        command=command, args=[*arguments, "mcp", "--url", url], env=pictrace.env | env, cwd=pictrace.home
    )


async def told(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    assert result.is_error
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


@pytest.mark.system
async def test_library_is_searched_explained_and_listed(pictrace: Command, holding: Holding, tmp_path: Path) -> None:
    holding("chelsea.png", "rocket.jpg", "coffee.png")
    query = SHIPPED / "chelsea.png"
    with api(pictrace, PICTRACE_SEARCH_KEY=SEARCH_KEY) as server:
        async with Client(started(pictrace, server.url, PICTRACE_SEARCH_KEY=SEARCH_KEY)) as client:
            found = (await client.call_tool("search", {"path": str(query)})).structured_content
            assert found
            (best, *_) = found["matches"]
            assert (best["name"], best["lane"], best["evidence"]["exact"]) == ("chelsea.png", "same", True)
            content = base64.b64encode(query.read_bytes()).decode()
            again = await client.call_tool("search", {"content": content, "thumbnails": True, "limit": 1})
            assert again.structured_content
            assert again.structured_content["matches"] == [best]
            (shown,) = [one for one in again.content if isinstance(one, ImageContent)]
            assert base64.b64decode(shown.data).startswith(b"\xff\xd8")

            why = await client.call_tool("why", {"image_id": best["id"], "path": str(query)})
            assert why.structured_content
            assert why.structured_content["match"]["lane"] == "same"
            assert [one.type for one in why.content] == ["text", "image"]

            first = (await client.call_tool("library", {"sort": "name", "limit": 2})).structured_content
            assert first
            assert [one["name"] for one in first["pictures"]] == ["chelsea.png", "coffee.png"]
            rest = await client.call_tool("library", {"sort": "name", "cursor": first["next_cursor"]})
            assert rest.structured_content
            assert [one["name"] for one in rest.structured_content["pictures"]] == ["rocket.jpg"]
            assert rest.structured_content["next_cursor"] is None
            entry = (await client.call_tool("picture", {"image_id": best["id"]})).structured_content
            assert entry
            assert (entry["name"], entry["width"]) == ("chelsea.png", 451)

            assert await told(client, "picture", image_id=99) == (
                "There is no picture with the id 99 in this library. (unknown_image)"
            )
            (tmp_path / "secret.jpg").write_text("no picture at all")
            assert (await told(client, "search", path=str(tmp_path / "secret.jpg"))).endswith("(not_an_image)")
            assert (await told(client, "search", url="http://127.0.0.1/a.jpg")).endswith("(url_refused)")
            assert (await told(client, "search", image_id=best["id"], region="7")).endswith("(invalid_region)")
        async with Client(started(pictrace, server.url)) as client:
            assert (await told(client, "library")).endswith("(key_required)")


def test_stdin_that_ends_ends_it_and_stdout_is_for_the_protocol_alone(pictrace: Command) -> None:
    done = pictrace("mcp")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.system
def test_interrupt_ends_it_though_stdin_is_open(pictrace: Command) -> None:
    process = subprocess.Popen(
        [*pictrace.argv, "mcp"],
        env=pictrace.env,
        cwd=pictrace.home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    process.stdin.write(json.dumps(asked).encode() + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "pictrace"
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == -signal.SIGINT
    assert process.communicate() == (b"", b"")
