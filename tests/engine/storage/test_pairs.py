"""Pairs that are stored."""

from engine import SearchService
from engine.domain import Pair
from engine.storage.pairs import WHOLE, Pairs
from tests.conftest import SHIPPED, add_paths


async def test_pair_with_a_picture_that_went_meanwhile_is_not_stored(service: SearchService) -> None:
    first, second = [one.id for one in await add_paths(service, SHIPPED / "coffee.png", SHIPPED / "rocket.jpg")]
    assert first
    assert second
    pairs = Pairs(service.database)
    await pairs.put([Pair(first, second, 0.9), Pair(first, 99, 0.9)], [first, 99], WHOLE, seq=2)
    found, sizes = await pairs.undecided()
    assert found == [Pair(first, second, 0.9)]
    assert {one.id: one.sides for one in sizes.values()} == {first: (600, 400), second: (640, 427)}
    await pairs.put([Pair(first, second, 0.95)], [], WHOLE, seq=2)
    assert (await pairs.undecided())[0] == [Pair(first, second, 0.95)]
    await service.remove([second], actor="test")
    assert (await pairs.undecided())[0] == []
