"""Wires the components that keep audiences."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.audiences.audiences import ManageAudiences
from clarion_server.application.audiences.counting import AudienceCounter
from clarion_server.application.audiences.uploading import AudienceUploads
from clarion_server.bootstrap.core import Core


@dataclass(frozen=True, slots=True)
class Audiences:
    audiences: ManageAudiences
    uploads: AudienceUploads
    counter: AudienceCounter


def wire_audiences(core: Core) -> Audiences:
    return Audiences(
        ManageAudiences(core.transactions, core.conditions, core.clock),
        AudienceUploads(core.transactions, core.identities, core.clock),
        AudienceCounter(core.transactions, core.audiences, core.clock),
    )
