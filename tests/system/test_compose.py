"""The compose files: read by podman-compose, and run by it."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import SHIPPED
from tests.e2e.test_api_process import Door
from tests.system.conftest import ROOT
from tests.system.podman import Podman

pytestmark = pytest.mark.system

COMPOSE = ["uv", "tool", "run", "podman-compose"]
DATABASE = "localhost/pgvector/pgvector:pg17"
PASSWORD = "p@ss/w#rd"  # what would be no part of a URL
Compose = Callable[..., str]
PROXY = ["compose.proxy.yaml"] if (ROOT / "compose.proxy.yaml").exists() else []


@pytest.fixture(scope="session")
def compose(podman: Podman) -> Compose:
    """`podman-compose` of PyPI; it fails with what the command said."""
    if not shutil.which("uv") or subprocess.run([*COMPOSE, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("podman-compose cannot be had: `uv tool run podman-compose` finds no package")

    def run(*arguments: object, **env: str) -> str:
        argv = [*COMPOSE, *map(str, arguments)]
        given = podman.env | {"POSTGRES_PASSWORD": PASSWORD, "PICTRACE_DOMAIN": "pictures.example.org"} | env
        done = subprocess.run(argv, cwd=ROOT, env=given, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("more", [[], ["compose.milvus.yaml"], PROXY], ids=["alone", "milvus", "proxy"])
def test_files_are_understood(compose: Compose, more: list[str]) -> None:
    files = [f"--file={name}" for name in ["compose.yaml", *more]]
    whole = yaml.safe_load(compose(*files, "--profile=bot", "--profile=watch", "config"))
    services: dict[str, Any] = whole["services"]
    assert {"db", "api", "bot", "watch"} <= services.keys()
    assert all("image" in one for one in services.values())
    for name in ("api", "bot", "watch"):
        settings = services[name]["environment"]
        assert settings["PGPASSWORD"] == services["db"]["environment"]["POSTGRES_PASSWORD"] == PASSWORD
        assert services[name]["depends_on"]["db"] == {"condition": "service_healthy"}
        assert settings["PICTRACE_INDEX"] == ("milvus" if "milvus" in services else "pgvector")
    for name in services.keys() & {"db", "api", "milvus"}:
        assert services[name]["healthcheck"]["test"]


@pytest.fixture
def database_image(podman: Podman, base: str) -> Iterator[None]:
    """That of compose.yaml, or where it cannot be had, one of our own by its name."""
    if podman.can("pull", "--quiet", "docker.io/pgvector/pgvector:pg17"):
        yield
        return
    podman.build(DATABASE, base, Path(__file__).parent / "postgresql-image")
    yield
    podman("rmi", "--force", DATABASE)


def test_api_watched_folder_and_database_run_together(
    compose: Compose, podman: Podman, image: str, database_image: None, tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    shutil.copy(SHIPPED / "coffee.png", pictures)
    for folder in (pictures, *pictures.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o755)  # the container's user is another
    project = ["--file=compose.yaml", "--project-name=pictrace-test", "--profile=watch"]
    door = Door("http://127.0.0.1:5000")
    try:
        compose(*project, "up", "--detach", "--no-build", PICTRACE_PICTURES=str(pictures))
        door.wait_until_ready()
        assert door.ask("/health/ready")[0] == 200, compose(*project, "logs")
        door.key = podman("exec", "pictrace-test_api_1", "pictrace", "admin-key", "--new")
        assert door.add((SHIPPED / "rocket.jpg").read_bytes(), "rocket.jpg")[0] == 201
        deadline = time.monotonic() + 60
        while len(listed := door.json("/v1/images")["images"]) < 2 and time.monotonic() < deadline:
            time.sleep(0.5)
        assert {image["name"] for image in listed} == {"coffee.png", "rocket.jpg"}
        best = json.loads(door.search((SHIPPED / "coffee.png").read_bytes())[1])["matches"][0]
        assert (best["name"], best["evidence"]["exact"]) == ("coffee.png", True)
        for name in ("api", "db"):
            podman("healthcheck", "run", f"pictrace-test_{name}_1")
    finally:
        compose(*project, "down", "--volumes")
