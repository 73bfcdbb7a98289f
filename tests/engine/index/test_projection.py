"""Fewer dimensions: what lies in the strongest directions stays, and few embeddings stay as they are."""

import numpy as np
import pytest

from engine.index.hits import Vectors
from engine.index.projection import DIMENSIONS, MIN_SAMPLE, Projection, moments

LARGE = 400


def embeddings(count: int, dimensions: int = LARGE, seed: int = 1) -> Vectors:
    """Unit vectors without negative parts, in clusters, as those of networks are."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(30, dimensions))
    vectors = centres[random.integers(30, size=count)] + 0.6 * random.normal(size=(count, dimensions))
    vectors = np.maximum(vectors, 0)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize(
    ("dimensions", "count", "is_worthwhile"),
    [
        (DIMENSIONS + 1, MIN_SAMPLE, True),
        (DIMENSIONS + 1, MIN_SAMPLE - 1, False),
        (DIMENSIONS, MIN_SAMPLE, False),
        (2, 10**6, False),
    ],
)
def test_projection_takes_many_embeddings_of_many_dimensions(dimensions: int, count: int, is_worthwhile: bool) -> None:
    assert Projection.worthwhile(dimensions, count) is is_worthwhile
    made = Projection.along(np.eye(dimensions), count)
    assert made.dimensions == (DIMENSIONS if is_worthwhile else dimensions)


def test_directions_are_orthonormal_and_strongest_first() -> None:
    strengths = np.linspace(1, 2, LARGE)
    directions = Projection.along(np.diag(strengths), MIN_SAMPLE).directions
    assert directions.shape == (LARGE, DIMENSIONS)
    assert directions.dtype == np.float32
    assert np.allclose(directions.T @ directions, np.eye(DIMENSIONS), atol=1e-5)
    assert np.abs(directions).argmax(axis=0).tolist() == list(range(LARGE - 1, LARGE - 1 - DIMENSIONS, -1))


def test_portions_give_the_directions_of_the_whole_sample() -> None:
    sample = embeddings(MIN_SAMPLE)
    sums = moments(sample[:500]) + moments(sample[500:501]) + moments(sample[501:].astype(np.float16))
    assert sums.shape == (LARGE, LARGE)
    assert sums.dtype == np.float64
    whole, portions = Projection.fit(sample), Projection.along(sums, len(sample))
    queries = embeddings(20, seed=2)
    first, second = whole(queries), portions(queries)
    assert np.allclose(first @ first.T, second @ second.T, atol=1e-3)


def test_embeddings_are_not_centred() -> None:
    """Angles between embeddings stay about what they are, though all of them point in much the same direction."""
    vectors = embeddings(MIN_SAMPLE)
    projected = Projection.fit(vectors)(vectors[:50])
    before, after = vectors[:50] @ vectors[:50].T, projected @ projected.T
    assert before.min() > 0.1
    assert np.abs(before - after).max() < 0.1


def test_what_lies_in_no_direction_is_no_number_less() -> None:
    directions = np.eye(4, 2, dtype=np.float32)
    projected = Projection(directions)(np.array([[0, 0, 1, 0], [3, 4, 9, 9]], np.float32))
    assert projected.tolist() == [[0, 0], [pytest.approx(0.6), pytest.approx(0.8)]]


def test_without_directions_embeddings_stay_and_become_float32() -> None:
    none = Projection.none(4)
    given = np.array([[1, 0, 0, 0], [0, 0.5, 0, 0]], np.float16)
    assert none.dimensions == 4
    assert none(given).dtype == np.float32
    assert np.array_equal(none(given), given)
    assert none(np.zeros((0, 4), np.float32)).shape == (0, 4)


def test_projection_keeps_unit_length_and_what_lies_in_its_directions() -> None:
    random = np.random.default_rng(5)
    basis = np.linalg.qr(random.normal(size=(LARGE, 40)))[0].T
    vectors = (random.normal(size=(MIN_SAMPLE, 40)) @ basis).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    projected = Projection.fit(vectors)(vectors)
    assert projected.shape == (MIN_SAMPLE, DIMENSIONS)
    assert np.allclose(projected @ projected.T, vectors @ vectors.T, atol=1e-4)


def test_few_embeddings_are_not_projected() -> None:
    few = embeddings(MIN_SAMPLE - 1, LARGE)
    assert Projection.fit(few).dimensions == LARGE
    assert np.array_equal(Projection.fit(few)(few), few)
