"""How far cosines stand out."""

import math

import numpy as np

from engine.matching.calibration import MIN_REFERENCES, Calibration


def test_nearness_of_many_is_that_of_each() -> None:
    references = np.random.default_rng(1).normal(0.3, 0.1, 200).astype(np.float32)
    cosines = [0.2, 0.5, 0.913245, 1.0]
    assert Calibration.nearnesses(cosines, references) == [Calibration.nearness(one, references) for one in cosines]


def test_where_too_little_is_known_everything_may_stand_out() -> None:
    few = np.zeros(MIN_REFERENCES - 1, np.float32)
    assert Calibration.nearnesses([0.1, 0.9], few) == [math.inf, math.inf]
