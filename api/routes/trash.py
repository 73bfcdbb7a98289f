"""What was removed and is still kept: list, look at, bring back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict

from api.body import MAX_IDS_BYTES, described, only_json
from api.dependencies import ACTOR, Here, admin
from api.errors import documented
from api.routes.images import CHANGE, MAX_OFFSET, thumbnail
from api.routes.many import BODY
from api.schemas import PLAIN, Id, RemovedImageOut, RestoredOut, RestoreRequest, TrashOut
from api.sending import file_answers

router = APIRouter(prefix="/v1/trash", tags=["trash"], dependencies=[Depends(admin)])
KEYS = tuple(code for code in CHANGE if code not in ("cross_origin", "disk_full"))


class TrashWanted(BaseModel):
    """Which part of the trash."""

    model_config = ConfigDict(extra="forbid")

    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET, description="How many pictures to pass over."), PLAIN] = 0
    limit: Annotated[int, Query(ge=1, le=200, description="How many pictures."), PLAIN] = 50


@router.get("", summary="List what was removed", responses=documented(*KEYS))
async def list_trash(here: Here, wanted: Annotated[TrashWanted, Query()]) -> TrashOut:
    """Lately removed first. Pictures are kept for as many days as the settings give, and can be brought back."""
    removed, total = await here.service.removed(offset=wanted.offset, limit=wanted.limit)
    return TrashOut(images=[RemovedImageOut.of_removed(one) for one in removed], total=total)


@router.get(
    "/{image_id}/thumbnail",
    summary="A removed picture's thumbnail",
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
async def get_removed_thumbnail(request: Request, here: Here, image_id: Id) -> Response:
    """As that of a picture that is there."""
    return await thumbnail(request, here, await here.service.get_removed(image_id))


@router.post(
    "/restore",
    summary="Bring removed pictures back",
    responses=documented(*CHANGE, *BODY, "unknown_image"),
    openapi_extra=described(None, RestoreRequest),
)
async def restore_images(request: Request, here: Here) -> RestoredOut:
    """Some or all, as one operation, which can be undone. Those that are no longer in the trash are passed over."""
    wanted = await only_json(request, RestoreRequest, max_bytes=MAX_IDS_BYTES)
    operation_id, restored = await here.service.restore(wanted.images, actor=ACTOR)
    return RestoredOut(operation_id=operation_id, restored=restored)
