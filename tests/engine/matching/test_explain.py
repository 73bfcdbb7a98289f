"""The picture that shows why: its size, what is drawn where, and the words below it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import WHOLE, Edit, Evidence, Lane, Match, Pixels, Region
from engine.features.geometry import Geometry, Matrix
from engine.features.ssim import Alignment
from engine.matching import explain
from engine.matching.explain import (
    ACCENT,
    DIFFERS,
    FOOT,
    GAP,
    GROUND,
    HEADING,
    HEIGHT,
    MARGIN,
    MAX_LINES,
    MAX_WIDTH,
    MIN_WIDTH,
)
from engine.matching.proof import Proof
from tests.small_library import painting, stored_image

GREY, BROWN = np.full((360, 480, 3), 120, np.uint8), np.full((360, 480, 3), (90, 60, 30), np.uint8)
FITTED = (480, 640)  # height and width of both in the drawing
LEFT, RIGHT = MARGIN, MARGIN + FITTED[1] + GAP  # where they begin
MIDDLE: Matrix = np.array([[2, 0, -0.5], [0, 2, -0.5], [0, 0, 1]], np.float64)  # the stored one fills a query's middle
IDENTITY: Matrix = np.eye(3)

probabilities = st.floats(0, 1)


def match(lane: Lane = "same", score: float = 0.95, *, weak: bool = False, evidence: Evidence | None = None) -> Match:
    return Match(stored_image(7), lane, score, score, weak, evidence or Evidence(ssim=0.8))


def proof(transform: Matrix, points: int = 0) -> Proof:
    """`points`: how many keypoints agree, spread over the pictures."""
    spread = np.random.default_rng(1).random((points, 2)).astype(np.float32)
    geometry = Geometry(transform, spread, spread) if points else None
    return Proof(transform, geometry, Alignment(0.9, 0.9, 0.9, 0.0, 1.0), WHOLE)


def drawn(found: Proof | None = None, query: Pixels = GREY, stored: Pixels = BROWN, *, words: bool = False) -> Pixels:
    return explain.draw(query, stored, match(), found, calibrated=True, words=words)


def is_accent(picture: Pixels) -> np.ndarray:
    return np.asarray(np.abs(picture.astype(int) - ACCENT).max(axis=2) < 40)


def parts(picture: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """The query, the gap and the stored picture in a drawing without words."""
    rows = picture[MARGIN : MARGIN + FITTED[0]]
    return rows[:, LEFT : LEFT + FITTED[1]], rows[:, LEFT + FITTED[1] : RIGHT], rows[:, RIGHT : RIGHT + FITTED[1]]


# --- the drawing


def test_pictures_stand_side_by_side_on_a_ground_that_just_holds_them() -> None:
    picture = drawn()
    assert picture.shape == (FITTED[0] + 2 * MARGIN, 2 * FITTED[1] + GAP + 2 * MARGIN, 3)
    assert picture.dtype == np.uint8
    query, gap, stored = parts(picture)
    assert (query == 120).all()
    assert (stored == (90, 60, 30)).all()
    assert (gap == GROUND).all()
    assert (picture[:MARGIN] == GROUND).all()


@pytest.mark.parametrize("shape", [(1, 1), (3000, 40), (40, 3000), (90, 120), (2000, 2000)])
def test_picture_of_any_shape_is_brought_to_the_same_bounds(shape: tuple[int, int]) -> None:
    pixels = np.full((*shape, 3), 120, np.uint8)
    picture = drawn(query=pixels, stored=pixels)
    height, width = picture.shape[0] - 2 * MARGIN, (picture.shape[1] - 2 * MARGIN - GAP) / 2
    assert height == HEIGHT or width == MAX_WIDTH
    assert height <= HEIGHT
    assert width <= MAX_WIDTH
    if min(shape) > 100:
        assert width / height == pytest.approx(shape[1] / shape[0], rel=0.01)


def test_pictures_that_are_drawn_stay_as_they_are() -> None:
    query, stored = painting(0).copy(), painting(1).copy()
    drawn(proof(MIDDLE, points=40), query, stored, words=True)
    assert np.array_equal(query, painting(0))
    assert np.array_equal(stored, painting(1))


def test_region_that_shows_the_stored_picture_is_outlined_in_the_query_alone() -> None:
    query, gap, stored = parts(drawn(proof(MIDDLE)))
    rows, columns = np.nonzero(is_accent(query))
    assert len(rows) > 1000
    for places, side in ((rows, FITTED[0]), (columns, FITTED[1])):
        assert places.min() == pytest.approx(side / 4, abs=3)
        assert places.max() == pytest.approx(3 * side / 4, abs=3)
    assert not is_accent(query)[140:340, 180:460].any()  # inside the outline
    assert (stored == (90, 60, 30)).all()  # all of it is in the query
    assert (gap == GROUND).all()


def test_part_that_the_query_shows_is_outlined_in_the_stored_picture() -> None:
    query, _, stored = parts(drawn(proof(np.array([[0.5, 0, 0], [0, 0.5, 0.5], [0, 0, 1]]))))
    rows, columns = np.nonzero(is_accent(stored))
    assert rows.min() == pytest.approx(FITTED[0] / 2, abs=3)
    assert columns.max() == pytest.approx(FITTED[1] / 2, abs=3)
    border = is_accent(query)
    border[3:-3, 3:-3] = False
    assert is_accent(query).sum() == border.sum() > 0  # the whole of the query, along its border


def test_nothing_is_drawn_where_nothing_was_laid() -> None:
    assert not is_accent(drawn(None)).any()


def is_differing(picture: Pixels) -> np.ndarray:
    return np.asarray(np.abs(picture.astype(int) - DIFFERS).max(axis=2) < 60)


def drawn_differing(transform: Matrix, *regions: Region, lane: Lane = "variant", words: bool = False) -> Pixels:
    found = match(lane, evidence=Evidence(differs=regions))
    return explain.draw(GREY, BROWN, found, proof(transform), calibrated=True, words=words)


def box(picture: Pixels) -> tuple[float, float, float, float]:
    """The bounds of what is marked as differing: left, top, right, bottom, in shares of a picture."""
    rows, columns = np.nonzero(is_differing(picture))
    return (
        columns.min() / FITTED[1],
        rows.min() / FITTED[0],
        (columns.max() + 1) / FITTED[1],
        (rows.max() + 1) / FITTED[0],
    )


@pytest.mark.parametrize("lane", ["same", "variant"])
def test_part_that_differs_is_boxed_in_both_pictures(lane: Lane) -> None:
    query, gap, stored = parts(drawn_differing(IDENTITY, Region(0.25, 0.5, 0.5, 0.25), lane=lane))
    for picture in (query, stored):
        assert box(picture) == pytest.approx((0.25, 0.5, 0.75, 0.75), abs=0.01)
        assert not is_differing(picture)[250:350, 180:460].any()  # inside the box
    assert not is_differing(gap).any()


def test_box_lies_in_the_stored_picture_where_that_part_is_laid() -> None:
    query, _, stored = parts(drawn_differing(MIDDLE, Region(0.5, 0.5, 0.25, 0.125)))
    assert box(query) == pytest.approx((0.5, 0.5, 0.75, 0.625), abs=0.01)
    assert box(stored) == pytest.approx((0.5, 0.5, 1.0, 0.75), abs=0.01)


def test_colour_of_what_differs_is_explained_where_words_are_written() -> None:
    region = Region(0.25, 0.5, 0.5, 0.25)
    assert is_differing(drawn_differing(IDENTITY, region, words=True)[-FOOT:]).any()
    assert is_differing(drawn_differing(IDENTITY, region, lane="same", words=True)[-FOOT:]).any()
    assert not is_differing(drawn_differing(IDENTITY, words=True)[-FOOT:]).any()


def test_nothing_is_boxed_where_nothing_differs_or_nothing_was_laid() -> None:
    assert not is_differing(drawn_differing(IDENTITY)).any()
    unlaid = match("alike", evidence=Evidence(differs=(Region(0.25, 0.5, 0.5, 0.25),)))
    assert not is_differing(explain.draw(GREY, BROWN, unlaid, None, calibrated=True)).any()


def crossings(picture: Pixels) -> np.ndarray:
    """The rows in which something goes across the gap."""
    _, gap, _ = parts(picture)
    return np.flatnonzero(np.abs(gap[:, GAP // 2].astype(int) - GROUND).max(axis=1) > 40)


def test_points_that_agree_are_joined_across_the_gap() -> None:
    assert 6 <= len(crossings(drawn(proof(IDENTITY, points=12)))) <= 3 * 12
    assert len(crossings(drawn(proof(IDENTITY)))) == 0


def test_lines_stay_few_however_many_points_agree() -> None:
    crossed = crossings(drawn(proof(IDENTITY, points=900)))
    assert MAX_LINES / 2 < len(crossed) <= 3 * MAX_LINES
    assert np.ptp(crossed) > 0.8 * FITTED[0]  # those that are shown lie far from each other


def test_words_are_written_only_where_they_are_asked_for() -> None:
    without, lettered = drawn(proof(MIDDLE)), drawn(proof(MIDDLE), words=True)
    assert lettered.shape == (without.shape[0] + HEADING + FOOT, without.shape[1], 3)
    assert np.array_equal(lettered[MARGIN + HEADING : -FOOT - MARGIN], without[MARGIN:-MARGIN])
    for written in (lettered[: MARGIN + HEADING], lettered[-FOOT:]):
        assert (written.max(axis=2) < 140).any()  # ink
    assert (without[:MARGIN] == GROUND).all()
    assert (without[-MARGIN:] == GROUND).all()


def test_narrow_pictures_leave_room_for_the_words_only() -> None:
    narrow = np.full((400, 50, 3), 120, np.uint8)
    assert drawn(query=narrow, stored=narrow, words=True).shape[1] == MIN_WIDTH
    assert drawn(query=narrow, stored=narrow).shape[1] == 2 * 60 + GAP + 2 * MARGIN


# --- the words


@pytest.mark.parametrize(
    ("probability", "written"),
    [
        (0.0, "<1%"),
        (0.0099, "<1%"),
        (0.01, "1%"),
        (0.344, "34%"),
        (0.5, "50%"),
        (0.99, "99%"),
        (0.9901, ">99%"),
        (0.999999, ">99%"),
        (1.0, "100%"),
    ],
)
def test_percentage_is_rounded_but_never_to_nothing_or_certainty(probability: float, written: str) -> None:
    assert explain.per_cent(probability) == written


@given(one=probabilities, other=probabilities)
def test_only_what_is_certain_is_a_hundred_per_cent_and_more_is_never_written_as_less(one: float, other: float) -> None:
    assert (explain.per_cent(one) == "100%") == (one == 1)
    assert explain.per_cent(one) != "0%"

    def number(probability: float) -> float:
        written = explain.per_cent(probability)
        return int(written.strip("<>%")) + {"<": -0.5, ">": 0.5}.get(written[0], 0)

    low, high = sorted((one, other))
    assert number(low) <= number(high)


@pytest.mark.parametrize(
    ("found", "calibrated", "headline"),
    [
        (match(evidence=Evidence(exact=True)), True, "The same file, byte for byte"),
        (match(evidence=Evidence(exact=True)), False, "The same file, byte for byte"),
        (match("same", 0.97), True, "The same picture: 97% sure"),
        (match("same", 0.97), False, "Probably the same picture"),
        (match("variant", 0.93), True, "Another version: 93% sure"),
        (match("variant", 0.93), False, "Probably another version"),
        (match("alike", 0.6), True, "Looks alike: 60% the same kind of thing"),
        (match("alike", 0.6), False, "Looks alike"),
        (match("alike", 0.004, weak=True), True, "Not the same picture, and hardly alike: <1% the same kind of thing"),
        (match("alike", 0.004, weak=True), False, "Not the same picture, and hardly alike"),
    ],
)
def test_headline_says_lane_and_certainty_and_no_per_cent_without_a_calibration(
    found: Match, calibrated: bool, headline: str
) -> None:
    assert explain.headline(found, calibrated=calibrated) == headline


def test_certainty_of_the_same_picture_is_p_same_and_not_the_score() -> None:
    assert "42%" in explain.headline(replace(match(), p_same=0.42, score=0.9), calibrated=True)
    assert "90%" in explain.headline(replace(match("variant"), p_same=0.1, score=0.9), calibrated=True)


def test_sentence_names_every_edit() -> None:
    for edit in Edit:
        said = explain.sentence(match(evidence=Evidence(edits=(edit,))))
        assert said == f"What was done to it: {explain.WORDS[edit]}."
    both = Evidence(edits=(Edit.MIRRORED, Edit.CROPPED))
    assert explain.sentence(match(evidence=both)) == "What was done to it: mirrored, cropped."


def test_sentence_where_nothing_was_done_or_nothing_found() -> None:
    assert explain.sentence(match(evidence=Evidence(exact=True))) == "Nothing was changed."
    assert explain.sentence(match()) == ""
    shares = "The same scene or layout, with other content: not the same picture."
    assert explain.sentence(match("variant")) == shares
    alike = match("alike", evidence=Evidence(edits=(Edit.CROPPED,)))
    assert explain.sentence(alike) == "No part of one was found in the other."


def test_edits_have_different_words() -> None:
    assert set(explain.WORDS) == set(Edit)
    assert len(set(explain.WORDS.values())) == len(Edit)
