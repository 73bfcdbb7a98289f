"""Exact search of 64-bit hashes in NumPy: the oracle of the hash bands."""

import numpy as np

from engine.index.hits import Hits, Keys, Vectors, nearest


class HammingIndex:
    """Compares a query with every hash."""

    def __init__(self) -> None:
        self._hashes: dict[int, int] = {}

    def add(self, keys: Keys, vectors: Vectors) -> None:
        self._hashes = self._hashes | dict(zip(keys.tolist(), vectors.tolist(), strict=True))

    def remove(self, keys: Keys) -> None:
        gone = set(keys.tolist())
        self._hashes = {key: value for key, value in self._hashes.items() if key not in gone}

    def search(self, queries: Vectors, count: int) -> list[Hits]:
        hashes = self._hashes
        keys = np.fromiter(hashes.keys(), np.int64, len(hashes))
        values = np.fromiter(hashes.values(), np.uint64, len(hashes))
        distances = np.bitwise_count(values[None] ^ queries.astype(np.uint64)[:, None]).astype(np.float32)
        return [nearest(keys, row, count) for row in distances]

    def __len__(self) -> int:
        return len(self._hashes)
