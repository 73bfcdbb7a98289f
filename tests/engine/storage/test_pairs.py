"""Groups that pairs hang together in, and pairs that are stored."""

from engine import SearchService
from engine.domain import Pair
from engine.storage.pairs import WHOLE, Pairs, components
from tests.conftest import SHIPPED, add_paths


def test_pairs_hang_together_whatever_their_order() -> None:
    pairs = [(1, 2), (5, 6), (3, 4), (2, 3), (8, 9), (6, 5)]
    for turn in range(len(pairs)):
        found = components(pairs[turn:] + pairs[:turn])
        assert sorted(map(sorted, found)) == [[1, 2, 3, 4], [5, 6], [8, 9]]
    assert components([]) == []


def test_long_chain_is_one_group() -> None:
    assert components([(n, n + 1) for n in range(50_000)]) == [set(range(50_001))]


async def test_pair_with_a_picture_that_went_meanwhile_is_not_stored(service: SearchService) -> None:
    first, second = [one.id for one in await add_paths(service, SHIPPED / "coffee.png", SHIPPED / "rocket.jpg")]
    assert first
    assert second
    pairs = Pairs(service.database)
    await pairs.put([Pair(first, second, 0.9), Pair(first, 99, 0.9)], [first, 99], WHOLE, seq=2)
    found, sizes = await pairs.undecided()
    assert found == [Pair(first, second, 0.9)]
    assert {one.id: one.pixels for one in sizes.values()} == {first: 600 * 400, second: 640 * 427}
    await pairs.put([Pair(first, second, 0.95)], [], WHOLE, seq=2)
    assert (await pairs.undecided())[0] == [Pair(first, second, 0.95)]
    await service.remove([second], actor="test")
    assert (await pairs.undecided())[0] == []
