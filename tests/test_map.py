"""Tests map the code: each module of the engine has a test file of its name, and each test file is of a module."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ENGINE, TESTS = ROOT / "engine", ROOT / "tests" / "engine"

WITHOUT_TESTS = {  # modules, with the reason
    "index/graph.py": "constants only",
}
OF_NO_MODULE = {  # test files, with what they are about
    "index/test_contract.py": "what every index must do",
    "test_bucket.py": "a library whose files are in a bucket, as a whole",
    "test_long_pictures.py": "long pictures in a library, and as queries",
    "test_older_libraries.py": "libraries that older versions have made",
    "test_read_only.py": "a library that can only be read, as a whole",
}


def modules() -> list[str]:
    found = (path.relative_to(ENGINE) for path in ENGINE.rglob("*.py"))
    return sorted(path.as_posix() for path in found if path.name not in ("__init__.py", "__main__.py"))


def file_of(module: str) -> str:
    return Path(module).with_name(f"test_{Path(module).name}").as_posix()


def has_tests(path: Path) -> bool:
    """Whether a file holds at least one test; not run, for the file may need what is not here."""
    functions = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTIONS))
    return any(one.name.startswith("test_") for one in functions)


@pytest.mark.parametrize("module", [one for one in modules() if one not in WITHOUT_TESTS])
def test_module_has_a_test_file_of_its_name(module: str) -> None:
    path = TESTS / file_of(module)
    assert path.is_file(), f"tests/engine/{file_of(module)} is missing"
    assert has_tests(path), f"tests/engine/{file_of(module)} holds no test"


def test_test_file_is_named_after_a_module() -> None:
    named = {file_of(module) for module in modules()}
    found = {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}
    assert found - named - set(OF_NO_MODULE) == set()


def test_exceptions_are_needed() -> None:
    named = {file_of(module) for module in modules()}
    assert set(WITHOUT_TESTS) <= set(modules())
    assert not any((TESTS / file_of(module)).exists() for module in WITHOUT_TESTS)
    assert {name for name in OF_NO_MODULE if name in named or not (TESTS / name).is_file()} == set()
