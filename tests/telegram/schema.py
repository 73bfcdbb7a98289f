"""Telegram's own schema, and whether a request or a value keeps to it."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any


class SchemaViolation(AssertionError):
    """Something that Telegram's schema does not allow, and where."""


@cache
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))
    return loaded


def methods() -> dict[str, dict[str, Any]]:
    """The methods known here, with their parameters."""
    known: dict[str, dict[str, Any]] = schema()["methods"]
    return known


def check_request(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters with their proper types; values may come as the strings that forms hold."""
    known = methods().get(method)
    if known is None:
        raise SchemaViolation(f"{method}: no such method")
    parsed = {}
    for name, value in params.items():
        if name not in known:
            raise SchemaViolation(f"{method}.{name}: no such parameter")
        parsed[name] = _from_form(known[name]["type"], value, f"{method}.{name}")
        _check(known[name]["type"], parsed[name], f"{method}.{name}")
    for name, field in known.items():
        if field["required"] and name not in params:
            raise SchemaViolation(f"{method}.{name}: required, but missing")
    return parsed


def check_result(method: str, value: Any) -> None:
    _check(schema()["returns"][method], value, method)


def check_type(kind: str, value: Any) -> None:
    """`kind` may be an expression too, such as "Array of Message"."""
    _check(kind, value, kind)


def takes_file(method: str, name: str) -> bool:
    return "InputFile" in methods().get(method, {}).get(name, {}).get("type", "")


def _from_form(kind: str, value: Any, path: str) -> Any:
    if not isinstance(value, str):
        return value
    options = _options(kind)
    if "Integer" in options and re.fullmatch(r"-?\d+", value):
        return int(value)
    if "String" in options or "InputFile" in options:
        return value
    if options[0] in ("Boolean", "True") and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    if options[0] in ("Integer", "Boolean", "True"):
        raise SchemaViolation(f"{path}: {value!r} is not of type {kind}")
    try:
        return json.loads(value)
    except ValueError as error:
        raise SchemaViolation(f"{path}: not JSON: {value[:80]!r}") from error


@cache
def _options(kind: str) -> tuple[str, ...]:
    """The types that `kind` allows, unions replaced by their members."""
    if kind.startswith("Array of "):
        return (kind,)
    found: list[str] = []
    for name in re.split(r", | and | or ", kind):
        found += schema()["unions"].get(name, [name])
    return tuple(found)


def _check(kind: str, value: Any, path: str) -> None:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            raise SchemaViolation(f"{path}: {_shown(value)} is not an array")
        for place, item in enumerate(value):
            _check(kind.removeprefix("Array of "), item, f"{path}[{place}]")
        return
    options = _options(kind)
    if any(_simple(option, value) for option in options):
        return
    objects = [option for option in options if option in schema()["types"]]
    if not isinstance(value, dict) or not objects:
        raise SchemaViolation(f"{path}: {_shown(value)} is not of type {kind}")
    _check_object(_chosen(objects, value, path, kind), value, path)


def _simple(option: str, value: Any) -> bool:
    match option:
        case "String" | "InputFile":
            return isinstance(value, str)
        case "Integer":
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
        case "Float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "Boolean":
            return isinstance(value, bool)
        case "True":
            return value is True
    return option in schema()["opaque"] and isinstance(value, dict) and _tagged(option, value)


def _tagged(option: str, value: dict[str, Any]) -> bool:
    """Whether an opaque member of a union can be meant: those without a tag cannot be told, those with one can."""
    if option.startswith("InputMedia"):
        return value.get("type") == "live_photo"
    return not (option.startswith("Input") and "message_text" in value)


def _chosen(objects: list[str], value: dict[str, Any], path: str, kind: str) -> str:
    """Which of these types the value means to be."""
    if set(objects) == {"Message", "InaccessibleMessage"}:
        return "InaccessibleMessage" if value.get("date") == 0 else "Message"
    if len(objects) == 1:
        return objects[0]
    types = schema()["types"]
    fitting = [
        name
        for name in objects
        if all(
            field in value and value[field] == rule.get("value", value[field])
            for field, rule in types[name].items()
            if rule["required"] and ("value" in rule or not _has_tag(types[name]))
        )
    ]
    if len(fitting) > 1:  # some results of inline queries share a tag
        fitting = [
            name for name in fitting if all(key in value for key, rule in types[name].items() if rule["required"])
        ]
    if len(fitting) != 1:
        raise SchemaViolation(f"{path}: {_shown(value)} is none of {', '.join(objects)}")
    return fitting[0]


def _has_tag(fields: dict[str, Any]) -> bool:
    return any("value" in rule for rule in fields.values())


def _check_object(name: str, value: dict[str, Any], path: str) -> None:
    fields = schema()["types"][name]
    for key, item in value.items():
        if key not in fields:
            raise SchemaViolation(f"{path}.{key}: {name} has no such field")
        if "value" in fields[key] and item != fields[key]["value"]:
            raise SchemaViolation(f"{path}.{key}: {_shown(item)} must be {fields[key]['value']!r}")
        _check(fields[key]["type"], item, f"{path}.{key}")
    for key, rule in fields.items():
        if rule["required"] and key not in value:
            raise SchemaViolation(f"{path}.{key}: required in {name}, but missing")


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
