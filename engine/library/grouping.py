"""Groups of pictures, made of pairs. Pure: the same pairs give the same groups."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from engine.domain import Pair
from engine.storage.pairs import Size

Key = tuple[int, int]  # the ids of a pair, the lower one first


@dataclass(frozen=True, slots=True)
class Grouped:
    """A group by ids, best first, with the `p_same` of each; `equal`: those equal to the best, pixel for pixel."""

    ids: tuple[int, ...]
    p_same: dict[int, float]
    equal: frozenset[int] = frozenset()

    def of_equal(self) -> "Grouped":
        """The best and its equals alone."""
        return replace(self, ids=tuple(one for one in self.ids if one == self.ids[0] or one in self.equal))


@dataclass(frozen=True, slots=True)
class Stars:
    """The groups of near-duplicates, and the pairs that have yet to be compared before they are whole.

    `unseen`: pairs of a group's best with another of its size, of which it is not known whether their pixels are equal.
    """

    groups: list[Grouped]
    missing: list[Key]
    unseen: list[Key]


def near_duplicates(pairs: Iterable[Pair], sizes: dict[int, Size], known: Collection[Key] = frozenset()) -> Stars:
    """Groups in which the best picture is a pair with each of the others.

    The best of all pictures takes all that it is a pair with; the best of the rest does the same, and so on. What is a
    pair with one of a group, but was never compared with its best, is missing; `known` are pairs that need not be
    compared, besides those given.
    """
    given = list(pairs)
    compared = {pair.key for pair in given} | set(known)
    near = {pair.key: pair.p_same for pair in given if pair.relation == "near_duplicate"}
    equal = {pair.key: pair.equal_pixels for pair in given}
    beside = _beside(near)
    groups, missing, unseen, taken = [], [], list[Key](), set[int]()
    for best in sorted(beside, key=lambda image_id: sizes[image_id].rank):
        if best in taken:
            continue
        own = beside[best] - taken
        around = {other for one in own for other in beside[one]} - own - taken - {best}
        missing += [key for other in sorted(around) if (key := key_of(best, other)) not in compared]
        taken |= own | {best}
        if own:
            pairs_of = {one: key_of(best, one) for one in own}
            p_same = {one: near[key] for one, key in pairs_of.items()}
            of_one_size = {one: key for one, key in pairs_of.items() if sizes[one].sides == sizes[best].sides}
            unseen += [key for key in of_one_size.values() if equal[key] is None]
            group = _grouped(p_same | {best: max(p_same.values())}, sizes)
            groups.append(replace(group, equal=frozenset(one for one, key in of_one_size.items() if equal[key])))
    return Stars(sorted(groups, key=lambda one: one.ids[0]), missing, sorted(unseen))


def variants(pairs: Iterable[Pair], sizes: dict[int, Size]) -> list[Grouped]:
    """Groups of what hangs together by pairs of variants."""
    given = [pair for pair in pairs if pair.relation == "variant"]
    likely: dict[int, float] = {}
    for pair in given:
        for image_id in pair.key:
            likely[image_id] = max(pair.p_same, likely.get(image_id, 0.0))
    found = components(pair.key for pair in given)
    return sorted((_grouped({one: likely[one] for one in ids}, sizes) for ids in found), key=lambda one: one.ids[0])


def neighbours(image_id: int, pairs: Iterable[Pair]) -> dict[int, float]:
    """The near-duplicates of a picture, each with p_same of the pair."""
    return {
        one: pair.p_same
        for pair in pairs
        if pair.relation == "near_duplicate" and image_id in pair.key
        for one in pair.key
        if one != image_id
    }


def missing_around(keeper: int, ids: Collection[int], pairs: Sequence[Pair], known: Collection[Key]) -> list[Key]:
    """Pairs with the keeper, of those that near-duplicates of it among `ids` lead to, that were never compared."""
    among = set(ids) | {keeper}
    compared = {pair.key for pair in pairs} | set(known)
    beside = _beside(pair.key for pair in pairs if pair.relation == "near_duplicate" and set(pair.key) <= among)
    own = beside.get(keeper, set())
    around = {other for one in own for other in beside[one]} - own - {keeper}
    return [key for key in (key_of(keeper, other) for other in sorted(around)) if key not in compared]


def key_of(one: int, other: int) -> Key:
    return (one, other) if one < other else (other, one)


def components(pairs: Iterable[Key]) -> list[set[int]]:
    """The groups that pairs hang together in."""
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while parent.setdefault(one, one) != one:
            parent[one] = one = parent[parent[one]]
        return one

    for first, second in pairs:
        parent[root(second)] = root(first)
    groups: dict[int, set[int]] = {}
    for one in parent:
        groups.setdefault(root(one), set()).add(one)
    return list(groups.values())


def _grouped(p_same: dict[int, float], sizes: dict[int, Size]) -> Grouped:
    return Grouped(tuple(sorted(p_same, key=lambda image_id: sizes[image_id].rank)), p_same)


def _beside(pairs: Iterable[Key]) -> dict[int, set[int]]:
    """The other halves of the pairs of each picture."""
    found: dict[int, set[int]] = {}
    for first, second in pairs:
        found.setdefault(first, set()).add(second)
        found.setdefault(second, set()).add(first)
    return found
