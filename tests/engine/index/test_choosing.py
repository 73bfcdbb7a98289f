"""Which settings give which index."""

from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
from pydantic import SecretStr

from engine import EngineSettings
from engine.concurrency import CpuPool
from engine.domain import NetworkHead
from engine.index import choosing
from engine.index.base import IndexServer, ServerIndex
from engine.index.hits import Hits, Keys, Vectors
from engine.index.library_index import LibraryIndex
from engine.index.local import InProcess
from engine.index.milvus import Milvus
from engine.index.on_server import HashesInMemory, HashesOnServer, OnServer, index_name
from engine.index.pgvector import Pgvector
from engine.storage.repository import Repository
from tests.rows import DIMENSIONS, HEAD, NETWORK, OTHER, add, phash_of, vector_of


@pytest.fixture
def pool() -> Iterator[CpuPool]:
    with CpuPool(1) as made:
        yield made


def wish(settings: EngineSettings, index: str, **others: object) -> EngineSettings:
    if index == "milvus":
        others = {"milvus_uri": "http://127.0.0.1:19530"} | others
    return settings.model_copy(update={"index": index, **others})


def server(
    settings: EngineSettings, repository: Repository, pool: CpuPool, *, read_only: bool = False
) -> IndexServer | None:
    return choosing.server(settings, repository, pool, read_only=read_only)


@pytest.mark.parametrize("index", ["auto", "exact", "hnsw"])
def test_index_in_this_process_needs_no_server(
    settings: EngineSettings, repository: Repository, pool: CpuPool, index: str
) -> None:
    assert server(wish(settings, index), repository, pool) is None


@pytest.mark.parametrize(("index", "kind"), [("pgvector", Pgvector), ("milvus", Milvus)])
def test_index_on_a_server_is_for_those_who_may_write(
    settings: EngineSettings, repository: Repository, pool: CpuPool, index: str, kind: type
) -> None:
    assert isinstance(server(wish(settings, index), repository, pool), kind)
    assert server(wish(settings, index), repository, pool, read_only=True) is None


async def test_milvus_is_reached_where_and_as_the_settings_say(
    settings: EngineSettings, repository: Repository, pool: CpuPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[str, str | None]] = []
    monkeypatch.setattr(choosing, "Milvus", lambda uri, token, _pool: given.append((uri, token)))
    server(wish(settings, "milvus", milvus_uri="https://host:1"), repository, pool)
    server(wish(settings, "milvus", milvus_token=SecretStr("user:password")), repository, pool)
    assert given == [("https://host:1", None), ("http://127.0.0.1:19530", "user:password")]


async def here(
    settings: EngineSettings, repository: Repository, pool: CpuPool, *, read_only: bool = False
) -> LibraryIndex:
    return await choosing.library_index(settings, repository, pool, None, NETWORK, (HEAD,), read_only=read_only)


@pytest.mark.parametrize(
    ("index", "kind"),
    [("auto", "exact"), ("exact", "exact"), ("hnsw", "hnsw"), ("pgvector", "exact"), ("milvus", "exact")],
)
async def test_without_a_server_it_is_one_object_in_this_process(
    settings: EngineSettings, repository: Repository, pool: CpuPool, index: str, kind: str
) -> None:
    """Also of a library whose index is on a server, where it is opened only to be read."""
    await add(repository, 1, 2)
    made = await here(wish(settings, index), repository, pool)
    assert isinstance(made.embeddings, InProcess)
    assert made.hashes is made.embeddings
    await made.catch_up(2)
    assert (made.kind, made.size, made.seq) == (kind, 2, 2)
    ((near,),) = await made.search(vector_of(2)[None], 1)
    assert near.image_id == 2
    (hits,) = await made.near_hashes([phash_of(1)], 1)
    assert hits.keys.tolist() == [1]
    await made.close()


@pytest.mark.parametrize("read_only", [True, False])
async def test_index_is_written_down_in_the_data_folder_of_those_who_may_write(
    settings: EngineSettings,
    repository: Repository,
    pool: CpuPool,
    monkeypatch: pytest.MonkeyPatch,
    read_only: bool,
) -> None:
    monkeypatch.setattr("engine.index.local.LEAST_BEHIND", 1)
    await add(repository, 1)
    made = await here(settings, repository, pool, read_only=read_only)
    await made.catch_up(1)
    await made.checkpoint_if_worthwhile()
    await made.close()
    names = {path.name for path in (settings.data_dir / "index").glob("made-up-1-1.exact*")}
    assert names == (set() if read_only else {f"made-up-1-1.exact{rest}" for rest in ("", ".hashes", ".json")})
    assert made.checkpoint_seq == (None if read_only else 1)


class Shelf:
    """A server of indexes in memory."""

    def __init__(self, *, compares_hashes: bool = False) -> None:
        self.asked: list[tuple[str, int]] = []
        self.hashes = OnShelf() if compares_hashes else None

    async def reach(self) -> None:
        """It is here."""

    def index(self, name: str, dimensions: int) -> ServerIndex:
        self.asked.append((name, dimensions))
        return OnShelf()

    async def hash_index(self, name: str) -> ServerIndex | None:
        return self.hashes

    async def close(self) -> None:
        """There is nothing to close."""


class OnShelf:
    """Counts what was put into it."""

    kind = "shelf"

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.at: int | None = None

    async def add(self, keys: Keys, vectors: Vectors) -> None:
        self.keys += keys.tolist()

    async def remove(self, keys: Keys) -> None:
        raise AssertionError("nothing is removed")

    async def search(self, queries: Vectors, count: int) -> list[Hits]:
        return [Hits(np.array(self.keys, np.int64), np.zeros(len(self.keys), np.float32)) for _ in queries]

    async def size(self) -> int:
        return len(self.keys)

    async def level(self) -> int | None:
        return self.at

    async def mark(self, seq: int) -> None:
        self.at = seq

    async def rebuild(self, portions: AsyncIterator[tuple[Keys, Vectors]], seq: int) -> None:
        async for keys, vectors in portions:
            await self.add(keys, vectors)
        self.at = seq


async def test_at_a_server_that_compares_hashes_they_are_there_too(
    settings: EngineSettings, repository: Repository, pool: CpuPool
) -> None:
    first, second = await add(repository, 1, 2)
    shelf = Shelf(compares_hashes=True)
    made = await choosing.library_index(settings, repository, pool, shelf, NETWORK, (HEAD,), read_only=False)
    assert isinstance(made.hashes, HashesOnServer)
    assert made.hashes.server is shelf.hashes
    await made.catch_up(2)
    assert shelf.hashes
    assert (shelf.hashes.keys, shelf.hashes.at) == ([first, second], 2)
    (hits,) = await made.near_hashes([phash_of(1)], 5, within=0)
    assert hits.keys.tolist() == [first, second]  # it says that all are equal


async def test_at_a_server_that_compares_none_embeddings_are_there_and_hashes_in_memory(
    settings: EngineSettings, repository: Repository, pool: CpuPool
) -> None:
    await add(repository, 1, 2)
    shelf = Shelf()
    made = await choosing.library_index(settings, repository, pool, shelf, NETWORK, (HEAD,), read_only=False)
    assert isinstance(made.embeddings, OnServer)
    assert isinstance(made.hashes, HashesInMemory)
    await made.catch_up(2)
    assert (made.kind, made.size, made.seq, made.checkpoint_seq) == ("shelf", 2, 2, None)
    (near,) = await made.search(vector_of(2)[None], 5)
    assert [one.image_id for one in near] == [1, 2]
    (hits,) = await made.near_hashes([phash_of(1)], 1)
    assert hits.keys.tolist() == [1]


async def test_name_at_a_server_is_of_this_library_network_and_size(
    settings: EngineSettings, repository: Repository, pool: CpuPool
) -> None:
    shelf = Shelf()
    for network, dimensions in ((NETWORK, DIMENSIONS), (OTHER, 16)):
        heads = (NetworkHead.only(dimensions),)
        await choosing.library_index(settings, repository, pool, shelf, network, heads, read_only=False)
    identity = await repository.settings.identity()
    assert shelf.asked == [
        (index_name(identity, NETWORK, HEAD), DIMENSIONS),
        (index_name(identity, OTHER, NetworkHead.only(16)), 16),
    ]
