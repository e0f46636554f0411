"""Hand-offs keep to their rate."""

from __future__ import annotations

from clarion_server.application.sending.rate_limit import RateLimiter
from clarion_server.domain.instant import HOUR, MILLISECOND, SECOND
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.application.world import StandingClock

BURST = SECOND // 10


def test_without_a_rate_no_turn_waits() -> None:
    limiter = RateLimiter(0, StandingClock(0).now)
    assert [limiter.reserve() for _ in range(1_000)] == [0] * 1_000


def test_turns_that_are_taken_together_are_spread() -> None:
    limiter = RateLimiter(10, StandingClock(HOUR).now)
    assert [limiter.reserve() for _ in range(4)] == [0, 0, 100 * MILLISECOND, 200 * MILLISECOND]


def test_a_rate_below_one_a_second_is_kept_as_well() -> None:
    limiter = RateLimiter(0.01, StandingClock(HOUR).now)
    assert [limiter.reserve() // SECOND for _ in range(3)] == [0, 99, 199]


def test_a_long_pause_saves_up_a_tenth_of_a_second_at_most() -> None:
    clock = StandingClock(0)
    limiter = RateLimiter(100, clock.now)
    limiter.reserve()
    clock.advance(HOUR)
    delays = [limiter.reserve() for _ in range(12)]
    assert delays == [0] * 11 + [10 * MILLISECOND]


@given(
    st.floats(0.5, 10_000),
    st.lists(st.integers(0, 2 * SECOND), min_size=2, max_size=200),
)
def test_in_no_span_of_time_there_are_more_turns_than_the_rate_and_the_burst_allow(
    rate: float, pauses: list[int]
) -> None:
    clock = StandingClock(0)
    limiter = RateLimiter(rate, clock.now)
    turns = []
    for pause in pauses:
        clock.advance(pause)
        turns.append(clock.now() + limiter.reserve())
    assert turns == sorted(turns)
    for first, begin in enumerate(turns):
        for last in range(first + 1, len(turns)):
            # Each turn is rounded to a microsecond.
            assert last - first <= (turns[last] - begin + BURST + 1) * rate / SECOND + 1e-6
