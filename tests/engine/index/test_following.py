"""Indexes follow the change feed: what a back end is asked to do, and what of storage it is given."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, update

from engine import EngineSettings, open_service
from engine.concurrency import CpuPool
from engine.domain import PART_BITS, part_key
from engine.index import following
from engine.index.base import PooledIndex
from engine.index.flat import FlatIndex
from engine.index.following import Embeddings, Follower, PerceptualHashes, StoredVectors, take_in
from engine.index.hamming import HammingIndex
from engine.index.hits import Hits, Keys, Vectors
from engine.storage.repository import Repository
from engine.storage.statements import NETWORK as NETWORK_SETTING
from engine.storage.statements import Operation, record
from engine.storage.tables import embeddings, hashes
from tests.conftest import Filled, jpeg, photograph
from tests.rows import DIMENSIONS, HEAD, NETWORK, OTHER, add, edit, execute, phash_of, prepared, remove, vector_of


class Noted:
    """A back end that notes what it is asked to do; `taken` has the pictures that it was given."""

    def __init__(self, level: int | None = None) -> None:
        self.at = level
        self.written: int | None = None  # what `resume` takes up
        self.done: list[str] = []
        self.taken: list[list[int]] = []
        self.rebuilds_from = 10**9  # changes
        self.rebuilt_at: int | None = None  # by another process
        self.breaks = False
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._lock:
            self.done.append("alone")
            yield

    async def level(self) -> int | None:
        return self.at

    async def resume(self) -> int | None:
        self.done.append("resume")
        if self.at is None:
            self.at = self.written
        return self.at

    def would_rebuild(self, changes: int) -> bool:
        return changes >= self.rebuilds_from

    async def take_in(self, ids: Sequence[int], seq: int) -> None:
        self.taken.append(list(ids))
        await asyncio.sleep(0)
        if self.breaks:
            raise OSError("broken off")
        self.done.append(f"take in {seq}")
        self.at = seq

    async def rebuild(self, seq: int, *, after: int) -> int:
        self.done.append(f"rebuild {seq} after {after}")
        self.at = self.rebuilt_at or seq
        return self.at

    async def caught_up(self) -> None:
        self.done.append("caught up")


async def seq_of(repository: Repository) -> int:
    return (await repository.feed.head()).seq


# --- what a back end is asked to do


async def test_back_end_that_is_level_is_left_alone(repository: Repository) -> None:
    await add(repository, 1, 2)
    back_end = Noted(level=2)
    follower = Follower(repository.feed, back_end)
    assert follower.seq == 0
    await follower.catch_up(2)
    assert (follower.seq, back_end.done) == (2, ["caught up"])


async def test_one_that_is_behind_takes_in_what_has_changed_since(repository: Repository) -> None:
    first, *_ = await add(repository, 1, 2, 3)
    back_end = Noted(level=1)
    await edit(repository, first, title="again")
    await edit(repository, first, title="and again")
    follower = Follower(repository.feed, back_end)
    await follower.catch_up(await seq_of(repository))
    assert back_end.done == ["alone", "resume", "take in 5", "caught up"]
    assert back_end.taken == [[1, 2, 3]]
    assert follower.seq == 5


async def test_what_came_after_the_look_at_the_library_is_taken_in_too(repository: Repository) -> None:
    await add(repository, 1)
    back_end = Noted(level=1)
    follower = Follower(repository.feed, back_end)
    (second,) = await add(repository, 2)
    seq = await seq_of(repository)
    await add(repository, 3)
    await follower.catch_up(seq)
    assert (follower.seq, back_end.taken) == (3, [[second, 3]])


async def test_one_that_has_nothing_is_built_from_the_library_as_it_is(repository: Repository) -> None:
    await add(repository, 1, 2)
    back_end = Noted(level=None)
    follower = Follower(repository.feed, back_end)
    await follower.catch_up(1)
    assert back_end.done == ["alone", "resume", "rebuild 2 after 0", "caught up"]
    assert follower.seq == 2


async def test_empty_library_makes_an_empty_index(repository: Repository) -> None:
    back_end = Noted(level=None)
    await Follower(repository.feed, back_end).catch_up(0)
    assert back_end.done == ["alone", "resume", "rebuild 0 after 0", "caught up"]


async def test_what_was_written_down_is_taken_up_and_only_the_rest_read(repository: Repository) -> None:
    await add(repository, 1, 2, 3)
    back_end = Noted(level=None)
    back_end.written = 2
    await Follower(repository.feed, back_end).catch_up(3)
    assert (back_end.done, back_end.taken) == (["alone", "resume", "take in 3", "caught up"], [[3]])


async def test_what_was_written_down_may_be_all_there_is(repository: Repository) -> None:
    await add(repository, 1, 2)
    back_end = Noted(level=None)
    back_end.written = 2
    follower = Follower(repository.feed, back_end)
    await follower.catch_up(2)
    assert (back_end.done, follower.seq) == (["alone", "resume", "caught up"], 2)


async def test_one_behind_the_trimmed_feed_is_built_anew(
    repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    await add(repository, 1, 2, 3)
    await repository.feed.trim(behind=2, older_than=datetime.now(UTC) + timedelta(days=1))
    back_end = Noted(level=1)
    follower = Follower(repository.feed, back_end)
    await follower.catch_up(3)
    assert back_end.done == ["alone", "resume", "rebuild 3 after 2", "caught up"]
    assert "an index at change 1 is not of this library as it is; it is built anew" in caplog.text


async def test_one_that_is_just_as_far_as_the_trim_follows_on(repository: Repository) -> None:
    await add(repository, 1, 2, 3)
    await repository.feed.trim(behind=2, older_than=datetime.now(UTC) + timedelta(days=1))
    back_end = Noted(level=2)
    await Follower(repository.feed, back_end).catch_up(3)
    assert (back_end.done[2:], back_end.taken) == (["take in 3", "caught up"], [[3]])


async def test_one_ahead_of_the_library_is_of_another_past_and_is_built_anew(
    repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    await add(repository, 1, 2)
    back_end = Noted(level=7)
    follower = Follower(repository.feed, back_end)
    await follower.catch_up(2)
    assert back_end.done == ["alone", "resume", "rebuild 2 after 0", "caught up"]
    assert "an index at change 7 is not of this library" in caplog.text
    assert follower.seq == 2


async def test_one_that_others_have_brought_farther_is_as_good(
    repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    """As where another process has seen a change that came after this one's look at the library."""
    await add(repository, 1, 2, 3)
    back_end = Noted(level=3)
    follower = Follower(repository.feed, back_end)
    await follower.catch_up(2)
    assert back_end.done == ["alone", "resume", "caught up"]  # it was looked at more closely, and is right
    assert follower.seq == 3
    await follower.catch_up(2)
    assert back_end.done[3:] == ["caught up"]  # from now on it is known to be
    assert not caplog.records


async def test_change_of_all_pictures_is_a_rebuild(repository: Repository) -> None:
    """After a change of network nothing tells which pictures have changed."""
    await add(repository, 1, 2)
    async with repository.database.write() as connection:
        await record(connection, Operation("reembed", "test"), [(None, "reembedded", None)])
    await add(repository, 3)
    back_end = Noted(level=2)
    await Follower(repository.feed, back_end).catch_up(4)
    assert back_end.done[2:] == ["rebuild 4 after 4", "caught up"]


async def test_back_end_says_how_many_changes_are_too_many(repository: Repository) -> None:
    await add(repository, 1, 2, 3, 4)
    for level, expected in ((1, "rebuild 4 after 1"), (2, "take in 4")):
        back_end = Noted(level)
        back_end.rebuilds_from = 3
        await Follower(repository.feed, back_end).catch_up(4)
        assert back_end.done[2] == expected


async def test_what_another_process_has_built_may_be_farther(repository: Repository) -> None:
    await add(repository, 1, 2)
    back_end = Noted(level=None)
    back_end.rebuilt_at = 5
    follower = Follower(repository.feed, back_end)
    await follower.catch_up(2)
    assert follower.seq == 5


async def test_catching_up_that_was_broken_off_is_done_again(repository: Repository) -> None:
    await add(repository, 1, 2, 3)
    back_end = Noted(level=1)
    follower = Follower(repository.feed, back_end)
    back_end.breaks = True
    with pytest.raises(OSError, match="broken off"):
        await follower.catch_up(3)
    assert (follower.seq, back_end.at) == (0, 1)
    assert "caught up" not in back_end.done
    back_end.breaks = False
    await follower.catch_up(3)
    assert (follower.seq, back_end.taken) == (3, [[2, 3], [2, 3]])


async def test_of_many_that_find_it_behind_one_brings_it_level(repository: Repository) -> None:
    await add(repository, 1, 2)
    back_end = Noted(level=0)
    follower = Follower(repository.feed, back_end)
    await asyncio.gather(*(follower.catch_up(2) for _ in range(5)))
    assert back_end.done.count("take in 2") == 1
    assert back_end.done.count("alone") == 5
    assert back_end.done.count("caught up") == 5
    assert follower.seq == 2


async def test_followers_in_two_processes_share_what_one_has_done(
    repository: Repository, elsewhere: Repository
) -> None:
    await add(repository, 1, 2)
    back_end = Noted(level=None)
    followers = [Follower(one.feed, back_end) for one in (repository, elsewhere)]
    await asyncio.gather(*(one.catch_up(2) for one in followers))
    assert back_end.done.count("rebuild 2 after 0") == 1
    assert [one.seq for one in followers] == [2, 2]


# --- what a back end is given


@pytest.fixture
def pool() -> Iterator[CpuPool]:
    with CpuPool(1) as made:
        yield made


class Ledger:
    """A vector index that notes every call; `held` is what is in it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[int]]] = []
        self.held: dict[int, Any] = {}

    async def add(self, keys: Keys, vectors: Vectors) -> None:
        self.calls.append(("add", keys.tolist()))
        self.held |= dict(zip(keys.tolist(), vectors, strict=True))

    async def remove(self, keys: Keys) -> None:
        self.calls.append(("remove", keys.tolist()))
        for key in keys.tolist():
            self.held.pop(key, None)

    async def search(self, queries: Vectors, count: int) -> list[Hits]:
        raise AssertionError("nobody searches")

    async def size(self) -> int:
        return len(self.held)


class Stored:
    """Vectors of the pictures with even numbers; each picture's key is its number."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    async def portions(self, ids: Sequence[int] | None = None) -> AsyncIterator[tuple[Keys, Vectors]]:
        assert ids is not None
        self.asked.append(list(ids))
        for one in ids:
            if one % 2 == 0:
                yield np.array([one], np.int64), np.array([[one]], np.float32)

    async def keys(self, ids: Sequence[int]) -> Keys:
        return np.array(ids, np.int64)


async def test_what_is_there_is_added_and_what_is_gone_taken_out() -> None:
    index = Ledger()
    await index.add(np.array([1, 2, 9]), np.zeros((3, 1)))
    index.calls.clear()
    await take_in(index, Stored(), [1, 2, 3, 4])
    assert index.calls == [("add", [2]), ("add", [4]), ("remove", [1, 3])]
    assert sorted(index.held) == [2, 4, 9]


async def test_nothing_that_stays_is_ever_taken_out() -> None:
    """Others may be searching meanwhile."""
    index = Ledger()
    for _ in range(2):
        await take_in(index, Stored(), [2, 4, 6])
    assert [name for name, _ in index.calls] == ["add"] * 6
    assert sorted(index.held) == [2, 4, 6]


async def test_nothing_has_changed_is_nothing_to_do() -> None:
    index, stored = Ledger(), Stored()
    await take_in(index, stored, [])
    assert (index.calls, stored.asked) == ([], [])


async def test_many_pictures_are_read_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PORTION", 3)
    index, stored = Ledger(), Stored()
    await index.add(np.arange(8), np.zeros((8, 1)))
    await take_in(index, stored, list(range(1, 8)))
    assert stored.asked == [[1, 2, 3], [4, 5, 6], [7]]
    assert sorted(index.held) == [0, 2, 4, 6]


@pytest.mark.databases("sqlite", "postgresql")
async def test_embeddings_are_keyed_by_picture_and_part_and_have_unit_length(
    repository: Repository, pool: CpuPool
) -> None:
    ids = await add(repository, 1, 2, 3)
    rows = Embeddings(repository.features, NETWORK, HEAD, pool)
    for some in (None, ids):
        keys, vectors = [np.concatenate(c) for c in zip(*[one async for one in rows.portions(some)], strict=True)]
        assert keys.tolist() == [part_key(one) for one in ids] == (await rows.keys(ids)).tolist()
        assert vectors.shape == (3, DIMENSIONS)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
        assert np.allclose(vectors, [vector_of(one) for one in (1, 2, 3)], atol=1e-3)


async def test_part_of_a_picture_has_a_key_of_its_own(repository: Repository, pool: CpuPool) -> None:
    (image_id,) = await add(repository, 1)
    await execute(repository, update(embeddings).values(part=3))
    rows = Embeddings(repository.features, NETWORK, HEAD, pool)
    assert [keys.tolist() async for keys, _ in rows.portions([image_id])] == [[part_key(image_id, 3)]]


async def test_embeddings_of_removed_pictures_others_networks_and_damaged_ones_are_not_given(
    repository: Repository, pool: CpuPool
) -> None:
    removed, damaged, other, whole = await add(repository, 1, 2, 3, 4)
    await remove(repository, removed)
    await execute(
        repository,
        update(embeddings).where(embeddings.c.image_id == damaged).values(vector=b"\0" * (2 * DIMENSIONS - 2)),
        update(embeddings).where(embeddings.c.image_id == other).values(version=OTHER.version),
    )
    rows = Embeddings(repository.features, NETWORK, HEAD, pool)
    for some in (None, [removed, damaged, other, whole]):
        assert [keys.tolist() async for keys, _ in rows.portions(some)] == [[part_key(whole)]]
    assert [keys.tolist() async for keys, _ in rows.portions([removed])] == []


async def test_embeddings_of_what_was_found_are_read_whether_it_is_still_there(
    repository: Repository, pool: CpuPool
) -> None:
    """A picture may have been removed while it was searched for."""
    first, second = await add(repository, 1, 2)
    await remove(repository, first)
    keys, vectors = await Embeddings(repository.features, NETWORK, HEAD, pool).of([first, second, 99])
    assert sorted(keys.tolist()) == [part_key(first), part_key(second)]
    assert vectors.shape == (2, DIMENSIONS)
    keys, vectors = await Embeddings(repository.features, NETWORK, HEAD, pool).of([])
    assert (len(keys), vectors.shape) == (0, (0, DIMENSIONS))


@pytest.mark.databases("sqlite", "postgresql")
async def test_hashes_are_keyed_by_picture_and_are_not_there_for_flat_or_removed_ones(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    (flat,) = await add(repository, 3, is_flat=True)
    await remove(repository, second)
    rows = PerceptualHashes(repository.features)
    for some in (None, [first, second, flat]):
        ((keys, values),) = [one async for one in rows.portions(some)]
        assert (keys.tolist(), values.tolist()) == ([first], [phash_of(1)])
        assert values.dtype == np.uint64
    assert phash_of(1) >= 1 << 63  # one that is negative in the database
    assert (await rows.keys([7, 9])).tolist() == [7, 9]


async def test_embeddings_and_hashes_are_brought_level_by_the_same_code(repository: Repository, pool: CpuPool) -> None:
    first, second, third = await add(repository, 1, 2, 3)
    flat, hamming = FlatIndex(DIMENSIONS), HammingIndex()
    both: list[tuple[PooledIndex[Any], StoredVectors]] = [
        (PooledIndex(flat, pool), Embeddings(repository.features, NETWORK, HEAD, pool)),
        (PooledIndex(hamming, pool), PerceptualHashes(repository.features)),
    ]

    async def level(*ids: int) -> tuple[list[int], list[int]]:
        for index, rows in both:
            await take_in(index, rows, ids)
        vectors = flat.search(vector_of(2)[None], 10)[0].keys >> PART_BITS
        return sorted(vectors.tolist()), sorted(hamming.search(np.zeros(1, np.uint64), 10)[0].keys.tolist())

    assert await level(first, second, third) == ([first, second, third],) * 2
    operation = await remove(repository, second)
    await execute(repository, delete(hashes).where(hashes.c.image_id == third))
    assert await level(second, third) == ([first, third], [first])
    await repository.operations.undo("test", operation)
    assert await level(second) == ([first, second, third], [first, second])


async def test_picture_without_an_embedding_of_this_network_leaves_the_index(
    repository: Repository, pool: CpuPool
) -> None:
    await repository.settings.set_next_network(OTHER)
    await repository.additions.add([prepared(1, networks=(NETWORK, OTHER))], Operation("add", "test"))
    index = Ledger()
    rows = Embeddings(repository.features, OTHER, HEAD, pool)
    await take_in(index, rows, [1])
    assert list(index.held) == [part_key(1)]
    await execute(repository, delete(embeddings).where(embeddings.c.version == OTHER.version))
    await take_in(index, rows, [1])
    assert not index.held
    assert await repository.settings.get(NETWORK_SETTING) == {"name": NETWORK.name, "version": NETWORK.version}


# --- in a library that is searched


@pytest.mark.databases("sqlite", "postgresql")
async def test_index_behind_the_trim_is_rebuilt(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service, open_service(settings) as other:
        query = jpeg(photograph("coffee.png"))
        (first, *_) = (await other.search(query)).matches
        await service.remove([first.image.id], actor="test")
        await service.repository.feed.trim(behind=10**6, older_than=datetime.now(UTC) + timedelta(days=1))
        matches = (await other.search(query, weak=True)).matches
        assert first.image.id not in {m.image.id for m in matches}
        assert (await other.status()).index_size == 5
