"""The word for a match is chosen in one place."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engine.domain import Evidence, Grade, Lane, Match, StoredImage

IMAGE = StoredImage(1, "a" * 64, "a.jpg", None, None, None, (), "image/jpeg", 4, 3, 9, datetime.now(UTC), None)


@pytest.mark.parametrize(
    ("lane", "score", "grade"),
    [
        ("same", 0.9901, Grade.CERTAINLY_SAME),
        ("same", 0.99, Grade.ALMOST_CERTAINLY_SAME),
        ("same", 0.9, Grade.ALMOST_CERTAINLY_SAME),
        ("same", 0.8999, Grade.PROBABLY_SAME),
        ("alike", 0.75, Grade.VERY_ALIKE),
        ("alike", 0.7499, Grade.ALIKE),
    ],
)
def test_grade_follows_lane_and_score(lane: Lane, score: float, grade: Grade) -> None:
    match = Match(IMAGE, lane, score, score, False, Evidence())
    assert match.grade is grade
    assert replace(match, weak=True).grade is Grade.WEAK
    assert replace(match, weak=True, evidence=Evidence(exact=True)).grade is Grade.IDENTICAL
