"""One contract for every index, with exact search as the oracle."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from engine import EngineSettings
from engine.concurrency import CpuPool
from engine.index.base import PooledIndex, VectorIndex
from engine.index.flat import FlatIndex
from engine.index.hamming import HammingIndex
from engine.index.hits import Hits, Keys, Vectors
from engine.index.hnsw import HnswIndex
from engine.index.milvus import Milvus
from engine.index.pgvector import PgvectorIndex, require_pgvector
from engine.settings import parse_database_url
from engine.storage.database import Database
from tests.milvus import StandaloneMilvus, milvus_lite
from tests.postgresql import PostgresServer

DIMENSIONS, COUNT = 64, 600
RANDOM = np.random.default_rng(17)
START = RANDOM.bit_generator.state


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Every test draws the same, whichever ran before it."""
    RANDOM.bit_generator.state = START


@dataclass(frozen=True)
class Case:
    """An index under test, its oracle, what to put in, and how alike their answers must be."""

    index: VectorIndex
    oracle: VectorIndex
    keys: Keys
    vectors: Vectors
    queries: Vectors
    within: float  # distances up to which the index must find everything
    recall: float
    tolerance: float
    more: int = 0  # than wanted are asked for: what rounds its vectors is trusted with no order


def clustered() -> tuple[Vectors, Vectors]:
    """Unit vectors in clusters, as embeddings are, and queries near some of them."""
    centres = RANDOM.normal(size=(40, DIMENSIONS))
    vectors = centres[RANDOM.integers(40, size=COUNT)] + 0.5 * RANDOM.normal(size=(COUNT, DIMENSIONS))
    queries = vectors[:25] + 0.2 * RANDOM.normal(size=(25, DIMENSIONS))
    return tuple((v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32) for v in (vectors, queries))


def hashes(keys: Keys) -> tuple[Vectors, Vectors]:
    """Random hashes, and queries that differ from some of them in 0-5 bits."""
    values = RANDOM.integers(0, 1 << 63, len(keys), np.uint64)
    flips = [sum(1 << int(b) for b in RANDOM.choice(64, n % 6, replace=False)) for n in range(len(keys))]
    return values, values ^ np.array(flips, np.uint64)


class Renewed(PooledIndex[HnswIndex]):
    """An HNSW index that is merged after every second change: a graph, what came since, and what is dead in it.

    `place`: where each graph is written, and mapped again; without it, it stays in memory.
    """

    def __init__(self, pool: CpuPool, place: Path | None) -> None:
        super().__init__(HnswIndex(DIMENSIONS), pool)
        self._place, self._changes = place, 0

    async def add(self, keys: Keys, vectors: Vectors) -> None:
        await super().add(keys, vectors)
        self._renew()

    async def remove(self, keys: Keys) -> None:
        await super().remove(keys)
        self._renew()

    def _renew(self) -> None:
        self._changes += 1
        assert isinstance(self.local, HnswIndex)
        if self._changes % 2:
            self.local = self.local.merged()
            if self._place:
                path = self._place / str(self._changes)
                self.local.save(path)
                self.local = HnswIndex.load(path, DIMENSIONS)


@asynccontextmanager
async def on_server(
    kind: str, request: pytest.FixtureRequest, folder: Path, pool: CpuPool
) -> AsyncIterator[VectorIndex]:
    """An empty index in PostgreSQL, in a file of Milvus Lite, or on a Milvus server."""
    if kind == "pgvector":
        server: PostgresServer = request.getfixturevalue("postgresql")
        with server.database(migrated=False) as url:
            # A table so small would be gone through row by row, and not by its graph.
            server.execute(f"ALTER DATABASE {server.last} SET enable_seqscan = off")
            database = Database(parse_database_url(url), folder / "opening.lock")
            await require_pgvector(database)
            pgvector = PgvectorIndex(database, pool, "contract", DIMENSIONS)
            await pgvector.rebuild(nothing(), 0)
            yield pgvector
            await database.close()
    elif kind == "milvus server":
        standalone: StandaloneMilvus = request.getfixturevalue("standalone_milvus")
        at_server = Milvus(standalone.uri, None, pool)
        index = at_server.index("contract", DIMENSIONS)
        await index.rebuild(nothing(), 0)
        yield index
        await at_server.close()
    elif kind == "hashes on a milvus server":
        standalone = request.getfixturevalue("standalone_milvus")
        at_server = Milvus(standalone.uri, None, pool)
        hashed = await at_server.hash_index("contract_hashes")
        assert hashed
        await hashed.rebuild(nothing(), 0)
        yield hashed
        await at_server.close()
    else:
        async with milvus_lite(folder / "contract.db", pool) as client:
            milvus = client.index("contract", DIMENSIONS)
            await milvus.rebuild(nothing(), 0)
            yield milvus


async def nothing() -> AsyncIterator[tuple[Keys, Vectors]]:
    """No rows to build an index from."""
    none: tuple[tuple[Keys, Vectors], ...] = ()
    for rows in none:
        yield rows


EMBEDDINGS_ON_SYSTEM = pytest.param("milvus server", marks=pytest.mark.system)
OF_EMBEDDINGS = ["flat", "hnsw", "hnsw merged", "hnsw mapped", "pgvector", "milvus", EMBEDDINGS_ON_SYSTEM]
OF_HASHES = ["hamming", pytest.param("hashes on a milvus server", marks=pytest.mark.system)]


@pytest.fixture(params=[*OF_EMBEDDINGS, *OF_HASHES])
async def case(request: pytest.FixtureRequest, settings: EngineSettings, tmp_path: Path) -> AsyncIterator[Case]:
    with CpuPool(2) as pool:
        if request.param in ("pgvector", "milvus", "milvus server"):
            vectors, queries = clustered()
            keys = RANDOM.permutation(np.arange(1, 10_000))[:COUNT]
            async with on_server(request.param, request, tmp_path, pool) as index:
                yield Case(index, PooledIndex(FlatIndex(DIMENSIONS), pool), keys, vectors, queries, 2, 0.98, 2e-3)
        elif request.param == "hamming":
            keys = np.arange(1, 201)
            values, queries = hashes(keys)
            yield Case(PooledIndex(HammingIndex(), pool), BitByBit(), keys, values, queries, 64, 1, 0)
        elif request.param == "hashes on a milvus server":
            keys = RANDOM.permutation(np.arange(1, 201))
            values, queries = hashes(keys)
            async with on_server(request.param, request, tmp_path, pool) as index:
                yield Case(index, BitByBit(), keys, values, queries, 64, 1, 0)
        else:
            vectors, queries = clustered()
            indexes: dict[str, Callable[[], VectorIndex]] = {
                "flat": lambda: PooledIndex(FlatIndex(DIMENSIONS), pool),
                "hnsw": lambda: PooledIndex(HnswIndex(DIMENSIONS), pool),
                "hnsw merged": lambda: Renewed(pool, None),
                "hnsw mapped": lambda: Renewed(pool, tmp_path),
            }
            alike = (1.0, 1e-6) if request.param == "flat" else (0.99, 2e-2, 10)
            oracle = PooledIndex(FlatIndex(DIMENSIONS), pool)
            keys = RANDOM.permutation(np.arange(1, 10_000))[:COUNT]
            yield Case(indexes[request.param](), oracle, keys, vectors, queries, 2, *alike)


class BitByBit:
    """The oracle of hashes: one at a time, by Python's own numbers."""

    def __init__(self) -> None:
        self._hashes: dict[int, int] = {}

    async def add(self, keys: Keys, vectors: Vectors) -> None:
        self._hashes.update(zip(keys.tolist(), vectors.tolist(), strict=True))

    async def remove(self, keys: Keys) -> None:
        for key in keys.tolist():
            self._hashes.pop(key, None)

    async def search(self, queries: Vectors, count: int) -> list[Hits]:
        answers = []
        for query in queries.tolist():
            near = sorted(((query ^ one).bit_count(), key) for key, one in self._hashes.items())[:count]
            answers.append(Hits(np.array([k for _, k in near], np.int64), np.array([d for d, _ in near], np.float32)))
        return answers

    async def size(self) -> int:
        return len(self._hashes)


async def assert_like_oracle(case: Case, count: int = 10) -> None:
    found = await case.index.search(case.queries, count + case.more)
    expected = await case.oracle.search(case.queries, count)
    assert len(found) == len(expected) == len(case.queries)
    hit = total = 0
    for one, truth in zip(found, expected, strict=True):
        near = truth.distances <= case.within
        wanted = dict(zip(truth.keys[near].tolist(), truth.distances[near].tolist(), strict=True))
        got = dict(zip(one.keys.tolist(), one.distances.tolist(), strict=True))
        hit += len(set(wanted) & set(got))
        total += len(wanted)
        for key in set(wanted) & set(got):
            assert got[key] == pytest.approx(wanted[key], abs=case.tolerance)
        assert_ordered(one)
    assert hit >= case.recall * total
    assert total > 0 or await case.oracle.size() == 0


def assert_ordered(hits: Hits) -> None:
    pairs = list(zip(hits.distances.tolist(), hits.keys.tolist(), strict=True))
    assert pairs == sorted(pairs)
    assert len(set(hits.keys.tolist())) == len(hits.keys)


async def fill(case: Case) -> None:
    for index in (case.index, case.oracle):
        await index.add(case.keys, case.vectors)


async def test_empty_index_finds_nothing(case: Case) -> None:
    assert await case.index.size() == 0
    assert all(len(hits.keys) == 0 for hits in await case.index.search(case.queries, 5))


async def test_finds_what_exact_search_finds(case: Case) -> None:
    await fill(case)
    assert await case.index.size() == len(case.keys)
    await assert_like_oracle(case)


@pytest.mark.parametrize("case", OF_HASHES, indirect=True)
async def test_of_equally_near_hashes_those_with_the_least_keys_are_found(case: Case) -> None:
    case = replace(case, vectors=case.vectors[np.arange(len(case.keys)) % 3])  # a third of them each
    await fill(case)
    for count in (1, 4, 70):
        found = await case.index.search(case.queries, count)
        expected = await case.oracle.search(case.queries, count)
        assert [hits.keys.tolist() for hits in found] == [hits.keys.tolist() for hits in expected]


async def test_at_most_count_are_returned(case: Case) -> None:
    await fill(case)
    assert all(len(hits.keys) <= 3 for hits in await case.index.search(case.queries, 3))


async def test_removed_keys_are_not_found(case: Case) -> None:
    await fill(case)
    for index in (case.index, case.oracle):
        await index.remove(case.keys[::2])
    found = await case.index.search(case.queries, 20)
    assert not set(case.keys[::2].tolist()) & {key for hits in found for key in hits.keys.tolist()}
    assert await case.index.size() == await case.oracle.size()
    await assert_like_oracle(case)


async def test_few_that_are_left_are_found_among_many_removed(case: Case) -> None:
    await fill(case)
    for index in (case.index, case.oracle):
        await index.remove(case.keys[:-20])
    await assert_like_oracle(case)


async def test_key_added_again_has_its_new_vector_only(case: Case) -> None:
    await fill(case)
    rolled = np.roll(case.vectors, 7, axis=0)
    for index in (case.index, case.oracle):
        await index.add(case.keys, rolled)
    assert await case.index.size() == len(case.keys)
    await assert_like_oracle(case)


async def test_unknown_keys_are_removed_without_ado(case: Case) -> None:
    await fill(case)
    await case.index.remove(np.array([987_654_321], np.int64))
    assert await case.index.size() == len(case.keys)


async def test_many_changes_end_like_the_oracle(case: Case) -> None:
    for _ in range(6):
        some = RANDOM.permutation(len(case.keys))[: len(case.keys) // 2]
        gone = RANDOM.permutation(len(case.keys))[: len(case.keys) // 4]
        for index in (case.index, case.oracle):
            await index.add(case.keys[some], case.vectors[some])
            await index.remove(case.keys[gone])
    assert await case.index.size() == await case.oracle.size()
    await assert_like_oracle(case)


async def test_everything_removed_and_added_again_is_found(case: Case) -> None:
    await fill(case)
    for index in (case.index, case.oracle):
        await index.remove(case.keys)
    assert await case.index.size() == 0
    assert all(len(hits.keys) == 0 for hits in await case.index.search(case.queries, 5))
    await fill(case)
    assert await case.index.size() == len(case.keys)
    await assert_like_oracle(case)


@pytest.mark.parametrize("kind", [FlatIndex, HnswIndex])
def test_saved_index_answers_as_before(kind: type[FlatIndex] | type[HnswIndex], tmp_path: Path) -> None:
    vectors, queries = clustered()
    index = kind(DIMENSIONS)
    index.add(np.arange(COUNT), vectors)
    index.remove(np.arange(0, COUNT, 3))
    index.save(tmp_path / "saved")
    loaded = kind.load(tmp_path / "saved", DIMENSIONS)
    assert len(loaded) == len(index) == COUNT - 200
    for before, after in zip(index.search(queries, 5), loaded.search(queries, 5), strict=True):
        assert len(set(before.keys.tolist()) & set(after.keys.tolist())) >= 4


@pytest.mark.parametrize("kind", [FlatIndex, HnswIndex])
def test_index_of_other_dimensions_is_not_loaded(kind: type[FlatIndex] | type[HnswIndex], tmp_path: Path) -> None:
    index = kind(32)
    index.add(np.arange(5), np.eye(5, 32, dtype=np.float32))
    index.save(tmp_path / "saved")
    with pytest.raises(ValueError, match=r"dimensions|shape"):
        kind.load(tmp_path / "saved", DIMENSIONS)
