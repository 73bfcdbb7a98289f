"""Regions: the picture inside borders, screens and other pictures is among the few proposed."""

import cv2
import numpy as np
import pytest

from engine.domain import Region
from engine.features import regions
from engine.pictures import augment
from engine.pictures.parts import cut
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


@pytest.mark.parametrize("at", [(0.1, 0.2), (0.55, 0.5), (0.0, 0.7)])
def test_picture_pasted_small_on_a_busy_one_is_among_the_boxes(at: tuple[float, float]) -> None:
    ground = photograph("astronaut.png").copy()
    height, width = ground.shape[:2]
    y, x, h, w = int(at[1] * height), int(at[0] * width), int(0.28 * height), int(0.25 * width)
    ground[y : y + h, x : x + w] = cv2.resize(photograph("chelsea.png"), (w, h), interpolation=cv2.INTER_AREA)
    truth = Region(x / width, y / height, w / width, h / height)
    assert max(overlap(found, truth) for found in regions.find(ground)[: regions.MAX_RULED]) > 0.8


def test_picture_without_a_border_on_its_page_is_among_the_regions() -> None:
    page = np.full((700, 500, 3), 255, np.uint8)
    mask = photograph("coffee.png").mean(axis=2) < 120
    inner = np.where(mask[..., None], photograph("coffee.png"), 255)[:300, :400]  # dark things on white
    page[150:450, 50:450] = inner
    rows, columns = np.flatnonzero((page < 255).any(axis=(1, 2))), np.flatnonzero((page < 255).any(axis=(0, 2)))
    truth = Region(columns[0] / 500, rows[0] / 700, np.ptp(columns) / 500, np.ptp(rows) / 700)
    assert max(overlap(found, truth) for found in regions.find(page)) > 0.7


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
        assert cut(np.zeros(shape, np.uint8), one).size > 0
