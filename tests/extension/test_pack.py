"""The packed extension: complete for both browsers, and nothing besides."""

import json
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "firefox")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, ROOT / "extension" / "pack.py", folder], check=True, capture_output=True)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_zip_holds_what_the_folder_holds(packed: Path, browser: str) -> None:
    [archive] = packed.glob(f"pictrace-{browser}-*.zip")
    with zipfile.ZipFile(archive) as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == files(packed / browser)


@pytest.mark.parametrize("browser", BROWSERS)
def test_only_what_the_browser_needs_is_shipped(packed: Path, browser: str) -> None:
    names = files(packed / browser)
    assert {"manifest.json", "background.js", "results/results.html", "_locales/ko/messages.json"} <= set(names)
    assert {Path(name).suffix for name in names} == {".json", ".js", ".html", ".css", ".png"}


def test_what_the_page_shares_is_copied_whole(packed: Path) -> None:
    shared = files(ROOT / "api" / "web" / "shared")
    assert shared
    for browser in BROWSERS:
        assert files(packed / browser / "shared") == shared


def test_every_file_that_a_file_names_is_there(packed: Path) -> None:
    folder = packed / "chromium"
    named = 0
    for path in folder.rglob("*"):
        if path.suffix == ".js":
            found = re.findall(r'^(?:import|export) (?:[^"]* from )?"([^"]+)";', path.read_text(), re.MULTILINE)
        elif path.suffix == ".html":
            found = re.findall(r'(?:href|src)="([^"]+)"', path.read_text())
        else:
            continue
        named += len(found)
        for name in found:
            assert (path.parent / name).is_file(), f"{path.relative_to(folder)} names {name}"
    assert named > 100


def png_size(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", content[16:24])
    return width, height


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_manifest_keeps_to_the_stores_rules(packed: Path, browser: str) -> None:
    found, shipped = manifest(packed / browser), files(packed / browser)
    assert found["manifest_version"] == 3
    assert re.fullmatch(r"\d{1,5}(\.\d{1,5}){0,3}", found["version"])
    assert {"16", "32", "48", "128"} <= set(found["icons"])
    for size, path in found["icons"].items():
        assert png_size(shipped[path]) == (int(size), int(size))
    # Chromium refuses other names that begin with an underscore.
    assert {name.split("/")[0] for name in shipped if name.startswith("_")} == {"_locales"}
    assert "host_permissions" not in found  # every site is asked for


@pytest.mark.parametrize("browser", BROWSERS)
def test_no_code_comes_from_elsewhere(packed: Path, browser: str) -> None:
    policy = manifest(packed / browser)["content_security_policy"]["extension_pages"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    for name, content in files(packed / browser).items():
        text = content.decode() if name.endswith((".js", ".html")) else ""
        assert not re.search(
            r"""\beval\(|new Function|importScripts|import\((?!"\.)|(?:from|src=|href=)\s*["']https?:""", text
        ), name


def test_firefox_has_its_own_manifest_and_the_same_files(packed: Path) -> None:
    chromium, firefox = (files(packed / browser) for browser in BROWSERS)
    assert {name for name in chromium if chromium[name] != firefox.get(name)} == {"manifest.json"}
    assert chromium.keys() == firefox.keys()
    made = manifest(packed / "firefox")
    assert "sidePanel" not in made["permissions"]
    assert set(made["browser_specific_settings"]) == {"gecko"}  # it is not offered for Android
    assert made["sidebar_action"]["default_panel"] == manifest(packed / "chromium")["side_panel"]["default_path"]


def test_the_same_files_make_the_same_zips(packed: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "extension" / "pack.py", tmp_path], check=True, capture_output=True)
    for archive in tmp_path.glob("*.zip"):
        assert archive.read_bytes() == (packed / archive.name).read_bytes()


@pytest.mark.processes
def test_what_was_packed_before_and_is_no_more_goes(tmp_path: Path) -> None:
    old = tmp_path / "chromium" / "old.js"
    old.parent.mkdir()
    old.touch()
    subprocess.run([sys.executable, ROOT / "extension" / "pack.py", tmp_path], check=True, capture_output=True)
    assert not old.exists()
