"""Mistyped names of settings are told, with the one that was likely meant; those of other doors are known."""

import re
from pathlib import Path

import pytest

from api.settings import ApiSettings
from bot.settings import BotSettings
from engine import EngineSettings, unknown_variables
from engine.unknown_settings import OF_DOORS, unknown
from shell.mcp_server import McpSettings

ROOT = Path(__file__).resolve().parents[2]
ENGINE = {f"PICTRACE_{name}".upper() for name in EngineSettings.model_fields}
DOORS = {
    f"PICTRACE_{name}".upper()
    for door in (ApiSettings, BotSettings, McpSettings)
    for name in set(door.model_fields) - set(EngineSettings.model_fields)
}


def test_settings_of_all_doors_and_of_deployment_are_known() -> None:
    texts = [path.read_text() for path in (*ROOT.glob("compose*.yaml"), ROOT / "deploy" / "Caddyfile")]
    deployed = {name for text in texts for name in re.findall(r"PICTRACE_[A-Z_]*[A-Z]", text)}
    assert DOORS | (deployed - ENGINE) == OF_DOORS


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("PICTRACE_DATADIR", "PICTRACE_DATADIR is no setting of PicTrace, and is ignored. Is PICTRACE_DATA_DIR meant?"),
        (
            "PICTRACE_ADMIN_ID",
            "PICTRACE_ADMIN_ID is no setting of PicTrace, and is ignored. Is PICTRACE_ADMIN_IDS meant?",
        ),
        ("PICTRACE_COLOUR", "PICTRACE_COLOUR is no setting of PicTrace, and is ignored."),
    ],
)
def test_mistyped_name_is_told(given: str, told: str) -> None:
    assert unknown([given], ENGINE) == [told]


@pytest.mark.parametrize(
    "given", ["PICTRACE_DATA_DIR", "PICTRACE_data_dir", "PICTRACE_BOT_GUESTS", "PATH", "AWS_REGION"]
)
def test_what_is_a_setting_or_no_concern_of_ours_is_not(given: str) -> None:
    assert unknown([given], ENGINE) == []


def test_environment_and_env_file_are_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PICTRACE_WORKER=2\nPICTRACE_PORT=5001\n")
    monkeypatch.setenv("PICTRACE_MAX_PIXEL", "1000000")
    assert [sentence.split()[0] for sentence in unknown_variables()] == ["PICTRACE_MAX_PIXEL", "PICTRACE_WORKER"]
