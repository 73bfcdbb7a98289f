"""The library, a picture at a time: list, look at, add, edit, remove."""

from dataclasses import replace
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api import metrics, sending
from api.body import Sent, described, only_json, sent, while_connected
from api.dependencies import ACTOR, Access, Given, Here, Running, admin, rated, reader
from api.errors import LIBRARY, Problem, documented
from api.routes.search import PICTURE, URL, fetch
from api.schemas import (
    PLAIN,
    WHOLE,
    AddForm,
    AddOut,
    AddRequest,
    ChangedOut,
    DaysBy,
    DaysOut,
    EditRequest,
    EntryOut,
    Id,
    OperationOut,
    Order,
    PageOut,
    PlaceOut,
    RelatedOut,
    SortBy,
    TagOut,
    TagsOut,
)
from api.sending import file_answers
from engine import AddResult, Arrangement, ServedFile, StoredImage

router = APIRouter(prefix="/v1", tags=["library"])
READ, ADMIN = [Depends(reader)], [Depends(admin)]
KEYS = ("key_required", "wrong_key", "invalid_request", *LIBRARY)
CHANGE = (*KEYS, "admin_only", "cross_origin", "disk_full")
MAX_WORDS, MAX_TAGS = 8, 10
MAX_OFFSET = (1 << 31) - 1


def _few(words: str | None) -> str | None:
    if words and len(words.split()) > MAX_WORDS:
        raise ValueError(f"At most {MAX_WORDS} words can be looked for at a time")
    return words


class Filter(BaseModel):
    """Which pictures of the library, in what order."""

    model_config = ConfigDict(extra="forbid")

    sort: Annotated[SortBy, Query(description="By what. `taken`: pictures without such a date come last.")] = "added"
    order: Annotated[Order | None, Query(description="By default `asc` by name, and `desc` by all else.")] = None
    tag: Annotated[
        list[Annotated[str, Field(max_length=60)]],
        Query(max_length=MAX_TAGS, description="Only pictures with this tag; of several, with all of them."),
    ] = []
    words: Annotated[
        str | None,
        Query(
            max_length=200, description=f"Each in title, file name or a tag; at most {MAX_WORDS}, with spaces between."
        ),
        AfterValidator(_few),
    ] = None

    @property
    def arrangement(self) -> Arrangement:
        is_descending = self.sort != "name" if self.order is None else self.order == "desc"
        return Arrangement(self.sort, is_descending, tuple(filter(None, self.tag)), self.words or None)


class Listing(Filter):
    """Which part of the library."""

    cursor: Annotated[
        str | None,
        Query(
            pattern=r"^[1-9][0-9]{0,17}$", description="From the part before; newest first only, and without `offset`."
        ),
    ] = None
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="How many pictures to pass over."), PLAIN] = 0
    limit: Annotated[int, Query(ge=1, le=200, description="How many pictures."), PLAIN] = 50

    @model_validator(mode="after")
    def _cursor_is_of_the_newest(self) -> Self:
        if self.cursor and (self.offset or self.sort != "added" or self.order == "asc"):
            raise ValueError("`cursor` goes with the newest first, and not with `offset`")
        return self


class DaysWanted(Filter):
    """Of which pictures the days are counted."""

    sort: Annotated[DaysBy, Query(description="When they were added, or taken.")] = "added"
    utc_offset: Annotated[
        int,
        Query(ge=-840, le=840, description="For `added`: minutes that the reader's clock is ahead of UTC."),
        WHOLE,
    ] = 0


@router.get("/images", summary="List the library", dependencies=READ, responses=documented(*KEYS, "rate_limited"))
async def list_images(request: Request, here: Here, given: Given, wanted: Annotated[Listing, Query()]) -> PageOut:
    """In parts, by default newest first. With `words` it counts as a search does: all titles, names, tags are read."""
    await _rate_words(request, here, given, wanted)
    asked = wanted.arrangement
    page = await here.service.page(
        cursor=int(wanted.cursor) if wanted.cursor else None,
        offset=wanted.offset,
        limit=wanted.limit,
        sort=asked.sort,
        descending=asked.descending,
        tags=asked.tags,
        words=asked.words,
    )
    return PageOut.of(page)


@router.get("/images/days", summary="Count the days", dependencies=READ, responses=documented(*KEYS, "rate_limited"))
async def list_days(request: Request, here: Here, given: Given, wanted: Annotated[DaysWanted, Query()]) -> DaysOut:
    """How many pictures were added, or taken, on each day, in the order of the list. `words` count as above."""
    await _rate_words(request, here, given, wanted)
    return DaysOut.of(await here.service.days(wanted.arrangement, utc_offset_minutes=wanted.utc_offset))


@router.get("/tags", summary="List the tags", dependencies=READ, responses=documented(*KEYS))
async def list_tags(here: Here) -> TagsOut:
    """The most frequent 200."""
    return TagsOut(tags=[TagOut(tag=tag, pictures=n) for tag, n in (await here.service.tags()).items()])


@router.get(
    "/images/{image_id}",
    summary="Look at one picture's entry",
    dependencies=READ,
    responses=documented(*KEYS, "unknown_image"),
)
async def get_image(here: Here, image_id: Id, given: Given) -> EntryOut:
    """What is known of it."""
    image = await here.service.get(image_id)
    return EntryOut.with_actor(image, await here.service.added_by_whom(image_id) if given == "admin" else None)


@router.get(
    "/images/{image_id}/place",
    summary="Where a picture stands in the list",
    dependencies=READ,
    responses=documented(*KEYS, "unknown_image", "rate_limited"),
)
async def get_place(
    request: Request, here: Here, given: Given, image_id: Id, wanted: Annotated[Filter, Query()]
) -> PlaceOut:
    """How many pictures come before it, and its neighbours. With `words` it counts as a search does."""
    await _rate_words(request, here, given, wanted)
    return PlaceOut.of(await here.service.position(image_id, wanted.arrangement))


@router.get(
    "/images/{image_id}/related",
    summary="What is related to a picture",
    dependencies=READ,
    responses=documented(*KEYS, "unknown_image"),
)
async def get_related(here: Here, image_id: Id) -> RelatedOut:
    """Its near-duplicates and variants, its parts, and what it is a part of: as far as they have been compared."""
    return RelatedOut.of(await here.service.duplicates.related(image_id))


@router.get(
    "/images/{image_id}/file",
    summary="The picture's file",
    dependencies=READ,
    response_class=FileResponse,
    responses=documented(
        *KEYS,
        "unknown_image",
        "range_not_satisfiable",
        "unreadable_file",
        "files_unreachable",
        "at_capacity",
        also=file_answers("image/*", "The file as it was added, or without its metadata"),
    ),
)
async def get_file(request: Request, here: Here, image_id: Id, given: Given) -> Response:
    """The very bytes that were added with the admin key, or where `PICTRACE_SERVE_METADATA` is set; cacheable for ever.

    Otherwise a copy without position, camera, serial numbers, names and comments, cacheable for a day. JPEG, PNG, WebP
    and GIF keep their pixels, orientation and colour profile; every other kind, and what cannot be followed, is given
    as a JPEG whose name ends in `.jpg`, of full size unless that takes too much memory. The copy has its own `ETag`.
    """
    image = await here.service.get(image_id)
    whole = given == "admin" or here.settings.serve_metadata

    async def read() -> ServedFile:
        if whole:
            return await here.service.originals.served(image, whole=True)
        async with here.computing():
            return await here.service.originals.served(image, whole=False)

    etag = here.service.originals.served_etag(image, whole=whole)
    return await sending.file(request, read, etag, cached=sending.FOR_EVER if whole else sending.FOR_A_DAY)


@router.get(
    "/images/{image_id}/thumbnail",
    summary="The picture's thumbnail",
    dependencies=READ,
    response_class=FileResponse,
    responses=documented(
        *KEYS,
        "unknown_image",
        "range_not_satisfiable",
        "unreadable_file",
        "files_unreachable",
        also=file_answers("image/jpeg", "A JPEG of at most 320 pixels"),
    ),
)
async def get_thumbnail(request: Request, here: Here, image_id: Id) -> Response:
    """Upright; where the picture is transparent, on a grey that it stands out from; of an animation one frame."""
    return await thumbnail(request, here, await here.service.get(image_id))


async def thumbnail(request: Request, here: Running, image: StoredImage) -> Response:
    """A picture's thumbnail, whether it is in the library or in the trash."""
    etag = here.service.originals.thumbnail_etag(image)

    async def read() -> ServedFile:
        return ServedFile(await here.service.originals.thumbnail_file(image), "image/jpeg", None, etag)

    return await sending.file(request, read, etag, cached=sending.FOR_A_DAY)


@router.get(
    "/images/{image_id}/preview",
    summary="The picture to look at",
    dependencies=READ,
    response_class=FileResponse,
    responses=documented(
        *KEYS,
        "unknown_image",
        "range_not_satisfiable",
        "unreadable_file",
        "files_unreachable",
        "at_capacity",
        also=file_answers("image/jpeg", "A JPEG of at most 2,048 pixels, without metadata"),
    ),
)
async def get_preview(request: Request, here: Here, image_id: Id) -> Response:
    """Upright, never enlarged; made when it is first asked for. Of a long picture, that is the size of its parts."""
    image = await here.service.get(image_id)
    etag = here.service.originals.preview_etag(image)

    async def read() -> ServedFile:
        content = await here.service.originals.preview_at_hand(image)
        if content is None:
            async with here.computing():
                content = await here.service.originals.preview_of(image)
        return ServedFile(content, "image/jpeg", None, etag)

    return await sending.file(request, read, etag, cached=sending.FOR_A_DAY)


@router.post(
    "/images",
    summary="Add a picture",
    dependencies=ADMIN,
    status_code=201,
    responses=documented(
        *CHANGE,
        *PICTURE,
        *URL,
        "files_unreachable",
        "unknown_operation",
        "rate_limited",
        "at_capacity",
        also={200: {"model": AddOut, "description": "It is there already"}},
    ),
    openapi_extra=described(AddForm, AddRequest, title="Old mill", tags=["mill"]),
)
async def add_image(request: Request, response: Response, here: Here) -> AddOut:
    """By upload (`file`) or by `url`. A picture that is there already is not added again, but named."""
    here.computing.check()
    async with sent(request, AddForm, AddRequest, max_bytes=here.settings.max_bytes) as given:
        if given.json:
            await rated(request, here, "admin")
        result = await while_connected(request, _add(here, given))
    metrics.gave(result)
    if result.status == "rejected" or result.id is None:
        raise Problem(result.code or "internal_error", result.message)
    response.status_code = 200 if result.status == "duplicate" else 201
    return AddOut.of(result, await here.service.get(result.id))


@router.patch(
    "/images/{image_id}",
    summary="Edit title, tags and links",
    dependencies=ADMIN,
    responses=documented(*CHANGE, "unknown_image", "malformed_request", "unsupported_media_type", "body_too_large"),
    openapi_extra=described(None, EditRequest),
)
async def edit_image(request: Request, here: Here, image_id: Id) -> ChangedOut:
    """What is left out stays as it is."""
    edit = await only_json(request, EditRequest)
    return ChangedOut.of(await here.service.edit(image_id, edit.values(), actor=ACTOR))


@router.delete(
    "/images/{image_id}",
    summary="Remove a picture",
    dependencies=ADMIN,
    responses=documented(*CHANGE, "unknown_image"),
)
async def remove_image(here: Here, image_id: Id) -> OperationOut:
    """It can be undone for as many days as the settings give."""
    return OperationOut(operation_id=await here.service.remove([image_id], actor=ACTOR))


async def _rate_words(request: Request, here: Running, given: Access, wanted: Filter) -> None:
    if wanted.words and wanted.words.strip():
        await rated(request, here, given)


async def _add(here: Running, given: Sent[AddForm, AddRequest]) -> AddResult:
    said = given.json or given.fields or AddForm()
    about = {
        "title": said.title or None,
        "tags": said.tags,
        "source_url": said.source_url,
        "page_url": said.page_url,
        "operation_id": said.operation_id,
    }
    content, name, from_page = b"", "upload", False
    if isinstance(said, AddRequest):
        fetched = await fetch(here, said.url)
        content, name, from_page = fetched.content, fetched.name, fetched.is_of_page
        about["source_url"] = said.source_url or fetched.url
        about["page_url"] = said.page_url or fetched.page_url
    async with here.computing():
        if given.upload:
            content, name = await given.upload.read(), given.upload.name
        result = await here.service.add_bytes(content, name=name, actor=ACTOR, **about)
    return replace(result, from_page=from_page)
