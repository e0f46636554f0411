"""Converts sending policies from and to protobuf."""

from __future__ import annotations

from collections.abc import Sequence

from clarion.v1 import sending_policy_pb2 as pb

from clarion_server.application.resources import ResourceInput
from clarion_server.domain.category import Category
from clarion_server.domain.sending_policies.quiet_hours import (
    EVERY_DAY,
    MINUTES_OF_DAY,
    WallInterval,
    WallIntervals,
    WallMinute,
    read_wall_time,
    write_wall_time,
)
from clarion_server.domain.sending_policies.sending_policy import (
    MAX_INTERVALS,
    SendingPolicy,
    TimeZoneSource,
    WhenClosed,
)
from clarion_server.domain.violation import malformed, required
from clarion_server.transport.api.convert.enums import CATEGORY, TIME_ZONE_SOURCE, WEEKDAY, WHEN_CLOSED
from clarion_server.transport.api.convert.frequency_caps import from_caps, to_cap
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_timestamp

#: One more than the limit is enough to report too many. A request could hold millions.
_INTERVALS_READ = MAX_INTERVALS + 1


def to_policy_input(policy: pb.SendingPolicy) -> ResourceInput[SendingPolicy]:
    """Reads the editable fields, with defaults for those that are not set. The input carries the violations."""
    parser = RequestParser()
    read = SendingPolicy(
        sandbox="",
        id="",
        display_name=policy.display_name,
        time_zone=policy.time_zone,
        create_time=0,
        update_time=0,
        categories=parser.members(CATEGORY, policy.categories, "categories") or (Category.MARKETING,),
        quiet_hours=_from_intervals(parser, policy.quiet_hours, "quiet_hours"),
        send_windows=_from_intervals(parser, policy.send_windows, "send_windows"),
        time_zone_source=(
            parser.member(TIME_ZONE_SOURCE, policy.time_zone_source, "time_zone_source") or TimeZoneSource.PROFILE
        ),
        when_closed=parser.member(WHEN_CLOSED, policy.when_closed, "when_closed") or WhenClosed.DEFER,
        caps=from_caps(parser, policy.caps),
        rate=policy.rate,
    )
    return ResourceInput(read, parser.violations)


def to_sending_policy(policy: SendingPolicy) -> pb.SendingPolicy:
    return pb.SendingPolicy(
        name=policy.name,
        display_name=policy.display_name,
        categories=map(CATEGORY.number, policy.categories),
        quiet_hours=map(_to_interval, policy.quiet_hours),
        send_windows=map(_to_interval, policy.send_windows),
        time_zone_source=TIME_ZONE_SOURCE.number(policy.time_zone_source),
        time_zone=policy.time_zone,
        when_closed=WHEN_CLOSED.number(policy.when_closed),
        etag=policy.etag,
        create_time=to_timestamp(policy.create_time),
        update_time=to_timestamp(policy.update_time),
        caps=map(to_cap, policy.caps),
        rate=policy.rate,
    )


def _from_intervals(parser: RequestParser, intervals: Sequence[pb.WallClockInterval], field: str) -> WallIntervals:
    return tuple(
        _from_interval(parser, interval, f"{field}[{index}]")
        for index, interval in enumerate(intervals[:_INTERVALS_READ])
    )


def _from_interval(parser: RequestParser, interval: pb.WallClockInterval, field: str) -> WallInterval:
    # The stand-ins break no rule, so that only what could not be read is reported.
    return WallInterval(
        _from_time(parser, interval.start, f"{field}.start", 0),
        _from_time(parser, interval.end, f"{field}.end", MINUTES_OF_DAY),
        parser.members(WEEKDAY, interval.days, f"{field}.days") or EVERY_DAY,
    )


def _from_time(parser: RequestParser, text: str, field: str, stand_in: WallMinute) -> WallMinute:
    minute = read_wall_time(text)
    if minute is None:
        parser.add(malformed(field, "Must be a time such as 22:00.") if text else required(field))
    return stand_in if minute is None else minute


def _to_interval(interval: WallInterval) -> pb.WallClockInterval:
    return pb.WallClockInterval(
        days=map(WEEKDAY.number, interval.days),
        start=write_wall_time(interval.start),
        end=write_wall_time(interval.end),
    )
