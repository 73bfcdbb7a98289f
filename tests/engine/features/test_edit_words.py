"""Edits are named when they were made, and not when they were not."""

import cv2
import numpy as np
import pytest

from engine.domain import Edit, Pixels
from engine.features import edit_words
from engine.matching.query_view import MIRROR, ORIENTATIONS
from engine.pictures import augment
from tests.conftest import photograph

WHOLE = np.eye(3)


def name(query: Pixels, stored: Pixels, transform: np.ndarray = WHOLE) -> set[Edit]:
    aspect = stored.shape[1] / stored.shape[0]
    return set(edit_words.name_edits(query, stored, transform, stored_aspect=aspect))


@pytest.fixture(params=["astronaut.png", "coffee.png", "chelsea.png", "motorcycle_left.png"])
def picture(request: pytest.FixtureRequest) -> Pixels:
    return photograph(request.param)


def test_saved_again_is_recompressed_only(picture: Pixels) -> None:
    copy = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    assert copy is not None
    assert name(copy, picture) == {Edit.RECOMPRESSED}


def test_mirrored(picture: Pixels) -> None:
    assert name(np.ascontiguousarray(picture[:, ::-1]), picture, MIRROR) == {Edit.MIRRORED}


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_is_rotated(picture: Pixels, turns: int) -> None:
    copy = np.ascontiguousarray(np.rot90(picture, turns))
    assert name(copy, picture, ORIENTATIONS[turns]) == {Edit.ROTATED}


@pytest.mark.parametrize(("kept", "expected"), [(0.98, {Edit.ROTATED}), (0.7, {Edit.ROTATED, Edit.CROPPED})])
def test_what_a_turn_cuts_off_is_no_crop(picture: Pixels, kept: float, expected: set[Edit]) -> None:
    height, width = picture.shape[:2]
    angle = np.radians(12)
    sine, cosine, doubled = np.sin(angle), np.cos(angle), np.cos(2 * angle)
    box = ((width * cosine - height * sine) / doubled, (height * cosine - width * sine) / doubled)  # the largest within
    w, h = (round(side * kept) for side in box)
    turned = cv2.warpAffine(picture, cv2.getRotationMatrix2D((width / 2, height / 2), 12, 1), (width, height))
    y, x = round((height - h) / 2), round((width - w) / 2)
    copy = np.ascontiguousarray(turned[y : y + h, x : x + w])
    to_picture = np.vstack(
        [cv2.invertAffineTransform(cv2.getRotationMatrix2D((width / 2, height / 2), 12, 1)), [0, 0, 1]]
    )
    to_pixels = np.array([[w, 0, x], [0, h, y], [0, 0, 1]], np.float64)
    transform = np.diag([1 / width, 1 / height, 1]) @ to_picture @ to_pixels
    assert name(copy, picture, transform) == expected


def test_stretched(picture: Pixels) -> None:
    assert name(cv2.resize(picture, None, fx=1.5, fy=1), picture) == {Edit.STRETCHED}


def test_cropped(picture: Pixels) -> None:
    height, width = picture.shape[:2]
    copy = np.ascontiguousarray(picture[: height // 2, : width // 2])
    half = np.array([[width // 2 / width, 0, 0], [0, height // 2 / height, 0], [0, 0, 1]])
    assert name(copy, picture, half) == {Edit.CROPPED}


def test_with_flat_borders_is_padded(picture: Pixels) -> None:
    width = picture.shape[1]
    copy = cv2.copyMakeBorder(picture, 0, 0, width // 4, width // 4, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    inner = np.array([[copy.shape[1] / width, 0, -(width // 4) / width], [0, 1, 0], [0, 0, 1]])
    assert name(copy, picture, inner) == {Edit.PADDED}


def test_on_another_picture_is_inside_larger(picture: Pixels) -> None:
    ground = cv2.resize(photograph("rocket.jpg"), (900, 900))
    ground[200:600, 300:700] = cv2.resize(picture, (400, 400))
    inner = np.array([[900 / 400, 0, -300 / 400], [0, 900 / 400, -200 / 400], [0, 0, 1]])
    assert Edit.INSIDE_LARGER in name(ground, picture, inner)


def test_grayscale(picture: Pixels) -> None:
    assert name(augment.grayscale(picture, np.random.default_rng(1), picture), picture) == {Edit.GRAYSCALE}


def test_darker_is_recoloured(picture: Pixels) -> None:
    assert name((picture * 0.6).astype(np.uint8), picture) == {Edit.RECOLOURED}


def test_blurred(picture: Pixels) -> None:
    assert name(cv2.GaussianBlur(picture, (0, 0), max(picture.shape) * 0.012), picture) == {Edit.BLURRED}


def test_sticker_is_overlaid(picture: Pixels) -> None:
    assert name(augment.sticker(picture, np.random.default_rng(4), picture), picture) == {Edit.OVERLAID}


LIGHT, DARK = [(250, 250, 250), (200, 30, 30), (30, 60, 160)], [(20, 20, 30), (240, 200, 40), (200, 30, 30)]


def drawn(colours: list[tuple[int, int, int]], seed: int) -> Pixels:
    """Boxes and discs on a plain ground, the same ones for a seed."""
    random, page = np.random.default_rng(seed), np.full((400, 500, 3), colours[0], np.uint8)
    for number in range(40):
        x, y, wide, high = (int(random.integers(*of)) for of in ((0, 460), (0, 360), (20, 120), (20, 100)))
        ink = colours[1 + number % 2]
        if number % 2:
            cv2.rectangle(page, (x, y), (x + wide, y + high), ink, -1)
        else:
            cv2.circle(page, (x, y), wide // 2, ink, -1)
    return page


@pytest.mark.parametrize("seed", range(4))
def test_drawing_in_other_colours_is_recoloured_and_not_blurred(seed: int) -> None:
    """Light on dark instead of dark on light, and other colours: their order of brightness is another."""
    for query, stored in ((DARK, LIGHT), (LIGHT, DARK)):
        assert name(drawn(query, seed), drawn(stored, seed)) == {Edit.RECOLOURED}
