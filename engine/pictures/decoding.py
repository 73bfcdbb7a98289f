"""The one door to the decoders: pictures of strangers are decoded in processes that can be ended.

A picture gets so much memory and computing time and no more; what it breaks is a process that holds nothing else. Who
decodes many pictures, or slow ones, leaves room for the others.
"""

import asyncio
import logging
import math
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import psutil

from engine.concurrency import LOW_PRIORITY, FairPlaces, Place, current_client, leave_admission
from engine.domain import Image, PictureWarning, Pixels
from engine.errors import ImageError, LibraryBusy, TooCostly
from engine.pictures.decoding_worker import empty, in_memory, mapped, receive, send

logger = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("decoding_worker.py")
MEGABYTE = 1024 * 1024
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")  # no keys, no tokens
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# glibc keeps as much of what a picture took for the next one: asking the system for it again took a third of the time.
KEPT_BYTES = 64 * MEGABYTE
MEMORY_IS_KEPT = {
    "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES),
    "MALLOC_MMAP_THRESHOLD_": str(KEPT_BYTES),
    "MALLOC_TOP_PAD_": str(KEPT_BYTES // 8),
}
BROKEN = "The picture cannot be decoded: it breaks the decoder."
BUFFER_BYTES = 24 * MEGABYTE  # for a picture's file, then for its pixels; it takes as much memory as was ever in it
AT_ONCE_BYTES = 4 * MEGABYTE  # that are copied while nothing else is done, in a millisecond
QUEUE_S, MAX_WAITING = 0.25, 64  # for a place at a decoder before others are given up; pictures that wait for one
GRACE_S = 0.1  # for a picture whose client has gone
START_S = 30  # that a process may take until it is ready
EXIT_S = 0.05  # that it may take to end once it has closed its socket
MIN_WORKERS = 2  # so that nobody holds all of them
PICTURES_A_WORKER = 1_000  # then it is replaced, whatever it may have lost meanwhile
SWOLLEN_BYTES = 150 * MEGABYTE  # so is one that keeps more than this after its picture
PICTURES_A_LOOK = 50  # after which it is looked at whatever they took
ERRORS = {kind.code: kind for kind in ImageError.__subclasses__()}

# A PNG of 108 megapixels takes 440 MB, an AVIF of 64 megapixels 560 MB, a JPEG of 200 megapixels 45 MB:
# benchmarks/large_pictures.py.
MEMORY_BYTES, CPU_S, FOR_PIXELS = 600 * MEGABYTE, 8.0, 110_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may take. Memory is the process's own, counted from what an idle one has."""

    memory_bytes: int = MEMORY_BYTES
    cpu_s: float = CPU_S
    busy_cpu_s: float = 3.5  # ... while others wait; the dearest honest picture, a PNG of 108 megapixels, takes 2
    wall_s: float = 60  # long, for what is slow gives way to everything else
    prompt_s: float = 1  # what takes longer goes on at low priority, and another process takes its place
    look_s: float = 0.05  # between two looks at what a picture takes


def limits_for(max_pixels: int) -> Limits:
    """What a picture may take where pictures may be as large as this."""
    times = max(1.0, max_pixels / FOR_PIXELS)
    return Limits(memory_bytes=int(times * MEMORY_BYTES), cpu_s=times * CPU_S)


class Decoders:
    """The decoding processes of one process; each is started when it is first needed."""

    def __init__(
        self,
        workers: int,
        *,
        max_bytes: int,
        max_pixels: int,
        max_source_pixels: int | None = None,
        limits: Limits | None = None,
    ) -> None:
        """`max_bytes` of a file, `max_pixels` of a picture and, of a JPEG's header, `max_source_pixels`.

        They count where a caller gives no others.
        """
        self._workers = max(MIN_WORKERS, workers)
        self._max_bytes = max_bytes
        self.max_pixels = max_pixels
        self.max_source_pixels = max(max_pixels, max_source_pixels or 0)
        self._limits = limits or limits_for(max_pixels)
        self._places = FairPlaces(self._workers, each=self._workers // 2)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._slow = 0
        self._starting: set[asyncio.Task[None]] = set()

    async def decode(
        self,
        content: bytes,
        *,
        side: int,
        max_bytes: int | None = None,
        max_pixels: int | None = None,
        max_source_pixels: int | None = None,
        of_parts: bool = False,
    ) -> Image:
        """See `imaging.decode`. Raises an ImageError; TooCostly for what breaks a worker or goes over a limit."""
        limits = {
            "max_bytes": self._max_bytes if max_bytes is None else max_bytes,
            "max_pixels": self.max_pixels if max_pixels is None else max_pixels,
            "max_source_pixels": self.max_source_pixels if max_source_pixels is None else max_source_pixels,
        }
        return await self._answer("decode", content, {"side": side, "of_parts": of_parts} | limits)

    async def look(self, content: bytes, *, max_bytes: int, max_pixels: int, max_source_pixels: int) -> Image:
        """See `imaging.look`. Raises as `decode` does."""
        limits = {"max_bytes": max_bytes, "max_pixels": max_pixels, "max_source_pixels": max_source_pixels}
        return await self._answer("look", content, limits)

    async def decode_query(self, content: bytes, *, side: int) -> Image:
        """See `imaging.decode_query`; a long picture is decoded for its parts. Raises as `decode` does."""
        return await self._answer("decode_query", content, {"side": side, "of_parts": True} | self._own_limits)

    async def further_frames(self, content: bytes, *, side: int) -> list[Pixels]:
        """See `imaging.decode_further`. Raises as `decode` does."""
        return list((await self._answer("decode_further", content, {"side": side} | self._own_limits)).pixels)

    @property
    def _own_limits(self) -> dict[str, int]:
        return {
            "max_bytes": self._max_bytes,
            "max_pixels": self.max_pixels,
            "max_source_pixels": self.max_source_pixels,
        }

    async def _answer(self, way: str, content: bytes, limits: dict[str, int]) -> Image:
        """What a function of `imaging` gives; `way` is its name."""
        request = limits | {"memory_bytes": self._limits.memory_bytes, "way": way}
        place = await self._place()
        try:
            worker = await self._ready()
            try:
                is_small = len(content) <= AT_ONCE_BYTES
                file = worker.put(content) if is_small else await asyncio.to_thread(worker.put, content)
                outcome = await self._watched(worker, worker.ask(request | {"size": len(content)}, file), place)
            except asyncio.CancelledError:  # the client is gone: nobody waits for what the worker does
                await self._nearly_done(worker)
                raise
            except BaseException:
                self._end(worker)
                self._replace()
                raise
            self._put_back(worker)
        finally:
            place.end()
        if isinstance(outcome, ImageError):
            raise outcome
        return outcome

    async def _place(self) -> Place:
        """A place to decode at. Who waits long for it keeps no other place meanwhile. Raises LibraryBusy."""
        client = current_client()
        if self._places.may_take(client):
            return await self._places.take(client)
        if self._places.waiting >= MAX_WAITING:
            raise LibraryBusy("Too many pictures wait to be decoded; try again in a moment.")
        turn = asyncio.ensure_future(self._places.take(client))
        try:
            if not (await asyncio.wait({turn}, timeout=QUEUE_S))[0]:
                leave_admission()
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                turn.result().end()
            turn.cancel()
            raise

    async def warm_up(self) -> None:
        """Start a worker before anybody waits for it."""
        if not self._all:
            self._idle.append(await self._start())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for worker in list(self._all):
            self._end(worker)

    async def _watched(self, worker: "_Worker", asking: "asyncio.Future[_Answer]", place: Place) -> Image | ImageError:
        """What the worker makes of a picture. TooCostly where that takes more than it may, or breaks the worker."""
        limits, loop = self._limits, asyncio.get_running_loop()
        started = loop.time()
        try:
            while not (await asyncio.wait({asking}, timeout=limits.look_s))[0]:
                took_s = loop.time() - started
                self._refuse_excess(worker.taken(), took_s)
                if took_s > limits.prompt_s and not worker.gives_way:
                    worker.give_way()
                    leave_admission()
                    if self._slow < self._workers:
                        self._slow += 1
                        place.leave()
            return worker.outcome(*asking.result())
        except (OSError, KeyError, TypeError, ValueError, psutil.Error) as error:
            logger.warning("a decoding process %s over a picture: %s", worker.ending(), error)
            raise TooCostly(BROKEN) from error
        finally:
            self._slow -= place.is_left

    def _refuse_excess(self, taken: "_Usage", took_s: float) -> None:
        limits = self._limits
        if taken.memory_bytes > limits.memory_bytes:
            raise TooCostly(f"Decoding the picture takes more memory than {limits.memory_bytes // MEGABYTE} MB.")
        cpu_s = min(limits.cpu_s, limits.busy_cpu_s) if self._places.waiting else limits.cpu_s
        if taken.cpu_s > cpu_s or took_s > limits.wall_s:
            raise TooCostly(f"Decoding the picture takes longer than the {cpu_s:g} seconds of computing it may.")

    async def _nearly_done(self, worker: "_Worker") -> None:
        """Let a worker finish a picture that nobody waits for, if that takes no time; a new one would take more."""
        is_done = False
        try:
            is_done = await worker.is_done_within(GRACE_S)
        finally:
            if is_done:
                self._put_back(worker)
            else:
                self._end(worker)
                self._replace()

    async def _ready(self) -> "_Worker":
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            self._end(worker)
        return await self._start()

    async def _start(self) -> "_Worker":
        worker = _Worker(self._limits)
        self._all.add(worker)
        try:
            await asyncio.wait_for(worker.start(), START_S)
        except (OSError, TimeoutError) as error:
            self._end(worker)
            raise LibraryBusy("Pictures cannot be decoded at the moment; try again.") from error
        except BaseException:
            self._end(worker)
            raise
        return worker

    def _put_back(self, worker: "_Worker") -> None:
        if worker.is_worn():
            self._end(worker)
            self._replace()
        else:
            self._idle.append(worker)

    def _replace(self) -> None:
        """Have another worker ready for the next picture, without anybody waiting for it."""
        if len(self._all) + len(self._starting) >= self._workers:
            return
        task = asyncio.create_task(self._start_one_more())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _start_one_more(self) -> None:
        with suppress(LibraryBusy):  # whoever needs one tries again
            self._idle.append(await self._start())

    def _end(self, worker: "_Worker") -> None:
        self._all.discard(worker)
        worker.end()


@dataclass(frozen=True, slots=True)
class _Usage:
    memory_bytes: int  # resident
    cpu_s: float


_Answer = tuple[dict[str, Any], int | None]  # what is said, and a file with pixels that are too many for the buffer


class _Worker:
    """One decoding process, and the socket to it."""

    def __init__(self, limits: Limits) -> None:
        self.gives_way = False
        self._limits = limits
        self._pictures = 0
        self._before: _Usage | None = None
        self._answering: asyncio.Future[_Answer] | None = None
        self._socket, self._its_side = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._its_buffer: int | None = empty(BUFFER_BYTES)
        self._buffer = mapped(os.dup(self._its_buffer))
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start the process, and wait until it can decode."""
        self._process = self._popen()  # a millisecond; in a thread, a cancelled start would leave it behind
        self._close_its_sides()
        self._watched = psutil.Process(self._process.pid)
        await self._next_answer()
        self._fresh = self._usage()

    def put(self, content: bytes) -> int | None:
        """Hand a picture over: in the buffer, or in the file that is returned."""
        if len(content) > BUFFER_BYTES:
            return in_memory(content)
        self._buffer[: len(content)] = content
        return None

    def ask(self, request: dict[str, Any], file: int | None) -> asyncio.Future[_Answer]:
        """Have what was put decoded. The future gets the answer; OSError or ValueError where the process breaks."""
        self._pictures += 1
        self._before = None
        send(self._socket, request, file)
        self._answering = self._next_answer()
        return self._answering

    async def is_done_within(self, seconds: float) -> bool:
        """Whether the picture that it was asked for is decoded by then; False where it was not even asked."""
        if self._answering is None:
            return False
        await asyncio.wait({self._answering}, timeout=seconds)
        if not self._answering.done() or self._answering.cancelled() or self._answering.exception():
            return False
        _, file = self._answering.result()
        self._answering = None
        if file is not None:
            os.close(file)
        return True

    def outcome(self, answer: dict[str, Any], file: int | None) -> Image | ImageError:
        """What an answer means. KeyError, TypeError, ValueError, OSError where a picture has taken over the process."""
        self._answering = None
        if "error" in answer:
            return ERRORS[answer["error"]](answer["sentence"])
        *frames, height, width, channels = answer["shape"]
        shape = (*frames, height, width, channels)
        values = np.frombuffer(self._buffer if file is None else mapped(file), np.uint8, math.prod(shape))
        pixels = values.reshape(shape)
        names = ("media_type", "width", "height", "ground", "frame", "is_animated", "taken_at")
        told = {name: answer[name] for name in names}
        if told["taken_at"] is not None:
            datetime.strptime(told["taken_at"], "%Y-%m-%dT%H:%M:%S")
        said = tuple(PictureWarning(one["code"], one["message"]) for one in answer["warnings"])
        return Image(pixels=pixels.copy() if file is None else pixels, warnings=said, **told)

    def taken(self) -> _Usage:
        """What the picture has taken so far, from the first look at it on. psutil.Error where the process has ended.

        Most pictures are decoded before anybody looks, and looking costs a tenth of a millisecond.
        """
        now = self._usage()
        self._before = self._before or now
        return _Usage(now.memory_bytes - self._fresh.memory_bytes, now.cpu_s - self._before.cpu_s)

    def give_way(self) -> None:
        """Go on at low priority; there is no way back without rights that nobody should have."""
        self.gives_way = True
        with suppress(psutil.Error):
            self._watched.nice(LOW_PRIORITY)

    def ending(self) -> str:
        """How the process has ended, for the log."""
        assert self._process
        try:
            status = self._process.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            return "broke off"
        return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def is_worn(self) -> bool:
        """Whether another one had better take the next picture."""
        if self.gives_way or self._pictures >= PICTURES_A_WORKER or not self.is_alive:
            return True
        is_looked_at = self._before is not None or self._pictures % PICTURES_A_LOOK == 0
        return is_looked_at and self._usage().memory_bytes - self._fresh.memory_bytes > SWOLLEN_BYTES

    def end(self) -> None:
        """End the process at once, whatever it does."""
        if self._socket.fileno() < 0:
            return
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._close_its_sides()
        if self._process:
            self._process.kill()
            self._process.wait()

    def _close_its_sides(self) -> None:
        self._its_side.close()
        if self._its_buffer is not None:
            os.close(self._its_buffer)
            self._its_buffer = None

    def _popen(self) -> subprocess.Popen[bytes]:
        numbers = (self._its_side.fileno(), self._its_buffer or 0)
        limits = (self._limits.memory_bytes, self._limits.cpu_s)
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-P", str(WORKER), *map(str, (*numbers, *limits, os.getpid()))],
            pass_fds=numbers,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # decoders complain there of what strangers send
            env=kept | ONE_THREAD | MEMORY_IS_KEPT,
            start_new_session=True,  # Ctrl-C is for the parent, which decides what is finished
        )

    def _usage(self) -> _Usage:
        with self._watched.oneshot():
            times = self._watched.cpu_times()
            return _Usage(self._watched.memory_info().rss, times.user + times.system)

    def _next_answer(self) -> asyncio.Future[_Answer]:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[_Answer] = loop.create_future()

        def read() -> None:
            loop.remove_reader(self._socket)
            try:
                answer = receive(self._socket)
            except (OSError, ValueError) as error:
                if not answered.done():
                    answered.set_exception(error)
                return
            if not answered.done():
                answered.set_result(answer)
            elif answer[1] is not None:
                os.close(answer[1])

        loop.add_reader(self._socket, read)
        return answered
