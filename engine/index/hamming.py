"""Exact search of 64-bit hashes in NumPy."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from engine.index import arrays
from engine.index.hits import Hits, Keys, Vectors, nearest

BITS = 64
DEAD = 255  # a distance that no hash has


class HammingIndex:
    """Compares a query with every hash, some 2 ms a million. What a search sees is replaced, never changed."""

    one_by_one: ClassVar[bool] = False

    def __init__(self) -> None:
        self._changing = Lock()
        self._rows = _Rows(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, bool))

    def add(self, keys: Keys, vectors: Vectors) -> None:
        with self._changing:
            self._rows = self._rows.with_those(keys.astype(np.int64), vectors.astype(np.uint64))

    def remove(self, keys: Keys) -> None:
        with self._changing:
            self._rows = self._rows.without(keys)

    def search(self, queries: Vectors, count: int, within: int = BITS) -> list[Hits]:
        """For each query at most `count` hits that differ in at most `within` bits."""
        rows = self._rows
        return [rows.nearest(query, count, within) for query in queries.astype(np.uint64)]

    def __len__(self) -> int:
        return int(self._rows.alive.sum())

    def save(self, path: Path) -> list[Path]:
        """Keys and hashes as one .npz file."""
        rows = self._rows
        return [arrays.write(path, keys=rows.keys[rows.alive], hashes=rows.hashes[rows.alive])]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises ValueError or OSError for a file that `save` did not write whole."""
        keys, hashes = arrays.read(path, "keys", "hashes")
        if keys.shape != hashes.shape or keys.dtype != np.int64 or hashes.dtype != np.uint64:
            raise ValueError(f"{path.name} holds {hashes.dtype} of shape {hashes.shape}")
        index = cls()
        index.add(keys, hashes)
        return index


@dataclass(frozen=True, slots=True)
class _Rows:
    """In order of keys; the dead keep their places."""

    keys: Keys
    hashes: NDArray[np.uint64]
    alive: NDArray[np.bool_]

    def with_those(self, keys: Keys, hashes: NDArray[np.uint64]) -> "_Rows":
        keys, first = np.unique(keys[::-1], return_index=True)  # of a key given twice the last counts
        hashes = hashes[::-1][first]
        places, known = self._places(keys)
        values, alive = self.hashes.copy(), self.alive.copy()
        values[places[known]], alive[places[known]] = hashes[known], True
        if known.all():
            return _Rows(self.keys, values, alive)
        new = places[~known]
        return _Rows(
            np.insert(self.keys, new, keys[~known]),
            np.insert(values, new, hashes[~known]),
            np.insert(alive, new, True),
        )

    def without(self, keys: Keys) -> "_Rows":
        places, known = self._places(keys)
        alive = self.alive.copy()
        alive[places[known]] = False
        return _Rows(self.keys, self.hashes, alive)

    def nearest(self, query: np.uint64, count: int, within: int) -> Hits:
        distances = np.bitwise_count(self.hashes ^ query)  # a byte each
        distances[~self.alive] = DEAD
        if within == BITS:  # where they are many: no farther than the `count` nearest
            reached = np.cumsum(np.bincount(distances, minlength=BITS + 1)[: BITS + 1])
            within = int(np.searchsorted(reached, min(count, reached[-1])))
        near = np.flatnonzero(distances <= within)
        return nearest(self.keys[near], distances[near].astype(np.float32), count)

    def _places(self, keys: Keys) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where keys are or belong, and whether they are there."""
        places = np.searchsorted(self.keys, keys)
        if not len(self.keys):
            return places, np.zeros(len(keys), bool)
        return places, self.keys[np.minimum(places, len(self.keys) - 1)] == keys
