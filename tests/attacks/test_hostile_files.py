"""Every kind of hostile file, through every door: what it is answered, what it takes, and that others are served."""

import asyncio
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from engine.concurrency import on_behalf_of
from engine.errors import ImageError
from engine.pictures.decoding import Decoders
from tests.attacks.conftest import MAX_ADDRESS_BYTES, MAX_WORKER_BYTES, REFUSED, SAID, watched, workers_of
from tests.attacks.hostile_files import KINDS, mutations, small_pictures
from tests.bot.conftest import Talk, talk, talk_on, telegram, texts  # noqa: F401 - fixtures
from tests.conftest import SHIPPED, Command

ATTACKERS = 4
SLOW = "bmp_run_length_4_bit"  # two seconds of computing
MUTATIONS = int(os.environ.get("MUTATIONS", "300"))
QUERY = (SHIPPED / "rocket.jpg").read_bytes()
# All kinds go through the API; through shell and bot the worst of each format, or all by `make test-attacks-long`.
WORST = [
    "gif_frame_of_4_gigapixels_43_bytes",
    "tiff_tile_of_2_gigapixels",
    "jpg_1_000_scans",
    "png_50_million_high",
    "bmp_run_length_4_bit",
    "webp_canvas_of_2_to_the_48_pixels",
    "avif_268_megapixels_that_claim_16_x_16",
    "heic_nested_boxes",
    "png_1_000_texts_of_1_mb",
]
THROUGH_SHELL_AND_BOT = list(KINDS) if MUTATIONS > 300 else WORST


def limited() -> None:
    """Of a child: no more address space than this, whatever it is sent."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_BYTES, MAX_ADDRESS_BYTES))


def right(name: str, code: str | None) -> bool:
    """Whether this is what the kind must be answered; None where it was taken."""
    return code == REFUSED[name] if name in REFUSED else code is None or code in SAID


def test_shell_takes_or_refuses_each(pictrace: Command, hostile: Path) -> None:
    process = subprocess.Popen(
        [*pictrace.argv, "add", "--json", *(str(hostile / f"{name}.jpg") for name in THROUGH_SHELL_AND_BOT)],
        env=pictrace.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=pictrace.env["HOME"],
        preexec_fn=limited,
    )
    with watched(process.pid) as taken:
        said, complaints = process.communicate(timeout=300)
    assert process.returncode == 1, complaints  # some were refused
    results = {Path(line["name"]).stem: line.get("code") for line in map(json.loads, said.splitlines())}
    assert results.keys() == set(THROUGH_SHELL_AND_BOT)
    assert [name for name, code in results.items() if not right(name, code)] == []
    assert 0 < taken.worker_bytes < MAX_WORKER_BYTES
    assert "Traceback" not in complaints
    (found,) = pictrace.json("search", "--json", SHIPPED / "rocket.jpg")
    assert "matches" in found


def multipart(content: bytes) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return head + content + b"\r\n--b--\r\n"


def asked(url: str, content: bytes, client: str) -> tuple[int, str | None]:
    """Search as a client; the status and the code of the answer."""
    headers = {"Content-Type": "multipart/form-data; boundary=b", "X-Forwarded-For": client}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/search", multipart(content), headers)) as answer:
            return answer.status, None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["code"]


def unanswered(url: str, client: str) -> None:
    """The same with something slow; the server may go before it answers."""
    with suppress(OSError):
        asked(url, KINDS[SLOW](), client)


def until(is_so: Callable[[], bool]) -> None:
    for _ in range(3000):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it never was")


@contextmanager
def served(pictrace: Command) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`pictrace-api` behind a proxy that it trusts: this machine, which names clients as it likes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "--port", "0"],
        env=pictrace.env
        | {
            "PICTRACE_ADMIN_KEY": "admin-key-for-tests",
            "PICTRACE_TRUSTED_PROXIES": "127.0.0.1",
            "PICTRACE_RATE_LIMIT": "0",
            "COLUMNS": "1000",
        },
        stderr=subprocess.PIPE,
        text=True,
        cwd=pictrace.env["HOME"],
        preexec_fn=limited,
    )
    assert process.stderr
    try:
        line = process.stderr.readline()
        found = re.search(r"http://localhost:\d+", line)
        assert found, line
        threading.Thread(target=process.stderr.read, daemon=True).start()
        with urllib.request.urlopen(f"{found.group()}/health/ready", timeout=60):
            yield process, found.group()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_api_refuses_every_kind_while_others_are_served(pictrace: Command, hostile: Path) -> None:
    pictrace("add", SHIPPED / "rocket.jpg", SHIPPED / "coffee.png")
    left = sorted(KINDS)
    random.Random(1).shuffle(left)
    answers: dict[str, tuple[int, str | None]] = {}

    def attack(url: str, client: str) -> None:
        while left:
            name = left.pop()
            answers[name] = asked(url, (hostile / f"{name}.jpg").read_bytes(), client)

    with served(pictrace) as (process, url), watched(process.pid) as taken:
        threads = [threading.Thread(target=attack, args=(url, f"192.0.2.{number}")) for number in range(ATTACKERS)]
        for thread in threads:
            thread.start()
        others = []
        while any(thread.is_alive() for thread in threads):
            others.append(asked(url, QUERY, "198.51.100.7"))
            with urllib.request.urlopen(f"{url}/health/ready", timeout=60) as health:
                assert health.status == 200
            time.sleep(0.1)  # others do not ask without a pause
        for thread in threads:
            thread.join()
        assert set(others) == {(200, None)}
        assert len(others) > len(KINDS) / 10  # nobody waited for the attackers to be done
        assert [name for name in KINDS if not right(name, answers[name][1])] == []
        assert {answers[name][0] for name, code in REFUSED.items() if code == "too_costly"} == {422}
        assert taken.worker_bytes < MAX_WORKER_BYTES


def test_api_stops_though_pictures_are_being_decoded(pictrace: Command) -> None:
    with served(pictrace) as (process, url):
        slow = [threading.Thread(target=unanswered, args=(url, f"192.0.2.{number}")) for number in range(ATTACKERS)]
        for thread in slow:
            thread.start()
        until(lambda: bool(workers_of(process.pid)))
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        for thread in slow:
            thread.join()


def test_interrupted_addition_ends_though_pictures_are_being_decoded(pictrace: Command, tmp_path: Path) -> None:
    content = KINDS[SLOW]()
    for number in range(30):
        (tmp_path / f"{number}.bmp").write_bytes(content + bytes([number]))
    process = pictrace.start("add", "--json", tmp_path)
    until(lambda: len(workers_of(process.pid)) > 1)
    workers = workers_of(process.pid)
    process.send_signal(signal.SIGINT)
    said, complaints = process.communicate(timeout=10)  # all of them would take half a minute
    assert process.returncode == 130, complaints
    assert len(said.splitlines()) < 30
    assert "Traceback" not in complaints
    assert not any(worker.is_running() for worker in workers)


async def test_bot_is_sorry_once_for_each(talk: Talk, hostile: Path) -> None:  # noqa: F811
    for name in THROUGH_SHELL_AND_BOT:
        content = await asyncio.to_thread((hostile / f"{name}.jpg").read_bytes)
        answers = await talk.ask(talk.ada, document=("a.jpg", content, "image/jpeg"), document_thumbnail=False)
        if name in REFUSED:
            assert len(answers) == 1, name
            assert "Something went wrong" not in texts(answers)[0]
    found = await talk.ask(talk.boris, photo=QUERY)
    assert any("rocket" in text.lower() for text in texts(found))


@pytest.mark.parametrize("kind", small_pictures())
async def test_damaged_file_of_every_format_is_decoded_or_refused(kind: str) -> None:
    content = small_pictures()[kind]
    count = MUTATIONS // len(small_pictures()) + 1
    async with Decoders(2, max_bytes=20 * 2**20, max_pixels=50_000_000) as door:
        with on_behalf_of("attacker"), watched(os.getpid()) as taken:
            for changed in mutations(content, seed=7, count=count):
                try:
                    image = await door.decode(changed, side=1200)
                except ImageError as error:
                    assert error.code != "error"  # noqa: PT017 - one of the engine's kinds
                else:
                    assert image.pixels.ndim == 3
        assert (await door.decode(content, side=1200)).pixels.size
    assert taken.worker_bytes < MAX_WORKER_BYTES
