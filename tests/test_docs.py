"""The documentation keeps level with the code, and its site asks nothing of another host."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from api.app import create_app
from api.errors import OWN, REMEDIES
from api.settings import ApiSettings
from bot.adders import Role
from bot.commands import COMMANDS
from bot.settings import BotSettings
from docs import write_reference
from docs.site_hooks import lists_apart
from shell.cli import app as shell

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path.read_text() for path in sorted(DOCS.rglob("*.md"))}
SETTINGS = ApiSettings.model_fields | BotSettings.model_fields
SHELL: Any = typer.main.get_command(shell)
OF_COMPOSE = {"PICTRACE_PICTURES", "PICTRACE_DOMAIN", "PICTRACE_UPSTREAM"}  # said to compose or Caddy, not to PicTrace
# What a browser asks for by itself when it shows a page.
ASKED_FOR = {"script": "src", "img": "src", "link": "href", "source": "src", "iframe": "src", "video": "src"}


@pytest.mark.parametrize("name", write_reference.PAGES)
def test_reference_is_level_with_the_code(name: str) -> None:
    assert PAGES[f"reference/{name}"] == write_reference.PAGES[name](), (
        f"docs/reference/{name} is stale: {write_reference.COMMAND}"
    )


def test_reference_has_no_other_pages() -> None:
    assert {path.name for path in write_reference.FOLDER.iterdir()} == set(write_reference.PAGES)


def test_each_of_the_servers_errors_says_what_to_do() -> None:
    assert list(REMEDIES) == list(OWN)


@pytest.mark.parametrize("name", ["compose.yaml", "compose.milvus.yaml"])
def test_compose_sets_what_there_is_to_set(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    services = yaml.safe_load((ROOT / name).read_text())["services"]
    for service in services.keys() - {"db", "milvus"}:
        values = services[service]["environment"]
        ours = [setting for setting in values if setting.startswith("PICTRACE_")]
        assert {setting.removeprefix("PICTRACE_").lower() for setting in ours} <= set(SETTINGS)
        for setting, value in values.items():
            monkeypatch.setenv(setting, re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value))
    assert (ApiSettings(_env_file=None).index, BotSettings(_env_file=None).index)[0] in ("pgvector", "milvus")


def test_pages_name_settings_that_there_are() -> None:
    known = {f"PICTRACE_{name.upper()}" for name in SETTINGS} | OF_COMPOSE
    for page, text in PAGES.items():
        assert set(re.findall(r"\bPICTRACE_[A-Z0-9_]*[A-Z0-9]\b(?!\*)", text)) <= known, page


def test_pages_name_calls_that_there_are() -> None:
    described = create_app(ApiSettings(_env_file=None)).openapi()["paths"]
    calls = {f"{method.upper()} {path}" for path, item in described.items() for method in item}
    for page, text in PAGES.items():
        assert set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", text)) <= calls, page


def test_pages_give_commands_and_options_that_there_are() -> None:
    for page, text in PAGES.items():
        for line in commands_in(text):
            assert unknown_of(line) == [], f"{page}: {line}"


def commands_in(page: str) -> list[str]:
    """The lines with which a reader would call `pictrace`: in blocks of code, and between backticks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [line.split("#")[0] for block in blocks for line in block.splitlines()]
    between = [part for part in re.findall(r"`([^`\n]+)`", page) if part.startswith("pictrace ")]
    return [line.strip() for line in lines + between if line.strip().startswith("pictrace ")]


def unknown_of(line: str) -> list[str]:
    """The first word that names no command, or the options that the command has not."""
    command = SHELL
    words = line.split()[1:]
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return [] if words[0].isupper() or words[0] == "..." else words[:1]
        command = command.commands[words.pop(0)]
    options = {name for one in command.params for name in one.opts} | {"--help"}
    return [word for word in words if word.startswith("-") and word.split("=")[0] not in options]


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("pictrace search --weak a.png", []),
        ("pictrace networks list", []),
        ("pictrace find a.png", ["find"]),
        ("pictrace add --quietly a.png", ["--quietly"]),
        ("pictrace COMMAND --help", []),
    ],
)
def test_unknown_commands_and_options_are_seen(line: str, unknown: list[str]) -> None:
    assert unknown_of(line) == unknown


def test_table_of_the_bots_commands_is_level_with_the_code() -> None:
    rows = re.findall(r"^\| `/(\w+)` \| (everyone|adders|admins) \|", PAGES["bot.md"], re.MULTILINE)
    who = {Role.EVERYONE: "everyone", Role.ADDER: "adders", Role.ADMIN: "admins"}
    assert rows == [(name, who[command.role]) for name, command in COMMANDS.items()]


def test_links_lead_to_files_that_are_there() -> None:
    """Anchors are looked at where the site is built."""
    for page, text in PAGES.items():
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"`[^`\n]*`", "", text)):
            if not re.match(r"[a-z]+:", target):
                assert (DOCS / page).parent.joinpath(target).is_file(), f"{page}: {target}"


def test_lists_need_no_empty_line_before_them() -> None:
    assert lists_apart("Why:\n- one\n- two\n  more\n") == "Why:\n\n- one\n- two\n  more\n"
    assert lists_apart("Then\n1. one\n2. two") == "Then\n\n1. one\n2. two"
    code = "```sh\nset\n- x\n```\n"
    assert lists_apart(code) == code


@pytest.mark.slow
@pytest.mark.processes
def test_site_is_built_strictly_and_asks_nothing_of_another_host(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    assert list(tmp_path.rglob("*.py*")) == []
    for path in tmp_path.rglob("*.html"):
        assert [address for address in asked_for(path.read_text()) if is_elsewhere(address)] == [], path
    for path in tmp_path.rglob("*.css"):
        addresses = re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s]+)""", path.read_text())
        assert [address for address in addresses if is_elsewhere(address)] == [], path
    listed = (tmp_path / "llms.txt").read_text()
    assert "- [Shell](shell.html): The command `pictrace`" in listed
    assert listed.count("\n- [") == len(
        re.findall(r"^ +- .*: \S+\.md$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    )


class Asking(HTMLParser):
    """Collects what a browser asks for to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if address := dict(attrs).get(ASKED_FOR.get(tag, "")):
            self.addresses.append(address)


def asked_for(page: str) -> list[str]:
    reader = Asking()
    reader.feed(page)
    return reader.addresses


def is_elsewhere(address: str) -> bool:
    return bool(re.match(r"([a-z]+:)?//", address))


def test_what_a_page_asks_for_is_seen() -> None:
    page = '<link rel="stylesheet" href="https://fonts.example/a.css"><script src="a.js"></script><a href="//b">b</a>'
    assert asked_for(page) == ["https://fonts.example/a.css", "a.js"]
    assert [is_elsewhere(address) for address in asked_for(page)] == [True, False]


def test_requirements_are_pinned_by_hash_and_name_no_registry() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        blocks = re.split(r"\n(?=\S)", text.strip())
        assert all("==" in block and "--hash=sha256:" in block for block in blocks)
