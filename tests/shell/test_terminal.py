"""What the command shows: readable in a narrow terminal, too."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

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
