"""The values that pass between modules: the word for a match, and one JSON that all doors write."""

import json
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.schemas import MatchOut
from engine.domain import (
    CHECKED,
    WHOLE,
    CheckReport,
    Edit,
    Evidence,
    Grade,
    Keypoints,
    Lane,
    Match,
    NetworkRef,
    Region,
    SearchResult,
    StoredImage,
    never,
    no_progress,
)
from shell.terminal import result_json

IMAGE = StoredImage(1, "a" * 64, "a.jpg", None, None, None, (), "image/jpeg", 4, 3, 9, datetime.now(UTC), None)
EVIDENCE = Evidence(
    exact=False,
    cosine=0.8123,
    phash_distance=9,
    keypoints=42,
    ssim=0.9,
    structure=0.7,
    region=Region(0.1, 0.2, 0.3, 0.4),
    outline=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),
    edits=(Edit.MIRRORED, Edit.INSIDE_LARGER),
    differs=(Region(0.5, 0.25, 0.125, 0.5),),
)
MATCHES = (
    Match(replace(IMAGE, title="Old mill"), "same", 0.98765432, 0.98765432, False, EVIDENCE),
    Match(IMAGE, "same", 1.0, 1.0, False, Evidence(exact=True, cosine=1.0, phash_distance=0)),
    Match(IMAGE, "variant", 0.98, 0.01234567, False, replace(EVIDENCE, edits=())),
    Match(IMAGE, "alike", 0.123456, 0.0000123, True, Evidence()),
)


# --- the word for a match


@pytest.mark.parametrize(
    ("lane", "score", "grade"),
    [
        ("same", 0.9901, Grade.CERTAINLY_SAME),
        ("same", 0.99, Grade.ALMOST_CERTAINLY_SAME),
        ("same", 0.9, Grade.ALMOST_CERTAINLY_SAME),
        ("same", 0.8999, Grade.PROBABLY_SAME),
        ("variant", 1.0, Grade.VARIANT),
        ("variant", 0.5, Grade.VARIANT),
        ("alike", 0.75, Grade.VERY_ALIKE),
        ("alike", 0.7499, Grade.ALIKE),
    ],
)
def test_grade_follows_lane_and_score(lane: Lane, score: float, grade: Grade) -> None:
    match = Match(IMAGE, lane, score, score, False, Evidence())
    assert match.grade is grade
    assert replace(match, weak=True).grade is Grade.WEAK
    assert replace(match, weak=True, evidence=Evidence(exact=True)).grade is Grade.IDENTICAL


@given(lane=st.sampled_from(["same", "variant", "alike"]), one=st.floats(0, 1), other=st.floats(0, 1))
def test_higher_score_of_a_lane_never_has_a_lesser_grade(lane: Lane, one: float, other: float) -> None:
    order = list(Grade)  # from the surest on
    low, high = (Match(IMAGE, lane, score, score, False, Evidence()).grade for score in sorted((one, other)))
    assert order.index(high) <= order.index(low)
    assert (high in order[1:4]) == (lane == "same")
    assert (high is Grade.VARIANT) == (lane == "variant")


def test_codes_that_other_programs_know_stay_as_they_are() -> None:
    assert [one.value for one in Grade] == [
        "identical", "certainly_same", "almost_certainly_same", "probably_same", "variant", "very_alike", "alike",
        "weak",
    ]  # fmt: skip
    assert [one.value for one in Edit] == [
        "mirrored", "rotated", "cropped", "inside_larger", "padded", "recoloured", "grayscale", "blurred", "overlaid",
        "stretched", "recompressed",
    ]  # fmt: skip


# --- as JSON


@pytest.mark.parametrize("match", MATCHES, ids=["same", "exact", "variant", "weak"])
def test_match_is_written_alike_by_the_shell_and_the_api(match: Match) -> None:
    written = json.loads(json.dumps(match.as_json()))
    (by_shell,) = json.loads(json.dumps(result_json(SearchResult((match,)))))["matches"]
    by_api = MatchOut.of(match).model_dump(mode="json")
    assert by_shell == written
    assert {name: by_api[name] for name in written} == written


def test_match_names_its_picture_and_rounds_its_scores() -> None:
    written = MATCHES[0].as_json()
    assert (written["id"], written["name"], written["title"]) == (1, "a.jpg", "Old mill")
    assert (written["lane"], written["score"], written["p_same"], written["weak"]) == ("same", 0.9877, 0.9877, False)
    assert written["grade"] == "almost_certainly_same"  # of the score as it is
    assert "sha256" not in json.dumps(written)


def test_evidence_is_written_in_full_with_its_edits_by_code() -> None:
    assert json.loads(json.dumps(EVIDENCE.as_json())) == {
        "exact": False,
        "cosine": 0.8123,
        "phash_distance": 9,
        "keypoints": 42,
        "ssim": 0.9,
        "structure": 0.7,
        "region": {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4},
        "outline": [[0, 0], [1, 0], [1, 1], [0, 1]],
        "edits": ["mirrored", "inside_larger"],
        "differs": [{"x": 0.5, "y": 0.25, "width": 0.125, "height": 0.5}],
        "place": None,
    }
    nothing = Evidence().as_json()
    assert set(nothing) == {one.name for one in fields(Evidence)}
    assert (nothing["region"], nothing["outline"], nothing["edits"], nothing["differs"]) == (None, None, [], ())


# --- a search


def test_stage_that_came_before_is_counted_into_the_total() -> None:
    result = SearchResult((), {"match": 20.0, "total": 25.5})
    after = result.after("fetch", 100.26)
    assert after.timings_ms == {"match": 20.0, "fetch": 100.26, "total": 125.76}
    assert result.timings_ms == {"match": 20.0, "total": 25.5}


# --- a check


@pytest.mark.parametrize("name", CHECKED)
def test_library_with_any_finding_is_not_sound(name: str) -> None:
    assert CheckReport().sound
    counts: dict[str, Any] = {name: 1}
    assert not CheckReport(**counts).sound


def test_what_was_done_about_findings_is_no_finding() -> None:
    counts = {one.name for one in fields(CheckReport) if one.type in (int, "int")}
    assert counts - set(CHECKED) == {"purged", "taken_out", "unmended", "outdated", "seen_anew"}
    assert set(CHECKED) <= counts
    assert CheckReport(purged=5, taken_out=2, repaired=True, outdated=3, seen_anew=4).sound


@pytest.mark.parametrize(
    ("report", "mended"),
    [
        (CheckReport(repaired=True, wrong_hash=3), True),
        (CheckReport(wrong_hash=3), False),
        (CheckReport(repaired=True, wrong_hash=3, unmended=1), False),
        (CheckReport(repaired=True, damaged_pages=1), False),
    ],
)
def test_mended_is_what_was_repaired_without_a_rest(report: CheckReport, mended: bool) -> None:
    assert report.mended == mended


# --- small ones


def test_values_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        MATCHES[0].score = 1.0  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        WHOLE.x = 0.5  # type: ignore[misc]


def test_region_of_the_whole_has_the_whole_area() -> None:
    assert WHOLE.area == 1
    assert Region(0.5, 0.5, 0.25, 0.5).area == 0.125


def test_keypoints_are_counted() -> None:
    assert len(Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), 1.0)) == 0
    assert len(Keypoints(np.zeros((7, 2), np.float32), np.zeros((7, 32), np.uint8), 1.0)) == 7


def test_network_is_written_with_its_version() -> None:
    assert str(NetworkRef("resnet50", "1-ab")) == "resnet50/1-ab"


def test_callers_that_show_and_stop_nothing_are_served() -> None:
    no_progress(1, 2)
    assert never() is False
