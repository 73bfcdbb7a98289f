"""Fitting a calibration: known solutions are found, nothing is learned from the wrong pairs, a seed says it all."""

import logging
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from engine.concurrency import CpuPool
from engine.domain import WHOLE, Features, Pixels, StoredImage, Vector
from engine.features.ssim import Alignment
from engine.library.active_network import CALIBRATION, ActiveNetwork
from engine.matching import ranking
from engine.matching.calibration import Calibration
from engine.matching.candidates import Candidate, Candidates, References
from engine.matching.proof import Proof
from engine.measuring import fitting
from engine.measuring.fitting import (
    ALIKE_CUTOFF,
    BACKGROUND,
    EDITS_A_PICTURE,
    MIN_PICTURES,
    MIN_SAME_CUTOFF,
    SAME_PRECISION,
    calibrate,
    fit,
    logistic_regression,
)
from tests.small_library import HEAD, SmallLibrary, Squares, calibration, embedding, painting

PICTURES = [painting(number, 160, 120) for number in range(12)]
UNRELATED = [painting(number, 160, 120) for number in range(500, 508)]


class Told:
    """In place of a matcher: the picture that was read last is proved as well as it is told, the others are near.

    Of what is asked without regions, and not left out, it is another version, which is not proved.
    """

    def __init__(self, library: SmallLibrary, *, structure: float = 0.9, wrong_in: int = 0) -> None:
        """`wrong_in`: of so many queries one proves the wrong picture, nearly as well."""
        self.library = library
        self.structure, self.wrong_in = structure, wrong_in
        self.current = 0  # id of the picture that a query is made of
        self.asked: list[tuple[int, frozenset[int], bool]] = []
        # With the query's embedding, and the truth.
        self.pairs: list[tuple[Candidate, Vector, list[float], bool]] = []
        self.versions: list[tuple[Candidate, Vector, list[float], bool]] = []

    async def read(self, image: StoredImage) -> Pixels:
        self.current = image.id
        return PICTURES[image.id - 1]

    async def match(
        self, pixels: Pixels, features: Features, *, exclude: frozenset[int], regions_too: bool = True
    ) -> Candidates:
        self.asked.append((self.current, exclude, regions_too))
        is_version = not regions_too and self.current not in exclude
        wrong = bool(self.wrong_in) and len(self.asked) % self.wrong_in == 0
        cosines = {one: float(self.library.embedding(one) @ features.embedding) for one in self.library.images}
        ids = sorted(cosines.keys() - exclude, key=lambda one: -cosines[one])
        nearest = [cosines[one] for one in ids]
        chosen = [one for one in (self.current, *(one for one in ids if one != self.current)) if one not in exclude][:3]
        found = [
            self._candidate(
                one, cosines[one], proved=not is_version and (one == self.current or (wrong and place == 1))
            )
            for place, one in enumerate(chosen)
        ]
        pairs = [(one, features.embedding, nearest, one.id == self.current) for one in found]
        (self.versions if is_version else self.pairs).extend(pairs)
        return Candidates(tuple(found), nearest)

    def _candidate(self, image_id: int, cosine: float, *, proved: bool) -> Candidate:
        stored = self.library.images[image_id]
        if not proved:
            return Candidate(stored, cosine, cosine, WHOLE, 30, looks=cosine)
        structure = self.structure - 0.001 * len(self.asked)  # no two pairs are alike
        proof = Proof(np.eye(3), None, Alignment(1, structure, 0.9, 0, 1), WHOLE)
        return Candidate(stored, cosine, cosine, WHOLE, 8, proof, looks=cosine)


def active(told: Told) -> ActiveNetwork:
    parts: Any = SimpleNamespace(
        network=calibration().network, embedder=Squares(), calibration=calibration(), matcher=told
    )
    return cast(ActiveNetwork, parts)


async def fitted(told: Told, count: int = 4, **options: Any) -> Calibration:
    sample = [told.library.images[image_id].image for image_id in range(1, count + 1)]
    with CpuPool(1) as pool:
        return await fit(active(told), pool, told.read, sample, UNRELATED, **options)


@pytest.fixture
def told() -> Told:
    return Told(SmallLibrary(*PICTURES))


# --- the regression


def test_logistic_regression_finds_the_probabilities() -> None:
    random = np.random.default_rng(4)
    inputs = random.normal(size=(6000, 2)).astype(np.float32)
    truth = 1 / (1 + np.exp(-(2 * inputs[:, 0] - 1 * inputs[:, 1] - 0.5)))
    weights = logistic_regression(inputs, random.random(6000) < truth)
    assert weights == pytest.approx((2, -1, -0.5), abs=0.15)


def test_regression_without_any_evidence_gives_the_share_that_is_right() -> None:
    inputs = np.full((400, 2), 0.5, np.float32)
    *slopes, intercept = logistic_regression(inputs, np.arange(400) % 4 == 0)
    at_them = float(np.dot(slopes, [0.5, 0.5])) + intercept
    assert 1 / (1 + np.exp(-at_them)) == pytest.approx(0.25, abs=1e-3)


def test_pairs_that_can_be_told_apart_surely_give_finite_weights() -> None:
    inputs = np.linspace(-1, 1, 60, dtype=np.float32)[:, None]
    slope, intercept = logistic_regression(inputs, inputs[:, 0] > 0)
    assert 0 < slope < 1000
    assert intercept == pytest.approx(0, abs=0.5)


def test_units_of_an_input_do_not_count() -> None:
    random = np.random.default_rng(2)
    inputs = random.normal(size=(500, 2)).astype(np.float32)
    right = random.random(500) < 1 / (1 + np.exp(-inputs[:, 0]))
    first, second, intercept = logistic_regression(inputs, right)
    other = logistic_regression(inputs * np.array([1000, 1], np.float32) + np.array([7, 0], np.float32), right)
    assert other[:2] == pytest.approx((first / 1000, second), rel=0.02, abs=1e-3)
    assert other[2] == pytest.approx(intercept - 7 * first / 1000, abs=0.02)


# --- a fit


def references(calibrated: Calibration, vector: Vector, nearest: list[float]) -> References:
    found = calibrated.references(HEAD, vector, nearest)
    return References(found, found)


async def test_right_pairs_are_likely_and_wrong_ones_are_not(told: Told) -> None:
    found = await fitted(told)
    assert found.fitted
    assert found.network == calibration().network
    for candidate, vector, nearest, right in told.pairs:
        p_related = found.p_related(ranking.signals(candidate, references(found, vector, nearest)))
        assert (p_related >= found.same_cutoff - 1e-9) == right


async def test_seed_gives_the_same_calibration_again_and_another_another(told: Told) -> None:
    first = await fitted(told)
    again = await fitted(Told(told.library))
    other = await fitted(Told(told.library), seed=8)
    assert (again.same, again.same_cutoff) == (first.same, first.same_cutoff)
    assert np.array_equal(again.background, first.background)
    assert other.same != first.same


async def test_copies_are_made_of_every_picture_and_each_is_told_of(told: Told) -> None:
    seen: list[tuple[int, int]] = []
    await fitted(told, count=3, progress=lambda done, total: seen.append((done, total)))
    copies, total = 3 * EDITS_A_PICTURE, 3 * (EDITS_A_PICTURE + 1)
    assert seen == [(done, total) for done in range(1, total + 1)]
    assert [current for current, _, _ in told.asked] == [1] * 3 + [2] * 3 + [3] * 3 + [1, 2, 3]
    assert [regions_too for _, _, regions_too in told.asked] == [True] * copies + [False] * 3


async def test_what_is_not_proved_of_another_version_counts_as_another_picture(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled: list[fitting.LabelledPairs] = []
    collect = fitting._collect

    async def collected(*given: Any) -> fitting.LabelledPairs:
        labelled.append(await collect(*given))
        return labelled[-1]

    monkeypatch.setattr(fitting, "_collect", collected)
    await fitted(told)
    inputs = [
        ranking.signals(one, references(calibration(), vector, nearest)).vector()
        for one, vector, nearest, is_of_it in told.versions
        if is_of_it
    ]
    assert len(inputs) == 4
    of_versions = labelled[0].inputs[-4:]
    assert not labelled[0].same[-4:].any()
    assert labelled[0].related[-4:].all()
    assert all(any(np.allclose(row[:5], one[:5]) for one in inputs) for row in of_versions)


async def test_some_queries_are_strangers_and_unrelated_pictures_are_never_an_answer(told: Told) -> None:
    await fitted(told, count=8, unrelated_ids=frozenset({11, 12}))
    excluded = [exclude - {11, 12} for _, exclude, _ in told.asked]
    assert all({11, 12} <= exclude for _, exclude, _ in told.asked)
    assert all(one in (set(), {current}) for one, (current, _, _) in zip(excluded, told.asked, strict=True))
    assert 0.1 < np.mean([len(one) for one in excluded[: 8 * EDITS_A_PICTURE]]) < 0.6


async def test_background_is_of_the_unrelated_pictures(told: Told) -> None:
    found = await fitted(told, count=2)
    assert found.background.dtype == np.float32
    assert np.array_equal(found.background, np.stack([embedding(pixels) for pixels in UNRELATED]))


async def test_background_is_bounded(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BACKGROUND < 1000
    monkeypatch.setattr(fitting, "BACKGROUND", 3)
    assert (await fitted(told, count=2)).background.shape == (3, 108)


async def test_cut_off_keeps_next_to_all_wrong_pairs_out(told: Told) -> None:
    """Every fifth query proves a wrong picture nearly as well as the right one."""
    for strangely in (Told(told.library, wrong_in=5), Told(told.library, structure=0.55, wrong_in=2)):
        found = await fitted(strangely, count=6)
        above = [
            right
            for candidate, vector, nearest, right in strangely.pairs
            if found.p_related(ranking.signals(candidate, references(found, vector, nearest)))
            >= found.same_cutoff + 1e-9
        ]
        assert MIN_SAME_CUTOFF <= found.same_cutoff <= 1
        assert not above or np.mean(above) >= SAME_PRECISION
        assert not all(right for *_, right in strangely.pairs)


async def test_cut_off_is_never_below_a_half(told: Told) -> None:
    assert (await fitted(told)).same_cutoff >= MIN_SAME_CUTOFF


async def test_without_kinds_the_other_lane_keeps_its_weights(told: Told) -> None:
    found = await fitted(told, count=2)
    assert found.alike == calibration().alike
    assert found.alike_cutoff == ALIKE_CUTOFF
    assert len(told.asked) == 2 * (EDITS_A_PICTURE + 1)


async def test_with_kinds_the_other_lane_is_fitted_on_the_pictures_as_they_are(told: Told) -> None:
    found = await fitted(told, count=6, kind=lambda image: "even" if image.id % 2 == 0 else "odd")
    asked = told.asked[6 * (EDITS_A_PICTURE + 1) :]
    assert [(current, exclude, regions_too) for current, exclude, regions_too in asked] == [
        (image_id, frozenset({image_id}), False) for image_id in range(1, 7)
    ]
    assert found.alike != calibration().alike
    assert len(found.alike) == 3


# --- a library's own


class Library:
    """As much of a library as a calibration asks for."""

    def __init__(self, told: Told, count: int) -> None:
        self.told = told
        first = told.library.images[1].image
        self.all = [replace(first, id=image_id) for image_id in range(1, count + 1)]
        self.put: list[tuple[str, Any]] = []
        self.read: list[int] = []
        self.recalibrations = 0

    async def live_images(self, limit: int) -> list[StoredImage]:
        return self.all[:limit]

    async def decoded(self, image: StoredImage) -> Any:
        self.read.append(image.id)
        self.told.current = 1 + image.id % len(PICTURES)
        return SimpleNamespace(pixels=PICTURES[image.id % len(PICTURES)])

    async def current(self) -> tuple[ActiveNetwork, None]:
        return active(self.told), None

    async def recalibrated(self) -> None:
        assert self.put  # what is to be taken up is there
        self.recalibrations += 1


async def calibrated(library: Library) -> bool:
    async def put(key: str, value: Any) -> None:
        library.put.append((key, value))

    repository: Any = SimpleNamespace(images=library, settings=SimpleNamespace(put=put))
    with CpuPool(1) as pool:
        return await calibrate(repository, cast(Any, library), cast(Any, library), pool)


async def test_library_with_too_few_pictures_keeps_what_it_has(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    library = Library(told, MIN_PICTURES - 1)
    with caplog.at_level(logging.WARNING):
        assert not await calibrated(library)
    assert (library.put, library.read, library.recalibrations) == ([], [], 0)
    assert f"at least {MIN_PICTURES}" in caplog.text


async def test_calibration_of_a_librarys_own_is_kept_and_taken_up(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "SAMPLE", 2)
    library = Library(told, MIN_PICTURES)
    assert await calibrated(library)
    ((key, value),) = library.put
    assert key == CALIBRATION
    kept = Calibration.from_json(value)
    assert kept.network == calibration().network
    assert kept.background.shape == (MIN_PICTURES // 2, 108)
    assert library.recalibrations == 1
    unrelated, copied = set(library.read[: MIN_PICTURES // 2]), set(library.read[MIN_PICTURES // 2 :])
    assert len(copied) == 2
    assert not unrelated & copied  # what is taken for unrelated is copied nowhere
    assert all(unrelated <= exclude for _, exclude, _ in told.asked)
