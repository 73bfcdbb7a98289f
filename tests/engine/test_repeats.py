"""Log lines that repeat are left out, and counted."""

import logging
from collections.abc import Callable, Iterator

import pytest

from engine import RepeatLimit


class Clock:
    """A clock that stands still until it is moved, and the calls that wait for it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.now_s

    def after(self, wait_s: float, call: Callable[[], None]) -> None:
        self.waiting.append((self.now_s + wait_s, call))

    def move(self, by_s: float) -> None:
        self.now_s += by_s
        due = [call for at_s, call in self.waiting if at_s <= self.now_s]
        self.waiting = [(at_s, call) for at_s, call in self.waiting if at_s > self.now_s]
        for call in due:
            call()


class Lines(logging.Handler):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def said(self) -> list[str]:
        return [record.getMessage() for record in self.records]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(clock: Clock) -> Iterator[Lines]:
    handler = Lines()
    handler.addFilter(RepeatLimit(most=5, window_s=60, clock=clock, after=clock.after))
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


def test_first_lines_of_a_minute_pass_then_one_says_how_many_were_left_out(lines: Lines, clock: Clock) -> None:
    logger = logging.getLogger("asyncio")
    for fd in range(1000):
        logger.error(f"socket.accept() out of system resource\nsocket: <asyncio.TransportSocket fd={fd}>")
        clock.move(0.01)
    assert len(lines.said) == 5
    clock.move(60)
    assert lines.said[5:] == ["995 more lines like 'socket.accept() out of system resource' were left out"]
    assert (lines.records[5].name, lines.records[5].levelno) == ("asyncio", logging.ERROR)
    logger.error("socket.accept() out of system resource")
    assert len(lines.said) == 7
    clock.move(120)
    assert len(lines.said) == 7  # nothing was left out since


def test_kinds_are_told_apart_by_logger_level_and_template(lines: Lines) -> None:
    for n in range(20):
        logging.getLogger("a").error("chat %d: %s", n, "x")
        logging.getLogger("a").warning("chat %d: %s", n, "x")
        logging.getLogger("b").error("chat %d: %s", n, "x")
        logging.getLogger("b").error("another")
    assert len(lines.said) == 20
    assert lines.said[0] == "chat 0: x"


def test_values_in_what_should_be_a_template_make_no_new_kind(lines: Lines) -> None:
    for n in range(20):
        logging.getLogger("a").error(f"task {n} at 0x{n:x} failed")
    assert len(lines.said) == 5


def test_number_of_kinds_is_bounded(lines: Lines) -> None:
    for n in range(5000):
        logging.getLogger("a").error("x".join("ab"[int(bit)] for bit in f"{n:b}"))
    assert len(lines.said) <= 1005


def test_lines_with_a_reference_stay_without_their_traceback(lines: Lines) -> None:
    for n in range(8):
        logging.getLogger("api.errors").error("reference %s: %s", n, "GET /", exc_info=ValueError("x"))
    assert len(lines.said) == 8
    assert [record.exc_info is not None for record in lines.records] == [True] * 5 + [False] * 3


def test_summary_comes_with_the_next_line_where_no_timer_could_be_had() -> None:
    clock, handler = Clock(), Lines()
    handler.addFilter(RepeatLimit(most=1, window_s=60, clock=clock, after=lambda *_: None))
    logger = logging.getLogger("with.a.handler")
    logger.propagate = False
    logger.addHandler(handler)
    for _ in range(3):
        logger.error("a")
    clock.move(61)
    logger.error("b")
    logger.removeHandler(handler)
    assert handler.said == ["a", "2 more lines like 'a' were left out", "b"]
