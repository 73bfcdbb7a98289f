"""SIFT keypoints (Lowe 2004, root-normalised as by Arandjelovic and Zisserman 2012): where ORB finds too little.

They stand changes of scale and blur better, and cost several times as much, so they are computed for the few likeliest
pictures only, from their thumbnails, and are not stored.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels
from engine.features import geometry

SIDE = 224
MAX_KEYPOINTS = 400
CONTRAST = 0.02  # half of Lowe's threshold: smooth pictures have keypoints too
RATIO = 0.8  # Lowe's ratio test


@dataclass(frozen=True, slots=True)
class SiftKeypoints:
    """`points` (n, 2) in shares of width and height, `descriptors` (n, 128), `aspect`: width / height."""

    points: geometry.Points
    descriptors: NDArray[np.float32]
    aspect: float


def detect(pixels: Pixels) -> SiftKeypoints:
    """Up to 400 keypoints of an RGB picture (H, W, 3)."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    detector = cv2.SIFT.create(nfeatures=MAX_KEYPOINTS, contrastThreshold=CONTRAST)
    found, descriptors = detector.detectAndCompute(grey, None)
    if descriptors is None:
        return SiftKeypoints(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32), width / height)
    points = (np.array([point.pt for point in found], np.float32) + 0.5) / np.array(size, np.float32)
    rooted = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    return SiftKeypoints(np.asarray(points, np.float32), np.asarray(rooted, np.float32), width / height)


def mirrored(keypoints: SiftKeypoints) -> SiftKeypoints:
    """The keypoints of the mirror image: a descriptor's rows change places, and its directions turn the other way.

    Nine in ten are what detection would give, which costs some 10 ms more.
    """
    bins = keypoints.descriptors.reshape(-1, 4, 4, 8)  # rows, columns, directions
    turned = bins[:, ::-1][..., -np.arange(8) % 8].reshape(-1, 128)
    points = keypoints.points * np.array([-1, 1], np.float32) + np.array([1, 0], np.float32)
    return SiftKeypoints(points, np.ascontiguousarray(turned), keypoints.aspect)


def verify(query: SiftKeypoints, stored: SiftKeypoints) -> geometry.Geometry | None:
    """The geometric agreement of two pictures' keypoints; None where there is no sane one."""
    if min(len(query.points), len(stored.points)) < geometry.MIN_PAIRS:
        return None
    found = cv2.BFMatcher(cv2.NORM_L2).knnMatch(query.descriptors, stored.descriptors, k=2)
    twos = (two for two in found if len(two) == 2)
    likely = [(near.queryIdx, near.trainIdx) for near, next_ in twos if near.distance < RATIO * next_.distance]
    pairs = np.array(likely, np.intp).reshape(-1, 2)
    return geometry.fit(query.points[pairs[:, 0]], query.aspect, stored.points[pairs[:, 1]], stored.aspect)
