"""Instants: whole microseconds, converted at the edges without loss."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from clarion_server.domain.instant import DAY, HOUR, LATEST, MINUTE, SECOND, from_datetime, to_datetime, to_rfc3339
from hypothesis import example, given
from hypothesis import strategies as st

instants = st.integers(0, LATEST)
#: Is the end of the 24th century, up to which doubles keep microseconds.
LAST_PLANNABLE = 13_569_465_600 * SECOND
plannable = st.integers(0, LAST_PLANNABLE)


@given(plannable)
@example(0)
@example(LAST_PLANNABLE - 1)
def test_an_instant_survives_the_way_through_a_datetime(instant: int) -> None:
    assert from_datetime(to_datetime(instant)) == instant


@given(plannable, st.integers(-23, 23))
def test_the_time_zone_of_a_moment_does_not_matter(instant: int, hours: int) -> None:
    elsewhere = to_datetime(instant + DAY).astimezone(timezone(timedelta(hours=hours)))
    assert from_datetime(elsewhere) == instant + DAY


@given(instants)
def test_an_instant_is_the_microseconds_since_1970(instant: int) -> None:
    assert to_datetime(instant) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (DAY + HOUR + MINUTE + SECOND, "1970-01-02T01:01:01Z"),
        (951_782_400 * SECOND, "2000-02-29T00:00:00Z"),
        (1_790_000_000 * SECOND + 500_000, "2026-09-21T14:13:20.500000Z"),
        (LATEST, "9999-12-31T23:59:59Z"),
    ],
)
def test_people_read_instants_in_rfc_3339(instant: int, text: str) -> None:
    assert to_rfc3339(instant) == text
    assert from_datetime(datetime.fromisoformat(text)) == instant
