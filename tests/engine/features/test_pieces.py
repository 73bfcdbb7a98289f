"""Pieces of collages, screenshots and pages: offered where there are some, and not where there are none."""

import cv2
import numpy as np
import pytest

from engine.domain import Pixels, Region
from engine.features.pieces import MAX_PIECES, find
from engine.pictures import imaging
from tests import collages
from tests.conftest import PHOTOGRAPHS, jpeg, photograph
from tests.small_library import menu, painting

SHOWN = [photograph(name) for name in (*PHOTOGRAPHS, "hubble_deep_field.jpg", "ihc.png", "gravel.png")]


def offered(kind: str, seed: int) -> tuple[int, int]:
    """How many pieces of a collage a box lies on, and how many boxes lie on none."""
    order = np.random.default_rng(seed).permutation(len(PHOTOGRAPHS))
    collage = collages.made(kind, [*(SHOWN[i] for i in order), *SHOWN[len(PHOTOGRAPHS) :]], seed)
    content = imaging.decode_own(jpeg(collage.pixels, 85))
    assert content is not None
    found = find(content)
    assert [one.area for one in found] == sorted((one.area for one in found), reverse=True)
    lies_on = [[collages.overlap(piece, box) >= 0.8 for box in found] for piece in collage.pieces]
    return sum(map(any, lies_on)), sum(not any(on) for on in zip(*lies_on, strict=True))


@pytest.mark.parametrize("kind", [kind for kind in collages.KINDS if "gutters" in kind])
def test_every_piece_with_a_gutter_around_it_is_offered(kind: str) -> None:
    for seed in (1, 2):
        right, wrong = offered(kind, seed)
        assert right == collages.KINDS[kind][0]
        assert wrong <= 1


def test_nearly_all_pieces_of_all_kinds_are_offered_and_little_else() -> None:
    pieces = {kind: 2 * count for kind, (count, _) in collages.KINDS.items()}
    found = {kind: [offered(kind, seed) for seed in (1, 2)] for kind in collages.KINDS}
    each = {kind: sum(right for right, _ in counts) / pieces[kind] for kind, counts in found.items()}
    assert min(each.values()) >= 0.5, each
    assert sum(right for counts in found.values() for right, _ in counts) >= 0.85 * sum(pieces.values()), each
    assert sum(wrong for counts in found.values() for _, wrong in counts) <= 0.1 * sum(pieces.values()), found


def test_picture_of_one_thing_on_a_plain_ground_is_offered_beside_others() -> None:
    bottle = np.full((300, 400, 3), (250, 205, 215), np.uint8)
    bottle[:, :30] = np.linspace(40, 120, 300).astype(np.uint8)[:, None, None]  # a curtain
    cv2.ellipse(bottle, (200, 150), (70, 110), 0, 0, 360, (120, 30, 140), -1)
    first, last = (collages.filled(photograph(name), 400, 300) for name in PHOTOGRAPHS[:2])
    found = find(np.vstack([first, bottle, last]))
    assert len(found) == 3
    assert max(collages.overlap(one, Region(0, 1 / 3, 1, 1 / 3)) for one in found) >= 0.95


@pytest.mark.parametrize("name", [*PHOTOGRAPHS, "hubble_deep_field.jpg", "retina.jpg", "page.png"])
def test_photograph_is_offered_nothing(name: str) -> None:
    assert find(photograph(name)) == []


@pytest.mark.parametrize("number", range(6))
def test_drawn_pictures_and_sheets_are_offered_nothing(number: int) -> None:
    assert find(painting(number)) == []
    assert find(menu(number, 1)) == []


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 900), (900, 3), (31, 31), (200, 20)])
def test_small_and_flat_pictures_are_offered_nothing(width: int, height: int) -> None:
    for level in (0, 255):
        assert find(np.full((height, width, 3), level, np.uint8)) == []


def test_boxes_lie_in_the_picture_and_are_few() -> None:
    random = np.random.default_rng(3)
    tiles = [[_tile(random) for _ in range(6)] for _ in range(6)]
    found = find(np.vstack([np.hstack(row) for row in tiles]))
    assert len(found) <= MAX_PIECES
    for box in found:
        assert min(box.x, box.y) >= 0
        assert max(box.x + box.width, box.y + box.height) <= 1


def _tile(random: np.random.Generator) -> Pixels:
    return np.asarray(random.integers(0, 256, (1, 1, 3)) * np.ones((100, 120, 1)), np.uint8)
