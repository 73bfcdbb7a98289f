"""What came up for a query. All values: a step that learns something gives new ones."""

import math
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from engine.domain import WHOLE, Pixels, Region, StoredFeatures, Vector
from engine.features import sift
from engine.features.detail import Picture
from engine.features.geometry import overlap
from engine.matching import proof
from engine.matching.proof import Proof, Thumbnail
from engine.matching.query_view import QueryPicture, View
from engine.pictures import imaging

# What is looked at of a stored picture to compare it in detail; None where its file is lost.
ReadDetail = Callable[[StoredFeatures], Awaitable[Picture | None]]

UNCHECKED = 0.4  # the probability that a proved picture is a copy, where others are and it was not compared in detail
EXPLAINED = 0.6  # share of the query that a proved picture must fill for nothing else to be looked for


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored picture that came up for a query, with what is known of the pair so far."""

    stored: StoredFeatures
    cosine: float  # the best over all regions
    whole_cosine: float | None  # of the whole query, where the picture came up for it
    region: Region
    phash_distance: int | None = None
    proof: Proof | None = None
    nearness: float = math.inf  # among the neighbours that it came up with; what came up by its hash need not stand out
    looks: float | None = None  # cosine of what the two look like, where it is among the nearest

    @property
    def id(self) -> int:
        return self.stored.image.id

    @property
    def key(self) -> int:
        """Of the picture, or of the part of a long one."""
        return self.stored.key

    @property
    def is_proved(self) -> bool:
        return self.proof is not None and self.proof.is_proved

    @property
    def is_doubtful(self) -> bool:
        return self.proof is not None and self.proof.is_doubtful

    @property
    def is_copy(self) -> bool:
        return self.proof is not None and self.proof.is_copy

    @property
    def is_compared(self) -> bool:
        """Whether it was compared in detail as it lies now."""
        return self.proof is not None and self.proof.p_copy is not None

    @property
    def settles(self) -> bool:
        """Whether it is proved and no variant, and explains so much of the query that nothing else is looked for."""
        return self.proof is not None and self.proof.is_copy and overlap(self.proof.transform)[0] >= EXPLAINED

    def fills(self, region: Region) -> bool:
        """Whether it lies on most of a region of the query."""
        return self.proof is not None and proof.share_of(self.proof, region) >= EXPLAINED

    @property
    def on_whole(self) -> Proof | None:
        """The proof as the whole stored picture lies on the query, where it is a part of it that was laid."""
        part = self.stored.part
        return proof.of_whole(self.proof, part.region) if self.proof and part else self.proof

    def thumbnail(self, read: Callable[[str], Pixels | None]) -> Thumbnail:
        """Reads its thumbnail; `read`: that of a whole picture, by SHA-256."""
        own = self.stored.thumbnail
        return partial(read, self.stored.image.sha256) if own is None else partial(imaging.decode_own, own)

    def laid(self, view: View, thumbnail: Thumbnail, *, mirrored: bool) -> "Candidate":
        """The same, laid on a view by keypoints and, where the hashes are near, as a whole."""
        laid = self if mirrored else self.laid_as_whole(view, thumbnail)
        return laid.laid_by_keypoints(view, thumbnail, mirrored=mirrored)

    def laid_as_whole(self, view: View, thumbnail: Thumbnail) -> "Candidate":
        """The same, laid on a view as a whole, where the hashes are near."""
        distance = proof.hash_distance(view, self.stored.phash)
        closest = _least(self.phash_distance, distance[0] if distance else None)
        return replace(self, phash_distance=closest)._with(proof.by_hash(view, distance, thumbnail))

    def laid_by_keypoints(self, view: View, thumbnail: Thumbnail, *, mirrored: bool) -> "Candidate":
        """The same, laid on a view where its keypoints are."""
        return self._with(proof.by_keypoints(view, self.stored.keypoints, thumbnail, mirrored=mirrored))

    def laid_by_sift(
        self, view: View, keypoints: sift.SiftKeypoints, thumbnail: Thumbnail, *, mirrored: bool
    ) -> "Candidate":
        """The same, laid by keypoints that stand more; `keypoints` are its thumbnail's."""
        return self._with(proof.by_sift(view, keypoints, thumbnail, mirrored=mirrored))

    def laid_under_lines(self, view: View, thumbnail: Thumbnail) -> "Candidate":
        """The same, laid on what is left of the query without the lines across it."""
        return self._with(proof.under_lines(view, self.stored.phash, thumbnail))

    def nearer(self, cosine: float, region: Region) -> "Candidate":
        """The same, come up once more for a region of the query: the best cosine counts."""
        return replace(self, cosine=cosine, region=region) if cosine > self.cosine else self

    def looking(self, looks: float | None) -> "Candidate":
        """The same, with how much the two look alike."""
        return replace(self, looks=looks)

    def in_detail(self, query: Picture | None, stored: Picture | None) -> "Candidate":
        """The same, compared in detail. Where an original is gone, what proves it stands alone."""
        if self.proof is None:
            return self
        if query is None or stored is None:
            return replace(self, proof=replace(self.proof, p_copy=1.0)) if self.is_proved else self
        return replace(self, proof=proof.in_detail(self.proof, query, stored))

    def unchecked(self) -> "Candidate":
        """The same, where it was not looked at in detail: nothing says that it is more than a variant."""
        return self if self.proof is None else replace(self, proof=replace(self.proof, p_copy=UNCHECKED))

    def with_seen(self, query: QueryPicture, thumbnail: Thumbnail) -> "Candidate":
        """The same with the edits that are seen by its thumbnail, where that is not lost."""
        shown = None if self.proof is None or self.proof.seen else thumbnail()
        if self.proof is None or shown is None:
            return self
        return replace(self, proof=proof.with_seen(self.proof, query, shown, stored_aspect=self.stored.aspect))

    def seen_as(self, other: "Candidate") -> "Candidate":
        """The same with the edits that were seen of it meanwhile."""
        if self.proof is None or other.proof is None:
            return self
        return replace(self, proof=replace(self.proof, seen=other.proof.seen, difference=other.proof.difference))

    def with_edits(self, query: QueryPicture, thumbnail: Thumbnail) -> "Candidate":
        """The same with the edits named that made the whole query of it."""
        found = None if self.proof is None or self.proof.edits else self.with_seen(query, thumbnail).proof
        if found is None or not found.seen:
            return self
        named = proof.with_edits(found)
        return replace(self, proof=proof.edits_of_part(named, self.stored.part.region) if self.stored.part else named)

    def unlaid(self) -> "Candidate":
        """The same as it came up, to be laid on something else."""
        return replace(self, region=WHOLE, proof=None)

    def on_part(self, region: Region) -> "Candidate":
        """The same as it lies on a whole long query, where it was laid on this region of it as on a query."""
        if self.proof is None:
            return replace(self, whole_cosine=None, region=region)
        return replace(self, whole_cosine=None, region=region, proof=proof.of_whole_query(self.proof, region))

    def joined(self, other: "Candidate") -> "Candidate":
        """What is known of it by either of two steps that went on side by side."""
        best = self.nearer(other.cosine, other.region)
        return replace(best, phash_distance=_least(self.phash_distance, other.phash_distance))._with(other.proof)

    def _with(self, found: Proof | None) -> "Candidate":
        return self if found is None else replace(self, proof=proof.stronger(self.proof, found))


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Candidates in the order in which they came up, each picture, and each part of a long one, once."""

    by_key: dict[int, Candidate] = field(default_factory=dict)

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> "Shortlist":
        return cls({one.key: one for one in candidates})

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.by_key.values())

    def __contains__(self, key: int) -> bool:
        return key in self.by_key

    def __len__(self) -> int:
        return len(self.by_key)

    def having(self, keys: Iterable[int]) -> list[Candidate]:
        """Those of these pictures that are in it."""
        return [self.by_key[one] for one in keys if one in self.by_key]

    def where(self, wanted: Callable[[Candidate], bool]) -> list[Candidate]:
        return [one for one in self if wanted(one)]

    def updated(self, candidates: Iterable[Candidate]) -> "Shortlist":
        """Another one: these take the places of those of the same pictures, new ones come last."""
        return Shortlist(self.by_key | {one.key: one for one in candidates})

    def joined(self, candidates: Iterable[Candidate]) -> "Shortlist":
        """The same for what was learned side by side, perhaps of one picture twice."""
        learned: dict[int, Candidate] = {}
        for one in candidates:
            learned[one.key] = learned[one.key].joined(one) if one.key in learned else one
        return self.updated(learned.values())

    @property
    def is_settled(self) -> bool:
        return any(one.settles for one in self)

    @property
    def has_proof(self) -> bool:
        return any(one.is_copy for one in self)


@dataclass(frozen=True, slots=True)
class Candidates:
    """All that came up for a query.

    `nearest` are the cosines of the whole query's nearest, descending, and `alike` those of what looks most like it;
    `detail_s` is how long pairs were compared in detail.
    """

    found: tuple[Candidate, ...]
    nearest: list[float]
    alike: list[float] = field(default_factory=list)
    detail_s: float = 0.0


@dataclass(frozen=True, slots=True)
class References:
    """Cosines of a query to what is taken for unrelated (`Calibration.references`), by either head."""

    copy: Vector
    looks: Vector


def _least(one: int | None, other: int | None) -> int | None:
    return min((distance for distance in (one, other) if distance is not None), default=None)
