"""Make schema.json: what the tests' Bot API server needs of Telegram's schema, reduced to names, types and "required".

    python tests/telegram/reduce_schema.py SCHEMA.json

SCHEMA.json is the file .butcher/schema/schema.json in aiogram's source distribution (the sdist on PyPI).
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

METHODS = [
    "getMe", "getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo", "sendMessage", "sendPhoto",
    "sendDocument", "sendMediaGroup", "editMessageText", "editMessageReplyMarkup", "editMessageCaption",
    "editMessageMedia", "deleteMessage", "answerCallbackQuery", "sendChatAction", "setMessageReaction", "getFile",
    "getChat", "getChatMember", "getChatAdministrators", "leaveChat", "setMyCommands", "getMyCommands",
    "deleteMyCommands", "setMyDescription", "setMyShortDescription", "setMyName", "deleteMessages", "answerGuestQuery",
    "answerInlineQuery",
]  # fmt: skip
ROOTS = ["Update", "ResponseParameters"]
# Accepted as they come: nothing here sends or receives what is inside.
OPAQUE = re.compile(
    r"(Input)?Rich|Gift|UniqueGift|Passport|Encrypted|Story[A-Z]|Poll|InputPoll|Business|Giveaway|Checklist|"
    r"InputChecklist|SuggestedPost|Order|Shipping|PreCheckout|Refunded|Successful|Invoice|Labeled|Game|Community|"
    r"PaidMedia|Background|ChatBackground|VideoChat|ChatBoost|Managed|BotSubscription|MessageGeneration|"
    r"ChosenInline|StarAmount|UserRating|ChatShared|UsersShared|SharedUser|ProximityAlert|WebAppData|"
    r"DirectMessagePrice|PaidMessagePrice|ChatOwner|ChecklistTasks|KeyboardButtonRequest|Birthdate|ChatLocation|"
    r"InputMediaLivePhoto|LivePhoto|Contact|Dice|Venue|Location|VideoQuality|InputFile|InputInvoice|"
    r"InputLocation|InputVenue|InputContact"
)
SIMPLE = {"String", "Integer", "Boolean", "True", "Float"}


def names(expression: str) -> list[str]:
    """The types an expression such as "Array of A, B and C" speaks of."""
    return [name for name in re.split(r"Array of |, | and | or ", expression) if name and name not in SIMPLE]


def fields(entity: dict[str, Any]) -> dict[str, dict[str, Any]]:
    reduced = {}
    for field in entity["annotations"]:
        told: dict[str, Any] = {"type": field["type"], "required": field["required"]}
        only = re.search(r"(?:, always |, must be )['\"“]?(\w+)['\"”]?\.?$", field["description"])
        if only and field["name"] in ("type", "status", "source"):
            told["value"] = only[1]
        reduced[field["name"]] = told
    return reduced


def returned(description: str) -> str:
    """The type a method answers with, which the schema tells in words only."""
    if listed := re.search(r"[Aa]rray of (\w+)(?: objects?)?(?: that were sent)? (?:is|are) returned", description):
        return f"Array of {listed[1]}"
    if listed := re.search(r"[Rr]eturns an Array of (\w+)", description):
        return f"Array of {listed[1]}"
    if "Message is returned, otherwise True" in description:
        return "Message or True"
    if one := re.search(r"(?:in form of|[Rr]eturns|[Oo]n success,) an? ([A-Z]\w+) object", description):
        return one[1]
    if re.search(r"sent Message is returned", description):
        return "Message"
    return "True"


def reduce(schema: dict[str, Any]) -> dict[str, Any]:
    entities = {entity["name"]: entity for group in schema["items"] for entity in group["children"]}
    methods = {method: fields(entities[method]) for method in METHODS}
    returns = {method: returned(entities[method]["description"]) for method in METHODS}
    types: dict[str, Any] = {}
    unions: dict[str, list[str]] = {}
    opaque: set[str] = set()
    todo = [*ROOTS]
    for method in METHODS:
        todo += names(returns[method]) + [name for f in methods[method].values() for name in names(f["type"])]
    while todo:
        name = todo.pop()
        if name in types or name in unions or name in opaque:
            continue
        members = re.findall(r"^ ?- (\w+)$", entities[name]["description"], re.MULTILINE)
        if OPAQUE.match(name):
            opaque.add(name)
        elif members:
            unions[name] = members
            todo += members
        else:
            types[name] = fields(entities[name])
            todo += [other for f in types[name].values() for other in names(f["type"])]
    return {
        "version": schema["api"]["version"],
        "types": dict(sorted(types.items())),
        "unions": dict(sorted(unions.items())),
        "opaque": sorted(opaque),
        "methods": methods,
        "returns": returns,
    }


def lines(reduced: dict[str, Any]) -> str:
    """JSON with a line for each type and each method."""
    parts = []
    for key, value in reduced.items():
        if isinstance(value, dict):
            inner = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in value.items())
            parts.append(f"{json.dumps(key)}:{{\n{inner}\n}}")
        else:
            parts.append(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    source = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(__file__).with_name("schema.json").write_text(lines(reduce(source)), encoding="utf-8")
