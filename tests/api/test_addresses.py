"""Addresses as limits count them."""

import pytest

from api.addresses import Crowd, Exempt, exempt, household
from api.errors import Problem


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),  # as an IPv6 socket shows an IPv4 client
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_household_is_the_address_or_its_network(host: str, counted: str) -> None:
    assert household(host) == counted


@pytest.mark.parametrize(
    ("host", "is_exempt"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.1.2.3", True),
        ("2001:db8::7", True),
        ("192.0.2.1", False),
        ("unknown", False),
    ],
)
def test_this_machine_and_trusted_proxies_are_exempt(host: str, is_exempt: bool) -> None:
    assert exempt(["10.0.0.0/8", "2001:db8::7", "proxy.example"])(host) == is_exempt
    assert exempt(["*"])(host) == (host != "unknown")
    assert Exempt()("10.1.2.3") is False


def test_crowd_is_counted_by_household_and_forgotten() -> None:
    crowd = Crowd(most=1, exempt=Exempt())
    with crowd.place("2001:db8::1"), crowd.place("2001:db8:0:1::1"), crowd.place("127.0.0.1"), crowd.place("127.0.0.1"):
        with pytest.raises(Problem) as refused, crowd.place("2001:db8::2"):
            pass
        assert refused.value.code == "at_capacity"
    with crowd.place("2001:db8::2"):
        pass
