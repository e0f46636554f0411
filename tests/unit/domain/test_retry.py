"""Tests when a failed hand-off is tried again."""

from __future__ import annotations

import pytest
from clarion_server.domain.channels.retry import JITTER, RetryPolicy
from clarion_server.domain.instant import DAY, HOUR, MINUTE, SECOND
from hypothesis import given
from hypothesis import strategies as st

DEFAULT = RetryPolicy()
EAGER = RetryPolicy(window=HOUR, initial_delay=SECOND // 10, max_delay=SECOND)
STEADY = RetryPolicy(window=DAY, initial_delay=MINUTE, max_delay=MINUTE)

#: Of [0, 1): no variation, the least, and so near to the most that it rounds to it.
MIDDLE, LOW, HIGH = 0.5, 0.0, 1 - 2**-53

policies = st.builds(
    lambda window, initial, further: RetryPolicy(window, initial, initial + further),
    st.integers(0, 7 * DAY),
    st.integers(SECOND // 10, HOUR),
    st.integers(0, DAY),
)
attempts = st.integers(1, 10_000)
fractions = st.floats(0, 1, exclude_max=True)
instants = st.integers(0, 4_000_000_000 * SECOND)


@pytest.mark.parametrize(
    ("policy", "attempt", "fraction", "delay"),
    [
        # The first failure waits for the initial delay,
        (DEFAULT, 1, MIDDLE, 5 * SECOND),
        # each further one for twice as long,
        (DEFAULT, 2, MIDDLE, 10 * SECOND),
        (DEFAULT, 3, MIDDLE, 20 * SECOND),
        (DEFAULT, 8, MIDDLE, 640 * SECOND),
        # until the longest delay is reached: 1,280 seconds would be more than 15 minutes,
        (DEFAULT, 9, MIDDLE, 15 * MINUTE),
        # and never more after any number of attempts.
        (DEFAULT, 1_000_000, MIDDLE, 15 * MINUTE),
        # A fifth less, and a fifth more, so that what failed together does not come back together;
        (DEFAULT, 1, LOW, 4 * SECOND),
        (DEFAULT, 1, HIGH, 6 * SECOND),
        # the longest delay varies as well.
        (DEFAULT, 9, LOW, 12 * MINUTE),
        (DEFAULT, 9, HIGH, 18 * MINUTE),
        # Fractions of a second double like the rest: 0.1, 0.2, 0.4, 0.8 and then the longest.
        (EAGER, 4, MIDDLE, 800_000),
        (EAGER, 5, MIDDLE, SECOND),
        # Equal bounds make a steady pace.
        (STEADY, 1, MIDDLE, MINUTE),
        (STEADY, 7, MIDDLE, MINUTE),
    ],
)
def test_delays_grow_from_the_first_to_the_longest(
    policy: RetryPolicy, attempt: int, fraction: float, delay: int
) -> None:
    assert policy.delay_after(attempt, lambda: fraction) == delay


@pytest.mark.parametrize(
    ("policy", "attempt", "now", "due"),
    [
        # Well inside the window.
        (DEFAULT, 1, 0, 5 * SECOND),
        # The next attempt falls on the last instant of the window: it is made.
        (STEADY, 1, DAY - MINUTE, DAY),
        # One microsecond later it would come too late.
        (STEADY, 1, DAY - MINUTE + 1, None),
        # The window has closed already.
        (STEADY, 1, 2 * DAY, None),
        # A window of nothing allows the first attempt alone.
        (RetryPolicy(window=0), 1, 0, None),
        # A window shorter than the first delay does too.
        (RetryPolicy(window=4 * SECOND), 1, 0, None),
    ],
)
def test_the_next_attempt_is_made_while_the_window_is_open(
    policy: RetryPolicy, attempt: int, now: int, due: int | None
) -> None:
    assert policy.next_attempt(attempt, 0, now, lambda: MIDDLE) == due


def test_the_window_counts_from_the_release_of_the_message() -> None:
    released = 10 * DAY
    assert STEADY.next_attempt(1, released, released + DAY - MINUTE, lambda: MIDDLE) == released + DAY
    assert STEADY.next_attempt(1, released, released + DAY, lambda: MIDDLE) is None


@given(policies, attempts, fractions)
def test_delays_stay_within_their_bounds(policy: RetryPolicy, attempt: int, fraction: float) -> None:
    delay = policy.delay_after(attempt, lambda: fraction)
    # Cut to whole microseconds, and a rounding of the multiplication.
    assert policy.initial_delay * (1 - JITTER) - 2 <= delay <= policy.max_delay * (1 + JITTER)


@given(policies, attempts)
def test_delays_never_shrink_from_one_attempt_to_the_next(policy: RetryPolicy, attempt: int) -> None:
    assert policy.delay_after(attempt, lambda: MIDDLE) <= policy.delay_after(attempt + 1, lambda: MIDDLE)


@given(policies, attempts, instants, st.integers(0, 8 * DAY), fractions)
def test_no_attempt_is_made_beyond_the_window_or_in_the_past(
    policy: RetryPolicy, attempt: int, release_time: int, elapsed: int, fraction: float
) -> None:
    now = release_time + elapsed
    due = policy.next_attempt(attempt, release_time, now, lambda: fraction)
    assert due is None or now < due <= release_time + policy.window


@given(st.integers(0, HOUR), st.integers(SECOND, MINUTE), st.integers(0, HOUR), fractions)
def test_a_message_that_always_fails_is_given_up_in_the_end(
    window: int, initial: int, further: int, fraction: float
) -> None:
    policy = RetryPolicy(window, initial, initial + further)
    now: int | None = 0
    made = 0
    while now is not None:
        made += 1
        now = policy.next_attempt(made, 0, now, lambda: fraction)
    # The first one, and as many more as the shortest delays leave room for.
    assert 1 <= made <= 1 + window / (initial * (1 - JITTER) - 1)


def test_the_provider_may_ask_for_a_longer_wait_and_never_for_a_shorter_one() -> None:
    now = 10 * HOUR
    later = STEADY.next_attempt(1, now, now, lambda: MIDDLE, not_before=now + HOUR)
    sooner = STEADY.next_attempt(1, now, now, lambda: MIDDLE, not_before=now + SECOND)
    assert (later, sooner) == (now + HOUR, now + MINUTE)


def test_a_wait_beyond_the_window_leaves_one_attempt_as_the_window_closes() -> None:
    assert STEADY.next_attempt(1, 0, HOUR, lambda: MIDDLE, not_before=DAY) == DAY
    assert STEADY.next_attempt(1, 0, HOUR, lambda: MIDDLE, not_before=DAY + 1) == DAY
    assert STEADY.next_attempt(1, 0, DAY, lambda: MIDDLE, not_before=DAY + 1) is None
