"""Names are ordered as people order them."""

import unicodedata
from importlib import util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.storage.database import migrations_dir
from engine.storage.name_keys import MAX_KEY, name_key


def test_names_come_in_the_order_that_people_expect() -> None:
    ordered = [
        "2.jpg",
        "10.jpg",
        "apfel.jpg",
        "Äpfel.jpg",
        "Birnen.jpg",
        "IMG_9.jpg",
        "img_0010.JPG",
        "IMG_11 (2).jpg",
        "IMG_11 (10).jpg",
        "Ёлка.png",
        "猫.png",
    ]
    assert [name_key(name) for name in ordered] == sorted(name_key(name) for name in ordered)


@pytest.mark.parametrize(("one", "other"), [("A.JPG", "a.jpg"), ("img_007.png", "IMG_7.png"), ("é", "e\u0301")])
def test_what_people_take_for_the_same_has_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@given(st.integers(0, 10**98), st.integers(0, 10**98))
def test_numbers_are_compared_as_numbers(one: int, other: int) -> None:
    assert (name_key(f"a{one}.png") < name_key(f"a{other}.png")) == (one < other)


@given(st.text(max_size=300))
def test_key_fits_into_every_index(name: str) -> None:
    assert len(name_key(name)) <= MAX_KEY


@given(st.text(max_size=40))
def test_migration_gives_older_pictures_the_same_keys(name: str) -> None:
    path = Path(migrations_dir()) / "versions" / "0010_orders.py"
    spec = util.spec_from_file_location("orders", path)
    assert spec
    assert spec.loader
    migration = util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    assert migration._name_key(unicodedata.normalize("NFC", name)) == name_key(name)
