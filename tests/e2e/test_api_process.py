"""`pictrace-api` as a process: started, asked, stopped, killed."""

import http.client
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

import pytest

from tests.conftest import SHIPPED, Command
from tests.forking import loaded

START_S = 60
KEY = "admin-key-for-processes"
STYLE = re.compile(r"\x1b\[[\d;]*m")


class Door:
    """A server at an address, whoever runs it."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self.url = url
        self.key = key

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with suppress(OSError):
                if self.ask("/health/ready")[0] == 200:
                    break
            time.sleep(0.1)

    def ask(self, path: str, *, data: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, data, {k.replace("_", "-"): v for k, v in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def json(self, path: str, **how: Any) -> Any:
        status, body = self.ask(path, **how)
        assert status < 400, body
        return json.loads(body)

    def search(self, content: bytes) -> tuple[int, bytes]:
        return self.ask("/v1/search", data=multipart(content), Content_Type="multipart/form-data; boundary=b")

    def add(self, content: bytes, name: str = "a.jpg") -> tuple[int, bytes]:
        return self.ask(
            "/v1/images",
            data=multipart(content, name),
            Content_Type="multipart/form-data; boundary=b",
            Authorization=f"Bearer {self.key}",
        )


class Served(Door):
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], said: str, log: TextIO) -> None:
        self.process = process
        self.said = said
        self.log = log
        found = re.search(r"http://localhost:\d+", said)
        assert found, said
        key = re.search(r"#key=([\w-]+)", said)
        super().__init__(found.group(), key.group(1) if key else KEY)


def multipart(content: bytes, name: str = "a.jpg") -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--b--\r\n"


@contextmanager
def api(
    pictrace: Command, *arguments: str, key: str | None = KEY, terminal: bool = False, **env: str
) -> Iterator[Served]:
    """`pictrace-api` on a free port until the end; it must stop on SIGINT. Without `key`, none is in the settings."""
    here, its_side = pty.openpty() if terminal else os.pipe()
    own = {"PICTRACE_ADMIN_KEY": key} if key else {}
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "--port", "0", *arguments],
        env=pictrace.env | {"COLUMNS": "1000"} | own | env,
        stdin=subprocess.DEVNULL,
        stderr=its_side,
        text=True,
        cwd=pictrace.env["HOME"],
        start_new_session=True,
    )
    os.close(its_side)
    log = os.fdopen(here)
    try:
        said = ""
        while "stops it" not in said or not (key or "key" in said):
            line = STYLE.sub("", log.readline())
            assert line, said
            said += line
            if "As admin" in line:
                said += STYLE.sub("", log.readline())
        served = Served(process, said, log)
        served.wait_until_ready()
        yield served
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(40)
        log.close()


def test_key_is_shown_once_in_a_terminal_and_works(pictrace: Command) -> None:
    with api(pictrace, key=None, terminal=True) as first:
        assert first.said.count(first.key) == 2
        assert first.json("/v1/server", Authorization=f"Bearer {first.key}")["access"] == "admin"
        assert first.add((SHIPPED / "rocket.jpg").read_bytes())[0] == 201
    with api(pictrace, key=None, terminal=True) as second:
        assert first.key not in second.said
        assert "was shown when it was made" in second.said
        assert second.json("/v1/server", Authorization=f"Bearer {first.key}")["access"] == "admin"
        new = pictrace("admin-key", "--new").stdout.strip()
        assert second.ask("/v1/server", Authorization=f"Bearer {first.key}")[0] == 401
        assert second.json("/v1/server", Authorization=f"Bearer {new}")["access"] == "admin"


def test_key_never_gets_into_a_log(pictrace: Command) -> None:
    with api(pictrace, key=None) as first:
        assert "#key=" not in first.said
        assert "no admin key yet: run `pictrace admin-key --new`" in first.said
        new = pictrace("admin-key", "--new").stdout.strip()
        assert first.json("/v1/server", Authorization=f"Bearer {new}")["access"] == "admin"
    with api(pictrace, key=None) as second:
        assert new not in second.said
        assert "was shown when it was made" in second.said


def test_shell_and_api_share_a_library(pictrace: Command) -> None:
    with api(pictrace) as server:
        pictrace.json("add", "--json", SHIPPED / "coffee.png", SHIPPED / "rocket.jpg")
        found = json.loads(server.search((SHIPPED / "coffee.png").read_bytes())[1])["matches"]
        (in_shell,) = pictrace.json("search", "--json", SHIPPED / "coffee.png")
        assert [(m["id"], m["score"]) for m in found] == [(m["id"], m["score"]) for m in in_shell["matches"]]
        server.add((SHIPPED / "chelsea.png").read_bytes())
        (in_shell,) = pictrace.json("search", "--json", SHIPPED / "chelsea.png")
        assert in_shell["matches"][0]["evidence"]["exact"]


def test_shell_fetches_urls(pictrace: Command) -> None:
    with api(pictrace) as server:
        server.ask("/v1/samples", data=b"")
        url = f"{server.url.replace('localhost', '127.0.0.1')}/v1/samples/crop"
        allowed = {"PICTRACE_FETCH_ALLOW": "127.0.0.1"}
        (found,) = pictrace.json("search", "--json", url, **allowed)
        assert found["query"] == url
        assert found["matches"][0]["name"] == "astronaut.png"
        (added, refused) = pictrace.json("add", "--json", url, "http://user:pass@127.0.0.1/a.jpg", **allowed)
        assert (added["name"], added["status"]) == ("crop", "added")
        assert (refused["status"], refused["code"]) == ("rejected", "url_refused")
        image = server.json(f"/v1/images/{added['id']}")
        assert image["source_url"] == url
        (refused,) = pictrace.json("search", "--json", url)
        assert (refused["matches"], refused["code"]) == ([], "url_refused")


def test_running_search_finishes_when_the_server_is_stopped(pictrace: Command) -> None:
    with api(pictrace) as server:
        server.ask("/v1/samples", data=b"")
        query = server.ask("/v1/samples/stranger")[1]
        answers: list[int] = []
        asking = [Thread(target=lambda: answers.append(server.search(query)[0])) for _ in range(6)]
        for thread in asking:
            thread.start()
        while 'state="running"} 0.0' in (metrics := server.ask("/metrics")[1].decode()) and "} 0.0" in metrics:
            if answers:
                break
        server.process.send_signal(signal.SIGTERM)
        for thread in asking:
            thread.join(30)
        assert answers == [200] * 6
        assert server.process.wait(40) in (0, -signal.SIGTERM)
    assert pictrace.json("check", "--json")[0]["sound"]


def test_workers_share_library_and_metrics_and_all_stop(pictrace: Command, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with api(pictrace, "--workers", "2", TMPDIR=str(scratch)) as server:
        server.ask("/v1/samples", data=b"")
        query = server.ask("/v1/samples/crop")[1]
        answers = [json.loads(server.search(query)[1])["matches"] for _ in range(6)]
        assert all(
            [(m["id"], m["score"]) for m in found] == [(m["id"], m["score"]) for m in answers[0]] for found in answers
        )
        assert 'pictrace_searches_total{outcome="same"} 6.0' in server.ask("/metrics")[1].decode()
        group = os.getpgid(server.process.pid)
    deadline = time.monotonic() + 10
    while living(group) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not living(group)
    assert list(scratch.iterdir()) == []


def test_places_of_a_killed_worker_are_given_back(pictrace: Command) -> None:
    with api(pictrace, "--workers", "2") as server:
        server.ask("/v1/samples", data=b"")
        query = server.ask("/v1/samples/stranger")[1]
        asking = [Thread(target=lambda: suppressed(server, query), daemon=True) for _ in range(8)]
        for thread in asking:
            thread.start()
        time.sleep(0.3)
        for pid in children(server.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for thread in asking:
            thread.join(30)
        deadline = time.monotonic() + START_S
        lines = ["nothing yet"]
        while lines and time.monotonic() < deadline:
            time.sleep(0.5)
            with suppress(OSError):
                metrics = server.ask("/metrics")[1].decode().splitlines()
                lines = [line for line in metrics if line.startswith("pictrace_places") and not line.endswith(" 0.0")]
        assert not lines


@pytest.mark.parametrize("workers", ["1", "2"])
def test_malformed_form_of_a_stranger_is_not_logged(pictrace: Command, workers: str) -> None:
    with api(pictrace, "--workers", workers) as server:
        for body in (b"x", b"--b\r\n\r\nx\r\n--b--\r\n", b"--b\r\n@: x"):
            status, answer = server.ask("/v1/search", data=body, Content_Type="multipart/form-data; boundary=b")
            assert (status, json.loads(answer)["code"]) == (400, "malformed_request")
        server.process.send_signal(signal.SIGINT)
        assert "WARNING" not in (logged := server.log.read()), logged
        assert "boundary" not in logged, logged


def suppressed(server: Served, query: bytes) -> None:
    with suppress(OSError, http.client.HTTPException):
        server.search(query)


def children(parent: int) -> list[int]:
    """The workers of a server; not the process that only tracks resources."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            is_child = int(path.read_text().rpartition(")")[2].split()[1]) == parent
            if is_child and b"spawn_main" in (path.parent / "cmdline").read_bytes():
                found.append(int(path.parent.name))
    return found


def living(group: int) -> list[str]:
    """Processes of a group that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(path.parent.name)
    return found


def test_killed_while_adding_loses_nothing_acknowledged(pictrace: Command) -> None:
    with api(pictrace) as server:
        acknowledged = []
        sources = sorted(path for path in SHIPPED.iterdir() if path.suffix in (".png", ".jpg"))

        def add() -> None:
            for path in sources:
                with suppress(OSError):
                    status, body = server.add(path.read_bytes())
                    if status in (200, 201):
                        acknowledged.append(json.loads(body)["id"])

        adding = Thread(target=add)
        adding.start()
        while len(acknowledged) < 3:
            time.sleep(0.01)
        server.process.kill()
        adding.join(60)
    with api(pictrace) as again:
        ids = {image["id"] for image in again.json("/v1/images?limit=200")["images"]}
    assert set(acknowledged) <= ids
    assert pictrace.json("check", "--json")[0]["sound"]


def run(pictrace: Command, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return loaded("api").run(arguments, env=pictrace.env | {"PICTRACE_PORT": "0"} | env, cwd=pictrace.home, timeout=60)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PICTRACE_PORT", "abc"),
        ("PICTRACE_PORT", "70000"),
        ("PICTRACE_ADMIN_KEY", "short"),
        ("PICTRACE_MAX_RUNNING", "0"),
        ("PICTRACE_RATE_LIMIT", "-1"),
        ("PICTRACE_ADMIN_KEY", "                    "),
        ("PICTRACE_FETCH_ALLOW", "http://127.0.0.1:5088"),
        ("PICTRACE_FETCH_ALLOW", "10.0.0.0/8"),
        ("PICTRACE_FETCH_ALLOW", "*"),
        ("PICTRACE_DATABASE_URL", "sqlite:///x.db"),
        ("PICTRACE_DATABASE_URL", "mysql://x/y"),
        ("PICTRACE_HOST", "[/red]"),
        ("PICTRACE_ALLOWED_HOSTS", "pictures.example:8080"),
        ("PICTRACE_NETWORK", "[/red]"),
    ],
)
def test_wrong_setting_is_named(pictrace: Command, setting: str, value: str) -> None:
    done = run(pictrace, **{setting: value})
    assert done.returncode == 2
    assert setting in done.stderr or value in done.stderr
    assert "Traceback" not in done.stderr
    assert "short" not in done.stderr


def test_mistyped_setting_is_told(pictrace: Command) -> None:
    done = run(pictrace, PICTRACE_RATE_LIMITS="5", PICTRACE_TELEGRAM_TOKEN="1:abc", PICTRACE_NETWORK="vgg16")
    said = "PICTRACE_RATE_LIMITS is no setting of PicTrace, and is ignored. Is PICTRACE_RATE_LIMIT meant?"
    assert said in done.stderr
    assert "TELEGRAM" not in done.stderr  # it is the bot's


def test_wrong_option_is_told_in_plain_words(pictrace: Command) -> None:
    done = run(pictrace, "--port", "x")
    assert (done.returncode, done.stderr) == (
        2,
        "PICTRACE_PORT: A whole number is wanted, not 'x'. (invalid_setting)\n",
    )


def test_taken_port_is_said(pictrace: Command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run(pictrace, "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "PICTRACE_PORT" in done.stderr
    assert "Traceback" not in done.stderr
