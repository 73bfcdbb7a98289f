"""Approximate search by HNSW (usearch): for libraries that exact search is too slow for."""

from pathlib import Path
from threading import Lock
from typing import Self

import numpy as np
from usearch.index import Index

from engine.index.hits import Hits, Keys, Vectors, nearest

CONNECTIVITY = 16
EXPANSION_ADD = 128
EXPANSION_SEARCH = 96


class HnswIndex:
    """float16 vectors under cosine distance."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._lock = Lock()  # usearch allows no removal beside a search
        self._index = Index(
            ndim=dimensions,
            metric="cos",
            dtype="f16",
            connectivity=CONNECTIVITY,
            expansion_add=EXPANSION_ADD,
            expansion_search=EXPANSION_SEARCH,
        )

    def add(self, keys: Keys, vectors: Vectors) -> None:
        with self._lock:
            self._remove(keys)
            if len(keys):
                self._index.add(keys.astype(np.uint64), np.ascontiguousarray(vectors, np.float32))

    def remove(self, keys: Keys) -> None:
        with self._lock:
            self._remove(keys)

    def search(self, queries: Vectors, count: int) -> list[Hits]:
        found = []
        with self._lock:
            for query in np.ascontiguousarray(queries, np.float32):
                if len(self._index) == 0:
                    found.append(Hits(np.zeros(0, np.int64), np.zeros(0, np.float32)))
                    continue
                matches = self._index.search(query, count)
                keys = np.asarray(matches.keys).astype(np.int64)
                found.append(nearest(keys, np.asarray(matches.distances, np.float32), count))
        return found

    def __len__(self) -> int:
        return len(self._index)

    def save(self, path: Path) -> None:
        with self._lock:
            self._index.save(str(path))

    @classmethod
    def load(cls, path: Path, dimensions: int) -> Self:
        """Raises ValueError for a file that `save` did not write whole."""
        index = cls(dimensions)
        try:
            index._index.load(str(path))
        except (RuntimeError, OSError) as error:
            raise ValueError(f"{path.name} is no whole HNSW index") from error
        if index._index.ndim != dimensions:
            raise ValueError(f"{path.name} holds vectors of {index._index.ndim} dimensions")
        return index

    def _remove(self, keys: Keys) -> None:
        known = [key for key in keys.tolist() if key in self._index]
        if known:
            self._index.remove(np.array(known, np.uint64))
