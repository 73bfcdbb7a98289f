"""The ledger of a process's connections: how many there are, whose they are, and which have no request in progress."""

import sys
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from api.addresses import household

MOST_EACH = 256  # connections of one address, and requests in progress of one forwarded address
LEAST_EACH = 16  # ... of each worker: the system does not spread connections evenly, and a browser opens six
WANTED_DESCRIPTORS = 65_536
LINGERING = 32  # connections that are told at a time that there is no place


class Held(Protocol):
    """A connection, as far as the ledger knows it."""

    def drop(self) -> None:
        """Close at once; nothing that is still unsent matters."""


class Ledger:
    """Admits connections up to `most` in all, and `most_each` for each address that is not `exempt`."""

    def __init__(self, *, most: int, most_each: int, exempt: Callable[[str], bool]) -> None:
        self._most = most
        self._most_each = most_each
        self._exempt = exempt
        self._whose: dict[Held, str | None] = {}
        self._each: Counter[str] = Counter()
        self._waiting: OrderedDict[Held, None] = OrderedDict()  # no request in progress; who waits longest is first
        self._lingering: set[Held] = set()

    def __len__(self) -> int:
        return len(self._whose)

    def admit(self, connection: Held, host: str) -> bool:
        """Take a connection up. Where all places are taken, the one that waits longest without a request gives way.

        False: the address has too many, or every connection has a request in progress.
        """
        who = None if self._exempt(host) else household(host)
        if who is not None and self._each[who] >= self._most_each:
            return False
        if len(self._whose) >= self._most and not self._make_room():
            return False
        self._whose[connection] = who
        if who is not None:
            self._each[who] += 1
        self._waiting[connection] = None
        return True

    def works(self, connection: Held) -> None:
        """A request of it is in progress."""
        self._waiting.pop(connection, None)

    def waits(self, connection: Held) -> None:
        """No request of it is in progress; it waits since the first of these calls in a row."""
        if connection in self._whose:
            self._waiting.setdefault(connection)

    def forget(self, connection: Held) -> None:
        """It is closed, or about to be."""
        self._waiting.pop(connection, None)
        self._lingering.discard(connection)
        who = self._whose.pop(connection, None)
        if who is not None:
            self._each[who] -= 1
            if not self._each[who]:
                del self._each[who]

    def may_linger(self, connection: Held) -> bool:
        """Whether a connection that was not admitted may stay until its client has read why."""
        if len(self._lingering) >= LINGERING:
            return False
        self._lingering.add(connection)
        return True

    def _make_room(self) -> bool:
        if not self._waiting:
            return False
        oldest = next(iter(self._waiting))
        self.forget(oldest)
        oldest.drop()
        return True


def raise_descriptor_limit(wanted: int = WANTED_DESCRIPTORS) -> int:
    """Raise this process's limit of open files towards `wanted`, as far as the system allows; returns the limit."""
    if sys.platform == "win32":
        return wanted  # its sockets are no files, and have no such limit
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    aim = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if aim > soft:
        with suppress(OSError, ValueError):  # macOS has another limit below the one that it names
            resource.setrlimit(resource.RLIMIT_NOFILE, (aim, hard))
            return aim
    return soft


def reserve_of(descriptors: int) -> int:
    """Descriptors kept back for files, the database, fetching, and connections that are not admitted yet."""
    return max(128, descriptors // 4)


def most_of(descriptors: int) -> int:
    """How many connections fit. Each may need a second descriptor: its upload, or its answer, is a file on the disk."""
    return max(16, (descriptors - reserve_of(descriptors)) // 2)


def backlog_of(descriptors: int) -> int:
    """How many connections asyncio may take at once.

    It accepts as many in one sweep before it tells of the first, and makes two more sweeps until those of the first
    that are not admitted are closed: four sweeps must fit into half of the reserve.
    """
    return max(8, min(2048, reserve_of(descriptors) // 8))
