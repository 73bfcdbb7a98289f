"""Foreign names: what steers a terminal or turns text around is not shown; what people write is."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pictures.names import decodable, shown


@pytest.mark.parametrize(
    "name", ["Übung é.jpg", "写真.jpg", "صورة.jpg", "👨\u200d👩\u200d👧.png", "می\u200cخواهم.jpg", "[red]a b.jpg"]
)
def test_what_people_write_stays(name: str) -> None:
    assert shown(name) == name


@pytest.mark.parametrize(
    "character", ["\x1b", "\n", "\x9b", "\x7f", "\u202e", "\u2067", "\u200b", "\u2028", "\ud800", "\ufeff"]
)
def test_what_is_no_letter_is_replaced(character: str) -> None:
    assert shown(f"a{character}b") == "a\ufffdb"


@given(st.text(st.characters(exclude_categories=())))
def test_every_name_becomes_text_of_one_line(name: str) -> None:
    result = shown(name)
    assert result.encode().decode() == result
    assert len(result) == len(name)
    assert len(result.splitlines()) <= 1
    assert shown(result) == result


@given(st.binary(min_size=1))
def test_every_name_of_a_file_becomes_text(raw: bytes) -> None:
    assert decodable(os.fsdecode(raw)) == raw.decode("utf-8", "replace")
