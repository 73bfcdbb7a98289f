"""What was laid over a picture in black or white: bands, bars, corners. Filled from around, the rest is recognised."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels

SIDE = 260  # the longest side at which it is looked for; no less than what the networks see
BLACK, WHITE = 22, 228  # levels; noise and compression keep pure black and white near these
MIN_COVERED, MAX_COVERED = 0.03, 0.7  # of the picture
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


def _filled(pixels: Pixels, covered: NDArray[np.bool_]) -> Pixels:
    """Each covered pixel as the mean of what is known around it, from as near as there is something."""
    weight = (~covered).astype(np.float32)
    known = pixels * weight[..., None]
    filled, is_filled = known.copy(), ~covered
    for sigma in (2, 4, 8, 16, 32, 64):
        near = cv2.GaussianBlur(weight, (0, 0), sigma)
        now = ~is_filled & (near > 0.08)
        filled[now] = (cv2.GaussianBlur(known, (0, 0), sigma) / np.maximum(near, 1e-6)[..., None])[now]
        is_filled |= now
    return np.asarray(np.clip(filled, 0, 255), np.uint8)
