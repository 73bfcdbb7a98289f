"""How two pictures relate that lie on each other: each shows nearly all of the other, or one is a part of the other."""

from engine.domain import Match, Pair, StoredImage
from engine.features.geometry import overlap
from engine.matching.candidates import UNCHECKED, Candidate

SHOWN = 0.8  # share of each picture that near-duplicates show of the other


def is_looked_at(candidate: Candidate) -> bool:
    """Whether a candidate is proved, and was not left out of the comparison in detail beside others."""
    return candidate.proof is not None and candidate.proof.is_proved and candidate.proof.p_copy != UNCHECKED


def shows_whole(candidate: Candidate) -> bool:
    """Whether a candidate, as it lies on the query, and the query show nearly all of each other."""
    return candidate.on_whole is not None and min(overlap(candidate.on_whole.transform)) >= SHOWN


def related(query: StoredImage, candidate: Candidate, match: Match) -> Pair:
    """The pair of a stored picture that was the query, and of a proved one in lane `same` or `variant`."""
    first, second = sorted((query.id, match.image.id))
    whole = candidate.on_whole
    if match.lane != "same" or whole is None:
        return Pair(first, second, match.p_same, "variant")
    if shows_whole(candidate):
        return Pair(first, second, match.p_same, "near_duplicate")
    of_query, of_match = overlap(whole.transform)
    part = query if of_query > of_match else match.image
    return Pair(first, second, match.p_same, "contains", part.id)
