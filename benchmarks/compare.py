"""PicTrace beside simpler ways to find copies, on the same pictures in one run.

usage: compare.py LIBRARY --copies COPIES [--strangers FOLDER] [--each N] [--earlier-each N] [--json FILE]
                  [--markdown FILE] [--reliability FILE.png] [--sscd PYTHON]

LIBRARY is a folder of pictures, COPIES has a folder for each edit with copies that have their picture's stem, and
strangers are pictures that the library has in no form. Every way gets the file's bytes and orders the whole library:

  PicTrace   what a search answers, five at most, nothing where nothing is near; the score is p_same
  pHash      64 bits, by the bits that differ, no other orientations
  PDQ        256 bits, likewise
  pictrace-1, lite2
             cosine of what the network of that name makes of the whole pictures, of the first the part for copies
  SSCD       the copy-detection reference, where `--sscd` names a Python that has it (`sscd.py`): cosine of what it
             makes of the whole pictures, their shorter side 288 pixels
  earlier    how PicTrace once did it: for every picture the mean of lite2's cosine, the structural similarity of greys
             of 256 x 256, and the share of ORB keypoints that match; so slow that it gets `--earlier-each` an edit

recall@1 and @5 are shares of the copies. micro-AP orders the first matches of all queries, strangers' too, by score: 1
if every copy's is right and stands above every wrong one. ms is the median wall time of a query in one process, from
its bytes; PicTrace spreads a query over the cores, the others do not.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import pickle
import struct
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import mean, median
from typing import Any, TypeVar

import cv2
import numpy as np
import pdqhash
from rich.console import Console
from rich.progress import track
from rich.table import Table
from skimage.metrics import structural_similarity

from engine import EngineSettings, SearchService, expand, open_service
from engine.domain import Pixels
from engine.features import hashes, networks
from engine.features.embedding import Embedder
from engine.measuring.benching import Reliability, reliability
from engine.pictures import imaging
from shell import plots

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
SHOWN = 5
GREY_SIDE = 256
EARLIER = "efficientnet-lite2"  # the network of the earlier way
KEYPOINTS, NEAR_DESCRIPTOR = 500, 64  # bits
T = TypeVar("T")
console = Console()


@dataclass(frozen=True, slots=True)
class Query:
    """`edit` and `right`, the name of its picture, are None for a stranger."""

    path: Path
    edit: str | None = None
    right: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The first few of an order: names and scores, best first."""

    query: Query
    found: tuple[tuple[str, float], ...]
    took_ms: float

    @property
    def is_first(self) -> bool:
        return bool(self.found) and self.found[0][0] == self.query.right

    @property
    def is_shown(self) -> bool:
        return self.query.right in [name for name, _ in self.found]


@dataclass(frozen=True, slots=True)
class Figures:
    copies: int
    strangers: int
    recall_at_1: float
    recall_at_5: float
    micro_ap: float
    ms: float
    by_edit: dict[str, float]  # recall@1


def pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)


def spread(some: Sequence[T], count: int) -> list[T]:
    """So many of them, evenly; all where 0."""
    if not count or count >= len(some):
        return list(some)
    return [some[int(place)] for place in np.linspace(0, len(some) - 1, count)]


def queries(library: list[Path], copies: Path, strangers: Path | None, each: int) -> list[Query]:
    names = {path.stem: path.name for path in library}
    if lone := [path for one in copies.iterdir() if one.is_dir() for path in pictures(one) if path.stem not in names]:
        raise SystemExit(f"{lone[0]} is a copy of no picture of the library.")
    found = [
        Query(path, edit.name, names[path.stem])
        for edit in sorted(one for one in copies.iterdir() if one.is_dir())
        for path in pictures(edit)[: each or None]
    ]
    alone = pictures(strangers) if strangers else []
    all_of_them = sum(len(pictures(one)) for one in copies.iterdir() if one.is_dir())
    return found + [Query(path) for path in spread(alone, -(-len(alone) * len(found) // max(1, all_of_them)))]


def some_of(asked: list[Query], each: int) -> list[Query]:
    """`each` of every edit, and as large a part of the strangers."""
    by_edit: dict[str | None, list[Query]] = defaultdict(list)
    for one in asked:
        by_edit[one.edit].append(one)
    alone = by_edit.pop(None, [])
    kept = [one for some in by_edit.values() for one in some[: each or None]]
    copies = sum(map(len, by_edit.values()))
    return kept + spread(alone, -(-len(alone) * len(kept) // max(1, copies)))


def decoded(content: bytes, side: int) -> Pixels:
    return imaging.decode(content, side=side, max_bytes=10**9, max_pixels=10**9).pixels


def best(names: list[str], scores: Iterable[float]) -> tuple[tuple[str, float], ...]:
    """The highest few; of equals the one that was there first."""
    values = np.asarray(scores, np.float64)
    order = np.argsort(-values, kind="stable")[:SHOWN]
    return tuple((names[int(place)], float(values[place])) for place in order)


# --- the simpler ways: a signature of each picture, and how near a query's is to all of them


def phash_bits(pixels: Pixels) -> np.ndarray:
    value = hashes.phash(pixels)
    return np.array([value if value is not None else 0], np.uint64).view(np.uint8)


def pdq_bits(pixels: Pixels) -> np.ndarray:
    return np.packbits(pdqhash.compute(pixels)[0].astype(np.uint8))


class Sscd:
    """The reference, in a process of its own."""

    SIDE, DIMENSIONS = 288, 512

    def __init__(self, python: Path) -> None:
        program = Path(__file__).with_name("sscd.py")
        self._process = subprocess.Popen([python, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def embed(self, pixels: Pixels) -> np.ndarray:
        assert self._process.stdin
        assert self._process.stdout
        scale = self.SIDE / min(pixels.shape[:2])
        size = max(1, round(scale * pixels.shape[1])), max(1, round(scale * pixels.shape[0]))
        shown = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        self._process.stdin.write(struct.pack("<II", *shown.shape[:2]) + shown.tobytes())
        self._process.stdin.flush()
        return np.frombuffer(self._process.stdout.read(4 * self.DIMENSIONS), np.float32)

    def close(self) -> None:
        self._process.communicate()


def likeness(stored: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Share of bits that agree."""
    return np.asarray(1 - np.bitwise_count(stored ^ asked).sum(axis=1) / (8 * len(asked)))


Ask = Callable[[bytes], Awaitable[tuple[tuple[str, float], ...]]]


def simple(
    library: list[Path], sign: Callable[[Pixels], np.ndarray], compare: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Ask:
    names = [path.name for path in library]
    stored = np.stack([sign(decoded(path.read_bytes(), imaging.LIBRARY_SIDE)) for path in library])

    async def ask(content: bytes) -> tuple[tuple[str, float], ...]:
        return best(names, compare(stored, sign(decoded(content, imaging.QUERY_SIDE))))

    return ask


def by_search(service: SearchService) -> Ask:
    async def ask(content: bytes) -> tuple[tuple[str, float], ...]:
        result = await service.search(content, limit=SHOWN)
        return tuple((match.image.filename, match.p_same) for match in result.matches)

    return ask


async def answers(name: str, ask: Ask, asked: list[Query]) -> list[Answer]:
    found = []
    await ask(asked[0].path.read_bytes())  # what the first has to load the others need not
    for query in track(asked, f"{name:>8}", console=Console(stderr=True)):
        content = query.path.read_bytes()
        started = time.perf_counter()
        given = await ask(content)
        found.append(Answer(query, given, 1000 * (time.perf_counter() - started)))
    return found


# --- the earlier way, spread over processes


@dataclass(frozen=True, slots=True)
class Known:
    """What the earlier way compares of a picture."""

    name: str
    embedding: np.ndarray
    grey: np.ndarray
    descriptors: np.ndarray | None


def embedder(name: str) -> Embedder:
    described = networks.network(name)
    path = networks.prepare(described, EngineSettings(_env_file=None).cache_dir)
    return Embedder(described, networks.version(described, None), path)


def known(name: str, pixels: Pixels, lite2: Embedder) -> Known:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    descriptors = cv2.ORB.create(nfeatures=KEYPOINTS).detectAndCompute(grey, None)[1]
    small = cv2.resize(grey, (GREY_SIDE, GREY_SIDE), interpolation=cv2.INTER_AREA)
    return Known(name, lite2.embed(pixels), small, descriptors)


def matching_share(first: np.ndarray | None, second: np.ndarray | None) -> float:
    if first is None or second is None:
        return 0.0
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(first, second)
    return sum(pair.distance < NEAR_DESCRIPTOR for pair in pairs) / max(len(first), len(second))


@cache
def in_this_process(stored: Path) -> tuple[Embedder, list[Known]]:
    cv2.setNumThreads(1)
    lite2 = embedder(EARLIER)
    lite2.load()
    return lite2, pickle.loads(stored.read_bytes())  # written by this program a moment ago


def ask_as_earlier(stored: Path, query: Query) -> Answer:
    lite2, library = in_this_process(stored)
    content = query.path.read_bytes()
    started = time.perf_counter()
    asked = known("", decoded(content, imaging.QUERY_SIDE), lite2)
    scores = [
        mean(
            (
                float(asked.embedding @ one.embedding),
                float(structural_similarity(asked.grey, one.grey)),
                matching_share(asked.descriptors, one.descriptors),
            )
        )
        for one in library
    ]
    found = best([one.name for one in library], scores)
    return Answer(query, found, 1000 * (time.perf_counter() - started))


def earlier(library: list[Path], asked: list[Query], scratch: Path) -> list[Answer]:
    stored, lite2 = scratch / "earlier.pickle", embedder(EARLIER)
    some = [known(path.name, decoded(path.read_bytes(), imaging.LIBRARY_SIDE), lite2) for path in library]
    stored.write_bytes(pickle.dumps(some))
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as processes:
        waiting = [processes.submit(ask_as_earlier, stored, query) for query in asked]
        return [one.result() for one in track(waiting, " earlier", console=Console(stderr=True))]


# --- figures


def micro_ap(found: list[Answer]) -> float:
    """Of the first matches, highest score first; among equal scores the wrong ones come first."""
    ranked = sorted((-one.found[0][1], one.is_first) for one in found if one.found)
    right, area = 0, 0.0
    for seen, (_, is_right) in enumerate(ranked, 1):
        if is_right:
            right += 1
            area += right / seen
    return area / max(1, sum(one.query.right is not None for one in found))


def figures(found: list[Answer]) -> Figures:
    copies = [one for one in found if one.query.right is not None]
    by_edit: dict[str, list[bool]] = defaultdict(list)
    for one in copies:
        by_edit[str(one.query.edit)].append(one.is_first)
    return Figures(
        copies=len(copies),
        strangers=len(found) - len(copies),
        recall_at_1=mean(float(one.is_first) for one in copies),
        recall_at_5=mean(float(one.is_shown) for one in copies),
        micro_ap=micro_ap(found),
        ms=median(one.took_ms for one in found),
        by_edit={edit: mean(map(float, hits)) for edit, hits in by_edit.items()},
    )


def losses(found: dict[str, list[Answer]]) -> list[str]:
    """Where another way is better than PicTrace, each compared on what both were asked."""
    said = []
    for name, theirs in found.items():
        if name == "PicTrace":
            continue
        asked = {one.query for one in theirs}
        other, own = figures(theirs), figures([one for one in found["PicTrace"] if one.query in asked])
        for edit, share in other.by_edit.items():
            if share > own.by_edit[edit]:
                said.append(f"{edit}: {name} finds {share:.1%}, PicTrace {own.by_edit[edit]:.1%}")
        for what in ("recall_at_5", "micro_ap"):
            if getattr(other, what) > getattr(own, what):
                said.append(f"{what}: {name} {getattr(other, what):.3f}, PicTrace {getattr(own, what):.3f}")
        if other.ms < own.ms:
            said.append(f"time: {name} takes {other.ms:.1f} ms a query, PicTrace {own.ms:.1f}")
    return said


def believed(found: list[Answer]) -> Reliability:
    """Of PicTrace's first matches."""
    return reliability([(one.found[0][1], one.is_first) for one in found if one.found])


# --- what is shown

COLUMNS = ("", "copies", "strangers", "recall@1", "recall@5", "micro-AP", "ms a query")


def rows(measured: dict[str, Figures]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            str(one.copies),
            str(one.strangers),
            *(f"{value:.3f}" for value in (one.recall_at_1, one.recall_at_5, one.micro_ap)),
            f"{one.ms:.1f}",
        )
        for name, one in measured.items()
    ]


def edit_rows(measured: dict[str, Figures]) -> list[tuple[str, ...]]:
    edits = dict.fromkeys(edit for one in measured.values() for edit in one.by_edit)
    return [(edit, *(f"{one.by_edit[edit]:.2f}" for one in measured.values())) for edit in edits]


def markdown(measured: dict[str, Figures]) -> str:
    def table(head: Sequence[str], lines: list[tuple[str, ...]]) -> str:
        return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))

    return f"{table(COLUMNS, rows(measured))}\n\n{table(('recall@1', *measured), edit_rows(measured))}\n"


def show(measured: dict[str, Figures], same: dict[str, Figures], lost: list[str]) -> None:
    for head, lines in ((COLUMNS, rows(measured)), (("recall@1", *measured), edit_rows(measured))):
        table = Table(*head)
        for cells in lines:
            table.add_row(*cells)
        console.print(table)
    few = same["earlier"].copies
    console.print(f"recall@1 on the {few} copies that the earlier way was asked: ", end="")
    console.print(", ".join(f"{name} {one.recall_at_1:.3f}" for name, one in same.items()))
    console.print("Where PicTrace loses:" if lost else "PicTrace loses nowhere.")
    for line in lost:
        console.print(f"  {line}", highlight=False)


async def compare(
    library: list[Path], asked: list[Query], earlier_each: int, sscd: Path | None
) -> dict[str, list[Answer]]:
    with tempfile.TemporaryDirectory(prefix="pictrace-compare-") as scratch:
        settings = EngineSettings(_env_file=None, data_dir=Path(scratch) / "library")
        async with open_service(settings) as service:
            sources = (source for path in library for source in expand(path, settings))
            async for result in service.add(sources, actor="compare"):
                if result.status != "added":
                    raise SystemExit(f"{result.name}: {result.status} ({result.message or 'the same file twice'})")
            own, lite2 = (embedder(name) for name in ("pictrace-1", EARLIER))
            ways = {
                "PicTrace": by_search(service),
                "pHash": simple(library, phash_bits, likeness),
                "PDQ": simple(library, pdq_bits, likeness),
                "pictrace-1": simple(library, own.embed_copy, lambda stored, one: stored @ one),
                "lite2": simple(library, lite2.embed, lambda stored, one: stored @ one),
            }
            found = {name: await answers(name, ask, asked) for name, ask in ways.items()}
        if sscd:
            with closing(Sscd(sscd)) as reference:
                ask = simple(library, reference.embed, lambda stored, one: stored @ one)
                found["SSCD"] = await answers("SSCD", ask, asked)
        found["earlier"] = earlier(library, some_of(asked, earlier_each), Path(scratch))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--copies", type=Path, required=True)
    parser.add_argument("--strangers", type=Path)
    parser.add_argument("--each", type=int, default=0, help="copies of each edit, and as large a part of the strangers")
    parser.add_argument("--earlier-each", type=int, default=2, help="copies of each edit that the earlier way gets")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--reliability", type=Path, help="draw PicTrace's reliability diagram")
    parser.add_argument("--sscd", type=Path, help="the Python of an environment that has the reference")
    options = parser.parse_args()
    library = pictures(options.library)
    asked = queries(library, options.copies, options.strangers, options.each)
    found = asyncio.run(compare(library, asked, options.earlier_each, options.sscd))
    few = {one.query for one in found["earlier"]}
    measured = {name: figures(some) for name, some in found.items()}
    same = {name: figures([one for one in some if one.query in few]) for name, some in found.items()}
    lost, calibration = losses(found), believed(found["PicTrace"])
    show(measured, same, lost)
    report: dict[str, Any] = {
        "library": len(library),
        "cores": os.cpu_count(),
        "ways": {name: asdict(one) for name, one in measured.items()},
        "on_what_the_earlier_way_was_asked": {name: asdict(one) for name, one in same.items()},
        "where_pictrace_loses": lost,
        "calibration": asdict(calibration),
    }
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text(markdown(measured))
    if options.reliability:
        options.reliability.write_bytes(plots.reliability_alone(calibration))


if __name__ == "__main__":
    main()
