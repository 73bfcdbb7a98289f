"""The index in this process: level with storage in every process, renewed beside the searches, exact cosines."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, insert

from engine import EngineSettings, SearchService, open_service
from engine.concurrency import CpuPool
from engine.domain import PART_BITS, NetworkHead, NetworkRef, Vector
from engine.index import local as indexing
from engine.index.following import Follower
from engine.index.hnsw import HnswIndex
from engine.index.local import IndexKind, InProcess
from engine.storage import codec, statements
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.tables import changes, embeddings, images
from tests.conftest import SHIPPED, add_paths

NETWORK = NetworkRef("made-up", "1")
DIMENSIONS = 32
HEAD = NetworkHead.only(DIMENSIONS)
RANDOM = np.random.default_rng(3)


class Followed(InProcess):
    """As in a process of its own, with what keeps it level."""

    def __init__(self, repository: Repository, *given: Any, **options: Any) -> None:
        super().__init__(repository, *given, **options)
        self.follower = Follower(repository.feed, self)


Make = Callable[..., Followed]


def vectors_of(count: int) -> Vector:
    vectors = np.maximum(RANDOM.normal(size=(count, DIMENSIONS)), 0)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture
async def repository(settings: EngineSettings) -> AsyncIterator[Repository]:
    async with open_service(settings) as service:
        yield service.repository


@pytest.fixture
async def make(repository: Repository, settings: EngineSettings) -> AsyncIterator[Make]:
    """Indexes of the library, each as in a process of its own."""
    made: list[Followed] = []
    with CpuPool(2) as pool:

        def one(kind: IndexKind = "auto", **options: Any) -> Followed:
            made.append(Followed(repository, pool, settings.data_dir / "index", NETWORK, HEAD, kind, **options))
            return made[-1]

        yield one
        for index in made:
            await index.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes thousands of pictures, with hundreds."""
    for name, value in {"HNSW_FROM": 300, "EXACT_BELOW": 150, "LEAST_BEHIND": 40, "MOST_BEHIND": 60}.items():
        monkeypatch.setattr(indexing, name, value)


async def store(repository: Repository, first: int, vectors: Vector) -> list[int]:
    """Pictures that have nothing but an embedding and a hash."""
    ids = list(range(first, first + len(vectors)))
    now = datetime.now(UTC)
    async with repository.database.write() as connection:
        plain = {"filename": "x", "tags": [], "media_type": "image/png", "width": 1, "height": 1, "byte_size": 1}
        await connection.execute(insert(images), [{"id": i, "sha256": f"{i}", "created_at": now} | plain for i in ids])
        made_by = {"network": NETWORK.name, "version": NETWORK.version, "part": 0}
        rows = zip(ids, vectors, strict=True)
        await connection.execute(
            insert(embeddings), [{"image_id": i, "vector": codec.vector_to_bytes(v)} | made_by for i, v in rows]
        )
        await statements.put_hashes(connection, {i: i * 0x9E37_79B9_7F4A_7C15 & (1 << 64) - 1 for i in ids})
        await statements.record(connection, Operation("add", "test"), [(i, "added", None) for i in ids])
    return ids


async def level(index: Followed, repository: Repository) -> Followed:
    head = await repository.feed.head()
    await index.follower.catch_up(head.seq)
    return index


async def renewed(index: Followed, repository: Repository) -> Followed:
    """Level, and done with what it does beside the searches."""
    await level(index, repository)
    if index._renewal:
        await index._renewal
    return index


async def found(index: Followed, vectors: Vector) -> list[int]:
    """The nearest to each."""
    return [near[0].image_id for near in await index.search(vectors, 3)]


def pending(index: Followed) -> int:
    """What its graph does not have yet."""
    local = index.index.local
    assert isinstance(local, HnswIndex)
    return local.pending


def files(settings: EngineSettings) -> list[str]:
    return sorted(path.name for path in (settings.data_dir / "index").glob("made-up-1-*") if path.suffix != ".json")


async def test_refined_cosines_are_those_of_exact_search(repository: Repository, make: Make) -> None:
    await store(repository, 1, vectors_of(400))
    queries = vectors_of(7)
    exact, hnsw = await level(make("exact"), repository), await level(make("hnsw"), repository)
    assert isinstance(hnsw.index.local, HnswIndex)
    # Half the recall of a graph would do for the order; the numbers have to be the same to the last digit.
    assert await hnsw.search(queries, 20) == await exact.search(queries, 20)


async def test_projected_cosines_are_not_what_is_answered(repository: Repository, make: Make) -> None:
    """Whatever the index says, cosines come from storage."""
    vectors = vectors_of(50)
    await store(repository, 1, vectors)
    index = await level(make("hnsw"), repository)
    twisted = np.roll(vectors, 1, axis=1)
    index.index.local.add(np.arange(1, 51) << PART_BITS, twisted)
    (near,) = await index.search(vectors[:1], 50)
    stored = codec.vectors_from_bytes([codec.vector_to_bytes(v) for v in vectors], DIMENSIONS)
    cosines = {one.image_id: one.cosine for one in near}
    assert cosines == {i + 1: pytest.approx(float(stored[i] @ vectors[0]), abs=2e-6) for i in range(50)}
    assert [one.cosine for one in near] == sorted(cosines.values(), reverse=True)


async def test_library_that_grows_and_shrinks_changes_over_without_flapping(
    repository: Repository, make: Make, small: None, settings: EngineSettings
) -> None:
    vectors = vectors_of(350)
    await store(repository, 1, vectors[:299])
    index = await renewed(make(), repository)
    assert index.kind == "exact"
    await store(repository, 300, vectors[299:])
    await level(index, repository)
    assert await found(index, vectors[-5:]) == list(range(346, 351))  # in the index that still serves
    await renewed(index, repository)
    assert index.kind == "hnsw"
    assert await found(index, vectors[-5:]) == list(range(346, 351))
    await repository.images.remove(list(range(1, 201)), Operation("remove", "test"))
    assert (await renewed(index, repository)).kind == "hnsw"
    await repository.images.remove([201], Operation("remove", "test"))
    assert (await renewed(index, repository)).kind == "exact"
    assert index.size == 149
    assert await found(index, vectors[-5:]) == list(range(346, 351))


async def test_what_comes_while_an_index_is_built_is_in_it(
    repository: Repository, make: Make, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = vectors_of(420)
    await store(repository, 1, vectors[:280])
    index = await renewed(make(), repository)
    build = index._build

    async def slow(*arguments: Any, **options: Any) -> Any:
        local = await build(*arguments, **options)
        await store(repository, 401, vectors[400:])
        await repository.images.remove([1, 2, 3], Operation("remove", "test"))
        await level(index, repository)
        assert (index.kind, await found(index, vectors[400:405])) == ("exact", list(range(401, 406)))
        return local

    monkeypatch.setattr(index, "_build", slow)
    await store(repository, 281, vectors[280:400])
    await renewed(index, repository)
    assert (index.kind, index.size) == ("hnsw", 417)
    assert await found(index, vectors[400:]) == list(range(401, 421))
    assert not set(await found(index, vectors[:3])) & {1, 2, 3}
    assert (await level(make("exact"), repository)).seq == index.seq


async def test_graph_is_merged_with_what_has_come_and_mapped_by_the_next_process(
    repository: Repository, make: Make, small: None, settings: EngineSettings
) -> None:
    vectors = vectors_of(400)
    await store(repository, 1, vectors[:330])
    index = await renewed(make(), repository)
    first = files(settings)
    await store(repository, 331, vectors[330:360])
    await repository.images.remove([5], Operation("remove", "test"))
    await renewed(index, repository)
    assert files(settings) == first
    assert pending(index) == 31
    await store(repository, 361, vectors[360:])
    await renewed(index, repository)
    assert pending(index) == 0
    assert files(settings) != first
    other = await level(make(), repository)
    assert (other.kind, other.size, pending(other)) == ("hnsw", 399, 0)
    assert await found(other, vectors[360:]) == list(range(361, 401))
    assert 5 not in await found(other, vectors[:5])


async def test_every_process_takes_up_the_graph_that_one_has_written(
    repository: Repository, make: Make, small: None, settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = vectors_of(460)
    await store(repository, 1, vectors[:330])
    one, other = await renewed(make(), repository), await renewed(make(), repository)
    await store(repository, 331, vectors[330:400])
    await renewed(one, repository)

    def refused(*_: object) -> None:
        raise AssertionError("it was merged twice")

    monkeypatch.setattr(HnswIndex, "merged", refused)
    await renewed(other, repository)
    assert pending(other) == 0
    assert await found(other, vectors[330:400]) == list(range(331, 401))


async def test_change_is_in_the_next_search_of_every_process(repository: Repository, make: Make) -> None:
    vectors = vectors_of(130)
    await store(repository, 1, vectors[:100])
    indexes = [await level(make("hnsw"), repository), await level(make("exact"), repository)]
    await store(repository, 101, vectors[100:])
    await repository.images.remove([7], Operation("remove", "test"))
    for index in indexes:
        await level(index, repository)
        assert await found(index, vectors[100:]) == list(range(101, 131))
        assert 7 not in await found(index, vectors[6:7])
        assert index.size == 129
    await repository.operations.undo("test")
    for index in indexes:
        assert await found(await level(index, repository), vectors[6:7]) == [7]


async def test_edited_picture_is_never_missing_meanwhile(repository: Repository, make: Make) -> None:
    vectors = vectors_of(60)
    await store(repository, 1, vectors)
    for kind in ("exact", "hnsw"):
        index = await level(make(kind), repository)
        searching = [asyncio.create_task(found(index, vectors)) for _ in range(30)]
        for image_id in range(1, 20):
            await repository.images.edit(image_id, {"title": kind}, Operation("edit", "test"))
            await level(index, repository)
        assert all(answer == list(range(1, 61)) for answer in await asyncio.gather(*searching))


async def test_hashes_are_written_down_and_caught_up_with(
    repository: Repository, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(repository, 1, vectors_of(50))
    index = await level(make(), repository)
    await index.checkpoint()
    await store(repository, 51, vectors_of(10))
    await repository.images.remove([1], Operation("remove", "test"))
    asked: list[Any] = []
    phashes = repository.features.phashes

    async def listening(ids: Any = None) -> Any:
        asked.append(ids)
        return await phashes(ids)

    monkeypatch.setattr(repository.features, "phashes", listening)
    other = await level(make(), repository)
    assert asked == [[1, *range(51, 61)]]
    (hits,) = await other.near_hashes([5], 1000)
    assert sorted(hits.keys.tolist()) == list(range(2, 61))


async def test_torn_graph_is_rebuilt_from_storage_and_written_anew(
    repository: Repository, make: Make, small: None, settings: EngineSettings, caplog: pytest.LogCaptureFixture
) -> None:
    vectors = vectors_of(330)
    await store(repository, 1, vectors)
    await renewed(make(), repository)
    (graph,) = (settings.data_dir / "index").glob("*.hnsw")
    graph.write_bytes(graph.read_bytes()[:-1])
    index = await renewed(make(), repository)
    assert "is torn; the index is rebuilt from storage" in caplog.text
    assert await found(index, vectors) == list(range(1, 331))
    caplog.clear()
    assert (await level(make(), repository)).kind == "hnsw"
    assert not caplog.records


async def test_rebuilding_waits_for_the_process_that_does_the_same(
    repository: Repository, make: Make, small: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await store(repository, 1, vectors_of(330))
    indexes = [make() for _ in range(4)]
    await asyncio.gather(*(level(index, repository) for index in indexes))
    assert [index.kind for index in indexes] == ["hnsw"] * 4
    assert sum("indexing 330 pictures" in line for line in caplog.messages) == 1


async def test_index_that_cannot_be_written_serves_from_memory(
    repository: Repository, make: Make, small: None, settings: EngineSettings, caplog: pytest.LogCaptureFixture
) -> None:
    (settings.data_dir / "index").write_bytes(b"a file in place of the folder")
    vectors = vectors_of(420)
    await store(repository, 1, vectors[:330])
    index = await renewed(make(), repository)
    assert index.kind == "hnsw"
    await store(repository, 331, vectors[330:])
    await renewed(index, repository)
    assert pending(index) == 0
    assert await found(index, vectors) == list(range(1, 421))
    assert "could not be written down" in caplog.text


async def test_failure_beside_the_searches_is_said_and_harms_none(
    repository: Repository, make: Make, small: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    vectors = vectors_of(400)
    await store(repository, 1, vectors[:330])
    index = await renewed(make(), repository)

    def broken(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(HnswIndex, "merged", broken)
    await store(repository, 331, vectors[330:])
    await renewed(index, repository)
    assert "could not be renewed (out of memory)" in caplog.text
    assert await found(index, vectors) == list(range(1, 401))


@pytest.mark.parametrize("count", [30, 330])
async def test_index_ahead_of_a_library_from_a_backup_is_rebuilt(
    repository: Repository,
    make: Make,
    small: None,
    settings: EngineSettings,
    count: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    vectors = vectors_of(count + 20)
    await store(repository, 1, vectors)
    await (await renewed(make(), repository)).checkpoint()
    async with repository.database.write() as connection:  # as before the last addition
        await connection.execute(delete(changes).where(changes.c.image_id > count))
        await connection.execute(delete(images).where(images.c.id > count))
    index = await renewed(make(), repository)
    assert f"written down at change {count + 20} is passed over: the library is at {count}" in caplog.text
    assert index.size == count
    await index.checkpoint()
    assert (await level(make(), repository)).seq == count
    assert len(list((settings.data_dir / "index").glob("*.json"))) == 1


async def test_index_far_behind_is_built_anew_as_the_kind_that_it_should_be(
    repository: Repository, make: Make, small: None
) -> None:
    vectors = vectors_of(400)
    await store(repository, 1, vectors[:50])
    index = await renewed(make(), repository)
    await store(repository, 51, vectors[50:])
    await level(index, repository)
    assert index.kind == "hnsw"
    assert pending(index) == 0
    assert await found(index, vectors) == list(range(1, 401))


async def test_read_only_library_gets_no_files(
    repository: Repository, make: Make, small: None, settings: EngineSettings
) -> None:
    vectors = vectors_of(330)
    await store(repository, 1, vectors)
    index = await renewed(make(read_only=True), repository)
    assert (index.kind, await found(index, vectors[:9])) == ("hnsw", list(range(1, 10)))
    assert not (settings.data_dir / "index").exists()


async def test_empty_library_is_written_down_and_read(
    repository: Repository, make: Make, settings: EngineSettings
) -> None:
    index = await level(make("hnsw"), repository)
    await index.checkpoint()
    assert len(files(settings)) == 3
    again = await level(make("hnsw"), repository)
    assert await again.search(vectors_of(2), 5) == [[], []]
    await store(repository, 1, vectors_of(5))
    assert (await level(again, repository)).size == 5


async def test_features_made_again_reach_indexes_that_are_open(
    service: SearchService, settings: EngineSettings
) -> None:
    (added,) = await add_paths(service, SHIPPED / "coffee.png")
    async with service.repository.database.write() as connection:
        await connection.execute(delete(embeddings))
    async with open_service(settings) as other:
        assert (await other.status()).index_size == 0
        await service.checker.check(repair=True, purge=False, actor="test")
        assert (await other.status()).index_size == 1
        assert (await other.search((SHIPPED / "coffee.png").read_bytes())).matches[0].image.id == added.id


async def test_index_whose_file_was_deleted_is_built_anew(
    repository: Repository, make: Make, small: None, settings: EngineSettings
) -> None:
    vectors = vectors_of(400)
    await store(repository, 1, vectors[:330])
    index = await renewed(make(), repository)
    for path in (settings.data_dir / "index").iterdir():
        path.unlink()
    await store(repository, 331, vectors[330:])
    await renewed(index, repository)
    assert pending(index) == 0
    assert len(files(settings)) == 3
    assert await found(index, vectors) == list(range(1, 401))


def test_merged_graph_of_an_older_process_can_go_while_it_serves(tmp_path: Path) -> None:
    """The file that is mapped is gone when the next merge begins: it fails as an OSError, and the index serves on."""
    index = HnswIndex(DIMENSIONS)
    vectors = vectors_of(60)
    index.add(np.arange(60), vectors)
    for path in index.save(tmp_path / "graph"):
        assert path.exists()
    mapped = HnswIndex.load(tmp_path / "graph", DIMENSIONS)
    (tmp_path / "graph").unlink()
    mapped.add(np.array([99]), vectors_of(1))
    with pytest.raises(OSError, match="graph"):
        mapped.merged()
    assert [int(hits.keys[0]) for hits in mapped.search(vectors, 1)] == list(range(60))
