"""Messages that frequency caps count, and when they count."""

from __future__ import annotations

from clarion_server.application.ports.channels import HandOffFailed
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.sending_policies.frequency_cap import FrequencyCap

from tests.cap_entries import counted
from tests.fakes import ScriptedChannel
from tests.unit.application.running import CALLER, Process, claimed, messages, recipient
from tests.unit.application.sending_policies import utc
from tests.unit.application.world import World

QUEUED, SENT, EXCLUDED = MessageState.QUEUED, MessageState.SENT, MessageState.EXCLUDED
ACCEPT, HAND_OFF = ExclusionPhase.ACCEPT, ExclusionPhase.HAND_OFF
ONE_A_DAY = FrequencyCap(1, sliding=DAY)
NOON = utc("10T12:00")


async def send(
    process: Process, to: str = "email:jane@example.com", campaign_id: str = "offers", **fields: object
) -> Message:
    """Triggers the campaign for somebody, and returns the message."""
    before = set(messages(process.world))
    await process.trigger(recipient(to), campaign_id=campaign_id, **fields)
    (name,) = set(messages(process.world)) - before
    return messages(process.world)[name]


async def is_capped(process: Process, to: str = "email:jane@example.com", **fields: object) -> bool:
    """Returns whether a further message is capped. If it is not, it is cancelled."""
    message = await send(process, to, **fields)  # type: ignore[arg-type] # fields of a command
    await process.cancelling.cancel_message(message.id, CALLER)
    return message.end.exclusion == capped(ACCEPT)


def capped(phase: ExclusionPhase, policy: str = "default") -> Exclusion:
    return Exclusion(ExclusionReason.CAPPED, phase, f"sendingPolicies/{policy}")


def times(world: World) -> list[Instant]:
    """Returns when each message counts that caps count."""
    return sorted(time for entries in counted(world.store).values() for time in entries.values())


async def attempt(process: Process, end: HandOffFailed | None) -> None:
    """Claims the message, and records that its attempt ended so."""
    (message,) = (await claimed(process.world, lane=Lane.MARKETING)).messages
    (channel,) = process.world.see(lambda unit: unit.channels.by_keys({1}))
    outcome = await process.ports.attempts.attempt(ClaimedMessage(message), ScriptedChannel(lambda _: end), channel)
    assert outcome is not None
    await process.transactions.write(lambda unit: record_outcomes(unit, [outcome], "first"))
