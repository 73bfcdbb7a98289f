"""Structural similarity of two pictures brought onto each other (Wang et al. 2004; uniform 7 x 7 window)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels

SIDE = 256
WINDOW = 7
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
SMOOTHING = 1.6  # sigma, in pixels of 256: blurred, noisy and shrunk copies keep what is left
MIN_COUNTED = 0.35  # of the overlap, where parts of it do not count
MIN_OVERLAP = 0.04  # of the stored picture's area; with less there is too little to compare
COARSE = 10.0  # sigma, in pixels of 256
MIN_TEXTURE, MIN_TEXTURED = 2.5, 0.03  # grey levels of a textured window; the least share of such windows
AGREES, DISAGREES = 0.5, 0.3  # correlation of a larger window
MIN_AGREEMENT = 0.2  # with less, the rest is not computed: most pairs that are tried are none
MIN_DEVIATION = 4.0  # grey levels: with less texture than this in the overlap, nothing is proved

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Alignment:
    """How alike two greys are where they lie on each other.

    `ssim` in [-1, 1], the second grey's brightness and contrast being brought to the first's; `structure` in [-1, 1],
    the mean correlation of small windows, weighted by their texture; `agreement` in [0, 1], the share of the textured
    area whose larger windows correlate; `dissent` in [0, 1], the largest connected part of the common area that does
    not: a frame, a screen or a text that two pictures share agrees perfectly, but not what is in it; `overlap` as a
    share of the stored picture.
    """

    ssim: float
    structure: float
    agreement: float
    dissent: float
    overlap: float


def grey(pixels: Pixels) -> Grey:
    """An RGB picture as a 256 x 256 grey, 0-255."""
    squeezed = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(squeezed, np.float32)


def align(
    query: Pixels, stored: Grey, transform: NDArray[np.float64], *, without: NDArray[np.bool_] | None = None
) -> Alignment | None:
    """Compare a query, RGB or grey, with a stored 256 x 256 grey; `transform` (3, 3) maps shares of one to the other's.

    `without` (H, W): parts of the query that do not count. None where they overlap too little, or on nothing but a flat
    part, or where they do not agree at all.
    """
    query = query if query.ndim == 2 else cv2.cvtColor(query, cv2.COLOR_RGB2GRAY)
    warped, mask = warp(query, transform, SIDE)
    warped = warped.astype(np.float32)
    if without is not None:
        whole = float(mask.mean())
        mask &= warp(without.astype(np.uint8) * 255, transform, SIDE)[0] < 64
        if mask.mean() < MIN_COUNTED * whole:
            return None
    share = float(mask.mean())
    if share < MIN_OVERLAP:
        return None
    first = cv2.GaussianBlur(stored, (0, 0), SMOOTHING)
    second = cv2.GaussianBlur(warped, (0, 0), SMOOTHING)
    mean_1, deviation_1 = float(first[mask].mean()), float(first[mask].std())
    mean_2, deviation_2 = float(second[mask].mean()), float(second[mask].std())
    if min(deviation_1, deviation_2) < MIN_DEVIATION:
        return None
    second = (second - mean_2) * (deviation_1 / deviation_2) + mean_1
    # Slow changes of brightness correlate with one another in any two pictures: only finer structure is proof.
    small_1, small_2 = _quarter(first), _quarter(second)
    slow_1, slow_2 = (cv2.GaussianBlur(small, (0, 0), COARSE / 4) for small in (small_1, small_2))
    shares = _agreement(small_1 - slow_1, small_2 - slow_2, mask)
    if shares is None or shares[0] < MIN_AGREEMENT:
        return None
    similarity = float(_maps(first, second)[0][mask].mean())
    first, second = (x - cv2.resize(slow, (SIDE, SIDE)) for x, slow in ((first, slow_1), (second, slow_2)))
    _, structure, weight = _maps(first, second)
    weight = weight * mask
    return Alignment(similarity, float((structure * weight).sum() / weight.sum()), *shares, share)


def warp(pixels: Pixels, transform: NDArray[np.float64], side: int) -> tuple[Pixels, NDArray[np.bool_]]:
    """A picture laid on a square of `side` pixels by a transform of shares, and where it covers the square."""
    height, width = pixels.shape[:2]
    # Shrink first, each side by what the transform shrinks it: warping alone would alias.
    scales = side * np.linalg.norm(transform[:2, :2], axis=0) / (width, height)
    size = tuple(max(1, round(n * min(1.0, s))) for n, s in zip((width, height), scales, strict=True))
    if size != (width, height):
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        height, width = pixels.shape[:2]
    # OpenCV counts from the middle of the first pixel, shares from its edge.
    to_shares = np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])
    to_square = np.array([[side, 0, -0.5], [0, side, -0.5], [0, 0, 1]])
    to_pixels = to_square @ transform @ to_shares
    warped = cv2.warpPerspective(pixels, to_pixels, (side, side), flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(
        np.full((height, width), 255, np.uint8), to_pixels, (side, side), flags=cv2.INTER_LINEAR
    )
    inner = cv2.erode((cover > 250).astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=1)
    return warped, inner.astype(bool)


def ssim_map(first: Grey, second: Grey) -> Grey:
    """SSIM at each pixel of two greys (H, W) in 0-255; scikit-image's with `use_sample_covariance=False`."""
    return _maps(first, second)[0]


def _quarter(grey: Grey) -> Grey:
    return np.asarray(cv2.resize(grey, (SIDE // 4, SIDE // 4), interpolation=cv2.INTER_AREA), np.float32)


def _agreement(first: Grey, second: Grey, mask: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Agreement and dissent, see Alignment, of two greys of 64 x 64; None where there is next to no texture."""
    inside = _quarter(mask.astype(np.float32)) > 0.9
    _, correlation, deviation = _maps(first, second)
    other_deviation = _maps(second, first)[2]
    textured = inside & (np.maximum(deviation, other_deviation) > MIN_TEXTURE)
    if textured.sum() < MIN_TEXTURED * inside.sum():
        return None
    against = (textured & (correlation < DISAGREES)).astype(np.uint8)
    against = cv2.morphologyEx(against, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(against)
    largest = float(stats[1:, cv2.CC_STAT_AREA].max()) if len(stats) > 1 else 0.0
    return float((correlation[textured] > AGREES).mean()), largest / float(inside.sum())


def _maps(first: Grey, second: Grey) -> tuple[Grey, Grey, Grey]:
    """SSIM, local correlation and local deviation at each pixel."""

    def mean(x: Grey) -> Grey:
        return np.asarray(cv2.boxFilter(x, -1, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT), np.float32)

    mean_1, mean_2 = mean(first), mean(second)
    variance_1: Grey = np.maximum(mean(first * first) - mean_1 * mean_1, np.float32(0))
    variance_2: Grey = np.maximum(mean(second * second) - mean_2 * mean_2, np.float32(0))
    covariance = mean(first * second) - mean_1 * mean_2
    luminance = (2 * mean_1 * mean_2 + C1) / (mean_1 * mean_1 + mean_2 * mean_2 + C1)
    similarity = luminance * (2 * covariance + C2) / (variance_1 + variance_2 + C2)
    correlation = covariance / np.sqrt((variance_1 + 1) * (variance_2 + 1))
    return np.asarray(similarity, np.float32), np.asarray(correlation, np.float32), np.sqrt(variance_1)
