"""Candidates -> matches in two lanes. Pure: the same input gives the same order."""

from dataclasses import replace

from engine.domain import Evidence, Match, StoredImage, Vector
from engine.features.geometry import inverse, outline
from engine.matching.calibration import Calibration, Signals
from engine.matching.candidates import Candidate, Candidates

EXACT_P = 1.0
BELOW = 0.01  # what nothing proves stays this much under the cut-off of lane `same`


def signals(candidate: Candidate, references: Vector) -> Signals:
    """What is known of a pair, as the calibration takes it."""
    proof = candidate.proof
    return Signals(
        structure=proof.alignment.structure if proof else None,
        proved=bool(proof and proof.is_proved),
        keypoints=proof.keypoints if proof else 0,
        phash_distance=candidate.phash_distance,
        cosine=candidate.cosine,
        nearness=Calibration.nearness(candidate.cosine, references),
    )


def rank(
    candidates: Candidates,
    references: Vector,
    calibration: Calibration,
    *,
    limit: int,
    weak: bool = False,
    exact: StoredImage | None = None,
) -> tuple[Match, ...]:
    """The best `limit` matches: lane `same` before `alike`, then by score, then by id.

    `exact` is the stored picture with the query's own bytes. Below the cut-offs only fills up, marked `weak`, and where
    nothing passes its cut-off there is nothing, unless `weak` asks for it.
    """
    matches = [_match(one, references, calibration, exact) for one in candidates.found]
    matches.sort(key=lambda match: (match.weak, match.lane == "alike", -match.score, match.image.id))
    if not weak and all(match.weak for match in matches):
        return ()
    return tuple(matches[:limit])


def _match(candidate: Candidate, references: Vector, calibration: Calibration, exact: StoredImage | None) -> Match:
    image = candidate.stored.image
    known = signals(candidate, references)
    if exact is not None and image.id == exact.id:
        evidence = Evidence(
            exact=True, cosine=1.0, phash_distance=0, keypoints=len(candidate.stored.keypoints), ssim=1.0, structure=1.0
        )
        return Match(image, "same", EXACT_P, EXACT_P, False, evidence)
    proof = candidate.proof
    p_same = calibration.p_same(known)
    if proof is not None and proof.p_copy is not None:
        p_same *= proof.p_copy
    if not candidate.is_copy:
        p_same = min(p_same, calibration.same_cutoff - BELOW)
    evidence = Evidence(
        cosine=round(candidate.cosine, 4),
        phash_distance=candidate.phash_distance,
        keypoints=known.keypoints,
        ssim=round(proof.alignment.ssim, 4) if proof else None,
        structure=round(proof.alignment.structure, 4) if proof else None,
        region=(proof.region if proof else candidate.region),
    )
    if proof and candidate.is_copy and p_same >= calibration.same_cutoff:
        corners = outline(inverse(proof.transform)).tolist()
        evidence = replace(evidence, outline=tuple((round(x, 4), round(y, 4)) for x, y in corners), edits=proof.edits)
        return Match(image, "same", p_same, p_same, False, evidence)
    # What lies in a part of the query only is not what the query is like.
    whole = candidate.whole_cosine
    p_alike = calibration.p_alike(whole, Calibration.nearness(whole, references)) if whole is not None else 0.0
    if proof:
        p_alike = max(p_alike, p_same)  # what may be the same picture is of the same kind
    return Match(image, "alike", p_alike, p_same, p_alike < calibration.alike_cutoff, evidence)
