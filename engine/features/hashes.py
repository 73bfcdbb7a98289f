"""Content hash (SHA-256) and perceptual hash (64-bit DCT hash) of pictures."""

import hashlib

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels

DCT_SIDE = 32
HASH_SIDE = 8
ORIENTATIONS = 8  # the turns by 90 degrees of a picture, and of its mirror image

# Below this mean step between neighbouring pixels of the 32 x 32 grey, a picture is so flat or blank that its hash is
# noise (PDQ has the same kind of gate).
MIN_MEAN_STEP = 0.9

_FLIP_SIGNS = np.where(np.arange(HASH_SIDE) % 2, -1.0, 1.0).astype(np.float32)


def sha256(content: bytes | memoryview) -> str:
    """Lower-case hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


def phash(pixels: Pixels) -> int | None:
    """The 64-bit perceptual hash of an RGB or grey picture (H, W[, 3]); None where the picture is too flat for one."""
    coefficients = _coefficients(pixels)
    return None if coefficients is None else _bits(coefficients)


def phash_orientations(pixels: Pixels) -> list[int]:
    """The hashes of the picture turned by 0, 90, 180 and 270 degrees clockwise, then of its mirror image likewise.

    One transform serves all: mirroring flips the sign of odd columns, turning also transposes. Empty if too flat.
    """
    coefficients = _coefficients(pixels)
    if coefficients is None:
        return []
    hashes = []
    for start in (coefficients, coefficients * _FLIP_SIGNS):
        turned = start
        for _ in range(4):
            hashes.append(_bits(turned))
            turned = turned.T * _FLIP_SIGNS  # a quarter turn clockwise is a transpose, then a mirroring
    return hashes


def hamming(first: int, second: int) -> int:
    """Number of differing bits, 0-64."""
    return (first ^ second).bit_count()


def _coefficients(pixels: Pixels) -> NDArray[np.float32] | None:
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (DCT_SIDE, DCT_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    steps = np.abs(np.diff(small, axis=0)).mean() + np.abs(np.diff(small, axis=1)).mean()
    if steps / 2 < MIN_MEAN_STEP:
        return None
    low = cv2.dct(small)[:HASH_SIDE, :HASH_SIDE]
    return np.ascontiguousarray(low, np.float32)


def _bits(coefficients: NDArray[np.float32]) -> int:
    above = (coefficients > np.median(coefficients)).ravel()
    return int.from_bytes(np.packbits(above).tobytes(), "big")
