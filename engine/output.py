"""What a process writes: nothing that a terminal would obey, nothing that its encoding cannot say, nowhere if closed.

For the entry points, and for the formatters of their logs.
"""

import logging
import os
import re
import sys
from io import TextIOWrapper

NEWLINE = "\n"
# Control characters (C0 without tab and newline, C1), and those that turn the direction or break the line of a text.
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    """The text with its control characters written as `\\x1b`; newlines and tabs stay."""
    return OBEYED.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


class Escaping(logging.Formatter):
    """Lines of a log without control characters; a message is one line, so that none can look like several."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).replace(NEWLINE, r"\n")

    def format(self, record: logging.LogRecord) -> str:
        return escaped(super().format(record))


def prepare_streams() -> None:
    """Let every character be written, as an escape where the encoding lacks it, and closed streams lead nowhere.

    Closed ones are opened in their order: else the first files that are opened would take their numbers.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
