"""Pictures that show several others: collages, screenshots, scanned pages; with where each piece lies in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.domain import Pixels, Region

Colour = tuple[int, ...]
Box = tuple[int, int, int, int]  # left, top, width, height in pixels
SIDE = 960  # of most collages, the longer one
PAPER, DARK, INK = (252, 251, 248), (24, 26, 30), (40, 42, 48)


@dataclass(frozen=True)
class Collage:
    """What was put together, RGB, and the region of each picture of it, in the order in which they were given."""

    pixels: Pixels
    pieces: tuple[Region, ...]


def grid(pictures: Sequence[Pixels], random: np.random.Generator, *, columns: int, gutter: int) -> Collage:
    """Cells of one size, which each picture fills; with a gutter around each where there is one."""
    rows = len(pictures) // columns
    width, height = SIDE, round(SIDE * random.uniform(0.65, 1.35))
    cell_width, cell_height = (width - gutter * (columns + 1)) // columns, (height - gutter * (rows + 1)) // rows
    boxes = [
        (
            gutter + (number % columns) * (cell_width + gutter),
            gutter + (number // columns) * (cell_height + gutter),
            cell_width,
            cell_height,
        )
        for number in range(rows * columns)
    ]
    size = gutter + columns * (cell_width + gutter), gutter + rows * (cell_height + gutter)
    return _put_together(pictures, boxes, size, _ground(random))


def one_large(pictures: Sequence[Pixels], random: np.random.Generator, *, gutter: int) -> Collage:
    """One large picture at the left, two small ones above each other at its right."""
    width, height = SIDE, round(SIDE * random.uniform(0.6, 0.8))
    large = round(width * random.uniform(0.58, 0.68))
    half = (height - gutter) // 2
    small = width - large - gutter
    boxes = [
        (0, 0, large, height),
        (large + gutter, 0, small, half),
        (large + gutter, half + gutter, small, height - half - gutter),
    ]
    return _put_together(pictures, boxes, (width, height), _ground(random))


def strip(pictures: Sequence[Pixels], random: np.random.Generator, *, gutter: int) -> Collage:
    """Three above each other."""
    width = 600
    heights = [round(width * random.uniform(0.5, 0.8)) for _ in pictures]
    tops = [sum(heights[:number]) + gutter * number for number in range(len(heights))]
    boxes = [(0, top, width, height) for top, height in zip(tops, heights, strict=True)]
    return _put_together(pictures, boxes, (width, tops[-1] + heights[-1]), _ground(random))


def screenshot(pictures: Sequence[Pixels], random: np.random.Generator) -> Collage:
    """A phone's, of two posts with text around them."""
    width, height, margin = 540, 1170, int(random.choice([0, 16, 24]))
    dark = random.random() < 0.4
    ground, ink = (DARK, (225, 225, 228)) if dark else ((255, 255, 255), INK)
    page = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(page)
    draw.text((20, 10), "12:41", font=ImageFont.load_default(22), fill=ink)
    draw.rectangle((0, 46, width, 96), fill=(35, 90, 160) if random.random() < 0.5 else ground)
    boxes, top = [], 110
    for _ in pictures:
        draw.ellipse((20, top, 60, top + 40), fill=tuple(int(level) for level in random.integers(60, 220, 3)))
        _write(draw, random, (72, top + 8), 1, ink)
        picture_height = round((width - 2 * margin) * random.uniform(0.55, 0.68))
        boxes.append((margin, top + 54, width - 2 * margin, picture_height))
        _write(draw, random, (20, top + 54 + picture_height + 12), 2, ink)
        top += 54 + picture_height + 90
    return _put_together(pictures, boxes, (width, height), ground, page)


def scanned_page(pictures: Sequence[Pixels], random: np.random.Generator) -> Collage:
    """Photographs that lie on the white of a scanner, each a little askew; with its shadows and its noise."""
    width, height = 850, 1100
    page = np.full((height, width, 3), 246, np.uint8)
    regions = []
    for number, picture in enumerate(pictures):
        w, h = int(random.integers(300, 350)), int(random.integers(380, 440))
        left = 45 + (number % 2) * 405 + int(random.integers(-15, 16))
        top = 60 + (number // 2) * 510 + int(random.integers(-20, 21))
        angle = float(random.uniform(-1.5, 1.5))
        turned = cv2.getRotationMatrix2D((w / 2, h / 2), angle, 1.0)
        turned[:, 2] += (left, top)
        cv2.warpAffine(filled(picture, w, h), turned, (width, height), page, borderMode=cv2.BORDER_TRANSPARENT)
        corners = cv2.transform(np.array([[(0, 0), (w, 0), (w, h), (0, h)]], np.float32), turned)[0]
        (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        regions.append(Region(x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height))
    noisy = page + random.normal(0, 1.5, page.shape)
    return Collage(np.clip(noisy, 0, 255).astype(np.uint8), tuple(regions))


# How many pictures each kind takes, and how it is made of them.
KINDS: dict[str, tuple[int, Callable[[Sequence[Pixels], np.random.Generator], Collage]]] = {
    "four": (4, lambda pictures, random: grid(pictures, random, columns=2, gutter=0)),
    "four with gutters": (4, lambda pictures, random: grid(pictures, random, columns=2, gutter=12)),
    "four with thin gutters": (4, lambda pictures, random: grid(pictures, random, columns=2, gutter=4)),
    "nine": (9, lambda pictures, random: grid(pictures, random, columns=3, gutter=0)),
    "nine with gutters": (9, lambda pictures, random: grid(pictures, random, columns=3, gutter=9)),
    "one large, two small": (3, lambda pictures, random: one_large(pictures, random, gutter=0)),
    "the same with gutters": (3, lambda pictures, random: one_large(pictures, random, gutter=8)),
    "strip of three": (3, lambda pictures, random: strip(pictures, random, gutter=0)),
    "strip with gutters": (3, lambda pictures, random: strip(pictures, random, gutter=10)),
    "screenshot of two": (2, screenshot),
    "page of four": (4, scanned_page),
}


def made(kind: str, pictures: Sequence[Pixels], seed: int) -> Collage:
    """A collage of a kind, of the first of these pictures."""
    count, make = KINDS[kind]
    return make(pictures[:count], np.random.default_rng(seed))


def filled(picture: Pixels, width: int, height: int) -> Pixels:
    """The middle of a picture, as large as fills a cell."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(resized[y : y + height, x : x + width])


def overlap(one: Region, other: Region) -> float:
    """Intersection over union."""
    common = one.common(other)
    return common / (one.area + other.area - common)


def _ground(random: np.random.Generator) -> tuple[int, int, int]:
    grounds = [(255, 255, 255), (0, 0, 0), (128, 128, 128), (236, 220, 200)]
    return grounds[int(random.integers(len(grounds)))]


def _put_together(
    pictures: Sequence[Pixels],
    boxes: Sequence[Box],
    size: tuple[int, int],
    ground: tuple[int, int, int],
    page: Image.Image | None = None,
) -> Collage:
    canvas = np.array(page or Image.new("RGB", size, ground), np.uint8)
    for picture, (x, y, width, height) in zip(pictures, boxes, strict=True):
        canvas[y : y + height, x : x + width] = filled(picture, width, height)
    pieces = [Region(x / size[0], y / size[1], width / size[0], height / size[1]) for x, y, width, height in boxes]
    return Collage(canvas, tuple(pieces))


def _write(
    draw: ImageDraw.ImageDraw, random: np.random.Generator, at: tuple[int, int], lines: int, ink: Colour
) -> None:
    for line in range(lines):
        said = " ".join("".join(random.choice(list("abdeghiklmnorstu"), 5)) for _ in range(int(random.integers(3, 7))))
        draw.text((at[0], at[1] + 26 * line), said.capitalize(), font=ImageFont.load_default(18), fill=ink)
