"""The cascade on a handful of generated pictures: what each stage finds, what it costs, and where the search ends."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cv2
import numpy as np
import pytest

from engine.concurrency import CpuPool
from engine.domain import WHOLE, Edit, Features, Image, Pixels, Region, Vector, part_key
from engine.features import registry
from engine.features.detail import Comparison
from engine.features.ssim import Alignment
from engine.index.hits import Hits, Near
from engine.index.library_index import LibraryIndex
from engine.matching import scrutiny
from engine.matching.candidates import UNCHECKED, Candidate, Candidates, Shortlist
from engine.matching.cascade import FIRST, MORE, REGIONS_AT_ONCE, SCRUTINISED, Matcher
from engine.matching.query_view import QueryPicture, View
from engine.pictures import augment, imaging
from tests.conftest import Filled, jpeg, photograph
from tests.small_library import SmallLibrary, Squares, features, painting

STAGES = ("first_look", "second_look", "third_look", "by_sheet", "seen_otherwise", "by_sift", "by_pieces", "by_regions")
TURNS = 4  # of the query, each of which is embedded
PAINTINGS = [painting(number) for number in range(6)]
SOUGHT = PAINTINGS[0]  # the picture with the id 1
STRANGER = painting(50)
LEFT, RIGHT = (60, 60, 280, 210), (450, 340, 280, 210)  # x, y, width, height in pixels of a ground


@dataclass(frozen=True)
class Step:
    """A stage that ran: the shortlist that it got, what was in that then, and the one that it gave."""

    stage: str
    got: Shortlist
    then: dict[int, Candidate]
    gave: Shortlist


class Searching:
    """A matcher on a small library, whose stages are written down."""

    def __init__(self, pool: CpuPool, library: SmallLibrary) -> None:
        self.embedder = Squares()
        self.matcher = Matcher(library.recall(pool), pool, self.embedder, library.thumbnail, library.detail)
        self.steps: list[Step] = []
        for stage in STAGES:
            setattr(self.matcher, stage, self._noted(stage, getattr(self.matcher, stage)))

    async def match(self, pixels: Pixels, **options: Any) -> Candidates:
        return await self.matcher.match(pixels, features(pixels), **options)

    @property
    def ran(self) -> tuple[str, ...]:
        return tuple(step.stage for step in self.steps)

    def _noted(self, stage: str, run: Callable[[Any, Shortlist], Awaitable[Shortlist]]) -> Any:
        async def noted(search: Any, shortlist: Shortlist) -> Shortlist:
            then = dict(shortlist.by_key)
            gave = await run(search, shortlist)
            self.steps.append(Step(stage, shortlist, then, gave))
            return gave

        return noted


class Judge:
    """In place of the networks that judge what was compared in detail; what it was asked is written down."""

    def __init__(self, is_copy: Callable[[Alignment], bool]) -> None:
        self._is_copy = is_copy
        self.asked: list[Alignment] = []

    def p_copy(self, _: Comparison, alignment: Alignment) -> float:
        self.asked.append(alignment)
        return 0.9 if self._is_copy(alignment) else 0.1


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Alignment], bool]], Judge]:
    """Puts one in place."""

    def put(is_copy: Callable[[Alignment], bool]) -> Judge:
        made = Judge(is_copy)
        monkeypatch.setattr(scrutiny, "shipped", lambda: made)
        return made

    return put


Judging = Callable[[Callable[[Alignment], bool]], Judge]


@pytest.fixture(scope="module")
def pool() -> Iterator[CpuPool]:
    with CpuPool(2) as opened:
        yield opened


def middle(pixels: Pixels) -> Pixels:
    """Eighty in a hundred of its width and height."""
    return np.ascontiguousarray(pixels[36:324, 48:432])


def mirrored(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[:, ::-1])


def turned(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(np.rot90(pixels))


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def banded(pixels: Pixels) -> Pixels:
    """Under upright black bands."""
    covered = pixels.copy()
    covered[:, (np.arange(pixels.shape[1]) // 40) % 3 == 0] = 0
    return covered


def lined(pixels: Pixels) -> Pixels:
    """Under level white lines."""
    covered = pixels.copy()
    for row in range(3):
        covered[row::24] = 255
    return covered


def photographed(pixels: Pixels) -> Pixels:
    """As a sheet on a table, from a corner of it."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[130, 20], [650, 110], [600, 520], [30, 450]], np.float32)
    return np.asarray(
        cv2.warpPerspective(pixels, cv2.getPerspectiveTransform(corners, seen), (680, 540), borderValue=(70, 60, 50)),
        np.uint8,
    )


def pasted(*parts: tuple[Pixels, tuple[int, int, int, int]]) -> Pixels:
    """Another painting, with pictures on it."""
    ground = painting(100, 800, 600).copy()
    for pixels, (x, y, width, height) in parts:
        ground[y : y + height, x : x + width] = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return ground


def box(place: tuple[int, int, int, int]) -> Region:
    x, y, width, height = place
    return Region(x / 800, y / 600, width / 800, height / 600)


def is_at(region: Region, place: tuple[int, int, int, int]) -> bool:
    found, wanted = ((one.x, one.y, one.width, one.height) for one in (region, box(place)))
    return found == pytest.approx(wanted, abs=0.02)


def only(candidates: Candidates, image_id: int = 1) -> Candidate:
    (found,) = (one for one in candidates.found if one.id == image_id)
    return found


def known(candidates: Candidates) -> list[tuple[Any, ...]]:
    """All that was found out, so that two searches can be compared."""
    return [
        (one.id, one.cosine, one.whole_cosine, one.region, one.phash_distance, one.nearness)
        + ((one.proof.alignment, one.proof.keypoints, one.proof.region, one.proof.edits) if one.proof else ())
        for one in candidates.found
    ]


# Of each query the least cosine that comes up, the stage that finds it, and an edit that must be named.
QUERIES = {
    "saved again": (augment.apply("recompress", SOUGHT, SOUGHT, seed=1), -1.0, "first_look", Edit.RECOMPRESSED),
    "crop": (middle(SOUGHT), -1.0, "first_look", Edit.CROPPED),
    "mirrored crop": (mirrored(middle(SOUGHT)), -1.0, "third_look", Edit.MIRRORED),
    "photographed": (photographed(SOUGHT), 0.8, "by_sheet", Edit.ROTATED),
    "turned crop": (turned(middle(SOUGHT)), 0.3, "seen_otherwise", Edit.ROTATED),
    "turned mirrored crop": (turned(mirrored(middle(SOUGHT))), 0.3, "seen_otherwise", Edit.MIRRORED),
    "banded": (banded(SOUGHT), 0.8, "seen_otherwise", Edit.OVERLAID),
    "lined": (lined(SOUGHT), 0.99, "seen_otherwise", Edit.OVERLAID),
    "blurred crop": (blurred(middle(SOUGHT), 6), -1.0, "by_sift", Edit.BLURRED),
    "blurred mirrored crop": (blurred(mirrored(middle(SOUGHT)), 5), -1.0, "by_sift", Edit.MIRRORED),
    "pasted": (pasted((SOUGHT, LEFT)), 0.5, "by_regions", Edit.INSIDE_LARGER),
    "pasted mirrored crop": (pasted((mirrored(middle(SOUGHT)), RIGHT)), 0.5, "by_regions", Edit.MIRRORED),
}


@pytest.mark.parametrize("name", QUERIES)
async def test_search_ends_at_the_cheapest_stage_that_proves_the_picture(
    pool: CpuPool, name: str, judge: Judging
) -> None:
    judge(lambda _: True)
    query, within, stage, edit = QUERIES[name]
    searching = Searching(pool, SmallLibrary(*PAINTINGS, within=within))
    found = await searching.match(query)
    assert searching.ran == STAGES[: STAGES.index(stage) + 1]
    assert [one.id for one in found.found if one.is_proved] == [1]
    assert [one.id for one in found.found if one.is_copy] == [1]
    proof = only(found).proof
    assert proof
    assert edit in proof.edits


async def test_stranger_goes_through_all_stages_and_proves_nothing(pool: CpuPool) -> None:
    searching = Searching(pool, SmallLibrary(*PAINTINGS))
    found = await searching.match(STRANGER)
    assert searching.ran == STAGES
    assert {one.id for one in found.found} == set(range(1, 7))
    assert not any(one.is_proved for one in found.found)


@pytest.mark.parametrize("name", QUERIES)
async def test_stage_gives_another_shortlist_and_leaves_the_one_that_it_got(pool: CpuPool, name: str) -> None:
    query, within, *_ = QUERIES[name]
    searching = Searching(pool, SmallLibrary(*PAINTINGS, within=within))
    await searching.match(query)
    for step in searching.steps:
        assert step.gave is not step.got
        assert list(step.got.by_key) == list(step.then)
        assert all(step.got.by_key[one] is step.then[one] for one in step.then)
        assert list(step.gave.by_key)[: len(step.then)] == list(step.then)  # who was in it keeps the place
    for before, after in zip(searching.steps, searching.steps[1:], strict=False):
        assert after.got is before.gave


async def test_what_is_settled_at_once_costs_one_search_and_no_network(pool: CpuPool) -> None:
    library = SmallLibrary(*PAINTINGS)
    searching = Searching(pool, library)
    found = await searching.match(QUERIES["saved again"][0])
    assert only(found).settles
    assert (library.searched, library.hashes_searched) == ([1], 1)
    assert (searching.embedder.wholes, searching.embedder.regions) == (0, 0)
    assert set(library.read) == {1}  # no thumbnail but that of the picture which the others have no keypoints of


async def test_turns_are_embedded_small_and_what_is_under_a_cover_whole(pool: CpuPool) -> None:
    for name, wholes in (("turned crop", 0), ("banded", 1)):
        library = SmallLibrary(*PAINTINGS, within=QUERIES[name][1])
        searching = Searching(pool, library)
        await searching.match(QUERIES[name][0])
        assert (searching.embedder.wholes, searching.embedder.regions) == (wholes, TURNS)
        assert library.searched == [1, wholes + TURNS]


async def test_no_further_region_is_embedded_once_one_has_proved_something(pool: CpuPool) -> None:
    query = pasted((SOUGHT, LEFT), (STRANGER, RIGHT))
    assert len(QueryPicture(query).boxes) > REGIONS_AT_ONCE
    for pictures, regions in (
        (PAINTINGS, REGIONS_AT_ONCE),
        (PAINTINGS[1:], len(QueryPicture(query).boxes)),
    ):
        searching = Searching(pool, SmallLibrary(*pictures, within=0.5))
        await searching.match(query)
        assert searching.embedder.regions == TURNS + regions


async def test_few_pictures_come_up_however_large_the_library(pool: CpuPool) -> None:
    pictures = [painting(number, 160, 120) for number in range(200, 220)]
    searching = Searching(pool, SmallLibrary(*pictures))
    found = await searching.match(STRANGER, regions_too=False)
    assert len(searching.steps[0].got) == FIRST + MORE
    assert len(found.nearest) == len(pictures)
    assert found.nearest == sorted(found.nearest, reverse=True)
    as_it_is = [one.whole_cosine for one in searching.steps[0].got]
    assert as_it_is == found.nearest[: FIRST + MORE]


async def test_pictures_with_near_hashes_come_before_those_that_are_nearer_otherwise(pool: CpuPool) -> None:
    library = SmallLibrary(*PAINTINGS, within=2)  # no embedding is so near
    found = await Searching(pool, library).match(QUERIES["saved again"][0])
    assert [(one.id, one.cosine, one.whole_cosine) for one in found.found] == [(1, 0.0, None)]
    assert found.found[0].is_proved
    assert found.nearest == []


async def test_small_picture_on_another_is_found_in_its_region(pool: CpuPool) -> None:
    for place in (LEFT, RIGHT, (300, 0, 320, 240)):
        found = only(await Searching(pool, SmallLibrary(*PAINTINGS, within=0.5)).match(pasted((SOUGHT, place))))
        assert found.proof
        assert is_at(found.proof.region, place)
        assert found.cosine > 0.9  # that of the region
        assert found.whole_cosine is None
        centre = found.proof.transform @ [box(place).x + box(place).width / 2, box(place).y + box(place).height / 2, 1]
        assert centre[:2] / centre[2] == pytest.approx([0.5, 0.5], abs=0.02)  # on the whole query


async def test_pictures_in_two_regions_at_once_are_both_proved(pool: CpuPool) -> None:
    query = pasted((SOUGHT, LEFT), (PAINTINGS[1], RIGHT))
    found = await Searching(pool, SmallLibrary(*PAINTINGS, within=0.5)).match(query)
    for image_id, place in ((1, LEFT), (2, RIGHT)):
        proof = only(found, image_id).proof
        assert proof
        assert proof.is_proved
        assert is_at(proof.region, place)


def collage(*shown: Pixels) -> Pixels:
    """Four pictures without a gutter."""
    small = [np.asarray(cv2.resize(one, (400, 300), interpolation=cv2.INTER_AREA), np.uint8) for one in shown]
    return np.vstack([np.hstack(small[:2]), np.hstack(small[2:])])


async def test_all_pieces_of_a_collage_are_proved(pool: CpuPool) -> None:
    searching = Searching(pool, SmallLibrary(*PAINTINGS, within=0.5))
    found = await searching.match(collage(*PAINTINGS[:4]))
    assert {one.id for one in found.found if one.is_copy} == {1, 2, 3, 4}
    by_pieces = next(step for step in searching.steps if step.stage == "by_pieces")
    assert {one.id for one in by_pieces.gave if one.is_proved} == {1, 2, 3, 4}


async def test_piece_that_is_proved_already_is_not_looked_for(pool: CpuPool) -> None:
    query = np.vstack([SOUGHT, STRANGER])
    pieces, boxes = QueryPicture(query).pieces, QueryPicture(query).boxes
    assert len(pieces) == 2
    for within, left in ((-1.0, 1), (0.9, 2)):  # come up for the whole, or not
        searching = Searching(pool, SmallLibrary(*PAINTINGS, within=within))
        found = await searching.match(query)
        assert [one.id for one in found.found if one.is_copy] == [1]
        assert searching.embedder.regions == TURNS + left + min(REGIONS_AT_ONCE, len(boxes))


@pytest.mark.parametrize(("sharp", "smooth"), [(LEFT, RIGHT), (RIGHT, LEFT)])
async def test_what_two_regions_teach_of_one_picture_is_joined(
    pool: CpuPool, sharp: tuple[int, int, int, int], smooth: tuple[int, int, int, int]
) -> None:
    """Both are near to it, and only one of them can prove it."""
    query = pasted((SOUGHT, sharp), (blurred(SOUGHT, 40), smooth))
    found = only(await Searching(pool, SmallLibrary(*PAINTINGS, within=0.5)).match(query))
    assert found.proof
    assert found.proof.is_proved
    assert is_at(found.proof.region, sharp)


@pytest.mark.parametrize("name", ["saved again", "mirrored crop", "turned crop", "lined", "blurred crop", "pasted"])
async def test_picture_that_is_excluded_is_as_if_it_had_never_been_there(pool: CpuPool, name: str) -> None:
    query, within, *_ = QUERIES[name]
    gone = frozenset({1, 4})
    library = SmallLibrary(*PAINTINGS, within=within)
    found = await Searching(pool, library).match(query, exclude=gone)
    assert not gone & set(library.read)
    for one in gone:
        library.forget(one)
    without = await Searching(pool, library).match(query)
    assert known(found) == known(without)
    assert found.nearest == without.nearest


async def test_picture_with_the_querys_own_bytes_needs_no_proof_and_the_others_one_look(pool: CpuPool) -> None:
    library = SmallLibrary(SOUGHT, *PAINTINGS[1:], augment.apply("recompress", SOUGHT, SOUGHT, seed=3))
    searching = Searching(pool, library)
    found = await searching.match(SOUGHT, itself=1)
    assert searching.ran == ("first_look",)
    assert only(found).proof is None
    assert only(found, 7).is_proved
    assert 1 not in library.read


async def test_nothing_more_is_looked_for_beside_a_picture_with_the_querys_own_bytes(pool: CpuPool) -> None:
    searching = Searching(pool, SmallLibrary(*PAINTINGS))
    found = await searching.match(SOUGHT, itself=1)
    assert searching.ran == ("first_look",)
    assert not any(one.is_proved for one in found.found)
    assert searching.embedder.regions == 0


async def test_regions_are_not_looked_at_where_nobody_wants_them(pool: CpuPool) -> None:
    searching = Searching(pool, SmallLibrary(*PAINTINGS, within=0.5))
    found = await searching.match(pasted((SOUGHT, LEFT)), regions_too=False)
    assert searching.ran == STAGES[:-2]
    assert searching.embedder.regions == TURNS
    assert not any(one.is_proved for one in found.found)


@pytest.mark.parametrize("name", QUERIES)
async def test_lost_file_stops_no_search(pool: CpuPool, name: str) -> None:
    query, within, *_ = QUERIES[name]
    library = SmallLibrary(*PAINTINGS, within=within)
    library.gone = {1}
    found = await Searching(pool, library).match(query)
    assert 1 in {one.id for one in found.found}
    assert not any(one.is_proved for one in found.found)


@pytest.mark.parametrize("name", QUERIES)
async def test_picture_that_is_removed_meanwhile_is_left_out(pool: CpuPool, name: str) -> None:
    query, within, *_ = QUERIES[name]
    library = SmallLibrary(*PAINTINGS, within=within)
    library.removed = {1}
    found = await Searching(pool, library).match(query)
    assert 1 not in {one.id for one in found.found}


async def test_empty_library_has_no_candidates(pool: CpuPool) -> None:
    for query in (SOUGHT, pasted((SOUGHT, LEFT))):
        found = await Searching(pool, SmallLibrary()).match(query)
        assert (found.found, found.nearest) == ((), [])


async def test_flat_query_asks_for_no_hashes(pool: CpuPool) -> None:
    library = SmallLibrary(*PAINTINGS)
    found = await Searching(pool, library).match(np.full((200, 300, 3), 128, np.uint8))
    assert library.hashes_searched == 0
    assert len(found.found) == len(PAINTINGS)
    assert not any(one.is_proved for one in found.found)


@pytest.mark.parametrize("name", ["saved again", "mirrored crop", "pasted", "pasted mirrored crop"])
async def test_examined_picture_is_proved_whether_it_comes_up_or_not(pool: CpuPool, name: str, judge: Judging) -> None:
    judge(lambda _: True)
    query, _, _, edit = QUERIES[name]
    searching = Searching(pool, SmallLibrary(*PAINTINGS, within=2))
    found = await searching.matcher.examine(query, features(query), 1, 0.25)
    (candidate,) = found.found
    assert (candidate.id, candidate.cosine, candidate.whole_cosine) == (1, 0.25, 0.25)
    assert candidate.proof
    assert candidate.is_proved
    assert candidate.is_copy
    assert edit in candidate.proof.edits
    assert searching.ran == ()


async def test_examined_stranger_is_not_proved_and_has_the_querys_nearest(pool: CpuPool) -> None:
    searching = Searching(pool, SmallLibrary(*PAINTINGS))
    found = await searching.matcher.examine(STRANGER, features(STRANGER), 2, 0.1)
    assert [(one.id, one.is_proved) for one in found.found] == [(2, False)]
    assert found.nearest == (await searching.match(STRANGER)).nearest


# --- what is proved is compared in detail

QUALITIES = (90, 80, 70, 55, 40, 30, 20)
COPIES = [imaging.decode_thumbnail(jpeg(SOUGHT, quality)) for quality in QUALITIES]


def laid(library: SmallLibrary, query: Pixels) -> Candidates:
    """All pictures of a library laid on a query, however many."""
    view = View(QueryPicture(query), WHOLE, features(query).keypoints)
    found = [
        Candidate(stored, 0.9, 0.9, WHOLE).laid(view, partial(library.thumbnail, stored.image.sha256), mirrored=False)
        for stored in library.images.values()
    ]
    return Candidates(tuple(found), [0.9, 0.8])


def likeliest_first(candidates: Candidates) -> list[Candidate]:
    proved = [one for one in candidates.found if one.is_proved]
    return sorted(proved, key=lambda one: -one.cosine - (one.proof.alignment.structure if one.proof else 0))


# Of the queries above; the networks have seen no paintings.
@pytest.mark.parametrize(
    "name", ["saved again", "crop", "mirrored crop", "turned crop", "turned mirrored crop", "lined", "pasted"]
)
async def test_copy_is_a_copy_in_detail_however_it_was_found(pool: CpuPool, name: str) -> None:
    query, within, *_ = QUERIES[name]
    library = SmallLibrary(*PAINTINGS, within=within)
    searching = Searching(pool, library)
    found = await searching.match(query)
    assert [one.id for one in found.found if one.is_copy] == [1]
    assert library.compared == [1]


async def test_five_likeliest_are_compared_and_the_others_are_not_beside_a_copy(pool: CpuPool, judge: Judging) -> None:
    library = SmallLibrary(*COPIES, STRANGER)
    order = likeliest_first(laid(library, SOUGHT))
    ids = [one.id for one in order]
    assert len(ids) == len(COPIES) > SCRUTINISED
    for is_copy in (
        lambda _: True,
        lambda alignment: alignment == order[SCRUTINISED - 1].proof.alignment,  # type: ignore[union-attr]
    ):
        asked = judge(is_copy)
        library.compared.clear()
        found = await scrutinised(pool, library)
        assert library.compared == ids[:SCRUTINISED]
        assert len(asked.asked) == SCRUTINISED
        for (one,) in (found.having([part_key(image_id)]) for image_id in ids[SCRUTINISED:]):
            assert one.proof
            assert (one.is_proved, one.is_copy, one.is_compared) == (True, False, True)
            assert (one.proof.p_copy, one.proof.edits) == (UNCHECKED, ())
        assert found.having([part_key(ids[SCRUTINISED - 1])])[0].is_copy


async def test_others_are_compared_where_none_of_the_likeliest_is_a_copy(pool: CpuPool, judge: Judging) -> None:
    library = SmallLibrary(*COPIES)
    order = likeliest_first(laid(library, SOUGHT))
    last = order[-1].proof
    assert last
    assert len({one.proof.alignment for one in order if one.proof}) == len(COPIES)
    judge(lambda alignment: alignment == last.alignment)
    found = await scrutinised(pool, library)
    assert library.compared == [one.id for one in order]
    assert [one.id for one in found if one.is_copy] == [order[-1].id]
    for one in found:
        assert one.proof
        assert one.proof.p_copy == (0.9 if one.is_copy else 0.1)
        assert bool(one.proof.edits) == one.is_copy


async def test_what_is_no_copy_in_detail_stays_proved_and_has_no_edits(pool: CpuPool, judge: Judging) -> None:
    judge(lambda _: False)
    found = only(await Searching(pool, SmallLibrary(*PAINTINGS)).match(QUERIES["crop"][0]))
    assert found.proof
    assert (found.is_proved, found.is_copy, found.proof.p_copy, found.proof.edits) == (True, False, 0.1, ())


async def test_search_goes_on_where_what_is_proved_is_only_a_variant(pool: CpuPool, judge: Judging) -> None:
    judge(lambda _: False)
    searching = Searching(pool, SmallLibrary(*PAINTINGS))
    found = await searching.match(QUERIES["crop"][0])
    assert searching.ran == STAGES
    assert found.detail_s > 0
    judge(lambda _: True)
    searching = Searching(pool, SmallLibrary(*PAINTINGS))
    await searching.match(QUERIES["crop"][0])
    assert searching.ran != STAGES


async def test_lost_original_leaves_the_proof_as_it_is(pool: CpuPool, judge: Judging) -> None:
    asked = judge(lambda _: False)
    library = SmallLibrary(*PAINTINGS)
    library.lost = {1}
    found = only(await Searching(pool, library).match(QUERIES["mirrored crop"][0]))
    assert found.proof
    assert found.is_copy
    assert Edit.MIRRORED in found.proof.edits
    assert (library.compared, asked.asked) == ([1], [])


async def test_what_is_not_proved_is_not_compared(pool: CpuPool, judge: Judging) -> None:
    asked = judge(lambda _: True)
    library = SmallLibrary(*PAINTINGS)
    searching = Searching(pool, library)
    nothing = await searching.match(STRANGER)
    assert (library.compared, asked.asked) == ([], [])
    assert not any(one.is_compared for one in nothing.found)
    await searching.match(QUERIES["crop"][0])
    assert library.compared == [1]
    assert len(asked.asked) == 1


def in_doubt(candidate: Candidate, structure: float) -> Candidate:
    """The same, laid less well."""
    assert candidate.proof
    alignment = replace(candidate.proof.alignment, structure=structure, agreement=0.4)
    return replace(candidate, proof=replace(candidate.proof, alignment=alignment, geometry=None))


async def test_detail_decides_what_lies_fairly_well(pool: CpuPool, judge: Judging) -> None:
    library = SmallLibrary(*COPIES)
    likeliest, *others = likeliest_first(laid(library, SOUGHT))
    shortlist = Shortlist.of([in_doubt(likeliest, 0.4), *(in_doubt(one, 0.3) for one in others)])
    matcher = Searching(pool, library).matcher
    judge(lambda alignment: alignment.structure == 0.4)
    found = await matcher.scrutinise(QueryPicture(SOUGHT), shortlist)
    assert len(library.compared) == SCRUTINISED
    first, *rest = found
    assert first.proof
    assert (first.is_proved, first.is_copy, bool(first.proof.edits)) == (False, True, True)
    assert [one.proof for one in rest] == [one.proof for one in shortlist][1:]  # as if nobody had looked


async def test_what_lies_fairly_well_is_not_compared_beside_a_copy(pool: CpuPool, judge: Judging) -> None:
    judge(lambda _: True)
    library = SmallLibrary(*COPIES)
    proved, *others = likeliest_first(laid(library, SOUGHT))
    shortlist = Shortlist.of([proved, *(in_doubt(one, 0.4) for one in others)])
    found = await Searching(pool, library).matcher.scrutinise(QueryPicture(SOUGHT), shortlist)
    assert [one.id for one in found if one.is_copy] == [proved.id]
    assert library.compared == [proved.id]


async def test_lost_original_proves_nothing_that_lies_fairly_well(pool: CpuPool, judge: Judging) -> None:
    judge(lambda _: True)
    library = SmallLibrary(*COPIES)
    library.lost = set(library.images)
    shortlist = Shortlist.of(in_doubt(one, 0.4) for one in laid(library, SOUGHT).found)
    found = await Searching(pool, library).matcher.scrutinise(QueryPicture(SOUGHT), shortlist)
    assert not found.has_proof


async def scrutinised(pool: CpuPool, library: SmallLibrary) -> Shortlist:
    """What a search for SOUGHT does with all that is proved."""
    shortlist = Shortlist.of(laid(library, SOUGHT).found)
    return await Searching(pool, library).matcher.scrutinise(QueryPicture(SOUGHT), shortlist)


# --- on a library with a network of its own


class Crowded:
    """An index of so many pictures that only what is this near comes up; of their hashes none."""

    def __init__(self, index: LibraryIndex, within: float) -> None:
        self._index, self._within = index, within

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        found = await self._index.search(vectors, count)
        return [[one for one in hits if one.cosine >= self._within] for hits in found]

    async def search_looks(self, vectors: Vector, count: int) -> list[list[Near]]:
        return await self._index.search_looks(vectors, count)

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = 64) -> list[Hits]:
        return [Hits(np.zeros(0, np.int64), np.zeros(0, np.float32)) for _ in phashes]


@pytest.mark.parametrize("turns", [1, 2, 3])
async def test_turned_crop_is_found_where_its_upright_likes_are_many(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    async with filled() as service:
        serving, _ = await service.networks.current()
        name = "coffee.png"
        copy = np.ascontiguousarray(np.rot90(photograph(name)[60:, 100:], turns))
        (image,) = (await service.page(words="coffee")).images
        stored = await service.repository.features.embedding(
            image.id, serving.network, serving.embedder.network.dimensions
        )
        assert stored is not None
        cosine = float(serving.embedder.network.copy.of(stored) @ serving.embedder.embed_copy(copy))
        monkeypatch.setattr(serving.matcher._recall, "_index", Crowded(serving.index, within=cosine + 0.05))
        best, *_ = (await service.search(jpeg(copy))).matches
        assert (best.image.filename, best.lane) == (name, "same")
        assert Edit.ROTATED in best.evidence.edits


async def test_points_that_agree_lie_where_the_picture_does(filled: Filled) -> None:
    """On a screen, and in a mirrored part of another picture: each on the query and on the picture it was found in."""
    coffee, ground = photograph("coffee.png"), photograph("motorcycle_left.png").copy()
    ground[60:360, 80:530] = cv2.resize(coffee[:, ::-1], (450, 300), interpolation=cv2.INTER_AREA)
    screen = augment.apply("screenshot", coffee, photograph("chelsea.png"), seed=3)
    async with filled() as service:
        serving, _ = await service.networks.current()
        for query in (screen, ground):
            features = registry.extract(Image(query, "image/png", *query.shape[1::-1]), "", serving.embedder)
            candidates = await serving.matcher.examine(query, features, 3, 0.0)
            proof = candidates.found[0].proof
            assert proof
            assert proof.is_proved
            assert proof.geometry
            assert proof.keypoints > 20
            laid = cv2.perspectiveTransform(proof.geometry.query_points[None].astype(np.float64), proof.transform)[0]
            assert np.median(np.abs(laid - proof.geometry.stored_points)) < 0.02


# --- what looks alike

LIKE_COFFEE = augment.apply("crop", photograph("coffee.png"), photograph("rocket.jpg"), seed=4)


async def test_what_looks_most_alike_comes_up_with_how_much(filled: Filled) -> None:
    async with filled() as service:
        active, _ = await service.networks.current()
        network = active.embedder.network
        assert network.looks
        embedding = active.embedder.embed(LIKE_COFFEE)
        found: Candidates = await active.matcher.match(
            LIKE_COFFEE, Features("", embedding, registry.handcrafted(LIKE_COFFEE))
        )
        own = network.looks.of(embedding)
        for one in found.found:
            stored = await service.repository.features.embedding(one.id, active.network, network.dimensions)
            assert stored is not None
            assert one.looks == pytest.approx(float(network.looks.of(stored) @ own), abs=2e-3)
        assert len(found.found) == (await service.page()).total
        assert found.alike == sorted(found.alike, reverse=True)
        assert len(found.alike) == len(found.nearest)


async def test_alike_is_said_by_looks_and_same_by_the_other_head(filled: Filled) -> None:
    async with filled() as service:
        same, *others = (await service.search(jpeg(LIKE_COFFEE), weak=True)).matches
        assert (same.image.filename, same.lane) == ("coffee.png", "same")
        assert same.evidence.cosine > 0.5
        assert others
        assert [one.score for one in others] == sorted((one.score for one in others), reverse=True)


async def test_network_with_one_embedding_uses_it_for_both(filled: Filled) -> None:
    async with filled() as service:
        await service.use_network("efficientnet-lite2")
        active, _ = await service.networks.current()
        assert active.embedder.network.looks is None
        assert active.index.looks is None
        embedding = active.embedder.embed(LIKE_COFFEE)
        found = await active.matcher.match(LIKE_COFFEE, Features("", embedding, registry.handcrafted(LIKE_COFFEE)))
        assert found.alike == found.nearest
        best = next(one for one in found.found if one.stored.image.filename == "coffee.png")
        assert best.looks == best.whole_cosine
