"""Where edited copies are lost: recall, region, geometry, proof, lane; a line for each edit.

usage: losses.py LIBRARY [--copies FOLDER] [--each N] [--json FILE]

LIBRARY is a folder of pictures. Copies are made of nine tenths of them by `augment`, N of each edit, the others
being backgrounds; or they are taken from FOLDER, which has a folder for each edit with copies that have their picture's
stem. The columns are shares of the copies:

  nearest   the picture is among the 50 whose embeddings are nearest to the whole copy's
  came up   it was looked at at all: by embedding, by hash or in a region
  laid      keypoints or hashes say how the copy lies on it
  proved    the greys agree where they lie on each other
  same      it is in lane `same`;  first: it is the first match
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from engine.bootstrap import open_service
from engine.domain import Image, Pixels
from engine.features import registry
from engine.matching import ranking
from engine.pictures import imaging
from engine.pictures.augment import EDITS, apply
from engine.pictures.sources import expand
from engine.service import SearchService
from engine.settings import EngineSettings

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
Copy = tuple[str, str, Image]  # edit, name of the picture, copy
STAGES = ("nearest", "came up", "laid", "proved", "same", "first")


def decoded(content: bytes, side: int) -> Image:
    return imaging.decode(content, side=side, max_bytes=10**8, max_pixels=10**8)


def own_copies(paths: list[Path], others: list[Path], each: int) -> Iterator[Copy]:
    """Copies made here: (edit, name of the picture, copy). `others` are for backgrounds and neighbours."""
    random = np.random.default_rng(11)

    def pixels(path: Path) -> Pixels:
        return decoded(path.read_bytes(), imaging.LIBRARY_SIDE).pixels

    for edit in EDITS:
        for _ in range(each):
            path, other = (some[int(random.integers(len(some)))] for some in (paths, others))
            copy = apply(edit, pixels(path), pixels(other), seed=int(random.integers(1 << 31)))
            yield edit, path.name, decoded(imaging.encode_jpeg(copy, quality=88), imaging.QUERY_SIDE)


def given_copies(folder: Path, names: dict[str, str], each: int) -> Iterator[Copy]:
    for edit in sorted(one for one in folder.iterdir() if one.is_dir()):
        files = sorted(path for path in edit.iterdir() if path.suffix.lower() in PICTURES)
        for path in files[:each] if each else files:
            yield edit.name, names[path.stem], decoded(path.read_bytes(), imaging.QUERY_SIDE)


def chosen(library: Path, folders: Sequence[Path], each: int) -> tuple[list[Path], list[Copy]]:
    """The pictures of a library, and copies: of these folders, or made here of nine tenths of the pictures."""
    paths = sorted(path for path in library.iterdir() if path.suffix.lower() in PICTURES)
    if folders:
        names = {path.stem: path.name for path in paths}
        return paths, [one for folder in folders for one in given_copies(folder, names, each)]
    others, paths = paths[::10], [path for path in paths if path not in set(paths[::10])]
    return paths, list(own_copies(paths, others, each or 20))


@asynccontextmanager
async def filled(paths: Sequence[Path]) -> AsyncIterator[SearchService]:
    """A library of its own with these pictures."""
    with tempfile.TemporaryDirectory(prefix="pictrace-benchmark-") as scratch:
        settings = EngineSettings(_env_file=None, data_dir=Path(scratch))
        async with open_service(settings) as service:
            sources = [source for path in paths for source in expand(path, settings)]
            async for _ in service.add(sources, actor="benchmark"):
                pass
            yield service


async def measure(paths: list[Path], copies: list[Copy]) -> dict[str, dict[str, float]]:
    rows: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    async with filled(paths) as service:
        serving, _ = await service.networks.current()
        for edit, name, copy in track(copies, "asking", console=Console(stderr=True)):
            features = await service.pool.run(registry.extract, copy, "", serving.embedder)
            started = time.perf_counter()
            candidates = await serving.matcher.match(copy.pixels, features)
            took = 1000 * (time.perf_counter() - started)
            references = serving.references(features.embedding, candidates)
            matches = ranking.rank(candidates, references, serving.calibration, limit=5)
            one = next((s for s in candidates.found if s.stored.image.filename == name), None)
            near = (await serving.index.search(serving.embedder.network.copy.of(features.embedding)[None], 50))[0]
            ids = {hit.image_id for hit in near}
            stored = {s.id for s in await service.repository.images.live_images(limit=10**6) if s.filename == name}
            row = rows[edit]
            row["nearest"].append(bool(stored & ids))
            row["came up"].append(one is not None)
            row["laid"].append(bool(one and one.proof))
            row["proved"].append(bool(one and one.proof and one.proof.is_proved))
            row["same"].append(any(m.lane == "same" and m.image.filename == name for m in matches))
            row["first"].append(bool(matches) and matches[0].image.filename == name)
            row["wrong same"].append(sum(m.lane == "same" and m.image.filename != name for m in matches))
            row["ms"].append(took)
    return {
        edit: {
            **{stage: float(np.mean(row[stage])) for stage in STAGES},
            "wrong same": float(sum(row["wrong same"])),
            "ms": median(row["ms"]),
            "ms 99 %": float(np.percentile(row["ms"], 99)),
            "copies": float(len(row["ms"])),
        }
        for edit, row in rows.items()
    }


def shown(found: dict[str, dict[str, float]]) -> Table:
    table = Table("edit", "copies", *STAGES, "wrong in same", "ms", "99 %")
    for edit, row in found.items():
        shares = [f"{row[stage]:.3f}" for stage in STAGES]
        counts = (f"{row[name]:.0f}" for name in ("wrong same", "ms", "ms 99 %"))
        table.add_row(edit, f"{row['copies']:.0f}", *shares, *counts)
    weights = [row["copies"] for row in found.values()]
    means = [f"{np.average([row[stage] for row in found.values()], weights=weights):.4f}" for stage in STAGES]
    wrong = sum(row["wrong same"] for row in found.values())
    table.add_row("all", f"{sum(weights):.0f}", *means, f"{wrong:.0f}", "", "")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--copies", type=Path)
    parser.add_argument("--each", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    paths, copies = chosen(options.library, [options.copies] if options.copies else [], options.each)
    found = asyncio.run(measure(paths, copies))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    Console().print(shown(found))


if __name__ == "__main__":
    main()
