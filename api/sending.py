"""Answers that are files: from this machine's disk, or from memory; either way with ranges."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from api import errors
from api.errors import Problem
from engine import ServedFile

RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)


FOR_EVER, FOR_A_DAY = "private, max-age=31536000, immutable", "private, max-age=86400"


def file_answers(kind: str, what: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers that gives a file, for its description."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}}}
    return {
        200: {"description": what, "content": content},
        206: {"description": "The part that `Range` asks for", "content": content},
        304: {"description": "Unchanged since `If-None-Match`"},
    }


async def file(request: Request, read: Callable[[], Awaitable[ServedFile]], etag: str, *, cached: str) -> Response:
    """A file, or a 304 before anything is read."""
    headers = {"Cache-Control": cached, "Vary": "Authorization", "ETag": f'"{etag}"'}
    asked = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    if headers["ETag"] in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    served = await read()
    content, kind, name = served.content, served.media_type, served.filename
    if isinstance(content, bytes):
        return picture(request, content, media_type=kind, headers=headers, filename=name)
    try:
        status = await asyncio.to_thread(content.stat)
    except OSError as error:
        raise Problem("unreadable_file") from error
    return PictureFile(
        content,
        media_type=kind,
        headers=headers,
        filename=name,
        stat_result=status,
        content_disposition_type="inline",
    )


class PictureFile(FileResponse):
    """A file on disk whose range errors are problems, as all other errors are."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_refused = False

        async def answer(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and message["status"] >= 400:
                is_refused = True
                code = "range_not_satisfiable"
                refused = errors.response(code, errors.OWN[code][1], {"Cache-Control": "no-store"})
                await refused(scope, receive, send)
            elif not is_refused:
                await send(message)

        await super().__call__(scope, receive, answer)


def picture(
    request: Request, content: bytes, *, media_type: str, headers: Mapping[str, str], filename: str | None
) -> Response:
    """The same for a file in memory; several ranges at once get the whole. `headers` has its ETag."""
    sent = dict(headers) | {"Accept-Ranges": "bytes"}
    if filename is not None:
        quoted = quote(filename)
        sent["Content-Disposition"] = (
            f'inline; filename="{filename}"' if quoted == filename else f"inline; filename*=utf-8''{quoted}"
        )
    wanted = request.headers.get("range")
    is_changed = request.headers.get("if-range", headers["ETag"]) != headers["ETag"]
    if wanted is None or is_changed or "," in wanted:
        return Response(content, headers=sent, media_type=media_type)
    first, end = _part(wanted, len(content))
    sent["Content-Range"] = f"bytes {first}-{end - 1}/{len(content)}"
    return Response(content[first:end], 206, sent, media_type)


def _part(wanted: str, size: int) -> tuple[int, int]:
    """The range from the first byte to behind the last."""
    found = RANGE.fullmatch(wanted)
    first, last = found.groups() if found else ("", "")
    if first:
        start, end = int(first), min(size, int(last) + 1) if last else size
    else:
        start, end = size - min(size, int(last or 0)), size
    if start >= end:
        raise Problem("range_not_satisfiable", headers={"Cache-Control": "no-store"})
    return start, end
