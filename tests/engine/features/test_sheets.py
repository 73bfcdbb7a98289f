"""Sheets: what a photograph shows at an angle is found and laid flat, and nothing is found where nothing is."""

import cv2
import numpy as np
import pytest

from engine.domain import Pixels
from engine.features import sheets
from tests.conftest import photograph

CORNERS = np.array([[0.16, 0.09], [0.86, 0.15], [0.93, 0.9], [0.07, 0.82]])
PICTURES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")


def page() -> Pixels:
    """With a dark head and lines of words, as slides and letters have them."""
    made = np.full((480, 640, 3), 245, np.uint8)
    made[:80] = (20, 60, 120)
    for line in range(7):
        cv2.putText(made, f"line {line * 37} of some words", (40, 130 + 48 * line), 0, 0.8, (30, 30, 30), 2)
    return made


def on_a_table(pixels: Pixels, corners: sheets.Corners, table: tuple[int, int, int] = (92, 70, 52)) -> Pixels:
    """As a phone would see it, a little blurred and with noise."""
    height, width = pixels.shape[:2]
    ends = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(ends, (corners * [800, 600]).astype(np.float32))
    shot = cv2.warpPerspective(pixels, matrix, (800, 600), borderValue=table).astype(np.float32)
    noise = np.random.default_rng(1).normal(0, 3, shot.shape)
    return np.asarray(np.clip(cv2.GaussianBlur(shot, (0, 0), 0.8) + noise, 0, 255), np.uint8)


@pytest.mark.parametrize("table", [(92, 70, 52), (210, 200, 190), (10, 10, 10)])
def test_corners_of_a_page_on_a_table_are_found(table: tuple[int, int, int]) -> None:
    found = sheets.find(on_a_table(page(), CORNERS, table))
    assert found is not None
    assert np.abs(found - CORNERS).max() < 0.02


@pytest.mark.parametrize("name", PICTURES)
def test_corners_of_a_print_on_a_table_are_found(name: str) -> None:
    found = sheets.find(on_a_table(photograph(name), CORNERS))
    assert found is not None
    assert np.abs(found - CORNERS).max() < 0.02


def test_sheet_that_reaches_over_the_border_is_found() -> None:
    cut = on_a_table(page(), np.array([[0.1, 0.12], [0.9, 0.05], [1.02, 0.9], [0.03, 0.96]]))
    found = sheets.find(cut)
    assert found is not None
    assert np.abs(found - [[0.1, 0.12], [0.9, 0.05], [1.0, 0.9], [0.03, 0.96]]).max() < 0.04


def test_what_is_laid_flat_is_the_sheet() -> None:
    flat = sheets.flattened(on_a_table(page(), CORNERS), CORNERS)
    expected = cv2.resize(page(), flat.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.corrcoef(flat.ravel(), expected.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("name", PICTURES)
def test_photographs_show_no_sheet(name: str) -> None:
    assert sheets.find(photograph(name)) is None


def test_what_stands_upright_is_left_to_the_regions() -> None:
    upright = np.array([[0.2, 0.15], [0.8, 0.15], [0.8, 0.85], [0.2, 0.85]])
    assert sheets.find(on_a_table(page(), upright)) is None


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 400, 3), (8, 8, 3), (300, 300, 3)])
def test_tiny_and_flat_pictures_show_no_sheet(shape: tuple[int, int, int]) -> None:
    assert sheets.find(np.full(shape, 128, np.uint8)) is None


def test_corners_become_those_of_a_whole_picture() -> None:
    ends = np.c_[CORNERS, np.ones(4)] @ sheets.to_sheet(CORNERS).T
    assert np.allclose(ends[:, :2] / ends[:, 2:], [[0, 0], [1, 0], [1, 1], [0, 1]], atol=1e-5)
    around = sheets.around(CORNERS)
    assert (around.x, around.y, around.width, around.height) == pytest.approx((0.07, 0.09, 0.86, 0.81))
