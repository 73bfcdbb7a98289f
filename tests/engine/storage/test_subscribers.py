"""What is kept for somebody: verdicts on pairs, and pictures that are waited for."""

import numpy as np
import pytest

from engine.domain import Features, HandcraftedFeatures, Keypoints, Tally, Watch
from engine.storage import codec, statements
from engine.storage.repository import Repository
from engine.storage.subscribers import NEAR_HASH, Subscribers
from engine.storage.tables import watches
from tests.rows import NETWORK, add, count, edit, remove, vector_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")
NO_KEYPOINTS = Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), 1.0)
TOP = 1 << 63  # a hash that is negative in the database


def query(number: int, phash: int | None = None) -> Features:
    return Features(f"{number:064}", vector_of(number), HandcraftedFeatures(phash, NO_KEYPOINTS))


@pytest.fixture
async def kept(repository: Repository) -> Subscribers:
    """Of a library of the pictures 1 to 3."""
    await add(repository, 1, 2, 3)
    return repository.subscribers


async def watch(kept: Subscribers, subscriber: str, asked: Features, seq: int = 3, reference: str = "here") -> Watch:
    return await kept.watch(subscriber, asked, asked.embedding[None], NETWORK, seq, reference)


# --- verdicts


async def test_last_verdict_on_a_pair_counts(kept: Subscribers) -> None:
    for right in (True, False, True, False):
        await kept.judge("ada", query(1), 2, right=right)
        assert await kept.called_wrong("ada", query(1)) == (frozenset() if right else {2})
        assert await kept.tally() == Tally(int(right), int(not right), 0)


async def test_verdicts_are_of_one_subscriber_and_one_query(kept: Subscribers) -> None:
    await kept.judge("ada", query(1), 2, right=False)
    await kept.judge("ada", query(1), 3, right=False)
    await kept.judge("ada", query(2), 1, right=False)
    await kept.judge("boris", query(1), 1, right=False)
    assert await kept.called_wrong("ada", query(1)) == {2, 3}
    assert await kept.called_wrong("boris", query(1)) == {1}
    assert await kept.called_wrong("ADA", query(1)) == frozenset()
    assert await kept.called_wrong("ada", query(3)) == frozenset()
    assert await kept.tally() == Tally(0, 4, 0)


async def test_verdict_holds_for_the_picture_saved_again(kept: Subscribers) -> None:
    await kept.judge("ada", query(1, TOP), 2, right=False)
    near, far = TOP | (1 << NEAR_HASH) - 1, TOP | (2 << NEAR_HASH) - 1
    assert await kept.called_wrong("ada", query(9, near)) == {2}
    assert await kept.called_wrong("ada", query(9, far)) == frozenset()
    assert await kept.called_wrong("ada", query(9, None)) == frozenset()
    assert await kept.called_wrong("ada", query(1, None)) == {2}


async def test_queries_without_a_hash_are_not_taken_for_each_other(kept: Subscribers) -> None:
    await kept.judge("ada", query(1, None), 2, right=False)
    assert await kept.called_wrong("ada", query(2, None)) == frozenset()
    assert await kept.called_wrong("ada", query(2, 0)) == frozenset()


# --- watches


async def test_watch_is_read_as_it_was_begun(kept: Subscribers) -> None:
    vectors = np.stack([vector_of(1), vector_of(2)])
    begun = await kept.watch("ada", query(1, TOP), vectors, NETWORK, 2, "chat 5, message 7")
    assert begun == Watch(
        id=begun.id,
        subscriber="ada",
        reference="chat 5, message 7",
        query_sha256=f"{1:064}",
        query_phash=TOP,
        network=NETWORK,
        vectors=codec.vector_to_bytes(vectors),
        seq=2,
    )
    assert await kept.watches() == [begun]
    flat = await watch(kept, "ada", query(2, None))
    assert flat.query_phash is None
    assert (await kept.tally()).watches == 2


async def test_picture_that_is_asked_for_again_is_the_same_watch(kept: Subscribers) -> None:
    first = await watch(kept, "ada", query(1), seq=1, reference="here")
    assert await watch(kept, "ada", query(1), seq=3, reference="there") == first
    other = await watch(kept, "boris", query(1))
    assert other.id != first.id
    assert await kept.watches() == [first, other]


async def test_watches_are_told_by_how_far_they_are_and_whose(kept: Subscribers) -> None:
    first, second, third = [
        await watch(kept, name, query(number), seq=seq)
        for number, (name, seq) in enumerate((("ada", 3), ("boris", 1), ("ada", 2)))
    ]
    assert await kept.watches(behind=3) == [second, third]
    assert await kept.watches(behind=1) == []
    assert await kept.watches(subscriber="ada") == [first, third]
    assert await kept.watches(behind=3, subscriber="ada") == [third]
    await kept.compared([second.id, third.id], 5)
    assert [one.seq for one in await kept.watches()] == [3, 5, 5]


async def test_many_watches_are_noted_at_once(kept: Subscribers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "IDS_A_QUERY", 2)
    begun = [await watch(kept, "ada", query(number)) for number in range(5)]
    await kept.compared([one.id for one in begun], 9)
    assert [one.seq for one in await kept.watches()] == [9] * 5


async def test_pictures_that_came_are_those_that_are_there_now(repository: Repository, kept: Subscribers) -> None:
    assert await kept.came_after(0) == [1, 2, 3]
    assert await kept.came_after(1) == [2, 3]
    await edit(repository, 1, title="edited")
    assert await kept.came_after(3) == []
    removal = await remove(repository, 2)
    assert await kept.came_after(0) == [1, 3]
    await repository.operations.undo("test", removal)
    assert await kept.came_after(3) == [2]
    assert await kept.came_after(0) == [1, 2, 3]  # once, though it came twice


async def test_nobody_stops_the_watch_of_another(kept: Subscribers) -> None:
    begun = await watch(kept, "ada", query(1))
    assert not await kept.unwatch(begun.id, "boris")
    assert await kept.unwatch(begun.id, "ada")
    assert not await kept.unwatch(begun.id, "ada")
    assert await kept.watches() == []


# --- all of one


async def test_forgetting_counts_what_it_deletes_and_leaves_others_alone(kept: Subscribers) -> None:
    for name in ("ada", "boris"):
        await kept.judge(name, query(1), 1, right=True)
        await kept.judge(name, query(1), 2, right=False)
        await kept.judge(name, query(1), 3, right=False)
        await watch(kept, name, query(1))
    assert await kept.forget("ada") == Tally(1, 2, 1)
    assert await kept.forget("ada") == Tally(0, 0, 0)
    assert await kept.tally() == Tally(1, 2, 1)
    assert await kept.called_wrong("boris", query(1)) == {2, 3}


async def test_picture_that_both_wait_for_is_waited_for_once(kept: Subscribers) -> None:
    await watch(kept, "ada", query(1))
    await watch(kept, "boris", query(1))
    await kept.rename("ada", "boris")
    assert len(await kept.watches(subscriber="boris")) == 1


async def test_what_both_have_said_stays_as_the_other_said_it(repository: Repository, kept: Subscribers) -> None:
    await kept.judge("ada", query(1), 1, right=False)
    await kept.judge("ada", query(1), 2, right=False)
    await kept.judge("boris", query(1), 1, right=True)
    await kept.judge("boris", query(2), 3, right=False)
    await watch(kept, "ada", query(1))
    await kept.rename("ada", "boris")
    assert await kept.called_wrong("boris", query(1)) == {2}
    assert await kept.called_wrong("boris", query(2)) == {3}
    assert [one.subscriber for one in await kept.watches()] == ["boris"]
    assert await kept.forget("ada") == Tally(0, 0, 0)
    assert await kept.tally() == Tally(1, 2, 1)
    assert await count(repository, watches) == 1
