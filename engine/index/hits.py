"""What a search of an index returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Vectors = NDArray[Any]  # embeddings (n, dimensions) float32 of unit length, or hashes (n,) uint64


@dataclass(frozen=True, slots=True)
class Hits:
    """The nearest of one query: `keys` (n,) and `distances` (n,), ascending, equal distances by key."""

    keys: Keys
    distances: NDArray[np.float32]


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
