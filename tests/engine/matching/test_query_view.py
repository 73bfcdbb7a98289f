"""A query and its regions: points go to the right places, and nothing is computed twice or before it is needed."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain import WHOLE, Pixels, Region
from engine.features import covers, hashes, orb, regions, sift
from engine.matching.query_view import MIRROR, ORIENTATIONS, QueryPicture, View
from tests.small_library import painting

PICTURE = painting(0)
REGION = Region(0.25, 0.5, 0.5, 0.25)

shares = st.floats(0, 1)
any_region = st.builds(Region, st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.05, 1), st.floats(0.05, 1))


def centres(height: int, width: int) -> np.ndarray:
    """(height, width, 3) homogeneous shares of the middles of all pixels."""
    y, x = np.mgrid[:height, :width]
    return np.stack([(x + 0.5) / width, (y + 0.5) / height, np.ones_like(x)], axis=-1)


@pytest.mark.parametrize("number", range(8))
def test_orientations_lead_from_a_query_to_the_picture_that_it_was_before(number: int) -> None:
    """They are those of the hashes: the query turned clockwise, then its mirror image turned."""
    query = np.random.default_rng(1).integers(0, 255, (4, 6), np.uint8)
    stored = np.rot90(query[:, ::-1] if number >= 4 else query, -(number % 4))
    at = centres(4, 6) @ ORIENTATIONS[number].T
    height, width = stored.shape
    assert np.array_equal(stored[(at[..., 1] * height).astype(int), (at[..., 0] * width).astype(int)], query)


@pytest.mark.parametrize("number", range(8))
def test_orientation_of_the_nearest_hash_is_that_in_which_the_picture_lies(number: int) -> None:
    stored = np.rot90(PICTURE[:, ::-1] if number >= 4 else PICTURE, -(number % 4))
    phash = hashes.phash(np.ascontiguousarray(stored))
    assert phash is not None
    distances = [hashes.hamming(one, phash) for one in View(QueryPicture(PICTURE), WHOLE).orientations]
    assert int(np.argmin(distances)) == number


def test_mirror_swaps_left_and_right() -> None:
    assert (MIRROR @ [0.2, 0.7, 1]).tolist() == pytest.approx([0.8, 0.7, 1])


# --- the whole query


def test_what_is_made_of_a_query_is_made_when_it_is_needed_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def noted(module: Any, name: str) -> None:
        real = getattr(module, name)

        def instead(*args: Any) -> Any:
            calls.append(name)
            return real(*args)

        monkeypatch.setattr(module, name, instead)

    noted(covers, "uncover")
    noted(covers, "coarse")
    noted(covers, "without_lines")
    noted(regions, "find")
    query = QueryPicture(PICTURE)
    assert calls == []
    query.prepare_boxes()
    assert calls == ["find"]
    for _ in range(2):
        assert query.uncovered is None
        assert query.boxes
        assert query.coarse.shape == (256,)
        assert query.without_lines.shape[2] == 3
        assert query.grey is query.grey
    assert sorted(calls) == ["coarse", "find", "uncover", "without_lines"]


def test_grey_has_the_size_of_the_query() -> None:
    grey = QueryPicture(PICTURE).grey
    assert grey.shape == PICTURE.shape[:2]
    assert grey.dtype == np.uint8


def test_covers_are_looked_for_only_where_there_may_be_some() -> None:
    covered = PICTURE.copy()
    covered[:120] = 0
    assert QueryPicture(covered).uncovered is not None
    assert QueryPicture(covered, may_be_covered=False).uncovered is None


# --- a view


def test_view_of_the_whole_is_the_query_itself() -> None:
    assert View(QueryPicture(PICTURE), WHOLE).pixels is PICTURE


def test_view_of_a_region_holds_its_pixels_in_a_row() -> None:
    view = View(QueryPicture(PICTURE), REGION)
    assert view.pixels.flags.c_contiguous
    assert np.array_equal(view.pixels, PICTURE[180:270, 120:360])


def test_keypoints_that_are_known_are_not_looked_for_again() -> None:
    known = orb.detect(painting(1))
    assert View(QueryPicture(PICTURE), WHOLE, known).keypoints is known


def test_features_of_a_view_are_those_of_its_pixels() -> None:
    view = View(QueryPicture(PICTURE), REGION)
    mirror_image = np.ascontiguousarray(view.pixels[:, ::-1])
    assert np.array_equal(view.keypoints.points, orb.detect(view.pixels).points)
    assert np.array_equal(view.mirrored_keypoints.points, orb.detect(mirror_image).points)
    assert np.array_equal(view.sift_keypoints.points, sift.detect(view.pixels).points)
    assert view.mirrored_sift_keypoints.points == pytest.approx(view.sift_keypoints.points * [-1, 1] + [1, 0], abs=1e-6)
    assert view.orientations == hashes.phash_orientations(view.pixels)
    assert view.keypoints is view.keypoints


@pytest.mark.parametrize("part", ["mirrored_keypoints", "sift_keypoints"])
def test_what_is_prepared_is_not_computed_again(part: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    view = View(QueryPicture(PICTURE), REGION)
    view.prepare(part)

    def again(pixels: Pixels) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(orb, "detect", again)
    monkeypatch.setattr(sift, "detect", again)
    assert getattr(view, part) is getattr(view, part)


def test_flat_region_has_neither_hashes_nor_keypoints() -> None:
    view = View(QueryPicture(np.full((90, 120, 3), 128, np.uint8)), REGION)
    assert view.orientations == []
    assert len(view.keypoints) == len(view.mirrored_keypoints) == 0


def test_corners_of_a_region_lie_where_it_does_in_the_query() -> None:
    view = View(QueryPicture(PICTURE), REGION)
    corners = np.array([[0, 0], [1, 1]], np.float32)
    assert view.on_query(corners, mirrored=False) == pytest.approx(np.array([[0.25, 0.5], [0.75, 0.75]]))
    assert view.on_query(corners, mirrored=True) == pytest.approx(np.array([[0.75, 0.5], [0.25, 0.75]]))
    assert view.on_query(np.zeros((0, 2), np.float32), mirrored=True).shape == (0, 2)


@settings(max_examples=50)
@given(region=any_region, x=shares, y=shares)
def test_shares_of_the_query_and_of_a_region_lead_to_each_other(region: Region, x: float, y: float) -> None:
    view = View(QueryPicture(PICTURE), region)
    on_query = view.on_query(np.array([[x, y]], np.float32), mirrored=False)[0]
    assert view.from_query() @ [*on_query, 1] == pytest.approx([x, y, 1], abs=1e-4)
