"""What a search of an index returns: the nearest in order, pictures by their nearest parts."""

import numpy as np
import pytest

from engine.domain import part_key
from engine.index.hits import COSINE_DIGITS, Hits, Near, nearest, pictures


def hits(*pairs: tuple[int, float]) -> Hits:
    return Hits(np.array([key for key, _ in pairs], np.int64), np.array([far for _, far in pairs], np.float32))


def found(keys: list[int], distances: list[float], count: int) -> list[tuple[int, float]]:
    one = nearest(np.array(keys, np.int64), np.array(distances, np.float32), count)
    return list(zip(one.keys.tolist(), one.distances.tolist(), strict=True))


def test_smallest_distances_come_in_order_and_no_more_than_asked_for() -> None:
    assert found([1, 2, 3, 4], [0.5, 0.25, 1.0, 0.0], 3) == [(4, 0.0), (2, 0.25), (1, 0.5)]
    assert found([1, 2], [0.5, 0.25], 10) == [(2, 0.25), (1, 0.5)]
    assert found([1, 2], [0.5, 0.25], 0) == []
    assert found([], [], 5) == []


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_equal_distances_come_by_key_also_where_not_all_of_them_fit(count: int) -> None:
    keys, distances = [9, 4, 7, 1, 5], [0.5, 0.5, 0.5, 0.75, 0.5]
    assert [key for key, _ in found(keys, distances, count)] == [4, 5, 7, 9][:count]


def test_what_has_no_distance_is_never_returned() -> None:
    distances = [np.inf, 0.5, np.nan, 0.25]
    assert found([1, 2, 3, 4], distances, 4) == found([1, 2, 3, 4], distances, 3) == [(4, 0.25), (2, 0.5)]
    assert found([1, 2], [np.inf, np.inf], 1) == []


def test_whole_picture_and_its_part_come_by_what_is_nearer_first() -> None:
    near = pictures(hits((part_key(5, 3), 0.1), (part_key(7, 0), 0.2), (part_key(5, 0), 0.3)), 5)
    assert near == [Near(5, 0.9, 3), Near(7, 0.8), Near(5, 0.7)]
    assert [one.key for one in near] == [part_key(5, 3), part_key(7, 0), part_key(5, 0)]


def test_long_picture_comes_by_its_nearest_few_parts() -> None:
    """It may show nearly the same in several places, and leaves room for others."""
    parts = [(part_key(5, number), number / 10) for number in range(1, 9)]
    near = pictures(hits(*parts, (part_key(7, 0), 0.95)), 50)
    assert [(one.image_id, one.part) for one in near] == [(5, 1), (5, 2), (5, 3), (7, 0)]
    assert len(pictures(hits(*parts), 2)) == 2


def test_equals_come_by_id() -> None:
    near = pictures(
        hits((part_key(30, 0), 0.5), (part_key(4, 9), 0.5), (part_key(12, 0), 0.5), (part_key(2, 0), 0.75)), 3
    )
    assert [one.image_id for one in near] == [4, 12, 30]


def test_digits_that_depend_on_the_place_in_an_index_do_not_decide_between_equals() -> None:
    hair = 10.0 ** -(COSINE_DIGITS + 1)
    first = pictures(hits((part_key(8, 0), 0.25), (part_key(3, 0), 0.25 + hair)), 2)
    other = pictures(hits((part_key(3, 0), 0.25), (part_key(8, 0), 0.25 + hair)), 2)
    assert first == other == [Near(3, 0.75), Near(8, 0.75)]
    assert [one.image_id for one in pictures(hits((part_key(8, 0), 0.25), (part_key(3, 0), 0.25 + 20 * hair)), 2)] == [
        8,
        3,
    ]


def test_opposite_pictures_have_negative_cosines() -> None:
    assert pictures(hits((part_key(1, 0), 0.5), (part_key(2, 0), 2.0)), 5) == [Near(1, 0.5), Near(2, -1.0)]
    assert pictures(hits(), 5) == []
