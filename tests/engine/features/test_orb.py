"""Keypoints and their geometry: what agrees is found, what does not is refused."""

import cv2
import numpy as np
import pytest
from skimage import data

from engine.domain import Pixels
from engine.features import orb
from engine.features.geometry import Geometry, overlap


def similarity_of(geometry: Geometry, expected: np.ndarray) -> float:
    """Largest distance, in shares, between where two transforms put the picture's corners."""
    corners = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], np.float32)
    got, wanted = (cv2.perspectiveTransform(corners, m.astype(float)) for m in (geometry.transform, expected))
    return float(np.abs(got - wanted).max())


def test_same_picture_lies_on_itself() -> None:
    found = orb.detect(data.astronaut())
    assert 200 < len(found) <= orb.MAX_KEYPOINTS
    assert found.points.min() >= 0
    assert found.points.max() <= 1
    geometry = orb.verify(found, found)
    assert geometry is not None
    assert similarity_of(geometry, np.eye(3)) < 0.01
    assert geometry.inliers > 0.8 * len(found)


def test_crop_is_found_where_it_was_cut() -> None:
    picture = data.astronaut()
    geometry = orb.verify(orb.detect(np.ascontiguousarray(picture[100:400, 50:350])), orb.detect(picture))
    assert geometry is not None
    expected = np.array([[300 / 512, 0, 50 / 512], [0, 300 / 512, 100 / 512], [0, 0, 1]])
    assert similarity_of(geometry, expected) < 0.02
    query_share, stored_share = overlap(geometry.transform)
    assert query_share == pytest.approx(1, abs=0.05)
    assert stored_share == pytest.approx(0.343, abs=0.03)


def test_turned_and_stretched_picture_is_found() -> None:
    picture = data.coffee()
    changed = cv2.resize(np.ascontiguousarray(np.rot90(picture)), None, fx=1.4, fy=1.0)
    geometry = orb.verify(orb.detect(changed), orb.detect(picture))
    assert geometry is not None
    assert min(overlap(geometry.transform)) > 0.95


def test_perspective_is_found() -> None:
    picture = data.astronaut()
    source = np.array([[0, 0], [512, 0], [512, 512], [0, 512]], np.float32)
    target = np.array([[60, 20], [500, 60], [440, 500], [20, 430]], np.float32)
    tilted = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(source, target), (512, 512))
    geometry = orb.verify(orb.detect(tilted), orb.detect(picture))
    assert geometry is not None
    assert similarity_of(geometry, cv2.getPerspectiveTransform(target / 512, source / 512)) < 0.08


@pytest.mark.parametrize("second", ["coffee", "chelsea", "rocket", "page", "text", "brick", "grass"])
def test_different_pictures_agree_in_next_to_nothing(second: str) -> None:
    def rgb(pixels: Pixels) -> Pixels:
        return pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)

    geometry = orb.verify(orb.detect(data.astronaut()), orb.detect(rgb(getattr(data, second)())))
    assert geometry is None or geometry.inliers < 12


def test_mirror_image_is_not_taken_for_the_picture() -> None:
    picture = data.astronaut()
    geometry = orb.verify(orb.detect(np.ascontiguousarray(picture[:, ::-1])), orb.detect(picture))
    assert geometry is None or np.linalg.det(geometry.transform[:2, :2]) > 0


def test_flat_picture_has_no_keypoints_and_agrees_with_nothing() -> None:
    flat = orb.detect(np.full((100, 100, 3), 90, np.uint8))
    assert len(flat) == 0
    assert flat.descriptors.shape == (0, 32)
    assert orb.verify(flat, orb.detect(data.astronaut())) is None


def test_an_eighth_of_the_keypoints_tells_copies_from_strangers() -> None:
    cup, cat = data.coffee(), data.chelsea()
    whole = orb.detect(cup)
    assert orb.shared(orb.detect(np.ascontiguousarray(cup[60:340, 90:510])), whole, one_in=8) >= 8
    assert orb.shared(orb.detect(cat), whole, one_in=8) < 4
    blank = orb.detect(np.full((200, 300, 3), 250, np.uint8))
    assert orb.shared(blank, whole, one_in=8) == orb.shared(whole, blank, one_in=8) == 0
