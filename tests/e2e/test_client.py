"""A client that a generator makes of the API's description, used as the documentation says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SHIPPED, Command
from tests.e2e.test_api_process import KEY, api

pytestmark = pytest.mark.system

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "client.md").read_text()
SERVER = "http://127.0.0.1:5000"


def block(kind: str, server: str) -> str:
    """The first block of a kind on the page, for a server that is elsewhere."""
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    assert SERVER in found[1]
    return found[1].replace(SERVER, server)


def test_program_of_the_documentation_runs_with_a_generated_client(pictrace: Command, tmp_path: Path) -> None:
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where uvx is
    with api(pictrace, PICTRACE_FETCH_ALLOW="127.0.0.1") as server:
        server.ask("/v1/samples", data=b"")
        here = server.url.replace("localhost", "127.0.0.1")
        command = block("sh", here).replace("docs/", f"{DOCS}/") + " --fail-on-warning"
        made = subprocess.run(
            command.replace("\\\n", " ").replace("\n", " "),
            shell=True,
            cwd=tmp_path,
            env=os.environ | {"PATH": beside},
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        (tmp_path / "program.py").write_text(block("python", here))
        ran = subprocess.run(
            [sys.executable, "program.py", SHIPPED / "chelsea.png", f"{here}/v1/samples/crop", KEY],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert re.fullmatch(r"\d+ chelsea\.png identical 100%", lines[0])
    assert lines[-3].startswith("astronaut.png [")
    assert re.match(r"\d+ \['\S+', '\S+'\]$", lines[-2])
    assert lines[-1] == "unknown_image There is no picture with the id 4711 in this library."
    assert (tmp_path / "why.jpg").read_bytes().startswith(b"\xff\xd8")
