"""Turns keep the rates of campaigns and of sending policies."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.domain.instant import HOUR, SECOND, Instant
from clarion_server.domain.messages.turns import Turn, TurnSchedule, next_turn
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.store import samples

NOW: Instant = samples.NOW // SECOND * SECOND
rates = st.floats(0.001, 100_000)


class Queue:
    """Messages that wait for their turns in some schedules, and when each of them has left."""

    def __init__(self, *schedules: TurnSchedule, count: int = 0) -> None:
        self.schedules = schedules
        self.waiting: list[tuple[Instant, Turn | None]] = [(NOW, None)] * count
        self.left: list[Instant] = []

    def claim(self, now: Instant) -> None:
        due = [each for each in self.waiting if each[0] <= now]
        self.waiting = [each for each in self.waiting if each[0] > now]
        for _, held in sorted(due, key=lambda each: each[0]):
            turn = next_turn(held, self.schedules, now)
            if turn is None:
                self.left.append(now)
            else:
                assert turn.due_time > now
                self.waiting.append((turn.due_time, turn))

    def most_within(self, span: int) -> int:
        return max(sum(start <= each < start + span for each in self.left) for start in self.left)

    def run(self) -> None:
        """Claims whenever somebody is due, until nobody waits."""
        now = NOW
        while self.waiting:
            now = max(now, min(due for due, _ in self.waiting))
            self.claim(now)


@given(rates, st.integers(1, 300))
def test_no_second_has_more_messages_than_the_rate_and_one_portion(rate: float, count: int) -> None:
    queue = Queue(TurnSchedule("campaign/1", rate), count=count)
    queue.run()
    assert len(queue.left) == count
    assert queue.most_within(SECOND) <= 1.1 * rate + 2


@given(st.floats(0.1, 1_000), st.lists(st.integers(0, 12 * SECOND), min_size=1, max_size=40), st.integers(1, 200))
def test_no_second_has_many_more_whenever_claims_come(rate: float, pauses: list[int], count: int) -> None:
    queue, now = Queue(TurnSchedule("campaign/1", rate), count=count), NOW
    for pause in pauses:
        queue.claim(now)
        now += pause
    if queue.left:
        assert queue.most_within(SECOND) <= 1.2 * rate + 2


@given(st.floats(1, 100), st.floats(1, 100), st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=30))
def test_two_rates_are_kept_together(one: float, other: float, pauses: list[int]) -> None:
    slow, both = TurnSchedule("campaign/1", one), TurnSchedule("policy/1", other)
    queue, alone, now = Queue(slow, both, count=60), Queue(both, count=30), NOW
    for pause in pauses:
        queue.claim(now)
        alone.claim(now)
        now += pause
    assert queue.most_within(SECOND) <= 1.2 * one + 2
    of_both = Queue()
    of_both.left = [*queue.left, *alone.left]
    assert of_both.most_within(SECOND) <= 1.2 * other + 2


def test_messages_of_a_slow_campaign_take_no_places_of_the_policy_before_they_may_leave() -> None:
    policy = TurnSchedule("policy/1", 10.0)
    slow, other = Queue(TurnSchedule("campaign/1", 0.1), policy, count=100), Queue(policy, count=5)
    slow.claim(NOW)
    other.claim(NOW)
    assert max(due for due, _ in other.waiting) <= NOW + SECOND


def test_after_a_halt_everything_leaves_later_in_the_same_order() -> None:
    queue = Queue(TurnSchedule("campaign/1", 1.0), count=30)
    for second in (0, 1, 2, 8, 9, 10):
        queue.claim(NOW + second * SECOND)
    assert queue.left == [NOW + second * SECOND for second in (0, 1, 2, 8, 9, 10)]


def test_a_late_claim_delays_a_low_rate_once_and_by_as_much() -> None:
    queue = Queue(TurnSchedule("campaign/1", 1 / 3600), count=4)
    queue.claim(NOW)
    queue.claim(NOW + HOUR + 5 * SECOND)
    queue.run()
    gaps = [later - sooner for sooner, later in zip(queue.left, queue.left[1:], strict=False)]
    assert len(queue.left) == 4
    assert min(gaps) >= HOUR - SECOND
    assert max(gaps) <= HOUR + 6 * SECOND


def test_a_message_that_was_kept_back_by_itself_delays_nobody() -> None:
    schedule = TurnSchedule("policy/1", 1.0)
    queue = Queue(schedule, count=2)
    queue.claim(NOW)
    kept_back = queue.waiting.pop()[1]
    queue.waiting = [(NOW + 100 * SECOND, None)]
    queue.claim(NOW + 100 * SECOND)
    turn = next_turn(kept_back, [schedule], NOW + 100 * SECOND)
    assert turn is not None
    assert turn.due_time == NOW + 101 * SECOND
    assert schedule.delay == 0


def test_a_message_that_is_over_before_its_turn_takes_no_place_and_waits_for_its_end() -> None:
    schedule, end = TurnSchedule("campaign/1", 1.0), NOW + 3 * SECOND
    assert next_turn(None, [schedule], NOW, end) is None
    given = [next_turn(None, [schedule], NOW, end) for _ in range(100)]
    due = [turn.due_time for turn in given if turn is not None]
    assert due == [NOW + SECOND, NOW + 2 * SECOND, *[end] * 98]
    later = next_turn(None, [schedule], NOW, NOW + HOUR)
    assert later is not None
    assert later.due_time == NOW + 3 * SECOND


def test_a_turn_that_is_delayed_until_a_message_is_over_ends_with_it() -> None:
    queue, end = Queue(TurnSchedule("campaign/1", 1.0), count=9), NOW + 5 * SECOND
    queue.claim(NOW)
    held = queue.waiting[3][1]
    assert held is not None
    assert held.due_time == NOW + 4 * SECOND
    queue.claim(NOW + 3 * SECOND)
    turn = next_turn(held, queue.schedules, NOW + 4 * SECOND, end)
    assert turn is not None
    assert turn.due_time == end


def test_time_in_which_nothing_waited_is_not_caught_up_with() -> None:
    queue = Queue(TurnSchedule("campaign/1", 10.0), count=1)
    queue.claim(NOW)
    queue.waiting = [(NOW + HOUR, None)] * 20
    queue.claim(NOW + HOUR)
    assert len(queue.left) <= 1 + 3


@given(rates, st.integers(1, 50), st.integers(-9 * SECOND, 9 * SECOND))
def test_a_clock_that_differs_by_seconds_changes_no_schedule(rate: float, count: int, shift: int) -> None:
    schedule = TurnSchedule("campaign/1", rate)
    Queue(schedule, count=count).claim(NOW)
    before = replace(schedule)
    schedule.follow_clock(NOW + shift)
    assert schedule == before


def test_after_a_clock_that_was_ahead_is_set_back_messages_leave_as_before() -> None:
    schedule = TurnSchedule("campaign/1", 1.0)
    ahead = Queue(schedule, count=3)
    ahead.waiting = [(NOW + 24 * HOUR, None)] * 3
    ahead.claim(NOW + 24 * HOUR)
    schedule.follow_clock(NOW)
    queue = Queue(schedule, count=4)
    queue.run()
    assert len(queue.left) == 4
    assert queue.most_within(SECOND) <= 2
    assert max(queue.left) <= NOW + 10 * SECOND


def test_turns_of_an_earlier_rate_are_given_anew() -> None:
    queue = Queue(TurnSchedule("campaign/1", 1 / 3600), count=3)
    queue.claim(NOW)
    held = queue.waiting[-1][1]
    turn = next_turn(held, [TurnSchedule("campaign/1", 1.0, epoch=1)], NOW)
    assert turn is None
    assert next_turn(held, queue.schedules, NOW) == held
