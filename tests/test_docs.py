"""The README keeps level with the code."""

import re
from pathlib import Path

import pytest
import yaml

from api.app import create_app
from api.settings import ApiSettings
from bot.adders import Role
from bot.commands import COMMANDS
from bot.settings import BotSettings
from engine.domain import Edit
from engine.features.networks import NETWORKS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_readme_begins_with_the_two_commands() -> None:
    lines = [line.split("#")[0].strip() for line in README.splitlines()[1:5] if line.strip()]
    assert lines == ["make run", "make test"]


SETTINGS = ApiSettings.model_fields | BotSettings.model_fields


def test_settings_table_has_every_setting_and_no_other() -> None:
    rows = re.findall(r"^\| `PICTRACE_(\w+)` \|", README, re.MULTILINE)
    assert rows == [name.upper() for name in SETTINGS]


def test_settings_table_says_what_the_code_says() -> None:
    for name, field in SETTINGS.items():
        assert field.description
        assert f"| `PICTRACE_{name.upper()}` |" in README
        assert f"| {field.description} |" in README, name


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


def test_table_of_calls_has_every_call_and_no_other() -> None:
    described = create_app(ApiSettings(_env_file=None)).openapi()["paths"]
    calls = {f"{method.upper()} {path}" for path, item in described.items() for method in item}
    assert set(re.findall(r"`((?:GET|POST|PATCH|DELETE) /[^`]*)`", README)) == calls


def test_table_of_the_bots_commands_is_level_with_the_code() -> None:
    rows = re.findall(r"^\| `/(\w+)` \| (everyone|adders|admins) \|", README, re.MULTILINE)
    who = {Role.EVERYONE: "everyone", Role.ADDER: "adders", Role.ADMIN: "admins"}
    assert rows == [(name, who[command.role]) for name, command in COMMANDS.items()]


def test_networks_and_edits_are_named() -> None:
    assert all(f"`{name}`" in README for name in NETWORKS)
    assert all(edit.value in README for edit in Edit)


def test_pictures_in_the_readme_are_there() -> None:
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file(), path


def test_requirements_are_pinned_by_hash_and_name_no_registry() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        blocks = re.split(r"\n(?=\S)", text.strip())
        assert all("==" in block and "--hash=sha256:" in block for block in blocks)
