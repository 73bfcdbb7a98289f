"""The decisions in docs/adr keep level with their index and with each other."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "adr"
FILES = sorted(FOLDER.glob("[0-9]*.md"))
SECTIONS = ["Context", "Decision", "Consequences"]
LINK = re.compile(r"\[(\d+)\]\((\d{4}-[a-z0-9-]+\.md)\)")
STATUS = re.compile(r"accepted|accepted, amended by (?P<amended>\[.+)|superseded by (?P<superseded>\[.+)")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the top of a decision's page says; `said` are its lines by their first word."""

    number: int
    title: str
    said: dict[str, str]
    sections: list[str]

    def named(self, what: str) -> list[int]:
        """Numbers of the decisions that are named in one of its lines."""
        return [int(number) for number, _ in LINK.findall(self.said.get(what, ""))]

    def changed_by(self, how: str) -> list[int]:
        """Numbers of the decisions that have `amended` or `superseded` this one, by its own status."""
        status = STATUS.fullmatch(self.said["Status"])
        return [int(number) for number, _ in LINK.findall((status and status[how]) or "")]


def read(path: Path) -> Decision:
    text = path.read_text()
    title = re.match(r"# (\d+)\. (.+)\n\n", text)
    assert title, f"{path.name} does not begin with its number and title"
    top = text.partition("\n## ")[0]
    said = dict(re.findall(r"^- (\w+): (.+(?:\n  .+)*)", top, re.MULTILINE))
    lines = {name: re.sub(r"\s+", " ", line) for name, line in said.items()}
    return Decision(int(title[1]), title[2], lines, re.findall(r"^## (.+)$", text, re.MULTILINE))


DECISIONS = {path.name: read(path) for path in FILES}
BY_NUMBER = {one.number: one for one in DECISIONS.values()}


def test_numbers_are_in_a_row_and_those_of_the_files() -> None:
    assert [one.number for one in DECISIONS.values()] == list(range(1, len(FILES) + 1))
    assert [path.name[:4] for path in FILES] == [f"{number:04d}" for number in BY_NUMBER]


def test_index_is_level_with_the_files() -> None:
    rows = re.findall(
        r"^\| (\d+) \| \[(.+)\]\((.+)\) \| (.+) \| (.+) \| (.+) \|$", (FOLDER / "README.md").read_text(), re.M
    )
    told = [(int(number), title, name, on, status) for number, title, name, on, status, _ in rows]
    assert told == [
        (one.number, one.title, name, one.said["Date"], one.said["Status"]) for name, one in DECISIONS.items()
    ]


@pytest.mark.parametrize("name", DECISIONS)
def test_decision_has_its_sections_a_date_and_a_status(name: str) -> None:
    one = DECISIONS[name]
    assert one.sections == SECTIONS
    assert one.said.keys() <= {"Date", "Status", "Amends", "Supersedes"}
    assert date.fromisoformat(one.said["Date"]).isoformat() == one.said["Date"]
    assert STATUS.fullmatch(one.said["Status"]), one.said["Status"]


def test_dates_follow_the_numbers() -> None:
    dates = [one.said["Date"] for one in DECISIONS.values()]
    assert dates == sorted(dates)


@pytest.mark.parametrize("name", DECISIONS)
def test_links_lead_to_the_decision_that_they_name(name: str) -> None:
    for number, target in LINK.findall((FOLDER / name).read_text()):
        assert target in DECISIONS, target
        assert DECISIONS[target].number == int(number)


@pytest.mark.parametrize(("line", "how"), [("Amends", "amended"), ("Supersedes", "superseded")])
def test_what_a_decision_changes_is_said_on_both_pages(line: str, how: str) -> None:
    said = {(later.number, earlier) for later in BY_NUMBER.values() for earlier in later.named(line)}
    heard = {(later, earlier.number) for earlier in BY_NUMBER.values() for later in earlier.changed_by(how)}
    assert said == heard
    assert all(later > earlier for later, earlier in said)


def slug(heading: str) -> str:
    """What a heading is linked to by, on the site and where the repository is shown."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


@pytest.mark.parametrize("name", DECISIONS)
def test_measurements_that_a_decision_links_to_are_there(name: str) -> None:
    for page, anchor in re.findall(r"\]\(\.\./([\w-]+\.md)(?:#([\w-]+))?\)", (FOLDER / name).read_text()):
        headings = re.findall(r"^#+ (.+)$", (FOLDER.parent / page).read_text(), re.MULTILINE)
        assert not anchor or anchor in {slug(heading) for heading in headings}, f"{page}#{anchor}"
