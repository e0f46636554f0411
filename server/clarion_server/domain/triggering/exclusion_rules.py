"""Decides whether a message must not be sent, when it is accepted and again before each attempt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clarion_server.domain.addresses.magic import SimulatedOutcome, simulated_outcome
from clarion_server.domain.consent.consent import ConsentDecision
from clarion_server.domain.consent.consent_change import change_name
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import Message
from clarion_server.domain.sending_policies.cap_ledger import CapLedger
from clarion_server.domain.sending_policies.cap_rules import kind_of_message
from clarion_server.domain.sending_policies.sending_hours import SendingHours
from clarion_server.domain.sending_policies.sending_policy import WhenClosed
from clarion_server.domain.sourced_value import SourcedValue
from clarion_server.domain.suppressions.allow_list import AllowLists
from clarion_server.domain.suppressions.suppression import SuppressionIndex
from clarion_server.domain.triggering.consent_facts import ConsentFacts
from clarion_server.domain.triggering.targets import NO_RULE_MATCHED


@dataclass(frozen=True, slots=True)
class ExclusionFacts:
    """Holds the data of the store on which the exclusions of a batch of messages depend."""

    suppressions: SuppressionIndex = field(default_factory=SuppressionIndex)
    consents: ConsentFacts = field(default_factory=ConsentFacts)
    allow_lists: AllowLists = field(default_factory=dict)
    hours: SendingHours = field(default_factory=SendingHours)
    caps: CapLedger = field(default_factory=CapLedger)
    """Changes while the batch is decided, as room is reserved for those of its messages that may be sent."""
    rules: Sequence[_Rule] = field(init=False, compare=False, repr=False)
    """Holds those that may find something, in the order in which they decide."""
    usual_rules: Sequence[_Rule] = field(init=False, compare=False, repr=False)
    """Is the same for messages that have an address and consent, as nearly all have."""
    free_rules: Sequence[_Rule] = field(init=False, compare=False, repr=False)
    """Is the same for those whose policy is open, and whose caps have room."""

    def __post_init__(self) -> None:
        rules = [rule for rule, may_find in _RULES if may_find(self)]
        object.__setattr__(self, "rules", rules)
        usual = [rule for rule in rules if rule not in (_by_address, _by_consent)]
        object.__setattr__(self, "usual_rules", usual)
        object.__setattr__(self, "free_rules", [rule for rule in usual if rule not in (_by_hours, _by_caps)])

    def zone_of(self, message: Message) -> SourcedValue | None:
        """Returns the time zone by whose clock hours or caps decide about the message; None if none of them does."""
        kept, action = message.sending_policy, message.action
        policy = None if kept is None else self.hours.named(action.sandbox, kept.id)
        if policy is None or simulated_outcome(message.address) is not None:
            return None
        caps = self.caps.rules.of(kind_of_message(message))
        if not policy.closes_for(action.category) and all(rule.cap.period is None for rule in caps):
            return None
        return self.hours.zone_of(action.sandbox, message.identity, policy)


_SIMULATED = {
    SimulatedOutcome.SUPPRESSED: ExclusionReason.SUPPRESSED,
    SimulatedOutcome.NO_CONSENT: ExclusionReason.NO_CONSENT,
    SimulatedOutcome.NOT_ALLOWED: ExclusionReason.NOT_ALLOWED,
    SimulatedOutcome.QUIET: ExclusionReason.QUIET_HOURS,
    SimulatedOutcome.CAPPED: ExclusionReason.CAPPED,
}
#: Holds the reasons that a time zone may bring about.
BY_CLOCK = frozenset({ExclusionReason.QUIET_HOURS, ExclusionReason.CAPPED})
#: Returns why a message must not be sent at a time; `find_exclusions` describes the parameters.
_Rule = Callable[[Message, Instant, ExclusionPhase, "ExclusionFacts", ConsentDecision], Sequence[Exclusion]]


def find_exclusions(
    message: Message,
    time: Instant,
    phase: ExclusionPhase,
    facts: ExclusionFacts,
    consent: ConsentDecision,
    *,
    every: bool = False,
    is_free: bool = False,
) -> Sequence[Exclusion]:
    """Returns why the message must not be sent at that time: the exclusions of the first rule that has any, or those
    of `every` rule. `consent` is the decision of the facts about it. `is_free`: it is known that its policy is open
    then, and that its caps have room.

    Only `_RULES` orders the reasons: the first one is the message's.
    """
    simulated = simulated_outcome(message.address)
    if simulated is not None:
        # Magic recipients have the outcome that their address says, and no other.
        reason = _SIMULATED.get(simulated)
        return () if reason is None else (Exclusion(reason, phase),)
    # Nearly every message leaves here, so this is `_lacks_address` without a call.
    if facts is NO_EXCLUSION_FACTS and (message.address or not message.action.channel.has_addresses):
        return ()
    found: Sequence[Exclusion] = ()
    rules = facts.rules
    if message.address and consent.allowed:
        rules = facts.free_rules if is_free else facts.usual_rules
    for rule in rules:
        if more := rule(message, time, phase, facts, consent):
            found = (*found, *more)
            if not every:
                break
    return found


def _lacks_address(message: Message) -> bool:
    return not message.address and message.action.channel.has_addresses


def _by_address(
    message: Message, _time: Instant, phase: ExclusionPhase, _facts: ExclusionFacts, _consent: ConsentDecision
) -> Sequence[Exclusion]:
    if message.address or not _lacks_address(message):
        return ()
    return (Exclusion(ExclusionReason.NO_ADDRESS, phase),)


def _by_allow_lists(
    message: Message, _time: Instant, phase: ExclusionPhase, facts: ExclusionFacts, _consent: ConsentDecision
) -> Sequence[Exclusion]:
    allow_lists = facts.allow_lists.get(message.action.sandbox)
    if not allow_lists or _lacks_address(message):
        return ()
    whom = message.address or message.identity.partition(":")[2]
    return [
        Exclusion(ExclusionReason.NOT_ALLOWED, phase, allow_list.cause)
        for allow_list in allow_lists
        if not allow_list.has(whom)
    ]


def _by_suppressions(
    message: Message, time: Instant, phase: ExclusionPhase, facts: ExclusionFacts, _consent: ConsentDecision
) -> Sequence[Exclusion]:
    covering = facts.suppressions.covering(message.action.sandbox, message.action.channel, message.address, time)
    if not covering:
        # Nearly every message has none, and a comprehension takes as long as all else here.
        return ()
    return [
        Exclusion(ExclusionReason.SUPPRESSED, phase, suppression.name)
        for suppression in covering
        if suppression.stops(message.action.category)
    ]


def _by_consent(
    message: Message, _time: Instant, phase: ExclusionPhase, facts: ExclusionFacts, consent: ConsentDecision
) -> Sequence[Exclusion]:
    if consent.allowed:
        return ()
    if consent.consent is not None:
        return (Exclusion(ExclusionReason.NO_CONSENT, phase, change_name(consent.consent.change_key)),)
    # The person has said nothing.
    return (
        Exclusion(
            ExclusionReason.NO_CONSENT,
            phase,
            facts.consents.silence_cause(message.action.sandbox, message.action.topic),
        ),
    )


def _by_hours(
    message: Message, time: Instant, phase: ExclusionPhase, facts: ExclusionFacts, _consent: ConsentDecision
) -> Sequence[Exclusion]:
    if message.sending_policy is None or (opening := facts.hours.opening(message, time)) == time:
        return ()
    policy = facts.hours.policy_of(message)
    assert policy is not None, "only a policy makes a message wait"
    expires_first = message.expire_time is not None and message.expire_time <= opening
    if policy.when_closed is WhenClosed.EXCLUDE or expires_first:
        return (Exclusion(ExclusionReason.QUIET_HOURS, phase, policy.name),)
    return ()


def _by_caps(
    message: Message, time: Instant, phase: ExclusionPhase, facts: ExclusionFacts, _consent: ConsentDecision
) -> Sequence[Exclusion]:
    if message.sending_policy is None:
        return ()
    full = facts.caps.find_full(message, time)
    return () if full is None else (Exclusion(ExclusionReason.CAPPED, phase, full.name),)


#: In the order in which they decide, with whether each may find anything by some facts.
_RULES: Sequence[tuple[_Rule, Callable[[ExclusionFacts], bool]]] = (
    (_by_address, lambda _: True),
    (_by_allow_lists, lambda facts: bool(facts.allow_lists)),
    (_by_suppressions, lambda facts: not facts.suppressions.is_empty),
    (_by_consent, lambda _: True),
    (_by_hours, lambda facts: any(not policy.is_always_open for policy in facts.hours.policies.values())),
    (_by_caps, lambda facts: bool(facts.caps.rules.hours.policies)),
)

#: Holds the reasons that decide before the rules by which an action chooses its content.
_BEFORE_TARGETING = frozenset(
    {
        ExclusionReason.NO_ADDRESS,
        ExclusionReason.NOT_ALLOWED,
        ExclusionReason.SUPPRESSED,
        ExclusionReason.NO_CONSENT,
    }
)


def with_no_rule_matched(found: Sequence[Exclusion], *, every: bool) -> Sequence[Exclusion]:
    """Returns why a message is excluded if no rule of its action is true: the reason that decides, or `every` one.
    `found` are those that `find_exclusions` has found.
    """
    before = [each for each in found if each.reason in _BEFORE_TARGETING]
    if every:
        return (*before, NO_RULE_MATCHED, *found[len(before) :])
    return before or (NO_RULE_MATCHED,)


#: Knows of nothing that excludes anybody.
NO_EXCLUSION_FACTS = ExclusionFacts()
