"""Checks the form of host names and IP addresses, and distinguishes public addresses."""

from __future__ import annotations

import ipaddress
import re

_MAX_HOST = 253
#: RFC 1123 does not allow underscores in host names, but the names of many containers have them.
_HOST_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"(?:{_HOST_LABEL}\.)*(?![0-9]+\Z){_HOST_LABEL}")

#: Holds the IANA special-purpose addresses that are not globally reachable, and multicast.
_SPECIAL_IPV4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
#: Global unicast addresses, and the special-purpose ones among them: protocol assignments with Teredo, documentation
#: (twice), and 6to4.
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
#: RFC 6052: IPv4 addresses behind a translator.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_host(host: str) -> bool:
    """Returns whether `host` is a host name (RFC 1123, underscores allowed) or an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # A fully qualified name may end in a dot.
        name = host.removesuffix(".")
        return len(name) <= _MAX_HOST and _HOST_NAME.fullmatch(name) is not None
    return True


def is_loopback(host: str) -> bool:
    """Returns whether `host` is a loopback address or a name of one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # RFC 6761 section 6.3 reserves the name and everything below it for the loopback interface.
        return f".{host.lower()}".removesuffix(".").endswith(".localhost")


def is_public(address: str) -> bool:
    """Returns whether an IP address belongs to the public Internet, and not to a private or special network.

    An IPv4 address in the form of an IPv6 address counts as itself. Raises ValueError when `address` is none.
    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = parsed.ipv4_mapped
        if embedded is None and parsed in _NAT64:
            embedded = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if embedded is None:
            return parsed in _GLOBAL_IPV6 and not any(parsed in network for network in _SPECIAL_IPV6)
        parsed = embedded
    return not any(parsed in network for network in _SPECIAL_IPV4)
