"""Requests as parameters and uploaded parts, and errors as responses."""

import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from tests.telegram import schema
from tests.telegram.rules import Refused, bad
from tests.telegram.world import Json

Parts = tuple[Json, dict[str, bytes], dict[str, tuple[str, str | None]]]


def error(refused: Refused) -> Json:
    error: Json = {"ok": False, "error_code": refused.code, "description": refused.description}
    return {**error, "parameters": refused.parameters} if refused.parameters else error


def answer(refused: Refused) -> web.Response:
    return web.json_response(error(refused), status=refused.code)


async def read(request: web.Request) -> Parts:
    """A request's parameters, its uploaded parts, and their names and media types."""
    params: Json = dict(request.query)
    if request.content_type == "multipart/form-data":
        more, files, names = await read_parts(await request.multipart())
        return params | more, files, names
    body = await request.read()
    if request.content_type == "application/json" and body:
        params |= loads(body)
    elif request.content_type == "application/x-www-form-urlencoded":
        params |= dict(parse_qsl(text(body), keep_blank_values=True))
    return params, {}, {}


async def read_parts(reader: Any) -> Parts:
    params: Json = {}
    files: dict[str, bytes] = {}
    names: dict[str, tuple[str, str | None]] = {}
    async for part in reader:
        content = bytes(await part.read(decode=True))
        if part.filename is None:
            params[part.name] = text(content)
            continue
        files[part.name] = content
        names[part.name] = (part.filename, part.headers.get(hdrs.CONTENT_TYPE))
    for name in files:
        if name not in params and any(schema.takes_file(method, name) for method in schema.methods()):
            params[name] = f"attach://{name}"
    return params, files, names


def loads(body: bytes) -> Json:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise bad("can't parse JSON object", note="a body that is not a JSON object")
    return value


def text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise bad("strings must be encoded in UTF-8") from None
