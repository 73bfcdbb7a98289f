"""The embeddings of one network of a library, and its hashes: found, and level with storage."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from engine.domain import Vector
from engine.index.base import BackEnd, EmbeddingBackEnd, HashBackEnd
from engine.index.following import Follower
from engine.index.hamming import BITS
from engine.index.hits import Hits, Near
from engine.storage.feed import ChangeFeed


class LibraryIndex:
    """One index, whatever holds it; `catch_up` before a search makes it current."""

    def __init__(
        self,
        feed: ChangeFeed,
        embeddings: EmbeddingBackEnd,
        hashes: HashBackEnd,
        looks: EmbeddingBackEnd | None = None,
        count_parts: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        """`embeddings` and `hashes` may be one object, which holds both. `looks`: where there is a head for them.

        `count_parts`: how many of the embeddings in storage are of parts of long pictures.
        """
        self._count_parts = count_parts
        self._parts = 0
        self.embeddings = embeddings
        self.hashes = hashes
        self.looks = looks
        self._of_heads = [embeddings, looks] if looks else [embeddings]
        back_ends: dict[BackEnd, None] = dict.fromkeys([*self._of_heads, hashes])
        self._followers = {one: Follower(feed, one) for one in back_ends}

    @property
    def kind(self) -> str:
        return self.embeddings.kind

    @property
    def size(self) -> int:
        """Pictures in it."""
        return max(0, self.embeddings.size - self._parts)

    @property
    def seq(self) -> int:
        """How far it has come in the change feed."""
        return self._followers[self.embeddings].seq

    @property
    def checkpoint_seq(self) -> int | None:
        """Up to which change it is written down; None where it is not, or a server keeps it."""
        seqs = [one.checkpoint_seq for one in self._of_heads]
        return None if None in seqs else min(seq for seq in seqs if seq is not None)

    async def catch_up(self, seq: int) -> None:
        """Take in what has changed up to the library's `seq`."""
        before, followers = self.seq, self._followers.values()
        # Together, since servers that are asked for the very newest wait for it; brought level one after the other.
        if not all(await asyncio.gather(*(follower.is_level(seq) for follower in followers))):
            for follower in followers:
                await follower.catch_up(seq)
        if self._count_parts and self.seq != before:
            self._parts = await self._count_parts()

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        """For each row of `vectors` (n, dimensions) the nearest pictures, nearest first, each once.

        Cosines are of the stored embeddings, or of them in float16.
        """
        return await self.embeddings.search(vectors, count)

    async def search_looks(self, vectors: Vector, count: int) -> list[list[Near]]:
        """The same for embeddings of looks, where the network has a head for them."""
        return await (self.looks or self.embeddings).search(vectors, count)

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = BITS) -> list[Hits]:
        """For each hash the `count` pictures whose hashes are nearest, of those `within` so many bits."""
        return await self.hashes.near_hashes(phashes, count, within)

    async def checkpoint_if_worthwhile(self) -> None:
        """Wait for what is being written, and write the index down once the last time is many changes ago."""
        for one in self._of_heads:
            await one.checkpoint_if_worthwhile()

    async def close(self) -> None:
        """Give up what is under way beside the searches."""
        for one in self._of_heads:
            await one.close()
