"""Connections with deadlines for clients, none for the application: uvicorn's HTTP protocol, entered in a ledger.

A client has a deadline for its headers, must go on sending its body, and must go on reading its answer. How long the
application takes to answer is never limited here.
"""

import asyncio
import json
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol

from api import errors
from api.addresses import RETRY_S
from api.guards import MIN_RATE, PAUSE_S, START_S
from api.ledger import Ledger

LOOKS = 12  # at a body or an answer within the longest pause


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client is waited for. `grace_s`: the guards' own answer to a slow body, which has more headers, comes
    first where the application reads the body."""

    headers_s: float = 10
    pause_s: float = PAUSE_S
    start_s: float = START_S
    min_rate: float = MIN_RATE
    grace_s: float = PAUSE_S / LOOKS
    refusal_s: float = 1  # for a client to read that there is no place


class Connection(H11Protocol):
    """One connection of a client."""

    def __init__(self, *args: Any, ledger: Ledger, patience: Patience | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ledger = ledger
        self._patience = patience or Patience()
        self._is_refused = False
        self._headers_timer: asyncio.TimerHandle | None = None
        self._watch_timer: asyncio.TimerHandle | None = None
        self._began_at = self._came_at = self._left_at = self.loop.time()
        self._taken = 0  # bytes of the request in progress
        self._unsent = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # pause_writing and resume_writing tell whether anything is unsent
        self.flow = _Flow(transport, self.loop.time, self._reading_goes_on)
        with suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._ledger.admit(self, self.client[0] if self.client else "unknown"):
            self._headers_timer = self.loop.call_later(self._patience.headers_s, self._headers_are_late)
        else:
            self._refuse()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._headers_timer, self._watch_timer):
            if timer:
                timer.cancel()
        self._ledger.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:  # it has sent its request; closed before that, the answer would be lost on many systems
            self.transport.close()
            return
        self._came_at = self.loop.time()
        self._taken += len(data)
        super().data_received(data)
        if self._is_sending_body() and self._is_body_slow():
            self._body_is_late()

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._began_at, self._taken = self.loop.time(), 0
            self._flow.paused_s = 0
        self._take_stock()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._take_stock()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent, self._left_at = self._unsent_bytes(), self.loop.time()
        self._watch()

    def drop(self) -> None:
        """Close at once."""
        self.transport.abort()

    @property
    def _flow(self) -> "_Flow":
        assert isinstance(self.flow, _Flow)
        return self.flow

    def _take_stock(self) -> None:
        """What is waited for now: headers, a body, or the application, for which there is no deadline."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._ledger.works(self)
            if self._headers_timer:
                self._headers_timer.cancel()
                self._headers_timer = None
        else:
            self._ledger.waits(self)
            if self._headers_timer is None and self._has_begun_headers() and not self.transport.is_closing():
                self._headers_timer = self.loop.call_later(self._patience.headers_s, self._headers_are_late)
        if self._is_sending_body():
            self._watch()

    def _has_begun_headers(self) -> bool:
        return self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])

    def _is_sending_body(self) -> bool:
        return self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing()

    def _headers_are_late(self) -> None:
        self._headers_timer = None
        if self.transport.is_closing():
            return
        if self._has_begun_headers():  # a client that is silent has asked nothing, and gets no answer
            self.transport.write(_answer("body_too_slow", "The request's headers came too slowly."))
        self.transport.close()

    def _refuse(self) -> None:
        self._is_refused = True
        if not self._ledger.may_linger(self):
            self.transport.abort()
            return
        self.transport.write(_answer("at_capacity", errors.OWN["at_capacity"][1]))
        self._headers_timer = self.loop.call_later(self._patience.refusal_s, self.drop)

    def _watch(self) -> None:
        if self._watch_timer is None:
            self._watch_timer = self.loop.call_later(self._patience.pause_s / LOOKS, self._look)

    def _look(self) -> None:
        """At a body that is still to come, and at an answer that is still to be read."""
        self._watch_timer = None
        is_sending = self._is_sending_body()
        if is_sending and self._is_body_stalled():
            self._body_is_late()
        elif self.flow.write_paused and self._is_answer_stalled():
            self.drop()
        elif is_sending or self.flow.write_paused:
            self._watch()

    def _is_body_stalled(self) -> bool:
        now = self.loop.time()
        if self.conn.they_are_waiting_for_100_continue:
            self._began_at = self._came_at = now
        if self.flow.read_paused:  # the application has yet to take what came
            self._came_at = now
        return now - self._came_at >= self._patience.pause_s + self._patience.grace_s

    def _is_body_slow(self) -> bool:
        """Below the least rate, the time uncounted in which the application took nothing."""
        took_s = self.loop.time() - self._began_at - self._flow.paused_s
        allowed = self._patience
        return took_s > allowed.start_s + allowed.grace_s + self._taken / allowed.min_rate

    def _reading_goes_on(self) -> None:
        self._came_at = self.loop.time()

    def _body_is_late(self) -> None:
        if not self.cycle.response_started:
            self.transport.write(_answer("body_too_slow", errors.OWN["body_too_slow"][1]))
        self.transport.close()

    def _is_answer_stalled(self) -> bool:
        unsent, now = self._unsent_bytes(), self.loop.time()
        if unsent < self._unsent:
            self._left_at = now
        self._unsent = unsent
        return now - self._left_at >= self._patience.pause_s

    def _unsent_bytes(self) -> int:
        return self.transport.get_write_buffer_size() + _unread_by_peer(self.transport)


class _Flow(FlowControl):
    """uvicorn's flow control, which also tells for how long nothing was read from the client."""

    def __init__(self, transport: asyncio.Transport, clock: Callable[[], float], going_on: Callable[[], None]) -> None:
        super().__init__(transport)
        self._clock = clock
        self._going_on = going_on
        self._since = 0.0
        self.paused_s = 0.0

    def pause_reading(self) -> None:
        if not self.read_paused:
            self._since = self._clock()
        super().pause_reading()

    def resume_reading(self) -> None:
        if self.read_paused:
            self.paused_s += self._clock() - self._since
            self._going_on()
        super().resume_reading()


def _unread_by_peer(transport: asyncio.Transport) -> int:
    """Bytes in the system's own buffer that the peer has not acknowledged; 0 where the system does not tell.

    That buffer holds megabytes: without it, a client on a slow line would seem to stand still for minutes.
    """
    if sys.platform == "win32":
        return 0
    import fcntl
    import termios

    with suppress(OSError):
        told = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        return int.from_bytes(told, sys.byteorder)
    return 0


def _answer(code: str, detail: str) -> bytes:
    """A whole answer that says no more than the problem, and that the connection is closed."""
    content = json.dumps(errors.body(code, detail)).encode()
    status = HTTPStatus(errors.status_of(code))
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {errors.MEDIA_TYPE}",
        f"Content-Length: {len(content)}",
        "Connection: close",
        "Cache-Control: no-store",
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        lines.append(f"Retry-After: {RETRY_S}")
    return "\r\n".join([*lines, "", ""]).encode() + content
