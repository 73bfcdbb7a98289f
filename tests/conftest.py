"""What tests share: pictures that scikit-image ships, a service on a fresh library, and the command in a process."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from engine import EngineSettings, SearchService, StoredImage, open_service
from engine.domain import AddResult, Pixels
from engine.pictures import imaging
from engine.pictures.sources import expand
from tests.object_store import Bucket, ObjectStore
from tests.postgresql import PostgresServer, started

SHIPPED = Path(str(files("skimage") / "data"))
PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "motorcycle_left.png")


@cache
def photograph(name: str) -> Pixels:
    """One of scikit-image's pictures, decoded."""
    content = (SHIPPED / name).read_bytes()
    return imaging.decode(content, side=1200, max_bytes=10**8, max_pixels=10**8).pixels


def jpeg(pixels: Pixels, quality: int = 90) -> bytes:
    return imaging.encode_jpeg(np.ascontiguousarray(pixels), quality=quality)


def pytest_configure() -> None:
    """Where the tests run in a shell's background, Ctrl-C is ignored, and would be by the commands that they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Marked with `databases`, a test runs once on each of them; the mark nearest to the test counts."""
    marker = metafunc.definition.get_closest_marker("databases")
    if marker and "database_url" in metafunc.fixturenames:
        metafunc.parametrize("database_url", marker.args, indirect=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """One server for all tests of a process; each has a database of its own."""
    yield from started()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A new database: SQLite in the data folder (None), or on the server."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield None
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    with server.database() as url:
        yield url


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def settings(data_dir: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch) -> EngineSettings:
    """A fresh library; the cache of converted networks is the user's own."""
    for name in os.environ:
        if name.startswith("PICTRACE_") and name != "PICTRACE_CACHE_DIR":
            monkeypatch.delenv(name)
    return EngineSettings(data_dir=data_dir, database_url=database_url, workers=2, _env_file=None)


@pytest.fixture
async def service(settings: EngineSettings) -> AsyncIterator[SearchService]:
    async with open_service(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    store = ObjectStore()
    yield store
    store.stop()


@pytest.fixture
def bucket(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket; the environment has what it takes to use it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in object_store.env.items():
        monkeypatch.setenv(name, value)
    return object_store.new_bucket()


@pytest.fixture
def in_bucket(settings: EngineSettings, bucket: Bucket, tmp_path: Path) -> EngineSettings:
    """A fresh library with its files in a bucket; the thumbnails at hand are its own, the networks the user's."""
    cache_dir = tmp_path / "cache"
    cache_dir.mkdir()
    for path in settings.cache_dir.iterdir():
        if path.name != "thumbnails":
            (cache_dir / path.name).symlink_to(path)
    return settings.model_copy(update={"files_url": bucket.url, "cache_dir": cache_dir})


Filled = Callable[..., AbstractAsyncContextManager[SearchService]]


@pytest.fixture
def filled(settings: EngineSettings) -> Filled:
    """Opens a library that holds the photographs."""

    @asynccontextmanager
    async def opened(**changes: Any) -> AsyncIterator[SearchService]:
        async with open_service(settings.model_copy(update=changes)) as service:
            await add_paths(service, *(SHIPPED / name for name in PHOTOGRAPHS))
            yield service

    return opened


async def add_paths(service: SearchService, *paths: Path) -> list[AddResult]:
    sources = [source for path in paths for source in expand(path, service.settings)]
    return [result async for result in service.add(sources, actor="test")]


def original_of(service: SearchService, image: StoredImage) -> Path:
    """Where the file of a picture lies, in a library that has its files on this machine."""
    path = service._repository.files.original_path(image.sha256, imaging.EXTENSIONS[image.media_type])
    assert path
    return path


def thumbnail_of(service: SearchService, image: StoredImage) -> Path:
    path = service._repository.files.thumbnail_path(image.sha256)
    assert path
    return path


def bad_files(folder: Path) -> dict[str, str]:
    """Bad files by name, with the code each must be given."""
    noise = np.random.default_rng(2).integers(0, 255, (300, 400, 3), np.uint8)
    whole = jpeg(noise)
    buffer = BytesIO()
    PillowImage.new("1", (30_000, 30_000)).save(buffer, "PNG")
    contents = {
        "text.jpg": (b"not a picture", "not_an_image"),
        "page.jpg": (b"<!doctype html><html><body>404</body></html>", "not_an_image"),
        "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "unsupported_format"),
        "empty.png": (b"", "empty_file"),
        "half.jpg": (whole[: len(whole) // 2], "damaged_image"),
        "bomb.png": (buffer.getvalue(), "too_many_pixels"),
        "large.jpg": (whole + b"\0" * (21 * 1024 * 1024), "file_too_large"),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    return {name: code for name, (_, code) in contents.items()}


class Command:
    """The `pictrace` command, run in a process of its own on one library."""

    def __init__(self, data_dir: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PICTRACE_") or k == "PICTRACE_CACHE_DIR"}
        self.env = kept | {"PICTRACE_DATA_DIR": str(data_dir), "COLUMNS": "200", "NO_COLOR": "1"}
        self.argv = [sys.executable, "-m", "shell"]

    def __call__(self, *arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.argv, *map(str, arguments)],
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            cwd=self.env["HOME"],  # a .env of the checkout must not count
        )

    def start(self, *arguments: object, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.argv, *map(str, arguments)],
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.env["HOME"],
        )

    def on_terminal(self, *arguments: object, **env: str) -> str:
        """All that it writes to a terminal of its own, colours included; it must succeed."""
        terminal, its_side = pty.openpty()
        process = subprocess.Popen(
            [*self.argv, *map(str, arguments)],
            env={name: value for name, value in (self.env | env).items() if name != "NO_COLOR"},
            stdin=its_side,
            stdout=its_side,
            stderr=its_side,
            cwd=self.env["HOME"],
        )
        os.close(its_side)
        shown = b""
        with suppress(OSError):  # EIO: it has ended
            while some := os.read(terminal, 65536):
                shown += some
        os.close(terminal)
        assert process.wait(60) == 0, shown.decode()
        return shown.decode()

    def json(self, *arguments: object, **env: str) -> list[dict[str, Any]]:
        done = self(*arguments, **env)
        assert done.returncode in (0, 1), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def pictrace(data_dir: Path) -> Command:
    return Command(data_dir)
