"""Decoders for tests: starting a decoding process takes as much computing as many a test."""

import asyncio
from types import TracebackType

from engine.domain import Image
from engine.pictures import imaging
from engine.pictures.decoding import Decoders, Limits, _Worker

_kept: dict[Limits, list[_Worker]] = {}


class KeptDecoders(Decoders):
    """Decoders that leave their idle processes to those of the next test, and take over what was left to them."""

    async def _start(self) -> _Worker:
        kept = _kept.get(self._limits, [])
        while kept:
            worker = kept.pop()
            self._all.add(worker)
            if worker.is_alive:
                return worker
            self._end(worker)
        return await super()._start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._idle:
            self._all.discard(worker)
            _kept.setdefault(worker._limits, []).append(worker)
        self._idle.clear()
        await super().__aexit__(kind, error, trace)


async def end_kept() -> None:
    """End the processes that no test has taken over."""
    for workers in _kept.values():
        while workers:
            workers.pop().end()
    await asyncio.sleep(0)


class HereDecoders(Decoders):
    """What `make test-fast` has instead: it decodes in this process."""

    async def _answer(self, way: str, content: bytes, limits: dict[str, int]) -> Image:
        return await asyncio.to_thread(getattr(imaging, way), content, **limits)

    async def warm_up(self) -> None:
        pass
