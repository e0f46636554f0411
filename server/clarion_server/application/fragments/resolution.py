"""Finds the fragments that contents name, and those that these name in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from clarion_server.application.ports.content import Fragments
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access import Visibility
from clarion_server.domain.fragment import FragmentVersion
from clarion_server.domain.fragment_reference import FragmentReference

#: How many different names are followed. A part may have a hundred fragments.
_MOST_NAMES = 1_000

Finder = Callable[[FragmentReference], FragmentVersion | None]

#: The version of each fragment that a campaign has, by id.
Pins = Mapping[str, int]


def fragments_of(references: Iterable[FragmentReference], find: Finder) -> Fragments:
    """Returns each version by every name that means it. What is not found is not there."""
    found: dict[FragmentReference, FragmentVersion] = {}
    pending, seen = list(references), set(references)
    while pending:
        reference = pending.pop()
        version = find(reference)
        if version is None:
            continue
        found[reference] = version
        new = [each for each in version.references if each not in seen]
        pending += new[: max(0, _MOST_NAMES - len(seen))]
        seen.update(new)
    return found


def stored_finder(unit: UnitOfWork, visibility: Visibility, pins: Pins, *, hold: bool = False) -> Finder:
    """Returns what finds versions in the store. A name without a number means the pinned version, or the newest one of
    a fragment that is not pinned. `hold` keeps the fragments from being deleted until the transaction ends.
    """

    def find(reference: FragmentReference) -> FragmentVersion | None:
        number = reference.version or pins.get(reference.fragment_id, 0)
        return unit.fragments.find(visibility, FragmentReference(reference.fragment_id, number), hold=hold)

    return find
