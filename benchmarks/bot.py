"""`make bench-bot`: a crowd sends photos to the bot at once.

usage: bot.py [--people 50] [--photos 200] [--pictures 1000]

The bot is a process of its own with the default settings; the tests' Bot API server plays Telegram on loopback, in this
process, so that both share the machine. A photo's time runs from the moment it is sent until the message with the
buttons, the last of its answer, has arrived.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.run import made, sources
from engine import EngineSettings, Source, open_service
from tests.telegram.server import FakeTelegram

console = Console()


@asynccontextmanager
async def running(data_dir: str, telegram: FakeTelegram) -> AsyncIterator[asyncio.subprocess.Process]:
    env = os.environ | {
        "PICTRACE_DATA_DIR": data_dir,
        "PICTRACE_TELEGRAM_TOKEN": telegram.token,
        "PICTRACE_TELEGRAM_API": telegram.url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", env=env, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await telegram.until(lambda: any(call.method == "getUpdates" for call in telegram.calls), timeout=120)
        yield process
    finally:
        process.terminate()
        await process.wait()


def replied(message: dict[str, Any]) -> tuple[int, int]:
    return message["chat"]["id"], message.get("reply_to_message", {}).get("message_id", 0)


async def measure(people: int, photos: int, pictures: int) -> None:
    originals = sources(None)
    queries = list(made(originals, photos, seed=1))  # of the same pictures, edited alike: many have their like in there
    with tempfile.TemporaryDirectory(prefix="pictrace-bench-") as data_dir:
        async with open_service(EngineSettings(_env_file=None, data_dir=Path(data_dir))) as service:
            given = [
                Source(f"{at}.jpg", partial(bytes, one), len(one))
                for at, one in enumerate(made(originals, pictures, 1))
            ]
            async for _ in service.add(given, actor="benchmark"):
                pass
        async with FakeTelegram() as telegram, running(data_dir, telegram):
            crowd = [telegram.user(1000 + number, f"P{number}") for number in range(people)]
            await telegram.quiet(2, timeout=60)
            began = time.monotonic()
            asked = [telegram.say(crowd[at % people], photo=query) for at, query in enumerate(queries)]
            wanted = {(one["chat"]["id"], one["message_id"]) for one in asked}
            complete: dict[tuple[int, int], float] = {}

            def all_answered() -> bool:
                for message in telegram.sent():
                    if "reply_markup" in message:
                        complete.setdefault(replied(message), time.monotonic() - began)
                return wanted <= set(complete)

            await telegram.until(all_answered, timeout=600)
            await telegram.quiet(2)
            answers = Counter(replied(message) for message in telegram.sent() if "reply_markup" in message)
            show(people, photos, list(complete.values()), answers, len(wanted - set(complete)), len(telegram.calls))


def show(people: int, photos: int, took: list[float], answers: Counter[Any], lost: int, calls: int) -> None:
    table = Table(title=f"{photos} photos from {people} people at once", title_justify="left")
    for column in ("", "answers"):
        table.add_column(column)
    table.add_row("lost · answered twice", f"{lost} · {sum(count > 1 for count in answers.values())}")
    table.add_row("first answer after", f"{min(took):.1f} s")
    table.add_row("median / 99th percentile", f"{median(took):.1f} / {quantiles(took, n=100)[98]:.1f} s")
    table.add_row("all answered after", f"{max(took):.1f} s, {photos / max(took):.1f} a second")
    table.add_row("requests to Telegram", f"{calls:,}")
    console.print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--pictures", type=int, default=1000)
    asyncio.run(measure(**vars(parser.parse_args())))
