"""What is uploaded to the stores passes their validators: Mozilla's own, and Chromium's when it packs an extension."""

import subprocess
from pathlib import Path

import pytest

from tests.browser.conftest import CHROMIUM
from tests.browser.extension.conftest import pack

TOOLS = Path(__file__).parents[2] / "javascript" / "node_modules" / ".bin"
PATIENCE_S = 120


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack(tmp_path_factory.mktemp("dist")).parent


@pytest.mark.skipif(not TOOLS.exists(), reason="needs web-ext: `make test-browser` installs it")
@pytest.mark.parametrize("command", [["web-ext", "lint", "--no-config-discovery", "-s"], ["addons-linter"]])
def test_firefox_finds_no_faults_and_warns_of_nothing(packed: Path, command: list[str]) -> None:
    [archive] = packed.glob("pictrace-firefox-*.zip")
    what = packed / "firefox" if "-s" in command else archive
    lint = [str(TOOLS / command[0]), *command[1:], str(what), "--warnings-as-errors"]
    done = subprocess.run(lint, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stdout


def test_chromium_packs_it(packed: Path, tmp_path: Path) -> None:
    assert CHROMIUM
    chromium = [CHROMIUM, "--headless", "--no-sandbox", f"--user-data-dir={tmp_path}"]
    done = subprocess.run(
        [*chromium, f"--pack-extension={packed / 'chromium'}"], capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    assert (packed / "chromium.crx").is_file()
