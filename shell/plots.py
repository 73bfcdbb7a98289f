"""Draws what was measured as PNG files: recall of each edit, other versions, and whether probabilities hold.

matplotlib is imported where it draws, for it takes half a second, and without pyplot, which would keep figures.
"""

import logging
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from engine import BenchReport, Bin, Reliability, VariantFigures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns where there is no home folder for its cache

DPI = 150
INK, MUTED, LINE, GROUND = "#1f2933", "#6b7785", "#d8dee6", "#ffffff"
FIRST, IN_FIVE, ANSWERS = "#0f7a72", "#a9d6d1", "#4c6fb1"
WRONGLY_SAME, VARIANT, NEITHER = "#b3382c", "#c05a9c", "#d8dee6"
ROW_INCHES, MIN_INCHES = 0.26, 6.0
VARIANTS_INCHES = 2.3  # what other versions take, with their heading
MIN_ROWS = 10  # that fill the height; fewer leave it empty, lest bars become slabs
MARGIN = 0.015  # share of the width


def bench(report: BenchReport) -> bytes:
    """A report of `pictrace bench` as a PNG: recall of each edit, other versions, and the reliability diagram."""
    rows = (report.all_edits, *report.edits)
    above = max(MIN_INCHES, 2.5 + ROW_INCHES * len(rows))
    height = above + VARIANTS_INCHES
    figure = _figure(13, height)
    grid = figure.add_gridspec(2, 2, width_ratios=(1.25, 1), height_ratios=(3.4, 1))
    left = grid[:, 0].subgridspec(2, 1, height_ratios=(above - 1.1, VARIANTS_INCHES))
    recall(figure.add_subplot(left[0]), [(row.edit, row.recall_at_1, row.recall_at_5) for row in rows])
    variants(figure.add_subplot(left[1]), (report.all_variants, *report.variants))
    diagram = figure.add_subplot(grid[0, 1])
    reliability(diagram, figure.add_subplot(grid[1, 1], sharex=diagram), report.calibration)
    title = f"{report.all_edits.copies:,} edited copies and {report.all_variants.asked:,} other versions"
    title += f" of {report.pictures:,} of {report.library:,} pictures"
    alarms = report.false_alarms
    said = f"alarms in {alarms.alarmed:,} of {alarms.asked:,} queries whose picture was left out"
    made_by = report.network if report.calibrated else f"{report.network} (uncalibrated)"
    below = f"{said}; a search takes {report.time.median_ms:,.0f} ms (median); {made_by}, seed {report.seed}"
    figure.text(MARGIN, 1 - 0.26 / height, title, va="top", fontsize=16, fontweight="bold", color=INK)
    figure.text(MARGIN, 1 - 0.62 / height, below, va="top", fontsize=10, color=MUTED)
    edges = (MARGIN, 0.15 / height, 1 - 2 * MARGIN, 1 - 1.1 / height)  # left, bottom, width, height
    figure.set_layout_engine("constrained", rect=edges, wspace=0.05)
    return _png(figure)


def reliability_alone(measured: Reliability) -> bytes:
    """The reliability diagram as a PNG of its own."""
    figure = _figure(6.2, 6.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
    reliability(above, below, measured)
    return _png(figure)


def recall(axes: "Axes", rows: Sequence[tuple[str, float, float]]) -> None:
    """Horizontal bars from top to bottom: (name, recall@1, recall@5); the first is set apart as the sum of the rest."""
    names = [name for name, _, _ in rows]
    places = [0.0, *(place + 0.5 for place in range(1, len(rows)))]
    first, in_five = [100 * one for _, one, _ in rows], [100 * one for _, _, one in rows]
    axes.barh(places, in_five, height=0.74, color=IN_FIVE, label="among the first five")
    axes.barh(places, first, height=0.74, color=FIRST, label="first")
    for place, value in zip(places, first, strict=True):
        inside = value > 12
        axes.text(
            value + (-1 if inside else 1),
            place,
            f"{value:.0f}" if value in (0, 100) else f"{value:.1f}",
            va="center",
            ha="right" if inside else "left",
            fontsize=8.5,
            color=GROUND if inside else INK,
        )
    axes.set_yticks(places, [name.replace("_", " ") for name in names])
    axes.get_yticklabels()[0].set_fontweight("bold")
    axes.set_ylim(max(places[-1], MIN_ROWS) + 0.7, -0.7)
    axes.set_xlim(0, 100.5)
    axes.xaxis.set_major_formatter("{x:.0f} %")
    _plain(axes, grid="x")
    axes.set_title("How often the right picture comes", loc="left", fontsize=12, color=INK, pad=25)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1], labels[::-1], loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, frameon=False, fontsize=9
    )


def variants(axes: "Axes", rows: Sequence[VariantFigures]) -> None:
    """Horizontal bars: in which lane the pictures came that other versions were made of."""
    places = [0.0, *(place + 0.5 for place in range(1, len(rows)))]
    shares = [(100 / max(1, row.asked), row) for row in rows]
    wrong = [share * row.wrongly_same for share, row in shares]
    variant = [share * row.variant for share, row in shares]
    rest = [100 - one - other if row.asked else 0 for one, other, row in zip(wrong, variant, rows, strict=True)]
    beside = [one + other for one, other in zip(wrong, variant, strict=True)]
    axes.barh(places, wrong, height=0.74, color=WRONGLY_SAME, label="wrongly called the same")
    axes.barh(places, variant, height=0.74, left=wrong, color=VARIANT, label="another version")
    axes.barh(places, rest, height=0.74, left=beside, color=NEITHER, label="neither")
    for place, value in zip(places, wrong, strict=True):
        axes.text(value + 1, place, f"{value:.0f}", va="center", ha="left", fontsize=8.5, color=INK)
    axes.set_yticks(places, [row.kind.replace("_", " ") for row in rows])
    axes.get_yticklabels()[0].set_fontweight("bold")
    axes.set_ylim(places[-1] + 0.7, -0.7)
    axes.set_xlim(0, 100.5)
    axes.xaxis.set_major_formatter("{x:.0f} %")
    _plain(axes, grid="x")
    axes.set_title("What other versions of the pictures are called", loc="left", fontsize=12, color=INK, pad=25)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, frameon=False, fontsize=9)


def reliability(above: "Axes", below: "Axes", measured: Reliability) -> None:
    """Said against true, and how many answers each point stands for (on a logarithmic scale)."""
    bins = measured.bins
    above.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=(0, (4, 4)), zorder=1)
    above.text(102, 2, "on the line: true as often as said", fontsize=8.5, color=MUTED, ha="right", va="bottom")
    said, true = ([100 * value for value in values] for values in ([b.mean_p for b in bins], [b.right for b in bins]))
    above.vlines(said, said, true, color=ANSWERS, linewidth=2, alpha=0.45, zorder=2)
    above.scatter(said, true, s=[_area(b, measured.answers) for b in bins], color=ANSWERS, ec=GROUND, lw=1, zorder=3)
    above.set_xlim(-3, 103)
    above.set_ylim(-3, 103)
    above.yaxis.set_major_formatter("{x:.0f} %")
    above.set_ylabel("share that is right", color=INK)
    above.tick_params(labelbottom=False)
    _plain(above, grid="both")
    above.set_title("Whether the probability holds", loc="left", fontsize=12, color=INK, pad=25)
    figures = (
        f"{measured.answers:,} first matches; calibration error {measured.ece:.3f}, Brier score {measured.brier:.3f}"
    )
    above.annotate(figures, (0, 1), (0, 9), xycoords="axes fraction", textcoords="offset points", fontsize=9, color=INK)
    counts = [one.answers for one in bins]
    below.bar([50 * (b.low + b.high) for b in bins], counts, width=8.4, color=ANSWERS, alpha=0.75)
    for one in bins:
        below.annotate(
            f"{one.answers:,}",
            (50 * (one.low + one.high), one.answers),
            (0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=INK,
        )
    below.set_yscale("log")
    below.set_ylim(0.7, 6 * max(counts, default=1))
    below.set_ylabel("answers", color=INK)
    below.set_xlabel("probability said (p_same)", color=INK)
    below.yaxis.set_major_formatter("{x:,.0f}")
    below.xaxis.set_major_formatter("{x:.0f} %")
    below.minorticks_off()
    _plain(below, grid="y")


def _area(one: Bin, answers: int) -> float:
    """Points squared: the more answers, the larger."""
    return float(30 + 220 * (one.answers / answers) ** 0.5)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, facecolor=GROUND, layout="constrained")


def _plain(axes: "Axes", *, grid: str) -> None:
    axes.grid(axis=grid, color=LINE, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=9, labelcolor=INK)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)


def _png(figure: "Figure") -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    content = BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
