"""The library: list, look at, add, edit, remove, undo."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import AfterValidator, BaseModel, ConfigDict

from api import metrics, sending
from api.body import Sent, described, only_json, sent, while_connected
from api.dependencies import ACTOR, Given, Here, Running, admin, rated, reader
from api.errors import LIBRARY, Problem, documented
from api.routes.search import PICTURE, URL, fetch
from api.schemas import (
    AddFields,
    AddOut,
    AddRequest,
    ChangedOut,
    EditRequest,
    Id,
    ImageOut,
    Number,
    OperationOut,
    PageOut,
    TagOut,
    TagsOut,
    UndoneOut,
)
from engine import AddResult, ServedFile

router = APIRouter(prefix="/v1", tags=["library"])
READ, ADMIN = [Depends(reader)], [Depends(admin)]
KEYS = ("key_required", "wrong_key", "invalid_request", *LIBRARY)
CHANGE = (*KEYS, "admin_only", "cross_origin", "disk_full")
MAX_WORDS = 8
FOR_EVER, FOR_A_DAY = "private, max-age=31536000, immutable", "private, max-age=86400"


def _file_answers(kind: str, what: str) -> dict[int | str, dict[str, Any]]:
    content = {kind: {"schema": {"type": "string", "format": "binary"}}}
    return {
        200: {"description": what, "content": content},
        206: {"description": "The part that `Range` asks for", "content": content},
        304: {"description": "Unchanged since `If-None-Match`"},
    }


def _few(words: str | None) -> str | None:
    if words and len(words.split()) > MAX_WORDS:
        raise ValueError(f"At most {MAX_WORDS} words can be looked for at a time")
    return words


class Listing(BaseModel):
    """Which part of the library."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str | None, Query(pattern=r"^[1-9][0-9]{0,17}$", description="From the part before.")] = None
    limit: Annotated[Number, Query(ge=1, le=200, description="How many pictures.")] = 50
    tag: Annotated[str | None, Query(max_length=60, description="Only pictures with this tag.")] = None
    words: Annotated[
        str | None,
        Query(max_length=200, description=f"Each in title or file name; at most {MAX_WORDS}, with spaces between."),
        AfterValidator(_few),
    ] = None


@router.get("/images", summary="List the library", dependencies=READ, responses=documented(*KEYS, "rate_limited"))
async def list_images(request: Request, here: Here, given: Given, wanted: Annotated[Listing, Query()]) -> PageOut:
    """Newest first, in parts. With `words` it counts as a search does: every title and name is looked through."""
    if wanted.words and wanted.words.strip():
        await rated(request, here, given)
    page = await here.service.page(
        cursor=int(wanted.cursor) if wanted.cursor else None,
        limit=wanted.limit,
        tag=wanted.tag or None,
        words=wanted.words or None,
    )
    return PageOut.of(page)


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
async def get_image(here: Here, image_id: Id) -> ImageOut:
    """What is known of it."""
    return ImageOut.of(await here.service.get(image_id))


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
        also=_file_answers("image/*", "The file as it was added, or without its metadata"),
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
    return await _file(request, read, etag, cached=FOR_EVER if whole else FOR_A_DAY)


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
        also=_file_answers("image/jpeg", "A JPEG of at most 320 pixels"),
    ),
)
async def get_thumbnail(request: Request, here: Here, image_id: Id) -> Response:
    """Upright; where the picture is transparent, on a grey that it stands out from; of an animation one frame."""
    image = await here.service.get(image_id)
    etag = f"{image.sha256}-320-{image.features_version}"

    async def read() -> ServedFile:
        return ServedFile(await here.service.originals.thumbnail_file(image), "image/jpeg", None, etag)

    return await _file(request, read, etag, cached=FOR_A_DAY)  # another PicTrace may see the picture otherwise


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
    openapi_extra=described(AddFields, AddRequest, title="Old mill", tags=["mill"]),
)
async def add_image(request: Request, response: Response, here: Here) -> AddOut:
    """By upload (`file`) or by `url`. A picture that is there already is not added again, but named."""
    here.computing.check()
    async with sent(request, AddFields, AddRequest, max_bytes=here.settings.max_bytes) as given:
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


@router.post(
    "/operations/{operation_id}/undo",
    summary="Undo an operation",
    dependencies=ADMIN,
    responses=documented(*CHANGE, "unknown_operation", "nothing_to_undo"),
)
async def undo(here: Here, operation_id: Id) -> UndoneOut:
    """As a whole: an addition, a removal, an edit, or a decision on near-duplicates."""
    return UndoneOut.of(await here.service.undo(actor=ACTOR, operation_id=operation_id))


async def _add(here: Running, given: Sent[AddFields, AddRequest]) -> AddResult:
    said = given.json or given.fields or AddFields()
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


async def _file(request: Request, read: Callable[[], Awaitable[ServedFile]], etag: str, *, cached: str) -> Response:
    """A file, or a 304 before anything is read."""
    headers = {"Cache-Control": cached, "Vary": "Authorization", "ETag": f'"{etag}"'}
    asked = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    if headers["ETag"] in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    served = await read()
    content, kind, name = served.content, served.media_type, served.filename
    if isinstance(content, bytes):
        return sending.picture(request, content, media_type=kind, headers=headers, filename=name)
    try:
        status = await asyncio.to_thread(content.stat)
    except OSError as error:
        raise Problem("unreadable_file") from error
    return sending.PictureFile(
        content,
        media_type=kind,
        headers=headers,
        filename=name,
        stat_result=status,
        content_disposition_type="inline",
    )
