"""Fewer dimensions for an index: the directions in which a library's own embeddings lie."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.index.hits import Vectors

DIMENSIONS = 384  # 99.9 % of the ten nearest of a million are among the 150 nearest then (docs/adr/0012)
MIN_SAMPLE = 4 * DIMENSIONS  # directions of fewer embeddings leave out much of those that come later
SAMPLE = 10_000


class Projection:
    """Embeddings (n, d) to unit vectors (n, k). Not centred: angles stay about what they are between embeddings."""

    def __init__(self, directions: NDArray[np.float32]) -> None:
        """`directions` (d, k), orthonormal; with k = 0 embeddings stay as they are."""
        self.directions = directions

    @classmethod
    def none(cls, dimensions: int) -> Self:
        return cls(np.zeros((dimensions, 0), np.float32))

    @classmethod
    def fit(cls, sample: Vectors) -> Self:
        """The strongest directions of a sample (n, d); none, where the sample is small or has few dimensions anyway."""
        return cls.along(moments(sample), len(sample))

    @classmethod
    def along(cls, second_moments: NDArray[np.float64], count: int) -> Self:
        """The same from the sum of the `moments` of portions, which hold `count` embeddings in all."""
        dimensions = len(second_moments)
        if not cls.worthwhile(dimensions, count):
            return cls.none(dimensions)
        _, directions = np.linalg.eigh(second_moments / count)  # ascending
        return cls(np.ascontiguousarray(directions[:, : -DIMENSIONS - 1 : -1], np.float32))

    @staticmethod
    def worthwhile(dimensions: int, count: int) -> bool:
        """Whether so many embeddings give a projection."""
        return dimensions > DIMENSIONS and count >= MIN_SAMPLE

    @property
    def dimensions(self) -> int:
        """Of what comes out."""
        dimensions, fewer = self.directions.shape
        return int(fewer or dimensions)

    def __call__(self, vectors: Vectors) -> NDArray[np.float32]:
        vectors = np.ascontiguousarray(vectors, np.float32)
        if not self.directions.shape[1]:
            return vectors
        projected = vectors @ self.directions
        return np.asarray(projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-12), np.float32)


def moments(sample: Vectors) -> NDArray[np.float64]:
    """Sums of the products (d, d) of some embeddings' dimensions."""
    sample = sample.astype(np.float32, copy=False)
    return (sample.T @ sample).astype(np.float64)
