"""The stored policies and time zones on which a batch of messages depends, and when each message may be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clarion_server.domain.category import Category
from clarion_server.domain.identity import IdentityKey
from clarion_server.domain.instant import Instant
from clarion_server.domain.magic import simulated_outcome
from clarion_server.domain.message import Message
from clarion_server.domain.sending_policy import SendingPolicy
from clarion_server.domain.time_zone import is_time_zone, time_zone
from clarion_server.domain.value import value


@value
class HoursQuestion:
    """What must be known to decide when messages of one sandbox, policy and category may be sent."""

    sandbox: str
    policy: str
    category: Category
    identities: Mapping[str, IdentityKey]
    """Of the recipients: what each is compared by, by the form that is given."""


@dataclass(frozen=True, slots=True)
class SendingHours:
    policies: Mapping[tuple[str, str], SendingPolicy] = field(default_factory=dict)
    """By the sandbox and the policy's id."""
    zones: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The time zones of profiles that have one, by the sandbox and one of their identities as it is given."""
    _openings: dict[tuple[str, str, str, Instant], Instant] = field(default_factory=dict, compare=False, repr=False)
    """The openings that were found, since many messages of a batch have the same policy, time zone and time."""

    def policy(self, sandbox: str, policy_id: str | None, category: Category) -> SendingPolicy | None:
        """Returns the policy if it holds for messages of the category."""
        found = None if policy_id is None else self.policies.get((sandbox, policy_id))
        return found if found is not None and category in found.categories else None

    def policy_of(self, message: Message) -> SendingPolicy | None:
        return self.policy(message.sandbox, message.sending_policy, message.category)

    def opening(self, message: Message, time: Instant) -> Instant:
        """Returns the first instant at or after `time` at which the message may be sent."""
        policy = self.policy_of(message)
        # Messages of magic recipients are sent whatever the hour.
        if policy is None or simulated_outcome(message.address) is not None:
            return time
        zone = self.zones.get((message.sandbox, message.identity), policy.time_zone)
        key = (message.sandbox, policy.id, zone, time)
        if key not in self._openings:
            self._openings[key] = _find_opening(policy, zone, time)
        return self._openings[key]


def _find_opening(policy: SendingPolicy, zone: str, time: Instant) -> Instant:
    # A later database of time zones may lack a name that an earlier one had.
    known = zone if is_time_zone(zone) else policy.time_zone
    return policy.hours.next_opening(time, time_zone(known))
