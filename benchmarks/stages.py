"""What each way of finding a copy is worth: the same queries asked without it, one way after the other.

usage: PYTHONPATH=. stages.py LIBRARY [--copies FOLDER ...] [--strangers FOLDER] [--each N] [--ways WAY ...]
                              [--json FILE]

As `losses.py`: copies are made of the pictures of LIBRARY, N of each edit, or taken from FOLDER, which has a folder for
each edit. A line for each way that is left out, with how many copies came first and were called the same picture, how
many wrong ones were, and what a copy and a stranger cost, in core-ms. `lost` names the edits that lost most.
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from unittest.mock import patch

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.losses import PICTURES, Copy, chosen, decoded, filled
from engine.domain import Image
from engine.features import registry
from engine.matching import cascade, ranking
from engine.matching.candidates import Candidate, Shortlist
from engine.matching.cascade import Matcher
from engine.matching.query_view import QueryPicture
from engine.matching.recall import Recall
from engine.pictures import imaging
from engine.service import SearchService


async def _passed_over(self: Matcher, search: object, shortlist: Shortlist) -> Shortlist:
    return shortlist


async def _none_found(self: Recall, *of: object) -> list[int]:
    return []


def _not_laid(self: Candidate, *on: object) -> Candidate:
    return self


# What is left out, and what is put in the place of what.
WAYS: dict[str, list[tuple[object, str, object]]] = {
    "nothing": [],
    "near hashes": [(Recall, "by_near_hashes", _none_found)],
    "second look": [(Matcher, "second_look", _passed_over)],
    "third look": [(Matcher, "third_look", _passed_over)],
    "sheets": [(Matcher, "by_sheet", _passed_over)],
    "turned embeddings": [(cascade, "TURNS", 1)],
    "covers": [(QueryPicture, "uncovered", None)],
    "far hashes, lines": [
        (Recall, "by_nearest_hashes", _none_found),
        (Candidate, "laid_under_lines", _not_laid),
    ],
    "SIFT": [(Matcher, "by_sift", _passed_over)],
    "pieces": [(Matcher, "by_pieces", _passed_over)],
    "regions": [(Matcher, "by_regions", _passed_over)],
}


@dataclass(frozen=True, slots=True)
class Worth:
    """`first` and `same` are shares of the copies; `wrong` counts matches called the same picture that are not."""

    first: float
    same: float
    wrong: int
    core_ms: float
    core_ms_stranger: float
    hits: dict[str, int]  # by edit


@contextmanager
def left_out(way: str) -> Iterator[None]:
    with ExitStack() as stack:
        for where, name, instead in WAYS[way]:
            stack.enter_context(patch.object(where, name, instead))
        yield


async def asked(service: SearchService, copies: list[Copy], strangers: list[Image], way: str) -> Worth:
    serving, _ = await service.networks.current()
    hits, same, wrong, taken = Counter[str](), 0, 0, list[float]()
    for edit, name, copy in [*copies, *(("stranger", "", one) for one in strangers)]:
        features = await service.pool.run(registry.extract, copy, "", serving.embedder)
        started = time.process_time()
        candidates = await serving.matcher.match(copy.pixels, features)
        taken.append(1000 * (time.process_time() - started))
        references = serving.references(features.embedding, candidates)
        matches = ranking.rank(candidates, references, serving.calibration, limit=5)
        of_lane_same = [one.image.filename for one in matches if one.lane == "same"]
        hits[edit] += bool(matches) and matches[0].image.filename == name
        same += name in of_lane_same
        wrong += sum(one != name for one in of_lane_same)
    return Worth(
        first=hits.total() / max(1, len(copies)),
        same=same / max(1, len(copies)),
        wrong=wrong,
        core_ms=mean(taken[: len(copies)] or [0.0]),
        core_ms_stranger=mean(taken[len(copies) :] or [0.0]),
        hits=dict(hits),
    )


async def measure(paths: list[Path], copies: list[Copy], strangers: list[Image], ways: list[str]) -> dict[str, Worth]:
    async with filled(paths) as service:
        await asked(service, copies[:5], strangers[:5], "nothing")
        found = {}
        for way in track(ways, "asking", console=Console(stderr=True)):
            with left_out(way):
                found[way] = await asked(service, copies, strangers, way)
        return found


def shown(found: dict[str, Worth]) -> Table:
    table = Table("without", "first", "same", "wrong in same", "core-ms, copy", "stranger", "lost")
    whole = Counter(found["nothing"].hits)
    for way, worth in found.items():
        lost = (whole - Counter(worth.hits)).most_common(4)
        table.add_row(
            way,
            f"{worth.first:.4f}",
            f"{worth.same:.4f}",
            f"{worth.wrong}",
            f"{worth.core_ms:.0f}",
            f"{worth.core_ms_stranger:.0f}",
            ", ".join(f"{edit} {count}" for edit, count in lost),
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--copies", type=Path, action="append", default=[])
    parser.add_argument("--strangers", type=Path)
    parser.add_argument("--each", type=int, default=0)
    parser.add_argument("--ways", nargs="*", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    paths, copies = chosen(options.library, options.copies, options.each)
    strangers = []
    if options.strangers:
        files = sorted(path for path in options.strangers.iterdir() if path.suffix.lower() in PICTURES)
        strangers = [decoded(path.read_bytes(), imaging.QUERY_SIDE) for path in files[: options.each or None]]
    found = asyncio.run(
        measure(paths, copies, strangers, ["nothing", *(way for way in options.ways if way != "nothing")])
    )
    if options.json:
        options.json.write_text(json.dumps({way: asdict(worth) for way, worth in found.items()}, indent=1) + "\n")
    Console().print(shown(found))


if __name__ == "__main__":
    main()
