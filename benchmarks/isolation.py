"""What it costs to decode in a process of its own: the door beside the decoder itself, in turn, on the same pictures.

    PYTHONPATH=. python benchmarks/isolation.py [--rounds 60]

Pictures of several sizes are made from what scikit-image ships. The medians and the difference are printed in ms.
"""

import argparse
import asyncio
import time
from io import BytesIO
from statistics import median

import numpy as np
from PIL import Image as PillowImage

from engine.library.samples import SHIPPED
from engine.pictures import imaging
from engine.pictures.decoding import Decoders

SIZES = ((440, 330), (1280, 960), (4000, 3000))
MAX_BYTES, MAX_PIXELS = 20 * 1024 * 1024, 50_000_000


def pictures() -> dict[str, bytes]:
    """A photograph in several sizes, as JPEG and as PNG."""
    photograph = PillowImage.open(SHIPPED / "coffee.png").convert("RGB")
    made = {}
    for size in SIZES:
        for kind in ("JPEG", "PNG"):
            buffer = BytesIO()
            photograph.resize(size, PillowImage.Resampling.LANCZOS).save(buffer, kind)
            made[f"{kind} {size[0]} x {size[1]}"] = buffer.getvalue()
    return made


async def measure(rounds: int) -> None:
    imaging.harden()  # one thread here, too
    async with Decoders(2, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS) as door:
        await door.warm_up()
        for name, content in pictures().items():
            there, here = [], []
            for _ in range(rounds):
                started = time.perf_counter()
                decoded = await door.decode(content, side=imaging.LIBRARY_SIDE)
                float(np.sum(decoded.pixels[::64, ::64]))
                there.append(1000 * (time.perf_counter() - started))
                started = time.perf_counter()
                decoded = await asyncio.to_thread(
                    imaging.decode, content, side=imaging.LIBRARY_SIDE, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS
                )
                float(np.sum(decoded.pixels[::64, ::64]))
                here.append(1000 * (time.perf_counter() - started))
            more = median(there) - median(here)
            print(
                f"{name:18}{len(content):>10} B   door {median(there):7.2f}   thread {median(here):7.2f}   {more:+.2f}"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    asyncio.run(measure(parser.parse_args().rounds))
