"""Groups that are made of pairs."""

import pytest

from engine.domain import Pair
from engine.library.grouping import components, missing_around, near_duplicates, neighbours, variants
from engine.storage.pairs import Size

SIZES = {image_id: Size(image_id, 1_000 - image_id, 1, 1) for image_id in range(1, 9)}  # 1 is the best


def near(*keys: tuple[int, int]) -> list[Pair]:
    return [Pair(min(key), max(key), 0.9) for key in keys]


def ids(pairs: list[Pair], known: frozenset[tuple[int, int]] = frozenset()) -> list[tuple[int, ...]]:
    return [group.ids for group in near_duplicates(pairs, SIZES, known).groups]


def test_best_takes_all_that_are_pairs_with_it() -> None:
    assert ids(near((1, 2), (1, 3), (2, 3))) == [(1, 2, 3)]


def test_chain_falls_apart_around_its_best() -> None:
    chain = near((1, 2), (2, 3), (3, 4))
    assert ids([*chain, Pair(1, 3, 0.9, "contains", 1)]) == [(1, 2), (3, 4)]


@pytest.mark.parametrize("turn", range(4))
def test_order_of_the_pairs_does_not_matter(turn: int) -> None:
    pairs = near((1, 2), (2, 3), (3, 4), (5, 6))
    assert ids(pairs[turn:] + pairs[:turn]) == [(1, 2), (3, 4), (5, 6)]


def test_everything_in_a_group_is_a_pair_with_its_best() -> None:
    pairs = near((3, 1), (2, 5), (5, 1), (4, 2), (4, 6), (6, 7), (2, 7), (3, 8)) + near((1, 2))
    keys = {pair.key for pair in pairs} | {(second, first) for first, second in (pair.key for pair in pairs)}
    for best, *others in ids(pairs):
        assert all((best, other) in keys for other in others)


def test_other_relations_make_no_group() -> None:
    assert ids([Pair(1, 2, 0.9, "contains", 2), Pair(3, 4, 0.1, "variant"), Pair(5, 6, 0.0, "unrelated")]) == []


def test_p_same_is_that_of_the_pair_with_the_best() -> None:
    (group,) = near_duplicates([Pair(1, 2, 0.6), Pair(1, 3, 0.8), Pair(2, 3, 0.99)], SIZES).groups
    assert group.p_same == {1: 0.8, 2: 0.6, 3: 0.8}


def test_what_a_near_duplicate_leads_to_is_missing_until_it_is_compared() -> None:
    pairs = near((1, 2), (2, 3), (3, 4))
    assert near_duplicates(pairs, SIZES).missing == [(1, 3)]
    assert near_duplicates([*pairs, Pair(1, 3, 0.0, "unrelated")], SIZES).missing == []
    assert near_duplicates(pairs, SIZES, {(1, 3)}).missing == []
    assert near_duplicates([*pairs, *near((1, 3))], SIZES).missing == [(1, 4)]


def test_only_what_is_named_is_missing_around_a_keeper() -> None:
    pairs = near((1, 2), (2, 3), (2, 4))
    assert missing_around(1, [1, 2, 3], pairs, set()) == [(1, 3)]
    assert missing_around(1, [1, 2, 3, 4], pairs, {(1, 4)}) == [(1, 3)]
    assert missing_around(3, [1, 3], pairs, set()) == []


def test_neighbours_are_near_duplicates_only() -> None:
    assert neighbours(2, [*near((1, 2)), Pair(2, 3, 0.8, "contains", 3), Pair(2, 4, 0.1, "variant")]) == {1: 0.9}


def test_variants_hang_together() -> None:
    pairs = [Pair(1, 2, 0.1, "variant"), Pair(2, 3, 0.2, "variant"), *near((3, 4))]
    (group,) = variants(pairs, SIZES)
    assert (group.ids, group.p_same) == ((1, 2, 3), {1: 0.1, 2: 0.2, 3: 0.2})


def test_pairs_hang_together_whatever_their_order() -> None:
    pairs = [(1, 2), (5, 6), (3, 4), (2, 3), (8, 9), (6, 5)]
    for turn in range(len(pairs)):
        found = components(pairs[turn:] + pairs[:turn])
        assert sorted(map(sorted, found)) == [[1, 2, 3, 4], [5, 6], [8, 9]]
    assert components([]) == []


def test_long_chain_is_one_group() -> None:
    assert components([(n, n + 1) for n in range(50_000)]) == [set(range(50_001))]
