"""Threads to compute in, and places that are shared out fairly."""

import asyncio
import ctypes
import os
import sys
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

import cv2
from threadpoolctl import threadpool_limits

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

LOW_PRIORITY = 10  # as `nice` counts
M_MMAP_THRESHOLD, LARGE_BYTES = -3, 4 * 1024 * 1024  # <malloc.h>; larger than nearly all pixels that a search needs

# For whom something is done: a client's address, a chat. None is the library's owner.
_client: ContextVar[str | None] = ContextVar("client", default=None)
_admission: ContextVar["Place | None"] = ContextVar("admission", default=None)


class CpuPool:
    """A fixed number of threads for computing; NumPy, OpenCV, Pillow and LiteRT let go of the GIL there."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # OpenCV's own threads would compete with these; so would NumPy's, which wait by spinning: half a search's time.
        threadpool_limits(1, user_api="blas")
        self._threads = ThreadPoolExecutor(workers, "cpu", initializer=cv2.setNumThreads, initargs=(1,))
        self._beside = ThreadPoolExecutor(1, "beside", initializer=_give_way)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result, computed in a thread. Cancelling the caller drops what has not begun."""
        if kwargs:
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    async def each(self, things: Sequence[S], function: Callable[[S], T]) -> list[T]:
        """The function's result for each thing, in order; every thread computes an equal share of them."""

        def some(share: Sequence[S]) -> list[T]:
            return [function(one) for one in share]

        shares = [things[start :: self.workers] for start in range(min(self.workers, len(things)))]
        found: dict[int, T] = {}
        for start, results in enumerate(await asyncio.gather(*(self.run(some, share) for share in shares))):
            found |= zip(range(start, len(things), self.workers), results, strict=True)
        return [found[place] for place in range(len(things))]

    async def run_beside(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for what takes long and nobody waits for: in a thread of its own, which gives way to the others."""
        return await asyncio.get_running_loop().run_in_executor(self._beside, lambda: function(*args, **kwargs))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._beside.shutdown(wait=True, cancel_futures=True)


@contextmanager
def on_behalf_of(client: str) -> Iterator[None]:
    """What is done inside is done for this client, who gets a fair share of what there is, and no more."""
    token = _client.set(client)
    try:
        yield
    finally:
        _client.reset(token)


@contextmanager
def admitted(place: "Place") -> Iterator[None]:
    """What is done inside holds a place among those who are served."""
    token = _admission.set(place)
    try:
        yield
    finally:
        _admission.reset(token)


def leave_admission() -> None:
    """What is being done takes long: its place is for others from now on."""
    if place := _admission.get():
        place.leave()


def current_client() -> str | None:
    """Who is named by the innermost `on_behalf_of`; None for the library's owner."""
    return _client.get()


class FairPlaces:
    """So many places, of which one client holds so many; those who wait are served in turn, client by client.

    The client None is not counted: it may hold all places.
    """

    def __init__(self, places: int, *, each: int) -> None:
        self._places = places
        self._each = max(1, each)
        self._taken = 0
        self._held: Counter[str] = Counter()
        self._waiting: OrderedDict[str | None, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, client: str | None) -> "Place":
        """A place, waited for where there is none. Whoever takes it ends it."""
        if self.may_take(client):
            self._take(client)
        else:
            await self._turn(client)
        return Place(self, client)

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return sum(map(self.waiting_of, self._waiting))

    def waiting_of(self, client: str | None) -> int:
        """How many of them are this client's."""
        return sum(not turn.cancelled() for turn in self._waiting.get(client, ()))

    def may_take(self, client: str | None) -> bool:
        """Whether this client would have a place at once."""
        return self._taken < self._places and (client is None or self._held[client] < self._each)

    def give_back(self) -> None:
        """One place is free again. For `Place` alone."""
        self._taken -= 1
        self._serve()

    def let_go(self, client: str | None) -> None:
        """A client holds one less. For `Place` alone."""
        if client is not None:
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]
        self._serve()

    async def _turn(self, client: str | None) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was this one's turn at the same moment, and nobody will use it
                self.let_go(client)
                self.give_back()
            raise

    def _take(self, client: str | None) -> None:
        self._taken += 1
        if client is not None:
            self._held[client] += 1

    def _serve(self) -> None:
        for client in list(self._waiting):
            queue = self._waiting[client]
            while queue and queue[0].cancelled():
                queue.popleft()
            if queue and self.may_take(client):
                self._take(client)
                queue.popleft().set_result(None)
                self._waiting.move_to_end(client)
            if not queue:
                del self._waiting[client]


class Place:
    """A place that is held. It can be left early, for others, by work that goes on beside theirs."""

    def __init__(self, places: FairPlaces, client: str | None) -> None:
        self._places = places
        self._client = client
        self.is_left = False

    def leave(self) -> None:
        """Give the place back; what is done without it still counts for its client."""
        if not self.is_left:
            self.is_left = True
            self._places.give_back()

    def end(self) -> None:
        """The work is done."""
        self._places.let_go(self._client)
        self.leave()


def give_memory_back() -> None:
    """From now on what is large goes back to the system once it is no longer used, as far as glibc is what keeps it.

    A server that has taken in hundreds of uploads kept 900 MB of them.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def _give_way() -> None:
    if sys.platform == "linux":  # elsewhere the priority is of the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOW_PRIORITY)


async def all_done(tasks: Iterable[Awaitable[T]]) -> list[T]:
    """The results of all in order. Where some fail, the first error, but not before all have ended."""
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    results = []
    for one in ended:
        if isinstance(one, BaseException):
            raise one
        results.append(one)
    return results


@asynccontextmanager
async def beside(work: Callable[[], Coroutine[Any, Any, None]] | None) -> AsyncIterator[None]:
    """Let some work go on meanwhile; what is not done at the end is broken off."""
    task = asyncio.create_task(work()) if work else None
    try:
        yield
    finally:
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
