"""Embeddings in the library's own PostgreSQL by the extension pgvector: one index for all processes and machines."""

from collections.abc import AsyncIterator, Sequence

import numpy as np
from pgvector import HalfVector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.concurrency import CpuPool
from engine.errors import DatabaseRefused, InvalidSetting
from engine.index.graph import CONNECTIVITY, EXPANSION_ADD, LEAST_EXPANSION
from engine.index.hits import Hits, Keys, Vectors, nearest
from engine.storage.database import Database

EXTENSION = "vector"
SCHEMA = "pictrace_index"  # apart from the library's tables: a migration moves those, an index is made anew
LEVELS = f"{SCHEMA}.levels"
OLDEST = (0, 8)  # version of pgvector: scans go on where removed rows took the places of others
MOST_EXPANSION = 1000  # of a search; the server takes no more


class Pgvector:
    """The library's own database as a server of indexes."""

    def __init__(self, database: Database, pool: CpuPool) -> None:
        self._database = database
        self._pool = pool

    async def reach(self) -> None:
        """Make the extension ready where it is not. InvalidSetting where that cannot be."""
        await require_pgvector(self._database)

    def index(self, name: str, dimensions: int) -> "PgvectorIndex":
        return PgvectorIndex(self._database, self._pool, name, dimensions)

    async def hash_index(self, name: str) -> None:
        """None: whatever is exact in PostgreSQL takes many times as long as in memory (docs/adr/0030)."""

    async def close(self) -> None:
        """Whoever opened the database closes it."""


class PgvectorIndex:
    """float16 vectors under cosine distance, in a table with HNSW. Any LibraryError of the database."""

    kind = "pgvector"

    def __init__(self, database: Database, pool: CpuPool, name: str, dimensions: int) -> None:
        """`name`: a plain identifier of at most 50 characters."""
        self._database = database
        self._pool = pool
        self._name = name
        self._table = f"{SCHEMA}.{name}"
        self._dimensions = dimensions

    async def add(self, keys: Keys, vectors: Vectors) -> None:
        async with self._database.write_aside() as connection:
            await self._put(connection, self._table, keys, vectors)

    async def remove(self, keys: Keys) -> None:
        async with self._database.write_aside() as connection:
            await connection.execute(text(f"DELETE FROM {self._table} WHERE key = ANY(:keys)"), {"keys": keys.tolist()})

    async def search(self, queries: Vectors, count: int) -> list[Hits]:
        if not len(queries):
            return []
        found: list[list[tuple[int, float]]] = [[] for _ in queries]
        expansion = min(max(LEAST_EXPANSION, count), MOST_EXPANSION)
        asked = f"CAST(query.vector AS halfvec({self._dimensions}))"
        statement = text(
            "SELECT query.number, near.key, near.distance FROM unnest(CAST(:queries AS text[])) WITH ORDINALITY "
            f"AS query(vector, number), LATERAL (SELECT key, vector <=> {asked} AS distance FROM {self._table} "
            f"ORDER BY vector <=> {asked} LIMIT :count) AS near"
        )
        texts = await self._pool.run(_texts, queries)
        async with self._database.read() as connection:
            await connection.execute(
                text("SELECT set_config('hnsw.ef_search', :ef, true), set_config('hnsw.iterative_scan', :scan, true)"),
                {"ef": str(expansion), "scan": "strict_order"},
            )
            for number, key, distance in await connection.execute(statement, {"queries": texts, "count": count}):
                found[number - 1].append((key, distance))
        return [
            nearest(
                np.array([key for key, _ in rows], np.int64),
                np.array([distance for _, distance in rows], np.float32),
                count,
            )
            for rows in found
        ]

    async def size(self) -> int:
        async with self._database.read() as connection:
            return await connection.scalar(text(f"SELECT count(*) FROM {self._table}")) or 0

    async def level(self) -> int | None:
        """Up to which change it is level with the library; None where there is no whole index."""
        async with self._database.read() as connection:
            there = "SELECT to_regclass(:levels) IS NOT NULL AND to_regclass(:own) IS NOT NULL"
            if not await connection.scalar(text(there), {"levels": LEVELS, "own": self._table}):
                return None
            seq: int | None = await connection.scalar(
                text(f"SELECT seq FROM {LEVELS} WHERE name = :name"), {"name": self._name}
            )
            return seq

    async def mark(self, seq: int) -> None:
        """It is level up to `seq` now."""
        async with self._database.write_aside() as connection:
            await self._mark(connection, seq)

    async def rebuild(self, portions: AsyncIterator[tuple[Keys, Vectors]], seq: int) -> None:
        """Make it anew, in one transaction: others search what there was until it is whole."""
        new = f"{self._table}_new"
        async with self._database.write_aside(patiently=True) as connection:
            await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            await connection.execute(
                text(f"CREATE TABLE IF NOT EXISTS {LEVELS} (name text PRIMARY KEY, seq bigint NOT NULL)")
            )
            await connection.execute(
                text(f"CREATE TABLE {new} (key bigint PRIMARY KEY, vector halfvec({self._dimensions}) NOT NULL)")
            )
            async for keys, vectors in portions:
                await self._put(connection, new, keys, vectors)
            # After the rows: several times as fast as row by row.
            await connection.execute(
                text(
                    f"CREATE INDEX ON {new} USING hnsw (vector halfvec_cosine_ops) "
                    f"WITH (m = {CONNECTIVITY}, ef_construction = {EXPANSION_ADD})"
                )
            )
            await connection.execute(text(f"DROP TABLE IF EXISTS {self._table}"))
            await connection.execute(text(f"ALTER TABLE {new} RENAME TO {self._name}"))
            await self._mark(connection, seq)

    async def _mark(self, connection: AsyncConnection, seq: int) -> None:
        await connection.execute(
            text(f"INSERT INTO {LEVELS} VALUES (:name, :seq) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq"),
            {"name": self._name, "seq": seq},
        )

    async def _put(self, connection: AsyncConnection, table: str, keys: Keys, vectors: Vectors) -> None:
        """What is the same already is left alone: each new version of a row would make the graph larger."""
        statement = text(
            f"INSERT INTO {table} AS old (key, vector) SELECT key, CAST(vector AS halfvec({self._dimensions})) "
            "FROM unnest(CAST(:keys AS bigint[]), CAST(:vectors AS text[])) AS new(key, vector) "
            "ON CONFLICT (key) DO UPDATE SET vector = excluded.vector WHERE old.vector <> excluded.vector"
        )
        texts = await self._pool.run(_texts, vectors)
        await connection.execute(statement, {"keys": keys.tolist(), "vectors": texts})


async def require_pgvector(database: Database) -> None:
    """Make the extension ready where it is not. InvalidSetting where that cannot be."""
    if database.dialect != "postgresql":
        raise InvalidSetting(
            "PICTRACE_INDEX: pgvector needs PostgreSQL, but the library is in SQLite: set PICTRACE_DATABASE_URL, "
            "or choose another index."
        )
    in_use = text("SELECT extversion FROM pg_extension WHERE extname = :name")
    at_hand = text("SELECT default_version FROM pg_available_extensions WHERE name = :name")
    async with database.read() as connection:
        version = await connection.scalar(in_use, {"name": EXTENSION})
        available = version or await connection.scalar(at_hand, {"name": EXTENSION})
    if available is None:
        raise InvalidSetting(
            f"PICTRACE_INDEX: the server of the database {database.name} has no pgvector; install it there, or choose "
            "another index."
        )
    if tuple(int(part) for part in available.split(".")[:2]) < OLDEST:
        raise InvalidSetting(
            f"PICTRACE_INDEX: the database {database.name} has pgvector {available}; at least "
            f"{'.'.join(map(str, OLDEST))} is needed (ALTER EXTENSION vector UPDATE)."
        )
    if version is None:
        try:
            async with database.write() as connection:
                await connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
        except DatabaseRefused as error:
            raise InvalidSetting(
                f"PICTRACE_INDEX: the database {database.name} has no extension vector yet, and this user may not make "
                "it: let an administrator run CREATE EXTENSION vector there."
            ) from error


def _texts(vectors: Vectors) -> Sequence[str]:
    return [HalfVector(vector).to_text() for vector in vectors]
