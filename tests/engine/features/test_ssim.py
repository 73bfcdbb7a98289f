"""SSIM against scikit-image's, and alignment."""

import cv2
import numpy as np
import pytest
from skimage import data
from skimage.metrics import structural_similarity

from engine.features import ssim

CENTRE_CROP = np.array([[0.5, 0, 0.25], [0, 0.5, 0.25], [0, 0, 1]])


@pytest.mark.parametrize("sigma", [0.5, 2, 6])
def test_ssim_is_scikit_images(sigma: float) -> None:
    first = ssim.grey(data.astronaut())
    second = cv2.GaussianBlur(first, (0, 0), sigma)
    expected, expected_map = structural_similarity(
        first, second, win_size=7, data_range=255, use_sample_covariance=False, full=True
    )
    found = ssim.ssim_map(first, second)
    inner = np.s_[4:-4, 4:-4]  # at the border the two extend the picture differently
    assert np.abs(found - expected_map)[inner].max() < 2e-3
    assert found[inner].mean() == pytest.approx(expected, abs=5e-3)


def test_picture_on_itself_is_one() -> None:
    alignment = ssim.align(data.coffee(), ssim.grey(data.coffee()), np.eye(3))
    assert alignment is not None
    assert alignment.ssim > 0.99
    assert alignment.structure > 0.97
    assert alignment.overlap > 0.95


def test_crop_agrees_where_it_lies() -> None:
    picture = data.astronaut()
    alignment = ssim.align(np.ascontiguousarray(picture[128:384, 128:384]), ssim.grey(picture), CENTRE_CROP)
    assert alignment is not None
    assert alignment.structure > 0.9
    assert alignment.overlap == pytest.approx(0.25, abs=0.03)


def test_crop_does_not_agree_where_it_does_not_lie() -> None:
    picture = data.astronaut()
    alignment = ssim.align(np.ascontiguousarray(picture[0:256, 0:256]), ssim.grey(picture), CENTRE_CROP)
    assert alignment is None or alignment.structure < 0.3


def test_brightness_and_contrast_do_not_count() -> None:
    picture = data.coffee()
    darker = (picture * 0.5 + 20).astype(np.uint8)
    alignment = ssim.align(darker, ssim.grey(picture), np.eye(3))
    assert alignment is not None
    assert alignment.ssim > 0.95


def test_different_pictures_do_not_agree() -> None:
    assert ssim.align(data.coffee(), ssim.grey(data.astronaut()), np.eye(3)) is None


def test_flat_overlap_proves_nothing() -> None:
    flat = np.full((256, 256, 3), 200, np.uint8)
    assert ssim.align(flat, ssim.grey(flat), np.eye(3)) is None


def test_too_small_an_overlap_proves_nothing() -> None:
    corner = np.array([[1, 0, 0.9], [0, 1, 0.9], [0, 0, 1]], np.float64)
    assert ssim.align(data.astronaut(), ssim.grey(data.astronaut()), corner) is None
