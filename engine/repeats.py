"""Log lines that repeat: the first few of a minute are written, then one line says how many were left out."""

import logging
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

LEFT_OUT = "%d more lines like %r were left out"
MAX_KINDS = 1000  # some libraries put values into what should be a template
MAX_SHOWN = 200
VALUE = re.compile(r"0x[0-9a-fA-F]+|\d+")
# Their lines carry a reference that somebody was told: those stay, but beyond the limit without traceback.
REFERRED_TO = ("api.errors", "bot.apologies")

Kind = tuple[str, int, str]


@dataclass(slots=True)
class _Window:
    """The lines of one kind since the first of them."""

    began_at: float
    lines: int = 0
    left_out: int = 0


def _after(wait_s: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(wait_s, call)
    timer.daemon = True
    with suppress(RuntimeError):  # the process is ending
        timer.start()


class RepeatLimit(logging.Filter):
    """For a handler: lets `most` lines of a kind pass in `window_s`; a kind is a logger, a level and a template."""

    def __init__(
        self,
        *,
        most: int = 5,
        window_s: float = 60,
        clock: Callable[[], float] = time.monotonic,
        after: Callable[[float, Callable[[], None]], None] = _after,
    ) -> None:
        super().__init__()
        self._most = most
        self._window_s = window_s
        self._clock = clock
        self._after = after
        self._lock = threading.Lock()
        self._windows: dict[Kind, _Window] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg is LEFT_OUT:
            return True
        self.tell()
        if self._is_within(record):
            return True
        if record.name in REFERRED_TO:
            record.exc_info = record.exc_text = None
            return True
        return False

    def tell(self) -> None:
        """Say of every kind whose minute is over how many lines were left out."""
        with self._lock:
            now = self._clock()
            over = {kind: one for kind, one in self._windows.items() if now - one.began_at >= self._window_s}
            for kind in over:
                del self._windows[kind]
        for (name, level, first_line), window in over.items():
            if window.left_out:
                logging.getLogger(name).log(level, LEFT_OUT, window.left_out, first_line)

    def _is_within(self, record: logging.LogRecord) -> bool:
        with self._lock:
            kind = self._kind(record)
            window = self._windows.setdefault(kind, _Window(self._clock()))
            window.lines += 1
            if window.lines <= self._most:
                return True
            if record.name not in REFERRED_TO:
                window.left_out += 1
                if window.left_out == 1:
                    self._after(window.began_at + self._window_s - self._clock(), self.tell)
            return False

    def _kind(self, record: logging.LogRecord) -> Kind:
        first_line = VALUE.sub("#", str(record.msg).partition("\n")[0][:MAX_SHOWN])
        kind = record.name, record.levelno, first_line
        if kind in self._windows or len(self._windows) < MAX_KINDS:
            return kind
        return record.name, record.levelno, "(many kinds)"
