"""Frozen values that pass between modules. Pictures are RGB, uint8, (H, W, 3)."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[int, int], None]  # (done, of how many)
Stop = Callable[[], bool]  # whether long work is to end early

Pixels = NDArray[np.uint8]
Vector = NDArray[np.float32]
TINY = 1e-12  # below every length that is divided by

Lane = Literal["same", "variant", "alike"]
Keep = Literal["best", "all", "different"]  # of near-duplicates: the best alone, all, or all for they are none
# Of two stored pictures: nearly all of each is in the other; one is a part of the other; versions; or nothing of these.
Relation = Literal["near_duplicate", "contains", "variant", "unrelated"]
GroupLane = Literal["same", "variant"]  # groups of near-duplicates, or of variants
Sort = Literal["added", "name", "size", "taken"]  # by what the library is listed


# Raised when pictures come to be seen otherwise: 1 puts transparent ones on a ground that contrasts, takes the frame of
# an animation that shows something, and keeps long ones in parts.
FEATURES_VERSION = 1


@dataclass(frozen=True, slots=True)
class PictureWarning:
    """What people should know of a picture that was taken all the same: `code` for programs, `message` for people."""

    code: str
    message: str

    @classmethod
    def of_code(cls, code: str) -> Self:
        """The warning of a stored picture, of which only the code is kept: how much is missing is not said."""
        return cls(code, WARNINGS.get(code, code))

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


CUT_SHORT = "cut_short"
WARNINGS = {CUT_SHORT: "The file breaks off: the end of the picture, or its finest details, are missing."}  # by code


@dataclass(frozen=True, slots=True)
class Image:
    """A decoded picture: upright, opaque, RGB; `pixels` may be smaller than `width` x `height` of the original.

    `ground`: the grey level that a transparent one was put on; None where all of it was hidden, and is shown as if it
    were opaque. `frame`: the number of the frame that is shown, from 0, of a picture that `is_animated`. `taken_at`:
    when its camera took it, as StoredImage has it.
    """

    pixels: Pixels
    media_type: str
    width: int
    height: int
    warnings: tuple[PictureWarning, ...] = ()
    ground: int | None = 255
    frame: int = 0
    is_animated: bool = False
    taken_at: str | None = None


@dataclass(frozen=True, slots=True)
class Keypoints:
    """ORB keypoints of one picture.

    `points` (n, 2) float32, x and y as shares of width and height; `descriptors` (n, 32) uint8; n may be 0.
    `aspect` is width / height of the picture they were found in.
    """

    points: NDArray[np.float32]
    descriptors: Pixels
    aspect: float

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, slots=True)
class HandcraftedFeatures:
    """What is computed from a picture without a network. `phash` is None for a picture too flat to have one."""

    phash: int | None
    keypoints: Keypoints


@dataclass(frozen=True, slots=True)
class Features:
    """All that is computed from one picture."""

    sha256: str
    embedding: Vector  # unit length
    handcrafted: HandcraftedFeatures

    @property
    def phash(self) -> int | None:
        return self.handcrafted.phash

    @property
    def keypoints(self) -> Keypoints:
        return self.handcrafted.keypoints


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a door may keep of a picture that is not in the library, to know later what may be the same.

    The picture cannot be made from it again. `network`: by which one `vector` was made.
    """

    network: str
    phash: int | None
    vector: bytes


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of a picture, as a rule of the query; x, y, width, height as shares of the picture's size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return self.width * self.height

    def common(self, other: "Region") -> float:
        """The area of both."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(0.0, width) * max(0.0, height)

    def of_whole(self, part: "Region") -> "Region":
        """The same, which is given in shares of a part of a picture, in shares of the whole."""
        x, y = part.x + self.x * part.width, part.y + self.y * part.height
        return Region(x, y, self.width * part.width, self.height * part.height)

    def within(self, part: "Region") -> "Region":
        """The same, which is given in shares of a picture, in shares of a part of it."""
        x, y = (self.x - part.x) / part.width, (self.y - part.y) / part.height
        return Region(x, y, self.width / part.width, self.height / part.height)

    def rounded(self) -> "Region":
        return Region(*(round(one, 4) for one in (self.x, self.y, self.width, self.height)))


WHOLE = Region(0.0, 0.0, 1.0, 1.0)
SAMPLE_TAG = "sample"  # of the pictures to try with; one's own never yield to these
WHOLE_PART = 0  # number of the whole picture among its parts
PART_BITS = 8  # a key is a picture's id and, in its last bits, the number of a part
PART_MASK = (1 << PART_BITS) - 1


def part_key(image_id: int, part: int = WHOLE_PART) -> int:
    """What a picture, or a part of it, is known by where both are looked for."""
    return image_id << PART_BITS | part


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of ordinary shape of a long picture: its number, from 1 on, and its region of the whole."""

    number: int
    region: Region


class Edit(StrEnum):
    """What was done to a picture; the codes are a contract with other programs."""

    MIRRORED = "mirrored"
    ROTATED = "rotated"
    CROPPED = "cropped"
    INSIDE_LARGER = "inside_larger"
    PADDED = "padded"
    RECOLOURED = "recoloured"
    GRAYSCALE = "grayscale"
    BLURRED = "blurred"
    OVERLAID = "overlaid"
    STRETCHED = "stretched"
    RECOMPRESSED = "recompressed"


@dataclass(frozen=True, slots=True)
class NetworkHead:
    """A part of the embeddings of a network that is compared for itself: which pictures are copies, or look alike."""

    name: Literal["copy", "looks"]
    start: int
    dimensions: int
    whole: int  # dimensions of the embedding

    @classmethod
    def only(cls, dimensions: int) -> Self:
        """Of a network whose embeddings are compared as they are, for copies and for looks."""
        return cls("copy", 0, dimensions, dimensions)

    def of(self, embeddings: Vector) -> Vector:
        """(..., whole) -> (..., dimensions), of unit length."""
        if self.dimensions == self.whole:
            return embeddings
        part = embeddings[..., self.start : self.start + self.dimensions]
        return np.asarray(part / np.maximum(np.linalg.norm(part, axis=-1, keepdims=True), TINY), np.float32)


@dataclass(frozen=True, slots=True)
class NetworkRef:
    """Which network, in which version, an embedding was made by."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One picture of the library. `tags` are free words; times are UTC.

    `source_missing_since`: since when none of the files that it was added from is where it was, as far as that is
    known; None too for a picture that came without a file. `taken_at`: when its camera took it, by the camera's own
    clock (`2026-05-01T12:00:00`), as its file says; None where it does not. `warnings`: what people should know of it;
    None where it is not known, for an older PicTrace has added it.
    """

    id: int
    sha256: str
    filename: str
    title: str | None
    source_url: str | None
    page_url: str | None
    tags: tuple[str, ...]
    media_type: str
    width: int
    height: int
    byte_size: int
    created_at: datetime
    deleted_at: datetime | None
    source_missing_since: datetime | None = None
    features_version: int = FEATURES_VERSION  # how it was seen when its thumbnail and features were made
    taken_at: str | None = None
    warnings: tuple[PictureWarning, ...] | None = None

    @property
    def missing_since_as_json(self) -> str | None:
        """`source_missing_since` as all doors write it that speak JSON."""
        return _as_json(self.source_missing_since) if self.source_missing_since else None


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file as a door hands it out: where it lies on this machine, or what it holds.

    `filename` is None for what has no name of its own. `etag` changes when the bytes do.
    """

    content: Path | bytes
    media_type: str
    filename: str | None
    etag: str


@dataclass(frozen=True, slots=True)
class StoredFeatures:
    """A stored picture, or a part of a long one, with what a pairwise check needs of it.

    Only of a part there is a `thumbnail` here, a JPEG; that of a whole picture is a file.
    """

    image: StoredImage
    handcrafted: HandcraftedFeatures
    part: Part | None = None
    thumbnail: bytes | None = None

    @property
    def key(self) -> int:
        return part_key(self.image.id, self.part.number if self.part else WHOLE_PART)

    @property
    def aspect(self) -> float:
        """Width / height."""
        region = self.part.region if self.part else WHOLE
        return region.width * self.image.width / (region.height * self.image.height)

    @property
    def phash(self) -> int | None:
        return self.handcrafted.phash

    @property
    def keypoints(self) -> Keypoints:
        return self.handcrafted.keypoints


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file on disk as it was when it was added: as long as size and time are these, it is not read again."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that the library knows, with its picture: as it was when it was added, wherever it is now.

    `name` is the picture's. `is_missing`: all files of the picture are gone, as far as that is known.
    """

    path: str
    size: int
    mtime_ns: int
    image_id: int
    name: str
    is_live: bool
    is_missing: bool


FolderEventKind = Literal[
    "watching", "added", "restored", "duplicate", "moved", "rejected", "waiting", "missing", "back", "removed",
    "copy_gone", "away", "there", "warning",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class FolderEvent:
    """What has happened in a watched folder.

    `id` is the picture's. `code` and `message` say why a file was rejected, a folder is away, or what is warned of.
    `moved_from`: where a file was before.
    """

    kind: FolderEventKind
    path: str
    id: int | None = None
    code: str | None = None
    message: str | None = None
    moved_from: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is said of a picture when it is added; `from_page`: it is the one that a web page names.

    `source`: where it came from, in words for people, as AddResult has it; it is not stored.
    """

    name: str
    title: str | None = None
    tags: tuple[str, ...] = ()
    source_url: str | None = None
    page_url: str | None = None
    file: FileSeen | None = None
    from_page: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class PreparedPart:
    """A part of a long picture ready to be stored."""

    part: Part
    thumbnail: bytes
    keypoints: Keypoints
    keypoints_version: int
    embeddings: dict[NetworkRef, Vector]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture ready to be stored: its bytes, thumbnail and features, and embeddings by network."""

    provenance: Provenance
    content: bytes
    thumbnail: bytes
    image: Image
    features: Features
    embeddings: dict[NetworkRef, Vector]
    keypoints_version: int
    parts: tuple[PreparedPart, ...] = ()  # of a long picture


AddStatus = Literal["added", "duplicate", "restored", "rejected", "passed_over"]


@dataclass(frozen=True, slots=True)
class Removal:
    """That a picture was removed, and when (UTC); it can still be brought back."""

    id: int
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """As all doors write it that speak JSON."""
        return {"id": self.id, "at": _as_json(self.at)}


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one picture. `code` and `message` say why one was rejected.

    `warnings`: what people should know of one that was taken all the same. `reason`: a word for programs, why something
    in a folder or an archive was passed over.

    `unchanged`: a duplicate that was not even read, for its file is as it was when it was added. `operation_id`: what
    `undo` takes to take it back; None where nothing was changed. `near`: ids of its near-duplicates, likeliest first.
    `removed_before`: the same bytes were in the library, and were removed not too long ago for an undo. `from_page`: it
    is the picture that a web page names. `source`: where it was found, for names come again: the path from the one that
    was named, `trip.zip: inner/a.jpg` in an archive, or the URL; empty where there is no more than the name.
    """

    name: str
    status: AddStatus
    id: int | None = None
    code: str | None = None
    message: str | None = None
    unchanged: bool = False
    operation_id: int | None = None
    near: tuple[int, ...] = ()
    removed_before: Removal | None = None
    warnings: tuple[PictureWarning, ...] = ()
    reason: str | None = None
    from_page: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers behind a match.

    `exact`: the same file, byte for byte. `cosine` of the embeddings; `phash_distance` in bits, the least over the
    eight orientations; `keypoints` that agree geometrically; `ssim` and `structure` (both in [-1, 1]) of the greys
    brought onto each other, None where nothing could be; `region` of the query that shows the picture; `outline`, where
    the picture is proved to lie in the query: its corners, clockwise from its own top left, as shares of the query's
    width and height. `differs`: where the two, laid on each other, show different things: at most five regions of
    the query. `place`: of a long picture that is found by a part, the region of it that the query shows.
    """

    exact: bool = False
    cosine: float = 0.0
    phash_distance: int | None = None
    keypoints: int = 0
    ssim: float | None = None
    structure: float | None = None
    region: Region | None = None
    outline: tuple[tuple[float, float], ...] | None = None
    edits: tuple[Edit, ...] = ()
    differs: tuple[Region, ...] = ()
    place: Region | None = None

    def of_whole_query(self, part: Region) -> "Evidence":
        """The same for a match with a part of a query, in shares of the whole query."""
        corners = (Region(x, y, 0, 0).of_whole(part).rounded() for x, y in self.outline or ())
        return replace(
            self,
            region=self.region.of_whole(part).rounded() if self.region else None,
            outline=tuple((one.x, one.y) for one in corners) if self.outline else None,
            differs=tuple(one.of_whole(part).rounded() for one in self.differs),
        )

    def as_json(self) -> dict[str, Any]:
        """As all doors write it that speak JSON."""
        return asdict(self) | {"edits": [edit.value for edit in self.edits]}


class Grade(StrEnum):
    """How sure a match is, in a word; the codes are a contract with other programs."""

    IDENTICAL = "identical"  # the same file, byte for byte
    CERTAINLY_SAME = "certainly_same"
    ALMOST_CERTAINLY_SAME = "almost_certainly_same"
    PROBABLY_SAME = "probably_same"
    VARIANT = "variant"  # the same scene or layout, but not the same picture
    VERY_ALIKE = "very_alike"
    ALIKE = "alike"
    WEAK = "weak"


CERTAIN_FROM, ALMOST_CERTAIN_FROM, VERY_ALIKE_FROM = 0.99, 0.9, 0.75  # scores


@dataclass(frozen=True, slots=True)
class Match:
    """One of the answers.

    `lane`: the `same` picture, perhaps edited; a `variant` of it, another version that shares its scene or layout and
    shows something else; or it only looks `alike`. `score` is comparable within a lane only: the probability that what
    the lane says is true. `p_same` is comparable everywhere: the probability that it is the same picture.
    """

    image: StoredImage
    lane: Lane
    score: float
    p_same: float
    weak: bool
    evidence: Evidence

    def as_json(self) -> dict[str, Any]:
        """As all doors write it that speak JSON; of the picture only what names it."""
        return {
            "id": self.image.id,
            "name": self.image.filename,
            "title": self.image.title,
            "source_missing_since": self.image.missing_since_as_json,
            "lane": self.lane,
            "score": round(self.score, 4),
            "p_same": round(self.p_same, 4),
            "weak": self.weak,
            "grade": self.grade.value,
            "evidence": self.evidence.as_json(),
        }

    @property
    def grade(self) -> Grade:
        """The word that all doors show, each in its reader's language."""
        if self.evidence.exact:
            return Grade.IDENTICAL
        if self.weak:
            return Grade.WEAK
        if self.lane == "same":
            if self.score > CERTAIN_FROM:
                return Grade.CERTAINLY_SAME
            return Grade.ALMOST_CERTAINLY_SAME if self.score >= ALMOST_CERTAIN_FROM else Grade.PROBABLY_SAME
        if self.lane == "variant":
            return Grade.VARIANT
        return Grade.VERY_ALIKE if self.score >= VERY_ALIKE_FROM else Grade.ALIKE


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked: the picture's size, upright, in pixels; `preview` is a small JPEG of it where one was wanted."""

    width: int
    height: int
    preview: bytes | None = None


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What is asked of a search.

    `weak`: also where nothing is near, the nearest there are. `preview`: a small JPEG of the query comes along.
    `region`: of the upright query, the only part that is looked for. `tags`: only pictures that have all of them are
    searched.
    """

    limit: int = 5
    weak: bool = False
    preview: bool = False
    region: Region | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """At most `limit` matches, best first; empty where nothing in the library is near.

    `calibrated` is False while the library's network has no calibration: scores are then an order, not probabilities.
    `library_size` is the number of pictures that were searched, `seq` the last change that was taken in. `warnings`:
    what people should know of the query. `from_page`: the query is the picture that a web page names. `regions`: where
    in the query a picture of its own seems to lie, likeliest first.
    """

    matches: tuple[Match, ...]
    timings_ms: dict[str, float] = field(default_factory=dict)
    calibrated: bool = True
    library_size: int = 0
    seq: int = 0
    query: Query = field(default_factory=lambda: Query(0, 0))
    warnings: tuple[PictureWarning, ...] = ()
    from_page: bool = False
    regions: tuple[Region, ...] = ()

    def after(self, stage: str, took_ms: float) -> "SearchResult":
        """The same with a stage that came before, counted into the total."""
        timings = self.timings_ms | {stage: took_ms, "total": round(self.timings_ms["total"] + took_ms, 2)}
        return replace(self, timings_ms=timings)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a picture matches: a JPEG of both side by side, and the match that it shows."""

    picture: bytes
    match: Match
    calibrated: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """Pictures after a change, and what `undo` takes to take it back."""

    images: tuple[StoredImage, ...]
    operation_id: int


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which pictures of the library are listed, and in what order.

    Those that have all of the `tags`, and each of the `words` in title, file name or a tag. Equals are in the order of
    their ids; by `taken`, pictures without such a date come last, whichever the order.
    """

    sort: Sort = "added"
    descending: bool = True
    tags: tuple[str, ...] = ()
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the library. `next_cursor` asks for the rest; None: there is none.

    `total` is the number of pictures that pass the filter, counted for the first page only.
    """

    images: tuple[StoredImage, ...]
    next_cursor: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class DayOfPictures:
    """How many pictures are of one day (`2026-05-01`); None for those of which it is not known."""

    day: str | None
    pictures: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where a picture stands in the library as it is arranged: how many come before it, and its neighbours' ids.

    `offset` is None where the picture does not pass the filter, and its neighbours are those it would have.
    """

    offset: int | None
    total: int
    previous: int | None
    next: int | None


@dataclass(frozen=True, slots=True)
class RemovedImage:
    """A picture that was removed, by whom, and until when (UTC) it is surely kept."""

    image: StoredImage
    removed_by: str | None
    kept_until: datetime

    def as_json(self) -> dict[str, Any]:
        """As all doors write it that speak JSON, besides what they write of every picture."""
        at = self.image.deleted_at
        return {
            "removed_at": _as_json(at) if at else None,
            "kept_until": _as_json(self.kept_until),
            "removed_by": self.removed_by,
        }


@dataclass(frozen=True, slots=True)
class PastOperation:
    """What was done to a library: one act of one actor, and how many pictures it concerned, with some of their ids.

    `undoes`: of an undo, what it took back. `can_undo`: there is something of it that can still be taken back.
    """

    id: int
    kind: str
    actor: str
    at: datetime  # UTC
    pictures: int
    is_undone: bool
    can_undo: bool
    undoes: int | None
    images: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """As all doors write it that speak JSON."""
        said = {name: getattr(self, name) for name in ("id", "kind", "actor", "pictures", "can_undo", "undoes")}
        return said | {"at": _as_json(self.at), "undone": self.is_undone, "images": list(self.images)}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures of the library that have been compared; `first_id` < `second_id`.

    `part_id`: where one contains the other, the one that is a part of the other. `equal_pixels`: None where that was
    not looked at.
    """

    first_id: int
    second_id: int
    p_same: float
    relation: Relation = "near_duplicate"
    part_id: int | None = None
    equal_pixels: bool | None = None

    @property
    def key(self) -> tuple[int, int]:
        return self.first_id, self.second_id

    @property
    def whole_id(self) -> int:
        """Where one contains the other, the one that contains."""
        return self.first_id if self.part_id == self.second_id else self.second_id


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """A picture of a group; `p_same` is that of its pair with the best, or else of its likeliest pair in the group.

    `equal_pixels`: it is equal to the best, pixel for pixel, whatever the two files are.
    """

    image: StoredImage
    p_same: float
    equal_pixels: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures, best first: samples last, then most pixels, then most bytes, then lowest id.

    Of near-duplicates, the best is a pair with each of the others. Of variants, each is a pair with some other.
    """

    pictures: tuple[NearDuplicate, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """What is known to be related to a picture, likeliest first.

    `parts` are pictures that it contains, `wholes` pictures that contain it.
    """

    near_duplicates: tuple[NearDuplicate, ...]
    variants: tuple[NearDuplicate, ...]
    parts: tuple[NearDuplicate, ...]
    wholes: tuple[NearDuplicate, ...]


@dataclass(frozen=True, slots=True)
class Containment:
    """A picture that is a part of another: a crop of it, or one of several in a collage."""

    part: StoredImage
    whole: StoredImage
    p_same: float


@dataclass(frozen=True, slots=True)
class Groups:
    """A part of the groups, in order of their best pictures' ids. `next_cursor` asks for the rest; None: there is none.

    `total` is the number of all groups, `waiting` that of the pictures and pairs that have yet to be compared.
    `variants` is the number of groups of variants, `contained` that of pairs of which one contains the other, `equal`
    that of groups of near-duplicates in which another picture is equal to the best, pixel for pixel.
    """

    groups: tuple[Group, ...]
    next_cursor: int | None
    total: int
    waiting: int
    variants: int = 0
    contained: int = 0
    equal: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of deciding on near-duplicates; `operation_id` takes it back, None where nothing was changed.

    `kept`: for whose sake the others were removed. `left`: ids that were named, and were not removed, for they are no
    near-duplicates of the one that was kept.
    """

    operation_id: int | None
    removed: tuple[int, ...] = ()
    kept: int | None = None
    left: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """How level the index was with storage: `pictures` in it, `lag`, the changes it had yet to take in."""

    pictures: int
    lag: int
    calibrated: bool


@dataclass(frozen=True, slots=True)
class WebhookState:
    """How a webhook is doing: events that wait, tries in a row that failed, and events that were ever given up."""

    waiting: int = 0
    failures: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo took back; `operation_id` is the operation's that was taken back."""

    operation_id: int
    kind: str
    at: datetime  # UTC
    images: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Matches that were called right and wrong, and pictures that are waited for."""

    right: int = 0
    wrong: int = 0
    watches: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """A picture that a subscriber waits for: its fingerprint, and up to which change it has been compared.

    `reference` is the subscriber's own: what it needs to read the query again and to tell whom it has told so.
    `vectors` are the bytes of (n, dimensions) float16: of the whole query, then of its regions.
    """

    id: int
    subscriber: str
    reference: str
    query_sha256: str
    query_phash: int | None
    network: NetworkRef
    vectors: bytes
    seq: int


@dataclass(frozen=True, slots=True)
class Status:
    """The library at a glance."""

    data_dir: str
    database: str  # a file, or name and server; never with a password
    images: int
    removed: int
    source_missing: int  # pictures that have lost all files that they were added from
    network: NetworkRef
    next_network: NetworkRef | None
    features: dict[str, int]
    calibrated: bool
    disk_bytes: int  # of the data folder
    files_url: str | None  # where the pictures' files are, if not in the data folder
    original_bytes: int  # of the pictures' files without thumbnails
    index_kind: str
    index_size: int
    index_seq: int
    last_seq: int
    checkpoint_seq: int | None
    tally: Tally
    outdated: int = 0  # pictures that an older PicTrace has seen, and that are to be looked at anew
    network_problem: str | None = None  # why there is no searching: the network cannot be run on this machine


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one picture; the codes are a contract with other programs."""

    code: str
    id: int


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `check` found (and mended, where asked): counts by kind, 0 everywhere in a sound library.

    `findings` names the pictures, at most 1,000 of them. `taken_out`: how many pictures the repair took out of the
    library. `unmended`: how many could not be mended. `outdated`: how many pictures an older PicTrace has seen, which
    is no damage; `seen_anew`: how many of them the repair has looked at. `unfinished`: it was stopped before its end.
    """

    missing_originals: int = 0
    missing_thumbnails: int = 0
    orphaned_files: int = 0
    stale_features: int = 0
    torn_checkpoints: int = 0
    damaged_pages: int = 0
    short_vector: int = 0
    bad_tags: int = 0
    unknown_media_type: int = 0
    bad_keypoints: int = 0
    bad_size: int = 0
    altered_original: int = 0
    wrong_thumbnail: int = 0
    wrong_vector: int = 0
    wrong_hash: int = 0
    wrong_keypoints: int = 0
    purged: int = 0
    repaired: bool = False
    taken_out: int = 0
    unmended: int = 0
    outdated: int = 0
    seen_anew: int = 0
    unfinished: bool = False
    findings: tuple[Finding, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not any(getattr(self, name) for name in CHECKED)

    @property
    def mended(self) -> bool:
        """Whether all that was found is right again."""
        return self.repaired and not self.unmended and not self.damaged_pages


# The fields of a CheckReport that count what is wrong.
CHECKED = (
    "missing_originals",
    "missing_thumbnails",
    "orphaned_files",
    "stale_features",
    "torn_checkpoints",
    "damaged_pages",
    "short_vector",
    "bad_tags",
    "unknown_media_type",
    "bad_keypoints",
    "bad_size",
    "altered_original",
    "wrong_thumbnail",
    "wrong_vector",
    "wrong_hash",
    "wrong_keypoints",
)


def _as_json(at: datetime) -> str:
    """A time in UTC as all doors write it that speak JSON."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def no_progress(done: int, total: int) -> None:
    """For callers that show none."""


def never() -> bool:
    """For callers that do not stop what they began."""
    return False
