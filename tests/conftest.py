"""What tests share: pictures that scikit-image ships, a service on a fresh library, and the command in a process."""

import gc
import json
import os
import pty
import shutil
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
from filelock import FileLock
from hypothesis import settings as hypothesis_settings
from PIL import Image as PillowImage

from engine import EngineSettings, SearchService, StoredImage, open_service
from engine.domain import AddResult, Pixels
from engine.pictures import imaging
from engine.pictures.sources import expand
from tests import fast, summary
from tests.decoders import HereDecoders, KeptDecoders, end_kept
from tests.forking import Forked, end_loaded, loaded
from tests.milvus import standalone_milvus
from tests.object_store import Bucket, ObjectStore
from tests.postgresql import PostgresServer, in_thread, started

gc.disable()  # while tests are read: what they import stays, and looking for garbage in it takes seconds

# What is forked here has no use for the threads of Milvus' client, and would write of their trouble to its own stderr.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

__all__ = ["standalone_milvus"]

PILLOWS_LIMIT = PillowImage.MAX_IMAGE_PIXELS
SHIPPED = Path(str(files("skimage") / "data"))
PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "motorcycle_left.png")


@cache
def photograph(name: str) -> Pixels:
    """One of scikit-image's pictures, decoded."""
    content = (SHIPPED / name).read_bytes()
    return imaging.decode(content, side=1200, max_bytes=10**8, max_pixels=10**8).pixels


def jpeg(pixels: Pixels, quality: int = 90) -> bytes:
    return imaging.encode_jpeg(np.ascontiguousarray(pixels), quality=quality)


# Each run draws the same examples, however slow the machine is.
hypothesis_settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis_settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="only tests that need no other process and no server")
    parser.addoption("--system", action="store_true", help="only tests that need whole servers or take minutes")


def pytest_configure(config: pytest.Config) -> None:
    """Where the tests run in a shell's background, Ctrl-C is ignored, and would be by the commands that they start."""
    if config.getoption("--fast"):
        config.pluginmanager.register(fast.Guard())
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.getoption("--fast") and fast.is_left_out(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    if config.getoption("--fast"):
        left_out = {item for item in items if fast.needs_more(item)}
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]
    is_wanted = config.getoption("--system")
    left_out = {item for item in items if (item.get_closest_marker("system") is not None) != is_wanted}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--system"):
        terminalreporter.section("system tests")
        stats = terminalreporter.stats.items()
        reports = [(outcome, one) for outcome, some in stats for one in some if isinstance(one, pytest.TestReport)]
        for line in summary.lines(reports):
            terminalreporter.line(line)


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


def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("PICTRACE_") and name != "PICTRACE_CACHE_DIR":
            monkeypatch.delenv(name)


@pytest.fixture
def settings(
    data_dir: Path,
    database_url: str | None,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> EngineSettings:
    """A fresh library; of the cache only the converted networks are the user's own."""
    without_settings(monkeypatch)
    fresh = EngineSettings(data_dir=data_dir, database_url=database_url, workers=2, _env_file=None)
    cache_dir = tmp_path_factory.mktemp("cache")
    networks = fresh.cache_dir / "networks"
    networks.mkdir(parents=True, exist_ok=True)
    (cache_dir / "networks").symlink_to(networks)
    return fresh.model_copy(update={"cache_dir": cache_dir})


@pytest.fixture(scope="session", autouse=True)
def decoders(request: pytest.FixtureRequest) -> Iterator[None]:
    """Services decode in processes that go from test to test; with `--fast`, in this one."""
    kind = HereDecoders if request.config.getoption("--fast") else KeptDecoders
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("engine.bootstrap.Decoders", kind)
        yield
    in_thread(end_kept)
    end_loaded()


@pytest.fixture(autouse=True)
def pillows_limit() -> Iterator[None]:
    """Decoding sets it for the whole process, also that of pictures which are made when a test file is read."""
    PillowImage.MAX_IMAGE_PIXELS = PILLOWS_LIMIT
    yield
    PillowImage.MAX_IMAGE_PIXELS = PILLOWS_LIMIT


class Templates:
    """Folders that are made once in a run of the tests, by whichever of its processes is the first to want one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, name: str, make: Callable[[Path], object]) -> Path:
        made = self._folder / name
        with FileLock(f"{made}.lock"):
            if not made.exists():
                partial = Path(f"{made}.partial")
                make(partial)
                partial.rename(made)
        return made

    def library(self, *names: str) -> Path:
        """A library that holds these of scikit-image's pictures, as if just filled."""

        async def fill(folder: Path) -> None:
            async with open_service(EngineSettings(data_dir=folder, workers=2, _env_file=None)) as service:
                await add_paths(service, *(SHIPPED / name for name in names))
            shutil.rmtree(folder / "index", ignore_errors=True)  # written down at the end

        return self.folder("-".join(["library", *names]), lambda folder: in_thread(lambda: fill(folder)))


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "templates"
    folder.mkdir(exist_ok=True)
    made = Templates(folder)
    with pytest.MonkeyPatch.context() as patched:
        without_settings(patched)
        for names in ((), PHOTOGRAPHS):
            made.library(*names)  # now, while no test has patched anything
    return made


@pytest.fixture
async def service(settings: EngineSettings, templates: Templates) -> AsyncIterator[SearchService]:
    if settings.database_url is None:
        shutil.copytree(templates.library(), settings.data_dir)
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
    (cache_dir / "networks").symlink_to((settings.cache_dir / "networks").resolve())
    return settings.model_copy(update={"files_url": bucket.url, "cache_dir": cache_dir})


Filled = Callable[..., AbstractAsyncContextManager[SearchService]]


@pytest.fixture
def filled(settings: EngineSettings, templates: Templates) -> Filled:
    """Opens a library that holds the photographs."""

    @asynccontextmanager
    async def opened(**changes: Any) -> AsyncIterator[SearchService]:
        changed = settings.model_copy(update=changes)
        is_put = put_photographs(templates, changed)
        async with open_service(changed) as service:
            if not is_put:
                await add_photographs(service)
            yield service

    return opened


def put_photographs(templates: Templates, settings: EngineSettings) -> bool:
    """Fill a library with the photographs before it is opened.

    If it is a new one that is all in its data folder, and would take all of them.
    """
    can_be = settings.database_url is None and settings.files_url is None and not settings.data_dir.exists()
    can_be = can_be and all((SHIPPED / name).stat().st_size <= settings.max_bytes for name in PHOTOGRAPHS)
    if can_be:
        shutil.copytree(templates.library(*PHOTOGRAPHS), settings.data_dir)
    return can_be


async def add_photographs(service: SearchService) -> None:
    await add_paths(service, *(SHIPPED / name for name in PHOTOGRAPHS))


async def add_paths(service: SearchService, *paths: Path) -> list[AddResult]:
    sources = [source for path in paths for source in expand(path, service.settings)]
    return [result async for result in service.add(sources, actor="test")]


def original_of(service: SearchService, image: StoredImage) -> Path:
    """Where the file of a picture lies, in a library that has its files on this machine."""
    path = service.repository.files.original_path(image.sha256, imaging.EXTENSIONS[image.media_type])
    assert path
    return path


def thumbnail_of(service: SearchService, image: StoredImage) -> Path:
    path = service.repository.files.thumbnail_path(image.sha256)
    assert path
    return path


def cut_short(content: bytes) -> bytes:
    """A file that breaks off near its end, where hardly anything of the picture is missing."""
    return content[: int(0.97 * len(content))]


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
        "large.jpg": (whole + b"\0" * (65 * 1024 * 1024), "file_too_large"),
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
        self.home = self.env["HOME"]  # a .env of the checkout must not count

    def __call__(self, *arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
        return loaded("shell").run([*map(str, arguments)], env=self.env | env, cwd=self.home, timeout=300)

    def start(self, *arguments: object, **env: str) -> Forked:
        return loaded("shell").start([*map(str, arguments)], env=self.env | env, cwd=self.home)

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
