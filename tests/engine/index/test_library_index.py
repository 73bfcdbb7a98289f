"""The index of a library, whatever holds it: one back end for both, or one each."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pytest

from engine.domain import Vector
from engine.features import hashes
from engine.index.hamming import BITS
from engine.index.hits import Hits, Near, Vectors
from engine.index.library_index import LibraryIndex
from engine.storage.repository import Repository
from tests.conftest import Filled, jpeg, photograph
from tests.rows import add

NEAR = [[Near(7, 0.5)]]
HITS = [Hits(np.array([7], np.int64), np.array([3], np.float32))]


class Held:
    """What every back end does, noted in `done`."""

    def __init__(self, name: str, done: list[str]) -> None:
        self.name, self.done = name, done
        self.at: int | None = None
        self.breaks = False

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        yield

    async def level(self) -> int | None:
        return self.at

    async def resume(self) -> int | None:
        return self.at

    def would_rebuild(self, changes: int) -> bool:
        return False

    async def take_in(self, ids: Sequence[int], seq: int) -> None:
        self.done.append(f"{self.name} takes in {list(ids)}")
        self.at = seq

    async def rebuild(self, seq: int, *, after: int) -> int:
        if self.breaks:
            raise OSError(f"{self.name} is away")
        self.done.append(f"{self.name} is built")
        self.at = seq
        return seq

    async def caught_up(self) -> None:
        self.done.append(f"{self.name} has caught up")


class HeldHashes(Held):
    async def near_hashes(self, phashes: Sequence[int], count: int, within: int) -> list[Hits]:
        self.done.append(f"{self.name} looks for {list(phashes)}, {count} within {within}")
        return HITS


class HeldEmbeddings(Held):
    kind = "made-up"
    size = 42
    checkpoint_seq: int | None = 5

    async def search(self, vectors: Vectors, count: int) -> list[list[Near]]:
        self.done.append(f"{self.name} looks for {len(vectors)} vectors, {count}")
        return NEAR

    async def checkpoint_if_worthwhile(self) -> None:
        self.done.append(f"{self.name} is written down")

    async def close(self) -> None:
        self.done.append(f"{self.name} is closed")


class HeldBoth(HeldEmbeddings, HeldHashes):
    """As an index in this process: embeddings and hashes in one."""


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def apart(repository: Repository, done: list[str]) -> LibraryIndex:
    return LibraryIndex(repository.feed, HeldEmbeddings("server", done), HeldHashes("memory", done))


async def test_one_object_that_holds_both_is_brought_level_once(repository: Repository, done: list[str]) -> None:
    both = HeldBoth("it", done)
    index = LibraryIndex(repository.feed, both, both)
    await add(repository, 1)
    await index.catch_up(1)
    assert done == ["it is built", "it has caught up"]
    await add(repository, 2)
    await index.catch_up(2)
    assert done[2:] == ["it takes in [2]", "it has caught up"]
    assert index.seq == 2


async def test_two_are_brought_level_each_from_where_it_is(
    repository: Repository, apart: LibraryIndex, done: list[str]
) -> None:
    await add(repository, 1, 2)
    assert isinstance(apart.embeddings, HeldEmbeddings)
    apart.embeddings.at = 1
    await apart.catch_up(2)
    assert done == ["server takes in [2]", "server has caught up", "memory is built", "memory has caught up"]
    assert apart.seq == 2


async def test_it_is_as_far_as_its_embeddings(repository: Repository, apart: LibraryIndex, done: list[str]) -> None:
    await add(repository, 1)
    assert apart.seq == 0
    assert isinstance(apart.hashes, HeldHashes)
    apart.hashes.breaks = True
    with pytest.raises(OSError, match="memory is away"):
        await apart.catch_up(1)
    assert apart.seq == 1
    apart.hashes.breaks = False
    await apart.catch_up(1)
    assert done[-2:] == ["memory is built", "memory has caught up"]


async def test_embeddings_that_cannot_be_brought_level_are_an_error(
    repository: Repository, apart: LibraryIndex, done: list[str]
) -> None:
    await add(repository, 1)
    assert isinstance(apart.embeddings, HeldEmbeddings)
    apart.embeddings.breaks = True
    with pytest.raises(OSError, match="server is away"):
        await apart.catch_up(1)
    assert (apart.seq, done) == (0, [])


async def test_all_are_asked_at_once_how_level_they_are(
    repository: Repository, apart: LibraryIndex, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server takes its time to say it."""
    together = asyncio.Barrier(2)

    async def level(self: Held) -> int | None:
        async with asyncio.timeout(60):
            await together.wait()
        return 1

    await add(repository, 1)
    monkeypatch.setattr(Held, "level", level)
    await apart.catch_up(1)
    assert sorted(done) == ["memory has caught up", "server has caught up"]


async def test_each_question_goes_to_the_one_that_knows(apart: LibraryIndex, done: list[str]) -> None:
    vectors: Vector = np.zeros((3, 8), np.float32)
    assert await apart.search(vectors, 9) is NEAR
    assert await apart.near_hashes([1, 2], 4) is HITS
    assert await apart.near_hashes([3], 5, within=6) is HITS
    assert done == [
        "server looks for 3 vectors, 9",
        f"memory looks for [1, 2], 4 within {BITS}",
        "memory looks for [3], 5 within 6",
    ]


async def test_what_is_said_of_it_is_said_of_its_embeddings(apart: LibraryIndex, done: list[str]) -> None:
    assert (apart.kind, apart.size, apart.checkpoint_seq) == ("made-up", 42, 5)
    await apart.checkpoint_if_worthwhile()
    await apart.close()
    assert done == ["server is written down", "server is closed"]


@pytest.mark.databases("sqlite", "postgresql")
async def test_hashes_follow_the_library(filled: Filled) -> None:
    async with filled() as service:
        serving, _ = await service.networks.current()
        phash = hashes.phash(photograph("coffee.png"))
        assert phash is not None
        coffee = (await service.search(jpeg(photograph("coffee.png")))).matches[0].image.id

        async def nearest(count: int) -> list[int]:
            (hits,) = await serving.index.near_hashes([phash], count)
            return [int(key) for key in hits.keys]

        assert (await nearest(2))[0] == coffee
        await service.remove([coffee], actor="test")
        await service.level()
        assert coffee not in await nearest(10)
        await service.undo(actor="test")
        await service.level()
        assert await nearest(1) == [coffee]


async def test_looks_have_an_index_of_their_own_which_is_brought_level_too(
    repository: Repository, done: list[str]
) -> None:
    copies, looks, hashes = HeldEmbeddings("copies", done), HeldEmbeddings("looks", done), HeldHashes("memory", done)
    index = LibraryIndex(repository.feed, copies, hashes, looks)
    await add(repository, 1)
    await index.catch_up(1)
    assert [one for one in done if one.endswith("is built")] == ["copies is built", "looks is built", "memory is built"]
    del done[:]
    vectors = np.eye(1, 8, dtype=np.float32)
    assert await index.search(vectors, 3) == await index.search_looks(vectors, 4) == NEAR
    assert done == ["copies looks for 1 vectors, 3", "looks looks for 1 vectors, 4"]
    looks.checkpoint_seq = 2
    assert index.checkpoint_seq == 2  # as far as both are written down
    looks.checkpoint_seq = None
    assert index.checkpoint_seq is None
    del done[:]
    await index.checkpoint_if_worthwhile()
    await index.close()
    assert done == ["copies is written down", "looks is written down", "copies is closed", "looks is closed"]


async def test_without_a_head_for_looks_the_embeddings_are_asked(apart: LibraryIndex, done: list[str]) -> None:
    await apart.search_looks(np.eye(1, 8, dtype=np.float32), 4)
    assert done == ["server looks for 1 vectors, 4"]
