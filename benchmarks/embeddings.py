"""What networks, sizes and projections are worth: recall of edited copies, of parts of pictures, and of kinds.

usage: embeddings.py LIBRARY [--each N] [--json FILE]

LIBRARY is a folder of pictures named `<kind>_<anything>`. Copies are made by `pictures.augment`, N of each edit; parts
are cut from pictures laid on others, a little wrong, as regions of a query are. The columns: `copies` and `parts` are
the shares whose picture is among the 4 (3) nearest, `kin` the share of pictures whose nearest other one is of their
kind, `core-ms` what one embedding takes.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from engine.domain import Pixels, Vector
from engine.features import networks
from engine.features.embedding import Embedder
from engine.pictures import imaging
from engine.pictures.augment import EDITS, apply
from engine.settings import EngineSettings

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
SIZES = {"efficientnet-lite2": (260, 224, 192, 160, 128), "efficientnet-lite0": (224, 192, 160, 128)}
COPIES, PARTS = 4, 3  # nearest pictures that are looked at

Vectors = Vector  # (n, dimensions)
Project = Callable[[Vectors], Vectors]


def read(path: Path) -> Pixels:
    return imaging.decode(path.read_bytes(), side=imaging.LIBRARY_SIDE, max_bytes=10**8, max_pixels=10**8).pixels


def part(pixels: Pixels, other: Pixels, random: np.random.Generator) -> Pixels:
    """A picture on another one, small, cut out with each side wrong by up to 8 %."""
    height, width = pixels.shape[:2]
    ground = cv2.resize(other, (round(1.3 * width), round(1.3 * height)))
    y, x = round(0.15 * height), round(0.15 * width)
    ground[y : y + height, x : x + width] = pixels
    top, bottom, left, right = random.uniform(-0.08, 0.08, 4)
    cut = ground[round(y + top * height) : round(y + (1 + bottom) * height), round(x + left * width) :]
    cut = cut[:, : round((1 + right - left) * width)]
    scale = random.uniform(110, 260) / max(cut.shape[:2])
    return np.ascontiguousarray(cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


class Embeddings:
    """Embeddings by one network at any size, made once."""

    def __init__(self, name: str, settings: EngineSettings) -> None:
        network = networks.network(name)
        path = networks.prepare(network, settings.cache_dir, None)
        self._embedder = Embedder(network, networks.version(network, None), path)
        self.core_ms = 0.0

    def of(self, pictures: list[Pixels], side: int) -> Vectors:
        started = time.process_time()
        found = np.stack([self._embedder.pooled(pixels, side) for pixels in pictures])
        self.core_ms = 1000 * (time.process_time() - started) / len(pictures)
        return unit(found)


def unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def among(queries: Vectors, stored: Vectors, right: list[int], count: int) -> float:
    """The share of queries whose picture is among the nearest."""
    cosines = queries @ stored.T
    nearer = (cosines > cosines[np.arange(len(right)), right][:, None]).sum(axis=1)
    return float((nearer < count).mean())


def kin(stored: Vectors, kinds: list[str]) -> float:
    cosines = stored @ stored.T
    np.fill_diagonal(cosines, -1)
    nearest = cosines.argmax(axis=1)
    asked = [at for at, kind in enumerate(kinds) if kinds.count(kind) > 1]
    return float(np.mean([kinds[at] == kinds[nearest[at]] for at in asked]))


def projections(stored: Vectors) -> dict[str, Project]:
    """Ways to bring embeddings into fewer dimensions, learned from the stored ones without labels."""
    centre = stored.mean(axis=0)
    _, singular, axes = np.linalg.svd(stored - centre, full_matrices=False)
    deviations = singular / np.sqrt(len(stored))

    def whitened(dimensions: int, power: float) -> Project:
        scale = deviations[:dimensions] ** -power
        return lambda vectors: unit((vectors - centre) @ axes[:dimensions].T * scale)

    return {
        "as it is": lambda vectors: vectors,
        "int8": lambda vectors: unit(np.round(vectors / np.abs(stored).max() * 127)),
        "PCA 256": lambda vectors: unit(vectors @ axes[:256].T),
        "PCA 256, centred": whitened(256, 0.0),
        "PCA 256, half whitened": whitened(256, 0.5),
        "PCA 256, whitened": whitened(256, 1.0),
        "PCA 512, whitened": whitened(512, 1.0),
    }


Row = dict[str, float | str]


def measure(paths: list[Path], each: int, settings: EngineSettings) -> list[Row]:
    random = np.random.default_rng(5)
    pictures = [read(path) for path in paths]
    kinds = [path.name.split("_")[0] for path in paths]
    copies, of_copies, parts, of_parts = [], [], [], []
    for edit in track(EDITS, "making copies", console=Console(stderr=True)):
        for _ in range(each):
            at, other = (int(random.integers(len(pictures))) for _ in range(2))
            copies.append(apply(edit, pictures[at], pictures[other], seed=int(random.integers(1 << 31))))
            of_copies.append(at)
            parts.append(part(pictures[at], pictures[other], random))
            of_parts.append(at)
    rows: list[Row] = []
    row: Row
    for name, sizes in SIZES.items():
        embeddings = Embeddings(name, settings)
        whole = embeddings.of(pictures, sizes[0])
        core_ms = embeddings.core_ms
        copied, cut = embeddings.of(copies, sizes[0]), embeddings.of(parts, sizes[0])
        for label, project in projections(whole).items():
            stored = project(whole)
            row = {
                "network": f"{name}, {sizes[0]}: {label}",
                "copies": among(project(copied), stored, of_copies, COPIES),
                "parts": among(project(cut), stored, of_parts, PARTS),
                "kin": kin(stored, kinds),
                "core_ms": core_ms,
            }
            rows.append(row)
        for side in sizes[1:]:
            asked, cut = embeddings.of(copies, side), embeddings.of(parts, side)
            core_ms = embeddings.core_ms
            row = {
                "network": f"{name}, asked at {side}, stored at {sizes[0]}",
                "copies": among(asked, whole, of_copies, COPIES),
                "parts": among(cut, whole, of_parts, PARTS),
                "kin": kin(embeddings.of(pictures, side), kinds),
                "core_ms": core_ms,
            }
            rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    paths = sorted(path for path in options.library.iterdir() if path.suffix.lower() in PICTURES)
    rows = measure(paths, options.each, EngineSettings(_env_file=None))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    table = Table("network, size and projection", "copies", "parts", "kin (stored so)", "core-ms")
    for row in rows:
        table.add_row(
            str(row["network"]), *(f"{row[key]:.3f}" for key in ("copies", "parts", "kin")), f"{row['core_ms']:.1f}"
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
