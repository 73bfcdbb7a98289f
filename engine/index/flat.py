"""Exact search in NumPy: the oracle of every other embedding index, and the fastest for small libraries."""

from pathlib import Path
from threading import Lock
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from engine.domain import Stop, never
from engine.index import arrays
from engine.index.hits import Hits, Keys, Vectors, nearest

COMPACT_SHARE = 0.1  # of dead rows
FIRST_ROWS = 256


class FlatIndex:
    """Rows are only appended; removed ones are marked dead until a tenth is, so that searches need no lock."""

    one_by_one: ClassVar[bool] = False
    is_exact: ClassVar[bool] = True
    is_mapped: ClassVar[bool] = False
    slowed_by_changes: ClassVar[bool] = False
    outgrown: ClassVar[bool] = False

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._changing = Lock()
        self._rows_of: dict[int, int] = {}
        self._state = _State(
            np.zeros(FIRST_ROWS, np.int64),
            np.zeros((FIRST_ROWS, dimensions), np.float32),
            np.zeros(FIRST_ROWS, bool),
            0,
        )

    def add(self, keys: Keys, vectors: Vectors) -> None:
        _, last = np.unique(keys[::-1], return_index=True)  # of a key given twice the last counts
        if len(last) < len(keys):
            kept = np.sort(len(keys) - 1 - last)
            keys, vectors = keys[kept], vectors[kept]
        with self._changing:
            state = self._without(keys).with_room(len(keys))
            end = state.count + len(keys)
            state.keys[state.count : end] = keys
            state.vectors[state.count : end] = vectors
            state.alive[state.count : end] = True
            self._rows_of.update(zip(keys.tolist(), range(state.count, end), strict=True))
            self._state = _State(state.keys, state.vectors, state.alive, end)

    def remove(self, keys: Keys) -> None:
        with self._changing:
            self._state = state = self._without(keys)
            if state.count - len(self._rows_of) > COMPACT_SHARE * state.count:
                kept = np.flatnonzero(state.alive[: state.count])
                self._state = _State(state.keys[kept], state.vectors[kept], state.alive[kept], len(kept))
                self._rows_of = dict(zip(self._state.keys.tolist(), range(len(kept)), strict=True))

    def search(self, queries: Vectors, count: int) -> list[Hits]:
        state = self._state
        alive = state.alive[: state.count]
        similarities = queries.astype(np.float32) @ state.vectors[: state.count].T
        distances = np.where(alive, 1 - similarities, np.inf).astype(np.float32)
        return [nearest(state.keys[: state.count], row, count) for row in distances]

    def __len__(self) -> int:
        return len(self._rows_of)

    @classmethod
    def builder(cls, dimensions: int, size: int) -> "FlatBuilder":
        return FlatBuilder(cls(dimensions))

    def merged(self, stop: Stop = never) -> Self:
        return self

    def alive(self) -> tuple[Keys, NDArray[np.float32]]:
        """Copies of keys and vectors."""
        state = self._state
        kept = np.flatnonzero(state.alive[: state.count])
        return state.keys[kept], state.vectors[kept]

    def save(self, path: Path) -> list[Path]:
        """Keys and vectors (float16, as the library stores them) as one .npz file."""
        keys, vectors = self.alive()
        return [arrays.write(path, keys=keys, vectors=vectors.astype(np.float16))]

    @classmethod
    def load(cls, path: Path, dimensions: int) -> Self:
        """Raises ValueError or OSError for a file that `save` did not write whole."""
        keys, vectors = arrays.read(path, "keys", "vectors")
        if vectors.shape != (len(keys), dimensions):
            raise ValueError(f"{path.name} holds vectors of shape {vectors.shape}")
        index = cls(dimensions)
        index.add(keys, vectors.astype(np.float32))
        return index

    def _without(self, keys: Keys) -> "_State":
        rows = [row for row in (self._rows_of.pop(key, None) for key in keys.tolist()) if row is not None]
        state = self._state
        if not rows:
            return state
        alive = state.alive.copy()
        alive[rows] = False
        return _State(state.keys, state.vectors, alive, state.count)


class FlatBuilder:
    """Fills an index as searches would see it filled."""

    sample = 0

    def __init__(self, index: FlatIndex) -> None:
        self._index = index

    def look_at(self, vectors: Vectors) -> None:
        """Nothing is learned from a sample."""

    def add(self, keys: Keys, vectors: Vectors) -> None:
        self._index.add(keys, vectors)

    def finished(self) -> FlatIndex:
        return self._index


class _State:
    """What a search sees: replaced as a whole, never changed in the rows before `count`."""

    __slots__ = ("alive", "count", "keys", "vectors")

    def __init__(self, keys: Keys, vectors: NDArray[np.float32], alive: NDArray[np.bool_], count: int) -> None:
        self.keys, self.vectors, self.alive, self.count = keys, vectors, alive, count

    def with_room(self, rows: int) -> "_State":
        needed = self.count + rows
        if needed <= len(self.keys):
            return self
        size = max(needed, 2 * len(self.keys))
        larger = _State(
            np.zeros(size, np.int64),
            np.zeros((size, self.vectors.shape[1]), np.float32),
            np.zeros(size, bool),
            self.count,
        )
        for name in ("keys", "vectors", "alive"):
            getattr(larger, name)[: self.count] = getattr(self, name)[: self.count]
        return larger
