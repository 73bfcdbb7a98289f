"""Near-duplicates: the groups there are, and what is decided on them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from api.body import described, only_json, while_connected
from api.dependencies import ACTOR, Here, admin, reader
from api.errors import documented
from api.routes.images import CHANGE, KEYS
from api.schemas import DecideRequest, DecisionOut, DuplicatesOut, Number
from engine import Groups

router = APIRouter(prefix="/v1/duplicates", tags=["library"])
COMPARED_A_CALL = 128  # pictures: some 0.2 s


class Wanted(BaseModel):
    """Which part of the groups."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str | None, Query(pattern=r"^[1-9][0-9]{0,17}$", description="From the part before.")] = None
    limit: Annotated[Number, Query(ge=1, le=100, description="How many groups.")] = 20


@router.get(
    "",
    summary="List near-duplicates",
    dependencies=[Depends(reader)],
    responses=documented(*KEYS, "at_capacity", "disk_full"),
)
async def list_duplicates(request: Request, here: Here, wanted: Annotated[Wanted, Query()]) -> DuplicatesOut:
    """Groups of pictures that are the same, though not byte for byte, the best of each first; without those decided on.

    Additions are compared as they come. Where `waiting` says that others have yet to be, each call compares some: ask
    again until it is 0.
    """

    async def work() -> Groups:
        async with here.computing():
            await here.service.duplicates.compare(limit=COMPARED_A_CALL)
            cursor = int(wanted.cursor) if wanted.cursor else None
            return await here.service.duplicates.groups(cursor=cursor, limit=wanted.limit)

    return DuplicatesOut.of(await while_connected(request, work()))


@router.post(
    "",
    summary="Decide on near-duplicates",
    dependencies=[Depends(admin)],
    responses=documented(
        *CHANGE, "unknown_image", "not_duplicates", "malformed_request", "unsupported_media_type", "body_too_large"
    ),
    openapi_extra=described(None, DecideRequest),
)
async def decide(request: Request, here: Here) -> DecisionOut:
    """`best` removes all but the best of a group; `all` and `different` are remembered. Each can be undone."""
    decision = await only_json(request, DecideRequest)
    return DecisionOut.of(await here.service.duplicates.decide(decision.images, decision.keep, actor=ACTOR))
