"""Additions of many pictures: begun before the first of them, and from an archive."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from api import metrics
from api.body import described, noticing, sent_to_disk
from api.dependencies import ACTOR, Here, Running, admin
from api.errors import Problem, documented
from api.routes.images import CHANGE
from api.schemas import ArchiveEntryOut, ArchiveForm, OperationOut
from api.sending import JsonLines
from api.settings import ApiSettings
from engine import AddResult, Given, LibraryError, Refused, archive_suffix, expand, readable_suffixes

router = APIRouter(prefix="/v1", tags=["library"], dependencies=[Depends(admin)])
LINES: dict[str, Any] = {
    "description": "A line of JSON for each file of the archive, as pictures are stored",
    "content": {
        JsonLines.media_type: {
            "schema": {"type": "string", "description": "Each line is an `ArchiveEntryOut`."},
        }
    },
}


@router.post("/operations", summary="Begin an addition", status_code=201, responses=documented(*CHANGE))
async def begin_addition(here: Here) -> OperationOut:
    """What is added with this `operation_id` is undone in one. While nothing is, there is nothing to undo."""
    return OperationOut(operation_id=await here.service.begin_addition(actor=ACTOR))


@router.post(
    "/archives",
    summary="Add the pictures of an archive",
    status_code=200,
    response_class=JsonLines,
    responses=documented(
        *CHANGE,
        "malformed_request",
        "unsupported_media_type",
        "bad_archive",
        "archive_too_large",
        "files_unreachable",
        "unknown_operation",
        "at_capacity",
        also={200: LINES},
    ),
    openapi_extra=described(ArchiveForm, None, file="archive", tags=["mill"]),
)
async def add_archive(request: Request, here: Here) -> JsonLines:
    """A zip or tar, or a 7z, in one operation; `limits.archives` of `GET /v1/server` lists the endings that are read.

    What is no picture is passed over. A client that goes away ends the addition: what was added by then stays.
    """
    here.computing.check()
    results = _added(request, here)
    first = await anext(results, None)  # what is wrong with the whole is a problem, not a line
    return JsonLines(_lines(first, results))


async def _added(request: Request, here: Running) -> AsyncGenerator[AddResult, None]:
    async with (
        sent_to_disk(request, ArchiveForm, here.settings.cache_dir) as (path, said),
        noticing(request) as is_client_gone,
        here.computing(is_usual=False),
    ):
        sources = await run_in_threadpool(_sources, path, here.settings)
        results = here.service.add(
            sources, actor=ACTOR, tags=said.tags, operation_id=said.operation_id, stop=is_client_gone
        )
        async with aclosing(results):
            async for result in results:
                metrics.gave(result)
                yield result


def _sources(path: Path, settings: ApiSettings) -> Iterator[Given]:
    """What is in an archive. BadArchive or ArchiveTooLarge where that cannot be told."""
    if archive_suffix(path.name) not in readable_suffixes():
        raise Problem("bad_archive", f"{path.name} does not end as an archive that is read here.")
    found = expand(path, settings)
    beginning = list(islice(found, 2))
    if len(beginning) == 1 and isinstance(beginning[0], Refused):
        raise beginning[0].error
    above = f"{path.parent}/"  # where it lies here is nobody's business
    return (replace(one, where=one.where.removeprefix(above)) for one in chain(beginning, found))


async def _lines(first: AddResult | None, others: AsyncGenerator[AddResult, None]) -> AsyncGenerator[BaseModel, None]:
    async with aclosing(others):
        if first:
            yield ArchiveEntryOut.of(first)
        try:
            async for result in others:
                yield ArchiveEntryOut.of(result)
        except LibraryError as error:
            yield ArchiveEntryOut.of(AddResult("", "rejected", code=error.code, message=str(error)))
