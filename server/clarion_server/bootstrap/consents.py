"""Wires the component that keeps topics and people's choices about them."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.consent.consents import ManageConsents
from clarion_server.application.consent.recording import ConsentRecorder
from clarion_server.application.consent.settings import ManageConsentSettings
from clarion_server.bootstrap.core import Core


@dataclass(frozen=True, slots=True)
class Consents:
    consents: ManageConsents
    settings: ManageConsentSettings


def wire_consents(core: Core) -> Consents:
    transactions, clock = core.transactions, core.clock
    return Consents(
        ManageConsents(transactions, core.identities, ConsentRecorder(clock, core.ids), clock),
        ManageConsentSettings(transactions, clock),
    )
