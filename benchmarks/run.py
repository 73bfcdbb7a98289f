"""`make bench`: how fast PicTrace adds and searches, on pictures that it makes of scikit-image's by seeded edits.

usage: run.py [--pictures N ...] [--folder FOLDER] [--json FILE]

Everything runs in one process on a throw-away library, with the default settings; absolute times are this machine's.
`--folder` takes the sources of the edits from there instead. Rows of `search`: the very bytes of a stored picture; the
same saved anew; an edited copy; a picture that is not there.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from engine import EngineSettings, SearchService, open_service
from engine.domain import Image, Pixels, Provenance
from engine.features import hashes, orb
from engine.library.adding import prepare
from engine.pictures import augment, imaging
from engine.pictures.sources import expand

QUERIES = 60
CAMERA = 120  # photographs of 12 megapixels
SIZE = (440, 330)
PLAIN = ("crop", "mirror", "recolour", "rotate", "stretch", "perspective", "write_text", "mix")
HARD = ("screenshot", "paste", "crop", "turn", "mirror", "meme", "sticker", "blur", "mix", "story")
console = Console()


def sources(folder: Path | None) -> list[Pixels]:
    """The pictures that all others are made of."""
    where = folder or Path(str(files("skimage") / "data"))
    paths = sorted(p for p in where.iterdir() if p.suffix.lower() in (".jpg", ".png"))
    limits: dict[str, Any] = {"side": 1000, "max_bytes": 10**8, "max_pixels": 10**8}
    return [imaging.decode(path.read_bytes(), **limits).pixels for path in paths[:400]]


def made(originals: list[Pixels], count: int, seed: int) -> Iterator[bytes]:
    """`count` different pictures as JPEG files: windows of the originals, edited."""
    random = np.random.default_rng(seed)
    for number in range(count):
        whole, other = (originals[int(random.integers(len(originals)))] for _ in range(2))
        pixels = augment.apply("crop", whole, other, seed=seed + number)
        for name in random.choice(PLAIN, 2, replace=False):
            pixels = augment.apply(str(name), pixels, other, seed=seed + number)
        yield imaging.encode_jpeg(cv2.resize(pixels, SIZE), quality=88)


def memory_mb() -> float:
    """Resident now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if sys.platform == "linux" else 0
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


async def add(service: SearchService, folder: Path, expected: str = "added") -> tuple[float, float]:
    """Pictures a second with everything included, and core-milliseconds a picture."""
    started, computed = time.perf_counter(), time.process_time()
    added = [result.status async for result in service.add(expand(folder, service.settings), actor="bench")]
    took, computed = time.perf_counter() - started, time.process_time() - computed
    assert set(added) == {expected}, set(added)
    return len(added) / took, 1000 * computed / len(added)


def decoded(content: bytes) -> Pixels:
    """RGB, in full size."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.ascontiguousarray(pixels[..., ::-1], np.uint8)


def camera(originals: list[Pixels], count: int) -> Iterator[bytes]:
    """Photographs of 12 megapixels."""
    for content in made(originals, count, 10**7):
        yield imaging.encode_jpeg(cv2.resize(decoded(content), (4000, 3000), interpolation=cv2.INTER_CUBIC), quality=92)


def written(contents: Iterable[bytes], folder: Path) -> Path:
    """A folder with them."""
    folder.mkdir()
    for number, content in enumerate(contents):
        (folder / f"{number:06}.jpg").write_bytes(content)
    return folder


async def stages(service: SearchService, contents: list[bytes]) -> dict[str, float]:
    """Core-milliseconds a picture of each step of adding, one after another in one thread."""
    serving, _ = await service.networks.current()
    steps: dict[str, float] = {}

    def timed(name: str, function: Any, *arguments: Any) -> Any:
        started = time.process_time()
        result = function(*arguments)
        steps[name] = steps.get(name, 0.0) + 1000 * (time.process_time() - started) / len(contents)
        return result

    def decode(content: bytes) -> Image:
        return imaging.decode(content, side=imaging.LIBRARY_SIDE, max_bytes=10**8, max_pixels=10**8)

    for content in contents:
        timed("SHA-256", hashes.sha256, content)
        image = timed("decode", decode, content)
        timed("embedding", serving.embedder.embed, image.pixels)
        timed("ORB", orb.detect, image.pixels)
        timed("pHash", hashes.phash, image.pixels)
        timed("thumbnail", imaging.encode_thumbnail, image.pixels)
    started = time.process_time()
    for content in contents:
        prepare(decode(content), content, "", Provenance("x"), {serving.network: serving.embedder})
    steps["all of these"] = 1000 * (time.process_time() - started) / len(contents)
    return steps


async def search(service: SearchService, queries: list[bytes]) -> dict[str, float]:
    """Milliseconds: median, 99th percentile."""
    times = [(await service.search(query, weak=True)).timings_ms["total"] for query in queries]
    return {"median": median(times), "p99": float(np.percentile(times, 99))}


def ready_ms(settings: EngineSettings, query: bytes) -> dict[str, float]:
    """Start of a new process to its first answer, and its memory then."""
    script = """
import time; began = time.perf_counter()
import asyncio, sys
from pathlib import Path
from engine import EngineSettings, open_service
async def main():
    async with open_service(EngineSettings(data_dir=Path(sys.argv[1]), _env_file=None)) as service:
        await service.status()
        ready = time.perf_counter() - began
        await service.search(sys.stdin.buffer.read())
        lines = Path("/proc/self/status").read_text().splitlines()  # ru_maxrss may be the parent's
        print(ready, next(line.split()[1] for line in lines if line.startswith("VmHWM")))
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(settings.data_dir)], input=query, capture_output=True, check=True
    )
    ready, kilobytes = done.stdout.split()
    return {"ready_ms": 1000 * float(ready), "memory_mb": float(kilobytes) / 1e3}


async def run(originals: list[Pixels], count: int) -> dict[str, Any]:
    report: dict[str, Any] = {"pictures": count}
    contents = list(track(made(originals, count, 1), f"making {count:,} pictures", count, transient=True))
    strangers = list(made(originals, QUERIES, 10**6))
    with tempfile.TemporaryDirectory() as scratch:
        settings = EngineSettings(data_dir=Path(scratch) / "library", _env_file=None)
        async with open_service(settings) as service:
            await service.status()  # the network is loaded
            folder = written(contents, Path(scratch) / "given")
            report["add_images_per_s"], adding = await add(service, folder)
            report["stages_core_ms"] = await stages(service, contents[:100])
            report["stages_core_ms"]["all of adding"] = adding
            unchanged, _ = await add(service, folder, "duplicate")
            report["unchanged_ms"] = 1000 / unchanged
            stored = [contents[int(i)] for i in np.linspace(0, count - 1, QUERIES)]
            shown = [decoded(content) for content in stored]
            edited = [
                augment.apply(HARD[n % len(HARD)], pixels, originals[n % len(originals)], seed=n)
                for n, pixels in enumerate(shown)
            ]
            report["search_ms"] = {
                "same bytes": await search(service, stored),
                "saved anew": await search(service, [imaging.encode_jpeg(p, quality=70) for p in shown]),
                "edited": await search(service, [imaging.encode_jpeg(p, quality=85) for p in edited]),
                "stranger": await search(service, strangers),
            }
            shutil.rmtree(folder)
            status = await service.status()
            report["disk_bytes_per_picture"] = status.disk_bytes / status.images
            report["memory_mb"] = memory_mb()
            report["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        report["start"] = ready_ms(settings, stored[0])
        async with open_service(settings) as service:
            await service.status()
            large = written(camera(originals, CAMERA), Path(scratch) / "camera")
            report["add_12_megapixels_per_s"], report["add_12_megapixels_core_ms"] = await add(service, large)
    return report


def show(report: dict[str, Any]) -> None:
    table = Table(title=f"{report['pictures']:,} pictures of {SIZE[0]} x {SIZE[1]}", title_justify="left")
    for column, justify in (("", "left"), ("median", "right"), ("99th percentile", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    table.add_row("adding, everything included", f"{report['add_images_per_s']:.0f} a second", "")
    for name, value in report["stages_core_ms"].items():
        table.add_row(f"  {name}", f"{value:.2f} core-ms", "")
    large = f"{report['add_12_megapixels_core_ms']:.1f} core-ms each"
    table.add_row("adding photographs of 12 megapixels", f"{report['add_12_megapixels_per_s']:.0f} a second", large)
    table.add_row("adding again: a file that is unchanged", f"{report['unchanged_ms']:.2f} ms", "")
    for name, value in report["search_ms"].items():
        table.add_row(f"search: {name}", f"{value['median']:.0f} ms", f"{value['p99']:.0f} ms")
    table.add_row("new process ready", f"{report['start']['ready_ms']:.0f} ms", "")
    table.add_row("  its memory at the first answer", f"{report['start']['memory_mb']:.0f} MB", "")
    table.add_row("disk a picture, original included", f"{report['disk_bytes_per_picture'] / 1e3:.0f} kB", "")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    originals = sources(options.folder)
    reports = []
    for count in options.pictures:
        reports.append(asyncio.run(run(originals, count)))
        show(reports[-1])
    if options.json:
        options.json.write_text(json.dumps(reports, indent=1) + "\n")


if __name__ == "__main__":
    main()
