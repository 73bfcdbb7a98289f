"""The page's files: every text in every language, and nothing that a strict policy forbids."""

import json
import re
from pathlib import Path

import pytest

from api.errors import ENGINE, OWN
from engine import Edit

WEB = Path(__file__).resolve().parents[2] / "api" / "web"
SCRIPTS = {path.name: path.read_text() for path in sorted(WEB.glob("*.js"))}
LANGUAGES = ("en", "ru", "de", "ja", "ko", "zh")
PLURALS = {
    "en": {"one", "other"},
    "de": {"one", "other"},
    "ru": {"one", "few", "many", "other"},
    "ja": {"other"},
    "ko": {"other"},
    "zh": {"other"},
}
FORMS = ("one", "few", "many", "other")
# Codes that no request of the page can be answered with.
NOT_ON_THE_PAGE = {
    "bad_archive",
    "unsafe_archive",
    "archive_too_large",
    "invalid_limit",
    "unknown_edit",
    "too_few_pictures",
    "library_too_old",
    "client_gone",
    "internal_error",
    "stopping",
    "invalid_setting",
    "unknown_network",
    "network_mismatch",
    "weights_unavailable",
    "network_build_failed",
    "data_dir_not_writable",
    "library_too_new",
    "too_many_missing",
    "library_damaged",
    "database_refused",
    "migration_refused",
    "migration_unfinished",
    "migration_failed",
}


def texts(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((WEB / "locales" / f"{language}.json").read_text())
    return found


def families(found: dict[str, str]) -> dict[str, set[str]]:
    """Plural families with the forms they have."""
    result: dict[str, set[str]] = {}
    for key in found:
        base, _, form = key.rpartition(".")
        if form in FORMS and f"{base}.other" in found:
            result.setdefault(base, set()).add(form)
    return result


def plain(found: dict[str, str]) -> set[str]:
    plurals = families(found)
    return {key for key in found if key.rpartition(".")[0] not in plurals}


def test_there_is_one_file_a_language_and_no_other() -> None:
    assert {path.stem for path in (WEB / "locales").iterdir()} == set(LANGUAGES)
    assert all(re.search(rf"^  {tag}: ", SCRIPTS["i18n.js"], re.MULTILINE) for tag in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_lacks_a_text_or_a_plural_form(language: str) -> None:
    english, found = texts("en"), texts(language)
    assert plain(found) == plain(english)
    assert families(found) == dict.fromkeys(families(english), PLURALS[language])
    assert all(text.strip() == text and text for text in found.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_the_same_in_every_language(language: str) -> None:
    def of(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    english, found = texts("en"), texts(language)
    for key in plain(english):
        assert of(found[key]) == of(english[key]), key
    for base, forms in families(found).items():
        assert all(of(found[f"{base}.{form}"]) <= of(english[f"{base}.other"]) for form in forms), base


@pytest.mark.parametrize("language", [tag for tag in LANGUAGES if tag != "en"])
def test_texts_are_translated(language: str) -> None:
    english, found = texts("en"), texts(language)
    same = [key for key in plain(english) if found[key] == english[key]]
    assert set(same) <= {
        "ask.linkPlaceholder",
        "result.took",
        "nav.admin",
        "result.size",
        "samples.badge",
        "library.tag",
    }


def test_every_text_that_scripts_ask_for_is_there_and_none_is_left_over() -> None:
    keys = plain(texts("en")) | set(families(texts("en")))
    code = "\n".join(SCRIPTS.values())
    asked = set(re.findall(r"""\bt\(\s*["']([\w.]+)["']""", code))
    assert len(asked) > 60
    assert asked <= keys
    computed = (*re.findall(r"t\(`([\w.]+\.)\$\{", code), "error.", "score.", "edit.")
    left_over = {key for key in keys if f'"{key}"' not in code and not key.startswith(computed) and key != "language"}
    assert not left_over


def test_every_code_has_a_sentence() -> None:
    found = texts("en")
    for code in (set(ENGINE) | set(OWN)) - NOT_ON_THE_PAGE:
        assert f"error.{code}" in found or f"error.{code}.other" in found, code
    assert all(f"edit.{edit}" in found for edit in Edit)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_write_text_only(name: str) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|setAttribute\(['\"]style|https?://(?!www\.w3\.org)"
    assert not re.search(forbidden, SCRIPTS[name].replace('"https://…"', "").replace("/^https?:\\/\\//", ""))


def test_page_loads_nothing_from_elsewhere() -> None:
    page = (WEB / "index.html").read_text()
    assert not re.search(r"(src|href)=\"(?!/)", page)
    assert not re.search(r"<style|style=|onload|<script(?! type=\"module\" src)", page)
    assert "url(" not in (WEB / "style.css").read_text()
