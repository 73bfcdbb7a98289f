"""What a process writes: nothing that a terminal would obey, nothing that its encoding cannot say, nowhere if closed.

For the entry points, and for the formatters of their logs.
"""

import logging
import os
import re
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from urllib.parse import quote

NEWLINE = "\n"
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"  # of every door
LEFT_OUT = "<left out>"  # in place of what a log must not hold
SHORTEST_SECRET = 12  # a shorter one may be a part of any line
# Passwords in URLs, and queries, in which keys and signatures are.
PASSWORD = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+(?=@)")
QUERY = re.compile(r"(https?://[^\s?#\"'<>]+)\?[^\s\"'<>]+", re.IGNORECASE)
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


class LogFormatter(Escaping):
    """Lines of a door's log, tracebacks too, without these secrets, passwords in URLs, and queries of URLs."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__(LOG_FORMAT)
        # Of a token such as 123456:ABC-DEF the second half is enough.
        halves = {half for secret in secrets for half in (secret, secret.partition(":")[2])}
        written = {way for half in halves for way in (half, quote(half, safe=""), quote(half, safe="").lower())}
        self._secrets = sorted((way for way in written if len(way) >= SHORTEST_SECRET), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, LEFT_OUT)
        line = PASSWORD.sub(rf"\1:{LEFT_OUT}", line)
        return QUERY.sub(rf"\1?{LEFT_OUT}", line)


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
