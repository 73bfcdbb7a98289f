"""What an index must be able to do. Storage is the truth: every index is a cache of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import Stop, never
from engine.index.hits import Hits, Keys, Near, Vectors


class VectorIndex(Protocol):
    """Finds the stored vectors nearest to a query. Adding a key again replaces its vector."""

    async def add(self, keys: Keys, vectors: Vectors) -> None: ...

    async def remove(self, keys: Keys) -> None: ...

    async def search(self, queries: Vectors, count: int) -> list[Hits]:
        """For each query at most `count` hits. Distances: 1 - cosine of embeddings, differing bits of hashes."""
        ...

    async def size(self) -> int: ...


class InMemory(Protocol):
    """The same in memory, synchronous; safe to search from several threads while one changes it."""

    one_by_one: ClassVar[bool]  # many queries take as long as each of them alone

    def add(self, keys: Keys, vectors: Vectors) -> None: ...

    def remove(self, keys: Keys) -> None: ...

    def search(self, queries: Vectors, count: int) -> list[Hits]: ...

    def __len__(self) -> int: ...

    def save(self, path: Path) -> list[Path]:
        """Write it down; the files written: `path`, and others whose names begin with its name."""
        ...


class LocalIndex(InMemory, Protocol):
    """Embeddings in memory, in a form of its own."""

    is_exact: ClassVar[bool]  # distances are of the vectors themselves; else they are compared with those in storage
    is_mapped: ClassVar[bool]  # it is made at length, and serves from its file
    slowed_by_changes: ClassVar[bool]  # it should not hold many that came after it was made

    @classmethod
    def builder(cls, dimensions: int, size: int) -> "Builder":
        """Of a new one, for about `size` vectors."""
        ...

    @classmethod
    def load(cls, path: Path, dimensions: int) -> Self:
        """What `save` wrote. Raises ValueError or OSError for anything else."""
        ...

    @property
    def outgrown(self) -> bool:
        """Whether it has grown so much that it should be built anew."""
        ...

    def merged(self, stop: Stop = never) -> Self:
        """The index as it is to be written down: itself, or a new one. Interrupted where `stop` says so; OSError."""
        ...


class Builder(Protocol):
    """Makes a local index, portion by portion."""

    sample: int  # vectors that it wants to have looked at before the first is added

    def look_at(self, vectors: Vectors) -> None: ...

    def add(self, keys: Keys, vectors: Vectors) -> None: ...

    def finished(self) -> LocalIndex: ...


class IndexServer(Protocol):
    """What holds indexes for many processes."""

    async def reach(self) -> None:
        """Look whether it is there. InvalidSetting, IndexUnreachable."""
        ...

    def index(self, name: str, dimensions: int) -> "ServerIndex":
        """Of embeddings. `name`: a plain identifier of at most 50 characters."""
        ...

    async def hash_index(self, name: str) -> "ServerIndex | None":
        """Of hashes, exact; None where they are better compared in each process. IndexUnreachable."""
        ...

    async def close(self) -> None: ...


class ServerIndex(VectorIndex, Protocol):
    """A vector index that outlives a process and knows how level with the library it is."""

    @property
    def kind(self) -> str: ...

    async def level(self) -> int | None:
        """Up to which `seq` it is level; None where there is none, or one that was not finished."""
        ...

    async def mark(self, seq: int) -> None: ...

    async def rebuild(self, portions: AsyncIterator[tuple[Keys, Vectors]], seq: int) -> None:
        """Put these in place of all that there is, and mark it."""
        ...


class BackEnd(Protocol):
    """Something that a Follower keeps level with the change feed of a library."""

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Held while it is brought level: by one at a time, of this process or of all, as far as it is shared."""
        ...

    async def level(self) -> int | None:
        """Up to which `seq` it is level; None where that is not known yet, or there is nothing."""
        ...

    async def resume(self) -> int | None:
        """The same, once what was written down is taken up."""
        ...

    def would_rebuild(self, changes: int) -> bool:
        """Whether it is quicker to build it anew than to take in so many."""
        ...

    async def take_in(self, ids: Sequence[int], seq: int) -> None:
        """Bring these pictures level; with them it is level up to `seq`. May be broken off anywhere, and done twice."""
        ...

    async def rebuild(self, seq: int, *, after: int) -> int:
        """Build it anew from storage, level up to `seq`, or take what another process has written after `after`.

        Returns up to which `seq` it is level then.
        """
        ...

    async def caught_up(self) -> None:
        """It is level: what is to be done once it is."""
        ...


class EmbeddingBackEnd(BackEnd, Protocol):
    """Holds the embeddings of one network."""

    @property
    def kind(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def checkpoint_seq(self) -> int | None:
        """Up to which change it is written down; None where it is not, or a server keeps it."""
        ...

    async def search(self, vectors: Vectors, count: int) -> list[list[Near]]: ...

    async def checkpoint_if_worthwhile(self) -> None: ...

    async def close(self) -> None: ...


class HashBackEnd(BackEnd, Protocol):
    """Holds the hashes of all pictures: at most one of each, of the whole; flat pictures and parts have none."""

    async def near_hashes(self, phashes: Sequence[int], count: int, within: int) -> list[Hits]:
        """For each hash at most `count` pictures whose hashes differ in at most `within` bits, keyed by their ids.

        None that is nearer is left out, and of equally near ones none with a lesser id: whatever holds the hashes,
        answers are the same. Asked for are a few near ones (`proof.NEAR_HASH`) in the eight orientations of a query
        or for many pictures at once, and the few nearest, however far; more, where only some pictures are looked for.
        """
        ...


L = TypeVar("L", bound=InMemory)


class PooledIndex(Generic[L]):
    """An index in memory behind the async protocol."""

    def __init__(self, local: L, pool: CpuPool) -> None:
        self.local = local
        self._pool = pool

    async def add(self, keys: Keys, vectors: Vectors) -> None:
        await self._pool.run(self.local.add, keys, vectors)

    async def remove(self, keys: Keys) -> None:
        await self._pool.run(self.local.remove, keys)

    async def search(self, queries: Vectors, count: int) -> list[Hits]:
        parts = self._pool.workers if self.local.one_by_one else 1
        found = await asyncio.gather(
            *(self._pool.run(self.local.search, part, count) for part in np.array_split(queries, parts) if len(part))
        )
        return [hits for part in found for hits in part]

    async def size(self) -> int:
        return len(self.local)
