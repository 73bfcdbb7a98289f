"""What compares the hashes of a large library best: this process, PostgreSQL or Milvus (docs/adr/0030).

usage: hashes.py [--hashes N] [--only WAY ...] [--json FILE]

A quarter of the hashes are random, half are those of real pictures' parts with 8 to 20 bits flipped, and a quarter
lies in groups, of which a few are large, within some bits of each other. The queries are hashes of the library with 0
to 12 bits flipped. What a search asks is eight hashes: the columns are the core-ms that these eight take, wherever, and
the share of the four nearest hashes that is found: of those within 12 bits, and however far.
"""

import argparse
import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
from numpy.typing import NDArray
from pymilvus import DataType, MilvusClient
from rich.console import Console
from rich.table import Table

from engine.features.hashes import phash
from engine.index.hamming import BITS, HammingIndex
from engine.matching.proof import NEAR_HASH
from tests.conftest import PHOTOGRAPHS, photograph
from tests.milvus import StandaloneMilvus
from tests.postgresql import PostgresServer

Hashes = NDArray[np.uint64]
Row = dict[str, float | str]
Ask = Callable[[Hashes], Awaitable[list[list[int]]]]  # for eight hashes, the distances of the nearest four of each

REAL, QUERIES, AT_ONCE, WANTED = 4_000, 400, 8, 4
WAYS = ("memory", "scan", "blocks", "ivfflat", "hnsw", "hnsw of different ones", "BIN_FLAT", "BIN_IVF_FLAT")
BLOCK = 16  # bits; four blocks, of which one differs in at most a quarter of the bits that the whole does
PORTION = 20_000
console = Console(stderr=True)


# --- the library


def flipped(values: Hashes, counts: NDArray[np.int64], random: np.random.Generator) -> Hashes:
    """Each with so many of its bits flipped."""
    found, order = values.copy(), np.argsort(random.random((len(values), BITS)), axis=1)
    for number in range(int(counts.max(initial=0))):
        more = counts > number
        found[more] ^= np.uint64(1) << order[more, number].astype(np.uint64)
    return found


def real(random: np.random.Generator) -> Hashes:
    """Of parts of photographs."""
    found: list[int] = []
    while len(found) < REAL:
        pixels = photograph(PHOTOGRAPHS[random.integers(len(PHOTOGRAPHS))])
        height, width = (int(side * random.uniform(0.15, 0.9)) for side in pixels.shape[:2])
        top, left = (random.integers(whole - part) for whole, part in zip(pixels.shape, (height, width), strict=False))
        value = phash(np.ascontiguousarray(pixels[top : top + height, left : left + width]))
        found += [value] if value is not None else []
    return np.array(found, np.uint64)


def library(count: int) -> Hashes:
    random = np.random.default_rng(5)
    known = real(random)
    others = flipped(random.choice(known, count // 2), random.integers(8, 21, count // 2), random)
    anything = random.integers(0, 1 << 64, count // 4, np.uint64)
    left = count - len(others) - len(anything)
    sizes = np.minimum(random.zipf(1.7, left), 20_000)
    groups = np.repeat(random.integers(0, 1 << 64, left, np.uint64), sizes)[:left]
    copies = flipped(groups, random.choice([0, 0, 1, 2, 3, 4, 6], left), random)
    return random.permutation(np.concatenate([others, anything, copies]))


# --- what is measured


def core_ms(pid: int) -> float:
    """What a process has taken, and those that it started."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in listed.splitlines()[1:]]
    parents = {int(one): int(parent) for one, parent in pairs}
    found, size = {pid}, 0
    while len(found) > size:
        size = len(found)
        found |= {one for one, parent in parents.items() if parent in found}
    return sum(_core_ms(one) for one in found)


def _core_ms(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0  # it has ended
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Judge:
    """Asks in every way the same, and knows the answers."""

    def __init__(self, hashes: Hashes) -> None:
        random = np.random.default_rng(6)
        self.asked = flipped(random.choice(hashes, QUERIES), np.arange(QUERIES) % (NEAR_HASH + 1), random)
        self.rows: list[Row] = []

    def truth(self, hashes: Hashes) -> list[list[int]]:
        index = HammingIndex()
        index.add(np.arange(len(hashes)), hashes)
        return [hits.distances.astype(int).tolist() for hits in index.search(self.asked, WANTED)]

    async def measure(
        self, way: str, of: Hashes, ask: Ask, pid: int, queries: int = QUERIES, made: dict[str, float] | None = None
    ) -> None:
        """`of`: the hashes that the answers come from. `pid`: of what does the work. `made`: what its index took."""
        console.print(way)
        started, before, found = time.monotonic(), core_ms(pid), []
        for start in range(0, queries, AT_ONCE):
            found += await ask(self.asked[start : start + AT_ONCE])
        searches = queries / AT_ONCE
        row: Row = {"way": way, "core_ms": (core_ms(pid) - before) / searches, **(made or {})}
        row["ms"] = 1000 * (time.monotonic() - started) / searches
        truth = self.truth(of)[:queries]
        row["near"] = _share(found, truth, NEAR_HASH)
        row["far"] = _share(found, truth, BITS)
        self.rows.append(row)


def _share(found: list[list[int]], truth: list[list[int]], within: int) -> float:
    wanted = [Counter(one for one in row if one <= within) for row in truth]
    hit = sum((Counter(row) & right).total() for row, right in zip(found, wanted, strict=True))
    return hit / max(1, sum(right.total() for right in wanted))


# --- the ways


async def in_memory(judge: Judge, hashes: Hashes) -> None:
    index = HammingIndex()
    index.add(np.arange(len(hashes)), hashes)

    async def ask(queries: Hashes) -> list[list[int]]:
        return [hits.distances.astype(int).tolist() for hits in index.search(queries, WANTED)]

    await judge.measure("memory", hashes, ask, os.getpid())


def _signed(hashes: Hashes) -> list[int]:
    return list(hashes.astype(np.int64).tolist())


NEAREST = (
    "SELECT asked.number, near.distance::int FROM unnest($1::bigint[]) WITH ORDINALITY AS asked(hash, number), LATERAL "
    "(SELECT bits <~> asked.hash::bit(64) AS distance FROM {table} ORDER BY bits <~> asked.hash::bit(64) LIMIT 4) near"
)
PREPARED = (
    "CREATE EXTENSION vector",
    "SET max_parallel_workers_per_gather = 0",
    "SET max_parallel_maintenance_workers = 0",
    "SET maintenance_work_mem = '1GB'",
    "CREATE TABLE hashes (hash bigint NOT NULL)",
)


def blocks() -> str:
    """Multi-index hashing: what differs in at most 12 bits differs in at most 3 in one of four blocks. B-trees only."""
    found = " UNION ".join(f"SELECT ctid, hash FROM blocks WHERE b{n} = ANY(${n + 2}::int[])" for n in range(4))
    distance = "bit_count((hash # $1)::bit(64))"
    return (
        f"SELECT {distance}::int AS distance FROM ({found}) AS found WHERE {distance} <= {NEAR_HASH} ORDER BY 1 LIMIT 4"
    )


FLIPS = [sum(1 << bit for bit in bits) for count in range(4) for bits in combinations(range(BLOCK), count)]


async def in_postgresql(judge: Judge, hashes: Hashes, ways: set[str]) -> None:
    server = PostgresServer()
    try:
        connection = await asyncpg.connect(server.url("postgres"))
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        for statement in PREPARED:
            await connection.execute(statement)
        await connection.copy_records_to_table("hashes", records=[(one,) for one in _signed(hashes)])
        await connection.execute("CREATE TABLE every AS SELECT hash::bit(64) AS bits FROM hashes")
        await connection.execute("CREATE TABLE different AS SELECT DISTINCT bits FROM every")

        def nearest(table: str) -> Ask:
            async def ask(queries: Hashes) -> list[list[int]]:
                found: list[list[int]] = [[] for _ in queries]
                for number, distance in await connection.fetch(NEAREST.format(table=table), _signed(queries)):
                    found[number - 1].append(distance)
                return found

            return ask

        async def by_blocks(queries: Hashes) -> list[list[int]]:
            found = []
            for query in queries.tolist():
                parts = [query >> BLOCK * number & (1 << BLOCK) - 1 for number in range(4)]
                values = [[part ^ flips for flips in FLIPS] for part in parts]
                rows = await connection.fetch(blocks(), *_signed(np.array([query], np.uint64)), *values)
                found.append([row["distance"] for row in rows])
            return found

        async def indexed(statements: Iterable[str], of: str) -> dict[str, float]:
            """The indexes of a table are made: what that took."""
            before = core_ms(pid)
            for statement in statements:
                await connection.execute(statement)
            size = await connection.fetchval(f"SELECT pg_indexes_size('{of}')")
            return {"build_s": (core_ms(pid) - before) / 1000, "bytes": size / len(hashes)}

        if "scan" in ways:
            await judge.measure("scan", hashes, nearest("every"), pid, queries=16)
        if "blocks" in ways:
            columns = ", ".join(f"(hash >> {BLOCK * n} & 65535)::int AS b{n}" for n in range(4))
            await connection.execute(f"CREATE TABLE blocks AS SELECT hash, {columns} FROM hashes")
            made = await indexed(
                [*(f"CREATE INDEX ON blocks (b{n}) INCLUDE (hash)" for n in range(4)), "VACUUM ANALYZE blocks"],
                "blocks",
            )
            await judge.measure("blocks", hashes, by_blocks, pid, queries=80, made=made)
        await connection.execute("SET enable_seqscan = off")
        if "ivfflat" in ways:
            lists = int(len(hashes) ** 0.5)
            made = await indexed(
                [f"CREATE INDEX i ON every USING ivfflat (bits bit_hamming_ops) WITH (lists = {lists})"], "every"
            )
            for share in (40, 10, 3):
                await connection.execute(f"SET ivfflat.probes = {lists // share}")
                await judge.measure(f"ivfflat, 1/{share} of the lists", hashes, nearest("every"), pid, made=made)
            await connection.execute("DROP INDEX i")
        for way, table, of in (("hnsw", "every", hashes), ("hnsw of different ones", "different", np.unique(hashes))):
            if way in ways:
                made = await indexed(
                    [f"CREATE INDEX i ON {table} USING hnsw (bits bit_hamming_ops) WITH (ef_construction = 128)"], table
                )
                await connection.execute("SET hnsw.iterative_scan = strict_order")
                for expansion in (200, 400, 1000):
                    await connection.execute(f"SET hnsw.ef_search = {expansion}")
                    await judge.measure(f"{way}, expansion {expansion}", of, nearest(table), pid, made=made)
                await connection.execute("DROP INDEX i")
        await connection.close()
    finally:
        server.remove()


@contextmanager
def milvus() -> Iterator[StandaloneMilvus]:
    with tempfile.TemporaryDirectory() as folder:
        server = StandaloneMilvus(Path(folder))
        try:
            yield server
        finally:
            server.stop()


def _sent(hashes: Hashes) -> list[bytes]:
    return [one.to_bytes(BITS // 8, "big") for one in hashes.tolist()]


def filled(client: MilvusClient, hashes: Hashes, kind: str) -> None:
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("key", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.BINARY_VECTOR, dim=BITS)
    client.create_collection(kind, schema=schema)
    for start in range(0, len(hashes), PORTION):
        sent = enumerate(_sent(hashes[start : start + PORTION]), start)
        client.insert(kind, [{"key": key, "vector": vector} for key, vector in sent])
    client.flush(kind)
    params = client.prepare_index_params()
    params.add_index("vector", index_type=kind, metric_type="HAMMING", params={"nlist": 1024})
    client.create_index(kind, params)
    client.load_collection(kind)


def asking(client: MilvusClient, kind: str, params: dict[str, Any], level: str) -> Ask:
    wanted = {"metric_type": "HAMMING", "params": params}

    async def ask(queries: Hashes) -> list[list[int]]:
        found = client.search(kind, _sent(queries), limit=WANTED, search_params=wanted, consistency_level=level)
        return [[int(hit["distance"]) for hit in hits] for hits in found]

    return ask


async def in_milvus(judge: Judge, hashes: Hashes, ways: set[str]) -> None:
    with milvus() as server:
        client = MilvusClient(server.uri, timeout=600, dedicated=True)
        assert server._process
        for kind in ("BIN_FLAT", "BIN_IVF_FLAT"):
            if kind not in ways:
                continue
            filled(client, hashes, kind)
            for probes in (0,) if kind == "BIN_FLAT" else (64, 256, 1024):
                way = f"{kind}, {probes} of 1024 lists" if probes else kind
                for level in ("Strong", "Eventually"):
                    ask = asking(client, kind, {"nprobe": probes} if probes else {}, level)
                    await judge.measure(f"{way}, {level.lower()}", hashes, ask, server._process.pid)
        client.close()


def shown(rows: list[Row]) -> Table:
    columns = {"core_ms": ".1f", "ms": ".1f", "near": ".4f", "far": ".4f", "build_s": ".1f", "bytes": ".0f"}
    table = Table("way", *columns)
    for row in rows:
        table.add_row(
            str(row["way"]), *(format(row[name], form) if name in row else "" for name, form in columns.items())
        )
    return table


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hashes", type=int, default=200_000)
    parser.add_argument("--only", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    hashes, ways = library(options.hashes), set(options.only)
    judge = Judge(hashes)
    if "memory" in ways:
        await in_memory(judge, hashes)
    if ways & {"scan", "blocks", "ivfflat", "hnsw", "hnsw of different ones"}:
        await in_postgresql(judge, hashes, ways)
    if ways & {"BIN_FLAT", "BIN_IVF_FLAT"}:
        await in_milvus(judge, hashes, ways)
    if options.json:
        options.json.write_text(json.dumps(judge.rows, indent=1) + "\n")
    Console(width=120).print(shown(judge.rows))


if __name__ == "__main__":
    asyncio.run(main())
