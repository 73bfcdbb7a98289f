"""What a search of an index returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PART_BITS = 8  # a key of an embedding is the picture's id and, in its last bits, the part
COSINE_DIGITS = 6  # what lies beyond depends on where in an index a vector stands, and would decide between equals

Keys = NDArray[np.int64]
Vectors = NDArray[Any]  # embeddings (n, dimensions) float32 of unit length, or hashes (n,) uint64


@dataclass(frozen=True, slots=True)
class Hits:
    """The nearest of one query: `keys` (n,) and `distances` (n,), ascending, equal distances by key."""

    keys: Keys
    distances: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Near:
    """A picture near to a query; `cosine` in [-1, 1]."""

    image_id: int
    cosine: float


def pictures(hits: Hits, count: int) -> list[Near]:
    """The pictures of embeddings, nearest first, each once by its nearest part; equals by id."""
    cosines: dict[int, float] = {}
    for key, distance in zip(hits.keys.tolist(), hits.distances.tolist(), strict=True):
        cosine = round(1 - distance, COSINE_DIGITS)
        cosines[key >> PART_BITS] = max(cosine, cosines.get(key >> PART_BITS, cosine))
    ordered = sorted(cosines.items(), key=lambda pair: (-pair[1], pair[0]))[:count]
    return [Near(image_id, cosine) for image_id, cosine in ordered]


def nearest(keys: Keys, distances: NDArray[np.float32], count: int) -> Hits:
    """The `count` smallest finite distances, in order."""
    if count < len(distances):
        limit = np.partition(distances, count - 1)[count - 1]
        rows = np.flatnonzero(distances <= limit)
    else:
        rows = np.arange(len(distances))
    rows = rows[np.isfinite(distances[rows])]
    rows = rows[np.lexsort((keys[rows], distances[rows]))][:count]
    return Hits(keys[rows], distances[rows])
