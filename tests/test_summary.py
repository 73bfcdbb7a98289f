"""The lines that `make test-system` ends with."""

import pytest

from tests import summary


def report(nodeid: str, seconds: float, *noted: tuple[str, object]) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid, ("", None, ""), {}, "passed", None, "call", duration=seconds, user_properties=noted
    )


def test_each_file_has_a_line_and_all_together_and_what_was_noted() -> None:
    reports = [
        ("", report("a.py::one", 4)),
        ("passed", report("a.py::one", 6.2)),
        ("failed", report("a.py::two", 1)),
        ("skipped", report("b.py::one", 0)),
        ("passed", report("b.py::two[x]", 2, ("image", "1 GB"))),
    ]
    assert [" ".join(line.split()) for line in summary.lines(reports)] == [
        "a.py 11 s 1 passed, 1 failed",
        "b.py 2 s 1 skipped, 1 passed",
        "together 13 s 2 passed, 1 failed, 1 skipped",
        "image: 1 GB",
    ]
