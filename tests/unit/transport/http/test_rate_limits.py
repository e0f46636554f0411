"""Limits of how often something is asked for."""

from __future__ import annotations

import pytest
from clarion_server.transport.http.unsubscribing.limits import RateLimit, network_of


class Clock:
    def __init__(self) -> None:
        self.time = 1_000.0

    def __call__(self) -> float:
        return self.time


def test_a_key_counts_within_its_window_alone() -> None:
    clock = Clock()
    limit = RateLimit(2, 60, now=clock)
    assert [limit.count("a") for _ in range(3)] == [True, True, False]
    assert limit.count("b")
    clock.time += 59.9
    assert not limit.count("a")
    clock.time += 0.2
    assert limit.count("a")


def test_memory_is_bounded_and_further_keys_are_not_limited() -> None:
    limit = RateLimit(1, 60, most_keys=2, now=Clock())
    assert [limit.count(key) for key in ("a", "b", "c", "c", "a")] == [True, True, True, True, False]
    assert len(limit._counts) == 2


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.0/24"),
        ("192.0.2.254", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::", "2001:db8:1::/48"),
        ("a socket", "a socket"),
        ("", ""),
    ],
)
def test_the_addresses_of_a_network_count_together(host: str, network: str) -> None:
    assert network_of(host) == network
