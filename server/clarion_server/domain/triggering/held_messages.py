"""Says how the sending policy of new messages holds them back: until it opens or their turn comes, or for its caps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clarion_server.domain.addresses.magic import simulated_outcome
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.attempt import NO_ATTEMPTS
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.people.cap_person import CapPerson
from clarion_server.domain.sending_policies.cap_ledger import CapLedger, count, have_room
from clarion_server.domain.sending_policies.cap_rules import kind_of
from clarion_server.domain.sending_policies.sending_hours import SendingHours
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy
from clarion_server.domain.triggering.targets import AcceptedRecipient
from clarion_server.domain.triggering.trigger import TriggerKind

#: Python 3.11 takes as long to find a member in its class as to create a small object.
_SENDING = MessageState.SENDING


class HeldMessages:
    """Knows how a sending policy holds the messages of one kind of trigger back."""

    __slots__ = ("_asks_clock", "_caps", "_hours", "_is_open", "_kept", "_leaving", "_of_clock", "_people", "_policy")

    def __init__(self, kind: TriggerKind, policy: SendingPolicy, hours: SendingHours, caps: CapLedger) -> None:
        self._policy = policy
        self._hours = hours
        self._leaving = hours.leaving(policy, kind.category)
        kinds = [kind_of(each.action, policy.id) for each in kind.actions] if policy.caps else []
        #: Hold, for each action, whom the caps count that count its messages, and these caps.
        self._people = [caps.of_kind(each) for each in kinds]
        self._caps = [caps.counting(each) for each in kinds]
        may_wait, periods = self._leaving.may_wait, [any(each.rule.cap.period for each in of) for of in self._caps]
        #: Says for each action whether a clock decides about its messages.
        self._asks_clock = [may_wait or asks for asks in periods or [False] * len(kind.actions)]
        #: Those whose clocks count.
        self._of_clock = hours.people_of(kind.sandbox, policy)
        #: What messages keep, by the time zone of the profile; None: nobody's clock counts.
        self._kept: dict[str | None, KeptPolicy] = {None: KeptPolicy(policy.id)}
        #: Says whether the policy is open for the last message that was asked about.
        self._is_open = True

    def kept(self, recipient: AcceptedRecipient, index: int) -> KeptPolicy:
        """Returns what the message of an action keeps of the policy."""
        # Messages of magic recipients are sent whatever the hour.
        if not self._asks_clock[index] or simulated_outcome(recipient.addresses[index]) is not None:
            return self._kept[None]
        profile = self._of_clock.get(recipient.identity)
        name = "" if profile is None else profile.time_zone
        kept = self._kept.get(name)
        if kept is None:
            kept = self._kept[name] = KeptPolicy(self._policy.id, self._hours.zone_by(name, self._policy))
        return kept

    def person(self, recipient: AcceptedRecipient, index: int) -> CapPerson | None:
        """Returns for whom caps count the message of an action."""
        return self._people[index].get((recipient.identity, recipient.addresses[index])) if self._people else None

    def is_free(self, message: Message, index: int) -> bool:
        """Returns whether the policy is open for the message of an action, and its caps certainly have room."""
        time, person, kept = message.release_time, message.cap_person, message.sending_policy
        self._is_open = kept is None or self._leaving.opening(kept.zone, time) == time
        return self._is_open and (person is None or have_room(self._caps[index], person))

    def applied(self, message: Message, index: int) -> tuple[Message, bool]:
        """Returns the message that was asked about last as it may leave, and whether it waits for an opening or its
        turn. Caps count it.
        """
        waits = False
        # Nearly every message is queued while its policy is open, and leaves as it is.
        if not self._is_open or self._policy.rate > 0 or message.state is _SENDING:
            message, waits = _under_policy(message, self._policy, self._hours)
        if message.cap_person is not None:
            count(self._caps[index], message.cap_person, message.id, message.release_time, message.accept_time)
        return message, waits


def _under_policy(message: Message, policy: SendingPolicy, hours: SendingHours) -> tuple[Message, bool]:
    """Returns the new message as its policy lets it leave, and whether it waits for an opening or its turn."""
    opening = hours.opening(message, message.release_time)
    # A claim gives it its turn, where the policy has a rate.
    waits = opening > message.release_time or (policy.rate > 0 and hours.rated_policy_of(message) is not None)
    if waits:
        message = _deferred(message, opening)
    elif message.state is _SENDING and (closing := hours.closing(message, opening)) is not None:
        message = replace(message, attempts=replace(message.attempts, not_after=closing))
    return message, waits


def _deferred(message: Message, opening: Instant) -> Message:
    """Returns the new message as queued until the opening."""
    return without_attempt(message, state=MessageState.QUEUED, release_time=opening, due_time=opening)


def without_attempt(message: Message, **changes: Any) -> Message:
    """Returns the new message with the changes and without an attempt, so that nobody owns it."""
    return replace(message, attempts=NO_ATTEMPTS, **changes)
