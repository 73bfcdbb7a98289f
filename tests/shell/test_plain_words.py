"""Help and complaints of the commands: in words of people, not of a program."""

import re

import pytest
from typer.testing import CliRunner

from shell.cli import app

COMMANDS = (
    "add", "watch", "search", "why", "remove", "duplicates", "undo", "trash", "history", "status", "check", "bench",
    "migrate", "backup", "restore", "mcp", "admin-key", "networks list", "networks prepare", "networks use", "networks",
    "demo", "",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_no_types_of_python(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "Show this message and exit." in done.output
    assert not re.findall(r"<\w+(?:\[\w+\])?>", done.output)


def test_every_command_is_looked_at() -> None:
    groups = [("", app), *((f"{one.name} ", one.typer_instance) for one in app.registered_groups if one.typer_instance)]
    commands = {
        prefix + (one.name or (one.callback.__name__ if one.callback else ""))
        for prefix, group in groups
        for one in group.registered_commands
    }
    assert commands == {*COMMANDS} - {"networks", ""}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("remove abc", "'ID...': A whole number is wanted, not 'abc'."),
        ("remove 1 abc", "'ID...': A whole number is wanted, not 'abc'."),
        ("undo last", "'[OPERATION]': A whole number is wanted, not 'last'."),
        ("duplicates --keeper x", "'--keeper': A whole number is wanted, not 'x'."),
        ("history --limit 0", "'--limit': At least 1 is wanted, not '0'."),
        ("watch --rescan-minutes x .", "'--rescan-minutes': A number is wanted, not 'x'."),
        ("search --limit 1.5 a.jpg", "'--limit': A whole number is wanted, not '1.5'."),
    ],
)
def test_wrong_value_is_told_in_plain_words(arguments: str, said: str) -> None:
    done = CliRunner().invoke(app, arguments.split(), env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert f"Invalid value for {said}" in done.output
