"""Limits how often something is asked for, in the memory of one process."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Callable

#: Holds the networks whose addresses count together: somebody with one of them usually has many.
_PREFIXES = {4: 24, 6: 48}


class RateLimit:
    """Counts by key, within windows of fixed length."""

    def __init__(
        self, most: int, seconds: float, *, most_keys: int = 10_000, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`most_keys` bounds the memory: further keys of a window are not limited."""
        self._most = most
        self._seconds = seconds
        self._most_keys = most_keys
        self._now = now
        self._counts: Counter[str] = Counter()
        self._end = 0.0

    def count(self, key: str) -> bool:
        """Counts once more. Returns False when that is more often than allowed."""
        now = self._now()
        if now >= self._end:
            self._counts.clear()
            self._end = now + self._seconds
        if key not in self._counts and len(self._counts) >= self._most_keys:
            return True
        self._counts[key] += 1
        return self._counts[key] <= self._most


def network_of(host: str) -> str:
    """Returns the network that an address belongs to; the text itself when it is no address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, _PREFIXES[address.version]), strict=False))
