"""Sending policies from the wire and back."""

from __future__ import annotations

from clarion.v1 import sending_policy_pb2 as pb
from clarion_server.domain.category import Category
from clarion_server.domain.sending_policies.quiet_hours import EVERY_DAY, WallInterval
from clarion_server.domain.sending_policies.sending_policy import (
    MAX_INTERVALS,
    SendingPolicy,
    TimeZoneSource,
    WhenClosed,
)
from clarion_server.transport.api.convert.sending_policies import to_policy_input, to_sending_policy
from hypothesis import given

from tests.unit.transport.definitions import sending_policies


@given(sending_policies)
def test_a_policy_survives_the_way_to_the_wire_and_back(policy: SendingPolicy) -> None:
    wire = to_sending_policy(policy)
    read = to_policy_input(pb.SendingPolicy.FromString(wire.SerializeToString()))
    assert read.resource == policy
    assert read.violations == ()


def test_what_is_left_out_has_its_documented_default() -> None:
    read = to_policy_input(pb.SendingPolicy(quiet_hours=[pb.WallClockInterval(start="22:00", end="24:00")])).resource
    assert read.categories == (Category.MARKETING,)
    assert (read.time_zone_source, read.when_closed) == (TimeZoneSource.PROFILE, WhenClosed.DEFER)
    assert read.quiet_hours == (WallInterval(22 * 60, 24 * 60, EVERY_DAY),)


def test_everything_that_cannot_be_read_is_reported_by_its_path() -> None:
    sent = pb.SendingPolicy(
        categories=[99],  # type: ignore[list-item] # a caller may send any number, here and below
        quiet_hours=[pb.WallClockInterval(days=[0], start="8:00")],  # type: ignore[list-item] # as above
        send_windows=[pb.WallClockInterval(start="22:00", end="25:00")],
        time_zone_source=99,  # type: ignore[arg-type] # as above
        when_closed=99,  # type: ignore[arg-type] # as above
    )
    assert {(violation.field, violation.reason) for violation in to_policy_input(sent).violations} == {
        ("categories[0]", "UNKNOWN_VALUE"),
        ("quiet_hours[0].days[0]", "UNKNOWN_VALUE"),
        ("quiet_hours[0].start", "MALFORMED"),
        ("quiet_hours[0].end", "REQUIRED"),
        ("send_windows[0].end", "MALFORMED"),
        ("time_zone_source", "UNKNOWN_VALUE"),
        ("when_closed", "UNKNOWN_VALUE"),
    }


def test_of_too_many_intervals_no_more_are_read_than_show_it() -> None:
    sent = pb.SendingPolicy(quiet_hours=[pb.WallClockInterval(start="22:00", end="08:00")] * 1_000)
    assert len(to_policy_input(sent).resource.quiet_hours) == MAX_INTERVALS + 1
