"""The version stands in pyproject.toml; whatever names it says the same."""

import json
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

from typer.testing import CliRunner

from api.app import create_app
from api.settings import ApiSettings
from extension import pack
from shell.cli import app

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
VERSION: str = PROJECT["version"]


def test_what_is_installed_is_of_this_version() -> None:
    assert version("pictrace") == VERSION, "what is installed is older: run `make install`"


def test_command_says_the_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"pictrace {VERSION}\n"


def test_description_of_the_api_says_the_version() -> None:
    described = create_app(ApiSettings(_env_file=None)).openapi()
    assert described["info"]["version"] == VERSION
    assert described["components"]["schemas"]["ServerOut"]["example"]["version"] == VERSION


def test_extension_says_the_version(tmp_path: Path) -> None:
    for archive in pack.pack(tmp_path):
        with zipfile.ZipFile(archive) as packed:
            assert json.loads(packed.read("manifest.json"))["version"] == VERSION
        assert archive.stem.endswith(f"-{VERSION}")
    assert '"version"' not in (ROOT / "extension" / "manifest.json").read_text()  # it would be a second place
