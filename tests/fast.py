"""`make test-fast`: the tests that need no other process and no server, and a guard that catches those that do.

A test needs one where it uses a fixture that starts one, or is marked `processes`; what takes seconds is marked `slow`.
"""

import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

# Not even imported: what starts processes and servers, and what takes long, above all with whole libraries.
LEFT_OUT = (
    "attacks", "browser", "e2e", "library", "system", "telegram",
    "test_copy_network.py", "test_plots.py", "test_schema_conformance.py", "test_service.py",
)  # fmt: skip
STARTERS = {  # or what uses them
    "destination", "object_store", "packed", "pictrace", "postgresql", "random_resnet", "serve", "served", "telegram",
    "to_be_read", "worker",
}  # fmt: skip
SERVERS = {"postgresql", "pgvector", "milvus", "bucket"}  # as parameters
# https://docs.python.org/3/library/audit_events.html
STARTED = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system"}


class Guard:
    """Refuses to start processes while a test and its fixtures run."""

    def __init__(self) -> None:
        self._test: str | None = None
        self._refused = ""
        sys.addaudithook(self._look)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._test, self._refused = item.nodeid, ""
        try:
            return (yield)
        finally:
            self._test = None

    @pytest.fixture(autouse=True)
    def no_other_process(self) -> Iterator[None]:
        """What was refused is told, though the test may have got over it."""
        yield
        assert not self._refused, self._refused

    def _look(self, event: str, _: tuple[Any, ...]) -> None:
        if self._test and event in STARTED:
            self._refused = (
                f"{self._test} starts another process ({event}), which `make test-fast` is without: "
                "mark it `@pytest.mark.processes`."
            )
            raise RuntimeError(self._refused)


def is_left_out(path: Path) -> bool:
    return path.name in LEFT_OUT


def needs_more(item: pytest.Item) -> bool:
    """Whether a test needs another process, a server, or long."""
    fixtures = STARTERS.intersection(getattr(item, "fixturenames", ()))
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    servers = SERVERS.intersection(one for one in parameters if isinstance(one, str))
    return bool(fixtures or servers or any(item.get_closest_marker(name) for name in ("processes", "slow")))
