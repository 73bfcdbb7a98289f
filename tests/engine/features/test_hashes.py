"""Perceptual hashes: golden values, orientations, and no hash for what is flat."""

import cv2
import numpy as np
import pytest
from skimage import data

from engine.domain import Pixels
from engine.features import hashes


def phash(pixels: Pixels) -> int:
    """Of what is not flat."""
    found = hashes.phash(pixels)
    assert found is not None
    return found


def test_sha256_is_the_standard_one() -> None:
    assert hashes.sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("name", "golden"), [("astronaut", 0xC2924C5532BDDFC8), ("coffee", 0xBB8320376C0F3637), ("cat", 0xB15FE6465121175E)]
)
def test_phash_has_its_golden_value(name: str, golden: int) -> None:
    assert hashes.hamming(phash(getattr(data, name)()), golden) <= 2


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_orientations_are_the_hashes_of_the_turned_picture(turns: int, mirrored: bool) -> None:
    picture = data.chelsea()
    shown = picture[:, ::-1] if mirrored else picture
    turned = np.ascontiguousarray(np.rot90(shown, -turns))
    at = turns + (4 if mirrored else 0)
    assert hashes.hamming(hashes.phash_orientations(picture)[at], phash(turned)) <= 4


def test_reencoded_picture_keeps_its_hash() -> None:
    picture = data.astronaut()
    again = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)
    assert again is not None
    assert hashes.hamming(phash(picture), phash(again)) <= 3


def test_different_pictures_differ_in_about_half_the_bits() -> None:
    assert 20 <= hashes.hamming(phash(data.astronaut()), phash(data.coffee())) <= 44


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_picture_has_no_hash(level: int) -> None:
    flat = np.full((200, 300, 3), level, np.uint8)
    assert hashes.phash(flat) is None
    assert hashes.phash_orientations(flat) == []
