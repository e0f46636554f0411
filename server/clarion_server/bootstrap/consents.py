"""Wires the component that keeps topics and people's choices about them."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.consent.topics import ManageTopics
from clarion_server.bootstrap.core import Core


@dataclass(frozen=True, slots=True)
class Consents:
    topics: ManageTopics


def wire_consents(core: Core) -> Consents:
    return Consents(ManageTopics(core.transactions, core.clock))
