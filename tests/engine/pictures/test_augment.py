"""Edited copies: of whatever size, the same for the same seed."""

import numpy as np
import pytest

from engine.domain import Pixels
from engine.pictures import augment
from tests.conftest import photograph

SIZES = [(1, 1), (8, 200), (15, 15), (500, 20), (64, 400), (90, 60)]


def textured(height: int, width: int, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


@pytest.mark.parametrize("edit", augment.EDITS)
def test_every_edit_takes_pictures_of_any_shape(edit: str) -> None:
    for height, width in SIZES:
        for seed in range(3):
            for pair in ((height, width), (60, 80)), ((60, 80), (height, width)):
                pixels, other = (textured(*size, seed) for size in pair)
                copy = augment.apply(edit, pixels, other, seed=seed)
                assert copy.dtype == np.uint8
                assert copy.ndim == 3
                assert copy.size


@pytest.mark.parametrize("edit", augment.EDITS)
def test_same_seed_gives_the_same_copy(edit: str) -> None:
    pixels, other = photograph("coffee.png")[::3, ::3].copy(), photograph("rocket.jpg")
    first, again, *others = (augment.apply(edit, pixels, other, seed=seed) for seed in (4, 4, 5, 6, 7, 8))
    assert np.array_equal(first, again)
    assert edit in ("mirror", "grayscale", "story") or not all(np.array_equal(first, one) for one in others)


@pytest.mark.parametrize("edit", augment.EDITS)
def test_the_other_picture_shows_in_the_edits_that_say_so(edit: str) -> None:
    pixels, other = photograph("coffee.png")[::4, ::4].copy(), photograph("rocket.jpg")[::4, ::4].copy()
    shows = False
    for seed in range(20):
        alone, beside = (augment.apply(edit, pixels, one, seed=seed) for one in (pixels, other))
        shows |= not np.array_equal(alone, beside)
    assert shows == (edit in augment.SHOW_OTHER)
