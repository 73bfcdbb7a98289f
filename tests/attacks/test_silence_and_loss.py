"""Silent connections, a folder that is not there, a clock that runs ahead: nobody is shut out, and nothing is lost."""

import socket
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from engine import EngineSettings, open_service
from engine.storage import clock
from tests.conftest import SHIPPED, Command

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
from api.command import main
main()
"""


def test_silent_connections_beyond_the_descriptors_shut_nobody_out(pictrace: Command) -> None:
    """Three hundred of them, on a server that may have 256 files and sockets open."""
    process = subprocess.Popen(
        [sys.executable, "-c", LIMITED, "--port", "0"],
        env=pictrace.env,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=pictrace.env["HOME"],
    )
    assert process.stderr
    try:
        said = process.stderr.readline()
        port = int(said.partition("http://localhost:")[2].split()[0])
        with ExitStack() as held:
            for _ in range(300):
                held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            for path, status in (("/health/ready", b"200"), ("/v1/images?words=a", b"200"), ("/v1/search", b"405")):
                with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
                    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                    assert client.makefile("rb").readline().split()[1] == status, path
        process.terminate()
        assert "out of system resource" not in process.stderr.read()
    finally:
        process.kill()
        process.wait(60)
        process.stderr.close()


def test_originals_that_are_not_there_are_not_taken_for_lost(pictrace: Command, data_dir: Path) -> None:
    pictrace("add", SHIPPED / "rocket.jpg", SHIPPED / "coffee.png")
    (data_dir / "originals").rename(data_dir / "elsewhere")
    refused = pictrace("check", "--repair")
    assert refused.returncode == 1
    assert "(too_many_missing)" in refused.stderr
    assert "2 pictures" in refused.stderr
    assert pictrace("check", "--repair", "--allow-missing", "2").returncode == 0
    assert pictrace.json("status", "--json")[0]["images"] == 0
    (data_dir / "elsewhere").rename(data_dir / "originals")
    assert pictrace("undo").returncode == 0
    assert pictrace("check", "--deep").returncode == 0
    assert pictrace.json("status", "--json")[0]["images"] == 2


async def test_clock_that_runs_ahead_deletes_nothing(settings: EngineSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (SHIPPED / "rocket.jpg").read_bytes()
    async with open_service(settings) as service:
        added = await service.add_bytes(content, name="rocket.jpg", actor="test")
        assert added.id
        await service.remove([added.id], actor="test")
    today = clock.now()
    for days in (400, 401, 0):
        monkeypatch.setattr(clock, "now", lambda days=days: today + timedelta(days=days))
        async with open_service(settings) as service:
            await service.status()
    async with open_service(settings) as service:
        await service.undo(actor="test")
        assert await service.originals.file(await service.get(added.id)) == content
