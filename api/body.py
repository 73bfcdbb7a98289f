"""Bodies that are either an upload (multipart) or JSON, read within bounds, and work that ends when its client goes."""

import asyncio
import errno
import json
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.errors import SCHEMA, Problem
from engine import FileTooLarge

F = TypeVar("F", bound=BaseModel)
J = TypeVar("J", bound=BaseModel)
T = TypeVar("T")

MAX_FIELDS, MAX_FIELD_BYTES, MAX_JSON_BYTES = 40, 16 * 1024, 64 * 1024
MAX_IDS_BYTES = 256 * 1024  # of JSON that names many pictures
MAX_NAME = 200
OVERHEAD_BYTES = MAX_FIELDS * MAX_FIELD_BYTES // 8  # of a multipart body, beside its file
LISTS = ("tags", "tag")  # fields that may be given several times, or once with commas between


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent; its bytes are read when there is a place to work on them."""

    file: UploadFile
    max_bytes: int

    @property
    def name(self) -> str:
        """The file's own name, without any folder."""
        last = PurePosixPath((self.file.filename or "").replace("\\", "/")).name
        shown = "".join(c for c in last if c.isprintable()).strip()
        return shown[-MAX_NAME:] if shown.strip(".") else "upload"

    async def read(self) -> bytes:
        """FileTooLarge where it is over the limit."""
        if (self.file.size or 0) > self.max_bytes:
            megabyte = 1024 * 1024
            raise FileTooLarge(
                f"The file has {(self.file.size or 0) / megabyte:.1f} MB; at most {self.max_bytes / megabyte:g} MB are "
                "allowed (PICTRACE_MAX_BYTES)."
            )
        return await self.file.read()


@dataclass(frozen=True, slots=True)
class Sent(Generic[F, J]):
    """What came: an upload with its fields, or JSON."""

    upload: Upload | None
    fields: F | None
    json: J | None


@asynccontextmanager
async def sent_to_disk(request: Request, fields: type[F], folder: Path) -> AsyncIterator[tuple[Path, F]]:
    """An upload of any size, as a file that bears its own name and is gone afterwards, with its fields.

    Raises a Problem, or RequestValidationError.
    """
    if _content_type(request) != "multipart/form-data":
        raise Problem("unsupported_media_type", "The body must be multipart/form-data.")
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="upload-", dir=folder, ignore_cleanup_errors=True) as own:
        with tempfile.NamedTemporaryFile(dir=own, delete=False) as spooled:
            file, values = _file_and_fields(await _form(request, into=spooled))
        path = Path(own, _file_name(Upload(file, 0).name))
        await asyncio.to_thread(Path(spooled.name).rename, path)
        yield path, _validated(fields, dict(request.query_params), values)


@asynccontextmanager
async def noticing(request: Request) -> AsyncIterator[Callable[[], bool]]:
    """Tells at any time whether the client has gone away. The body must have been read."""
    leaving = asyncio.ensure_future(_left(request))
    try:
        yield leaving.done
    finally:
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)


@asynccontextmanager
async def sent(request: Request, fields: type[F], in_json: type[J], *, max_bytes: int) -> AsyncIterator[Sent[F, J]]:
    """The body of a request, by its content type; query parameters stand in for fields that the body lacks.

    Raises a Problem, or RequestValidationError.
    """
    given = _in_query(request)
    kind = _content_type(request)
    if kind == "application/json":
        yield Sent(None, None, _validated(in_json, given, await _json(request)))
    elif kind == "multipart/form-data":
        form = await _form(request)
        try:
            file, values = _file_and_fields(form)
            yield Sent(Upload(file, max_bytes), _validated(fields, given, values), None)
        finally:
            await form.close()  # drops its temporary file
    else:
        raise Problem("unsupported_media_type")


async def only_json(request: Request, model: type[J], *, max_bytes: int = MAX_JSON_BYTES) -> J:
    """A JSON body, within the same bounds. Raises a Problem, or RequestValidationError."""
    if _content_type(request) != "application/json":
        raise Problem("unsupported_media_type", "The body must be application/json.")
    return _validated(model, {}, await _json(request, max_bytes))


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of some work, which is cancelled as soon as its client goes away. Its body must have been read."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            leaving.result()  # raises what was wrong with the rest of the body
            raise Problem("client_gone")
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


def described(
    fields: type[BaseModel] | None, in_json: type[BaseModel] | None, *, file: str = "picture", **in_form: Any
) -> dict[str, Any]:
    """The `requestBody` of such a route, for OpenAPI.

    `file`: what the file is; `in_form`: an example of the fields beside it.
    """
    content = {"application/json": {"schema": in_json.model_json_schema(ref_template=SCHEMA)}} if in_json else {}
    if fields is None:
        return {"requestBody": {"required": True, "content": content}}
    form = fields.model_json_schema(ref_template=SCHEMA)
    form["properties"] = {"file": {"type": "string", "format": "binary", "description": f"The {file}."}} | form.get(
        "properties", {}
    )
    form["required"] = ["file", *form.get("required", [])]
    form["example"] = {"file": f"(the bytes of the {file})"} | in_form
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}} | content}}


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _form(request: Request, *, into: Any = None) -> FormData:
    parser = _FileByItsName(
        request.headers, request.stream(), max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
    )
    parser.into = into
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise Problem("malformed_request", f"The form cannot be read: {error.message}") from error
    except (ValueError, KeyError, AssertionError) as error:  # boundaries and headers out of order
        raise Problem("malformed_request") from error
    except OSError as error:  # large files wait on the disk
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Problem("disk_full") from error
        raise


class _FileByItsName(MultiPartParser):
    """Takes the part `file` for a file even where its sender gives it no file name, as `curl -F 'file=<a.jpg'` does.

    `into`: a file on the disk that takes its bytes.
    """

    into: Any = None

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._current_part.content_disposition)
        if options.get(b"name") == b"file" and b"filename" not in options:
            self._current_part.content_disposition = b'form-data; name="file"; filename=""'
        super().on_headers_finished()
        if self.into and self._current_part.file:
            self._current_part.file.file.close()
            self._current_part.file.file = self.into


def _file_and_fields(form: FormData) -> tuple[UploadFile, dict[str, Any]]:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise _missing("file")
    values: dict[str, list[Any]] = {}
    for name, value in form.multi_items():
        if name != "file":
            values.setdefault(name, []).append(value)
    return file, {name: _plain(name, value) for name, value in values.items()}


async def _json(request: Request, max_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise Problem("body_too_large", f"JSON may have {max_bytes // 1024} kB.")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem("malformed_request", "The body is not well-formed JSON.") from error
    if not isinstance(value, dict):
        raise Problem("malformed_request", "The JSON must be an object.")
    return value


def _in_query(request: Request) -> dict[str, Any]:
    """The parameters of a URL, as those of a form."""
    values = request.query_params
    return {name: _plain(name, values.getlist(name)) if name in LISTS else values[name] for name in values}


def _validated(model: type[F], query: dict[str, Any], body: dict[str, Any]) -> F:
    try:
        return model.model_validate(query | body)
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from error


def _file_name(name: str) -> str:
    """As any file system takes it; its end, by which an archive is known, stays."""
    plain = re.sub(r'[<>:"|?*]', "_", name)
    return plain.encode("utf-8", "replace")[-MAX_NAME:].decode("utf-8", "ignore")


def _plain(name: str, values: list[Any]) -> Any:
    if name in LISTS:
        return [part.strip() for value in values for part in str(value).split(",") if part.strip()]
    if len(values) > 1:
        raise Problem("malformed_request", f"The field {name!r} is given more than once.")
    return values[0]


def _missing(name: str) -> RequestValidationError:
    return RequestValidationError([{"type": "missing", "loc": ("body", name), "msg": "Field required", "input": None}])
