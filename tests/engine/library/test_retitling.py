"""Titles by a pattern, and tags for many pictures at once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.library.retitling import MAX_TITLE, PLACEHOLDERS, editing, title_of, unknown_placeholders
from tests.small_library import stored_image

MILL = replace(stored_image(3), filename="Mill 1.final.jpg", title="Old mill", tags=("mill", "holland"))
TAKEN = replace(MILL, taken_at="2024-02-29T23:59:58")


@pytest.mark.parametrize(
    ("pattern", "title"),
    [
        ("{name}", "Mill 1.final"),
        ("{title} ({number})", "Old mill (7)"),
        ("{date} {name}", "2026-01-01 Mill 1.final"),
        ("{number}{number}", "77"),
        (" Holland ", "Holland"),
        ("", None),
        ("   ", None),
        ("{", "{"),
        ("{}}", "{}}"),
    ],
)
def test_pattern_stands_for_what_is_known(pattern: str, title: str | None) -> None:
    assert title_of(pattern, MILL, 7) == title


def test_date_is_that_of_the_camera_where_there_is_one() -> None:
    assert title_of("{date}", TAKEN, 1) == "2024-02-29"


def test_title_that_is_not_there_leaves_nothing() -> None:
    assert title_of("{title}", replace(MILL, title=None), 1) is None
    assert title_of("{title} {number}", replace(MILL, title=None), 1) == "1"


@pytest.mark.parametrize("name", [".jpg", "jpg", "a.", "Mr. Smith and sons"])
def test_name_without_an_ending_stays_whole(name: str) -> None:
    assert title_of("{name}", replace(MILL, filename=name), 1) == name


def test_what_nothing_stands_for_is_named() -> None:
    assert unknown_placeholders("{name} {nmae} {} {number}") == ["nmae", ""]
    assert unknown_placeholders(" ".join(f"{{{name}}}" for name in PLACEHOLDERS)) == []


@given(st.text(max_size=600), st.text(max_size=600))
def test_title_is_never_longer_than_titles_are(pattern: str, old: str) -> None:
    assert len(title_of(pattern, replace(MILL, title=old), 1) or "") <= MAX_TITLE


def test_what_a_title_says_is_no_pattern() -> None:
    assert title_of("{title}", replace(MILL, title="{name} {number}"), 1) == "{name} {number}"


def test_tags_are_added_behind_and_each_once() -> None:
    assert editing(["new", "mill"], [], None)(MILL, 1) == {"tags": ["mill", "holland", "new"]}
    assert editing([], ["mill", "strange"], None)(MILL, 1) == {"tags": ["holland"]}
    assert editing(["mill"], ["mill"], None)(MILL, 1) == {"tags": ["mill", "holland"]}
    assert editing([], [], "{number}")(MILL, 4) == {"title": "4"}
    assert editing(["x"], ["holland"], "")(MILL, 4) == {"tags": ["mill", "x"], "title": None}
