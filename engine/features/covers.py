"""What was laid over a picture in black or white: bands, bars, corners. Filled from around, the rest is recognised."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels

SIDE = 260  # the longest side at which it is looked for; no less than what the networks see
BLACK, WHITE = 22, 228  # levels; noise and compression keep pure black and white near these
MIN_COVERED, MAX_COVERED = 0.03, 0.7  # of the picture
# At these, of 68 pairs of pictures under the same lines none passes, and of 100 lined copies 95 do.
LINES_SIDE, LINE_WINDOW = 320, 9
COARSE_SIDE = 16
COARSER = 4  # what is filled in is smooth, and is computed at a quarter of the size
MIN_KNOWN = 0.08  # of what lies around a pixel
GROWN = 5  # pixels by which an edge is softened


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A picture with its covers filled: RGB `pixels`, and where they are, `covered` (H, W), both at most 260 pixels."""

    pixels: Pixels
    covered: NDArray[np.bool_]


def uncover(pixels: Pixels) -> Uncovered | None:
    """An RGB picture without its covers; None where it has none, or little besides."""
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    smooth = cv2.blur(small, (5, 5))
    flat = ((smooth.max(axis=2) < BLACK) | (smooth.min(axis=2) > WHITE)).astype(np.uint8)
    flat = cv2.morphologyEx(flat, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if not MIN_COVERED <= flat.mean() <= MAX_COVERED:
        return None
    covered = cv2.dilate(flat, np.ones((GROWN, GROWN), np.uint8)).astype(bool)
    return Uncovered(_filled(small, covered), covered)


def without_lines(pixels: Pixels) -> Pixels:
    """An RGB picture as greys at 320 pixels, without what is thinner than a few of them: lines, letters, wire."""
    scale = LINES_SIDE / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    grey = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(cv2.medianBlur(grey, LINE_WINDOW), cv2.COLOR_GRAY2RGB), np.uint8)


def coarse(pixels: Pixels) -> NDArray[np.float32]:
    """An RGB picture as a unit vector of 16 x 16 greys, in which thin lines hardly show: their dot is a correlation."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (COARSE_SIDE, COARSE_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return np.asarray(small / max(1e-3, float(np.linalg.norm(small))), np.float32)


def _filled(pixels: Pixels, covered: NDArray[np.bool_]) -> Pixels:
    """Each covered pixel as the mean of what is known around it, from as near as there is something."""
    size = (max(1, pixels.shape[1] // COARSER), max(1, pixels.shape[0] // COARSER))
    weight = cv2.resize((~covered).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    known = cv2.resize(pixels * (~covered)[..., None].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    filled, is_filled = known / np.maximum(weight, 1e-6)[..., None], weight > MIN_KNOWN
    for sigma in (1, 2, 4, 8, 16):
        near = cv2.GaussianBlur(weight, (0, 0), sigma)
        now = ~is_filled & (near > MIN_KNOWN)
        filled[now] = (cv2.GaussianBlur(known, (0, 0), sigma) / np.maximum(near, 1e-6)[..., None])[now]
        is_filled |= now
    coarse = cv2.resize(filled, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.where(covered[..., None], np.clip(coarse, 0, 255), pixels), np.uint8)
