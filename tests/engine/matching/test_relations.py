"""How two pictures relate that lie on each other."""

from dataclasses import replace

import numpy as np
import pytest

from engine.domain import WHOLE, Evidence, Lane, Match, Pair
from engine.features.ssim import Alignment
from engine.matching.candidates import UNCHECKED, Candidate
from engine.matching.proof import Proof
from engine.matching.relations import is_looked_at, related, shows_whole
from tests.small_library import SmallLibrary, painting, stored_image

LIBRARY = SmallLibrary(painting(0), painting(1))
AGREES = Alignment(ssim=0.9, structure=0.9, agreement=0.9, dissent=0.0, overlap=1.0)


def lying(width: float, height: float) -> Candidate:
    """The second picture; the first shows it at so many times its own width and height, from the same corner."""
    proof = Proof(np.diag([width, height, 1.0]), None, AGREES, WHOLE, p_copy=0.9)
    return Candidate(LIBRARY.images[2], 0.9, 0.9, WHOLE, proof=proof)


def relation(candidate: Candidate, lane: Lane = "same") -> Pair:
    return related(stored_image(1), candidate, Match(stored_image(2), lane, 0.9, 0.9, False, Evidence()))


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1.0, 1.0, ("near_duplicate", None)),
        (0.9, 0.9, ("near_duplicate", None)),
        (0.8, 0.9, ("contains", 1)),  # the query is a part of the stored picture
        (1.0, 1.2, ("near_duplicate", None)),
        (1.2, 1.2, ("contains", 2)),
        (3.0, 1.0, ("contains", 2)),
    ],
)
def test_near_duplicates_show_four_fifths_of_each_other(
    width: float, height: float, expected: tuple[str, int | None]
) -> None:
    found = relation(lying(width, height))
    assert (found.relation, found.part_id) == expected
    assert shows_whole(lying(width, height)) == (expected[0] == "near_duplicate")


def test_variant_is_one_however_it_lies() -> None:
    assert relation(lying(1, 1), "variant") == Pair(1, 2, 0.9, "variant")


def test_lower_id_comes_first_whichever_was_asked() -> None:
    found = related(stored_image(7), lying(0.5, 1), Match(stored_image(2), "same", 0.9, 0.9, False, Evidence()))
    assert (found.key, found.part_id, found.whole_id) == ((2, 7), 7, 2)


def test_what_was_left_out_of_the_comparison_in_detail_says_nothing() -> None:
    candidate = lying(1, 1)
    assert candidate.proof
    assert is_looked_at(candidate)
    assert not is_looked_at(replace(candidate, proof=replace(candidate.proof, p_copy=UNCHECKED)))
    assert not is_looked_at(replace(candidate, proof=None))
