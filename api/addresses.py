"""Who asks: client addresses as limits count them, and the requests that each has in progress."""

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from fastapi import Request

from api.errors import Problem

RETRY_S = 2


def household(host: str) -> str:
    """The address that limits count: for IPv6 the /64, which one household has; else the host itself."""
    address = _parsed(host)
    if address is None:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)


def client_address(request: Request) -> str:
    """Who sent a request, for rate limits."""
    return household(request.client.host) if request.client else "unknown"


@dataclass(frozen=True, slots=True)
class Exempt:
    """Says which hosts no limit for each address applies to: this machine, and these networks."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def __call__(self, host: str) -> bool:
        address = _parsed(host)
        return address is not None and (address.is_loopback or any(address in network for network in self.networks))


def exempt(hosts: Iterable[str]) -> Exempt:
    """Exempts these addresses and networks; `*` stands for everybody. What is neither is left out."""
    networks: list[IPv4Network | IPv6Network] = []
    for host in hosts:
        for written in ("0.0.0.0/0", "::/0") if host == "*" else (host,):
            try:
                networks.append(ipaddress.ip_network(written, strict=False))
            except ValueError:
                continue
    return Exempt(tuple(networks))


class Crowd:
    """At most `most` requests in progress for each address, those of `exempt` hosts uncounted."""

    def __init__(self, *, most: int, exempt: Callable[[str], bool]) -> None:
        self._most = most
        self._exempt = exempt
        self._in_progress: Counter[str] = Counter()

    @contextmanager
    def place(self, host: str) -> Iterator[None]:
        """Count one request for as long as this is entered. Raises a Problem where the address has too many."""
        if self._exempt(host):
            yield
            return
        who = household(host)
        if self._in_progress[who] >= self._most:
            detail = f"More than {self._most} requests of this address are in progress; try again in a moment."
            raise Problem("at_capacity", detail, {"Retry-After": str(RETRY_S)})
        self._in_progress[who] += 1
        try:
            yield
        finally:
            self._in_progress[who] -= 1
            if not self._in_progress[who]:
                del self._in_progress[who]


def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    """The address; an IPv4 address that comes over an IPv6 socket (`::ffff:192.0.2.1`) as IPv4."""
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
