"""`make bench-load`: many clients against one API process, while pictures are being added.

usage: load.py [--clients 64] [--seconds 60] [--pictures 1000] [--workers 1] [--json FILE]

The server is a process of its own on loopback, with the default settings but without the rate limit. The clients ask
with edited copies of what is there. A first run asks only; in a second one a further client adds a picture after the
other; in a third `pictrace add` adds a folder. 503s are counted apart and waited out as told; `waited` is what a client
waits for its matches with all of that.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from benchmarks.run import made, sources

FOLDER_PICTURES_A_SECOND = 60  # more than can be added meanwhile
KEY = "only-for-this-benchmark"
console = Console()


@dataclass
class Tally:
    """What one run gave."""

    took_s: list[float] = field(default_factory=list)
    waited_s: list[float] = field(default_factory=list)  # the refusals before included
    refused: int = 0
    failed: int = 0
    added: int = 0


@contextmanager
def served(data_dir: str, port: int, workers: int) -> Iterator[Popen[bytes]]:
    env = os.environ | {
        "PICTRACE_DATA_DIR": data_dir,
        "PICTRACE_ADMIN_KEY": KEY,
        "PICTRACE_RATE_LIMIT": "0",
        "PICTRACE_API_WORKERS": str(workers),
    }
    process = Popen([sys.executable, "-m", "api", "--port", str(port)], env=env, stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def memory_mb(pid: int) -> float:
    """Resident now, with all child processes."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        fields = path.read_text().rpartition(")")[2].split()
        if path.parent.name == str(pid) or fields[1] == str(pid):
            total += int((path.parent / "statm").read_text().split()[1])
    return total * os.sysconf("SC_PAGESIZE") / 1e6


def form(content: bytes) -> aiohttp.FormData:
    data = aiohttp.FormData()
    data.add_field("file", content, filename="query.jpg")
    return data


async def ask(session: aiohttp.ClientSession, queries: list[bytes], until: float, tally: Tally) -> None:
    wanted_since = None
    while (started := time.perf_counter()) < until:
        wanted_since = wanted_since or started
        try:
            async with session.post("/v1/search", data=form(random.choice(queries))) as response:
                body = await response.read()
                if response.status == 200:
                    assert "matches" in json.loads(body)
                    now = time.perf_counter()
                    tally.took_s.append(now - started)
                    tally.waited_s.append(now - wanted_since)
                    wanted_since = None
                elif response.status == 503:
                    tally.refused += 1
                    await asyncio.sleep(float(response.headers["Retry-After"]))
                else:
                    tally.failed += 1
        except aiohttp.ClientError:
            tally.failed += 1


async def add_singly(session: aiohttp.ClientSession, contents: Iterator[bytes], until: float, tally: Tally) -> None:
    while time.perf_counter() < until:
        await add_one(session, next(contents), tally)


async def add_folder(folder: Path, data_dir: str, until: float, tally: Tally) -> None:
    """`pictrace add` for as long as there is time, then Ctrl-C."""
    env = os.environ | {"PICTRACE_DATA_DIR": data_dir}
    command = [sys.executable, "-m", "shell", "add", "--json", str(folder)]
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=PIPE, stderr=DEVNULL)
    assert process.stdout
    with suppress(TimeoutError):
        async with asyncio.timeout(until - time.perf_counter()):
            while line := await process.stdout.readline():
                tally.added += json.loads(line)["status"] == "added"
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    await process.communicate()


Adding = Callable[[float, Tally], Awaitable[None]]


async def run(
    session: aiohttp.ClientSession, queries: list[bytes], clients: int, seconds: float, adding: Adding | None
) -> Tally:
    tally = Tally()
    until = time.perf_counter() + seconds
    work: list[Awaitable[None]] = [ask(session, queries, until, tally) for _ in range(clients)]
    if adding:
        work.append(adding(until, tally))
    await asyncio.gather(*work)
    return tally


async def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    originals = sources(None)
    contents = made(originals, 10**6, seed=1)
    rows = []
    url = f"http://127.0.0.1:{options.port}"
    with (
        tempfile.TemporaryDirectory(prefix="pictrace-load-") as scratch,
        tempfile.TemporaryDirectory(prefix="pictrace-load-") as folder,
        served(scratch, options.port, options.workers) as process,
    ):
        async with connected(url) as session:
            await ready(session)
            filling = Tally()
            while filling.added < options.pictures:
                await asyncio.gather(*(add_one(session, next(contents), filling) for _ in range(8)))
        queries = list(made(originals, 100, seed=1))
        for number in range(int(options.seconds * FOLDER_PICTURES_A_SECOND)):
            (Path(folder) / f"{number}.jpg").write_bytes(next(contents))
        async with connected(url) as session:  # the server has closed what was idle meanwhile
            ways: dict[str, Adding | None] = {
                "asking": None,
                "asking while one adds": partial(add_singly, session, contents),
                "asking while a folder is added": partial(add_folder, Path(folder), scratch),
            }
            for name, adding in ways.items():
                before = memory_mb(process.pid)
                tally = await run(session, queries, options.clients, options.seconds, adding)
                rows.append(summary(name, tally, options.seconds, before, memory_mb(process.pid)))
    return rows


def connected(url: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0))


async def add_one(session: aiohttp.ClientSession, content: bytes, tally: Tally) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with session.post("/v1/images", data=form(content), headers=headers) as response:
        tally.added += response.status in (200, 201)


async def ready(session: aiohttp.ClientSession) -> None:
    for _ in range(600):
        try:
            async with session.get("/health/ready") as response:
                if response.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("The server did not come up.")


def summary(name: str, tally: Tally, seconds: float, before: float, after: float) -> dict[str, Any]:
    took, waited = sorted(tally.took_s), sorted(tally.waited_s)
    return {
        "what": name,
        "searches_a_second": len(took) / seconds,
        "median_ms": 1000 * median(took),
        "p99_ms": 1000 * took[int(0.99 * (len(took) - 1))],
        "waited_median_ms": 1000 * median(waited),
        "waited_longest_ms": 1000 * waited[-1],
        "waited_longest_in_medians": waited[-1] / median(waited),
        "refused_503": tally.refused,
        "failed": tally.failed,
        "added_a_second": tally.added / seconds,
        "memory_mb_before": before,
        "memory_mb_after": after,
    }


def show(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    table = Table(title=f"{options.clients} clients, {options.seconds:g} s, {options.pictures:,} pictures")
    table.add_column("")
    for row in rows:
        table.add_column(row["what"], justify="right")
    for name in list(rows[0])[1:]:
        table.add_row(name, *(f"{row[name]:,.1f}" for row in rows))
    console.print(table)
    for row in rows[1:]:
        slower = row["waited_median_ms"] / rows[0]["waited_median_ms"]
        console.print(f"{row['what']}: {slower:.2f} times the wait for matches.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--port", type=int, default=5066)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = asyncio.run(measure(given))
    show(found, given)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
