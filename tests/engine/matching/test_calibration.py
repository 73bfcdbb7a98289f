"""How far cosines stand out, and what a calibration keeps."""

import math

import numpy as np

from engine.domain import NetworkRef
from engine.matching.calibration import MIN_REFERENCES, Calibration, shipped


def test_nearness_of_many_is_that_of_each() -> None:
    references = np.random.default_rng(1).normal(0.3, 0.1, 200).astype(np.float32)
    cosines = [0.2, 0.5, 0.913245, 1.0]
    assert Calibration.nearnesses(cosines, references) == [Calibration.nearness(one, references) for one in cosines]


def test_where_too_little_is_known_everything_may_stand_out() -> None:
    few = np.zeros(MIN_REFERENCES - 1, np.float32)
    assert Calibration.nearnesses([0.1, 0.9], few) == [math.inf, math.inf]


def test_calibration_of_an_older_library_knows_one_regression_for_both() -> None:
    known = shipped(NetworkRef("efficientnet-lite2", "1"))
    assert known
    value = known.to_json()
    older = Calibration.from_json({key: one for key, one in value.items() if key != "related"})
    assert older.related == older.same
    assert Calibration.from_json(value).related != older.same
