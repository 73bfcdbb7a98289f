"""One picture laid on another: what proves that both are the same, without any library."""

from dataclasses import replace

import numpy as np
import pytest

from engine.domain import WHOLE, Edit, Pixels, Region
from engine.features import hashes, orb, sift
from engine.features.detail import Comparison, Picture
from engine.features.geometry import inverse, outline, shown_of
from engine.features.ssim import Alignment
from engine.matching import proof, scrutiny
from engine.matching.proof import Proof
from engine.matching.query_view import ORIENTATIONS, QueryPicture, View
from engine.pictures import augment, imaging
from tests.conftest import photograph
from tests.small_library import decoded, painting

CAT, CUP = photograph("chelsea.png"), photograph("coffee.png")


def thumbnail_of(pixels: Pixels) -> proof.Thumbnail:
    shown = imaging.decode_thumbnail(imaging.encode_thumbnail(pixels))
    return lambda: shown


def view_of(pixels: Pixels, region: Region = WHOLE) -> View:
    return View(QueryPicture(np.ascontiguousarray(pixels)), region)


def by_keypoints(query: Pixels, stored: Pixels, *, mirrored: bool = False) -> Proof | None:
    return proof.by_keypoints(view_of(query), orb.detect(stored), thumbnail_of(stored), mirrored=mirrored)


def by_hash(query: Pixels, stored: Pixels) -> Proof | None:
    view = view_of(query)
    return proof.by_hash(view, proof.hash_distance(view, hashes.phash(stored)), thumbnail_of(stored))


@pytest.mark.parametrize("edit", ["crop", "turn", "rotate", "write_text", "recompress", "pad", "perspective"])
def test_edited_copy_is_proved_by_keypoints_or_as_a_whole(edit: str) -> None:
    copy = augment.apply(edit, CAT, CUP, seed=3)
    found = proof.stronger(by_keypoints(copy, CAT), by_hash(copy, CAT))
    assert found
    assert found.is_proved


def test_other_picture_is_never_proved() -> None:
    for query, stored in ((CAT, CUP), (CUP, CAT)):
        found = proof.stronger(by_keypoints(query, stored), by_hash(query, stored))
        assert found is None or not found.is_proved


def test_mirrored_copy_is_proved_in_the_mirror_image_only() -> None:
    mirrored = CAT[:, ::-1]
    found = by_keypoints(mirrored, CAT, mirrored=True)
    assert found
    assert found.is_proved
    straight = by_keypoints(mirrored, CAT)
    assert straight is None or not straight.is_proved
    assert by_hash(mirrored, CAT) is not None  # the hash is looked for in all eight orientations


def test_far_hash_is_no_reason_to_lay_a_picture_on_another() -> None:
    view = view_of(CUP)
    distance = proof.hash_distance(view, hashes.phash(CAT))
    assert distance
    assert distance[0] > proof.NEAR_HASH
    assert proof.by_hash(view, distance, thumbnail_of(CAT)) is None
    assert proof.hash_distance(view, None) is None


def test_stronger_keypoints_prove_what_others_miss() -> None:
    view = view_of(augment.apply("crop", CAT, CUP, seed=5))
    shown = thumbnail_of(CAT)()
    assert shown is not None
    found = proof.by_sift(view, sift.detect(shown), lambda: shown, mirrored=False)
    assert found
    assert found.is_proved


def test_copy_under_lines_is_proved_and_another_under_the_same_lines_is_not() -> None:
    def lined(pixels: Pixels) -> Pixels:
        changed = pixels.copy()
        changed[::24] = changed[1::24] = 255
        return changed

    for stored, is_same in ((CAT, True), (CUP, False)):
        found = proof.under_lines(view_of(lined(CAT)), hashes.phash(stored), thumbnail_of(stored))
        assert bool(found and found.is_proved) == is_same


def test_picture_whose_file_is_gone_proves_nothing() -> None:
    assert proof.by_keypoints(view_of(CAT), orb.detect(CAT), lambda: None, mirrored=False) is None
    assert proof.under_lines(view_of(CAT), hashes.phash(CAT), lambda: None) is None


def test_region_of_a_query_is_laid_as_a_part_of_the_whole() -> None:
    pasted = np.full((600, 900, 3), 230, np.uint8)
    pasted[100:400, 200:651] = CAT
    region = Region(200 / 900, 100 / 600, 451 / 900, 300 / 600)
    found = proof.by_keypoints(view_of(pasted, region), orb.detect(CAT), thumbnail_of(CAT), mirrored=False)
    assert found
    assert found.is_proved
    middle = found.transform @ [425 / 900, 250 / 600, 1]
    assert middle[:2] / middle[2] == pytest.approx([0.5, 0.5], abs=0.02)


def test_stronger_keeps_the_better_structure_and_the_keypoints_of_either() -> None:
    keypoints, whole = by_keypoints(CAT, CAT), by_hash(CAT, CAT)
    assert keypoints
    assert whole
    best = proof.stronger(keypoints, whole)
    assert best
    assert best.alignment.structure == max(keypoints.alignment.structure, whole.alignment.structure)
    assert best.keypoints == keypoints.keypoints > 0
    assert proof.stronger(None, whole) is whole
    assert proof.stronger(keypoints, None) is keypoints


def grey_of(pixels: Pixels) -> Pixels:
    grey = imaging.decode_grey(imaging.encode_jpeg(np.ascontiguousarray(pixels), quality=88))
    assert grey is not None
    return grey


@pytest.mark.parametrize("edit", ["crop", "turn", "recompress", "pad", "perspective", "shrink"])
def test_copy_is_a_copy_in_detail(edit: str) -> None:
    copy = augment.apply(edit, CAT, CUP, seed=3)
    found = proof.stronger(by_keypoints(copy, CAT), by_hash(copy, CAT))
    assert found
    assert found.p_copy is None
    looked_at = proof.in_detail(found, view_of(copy).query.picture, decoded(CAT))
    assert looked_at.p_copy is not None
    assert looked_at.p_copy > 0.7
    assert looked_at.is_copy
    assert replace(looked_at, p_copy=None, differs=(), agrees=False) == found


def test_score_says_where_there_is_too_little_to_tell() -> None:
    found = by_keypoints(CAT, CAT)
    assert found
    tiny = np.ascontiguousarray(CAT[::20, ::20])
    looked_at = proof.in_detail(found, view_of(CAT).query.picture, decoded(tiny))
    assert (looked_at.p_copy, looked_at.is_copy, looked_at.differs) == (proof.TOO_LITTLE, True, ())


@pytest.mark.parametrize(
    ("keypoints", "structure", "dissent", "is_proved"),
    [(20, 0.35, 0.45, True), (19, 0.35, 0.45, False), (20, 0.34, 0.1, False), (200, 0.9, 0.46, False)],
)
def test_many_keypoints_that_agree_prove_what_hardly_agrees_otherwise(
    keypoints: int, structure: float, dissent: float, *, is_proved: bool
) -> None:
    found = by_keypoints(CAT, CAT)
    assert found
    assert found.geometry
    points = np.zeros((keypoints, 2), np.float32)
    alignment = replace(found.alignment, structure=structure, agreement=0.4, dissent=dissent)
    geometry = replace(found.geometry, query_points=points, stored_points=points)
    assert replace(found, alignment=alignment, geometry=geometry).is_proved == is_proved


@pytest.mark.parametrize("of_cat", [0.35, 1.0])
def test_keypoints_of_one_picture_that_both_hold_do_not_make_them_one(
    of_cat: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Easygoing:
        def p_copy(self, _comparison: Comparison, _alignment: Alignment) -> float:
            return 0.9

    def page(around: int) -> Pixels:
        shown, width = painting(around, CAT.shape[1], CAT.shape[0]).copy(), round(of_cat * CAT.shape[1])
        shown[:, :width] = CAT[:, :width]
        return shown

    monkeypatch.setattr(scrutiny, "shipped", Easygoing)
    query, stored = page(1), page(2)
    found = by_keypoints(query, stored)
    assert found
    assert found.keypoints >= proof.MANY_KEYPOINTS
    hardly = replace(found, alignment=replace(found.alignment, structure=0.4, agreement=0.3, dissent=0.3))
    looked_at = proof.in_detail(hardly, view_of(query).query.picture, decoded(stored))
    assert looked_at.is_proved
    assert looked_at.is_copy == (of_cat == 1.0)


@pytest.mark.parametrize(
    ("p_copy", "is_copy"), [(None, True), (proof.COPY_FROM, True), (proof.COPY_FROM - 0.01, False), (0.0, False)]
)
def test_what_is_proved_is_a_copy_unless_something_speaks_against_it(p_copy: float | None, *, is_copy: bool) -> None:
    found = by_keypoints(CAT, CAT)
    assert found
    assert replace(found, p_copy=p_copy).is_copy == is_copy
    weak = replace(found, p_copy=1.0, alignment=replace(found.alignment, structure=0.1))
    assert not weak.is_copy


@pytest.mark.parametrize(
    ("structure", "dissent", "p_copy", "is_copy"),
    [
        (0.22, 0.5, 0.85, True),
        (0.45, 0.1, 1.0, True),
        (0.22, 0.5, 0.84, False),
        (0.21, 0.1, 1.0, False),
        (0.45, 0.51, 1.0, False),
        (0.45, 0.1, None, False),
    ],
)
def test_detail_proves_what_lies_fairly_well(
    structure: float, dissent: float, p_copy: float | None, *, is_copy: bool
) -> None:
    found = by_keypoints(CAT, CAT)
    assert found
    alignment = replace(found.alignment, structure=structure, agreement=0.4, dissent=dissent)
    doubtful = replace(found, alignment=alignment, geometry=None, p_copy=p_copy)
    assert (doubtful.is_proved, doubtful.is_copy) == (False, is_copy)


def test_edits_are_named_on_a_proof() -> None:
    mirrored = np.ascontiguousarray(CAT[:, ::-1])
    found = by_keypoints(mirrored, CAT, mirrored=True)
    assert found
    shown = thumbnail_of(CAT)()
    assert shown is not None
    named = proof.with_edits(proof.with_seen(found, QueryPicture(mirrored), shown, stored_aspect=451 / 300))
    assert Edit.MIRRORED in named.edits


def test_saved_again_is_not_said_where_something_is_seen_to_differ() -> None:
    found = by_keypoints(CAT, CAT)
    assert found
    shown = thumbnail_of(CAT)()
    assert shown is not None
    for differs, edits in (((), (Edit.RECOMPRESSED,)), ((Region(0.1, 0.1, 0.2, 0.2),), (Edit.OVERLAID,))):
        named = proof.with_edits(
            proof.with_seen(replace(found, differs=differs), QueryPicture(CAT), shown, stored_aspect=451 / 300)
        )
        assert named.edits == edits


@pytest.mark.parametrize("agrees", [True, False])
def test_overlaid_is_not_said_where_all_agrees_in_detail(*, agrees: bool) -> None:
    found = by_keypoints(CAT, CAT)
    covered = augment.apply("sticker", CAT, CUP, seed=2)
    assert found
    shown = thumbnail_of(CAT)()
    assert shown is not None
    named = proof.with_edits(
        proof.with_seen(replace(found, agrees=agrees), QueryPicture(covered), shown, stored_aspect=451 / 300)
    )
    assert (Edit.OVERLAID in named.edits) != agrees


@pytest.mark.parametrize("edit", ["recompress", "recolour", "shrink", "sticker", "stripes"])
def test_what_agrees_in_detail_has_nothing_laid_over_it(edit: str) -> None:
    query = augment.apply(edit, CAT, CUP, seed=3)
    view = View(QueryPicture(query), WHOLE)
    found = proof.lay(view, ORIENTATIONS[0], None, thumbnail_of(CAT), mirrored=False)
    assert found
    looked_at = proof.in_detail(found, Picture.of(query), Picture.of(CAT))
    assert looked_at.agrees == (edit not in ("sticker", "stripes"))


def test_equal_pixels_have_no_difference_and_what_was_edited_has_some() -> None:
    found = by_keypoints(CAT, CAT)
    assert found
    shown = thumbnail_of(CAT)()
    assert shown is not None

    def difference(query: Pixels) -> float:
        named = proof.with_edits(proof.with_seen(found, QueryPicture(query), shown, stored_aspect=451 / 300))
        assert named.difference is not None
        return named.difference

    assert difference(CAT) == 0
    for edit in ("blur", "grayscale", "recolour", "mirror", "crop", "turn", "write_text", "shrink"):
        assert difference(augment.apply(edit, CAT, CUP, seed=3)) > 0.5, edit


# --- parts of long pictures


def test_proof_of_a_part_is_one_of_the_whole_and_of_any_region_of_it() -> None:
    part = Region(0.0, 0.5, 1.0, 0.25)
    found = by_keypoints(CAT, CAT)
    assert found
    assert found.geometry
    whole = proof.of_whole(found, part)
    assert np.allclose(outline(whole.transform), [[0, 0.5], [1, 0.5], [1, 0.75], [0, 0.75]], atol=0.01)
    assert whole.geometry
    assert np.allclose(whole.geometry.stored_points, found.geometry.stored_points * [1, 0.25] + [0, 0.5], atol=1e-5)
    assert shown_of(whole.transform).y == pytest.approx(0.5, abs=0.01)
    again = proof.within(whole, part)
    assert np.allclose(again.transform, found.transform, atol=1e-6)
    assert again.geometry
    assert np.allclose(again.geometry.stored_points, found.geometry.stored_points, atol=1e-5)


def test_proof_on_a_part_of_a_query_is_one_on_the_whole_query() -> None:
    part = Region(0.25, 0.0, 0.5, 1.0)
    found = by_keypoints(CAT, CAT)
    assert found
    differs = Region(0.5, 0.5, 0.25, 0.25)
    laid = proof.of_whole_query(replace(found, edits=(Edit.RECOMPRESSED,), differs=(differs,)), part)
    assert np.allclose(outline(inverse(laid.transform)), [[0.25, 0], [0.75, 0], [0.75, 1], [0.25, 1]], atol=0.01)
    assert (laid.edits, laid.region, laid.differs) == ((Edit.INSIDE_LARGER,), part, (Region(0.5, 0.5, 0.125, 0.25),))
    assert laid.geometry
    assert 0.24 < laid.geometry.query_points[:, 0].min() < laid.geometry.query_points[:, 0].max() < 0.76


@pytest.mark.parametrize(
    ("scale", "edits", "named"),
    [
        (1.0, (Edit.RECOMPRESSED,), (Edit.CROPPED,)),  # the query is the part
        (1.5, (Edit.INSIDE_LARGER, Edit.GRAYSCALE), (Edit.CROPPED, Edit.GRAYSCALE)),  # and what is around it, too
        (0.5, (Edit.CROPPED, Edit.MIRRORED), (Edit.CROPPED, Edit.MIRRORED)),
        (6.0, (Edit.INSIDE_LARGER,), (Edit.INSIDE_LARGER,)),  # more than the whole
    ],
)
def test_edits_of_a_part_are_those_of_the_whole(scale: float, edits: tuple[Edit, ...], named: tuple[Edit, ...]) -> None:
    """`scale`: how many times the part's height the query is, of a part that is a quarter of the whole."""
    around = np.array([[1, 0, 0], [0, scale, (1 - scale) / 2], [0, 0, 1]], np.float64)
    found = by_keypoints(CAT, CAT)
    assert found
    found = replace(found, transform=around, edits=edits)
    assert proof.edits_of_part(found, Region(0.0, 0.375, 1.0, 0.25)).edits == named
