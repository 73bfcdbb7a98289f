"""One name, one meaning: no two classes of the project are called the same."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("engine", "shell", "api", "bot")


def test_no_two_classes_have_one_name() -> None:
    where: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    where[node.name.lstrip("_")].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_no_door_reaches_behind_the_service() -> None:
    """What it is made of is for benchmarks and tests."""
    for door in ("shell", "api", "bot"):
        for path in sorted((ROOT / door).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and node.attr in ("repository", "networks", "pool"):
                    assert not ast.unparse(node.value).endswith("service"), f"{path.relative_to(ROOT)}:{node.lineno}"
