"""Places for work that computes or fetches: some run, some wait, the rest are told when to come again."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Gauge

from api.errors import Problem

FIRST_GUESS_S = 0.2
MAX_RETRY_S = 30


class Admission:
    """At most `running` at a time and `waiting` behind them, first come, first served."""

    def __init__(self, *, running: int, waiting: int, gauge: Gauge, name: str) -> None:
        self._places = asyncio.Semaphore(running)
        self._running = running
        self._waiting = waiting
        self._queue = 0
        self._took_s = FIRST_GUESS_S
        self._busy = gauge.labels(name, "running")
        self._queued = gauge.labels(name, "waiting")

    def check(self) -> None:
        """Refuse at once where there is no place, before a body is read for nothing. Raises a Problem."""
        if self._places.locked() and self._queue >= self._waiting:
            wait_s = self._took_s * (self._queue + self._running) / self._running
            raise Problem("at_capacity", headers={"Retry-After": str(min(MAX_RETRY_S, max(1, round(wait_s))))})

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        """Hold a place. Raises a Problem where there is none; a cancelled waiter leaves the queue."""
        self.check()
        self._queue += 1
        self._queued.inc()
        try:
            await self._places.acquire()
        finally:
            self._queue -= 1
            self._queued.dec()
        started = time.monotonic()
        self._busy.inc()
        try:
            yield
        finally:
            self._busy.dec()
            self._places.release()
            self._took_s += 0.1 * (time.monotonic() - started - self._took_s)
