"""The plots: whole pictures, whatever was measured."""

from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import Image as PillowImage

from engine.measuring.benching import (
    BenchReport,
    EditFigures,
    FalseAlarms,
    PassedOver,
    Times,
    VariantFigures,
    reliability,
)
from engine.pictures.augment import EDITS
from engine.pictures.variants import VARIANTS
from shell import plots

ROWS = tuple(EditFigures(edit, 30, 0.9, 1.0, 0.9, 0, 80.0) for edit in EDITS)
VERSIONS = tuple(VariantFigures(kind, 30, 3, 24, 0.12) for kind in VARIANTS)
REPORT = BenchReport(
    library=1000,
    pictures=30,
    seed=7,
    network="efficientnet-lite2/1",
    calibrated=True,
    workers=2,
    edits=ROWS,
    all_edits=replace(ROWS[0], edit="all", copies=690),
    variants=VERSIONS,
    all_variants=replace(VERSIONS[0], kind="all", asked=120, wrongly_same=12, variant=96),
    false_alarms=FalseAlarms(60, 0, ()),
    calibration=reliability([(0.05, False), (0.5, True), (0.5, False), (0.99, True)]),
    time=Times(750, 80.0, 200.0, 70.0),
    passed_over=PassedOver(),
)
NOTHING = reliability([])


def opened(content: bytes) -> PillowImage.Image:
    picture = PillowImage.open(BytesIO(content))
    picture.load()
    assert picture.format == "PNG"
    return picture


def test_more_edits_make_a_higher_picture() -> None:
    few = replace(REPORT, edits=ROWS[:1])
    assert opened(plots.bench(REPORT)).height > opened(plots.bench(few)).height > 600


def coloured(report: BenchReport, colour: str) -> int:
    wanted = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return int((np.asarray(opened(plots.bench(report)).convert("RGB")) == wanted).all(axis=2).sum())


def test_longer_bars_have_more_of_their_colour() -> None:
    worse = replace(REPORT, edits=tuple(replace(row, recall_at_1=0.3) for row in ROWS))
    assert coloured(REPORT, plots.FIRST) > 2 * coloured(worse, plots.FIRST)


def test_more_that_is_wrongly_called_the_same_has_more_of_its_colour() -> None:
    worse = replace(REPORT, variants=tuple(replace(row, wrongly_same=24, variant=3) for row in VERSIONS))
    assert coloured(worse, plots.WRONGLY_SAME) > 4 * coloured(REPORT, plots.WRONGLY_SAME)
    assert coloured(REPORT, plots.VARIANT) > 3 * coloured(worse, plots.VARIANT)


def test_nothing_answered_is_drawn_all_the_same() -> None:
    opened(plots.bench(replace(REPORT, calibration=NOTHING, calibrated=False)))
    unasked = tuple(replace(row, asked=0, wrongly_same=0, variant=0, mean_p_same=0.0) for row in VERSIONS)
    opened(plots.bench(replace(REPORT, variants=unasked, all_variants=replace(unasked[0], kind="all"))))
    opened(plots.reliability_alone(NOTHING))


def test_reliability_diagram_stands_alone() -> None:
    with_points, without = (plots.reliability_alone(one) for one in (REPORT.calibration, NOTHING))
    assert opened(with_points).size == opened(without).size
    assert with_points != without
