"""Decides whether a message must not be sent, when it is accepted and again before each attempt."""

from __future__ import annotations

from dataclasses import dataclass, field

from clarion_server.domain.allow_list import AllowLists
from clarion_server.domain.consent import ConsentDecision
from clarion_server.domain.consent_change import change_name
from clarion_server.domain.consent_facts import ConsentFacts
from clarion_server.domain.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.instant import Instant
from clarion_server.domain.magic import SimulatedOutcome, simulated_outcome
from clarion_server.domain.message import Message
from clarion_server.domain.sending_hours import SendingHours
from clarion_server.domain.sending_policy import WhenClosed
from clarion_server.domain.suppression import SuppressionIndex


@dataclass(frozen=True, slots=True)
class ExclusionFacts:
    """The data of the store on which the exclusions of a batch of messages depend."""

    suppressions: SuppressionIndex = field(default_factory=SuppressionIndex)
    consents: ConsentFacts = field(default_factory=ConsentFacts)
    allow_lists: AllowLists = field(default_factory=dict)
    hours: SendingHours = field(default_factory=SendingHours)


_SIMULATED = {
    SimulatedOutcome.SUPPRESSED: ExclusionReason.SUPPRESSED,
    SimulatedOutcome.NO_CONSENT: ExclusionReason.NO_CONSENT,
    SimulatedOutcome.NOT_ALLOWED: ExclusionReason.NOT_ALLOWED,
    SimulatedOutcome.QUIET: ExclusionReason.QUIET_HOURS,
}

#: Knows of nothing that excludes anybody.
NO_EXCLUSION_FACTS = ExclusionFacts()


def find_exclusion(
    message: Message, time: Instant, phase: ExclusionPhase, facts: ExclusionFacts, consent: ConsentDecision
) -> Exclusion | None:
    """Returns why the message must not be sent at that time, or None when it may be. `consent` is the decision of the
    facts about it.

    Only this function orders the reasons: the first that applies is returned.
    """
    simulated = simulated_outcome(message.address)
    if simulated is not None:
        # Magic recipients have the outcome that their address says, and no other.
        reason = _SIMULATED.get(simulated)
        return None if reason is None else Exclusion(reason, phase)
    if not message.address and message.channel.has_addresses:
        return Exclusion(ExclusionReason.NO_ADDRESS, phase)
    if facts is NO_EXCLUSION_FACTS:
        return None
    return (
        _by_allow_lists(message, phase, facts.allow_lists)
        or _by_suppressions(message, time, phase, facts.suppressions)
        or _by_consent(phase, consent)
        or _by_hours(message, time, phase, facts.hours)
    )


def _by_allow_lists(message: Message, phase: ExclusionPhase, allow_lists: AllowLists) -> Exclusion | None:
    for allow_list in allow_lists.get(message.sandbox, ()):
        if not allow_list.has(message.address or message.identity.partition(":")[2]):
            return Exclusion(ExclusionReason.NOT_ALLOWED, phase, allow_list.cause)
    return None


def _by_suppressions(
    message: Message, time: Instant, phase: ExclusionPhase, suppressions: SuppressionIndex
) -> Exclusion | None:
    for suppression in suppressions.covering(message.sandbox, message.channel, message.address, time):
        if suppression.stops(message.category):
            return Exclusion(ExclusionReason.SUPPRESSED, phase, suppression.name)
    return None


def _by_consent(phase: ExclusionPhase, consent: ConsentDecision) -> Exclusion | None:
    if consent.allowed:
        return None
    cause = "" if consent.consent is None else change_name(consent.consent.change_key)
    return Exclusion(ExclusionReason.NO_CONSENT, phase, cause)


def _by_hours(message: Message, time: Instant, phase: ExclusionPhase, hours: SendingHours) -> Exclusion | None:
    policy = hours.policy_of(message)
    if policy is None or (opening := hours.opening(message, time)) == time:
        return None
    expires_first = message.expire_time is not None and message.expire_time <= opening
    if policy.when_closed is WhenClosed.EXCLUDE or expires_first:
        return Exclusion(ExclusionReason.QUIET_HOURS, phase, policy.name)
    return None
