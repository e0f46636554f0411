"""Holds the sandboxes and the time of all samples, and makes ids for them."""

from __future__ import annotations

from itertools import count

from clarion_server.domain.access.access import Visibility
from clarion_server.domain.instant import SECOND, Instant

#: This time is no whole second, so that a store that rounds fails.
NOW: Instant = 1_790_000_000 * SECOND + 123_457
SANDBOX = "default"
SANDBOXES = (SANDBOX, "staging")
#: What callers of each of the two see.
VISIBILITY, STAGING = (Visibility(each) for each in SANDBOXES)
VISIBILITIES = (VISIBILITY, STAGING)

_ids = count(1)


def new_id() -> str:
    """Returns 32 hexadecimal digits that sort after the ones before."""
    return f"{next(_ids):032x}"
