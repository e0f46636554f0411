"""Frequency caps: which messages count, and whether one more has room."""

from __future__ import annotations

from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.instant import DAY, HOUR, MINUTE, Instant, Span, from_datetime
from clarion_server.domain.people.time_zone import time_zone
from clarion_server.domain.sending_policies.frequency_cap import (
    LONGEST,
    SHORTEST,
    CalendarPeriod,
    CountedMessage,
    FrequencyCap,
    cap_violations,
)
from hypothesis import given
from hypothesis import strategies as st

UTC, BERLIN, AUCKLAND, HONOLULU = map(time_zone, ("Etc/UTC", "Europe/Berlin", "Pacific/Auckland", "Pacific/Honolulu"))
DAILY, WEEKLY = FrequencyCap(1, period=CalendarPeriod.DAY), FrequencyCap(1, period=CalendarPeriod.WEEK)

instants = st.integers(0, 20 * DAY)
spans = st.integers(SHORTEST, 3 * DAY)


def instant(text: str) -> Instant:
    return from_datetime(datetime.fromisoformat(f"2027-{text}+00:00"))


@given(st.lists(instants, max_size=8), instants, st.integers(1, 4), spans, st.randoms())
def test_whether_a_message_fits_does_not_depend_on_the_order_of_the_others(
    entries: list[Instant], time: Instant, count: int, span: Span, random: Random
) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)
    for cap in (FrequencyCap(count, sliding=span), FrequencyCap(count, period=CalendarPeriod.DAY)):
        assert cap.fits(shuffled, time, BERLIN) == cap.fits(entries, time, BERLIN)


@given(st.lists(instants, max_size=12), st.integers(1, 4), spans)
def test_no_span_has_more_messages_than_the_cap_allows(times: list[Instant], count: int, span: Span) -> None:
    cap = FrequencyCap(count, sliding=span)
    accepted: list[Instant] = []
    for time in times:
        if cap.fits(accepted, time, UTC):
            accepted.append(time)
    for start in accepted:
        assert sum(start <= each < start + span for each in accepted) <= count


@given(st.lists(instants, max_size=8), instants, st.integers(1, 4), spans)
def test_a_message_is_refused_only_if_some_span_would_have_too_many(
    entries: list[Instant], time: Instant, count: int, span: Span
) -> None:
    together = [*entries, time]
    starts = [start for start in together if start <= time < start + span]
    full = any(sum(start <= each < start + span for each in together) > count for start in starts)
    assert FrequencyCap(count, sliding=span).fits(entries, time, UTC) == (not full)


def test_messages_that_are_accepted_for_later_count_too() -> None:
    cap = FrequencyCap(2, sliding=DAY)
    reserved = [10 * HOUR, 20 * HOUR]
    assert not cap.fits(reserved, 15 * HOUR, UTC)
    assert not cap.fits(reserved, 34 * HOUR - 1, UTC)
    assert cap.fits(reserved, 34 * HOUR, UTC)


def test_a_cap_that_was_lowered_asks_only_about_the_spans_that_the_message_is_in() -> None:
    assert FrequencyCap(1, sliding=DAY).fits([0, HOUR, 2 * HOUR], 3 * DAY, UTC)


@pytest.mark.parametrize(
    ("cap", "zone", "entry", "asked", "fits"),
    [
        pytest.param(DAILY, BERLIN, "10-30T22:10", "10-31T22:50", False, id="a day of 25 hours"),
        pytest.param(
            FrequencyCap(1, sliding=DAY), BERLIN, "10-30T22:10", "10-31T22:50", True, id="24 hours of that day"
        ),
        pytest.param(DAILY, AUCKLAND, "05-10T11:30", "05-10T12:30", True, id="midnight in Auckland lies between"),
        pytest.param(DAILY, HONOLULU, "05-10T11:30", "05-10T12:30", False, id="the same day in Honolulu"),
        pytest.param(WEEKLY, BERLIN, "05-09T21:30", "05-09T22:30", True, id="Sunday night and Monday"),
        pytest.param(WEEKLY, BERLIN, "05-03T00:30", "05-09T21:30", False, id="Monday and the Sunday after"),
        pytest.param(WEEKLY, BERLIN, "12-31T12:00", "12-27T12:00", False, id="a week that ends in the next year"),
        pytest.param(
            FrequencyCap(1, period=CalendarPeriod.MONTH), UTC, "05-31T23:59", "06-01T00:00", True, id="a month"
        ),
        pytest.param(
            FrequencyCap(1, period=CalendarPeriod.HOUR), UTC, "05-31T23:59", "05-31T23:00", False, id="an hour"
        ),
        pytest.param(
            FrequencyCap(1, period=CalendarPeriod.HOUR), UTC, "05-31T22:59", "05-31T23:00", True, id="the next"
        ),
        pytest.param(
            FrequencyCap(1, period=CalendarPeriod.HOUR), BERLIN, "10-31T00:30", "10-31T01:30", False, id="twice"
        ),
    ],
)
def test_a_calendar_period_is_one_of_the_clock_that_counts(
    cap: FrequencyCap, zone: ZoneInfo, entry: str, asked: str, *, fits: bool
) -> None:
    assert cap.fits([instant(entry)], instant(asked), zone) is fits
    assert cap.fits([instant(asked)], instant(entry), zone) is fits


@given(
    st.sampled_from(CalendarPeriod),
    st.integers(0, 800 * DAY),
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe"]),
)
def test_no_period_is_longer_than_what_is_remembered_for_it(period: CalendarPeriod, start: Instant, name: str) -> None:
    zone = time_zone(name)
    assert period.of(start, zone) != period.of(start + period.longest, zone)


@pytest.mark.parametrize(
    ("cap", "counts"),
    [
        (FrequencyCap(1, DAY), True),
        (FrequencyCap(1, DAY, channels=(Channel.WEBHOOK,)), False),
        (FrequencyCap(1, DAY, channels=(Channel.WEBHOOK, Channel.EMAIL)), True),
        (FrequencyCap(1, DAY, categories=(Category.TRANSACTIONAL,)), False),
        (FrequencyCap(1, DAY, topic="news"), True),
        (FrequencyCap(1, DAY, topic="offers"), False),
        (FrequencyCap(1, DAY, tag="sale"), True),
        (FrequencyCap(1, DAY, tag="winter"), False),
    ],
)
def test_a_cap_counts_the_messages_of_its_channels_categories_topic_and_tag(cap: FrequencyCap, *, counts: bool) -> None:
    assert cap.counts(CountedMessage(Channel.EMAIL, Category.MARKETING, "news", ("sale",))) is counts


def test_the_window_and_the_count_do_not_change_what_a_cap_counts() -> None:
    one = FrequencyCap(1, sliding=DAY, channels=(Channel.EMAIL, Channel.WEBHOOK))
    other = FrequencyCap(5, period=CalendarPeriod.DAY, channels=(Channel.WEBHOOK, Channel.EMAIL))
    assert one.scope == other.scope
    scopes = {
        each.scope for each in (one, FrequencyCap(1, topic="a"), FrequencyCap(1, tag="a"), FrequencyCap(1, tag="/a"))
    }
    assert len(scopes) == 4


def test_everything_wrong_with_caps_is_told_by_its_path() -> None:
    caps = [
        FrequencyCap(0, sliding=MINUTE - 1, channels=(Channel.EMAIL, Channel.EMAIL)),
        FrequencyCap(101, categories=(Category.MARKETING, Category.MARKETING), tag="a\nb"),
        FrequencyCap(100, sliding=LONGEST),
        FrequencyCap(1, sliding=LONGEST + 1, tag="x" * 64),
    ]
    assert [(violation.field, violation.reason) for violation in cap_violations(caps)] == [
        ("[0].count", "OUT_OF_RANGE"),
        ("[0].sliding", "OUT_OF_RANGE"),
        ("[0].channels[1]", "DUPLICATE"),
        ("[1].count", "OUT_OF_RANGE"),
        ("[1].sliding", "REQUIRED"),
        ("[1].categories[1]", "DUPLICATE"),
        ("[1].tag", "MALFORMED"),
        ("[3].sliding", "OUT_OF_RANGE"),
        ("[3].tag", "TOO_LONG"),
    ]


@pytest.mark.parametrize(
    ("zone", "turned_back"),
    [
        ("Europe/Berlin", "10-31T01:00"),
        ("Asia/Beirut", "10-30T21:00"),
        ("Australia/Lord_Howe", "04-03T15:00"),
        ("Antarctica/Troll", "10-31T01:00"),
    ],
    ids=["an hour", "an hour at midnight", "half an hour", "two hours"],
)
@pytest.mark.parametrize("period", CalendarPeriod)
def test_what_counts_in_a_period_is_remembered_until_its_end(
    zone: str, turned_back: str, period: CalendarPeriod
) -> None:
    """A clock that is turned back makes an hour and a day longer."""
    there, around = time_zone(zone), instant(turned_back)
    first: dict[tuple[int, ...], Instant] = {}
    for time in range(around - 33 * DAY, around + 33 * DAY, 15 * MINUTE):
        begin = first.setdefault(period.of(time, there), time)
        assert time - begin < FrequencyCap(1, period=period).memory
