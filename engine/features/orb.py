"""ORB keypoints: found once a picture, stored, and matched pairwise with a geometric check."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Keypoints, Pixels

VERSION = 1
SIDE = 512  # pictures are brought to this longest side first, smaller ones too
MIN_SIDE = 32  # thinner pictures have no room for a keypoint's surroundings
MAX_KEYPOINTS = 400
FAST_THRESHOLD = 10

RATIO = 0.8  # Lowe's ratio test, loosened a little: RANSAC removes what it lets through
RANSAC_TOLERANCE = 8.0  # in pixels of the 512-pixel picture
MIN_MATCHES = 5

# What a person does to a picture keeps these; a chance agreement of keypoints seldom does.
MAX_STRETCH = 2.2  # ratio of the two singular values
MIN_SCALE, MAX_SCALE = 0.08, 12.0
MAX_TILT = 1.0  # how much the scale changes across the picture
MIN_FOR_PERSPECTIVE = 10  # agreeing pairs
PERSPECTIVE_GAIN = 1.1  # a perspective must explain this many times the pairs of the affine transform

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a query lies on a stored picture.

    `transform` (3, 3) maps the query's points to the stored picture's, both in shares of width and height, homogeneous;
    `query_points` and `stored_points` (n, 2) are the agreeing pairs.
    """

    transform: Matrix
    query_points: NDArray[np.float32]
    stored_points: NDArray[np.float32]

    @property
    def inliers(self) -> int:
        return len(self.query_points)


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


def extent(aspect: float) -> NDArray[np.float32]:
    """Width and height, in pixels, of a picture of that aspect whose longest side is 512."""
    return np.array((SIDE, SIDE / aspect) if aspect >= 1 else (SIDE * aspect, SIDE), np.float32)


def verify(query: Keypoints, stored: Keypoints) -> Geometry | None:
    """The geometric agreement of two pictures' keypoints; None where there is no sane one."""
    if len(query) < MIN_MATCHES or len(stored) < MIN_MATCHES:
        return None
    pairs = _matches(query.descriptors, stored.descriptors)
    if len(pairs) < MIN_MATCHES:
        return None
    query_extent, stored_extent = extent(query.aspect), extent(stored.aspect)
    source = query.points[pairs[:, 0]] * query_extent
    target = stored.points[pairs[:, 1]] * stored_extent
    matrix, mask = cv2.estimateAffine2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=RANSAC_TOLERANCE, maxIters=1000, confidence=0.99
    )
    if matrix is None or not _is_sane(matrix):
        return None
    transform, keep = np.vstack([matrix, [0, 0, 1]]), _inliers(mask, pairs)
    if keep.sum() >= MIN_FOR_PERSPECTIVE:
        tilted, tilted_mask = cv2.findHomography(source, target, cv2.RANSAC, RANSAC_TOLERANCE, maxIters=500)
        if tilted is not None and _is_sane(tilted):
            tilted_keep = _inliers(tilted_mask, pairs)
            if tilted_keep.sum() >= PERSPECTIVE_GAIN * keep.sum():
                transform, keep = tilted, tilted_keep
    if keep.sum() < MIN_MATCHES:
        return None
    to_pixels, to_shares = np.diag([*query_extent, 1.0]), np.diag([*(1 / stored_extent), 1.0])
    return Geometry(
        transform=to_shares @ transform @ to_pixels,
        query_points=query.points[pairs[keep, 0]],
        stored_points=stored.points[pairs[keep, 1]],
    )


UNIT = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


def overlap(transform: Matrix) -> tuple[float, float]:
    """The shares of the query's and of the stored picture's area that lie on each other, 0-1 each."""
    projected = outline(transform)
    common, _ = cv2.intersectConvexConvex(projected, UNIT)
    whole = float(cv2.contourArea(projected))
    return (min(1.0, common / whole) if whole > 0 else 0.0), min(1.0, float(common))


def outline(transform: Matrix) -> NDArray[np.float32]:
    """Where the corners of a picture go, (4, 2): top left, top right, bottom right, bottom left, in shares."""
    return np.asarray(cv2.perspectiveTransform(UNIT[None], transform)[0], np.float32)


def inverse(transform: Matrix) -> Matrix:
    """The transform the other way round."""
    return np.asarray(np.linalg.inv(transform), np.float64)


def _is_sane(matrix: Matrix) -> bool:
    """Whether a person could have done this to a picture: no fold, no extreme scale, stretch or tilt."""
    large, small = np.linalg.svd(matrix[:2, :2], compute_uv=False)
    if small <= 0 or large / small > MAX_STRETCH or np.linalg.det(matrix[:2, :2]) <= 0:
        return False
    tilt = float(np.abs(matrix[2, :2]).sum()) * SIDE if len(matrix) == 3 else 0.0
    return MIN_SCALE < float(np.sqrt(large * small)) < MAX_SCALE and tilt < MAX_TILT


def _inliers(mask: NDArray[np.uint8], pairs: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which pairs agree, each stored keypoint once: repeated texture is not proof twice."""
    keep = np.flatnonzero(mask.ravel())
    keep = keep[np.unique(pairs[keep, 1], return_index=True)[1]]
    chosen = np.zeros(len(pairs), bool)
    chosen[keep] = True
    return chosen


def _matches(query: Pixels, stored: Pixels) -> NDArray[np.intp]:
    """Index pairs (n, 2) that pass the ratio test."""
    two_nearest = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(query, stored, k=2)
    pairs = [
        (pair[0].queryIdx, pair[0].trainIdx)
        for pair in two_nearest
        if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance
    ]
    return np.array(pairs, np.intp).reshape(-1, 2)
