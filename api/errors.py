"""Errors on the wire: problem+json (RFC 9457) with the engine's stable `code`, or one of the API's own."""

import logging
import secrets
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Mount
from starlette.types import Scope

from engine import PicTraceError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
SCHEMA = "#/components/schemas/{model}"  # where the description has it
BUSY_RETRY_S = 2
TAKEN = ("GET", "POST", "PUT", "PATCH", "DELETE")  # methods that a route may have; HEAD goes with GET
RATE_HEADERS = {
    "RateLimit-Limit": "Requests a minute",
    "RateLimit-Remaining": "Requests left",
    "RateLimit-Reset": "Seconds until one more is left",
}

# Status and usual meaning of the engine's codes; the engine's own sentence says more.
ENGINE = {
    "unreadable_file": (500, "The file of this picture is lost: run `pictrace check`."),
    "empty_file": (422, "The file is empty."),
    "file_too_large": (413, "The file has 90.0 MB; at most 64 MB are allowed."),
    "not_an_image": (415, "This is not a picture that can be read."),
    "unsupported_format": (415, "SVG drawings, PDFs and videos are not taken."),
    "too_many_pixels": (413, "The picture has 300 megapixels; at most 250 megapixels are allowed."),
    "too_costly": (422, "Decoding the picture takes more memory than it may."),
    "damaged_image": (422, "The picture is truncated or damaged."),
    "bad_archive": (422, "The archive cannot be read."),
    "archive_too_large": (413, "The archive unpacks to too much."),
    "invalid_url": (422, "This is not a URL."),
    "url_refused": (422, "This URL leads to an address that is not public."),
    "too_many_redirects": (502, "The URL is redirected more than 5 times."),
    "fetch_timeout": (504, "The server of this URL took longer than 15 seconds."),
    "fetch_denied": (
        502,
        "The server of this URL does not give the picture to others (status 403): send it itself.",
    ),
    "fetch_failed": (502, "The server of this URL answered with the status 404."),
    "invalid_limit": (422, "The limit must be between 1 and 50, not 0."),
    "invalid_region": (422, "A region is four numbers with commas between: x,y,width,height, each from 0 to 1."),
    "unknown_image": (404, "There is no picture with the id 17 in this library."),
    "unknown_operation": (404, "There is no operation with the id 17."),
    "unknown_sample": (404, "There is no such sample."),
    "unknown_edit": (422, "There is no such edit."),
    "too_few_pictures": (409, "The library has too few pictures for this."),
    "not_duplicates": (409, "These pictures are no group of near-duplicates (any more). Nothing was removed."),
    "nothing_to_undo": (409, "There is nothing to undo."),
    "migration_refused": (409, "The destination is not empty."),
    "backup_refused": (409, "There is a file of this name already, or it cannot be written there."),
    "invalid_setting": (500, "A setting of the server is wrong."),
    "unknown_network": (503, "The library was made by a network that is not known here."),
    "network_mismatch": (503, "The library was made by another network than the settings say."),
    "weights_unavailable": (503, "The network's weights cannot be had."),
    "network_build_failed": (503, "The network could not be built."),
    "data_dir_not_writable": (503, "The data folder cannot be used."),
    "library_too_new": (503, "The library was written by a newer PicTrace."),
    "library_too_old": (503, "The library was written by an older PicTrace and may not be changed."),
    "library_damaged": (503, "The library's database is damaged."),
    "already_watched": (503, "Another process watches folders for this library already."),
    "too_many_missing": (503, "The originals of 300 of 1,000 pictures are missing; nothing was changed."),
    "library_busy": (503, "The library is busy with another process's changes; try again."),
    "files_unreachable": (
        503,
        "The pictures' files in s3://bucket cannot be reached: it does not answer as it should.",
    ),
    "database_unreachable": (503, "The library's database server cannot be reached; try again later."),
    "index_unreachable": (503, "The server that keeps the library's index cannot be reached; try again later."),
    "database_refused": (503, "The library's database server does not let this server in."),
    "migration_unfinished": (503, "The library is still on its way into this database."),
    "migration_failed": (500, "What arrived at the destination is not what was sent."),
    "backup_damaged": (500, "The backup is damaged, or not finished."),
    "disk_full": (507, "The server's disk is full."),
}
# The API's own codes.
OWN = {
    "malformed_request": (400, "The body is not well-formed multipart or JSON."),
    "key_required": (401, "This needs a key: Authorization: Bearer <key>."),
    "wrong_key": (401, "This key is not valid."),
    "admin_only": (403, "This needs the admin key, not the search key."),
    "cross_origin": (403, "Another site's page may not ask this."),
    "body_too_slow": (408, "The body came too slowly."),
    "not_found": (404, "There is nothing at this address; /v1/openapi.json describes what there is."),
    "method_not_allowed": (405, "This address does not take this method."),
    "samples_off": (409, "Samples are only offered to an empty library, and not where PICTRACE_SAMPLES=0."),
    "body_too_large": (413, "The body is larger than 20.1 MB."),
    "unsupported_media_type": (415, "The body must be multipart/form-data or application/json, as Content-Type says."),
    "range_not_satisfiable": (416, "The file has no such range."),
    "wrong_host": (421, "This server is not called so (PICTRACE_ALLOWED_HOSTS)."),
    "invalid_request": (422, "A value is missing, unknown or out of range."),
    "rate_limited": (429, "Too many requests, or too many wrong keys; the headers say when to come again."),
    "client_gone": (499, "The client went away."),
    "internal_error": (500, "Something went wrong here; the log has the reference."),
    "stopping": (503, "The server is being stopped."),
    "at_capacity": (503, "All places are taken; try again in a moment."),
}
# What to do about each of them; of the engine's, their classes say it.
REMEDIES = {
    "malformed_request": "Send what the body's `Content-Type` says; the message names the place.",
    "key_required": "Give the admin key or the search key in the header `Authorization: Bearer`.",
    "wrong_key": "Look at the key. `pictrace admin-key --new` makes a new admin key.",
    "admin_only": "Ask with the admin key.",
    "cross_origin": "Open the page at the server's own address.",
    "body_too_slow": "Send it again, on a better line.",
    "not_found": "Compare the address with the list of calls.",
    "method_not_allowed": "Take one of the methods that the header `Allow` names.",
    "samples_off": "Begin with an empty library, or add pictures of your own.",
    "body_too_large": "Send less, or raise `PICTRACE_MAX_BYTES` (archives: `PICTRACE_MAX_UPLOADED_ARCHIVE_BYTES`).",
    "unsupported_media_type": "Set `Content-Type`, and for JSON the body too, as the call says.",
    "range_not_satisfiable": "Ask for a part that is in the file, or for the whole.",
    "wrong_host": "Set `PICTRACE_ALLOWED_HOSTS` to the name that the server is called by, and start it again.",
    "invalid_request": "The message and `errors` name the value and what is wrong with it.",
    "rate_limited": "Wait as long as `Retry-After` says. `PICTRACE_RATE_LIMIT` sets how many are allowed.",
    "client_gone": "Nothing: nobody waits for the answer.",
    "internal_error": "Look for the reference in the server's log, and report it.",
    "stopping": "Ask again in a moment; the server is started again, or another answers.",
    "at_capacity": "Wait as long as `Retry-After` says; `PICTRACE_MAX_WAITING` and `--workers` allow more.",
}
# Whatever needs the library.
LIBRARY = ("library_busy", "library_damaged", "database_unreachable", "index_unreachable", "database_refused")
BY_HTTP_STATUS = {400: "malformed_request", 404: "not_found", 405: "method_not_allowed", 416: "range_not_satisfiable"}


class Problem(Exception):
    """An error that the API itself raises; `code` is one of those above."""

    def __init__(self, code: str, detail: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        self.status, usual = (OWN | ENGINE)[code]
        self.code = code
        self.detail = detail or usual
        self.headers = dict(headers or {})
        super().__init__(self.detail)


def status_of(code: str) -> int:
    """The HTTP status that goes with a code."""
    return (OWN | ENGINE)[code][0]


def body(code: str, detail: str, **more: Any) -> dict[str, Any]:
    """A problem as RFC 9457 has it."""
    status = status_of(code)
    title = HTTPStatus(status).phrase if status != 499 else "Client Closed Request"
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **more}


def response(code: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """The same as an answer."""
    return JSONResponse(body(code, detail, **more), status_of(code), dict(headers or {}), MEDIA_TYPE)


def documented(*codes: str, also: Mapping[int | str, dict[str, Any]] | None = None) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the errors with these codes, each with an example; `also` what else it answers.

    `rate_limited` is said of every route that takes a key: wrong ones are limited. Where it is among the codes, the
    route counts its requests too, and says so in headers.
    """
    found: dict[int | str, dict[str, Any]] = {**(also or {})}
    of_keys = ("rate_limited",) if "wrong_key" in codes else ()
    for code in (*codes, *of_keys):
        status = status_of(code)
        phrase = HTTPStatus(status).phrase
        entry = found.setdefault(status, {"description": phrase, "content": {MEDIA_TYPE: {"examples": {}}}})
        content = entry["content"][MEDIA_TYPE]
        content["schema"] = {"$ref": SCHEMA.format(model="Problem")}
        content["examples"][code] = {"value": body(code, (OWN | ENGINE)[code][1])}
    for waiting in found.keys() & {429, 503}:
        found[waiting]["headers"] = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
    if 429 in found:
        found[429]["description"] = "Too many requests" if "rate_limited" in codes else "Too many wrong keys"
    if "rate_limited" in codes:
        found[429]["headers"] |= rate_headers()
    return found


def rate_headers() -> dict[str, Any]:
    """The headers of an answer that counts against a limit, for OpenAPI."""
    return {name: {"description": what, "schema": {"type": "integer"}} for name, what in RATE_HEADERS.items()}


def register(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Give every error its answer; `routers` are those whose routes make up the API."""
    methods: dict[str, set[str]] = {}
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                methods[route.path] = methods.get(route.path, set()) | (route.methods or set())
    app.state.methods = methods

    @app.exception_handler(Problem)
    async def _own(request: Request, error: Problem) -> JSONResponse:
        return response(error.code, error.detail, error.headers)

    @app.exception_handler(PicTraceError)
    async def _engine(request: Request, error: PicTraceError) -> JSONResponse:
        headers = {"Retry-After": str(BUSY_RETRY_S)} if status_of(error.code) == 503 else {}
        return response(error.code, str(error), headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        if _of_just_this(request) and request.scope["route"].path != request.scope["path"]:
            return response("method_not_allowed", OWN["method_not_allowed"][1], {"Allow": ", ".join(_allowed(request))})
        errors = [
            {
                "where": ".".join(str(part) for part in one["loc"]),
                "message": str(one["msg"]).removeprefix("Value error, "),  # pydantic's, before our own sentences
            }
            for one in error.errors()
        ]
        first = f"{errors[0]['where']}: {errors[0]['message'].rstrip('.')}." if errors else OWN["invalid_request"][1]
        return response("invalid_request", first, errors=errors)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = BY_HTTP_STATUS.get(error.status_code, "malformed_request")
        detail = str(error.detail) if code == "malformed_request" else OWN[code][1]
        headers = error.headers
        if code == "method_not_allowed":
            headers = {"Allow": ", ".join(_allowed(request))}
        return response(code, detail, headers)

    @app.exception_handler(ClientDisconnect)
    async def _gone(request: Request, error: ClientDisconnect) -> JSONResponse:
        return response("client_gone", OWN["client_gone"][1])


def _allowed(request: Request) -> list[str]:
    """All methods that any route takes at this address; Starlette names those of the first route alone."""
    if found := _of_just_this(request):
        return sorted(found | ({"HEAD"} if "GET" in found else set()))
    routes = request.app.routes
    mounts = [route for route in routes if isinstance(route, Mount)]  # the page's files, which are only looked at
    found = {
        method
        for method in TAKEN
        for route in routes
        if route not in mounts and route.matches({**request.scope, "method": method})[0] is Match.FULL
    }
    if any(mount.matches(request.scope)[0] is Match.FULL for mount in mounts):
        found.add("GET")
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def _of_just_this(request: Request) -> set[str]:
    """The methods that routes of just this address take, such as `/v1/images/days`.

    A route with a number in its place matches it too, and finds that the word is no number.
    """
    found: dict[str, set[str]] = request.app.state.methods
    return found.get(request.scope["path"], set())


def unforeseen(scope: Scope, error: Exception) -> JSONResponse:
    """The answer to an error that nobody thought of; the log gets all of it."""
    reference = secrets.token_hex(4)
    logger.error("reference %s: %s %s", reference, scope["method"], scope["path"], exc_info=error)
    return response("internal_error", f"Something went wrong here; the log has the reference {reference}.")
