"""What the command shows: readable in a narrow terminal, too."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from engine import CheckReport
from shell import terminal
from tests.shell.test_plots import REPORT


@pytest.mark.parametrize("width", [80, 100, 200])
def test_numbers_of_a_bench_are_whole_however_narrow_the_terminal(width: int) -> None:
    written = StringIO()
    report = replace(REPORT, all_edits=replace(REPORT.all_edits, copies=1_200, recall_at_1=1.0, median_ms=1_234.0))
    terminal.show_bench(Console(file=written, width=width), report)
    tables = written.getvalue()
    assert "…" not in tables
    for name in (*terminal.BENCH_COLUMNS, *terminal.VARIANT_COLUMNS):
        assert name in tables


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (
            CheckReport(outdated=8),
            "8 pictures are outdated, which is no damage: an older PicTrace has seen them. A server sees them anew, or "
            "`pictrace check --repair`.\nThe library is sound.\n",
        ),
        (
            CheckReport(outdated=1, seen_anew=7),
            "7 pictures that an older PicTrace had seen were seen anew.\n1 picture is outdated, which is no damage: an "
            "older PicTrace has seen it. A server sees it anew, or `pictrace check --repair`.\nThe library is sound.\n",
        ),
        (
            CheckReport(seen_anew=1),
            "1 picture that an older PicTrace had seen was seen anew.\nThe library is sound.\n",
        ),
    ],
)
def test_what_an_older_version_has_seen_is_told_by_a_check(
    report: CheckReport, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.show_check(report, as_json=False, deep=False)
    assert capsys.readouterr().out == said
