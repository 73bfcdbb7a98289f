"""What can be wrong with pictures: counted by field, named by code, bounded."""

from dataclasses import fields
from typing import Any

import pytest

from engine.domain import CHECKED, CheckReport, Finding
from engine.library import faults
from engine.library.faults import COUNTED_IN, FEATURES, LOST, THUMBNAIL, Faults
from tests.conftest import Filled
from tests.engine.library.damage import check, lose


def test_every_code_has_a_field_of_its_own_that_makes_a_report_unsound() -> None:
    assert len(set(COUNTED_IN.values())) == len(COUNTED_IN)
    assert set(COUNTED_IN.values()) <= set(CHECKED) <= {field.name for field in fields(CheckReport)}
    for name in COUNTED_IN.values():
        one: dict[str, Any] = {name: 1}
        assert not CheckReport(**one).sound


def test_each_kind_of_mending_has_codes_of_its_own() -> None:
    mended = [*LOST, *THUMBNAIL, *FEATURES, "bad_tags", "unknown_media_type", "bad_size"]
    assert sorted(mended) == sorted(COUNTED_IN)


def test_nothing_found_is_a_count_of_none_of_each() -> None:
    found = Faults()
    assert found.counts() == dict.fromkeys(COUNTED_IN.values(), 0)
    assert found.findings() == ()
    assert found.ids(*COUNTED_IN) == found.ids() == set()
    assert CheckReport(**found.counts()).sound


def test_picture_counts_once_of_each_kind() -> None:
    found = Faults()
    found.add("stale_features", 3, 1, 3)
    found.add("stale_features", 1, 2)
    found.add("wrong_hash", 3)
    found.add("bad_tags")
    counts = found.counts()
    assert (counts["stale_features"], counts["wrong_hash"], counts["bad_tags"]) == (3, 1, 0)
    assert found.ids("stale_features") == {1, 2, 3}
    assert found.ids("wrong_hash", "bad_tags") == {3}
    assert found.ids(*FEATURES) == {1, 2, 3}
    assert found.ids(*LOST) == set()


def test_findings_come_by_kind_and_picture_the_gravest_first() -> None:
    found = Faults()
    found.add("bad_size", 1)
    found.add("missing_original", 9, 4)
    found.add("wrong_thumbnail", 4)
    assert found.findings() == (
        Finding("missing_original", 4),
        Finding("missing_original", 9),
        Finding("wrong_thumbnail", 4),
        Finding("bad_size", 1),
    )


def test_what_is_taken_out_of_it_is_a_copy() -> None:
    found = Faults()
    found.add("bad_size", 1)
    found.ids("bad_size").clear()
    assert found.ids("bad_size") == {1}


def test_no_more_are_named_than_a_report_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "FINDINGS", 3)
    found = Faults()
    found.add("missing_original", 1, 2)
    found.add("bad_size", *range(10, 20))
    assert [one.id for one in found.findings()] == [1, 2, 10]
    assert found.counts()["bad_size"] == 10


async def test_findings_are_bounded_and_counts_are_not(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults.FINDINGS == 1_000
    monkeypatch.setattr(faults, "FINDINGS", 2)
    async with filled() as service:
        await lose(service, 1, 2, 3)
        report = await check(service)
        assert (len(report.findings), report.missing_originals) == (2, 3)
