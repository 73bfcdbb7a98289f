"""The plots: whole pictures, whatever was measured."""

from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import Image as PillowImage

from engine.measuring.benching import BenchReport, EditFigures, FalseAlarms, PassedOver, Times, reliability
from engine.pictures.augment import EDITS
from shell import plots

ROWS = tuple(EditFigures(edit, 30, 0.9, 1.0, 0.9, 0, 80.0) for edit in EDITS)
REPORT = BenchReport(
    library=1000,
    pictures=30,
    seed=7,
    network="efficientnet-lite2/1",
    calibrated=True,
    workers=2,
    edits=ROWS,
    all_edits=replace(ROWS[0], edit="all", copies=690),
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


def test_longer_bars_have_more_of_their_colour() -> None:
    first = tuple(int(plots.FIRST[at : at + 2], 16) for at in (1, 3, 5))

    def coloured(report: BenchReport) -> int:
        return int((np.asarray(opened(plots.bench(report)).convert("RGB")) == first).all(axis=2).sum())

    worse = replace(REPORT, edits=tuple(replace(row, recall_at_1=0.3) for row in ROWS))
    assert coloured(REPORT) > 2 * coloured(worse)


def test_nothing_answered_is_drawn_all_the_same() -> None:
    opened(plots.bench(replace(REPORT, calibration=NOTHING, calibrated=False)))
    opened(plots.reliability_alone(NOTHING))


def test_reliability_diagram_stands_alone() -> None:
    with_points, without = (plots.reliability_alone(one) for one in (REPORT.calibration, NOTHING))
    assert opened(with_points).size == opened(without).size
    assert with_points != without
