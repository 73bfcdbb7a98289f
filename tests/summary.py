"""What `make test-system` ends with: for each file what came of its tests and how long it took, and figures noted."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import pytest

OUTCOMES = ("passed", "failed", "error", "skipped")


def lines(reports: Iterable[tuple[str, pytest.TestReport]]) -> list[str]:
    """`reports`: each with its outcome, which is empty for what only went before or after a test."""
    came: dict[str, Counter[str]] = defaultdict(Counter)
    seconds = Counter[str]()
    noted: dict[str, str] = {}
    for outcome, report in reports:
        file = report.nodeid.partition("::")[0]
        seconds[file] += round(report.duration)
        came[file].update([outcome] if outcome in OUTCOMES else [])
        noted |= {name: str(value) for name, value in report.user_properties}
    said = [
        f"{file:<48} {seconds[file]:>5} s   " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        for file, counts in sorted(came.items())
    ]
    whole = sum(came.values(), Counter[str]())
    total = ", ".join(f"{whole[outcome]} {outcome}" for outcome in OUTCOMES if whole[outcome])
    return [*said, f"{'together':<48} {seconds.total():>5} s   {total}", *(f"{k}: {v}" for k, v in noted.items())]
