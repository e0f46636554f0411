"""Checks time zones of the IANA database."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

#: Is the package that `zoneinfo` falls back to. It alone is read, so that no answer depends on the machine.
_DATABASE = "tzdata"


def is_time_zone(name: str) -> bool:
    """Returns whether the database has a zone of that name, with that case. Old names are names too."""
    return name in time_zone_names()


@cache
def time_zone(name: str) -> ZoneInfo:
    """Returns the zone of a name of the database."""
    with files(_DATABASE).joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def time_zone_names() -> frozenset[str]:
    names = files(_DATABASE).joinpath("zones").read_text("ascii").split()
    # `Factory` stands for a machine whose zone nobody has set.
    return frozenset(names) - {"Factory"}
