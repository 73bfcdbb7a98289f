"""Page, extension and bot speak the same languages, and say as much in each of them."""

import json
import re
from pathlib import Path

import pytest

from bot.texts import LANGUAGES

ROOT = Path(__file__).resolve().parents[1]
SHARED, PAGE, EXTENSION = "api/web/shared/texts", "api/web/locales", "extension/locales"
FOLDERS = (SHARED, PAGE, EXTENSION)
PLURALS = {
    "en": {"one", "other"},
    "de": {"one", "other"},
    "ru": {"one", "few", "many", "other"},
    "ja": {"other"},
    "ko": {"other"},
    "zh": {"other"},
}
FORMS = ("one", "few", "many", "other")
# What is written alike in English and in another language.
ALIKE = {"nav.admin", "result.took", "extension.name", "options.server"}


def texts(folder: str, language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((ROOT / folder / f"{language}.json").read_text())
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


def scripts(folder: str, *without: str) -> str:
    paths = [path for path in (ROOT / folder).rglob("*.js") if not any(part in path.parts for part in without)]
    return "\n".join(path.read_text() for path in paths)


def test_page_extension_and_bot_speak_the_same_languages() -> None:
    listed = re.findall(r'^  (\w+): "(.+)",$', (ROOT / "api/web/shared/languages.js").read_text(), re.MULTILINE)
    assert dict(listed) == LANGUAGES
    for folder in FOLDERS:
        assert {path.stem for path in (ROOT / folder).iterdir()} == set(LANGUAGES), folder
    assert {path.stem for path in (ROOT / "bot/locales").iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_lacks_a_text_or_a_plural_form(folder: str, language: str) -> None:
    english, found = texts(folder, "en"), texts(folder, language)
    assert plain(found) == plain(english)
    assert families(found) == dict.fromkeys(families(english), PLURALS[language])
    assert all(text.strip() == text and text for text in found.values())


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_the_same_in_every_language(folder: str, language: str) -> None:
    def of(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    english, found = texts(folder, "en"), texts(folder, language)
    for key in plain(english):
        assert of(found[key]) == of(english[key]), key
    for base, forms in families(found).items():
        for form in forms:
            # "One picture" may do without the number.
            wanted, said = of(english[f"{base}.other"]), of(found[f"{base}.{form}"])
            assert said == wanted or (form == "one" and said < wanted), f"{base}.{form}"


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("language", [tag for tag in LANGUAGES if tag != "en"])
def test_texts_are_translated(folder: str, language: str) -> None:
    english, found = texts(folder, "en"), texts(folder, language)
    same = {key for key in plain(english) if found[key] == english[key]}
    assert same <= ALIKE


@pytest.mark.parametrize("own", [PAGE, EXTENSION])
def test_no_text_is_both_shared_and_of_one_alone(own: str) -> None:
    assert not set(texts(own, "en")) & set(texts(SHARED, "en"))


def test_what_page_and_extension_say_alike_in_every_language_is_shared() -> None:
    def said(folder: str) -> dict[tuple[str, ...], str]:
        each = [texts(folder, language) for language in LANGUAGES]
        return {tuple(found[key] for found in each): key for key in sorted(plain(each[0]))}

    shared, page, extension = (said(folder) for folder in FOLDERS)
    twice = {(page[text], extension[text]) for text in page.keys() & extension.keys()}
    assert twice <= {("image.file", "way.short.file")}  # a name, and a way: alike by chance
    assert not shared.keys() & extension.keys()


def test_every_shared_text_is_used_by_both() -> None:
    both = scripts("api/web/shared")
    page, extension = scripts("api/web", "shared"), scripts("extension")
    computed = tuple(re.findall(r"`([\w.]+\.)\$\{", both))
    found = texts(SHARED, "en")
    for key in plain(found) | set(families(found)):
        quoted = f'"{key}"'
        assert quoted in both or key.startswith(computed) or (quoted in page and quoted in extension), key
