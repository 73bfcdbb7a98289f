"""What a search of an index returns."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.domain import PART_BITS, PART_MASK, WHOLE_PART, part_key

PARTS_EACH = 3  # of one picture; a long one may show nearly the same in several places
COSINE_DIGITS = 6  # what lies beyond depends on where in an index a vector stands, and would decide between equals

Keys = NDArray[np.int64]
Vectors = NDArray[Any]  # embeddings (n, dimensions) float32 of unit length, or hashes (n,) uint64


@dataclass(frozen=True, slots=True)
class Hits:
    """The nearest of one query: `keys` (n,) and `distances` (n,), ascending, equal distances by key."""

    keys: Keys
    distances: NDArray[np.float32]


@dataclass(frozen=True, slots=True, order=True)
class Near:
    """A picture near to a query, by one of its parts; `cosine` in [-1, 1]."""

    image_id: int
    cosine: float
    part: int = WHOLE_PART

    @property
    def key(self) -> int:
        return part_key(self.image_id, self.part)


def pictures(hits: Hits, count: int) -> list[Near]:
    """The pictures of embeddings, nearest first, each once, a long one by its nearest few parts; equals by key."""
    ordered = sorted(
        Near(key >> PART_BITS, round(1 - distance, COSINE_DIGITS), key & PART_MASK)
        for key, distance in zip(hits.keys.tolist(), hits.distances.tolist(), strict=True)
    )
    ordered.sort(key=lambda one: -one.cosine)
    seen: Counter[int] = Counter()
    found = []
    for one in ordered:
        seen[one.image_id] += 1
        if seen[one.image_id] <= PARTS_EACH:
            found.append(one)
    return found[:count]


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
