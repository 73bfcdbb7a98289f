"""The OpenAPI description: FastAPI's own, with what holds of every operation and an example of every answer."""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import MEDIA_TYPE, SCHEMA, body, documented, rate_headers
from api.schemas import ArchiveEntryOut, ProblemOut

ANYWHERE = ("wrong_host", "at_capacity", "internal_error", "stopping")
WITH_BODY = ("body_too_slow",)


def _links(image_id: int) -> dict[str, str]:
    at = f"/v1/images/{image_id}"
    of_files = {name: f"{at}/{name}" for name in ("file", "thumbnail", "preview")}
    return {"page": f"/?image={image_id}"} | of_files


_PICTURE: dict[str, Any] = {
    "id": 3,
    "name": "mill.jpg",
    "title": "Old mill",
    "tags": ["mill", "holland"],
    "source_url": "https://example.org/mill.jpg",
    "page_url": "https://example.org/mills",
    "width": 1600,
    "height": 1200,
    "source_missing_since": None,
    "media_type": "image/jpeg",
    "byte_size": 412_345,
    "created_at": "2026-05-01T12:00:00Z",
    "taken_at": "2026-04-30T17:05:00",
    "links": _links(3),
}
_IMAGE = _PICTURE | {
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
_EVIDENCE = {
    "exact": False,
    "cosine": 0.9312,
    "phash_distance": 6,
    "keypoints": 148,
    "ssim": 0.94,
    "structure": 0.97,
    "region": {"x": 0.1, "y": 0.2, "width": 0.5, "height": 0.5},
    "outline": [[0.1, 0.2], [0.6, 0.2], [0.6, 0.7], [0.1, 0.7]],
    "edits": ["inside_larger", "recompressed"],
    "differs": [],
    "place": None,
}
_MATCH = _PICTURE | {"lane": "same", "score": 0.9931, "p_same": 0.9931, "weak": False, "grade": "certainly_same"}
_MATCH["evidence"] = _EVIDENCE
# Another version: the same scene or layout with other content.
_VARIANT = _MATCH | {"id": 8, "name": "mill-2.jpg", "title": None, "lane": "variant", "grade": "variant"}
_VARIANT |= {"score": 0.9642, "p_same": 0.0321}
_VARIANT["links"] = _links(8)
_VARIANT["evidence"] = _EVIDENCE | {
    "edits": [],
    "differs": [{"x": 0.31, "y": 0.42, "width": 0.08, "height": 0.05}],
    "place": None,
}
_ENTRY = _IMAGE | {"added_by": "api", "warnings": []}
_REMOVED = _IMAGE | {"removed_at": "2026-05-03T12:00:00Z", "kept_until": "2026-06-02T12:00:00Z", "removed_by": "api"}
_REMOVED["links"] = _links(3) | {"thumbnail": "/v1/trash/3/thumbnail"}
_DAY = {"day": "2026-05-01", "pictures": 12}
_OPERATION = {
    "id": 19,
    "kind": "remove",
    "actor": "api",
    "at": "2026-05-03T12:00:00Z",
    "pictures": 2,
    "undone": False,
    "can_undo": True,
    "undoes": None,
    "images": [3, 17],
}
_NEAR_DUPLICATE = _IMAGE | {"p_same": 0.9984}
_GROUPED = _NEAR_DUPLICATE | {"equal_pixels": False}
_COLLAGE = _IMAGE | {"id": 9, "name": "mills.jpg", "title": None}
_COLLAGE["links"] = _links(9)
_CONTAINMENT = {"part": _IMAGE, "whole": _COLLAGE, "p_same": 0.9971}
_SAMPLES = {"offered": False, "present": 0, "removable": False, "queries": []}
_WARNING = {"code": "cut_short", "message": "The file breaks off: the last 3 % of the picture are missing."}
# By the names of the schemas.
EXAMPLES: dict[str, dict[str, Any]] = {
    "WarningOut": _WARNING,
    "ImageOut": _IMAGE,
    "EntryOut": _ENTRY,
    "RemovedImageOut": _REMOVED,
    "TrashOut": {"images": [_REMOVED], "total": 1},
    "DayOut": _DAY,
    "DaysOut": {"total": 12, "days": [_DAY]},
    "PlaceOut": {"offset": 41, "total": 1200, "previous": 5, "next": 2},
    "RelatedOut": {"near_duplicates": [_NEAR_DUPLICATE], "variants": [], "parts": [], "wholes": []},
    "PastOperationOut": _OPERATION,
    "HistoryOut": {"operations": [_OPERATION], "next": 18},
    "EditedOut": {"operation_id": 20, "changed": 2},
    "RemovedOut": {"operation_id": 21, "removed": 2},
    "RestoredOut": {"operation_id": 22, "restored": 2},
    "MatchOut": _MATCH,
    "SearchOut": {
        "matches": [_MATCH, _VARIANT],
        "calibrated": True,
        "library_size": 1200,
        "query": {"width": 1080, "height": 2340, "preview": None},
        "regions": [{"x": 0.1, "y": 0.2, "width": 0.5, "height": 0.5}],
        "page": False,
        "warnings": [_WARNING],
        "timings_ms": {"decode": 12.4, "embed": 41.8, "total": 163.2},
    },
    "AddOut": {
        "name": "mill.jpg",
        "id": 3,
        "status": "added",
        "operation_id": 17,
        "near": [2],
        "removed_before": None,
        "page": False,
        "warnings": [],
        "image": _IMAGE,
    },
    "NearDuplicateOut": _NEAR_DUPLICATE,
    "GroupedOut": _GROUPED,
    "GroupOut": {"images": [_GROUPED]},
    "ContainmentOut": _CONTAINMENT,
    "DuplicatesOut": {
        "groups": [{"images": [_GROUPED]}],
        "next_cursor": "3",
        "total": 24,
        "waiting": 0,
        "variants": 2,
        "equal_total": 5,
        "contains": [_CONTAINMENT],
        "contains_total": 1,
    },
    "RemovalOut": {"id": 3, "at": "2026-05-01T12:00:00Z"},
    "BestOut": {"operation_id": 21, "removed": [17, 9], "left": [23]},
    "DecisionOut": {"operation_id": 20, "removed": [17], "kept": 3, "left": []},
    "PageOut": {"images": [_IMAGE], "next_cursor": "2", "total": 1200},
    "ChangedOut": {"operation_id": 18, "images": [_IMAGE]},
    "OperationOut": {"operation_id": 19},
    "UndoneOut": {"operation_id": 19, "kind": "remove", "at": "2026-05-01T12:00:00Z", "images": 1},
    "TagsOut": {"tags": [{"tag": "mill", "pictures": 12}]},
    "SamplesOut": _SAMPLES,
    "ServerOut": {
        "name": "PicTrace",
        "version": version("pictrace"),
        "access": "none",
        "search_key_required": False,
        "pictures": 1200,
        "calibrated": True,
        "limits": {
            "max_bytes": 64 * 1024 * 1024,
            "max_pixels": 110_000_000,
            "max_source_pixels": 250_000_000,
            "max_archive_bytes": 2_000 * 1024 * 1024,
            "max_matches": 50,
            "searches_a_minute": 30,
            "formats": ["image/jpeg", "image/png"],
            "archives": [".zip", ".tar"],
        },
        "samples": _SAMPLES,
    },
    "HealthOut": {"status": "ok"},
    "ArchiveEntryOut": {
        "name": "mill.jpg",
        "source": "holiday.zip: july/mill.jpg",
        "status": "added",
        "id": 3,
        "code": None,
        "message": None,
        "near": [],
        "warnings": [],
        "reason": None,
        "operation_id": 17,
    },
    "Problem": body("unknown_image", "There is no picture with the id 17 in this library."),
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of an application, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = schema["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for model in (ProblemOut, ArchiveEntryOut):
            _move(model.model_json_schema(ref_template=SCHEMA), schemas)
        for name, example in EXAMPLES.items():
            schemas[name]["example"] = example
        for operations in schema["paths"].values():
            for operation in operations.values():
                _complete(operation)
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    content["schema"] = _move(content["schema"], schemas)
        app.openapi_schema = schema
    return app.openapi_schema


def _move(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, str]:
    """Move a schema, and those that it uses, to the others; what stands in its place."""
    schemas |= schema.pop("$defs", {})
    schemas[schema["title"]] = schema
    return {"$ref": SCHEMA.format(model=schema["title"])}


def _complete(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    for status, answer in documented(*ANYWHERE, *(WITH_BODY if "requestBody" in operation else ())).items():
        known = answers.setdefault(str(status), answer)
        known["content"][MEDIA_TYPE]["examples"] |= answer["content"][MEDIA_TYPE]["examples"]
    if rate_headers().keys() <= answers.get("429", {}).get("headers", {}).keys():
        for status in answers.keys() & {"200", "201"}:
            answers[status].setdefault("headers", {}).update(rate_headers())
