"""Wires the components that keep what is known about people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clarion_server.adapters.phone_numbers import is_phone_region
from clarion_server.application.consent.recording import ConsentRecorder
from clarion_server.application.erasure.beginning import BeginErasure
from clarion_server.application.erasure.kept_addresses import AddressKeeper
from clarion_server.application.identity_namespaces.namespaces import ManageIdentityNamespaces
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profile_export import ExportProfiles
from clarion_server.application.profiles.profile_import import ImportProfiles, RecordChoices, RecordedChoices
from clarion_server.application.profiles.profile_merge import ProfileMerger
from clarion_server.application.profiles.profiles import ManageProfiles
from clarion_server.application.suppressions.allow_lists import ManageAllowLists
from clarion_server.application.suppressions.entries import ManageSuppressions
from clarion_server.application.suppressions.importing import ImportSuppressions
from clarion_server.bootstrap.audiences import Audiences, wire_audiences
from clarion_server.bootstrap.consents import Consents, wire_consents
from clarion_server.bootstrap.core import Core
from clarion_server.domain.access.access import Caller
from clarion_server.domain.consent.consent_change import ConsentChange
from clarion_server.domain.people.profile import ProfileRef


@dataclass(frozen=True, slots=True)
class People:
    profiles: ManageProfiles
    profile_imports: ImportProfiles
    profile_exports: ExportProfiles
    profile_merger: ProfileMerger
    erasures: BeginErasure
    consents: Consents
    allow_lists: ManageAllowLists
    suppressions: ManageSuppressions
    suppression_imports: ImportSuppressions
    identity_namespaces: ManageIdentityNamespaces
    audiences: Audiences


def wire_people(core: Core) -> People:
    return People(
        ManageProfiles(core.transactions, core.identities, core.clock, core.ids),
        ImportProfiles(core.transactions, core.identities, choice_recorder(core.clock, core.ids), core.clock, core.ids),
        ExportProfiles(core.transactions),
        ProfileMerger(core.transactions, core.clock),
        BeginErasure(
            core.transactions,
            core.identities,
            AddressKeeper(core.address_hashes.hasher, core.ids),
            core.clock,
            core.ids,
        ),
        wire_consents(core),
        ManageAllowLists(core.transactions, core.clock),
        ManageSuppressions(core.transactions, core.clock, core.ids, core.address_hashes.hasher),
        ImportSuppressions(core.transactions, core.clock, core.ids),
        ManageIdentityNamespaces(core.transactions, is_phone_region, core.clock),
        wire_audiences(core),
    )


def choice_recorder(clock: Clock, ids: Ids) -> RecordChoices:
    """Returns what stores the choices of people who are imported."""
    recorder = ConsentRecorder(clock, ids)

    def record(
        unit: UnitOfWork, caller: Caller, people: Sequence[tuple[ProfileRef, Sequence[ConsentChange]]]
    ) -> list[RecordedChoices]:
        own = [(person, [replace(change, actor=caller.name) for change in changes]) for person, changes in people]
        recorded = recorder.record_each(unit, caller.visibility, own)
        return [RecordedChoices(each.is_changed, each.forbidden) for each in recorded]

    return record
