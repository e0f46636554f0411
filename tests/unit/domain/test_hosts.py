"""Tests which hosts are host names, and which addresses are public."""

from __future__ import annotations

import pytest
from clarion_server.domain.addresses.host import is_host, is_public


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "192.88.100.1",
        "223.255.255.255",
        "2001:4860:4860::8888",
        "2a00::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        # This network, private, shared by carriers, loopback, link-local.
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        # Protocol assignments, documentation, 6to4 relays, benchmarks.
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        # Multicast, reserved, broadcast.
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        # The same in IPv6.
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        # IPv4 addresses in the form of IPv6: mapped, compatible, translated, 6to4, Teredo.
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "::8.8.8.8",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8",
        "2002:7f00:1::",
        "2002:808:808::",
        "2001:0:7f00:1::",
    ],
)
def test_an_address_of_a_private_or_special_network_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "1.2.3.4.5", "a..b", "-a.example", ""])
def test_other_ways_to_write_an_address_are_no_hosts(host: str) -> None:
    assert not is_host(host)
