"""What goes over the wire, as pydantic models; made from the engine's values."""

import base64
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from typing_extensions import TypeAliasType

from engine import (
    MAX_LIMIT,
    TITLE_PLACEHOLDERS,
    AddResult,
    Changed,
    Containment,
    DayOfPictures,
    Decision,
    Edit,
    Grade,
    Group,
    GroupLane,
    Groups,
    Keep,
    Match,
    NearDuplicate,
    Page,
    PastOperation,
    PictureWarning,
    Position,
    Region,
    Related,
    RemovedImage,
    SearchResult,
    Sort,
    StoredImage,
    Undone,
    parse_region,
    unknown_placeholders,
)

MAX_ID = (1 << 63) - 1
NUMBER = re.compile(r"0|[1-9][0-9]*", re.ASCII)
NEGATIVE = re.compile(r"-[1-9][0-9]*", re.ASCII)


# Each choice is a type of its own, so that clients which are made from the description have a name for it.
MatchLane = TypeAliasType("MatchLane", Literal["same", "variant", "alike"])
GroupsLane = TypeAliasType("GroupsLane", GroupLane)
SortBy = TypeAliasType("SortBy", Sort)
DaysBy = TypeAliasType("DaysBy", Literal["added", "taken"])
Order = TypeAliasType("Order", Literal["asc", "desc"])
WhichToKeep = TypeAliasType("WhichToKeep", Keep)
AddStatus = TypeAliasType("AddStatus", Literal["added", "duplicate", "restored"])
EntryStatus = TypeAliasType("EntryStatus", Literal["added", "duplicate", "restored", "rejected", "passed_over"])
AccessLevel = TypeAliasType("AccessLevel", Literal["none", "search", "admin"])


def _plain_number(given: Any) -> Any:
    """Refuses what Python's int() would take besides: other scripts' digits, signs, spaces, `1_7`, `017`, `true`."""
    if isinstance(given, bool) or (isinstance(given, str) and not NUMBER.fullmatch(given)):
        raise ValueError("A number has the digits 0 to 9 and nothing else")
    return given


def _whole_number(given: Any) -> Any:
    """The same, with a minus before it where it is below 0."""
    return given if isinstance(given, str) and NEGATIVE.fullmatch(given) else _plain_number(given)


# A NUL is the one character that databases do not take.
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^\x00,]+$")]
Tags = Annotated[list[Tag], Field(max_length=30), AfterValidator(lambda tags: list(dict.fromkeys(tags)))]
Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4096, pattern=r"^[^\x00]+$")]
WebUrl = Annotated[Url, StringConstraints(pattern=r"^https?://[^\s<>\"\\^`{|}\x00-\x1f]+$")]
# Named behind the bounds of a number: before them, the description would lose them.
PLAIN = BeforeValidator(_plain_number)
WHOLE = BeforeValidator(_whole_number)
Id = Annotated[int, Field(ge=1, le=MAX_ID), PLAIN]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many matches."), PLAIN]


AskedRegion = Annotated[
    str,
    Field(
        max_length=200,
        examples=["0.5,0,0.5,0.5"],
        description="`x,y,width,height` as shares of the upright picture: only this part of it is looked for. What the "
        "answer says of the query is in shares of the whole all the same.",
    ),
]


def region_of(given: str | None) -> Region | None:
    """A region as it came. A PicTraceError (`invalid_region`)."""
    return None if given is None else parse_region(given)


class SearchOptions(BaseModel):
    """What is asked of a search."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = 5
    weak: Annotated[bool, Field(description="Also where nothing is near: the nearest there are.")] = False
    preview: Annotated[bool, Field(description="A small JPEG of the query comes along, as a data URL.")] = False
    region: AskedRegion | None = None
    tag: Annotated[
        Tags, Field(description="Only pictures with this tag are searched; of several, those that have all of them.")
    ] = []

    def asked(self) -> dict[str, Any]:
        """As the engine takes it."""
        given = {name: getattr(self, name) for name in ("limit", "weak", "preview")}
        return given | {"region": region_of(self.region), "tags": self.tag}


class SearchForm(SearchOptions):
    """A search by upload."""


class SearchRequest(SearchOptions):
    """A search by URL."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"url": "https://example.org/a.jpg"}})

    url: Annotated[
        Url,
        Field(
            description="The server fetches it: http or https, publicly reachable; of a web page, the picture it names."
        ),
    ]


class WhyForm(BaseModel):
    """How the picture is to be drawn."""

    model_config = ConfigDict(extra="forbid")

    words: Annotated[bool, Field(description="Result and edits in English words, below the pictures.")] = True
    region: AskedRegion | None = None


class WhyRequest(WhyForm):
    """The query again: by URL, or a stored picture."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"image_id": 3}})

    url: Url | None = None
    image_id: Id | None = None


class AddForm(BaseModel):
    """What is said of a picture that is added."""

    model_config = ConfigDict(extra="forbid")

    title: Text | None = None
    tags: Tags = []
    source_url: WebUrl | None = None
    page_url: WebUrl | None = None
    operation_id: Annotated[Id | None, Field(description="Go on with an earlier addition: one undo for both.")] = None


class ArchiveForm(BaseModel):
    """What is said of all pictures of an archive."""

    model_config = ConfigDict(extra="forbid")

    tags: Tags = []
    operation_id: Annotated[Id | None, Field(description="Go on with an earlier addition: one undo for both.")] = None


class AddRequest(AddForm):
    """An addition by URL."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"url": "https://example.org/a.jpg", "tags": ["paris"]}}
    )

    url: Url


class EditRequest(BaseModel):
    """What is to change, at least one thing; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"minProperties": 1, "example": {"title": "Old mill", "tags": ["mill"]}},
    )

    title: Text | None = None
    tags: Tags | None = None
    source_url: WebUrl | None = None
    page_url: WebUrl | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Say what is to change: title, tags, source_url or page_url")
        return self

    def values(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return given | ({"tags": self.tags or []} if "tags" in given else {})


Ids = Annotated[list[Id], Field(min_length=1, max_length=10_000, description="Their ids.")]


def _known_placeholders(pattern: str | None) -> str | None:
    if pattern and (unknown := unknown_placeholders(pattern)):
        known = ", ".join(f"{{{name}}}" for name in TITLE_PLACEHOLDERS)
        raise ValueError(f"Nothing stands for {{{unknown[0]}}}; there are {known}")
    return pattern


class EditManyRequest(BaseModel):
    """What is to change of many pictures, at least one thing; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "minProperties": 2,
            "example": {"images": [3, 17], "add_tags": ["holland"], "title": "{name} ({number})"},
        },
    )

    images: Ids
    add_tags: Tags = []
    remove_tags: Tags = []
    title: Annotated[
        Text | None,
        Field(
            description="A pattern: `{name}` is the file's name without its ending, `{title}` the title so far, "
            "`{number}` 1, 2, 3 in the order given, `{date}` when it was taken, or else added. An empty one takes "
            "titles away."
        ),
        AfterValidator(_known_placeholders),
    ] = None

    @model_validator(mode="after")
    def _some_change(self) -> Self:
        if not self.add_tags and not self.remove_tags and self.title is None:
            raise ValueError("Say what is to change: add_tags, remove_tags or title")
        return self


class ManyRequest(BaseModel):
    """Pictures of the library."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"images": [3, 17]}})

    images: Ids


class ZipRequest(BaseModel):
    """Pictures whose files are wanted."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"images": [3, 17]}})

    images: Annotated[list[Id], Field(min_length=1, max_length=1_000, description="Their ids.")]


class RestoreRequest(BaseModel):
    """Pictures that are to come back: some, or all."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"minProperties": 1, "maxProperties": 1, "example": {"images": [3, 17]}}
    )

    images: Ids | None = None
    all: Annotated[bool, Field(description="Every picture in the trash.")] = False

    @model_validator(mode="after")
    def _some_or_all(self) -> Self:
        if self.all == (self.images is not None):
            raise ValueError("Say which: either `images`, or `all: true`")
        return self


def _different(ids: list[int]) -> list[int]:
    if len(set(ids)) < len(ids):
        raise ValueError("Each picture once")
    return ids


class DecideRequest(BaseModel):
    """What is to become of near-duplicates."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"images": [3, 17], "keep": "best"}})

    images: Annotated[
        list[Id],
        Field(min_length=2, max_length=500, json_schema_extra={"uniqueItems": True}, description="Their ids."),
        AfterValidator(_different),
    ]
    keep: Annotated[
        WhichToKeep,
        Field(
            description="The best alone, its near-duplicates among the others being removed; all; or all, for they are "
            "different."
        ),
    ]
    keeper: Annotated[
        Id | None, Field(description="With `best`: which of the pictures is kept in place of the best.")
    ] = None

    @model_validator(mode="after")
    def _keeper_is_one_of_them(self) -> Self:
        if self.keeper is not None and (self.keep != "best" or self.keeper not in self.images):
            raise ValueError("`keeper` is given with `keep: best` only, and is one of `images`.")
        return self


def _in_one_group_each(groups: list[list[int]]) -> list[list[int]]:
    _different([image_id for ids in groups for image_id in ids])
    return groups


class BestRequest(BaseModel):
    """Groups of which the best picture is to be kept."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"groups": [[3, 17], [4, 9, 23]]}})

    groups: Annotated[
        list[Annotated[list[Id], Field(min_length=2, max_length=500)]],
        Field(min_length=1, max_length=500, description="The ids of each group; no picture may be in two."),
        AfterValidator(_in_one_group_each),
    ]


class Links(BaseModel):
    """Paths on this server."""

    page: Annotated[str, Field(description="The picture's own page.")]
    file: str
    thumbnail: str
    preview: str

    @classmethod
    def of(cls, image: StoredImage) -> Self:
        at = f"/v1/images/{image.id}"
        thumbnail = f"{at}/thumbnail" if image.deleted_at is None else f"/v1/trash/{image.id}/thumbnail"
        return cls(page=f"/?image={image.id}", file=f"{at}/file", thumbnail=thumbnail, preview=f"{at}/preview")


class PictureOut(BaseModel):
    """What an entry of the library and a match have in common."""

    id: int
    name: str
    title: str | None
    tags: list[str]
    source_url: str | None
    page_url: str | None
    media_type: str
    width: int
    height: int
    byte_size: int
    created_at: datetime
    source_missing_since: Annotated[
        datetime | None,
        Field(description="Since when the file that it was added from is no longer there, as `pictrace watch` saw it."),
    ]
    taken_at: Annotated[
        str | None, Field(description="When its camera took it, by the camera's own clock, without a zone.")
    ]
    links: Links


def _web(url: str | None) -> str | None:
    """A link that a page may show; other kinds may lie in a library that another program wrote."""
    return url if url and url.lower().startswith(("http://", "https://")) else None


def _common(image: StoredImage) -> dict[str, Any]:
    return {
        "id": image.id,
        "name": image.filename,
        "title": image.title,
        "tags": list(image.tags),
        "source_url": _web(image.source_url),
        "page_url": _web(image.page_url),
        "media_type": image.media_type,
        "width": image.width,
        "height": image.height,
        "byte_size": image.byte_size,
        "created_at": image.created_at,
        "source_missing_since": image.source_missing_since,
        "taken_at": image.taken_at,
        "links": Links.of(image),
    }


class ImageOut(PictureOut):
    """A picture of the library."""

    sha256: str

    @classmethod
    def of(cls, image: StoredImage) -> Self:
        return cls(**_common(image), sha256=image.sha256)


class RegionOut(BaseModel):
    """A rectangle, as shares of a picture's width and height; of the query, where nothing else is said."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, region: Region) -> Self:
        return cls(x=region.x, y=region.y, width=region.width, height=region.height)


class EvidenceOut(BaseModel):
    """The numbers behind a match."""

    exact: Annotated[bool, Field(description="The same file, byte for byte.")]
    cosine: Annotated[float, Field(description="Of the embeddings; never a percentage.")]
    phash_distance: Annotated[int | None, Field(description="Bits of 64 that differ, the least of 8 orientations.")]
    keypoints: Annotated[int, Field(description="Keypoints that agree geometrically.")]
    ssim: Annotated[float | None, Field(description="Of the greys laid on each other, -1 to 1.")]
    structure: Annotated[float | None, Field(description="Correlation of their structure, -1 to 1.")]
    region: RegionOut | None
    outline: Annotated[
        list[tuple[float, float]] | None, Field(description="The picture's four corners as shares of the query.")
    ]
    edits: Annotated[list[Edit], Field(description="What was done to the picture; none outside lane `same`.")]
    differs: Annotated[
        list[RegionOut],
        Field(
            max_length=5,
            description="Where the two, laid on each other, show different things: at most five parts of the query, "
            "largest first.",
        ),
    ]
    place: Annotated[
        RegionOut | None,
        Field(description="Of a long picture (from 1:3) that was found by a piece of it: where in it the query lies."),
    ]


class MatchOut(PictureOut):
    """One of the answers."""

    lane: Annotated[
        MatchLane,
        Field(
            description="`same`: the same picture, perhaps edited. `variant`: another version, the same scene or "
            "layout with other content. `alike`: it only looks alike. In this order."
        ),
    ]
    score: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="The probability that what the lane says is true: of `same`, that it is the same picture; of "
            "`variant`, that it is another version and not the same; of `alike`, that a person would call both the "
            "same kind of thing. Comparable within a lane only.",
        ),
    ]
    p_same: Annotated[
        float, Field(ge=0, le=1, description="The probability that it is the same picture, in every lane.")
    ]
    weak: Annotated[bool, Field(description="Below its lane's cut-off, here only to fill up.")]
    grade: Annotated[Grade, Field(description="How sure it is, in a word.")]
    evidence: EvidenceOut

    @classmethod
    def of(cls, match: Match) -> Self:
        return cls.model_validate(_common(match.image) | match.as_json())


class WarningOut(BaseModel):
    """What people should know of a picture that was taken all the same."""

    code: Annotated[str, Field(description="`cut_short`: the file breaks off near the picture's end.")]
    message: Annotated[str, Field(description="A sentence for people.")]

    @classmethod
    def of(cls, warning: PictureWarning) -> Self:
        return cls(code=warning.code, message=warning.message)


class QueryOut(BaseModel):
    """What was asked."""

    width: int
    height: int
    preview: Annotated[str | None, Field(description="A JPEG as a data URL, where it was asked for.")]


class SearchOut(BaseModel):
    """At most `limit` matches, best first; none where nothing in the library is near."""

    matches: list[MatchOut]
    calibrated: Annotated[bool, Field(description="False: the scores are an order, not probabilities.")]
    library_size: Annotated[int, Field(description="Pictures that were searched: with `tag`, those that have it.")]
    query: QueryOut
    regions: Annotated[
        list[RegionOut],
        Field(
            max_length=12,
            description="Where in the query a picture of its own seems to lie, likeliest first: a collage's pieces, "
            "the pictures of a screenshot or a scanned page. Ask with each as `region`.",
        ),
    ]
    page: Annotated[bool, Field(description="The URL led to a web page: the picture that it names was looked for.")]
    warnings: Annotated[list[WarningOut], Field(description="What there is to know of the picture asked with.")]
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, result: SearchResult) -> Self:
        query = result.query
        preview = None
        if query.preview:
            preview = "data:image/jpeg;base64," + base64.b64encode(query.preview).decode()
        return cls(
            matches=[MatchOut.of(match) for match in result.matches],
            calibrated=result.calibrated,
            library_size=result.library_size,
            query=QueryOut(width=query.width, height=query.height, preview=preview),
            regions=[RegionOut.of(region) for region in result.regions],
            page=result.from_page,
            warnings=[WarningOut.of(one) for one in result.warnings],
            timings_ms=result.timings_ms,
        )


class RemovalOut(BaseModel):
    """That a picture was removed, and when."""

    id: int
    at: datetime


class AddOut(BaseModel):
    """What became of a picture; `duplicate`: `image` is the one that is there already."""

    name: str
    id: int
    status: AddStatus
    operation_id: Annotated[int | None, Field(description="What undoes it; none for a duplicate.")]
    near: Annotated[list[int], Field(description="Ids of its near-duplicates in the library, likeliest first.")]
    removed_before: Annotated[
        RemovalOut | None,
        Field(description="The same bytes were in the library, and were removed so lately that this could be undone."),
    ]
    page: Annotated[bool, Field(description="The URL led to a web page: the picture that it names was taken.")]
    warnings: Annotated[list[WarningOut], Field(description="What there is to know of the picture.")]
    image: ImageOut

    @classmethod
    def of(cls, result: AddResult, image: StoredImage) -> Self:
        return cls.model_validate(
            {
                "name": result.name,
                "id": image.id,
                "status": result.status,
                "operation_id": result.operation_id,
                "near": result.near,
                "removed_before": result.removed_before and asdict(result.removed_before),
                "page": result.from_page,
                "warnings": [WarningOut.of(one) for one in result.warnings],
                "image": ImageOut.of(image),
            }
        )


class ArchiveEntryOut(BaseModel):
    """A line of an answer: what became of one file of an archive."""

    name: Annotated[str, Field(description="Of the file; empty in a last line that says why the addition broke off.")]
    source: Annotated[str, Field(description="The archive with the path in it, for names come again; or empty.")]
    status: EntryStatus
    id: Annotated[int | None, Field(description="Of the picture, which of a duplicate was there already.")]
    code: Annotated[str | None, Field(description="Why it was rejected.")]
    message: Annotated[str | None, Field(description="The same as a sentence for people.")]
    near: Annotated[list[int], Field(description="Ids of its near-duplicates in the library, likeliest first.")]
    warnings: Annotated[list[WarningOut], Field(description="What there is to know of the picture.")]
    reason: Annotated[str | None, Field(description="Why it was passed over: it is no picture, or not to be tried.")]
    operation_id: Annotated[int | None, Field(description="What undoes all that was added.")]

    @classmethod
    def of(cls, result: AddResult) -> Self:
        return cls.model_validate(
            {
                "name": result.name,
                "source": result.source,
                "status": result.status,
                "id": result.id,
                "code": result.code,
                "message": result.message,
                "near": result.near,
                "warnings": [WarningOut.of(one) for one in result.warnings],
                "reason": result.reason,
                "operation_id": result.operation_id,
            }
        )


class EntryOut(ImageOut):
    """A picture of the library, with who added it."""

    added_by: Annotated[
        str | None, Field(description="Where it was added from, or by whom; told to admins, while it is known.")
    ]
    warnings: Annotated[
        list[WarningOut] | None,
        Field(description="What there is to know of the picture. Null: not known, an older PicTrace has added it."),
    ]

    @classmethod
    def with_actor(cls, image: StoredImage, added_by: str | None) -> Self:
        known = None if image.warnings is None else [WarningOut.of(one) for one in image.warnings]
        return cls(**ImageOut.of(image).model_dump(), added_by=added_by, warnings=known)


class RemovedImageOut(ImageOut):
    """A picture that was removed; of its links only `thumbnail` leads anywhere before it is restored."""

    removed_at: datetime
    kept_until: Annotated[datetime, Field(description="It is kept at least until then.")]
    removed_by: Annotated[str | None, Field(description="Where it was removed from, or by whom, while it is known.")]

    @classmethod
    def of_removed(cls, removed: RemovedImage) -> Self:
        return cls.model_validate(ImageOut.of(removed.image).model_dump() | removed.as_json())


class TrashOut(BaseModel):
    """A part of what was removed and is still kept, lately removed first."""

    images: list[RemovedImageOut]
    total: int


class DayOut(BaseModel):
    """A day, and how many pictures are of it."""

    day: Annotated[str | None, Field(description="None: those of which it is not known.")]
    pictures: int


class DaysOut(BaseModel):
    """The days that the pictures are of, in the order of the list."""

    total: int
    days: list[DayOut]

    @classmethod
    def of(cls, days: Sequence[DayOfPictures]) -> Self:
        shown = [DayOut(day=one.day, pictures=one.pictures) for one in days]
        return cls(total=sum(one.pictures for one in days), days=shown)


class PlaceOut(BaseModel):
    """Where a picture stands in the list."""

    offset: Annotated[int | None, Field(description="How many come before it; none: it does not pass the filter.")]
    total: Annotated[int, Field(description="Pictures that pass the filter.")]
    previous: Annotated[int | None, Field(description="The id of the picture before it.")]
    next: Annotated[int | None, Field(description="The id of the picture after it.")]

    @classmethod
    def of(cls, position: Position) -> Self:
        return cls(**asdict(position))


class PastOperationOut(BaseModel):
    """What was done to the library."""

    id: int
    kind: str
    actor: Annotated[str, Field(description="Where it was done from, or by whom.")]
    at: datetime
    pictures: Annotated[int, Field(description="How many it concerned.")]
    undone: bool
    can_undo: Annotated[bool, Field(description="There is something of it that can still be taken back.")]
    undoes: Annotated[int | None, Field(description="Of an undo, the id of what it took back.")]
    images: Annotated[list[int], Field(max_length=4, description="Ids of some of these pictures.")]

    @classmethod
    def of(cls, past: PastOperation) -> Self:
        return cls.model_validate(past.as_json())


class HistoryOut(BaseModel):
    """A part of what was done to the library, newest first."""

    operations: list[PastOperationOut]
    next: Annotated[int | None, Field(description="`before` of the next part; none: this was the last.")]


class PageOut(BaseModel):
    """A part of the library, in the order that was asked for."""

    images: list[ImageOut]
    next_cursor: Annotated[str | None, Field(description="`cursor` of the next part; none: this was the last.")]
    total: Annotated[int | None, Field(description="Pictures that pass the filter; in the first part only.")]

    @classmethod
    def of(cls, page: Page) -> Self:
        cursor = None if page.next_cursor is None else str(page.next_cursor)
        return cls(images=[ImageOut.of(image) for image in page.images], next_cursor=cursor, total=page.total)


class NearDuplicateOut(ImageOut):
    """A picture of a group."""

    p_same: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Of near-duplicates, that of its pair with the best of the group; else of its likeliest pair.",
        ),
    ]


class GroupedOut(NearDuplicateOut):
    """The same with whether it is equal to the best of its group."""

    equal_pixels: Annotated[
        bool,
        Field(description="Equal to the best of the group, pixel for pixel, whatever the two files are."),
    ]


class RelatedOut(BaseModel):
    """What is known to be related to a picture, likeliest first."""

    near_duplicates: list[NearDuplicateOut]
    variants: list[NearDuplicateOut]
    parts: Annotated[list[NearDuplicateOut], Field(description="Pictures that it contains.")]
    wholes: Annotated[list[NearDuplicateOut], Field(description="Pictures that contain it.")]

    @classmethod
    def of(cls, related: Related) -> Self:
        sides = ("near_duplicates", "variants", "parts", "wholes")
        return cls(**{side: [_with_p_same(one) for one in getattr(related, side)] for side in sides})


def _with_p_same(picture: NearDuplicate) -> NearDuplicateOut:
    return NearDuplicateOut(**ImageOut.of(picture.image).model_dump(), p_same=round(picture.p_same, 4))


class GroupOut(BaseModel):
    """Pictures, best first: most pixels, then most bytes. Of near-duplicates the best is a pair with each other one."""

    images: list[GroupedOut]

    @classmethod
    def of(cls, group: Group) -> Self:
        pictures = [
            GroupedOut(
                **ImageOut.of(picture.image).model_dump(),
                p_same=round(picture.p_same, 4),
                equal_pixels=picture.equal_pixels,
            )
            for picture in group.pictures
        ]
        return cls(images=pictures)


class ContainmentOut(BaseModel):
    """A picture that is a part of another: a crop of it, or one of several in a collage."""

    part: ImageOut
    whole: ImageOut
    p_same: Annotated[float, Field(ge=0, le=1)]

    @classmethod
    def of(cls, pair: Containment) -> Self:
        return cls(part=ImageOut.of(pair.part), whole=ImageOut.of(pair.whole), p_same=round(pair.p_same, 4))


class DuplicatesOut(BaseModel):
    """A part of the groups, in order of their best pictures' ids."""

    groups: list[GroupOut]
    next_cursor: Annotated[str | None, Field(description="`cursor` of the next part; none: this was the last.")]
    total: Annotated[int, Field(description="All groups there are in this lane.")]
    waiting: Annotated[int, Field(description="Pictures and pairs that have yet to be compared; ask again.")]
    variants: Annotated[int, Field(description="All groups there are in lane `variant`.")]
    equal_total: Annotated[
        int, Field(description="Groups in which pictures are equal to the best, pixel for pixel: `equal=true`.")
    ]
    contains: Annotated[
        list[ContainmentOut],
        Field(description="Pictures that are parts of others, at most 100; in the first part of lane `same` only."),
    ]
    contains_total: Annotated[int, Field(description="All such pairs there are.")]

    @classmethod
    def of(cls, found: Groups, contained: Sequence[Containment] = ()) -> Self:
        return cls(
            groups=[GroupOut.of(group) for group in found.groups],
            next_cursor=None if found.next_cursor is None else str(found.next_cursor),
            total=found.total,
            waiting=found.waiting,
            variants=found.variants,
            equal_total=found.equal,
            contains=[ContainmentOut.of(pair) for pair in contained],
            contains_total=found.contained,
        )


class DecisionOut(BaseModel):
    """What came of a decision."""

    operation_id: Annotated[int | None, Field(description="What undoes it; none: it was decided so already.")]
    removed: Annotated[list[int], Field(description="Ids of the pictures that were removed.")]
    kept: Annotated[int | None, Field(description="Of `best`: the id of the picture that was kept.")]
    left: Annotated[
        list[int],
        Field(description="Ids of the pictures that were not removed, for they are no near-duplicates of `kept`."),
    ]

    @classmethod
    def of(cls, decision: Decision) -> Self:
        return cls(
            operation_id=decision.operation_id,
            removed=list(decision.removed),
            kept=decision.kept,
            left=list(decision.left),
        )


class BestOut(BaseModel):
    """What came of keeping the best of many groups."""

    operation_id: Annotated[int | None, Field(description="What undoes all of it.")]
    removed: Annotated[list[int], Field(description="Ids of the pictures that were removed.")]
    left: Annotated[
        list[int],
        Field(description="Ids of those that were not, for they are no near-duplicates of the best of their group."),
    ]

    @classmethod
    def of(cls, decision: Decision) -> Self:
        return cls(operation_id=decision.operation_id, removed=list(decision.removed), left=list(decision.left))


class ChangedOut(BaseModel):
    """Pictures after a change."""

    operation_id: Annotated[int, Field(description="What undoes it.")]
    images: list[ImageOut]

    @classmethod
    def of(cls, changed: Changed) -> Self:
        return cls(operation_id=changed.operation_id, images=[ImageOut.of(image) for image in changed.images])


class OperationOut(BaseModel):
    """Something was added or removed; `POST /v1/operations/{operation_id}/undo` takes it back as a whole."""

    operation_id: int


class EditedOut(BaseModel):
    """Many pictures after a change."""

    operation_id: Annotated[int | None, Field(description="What undoes it; none: nothing was to be changed.")]
    changed: int


class RemovedOut(BaseModel):
    """Pictures that were removed, at once."""

    operation_id: Annotated[int, Field(description="What undoes it.")]
    removed: int


class RestoredOut(BaseModel):
    """Pictures that were brought back, at once."""

    operation_id: Annotated[int, Field(description="What undoes it.")]
    restored: int


class UndoneOut(BaseModel):
    """What was taken back."""

    operation_id: int
    kind: str
    at: datetime
    images: Annotated[int, Field(description="How many pictures it concerned.")]

    @classmethod
    def of(cls, undone: Undone) -> Self:
        return cls(operation_id=undone.operation_id, kind=undone.kind, at=undone.at, images=undone.images)


class TagOut(BaseModel):
    """A tag with the number of its pictures."""

    tag: str
    pictures: int


class TagsOut(BaseModel):
    """The most frequent tags first."""

    tags: list[TagOut]


class LimitsOut(BaseModel):
    """What the server takes."""

    max_bytes: int
    max_pixels: Annotated[int, Field(description="That are decoded; of some kinds of files fewer fit the memory.")]
    max_source_pixels: Annotated[int, Field(description="Of a JPEG, which is decoded at a smaller size.")]
    max_archive_bytes: Annotated[int, Field(description="Of an archive as it is sent (`POST /v1/archives`).")]
    max_matches: int
    searches_a_minute: Annotated[int | None, Field(description="For each key, or else address; none: no limit.")]
    formats: list[str]
    archives: Annotated[list[str], Field(description="Endings of the archives that are read here, such as `.zip`.")]


class SamplesOut(BaseModel):
    """Pictures to try PicTrace with."""

    offered: Annotated[bool, Field(description="The library is empty: `POST /v1/samples` adds them.")]
    present: Annotated[int, Field(description="How many of them are in the library.")]
    removable: Annotated[bool, Field(description="Nothing else is in the library: no key is needed to remove them.")]
    queries: Annotated[list[str], Field(description="Names for `GET /v1/samples/{name}`.")]


class ServerOut(BaseModel):
    """The server at a glance."""

    name: Literal["PicTrace"] = "PicTrace"
    version: str
    access: Annotated[AccessLevel, Field(description="What the given key, or none, allows here.")]
    search_key_required: bool
    pictures: Annotated[int | None, Field(description="None where it needs a key.")]
    calibrated: bool
    limits: LimitsOut
    samples: SamplesOut


class HealthOut(BaseModel):
    """Whether the process is alive, or ready to answer."""

    status: Literal["ok"] = "ok"


class WrongValue(BaseModel):
    """A value of a request that cannot be taken."""

    where: Annotated[str, Field(description="Its place, such as `body.limit`.")]
    message: str


class ProblemOut(BaseModel):
    """An error (RFC 9457). `code` is stable; `detail` is a sentence for people."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: Annotated[list[WrongValue], Field(description="Of `invalid_request`: each value that is wrong.")] = []
