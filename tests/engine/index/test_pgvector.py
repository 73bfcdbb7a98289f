"""An index in PostgreSQL beyond the contract: levels, rebuilding beside searches, and servers that cannot have one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from engine import EngineSettings, open_service
from engine.concurrency import CpuPool
from engine.domain import PART_BITS
from engine.errors import InvalidSetting
from engine.index.hits import Keys, Vectors
from engine.index.pgvector import SCHEMA, Pgvector, PgvectorIndex, require_pgvector
from engine.settings import parse_database_url
from engine.storage.database import Database
from tests.postgresql import PostgresServer
from tests.rows import DIMENSIONS, vector_of


@pytest.fixture
def pool() -> Iterator[CpuPool]:
    with CpuPool(1) as made:
        yield made


@pytest.fixture
async def database(postgresql: PostgresServer, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one that has the extension."""
    with postgresql.database(migrated=False) as url:
        database = Database(parse_database_url(url), tmp_path / "opening.lock")
        await require_pgvector(database)
        yield database
        await database.close()


@pytest.fixture
def index(database: Database, pool: CpuPool) -> PgvectorIndex:
    return Pgvector(database, pool).index("one", DIMENSIONS)


def rows(*numbers: int) -> tuple[Keys, Vectors]:
    return np.array(numbers, np.int64), np.stack([vector_of(number) for number in numbers])


async def portions(*parts: tuple[Keys, Vectors]) -> AsyncIterator[tuple[Keys, Vectors]]:
    for part in parts:
        yield part


async def found(index: PgvectorIndex, number: int = 1) -> list[int]:
    (hits,) = await index.search(vector_of(number)[None], 100)
    return sorted(hits.keys.tolist())


async def test_index_has_a_level_once_it_is_whole(index: PgvectorIndex) -> None:
    assert await index.level() is None
    await index.rebuild(portions(rows(1, 2), rows(3)), 7)
    assert (await index.level(), await index.size(), await found(index)) == (7, 3, [1, 2, 3])
    await index.mark(9)
    assert await index.level() == 9


async def test_distances_are_one_less_the_cosine(index: PgvectorIndex) -> None:
    await index.rebuild(portions(rows(1, 2)), 1)
    await index.add(np.array([4 << PART_BITS]), -vector_of(1)[None])
    (hits,) = await index.search(vector_of(1)[None], 3)
    assert hits.keys.tolist() == [1, 2, 4 << PART_BITS]
    expected = [0, 1 - float(vector_of(1) @ vector_of(2)), 2]
    assert hits.distances.tolist() == pytest.approx(expected, abs=2e-3)
    assert hits.distances.dtype == np.float32


async def test_no_query_has_no_answer_and_each_of_several_its_own(index: PgvectorIndex) -> None:
    assert await index.search(np.zeros((0, DIMENSIONS), np.float32), 5) == []
    await index.rebuild(portions(rows(1, 2, 3)), 1)
    answers = await index.search(np.stack([vector_of(number) for number in (3, 1, 2)]), 1)
    assert [hits.keys.tolist() for hits in answers] == [[3], [1], [2]]


async def test_others_search_what_there_was_until_the_new_one_is_whole(index: PgvectorIndex) -> None:
    await index.rebuild(portions(rows(1, 2)), 1)
    seen: list[tuple[int | None, list[int]]] = []

    async def slowly() -> AsyncIterator[tuple[Keys, Vectors]]:
        for number in (5, 6):
            yield rows(number)
            seen.append((await index.level(), await found(index)))

    await index.rebuild(slowly(), 8)
    assert seen == [(1, [1, 2])] * 2
    assert (await index.level(), await found(index)) == (8, [5, 6])


async def test_rebuilding_that_was_broken_off_leaves_what_there_was(index: PgvectorIndex) -> None:
    await index.rebuild(portions(rows(1, 2)), 1)

    async def breaking() -> AsyncIterator[tuple[Keys, Vectors]]:
        yield rows(5)
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            await index.rebuild(breaking(), 8)
        assert (await index.level(), await found(index)) == (1, [1, 2])


async def test_vector_that_is_the_same_already_is_not_written_again(index: PgvectorIndex, database: Database) -> None:
    """Each new version of a row would make the graph larger."""

    async def versions() -> dict[int, int]:
        async with database.read() as connection:
            found = await connection.execute(text(f"SELECT key, xmin::text::bigint FROM {SCHEMA}.one"))
            return {row.key: row.xmin for row in found}

    await index.rebuild(portions(rows(1, 2)), 1)
    before = await versions()
    await index.add(*rows(1, 2))
    assert await versions() == before
    await index.add(np.array([1, 2]), np.stack([vector_of(1), vector_of(5)]))
    after = await versions()
    assert (after[1], after[2] > before[2]) == (before[1], True)


async def test_indexes_of_two_names_are_apart(index: PgvectorIndex, database: Database, pool: CpuPool) -> None:
    other = Pgvector(database, pool).index("other", DIMENSIONS)
    await index.rebuild(portions(rows(1, 2)), 1)
    assert await other.level() is None
    await other.rebuild(portions(rows(7)), 3)
    await other.remove(np.array([1, 7]))
    assert (await index.level(), await found(index)) == (1, [1, 2])
    assert (await other.level(), await found(other)) == (3, [])


async def test_reaching_it_twice_is_no_error_and_closing_it_leaves_the_database_open(
    database: Database, pool: CpuPool
) -> None:
    server = Pgvector(database, pool)
    for _ in range(2):
        await server.reach()
    await server.close()
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'vector'")) == 1


async def test_extension_that_is_too_old_is_said(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.index.pgvector.OLDEST", (99, 1))
    with pytest.raises(InvalidSetting, match=r"at least 99\.1 is needed \(ALTER EXTENSION vector UPDATE\)"):
        await require_pgvector(database)


async def test_pgvector_in_sqlite_is_refused(settings: EngineSettings) -> None:
    with pytest.raises(InvalidSetting, match="PICTRACE_INDEX: pgvector needs PostgreSQL"):
        async with open_service(settings.model_copy(update={"index": "pgvector"})):
            pass


async def test_extension_that_this_user_may_not_make_is_said(postgresql: PostgresServer, tmp_path: Path) -> None:
    with postgresql.database() as url:
        postgresql.execute("CREATE ROLE plain LOGIN")
        try:
            database = Database(parse_database_url(url.replace("postgres@", "plain@")), tmp_path / "opening.lock")
            with pytest.raises(InvalidSetting, match="CREATE EXTENSION vector"):
                await require_pgvector(database)
            await database.close()
        finally:
            postgresql.execute("DROP ROLE plain")


async def test_server_without_the_extension_is_said(
    postgresql: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.index.pgvector.EXTENSION", "no_such_extension")
    with postgresql.database() as url:
        database = Database(parse_database_url(url), tmp_path / "opening.lock")
        with pytest.raises(InvalidSetting, match="has no pgvector"):
            await require_pgvector(database)
        await database.close()
