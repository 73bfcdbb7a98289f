"""What the bot says, in the languages of `locales/`: Fluent files, one a language."""

import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from fluent.runtime import FluentBundle, FluentResource

from engine import per_cent

LOCALES = Path(__file__).parent / "locales"
DEFAULT = "en"
# A file of `locales/` for each, under its own name; the order is that of the page.
LANGUAGES = {"en": "English", "ru": "Русский", "de": "Deutsch", "ja": "日本語", "ko": "한국어", "zh": "简体中文"}


class Text:
    """One language. Called with the key of a message and its arguments."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse("zh_Hans" if language == "zh" else language)
        self._bundle = FluentBundle([str(self._locale).replace("_", "-")], use_isolating=False)
        resource = FluentResource((LOCALES / f"{language}.ftl").read_text("utf-8"))
        self._bundle.add_resource(resource)

    def __call__(self, key: str, **arguments: Any) -> str:
        """A message as Telegram's HTML; arguments are text, and are escaped."""
        return self.plain(
            key, **{name: escape(value) if isinstance(value, str) else value for name, value in arguments.items()}
        )

    def plain(self, key: str, **arguments: Any) -> str:
        """A message as plain text: for buttons, notices and menus. KeyError if there is no such message."""
        message = self._bundle.get_message(key)
        if message.value is None:
            raise KeyError(key)
        text, errors = self._bundle.format_pattern(message.value, arguments)
        if errors:
            raise errors[0]
        return str(text)

    def has(self, key: str) -> bool:
        """Whether there is such a message."""
        return self._bundle.has_message(key)

    def percent(self, probability: float) -> str:
        """A probability, rounded as the engine rounds it, and written as the language writes it."""
        rounded = re.fullmatch(r"([<>]?)(\d+)%", per_cent(probability))
        assert rounded
        return rounded[1] + format_percent(int(rounded[2]) / 100, locale=self._locale)

    def number(self, value: float) -> str:
        return format_decimal(value, locale=self._locale)

    def moment(self, at: Any) -> str:
        """A time in UTC."""
        return f"{format_datetime(at, 'medium', locale=self._locale)} UTC"


@cache
def text_in(language: str) -> Text:
    """The texts of a language. KeyError if there is no such language."""
    if language not in LANGUAGES:
        raise KeyError(language)
    return Text(language)


def nearest_language(code: str | None) -> str:
    """The language for an IETF tag as Telegram gives it, e.g. `pt-br` or `zh-hans`."""
    language = (code or DEFAULT).replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else DEFAULT
