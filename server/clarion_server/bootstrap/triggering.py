"""Wires the component that accepts triggers and cancels what they led to."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.application.triggering.memberships import MembershipReader
from clarion_server.application.triggering.recipient_files import RecipientFiles
from clarion_server.application.triggering.trigger import Triggering
from clarion_server.bootstrap.attachments import Attachments
from clarion_server.bootstrap.core import Core
from clarion_server.bootstrap.sending import Sending


@dataclass(frozen=True, slots=True)
class Triggers:
    triggering: Triggering
    cancelling: CancelMessages


def wire_triggers(core: Core, sending: Sending, attachments: Attachments) -> Triggers:
    files = RecipientFiles(core.transactions, attachments.blobs, sending.dispatch, attachments.uploads.limits)
    triggering = Triggering(
        core.transactions,
        core.campaigns,
        core.commits,
        sending.dispatch,
        sending.queue,
        core.identities,
        core.clock,
        core.ids,
        core.exclusions,
        MembershipReader(core.conditions),
        files,
        core.metrics,
    )
    return Triggers(triggering, CancelMessages(core.transactions, core.clock))
