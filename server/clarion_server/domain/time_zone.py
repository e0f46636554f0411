"""Names of time zones in the IANA database."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


def is_time_zone(name: str) -> bool:
    """Returns whether the database has a zone of that name, with that case. Old names are names too."""
    return name in _names()


@cache
def _names() -> frozenset[str]:
    # The list of the package that `zoneinfo` falls back to, so that the answer does not depend on the machine.
    names = files("tzdata").joinpath("zones").read_text("ascii").split()
    # `Factory` stands for a machine whose zone nobody has set.
    return frozenset(names) - {"Factory"}
