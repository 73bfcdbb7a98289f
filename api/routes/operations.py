"""What was done to the library: look back, undo."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from api.dependencies import ACTOR, Here, admin
from api.errors import documented
from api.routes.images import CHANGE
from api.routes.trash import KEYS
from api.schemas import PLAIN, HistoryOut, Id, PastOperationOut, UndoneOut

router = APIRouter(prefix="/v1/operations", tags=["operations"], dependencies=[Depends(admin)])


class HistoryWanted(BaseModel):
    """Which part of the history."""

    model_config = ConfigDict(extra="forbid")

    before: Annotated[Id | None, Query(description="`next` of the part before.")] = None
    limit: Annotated[int, Query(ge=1, le=100, description="How many operations."), PLAIN] = 30


@router.get("", summary="List what was done", responses=documented(*KEYS))
async def list_operations(here: Here, wanted: Annotated[HistoryWanted, Query()]) -> HistoryOut:
    """Newest first, each with whether it can still be undone. What the library no longer remembers is left out."""
    found = await here.service.history(before=wanted.before, limit=wanted.limit + 1)
    part = found[: wanted.limit]
    return HistoryOut(
        operations=[PastOperationOut.of(one) for one in part], next=part[-1].id if len(part) < len(found) else None
    )


@router.post(
    "/{operation_id}/undo",
    summary="Undo an operation",
    responses=documented(*CHANGE, "unknown_operation", "nothing_to_undo"),
)
async def undo_operation(here: Here, operation_id: Id) -> UndoneOut:
    """As a whole: an addition, a removal, an edit, a restoration, or a decision on near-duplicates."""
    return UndoneOut.of(await here.service.undo(actor=ACTOR, operation_id=operation_id))
