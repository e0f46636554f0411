"""Finds the fragments that contents name, and those that these name in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from clarion_server.application.ports.content import NO_FRAGMENTS, Fragments
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.campaigns.campaign import CampaignVersion
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.fragments.fragment import FragmentVersion
from clarion_server.domain.fragments.fragment_reference import FragmentReference

#: At most this many different names are followed. A part may have a hundred fragments.
_MOST_NAMES = 1_000

Finder = Callable[[FragmentReference], FragmentVersion | None]

#: Is the version of each fragment that a name without a number means, by id.
Pins = Mapping[str, int]
NO_PINS: Pins = {}


def fragments_of(references: Iterable[FragmentReference], find: Finder) -> Fragments:
    """Returns each version by every name that means it. What is not found is not there."""
    found: dict[FragmentReference, FragmentVersion] = {}
    pending = list(references)
    seen = set(pending)
    while pending:
        reference = pending.pop()
        version = find(reference)
        if version is None:
            continue
        found[reference] = version
        new = [each for each in version.references if each not in seen][: _MOST_NAMES - len(seen)]
        pending += new
        seen.update(new)
    return found


def stored_finder(unit: UnitOfWork, visibility: Visibility, pins: Pins, *, hold: bool = False) -> Finder:
    """Returns a function that finds versions in the store. A name without a number means the pinned version, or the
    newest one of a fragment that is not pinned. `hold` keeps the fragments from being deleted until the transaction
    ends.
    """

    def find(reference: FragmentReference) -> FragmentVersion | None:
        number = reference.version or pins.get(reference.fragment_id, 0)
        return unit.fragments.find(visibility, FragmentReference(reference.fragment_id, number), hold=hold)

    return find


def named_fragments(
    unit: UnitOfWork, visibility: Visibility, definition: CampaignDefinition, pins: Pins, *, hold: bool = False
) -> Fragments:
    """Returns the fragments that a definition leads to. `hold` is that of `stored_finder`."""
    references = definition.fragment_references
    return fragments_of(references, stored_finder(unit, visibility, pins, hold=hold)) if references else NO_FRAGMENTS


def fragments_to_show(
    unit: UnitOfWork, visibility: Visibility, definition: CampaignDefinition, version: CampaignVersion | None
) -> Fragments:
    """Returns the fragments that a version is pinned to, whatever hides them now: whoever sees a campaign sees what it
    sends. Of a draft, which has no version, those that the caller sees.
    """
    if version is None:
        return named_fragments(unit, visibility, definition, NO_PINS)
    return fragments_of_version(unit, whole_sandbox(visibility.sandbox), version)


def fragments_of_version(unit: UnitOfWork, visibility: Visibility, version: CampaignVersion) -> Fragments:
    """Returns the fragments that a version of a campaign is pinned to."""
    return named_fragments(unit, visibility, version.definition, version.pins) if version.fragments else NO_FRAGMENTS


def versions_of(fragments: Fragments) -> dict[str, int]:
    """Returns the number of the version that each name means, in the order of the names."""
    return {str(reference): fragments[reference].number for reference in sorted(fragments)}
