"""The only door from coroutines to threads."""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

import cv2
from threadpoolctl import threadpool_limits

P = ParamSpec("P")
T = TypeVar("T")

LOW_PRIORITY = 10  # as `nice` counts


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
