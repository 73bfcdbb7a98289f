"""Sample pictures: for an empty library, so that a newcomer sees matches before adding anything."""

from fastapi import APIRouter, Depends, Response

from api.dependencies import Given, Here, Running, admin, rated, reader
from api.errors import LIBRARY, Problem, documented
from api.routes.images import CHANGE
from api.schemas import OperationOut, SamplesOut

router = APIRouter(prefix="/v1/samples", tags=["samples"], dependencies=[Depends(reader)])
ACTOR = "samples"


async def offer(here: Running) -> SamplesOut:
    """What the page may offer."""
    level = await here.service.level()
    present = await here.service.samples.present()
    return SamplesOut(
        offered=here.settings.samples and level.pictures == 0,
        present=present,
        removable=0 < present == level.pictures,
        queries=list(here.service.samples.names) if present else [],
    )


@router.post(
    "",
    summary="Add the samples",
    status_code=201,
    dependencies=[Depends(rated)],
    responses=documented(*CHANGE, "files_unreachable", "samples_off", "rate_limited", "at_capacity"),
)
async def add_samples(here: Here) -> OperationOut:
    """Some 20 pictures with the tag `sample`. Only to an empty library; no key is needed, for nothing is touched."""
    async with here.computing():
        if not (await offer(here)).offered:
            raise Problem("samples_off")
        added = await here.service.samples.add(actor=ACTOR)
    operation = next((one.operation_id for one in added if one.operation_id), None)
    if operation is None:
        raise Problem("samples_off")
    return OperationOut(operation_id=operation)


@router.delete("", summary="Remove the samples", responses=documented(*CHANGE, "samples_off"))
async def remove_samples(here: Here, given: Given) -> OperationOut:
    """In one step. It needs the admin key, unless the library holds nothing but samples."""
    if not (await offer(here)).removable:
        await admin(given)
    operation = await here.service.samples.remove(actor=ACTOR)
    if operation is None:
        raise Problem("samples_off", "There are no samples in the library.")
    return OperationOut(operation_id=operation)


@router.get(
    "/{name}",
    summary="A picture to ask with",
    response_class=Response,
    responses=documented(
        "key_required",
        "wrong_key",
        "invalid_request",
        "unknown_sample",
        *LIBRARY,
        also={
            200: {
                "description": "A JPEG",
                "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    ),
)
async def get_sample(here: Here, name: str) -> Response:
    """An edited copy of a sample, or a picture that is not there."""
    jpeg = await here.service.samples.query(name)
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})
