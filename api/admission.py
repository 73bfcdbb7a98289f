"""Places for work that computes or fetches: some run, some wait, the rest are told when to come again."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Gauge

from api.errors import Problem
from engine import FairPlaces, admitted, current_client

FIRST_GUESS_S = 0.2
MAX_RETRY_S = 30


class Admission:
    """At most `running` at a time and `waiting` behind them, a client after another.

    One client leaves a quarter of them, one at least, to the others, and has no more than half of those who wait.
    """

    def __init__(self, *, running: int, waiting: int, gauge: Gauge, name: str) -> None:
        self._places = FairPlaces(running, each=running - max(1, running // 4))
        self._running = running
        self._waiting = waiting
        self._took_s = FIRST_GUESS_S
        self._busy = gauge.labels(name, "running")
        self._queued = gauge.labels(name, "waiting")

    def check(self) -> None:
        """Refuse at once where there is no place, before a body is read for nothing. Raises a Problem."""
        client, waiting = current_client(), self._places.waiting
        if self._places.may_take(client):
            return
        if waiting >= self._waiting or (client and 2 * self._places.waiting_of(client) >= self._waiting):
            wait_s = self._took_s * (waiting + self._running) / self._running
            raise Problem("at_capacity", headers={"Retry-After": str(min(MAX_RETRY_S, max(1, round(wait_s))))})

    @asynccontextmanager
    async def __call__(self, *, is_usual: bool = True) -> AsyncIterator[None]:
        """Hold a place. Raises a Problem where there is none; a cancelled waiter leaves the queue.

        What takes much longer than all else is not usual: those who wait are not told to come again so late.
        """
        self.check()
        self._queued.inc()
        try:
            place = await self._places.take(current_client())
        finally:
            self._queued.dec()
        started = time.monotonic()
        self._busy.inc()
        try:
            with admitted(place):
                yield
        finally:
            self._busy.dec()
            place.end()
            if is_usual:
                self._took_s += 0.1 * (time.monotonic() - started - self._took_s)
