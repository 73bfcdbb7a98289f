"""What is entered in the stores' forms: complete in each language, within limits, level with the extension."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from bot.texts import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / "extension" / "store"
# The narrowest of Chrome Web Store, Edge Add-ons and addons.mozilla.org.
NAME, SHORT, LONG, REASON, NEW = 45, 132, (250, 10_000), 1_000, 1_000
OPTIONAL = "hosts"  # sites are asked for one by one


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(STORE / "write.py"))


def listing(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STORE / "listings" / f"{language}.json").read_text())
    return found


def test_there_is_a_listing_for_each_language_and_no_other(script: dict[str, Any]) -> None:
    assert {path.stem for path in (STORE / "listings").iterdir()} == set(LANGUAGES)
    assert script["LANGUAGES"] == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_keep_to_the_stores_limits(script: dict[str, Any], language: str) -> None:
    own, said = script["texts"](language), listing(language)
    assert set(said) == {"purpose", "long", "permissions", "new"}
    assert len(own["extension.name"]) <= NAME
    assert 1 < len(own["extension.description"]) <= SHORT
    assert LONG[0] <= len(said["long"]) <= LONG[1]
    assert 1 < len(said["new"]) <= NEW
    for reason in (said["purpose"], *said["permissions"].values()):
        assert 1 < len(reason) <= REASON


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reason_is_given_for_each_permission(language: str) -> None:
    manifest = json.loads((ROOT / "extension" / "manifest.json").read_text())
    assert set(listing(language)["permissions"]) == {*manifest["permissions"], OPTIONAL}


@pytest.mark.parametrize("language", [tag for tag in LANGUAGES if tag != "en"])
def test_listings_are_translated_and_as_long(language: str) -> None:
    english, said = listing("en"), listing(language)
    assert said["long"].count("\n") == english["long"].count("\n")
    assert said["long"].count("•") == english["long"].count("•")
    for name in ("purpose", "long", "new"):
        assert said[name] != english[name]
    assert not set(said["permissions"].values()) & set(english["permissions"].values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_listings_name_the_menu_item_as_it_is(script: dict[str, Any], language: str) -> None:
    assert script["texts"](language)["menu.find"] in listing(language)["permissions"]["contextMenus"]


def test_the_page_on_privacy_says_what_the_options_say(script: dict[str, Any]) -> None:
    assert (STORE / "privacy.md").read_text() == script["privacy"]()
    told = [f"privacy.{part}" for part in script["PRIVACY"]]
    for language in LANGUAGES:
        assert {key for key in script["texts"](language) if key.startswith("privacy.")} == {"privacy.heading", *told}


def test_listings_hold_everything(script: dict[str, Any]) -> None:
    for language in LANGUAGES:
        text = script["listing"](language)
        said = listing(language)
        for part in (said["long"], said["purpose"], said["new"], *said["permissions"].values()):
            assert part in text


def test_the_page_on_the_pictures_is_written_in_each_language() -> None:
    articles = json.loads((STORE / "article.json").read_text())
    assert set(articles) == set(LANGUAGES)
    for language, article in articles.items():
        assert set(article) == set(articles["en"])
        assert language == "en" or not set(article.values()) & set(articles["en"].values())
