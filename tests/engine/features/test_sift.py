"""SIFT keypoints: what ORB loses in a quarter of a picture is found."""

import cv2
import numpy as np
import pytest

from engine.features import sift
from engine.features.geometry import outline, overlap
from tests.conftest import photograph


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png", "astronaut.png"])
def test_quarter_of_a_picture_is_laid_where_it_was_cut_out(name: str) -> None:
    whole = photograph(name)
    height, width = whole.shape[:2]
    part = whole[height // 4 : 3 * height // 4, width // 3 : 5 * width // 6]
    found = sift.verify(sift.detect(part), sift.detect(cv2.resize(whole, (320, 320 * height // width))))
    assert found
    assert found.inliers >= 12
    corners = [[1 / 3, 1 / 4], [5 / 6, 1 / 4], [5 / 6, 3 / 4], [1 / 3, 3 / 4]]
    assert np.abs(outline(found.transform) - corners).max() < 0.02
    assert overlap(found.transform)[1] == pytest.approx(0.25, abs=0.02)


def test_different_pictures_have_no_geometry_to_speak_of() -> None:
    found = sift.verify(sift.detect(photograph("coffee.png")), sift.detect(photograph("rocket.jpg")))
    assert found is None or found.inliers < 12


def test_flat_picture_has_none() -> None:
    flat = sift.detect(np.full((90, 160, 3), 128, np.uint8))
    assert flat.points.shape == (0, 2)
    assert sift.verify(flat, sift.detect(photograph("coffee.png"))) is None


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png", "rocket.jpg"])
def test_mirrored_keypoints_are_those_of_the_mirror_image(name: str) -> None:
    pixels = photograph(name)
    made = sift.mirrored(sift.detect(pixels))
    looked_for = sift.detect(np.ascontiguousarray(pixels[:, ::-1]))
    apart = np.linalg.norm(made.points[:, None] - looked_for.points[None], axis=2)
    unlike = np.linalg.norm(made.descriptors[:, None] - looked_for.descriptors[None], axis=2)
    unlike[apart > 0.01] = np.inf
    assert np.mean(unlike.min(axis=1) < 0.15) > 0.8
    found = sift.verify(made, looked_for)
    assert found
    assert found.inliers > 0.7 * len(made.points)
    assert np.abs(found.transform - np.eye(3)).max() < 0.01


def test_mirrored_keypoints_of_a_flat_picture_are_none() -> None:
    assert sift.mirrored(sift.detect(np.full((90, 160, 3), 128, np.uint8))).points.shape == (0, 2)
