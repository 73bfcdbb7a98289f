"""Fits the networks that judge proved pairs in detail, on pairs that it makes itself: `engine/data/scrutiny.json`.

usage: fit_scrutiny.py LIBRARY [--photographs N] [--layouts N] [--out FILE]

LIBRARY is a folder of photographs. Pairs are made of N of them, and of N layouts of each kind: edited copies (as
`augment` makes them, photographed, drawn on, saved again), and variants (other shots, things moved, other words, the
same layout filled in differently). What today's proof does not let through is left out. A quarter of the photographs
and of the layouts is kept back to judge by; then all of it is fitted on.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import layouts
from benchmarks.other_shots import (
    captioned,
    drawn_on,
    photographed,
    saved_again,
    smaller,
)
from engine.domain import WHOLE, StoredFeatures, StoredImage
from engine.features import detail, registry, sift
from engine.matching import scrutiny
from engine.matching.candidates import Candidate
from engine.matching.query_view import QueryPicture, View
from engine.pictures import imaging
from engine.pictures.augment import EDITS, apply
from engine.pictures.variants import rearranged, step_aside

Pixels = NDArray[np.uint8]
Random = np.random.Generator

DOCUMENT_EDITS = sorted(set(EDITS) - {"collage", "story", "meme", "mix"})
TWICE = sorted(set(EDITS) - {"screenshot", "paste", "collage", "story", "mix"})  # edits that go well together
LAID_OVER = ("sticker", "sticker", "write_text")
REGIONS = 6  # of a query that a picture is laid on
NETWORKS, HIDDEN, STEPS, BATCH, RATE = 4, 20, 5_000, 256, 3e-3
DECAY, NOISE = 3e-4, 0.1  # of weights; added to the inputs, in deviations


@dataclass(frozen=True, slots=True)
class Task:
    """What pairs are made of: a photograph, or a layout of some kind."""

    seed: int
    photograph: Path | None
    other: Path  # an unrelated photograph, for backgrounds
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair that was measured."""

    kind: str
    is_copy: bool
    measured: NDArray[np.float64]


def pairs(task: Task) -> Iterator[tuple[str, bool, Pixels, Pixels]]:
    """(kind, whether it is a copy, query, stored picture)."""
    random, other = np.random.default_rng(task.seed), _read(task.other)
    if task.photograph:
        yield from _of_photograph(_read(task.photograph), other, random)
    else:
        yield from _of_layout(task.kind, task.seed, other, random)


def _of_photograph(stored: Pixels, other: Pixels, random: Random) -> Iterator[tuple[str, bool, Pixels, Pixels]]:
    for name in random.choice(list(EDITS), 4, replace=False):
        query = apply(str(name), stored, other, seed=int(random.integers(1 << 30)))
        query = saved_again(query, random) if random.random() < 0.5 else query
        yield f"photograph, {name}", True, smaller(query, random) if random.random() < 0.3 else query, stored
    for name in LAID_OVER:  # what is likest to a variant, and yet a copy
        query = apply(name, stored, other, seed=int(random.integers(1 << 30)))
        if random.random() < 0.3:
            query = apply(name, query, other, seed=int(random.integers(1 << 30)))
        yield f"photograph, {name}", True, saved_again(query, random) if random.random() < 0.6 else query, stored
    twice = stored
    for name in random.choice(TWICE, 2, replace=False):
        twice = apply(str(name), twice, other, seed=int(random.integers(1 << 30)))
    yield "photograph, two edits", True, saved_again(smaller(twice, random), random), stored
    yield "photograph, photographed", True, photographed(stored, random), stored
    for _ in range(2):
        yield "from a step aside", False, _lightly(step_aside(stored, random), other, random), stored
    yield "something moved", False, _lightly(rearranged(stored, random), other, random), stored
    place = int(random.integers(1 << 30))
    first, second = (captioned(stored, np.random.default_rng(place), content) for content in (1, 2))
    yield "other words", False, _lightly(second, other, random), first
    yield "the same words", True, _lightly(first, other, random), first


def _of_layout(kind: str, layout: int, other: Pixels, random: Random) -> Iterator[tuple[str, bool, Pixels, Pixels]]:
    stored = layouts.draw(kind, layout, 0)
    for name in random.choice(DOCUMENT_EDITS, 3, replace=False):
        query = apply(str(name), stored, other, seed=int(random.integers(1 << 30)))
        yield f"layout, {name}", True, saved_again(query, random) if random.random() < 0.5 else query, stored
    yield "layout, photographed", True, photographed(stored, random), stored
    yield "layout, drawn on", True, saved_again(drawn_on(stored, random), random), stored
    part = apply("crop", smaller(stored, random, 0.6), other, seed=int(random.integers(1 << 30)))
    yield "layout, part", True, saved_again(part, random), stored
    for content in (1, 2):
        filled = layouts.draw(kind, layout, content)
        plain = random.random() < 0.4
        yield f"{kind}, filled in", False, filled if plain else saved_again(smaller(filled, random), random), stored
    edit = (photographed, drawn_on, saved_again)[int(random.integers(3))]
    yield f"{kind}, filled in", False, edit(layouts.draw(kind, layout, 3), random), stored


def _lightly(pixels: Pixels, other: Pixels, random: Random) -> Pixels:
    """As pictures are saved and sent on: perhaps compressed, shrunk, cropped."""
    if random.random() < 0.4:
        pixels = saved_again(pixels, random)
    if random.random() < 0.25:
        pixels = smaller(pixels, random, 0.5)
    return apply("crop", pixels, other, seed=int(random.integers(1 << 30))) if random.random() < 0.15 else pixels


def measured(task: Task) -> list[Judged]:
    """The pairs of a task that today's proof lets through, as the engine measures them."""
    cv2.setNumThreads(1)
    found = []
    for kind, is_copy, query, stored in pairs(task):
        query = _fitted(query, imaging.QUERY_SIDE)
        proof = proved(query, stored)
        if proof is None or proof.proof is None:
            continue
        reduced = imaging.encode_jpeg(_fitted(stored, 1_024), quality=88)
        grey = imaging.decode_grey(reduced)
        assert grey is not None
        compared = detail.compare(QueryPicture(query).grey, grey, proof.proof.transform)
        if compared:
            found.append(Judged(kind, is_copy, scrutiny.vector(compared.measured, proof.proof.alignment)))
    return found


def proved(query: Pixels, stored: Pixels) -> Candidate | None:
    """A stored picture laid on a query in the ways of the cascade; None where nothing proves it."""
    image = StoredImage(
        id=1, sha256="", filename="", title=None, tags=(), source_url=None, page_url=None, media_type="image/png",
        width=stored.shape[1], height=stored.shape[0], byte_size=1, created_at=datetime.now(UTC), deleted_at=None,
    )  # fmt: skip
    known = StoredFeatures(image, registry.handcrafted(_fitted(stored, imaging.LIBRARY_SIDE)))
    shown = imaging.decode_thumbnail(imaging.encode_thumbnail(stored))
    asked = QueryPicture(query)
    view = View(asked, WHOLE, registry.handcrafted(query).keypoints)
    candidate = Candidate(known, 0.9, 0.9, WHOLE)
    for mirrored in (False, True):
        if not candidate.settles:
            candidate = candidate.laid(view, lambda: shown, mirrored=mirrored)
    if not candidate.is_proved:
        candidate = candidate.laid_by_sift(view, sift.detect(shown), lambda: shown, mirrored=False)
    for box in asked.boxes[:REGIONS]:
        if candidate.is_proved:
            break
        candidate = candidate.laid(View(asked, box), lambda: shown, mirrored=False)
    return candidate if candidate.is_proved else None


@dataclass(frozen=True, slots=True)
class _Layers:
    """One network's weights."""

    hidden: NDArray[np.float64]
    hidden_bias: NDArray[np.float64]
    out: NDArray[np.float64]
    out_bias: NDArray[np.float64]


def fit(rows: Sequence[Judged]) -> dict[str, object]:
    """The weights, as `engine/data/scrutiny.json` has them. Each kind counts as the root of how often it came up."""
    inputs = np.array([row.measured for row in rows])
    copies = np.array([row.is_copy for row in rows])
    often = Counter(row.kind for row in rows)
    weights = np.array([often[row.kind] ** -0.5 for row in rows])
    weights[copies] *= weights[~copies].sum() / weights[copies].sum()
    mean, spread = inputs.mean(0), inputs.std(0) + 1e-6
    scaled = np.clip((inputs - mean) / spread, -scrutiny.FARTHEST, scrutiny.FARTHEST)
    trained = [_trained(scaled, copies, weights / weights.mean(), seed) for seed in range(NETWORKS)]
    return {
        "mean": mean.round(6).tolist(),
        "spread": spread.round(6).tolist(),
        "hidden": np.stack([one.hidden for one in trained]).round(4).tolist(),
        "hidden_bias": np.stack([one.hidden_bias for one in trained]).round(4).tolist(),
        "out": np.stack([one.out for one in trained]).round(4).tolist(),
        "out_bias": np.concatenate([one.out_bias for one in trained]).round(4).tolist(),
    }


def _trained(
    inputs: NDArray[np.float64], copies: NDArray[np.bool_], weights: NDArray[np.float64], seed: int
) -> _Layers:
    """By Adam on the logistic loss, with a falling rate, decay and noisy inputs."""
    random, size = np.random.default_rng(seed), inputs.shape[1]
    layers = [random.normal(0, size**-0.5, (size, HIDDEN)), np.zeros(HIDDEN)]
    layers += [random.normal(0, HIDDEN**-0.5, HIDDEN), np.zeros(1)]
    first, second = [np.zeros_like(one) for one in layers], [np.zeros_like(one) for one in layers]
    for step in range(1, STEPS + 1):
        chosen = random.integers(0, len(inputs), BATCH)
        x = inputs[chosen] + random.normal(0, NOISE, (BATCH, size))
        activations = np.tanh(x @ layers[0] + layers[1])
        p = 1 / (1 + np.exp(-(activations @ layers[2] + layers[3])))
        off = (p - copies[chosen]) * weights[chosen] / BATCH
        back = np.outer(off, layers[2]) * (1 - activations**2)
        slopes = [x.T @ back, back.sum(0), activations.T @ off, np.array([off.sum()])]
        for place, slope in enumerate(slopes):
            decayed = slope + (2 * DECAY * layers[place] if place in (0, 2) else 0)
            first[place] = 0.9 * first[place] + 0.1 * decayed
            second[place] = 0.999 * second[place] + 0.001 * decayed**2
            mean, square = first[place] / (1 - 0.9**step), second[place] / (1 - 0.999**step)
            layers[place] = layers[place] - RATE * (1 - step / STEPS) * mean / (np.sqrt(square) + 1e-8)
    return _Layers(*layers)


def p_copies(weights: dict[str, object], rows: Sequence[Judged]) -> NDArray[np.float64]:
    judge = scrutiny.Scrutiny(**{name: np.array(values, np.float64) for name, values in weights.items()})
    return np.array([judge.p(row.measured) for row in rows])


def report(weights: dict[str, object], rows: Sequence[Judged]) -> None:
    """How many copies are kept, and how many variants are taken for copies, by kind."""
    p, copies = p_copies(weights, rows), np.array([row.is_copy for row in rows])
    print(f"{len(rows)} pairs: copies kept {(p[copies] >= 0.5).mean():.3f}, variants taken for copies", end=" ")
    print(f"{(p[~copies] >= 0.5).mean():.3f}, Brier {((p - copies) ** 2).mean():.4f}")
    kinds = defaultdict(list)
    for row, one in zip(rows, p, strict=True):
        kinds[row.is_copy, row.kind].append(one >= 0.5)
    for (is_copy, kind), said in sorted(kinds.items()):
        if np.mean(said) < 0.95 if is_copy else np.mean(said) > 0.05:
            print(f"  {'copies' if is_copy else 'variants'} {kind}: {np.mean(said):.2f} of {len(said)}")


def _read(path: Path) -> Pixels:
    content = path.read_bytes()
    return imaging.decode(content, side=1_000, max_bytes=len(content), max_pixels=10**9).pixels


def _fitted(pixels: Pixels, side: int) -> Pixels:
    share = min(1.0, side / max(pixels.shape[:2]))
    if share == 1:
        return np.ascontiguousarray(pixels)
    return np.ascontiguousarray(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--without", type=Path, nargs="*", default=[], help="folders of pictures that are left out")
    parser.add_argument("--photographs", type=int, default=400)
    parser.add_argument("--layouts", type=int, default=24)
    parser.add_argument("--out", type=Path, default=Path("engine/data/scrutiny.json"))
    options = parser.parse_args()
    left_out = {path.stem for folder in options.without for path in folder.rglob("*")}
    photographs = sorted(path for path in options.library.iterdir() if path.stem not in left_out)
    np.random.default_rng(1).shuffle(photographs)
    other = partial(np.random.default_rng(2).integers, len(photographs))
    tasks = [Task(n, path, photographs[other()]) for n, path in enumerate(photographs[: options.photographs])]
    for kind in layouts.KINDS:
        tasks += [Task(n, None, photographs[other()], kind) for n in range(options.layouts)]
    with Pool() as workers:
        found = workers.map(measured, tasks, chunksize=4)
    kept_back = [rows for task, rows in zip(tasks, found, strict=True) if task.seed % 4 == 0]
    fitted_on = [rows for task, rows in zip(tasks, found, strict=True) if task.seed % 4]
    report(fit([row for rows in fitted_on for row in rows]), [row for rows in kept_back for row in rows])
    everything = [row for rows in found for row in rows]
    weights = fit(everything)
    report(weights, everything)
    options.out.write_text(json.dumps(weights) + "\n")


if __name__ == "__main__":
    main()
