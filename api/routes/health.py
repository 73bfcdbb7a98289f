"""Is it alive, is it ready, what is it, how is it doing."""

from importlib.metadata import version

from fastapi import APIRouter, Depends, Response

from api import metrics
from api.dependencies import Given, Here, reader
from api.errors import LIBRARY, documented
from api.routes.samples import offer
from api.schemas import HealthOut, LimitsOut, SamplesOut, ServerOut
from engine import MAX_LIMIT, readable_suffixes, taken_media_types

router = APIRouter(tags=["server"])


@router.get("/health/live", summary="Alive")
async def check_live() -> HealthOut:
    """The process answers."""
    return HealthOut()


@router.get("/health/ready", summary="Ready", responses=documented(*LIBRARY))
async def check_ready(here: Here) -> HealthOut:
    """The library can be read, its network is loaded and its index is level."""
    await here.service.level()
    return HealthOut()


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    dependencies=[Depends(reader)],
    response_class=Response,
    responses=documented(
        *LIBRARY,
        "key_required",
        "wrong_key",
        also={
            200: {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}}
        },
    ),
)
async def get_metrics(here: Here) -> Response:
    """Searches, stages, places, fetches, index lag, webhook. Where a search key is set, it is needed here too."""
    content, media_type = metrics.exposed(await here.service.level(), await here.service.webhook.state())
    return Response(content, headers={"Content-Type": media_type})


@router.get("/v1/server", summary="The server at a glance", responses=documented("wrong_key", *LIBRARY))
async def get_server(here: Here, given: Given) -> ServerOut:
    """Version, limits, and what the given key allows."""
    settings = here.settings
    level = await here.service.level()
    may_look = given != "none" or not settings.search_key
    return ServerOut(
        version=version("pictrace"),
        access=given,
        search_key_required=bool(settings.search_key),
        pictures=level.pictures if may_look else None,
        calibrated=level.calibrated,
        limits=LimitsOut(
            max_bytes=settings.max_bytes,
            max_pixels=settings.max_pixels,
            max_source_pixels=max(settings.max_pixels, settings.max_source_pixels),
            max_archive_bytes=settings.max_uploaded_archive_bytes,
            max_matches=MAX_LIMIT,
            searches_a_minute=settings.rate_limit or None,
            formats=list(taken_media_types()),
            archives=list(readable_suffixes()),
        ),
        samples=await offer(here) if may_look else SamplesOut(offered=False, present=0, removable=False, queries=[]),
    )
