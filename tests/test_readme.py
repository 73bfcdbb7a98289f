"""The README says the same in every language, in few words, and leads to what is there."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from bot.texts import LANGUAGES

ROOT = Path(__file__).resolve().parents[1]
MOST = 5_000  # characters
NAMES = {language: "README.md" if language == "en" else f"README.{language}.md" for language in LANGUAGES}
TEXTS = {language: (ROOT / name).read_text(encoding="utf-8") for language, name in NAMES.items()}
DECIMAL_COMMA = {"de", "ru"}
# What the README tells to click, or quotes; each language has its own words for it.
LABELS = {
    "api/web/locales": ("samples.add", "own.add", "picture.compare"),
    "api/web/shared/texts": ("match.why", "result.nothing", "result.same"),
    "extension/locales": ("menu.find",),
}
LINK = r"(?<!!)\[[^\]]+\]\(([^)]+)\)"
PICTURE = r"!\[[^\]]+\]\(([^)]+)\)"
CODE_LINE = r"(?m)^    (.+)$"
HEADING = r"(?m)^(#+) .+$"


def commands(text: str) -> list[str]:
    """The lines of code blocks, without their comments."""
    return [line.split(" #")[0].strip() for line in re.findall(CODE_LINE, text)]


def links(text: str) -> list[str]:
    """What it leads to, without the READMEs in other languages."""
    return [target for target in re.findall(LINK, text) if target not in NAMES.values()]


def words_of_code(text: str) -> Counter[str]:
    return Counter(re.findall(r"`([^`]+)`", text))


def figures(text: str, language: str) -> Counter[float]:
    """All numbers of the text, however the language writes them; comments of code blocks may say less or more."""
    without_code = re.sub(CODE_LINE, "", text)
    if language in DECIMAL_COMMA:
        plain = re.sub(r"(?<=\d),(?=\d)", ".", without_code)
    else:
        plain = re.sub(r"(?<=\d),(?=\d{3})", "", without_code)
    return Counter(float(number) for number in re.findall(r"\d+(?:\.\d+)?", plain))


def anchors(page: str) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"(?m)^#+ (.+)$", page)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_is_one_for_every_language_and_no_other() -> None:
    assert {path.name for path in ROOT.glob("README*.md")} == set(NAMES.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_begins_with_the_two_commands(language: str) -> None:
    assert TEXTS[language].startswith("# PicTrace\n\n    make run ")
    assert commands(TEXTS[language])[:2] == ["make run", "make test"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_leads_to_every_other_language_before_it_says_anything(language: str) -> None:
    names = [own if tag == language else f"[{own}]({NAMES[tag]})" for tag, own in LANGUAGES.items()]
    assert TEXTS[language].split("\n\n")[2].replace("\n", " ") == " · ".join(names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_is_short(language: str) -> None:
    assert len(TEXTS[language]) <= MOST


@pytest.mark.parametrize("language", LANGUAGES)
def test_says_in_every_language_what_it_says_in_english(language: str) -> None:
    sections = zip(re.split(HEADING, TEXTS[language]), re.split(HEADING, TEXTS["en"]), strict=True)
    for found, english in sections:
        assert found.count("#") == english.count("#")
        assert commands(found) == commands(english)
        assert words_of_code(found) == words_of_code(english)
        assert links(found) == links(english)
        assert re.findall(PICTURE, found) == re.findall(PICTURE, english)
        assert figures(found, language) == figures(english, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_calls_things_by_the_names_that_one_sees(language: str) -> None:
    said = " ".join(TEXTS[language].split()).casefold()
    for folder, keys in LABELS.items():
        texts = json.loads((ROOT / folder / f"{language}.json").read_text(encoding="utf-8"))
        assert [key for key in keys if texts[key].casefold() not in said] == []


@pytest.mark.parametrize("target", [*links(TEXTS["en"]), *re.findall(PICTURE, TEXTS["en"])])
def test_leads_to_what_is_there(target: str) -> None:
    if target.startswith("https://"):
        return
    path, _, anchor = target.partition("#")
    assert (ROOT / path).is_file()
    assert not anchor or anchor in anchors((ROOT / path).read_text(encoding="utf-8"))


def test_says_of_how_well_it_finds_what_was_measured() -> None:
    measured = figures((ROOT / "docs" / "how-well.md").read_text(encoding="utf-8"), "en")
    section = next(part for part in re.split(r"(?m)^## ", TEXTS["en"]) if "(docs/how-well.md)" in part)
    assert set(figures(section, "en")) <= set(measured)
