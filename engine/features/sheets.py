"""Finds the sheet, print or screen that a photograph shows at an angle, and lays it flat."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels, Region
from engine.features.geometry import Matrix

SIDE = 320  # longest side at which it is looked for
LEAST, MOST = 0.15, 0.96  # share of the picture that it fills
EDGES = ((30, 90), (80, 200))  # thresholds of Canny's detector, for soft and for hard edges
JOINED = 5  # pixels between pieces of an outline that belong together
CORNERS = 4
TOLERANCES = (0.01, 0.02, 0.03, 0.05, 0.08)  # of the outline's length, by which four corners may miss it
NEAR_SIDE = 6.0  # pixels off a side within which an outline belongs to it
SUPPORTED = 0.75  # share of its sides within the picture that lie on edges
STEPS = 64  # points of a side that are looked at
ON_BORDER = 0.6  # what a side counts that is the picture's own border, which may be a sheet's and may be none
UPRIGHT = 0.015  # share of the picture by which the corners of what is no photograph may be off its bounding box
FLATTENED = 640  # longest side of what is laid flat, in pixels

Corners = NDArray[np.float64]  # (4, 2) in shares of the picture, clockwise from the upper left


def find(pixels: Pixels) -> Corners | None:
    """The corners of the sheet that `pixels` (H, W, 3) RGB show. None where there is none, or it stands upright."""
    height, width = pixels.shape[:2]
    share = min(1.0, SIDE / max(height, width))
    size = max(8, round(width * share)), max(8, round(height * share))
    small = cv2.GaussianBlur(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), (0, 0), 1)
    found = [quad for thresholds in EDGES for quad in _quads(small, thresholds)]
    if not found:
        return None
    corners = max(found, key=lambda quad: cv2.contourArea(quad.astype(np.float32)))
    shares = corners / size
    upright = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * np.ptp(shares, axis=0) + shares.min(0)
    return None if np.abs(shares - upright).max() < UPRIGHT else shares


def flattened(pixels: Pixels, corners: Corners) -> Pixels:
    """What is between the corners, as a picture of its own."""
    height, width = pixels.shape[:2]
    ends = corners * [width, height]
    sides = np.linalg.norm(ends - np.roll(ends, -1, axis=0), axis=1)  # upper, right, lower, left
    across, down = float(sides[[0, 2]].max()), float(sides[[1, 3]].max())
    fitting = min(1.0, FLATTENED / max(across, down))
    w, h = max(8, round(across * fitting)), max(8, round(down * fitting))
    wanted = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = cv2.getPerspectiveTransform(ends.astype(np.float32), wanted)
    return np.asarray(cv2.warpPerspective(pixels, matrix, (w, h), flags=cv2.INTER_AREA), np.uint8)


def around(corners: Corners) -> Region:
    """The region that holds a sheet."""
    (left, top), (right, bottom) = np.clip(corners.min(0), 0, 1), np.clip(corners.max(0), 0, 1)
    return Region(float(left), float(top), float(right - left), float(bottom - top))


def to_sheet(corners: Corners) -> Matrix:
    """(3, 3) shares of the picture -> shares of the sheet."""
    wanted = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners.astype(np.float32), wanted), np.float64)


def _quads(small: Pixels, thresholds: tuple[int, int]) -> list[Corners]:
    """Outlines with four corners, in pixels, that lie on edges."""
    height, width = small.shape[:2]
    edges = np.zeros((height, width), np.uint8)
    for channel in cv2.split(small):
        edges |= cv2.Canny(channel, *thresholds)
    near = cv2.dilate(edges, np.ones((3, 3), np.uint8)) > 0
    joined = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((JOINED, JOINED), np.uint8))
    found = []
    for outline in cv2.findContours(joined, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]:
        hull = cv2.convexHull(outline)
        if not LEAST <= cv2.contourArea(hull) / (height * width) <= MOST:
            continue
        length = cv2.arcLength(hull, closed=True)
        for tolerance in TOLERANCES:
            quad = cv2.approxPolyDP(hull, tolerance * length, closed=True)
            if len(quad) == CORNERS:
                corners = _fitted(_clockwise(quad[:, 0].astype(np.float64)), outline[:, 0])
                if _support(near, corners) >= SUPPORTED:
                    found.append(corners)
                break
    return found


def _clockwise(corners: Corners) -> Corners:
    middle = corners.mean(0)
    turned = corners[np.argsort(np.arctan2(*(corners - middle).T[::-1]))]
    return np.roll(turned, -int(np.argmin(turned.sum(1))), axis=0)


def _fitted(corners: Corners, outline: NDArray[np.int32]) -> Corners:
    """The corners where straight lines through the outline's four sides meet; a corner may lie beyond the border."""
    lines = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (end - start) / np.linalg.norm(end - start)
        away = (outline - start) @ along, np.abs((outline - start) @ [-along[1], along[0]])
        inner = (away[0] > 0.1 * np.linalg.norm(end - start)) & (away[0] < 0.9 * np.linalg.norm(end - start))
        points = outline[inner & (away[1] < NEAR_SIDE)]
        if len(points) < 2:
            return corners
        x, y, x0, y0 = cv2.fitLine(points, cv2.DIST_HUBER, 0, 0.01, 0.01)[:, 0].tolist()
        lines.append((-y, x, y * x0 - x * y0))
    met = np.cross(np.roll(lines, 1, axis=0), lines)
    if np.abs(met[:, 2]).min() < 1e-6:
        return corners
    ends = met[:, :2] / met[:, 2:]
    return ends if np.linalg.norm(ends - corners, axis=1).max() < 2 * NEAR_SIDE else corners


def _support(near: NDArray[np.bool_], corners: Corners) -> float:
    """How much of an outline's sides lies on edges, the worst side counting most."""
    height, width = near.shape
    shares = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        points = start + (end - start) * np.linspace(0.03, 0.97, STEPS)[:, None]
        x, y = np.clip(points.round().astype(int), 0, [width - 1, height - 1]).T
        is_border = (np.minimum(x, width - 1 - x) < 3).mean() > 0.9 or (np.minimum(y, height - 1 - y) < 3).mean() > 0.9
        shares.append(ON_BORDER if is_border else float(near[y, x].mean()))
    return (min(shares) + float(np.mean(shares))) / 2
