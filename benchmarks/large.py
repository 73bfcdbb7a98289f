"""`make bench-large`: a library of a million pictures, most of which are embeddings, hashes and a few keypoints only.

usage: large.py [--pictures N] [--real R] [--folder FOLDER] [--scratch FOLDER] [--json FILE]

R real pictures are made and added as `run.py` does. Embeddings of the others lie around those of the real ones: one of
them, moved along the differences of others, with noise where features are alive; how near the nearest
neighbours are is about as in a library of photographs. They go into the real tables in bulk; the index is then built
from storage. Exact search, the oracle of recall, reads all of storage once.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import insert

from benchmarks.run import HARD, QUERIES, decoded, made, memory_mb, search, sources
from engine import EngineSettings, SearchService, open_service
from engine.domain import NetworkHead, NetworkRef, Pixels
from engine.features import orb
from engine.features.embedding import Embedder
from engine.features.networks import Network
from engine.index.hits import nearest
from engine.index.local import SPARE, InProcess
from engine.pictures import augment, imaging
from engine.pictures.sources import Source
from engine.storage import codec, statements
from engine.storage.pairs import THOROUGHLY
from engine.storage.statements import Operation
from engine.storage.tables import embeddings, hashes, images, keypoints

PORTION = 5_000
ASKED = 200  # queries of recall, half of them edited copies
NEAREST, COMPARED = 50, 10
KEYPOINTS = 4
FLIPPED = 16  # bits of a hash
console = Console()


def synthetic(real: NDArray[np.float32], network: Network, count: int, seed: int) -> NDArray[np.float32]:
    """Embeddings (count, dimensions) around real ones."""
    random = np.random.default_rng(seed)
    one, a, b, c, d = (real[random.integers(len(real), size=count)] for _ in range(5))
    far = random.uniform(0.35, 0.9, (count, 1)).astype(np.float32)
    noise = random.uniform(0.3, 0.7, (count, 1)).astype(np.float32) * random.standard_normal(one.shape, np.float32)
    moved = one + far * (a - b) + far * (c - d) + noise * a
    if real.min() >= 0:  # of some networks no feature is below 0
        moved = np.maximum(moved, 0)
    return np.stack([network.unit(vector) for vector in moved])


def nearest_cosines(vectors: NDArray[np.float32]) -> list[float]:
    """5, 50 and 95 % of the cosines of nearest neighbours."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    return [round(float(q), 3) for q in np.quantile(cosines.max(axis=1), [0.05, 0.5, 0.95])]


async def add_real(service: SearchService, originals: list[Pixels], count: int) -> list[bytes]:
    """Adds real pictures; some of them to ask with."""
    chosen = set(np.linspace(0, count - 1, QUERIES).astype(int).tolist())
    kept = []

    def given() -> Iterator[Source]:
        for number, content in enumerate(made(originals, count, 1)):
            if number in chosen:
                kept.append(content)
            yield Source(f"{number}.jpg", partial(bytes, content), len(content))

    added = [result.status async for result in service.add(given(), actor="bench")]
    assert set(added) == {"added"}, set(added)
    return kept


async def stored(service: SearchService, network: NetworkRef, dimensions: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Embeddings and hashes of the real pictures."""
    rows = [row async for portion in service.repository.features.embeddings_of(network, dimensions) for row in portion]
    vectors = codec.vectors_from_bytes([vector for *_, vector in rows], dimensions)
    known = [phashes async for _, phashes in service.repository.features.all_phashes()]
    return vectors, np.concatenate(known)


async def fill(service: SearchService, embedder: Embedder, real: NDArray[Any], known: NDArray[Any], count: int) -> None:
    """Bulk inserts of `count` pictures that have no files."""
    random = np.random.default_rng(7)
    first = len(real) + 1
    for start in track(range(0, count, PORTION), f"storing {count:,} embeddings", transient=True):
        size = min(PORTION, count - start)
        ids = range(first + start, first + start + size)
        vectors = [codec.vector_to_bytes(vector) for vector in synthetic(real, embedder.network, size, seed=start)]
        flips = np.bitwise_or.reduce(np.uint64(1) << random.integers(0, 64, (size, FLIPPED), np.uint64), axis=1)
        phashes = random.choice(known, size) ^ flips
        points = random.integers(0, 255, (size, KEYPOINTS * (4 + 32)), np.uint8)
        plain = {
            "filename": "synthetic.jpg",
            "tags": [],
            "media_type": "image/jpeg",
            "width": 440,
            "height": 330,
            "byte_size": 30_000,
            "created_at": datetime.now(UTC),
            "compared": THOROUGHLY,
        }
        made_by = {"network": embedder.network.name, "version": embedder.version, "part": 0}
        async with service.repository.database.write() as connection:
            await connection.execute(insert(images), [{"id": i, "sha256": random.bytes(32).hex()} | plain for i in ids])
            await connection.execute(
                insert(embeddings), [{"image_id": i, "vector": v} | made_by for i, v in zip(ids, vectors, strict=True)]
            )
            rows = zip(ids, phashes.tolist(), strict=True)
            await connection.execute(insert(hashes), [{"image_id": i, "phash": codec.signed(h)} for i, h in rows])
            rows = zip(ids, points, strict=True)
            await connection.execute(
                insert(keypoints),
                [
                    {
                        "image_id": i,
                        "version": orb.VERSION,
                        "aspect": 440 / 330,
                        "points": p[: KEYPOINTS * 4].tobytes(),
                        "descriptors": p[KEYPOINTS * 4 :].tobytes(),
                    }
                    for i, p in rows
                ],
            )
            await statements.record(connection, Operation("add", "bench"), [(i, "added", None) for i in ids])


async def exact(
    service: SearchService, network: NetworkRef, head: NetworkHead, queries: NDArray[np.float32], total: int
) -> tuple[list[set[int]], float]:
    """The nearest of each query (n, d) by a head, reading all embeddings; and core-ms a query without the reading."""
    best = [(np.zeros(0, np.int64), np.zeros(0, np.float32)) for _ in queries]
    computing = 0.0
    ids: list[int] = []
    rows: list[bytes] = []

    def take() -> None:
        nonlocal computing
        vectors = head.of(codec.vectors_from_bytes(rows, head.whole))
        began = time.thread_time()
        distances = 1 - queries @ vectors.T
        for number, row in enumerate(distances):
            keys = np.concatenate([best[number][0], np.array(ids, np.int64)])
            hits = nearest(keys, np.concatenate([best[number][1], row]).astype(np.float32), COMPARED)
            best[number] = hits.keys, hits.distances
        computing += time.thread_time() - began
        ids.clear()
        rows.clear()

    last = 0
    while last < total:  # ids are without gaps; one long reading would keep the write-ahead log from being emptied
        some = range(last + 1, min(last + PORTION, total) + 1)
        async for portion in service.repository.features.embeddings_of(network, head.whole, some):
            ids += [image_id for image_id, *_ in portion]
            rows += [vector for *_, vector in portion]
        take()
        last = some[-1]
    return [set(keys.tolist()) for keys, _ in best], 1000 * computing / len(queries)


def spread(times_s: list[float]) -> dict[str, float]:
    return {"median": 1000 * median(times_s), "p99": 1000 * float(np.percentile(times_s, 99))}


async def recall(
    service: SearchService, queries: NDArray[np.float32], expected: list[set[int]]
) -> tuple[float, dict[str, Any]]:
    """Recall, and how long index and storage take for one query, and for four at once."""
    serving, _ = await service.networks.current()
    index = serving.index.embeddings
    assert isinstance(index, InProcess)
    hit = 0
    times: dict[str, list[float]] = {name: [] for name in ("index", "index and cosines", "four at once")}
    for query, truth in zip(queries, expected, strict=True):
        began = time.perf_counter()
        await index.index.search(query[None], NEAREST + SPARE)
        between = time.perf_counter()
        (near,) = await index.search(query[None], NEAREST)
        times["index"].append(between - began)
        times["index and cosines"].append(time.perf_counter() - between)
        hit += len(truth & {one.image_id for one in near[:COMPARED]})
    for start in range(0, len(queries) - 3, 4):
        began = time.perf_counter()
        await index.search(queries[start : start + 4], NEAREST)
        times["four at once"].append(time.perf_counter() - began)
    return hit / sum(map(len, expected)), {name: spread(taken) for name, taken in times.items()}


NEW_PROCESS = """
import time; began = time.perf_counter()
import asyncio, sys
from pathlib import Path
from engine import EngineSettings, open_service
async def main():
    async with open_service(EngineSettings(data_dir=Path(sys.argv[1]), _env_file=None)) as service:
        await service.level()
        ready = time.perf_counter() - began
        content = sys.stdin.buffer.read()
        await service.search(content, weak=True)
        lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        print(ready, *(lines[name].split()[0] for name in ("RssAnon", "RssFile")), flush=True)
        until = time.time() + float(sys.argv[2])
        while time.time() < until:
            matches = (await service.search(content, weak=True)).matches
            if matches and matches[0].image.filename == "appears.jpg":
                print(time.time(), flush=True)
                return
            await asyncio.sleep(0.01)
asyncio.run(main())
"""


async def another_process(service: SearchService, content: bytes) -> dict[str, float]:
    """How soon a new process is ready, what it takes, and when it finds what is added here."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        NEW_PROCESS,
        str(service.settings.data_dir),
        "120",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(imaging.encode_jpeg(decoded(content), quality=80))
    process.stdin.close()
    ready, anonymous, mapped = map(float, (await process.stdout.readline()).split())
    added = await service.add_bytes(content, name="appears.jpg", actor="bench")
    when = time.time()
    assert added.status == "added"
    appeared = float(await process.stdout.readline())
    await process.wait()
    return {
        "ready_ms": 1000 * ready,
        "memory_mb": anonymous / 1e3,
        "mapped_mb": mapped / 1e3,
        "appears_after_ms": 1000 * (appeared - when),
    }


def disk_bytes(data_dir: Path) -> dict[str, int]:
    index = sum(path.stat().st_size for path in (data_dir / "index").iterdir())
    return {"database": sum(path.stat().st_size for path in data_dir.glob("pictrace.db*")), "index": index}


async def run(originals: list[Pixels], count: int, real_count: int, data_dir: Path) -> dict[str, Any]:
    report: dict[str, Any] = {"pictures": count, "real": real_count}
    settings = EngineSettings(data_dir=data_dir, index="hnsw", _env_file=None)
    console.print(f"making and adding {real_count:,} pictures")
    async with open_service(settings.model_copy(update={"index": "exact"})) as service:
        contents = await add_real(service, originals, real_count)
        serving, _ = await service.networks.current()
        network, embedder = serving.network, serving.embedder
        head = embedder.network.copy
        real, known = await stored(service, network, head.whole)
        report["nearest_cosines"] = {
            "real": nearest_cosines(head.of(real[:1000])),
            "synthetic": nearest_cosines(head.of(synthetic(real, embedder.network, min(1000, len(real)), 99))),
        }
        await fill(service, embedder, real, known, count - real_count)
    console.print("building the index")
    async with open_service(settings) as service:
        began, core = time.perf_counter(), time.process_time()
        await service.level()
        report["build_s"] = time.perf_counter() - began
        report["build_core_s"] = time.process_time() - core
        report["built_memory_mb"] = memory_mb()
    async with open_service(settings) as service:
        await service.level()
        stored_pixels = [decoded(content) for content in contents]
        edited = [
            augment.apply(HARD[n % len(HARD)], pixels, originals[n % len(originals)], seed=n)
            for n, pixels in enumerate(stored_pixels)
        ]
        queries = np.concatenate(
            [
                np.stack([embedder.embed(pixels) for pixels in edited[: ASKED // 2]]),
                synthetic(real, embedder.network, ASKED - min(ASKED // 2, len(edited)), seed=10**7),
            ]
        ).astype(np.float32)
        queries = head.of(queries)
        console.print("exact search of all embeddings")
        expected, report["exact_core_ms"] = await exact(service, network, head, queries, count)
        report["recall_at_10"], report["index_ms"] = await recall(service, queries, expected)
        report["search_ms"] = {
            "saved anew": await search(service, [imaging.encode_jpeg(p, quality=70) for p in stored_pixels]),
            "edited": await search(service, [imaging.encode_jpeg(p, quality=85) for p in edited]),
            "stranger": await search(service, list(made(originals, QUERIES, 10**6))),
        }
        report["disk_bytes_per_picture"] = {name: size / count for name, size in disk_bytes(data_dir).items()}
        report["memory_mb"] = memory_mb()
        (appears,) = made(originals, 1, 10**7)
        report["another_process"] = await another_process(service, appears)
    return report


def show(report: dict[str, Any]) -> None:
    table = Table(title=f"{report['pictures']:,} pictures, {report['real']:,} of them real", title_justify="left")
    for column, justify in (("", "left"), ("median", "right"), ("99th percentile", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    nearest = report["nearest_cosines"]
    table.add_row("nearest cosines, real (5 · 50 · 95 %)", " · ".join(map(str, nearest["real"])), "")
    table.add_row("  synthetic", " · ".join(map(str, nearest["synthetic"])), "")
    table.add_row("building the index", f"{report['build_s']:.0f} s", f"{report['build_core_s']:.0f} core-s")
    for name, size in report["disk_bytes_per_picture"].items():
        table.add_row(f"bytes a picture: {name}", f"{size:.0f}", "")
    table.add_row("recall@10 against exact", f"{report['recall_at_10']:.4f}", "")
    table.add_row("exact search of a query, computing only", f"{report['exact_core_ms']:.1f} core-ms", "")
    for name, value in (report["index_ms"] | report["search_ms"]).items():
        what = name if name in report["index_ms"] else f"search: {name}"
        table.add_row(what, f"{value['median']:.1f} ms", f"{value['p99']:.1f} ms")
    other = report["another_process"]
    table.add_row("new process ready", f"{other['ready_ms']:.0f} ms", "")
    table.add_row("  its memory · mapped files", f"{other['memory_mb']:.0f} MB", f"{other['mapped_mb']:.0f} MB")
    table.add_row("an addition is in its search after", f"{other['appears_after_ms']:.0f} ms", "")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1_000_000)
    parser.add_argument("--real", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="pictures to make the real ones of")
    parser.add_argument("--scratch", type=Path, help="where the library lies meanwhile")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not QUERIES <= options.real < options.pictures:
        parser.error(f"at least {QUERIES} real pictures are needed, and more pictures than those")
    with tempfile.TemporaryDirectory(prefix="pictrace-large-", dir=options.scratch) as scratch:
        report = asyncio.run(run(sources(options.folder), options.pictures, options.real, Path(scratch)))
    console.print(f"{os.cpu_count()} cores")
    show(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
