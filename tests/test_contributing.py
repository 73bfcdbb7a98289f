"""The pages for those who take part name files, commands and places that there are."""

import re
from pathlib import Path

import pytest

from tests.test_workflows import TARGETS

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CODE_OF_CONDUCT.md",
    "docs/releasing.md",
    ".github/pull_request_template.md",
)
# Examples of what would be added, or is made elsewhere.
NOT_HERE = re.compile(r"\bpl\b|NAME|VERSION|0\.2\.0|^dist/")


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_what_is_there(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)", text_of(page)):
        assert ((ROOT / page).parent / target).is_file(), target


@pytest.mark.parametrize("page", PAGES)
def test_targets_are_there(page: str) -> None:
    assert set(re.findall(r"(?:`|^ *)make ([\w-]+)", text_of(page), re.MULTILINE)) <= TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_files_are_there(page: str) -> None:
    named = {word for code in re.findall(r"`([^`\n]+)`", text_of(page)) for word in code.split()}
    paths = {word for word in named if re.fullmatch(r"[\w.-]+(/[\w.-]+)+|[\w.-]+\.(py|md|toml|js|json|yaml)", word)}
    missing = {path for path in paths if not NOT_HERE.search(path) and not (ROOT / path).exists()}
    assert missing - {".venv/bin/pytest", "edit.NAME"} == set()


def test_names_in_capitals_stand_in_the_files_that_are_named_with_them() -> None:
    """As in: `FOLDERS` in `extension/pack.py`."""
    named = re.findall(r"((?:`[A-Z_]+`(?:, | and )?)+) in\s+`([\w./-]+)`", text_of("CONTRIBUTING.md"))
    assert len(named) >= 8
    for names, path in named:
        for name in re.findall(r"`([A-Z_]+)`", names):
            assert re.search(rf"^{name}\b", (ROOT / path).read_text(), re.MULTILINE), f"{name} in {path}"
