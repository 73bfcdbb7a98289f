"""Formatted text as Telegram reads it: HTML into plain text with entities, and what it finds in plain text."""

import re
from typing import Any

from tests.telegram.rules import Refused

Entity = dict[str, Any]

TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "span": "spoiler", "code": "code", "pre": "pre", "blockquote": "blockquote", "a": "text_link",
}  # fmt: skip
REFERENCES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
TAG = re.compile(r"<(/?)([^\s<>]*)((?:\s+[\w-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?)*)\s*>")
ATTRIBUTE = re.compile(r"([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
FOUND = re.compile(
    r"(?P<bot_command>(?<![\w/@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
    r"|(?P<url>(?<![\w@.])(?:https?://[^\s<>\"]+|(?:[a-z0-9-]+\.)+(?:com|org|net|io|me|dev|ru|de|info)(?:/[^\s<>\"]*)?)(?<![.,!?;:)]))"
    r"|(?P<mention>(?<![\w@/])@[A-Za-z0-9_]{4,32}(?!\w))"
    r"|(?P<hashtag>(?<![\w#])#(?=\w*[^\W\d])\w{1,255})",
    re.IGNORECASE,
)


def units(text: str) -> int:
    """Length in UTF-16 code units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, entity: Entity) -> str:
    """The part of the text that an entity covers."""
    raw = text.encode("utf-16-le")[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2]
    return raw.decode("utf-16-le")


def _bad(what: str) -> Refused:
    return Refused(400, f"Bad Request: can't parse entities: {what}")


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        name = match[1]
        if not name.startswith("#"):
            return REFERENCES.get(name, match[0])
        code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
        return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else match[0]

    return re.sub(r"&(#\d{1,8}|#[xX][0-9a-fA-F]{1,6}|[a-z]+);?", one, text)


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Plain text and its entities; tags that Telegram does not know are refused."""
    text, length, at = "", 0, 0
    open_tags: list[tuple[str, Entity, dict[str, str]]] = []
    entities: list[Entity] = []
    while at < len(source):
        if source[at] != "<":
            end = source.find("<", at)
            end = len(source) if end < 0 else end
            piece = _unescape(source[at:end])
            text += piece
            length += units(piece)
            at = end
            continue
        where = len(source[:at].encode())
        tag = TAG.match(source, at)
        if tag is None:
            kind = "end" if source.startswith("</", at) else "start"
            begun = re.compile(r"<([^\s<>/]+)").match(source, at)
            if begun and begun[1].lower() not in TAGS:
                raise _bad(f'Unsupported start tag "{begun[1].lower()}" at byte offset {where}')
            raise _bad(f"Unclosed {kind} tag at byte offset {where}")
        name = tag[2].lower()
        at = tag.end()
        if tag[1]:
            if not open_tags:
                raise _bad(f"Unexpected end tag at byte offset {where}")
            expected, entity, given = open_tags.pop()
            if name and name != expected:
                raise _bad(f'Unmatched end tag at byte offset {where}, expected "</{expected}>", found "</{name}>"')
            entity["length"] = length - entity["offset"]
            _close(entity, expected, given, text, entities)
            continue
        if name not in TAGS:
            raise _bad(f'Unsupported start tag "{name}" at byte offset {where}')
        given = {a[1].lower(): _unescape(a[2] or a[3] or a[4] or "") for a in ATTRIBUTE.finditer(tag[3])}
        if name == "span" and given.get("class") != "tg-spoiler":
            raise _bad(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
        open_tags.append((name, {"type": TAGS[name], "offset": length, "length": 0}, given))
    if open_tags:
        name, entity, _ = open_tags[-1]
        raise _bad(f'Can\'t find end tag corresponding to start tag "{name}"')
    return text, _ordered(entities)


def _close(entity: Entity, name: str, given: dict[str, str], text: str, entities: list[Entity]) -> None:
    if not entity["length"]:
        return
    if name == "a":
        url = given.get("href") or cut(text, entity)
        if url.startswith("tg://user"):
            raise Refused(400, "Bad Request: can't parse entities", note="links to users are not known here")
        if not re.fullmatch(r"(?:https?|tg|ton)://[^\s/?#]+\S*|mailto:\S+", url):
            return  # Telegram drops such a link silently
        entity["url"] = url
    elif name == "blockquote" and "expandable" in given:
        entity["type"] = "expandable_blockquote"
    elif name == "code" and given.get("class", "").startswith("language-"):
        entity["language"] = given["class"].removeprefix("language-")
    elif name == "pre" and entities and entities[-1]["type"] == "code":
        inner = entities[-1]
        if (inner["offset"], inner["length"]) == (entity["offset"], entity["length"]):
            entities.pop()
            if "language" in inner:
                entity["language"] = inner["language"]
    entities.append(entity)


def _ordered(entities: list[Entity]) -> list[Entity]:
    for entity in entities:
        if entity["type"] != "pre":
            entity.pop("language", None)
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def detect(text: str, taken: list[Entity] | None = None) -> list[Entity]:
    """Commands, links, mentions and hashtags of a text, besides the entities it has."""
    blocking = [e for e in taken or [] if e["type"] in ("code", "pre", "text_link", "text_mention")]
    found = []
    for match in FOUND.finditer(text):
        offset, length = units(text[: match.start()]), units(match[0])
        if not any(e["offset"] < offset + length and offset < e["offset"] + e["length"] for e in blocking):
            found.append({"type": match.lastgroup, "offset": offset, "length": length})
    return found


def formatted(text: str, mode: str | None, given: list[Entity] | None) -> tuple[str, list[Entity]]:
    """A bot's text as it ends up in the message: trimmed, with the entities asked for and those found."""
    entities = [dict(entity) for entity in given or []]
    if mode:
        if mode.lower() != "html":
            raise Refused(400, "Bad Request: unsupported parse_mode", note=f"parse_mode {mode!r} is not known here")
        text, entities = parse_html(text)
    for entity in entities:
        if entity["offset"] < 0 or entity["length"] <= 0 or entity["offset"] + entity["length"] > units(text):
            raise Refused(400, "Bad Request: entity is out of the text", note=f"entity {entity} outside {text!r}")
    text, entities = _trimmed(text.replace("\r", ""), entities)
    entities += detect(text, entities)
    return text, sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    lead = units(text) - units(text.lstrip())
    text = text.strip()
    total, kept = units(text), []
    for entity in entities:
        start = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, total)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return text, kept
