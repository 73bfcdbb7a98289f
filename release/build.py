"""Makes a release of the last commit: usage: build.py [FOLDER], by default `dist/release`, which is emptied first.

Wheel, sdist, both zips of the extension, the documentation's site and an SBOM (CycloneDX), with SHA256SUMS over all.
They are made from a copy of what is committed, and carry the time of the commit: one commit makes the same bytes, in
whatever folder and whenever.
"""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from release import sbom

ROOT = Path(__file__).resolve().parents[1]
SUMS = "SHA256SUMS"


def build(target: Path) -> list[Path]:
    """The files of the release, and their sums."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    time = int(_output("git", "log", "-1", "--format=%ct"))
    with TemporaryDirectory() as scratch:
        source = _committed(Path(scratch, "pictrace"))
        version = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        _run(source, time, "uv", "build", "--quiet", "--no-create-gitignore", "--out-dir", str(target))
        _run(source, time, sys.executable, "extension/pack.py", "dist")
        for archive in (source / "dist").glob("*.zip"):
            shutil.copy(archive, target)
        _run(source, time, sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", "dist/site")
        _tar(source / "dist" / "site", target / f"pictrace-docs-{version}.tar.gz", time)
        bill = sbom.of_release(json.loads((source / "release" / "sbom.json").read_text()), version, time)
        (target / f"pictrace-sbom-{version}.cdx.json").write_text(json.dumps(bill, indent=1) + "\n")
    made = sorted(target.iterdir())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made]
    (target / SUMS).write_text("".join(sums))
    return [*made, target / SUMS]


def _committed(folder: Path) -> Path:
    """A copy of the last commit."""
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    _output("git", "archive", "--output", str(archive), "HEAD")
    _output("tar", "--extract", "--file", str(archive), "--directory", str(folder))  # tarfile differs by Python
    return folder


def _tar(folder: Path, archive: Path, time: int) -> None:
    """A tar of a folder that says nothing of when and by whom it was made."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime, entry.mode = time, 0o755 if entry.isdir() else 0o644
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    with (
        archive.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=time) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as packed,
    ):
        packed.add(folder, archive.name.removesuffix(".tar.gz"), filter=plain)  # adds what is in it by name


def _run(folder: Path, time: int, *command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"SOURCE_DATE_EPOCH": str(time), "NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    for path in build(Path(sys.argv[1] if len(sys.argv) > 1 else "dist/release").resolve()):
        print(path)
