"""How pictures lie on each other: known transforms are found, and those that nobody makes are refused."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.features import geometry
from engine.features.geometry import MIN_PAIRS, SIDE, Matrix, Points, extent, fit, inverse, outline, overlap

IDENTITY: Matrix = np.eye(3)
HALF: Matrix = np.array([[0.5, 0, 0.5], [0, 1, 0], [0, 0, 1]])  # the query is the right half of the picture


def points(count: int, seed: int = 1) -> Points:
    return np.random.default_rng(seed).random((count, 2)).astype(np.float32)


def moved(transform: Matrix, at: Points) -> Points:
    return np.asarray(cv2.perspectiveTransform(at[None], transform)[0], np.float32)


def in_pixels(linear: Matrix) -> Matrix:
    """A transform of squares, about their middle."""
    around = np.eye(3)
    around[:2, :2] = linear
    around[:2, 2] = 0.5 - linear @ [0.5, 0.5]
    return around


def turned(degrees: float, scale: float = 1.0) -> Matrix:
    angle = np.radians(degrees)
    return scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


# --- fit


@settings(max_examples=25)
@given(degrees=st.floats(-180, 180), scale=st.floats(0.2, 5), stretch=st.floats(0.6, 1.6))
def test_transform_that_all_pairs_agree_on_is_found(degrees: float, scale: float, stretch: float) -> None:
    transform = in_pixels(turned(degrees, scale) @ np.diag([stretch, 1]))
    query = points(40)
    found = fit(query, 1.0, moved(transform, query), 1.0)
    assert found
    assert found.inliers == 40
    assert outline(found.transform) == pytest.approx(outline(transform), abs=0.01)


def test_pairs_that_do_not_agree_are_left_out() -> None:
    query = points(60)
    stored = moved(HALF, query)
    stored[:20] = points(20, seed=2)
    found = fit(query, 2.0, stored, 2.0)
    assert found
    assert outline(found.transform) == pytest.approx(outline(HALF), abs=0.01)
    assert 40 <= found.inliers <= 42
    assert np.array_equal(found.query_points[-40:], query[20:])
    assert np.array_equal(found.stored_points[-40:], stored[20:])


def test_shares_are_of_width_and_height_whatever_the_shapes() -> None:
    """A landscape picture turned by a quarter is a portrait, and nothing is stretched."""
    quarter = np.array([[0, -1, 1], [1, 0, 0], [0, 0, 1]], np.float64)
    query = points(30)
    found = fit(query, 1.5, moved(quarter, query), 1 / 1.5)
    assert found
    assert found.transform == pytest.approx(quarter, abs=0.01)
    # Of two squares the same pairs are fine; of a strip and a square they are stretched as nobody does it.
    assert fit(query, 6.0, moved(IDENTITY, query), 1.0) is None


def test_fewer_pairs_than_five_prove_nothing() -> None:
    query = points(MIN_PAIRS)
    assert fit(query, 1.0, query, 1.0)
    assert fit(query[1:], 1.0, query[1:], 1.0) is None
    assert fit(np.zeros((0, 2), np.float32), 1.0, np.zeros((0, 2), np.float32), 1.0) is None


@pytest.mark.parametrize(
    "linear",
    [
        np.diag([-1.0, 1.0]),  # mirrored
        np.diag([2.6, 1.0]),  # stretched
        turned(30, 0.05),  # next to nothing
        np.array([[1, 0.9], [0, 1]]) @ np.array([[1, 0.9], [0, 1]]),  # slanted
    ],
    ids=["mirrored", "stretched", "tiny", "slanted"],
)
def test_what_nobody_does_to_a_picture_is_no_geometry(linear: Matrix) -> None:
    query = points(40)
    assert fit(query, 1.0, moved(in_pixels(linear), query), 1.0) is None


def test_photographed_from_the_side_is_found_and_folded_over_is_not() -> None:
    query = points(60)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    tilted = cv2.getPerspectiveTransform(corners, np.array([[0.05, 0.1], [0.95, 0], [0.9, 1], [0.1, 0.85]], np.float32))
    found = fit(query, 1.0, moved(tilted, query), 1.0)
    assert found
    assert found.inliers > 55
    assert outline(found.transform) == pytest.approx(outline(tilted), abs=0.02)
    assert np.abs(found.transform[2, :2]).sum() > 0.1  # no affine transform does that


def test_perspective_must_explain_more_pairs_than_the_affine_transform() -> None:
    query = points(60)
    found = fit(query, 1.0, moved(HALF, query), 1.0)
    assert found
    assert found.transform[2].tolist() == [0, 0, 1]


def test_keypoint_of_the_stored_picture_counts_once_however_many_agree_with_it() -> None:
    query, stored = np.repeat(points(8), 4, axis=0), np.repeat(points(8), 4, axis=0)
    found = fit(query, 1.0, stored, 1.0)
    assert found
    assert found.inliers == 8
    assert len(np.unique(found.stored_points, axis=0)) == 8
    assert fit(np.repeat(points(4), 9, axis=0), 1.0, np.repeat(points(4), 9, axis=0), 1.0) is None


def test_same_pairs_give_the_same_transform() -> None:
    query, stored = points(50), np.concatenate([moved(HALF, points(25)), points(25, seed=3)])
    first, again = (fit(query, 1.0, stored, 1.0) for _ in range(2))
    assert first
    assert again
    assert np.array_equal(first.transform, again.transform)


# --- areas


@pytest.mark.parametrize(("aspect", "size"), [(1, (512, 512)), (2, (512, 256)), (0.5, (256, 512)), (1.6, (512, 320))])
def test_extent_has_the_aspect_and_its_longest_side(aspect: float, size: tuple[int, int]) -> None:
    assert extent(aspect).tolist() == pytest.approx(size)
    assert extent(aspect).max() == SIDE


def test_half_of_a_picture_is_all_of_the_query_and_half_of_the_stored() -> None:
    assert overlap(HALF) == pytest.approx((1.0, 0.5))
    assert overlap(inverse(HALF)) == pytest.approx((0.5, 1.0))
    assert overlap(IDENTITY) == pytest.approx((1.0, 1.0))


def test_picture_in_a_corner_overlaps_by_what_is_inside() -> None:
    aside = np.array([[1, 0, 0.75], [0, 1, 0.5], [0, 0, 1]], np.float64)
    assert overlap(aside) == pytest.approx((0.125, 0.125))


def test_no_overlap_is_zero() -> None:
    away = np.array([[1, 0, 5], [0, 1, 5], [0, 0, 1]], np.float64)
    assert overlap(away) == (0.0, 0.0)


def test_transform_to_a_line_overlaps_with_nothing() -> None:
    assert overlap(np.diag([1.0, 0.0, 1.0])) == (0.0, 0.0)


@settings(max_examples=40)
@given(degrees=st.floats(-180, 180), scale=st.floats(0.1, 8), x=st.floats(-1, 1), y=st.floats(-1, 1))
def test_shares_are_shares_and_change_places_the_other_way_round(
    degrees: float, scale: float, x: float, y: float
) -> None:
    transform = in_pixels(turned(degrees, scale))
    transform[:2, 2] += (x, y)
    query, stored = overlap(transform)
    assert 0 <= query <= 1
    assert 0 <= stored <= 1
    assert overlap(inverse(transform)) == pytest.approx((stored, query), abs=2e-3)


def test_outline_goes_clockwise_from_the_top_left() -> None:
    assert outline(IDENTITY).tolist() == [[0, 0], [1, 0], [1, 1], [0, 1]]
    assert outline(HALF).tolist() == [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]
    assert outline(HALF).dtype == np.float32


def test_inverse_leads_back() -> None:
    for transform in (HALF, in_pixels(turned(20, 0.4))):
        assert transform @ inverse(transform) == pytest.approx(np.eye(3))


def test_inliers_are_the_pairs_that_agree() -> None:
    assert geometry.Geometry(IDENTITY, points(9), points(9)).inliers == 9
