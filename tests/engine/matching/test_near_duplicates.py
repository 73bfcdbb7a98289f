"""Stored pictures compared with each other: copies are proved, nothing is looked at in vain."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from engine.concurrency import CpuPool
from engine.domain import WHOLE, Pixels
from engine.features import hashes
from engine.matching import near_duplicates
from engine.matching.candidates import Candidates
from engine.matching.near_duplicates import ENOUGH, TRIED, Comparer, Known
from engine.matching.proof import NEAR_HASH
from engine.matching.query_view import QueryPicture
from engine.pictures import augment
from tests.small_library import HEAD, SmallLibrary, embedding, menu, painting

PICTURE = painting(0)
OTHERS = [painting(number) for number in range(1, 5)]
FLAT = np.full((90, 120, 3), 128, np.uint8)


@pytest.fixture
def pool() -> Iterator[CpuPool]:
    with CpuPool(2) as opened:
        yield opened


async def compared(pool: CpuPool, library: SmallLibrary, *ids: int) -> list[Candidates]:
    comparer = Comparer(library.recall(pool), pool, library.thumbnail, library.detail, HEAD)
    return await comparer.compare([Known(library.images[one], library.embedding(one)) for one in ids])


def proved(candidates: Candidates) -> list[int]:
    return [one.id for one in candidates.found if one.is_proved]


def copies(candidates: Candidates) -> list[int]:
    return [one.id for one in candidates.found if one.is_copy]


def stickered(pixels: Pixels) -> Pixels:
    covered = pixels.copy()
    cv2.circle(covered, (200, 150), 45, (250, 210, 20), -1)
    return covered


def cut(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[36:324, 48:432])


COPIES = {
    "saved again": augment.apply("recompress", PICTURE, PICTURE, seed=1),
    "small": cv2.resize(PICTURE, (160, 120), interpolation=cv2.INTER_AREA),
    "stickered": stickered(PICTURE),
    "cropped": cut(PICTURE),
    "mirrored": np.ascontiguousarray(PICTURE[:, ::-1]),
}


@pytest.mark.parametrize("copy", COPIES)
async def test_copy_is_proved_by_either_and_a_stranger_by_none(pool: CpuPool, copy: str) -> None:
    library = SmallLibrary(PICTURE, *OTHERS, COPIES[copy])
    first, stranger, last = await compared(pool, library, 1, 3, 6)
    assert (proved(first), proved(stranger), proved(last)) == ([6], [], [1])


async def test_picture_is_not_compared_with_itself(pool: CpuPool) -> None:
    library = SmallLibrary(PICTURE, *OTHERS, COPIES["saved again"])
    for number, found in enumerate(await compared(pool, library, *range(1, 7)), 1):
        assert number not in {one.id for one in found.found}
        assert len(found.nearest) == 5


async def test_answers_come_in_the_order_of_the_questions(pool: CpuPool) -> None:
    library = SmallLibrary(PICTURE, *OTHERS, COPIES["saved again"])
    forth = await compared(pool, library, 1, 2, 6)
    back = await compared(pool, library, 6, 2, 1)
    assert [proved(one) for one in forth] == [[6], [], [1]]
    assert [proved(one) for one in back] == [[1], [], [6]]


async def test_all_questions_are_asked_of_the_index_at_once(pool: CpuPool) -> None:
    library = SmallLibrary(PICTURE, *OTHERS)
    await compared(pool, library, 1, 2, 3, 4)
    assert (library.searched, library.hashes_searched) == ([4], 1)


async def test_where_nothing_is_likely_no_thumbnail_is_read(pool: CpuPool) -> None:
    library = SmallLibrary(PICTURE, *OTHERS)
    for found in await compared(pool, library, 1, 2, 3):
        assert not proved(found)
    assert library.read == []


async def test_near_hash_is_enough_to_be_compared(pool: CpuPool) -> None:
    library = SmallLibrary(PICTURE, COPIES["saved again"], within=2)  # no embedding is so near
    (found,) = await compared(pool, library, 1)
    (candidate,) = found.found
    assert candidate.is_proved
    assert (candidate.cosine, candidate.whole_cosine) == (0.0, None)
    assert found.nearest == []


async def test_shared_keypoints_are_enough_where_hash_and_cosine_are_not(
    pool: CpuPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_duplicates, "MIRROR_COSINE", 0.99)
    copy = COPIES["cropped"]
    first, second = hashes.phash(PICTURE), hashes.phash(copy)
    assert first is not None
    assert second is not None
    assert hashes.hamming(first, second) > NEAR_HASH
    assert embedding(PICTURE) @ embedding(copy) < near_duplicates.MIRROR_COSINE
    (found,) = await compared(pool, SmallLibrary(PICTURE, copy, *OTHERS), 1)
    assert proved(found) == [2]


async def test_few_are_tried_and_no_more_once_enough_are_proved(pool: CpuPool) -> None:
    copies = [augment.apply("recompress", PICTURE, PICTURE, seed=seed) for seed in range(7)]
    library = SmallLibrary(PICTURE, *copies)
    (found,) = await compared(pool, library, 1)
    assert len(found.found) == TRIED
    assert proved(found) == [one.id for one in found.found[:ENOUGH]]
    assert len(found.nearest) == 7


async def test_more_are_tried_where_the_first_are_other_versions(pool: CpuPool) -> None:
    first = menu(1, 1)
    again = augment.apply("recompress", first, first, seed=1)
    blurred = cv2.GaussianBlur(again, (3, 3), 0)
    library = SmallLibrary(first, menu(1, 2), menu(1, 3), blurred)
    (found,) = await compared(pool, library, 1)
    assert copies(found) == [4]


async def test_pairs_are_compared_whether_they_come_up_or_not(pool: CpuPool) -> None:
    turned = np.ascontiguousarray(PICTURE[:, ::-1])
    library = SmallLibrary(PICTURE, *OTHERS, turned, within=2)  # no embedding is so near
    comparer = Comparer(library.recall(pool), pool, library.thumbnail, library.detail, HEAD)
    known = {one: Known(library.images[one], library.embedding(one)) for one in library.images}
    copy, stranger = await comparer.compare_pairs([(known[1], known[6]), (known[6], known[3])])
    assert (copies(copy), proved(stranger)) == ([6], [])
    assert await comparer.compare_pairs([]) == []


async def test_pair_with_a_lost_thumbnail_proves_nothing(pool: CpuPool) -> None:
    library = SmallLibrary(PICTURE, COPIES["saved again"])
    comparer = Comparer(library.recall(pool), pool, library.thumbnail, library.detail, HEAD)
    one, other = (Known(library.images[number], library.embedding(number)) for number in (1, 2))
    for gone in (1, 2):
        library.gone = {gone}
        (found,) = await comparer.compare_pairs([(one, other)])
        assert [candidate.id for candidate in found.found] == [2]
        assert not proved(found)


async def test_flat_pictures_are_no_duplicates_of_each_other(pool: CpuPool) -> None:
    library = SmallLibrary(FLAT, FLAT, PICTURE)
    for found in await compared(pool, library, 1, 2, 3):
        assert not proved(found)
    assert library.hashes_searched == 1  # for the one that has a hash


@pytest.mark.parametrize("copy", ["saved again", "small", "cropped", "mirrored"])
async def test_copy_is_a_copy_in_detail_by_either(pool: CpuPool, copy: str) -> None:
    library = SmallLibrary(PICTURE, *OTHERS, COPIES[copy])
    first, last = await compared(pool, library, 1, 6)
    assert (copies(first), copies(last)) == ([6], [1])
    assert sorted(set(library.compared)) == [1, 6]


@pytest.mark.parametrize("number", range(4))
async def test_pictures_that_only_share_a_layout_are_no_pair(pool: CpuPool, number: int) -> None:
    first, other = menu(number, 1), menu(number, 2)
    again = augment.apply("recompress", first, first, seed=number)
    library = SmallLibrary(first, other, again, *OTHERS)
    for found, itself, copy, variant in zip(await compared(pool, library, 1, 3), (1, 3), (3, 1), (2, 2), strict=True):
        assert sorted(proved(found)) == sorted([copy, variant]), itself
        assert copies(found) == [copy]
    (found,) = await compared(pool, library, 2)
    assert proved(found)
    assert copies(found) == []


async def test_lost_original_leaves_the_proof_as_it_is(pool: CpuPool) -> None:
    for lost in (1, 2):
        library = SmallLibrary(PICTURE, COPIES["saved again"], *OTHERS)
        library.lost = {lost}
        (found,) = await compared(pool, library, 1)
        assert (proved(found), copies(found)) == ([2], [2])
        assert found.found[0].proof
        assert found.found[0].proof.p_copy == 1


async def test_where_nothing_is_proved_no_original_is_read(pool: CpuPool) -> None:
    library = SmallLibrary(PICTURE, *OTHERS)
    await compared(pool, library, 1, 2, 3)
    assert library.compared == []


async def test_lost_thumbnail_stops_nothing(pool: CpuPool) -> None:
    for gone in (1, 2):
        library = SmallLibrary(PICTURE, COPIES["saved again"], *OTHERS)
        library.gone = {gone}
        (found,) = await compared(pool, library, 1)
        assert [one.id for one in found.found] == [2]
        assert not proved(found)


async def test_picture_that_is_removed_meanwhile_is_left_out(pool: CpuPool) -> None:
    library = SmallLibrary(PICTURE, COPIES["saved again"], *OTHERS)
    library.removed = {2}
    (found,) = await compared(pool, library, 1)
    assert found.found == ()


async def test_no_region_is_looked_for_and_nothing_that_covers_the_picture(
    pool: CpuPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[QueryPicture] = []

    class Noted(QueryPicture):
        def __init__(self, pixels: Pixels, *, may_be_covered: bool = True) -> None:
            super().__init__(pixels, may_be_covered=may_be_covered)
            made.append(self)

    monkeypatch.setattr(near_duplicates, "QueryPicture", Noted)
    blackened = PICTURE.copy()
    blackened[:120] = 0
    (found,) = await compared(pool, SmallLibrary(blackened, stickered(blackened)), 1)
    assert proved(found) == [2]
    (query,) = made
    assert "boxes" not in vars(query)
    assert query.uncovered is None
    assert all(one.region == WHOLE for one in found.found)
