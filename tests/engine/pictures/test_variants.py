"""Other versions: the same scene, something else in it, the same for the same seed."""

import cv2
import numpy as np
import pytest

from engine.domain import Pixels
from engine.pictures import variants
from tests.conftest import photograph

SIZES = [(1, 1), (8, 200), (15, 15), (500, 20), (64, 400), (90, 60)]
COFFEE, CAT = photograph("coffee.png"), photograph("chelsea.png")


def made(kind: str, pixels: Pixels = COFFEE, *, seed: int = 4) -> Pixels:
    found = variants.vary(kind, pixels, CAT, seed=seed)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", variants.VARIANTS)
def test_every_kind_takes_pictures_of_any_shape(kind: str) -> None:
    for height, width in SIZES:
        pixels = np.random.default_rng(height).integers(0, 255, (height, width, 3), np.uint8)
        found = variants.vary(kind, pixels, CAT, seed=1)
        assert found is None or (found.dtype == np.uint8 and found.ndim == 3 and found.size > 0)


@pytest.mark.parametrize("kind", variants.VARIANTS)
def test_same_seed_gives_the_same_version_and_another_seed_another(kind: str) -> None:
    assert np.array_equal(made(kind), made(kind))
    other = made(kind, seed=5)
    assert other.shape != made(kind).shape or not np.array_equal(other, made(kind))


@pytest.mark.parametrize("kind", variants.VARIANTS)
def test_picture_that_it_is_made_of_stays_as_it_is(kind: str) -> None:
    before = COFFEE.copy()
    made(kind)
    assert np.array_equal(COFFEE, before)


@pytest.mark.parametrize("kind", ["moved", "replaced"])
def test_most_of_the_picture_stays_where_it_was_and_some_of_it_does_not(kind: str) -> None:
    for seed in range(5):
        greys = [
            cv2.GaussianBlur(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), (0, 0), 3).astype(np.float32)
            for one in (COFFEE, made(kind, seed=seed))
        ]
        levelled = [one - cv2.GaussianBlur(one, (0, 0), 25) for one in greys]
        differing = (np.abs(levelled[0] - levelled[1]) > 25).mean()
        assert 0.001 < differing < 0.5


@pytest.mark.parametrize("kind", ["another_shot", "another_light"])
def test_another_shot_has_lost_its_edge_where_nothing_is_known(kind: str) -> None:
    shot = made(kind)
    assert all(0.9 < now / before < 1 for now, before in zip(shot.shape[:2], COFFEE.shape[:2], strict=True))


@pytest.mark.parametrize("kind", variants.VARIANTS)
def test_nothing_is_made_of_a_flat_picture_where_nothing_could_be_seen_of_it(kind: str) -> None:
    flat = np.full((120, 160, 3), 90, np.uint8)
    assert variants.vary(kind, flat, flat, seed=1) is None


def test_difference_is_visible_from_some_size_and_strength_on() -> None:
    changed = COFFEE.copy()
    assert not variants.differs_visibly(COFFEE, changed)
    changed[100:104, 100:104] = 255 - changed[100:104, 100:104]
    assert not variants.differs_visibly(COFFEE, changed)  # a speck
    changed[100:160, 100:160] = np.where(COFFEE[100:160, 100:160] > 128, 0, 255)
    assert variants.differs_visibly(COFFEE, changed)
    assert not variants.differs_visibly(COFFEE, np.clip(COFFEE.astype(int) + 5, 0, 255).astype(np.uint8))
