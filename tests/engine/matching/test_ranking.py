"""Ranking and calibration: pure functions of the evidence."""

from datetime import UTC, datetime

import numpy as np
import pytest

from engine.domain import (
    WHOLE,
    Edit,
    HandcraftedFeatures,
    Keypoints,
    Match,
    NetworkHead,
    NetworkRef,
    Region,
    StoredFeatures,
    StoredImage,
)
from engine.features.ssim import Alignment
from engine.matching.calibration import Calibration, Signals, shipped, uncalibrated
from engine.matching.candidates import Candidate, Candidates, References
from engine.matching.proof import Proof
from engine.matching.ranking import VARIANT_FROM, rank

NETWORK = NetworkRef("efficientnet-lite2", "1")
NO_KEYPOINTS = Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), 1.0)


def image(image_id: int) -> StoredImage:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return StoredImage(
        image_id, f"{image_id:064x}", f"{image_id}.jpg", None, None, None, (), "image/jpeg", 10, 10, 100, now, None
    )


def candidate(
    image_id: int,
    cosine: float,
    structure: float | None = None,
    *,
    p_copy: float | None = None,
    edits: tuple[Edit, ...] = (),
    differs: tuple[Region, ...] = (),
    difference: float | None = None,
    filled: float = 1.0,
) -> Candidate:
    proof = None
    if structure is not None:
        alignment = Alignment(structure, structure, structure, 0.0, 1.0)
        proof = Proof(np.diag([1 / filled, 1, 1]), None, alignment, WHOLE, edits, p_copy, differs, difference)
    stored = StoredFeatures(image(image_id), HandcraftedFeatures(0, NO_KEYPOINTS))
    distance = 30 if structure is None else 2
    return Candidate(stored, cosine, cosine, WHOLE, distance, proof, looks=cosine)


@pytest.fixture
def calibration() -> Calibration:
    found = shipped(NETWORK)
    assert found is not None
    return found


@pytest.fixture
def references(calibration: Calibration) -> References:
    found = calibration.references(NetworkHead.only(1280), calibration.background[0], [])
    return References(found, found)


def ranked(
    found: list[Candidate], references: References, calibration: Calibration, *, limit: int = 5, weak: bool = False
) -> list[tuple[int, str, bool]]:
    matches = rank(Candidates(tuple(found), []), references, calibration, limit=limit, weak=weak)
    return [(m.image.id, m.lane, m.weak) for m in matches]


def test_same_comes_before_alike_whatever_the_scores(calibration: Calibration, references: References) -> None:
    found = [candidate(1, 0.99), candidate(2, 0.5, 0.9)]
    assert ranked(found, references, calibration)[:2] == [(2, "same", False), (1, "alike", False)]


def test_equal_scores_are_ordered_by_id(calibration: Calibration, references: References) -> None:
    found = [candidate(n, 0.5, 0.9) for n in (9, 3, 7, 1)]
    assert [one[0] for one in ranked(found, references, calibration)] == [1, 3, 7, 9]


def test_weak_ones_fill_up_behind(calibration: Calibration, references: References) -> None:
    found = [candidate(1, 0.05), candidate(2, 0.9, 0.95), candidate(3, 0.1)]
    assert ranked(found, references, calibration) == [(2, "same", False), (3, "alike", True), (1, "alike", True)]
    assert len(ranked(found, references, calibration, limit=2)) == 2


def test_nothing_near_is_nothing_unless_asked_for(calibration: Calibration, references: References) -> None:
    found = [candidate(1, 0.02), candidate(2, 0.03)]
    assert ranked(found, references, calibration) == []
    assert ranked(found, references, calibration, weak=True) == [(2, "alike", True), (1, "alike", True)]


def only(one: Candidate, references: References, calibration: Calibration) -> Match:
    (match,) = rank(Candidates((one,), []), references, calibration, limit=1, weak=True)
    return match


def test_doubt_in_detail_is_taken_off_what_the_proof_says(calibration: Calibration, references: References) -> None:
    proved = only(candidate(1, 0.9, 0.9), references, calibration)
    for p_copy in (1.0, 0.9, 0.7):
        match = only(candidate(1, 0.9, 0.9, p_copy=p_copy), references, calibration)
        assert match.p_same == pytest.approx(proved.p_same * p_copy)
        assert match.lane == "same"
        assert match.evidence.outline is not None


def test_what_the_detail_alone_proves_is_the_same(calibration: Calibration, references: References) -> None:
    match = only(candidate(1, 0.8, 0.45, p_copy=0.99), references, calibration)
    assert (match.lane, match.p_same > calibration.same_cutoff) == ("same", True)
    for not_sure in (0.8, None):
        match = only(candidate(1, 0.8, 0.45, p_copy=not_sure), references, calibration)
        assert (match.lane, match.p_same < calibration.same_cutoff) == ("alike", True)


@pytest.mark.parametrize("p_copy", [0.49, 0.4, 0.1, 0.0])
def test_what_is_proved_and_no_copy_in_detail_is_a_variant(
    calibration: Calibration, references: References, p_copy: float
) -> None:
    proved = only(candidate(1, 0.9, 0.99), references, calibration)
    match = only(candidate(1, 0.9, 0.99, p_copy=p_copy), references, calibration)
    assert (match.lane, match.weak) == ("variant", False)
    assert match.p_same == pytest.approx(proved.p_same * p_copy)
    assert match.p_same < calibration.same_cutoff
    assert match.score == pytest.approx(proved.p_same * (1 - p_copy))
    assert match.score >= VARIANT_FROM
    assert match.evidence.outline == proved.evidence.outline is not None


@pytest.mark.parametrize("p_copy", [0.0, 0.3, None])
def test_what_is_not_proved_is_no_variant(
    calibration: Calibration, references: References, p_copy: float | None
) -> None:
    match = only(candidate(1, 0.9, 0.3, p_copy=p_copy), references, calibration)
    assert (match.lane, match.evidence.outline) == ("alike", None)


def test_what_is_neither_likely_a_copy_nor_a_variant_is_alike(calibration: Calibration, references: References) -> None:
    match = only(candidate(1, 0.9, 0.9, p_copy=0.5), references, calibration)
    assert (match.lane, match.evidence.outline) == ("alike", None)
    assert match.p_same < calibration.same_cutoff
    assert match.score >= match.p_same


def test_copy_comes_before_a_variant_and_a_variant_before_what_looks_alike(
    calibration: Calibration, references: References
) -> None:
    found = [candidate(1, 0.99), candidate(2, 0.98, 0.99, p_copy=0.3), candidate(3, 0.5, 0.9, p_copy=0.95)]
    lanes = [one[:2] for one in ranked(found, references, calibration)]
    assert lanes == [(3, "same"), (2, "variant"), (1, "alike")]


def test_likelier_variants_come_first_and_then_those_that_agree_more(
    calibration: Calibration, references: References
) -> None:
    found = [
        candidate(1, 0.9, 0.8, p_copy=0.01),
        candidate(2, 0.9, 0.95, p_copy=0.02),
        candidate(3, 0.9, 0.99, p_copy=0.3),
        candidate(4, 0.9, 0.95, p_copy=0.0),
    ]
    assert [one[0] for one in ranked(found, references, calibration)] == [2, 4, 1, 3]


CROPPED, TWICE, MIRRORED = (Edit.CROPPED,), (Edit.CROPPED, Edit.RECOMPRESSED), (Edit.MIRRORED,)
INSIDE = (Edit.INSIDE_LARGER,)
IN_ORDER = {
    "equal pixels before all others": ({"difference": 0.4, "p_copy": 0.6}, {"difference": 0.6, "p_copy": 0.99}),
    "the surer before the less sure": ({"p_copy": 0.99, "edits": TWICE}, {"p_copy": 0.6}),
    "its colours and orientation before others": ({"edits": TWICE}, {"edits": MIRRORED}),
    "grey after colours": ({"edits": TWICE}, {"edits": (Edit.GRAYSCALE,)}),
    "fewer edits before more": ({"edits": CROPPED, "difference": 9.0}, {"edits": TWICE, "difference": 2.0}),
    "the nearer before the farther": ({"edits": CROPPED, "difference": 2.0}, {"edits": CROPPED, "difference": 9.0}),
    "the larger before the smaller": (
        {"edits": INSIDE, "filled": 0.6, "difference": 90.0},
        {"edits": INSIDE, "filled": 0.1, "difference": 80.0},
    ),
    "what was measured before what was not": ({"difference": 200.0}, {"difference": None}),
    "the likelier before the less likely": ({"p_copy": 0.84}, {"p_copy": 0.82}),
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_order_among_the_same(calibration: Calibration, references: References, name: str) -> None:
    first, second = IN_ORDER[name]
    for ids in ((1, 2), (2, 1)):  # whichever was there first
        found = [candidate(ids[0], 0.9, 0.9, **first), candidate(ids[1], 0.9, 0.9, **second)]  # type: ignore[arg-type]
        for given in (found, found[::-1]):
            assert [one[:2] for one in ranked(given, references, calibration)] == [(one, "same") for one in ids]


def test_same_bytes_come_before_equal_pixels(calibration: Calibration, references: References) -> None:
    found = Candidates((candidate(1, 1.0, 0.99, difference=0.0), candidate(2, 1.0, 0.99, difference=0.0)), [])
    matches = rank(found, references, calibration, limit=5, exact=image(2))
    assert [match.image.id for match in matches] == [2, 1]


DIFFERS = (Region(0.1, 0.2, 0.3, 0.1), Region(0.6, 0.6, 0.1, 0.1))


@pytest.mark.parametrize(
    ("p_copy", "lane"), [(0.95, "same"), (0.5, "alike"), (0.2, "variant"), (0.0, "variant"), (None, "same")]
)
def test_what_differs_is_told_in_every_lane(
    calibration: Calibration, references: References, p_copy: float | None, lane: str
) -> None:
    match = only(candidate(1, 0.9, 0.9, p_copy=p_copy, differs=DIFFERS), references, calibration)
    assert (match.lane, match.evidence.differs) == (lane, DIFFERS)
    assert only(candidate(1, 0.9), references, calibration).evidence.differs == ()


def test_edits_are_named_of_the_same_picture_and_of_nothing_else(
    calibration: Calibration, references: References
) -> None:
    edits = (Edit.CROPPED,)
    for p_copy in (None, 0.9):
        assert only(candidate(1, 0.9, 0.9, p_copy=p_copy, edits=edits), references, calibration).evidence.edits == edits
    short = candidate(1, 0.9, 0.9, p_copy=0.5, edits=edits)  # a copy, and yet not sure enough
    weak = candidate(1, 0.9, 0.3, edits=edits)
    for one in (short, weak, candidate(1, 0.9, 0.9, p_copy=0.2, edits=edits)):
        match = only(one, references, calibration)
        assert match.lane != "same"
        assert match.evidence.edits == ()


def test_exact_is_certain(calibration: Calibration, references: References) -> None:
    (match,) = rank(Candidates((candidate(4, 0.2),), []), references, calibration, limit=5, exact=image(4))
    assert (match.score, match.p_same, match.lane, match.evidence.exact) == (1.0, 1.0, "same", True)


@pytest.mark.parametrize("name", ["efficientnet-lite2", "efficientnet-lite0"])
def test_shipped_calibration_goes_up_with_the_evidence(name: str) -> None:
    calibration = shipped(NetworkRef(name, "1"))
    assert calibration is not None
    assert calibration.background.shape[1] == 1280
    laid = ((None, 0), (0.2, 8), (0.5, 20), (0.9, 20))  # what is not laid on the query has no keypoints that agree
    by_structure = [calibration.p_same(Signals(s, (s or 0) > 0.4, found, 10, 0.6, 3)) for s, found in laid]
    assert by_structure == sorted(by_structure)
    assert by_structure[0] < 0.5 < by_structure[-1]
    by_cosine = [calibration.p_alike(c, 10 * c) for c in (0.1, 0.4, 0.8)]
    assert by_cosine == sorted(by_cosine)
    assert by_cosine[0] < calibration.alike_cutoff < by_cosine[-1]


def test_calibration_survives_being_written_down(calibration: Calibration) -> None:
    again = Calibration.from_json(calibration.to_json())
    assert again.same == calibration.same
    assert np.array_equal(again.background, calibration.background)


def test_network_without_calibration_is_marked(references: References) -> None:
    other = uncalibrated(NetworkRef("resnet50", "1"), 2048)
    assert not other.fitted
    assert other.references(NetworkHead.only(2048), np.ones(2048, np.float32), [0.5] * 60).shape == (40,)
    assert other.nearness(0.9, np.zeros(0, np.float32)) == 0
