"""ORB keypoints: found once a picture, stored, and matched pairwise with a geometric check."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Keypoints, Pixels
from engine.features import geometry

VERSION = 1
SIDE = geometry.SIDE  # pictures are brought to this longest side first, smaller ones too
MIN_SIDE = 32  # thinner pictures have no room for a keypoint's surroundings
MAX_KEYPOINTS = 400
FAST_THRESHOLD = 10
RATIO = 0.8  # Lowe's ratio test, loosened a little: RANSAC removes what it lets through


def detect(pixels: Pixels) -> Keypoints:
    """Up to 400 keypoints of an RGB picture (H, W, 3); none for a flat one."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if min(size) < MIN_SIDE:
        return _none(width / height)
    if scale != 1:
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    detector = cv2.ORB.create(nfeatures=MAX_KEYPOINTS, fastThreshold=FAST_THRESHOLD)
    found, descriptors = detector.detectAndCompute(grey, None)
    if descriptors is None:
        return _none(width / height)
    places = np.array([point.pt for point in found[:MAX_KEYPOINTS]], np.float32)
    points = np.asarray((places + 0.5) / np.array(size, np.float32), np.float32)
    return Keypoints(points, descriptors[:MAX_KEYPOINTS], width / height)


def _none(aspect: float) -> Keypoints:
    return Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), aspect)


def verify(query: Keypoints, stored: Keypoints) -> geometry.Geometry | None:
    """The geometric agreement of two pictures' keypoints; None where there is no sane one."""
    if min(len(query), len(stored)) < geometry.MIN_PAIRS:
        return None
    pairs = _matches(query.descriptors, stored.descriptors)
    return geometry.fit(query.points[pairs[:, 0]], query.aspect, stored.points[pairs[:, 1]], stored.aspect)


def shared(query: Keypoints, stored: Keypoints, *, one_in: int) -> int:
    """How many of every `one_in`th keypoint of a picture are found in another, wherever they lie there."""
    few = query.descriptors[::one_in]
    return len(_matches(few, stored.descriptors)) if len(few) and len(stored) else 0


def _matches(query: Pixels, stored: Pixels) -> NDArray[np.intp]:
    """Index pairs (n, 2) that pass the ratio test."""
    two_nearest = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(query, stored, k=2)
    pairs = [
        (pair[0].queryIdx, pair[0].trainIdx)
        for pair in two_nearest
        if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance
    ]
    return np.array(pairs, np.intp).reshape(-1, 2)
