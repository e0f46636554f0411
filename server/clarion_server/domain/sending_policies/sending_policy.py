"""Sending policies: at which hours the messages of campaigns may leave, and how many of them a person gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from clarion_server.domain.category import Category
from clarion_server.domain.names import SENDING_POLICIES
from clarion_server.domain.people.time_zone import is_time_zone
from clarion_server.domain.resource import Resource
from clarion_server.domain.sending_policies.frequency_cap import MAX_CAPS, FrequencyCap, cap_violations
from clarion_server.domain.sending_policies.quiet_hours import MINUTES_OF_DAY, OpeningHours, WallInterval, WallIntervals
from clarion_server.domain.text_rules import display_name_violations, repetition_violations
from clarion_server.domain.violation import Violation, malformed, out_of_range, required, too_many

#: The policy of this id holds for the campaigns that name none.
DEFAULT_POLICY = "default"
#: A sandbox has at most this many sending policies.
MAX_POLICIES = 100
#: A policy has at most this many quiet hours and send windows together.
MAX_INTERVALS = 14
#: The rate lies between these bounds, in messages a second.
MIN_RATE, MAX_RATE = 0.01, 100_000.0


class TimeZoneSource(StrEnum):
    """Says whose clock counts."""

    PROFILE = "PROFILE"
    """Is that of the recipient's profile, and the policy's where the profile has none."""
    FIXED = "FIXED"
    """It is the time zone of the policy."""


class WhenClosed(StrEnum):
    """Is what becomes of a message that must not leave now."""

    DEFER = "DEFER"
    EXCLUDE = "EXCLUDE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingPolicy(Resource):
    COLLECTION: ClassVar = SENDING_POLICIES

    display_name: str
    time_zone: str
    categories: tuple[Category, ...] = (Category.MARKETING,)
    """Holds those of the campaigns whose messages keep its hours and its rate. Each cap has categories of its own."""
    quiet_hours: WallIntervals = ()
    send_windows: WallIntervals = ()
    time_zone_source: TimeZoneSource = TimeZoneSource.PROFILE
    when_closed: WhenClosed = WhenClosed.DEFER
    caps: tuple[FrequencyCap, ...] = ()
    """All of them must have room for a message."""
    rate: float = 0.0
    """Says how many of its messages leave a second, over all processes; 0 sets no limit."""

    @property
    def is_always_open(self) -> bool:
        return not (self.quiet_hours or self.send_windows)

    @property
    def hours(self) -> OpeningHours:
        return OpeningHours(self.quiet_hours, self.send_windows)

    def closes_for(self, category: Category) -> bool:
        """Returns whether messages of the category may have to wait for an opening."""
        return category in self.categories and not self.is_always_open

    def holds_for(self, category: Category) -> bool:
        """Returns whether messages of the category keep its hours and its rate, or are counted by one of its caps."""
        return category in self.categories or any(category in cap.categories for cap in self.caps)


def policy_violations(policy: SendingPolicy) -> Iterator[Violation]:
    """Yields all violations, with the field paths of the contract's `SendingPolicy`."""
    yield from display_name_violations(policy.display_name)
    yield from repetition_violations(policy.categories, "categories")
    yield from _time_zone(policy.time_zone)
    yield from _hours(policy)
    yield from _caps(policy)
    # Written this way, the comparison also refuses NaN.
    if policy.rate != 0 and not MIN_RATE <= policy.rate <= MAX_RATE:
        yield out_of_range("rate", "Must be 0.01 to 100,000 a second, or 0 for no limit.")


def _time_zone(name: str) -> Iterator[Violation]:
    if not name:
        yield required("time_zone")
    elif not is_time_zone(name):
        yield malformed("time_zone", "Must be a name of the IANA database, such as 'Europe/Berlin' or 'Etc/GMT-2'.")


def _hours(policy: SendingPolicy) -> Iterator[Violation]:
    if len(policy.quiet_hours) + len(policy.send_windows) > MAX_INTERVALS:
        yield too_many("quiet_hours" if policy.quiet_hours else "send_windows", MAX_INTERVALS)
        return
    broken = [*_intervals(policy.quiet_hours, "quiet_hours"), *_intervals(policy.send_windows, "send_windows")]
    yield from broken
    if not broken and not policy.hours.open_every_week:
        field = "quiet_hours" if policy.quiet_hours else "send_windows"
        yield Violation(field, "NEVER_OPEN", "Must leave some minute of the week in which messages may be sent.")


def _caps(policy: SendingPolicy) -> Iterator[Violation]:
    if len(policy.caps) > MAX_CAPS:
        yield too_many("caps", MAX_CAPS)
        return
    yield from (violation.under("caps") for violation in cap_violations(policy.caps))


def _intervals(intervals: WallIntervals, field: str) -> Iterator[Violation]:
    for index, interval in enumerate(intervals):
        for violation in _interval(interval):
            yield violation.under(f"{field}[{index}]")


def _interval(interval: WallInterval) -> Iterator[Violation]:
    yield from repetition_violations(interval.days, "days")
    if interval.start == MINUTES_OF_DAY:
        yield out_of_range("start", "Must be before 24:00.")
    elif interval.start == interval.end:
        yield out_of_range("end", "Must differ from the start. A whole day is 00:00 to 24:00.")
