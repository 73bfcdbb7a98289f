"""Draws an example of each lane: usage: lanes.py FOLDER. The documentation's lane-*.webp, from drawings made here.

One menu is in a throw-away library; three pictures are asked for: a copy of it, a menu of the same restaurant with
other dishes, and the board of another restaurant. What is drawn is what `pictrace why` gives.
"""

import asyncio
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine import EngineSettings, SearchService, open_service
from engine.domain import Pixels
from engine.pictures import augment, imaging
from tests.small_library import menu, painting

WIDTH = 900


def queries() -> dict[str, Pixels]:
    """By the lane that they come in."""
    copy = augment.apply("sticker", menu(0, 1)[40:600, 10:470], painting(3), seed=2)
    return {"same": copy, "variant": menu(0, 2), "alike": board()}


def board() -> Pixels:
    """Dishes in chalk, in two columns: a menu too, and another picture."""
    image = Image.new("RGB", (720, 560), (38, 46, 44))
    draw, chalk = ImageDraw.Draw(image), (226, 228, 220)
    draw.rectangle((12, 12, 708, 548), outline=(122, 84, 48), width=14)
    draw.text((270, 44), "Today", font=ImageFont.load_default(64), fill=(240, 208, 120))
    random = np.random.default_rng(8)
    for place in range(10):
        x, y = 60 + 320 * (place % 2), 150 + 74 * (place // 2)
        dish = "".join(random.choice(list("abdeghiklmnorstu"), 8)).capitalize()
        draw.text((x, y), f"{dish}  {random.integers(10, 40)}", font=ImageFont.load_default(36), fill=chalk)
    return np.asarray(image, np.uint8)


async def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="pictrace-lanes-") as scratch:
        settings = EngineSettings(_env_file=None, data_dir=Path(scratch))
        async with open_service(settings) as service:
            await service.add_bytes(_jpeg(menu(0, 1)), name="menu.jpg", actor="docs")
            for lane, query in queries().items():
                await draw(service, lane, query, folder / f"lane-{lane}.webp")


async def draw(service: SearchService, lane: str, query: Pixels, path: Path) -> None:
    explained = await service.explain(_jpeg(query), 1)
    assert explained.match.lane == lane, explained.match
    picture = Image.open(io.BytesIO(explained.picture)).convert("RGB")
    picture.resize((WIDTH, round(picture.height * WIDTH / picture.width))).save(path, quality=80)


def _jpeg(pixels: Pixels) -> bytes:
    return imaging.encode_jpeg(np.ascontiguousarray(pixels), quality=92)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
