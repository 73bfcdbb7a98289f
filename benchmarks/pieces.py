"""How many pieces of collages are offered, how many are found by asking with them, and what else is offered.

usage: PYTHONPATH=. python benchmarks/pieces.py [FOLDER] [--each N]

N collages of each kind (tests/collages.py) are put together of the photographs in FOLDER, by default those that
scikit-image ships. `offered`: the pieces that a box lies on, intersection over union at least 0.8; `right`: the boxes
that lie on a piece; `found`: the pieces that are the first answer, in lane `same`, to the best box on them; `at all`:
those, and the pieces that are in lane `same` among the first five answers to the whole collage. Then the share of
single photographs that anything is offered of.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

from engine.bootstrap import open_service
from engine.domain import Pixels, Region, SearchResult
from engine.features import pieces
from engine.pictures import imaging
from engine.service import SearchService
from engine.settings import EngineSettings
from tests import collages
from tests.conftest import SHIPPED

PHOTOGRAPHS = (
    "astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "motorcycle_left.png",
    "hubble_deep_field.jpg", "ihc.png", "gravel.png", "retina.jpg",
)  # fmt: skip
ON_IT = 0.8  # intersection over union


def photographs(folder: Path | None) -> dict[str, Pixels]:
    paths = [SHIPPED / name for name in PHOTOGRAPHS] if folder is None else sorted(folder.iterdir())
    found = {}
    for path in paths:
        decoded = imaging.decode(path.read_bytes(), side=1_200, max_bytes=10**8, max_pixels=10**8)
        found[path.name] = decoded.pixels
    return found


def best_on(piece: Region, boxes: list[Region]) -> Region | None:
    """The box that lies on a piece."""
    best = max(boxes, key=lambda box: collages.overlap(piece, box), default=None)
    return best if best and collages.overlap(piece, best) >= ON_IT else None


async def asked(
    service: SearchService, shown: dict[str, Pixels], kind: str, each: int, took: list[float]
) -> tuple[int, int, int, int, int, int]:
    """Pieces, those offered, found, found at all, boxes, and boxes that lie on a piece, of some collages of a kind."""
    names = list(shown)
    count, _ = collages.KINDS[kind]
    all_of, offered, found, at_all, boxes, right = 0, 0, 0, 0, 0, 0
    for seed in range(each):
        chosen = [names[i] for i in np.random.default_rng([seed, 7]).choice(len(names), count, replace=False)]
        collage = collages.made(kind, [shown[name] for name in chosen], seed)
        content = imaging.encode_jpeg(collage.pixels, quality=85)
        started = time.thread_time()
        regions = pieces.find(collage.pixels)
        took.append(1_000 * (time.thread_time() - started))
        boxes += len(regions)
        right += sum(any(collages.overlap(piece, box) >= ON_IT for piece in collage.pieces) for box in regions)
        of_whole = await service.search(content, limit=5)
        for name, piece in zip(chosen, collage.pieces, strict=True):
            all_of += 1
            box = best_on(piece, regions)
            offered += box is not None
            by_box = box is not None and is_same(name, await service.search(content, limit=1, region=box))
            found += by_box
            at_all += by_box or is_same(name, of_whole)
    return all_of, offered, found, at_all, boxes, right


def is_same(name: str, result: SearchResult) -> bool:
    return any(one.lane == "same" and one.image.filename == name for one in result.matches)


async def main(folder: Path | None, each: int) -> None:
    shown = photographs(folder)
    table = Table("kind", "pieces", "offered", "found", "at all", "boxes", "right")
    totals = np.zeros(6, int)
    took: list[float] = []
    with tempfile.TemporaryDirectory() as data_dir:
        async with open_service(EngineSettings(_env_file=None, data_dir=Path(data_dir))) as service:
            for name, pixels in shown.items():
                await service.add_bytes(imaging.encode_jpeg(pixels, quality=92), name=name, actor="benchmark")
            for kind in collages.KINDS:
                counts = np.array(await asked(service, shown, kind, each, took))
                totals += counts
                table.add_row(kind, *_shares(counts))
    table.add_section()
    table.add_row("all", *_shares(totals))
    console = Console()
    console.print(table)
    of_photographs = [len(pieces.find(pixels)) for pixels in shown.values()]
    some = sum(one > 0 for one in of_photographs) / len(of_photographs)
    console.print(
        f"Of {len(of_photographs)} photographs alone {some:.0%} are offered something; {median(took):.1f} ms."
    )


def _shares(counts: np.ndarray) -> list[str]:
    all_of, offered, found, at_all, boxes, right = counts.tolist()
    of_pieces = [f"{one / all_of:.0%}" for one in (offered, found, at_all)]
    return [str(all_of), *of_pieces, str(boxes), f"{right / max(1, boxes):.0%}"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--each", type=int, default=10)
    given = parser.parse_args()
    asyncio.run(main(given.folder, given.each))
