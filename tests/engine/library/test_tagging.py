"""Tags with commas: split at whatever door they come in, and those of older versions are not lost."""

import pytest
from sqlalchemy import update

from engine import SearchService
from engine.library.tagging import is_among, split_tags
from engine.storage.tables import images
from tests.engine.library.conftest import paint, painted


def test_tags_are_split_at_commas_each_once() -> None:
    assert split_tags(["paris, spring", "old mill", ",", " paris ", "", "a,,b"]) == (
        "paris",
        "spring",
        "old mill",
        "a",
        "b",
    )
    assert split_tags([]) == ()


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("a", True), ("b, a", True), ("a,c", False), ("c", False), (",", False), ("", False)],
)
def test_tag_of_an_older_version_is_meant_by_its_parts(tag: str, expected: bool) -> None:
    assert is_among(tag, ["a", "b"]) is expected


async def test_every_way_into_the_library_splits_them(small: SearchService) -> None:
    added = await small.add_bytes(painted(1), name="a.jpg", actor="test", tags=["paris,spring", "old"])
    assert added.id
    assert (await small.get(added.id)).tags == ("paris", "spring", "old")
    await small.edit(added.id, {"tags": ["a, b"]}, actor="test")
    assert (await small.get(added.id)).tags == ("a", "b")
    await small.edit_many([added.id], actor="test", add_tags=["c,d", "b"])
    assert (await small.get(added.id)).tags == ("a", "b", "c", "d")


async def test_tag_with_a_comma_of_an_older_version_stays_and_is_found(small: SearchService) -> None:
    old, new, other = await paint(small, 1, 2, 3)
    async with small.database.write() as connection:
        await connection.execute(update(images).where(images.c.id == old).values(tags=["a,b"]))
    await small.edit(new, {"tags": ["a,b"]}, actor="test")
    await small.edit(other, {"tags": ["a"]}, actor="test")
    found = await small.search(painted(40), tags=["a,b"], weak=True)
    assert {match.image.id for match in found.matches} == {old, new}
    await small.edit(old, {"title": "Old"}, actor="test")
    await small.edit_many([old], actor="test", add_tags=["c"], title="{title} mill")
    assert (await small.get(old)).tags == ("a,b", "c")
    await small.edit_many([old], actor="test", remove_tags=["a"])
    assert (await small.get(old)).tags == ("a,b", "c")
    await small.edit_many([old], actor="test", remove_tags=["a", "b"])
    assert (await small.get(old)).tags == ("c",)
