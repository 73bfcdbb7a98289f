"""The only door from coroutines to threads."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

import cv2
from threadpoolctl import threadpool_limits

P = ParamSpec("P")
T = TypeVar("T")


class CpuPool:
    """A fixed number of threads for computing; NumPy, OpenCV, Pillow and LiteRT let go of the GIL there."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # OpenCV's own threads would compete with these; so would NumPy's, which wait by spinning: half a search's time.
        threadpool_limits(1, user_api="blas")
        self._threads = ThreadPoolExecutor(workers, "cpu", initializer=cv2.setNumThreads, initargs=(1,))

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result, computed in a thread. Cancelling the caller drops what has not begun."""
        if kwargs:
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)


async def all_done(tasks: Iterable[Awaitable[T]]) -> list[T]:
    """The results of all in order. Where some fail, the first error, but not before all have ended."""
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    results = []
    for one in ended:
        if isinstance(one, BaseException):
            raise one
        results.append(one)
    return results
