"""The image, built of this checkout by podman, and served."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import SHIPPED, jpeg, photograph
from tests.e2e.test_api_process import KEY, Door
from tests.milvus import free_ports
from tests.system.podman import Podman

pytestmark = pytest.mark.system

LARGEST = 1_100_000_000  # bytes, besides its base


@contextmanager
def container(podman: Podman, image: str, *arguments: object, **settings: str) -> Iterator[str]:
    """A running one's id, in this machine's own network."""
    env = [f"--env={name}={value}" for name, value in settings.items()]
    running = podman("run", "--detach", "--network=host", *env, *arguments, image)
    try:
        yield running
    finally:
        podman("rm", "--force", "--volumes", running)


def test_image_serves_adds_and_finds_as_nobody_in_particular(
    podman: Podman, image: str, base: str, record_property: Callable[[str, object], None]
) -> None:
    (port,) = free_ports(1)
    door = Door(f"http://127.0.0.1:{port}")
    with container(podman, image, PICTRACE_PORT=str(port), PICTRACE_ADMIN_KEY=KEY) as running:
        door.wait_until_ready()
        assert door.ask("/health/ready")[0] == 200, podman("logs", running)
        assert b"<!doctype html>" in door.ask("/")[1].lower()
        assert door.add((SHIPPED / "coffee.png").read_bytes(), "coffee.png")[0] == 201
        assert door.add((SHIPPED / "rocket.jpg").read_bytes(), "rocket.jpg")[0] == 201
        copy = jpeg(photograph("coffee.png")[20:360, 30:560])
        best = json.loads(door.search(copy)[1])["matches"][0]
        assert (best["name"], best["lane"]) == ("coffee.png", "same")
        assert podman("exec", running, "id", "-u") == "10001"
        assert podman("healthcheck", "run", running) == ""
        podman("restart", running)
        door.wait_until_ready()
        assert json.loads(door.search(copy)[1])["matches"][0]["id"] == best["id"]
        (status,) = json.loads(f"[{podman('exec', running, 'pictrace', 'status', '--json')}]")
        assert (status["images"], status["data_dir"]) == (2, "/data")
        script = "import importlib.util as u; print([name for name in ('tensorflow', 'keras') if u.find_spec(name)])"
        assert podman("exec", running, "python", "-c", script) == "[]"
    own = size(podman, image) - size(podman, base)
    record_property("image", f"{size(podman, image) / 1e9:.2f} GB, of them {own / 1e9:.2f} GB PicTrace's")
    assert own < LARGEST


def size(podman: Podman, image: str) -> int:
    return int(podman("image", "inspect", "--format={{.Size}}", image))
