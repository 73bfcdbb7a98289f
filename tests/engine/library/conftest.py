"""What tests of a library share: one whose network only looks at colours, which opens in no time."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from engine import EngineSettings, SearchService
from engine.concurrency import CpuPool
from engine.domain import Image, Pixels, Vector
from engine.errors import FetchFailed
from engine.features import networks as described
from engine.features.embedding import Embedder
from engine.features.networks import Network
from engine.library import active_network
from engine.library.active_network import Networks
from engine.library.originals import Originals
from engine.pictures import imaging
from engine.pictures.decoding import Decoders
from engine.pictures.fetch import Fetched, Fetcher
from engine.storage.jpeg_cache import JpegCache
from engine.storage.repository import Repository
from tests.conftest import jpeg
from tests.rows import blank, elsewhere, new_repository, repository, url
from tests.small_library import embedding, painting

__all__ = ["blank", "elsewhere", "new_repository", "repository", "url"]

DIMENSIONS = len(embedding(painting(1)))
NAMES = ("colours", "shades")  # of networks


@dataclass
class Work:
    """What the networks of a test have done."""

    prepared: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    embedded: int = 0  # whole pictures


class Colours(Embedder):
    """In place of a network: the mean colours of squares; those of `shades` are turned round."""

    work = Work()

    def load(self) -> None:
        self.work.loaded.append(self.network.name)

    def embed(self, pixels: Pixels) -> Vector:
        self.work.embedded += 1
        return self.embed_region(pixels)

    def embed_region(self, pixels: Pixels) -> Vector:
        return embedding(pixels) if self.network.name == "colours" else -embedding(pixels)


class InThisThread(Decoders):
    """Decodes without a process of its own."""

    async def _answer(self, way: str, content: bytes, limits: dict[str, int]) -> Image:
        image: Image = getattr(imaging, way)(content, **limits)
        return image

    async def warm_up(self) -> None:
        """There is nothing to start."""


class Web(Fetcher):
    """A web of a few pages."""

    def __init__(self) -> None:
        super().__init__(max_bytes=10**7, timeout_s=1)
        self.pages: dict[str, bytes] = {}
        self.named: dict[str, str] = {}  # URLs of the pictures that web pages name, by those of the pages

    async def fetch(self, url: str) -> Fetched:
        if self.named.get(url, url) not in self.pages:
            raise FetchFailed(f"{url} is unknown here.")
        picture = self.named.get(url, url)
        return Fetched(
            self.pages[picture], picture.rpartition("/")[2], picture, page_url=url if url in self.named else None
        )


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Puts two networks of colours in place of all others."""
    done = Work()
    default = described.network(described.DEFAULT_NETWORK)
    known = {name: replace(default, name=name, dimensions=DIMENSIONS, copy_dimensions=None) for name in NAMES}

    def prepare(network: Network, cache_dir: Path, weights: Path | None) -> Path:
        done.prepared.append(network.name)
        return cache_dir / network.name

    monkeypatch.setattr(described, "NETWORKS", known)
    monkeypatch.setattr(described, "prepare", prepare)
    monkeypatch.setattr(active_network, "Embedder", Colours)
    monkeypatch.setattr(Colours, "work", done)
    return done


@pytest.fixture
def pool() -> Iterator[CpuPool]:
    with CpuPool(2) as made:
        yield made


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def decoders_here() -> Decoders:
    return InThisThread(1, max_bytes=10**7, max_pixels=10**7)


@pytest.fixture
def originals(new_repository: Repository, tmp_path: Path, decoders_here: Decoders, pool: CpuPool) -> Originals:
    return Originals(
        new_repository.files, JpegCache(tmp_path / "details"), JpegCache(tmp_path / "previews"), decoders_here, pool
    )


@pytest.fixture
async def small(
    new_repository: Repository,
    settings: EngineSettings,
    work: Work,
    web: Web,
    decoders_here: Decoders,
    originals: Originals,
    pool: CpuPool,
) -> AsyncIterator[SearchService]:
    """A library of the network `colours` that has no pictures yet."""
    networks = Networks(settings, new_repository, originals, pool)
    await new_repository.settings.start_library(networks.reference("colours"))
    yield SearchService(settings, new_repository, networks, originals, web, decoders_here, pool)
    await networks.close()


def painted(number: int, quality: int = 90) -> bytes:
    """A JPEG of 160 x 120 pixels, unlike that of any other number."""
    return jpeg(painting(number, 160, 120), quality)


async def paint(service: SearchService, *numbers: int) -> list[int]:
    """Add paintings, each as an operation of its own; returns their ids."""
    added = [await service.add_bytes(painted(one), name=f"{one}.jpg", actor="test") for one in numbers]
    return [one.id for one in added if one.id is not None]
