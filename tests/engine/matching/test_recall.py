"""What comes up for a query: how much is asked of the index, in which order it comes, and who is passed over."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from engine.concurrency import CpuPool
from engine.domain import WHOLE, Pixels, StoredFeatures, Vector, part_key
from engine.index.hamming import BITS
from engine.index.hits import Hits, Near
from engine.matching.calibration import MIN_REFERENCES, Calibration
from engine.matching.proof import NEAR_HASH
from engine.matching.query_view import QueryPicture, View
from engine.matching.recall import NEAR_HASHES, NEAREST, NEAREST_HASHES, Recall
from tests.small_library import HEAD, SmallLibrary, calibration, embedding, painting

QUERY = painting(0)
FLAT = np.full((90, 120, 3), 128, np.uint8)


class Told:
    """An index and a store that say what they are told to, and write down what they are asked."""

    def __init__(self, *, near: Sequence[list[Near]] = (), hashes: Sequence[dict[int, int]] = ()) -> None:
        """`hashes`: for each that is asked the distances of pictures by id, in the order of the hits."""
        self._near = near
        self._hashes = hashes
        self.asked: list[tuple[int, ...]] = []

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        self.asked.append((len(vectors), count))
        return [one[:count] for one in self._near]

    async def search_looks(self, vectors: Vector, count: int) -> list[list[Near]]:
        self.asked.append((len(vectors), count))
        return [one[:count] for one in self._near]

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = BITS) -> list[Hits]:
        self.asked.append((len(phashes), count, within))
        found = [list(one.items())[:count] for one in self._hashes]
        return [
            Hits(np.array([i for i, _ in one], np.int64), np.array([d for _, d in one], np.float32)) for one in found
        ]

    async def stored(self, ids: Sequence[int]) -> dict[int, StoredFeatures]:
        raise AssertionError("nobody asks for it")

    async def stored_parts(self, keys: Sequence[int]) -> dict[int, StoredFeatures]:
        raise AssertionError("nobody asks for it")

    async def part_keys(self, ids: Sequence[int]) -> list[int]:
        raise AssertionError("nobody asks for it")


@pytest.fixture
def pool() -> Iterator[CpuPool]:
    with CpuPool(1) as opened:
        yield opened


def recall(told: Told, pool: CpuPool) -> Recall:
    return Recall(told, told, calibration(), pool, HEAD)


def view(pixels: Pixels = QUERY) -> View:
    return View(QueryPicture(pixels), WHOLE)


def keys(*ids: int) -> list[int]:
    return [part_key(one) for one in ids]


def many(count: int) -> list[Near]:
    return [Near(image_id, 1 - image_id / 1000) for image_id in range(count)]


async def test_those_passed_over_take_nobodys_place(pool: CpuPool) -> None:
    told = Told(near=[many(80), many(80)[::-1]])
    exclude = frozenset({3, 79, 500})
    found = await recall(told, pool).nearest(np.zeros((2, 8), np.float32), exclude)
    assert told.asked == [(2, NEAREST + 3)]
    assert [one.image_id for one in found[0]] == [one for one in range(NEAREST + 1) if one != 3]
    assert [one.image_id for one in found[1]] == [78 - one for one in range(NEAREST)]


async def test_library_of_the_excluded_alone_has_none(pool: CpuPool) -> None:
    told = Told(near=[many(3)])
    assert await recall(told, pool).nearest(np.zeros((1, 8), np.float32), frozenset(range(3))) == [[]]


async def test_stored_picture_is_not_among_its_own_nearest(pool: CpuPool) -> None:
    told = Told(near=[many(4), many(4)])
    found = await recall(told, pool).nearest_others(np.zeros((2, 8), np.float32), [2, 7])
    assert [[one.image_id for one in near] for near in found] == [[0, 1, 3], [0, 1, 2, 3]]
    assert told.asked == [(2, NEAREST + 1)]


def test_nearness_is_that_of_the_calibration(pool: CpuPool) -> None:
    vector = embedding(QUERY)
    near = many(30)
    found = recall(Told(), pool).nearness(vector, near)
    references = calibration().references(HEAD, vector, [one.cosine for one in near])
    assert found == {one.key: Calibration.nearness(one.cosine, references) for one in near}
    assert list(found) == keys(*range(30))


def test_where_too_little_is_known_everything_stands_out(pool: CpuPool) -> None:
    without = replace(calibration(), background=np.zeros((0, 108), np.float32))
    found = Recall(Told(), Told(), without, pool, HEAD).nearness(embedding(QUERY), many(10 + MIN_REFERENCES - 1))
    assert set(found.values()) == {math.inf}


async def test_near_hashes_count_in_any_orientation_nearest_first(pool: CpuPool) -> None:
    hashes = [{7: 1, 5: 9}, {5: 2}, {8: 3}, {}, {9: 12}, {4: 12}, {3: 11}, {7: 3}]
    told = Told(hashes=hashes)
    assert await recall(told, pool).by_near_hashes(view(), frozenset()) == keys(7, 5, 8, 3)
    assert told.asked == [(8, NEAR_HASHES, NEAR_HASH)]
    assert await recall(told, pool).by_near_hashes(view(), frozenset({5, 8})) == keys(7, 3, 4, 9)  # equals by id
    assert told.asked[1] == (8, NEAR_HASHES + 2, NEAR_HASH)


async def test_nearest_hashes_are_those_of_the_view_as_it_is_however_far(pool: CpuPool) -> None:
    told = Told(hashes=[{6: 20, 2: 25, 9: 31, 1: 40, 4: 41, 3: 50}])
    assert await recall(told, pool).by_nearest_hashes(view(), frozenset()) == keys(6, 2, 9, 1)
    assert await recall(told, pool).by_nearest_hashes(view(), frozenset({2, 4})) == keys(6, 9, 1, 3)
    assert told.asked == [(1, NEAREST_HASHES, BITS), (1, NEAREST_HASHES + 2, BITS)]


async def test_hash_of_the_view_as_it_is_is_the_one_that_is_asked(pool: CpuPool) -> None:
    library = SmallLibrary(np.ascontiguousarray(np.rot90(QUERY)), painting(1), painting(2), QUERY)
    found = library.recall(pool)
    assert (await found.by_nearest_hashes(view(), frozenset()))[0] == part_key(4)
    assert await found.by_near_hashes(view(), frozenset()) == keys(1, 4)  # turned, it is as near


async def test_flat_view_asks_for_no_hashes(pool: CpuPool) -> None:
    told = Told()
    assert await recall(told, pool).by_near_hashes(view(FLAT), frozenset()) == []
    assert await recall(told, pool).by_nearest_hashes(view(FLAT), frozenset()) == []
    assert told.asked == []


async def test_pictures_near_to_each_hash_come_in_the_order_of_the_hashes(pool: CpuPool) -> None:
    told = Told(hashes=[{4: 0, 2: 7}, {}, {2: 5}])
    assert await recall(told, pool).near_each_hash([10, 20, 30], 6) == [keys(4, 2), [], keys(2)]
    assert told.asked == [(3, 6, NEAR_HASH)]


async def test_pictures_that_are_gone_are_left_out(pool: CpuPool) -> None:
    library = SmallLibrary(QUERY, painting(1))
    library.removed = {2}
    assert list(await library.recall(pool).stored(keys(2, 1, 99))) == keys(1)
