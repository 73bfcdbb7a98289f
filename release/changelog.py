"""The notes of a release, which are what the changelog says of its version: usage: changelog.py TAG.

Exit status 1 where the tag is not this version's, or the changelog has not closed it.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADING = re.compile(r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
UNRELEASED = "Unreleased"


def sections(text: str) -> dict[str, tuple[str | None, str]]:
    """Date and text of each version, newest first."""
    parts = HEADING.split(text)[1:]
    return {name: (date, said.strip()) for name, date, said in zip(parts[::3], parts[1::3], parts[2::3], strict=True)}


def notes(tag: str, *, version: str, changelog: str) -> str:
    """Of the release with this tag; SystemExit where it is none yet."""
    if tag != f"v{version}":
        sys.exit(f"The tag {tag} is not v{version}, which is the version in pyproject.toml.")
    date, said = sections(changelog).get(version, (None, ""))
    if not date:
        sys.exit(f"CHANGELOG.md has no section `## [{version}] - DATE` yet.")
    return said


if __name__ == "__main__":
    current = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    print(notes(sys.argv[1], version=current, changelog=(ROOT / "CHANGELOG.md").read_text(encoding="utf-8")))
