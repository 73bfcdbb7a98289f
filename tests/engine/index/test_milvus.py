"""An index in Milvus beyond the contract: the row that holds its level, messages, and clients that begin anew."""

import logging
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import EngineSettings, open_service
from engine.concurrency import CpuPool
from engine.errors import IndexUnreachable, InvalidSetting
from engine.index import milvus
from engine.index.hits import Keys, Vectors
from engine.index.milvus import LEVEL, Milvus, MilvusIndex
from tests.milvus import StandaloneMilvus, milvus_lite, milvus_server
from tests.rows import DIMENSIONS, vector_of

SECRET = "open-sesame"
NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def pool() -> Iterator[CpuPool]:
    with CpuPool(1) as made:
        yield made


@pytest.fixture
async def client(tmp_path: Path, pool: CpuPool) -> AsyncIterator[Milvus]:
    async with milvus_lite(tmp_path / "milvus.db", pool) as made:
        yield made


@pytest.fixture
def index(client: Milvus) -> MilvusIndex:
    return client.index("one", DIMENSIONS)


def rows(*numbers: int) -> tuple[Keys, Vectors]:
    return np.array(numbers, np.int64), np.stack([vector_of(number) for number in numbers])


async def portions(*parts: tuple[Keys, Vectors]) -> AsyncIterator[tuple[Keys, Vectors]]:
    for part in parts:
        yield part


async def found(index: MilvusIndex, vector: Vectors, count: int = 100) -> list[int]:
    (hits,) = await index.search(vector[None], count)
    return [int(key) for key in hits.keys]


async def test_level_is_kept_in_a_row_that_is_neither_found_nor_counted(index: MilvusIndex) -> None:
    assert await index.level() is None
    await index.rebuild(portions(rows(1, 2), rows(3)), 7)
    assert (await index.level(), await index.size()) == (7, 3)
    row = np.eye(1, DIMENSIONS, dtype=np.float32)[0]  # what that row holds
    for count in (1, 2, 3, 100):
        near = await found(index, row, count)
        assert LEVEL not in near
        assert len(near) == min(count, 3)
    await index.mark(9)
    assert (await index.level(), await index.size()) == (9, 3)


async def test_rebuilding_puts_the_new_in_place_of_all_and_has_no_level_until_it_is_whole(index: MilvusIndex) -> None:
    await index.rebuild(portions(rows(1, 2)), 1)

    async def breaking() -> AsyncIterator[tuple[Keys, Vectors]]:
        yield rows(5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await index.rebuild(breaking(), 8)
    assert await index.level() is None
    await index.rebuild(portions(rows(6, 7)), 9)
    assert await index.level() == 9
    assert sorted(await found(index, vector_of(1))) == [6, 7]


async def test_milvus_lite_compares_no_hashes(client: Milvus, tmp_path: Path, pool: CpuPool) -> None:
    assert await client.hash_index("hashes") is None
    with milvus_server(tmp_path / "behind-a-port.db") as server:
        at_port = Milvus(server.uri, None, pool)
        assert await at_port.hash_index("hashes") is None
        await at_port.close()


async def test_many_vectors_are_sent_in_portions(index: MilvusIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milvus, "PORTION", 3)
    await index.rebuild(portions(rows(*range(1, 8))), 1)
    assert sorted(await found(index, vector_of(1))) == list(range(1, 8))
    await index.remove(np.arange(1, 6))
    assert sorted(await found(index, vector_of(1))) == [6, 7]
    assert await index.size() == 2


async def test_answers_come_in_order_of_queries_and_distances(index: MilvusIndex) -> None:
    assert await index.search(np.zeros((0, DIMENSIONS), np.float32), 5) == []
    await index.rebuild(portions(rows(1, 2, 3)), 1)
    answers = await index.search(np.stack([vector_of(number) for number in (3, 1)]), 3)
    assert [hits.keys.tolist()[0] for hits in answers] == [3, 1]
    for hits in answers:
        assert hits.distances.tolist() == sorted(hits.distances.tolist())
        assert hits.distances[0] == pytest.approx(0, abs=2e-3)


async def test_server_that_is_not_there_is_said_by_every_call(pool: CpuPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(milvus, "TIMEOUT_S", 0.2)
    server = Milvus(NOBODY, SECRET, pool)
    for act in (server.reach, server.index("one", DIMENSIONS).level, server.index("one", DIMENSIONS).size):
        with pytest.raises(IndexUnreachable, match=rf"Milvus at {NOBODY} cannot be") as caught:
            await act()
        assert SECRET not in str(caught.value)
    await server.close()


async def test_after_an_error_the_next_call_begins_with_a_new_connection(tmp_path: Path, pool: CpuPool) -> None:
    with milvus_server(tmp_path / "milvus.db") as running:
        server = Milvus(running.uri, None, pool)
        await server.reach()
        before = await server.client()
        with pytest.raises(IndexUnreachable, match="somebody has pulled the plug"):
            async with server.translated():
                raise OSError(5, "somebody has pulled the plug.")
        await server.reach()
        assert await server.client() is not before
        await server.close()
        await server.close()


async def test_file_of_milvus_lite_serves_one_process(settings: EngineSettings, tmp_path: Path) -> None:
    with milvus_server(tmp_path / "taken.db"), pytest.raises(IndexUnreachable, match="cannot be opened") as caught:
        await open_and_close(settings.model_copy(update={"index": "milvus", "milvus_uri": str(tmp_path / "taken.db")}))
    assert "one process" in str(caught.value)


async def test_milvus_without_its_client_is_refused(settings: EngineSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(InvalidSetting, match=r"pip install pictrace\[milvus\]"):
        await open_and_close(settings.model_copy(update={"index": "milvus", "milvus_uri": NOBODY}))


async def test_token_is_in_no_message(settings: EngineSettings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = EngineSettings(
        data_dir=settings.data_dir, index="milvus", milvus_uri=NOBODY, milvus_token=SECRET, _env_file=None
    )
    with pytest.raises(IndexUnreachable) as caught:
        await open_and_close(made)
    assert SECRET not in f"{made!r} {caught.value} {caught.value.__cause__} {caplog.text}"


async def open_and_close(settings: EngineSettings) -> None:
    async with open_service(settings):
        pass


# --- hashes, on a whole server


@pytest.fixture
async def hashed(standalone_milvus: StandaloneMilvus, pool: CpuPool) -> AsyncIterator[MilvusIndex]:
    """An index of no hashes yet."""
    standalone_milvus.start()
    server = Milvus(standalone_milvus.uri, None, pool)
    index = await server.hash_index("hashes")
    assert index
    await index.rebuild(portions(), 0)
    yield index
    await server.close()


@pytest.mark.system
async def test_level_is_kept_beside_the_hashes_and_never_found(hashed: MilvusIndex) -> None:
    values = np.array([0, 1, (1 << 64) - 1], np.uint64)  # the first is what the level's row holds
    await hashed.rebuild(portions((np.array([5, 6, 7]), values)), 3)
    assert (await hashed.level(), await hashed.size()) == (3, 3)
    nearest, farthest = await hashed.search(values[[0, 2]], 3)
    assert (nearest.keys.tolist(), nearest.distances.tolist()) == ([5, 6, 7], [0, 1, 64])
    assert (farthest.keys.tolist(), farthest.distances.tolist()) == ([7, 6, 5], [0, 63, 64])
    await hashed.mark(4)
    assert (await hashed.level(), await hashed.size()) == (4, 3)


@pytest.mark.system
async def test_among_hundreds_that_are_equal_the_least_keys_are_found(hashed: MilvusIndex) -> None:
    keys = np.random.default_rng(4).permutation(np.arange(1, 1501))
    await hashed.add(keys, np.full(len(keys), 9, np.uint64))
    for count in (1, 4, 100):
        (hits,) = await hashed.search(np.array([8], np.uint64), count)
        assert hits.keys.tolist() == list(range(1, count + 1))
        assert set(hits.distances.tolist()) == {1}
