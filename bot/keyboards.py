"""The buttons under answers. Their data says all that is needed: nothing is kept of a question.

The picture itself is in the message that the answer replies to: `part` is its number there, `user` is who asked.
Buttons stay under messages for years: neither the prefix of a class nor the order of its fields may change.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from pydantic import Field

from bot.adders import Role
from bot.asked import AskOptions
from bot.texts import LANGUAGES, Text
from engine import Match, StoredImage

MAX_BUTTONS = 100  # under one message
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
Row = list[InlineKeyboardButton]
WHY_MARK, FILE_MARK, LINK_MARK, RIGHT_MARK, WRONG_MARK, RESUME_MARK = "❓", "💾", "🔗", "✅", "❌", "🔄"


class Why(CallbackData, prefix="y"):
    """Show why a match matches."""

    user: int
    part: int
    image: int


class Choose(CallbackData, prefix="c"):
    """Which of the matches is right, or wrong? `back`: neither."""

    user: int
    part: int
    right: bool
    back: bool = False


class Judge(CallbackData, prefix="j"):
    """A match is right, or wrong."""

    user: int
    part: int
    image: int
    right: bool


class More(CallbackData, prefix="m"):
    """The matches after the first `offset`; `weak`: also where nothing is near."""

    user: int
    part: int
    offset: int
    limit: int
    same: bool
    weak: bool


class Tell(CallbackData, prefix="t"):
    """Tell this chat when the picture appears."""

    user: int
    part: int


class Cancel(CallbackData, prefix="x"):
    """Do not tell it after all."""

    user: int
    part: int
    watch: int


class Original(CallbackData, prefix="f"):
    """Send a match as a file."""

    user: int
    image: int


class Language(CallbackData, prefix="l"):
    """Speak this language; empty: Telegram's."""

    code: str


class Undo(CallbackData, prefix="u"):
    """Take back an operation."""

    operation: int


class Remove(CallbackData, prefix="r"):
    """Remove a picture."""

    image: int


class Keep(CallbackData, prefix="k"):
    """Of two pictures that are nearly the same, remove the lesser one."""

    better: int
    lesser: int


class Forbid(CallbackData, prefix="b"):
    """Someone may add no longer."""

    user: int


class Scope(CallbackData, prefix="s"):
    """Look only among the pictures with this tag; empty: among all."""

    tag: str


class Resume(CallbackData, prefix="g"):
    """Go on with the question of a guest that was broken off."""

    update: int = Field(gt=0, lt=1 << 63)


LIGHT = (Language, Cancel, Forbid, Scope)  # take no time, and do not wait behind pictures
ROLES = {Keep: Role.ADMIN, Remove: Role.ADMIN, Forbid: Role.ADMIN, Undo: Role.ADDER}  # all others are for everyone


def is_of(data: str | None, *kinds: type[CallbackData]) -> bool:
    """Whether a button with this data is of one of these kinds."""
    return (data or "").startswith(tuple(f"{kind.__prefix__}{kind.__separator__}" for kind in kinds))


def button(label: str, data: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=label, callback_data=data.pack())


def keyboard(*rows: Row) -> InlineKeyboardMarkup | None:
    """The rows that have buttons; None where none has."""
    filled = [row for row in rows if row]
    return InlineKeyboardMarkup(inline_keyboard=filled) if filled else None


def under_matches(
    matches: Sequence[Match],
    t: Text,
    *,
    user: int,
    part: int,
    options: AskOptions,
    has_more: bool,
    may_tell: bool,
) -> InlineKeyboardMarkup | None:
    """Why, the files, source links, right or wrong, more; and where none is the same, tell me when it appears."""
    places = list(enumerate(matches, options.first))
    files = [button(f"{FILE_MARK} {place}", Original(user=user, image=match.image.id)) for place, match in places]
    why = [button(f"{WHY_MARK} {place}", Why(user=user, part=part, image=match.image.id)) for place, match in places]
    links = [
        InlineKeyboardButton(text=f"{LINK_MARK} {place}", url=url) for place, match in places if (url := source(match))
    ]
    after = More(
        user=user,
        part=part,
        offset=options.offset + len(matches),
        limit=options.limit,
        same=options.same,
        weak=options.weak,
    )
    rows = [why + files + links] if len(matches) == 1 else [*_in_rows(why), *_in_rows(files), *_in_rows(links)]
    return keyboard(
        *rows,
        verdicts(t, user=user, part=part),
        [button(t.plain("button-more"), after)] if has_more else [],
        [telling(t, user=user, part=part)] if may_tell else [],
    )


def verdicts(t: Text, *, user: int, part: int) -> Row:
    """Right, and wrong."""
    return [
        button(f"{RIGHT_MARK} {t.plain('button-right')}", Choose(user=user, part=part, right=True)),
        button(f"{WRONG_MARK} {t.plain('button-wrong')}", Choose(user=user, part=part, right=False)),
    ]


def choosing(shown: InlineKeyboardMarkup, *, user: int, part: int, right: bool) -> InlineKeyboardMarkup:
    """The same buttons, with a number for each match in place of right and wrong."""
    mark = RIGHT_MARK if right else WRONG_MARK
    places = [one.text.split()[-1] for one in _whys_in(shown)]
    numbers = [
        button(f"{mark} {place}", Judge(user=user, part=part, image=image, right=right))
        for place, image in zip(places, matches_in(shown), strict=True)
    ]
    back = [button("↩︎", Choose(user=user, part=part, right=right, back=True))]
    return _with_verdicts(shown, [*_in_rows(numbers), back])


def unchosen(shown: InlineKeyboardMarkup, t: Text, *, user: int, part: int) -> InlineKeyboardMarkup:
    """Right and wrong in their place again."""
    return _with_verdicts(shown, [verdicts(t, user=user, part=part)])


def matches_in(shown: InlineKeyboardMarkup) -> list[int]:
    """The pictures that the buttons speak of, in order."""
    return [Why.unpack(one.callback_data or "").image for one in _whys_in(shown)]


def under_nothing(t: Text, *, user: int, part: int, limit: int, is_empty: bool) -> InlineKeyboardMarkup | None:
    """Where nothing is near: show the nearest anyway, tell me when it appears."""
    nearest = More(user=user, part=part, offset=0, limit=limit, same=False, weak=True)
    return keyboard(
        [] if is_empty else [button(t.plain("button-nearest"), nearest)],
        [telling(t, user=user, part=part)],
    )


def telling(t: Text, *, user: int, part: int) -> InlineKeyboardButton:
    """Tell me when it appears."""
    return button(t.plain("button-tell"), Tell(user=user, part=part))


def in_place_of(
    shown: InlineKeyboardMarkup, kind: type[CallbackData], new: InlineKeyboardButton
) -> InlineKeyboardMarkup:
    """The same buttons, with another one in place of those of one kind."""
    rows = [[new if is_of(one.callback_data, kind) else one for one in row] for row in shown.inline_keyboard]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def undo(t: Text, operation_id: int, *, label: str | None = None) -> InlineKeyboardButton:
    return button(f"↩︎ {label or t.plain('button-undo')}", Undo(operation=operation_id))


def languages(t: Text) -> InlineKeyboardMarkup | None:
    """Each language by its own name, and Telegram's."""
    each = [button(name, Language(code=code)) for code, name in LANGUAGES.items()]
    return keyboard(each[:3], each[3:], [button(t.plain("button-telegrams-language"), Language(code=""))])


def source(match: Match) -> str | None:
    """The link to where a match came from, if Telegram takes it."""
    return source_of(match.image)


def source_of(image: StoredImage) -> str | None:
    """The link to where a picture came from, if Telegram takes it: public names and addresses only."""
    for url in (image.page_url, image.source_url):
        if url and len(url) <= 2000 and _is_public(url):
            return url
    return None


def without_links(shown: InlineKeyboardMarkup) -> InlineKeyboardMarkup | None:
    """The same buttons, without those that lead out of Telegram."""
    return keyboard(*([one for one in row if not one.url] for row in shown.inline_keyboard))


def _is_public(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or any(character.isspace() for character in url):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan"))


def _whys_in(shown: InlineKeyboardMarkup) -> Row:
    return [one for row in shown.inline_keyboard for one in row if is_of(one.callback_data, Why)]


def _with_verdicts(shown: InlineKeyboardMarkup, rows: list[Row]) -> InlineKeyboardMarkup:
    def is_verdict(row: Row) -> bool:
        return any(is_of(one.callback_data, Choose, Judge) for one in row)

    at = next((at for at, row in enumerate(shown.inline_keyboard) if is_verdict(row)), len(shown.inline_keyboard))
    others = [row for row in shown.inline_keyboard if not is_verdict(row)]
    return InlineKeyboardMarkup(inline_keyboard=[*others[:at], *rows, *others[at:]])


def _in_rows(buttons: Row, width: int = 5) -> list[Row]:
    return [buttons[start : start + width] for start in range(0, len(buttons), width)]
