"""Pictures with some tags, from every kind of index."""

import pytest

from engine import SearchService
from engine.index.some import FewPictures, SomeOfMany
from engine.library import tagged_pictures
from engine.library.tagged_pictures import TaggedPictures
from tests.engine.library.conftest import paint, painted


async def tag(service: SearchService, tagged: list[int]) -> None:
    for image_id in tagged:
        await service.edit(image_id, {"tags": ["sea", f"n{image_id}"]}, actor="test")


async def test_few_are_compared_and_many_are_filtered_with_the_same_answer(
    small: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await paint(small, *range(1, 13))
    await tag(small, ids[::2])
    active, _ = await small.networks.current()
    exact = await TaggedPictures(small.repository, small.pool).having(["sea"], active)
    assert (exact.ids, type(exact.index)) == (frozenset(ids[::2]), FewPictures)
    found = await small.search(painted(40), tags=["sea"], limit=50, weak=True)
    monkeypatch.setattr(tagged_pictures, "FEW", 3)
    filtered = await TaggedPictures(small.repository, small.pool).having(["sea"], active)
    assert (filtered.ids, type(filtered.index)) == (exact.ids, SomeOfMany)
    again = await small.search(painted(40), tags=["sea"], limit=50, weak=True)
    assert [match.image.id for match in again.matches] == [match.image.id for match in found.matches]
    assert again.library_size == 6


async def test_removed_and_retagged_pictures_are_no_longer_searched(small: SearchService) -> None:
    ids = await paint(small, *range(1, 6))
    await tag(small, ids)
    await small.remove(ids[:1], actor="test")
    await small.edit(ids[1], {"tags": []}, actor="test")
    result = await small.search(painted(40), tags=["sea"], weak=True)
    assert {match.image.id for match in result.matches} == {*ids[2:]}
    assert result.library_size == 3


async def test_tags_are_found_as_they_are_written_in_composed_form(small: SearchService) -> None:
    ids = await paint(small, 1, 2)
    await small.edit(ids[0], {"tags": ["Caf\u00e9"]}, actor="test")
    result = await small.search(painted(40), tags=["Cafe\u0301"], weak=True)
    assert [match.image.id for match in result.matches] == ids[:1]
