"""The library, many pictures at once: edit, remove, take along as a zip."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from api.body import MAX_IDS_BYTES, described, only_json
from api.dependencies import ACTOR, Given, Here, Running, admin, rated, reader
from api.errors import Problem, documented
from api.routes.images import CHANGE, KEYS
from api.schemas import EditedOut, EditManyRequest, ManyRequest, RemovedOut, ZipRequest
from engine import ServedFile, StoredImage, UnreadableFile, zipped

router = APIRouter(prefix="/v1", tags=["library"])
BODY = ("malformed_request", "unsupported_media_type", "body_too_large")
BUSY_S = 0.5
ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The files, as they are; `not-included.txt` in it names those that are lost",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.patch(
    "/images",
    summary="Edit many pictures",
    dependencies=[Depends(admin)],
    responses=documented(*CHANGE, *BODY, "unknown_image"),
    openapi_extra=described(None, EditManyRequest),
)
async def edit_images(request: Request, here: Here) -> EditedOut:
    """Tags and titles, as one operation. Pictures that are gone already are passed over."""
    edit = await only_json(request, EditManyRequest, max_bytes=MAX_IDS_BYTES)
    operation_id, changed = await here.service.edit_many(
        edit.images, actor=ACTOR, add_tags=edit.add_tags, remove_tags=edit.remove_tags, title=edit.title
    )
    return EditedOut(operation_id=operation_id, changed=changed)


@router.post(
    "/images/remove",
    summary="Remove many pictures",
    dependencies=[Depends(admin)],
    responses=documented(*CHANGE, *BODY, "unknown_image"),
    openapi_extra=described(None, ManyRequest),
)
async def remove_images(request: Request, here: Here) -> RemovedOut:
    """As one operation, which can be undone. Pictures that are gone already are passed over."""
    wanted = await only_json(request, ManyRequest, max_bytes=MAX_IDS_BYTES)
    operation_id, removed = await here.service.remove_those(wanted.images, actor=ACTOR)
    return RemovedOut(operation_id=operation_id, removed=removed)


@router.post(
    "/images/zip",
    summary="Take pictures along",
    dependencies=[Depends(reader)],
    response_class=StreamingResponse,
    responses=documented(*KEYS, *BODY, "unknown_image", "rate_limited", also=ZIP),
    openapi_extra=described(None, ZipRequest),
)
async def zip_images(request: Request, here: Here, given: Given) -> StreamingResponse:
    """Their files in one zip, as `GET /v1/images/{image_id}/file` gives each: with metadata to admins only.

    Pictures that are gone already are passed over.
    """
    wanted = await only_json(request, ZipRequest)
    await rated(request, here, given)
    images = await here.service.those(wanted.images)
    whole = given == "admin" or here.settings.serve_metadata
    headers = {"Content-Disposition": 'attachment; filename="pictrace.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(zipped(_files(here, images, whole=whole)), media_type="application/zip", headers=headers)


async def _files(
    here: Running, images: Sequence[StoredImage], *, whole: bool
) -> AsyncIterator[tuple[StoredImage, ServedFile | None]]:
    for image in images:
        try:
            yield image, await (here.service.originals.served(image, whole=True) if whole else _shared(here, image))
        except UnreadableFile:
            yield image, None


async def _shared(here: Running, image: StoredImage) -> ServedFile:
    """A file without metadata. Half a zip is of no use to anybody: it waits for a place as long as it takes."""
    while True:
        try:
            async with here.computing():
                return await here.service.originals.served(image, whole=False)
        except Problem:
            await asyncio.sleep(BUSY_S)
