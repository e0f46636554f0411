"""Wires the components that keep what is known about people."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.profiles.profile_import import ImportProfiles
from clarion_server.application.profiles.profile_merge import ProfileMerger
from clarion_server.application.profiles.profiles import ManageProfiles
from clarion_server.application.suppressions.allow_lists import ManageAllowLists
from clarion_server.application.suppressions.entries import ManageSuppressions
from clarion_server.application.suppressions.importing import ImportSuppressions
from clarion_server.bootstrap.consents import Consents, wire_consents
from clarion_server.bootstrap.core import Core


@dataclass(frozen=True, slots=True)
class People:
    profiles: ManageProfiles
    profile_imports: ImportProfiles
    profile_merger: ProfileMerger
    consents: Consents
    allow_lists: ManageAllowLists
    suppressions: ManageSuppressions
    suppression_imports: ImportSuppressions


def wire_people(core: Core) -> People:
    return People(
        ManageProfiles(core.transactions, core.identities, core.clock, core.ids),
        ImportProfiles(core.transactions, core.identities, core.clock, core.ids),
        ProfileMerger(core.transactions, core.clock),
        wire_consents(core),
        ManageAllowLists(core.transactions, core.clock),
        ManageSuppressions(core.transactions, core.clock, core.ids),
        ImportSuppressions(core.transactions, core.clock, core.ids),
    )
