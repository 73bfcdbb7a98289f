"""A query and its regions, with what is made of them when it is first needed."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cv2
import numpy as np

from engine.domain import WHOLE, Image, Keypoints, Pixels, Region, Vector
from engine.features import covers, hashes, orb, pieces, regions, sheets, sift
from engine.features.detail import Picture
from engine.features.geometry import Matrix, Points
from engine.pictures import imaging, parts

MIRROR = np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1]], np.float64)  # of shares
_QUARTER_TURN = np.array([[0, -1, 1], [1, 0, 0], [0, 0, 1]], np.float64)  # clockwise
ORIENTATIONS = [
    np.linalg.matrix_power(_QUARTER_TURN, turns) @ start for start in (np.eye(3), MIRROR) for turns in range(4)
]


@dataclass(frozen=True, slots=True)
class QueryPart:
    """A part of a long query: where it is, and its pixels, RGB, as many as a query has."""

    region: Region
    pixels: Pixels

    @classmethod
    def all_of(cls, image: Image) -> "tuple[QueryPart, ...]":
        """Of a picture that was decoded for its parts; none where it is not long."""
        return tuple(
            cls(part.region, parts.cut(image.pixels, part.region)) for part in parts.of(image.width, image.height)
        )


class QueryPicture:
    """The whole query, RGB, and what is made of it once, when first needed."""

    def __init__(self, pixels: Pixels, *, may_be_covered: bool = True) -> None:
        self.pixels = pixels
        self._may_be_covered = may_be_covered

    @cached_property
    def grey(self) -> Pixels:
        """(H, W)"""
        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY), np.uint8)

    @cached_property
    def picture(self) -> Picture:
        """As it is compared in detail."""
        return Picture.of(self.pixels)

    @cached_property
    def thumbnail(self) -> Pixels:
        """As it would be stored."""
        return imaging.decode_thumbnail(imaging.encode_thumbnail(self.pixels))

    @cached_property
    def uncovered(self) -> covers.Uncovered | None:
        return covers.uncover(self.pixels) if self._may_be_covered else None

    @cached_property
    def boxes(self) -> list[Region]:
        """Regions, likeliest first."""
        return regions.find(self.pixels)

    @cached_property
    def pieces(self) -> list[Region]:
        """Where pictures of their own seem to lie in it, largest first."""
        return pieces.find(self.pixels)

    @cached_property
    def sheet(self) -> "View | None":
        """The sheet, print or screen that it shows at an angle, laid flat."""
        corners = sheets.find(self.pixels)
        if corners is None:
            return None
        flat = View(self, sheets.around(corners), corners=corners)
        _ = flat.keypoints  # once and here, not in every thread that lays a picture on it
        return flat

    @cached_property
    def coarse(self) -> Vector:
        return covers.coarse(self.pixels)

    @cached_property
    def without_lines(self) -> Pixels:
        return covers.without_lines(self.pixels)

    def prepare_boxes(self) -> None:
        """Find them before they are asked for."""
        _ = self.boxes


class View:
    """A region of the query as a picture of its own; `pixels` are the region's, RGB.

    With `corners` it is the sheet between them laid flat, and the region is what surrounds it.
    """

    def __init__(
        self,
        query: QueryPicture,
        region: Region,
        keypoints: Keypoints | None = None,
        corners: sheets.Corners | None = None,
    ) -> None:
        self.query = query
        self.region = region
        self._corners = corners
        self._keypoints = keypoints

    @cached_property
    def pixels(self) -> Pixels:
        if self._corners is not None:
            return sheets.flattened(self.query.pixels, self._corners)
        if self.region == WHOLE:
            return self.query.pixels
        return parts.cut(self.query.pixels, self.region)

    @property
    def keypoints(self) -> Keypoints:
        if self._keypoints is None:
            self._keypoints = orb.detect(self.pixels)
        return self._keypoints

    @cached_property
    def sift_keypoints(self) -> sift.SiftKeypoints:
        return sift.detect(self.pixels)

    @cached_property
    def mirrored_sift_keypoints(self) -> sift.SiftKeypoints:
        return sift.mirrored(self.sift_keypoints)

    @cached_property
    def mirrored_keypoints(self) -> Keypoints:
        return orb.detect(np.ascontiguousarray(self.pixels[:, ::-1]))

    @cached_property
    def orientations(self) -> list[int]:
        return hashes.phash_orientations(self.pixels)

    def prepare(self, part: Literal["mirrored_keypoints", "sift_keypoints"]) -> None:
        """Compute this before it is asked for; several threads that ask at once would each compute it."""
        getattr(self, part)

    def on_query(self, points: Points, *, mirrored: bool) -> Points:
        """Points of this region, or of its mirror image, in shares of the whole query."""
        straight = points * np.array([-1, 1]) + np.array([1, 0]) if mirrored else points
        ends = np.c_[straight, np.ones(len(straight))] @ np.linalg.inv(self.from_query()).T
        return np.asarray(ends[:, :2] / ends[:, 2:], np.float32)

    def from_query(self) -> Matrix:
        """Shares of the whole query -> shares of this region."""
        if self._corners is not None:
            return sheets.to_sheet(self._corners)
        r = self.region
        return np.array([[1 / r.width, 0, -r.x / r.width], [0, 1 / r.height, -r.y / r.height], [0, 0, 1]], np.float64)
