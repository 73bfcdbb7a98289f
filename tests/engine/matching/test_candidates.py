"""Candidates and their shortlist: what is learned is kept, the better of two proofs counts, nothing is changed."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain import WHOLE, Edit, Pixels, Region, part_key
from engine.features.detail import Picture
from engine.features.geometry import Geometry
from engine.features.ssim import Alignment
from engine.matching.candidates import EXPLAINED, UNCHECKED, Candidate, Shortlist
from engine.matching.proof import Proof
from engine.matching.query_view import QueryPicture, View
from tests.small_library import SmallLibrary, painting

LIBRARY = SmallLibrary(painting(0), painting(1))
LEFT = Region(0.0, 0.0, 0.5, 1.0)


def candidate(image_id: int = 1, cosine: float = 0.5, *, proof: Proof | None = None) -> Candidate:
    stored = LIBRARY.images[1]
    stored = replace(stored, image=replace(stored.image, id=image_id))
    return Candidate(stored, cosine, cosine, WHOLE, proof=proof)


def proved(structure: float = 0.9, *, keypoints: int = 0, fills: float = 1.0) -> Proof:
    """A proof on a picture that fills this share of the query."""
    points = np.zeros((keypoints, 2), np.float32)
    geometry = Geometry(np.eye(3), points, points) if keypoints else None
    transform = np.diag([1 / fills, 1.0, 1.0])
    return Proof(transform, geometry, Alignment(structure, structure, structure, 0.0, 1.0), WHOLE)


def view_of(pixels: Pixels) -> View:
    return View(QueryPicture(np.ascontiguousarray(pixels)), WHOLE)


def laid(query: Pixels, *, mirrored: bool = False) -> Candidate:
    """The picture with the id 1 on a query."""
    return candidate().laid(view_of(query), lambda: LIBRARY.thumbnail(f"{1:064x}"), mirrored=mirrored)


# --- a candidate


@pytest.mark.parametrize(("fills", "settles"), [(1.0, True), (EXPLAINED + 0.02, True), (EXPLAINED - 0.02, False)])
def test_proof_settles_where_it_fills_enough_of_the_query(fills: float, settles: bool) -> None:
    one = candidate(proof=proved(fills=fills))
    assert one.is_proved
    assert one.settles == settles


def test_weak_proof_neither_proves_nor_settles() -> None:
    for one in (candidate(), candidate(proof=proved(0.1))):
        assert not one.is_proved
        assert not one.settles


def test_picture_laid_on_its_copy_is_proved_by_keypoints_and_has_a_near_hash() -> None:
    before = candidate()
    found = laid(painting(0))
    assert found.settles
    assert found.proof
    assert found.proof.keypoints > 100
    assert found.phash_distance == 0
    assert before.proof is None  # what was laid is another value


def test_picture_without_common_keypoints_is_laid_as_a_whole_where_the_hashes_are_near() -> None:
    tiny = cv2.resize(painting(0), (30, 22), interpolation=cv2.INTER_AREA)  # too small for keypoints
    found = laid(tiny)
    assert found.proof
    assert found.proof.keypoints == 0
    assert found.is_proved


def test_in_the_mirror_image_only_keypoints_count() -> None:
    found = laid(painting(0)[:, ::-1], mirrored=True)
    assert found.is_proved
    assert found.phash_distance is None


def test_picture_that_is_laid_twice_keeps_the_better_proof_and_the_least_distance() -> None:
    first = laid(painting(0))
    blurred = view_of(cv2.GaussianBlur(painting(0), (0, 0), 6))
    again = first.laid(blurred, lambda: LIBRARY.thumbnail(f"{1:064x}"), mirrored=False)
    assert first.proof
    assert again.proof
    assert again.proof.alignment == first.proof.alignment
    assert again.phash_distance == first.phash_distance == 0
    worse = candidate().laid(blurred, lambda: LIBRARY.thumbnail(f"{1:064x}"), mirrored=False)
    assert worse.proof
    assert worse.proof.alignment.structure < first.proof.alignment.structure
    better = worse.laid(view_of(painting(0)), lambda: LIBRARY.thumbnail(f"{1:064x}"), mirrored=False)
    assert better.proof
    assert better.proof.alignment == first.proof.alignment


def test_lost_thumbnail_gives_no_proof_but_a_distance() -> None:
    found = candidate().laid(view_of(painting(0)), lambda: None, mirrored=False)
    assert (found.proof, found.phash_distance) == (None, 0)
    assert found.with_edits(QueryPicture(painting(0)), lambda: None) is found


def test_nearer_region_takes_the_place_of_a_farther_one() -> None:
    one = candidate(cosine=0.5)
    assert (one.nearer(0.7, LEFT).cosine, one.nearer(0.7, LEFT).region) == (0.7, LEFT)
    assert one.nearer(0.7, LEFT).whole_cosine == 0.5  # that of the whole query stays what it was
    assert one.nearer(0.5, LEFT) is one
    assert one.nearer(0.3, LEFT) is one


def test_edits_are_named_of_what_is_laid_and_of_nothing_else() -> None:
    grey = cv2.cvtColor(cv2.cvtColor(painting(0), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    named = laid(grey).with_edits(QueryPicture(grey), lambda: LIBRARY.thumbnail(f"{1:064x}"))
    assert named.proof
    assert named.proof.edits == (Edit.GRAYSCALE,)
    one = candidate()
    assert one.with_edits(QueryPicture(grey), lambda: LIBRARY.thumbnail(f"{1:064x}")) is one


def test_candidate_that_is_compared_in_detail_is_a_copy_or_not() -> None:
    picture, before = Picture.of(painting(0)), laid(painting(0))
    assert before.is_copy  # nothing speaks against it yet
    assert not before.is_compared
    found = before.in_detail(picture, picture)
    assert found.proof
    assert found.proof.p_copy is not None
    assert (found.is_copy, found.is_compared, found.settles) == (True, True, True)
    assert found.proof.p_copy > 0.5
    other = before.in_detail(Picture.of(painting(1)), picture)
    assert other.proof
    assert (other.is_proved, other.is_copy, other.is_compared, other.settles) == (True, False, True, False)


def test_without_a_proof_nothing_is_compared_and_without_an_original_the_proof_stands_alone() -> None:
    picture = Picture.of(painting(0))
    one, another = candidate(), candidate(proof=proved())
    assert one.in_detail(picture, picture) is one
    assert not one.is_copy
    alone = another.in_detail(picture, None)
    assert alone.proof
    assert (alone.is_copy, alone.is_compared, alone.proof.p_copy, alone.proof.differs) == (True, True, 1.0, ())


def test_what_was_not_looked_at_in_detail_is_proved_and_no_copy() -> None:
    found = candidate(proof=proved()).unchecked()
    assert found.proof
    assert (found.is_proved, found.is_copy, found.proof.p_copy) == (True, False, UNCHECKED)
    one = candidate()
    assert one.unchecked() is one


def test_what_came_up_by_its_hash_need_not_stand_out() -> None:
    assert candidate().nearness == math.inf


def test_joined_has_the_best_of_both() -> None:
    one = replace(candidate(cosine=0.4, proof=proved(0.6, keypoints=30)), phash_distance=20)
    other = replace(candidate(cosine=0.8, proof=proved(0.9)), phash_distance=9, region=LEFT)
    for both in (one.joined(other), other.joined(one)):
        assert (both.cosine, both.region, both.phash_distance) == (0.8, LEFT, 9)
        assert both.proof
        assert (both.proof.alignment.structure, both.proof.keypoints) == (0.9, 30)


def test_joined_with_one_that_knows_nothing_is_what_it_was() -> None:
    one = replace(candidate(cosine=0.6, proof=proved()), phash_distance=3)
    nothing = candidate(cosine=0.2)
    for both in (one.joined(nothing), nothing.joined(one)):
        assert (both.cosine, both.phash_distance, both.proof) == (0.6, 3, one.proof)
    assert nothing.joined(nothing).phash_distance is None


# --- the shortlist


def test_shortlist_keeps_the_order_in_which_candidates_came_up() -> None:
    shortlist = Shortlist.of(candidate(one) for one in (5, 2, 9))
    assert [one.id for one in shortlist] == [5, 2, 9]
    assert len(shortlist) == 3
    assert part_key(2) in shortlist
    assert part_key(3) not in shortlist


def test_updated_takes_places_over_and_puts_new_ones_last() -> None:
    shortlist = Shortlist.of(candidate(one) for one in (5, 2, 9))
    learned = candidate(2, 0.9)
    updated = shortlist.updated([candidate(7), learned])
    assert [one.id for one in updated] == [5, 2, 9, 7]
    assert updated.by_key[part_key(2)] is learned
    assert [one.cosine for one in shortlist] == [0.5] * 3  # the one before is as it was
    assert part_key(7) not in shortlist


def test_joined_keeps_what_two_steps_learned_of_one_picture() -> None:
    shortlist = Shortlist.of([candidate(5), candidate(2)])
    near, far = candidate(2, 0.9), candidate(2, 0.6, proof=proved())
    for learned in ([near, far, candidate(7)], [far, near, candidate(7)]):
        joined = shortlist.joined(learned)
        assert [one.id for one in joined] == [5, 2, 7]
        assert joined.by_key[part_key(2)].cosine == 0.9
        assert joined.by_key[part_key(2)].is_proved
    assert not shortlist.has_proof


def test_having_and_where_choose_in_the_order_that_is_asked_for() -> None:
    shortlist = Shortlist.of(candidate(one, one / 10) for one in (5, 2, 9))
    assert [one.id for one in shortlist.having(map(part_key, [9, 4, 5]))] == [9, 5]
    assert [one.id for one in shortlist.where(lambda one: one.cosine > 0.4)] == [5, 9]


def test_shortlist_is_settled_by_one_that_settles_and_has_proof_by_one_that_is_proved() -> None:
    for proofs, has_proof, is_settled in (
        ([], False, False),
        ([None, proved(0.1)], False, False),
        ([None, proved(fills=0.3)], True, False),
        ([proved(fills=0.3), proved()], True, True),
    ):
        shortlist = Shortlist.of(candidate(number, proof=one) for number, one in enumerate(proofs))
        assert (shortlist.has_proof, shortlist.is_settled) == (has_proof, is_settled)


ids = st.lists(st.integers(1, 8), max_size=10)


@settings(max_examples=40)
@given(before=ids, new=ids)
def test_updates_lose_nobody_name_nobody_twice_and_keep_places(before: list[int], new: list[int]) -> None:
    shortlist = Shortlist.of(candidate(one, 0.1) for one in before)
    for updated in (
        shortlist.updated(candidate(one, 0.9) for one in new),
        shortlist.joined(candidate(one, 0.9) for one in new),
    ):
        assert [one.id for one in updated] == list(dict.fromkeys([*before, *new]))
        assert {one.id for one in updated if one.cosine == 0.9} == set(new)
