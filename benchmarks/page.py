"""How soon the page is there on a slow line.

usage: page.py [--latency-ms 600] [--view /] [--json FILE]

A real Chromium opens the page of a server of its own, whose library has the sample pictures, through a proxy on
loopback that adds latency: a round trip for each new connection, and half of one each way for whatever is sent. Told
are the requests, the connections and the bytes on the line until all of the first look is there, and in the end, with
what later looks need and the pictures; when something is painted first; when the question can be asked (its field is
there); and when all of it is there, with what only the server knows. The first visit has an empty cache, the second
comes from the same browser.
"""

import argparse
import asyncio
import json
import shutil
import socket
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, async_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.load import served

START_S = 120
CHUNK = 64 * 1024
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
console = Console()


@dataclass
class Line:
    """A slow line to a server, and what has gone over it."""

    latency_s: float
    port: int
    connections: int = 0
    requests: int = 0
    received: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser's."""
        self.connections += 1
        await asyncio.sleep(self.latency_s)  # the handshake
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(self._pass_on(reader, to_server), self._pass_on(from_server, writer, is_answer=True))

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool = False
    ) -> None:
        """What comes from one side reaches the other half a round trip later, in its order."""
        late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sending = asyncio.ensure_future(self._send_late(late, target))
        with suppress(ConnectionError):
            while chunk := await source.read(CHUNK):
                if is_answer:
                    self.received += len(chunk)
                self.requests += chunk.startswith(b"GET ")
                late.put_nowait((time.monotonic() + self.latency_s / 2, chunk))
        late.put_nowait((0, b""))
        await sending

    async def _send_late(self, late: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while (one := await late.get())[1]:
                await asyncio.sleep(max(0, one[0] - time.monotonic()))
                target.write(one[1])
                await target.drain()
        target.close()


@asynccontextmanager
async def slow_line(port: int, latency_s: float) -> AsyncIterator[tuple[Line, int]]:
    """The line, and the port at which it is entered."""
    line = Line(latency_s, port)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    try:
        yield line, server.sockets[0].getsockname()[1]
    finally:
        server.close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def fill(port: int) -> None:
    """Wait for the server, and give it the sample pictures."""
    end = time.monotonic() + START_S
    while True:
        with suppress(OSError):
            wanted = urllib.request.Request(f"http://127.0.0.1:{port}/v1/samples", method="POST")
            urllib.request.urlopen(wanted, timeout=START_S).read()
            return
        if time.monotonic() > end:
            raise SystemExit("the server does not start")
        time.sleep(0.2)


async def visit(context: BrowserContext, line: Line, address: str) -> dict[str, Any]:
    """One look at the page, in a tab of its own."""
    page = await context.new_page()
    line.connections = line.requests = line.received = 0
    began = time.monotonic()
    await page.goto(address, wait_until="commit")
    await page.wait_for_selector("#link", state="visible")
    asked_s = time.monotonic() - began
    await page.wait_for_selector(".samples .tile", state="visible")
    whole_s = time.monotonic() - began
    found: dict[str, Any] = {
        "requests": line.requests,
        "connections": line.connections,
        "kB": round(line.received / 1000, 1),
        "first paint s": round(await page.evaluate(PAINT) / 1000, 2),
        "can be asked s": round(asked_s, 2),
        "all there s": round(whole_s, 2),
    }
    await page.wait_for_load_state("networkidle")
    found |= {"requests in the end": line.requests, "kB in the end": round(line.received / 1000, 1)}
    await page.close()
    return found


async def measure(port: int, latency_s: float, view: str) -> dict[str, dict[str, Any]]:
    async with slow_line(port, latency_s) as (line, entry), async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = await chromium.new_context(service_workers="block")
        address = f"http://127.0.0.1:{entry}{view}"
        found = {name: await visit(context, line, address) for name in ("first visit", "second visit")}
        await chromium.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--latency-ms", type=int, default=600)
    parser.add_argument("--view", default="/")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as data_dir, served(data_dir, port, 1):
        fill(port)
        found = asyncio.run(measure(port, given.latency_ms / 1000, given.view))
    table = Table("", *found)
    for name, figure in found["first visit"].items():
        table.add_row(name, str(figure), str(found["second visit"][name]))
    console.print(table)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
