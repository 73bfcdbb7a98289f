"""Approximate search by HNSW (usearch): for libraries that exact search is too slow for.

An index is an immutable graph, mapped from its file, and what came since: new vectors beside it, searched exactly, and
the keys that are dead in it. `merged` makes the next graph of all that, while this index goes on serving.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from usearch.index import Index

from engine.domain import Stop, never
from engine.index import arrays
from engine.index.flat import FlatIndex
from engine.index.graph import CONNECTIVITY, EXPANSION_ADD, EXPANSION_SEARCH
from engine.index.hits import Hits, Keys, Vectors, nearest
from engine.index.projection import SAMPLE, Projection, moments

AT_ONCE = 500  # vectors added to a graph between two looks at whether to stop
OUTGROWN = 8  # times as many vectors as the projection was fitted for


class Interrupted(Exception):
    """A merge was given up because it was no longer wanted."""


class HnswIndex:
    """int8 vectors, projected to fewer dimensions; distances are of the projections, where there is one.

    Searches need no lock: what they see is replaced, never changed, and usearch lets many threads search one graph.
    """

    one_by_one: ClassVar[bool] = True
    is_exact: ClassVar[bool] = False
    is_mapped: ClassVar[bool] = True
    slowed_by_changes: ClassVar[bool] = True

    def __init__(self, dimensions: int, graph: "Graph | None" = None) -> None:
        self.dimensions = dimensions
        self._graph = graph or Graph.empty(Projection.none(dimensions))
        self._changing = Lock()
        self._dead: Keys = np.zeros(0, np.int64)  # sorted, all of them keys of the graph
        self._delta = FlatIndex(self._graph.projection.dimensions)

    @property
    def pending(self) -> int:
        """Vectors beside the graph, and keys dead in it."""
        return len(self._delta) + len(self._dead)

    @property
    def outgrown(self) -> bool:
        """Whether there are so many vectors that a projection should be fitted anew."""
        return Projection.worthwhile(self.dimensions, len(self)) and len(self) >= OUTGROWN * self._graph.fitted_for

    def add(self, keys: Keys, vectors: Vectors) -> None:
        with self._changing:
            # In this order: a search in between sees a replaced vector twice, and takes the new one.
            self._delta.add(keys, self._graph.projection(vectors))
            self._bury(keys)

    def remove(self, keys: Keys) -> None:
        with self._changing:
            self._bury(keys)
            self._delta.remove(keys)

    def search(self, queries: Vectors, count: int) -> list[Hits]:
        dead = self._dead  # before the delta is looked at, see `add`
        projected = self._graph.projection(queries)
        found = []
        for query, new in zip(projected, self._delta.search(projected, count), strict=True):
            old = self._graph.nearest(query, count, dead)
            kept = ~np.isin(old.keys, new.keys)
            keys = np.concatenate([new.keys, old.keys[kept]])
            found.append(nearest(keys, np.concatenate([new.distances, old.distances[kept]]), count))
        return found

    def __len__(self) -> int:
        return len(self._graph.keys) - len(self._dead) + len(self._delta)

    @classmethod
    def builder(cls, dimensions: int, size: int) -> "GraphBuilder":
        return GraphBuilder(dimensions, size)

    def merged(self, stop: Stop = never) -> Self:
        """A new index of what is in this one now, its graph in memory. Interrupted where `stop` says so; OSError."""
        with self._changing:
            dead, (keys, vectors) = self._dead, self._delta.alive()
        return type(self)(self.dimensions, self._graph.changed(dead, keys, vectors, stop))

    def save(self, path: Path) -> list[Path]:
        """Write what the index holds: the graph at `path`, and beside it what it is to be read with."""
        index = self.merged() if self.pending or self._graph.path else self
        return index._graph.save(path)

    @classmethod
    def load(cls, path: Path, dimensions: int) -> Self:
        """Map what `save` wrote. Raises ValueError or OSError for anything else."""
        graph = Graph.load(path)
        if graph.projection.directions.shape[0] != dimensions:
            raise ValueError(f"{path.name} holds vectors of {graph.projection.directions.shape[0]} dimensions")
        return cls(dimensions, graph)

    def _bury(self, keys: Keys) -> None:
        self._dead = np.union1d(self._dead, keys[_among(self._graph.keys, keys)])


@dataclass(frozen=True, slots=True)
class Graph:
    """A usearch index that is not changed any more, and what usearch does not keep for it."""

    index: Any
    keys: Keys  # sorted
    projection: Projection
    fitted_for: int  # vectors there were when the projection was fitted
    slots: int  # nodes, those without a key included
    path: Path | None = None  # of the file that is mapped

    @classmethod
    def empty(cls, projection: Projection, fitted_for: int = 0) -> Self:
        return cls(_new(projection.dimensions), np.zeros(0, np.int64), projection, fitted_for, 0)

    def nearest(self, query: NDArray[np.float32], count: int, dead: Keys) -> Hits:
        """The nearest to a projected query without the dead, of which as many more are looked at as it takes."""
        wanted = min(count, len(self.keys) - len(dead))
        if wanted <= 0:
            return Hits(np.zeros(0, np.int64), np.zeros(0, np.float32))
        looked_at = count + min(len(dead), count // 2)
        while True:
            looked_at = min(looked_at, len(self.keys))
            found = self.index.search(query, looked_at, threads=1)
            keys = np.asarray(found.keys).astype(np.int64)
            alive = ~_among(dead, keys)
            if alive.sum() >= wanted or looked_at == len(self.keys):
                return nearest(keys[alive], np.asarray(found.distances, np.float32)[alive], count)
            looked_at *= 4

    def changed(self, dead: Keys, keys: Keys, vectors: Vectors, stop: Stop = never) -> Self:
        """Another graph: without the dead, with projected vectors in place of those that the keys had."""
        gone = np.union1d(dead, keys[_among(self.keys, keys)])
        kept = np.setdiff1d(self.keys, gone, assume_unique=True)
        index = self._writable()
        if len(kept) + len(keys) < self.slots / 2:  # nodes are used again, never given back
            old, index = index, _new(self.projection.dimensions)
            if len(kept):
                _add(index, kept, np.stack(old.get(kept.astype(np.uint64))), stop)
            slots = len(kept)
        else:
            slots = self.slots
            if len(gone):
                index.remove(gone.astype(np.uint64))
        _add(index, keys, vectors, stop)
        held = np.union1d(kept, keys)
        return type(self)(index, held, self.projection, self.fitted_for, max(slots, len(held)))

    def save(self, path: Path) -> list[Path]:
        try:
            self.index.save(str(path))
        except RuntimeError as error:
            raise OSError(f"{path.name}: {error}") from error
        numbers = np.array([self.fitted_for, self.slots], np.int64)
        beside = arrays.write(_beside(path), keys=self.keys, directions=self.projection.directions, numbers=numbers)
        return [path, beside]

    @classmethod
    def load(cls, path: Path) -> Self:
        keys, directions, numbers = arrays.read(_beside(path), "keys", "directions", "numbers")
        projection = Projection(directions)
        index = _new(projection.dimensions, enable_key_lookups=False)
        try:
            index.view(str(path))
        except RuntimeError as error:
            raise ValueError(f"{path.name} is no whole HNSW index ({error})") from error
        if (index.ndim, len(index)) != (projection.dimensions, len(keys)):
            raise ValueError(f"{path.name} holds {len(index)} vectors of {index.ndim} dimensions")
        index.expansion_search = EXPANSION_SEARCH
        return cls(index, keys, projection, int(numbers[0]), int(numbers[1]), path)

    def _writable(self) -> Any:
        """A copy that may be changed; usearch crashes on removals from a mapped one."""
        if self.path is None:
            return self.index.copy()
        index = _new(self.projection.dimensions)
        try:
            index.load(str(self.path))
        except RuntimeError as error:
            raise OSError(f"{self.path.name} cannot be read any more ({error})") from error
        return index


class GraphBuilder:
    """Makes a first graph, along the directions in which a sample of the embeddings lies."""

    sample = SAMPLE

    def __init__(self, dimensions: int, size: int) -> None:
        self._dimensions = dimensions
        self._size = size
        self._moments = np.zeros((dimensions, dimensions))
        self._looked_at = 0
        self._keys: list[Keys] = []

    @cached_property
    def _graph(self) -> Graph:
        """Begun with the first vector, once the sample was looked at."""
        return Graph.empty(Projection.along(self._moments, self._looked_at), self._size)

    def look_at(self, vectors: Vectors) -> None:
        self._moments += moments(vectors)
        self._looked_at += len(vectors)

    def add(self, keys: Keys, vectors: Vectors) -> None:
        """Keys that are not there yet, with their embeddings."""
        _add(self._graph.index, keys, self._graph.projection(vectors), never)
        self._keys.append(keys)

    def finished(self) -> HnswIndex:
        keys = np.sort(np.concatenate([np.zeros(0, np.int64), *self._keys]))
        graph = self._graph
        whole = Graph(graph.index, keys, graph.projection, graph.fitted_for, len(keys))
        return HnswIndex(self._dimensions, whole)


def _new(dimensions: int, **options: Any) -> Any:
    return Index(
        ndim=dimensions,
        metric="cos",
        dtype="i8",
        connectivity=CONNECTIVITY,
        expansion_add=EXPANSION_ADD,
        expansion_search=EXPANSION_SEARCH,
        **options,
    )


def _add(index: Any, keys: Keys, vectors: Vectors, stop: Stop) -> None:
    """In one thread: where several add, one vector in a thousand ends up where no search comes (docs/adr/0012)."""
    for start in range(0, len(keys), AT_ONCE):
        if stop():
            raise Interrupted
        part = slice(start, start + AT_ONCE)
        index.add(keys[part].astype(np.uint64), np.ascontiguousarray(vectors[part], np.float32), threads=1)


def _among(ordered: Keys, keys: Keys) -> NDArray[np.bool_]:
    """Which of some keys are among others that are sorted."""
    if not len(ordered):
        return np.zeros(len(keys), bool)
    return np.asarray(ordered[np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)] == keys)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".npz")
