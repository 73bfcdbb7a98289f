"""The page on how PicTrace decides keeps level with the code, with what people are shown, and with the glossary."""

import json
import re
from dataclasses import fields
from pathlib import Path

from engine.domain import ALMOST_CERTAIN_FROM, CERTAIN_FROM, VERY_ALIKE_FROM, Edit, Evidence, Grade, NetworkRef
from engine.features.networks import DEFAULT_NETWORK, NETWORKS, version
from engine.matching.calibration import shipped
from engine.matching.ranking import LANES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGE = (DOCS / "how-it-decides.md").read_text()
SHOWN: dict[str, str] = json.loads((ROOT / "api/web/shared/texts/en.json").read_text())


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its own heading."""
    below = PAGE.partition(f"\n## {heading}\n")[2]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table, heading
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table[0].splitlines()[2:]]


def test_every_edit_is_there_as_it_is_shown() -> None:
    found = [row[:2] for row in rows("What was done to the picture")]
    assert found == [[f"`{edit.value}`", SHOWN[f"edit.{edit.value}"]] for edit in Edit]


def test_every_grade_is_there_as_it_is_shown() -> None:
    assert [row[:2] for row in rows("Grades")] == [[f"`{one.value}`", SHOWN[f"score.{one.value}"]] for one in Grade]


def test_grades_begin_where_the_page_says() -> None:
    said = {row[0].strip("`"): row[2] for row in rows("Grades")}
    assert said[Grade.CERTAINLY_SAME].endswith(f"above {CERTAIN_FROM}")
    assert said[Grade.ALMOST_CERTAINLY_SAME].endswith(f"from {ALMOST_CERTAIN_FROM}")
    assert said[Grade.VERY_ALIKE].endswith(f"from {VERY_ALIKE_FROM}")
    default = shipped(NetworkRef(DEFAULT_NETWORK, version(NETWORKS[DEFAULT_NETWORK], None)))
    assert default
    assert said[Grade.PROBABLY_SAME].endswith(f"from {default.same_cutoff}")
    assert said[Grade.ALIKE].endswith(f"from {default.alike_cutoff}")


def test_every_lane_has_its_section_and_picture() -> None:
    below = PAGE.partition("## The three lanes")[2].partition("\n## ")[0]
    assert re.findall(r"^### (\w+):", below, re.MULTILINE) == list(LANES)
    assert re.findall(r"\(images/lane-(\w+)\.webp\)", below) == list(LANES)


def test_evidence_and_networks_are_named() -> None:
    named = {name for row in rows("The evidence") for name in re.findall(r"`(\w+)`", row[0])}
    assert named == {field.name for field in fields(Evidence)}
    assert [row[0].split()[0].strip("`") for row in rows("The networks")] == list(NETWORKS)


def test_words_are_in_the_glossary() -> None:
    glossary = re.findall(r"^\| ([\w -]+) \|", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    assert {row[0].strip("`") for row in rows("The words")} <= set(glossary)
    entries = [word for word in glossary if word != "word"]
    assert len(entries) == len(set(entries)), "a word stands there twice"
