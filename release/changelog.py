"""What the changelog says of a version, for the notes of its release: usage: changelog.py VERSION.

A version that is not closed there is not released: exit status 1.
"""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
HEADING = re.compile(r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
UNRELEASED = "Unreleased"


def sections(text: str) -> dict[str, tuple[str | None, str]]:
    """Date and text of each version, newest first."""
    parts = HEADING.split(text)[1:]
    return {name: (date, said.strip()) for name, date, said in zip(parts[::3], parts[1::3], parts[2::3], strict=True)}


if __name__ == "__main__":
    date, said = sections(CHANGELOG.read_text(encoding="utf-8")).get(sys.argv[1], (None, ""))
    if not date:
        sys.exit(f"CHANGELOG.md has no section `## [{sys.argv[1]}] - DATE` yet.")
    print(said)
