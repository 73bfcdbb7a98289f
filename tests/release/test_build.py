"""What `make release` makes: complete, the same each time, and of use to somebody who has no checkout."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from release import build
from tests.test_version import VERSION

pytestmark = pytest.mark.system
ROOT = Path(__file__).resolve().parents[2]
WHEEL, SDIST = f"pictrace-{VERSION}-py3-none-any.whl", f"pictrace-{VERSION}.tar.gz"
DOCS, SBOM = f"pictrace-docs-{VERSION}.tar.gz", f"pictrace-sbom-{VERSION}.cdx.json"
BROWSERS = ("chromium", "firefox")
MAX_BYTES = 900_000_000  # of an environment with PicTrace and all that it needs


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    build.build(folder)
    return folder


def committed(*paths: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "-z", "--name-only", "HEAD", *paths], cwd=ROOT, check=True, capture_output=True
    )
    return set(listed.stdout.decode().rstrip("\0").split("\0"))


def in_no_checkout(folder: Path) -> dict[str, str]:
    """The environment of somebody who has uv and nothing of ours; what uv has fetched before is used."""
    cache = subprocess.run(["uv", "cache", "dir"], check=True, capture_output=True, text=True).stdout.strip()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PICTRACE_", "PYTHON", "VIRTUAL_ENV"))}
    return kept | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "UV_CACHE_DIR": cache}


def test_release_is_complete(release: Path) -> None:
    zips = {f"pictrace-{browser}-{VERSION}.zip" for browser in BROWSERS}
    assert {path.name for path in release.iterdir()} == {WHEEL, SDIST, DOCS, SBOM, build.SUMS} | zips


def test_sums_are_right(release: Path) -> None:
    checked = subprocess.run(["sha256sum", "--check", "--strict", build.SUMS], cwd=release, capture_output=True)
    assert checked.returncode == 0, checked.stdout
    assert len(checked.stdout.splitlines()) == len(list(release.iterdir())) - 1


def test_release_is_made_the_same_elsewhere(release: Path, tmp_path: Path) -> None:
    build.build(tmp_path / "anew")
    different = [
        one.name for one in release.iterdir() if (tmp_path / "anew" / one.name).read_bytes() != one.read_bytes()
    ]
    assert different == []


def test_wheel_holds_all_that_runs(release: Path) -> None:
    with zipfile.ZipFile(release / WHEEL) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    packages = committed("engine", "shell", "api", "bot")
    tables = {name.replace("alembic/", "engine/_alembic/", 1) for name in committed("alembic")}
    assert names == packages | tables


def test_wheel_says_what_it_is(release: Path) -> None:
    with zipfile.ZipFile(release / WHEEL) as wheel:
        said = Parser().parsestr(wheel.read(f"pictrace-{VERSION}.dist-info/METADATA").decode())
        assert f"pictrace-{VERSION}.dist-info/licenses/LICENSE" in wheel.namelist()
    assert (said["Name"], said["Version"], said["License-Expression"]) == ("pictrace", VERSION, "Apache-2.0")
    assert said.get_payload() == (ROOT / "README.md").read_text()


@pytest.mark.parametrize("browser", BROWSERS)
def test_extension_is_of_this_version(release: Path, browser: str) -> None:
    with zipfile.ZipFile(release / f"pictrace-{browser}-{VERSION}.zip") as packed:
        assert json.loads(packed.read("manifest.json"))["version"] == VERSION


def test_sdist_makes_the_same_wheel(release: Path, tmp_path: Path) -> None:
    subprocess.run(["tar", "--extract", "--file", str(release / SDIST), "--directory", str(tmp_path)], check=True)
    command = ["uv", "build", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(tmp_path / f"pictrace-{VERSION}")]
    time = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True)
    subprocess.run(command, env=os.environ | {"SOURCE_DATE_EPOCH": time.stdout.strip()}, check=True)
    assert (tmp_path / WHEEL).read_bytes() == (release / WHEEL).read_bytes()


def test_site_is_whole(release: Path) -> None:
    with tarfile.open(release / DOCS) as site:
        names = set(site.getnames())
    assert {f"pictrace-docs-{VERSION}/{page}" for page in ("index.html", "sitemap.xml")} <= names


def test_sbom_is_about_this_version(release: Path) -> None:
    text = (release / SBOM).read_text()
    assert "://" not in text
    assert json.loads(text)["metadata"]["component"]["version"] == VERSION


def test_wheel_runs_where_there_is_no_checkout(release: Path, tmp_path: Path) -> None:
    environment = in_no_checkout(tmp_path)
    (tmp_path / "empty").mkdir()

    def run(*command: str) -> str:
        done = subprocess.run(
            ["uv", "tool", "run", "--python", sys.executable, "--from", str(release / WHEEL), *command],
            cwd=tmp_path / "empty",
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "4 of 4 edited pictures came first." in run("pictrace", "demo")
    assert run("pictrace", "--version") == f"pictrace {VERSION}\n"
    prefix = Path(run("python", "-c", "import sys; print(sys.prefix)").strip())
    assert sum(path.lstat().st_size for path in prefix.rglob("*")) <= MAX_BYTES
    assert list(prefix.rglob("tensorflow*")) == []
