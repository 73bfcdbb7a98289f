"""The page's files: every text that is asked for, and nothing that a strict policy forbids."""

import json
import re
from pathlib import Path

import pytest

from api import page
from api.errors import ENGINE, OWN
from engine import PICTURE_SUFFIXES, Edit
from tests.api.conftest import Serve

WEB = Path(__file__).resolve().parents[2] / "api" / "web"
SCRIPTS = {path.relative_to(WEB).as_posix(): path.read_text() for path in sorted(WEB.rglob("*.js"))}
FORMS = ("one", "few", "many", "other")
# Codes that no request of the page can be answered with.
NOT_ON_THE_PAGE = {
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
    "already_watched",
    "too_many_missing",
    "library_damaged",
    "database_refused",
    "migration_refused",
    "migration_unfinished",
    "migration_failed",
}


def texts(language: str, folders: tuple[str, ...] = ("locales", "shared/texts")) -> dict[str, str]:
    """What the page says: its own texts, and those that it shares with the extension."""
    found: dict[str, str] = {}
    for folder in folders:
        found |= json.loads((WEB / folder / f"{language}.json").read_text())
    return found


def bases(found: dict[str, str]) -> set[str]:
    """The keys without their plural forms."""
    return {re.sub(rf"\.({'|'.join(FORMS)})$", "", key) for key in found}


def test_every_text_that_scripts_ask_for_is_there_and_none_of_the_page_is_left_over() -> None:
    own, keys = bases(texts("en", ("locales",))), bases(texts("en"))
    code = "\n".join(SCRIPTS.values())
    by_the_server = "\n".join([Path(page.__file__).read_text(), *(path.read_text() for path in WEB.rglob("*.html"))])
    asked = set(re.findall(r"""\bt\(\s*["']([\w.]+)["']""", code))
    assert len(asked) > 60
    assert asked <= keys
    computed = (*re.findall(r"t\(`([\w.]+\.)\$\{", code), "error.")
    served = set(re.findall(r"""\$\{([\w.]+)\}|texts\[["']([\w.]+)["']\]""", by_the_server))
    composed = {key for pair in served for key in pair if key}
    assert composed <= keys
    assert not {key for key in own - composed if f'"{key}"' not in code and not key.startswith(computed)}


def test_every_code_has_a_sentence() -> None:
    found = texts("en")
    for code in (set(ENGINE) | set(OWN)) - NOT_ON_THE_PAGE:
        assert f"error.{code}" in found or f"error.{code}.other" in found, code
    assert all(f"edit.{edit}" in found for edit in Edit)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_write_text_only(name: str) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|setAttribute\(['\"]style|https?://(?!www\.w3\.org)"
    assert not re.search(forbidden, SCRIPTS[name].replace('"https://…"', "").replace("/^https?:\\/\\//", ""))


def test_page_takes_the_same_names_for_pictures_and_archives_as_the_engine() -> None:
    kinds, sending = SCRIPTS["kinds.js"], SCRIPTS["sending.js"]
    pictures = re.findall(r'"(\.\w+)"', kinds[kinds.index("PICTURES = [") : kinds.index("];")])
    assert set(pictures) == PICTURE_SUFFIXES
    for name in ("a.tar.zst", "a.tzst", "a.7z", "a.rar"):
        assert f'".{name.rpartition(".")[2]}"' in sending


def test_page_loads_nothing_from_elsewhere() -> None:
    for path in WEB.rglob("*.html"):
        written = path.read_text()
        assert not re.search(r"(src|href)=\"(?![/#])", written)
        assert not re.search(r"<style|style=|onload|<script(?! type=\"(module|application/json)\")", written)
    for sheet in WEB.rglob("*.css"):
        assert not re.search(r"url\(|@import", sheet.read_text()), sheet


def test_page_loads_every_style_sheet_and_no_other() -> None:
    loaded = re.findall(r'rel="stylesheet" href="/([^"]+)"', (WEB / "index.html").read_text())
    assert sorted(loaded) == sorted(path.relative_to(WEB).as_posix() for path in WEB.rglob("*.css"))


async def test_what_page_and_extension_share_is_served_as_what_it_is(serve: Serve) -> None:
    async with serve(filled=False) as api:
        kinds = {"i18n.js": "javascript", "tokens.css": "text/css", "texts/ja.json": "application/json"}
        for path, kind in kinds.items():
            answer = await api.get(f"/shared/{path}")
            assert answer.status == 200
            assert kind in answer.headers["Content-Type"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.body == (WEB / "shared" / path).read_bytes()
        answer = await api.get("/shared/match.css")
        assert answer.headers["Cache-Control"] == "no-cache"
        assert (await api.get("/shared/match.css", headers={"If-None-Match": answer.headers["ETag"]})).status == 304
