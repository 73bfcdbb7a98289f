"""What came up for a query."""

import math
from dataclasses import dataclass

from engine.domain import Region, StoredFeatures
from engine.features import sift
from engine.matching.proof import Proof


@dataclass(slots=True)
class Candidate:
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
class Candidates:
    """All that came up for a query; `nearest` are the cosines of the whole query's nearest, descending."""

    found: list[Candidate]
    nearest: list[float]
