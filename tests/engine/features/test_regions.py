"""Regions: the picture inside borders, screens and other pictures is among the few proposed."""

import numpy as np
import pytest

from engine import augment
from engine.domain import Region
from engine.features import regions
from tests.conftest import photograph


def overlap(first: Region, second: Region) -> float:
    return regions._overlap(first, second)


@pytest.mark.parametrize("ground", [0, 255, 90])
def test_picture_inside_flat_borders_is_the_first_region(ground: int) -> None:
    page = np.full((600, 800, 3), ground, np.uint8)
    page[150:450, 200:600] = photograph("coffee.png")[:300, :400]
    assert overlap(regions.find(page)[0], Region(0.25, 0.25, 0.5, 0.5)) > 0.9


@pytest.mark.parametrize("seed", range(6))
def test_picture_on_a_screen_is_among_the_regions(seed: int) -> None:
    inner, blank = photograph("chelsea.png"), np.full((300, 400, 3), 128, np.uint8)
    screen = augment.apply("screenshot", inner, blank, seed=seed)
    without = augment.apply("screenshot", np.zeros_like(inner), blank, seed=seed)
    changed = np.flatnonzero(np.abs(screen.astype(int) - without).sum(axis=(0, 2)))
    rows = np.flatnonzero(np.abs(screen.astype(int) - without).sum(axis=(1, 2)))
    height, width = screen.shape[:2]
    truth = Region(changed[0] / width, rows[0] / height, (np.ptp(changed) + 1) / width, (np.ptp(rows) + 1) / height)
    assert max(overlap(found, truth) for found in regions.find(screen)) > 0.6


def test_regions_are_few_inside_the_picture_and_apart() -> None:
    for name in ("astronaut.png", "rocket.jpg", "motorcycle_left.png"):
        found = regions.find(photograph(name))
        assert 1 <= len(found) <= regions.MAX_REGIONS
        for one in found:
            assert one.x >= 0
            assert one.y >= 0
            assert one.x + one.width <= 1.001
            assert one.y + one.height <= 1.001
        for at, one in enumerate(found):
            assert all(overlap(one, other) < regions.SAME_BOX for other in found[at + 1 :])


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 700, 3), (700, 2, 3)])
def test_tiny_and_thin_pictures_do_not_fail(shape: tuple[int, int, int]) -> None:
    for one in regions.find(np.zeros(shape, np.uint8)):
        assert regions.cut(np.zeros(shape, np.uint8), one).size > 0
