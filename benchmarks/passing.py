"""Which pairs of pictures that share a scene or a layout pass as the same, and what lets them through.

usage: passing.py SET

SET/<kind>/ holds `library/` (pictures to add; all kinds go into one library), `asked/` (other pictures of that kind,
none of them in the library) and `copies/<edit>/` (edited copies, with their picture's stem). The columns are shares:

  structure   some stored picture agrees with the query in a thumbnail
  keypoints   ... or by many keypoints
  same        ... and in detail it is judged to be a copy; for `asked` each of them is wrong
"""

import argparse
import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from engine.bootstrap import open_service
from engine.features import registry
from engine.matching.candidates import Candidate
from engine.matching.proof import is_proof
from engine.pictures import imaging
from engine.pictures.sources import expand
from engine.settings import EngineSettings

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
COLUMNS = ("structure", "keypoints", "same")


def pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)


def queries(kind: Path) -> Iterator[tuple[str, Path]]:
    """(row of the table, picture)."""
    for path in pictures(kind / "asked"):
        yield f"{kind.name}, asked", path
    for path in pictures(kind / "copies"):
        yield f"copies, {path.parent.name}", path


def passes(candidate: Candidate) -> dict[str, bool]:
    by_structure = candidate.proof is not None and is_proof(candidate.proof.alignment)
    return {"structure": by_structure, "keypoints": candidate.is_proved, "same": candidate.is_copy}


async def measure(kinds: list[Path]) -> dict[str, dict[str, list[bool]]]:
    rows: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory(prefix="pictrace-passing-") as scratch:
        settings = EngineSettings(_env_file=None, data_dir=Path(scratch))
        async with open_service(settings) as service:
            library = [path for kind in kinds for path in pictures(kind / "library")]
            async for _ in service.add([one for path in library for one in expand(path, settings)], actor="passing"):
                pass
            serving, _ = await service.networks.current()
            asked = [query for kind in kinds for query in queries(kind)]
            for row, path in track(asked, "asking", console=Console(stderr=True)):
                content = path.read_bytes()
                query = imaging.decode(content, side=imaging.QUERY_SIDE, max_bytes=10**8, max_pixels=10**8)
                features = await service.pool.run(registry.extract, query, "", serving.embedder)
                found = (await serving.matcher.match(query.pixels, features)).found
                wanted = path.stem if row.startswith("copies") else None
                of_row = [one for one in found if wanted in (None, Path(one.stored.image.filename).stem)]
                for column in COLUMNS:
                    rows[row][column].append(any(passes(one)[column] for one in of_row))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    options = parser.parse_args()
    rows = asyncio.run(measure(sorted(path for path in options.set.iterdir() if path.is_dir())))
    table = Table("", "pictures", *COLUMNS)
    for row, columns in sorted(rows.items()):
        shares = [f"{np.mean(columns[column]):.2f}" for column in COLUMNS]
        table.add_row(row, str(len(columns["same"])), *shares)
    Console().print(table)


if __name__ == "__main__":
    main()
