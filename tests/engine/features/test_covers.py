"""Covers are found, filled and left out; lines are seen through."""

import cv2
import numpy as np
import pytest

from engine.domain import Pixels
from engine.features import covers
from engine.pictures.augment import apply
from tests.conftest import photograph


def banded(pixels: Pixels, level: int) -> Pixels:
    """Upright bands that cover a third."""
    covered = pixels.copy()
    covered[:, (np.arange(pixels.shape[1]) // 40) % 3 == 0] = level
    return covered


@pytest.mark.parametrize("level", [0, 255])
def test_bands_are_filled_with_what_is_around_them(level: int) -> None:
    whole = cv2.resize(photograph("chelsea.png"), (520, 340))
    found = covers.uncover(banded(whole, level))
    assert found
    assert 0.3 < found.covered.mean() < 0.6
    small = cv2.resize(whole, (found.pixels.shape[1], found.pixels.shape[0]), interpolation=cv2.INTER_AREA).astype(int)
    filled = np.abs(found.pixels.astype(int) - small)[found.covered].mean()
    assert filled < 0.4 * np.abs(level - small)[found.covered].mean()
    assert (found.pixels[~found.covered] == covers.uncover(banded(whole, level)).pixels[~found.covered]).all()  # type: ignore[union-attr]


def test_picture_without_covers_has_none() -> None:
    assert covers.uncover(cv2.resize(photograph("chelsea.png"), (520, 340))) is None


def test_what_is_all_cover_has_none() -> None:
    assert covers.uncover(np.zeros((200, 300, 3), np.uint8)) is None


def test_lines_are_seen_through() -> None:
    whole = cv2.resize(photograph("coffee.png"), (480, 320))
    lined = apply("stripes", whole, whole, seed=4)
    before = np.abs(lined.astype(int) - whole).mean()
    after = np.abs(covers.without_lines(lined).astype(int) - covers.without_lines(whole)).mean()
    assert after < 0.5 * before
