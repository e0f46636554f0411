"""Converts frequency caps from and to protobuf."""

from __future__ import annotations

from collections.abc import Sequence

from clarion.v1 import sending_policy_pb2 as pb

from clarion_server.domain.category import Category
from clarion_server.domain.instant import Span
from clarion_server.domain.names import TOPICS
from clarion_server.domain.sending_policies.frequency_cap import MAX_CAPS, CalendarPeriod, FrequencyCap
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.enums import CALENDAR_PERIOD, CATEGORY, CHANNEL
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_duration

#: One more than the limit is enough to report too many. A request could hold millions.
_CAPS_READ = MAX_CAPS + 1


def from_caps(parser: RequestParser, caps: Sequence[pb.FrequencyCap]) -> tuple[FrequencyCap, ...]:
    return tuple(_from_cap(parser, cap, f"caps[{index}]") for index, cap in enumerate(caps[:_CAPS_READ]))


def _from_cap(parser: RequestParser, cap: pb.FrequencyCap, field: str) -> FrequencyCap:
    sliding, period = _from_window(parser, cap, field)
    names_tag = cap.WhichOneof("subject") == "tag"
    if names_tag and not cap.tag:
        parser.add(required(f"{field}.tag"))
    return FrequencyCap(
        cap.count,
        sliding,
        period,
        parser.members(CHANNEL, cap.channels, f"{field}.channels"),
        parser.members(CATEGORY, cap.categories, f"{field}.categories") or (Category.MARKETING,),
        parser.id(TOPICS, cap.topic, f"{field}.topic") if cap.HasField("topic") else None,
        cap.tag if names_tag else None,
    )


def _from_window(parser: RequestParser, cap: pb.FrequencyCap, field: str) -> tuple[Span | None, CalendarPeriod | None]:
    if cap.HasField("sliding"):
        return parser.span(cap.sliding, f"{field}.sliding"), None
    if not cap.HasField("calendar"):
        return None, None
    period = parser.member(CALENDAR_PERIOD, cap.calendar, f"{field}.calendar")
    if not cap.calendar:
        parser.add(required(f"{field}.calendar"))
    # The stand-in breaks no rule, so that only what could not be read is reported.
    return None, period or CalendarPeriod.DAY


def to_cap(cap: FrequencyCap) -> pb.FrequencyCap:
    wire = pb.FrequencyCap(
        count=cap.count,
        channels=map(CHANNEL.number, cap.channels),
        categories=map(CATEGORY.number, cap.categories),
    )
    if cap.sliding is not None:
        wire.sliding.CopyFrom(to_duration(cap.sliding))
    else:
        wire.calendar = CALENDAR_PERIOD.number(cap.period)
    if cap.topic is not None:
        wire.topic = TOPICS.format(cap.topic)
    if cap.tag is not None:
        wire.tag = cap.tag
    return wire
