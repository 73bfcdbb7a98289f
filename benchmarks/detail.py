"""What the comparison in detail takes, by the size of the stored originals, from a folder and from a bucket.

usage: PYTHONPATH=. python benchmarks/detail.py LIBRARY [--each N]

LIBRARY is a folder of photographs. N of them are enlarged to each size and added; each is asked for with a copy that is
cut and compressed. `core-ms a pair` is the comparison and the judgement alone, on one core; `first` and `again` are the
medians of `timings_ms.detail`, when the reduced picture has to be made of the original, and when it is there.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from statistics import median
from unittest.mock import patch

import cv2
import numpy as np
from PIL import Image as PillowImage
from rich.console import Console
from rich.table import Table

from engine.bootstrap import open_service
from engine.matching import proof
from engine.matching.proof import Proof
from engine.pictures import augment, imaging
from engine.settings import EngineSettings
from tests.object_store import ObjectStore

MEGAPIXELS = (0.16, 2, 12, 48)
Sent = tuple[str, bytes, bytes]  # name, original, query


def pictures(paths: Sequence[Path], megapixels: float) -> Iterator[Sent]:
    for number, path in enumerate(paths):
        shown = PillowImage.open(path).convert("RGB")
        share = (megapixels * 1e6 / (shown.width * shown.height)) ** 0.5
        shown = shown.resize((round(shown.width * share), round(shown.height * share)), PillowImage.Resampling.LANCZOS)
        original = BytesIO()
        shown.save(original, "JPEG", quality=90)
        shown.thumbnail((1_280, 1_280))
        pixels = np.asarray(shown, np.uint8)
        cut = augment.apply("crop", pixels, pixels, seed=number)
        yield path.stem, original.getvalue(), imaging.encode_jpeg(np.ascontiguousarray(cut), quality=70)


@contextmanager
def timed(taken: list[float]) -> Iterator[None]:
    """Notes the CPU time of each pair's comparison, in ms."""
    compare = proof.in_detail

    def noting(*pair: object) -> Proof:
        started = time.thread_time()
        found = compare(*pair)  # type: ignore[arg-type]
        taken.append(1000 * (time.thread_time() - started))
        return found

    with patch.object(proof, "in_detail", noting):
        yield


async def measure(sent: list[Sent], bucket: str | None) -> tuple[float, float, float]:
    """Core-ms a pair, and the median ms of `detail` the first and the second time."""
    with tempfile.TemporaryDirectory(prefix="pictrace-detail-") as scratch:
        settings = EngineSettings(
            _env_file=None,
            data_dir=Path(scratch, "data"),
            files_url=bucket,
            max_pixels=100_000_000,
            max_bytes=60_000_000,
        )
        async with open_service(settings) as service:
            for name, original, _ in sent:
                await service.add_bytes(original, name=f"{name}.jpg", actor="detail")
            taken: list[float] = []
            rounds: list[list[float]] = []
            with timed(taken):
                for _ in range(2):
                    results = [await service.search(query) for _, _, query in sent]
                    rounds.append(
                        [result.timings_ms["detail"] for result in results if result.timings_ms.get("detail")]
                    )
    return sum(taken) / len(taken), median(rounds[0]), median(rounds[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--each", type=int, default=20)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    chosen = sorted(options.library.iterdir())[:: max(1, len(list(options.library.iterdir())) // options.each)]
    table = Table("originals", "core-ms a pair", "first, ms", "again, ms")
    for megapixels in MEGAPIXELS:
        sent = list(pictures(chosen[: options.each], megapixels))
        figures = asyncio.run(measure(sent, None))
        table.add_row(f"{megapixels} megapixels", *(f"{figure:.1f}" for figure in figures))
    server = ObjectStore()
    try:
        with patch.dict("os.environ", server.env):
            figures = asyncio.run(
                measure(list(pictures(chosen[: options.each], 2)), f"s3://{server.new_bucket().name}")
            )
    finally:
        server.stop()
    table.add_row("2 megapixels, in a bucket on this machine", *(f"{figure:.1f}" for figure in figures))
    Console().print(table)


if __name__ == "__main__":
    main()
