"""Parts of a query that may be the picture itself: what is inside borders, screens, collages and other pictures."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels, Region

SIDE = 320  # boxes are looked for at this longest side
MAX_RULED, MAX_BOXES, MAX_REGIONS = 5, 7, 10
MIN_AREA, MAX_AREA = 0.02, 0.92
MIN_SIDE = 0.08
SAME_BOX = 0.8  # two boxes that overlap more than this (intersection over union) are one
MIN_VARIANCE = 30.0  # of grey levels, in a textured patch
FLAT_STEP = 6.0  # mean grey step to the border's own colour below which a row or column is border

# A line is where grey levels step more than they do around it, over a good part of a column or row.
LINE_STEP = 5
LINE_CONTRAST = 2.0  # times the mean step of the pixels around
AROUND = 17  # pixels
LINE_LENGTH, LINE_GAP = 0.08, 0.03  # of the column or row
MAX_LINES = 16  # each way
MIN_RULED, MIN_RULED_SIDE = 0.65, 0.45  # share of a box's outline, and of each of its sides, that lies on lines
BEST = 60  # boxes looked through for those that differ

# Halves, then a centre: what is left to try where no box shows.
WINDOWS = (
    Region(0.0, 0.0, 1.0, 0.5),
    Region(0.0, 0.5, 1.0, 0.5),
    Region(0.0, 0.0, 0.5, 1.0),
    Region(0.5, 0.0, 0.5, 1.0),
    Region(0.2, 0.2, 0.6, 0.6),
)

Mask = NDArray[np.uint8]
Places = NDArray[np.intp]


def find(pixels: Pixels) -> list[Region]:
    """At most ten regions of an RGB picture, likeliest first."""
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    grey = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    found: list[Region] = []
    for boxes, at_most in ((_trimmed(grey), 1), (_ruled(grey), MAX_RULED), (_textured(grey), MAX_BOXES)):
        for x, y, w, h in boxes:
            if len(found) < at_most:
                _keep(found, Region(x / width, y / height, w / width, h / height))
    windows = WINDOWS[:2] if height > width else WINDOWS[2:4]
    for window in (*windows, WINDOWS[4]):
        _keep(found, window)
    return found[:MAX_REGIONS]


def _keep(found: list[Region], region: Region) -> None:
    if not MIN_AREA <= region.area <= MAX_AREA or min(region.width, region.height) < MIN_SIDE:
        return
    if all(_overlap(region, other) < SAME_BOX for other in found):
        found.append(region)


def _overlap(first: Region, second: Region) -> float:
    common = first.common(second)
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


def _ruled(grey: NDArray[np.uint8]) -> list[Box]:
    """Upright boxes whose sides are lines, best first: a picture on another one, on a screen, in a collage."""
    height, width = grey.shape
    upright, level = _steps(grey), _steps(np.ascontiguousarray(grey.T))
    left, right = _pairs(_lines(upright), MIN_SIDE * width)
    top, bottom = _pairs(_lines(level), MIN_SIDE * height)
    if not len(left) or not len(top):
        return []
    left, right, top, bottom = left[:, None], right[:, None], top[None], bottom[None]
    sides = np.stack(
        np.broadcast_arrays(
            _support(upright, left, top, bottom),
            _support(upright, right, top, bottom),
            _support(level, top, left, right),
            _support(level, bottom, left, right),
        )
    )
    inside = (~np.isnan(sides)).sum(axis=0)  # sides on the picture's own border say nothing
    mean = np.nansum(sides, axis=0) / np.maximum(1, inside)
    good = (np.nan_to_num(sides, nan=1.0).min(axis=0) >= MIN_RULED_SIDE) & (mean >= MIN_RULED) & (inside > 0)
    score = np.where(good, mean * (0.55 + 0.15 * np.minimum(3, inside)), 0)
    best = np.argsort(-score, axis=None, kind="stable")[:BEST]
    boxes = []
    for row, column in zip(*np.unravel_index(best, score.shape), strict=True):
        if score[row, column] > 0:
            x, y = int(left[row, 0]), int(top[0, column])
            boxes.append((x, y, int(right[row, 0]) - x, int(bottom[0, column]) - y))
    return boxes


def _textured(grey: NDArray[np.uint8]) -> list[Box]:
    """What is around the patches of texture, largest first: a picture without a visible border on a page."""
    mean = cv2.blur(grey.astype(np.float32), (9, 9))
    variance = cv2.blur(grey.astype(np.float32) ** 2, (9, 9)) - mean * mean
    textured = cv2.morphologyEx((variance > MIN_VARIANCE).astype(np.uint8), cv2.MORPH_OPEN, np.ones((13, 13), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(textured)
    boxes = [tuple(row[:4].tolist()) for row in stats[1:]]
    return sorted(boxes, key=lambda box: -box[2] * box[3])[:MAX_BOXES]


def _steps(grey: NDArray[np.uint8]) -> Mask:
    """Where a column's grey levels differ from those of the column before, 1 or 0."""
    step = cv2.absdiff(grey, np.hstack([grey[:, :1], grey[:, :-1]]))
    around = cv2.blur(step.astype(np.float32), (AROUND, 1))
    return np.asarray((step > LINE_STEP) & (step > LINE_CONTRAST * around), np.uint8)


def _lines(steps: Mask) -> Places:
    """The columns that hold the longest lines, ascending, with the picture's own borders."""
    height, width = steps.shape
    gap, length = max(3, round(LINE_GAP * height)), max(8, round(LINE_LENGTH * height))
    closed = cv2.morphologyEx(_widened(steps), cv2.MORPH_CLOSE, np.ones((gap, 1), np.uint8))
    runs = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    found = (runs & steps).sum(axis=0, dtype=np.intp)
    chosen: list[int] = []
    for column in np.argsort(-found, kind="stable")[: 6 * MAX_LINES].tolist():
        if len(chosen) == MAX_LINES or found[column] < length / 2:
            break
        if all(abs(column - other) > 2 for other in chosen):
            chosen.append(column)
    return np.array(sorted({0, *chosen, width}), np.intp)


def _widened(steps: Mask) -> Mask:
    return np.asarray(cv2.dilate(steps, np.ones((1, 3), np.uint8)), np.uint8)


def _pairs(places: Places, at_least: float) -> tuple[Places, Places]:
    first, second = np.triu_indices(len(places), 1)
    apart = places[second] - places[first] >= at_least
    return places[first[apart]], places[second[apart]]


def _support(steps: Mask, column: Places, start: Places, end: Places) -> NDArray[np.float64]:
    """The share of a column between two rows that is a line; NaN on the picture's border."""
    sums = np.cumsum(np.pad(_widened(steps), ((1, 0), (0, 0))), axis=0, dtype=np.intp)
    inside = (column > 0) & (column < steps.shape[1])
    at = np.where(inside, column, 0)
    return np.where(inside, (sums[end, at] - sums[start, at]) / (end - start), np.nan)
