"""Near-duplicates: the groups there are, and what is decided on them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from api.body import described, only_json, while_connected
from api.dependencies import ACTOR, Here, admin, reader
from api.errors import documented
from api.routes.images import CHANGE, KEYS
from api.schemas import PLAIN, BestOut, BestRequest, DecideRequest, DecisionOut, DuplicatesOut, GroupsLane

router = APIRouter(prefix="/v1/duplicates", tags=["library"])
COMPARED_A_CALL = 128  # pictures: some 0.2 s
CONTAINED = 100  # pairs in an answer


class Wanted(BaseModel):
    """Which part of the groups."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str | None, Query(pattern=r"^[1-9][0-9]{0,17}$", description="From the part before.")] = None
    limit: Annotated[int, Query(ge=1, le=100, description="How many groups."), PLAIN] = 20
    lane: Annotated[
        GroupsLane,
        Query(
            description="`same`: near-duplicates. `variant`: what shares a scene or a layout, to be looked through and "
            "never removed for it."
        ),
    ] = "same"
    equal: Annotated[
        bool,
        Query(
            description="Only the groups in which pictures are equal to the best, pixel for pixel, and of these groups "
            "only the best and such pictures."
        ),
    ] = False


@router.get(
    "",
    summary="List near-duplicates",
    dependencies=[Depends(reader)],
    responses=documented(*KEYS, "at_capacity", "disk_full"),
)
async def list_duplicates(request: Request, here: Here, wanted: Annotated[Wanted, Query()]) -> DuplicatesOut:
    """Groups of near-duplicates, the best of each first; without those decided on.

    Near-duplicates are the same picture, though not byte for byte, and each shows at least 80 % of the other; the best
    of a group is a pair with each of the others. What is a part of another is in `contains`, and in no group.
    Additions are compared as they come. Where `waiting` says that others have yet to be, each call compares some: ask
    again until it is 0.
    """

    async def work() -> DuplicatesOut:
        async with here.computing():
            duplicates = here.service.duplicates
            await duplicates.compare(limit=COMPARED_A_CALL)
            cursor = int(wanted.cursor) if wanted.cursor else None
            found = await duplicates.groups(
                cursor=cursor, limit=wanted.limit, lane=wanted.lane, equal_only=wanted.equal
            )
            is_first = cursor is None and wanted.lane == "same" and not wanted.equal
            shown = await duplicates.contained(limit=CONTAINED) if is_first and found.contained else ()
            return DuplicatesOut.of(found, shown)

    return await while_connected(request, work())


@router.post(
    "",
    summary="Decide on near-duplicates",
    dependencies=[Depends(admin)],
    responses=documented(
        *CHANGE, "unknown_image", "not_duplicates", "malformed_request", "unsupported_media_type", "body_too_large"
    ),
    openapi_extra=described(None, DecideRequest),
)
async def decide_duplicates(request: Request, here: Here) -> DecisionOut:
    """`best` removes all but the best of a group, or but the `keeper`; `all` and `different` are remembered.

    Only near-duplicates of the one that is kept are removed; `left` names the others. What is kept gets the tags of
    those removed, a title and links where it has none, and the oldest date. Each decision can be undone as a whole.
    """
    decision = await only_json(request, DecideRequest)
    return DecisionOut.of(
        await here.service.duplicates.decide(decision.images, decision.keep, actor=ACTOR, keeper=decision.keeper)
    )


@router.post(
    "/best",
    summary="Keep the best of many groups",
    dependencies=[Depends(admin)],
    responses=documented(*CHANGE, "not_duplicates", "malformed_request", "unsupported_media_type", "body_too_large"),
    openapi_extra=described(None, BestRequest),
)
async def keep_best(request: Request, here: Here) -> BestOut:
    """As `keep: best` of each group, as one operation: one undo brings all back.

    Pictures that are gone already are passed over. `left` names those that are no near-duplicates of the best of their
    group; where nothing is removed of any group, the answer is `not_duplicates`.
    """
    wanted = await only_json(request, BestRequest)
    return BestOut.of(await here.service.duplicates.keep_best_of_each(wanted.groups, actor=ACTOR))
