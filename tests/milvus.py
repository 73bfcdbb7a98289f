"""Milvus for tests: Milvus Lite in a file, served from this process; for `make test-system`, a whole Milvus server."""

import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.concurrency import CpuPool
from engine.index.milvus import Milvus

# In a process of its own, for it leaves sockets open. Left to itself it would take another port while the system still
# holds back the one from before; and its etcd would take the same two as that of any other Milvus on this machine.
SERVE = """
import os, pathlib, socket, sys
from milvus import MilvusServer, MilvusServerConfig

def bound(config, port):
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None

folder, port, etcd, peer = sys.argv[1:]
etcd_config = pathlib.Path(folder, "etcd.yaml")
etcd_config.write_text(
    f"listen-client-urls: http://127.0.0.1:{etcd}\\nadvertise-client-urls: http://127.0.0.1:{etcd}\\n"
    f"listen-peer-urls: http://127.0.0.1:{peer}\\ninitial-advertise-peer-urls: http://127.0.0.1:{peer}\\n"
    f"initial-cluster: default=http://127.0.0.1:{peer}\\n"
)
os.environ["ETCD_CONFIG_PATH"] = str(etcd_config)
MilvusServerConfig.try_bind_port = bound
server = MilvusServer(etcd_port=int(etcd))
server.set_base_dir(folder)
server.listen_port = int(port)
server.start()
print("ready", flush=True)
sys.stdin.read()
server.stop()
"""


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


class StandaloneMilvus:
    """A whole Milvus server in a process of its own, at an address that stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = free_ports(3)  # of its own, and two of its etcd
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    def start(self) -> None:
        if self._process:
            return
        argv = [sys.executable, "-c", SERVE, str(self._folder), *map(str, self._ports)]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout
        while (line := self._process.stdout.readline()) != b"ready\n":
            assert line, "Milvus has not started"
        self._wait_until_it_works()

    def _wait_until_it_works(self) -> None:
        """Once restarted it answers long before it has its parts together."""
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException

        for _ in range(60):
            try:
                client = MilvusClient(self.uri, timeout=10, dedicated=True)
                client.drop_collection("probe")
                client.create_collection("probe", dimension=2)
                client.insert("probe", [{"id": 1, "vector": [0.0, 1.0]}])
                client.search("probe", data=[[0.0, 1.0]], consistency_level="Strong")
            except MilvusException:
                time.sleep(1)
            else:
                client.close()
                return
        raise AssertionError("Milvus does not work")

    def stop(self) -> None:
        if self._process:
            self._process.communicate()  # its input ends, as it does when the tests are killed
            self._process = None


def free_ports(count: int) -> list[int]:
    with ExitStack() as open_until_all_are_found:
        found = [open_until_all_are_found.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in found]


@pytest.fixture(scope="session")
def standalone_milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneMilvus]:
    """One for all tests: each library has collections of its own there."""
    server = StandaloneMilvus(tmp_path_factory.mktemp("milvus"))
    yield server
    server.stop()


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
