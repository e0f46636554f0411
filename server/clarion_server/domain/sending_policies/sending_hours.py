"""The stored policies and time zones on which a batch of messages depends, and when each message may be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from clarion_server.domain.addresses.magic import simulated_outcome
from clarion_server.domain.category import Category
from clarion_server.domain.instant import MINUTE, SECOND, Instant, Span
from clarion_server.domain.messages.message import Lane, Message
from clarion_server.domain.people.profile import NOBODY, KnownPeople, PeopleOfSandbox
from clarion_server.domain.people.time_zone import is_time_zone, time_zone
from clarion_server.domain.sending_policies.quiet_hours import OpeningHours
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy, TimeZoneSource
from clarion_server.domain.sourced_value import SourcedValue, ValueSource

#: Python 3.11 takes as long to find a member in its class as to create a small object.
_FIXED = TimeZoneSource.FIXED
#: Stands for an opening that is not awaited.
_OPEN: Instant = -1
#: A message that waits longer than this in a process's hands, for the pace or a free connection, is checked again.
LONGEST_WAIT: Span = 2 * SECOND


@dataclass(frozen=True, slots=True)
class SendingHours:
    policies: Mapping[tuple[str, str], SendingPolicy] = field(default_factory=dict)
    """Holds policies by the sandbox and the policy's id."""
    people: KnownPeople = field(default_factory=dict)
    """Holds those whose time zones may count."""
    _zones: dict[tuple[str, str, str], SourcedValue] = field(default_factory=dict, compare=False, repr=False)
    """Holds the time zones that were found, by the sandbox, the policy's id and the time zone of the profile."""
    _openings: dict[tuple[str, str, str, int], Instant] = field(default_factory=dict, compare=False, repr=False)
    """Holds the openings that were found, since many messages of a batch have the same policy, time zone and minute."""
    _closing: dict[tuple[str, str | None, Lane], SendingPolicy | None] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Is the policy that may be closed for messages of a sandbox, a policy and a lane; None where none may."""
    _of_messages: dict[str, tuple[Instant, Instant]] = field(default_factory=dict, compare=False, repr=False)
    """Is the last one that was found for each message, by its id, with the time, since several rules ask about it."""

    def named(self, sandbox: str, policy_id: str | None) -> SendingPolicy | None:
        return None if policy_id is None else self.policies.get((sandbox, policy_id))

    def policy_of(self, message: Message) -> SendingPolicy | None:
        """Returns the policy whose hours the message keeps."""
        if message.sending_policy is None:
            return None
        found = self.policies.get((message.action.sandbox, message.sending_policy.id))
        return found if found is not None and message.action.category in found.categories else None

    def rated_policy_of(self, message: Message) -> SendingPolicy | None:
        """Returns the policy whose rate the message keeps, if it has one. Magic recipients wait for no turn."""
        policy = self.policy_of(message)
        is_rated = policy is not None and policy.rate and simulated_outcome(message.address) is None
        return policy if is_rated else None

    def zone(self, sandbox: str, identity: str, policy: SendingPolicy) -> ZoneInfo:
        """Returns the time zone whose clock counts for the recipient."""
        return time_zone(self.zone_of(sandbox, identity, policy).value)

    def zone_of(self, sandbox: str, identity: str, policy: SendingPolicy) -> SourcedValue:
        """Returns the name of that time zone, and where it comes from."""
        profile = self.people_of(sandbox, policy).get(identity)
        return self.zone_by("" if profile is None else profile.time_zone, policy)

    def people_of(self, sandbox: str, policy: SendingPolicy) -> PeopleOfSandbox:
        """Returns those whose time zones count under the policy."""
        return NOBODY if policy.time_zone_source is _FIXED else self.people.get(sandbox, NOBODY)

    def zone_by(self, of_profile: str, policy: SendingPolicy) -> SourcedValue:
        """Returns the time zone that counts for somebody whose profile has this one, or none if it is empty."""
        key = (policy.sandbox, policy.id, of_profile)
        zone = self._zones.get(key)
        if zone is None:
            zone = SourcedValue(policy.time_zone, ValueSource.POLICY)
            # A later database of time zones may lack a name that an earlier one had.
            if of_profile and is_time_zone(of_profile):
                zone = SourcedValue(of_profile, ValueSource.PROFILE)
            self._zones[key] = zone
        return zone

    def opening(self, message: Message, time: Instant) -> Instant:
        """Returns the first instant at or after `time` at which the message may be sent."""
        found = self._of_messages.get(message.id)
        if found is None or found[0] != time:
            found = self._of_messages[message.id] = (time, self._find_opening(message, time))
        return found[1]

    def leaving(self, policy: SendingPolicy, category: Category) -> Leaving:
        """Returns when messages of the policy and the category may leave."""
        return Leaving(self, policy if policy.closes_for(category) else None)

    def closing(self, message: Message, time: Instant) -> Instant | None:
        """Returns when the hours end in which the message may be sent at `time`; None if that is later than the next
        check of a message that a process has claimed then.
        """
        policy, closed = self.policy_of(message), time + LONGEST_WAIT
        # No quiet hours are as short as the wait, so that they either hold at its end or do not begin within it.
        if policy is None or policy.is_always_open or self.opening(message, closed) == closed:
            return None
        zone = self.zone(message.action.sandbox, message.identity, policy)
        return _first_closed(policy.hours, time, closed, zone)

    def _find_opening(self, message: Message, time: Instant) -> Instant:
        sandbox, identity = message.action.sandbox, message.identity
        kept = message.sending_policy
        kind = (sandbox, None if kept is None else kept.id, message.action.lane)
        if kind not in self._closing:
            found = self.policy_of(message)
            self._closing[kind] = None if found is None or found.is_always_open else found
        policy = self._closing[kind]
        if policy is None:
            return time
        opening = self.opening_in(policy, self.zone_of(sandbox, identity, policy).value, time)
        # Messages of magic recipients are sent whatever the hour.
        return time if opening == time or simulated_outcome(message.address) is not None else opening

    def opening_in(self, policy: SendingPolicy, zone_name: str, time: Instant) -> Instant:
        """Returns the first instant at or after `time` at which the policy is open in the time zone."""
        # Hours begin and end with a minute, and so does every change of an offset in force: what holds for an instant
        # holds for its minute, and the triggers of a batch have one instant each.
        key = (policy.sandbox, policy.id, zone_name, time // MINUTE)
        opening = self._openings.get(key)
        if opening is None:
            first = policy.hours.next_opening(time, time_zone(zone_name))
            opening = self._openings[key] = _OPEN if first == time else first
        return time if opening == _OPEN else opening


class Leaving:
    """Finds when messages may leave that have one policy and category."""

    __slots__ = ("_hours", "_openings", "_policy", "_time")

    def __init__(self, hours: SendingHours, policy: SendingPolicy | None) -> None:
        """`policy` is None if it is never closed for them."""
        self._hours = hours
        self._policy = policy
        #: By the name of the time zone, for the time that was asked about last: many messages in a row have the same.
        self._openings: dict[str, Instant] = {}
        self._time: Instant | None = None

    @property
    def may_wait(self) -> bool:
        return self._policy is not None

    def opening(self, zone: SourcedValue | None, time: Instant) -> Instant:
        """Returns the first instant at or after the time at which the policy is open in the time zone. With None, no
        clock counts for the message.
        """
        policy = self._policy
        if policy is None or zone is None:
            return time
        if time != self._time:
            self._openings, self._time = {}, time
        name = zone.value
        opening = self._openings.get(name)
        if opening is None:
            opening = self._openings[name] = self._hours.opening_in(policy, name, time)
        return opening


def _first_closed(hours: OpeningHours, is_open: Instant, closed: Instant, zone: ZoneInfo) -> Instant:
    """Returns the first closed instant between one that is open and one that is closed, with one change in between."""
    while closed - is_open > 1:
        middle = (is_open + closed) // 2
        if hours.next_opening(middle, zone) == middle:
            is_open = middle
        else:
            closed = middle
    return closed
