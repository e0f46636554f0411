"""Turns keep the rate of a sending policy."""

from __future__ import annotations

from clarion_server.domain.instant import SECOND
from clarion_server.domain.turns import has_turn, span_of_turns, turn_time
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.store import samples

NOW = samples.NOW
rates = st.floats(0.01, 100_000)


@given(rates, st.integers(0, 50), st.integers(1, 500))
def test_no_second_has_more_turns_than_the_rate_and_one_portion(rate: float, ahead: int, count: int) -> None:
    turns = [turn_time(NOW + ahead * SECOND, place, rate, NOW) for place in range(count)]
    assert turns == sorted(turns)
    for start in turns:
        assert sum(start <= turn < start + SECOND for turn in turns) <= 1.1 * rate + 2


@given(rates, st.integers(0, 500))
def test_a_turn_comes_at_its_place_or_up_to_a_tenth_of_a_second_later(rate: float, place: int) -> None:
    place_in_time = NOW + span_of_turns(place, rate)
    assert place_in_time <= turn_time(NOW, place, rate, NOW) < place_in_time + SECOND // 10


def test_the_first_message_leaves_at_once_when_no_turn_is_taken() -> None:
    assert turn_time(NOW, 0, 10.0, NOW) == NOW


def test_a_turn_can_be_used_when_it_comes_and_for_ten_seconds() -> None:
    message = samples.message(1, 1, turn_time=NOW)
    assert [has_turn(message, NOW + late) for late in (-1, 0, 10 * SECOND, 10 * SECOND + 1)] == [
        False,
        True,
        True,
        False,
    ]
    assert not has_turn(samples.message(1, 1), NOW)
