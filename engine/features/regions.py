"""Parts of a query that may be the picture itself: what is inside borders, screens, collages and other pictures."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels, Region

SIDE = 320  # boxes are looked for at this longest side
MAX_REGIONS = 6
MIN_AREA, MAX_AREA = 0.04, 0.92
MIN_SIDE = 0.12
SAME_BOX = 0.8  # two boxes that overlap more than this (intersection over union) are one
FLAT_STEP = 6.0  # mean grey step to the border's own colour below which a row or column is border

# Halves, then a centre: what is left to try where no box shows.
WINDOWS = (
    Region(0.0, 0.0, 1.0, 0.5),
    Region(0.0, 0.5, 1.0, 0.5),
    Region(0.0, 0.0, 0.5, 1.0),
    Region(0.5, 0.0, 0.5, 1.0),
    Region(0.2, 0.2, 0.6, 0.6),
)


def find(pixels: Pixels) -> list[Region]:
    """At most six regions of an RGB picture, likeliest first."""
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    grey = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    boxes = [*_trimmed(grey), *_edge_boxes(grey), *_textured_boxes(grey)]
    found: list[Region] = []
    for x, y, w, h in boxes:
        _keep(found, Region(x / width, y / height, w / width, h / height))
    found[1:] = sorted(found[1:], key=lambda region: -region.area)
    windows = WINDOWS[:2] if height > width else WINDOWS[2:4]
    for window in (*windows, WINDOWS[4]):
        _keep(found, window)
    return found[:MAX_REGIONS]


def cut(pixels: Pixels, region: Region) -> Pixels:
    """The pixels of a region, at least one."""
    height, width = pixels.shape[:2]
    x, y = min(width - 1, round(region.x * width)), min(height - 1, round(region.y * height))
    w, h = max(1, round(region.width * width)), max(1, round(region.height * height))
    return pixels[y : y + h, x : x + w]


def _keep(found: list[Region], region: Region) -> None:
    if not MIN_AREA <= region.area <= MAX_AREA or min(region.width, region.height) < MIN_SIDE:
        return
    if all(_overlap(region, other) < SAME_BOX for other in found):
        found.append(region)


def _overlap(first: Region, second: Region) -> float:
    w = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    h = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    common = max(0.0, w) * max(0.0, h)
    return common / (first.area + second.area - common)


Box = tuple[int, int, int, int]


def _trimmed(grey: NDArray[np.uint8]) -> list[Box]:
    """What is left when flat bars are cut from the four sides."""
    height, width = grey.shape
    top, bottom = _flat_run(grey), _flat_run(grey[::-1])
    left, right = _flat_run(grey.T), _flat_run(grey.T[::-1])
    w, h = width - left - right, height - top - bottom
    return [(left, top, w, h)] if w > 0 and h > 0 and (w, h) != (width, height) else []


def _flat_run(rows: NDArray[np.uint8]) -> int:
    border = float(np.median(rows[0]))
    steps = np.abs(rows.astype(np.float32) - border).mean(axis=1)
    busy = np.flatnonzero(steps > FLAT_STEP)
    return int(busy[0]) if len(busy) else 0


def _edge_boxes(grey: NDArray[np.uint8]) -> list[Box]:
    edges = cv2.Canny(cv2.GaussianBlur(grey, (3, 3), 0), 40, 120)
    boxes = []
    for size in (3, 7):
        closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
        boxes += _boxes(closed)
    return boxes


def _textured_boxes(grey: NDArray[np.uint8]) -> list[Box]:
    blurred = cv2.blur(grey.astype(np.float32), (9, 9))
    deviation = cv2.blur(grey.astype(np.float32) ** 2, (9, 9)) - blurred * blurred
    textured = (deviation > 30).astype(np.uint8) * 255
    return _boxes(cv2.morphologyEx(textured, cv2.MORPH_OPEN, np.ones((13, 13), np.uint8)))


def _boxes(mask: NDArray[np.uint8]) -> list[Box]:
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    return [tuple(cv2.boundingRect(contour)) for contour in contours if len(contour) >= 4]
