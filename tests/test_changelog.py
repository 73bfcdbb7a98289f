"""The changelog: by Keep a Changelog, and level with the version."""

import re
from datetime import date

import pytest
from packaging.version import Version

from release.changelog import ROOT, UNRELEASED, notes, sections
from tests.test_version import VERSION

TEXT = (ROOT / "CHANGELOG.md").read_text()
SECTIONS = sections(TEXT)
CLOSED = [name for name in SECTIONS if name != UNRELEASED]
GROUPS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def test_every_second_heading_is_a_versions() -> None:
    assert len(re.findall(r"^## ", TEXT, re.MULTILINE)) == len(SECTIONS)
    assert next(iter(SECTIONS)) == UNRELEASED


def test_closed_versions_are_in_order_with_their_dates() -> None:
    versions = [Version(name) for name in CLOSED]
    assert [str(one) for one in versions] == CLOSED
    assert versions == sorted(set(versions), reverse=True)
    dates = [date.fromisoformat(SECTIONS[name][0] or "") for name in CLOSED]
    assert dates == sorted(dates, reverse=True)
    assert SECTIONS[UNRELEASED][0] is None


def test_what_is_unreleased_belongs_to_a_later_version() -> None:
    newest, current = Version(CLOSED[0]), Version(VERSION)
    assert newest < current or (newest == current and not SECTIONS[UNRELEASED][1])


@pytest.mark.parametrize("name", SECTIONS)
def test_changes_stand_in_the_groups_of_keep_a_changelog(name: str) -> None:
    said = SECTIONS[name][1]
    groups = re.findall(r"^### (.+)$", said, re.MULTILINE)
    assert groups == [one for one in GROUPS if one in groups]
    assert not said or said.startswith("### ")
    for part in re.split(r"^#{3,4} .+$", said, flags=re.MULTILINE):
        assert all(line.startswith(("- ", "  ")) for line in part.strip("\n").split("\n") if line)
    for group in re.split(r"^### ", said, flags=re.MULTILINE)[1:]:
        assert "\n- " in group


def test_notes_are_what_is_said_of_the_tags_version() -> None:
    assert notes("v0.1.0", version="0.1.0", changelog=TEXT).startswith("### Added\n- ")


@pytest.mark.parametrize(
    ("tag", "version", "said"),
    [("v0.1.0", "0.2.0", "is not v0.2.0"), ("0.1.0", "0.1.0", "is not v0.1.0"), ("v99.0.0", "99.0.0", "no section")],
)
def test_what_is_not_closed_has_no_notes(tag: str, version: str, said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        notes(tag, version=version, changelog=TEXT)
