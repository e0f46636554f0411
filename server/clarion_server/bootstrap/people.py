"""Wires the component that keeps what is known about people."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.profiles.profiles import ManageProfiles
from clarion_server.bootstrap.core import Core


@dataclass(frozen=True, slots=True)
class People:
    profiles: ManageProfiles


def wire_people(core: Core) -> People:
    return People(ManageProfiles(core.transactions, core.identities, core.clock, core.ids))
