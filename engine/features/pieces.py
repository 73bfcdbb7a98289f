"""Where in a picture others seem to lie: a collage's pieces, the pictures of a screenshot or of a page.

A picture is cut along what runs straight through it: bands of one colour, and lines at which everything changes. What
cannot be cut any further, has straight sides and is no flat colour is taken for a picture of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels, Region

SIDE = 480  # pieces are looked for at this longest side
MAX_PIECES = 12
MIN_SIDE, MAX_AREA = 0.12, 0.9  # of a piece, as shares of the whole
EVEN = 5.0  # standard deviation of a row's grey levels below which it is of one colour
GROUND = 12.0  # grey levels in which bands of one ground differ

# A line is where colours step more than they do around it; pictures join where that is so nearly all along.
STEP, CONTRAST = 8, 2.0
NEAR, AROUND = 4, 5  # pixels from a line: what is around it begins there, and is so wide
JOIN, JOIN_IN_PART, PARTS = 0.55, 0.25, 6
SPIKE = 1.8  # times the mean step of the columns around
STRAIGHT, SLACK = (
    0.6,
    0.04,
)  # share of a side's rows that begin at it, and how far off they may, as a share of the width
MOSTLY_ONE = 0.6  # share of one grey level and its neighbours from which a box holds a colour or writing, no picture

Greys = NDArray[np.uint8]
Sums = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Box:
    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def turned(self) -> "_Box":
        """In the picture whose rows are this one's columns."""
        return _Box(self.top, self.left, self.bottom, self.right)


class _Upright:
    """What is known of the columns of a picture; its rows are the columns of the picture turned."""

    def __init__(self, pixels: Pixels) -> None:
        self.grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
        self._sums, self._squares = _sums_down(self.grey), _sums_down(self.grey.astype(np.float32) ** 2)
        steps = np.zeros(self.grey.shape, np.uint8)
        steps[:, 1:-1] = cv2.absdiff(pixels[:, 2:], pixels[:, :-2]).max(axis=2)
        around = cv2.blur(steps.astype(np.float32), (AROUND, 1))
        beside = (np.roll(around, NEAR + AROUND // 2, axis=1) + np.roll(around, -NEAR - AROUND // 2, axis=1)) / 2
        lines = ((steps > STEP) & (steps > CONTRAST * beside)).astype(np.uint8)
        self._steps, self._beside = _sums_down(steps), _sums_down(beside)
        self._lines = _sums_down(cv2.dilate(lines, np.ones((1, 3), np.uint8)))

    def even(self, box: _Box) -> tuple[NDArray[np.bool_], Sums]:
        """Which columns of a box are of one colour, and their mean grey levels."""
        mean = _mean(self._sums, box)
        variance = np.maximum(0, _mean(self._squares, box) - mean * mean)
        return variance <= EVEN * EVEN, mean

    def join(self, box: _Box, margin: int) -> tuple[float, int] | None:
        """The column at which most changes nearly all along, and how much of it does; None where there is none."""
        inner = slice(margin, box.width - margin)
        if box.width <= 2 * margin:
            return None
        bounds = np.linspace(box.top, box.bottom, PARTS + 1).round().astype(int)
        parts = [_Box(box.left, top, box.right, bottom) for top, bottom in zip(bounds, bounds[1:], strict=False)]
        shares = np.stack([_mean(self._lines, part) for part in parts if part.height])
        share = _mean(self._lines, box)
        spike = _mean(self._steps, box) >= SPIKE * _mean(self._beside, box)
        score = np.where((share >= JOIN) & spike & (np.sort(shares, axis=0)[1] >= JOIN_IN_PART), share, 0)[inner]
        best = int(score.argmax())
        return (float(score[best]), box.left + margin + best) if score[best] > 0 else None

    def begins_straight(self, box: _Box, ground: float) -> bool:
        """Whether most rows of a box have something else than the ground close to both its sides."""
        other = np.abs(self.grey[box.top : box.bottom, box.left : box.right].astype(np.float32) - ground) > GROUND
        slack = max(3, round(SLACK * box.width))
        return min(other[:, :slack].any(axis=1).mean(), other[:, -slack:].any(axis=1).mean()) >= STRAIGHT


def find(pixels: Pixels) -> list[Region]:
    """At most twelve regions of an RGB picture, largest first; none of an ordinary photograph."""
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    width, height = size
    if min(size) < 32:
        return []
    cutter = _Cutter(small)
    regions = [
        Region(box.left / width, box.top / height, box.width / width, box.height / height)
        for box in cutter.cut(_Box(0, 0, width, height))
    ]
    found = [one for one in regions if one.area <= MAX_AREA]
    return sorted(found, key=lambda one: -one.area)[:MAX_PIECES]


class _Cutter:
    """Cuts one picture into its pieces."""

    def __init__(self, pixels: Pixels) -> None:
        self._columns = _Upright(pixels)
        self._rows = _Upright(np.ascontiguousarray(pixels.transpose(1, 0, 2)))
        height, width = pixels.shape[:2]
        self._least = max(16, round(MIN_SIDE * width)), max(16, round(MIN_SIDE * height))

    def cut(self, box: _Box, ground: float | None = None) -> Iterator[_Box]:
        """The pieces of a box; `ground`: the grey level of what was around it."""
        if box.width < self._least[0] or box.height < self._least[1]:
            return
        bands = self._without_bands(box, ground)
        if bands is not None:
            for part, around in bands:
                yield from self.cut(part, around)
            return
        across, down = self._columns.join(box, self._least[0]), self._rows.join(box.turned(), self._least[1])
        if across and (down is None or across[0] >= down[0]):
            yield from self.cut(_Box(box.left, box.top, across[1], box.bottom), ground)
            yield from self.cut(_Box(across[1], box.top, box.right, box.bottom), ground)
        elif down:
            yield from self.cut(_Box(box.left, box.top, box.right, down[1]), ground)
            yield from self.cut(_Box(box.left, down[1], box.right, box.bottom), ground)
        elif self._is_picture(box, ground):
            yield box

    def _without_bands(self, box: _Box, ground: float | None) -> list[tuple[_Box, float]] | None:
        """What lies between bands of one colour that run through a box, with that colour; None where there are none."""
        for upright, placed, turn in ((self._rows, box.turned(), True), (self._columns, box, False)):
            even, mean = upright.even(placed)
            if ground is not None:
                even &= np.abs(mean - ground) <= GROUND
            if not even.any() or even.all():
                continue
            level = float(np.median(mean[even])) if ground is None else ground
            even &= np.abs(mean - level) <= GROUND
            ends = np.flatnonzero(np.diff(np.r_[True, even, True].astype(np.int8)))
            parts = [
                _Box(placed.left + start, placed.top, placed.left + end, placed.bottom)
                for start, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True)
            ]
            return [(part.turned() if turn else part, level) for part in parts]
        return None

    def _is_picture(self, box: _Box, ground: float | None) -> bool:
        inside = self._columns.grey[box.top : box.bottom, box.left : box.right]
        counts = np.bincount(inside.ravel(), minlength=256)
        if np.convolve(counts, np.ones(5), "same").max() > MOSTLY_ONE * inside.size:
            return False
        if ground is None:
            return True
        return self._columns.begins_straight(box, ground) and self._rows.begins_straight(box.turned(), ground)


def _sums_down(values: NDArray[np.generic]) -> Sums:
    """Sums of each column from the top to each row."""
    return np.cumsum(np.pad(values, ((1, 0), (0, 0))), axis=0, dtype=np.float64)


def _mean(sums: Sums, box: _Box) -> Sums:
    """The mean of each column of a box."""
    return (sums[box.bottom, box.left : box.right] - sums[box.top, box.left : box.right]) / max(1, box.height)
