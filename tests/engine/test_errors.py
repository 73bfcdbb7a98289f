"""Errors: the tree in the docstring is the tree of the classes, and each code is one error's for good."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import errors
from engine.errors import PicTraceError

ENGINE = Path(errors.__file__).parent
LINE = re.compile(r"^(?P<branch>[│ ├└─]*)(?P<name>[A-Z]\w+)(?: +(?P<code>[a-z_]+)(?: {2,}|$))?(?P<why>.*)$")
KINDS = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, PicTraceError)
}  # fmt: skip
LEAVES = {name: kind for name, kind in KINDS.items() if not kind.__subclasses__()}


def drawn() -> Iterator[tuple[str, str | None, str | None]]:
    """The lines of the tree: an error's name, that of the one above it, and its code."""
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines()[2:]:
        found = LINE.match(line)
        assert found, line
        depth = len(found["branch"]) // 4
        del above[depth:]
        yield found["name"], above[-1] if above else None, found["code"]
        above.append(found["name"])


def test_tree_in_the_docstring_is_that_of_the_classes() -> None:
    tree = {name: parent for name, parent, _ in drawn()}
    assert tree == {
        name: None if kind is PicTraceError else kind.__bases__[0].__name__
        for name, kind in KINDS.items()
    }  # fmt: skip
    assert list(tree) == list(KINDS)  # in the same order


def test_codes_in_the_docstring_are_those_of_the_classes() -> None:
    codes = {name: code for name, _, code in drawn()}
    assert {name: codes[name] for name in LEAVES} == {name: kind.code for name, kind in LEAVES.items()}


def test_no_two_errors_have_one_code() -> None:
    assert [code for code, times in Counter(kind.code for kind in KINDS.values()).items() if times > 1] == []


@pytest.mark.parametrize("name", KINDS)
def test_code_is_of_the_errors_own_name(name: str) -> None:
    """So that whoever knows the one finds the other; each class names its own, and inherits none."""
    assert "code" in vars(KINDS[name])
    if KINDS[name] is not PicTraceError:
        assert KINDS[name].code == re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("name", LEAVES)
def test_docstring_says_what_it_means_and_what_to_do(name: str) -> None:
    paragraphs = (LEAVES[name].__doc__ or "").split("\n\n")
    assert [paragraph.strip()[-1] for paragraph in paragraphs] == [".", "."]


def test_error_is_a_sentence_for_people_and_a_code_for_programs() -> None:
    for kind in KINDS.values():
        error = kind("The file is empty.")
        assert (str(error), error.code) == ("The file is empty.", kind.code)


def test_every_error_is_raised_somewhere() -> None:
    made: set[str] = set()
    for path in ENGINE.rglob("*.py"):
        if path.name != "errors.py":
            made |= set(re.findall(r"\b([A-Z]\w+)(?=\()", path.read_text()))
    assert sorted(set(LEAVES) - made) == []


def test_no_error_is_one_of_pythons_own_too() -> None:
    """What catches an OSError or a ValueError on the way lets all of these through."""
    for kind in KINDS.values():
        assert set(kind.__mro__) - set(KINDS.values()) == {Exception, BaseException, object}
