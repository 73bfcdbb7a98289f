"""Names what was done to a picture, from how its copy lies on it and how their colours differ."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Edit, Pixels
from engine.features import orb, ssim

SIDE = 128  # both pictures are compared at this size
MIN_ANGLE = 3.0  # degrees
MIN_STRETCH = 1.09
MAX_SHOWN = 0.9  # of the stored picture's area; with more of it in the copy, nothing was cropped
MAX_FILLED = 0.93  # of the copy's area; with more of it filled by the picture, nothing lies around it
FLAT_STEP = 7.0  # mean grey step to the edge's own colour, of a flat surrounding
MAX_GREY_CHROMA, MIN_COLOUR_CHROMA = 3.0, 7.0
MIN_RECOLOURING = 11.0  # median difference in levels
MAX_SHARPNESS = 0.62  # of the stored picture's
OVERLAY_STEP = 40.0  # grey levels
MIN_OVERLAY, MAX_OVERLAY = 0.008, 0.6  # of the common area


def name_edits(query: Pixels, stored: Pixels, transform: orb.Matrix, *, stored_aspect: float) -> tuple[Edit, ...]:
    """The edits that made `query` of `stored`, both RGB.

    `transform` (3, 3) maps shares of the query to shares of the stored picture, mirroring included.
    """
    found = [*_of_geometry(query, transform, stored_aspect), *_of_colours(query, stored, transform)]
    return tuple(found) or (Edit.RECOMPRESSED,)


def _of_geometry(query: Pixels, transform: orb.Matrix, stored_aspect: float) -> Iterator[Edit]:
    height, width = query.shape[:2]
    linear = np.diag(orb.extent(stored_aspect)) @ _slope(transform) @ np.diag(1 / orb.extent(width / height))
    mirrored = bool(np.linalg.det(linear) < 0)
    if mirrored:
        yield Edit.MIRRORED
        linear = linear @ np.diag([-1.0, 1.0])
    angle = abs(float(np.degrees(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))))
    # A picture turned upside down and mirrored is one that was mirrored the other way.
    rotated = angle > MIN_ANGLE and not (mirrored and angle > 180 - MIN_ANGLE)
    if rotated:
        yield Edit.ROTATED
    large, small = np.linalg.svd(linear, compute_uv=False)
    if large / small > MIN_STRETCH:
        yield Edit.STRETCHED
    filled, shown = orb.overlap(transform)
    if shown < MAX_SHOWN:
        yield Edit.CROPPED
    if filled < MAX_FILLED:
        if not _is_surrounded_by_flat(query, transform):
            yield Edit.INSIDE_LARGER
        elif not rotated or filled < 0.6:
            yield Edit.PADDED


def _of_colours(query: Pixels, stored: Pixels, transform: orb.Matrix) -> Iterator[Edit]:
    laid, common = ssim.warp(query, transform, SIDE)
    ground = cv2.resize(stored, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    if common.sum() < 64:
        return
    copy, original = laid.astype(np.float32), ground.astype(np.float32)
    chroma_of_copy, chroma_of_original = (float(np.ptp(p[common], axis=1).mean()) for p in (copy, original))
    if chroma_of_copy < MAX_GREY_CHROMA and chroma_of_original > MIN_COLOUR_CHROMA:
        yield Edit.GRAYSCALE
    elif np.median(np.abs(copy - original)[common].mean(axis=1)) > MIN_RECOLOURING:
        yield Edit.RECOLOURED
    grey_of_copy, grey_of_original = copy.mean(axis=2), original.mean(axis=2)
    matched = _with_levels_of(grey_of_original, grey_of_copy, common)
    if _sharpness(matched, common) < MAX_SHARPNESS * _sharpness(grey_of_original, common):
        yield Edit.BLURRED
    difference = np.abs(cv2.blur(matched - grey_of_original, (5, 5)))
    if _is_overlaid(difference, common):
        yield Edit.OVERLAID


def _slope(transform: orb.Matrix) -> orb.Matrix:
    """The linear part of a transform at the middle of the query."""
    centre = np.array([0.5, 0.5, 1.0])
    x, y, w = transform @ centre
    rows = [transform[0, :2] * w - x * transform[2, :2], transform[1, :2] * w - y * transform[2, :2]]
    return np.asarray(np.array(rows) / w**2, np.float64)


def _is_surrounded_by_flat(query: Pixels, transform: orb.Matrix) -> bool:
    grey = cv2.resize(cv2.cvtColor(query, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    _, covered = ssim.warp(np.full((SIDE, SIDE), 255, np.uint8), orb.inverse(transform), SIDE)
    outside = ~cv2.dilate(covered.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    if outside.sum() < 16:
        return True
    levels = grey[outside].astype(np.float32)
    return float(np.abs(levels - np.median(levels)).mean()) < FLAT_STEP


def _with_levels_of(
    wanted: NDArray[np.float32], grey: NDArray[np.float32], common: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Brightness and contrast brought to another grey's, by quartiles: overlays do not disturb them."""
    low_1, mid_1, high_1 = np.percentile(wanted[common], (20, 50, 80))
    low_2, mid_2, high_2 = np.percentile(grey[common], (20, 50, 80))
    return np.asarray((grey - mid_2) * ((high_1 - low_1) / max(1.0, high_2 - low_2)) + mid_1, np.float32)


def _sharpness(grey: NDArray[np.float32], common: NDArray[np.bool_]) -> float:
    return float(np.median(np.abs(cv2.Laplacian(grey, cv2.CV_32F))[common]))


def _is_overlaid(difference: NDArray[np.float32], common: NDArray[np.bool_]) -> bool:
    if np.median(difference[common]) > OVERLAY_STEP / 3:
        return False
    covered = ((difference > OVERLAY_STEP) & common).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(covered)
    largest = float(stats[1:, cv2.CC_STAT_AREA].max()) if len(stats) > 1 else 0.0
    return MIN_OVERLAY < largest / float(common.sum()) < MAX_OVERLAY
