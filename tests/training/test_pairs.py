"""Pairs to fit on: copies and variants of every kind, and a seed says it all."""

import numpy as np
import pytest

from tests.conftest import SHIPPED, photograph
from training import layouts
from training.edits import edited
from training.other_shots import stickered, with_object
from training.scrutiny_pairs import Task, pairs

CAT, CUP = photograph("chelsea.png"), photograph("coffee.png")
OTHERS = (SHIPPED / "coffee.png", SHIPPED / "astronaut.png", SHIPPED / "rocket.jpg")


def task(kind: str) -> Task:
    chelsea = SHIPPED / "chelsea.png"
    if kind == "photograph":
        return Task(3, chelsea, OTHERS)
    if kind == "another shot":
        left, right = SHIPPED / "motorcycle_left.png", SHIPPED / "motorcycle_right.png"
        return Task(3, left, OTHERS, next_shot=right)
    return Task(3, None, OTHERS, kind)


@pytest.mark.parametrize("kind", ["photograph", "another shot", "ticket", "sign"])
def test_pairs_of_a_task_are_both_copies_and_variants_and_the_same_again(kind: str) -> None:
    made, again = list(pairs(task(kind))), list(pairs(task(kind)))
    assert {is_copy for _, is_copy, _, _ in made} == {True, False}
    assert [(name, is_copy) for name, is_copy, _, _ in made] == [(name, is_copy) for name, is_copy, _, _ in again]
    assert all(np.array_equal(one[2], other[2]) for one, other in zip(made, again, strict=True))
    for name, is_copy, query, stored in made:
        assert query.dtype == stored.dtype == np.uint8
        if not is_copy and query.shape == stored.shape and kind != "sign":  # two signs may show one symbol
            assert not np.array_equal(query, stored), name


@pytest.mark.parametrize("kind", layouts.KINDS)
def test_layout_filled_in_anew_shares_the_layout_and_nothing_else_is_left_to_chance(kind: str) -> None:
    first, same, anew = layouts.draw(kind, 1, 0), layouts.draw(kind, 1, 0), layouts.draw(kind, 1, 1)
    assert np.array_equal(first, same)
    assert first.shape == anew.shape
    assert 0.002 < (np.abs(first.astype(int) - anew).max(2) > 40).mean() < 0.6


def test_sticker_covers_a_part_and_leaves_the_rest_as_it_was() -> None:
    for seed in range(12):
        covered = stickered(CAT, np.random.default_rng(seed))
        changed = (np.abs(covered.astype(int) - CAT).max(2) > 30).mean()
        assert 0.003 < changed < 0.5, seed


def test_what_moves_on_stays_in_the_picture() -> None:
    for moved in ((9.0, 9.0), (-9.0, -9.0), (0.5, 0.0)):
        there = with_object(CAT, CUP, np.random.default_rng(1), np.random.default_rng(2), moved=moved)
        assert there.shape == CAT.shape
        assert not np.array_equal(there, CAT)


def test_edits_for_training_are_pictures_and_the_same_again() -> None:
    sizes = set()
    for seed in range(20):
        made, again = (edited(CAT, CUP, np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(made, again)
        assert made.dtype == np.uint8
        assert made.ndim == 3
        sizes.add(made.shape)
    assert len(sizes) > 10
