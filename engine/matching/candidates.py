"""What came up for a query, and what proves that it is the same picture."""

import math
from dataclasses import dataclass

from engine.domain import Edit, Region, StoredFeatures
from engine.features import sift, ssim
from engine.features.geometry import Geometry, Matrix

# Wrong pairs stay below one or the other, those included that share a frame, a caption or a sticker (docs/adr/0002).
PROVED_STRUCTURE, PROVED_AGREEMENT, MAX_DISSENT = 0.5, 0.62, 0.2
# Smooth skies hold little but the noise of compression, which agrees with nothing: then the structure must be stronger.
STRONG_STRUCTURE, SMOOTH_AGREEMENT, SMOOTH_DISSENT = 0.75, 0.5, 0.12


@dataclass(frozen=True, slots=True)
class Proof:
    """A stored picture laid on a query.

    `transform` (3, 3) maps shares of the whole query to shares of the picture; the points of `geometry` are shares of
    the whole query too.
    """

    transform: Matrix
    geometry: Geometry | None
    alignment: ssim.Alignment
    region: Region
    edits: tuple[Edit, ...] = ()

    @property
    def keypoints(self) -> int:
        return self.geometry.inliers if self.geometry else 0

    @property
    def is_proved(self) -> bool:
        return is_proof(self.alignment)


@dataclass(slots=True)
class Sighting:
    """A stored picture that came up for a query, with what is known of the pair so far."""

    stored: StoredFeatures
    cosine: float  # the best over all regions
    whole_cosine: float | None  # of the whole query, where the picture came up for it
    region: Region
    phash_distance: int | None = None
    proof: Proof | None = None
    nearness: float = math.inf  # among the neighbours that it came up with; what came up by its hash need not stand out
    sift_keypoints: sift.SiftKeypoints | None = None  # of its thumbnail, once they were needed


@dataclass(frozen=True, slots=True)
class Sightings:
    """All that came up for a query; `nearest` are the cosines of the whole query's nearest, descending."""

    found: list[Sighting]
    nearest: list[float]


def is_proof(alignment: ssim.Alignment) -> bool:
    """Whether two greys that were laid on each other can only be of one picture."""
    structure, agreement, dissent = alignment.structure, alignment.agreement, alignment.dissent
    if structure >= STRONG_STRUCTURE and agreement >= SMOOTH_AGREEMENT and dissent <= SMOOTH_DISSENT:
        return True
    return structure >= PROVED_STRUCTURE and agreement >= PROVED_AGREEMENT and dissent <= MAX_DISSENT
