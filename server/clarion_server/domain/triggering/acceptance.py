"""Decides what an accepted trigger becomes: its execution, and one message per recipient and action.

The decision is pure. What it needs from the store comes as `Facts`, read in the transaction that writes the
decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.campaigns.campaign_definition import ActionMode
from clarion_server.domain.campaigns.targeting import (
    NO_FAILURES,
    NO_MEMBERSHIPS,
    ContentChoice,
    Memberships,
    RuleFailures,
)
from clarion_server.domain.consent.consent import NOT_ASKED, ConsentDecision
from clarion_server.domain.messages.attempt import NO_ATTEMPTS, BegunAttempts
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Fallback, Message, MessageEnd, MessageState, message_id
from clarion_server.domain.triggering.exclusion_rules import (
    BY_CLOCK,
    NO_EXCLUSION_FACTS,
    ExclusionFacts,
    find_exclusions,
    with_no_rule_matched,
)
from clarion_server.domain.triggering.execution import Execution
from clarion_server.domain.triggering.held_messages import HeldMessages, without_attempt
from clarion_server.domain.triggering.kind_facts import KindFacts, kind_facts
from clarion_server.domain.triggering.targets import AcceptedRecipient, ContentChooser
from clarion_server.domain.triggering.trigger import NO_ATTRIBUTES, NO_FILES, Trigger, TriggerKind
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation

#: Python 3.11 takes as long to find a member in its class as to create a small object.
_QUEUED, _SENDING = MessageState.QUEUED, MessageState.SENDING
_FIRST_DELIVERABLE, _ACCEPT = ActionMode.FIRST_DELIVERABLE, ExclusionPhase.ACCEPT

NO_CHOICES: Mapping[tuple[int, int], ContentChoice] = {}


@dataclass(frozen=True, slots=True)
class Facts:
    """Holds the data of the store on which the decisions about a batch of triggers depend."""

    revisions: Mapping[int, int]
    """Holds the revision of each campaign, by key."""
    earlier: Mapping[tuple[int, str], Execution]
    """Holds the executions that have a request id of the batch, lapsed ones included, by campaign key and request id.
    """
    with_profiles: AbstractSet[int] = frozenset()
    """Holds the keys of the campaigns in whose sandbox there are profiles."""
    exclusions: ExclusionFacts = NO_EXCLUSION_FACTS
    memberships: Mapping[str, Memberships] = field(default_factory=dict)
    """Holds those of the recipients of each trigger with rules that ask about audiences, by the id of its execution."""
    kinds: dict[TriggerKind, KindFacts] = field(init=False, default_factory=dict, compare=False, repr=False)
    """Holds what was found about the kinds of triggers that are decided already."""

    def of_kind(self, kind: TriggerKind) -> KindFacts:
        """Returns what is the same for all triggers of a kind."""
        found = self.kinds.get(kind)
        if found is None:
            found = self.kinds[kind] = kind_facts(kind, self.exclusions)
        return found

    def memberships_of(self, trigger: Trigger) -> Memberships:
        return self.memberships.get(trigger.execution.id, NO_MEMBERSHIPS) if self.memberships else NO_MEMBERSHIPS


@value
class Accepted:
    """The trigger becomes this execution and these messages."""

    execution: Execution
    messages: Sequence[Message]
    attributes: Mapping[int, Mapping[str, Any]] = field(default_factory=lambda: NO_ATTRIBUTES)
    """Is as in the trigger."""
    lapsed: Execution | None = None
    """Is the execution that had the same request id, and has had it for longer than the window of idempotency."""
    deferred: Sequence[Message] = ()
    """Holds those of the messages that wait for the next opening of their sending policy, or for their turn."""
    exclusions: Mapping[tuple[int, int], Sequence[Exclusion]] = field(default_factory=dict)
    """Says why messages are excluded, by the positions of recipient and action: the first one is the message's."""
    extends: bool = False
    """Is as in the trigger: the execution is stored already."""
    files: Mapping[int, tuple[MessageFile, ...]] = field(default_factory=lambda: NO_FILES)
    """Is as in the trigger."""
    rule_failures: RuleFailures = field(default_factory=lambda: NO_FAILURES)
    """Holds the evaluations of rules that failed."""
    choices: Mapping[tuple[int, int], ContentChoice] = field(default_factory=lambda: NO_CHOICES)
    """Says which contents were chosen by rules, by the positions of recipient and action."""


@value
class Replayed:
    """The request id was used before, by this execution."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class CampaignChanged:
    """The campaign changed after the trigger was checked, so that the check must be repeated."""


@value
class Refused:
    """The trigger becomes nothing."""

    violations: tuple[Violation, ...]


Decision = Accepted | Replayed | CampaignChanged | Refused


def decide_all(triggers: Iterable[Trigger], facts: Facts) -> list[Decision]:
    """Returns the decisions about triggers, one after the other: the same request id may occur twice among them."""
    earlier = dict(facts.earlier)
    facts = replace(facts, earlier=earlier)
    decisions = []
    for trigger in triggers:
        decision = decide(trigger, facts)
        key = trigger.execution.request_key
        if key is not None and isinstance(decision, Accepted):
            earlier[key] = decision.execution
        decisions.append(decision)
    return decisions


def decide(trigger: Trigger, facts: Facts) -> Decision:
    """Returns the decision about a trigger."""
    if (known := known_decision(trigger, facts)) is not None:
        return known
    if trigger.refusal:
        return Refused(trigger.refusal)
    return _accept(trigger, facts, _earlier(trigger, facts) if facts.earlier else None)


def _earlier(trigger: Trigger, facts: Facts) -> Execution | None:
    """Returns the execution that had the request id before, even if it has lapsed."""
    if not facts.earlier:
        return None
    key = trigger.execution.request_key
    return None if key is None else facts.earlier.get(key)


def known_decision(trigger: Trigger, facts: Facts) -> Replayed | CampaignChanged | None:
    """Returns the decision about a trigger that is not accepted whatever its recipients are; None for any other."""
    execution = trigger.execution
    earlier = _earlier(trigger, facts)
    # A repeated request gets its first answer, even when the campaign changed or ended in between.
    if earlier is not None and earlier.holds_request_id(execution.accept_time):
        return Replayed(earlier)
    if facts.revisions.get(execution.campaign_key) != trigger.kind.campaign_revision:
        return CampaignChanged()
    return None


def _accept(trigger: Trigger, facts: Facts, lapsed: Execution | None) -> Accepted:
    messages: list[Message] = []
    deferred: list[Message] = []
    exclusions: dict[tuple[int, int], Sequence[Exclusion]] = {}
    known, every, only_first = facts.exclusions, trigger.explains, trigger.execution.action_mode is _FIRST_DELIVERABLE
    actions, of_kind = trigger.kind.actions, facts.of_kind(trigger.kind)
    deciders, held = of_kind.consents, of_kind.held
    chooser = ContentChooser(actions, facts.memberships_of(trigger), keeps=every) if trigger.data else None
    is_ordered = chooser is not None or trigger.addresses is not None
    for recipient in trigger.recipients:
        choices = None if chooser is None else chooser.choose(recipient, trigger.data_of(recipient.index))
        for index in range(len(actions)):
            consent = NOT_ASKED
            if deciders:
                consent = deciders[index](recipient.identity, recipient.addresses[index])
            message = _message(trigger, recipient, index, consent, held, choices)
            is_free = held is not None and held.is_free(message, index)
            found = find_exclusions(
                message, trigger.release_time, _ACCEPT, known, consent, every=every, is_free=is_free
            )
            if is_ordered:
                found = _in_order_of_decision(trigger, recipient, index, choices, found)
            if found:
                exclusions[recipient.index, index] = found
                message = _excluded(message, found[0])
            elif held is not None:
                message, waits = held.applied(message, index)
                if waits:
                    deferred.append(message)
            messages.append(message)
            if only_first and not found:
                break
    failures, kept = (NO_FAILURES, NO_CHOICES) if chooser is None else (chooser.failures, chooser.kept)
    execution = _with_exclusions(trigger.execution, exclusions) if exclusions else trigger.execution
    # Positional arguments, in the order of the fields: see `_message`.
    return Accepted(
        execution,
        messages,
        trigger.attributes,
        lapsed,
        deferred,
        exclusions,
        trigger.extends,
        trigger.files,
        failures,
        kept,
    )


def _in_order_of_decision(
    trigger: Trigger,
    recipient: AcceptedRecipient,
    index: int,
    choices: Sequence[ContentChoice] | None,
    found: Sequence[Exclusion],
) -> Sequence[Exclusion]:
    """Returns why a message is excluded, also by what completed its recipient, by the messages to other members of an
    audience, and by the rules of its action. Takes its address if it is not.
    """
    position, addresses = recipient.index, trigger.addresses
    if (reason := trigger.reasons.get((position, index))) is not None:
        return (Exclusion(reason),)
    if addresses is not None and addresses.is_repeated(position, index):
        return (Exclusion(ExclusionReason.DUPLICATE_ADDRESS),)
    if choices is not None and choices[index].rule is None:
        found = with_no_rule_matched(found, every=trigger.explains)
    if addresses is not None and not found:
        addresses.take(position, index)
    return found


def _message(
    trigger: Trigger,
    recipient: AcceptedRecipient,
    index: int,
    consent: ConsentDecision,
    held: HeldMessages | None,
    choices: Sequence[ContentChoice] | None,
) -> Message:
    execution, target, owner = trigger.execution, trigger.kind.actions[index], trigger.owners[index]
    position, now, release = recipient.index, execution.accept_time, trigger.release_time
    # Positional arguments: this runs once per message, and keywords would make it a tenth slower.
    return Message(
        message_id(execution.id, position, index),
        target.action,
        recipient.identity,
        recipient.addresses[index],
        recipient.locale,
        recipient.context,
        trigger.profiles.get(position, recipient.profile) if trigger.profiles else recipient.profile,
        _QUEUED if owner is None else _SENDING,
        now,
        release,
        release,
        execution.expire_time,
        NO_ATTEMPTS if owner is None else BegunAttempts(1, now, owner, now),
        recipient.labels,
        target.locales.choose(recipient.locale) if choices is None else choices[index].locale,
        "" if choices is None else choices[index].rule or "",
        _fallbacks(trigger, recipient, index, choices) if execution.action_mode is _FIRST_DELIVERABLE else (),
        # The choice that decides proves later that it was right to send the message.
        None if consent.consent is None else consent.consent.change_key,
        None if held is None else held.kept(recipient, index),
        trigger.profile_keys.get(position),
        None if held is None else held.person(recipient, index),
        trigger.files.get(position, ()) if trigger.files else (),
    )


def _fallbacks(
    trigger: Trigger, recipient: AcceptedRecipient, index: int, choices: Sequence[ContentChoice] | None
) -> tuple[Fallback, ...]:
    """Returns the actions behind the one at the index, as the recipient would get them."""
    actions = trigger.kind.actions
    later = range(index + 1, len(actions))
    if choices is None:
        chosen = [actions[each].locales.choose(recipient.locale) for each in later]
        return tuple(map(Fallback, recipient.addresses[index + 1 :], chosen))
    return tuple([Fallback(recipient.addresses[each], choices[each].locale, choices[each].rule) for each in later])


def _with_exclusions(execution: Execution, exclusions: Mapping[tuple[int, int], Sequence[Exclusion]]) -> Execution:
    return replace(execution, exclusions={position: found[0].reason for position, found in exclusions.items()})


def _excluded(message: Message, exclusion: Exclusion) -> Message:
    """Returns the new message as excluded when it is accepted."""
    kept = message.sending_policy
    if kept is not None and kept.zone is not None and exclusion.reason not in BY_CLOCK:
        # Another reason decided before any clock was asked.
        kept = KeptPolicy(kept.id)
    end = MessageEnd(message.accept_time, exclusion)
    return without_attempt(message, state=MessageState.EXCLUDED, end=end, cap_person=None, sending_policy=kept)
