"""What the largest photographs of phones take to decode: seconds, and the most memory of the decoding process.

    python -m benchmarks.large_pictures [MEGAPIXELS...]

Makes its pictures itself: scikit-image's astronaut, enlarged and repeated. What is refused is measured as well.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_jxl  # noqa: F401 - Pillow writes JPEG XL with it
import psutil
import skimage.data
from PIL import Image as PillowImage

from engine.errors import ImageError
from engine.pictures import imaging  # Pillow writes HEIC with it, too
from engine.pictures.decoding import Decoders, limits_for
from engine.settings import EngineSettings

SIZES = {50: (8192, 6144), 64: (9248, 6936), 108: (12032, 9024), 200: (16320, 12240)}
TILE = 2048
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {"quality": 95}),
    "JPEG, progressive": ("JPEG", {"quality": 95, "progressive": True}),
    "JPEG, progressive 4:4:4": ("JPEG", {"quality": 95, "progressive": True, "subsampling": 0}),
    "PNG": ("PNG", {"compress_level": 1}),
    "HEIC": ("HEIF", {"quality": 50}),
    "AVIF": ("AVIF", {"quality": 50, "speed": 10}),
    "WebP": ("WEBP", {"quality": 70, "method": 0}),
    "TIFF, deflated": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "JPEG 2000": ("JPEG2000", {"quality_mode": "rates", "quality_layers": [20]}),
    "JPEG XL": ("JXL", {"effort": 1}),
}
MAX_WEBP_SIDE = 16_383
SLOW_TO_WRITE = ("HEIF", "AVIF", "JPEG2000", "JXL")  # not at 200 megapixels
MEGABYTE = 1024 * 1024
LOOK_S = 0.005  # between two looks at a process, which may be ended right after its picture


def pictures(megapixels: int) -> Iterator[tuple[str, bytes]]:
    """A file of each kind."""
    width, height = SIZES[megapixels]
    tile = cv2.resize(skimage.data.astronaut(), (TILE, TILE), interpolation=cv2.INTER_CUBIC)
    pixels = np.tile(tile, (height // TILE + 1, width // TILE + 1, 1))[:height, :width]
    image = PillowImage.fromarray(np.ascontiguousarray(pixels))
    for kind, (name, options) in KINDS.items():
        if (name == "WEBP" and width > MAX_WEBP_SIDE) or (name in SLOW_TO_WRITE and megapixels > max(SIZES) // 2 + 8):
            continue
        buffer = BytesIO()
        image.save(buffer, name, **options)
        yield kind, buffer.getvalue()


async def measured(content: bytes, settings: EngineSettings) -> tuple[float, float, str]:
    """Seconds, the most megabytes beyond an idle process, and what became of the picture; in a process of its own."""
    limits = limits_for(settings.max_pixels)
    async with Decoders(
        2,
        max_bytes=max(settings.max_bytes, len(content)),
        max_pixels=settings.max_pixels,
        max_source_pixels=settings.max_source_pixels,
        limits=limits,
    ) as decoders:
        await decoders.warm_up()
        (process,) = psutil.Process().children()
        idle = most = peak(process)
        started, became = time.perf_counter(), "taken"
        decoding = asyncio.create_task(decoders.decode(content, side=imaging.LIBRARY_SIDE))
        while not (await asyncio.wait({decoding}, timeout=LOOK_S))[0]:
            most = max(most, peak(process))
        took_s, most = time.perf_counter() - started, max(most, peak(process))
        if isinstance(error := decoding.exception(), ImageError):
            became = f"refused: {error.code}"
        taken = (most - idle) / MEGABYTE
    return took_s, taken, became + (" (file over PICTRACE_MAX_BYTES)" if len(content) > settings.max_bytes else "")


def peak(process: psutil.Process) -> int:
    """The most memory that a process has held, in bytes."""
    try:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    except OSError:  # it has been ended
        return 0
    return 1024 * int(found[1]) if found else 0


def main() -> None:
    settings = EngineSettings(_env_file=None)
    print("| Kind | Megapixels | File MB | Seconds | Peak MB | |\n|---|--:|--:|--:|--:|---|")
    for megapixels in map(int, sys.argv[1:] or SIZES):
        for kind, content in pictures(megapixels):
            took_s, taken, became = asyncio.run(measured(content, settings))
            size = len(content) / MEGABYTE
            print(f"| {kind} | {megapixels} | {size:.0f} | {took_s:.1f} | {taken:.0f} | {became} |", flush=True)


if __name__ == "__main__":
    PillowImage.MAX_IMAGE_PIXELS = None
    main()
