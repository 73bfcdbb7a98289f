"""Searching: by upload, by URL, from a stored picture; and the picture that shows why."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api import metrics
from api.body import Sent, described, sent, while_connected
from api.dependencies import Here, Running, rated, reader
from api.errors import LIBRARY, Problem, documented
from api.schemas import Id, SearchForm, SearchOptions, SearchOut, SearchRequest, WhyForm, WhyRequest, region_of
from engine import Fetched, PicTraceError, SearchResult

router = APIRouter(prefix="/v1", tags=["search"], dependencies=[Depends(reader), Depends(rated)])

COMMON = ("key_required", "wrong_key", "invalid_request", "invalid_region", "rate_limited", "at_capacity", *LIBRARY)
PICTURE = (
    "malformed_request",
    "body_too_large",
    "file_too_large",
    "too_many_pixels",
    "unsupported_media_type",
    "not_an_image",
    "unsupported_format",
    "empty_file",
    "too_costly",
    "damaged_image",
    "cross_origin",
)
URL = ("invalid_url", "url_refused", "too_many_redirects", "fetch_denied", "fetch_failed", "fetch_timeout")


@router.post(
    "/search",
    summary="Find a picture",
    responses=documented(*COMMON, *PICTURE, *URL),
    openapi_extra=described(SearchForm, SearchRequest, limit=5),
)
async def search(request: Request, here: Here) -> SearchOut:
    """The matches of an upload (`file`), or of the picture behind a `url`: lane `same`, `variant`, then `alike`."""
    here.computing.check()
    async with sent(request, SearchForm, SearchRequest, max_bytes=here.settings.max_bytes) as given:
        return SearchOut.of(await while_connected(request, _search(here, given)))


@router.get(
    "/images/{image_id}/matches",
    summary="Find pictures like a stored one",
    responses=documented(*COMMON, "unknown_image", "unreadable_file", "files_unreachable"),
)
async def search_stored(
    request: Request, here: Here, image_id: Id, options: Annotated[SearchOptions, Query()]
) -> SearchOut:
    """The matches of a picture of the library, itself left out."""

    async def work() -> SearchResult:
        async with here.computing():
            return await here.service.search_stored(image_id, **options.asked())

    result = await while_connected(request, work())
    metrics.searched(result)
    return SearchOut.of(result)


@router.post(
    "/images/{image_id}/why",
    summary="See why a picture matches",
    response_class=Response,
    responses=documented(
        *COMMON,
        *PICTURE,
        *URL,
        "unknown_image",
        "unreadable_file",
        "files_unreachable",
        also={
            200: {
                "description": "Both pictures, agreeing keypoints joined, the region outlined, the edits in words",
                "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    ),
    openapi_extra=described(WhyForm, WhyRequest, words=True),
)
async def why(request: Request, here: Here, image_id: Id) -> Response:
    """The same `file`, `url` or stored `image_id` as was asked with, again: nothing is kept of a query."""
    here.computing.check()
    async with sent(request, WhyForm, WhyRequest, max_bytes=here.settings.max_bytes) as given:
        jpeg = await while_connected(request, _why(here, given, image_id))
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


async def _search(here: Running, given: Sent[SearchForm, SearchRequest]) -> SearchResult:
    options = given.json or given.fields or SearchForm()
    asked = options.asked()
    fetched = await fetch(here, given.json.url) if given.json else None
    async with here.computing():
        if fetched:
            result = await here.service.search_fetched(fetched, **asked)
        else:
            result = await here.service.search(await given.upload.read() if given.upload else b"", **asked)
    metrics.searched(result)
    return result


async def _why(here: Running, given: Sent[WhyForm, WhyRequest], image_id: int) -> bytes:
    await here.service.get(image_id)
    options = given.json or given.fields or WhyForm()
    region = region_of(options.region)
    content = b""
    if given.json:
        if (given.json.url is None) == (given.json.image_id is None):
            raise Problem("invalid_request", "Give either `url` or `image_id`.")
        if given.json.url is not None:
            content = (await fetch(here, given.json.url)).content
        elif given.json.image_id is not None:
            content = await here.service.originals.file(await here.service.get(given.json.image_id))
    async with here.computing():
        if given.upload:
            content = await given.upload.read()
        explained = await here.service.explain(content, image_id, words=options.words, region=region)
    return explained.picture


async def fetch(here: Running, url: str) -> Fetched:
    """What is behind a URL; waiting for a slow server takes no place from those who compute."""
    try:
        async with here.fetching():
            fetched = await here.service.fetch(url)
    except PicTraceError as error:
        metrics.fetches.labels(error.code).inc()
        raise
    metrics.fetches.labels("ok").inc()
    return fetched
