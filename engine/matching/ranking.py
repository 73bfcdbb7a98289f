"""Candidates -> matches in three lanes. Pure: the same input gives the same order."""

import math
from dataclasses import replace

from engine.domain import Edit, Evidence, Grade, Lane, Match, Region, StoredImage, Vector
from engine.features.geometry import inverse, outline, overlap, shown_of
from engine.features.networks import Network
from engine.matching.calibration import Calibration, Signals
from engine.matching.candidates import Candidate, Candidates, References
from engine.matching.proof import FILLED, Proof

LANES: tuple[Lane, ...] = ("same", "variant", "alike")
GRADES = tuple(Grade)  # surest first
SHOWS_OTHERWISE = frozenset({Edit.MIRRORED, Edit.ROTATED, Edit.RECOLOURED, Edit.GRAYSCALE})
EQUAL = 0.5  # grey levels that pictures of equal pixels may differ in, for their thumbnails are compressed
EXACT_P = 1.0
VARIANT_FROM = 0.5  # the probability from which a pair is called another version
BELOW = 0.01  # what nothing proves stays this much under the cut-off of lane `same`


def references(calibration: Calibration, network: Network, embedding: Vector, candidates: Candidates) -> References:
    """What the cosines of a query are compared with; `embedding`: the query's, whole."""
    copy, looks = network.copy, network.looks or network.copy
    return References(
        calibration.references(copy, copy.of(embedding), candidates.nearest),
        calibration.references(looks, looks.of(embedding), candidates.alike),
    )


def signals(candidate: Candidate, references: References) -> Signals:
    """What is known of a pair, as the calibration takes it."""
    proof = candidate.proof
    return Signals(
        structure=proof.alignment.structure if proof else None,
        proved=bool(proof and (proof.is_proved or proof.is_copy)),
        keypoints=proof.keypoints if proof else 0,
        phash_distance=candidate.phash_distance,
        cosine=candidate.cosine,
        nearness=Calibration.nearness(candidate.cosine, references.copy),
    )


def rank(
    candidates: Candidates,
    references: References,
    calibration: Calibration,
    *,
    limit: int,
    weak: bool = False,
    exact: StoredImage | None = None,
) -> tuple[Match, ...]:
    """The best `limit` matches: lane `same`, then `variant`, then `alike`.

    In lane `same` equal pixels come first, then equal colours and orientation, then what was edited least and is
    nearest; in the others, the likeliest. `exact` is the stored picture with the query's own bytes. Below the cut-offs
    only fills up, marked `weak`, and where nothing passes its cut-off there is nothing, unless `weak` asks for it.
    """
    matches = [match for match, _ in ranked(candidates, references, calibration, exact=exact)]
    if not weak and all(match.weak for match in matches):
        return ()
    return tuple(matches[:limit])


def ranked(
    candidates: Candidates, references: References, calibration: Calibration, *, exact: StoredImage | None = None
) -> list[tuple[Match, Candidate]]:
    """All that came up, ordered so, each picture once: of a long one what fits best of it and its parts."""
    pairs = [(_match(one, references, calibration, exact), one) for one in candidates.found]
    ordered = sorted(pairs, key=lambda pair: _order(*pair))
    best: dict[int, tuple[Match, Candidate]] = {}
    for match, candidate in ordered:
        best.setdefault(match.image.id, (match, candidate))
    return list(best.values())


def _place(proof: Proof) -> Region | None:
    """The region of a long picture that the query shows; None where that is nearly all of it."""
    place = shown_of(proof.transform)
    return place if place.area < FILLED else None


def _order(match: Match, candidate: Candidate) -> tuple[object, ...]:
    """What matches are sorted by; of the same lane always as many things."""
    lane = (match.weak, LANES.index(match.lane))
    if match.lane == "variant":  # nearly all are certainly variants
        return (*lane, -round(match.score, 1), -(match.evidence.structure or 0.0), match.image.id)
    if match.lane == "alike":
        return (*lane, -match.score, match.image.id)
    edits = match.evidence.edits
    proof = candidate.proof
    difference = proof.difference if proof and proof.difference is not None else math.inf
    filled = overlap(proof.transform)[0] if proof else 0.0
    return (
        *lane,
        not match.evidence.exact,
        difference >= EQUAL,
        GRADES.index(match.grade),
        any(edit in SHOWS_OTHERWISE for edit in edits),
        len(edits),
        -round(filled, 1),  # of pieces of a collage, or of pictures of a page, the largest first
        difference,
        -match.score,
        match.image.id,
    )


def _match(candidate: Candidate, references: References, calibration: Calibration, exact: StoredImage | None) -> Match:
    image = candidate.stored.image
    known = signals(candidate, references)
    if exact is not None and image.id == exact.id:
        evidence = Evidence(
            exact=True, cosine=1.0, phash_distance=0, keypoints=len(candidate.stored.keypoints), ssim=1.0, structure=1.0
        )
        return Match(image, "same", EXACT_P, EXACT_P, False, evidence)
    proof = candidate.proof
    p_related = calibration.p_related(known)  # all that agrees in a thumbnail
    p_copy = proof.p_copy if proof is not None and proof.p_copy is not None else 1.0
    p_same = p_related * p_copy if known.proved else calibration.p_same(known)
    if not candidate.is_copy:
        p_same = min(p_same, calibration.same_cutoff - BELOW)
    evidence = Evidence(
        cosine=round(candidate.cosine, 4),
        phash_distance=candidate.phash_distance,
        keypoints=known.keypoints,
        ssim=round(proof.alignment.ssim, 4) if proof else None,
        structure=round(proof.alignment.structure, 4) if proof else None,
        region=(proof.region if proof else candidate.region),
        differs=proof.differs if proof else (),
    )
    is_same = candidate.is_copy and p_same >= calibration.same_cutoff
    p_variant = p_related * (1 - p_copy) if candidate.is_proved else 0.0
    if proof and (is_same or p_variant >= VARIANT_FROM):
        whole = candidate.on_whole or proof
        corners = outline(inverse(whole.transform)).tolist()
        evidence = replace(
            evidence,
            outline=tuple((round(x, 4), round(y, 4)) for x, y in corners),
            edits=proof.edits if is_same else (),
            place=_place(whole) if candidate.stored.part else None,
        )
        if is_same:
            return Match(image, "same", p_same, p_same, False, evidence)
        return Match(image, "variant", p_variant, p_same, False, evidence)
    # What lies in a part of the query only is not what the query is like.
    looks = candidate.looks
    p_alike = calibration.p_alike(looks, Calibration.nearness(looks, references.looks)) if looks is not None else 0.0
    # What shares a scene is of the same kind; so is what is probably the same picture, though nothing proves it.
    p_alike = max(p_alike, min(p_related, calibration.same_cutoff - BELOW))
    if looks is not None:
        evidence = replace(evidence, cosine=round(looks, 4))
    return Match(image, "alike", p_alike, p_same, p_alike < calibration.alike_cutoff, evidence)
