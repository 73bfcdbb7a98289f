"""How two pictures lie on each other: from agreeing keypoints to a transform that a person could have made."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Region

SIDE = 512  # transforms are fitted between pictures whose longest side is this
TOLERANCE = 8.0  # in pixels of it
MIN_PAIRS = 5

# What a person does to a picture keeps these; a chance agreement of keypoints seldom does.
MAX_STRETCH = 2.2  # ratio of the two singular values
MIN_SCALE, MAX_SCALE = 0.08, 12.0
MAX_TILT = 1.0  # how much the scale changes across the picture
MIN_FOR_PERSPECTIVE = 10  # agreeing pairs
PERSPECTIVE_GAIN = 1.1  # a perspective must explain this many times the pairs of the affine transform

Matrix = NDArray[np.float64]
Points = NDArray[np.float32]  # (n, 2) in shares of width and height


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a query lies on a stored picture.

    `transform` (3, 3) maps the query's points to the stored picture's, both in shares of width and height, homogeneous;
    `query_points` and `stored_points` (n, 2) are the agreeing pairs.
    """

    transform: Matrix
    query_points: Points
    stored_points: Points

    @property
    def inliers(self) -> int:
        return len(self.query_points)


def fit(query: Points, query_aspect: float, stored: Points, stored_aspect: float) -> Geometry | None:
    """The transform that most pairs of points agree on; None where there is no sane one."""
    if len(query) < MIN_PAIRS:
        return None
    query_extent, stored_extent = extent(query_aspect), extent(stored_aspect)
    source, target = query * query_extent, stored * stored_extent
    matrix, mask = cv2.estimateAffine2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE, maxIters=1000, confidence=0.99
    )
    if matrix is None or not _is_sane(matrix):
        return None
    transform, keep = np.vstack([matrix, [0, 0, 1]]), _agreeing(mask, stored)
    if keep.sum() >= MIN_FOR_PERSPECTIVE:
        tilted, tilted_mask = cv2.findHomography(source, target, cv2.RANSAC, TOLERANCE, maxIters=500)
        if tilted is not None and _is_sane(tilted):
            tilted_keep = _agreeing(tilted_mask, stored)
            if tilted_keep.sum() >= PERSPECTIVE_GAIN * keep.sum():
                transform, keep = tilted, tilted_keep
    if keep.sum() < MIN_PAIRS:
        return None
    to_pixels, to_shares = np.diag([*query_extent, 1.0]), np.diag([*(1 / stored_extent), 1.0])
    return Geometry(to_shares @ transform @ to_pixels, query[keep], stored[keep])


def extent(aspect: float) -> NDArray[np.float32]:
    """Width and height, in pixels, of a picture of that aspect whose longest side is 512."""
    return np.array((SIDE, SIDE / aspect) if aspect >= 1 else (SIDE * aspect, SIDE), np.float32)


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


def shown_of(transform: Matrix) -> Region:
    """The rectangle of the stored picture around what a query shows of it."""
    corners = np.clip(outline(transform), 0, 1)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return Region(*(round(one, 4) for one in (left, top, right - left, bottom - top)))


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


def _agreeing(mask: NDArray[np.uint8], stored: Points) -> NDArray[np.bool_]:
    """Which pairs agree, each stored keypoint once: repeated texture is not proof twice."""
    keep = np.flatnonzero(mask.ravel())
    keep = keep[np.unique(stored[keep], axis=0, return_index=True)[1]]
    chosen = np.zeros(len(stored), bool)
    chosen[keep] = True
    return chosen
