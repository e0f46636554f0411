"""Hand-offs keep their rate."""

from __future__ import annotations

from clarion_server.application.sending.rate_limit import RateLimiter
from clarion_server.domain.instant import HOUR, MILLISECOND, SECOND
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.application.world import StandingClock

BURST = SECOND // 10


def test_without_a_rate_nobody_waits() -> None:
    pacer = RateLimiter(0, StandingClock(0).now)
    assert [pacer.reserve() for _ in range(1_000)] == [0] * 1_000


def test_turns_that_are_taken_together_are_spread() -> None:
    pacer = RateLimiter(10, StandingClock(HOUR).now)
    assert [pacer.reserve() for _ in range(4)] == [0, 0, 100 * MILLISECOND, 200 * MILLISECOND]


def test_a_rate_below_one_a_second_is_kept_as_well() -> None:
    pacer = RateLimiter(0.01, StandingClock(HOUR).now)
    assert [pacer.reserve() // SECOND for _ in range(3)] == [0, 99, 199]


def test_a_long_rest_saves_up_no_more_than_a_moment() -> None:
    clock = StandingClock(0)
    pacer = RateLimiter(100, clock.now)
    pacer.reserve()
    clock.advance(HOUR)
    delays = [pacer.reserve() for _ in range(12)]
    assert delays == [0] * 11 + [10 * MILLISECOND]


@given(
    st.floats(0.5, 10_000),
    st.lists(st.integers(0, 2 * SECOND), min_size=2, max_size=200),
)
def test_in_no_span_of_time_there_are_more_turns_than_the_rate_and_a_moments_worth(
    rate: float, pauses: list[int]
) -> None:
    clock = StandingClock(0)
    pacer = RateLimiter(rate, clock.now)
    turns = []
    for pause in pauses:
        clock.advance(pause)
        turns.append(clock.now() + pacer.reserve())
    assert turns == sorted(turns)
    for first, begin in enumerate(turns):
        for last in range(first + 1, len(turns)):
            # Each turn is rounded to a microsecond.
            assert last - first <= (turns[last] - begin + BURST + 1) * rate / SECOND + 1e-6
