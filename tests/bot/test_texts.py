"""Texts: nothing lacks in any language, plural forms are right, everything fits where Telegram puts it."""

import re

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

from bot.asked import AskOptions, options_in
from bot.commands import COMMANDS
from bot.texts import LANGUAGES, LOCALES, nearest_language, text_in
from engine import Edit, errors, per_cent
from engine.storage.statements import UNDOABLE

COUNTS = (0, 1, 2, 5, 21, 1234)
BUTTONS_WIDTH = 32  # characters that a phone shows of a button across the whole width


class Placeables(Visitor):
    """The names of the arguments that a message takes."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:
        self.names.add(node.id.name)


def messages(language: str) -> dict[str, set[str]]:
    """Keys with their arguments."""
    resource = FluentParser().parse((LOCALES / f"{language}.ftl").read_text("utf-8"))
    found: dict[str, set[str]] = {}
    for entry in resource.body:
        assert not isinstance(entry, ast.Junk), entry.content
        if isinstance(entry, ast.Message):
            assert entry.id.name not in found, f"{entry.id.name} twice"
            placeables = Placeables()
            placeables.visit(entry)
            found[entry.id.name] = placeables.names
    return found


def used() -> set[str]:
    """All that the code writes between quotation marks."""
    source = "".join(path.read_text() for path in LOCALES.parent.rglob("*.py"))
    return set(re.findall(r"""["']([a-z][a-z0-9_-]*)["']""", source))


def test_every_language_has_a_file_and_every_file_a_language() -> None:
    assert {path.stem for path in LOCALES.iterdir()} == set(LANGUAGES)
    with pytest.raises(KeyError):
        text_in("tlh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_message_with_its_arguments(language: str) -> None:
    english, here = messages("en"), messages(language)
    assert list(here) == list(english)
    # What a number decides may be worded without it; nothing may ask for what it is not given.
    assert {key: names - english[key] for key, names in here.items() if names - english[key]} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_can_be_said_with_any_number(language: str) -> None:
    t = text_in(language)
    numbers = {"count", "done", "total", "first", "last", "place", "limit", "megapixels", "verdicts", "watches", "days"}
    for key, names in messages("en").items():
        for count in COUNTS:
            given = {name: count if name in numbers else "<x>" for name in names}
            said = t(key, **given)
            assert said.strip(), key
            assert "<x>" not in said, key
            assert "{" not in said, key


def test_numbers_take_their_plural_forms() -> None:
    def start(language: str, count: int) -> str:
        return text_in(language).plain("start-library", count=count)

    assert start("en", 1) == "There is 1 picture in the library."
    assert start("en", 2) == "There are 2 pictures in the library."
    russian = [re.search(r"\d\S*\s(\w+)", start("ru", count)) for count in (1, 2, 5, 21, 22, 25)]
    forms = [found[1] for found in russian if found]
    assert forms[:3] == forms[3:]
    assert len(set(forms)) == 3
    assert start("de", 1) != start("de", 2).replace("2", "1")
    for language in ("ja", "ko", "zh"):
        assert start(language, 1).replace("1", "5") == start(language, 5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_fit_where_telegram_puts_them(language: str) -> None:
    t = text_in(language)
    for command in COMMANDS:
        assert 3 <= len(t.plain(f"command-{command}")) <= 256
    assert len(t.plain("bot-description")) <= 512
    assert len(t.plain("bot-short-description")) <= 120
    for key in ("which-right", "which-wrong", "judged-right", "judged-wrong", "not-yours", "asked-gone", "admins-only"):
        assert len(t.plain(key)) <= 200, key  # a notice
    for key in messages("en"):
        if key.startswith("button-"):
            assert (
                len(t.plain(key, id="12345", better="12345", lesser="12346", name="Alexandra Example")) <= BUTTONS_WIDTH
            ), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_words(language: str) -> None:
    t = text_in(language)
    assert all(t.has(f"edit-{edit.value}") for edit in Edit)
    assert all(t.has(f"{done}-{kind}") for kind in UNDOABLE for done in ("undone", "history"))


def test_every_error_of_the_engine_that_a_chat_can_meet_has_a_sentence() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and not kind.__subclasses__()]
    codes = {kind.code for kind in kinds if issubclass(kind, errors.PicTraceError)}
    # These end the process before anybody can ask, or are met by no question of a chat.
    never = {
        "invalid_limit",
        "unknown_sample",
        "invalid_setting",
        "unknown_network",
        "network_mismatch",
    }
    never |= {"weights_unavailable", "network_build_failed", "library_too_new", "library_too_old"}
    never |= {"unknown_edit", "too_few_pictures", "backup_refused", "backup_damaged", "invalid_region"}
    never |= {"migration_refused", "migration_unfinished", "migration_failed", "too_many_missing", "already_watched"}
    never |= {"invalid_region"}
    assert len(codes) > 20
    assert {code for code in codes - never if not text_in("en").has(f"error-{code}")} == set()


def test_no_message_is_left_that_nobody_says() -> None:
    patterns = r"(actor|command|score|edit|undone|history|count|error|warning)-.*"
    assert {key for key in messages("en") if not re.fullmatch(patterns, key)} - used() == set()


def test_tags_of_telegram_find_their_language() -> None:
    found = {
        tag: nearest_language(tag) for tag in ("en", "ru", "de-AT", "zh-hans", "zh-hant", "ja", "ko", "pt-br", None, "")
    }
    assert found == {
        "en": "en", "ru": "ru", "de-AT": "de", "zh-hans": "zh", "zh-hant": "zh", "ja": "ja", "ko": "ko", "pt-br": "en",
        None: "en", "": "en",
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_steer_are_those_that_help_names(language: str) -> None:
    t = text_in(language)
    first = re.findall(r"<code>([^<]+)</code>", t.plain("help"))[0]
    assert options_in(first) == AskOptions(same=True)
    assert options_in(f"{first} 3") == AskOptions(3, same=True, is_counted=True)


def test_percentages_are_written_as_each_language_does() -> None:
    assert [text_in("en").percent(p) for p in (1.0, 0.999, 0.5, 0.004)] == ["100%", ">99%", "50%", "<1%"]
    assert text_in("ru").percent(0.5) == "50\xa0%"


def test_percentages_are_rounded_as_the_engine_rounds_them() -> None:
    for probability in (0.0, 0.01, 0.125, 0.345, 0.575, 0.99, 0.991, 1.0):
        assert text_in("en").percent(probability) == per_cent(probability)
