"""The embeddings of one network of a library, and its hashes: found, and level with storage."""

from collections.abc import Sequence

from engine.domain import Vector
from engine.index.base import BackEnd, EmbeddingBackEnd, HashBackEnd
from engine.index.following import Follower
from engine.index.hamming import BITS
from engine.index.hits import Hits, Near
from engine.storage.feed import ChangeFeed


class LibraryIndex:
    """One index, whatever holds it; `catch_up` before a search makes it current."""

    def __init__(self, feed: ChangeFeed, embeddings: EmbeddingBackEnd, hashes: HashBackEnd) -> None:
        """`embeddings` and `hashes` may be one object, which holds both."""
        self.embeddings = embeddings
        self.hashes = hashes
        back_ends: dict[BackEnd, None] = {embeddings: None, hashes: None}
        self._followers = {one: Follower(feed, one) for one in back_ends}

    @property
    def kind(self) -> str:
        return self.embeddings.kind

    @property
    def size(self) -> int:
        return self.embeddings.size

    @property
    def seq(self) -> int:
        """How far it has come in the change feed."""
        return self._followers[self.embeddings].seq

    @property
    def checkpoint_seq(self) -> int | None:
        """Up to which change it is written down; None where it is not, or a server keeps it."""
        return self.embeddings.checkpoint_seq

    async def catch_up(self, seq: int) -> None:
        """Take in what has changed up to the library's `seq`."""
        for follower in self._followers.values():
            await follower.catch_up(seq)

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        """For each row of `vectors` (n, dimensions) the nearest pictures, nearest first, each once.

        Cosines are of the stored embeddings, or of them in float16.
        """
        return await self.embeddings.search(vectors, count)

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = BITS) -> list[Hits]:
        """For each hash the `count` pictures whose hashes are nearest, of those `within` so many bits."""
        return await self.hashes.near_hashes(phashes, count, within)

    async def checkpoint_if_worthwhile(self) -> None:
        """Wait for what is being written, and write the index down once the last time is many changes ago."""
        await self.embeddings.checkpoint_if_worthwhile()

    async def close(self) -> None:
        """Give up what is under way beside the searches."""
        await self.embeddings.close()
