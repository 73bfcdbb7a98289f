"""Where in a picture others seem to lie: a collage's pieces, the pictures of a screenshot or of a page.

A picture is cut along what runs straight through it: bands of one colour, and lines at which everything changes. What
cannot be cut any further, has straight sides and is no flat colour is taken for a picture of its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels, Region

SIDE = 480  # pieces are looked for at this longest side
MAX_PIECES = 12
MIN_SIDE, MAX_AREA = 0.12, 0.9  # of a piece, as shares of the whole
EVEN = 6.0  # standard deviation of a row's grey levels below which it is of one colour
GROUND = 12.0  # grey levels in which bands of one ground differ

# A line is where colours step more than they do around it; pictures join where that is so nearly all along.
STEP, CONTRAST = 8, 2.0
NEAR, AROUND = 4, 5  # pixels from a line: what is around it begins there, and is so wide
JOIN, JOIN_WITHIN_BANDS, JOIN_IN_PART, PARTS = 0.78, 0.9, 0.5, 6
HINTED, HINTED_TWICE = 0.6, 0.45  # where other pieces join, or two others
LINED_UP = 3  # pixels that boxes in one row or column may be off
SPIKE = 1.1  # times the mean step of the columns around
# Share of a side's rows that begin at it, and how far off they may, as a share of the width.
STRAIGHT, SLACK = 0.6, 0.04
MOSTLY, NEARLY_ALL = 0.72, 0.95  # share of one grey level, and its neighbours, in what holds writing, or nothing
TRIMMED = 0.7  # share of a cell that is left of a piece whose edges have the colour of the ground
ALONG = 0.9  # share of a box's side that others stand along
OVERLAP = 0.1  # share of a box that another may cover, and be beside it

Greys = NDArray[np.uint8]
Means = NDArray[np.float64]


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

    @property
    def area(self) -> int:
        return self.width * self.height

    def common(self, other: "_Box") -> int:
        """The area of both."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)

    def is_free_of(self, others: "Iterable[_Box]") -> bool:
        """Whether it lies beside all others."""
        return all(self.common(other) <= OVERLAP * min(self.area, other.area) for other in others)

    def turned(self) -> "_Box":
        """In the picture whose rows are this one's columns."""
        return _Box(self.top, self.left, self.bottom, self.right)


class _Upright:
    """What is known of the columns of a picture; its rows are the columns of the picture turned."""

    def __init__(self, pixels: Pixels) -> None:
        self.grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
        self._squares = self.grey.astype(np.float32) ** 2
        steps = np.zeros(self.grey.shape, np.uint8)
        red, green, blue = cv2.split(cv2.absdiff(pixels[:, 2:], pixels[:, :-2]))
        steps[:, 1:-1] = cv2.max(cv2.max(red, green), blue)
        around = cv2.boxFilter(steps, cv2.CV_32F, (AROUND, 1))
        away = NEAR + AROUND // 2
        beside = np.full(self.grey.shape, STEP, np.float32)  # there is no line so close to the sides
        beside[:, away:-away] = cv2.addWeighted(around[:, 2 * away :], 0.5, around[:, : -2 * away], 0.5, 0)
        lines = ((steps > STEP) & (steps > CONTRAST * beside)).astype(np.uint8)
        self._steps, self._beside = steps, beside
        self._lines = np.asarray(cv2.dilate(lines, np.ones((1, 3), np.uint8)), np.uint8)

    def even(self, box: _Box) -> tuple[NDArray[np.bool_], Means]:
        """Which columns of a box are of one colour, and their mean grey levels."""
        mean = _mean(self.grey, box)
        variance = np.maximum(0, _mean(self._squares, box) - mean * mean)
        return variance <= EVEN * EVEN, mean

    def join(self, box: _Box, margin: int, least: float, hints: dict[int, float]) -> tuple[float, int] | None:
        """The column at which most changes nearly all along, and how much of it does; None where there is none.

        `hints`: columns at which other pieces end, and how much has to change there.
        """
        if box.width <= 2 * margin:
            return None
        bounds = np.linspace(box.top, box.bottom, PARTS + 1).round().astype(int).tolist()
        parts = [_Box(box.left, top, box.right, bottom) for top, bottom in pairwise(bounds)]
        shares = np.stack([_mean(self._lines, part) for part in parts])
        share = _mean(self._lines, box)
        joins = (share >= least) & (np.sort(shares, axis=0)[1] >= JOIN_IN_PART)
        joins &= _mean(self._steps, box) >= SPIKE * _mean(self._beside, box)
        for column, enough in hints.items():
            here = slice(max(0, column - 1 - box.left), max(0, column + 2 - box.left))
            joins[here] |= share[here] >= enough
        score = np.where(joins, share, 0)[margin : box.width - margin]
        best = int(score.argmax())
        return (float(score[best]), box.left + margin + best) if score[best] > 0 else None

    def begins_straight(self, box: _Box, ground: float) -> bool:
        """Whether most rows of a box have something else than the ground close to both its sides."""
        other = np.abs(self.grey[box.top : box.bottom, box.left : box.right].astype(np.float32) - ground) > GROUND
        slack = max(3, round(SLACK * box.width))
        return bool(min(other[:, :slack].any(axis=1).mean(), other[:, -slack:].any(axis=1).mean()) >= STRAIGHT)


def find(pixels: Pixels) -> list[Region]:
    """At most twelve regions of an RGB picture, largest first; none of an ordinary photograph."""
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    width, height = size
    if min(size) < 32:
        return []
    cutter, whole = _Cutter(small), _Box(0, 0, width, height)
    boxes = cutter.completed(list(cutter.cut(whole)))
    regions = [Region(box.left / width, box.top / height, box.width / width, box.height / height) for box in boxes]
    found = [one for one in regions if one.area <= MAX_AREA]
    return sorted(found, key=lambda one: -one.area)[:MAX_PIECES]


class _Cutter:
    """Cuts one picture into its pieces."""

    def __init__(self, pixels: Pixels) -> None:
        self._columns = _Upright(pixels)
        self._rows = _Upright(np.asarray(cv2.transpose(pixels), np.uint8))
        height, width = pixels.shape[:2]
        self._whole = _Box(0, 0, width, height)
        self._ends, self._levels = dict[int, float](), dict[int, float]()
        self._doubtful: list[_Box] = []
        self._plain: list[_Box] = []  # with nothing but one thing on a ground of one colour
        self._least = max(16, round(MIN_SIDE * width)), max(16, round(MIN_SIDE * height))

    def completed(self, found: list[_Box]) -> list[_Box]:
        """The same with what the pieces found tell of others: in most collages they stand in rows and columns."""
        if len(found) < 2:
            return found
        self._ends = _least_of_ends(box.right for box in found)
        self._levels = _least_of_ends(box.bottom for box in found)
        self._doubtful.clear()
        self._plain.clear()
        boxes = list(self.cut(self._whole))
        boxes += [box for box in self._doubtful if any(_is_in_line(box, other) for other in boxes)]
        for across, down in product(list(boxes), repeat=2):
            cell = _Box(across.left, down.top, across.right, down.bottom)
            others = [box for box in boxes if cell.common(box) > OVERLAP * min(box.area, cell.area)]
            is_around = all(cell.common(box) > (1 - OVERLAP) * box.area < TRIMMED * cell.area for box in others)
            if is_around and not {across, down} & {*others} and not self._is_of_one_colour(cell, NEARLY_ALL):
                boxes = [box for box in boxes if box not in others] + [cell]
        for box in self._plain + self._doubtful:
            if box.is_free_of(boxes) and _is_along(box, boxes):
                boxes.append(box)
        return boxes

    def cut(self, box: _Box, ground: float | None = None) -> Iterator[_Box]:
        """The pieces of a box; `ground`: the grey level of what was around it."""
        if box.width < self._least[0] or box.height < self._least[1]:
            return
        bands = self._without_bands(box, ground)
        if bands is not None:
            inside = [piece for part, around in bands for piece in self.cut(part, around)]
            yield from inside
            if not inside and ground is None and box != self._whole:
                self._plain.append(box)
            return
        least = JOIN if ground is None else JOIN_WITHIN_BANDS
        across = self._columns.join(box, self._least[0], least, self._ends)
        down = self._rows.join(box.turned(), self._least[1], least, self._levels)
        if across and (down is None or across[0] >= down[0]):
            yield from self.cut(_Box(box.left, box.top, across[1], box.bottom), ground)
            yield from self.cut(_Box(across[1], box.top, box.right, box.bottom), ground)
        elif down:
            yield from self.cut(_Box(box.left, box.top, box.right, down[1]), ground)
            yield from self.cut(_Box(box.left, down[1], box.right, box.bottom), ground)
        elif self._is_picture(box, ground):
            yield box
        elif not self._is_of_one_colour(box, NEARLY_ALL):
            self._doubtful.append(box)

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
            if ground is None and len(parts) == 1 and box != self._whole:
                continue  # a sky
            return [(part.turned() if turn else part, level) for part in parts]
        return None

    def _is_picture(self, box: _Box, ground: float | None) -> bool:
        if self._is_of_one_colour(box, MOSTLY):
            return False
        if ground is None:
            return True
        return self._columns.begins_straight(box, ground) and self._rows.begins_straight(box.turned(), ground)

    def _is_of_one_colour(self, box: _Box, share: float) -> bool:
        inside = self._columns.grey[box.top : box.bottom, box.left : box.right]
        counts = np.bincount(inside.ravel(), minlength=256)
        return bool(np.convolve(counts, np.ones(5), "same").max() > share * inside.size)


def _least_of_ends(ends: Iterable[int]) -> dict[int, float]:
    """Where pieces end, and how much has to change there for others to join at it."""
    return {end: HINTED_TWICE if count > 1 else HINTED for end, count in Counter(ends).items()}


def _is_in_line(one: _Box, other: _Box) -> bool:
    """Whether two boxes are of one width, above each other, or of one height, beside each other."""
    columns = max(abs(one.left - other.left), abs(one.right - other.right))
    rows = max(abs(one.top - other.top), abs(one.bottom - other.bottom))
    return min(columns, rows) <= LINED_UP


def _is_along(one: _Box, others: list[_Box]) -> bool:
    """Whether others stand beside a box, all along one of its sides."""
    for box, beside in ((one, others), (one.turned(), [other.turned() for other in others])):
        adjoining = [
            other.height
            for other in beside
            if min(abs(other.right - box.left), abs(other.left - box.right)) <= LINED_UP
            and box.top - LINED_UP <= other.top
            and other.bottom <= box.bottom + LINED_UP
        ]
        if sum(adjoining) >= ALONG * box.height:
            return True
    return False


def _mean(values: NDArray[np.generic], box: _Box) -> Means:
    """The mean of each column of a box."""
    inside = values[box.top : box.bottom, box.left : box.right]
    return np.asarray(cv2.reduce(inside, 0, cv2.REDUCE_AVG, dtype=cv2.CV_64F)[0], np.float64)
