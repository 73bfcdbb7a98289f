"""What the detail says of pairs that lie on each other fairly well, and that nothing else proves.

usage: doubtful.py LIBRARY [--without FOLDER ...] [--shots FOLDER ...] [--photographs N] [--layouts N]

Pairs are made as for `training/fit_scrutiny.py`, of N photographs of the folder LIBRARY and N layouts of each kind; of
each photograph also copies by one to five edits (`training/edits.py`). A row has the pairs whose structure lies between
two values, and how many of them the detail calls copies with so much certainty.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import Pool
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from engine.features.detail import Picture
from engine.matching.proof import DOUBTFUL_DISSENT, in_detail
from engine.pictures import imaging
from training.edits import edited
from training.fit_scrutiny import shots, tasks
from training.scrutiny_pairs import Pixels, Task, fitted, laid, pairs, read

STRUCTURES = (0.15, 0.22, 0.3, 0.4, 0.5, 0.6, 1.0)
CERTAIN = (0.5, 0.8, 0.85, 0.9, 0.95)
DETAIL_SIDE = 1_024
SEVERAL = 4  # copies by several edits of each photograph


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A pair that is not proved; `dissents`: too large a part of it does not agree at all."""

    is_copy: bool
    structure: float
    dissents: bool
    p_copy: float


def doubtful(task: Task) -> list[Doubtful]:
    """Those of a task's pairs."""
    cv2.setNumThreads(1)
    found = []
    for is_copy, query, stored in made(task):
        asked = fitted(query, imaging.QUERY_SIDE)
        proof = laid(asked, stored).proof
        if proof is None or proof.is_proved or proof.alignment.structure < STRUCTURES[0]:
            continue
        kept = Picture.of(fitted(stored, DETAIL_SIDE))
        p_copy = in_detail(proof, Picture.of(asked), kept).p_copy or 0.0
        alignment = proof.alignment
        found.append(Doubtful(is_copy, alignment.structure, alignment.dissent > DOUBTFUL_DISSENT, p_copy))
    return found


def made(task: Task) -> Iterator[tuple[bool, Pixels, Pixels]]:
    """(whether it is a copy, query, stored picture)."""
    yield from ((is_copy, query, stored) for _, is_copy, query, stored in pairs(task))
    if task.photograph and not task.next_shot:
        random = np.random.default_rng(task.seed)
        stored, other = read(task.photograph), read(task.others[0])
        for _ in range(SEVERAL):
            yield True, edited(stored, other, random), stored


def show(rows: Sequence[Doubtful]) -> None:
    table = Table("structure", "dissents", "", "pairs", *(f"p ≥ {p:g}" for p in CERTAIN))
    for low, high in pairwise(STRUCTURES):
        for dissents in (False, True):
            for is_copy, name in ((True, "copies"), (False, "variants")):
                some = [
                    one
                    for one in rows
                    if low <= one.structure < high and (one.is_copy, one.dissents) == (is_copy, dissents)
                ]
                passing = (str(sum(one.p_copy >= p for one in some)) for p in CERTAIN)
                table.add_row(f"{low:g} to {high:g}", "yes" if dissents else "", name, str(len(some)), *passing)
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--without", type=Path, nargs="*", default=[], help="folders of pictures that are left out")
    parser.add_argument("--shots", type=Path, nargs="*", default=[], help="folders with films and stereo pictures")
    parser.add_argument("--photographs", type=int, default=160)
    parser.add_argument("--layouts", type=int, default=12)
    options = parser.parse_args()
    left_out = {path.stem for folder in options.without for path in folder.rglob("*")}
    photographs = sorted(path for path in options.library.iterdir() if path.stem not in left_out)
    np.random.default_rng(7).shuffle(photographs)
    with TemporaryDirectory() as folder, Pool() as workers:
        wanted = tasks(photographs[: options.photographs], options.layouts, shots(options.shots, Path(folder)))
        found = workers.map(doubtful, wanted, chunksize=2)
    show([one for some in found for one in some])


if __name__ == "__main__":
    main()
