"""Writes `docs/reference` from the code: `python -m docs.write_reference`.

Settings, commands, errors and calls of the REST API are described where they are defined, and nowhere else.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from annotated_types import Ge, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api.app import create_app
from api.command import serve as serve_api
from api.description import ANYWHERE, WITH_BODY
from api.errors import ENGINE, LIBRARY, OWN, REMEDIES
from api.settings import ApiSettings
from bot.adders import Role
from bot.command import serve as serve_bot
from bot.commands import COMMANDS
from bot.settings import BotSettings
from bot.texts import DEFAULT, text_in
from engine import EngineSettings, PicTraceError
from engine.features.networks import NETWORKS
from shell.cli import app as shell

Json = dict[str, Any]
FOLDER = Path(__file__).resolve().parent / "reference"
COMMAND = "python -m docs.write_reference"
MEGABYTE = 1024 * 1024
WHO = {Role.EVERYONE: "everyone", Role.ADDER: "adders", Role.ADMIN: "admins"}
# Errors that nearly every call may give.
COMMON = ("key_required", "wrong_key", "rate_limited", "invalid_request", *WITH_BODY, *LIBRARY, *ANYWHERE)
# Where the default is worked out at the start, or no value means something.
DEFAULTS = {
    "data_dir": "the user's data folder",
    "cache_dir": "the user's cache folder",
    "database_url": "SQLite",
    "files_url": "the data folder",
    "network": "`pictrace-1`",
    "workers": "one a core",
    "max_running": "2 a core",
    "bot_running": "2 a core",
}


def settings() -> str:
    engine = EngineSettings.model_fields
    parts = {
        "The library": ("All commands, the server and the bot read these.", engine),
        "Server and page": ("`pictrace-api` reads these too.", _besides(ApiSettings.model_fields, engine)),
        "Telegram bot": ("`pictrace-bot` reads these too.", _besides(BotSettings.model_fields, engine)),
    }
    tables = [
        f"## {heading}\n\n{who}\n\n{_table(('setting', 'what it is'), map(_setting, fields.items()))}"
        for heading, (who, fields) in parts.items()
    ]
    networks = [
        (f"`{one.name}`", " + ".join(str(head.dimensions) for head in one.heads), one.licence, one.summary)
        for one in NETWORKS.values()
    ]
    return _page(
        "Settings",
        """Settings come from the environment, or from a file `.env` in the folder that a command is started in (UTF-8,
or UTF-16 as Windows writes it); the environment goes first. Lists are written with commas between. What is wrong is
said at the start, as `invalid_setting`, with the name of the setting.

The client of S3-compatible stores reads names of its own, from the same places: `AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL` and `AWS_ALLOW_HTTP`.""",
        *tables,
        "## Networks\n\nWhat `PICTRACE_NETWORK` and `pictrace networks use` take:\n\n"
        + _table(("network", "dimensions", "licence", "what for"), networks),
    )


def _besides(fields: dict[str, FieldInfo], known: dict[str, FieldInfo]) -> dict[str, FieldInfo]:
    return {name: field for name, field in fields.items() if name not in known}


def _setting(named: tuple[str, FieldInfo]) -> tuple[str, str]:
    name, field = named
    assert field.description, name
    default = _default(name, field)
    sentences = [field.description, _allowed(field), f"Default: {default}." if default else ""]
    return f"`PICTRACE_{name.upper()}`", " ".join(filter(None, sentences))


def _default(name: str, field: FieldInfo) -> str:
    if name in DEFAULTS:
        return DEFAULTS[name]
    assert not field.default_factory, f"{name}: say in DEFAULTS what its default is"
    value = field.default
    if value in (None, ()):
        return ""
    if isinstance(value, bool):
        return f"`{int(value)}`"
    if isinstance(value, int) and value >= MEGABYTE and value % MEGABYTE == 0:
        return f"`{value}` ({value // MEGABYTE:,} MB)"
    return f"`{value}`"


def _allowed(field: FieldInfo) -> str:
    """What a value may be, where its description cannot say it."""
    if get_origin(field.annotation) is Literal:
        return "One of " + ", ".join(f"`{value}`" for value in get_args(field.annotation)) + "."
    if SecretStr in (field.annotation, *get_args(field.annotation)):
        return "A secret."
    least = next((limit.ge for limit in field.metadata if isinstance(limit, Ge)), None)
    most = next((limit.le for limit in field.metadata if isinstance(limit, Le)), None)
    if most is None:
        return ""
    return f"At most {most:,}." if least is None else f"{least:,} to {most:,}."


def commands() -> str:
    doors = {"pictrace": shell, "pictrace-api": _only(serve_api), "pictrace-bot": _only(serve_bot)}
    parts = [part for name, door in doors.items() for part in _command(typer.main.get_command(door), name)]
    texts = text_in(DEFAULT)
    rows = [
        (f"`/{name}`", WHO[command.role], "yes" if command.in_groups else "", texts.plain(f"command-{name}"))
        for name, command in COMMANDS.items()
    ]
    return _page(
        "Commands",
        """All commands of shell, server and bot, and what the bot takes in Telegram. Every command says the same with
`--help`. What has `--json` writes one object a line to stdout with it;
messages and progress go to stderr. Exit status: 0 all well, 1 something was rejected or could not be done, 2 wrong
use, 130 stopped by Ctrl-C.""",
        *parts,
        "## In Telegram\n\n*Adders* are those whom an admin has allowed to add by `/adder`; admins may do all.\n\n"
        + _table(("command", "who", "in groups' menu", "what it does"), rows),
    )


def _only(function: Callable[..., None]) -> typer.Typer:
    """A program of one command."""
    program = typer.Typer(add_completion=False)
    program.command()(function)
    return program


def _command(command: Any, name: str) -> Iterator[str]:
    """A command and those below it. Typer's own kinds of commands have no public names."""
    below = getattr(command, "commands", {})
    arguments = [_metavar(one) for one in command.params if one.param_type_name == "argument"]
    rows = [_option(one) for one in command.params if one.param_type_name == "option" and not one.hidden]
    usage = " ".join([name, *(["[OPTIONS]"] if rows else []), *(["COMMAND"] if below else []), *arguments])
    examples = [line.strip() for line in (command.epilog or "").split("\n\n")[1:]]
    level = "##" if " " not in name else "###"
    yield "\n\n".join(
        [f"{level} {name}", f"    {usage}", _plain(command.help)]
        + ([_table(("option", "what it does"), rows)] if rows else [])
        + ([f"For example:\n\n{_indented(examples)}"] if examples else [])
    )
    for part, one in below.items():
        yield from _command(one, f"{name} {part}")


def _metavar(parameter: Any) -> str:
    named = parameter.metavar or parameter.name.upper()
    return str(named if parameter.required or named.startswith("[") else f"[{named}]")


def _option(option: Any) -> tuple[str, str]:
    names = ", ".join(f"`{name}`" for name in option.opts)
    if not option.is_flag:
        kinds = get_args(option.type_descriptor.annotation) or (option.type_descriptor.annotation,)
        value = option.metavar or {int: "N", float: "N", Path: "FILE"}.get(kinds[0], "TEXT")
        names = names[:-1] + f" {value}`"
    has_default = not option.is_flag and option.default is not None
    more = " Needed." if option.required else f" Default: `{option.default}`." if has_default else ""
    return names, (option.help or "") + more


def errors() -> str:
    engine = [(code, *_said_of(kind)) for code, kind in _leaves(PicTraceError)]
    own = [(code, meaning, REMEDIES[code]) for code, (_, meaning) in OWN.items()]
    statuses = {code: str(found[0]) for code, found in (ENGINE | OWN).items()}
    header = ("code", "HTTP", "what it means", "what to do")

    def table(rows: Iterable[tuple[str, str, str]]) -> str:
        named = ((f'<a id="{code}"></a>`{code}`', statuses[code], what, remedy) for code, what, remedy in rows)
        return _table(header, named)

    return _page(
        "Errors",
        """Every door says an error by a sentence for people and a code for programs. The sentence may change, the code
stays. The shell writes it in brackets after the sentence, the REST API as `code` in `application/problem+json`.""",
        f"## Of the library and its pictures\n\n{table(engine)}",
        f"## Of the server\n\nThe REST API alone gives these.\n\n{table(own)}",
    )


def _leaves(kind: type[PicTraceError]) -> Iterator[tuple[str, type[PicTraceError]]]:
    below = kind.__subclasses__()
    if not below:
        yield kind.code, kind
    for one in below:
        yield from _leaves(one)


def _said_of(kind: type[PicTraceError]) -> tuple[str, str]:
    """What an error means, and what to do: the two paragraphs of its docstring."""
    meaning, remedy = _plain(kind.__doc__).split("\n\n")
    return meaning, remedy


def rest() -> str:
    described = create_app(ApiSettings(_env_file=None)).openapi()
    general = described["info"]["description"].strip().partition("\n\n")[2]
    schemas = described["components"]["schemas"]
    in_place = {name: schema for name, schema in schemas.items() if "enum" in schema or name in _bodies(described)}
    calls: dict[str, list[str]] = {}
    for path, operations in _with(in_place, described["paths"]).items():
        for method, operation in operations.items():
            calls.setdefault(operation["tags"][0], []).append(_call(method.upper(), path, operation))
    answers = [_schema(name, _with(in_place, schemas[name])) for name in sorted(schemas.keys() - in_place)]
    return _page(
        "REST calls",
        f"""All calls of the REST API, with what they take and what they answer.
{_cell(general)}

The server gives this description at `/v1/openapi.json`, with examples; the [guide](../rest.md) begins with some. The
errors named at a call are its own. Most calls also give:

{", ".join(map(_error, COMMON))}.""",
        *(f"## {tag.capitalize()}\n\n" + "\n\n".join(found) for tag, found in calls.items()),
        "## Fields of the answers\n\n" + "\n\n".join(answers),
    )


def _bodies(described: Json) -> set[str]:
    """The names of the schemas that calls take."""
    found = [operation.get("requestBody", {}) for item in described["paths"].values() for operation in item.values()]
    return {_name(one["schema"]) for body in found for one in body.get("content", {}).values()}


def _name(schema: Json) -> str:
    return str(schema["$ref"]).rsplit("/", 1)[1]


def _with(in_place: Json, value: Any) -> Any:
    """The same with these schemas where they are used, instead of their names."""
    if isinstance(value, list):
        return [_with(in_place, one) for one in value]
    if not isinstance(value, dict):
        return value
    found = in_place.get(_name(value), {}) if isinstance(value.get("$ref"), str) else {}
    kept = {name: one for name, one in value.items() if name != "$ref" or not found}
    return {name: _with(in_place, one) for name, one in (found | kept).items()}


def _call(method: str, path: str, operation: Json) -> str:
    codes = [
        code
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
    ]
    key = (
        "admin key" if "admin_only" in codes else "search key, if one is set" if operation.get("security") else "no key"
    )
    rows = [*_parameters(operation), *_body(operation)]
    answers = [(status, *_answered(answer)) for status, answer in operation["responses"].items() if status < "400"]
    named = ", ".join(_error(code) for code in dict.fromkeys(codes) if code not in COMMON)
    return "\n\n".join(
        [f"### {operation['summary']}", f"`{method} {path}` · {key}", _plain(operation.get("description"))]
        + ([_table(("parameter", "where", "value", "what it is"), rows)] if rows else [])
        + [_table(("answer", "holds", "when"), answers)]
        + ([f"Errors: {named}"] if named else [])
    )


def _parameters(operation: Json) -> Iterator[tuple[str, ...]]:
    for one in operation.get("parameters", []):
        yield _field(one["name"], one["in"], one["schema"], is_needed=one.get("required", False))


def _body(operation: Json) -> Iterator[tuple[str, ...]]:
    """The fields of a body: of a form (`multipart/form-data`), of JSON, or of either."""
    content = operation.get("requestBody", {}).get("content", {})
    of_kind = {"form": content.get("multipart/form-data", {}), "JSON": content.get("application/json", {})}
    schemas = {kind: found["schema"] for kind, found in of_kind.items() if found}
    names = dict.fromkeys(name for schema in schemas.values() for name in schema["properties"])
    for name in names:
        kinds = [kind for kind, schema in schemas.items() if name in schema["properties"]]
        schema = schemas[kinds[0]]
        is_needed = all(name in schemas[kind].get("required", []) for kind in kinds)
        yield _field(name, ", ".join(kinds), schema["properties"][name], is_needed=is_needed)


def _field(name: str, where: str, schema: Json, *, is_needed: bool) -> tuple[str, ...]:
    default = schema.get("default")
    more = "; needed" if is_needed else "" if default in (None, []) else f"; default `{str(default).lower()}`"
    return f"`{name}`", where, _value(schema) + more, _description(schema)


def _description(schema: Json) -> str:
    found = next((one["description"] for one in [schema, *schema.get("anyOf", [])] if "description" in one), "")
    return " ".join(found.split())


def _value(schema: Json) -> str:
    """What a value may be, in words."""
    if "$ref" in schema:
        return f"[{_name(schema)}](#{_name(schema).lower()})"
    if "anyOf" in schema:
        return " or ".join(_value(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        values = [f"`{value}`" for value in schema.get("enum", [schema.get("const")])]
        return f"{', '.join(values[:-1])} or {values[-1]}" if values[1:] else values[0]
    kind: str = schema.get("type", "anything")
    if kind == "array":
        items = [_value(one) for one in schema.get("prefixItems", [schema.get("items", {})])]
        return "list of " + ", ".join(dict.fromkeys(items))
    if schema.get("format") in ("binary", "date-time"):
        return {"binary": "file", "date-time": "date and time"}[schema["format"]]
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None and most is None:
        return {"integer": "number", "string": "text", "boolean": "true or false"}.get(kind, kind)
    return f"{least:g} to {most:g}" if most is not None and most < 2**31 - 1 else f"from {least:g}"


def _answered(answer: Json) -> tuple[str, str]:
    """What an answer's body holds, and when it is given."""
    of_kind = {kind: content.get("schema", {}) for kind, content in answer.get("content", {}).items()}
    found = [
        _value(schema) if "$ref" in schema else f"`{kind}` {_description(schema)}".strip()
        for kind, schema in of_kind.items()
    ]
    when = answer["description"]
    return " or ".join(found), "all went well" if when == "Successful Response" else when


def _schema(name: str, schema: Json) -> str:
    text = f"### {name}\n\n{_plain(schema.get('description'))}"
    rows = [(f"`{field}`", _value(one), _description(one)) for field, one in schema["properties"].items()]
    return f"{text}\n\n{_table(('field', 'value', 'what it is'), rows)}"


def _error(code: str) -> str:
    return f"[`{code}`](errors.md#{code})"


def _page(title: str, *parts: str) -> str:
    return (
        "\n\n".join([f"<!-- Written by `{COMMAND}`: change the code, not this page. -->\n\n# {title}", *parts]) + "\n"
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose rows are entries of their own where there is little room."""
    lines = [header, ["---"] * len(header), *([_cell(cell) for cell in row] for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)
    return f'<div class="entries" markdown>\n\n{table}\n\n</div>'


def _cell(text: str) -> str:
    """Text in which nothing is taken for a column's end or for HTML, but for our own anchors."""
    parts = re.split(r"(`[^`]*`|<a id=.*?</a>)", text.replace("|", "\\|"))
    return "".join(part if part.startswith(("`", "<a id=")) else html.escape(part, quote=False) for part in parts)


def _plain(text: str | None) -> str:
    """A docstring without the code's own line breaks."""
    paragraphs = re.split(r"\n\s*\n", (text or "").strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings,
    "commands.md": commands,
    "errors.md": errors,
    "rest.md": rest,
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write())


if __name__ == "__main__":
    main()
