"""Nothing that is written moves a cursor, and no stream refuses a character."""

import io
import logging
import subprocess
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import LogFormatter, escaped, prepare_streams
from engine.output import LEFT_OUT, SHORTEST_SECRET, Escaping

CONTROLS = [*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, 0x2028, 0x202E, 0x2066, 0x2069, 0x61C]


@pytest.mark.parametrize("control", [chr(one) for one in CONTROLS if chr(one) not in "\n\t"])
def test_control_characters_are_written_as_escapes(control: str) -> None:
    shown = escaped(f"a{control}b")
    assert shown.isprintable()
    assert shown.isascii()
    assert shown.startswith("a\\")
    assert shown.encode().decode("unicode_escape") == f"a{control}b"


@pytest.mark.parametrize("text", ["", "ショップ é … · →", "two\nlines\tand a tab", r"C:\x1b", "👩\u200d🚀"])
def test_other_characters_stay(text: str) -> None:
    assert escaped(text) == text


def line_of(message: str, *values: object, error: Exception | None = None) -> str:
    exc_info = (type(error), error, None) if error else None
    record = logging.LogRecord("api", logging.WARNING, __file__, 1, message, values, exc_info)
    return Escaping("%(levelname)s %(message)s").format(record)


def test_message_of_a_log_is_one_line_and_a_traceback_keeps_its_own() -> None:
    assert line_of("GET %s", "/\x1b[2J\nERROR forged\u202e") == r"WARNING GET /\x1b[2J\nERROR forged\u202e"
    assert line_of("failed", error=ValueError("a\x9bb")) == "WARNING failed\nValueError: a\\x9bb"


PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=SHORTEST_SECRET, max_size=60)


@given(secret=PRINTABLE, before=st.text(max_size=20), after=st.text(max_size=20), is_quoted=st.booleans())
def test_secret_is_in_no_line_wherever_it_stands(secret: str, before: str, after: str, is_quoted: bool) -> None:
    said = f"{before}{quote(secret, safe='') if is_quoted else secret}{after}"
    error = ValueError(said)
    record = logging.LogRecord("api", logging.ERROR, __file__, 1, "%s", (said,), (ValueError, error, None))
    line = LogFormatter([secret]).format(record)
    assert secret not in line.replace(LEFT_OUT, " ")
    assert line.count(LEFT_OUT) >= 2


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (
            "postgresql+asyncpg://ada:pass@db/pictrace is away",
            f"postgresql+asyncpg://ada:{LEFT_OUT}@db/pictrace is away",
        ),
        ("https://x.example/a.jpg?X-Signature=abc&b=1 failed", f"https://x.example/a.jpg?{LEFT_OUT} failed"),
        ('GET "http://x.example/?token=1", again', f'GET "http://x.example/?{LEFT_OUT}", again'),
        ("bot 123456:ABC-DEF1234567 says", f"bot 123456:{LEFT_OUT} says"),
        ("http://localhost:5000/v1/images is there? yes", "http://localhost:5000/v1/images is there? yes"),
        ("user@example.org at 10:30", "user@example.org at 10:30"),
    ],
)
def test_passwords_and_queries_of_urls_are_left_out(said: str, written: str) -> None:
    record = logging.LogRecord("api", logging.WARNING, __file__, 1, said, (), None)
    line = LogFormatter(["ABC-DEF1234567", "short"]).format(record)
    assert line.endswith(f" WARNING api {written}")


def test_stream_writes_as_an_escape_what_its_encoding_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, written in (("ascii", rb"\xe9 \u2026"), ("latin-1", b"\xe9 \\u2026"), ("utf-8", "é …".encode())):
        buffer = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding))
        prepare_streams()
        print("é …", end="", flush=True)
        assert buffer.getvalue() == written


@pytest.mark.processes
def test_closed_streams_take_what_is_written_and_leave_their_numbers_to_nobody() -> None:
    code = (
        "import os, sys; from engine import prepare_streams; prepare_streams(); "
        "print('a'); print('b', file=sys.stderr); assert sys.stdin.read() == ''; "
        "assert os.open(os.devnull, os.O_RDONLY) > 2"
    )
    closed = subprocess.run(["sh", "-c", f'exec "{sys.executable}" -c "{code}" <&- >&- 2>&-'], timeout=60)
    assert closed.returncode == 0
