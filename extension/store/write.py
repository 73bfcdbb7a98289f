"""Writes what the stores ask for as text: usage: write.py [FOLDER], by default `dist/store`.

For each language a listing to copy from: name and short description, which are the manifest's, and what `listings` has.
And the page on privacy, which says what the options say, in all languages: `privacy.md` here, for stores want a link.
"""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LANGUAGES = {"en": "English", "de": "Deutsch", "ja": "日本語", "ko": "한국어", "ru": "Русский", "zh": "简体中文"}
PRIVACY = ("server", "adding", "page", "sites", "kept", "nobody")  # in the order of the options


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def texts(language: str) -> dict[str, str]:
    return read(HERE.parent / "locales" / f"{language}.json")


def listing(language: str) -> str:
    """All that is entered in a store's forms, each under its name there."""
    own, said = texts(language), read(HERE / "listings" / f"{language}.json")
    parts = {
        "Name": own["extension.name"],
        "Short description (summary)": own["extension.description"],
        "Description": said["long"],
        "Single purpose": said["purpose"],
        **{f"Permission {name}": reason for name, reason in said["permissions"].items()},
        "What is new": said["new"],
    }
    return "\n\n".join(f"## {name}\n\n{text}" for name, text in parts.items()) + "\n"


def privacy() -> str:
    """The page on privacy, language after language."""
    parts = ["# PicTrace, the browser extension: privacy"]
    for language, name in LANGUAGES.items():
        own = texts(language)
        sentences = "\n".join(f"- {own[f'privacy.{part}']}" for part in PRIVACY)
        parts.append(f"## {name}\n\n{own['privacy.heading']}:\n\n{sentences}")
    return "\n\n".join(parts) + "\n"


def write(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    made = {folder / f"listing-{language}.md": listing(language) for language in LANGUAGES}
    made[HERE / "privacy.md"] = privacy()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return list(made)


if __name__ == "__main__":
    for path in write(Path(sys.argv[1] if len(sys.argv) > 1 else "dist/store")):
        print(path)
