"""Milvus Lite for tests: a real Milvus in a file, served from this process."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.concurrency import CpuPool
from engine.index.milvus import Milvus


class MilvusServer:
    """A server with an address that stays; `stop` and `start` as often as wanted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._port = 0
        self._running: tuple[Any, Any] | None = None
        self.start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        from milvus_lite.adapter.grpc.server import start_server_in_thread

        server, database, self._port = start_server_in_thread(
            data_dir=str(self._path), host="127.0.0.1", port=self._port
        )
        self._running = server, database

    def stop(self) -> None:
        if self._running:
            server, database = self._running
            self._running = None
            server.stop(grace=0).wait()
            database.close()


@contextmanager
def milvus_server(path: Path) -> Iterator[MilvusServer]:
    """A server on a new file; skips where there is none for this platform."""
    pytest.importorskip("milvus_lite", reason="milvus-lite, a Milvus in a file, is not installed")
    server = MilvusServer(path)
    try:
        yield server
    finally:
        server.stop()


@asynccontextmanager
async def milvus_lite(path: Path, pool: CpuPool) -> AsyncIterator[Milvus]:
    """A client of a new file, whose server it starts itself."""
    pytest.importorskip("milvus_lite", reason="milvus-lite, a Milvus in a file, is not installed")
    from milvus_lite.server_manager import server_manager_instance

    milvus = Milvus(str(path), None, pool)
    try:
        yield milvus
        await milvus.close()
    finally:
        server_manager_instance.release_server(str(path))
