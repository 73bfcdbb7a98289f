"""What Telegram refuses, and in which words."""

import io
import ipaddress
import re
import warnings
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_PHOTO = 10 * 2**20
MAX_DOWNLOAD = 20 * 2**20
MAX_UPLOAD = 50 * 2**20
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
REACTIONS = [
    "👍", "👎", "❤", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱", "😢", "🎉", "🤩", "🙏", "👌", "🤡", "🥱",
    "👀", "💯", "🤣", "⚡", "💔", "🤨", "😐", "🍾", "😈", "😴", "😭", "🤓", "👻", "👨‍💻", "✍", "🤗", "🫡", "🤷",
]  # fmt: skip
ACTIONS = [
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
    "choose_sticker", "find_location", "record_video_note", "upload_video_note",
]  # fmt: skip
STYLES = ("danger", "success", "primary")
BUTTON_ACTIONS = [
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay", "disabled",
]  # fmt: skip
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
WRONG_FILE = "Bad Request: wrong file identifier/HTTP URL specified"
QUERY_TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


class Refused(Exception):
    """An error as the Bot API answers it; a `note` says that no proper client would have asked this."""

    def __init__(self, code: int, description: str, *, note: str | None = None, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.note = note
        self.parameters = parameters


def bad(what: str, *, note: str | None = None) -> Refused:
    return Refused(400, f"Bad Request: {what}", note=note)


def check_keyboard(markup: dict[str, Any] | None) -> dict[str, Any] | None:
    """The inline keyboard to keep with a message; other markup concerns the user's own keyboard."""
    if not markup or "inline_keyboard" not in markup:
        return None
    rows = [row for row in markup["inline_keyboard"] if row]
    if sum(map(len, rows)) > 100:
        raise bad("reply markup is too long")
    for button in (button for row in rows for button in row):
        _check_button(button)
    return {"inline_keyboard": rows} if rows else None


def _check_button(button: dict[str, Any]) -> None:
    if not button["text"].strip():
        raise bad("can't parse inline keyboard button: Button text must be non-empty")
    actions = [action for action in BUTTON_ACTIONS if action in button]
    if not actions:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad("can't parse inline keyboard button: exactly one action is expected", note=f"a button with {actions}")
    if button.get("style", STYLES[0]) not in STYLES:
        raise bad("invalid button style specified", note=f"button style {button['style']!r}")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if "url" in button:
        _check_url(button["url"])
    if "copy_text" in button and not 1 <= len(button["copy_text"]["text"]) <= 256:
        raise bad("BUTTON_COPY_TEXT_INVALID")


def _check_url(url: str) -> None:
    wrong = bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme == "tg" and host:
        return
    if parts.scheme not in ("http", "https") or "." not in host or re.search(r"[\s<>\"]", url):
        raise wrong
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".lan", ".")):
        raise bad("BUTTON_URL_INVALID")
    try:
        public = ipaddress.ip_address(host).is_global
    except ValueError:
        if not re.fullmatch(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+(?:xn--[a-z0-9-]+|[^\W\d_]{2,})", host):
            raise wrong from None
        return
    if not public:
        raise bad("BUTTON_URL_INVALID")


def decoded(content: bytes) -> Image.Image | None:
    """The picture, or None where it is none that Telegram decodes. Its size is known, its pixels are not read yet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            return Image.open(io.BytesIO(content), formats=FORMATS)
        except (OSError, ValueError, Image.DecompressionBombError):
            return None


def check_photo(content: bytes) -> None:
    """What Telegram asks of a picture that is to be sent as a photo."""
    if not content:
        raise bad("file must be non-empty")
    if len(content) > MAX_PHOTO:
        raise bad(f"file of size {len(content)} bytes is too big for a photo; the maximum size is {MAX_PHOTO} bytes")
    picture = decoded(content)
    if picture is None:
        raise bad("IMAGE_PROCESS_FAILED")
    width, height = picture.size
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    try:
        picture.load()
    except (OSError, ValueError, SyntaxError):
        raise bad("IMAGE_PROCESS_FAILED") from None


def check_reactions(wanted: list[dict[str, Any]], allowed: bool) -> list[str]:
    if len(wanted) > 1:
        raise bad("REACTIONS_TOO_MANY")
    emojis = [reaction.get("emoji", "") for reaction in wanted]
    if wanted and not allowed:
        raise bad("REACTION_INVALID")
    for reaction in wanted:
        if reaction["type"] != "emoji" or reaction["emoji"].rstrip("\ufe0f") not in REACTIONS:
            raise bad("REACTION_INVALID")
    return emojis


def check_commands(commands: list[dict[str, Any]]) -> None:
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", command["command"]):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"].strip()) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")


def check_language(code: str) -> str:
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise bad("invalid language code specified")
    return code
