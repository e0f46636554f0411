"""When a process that ended is started again."""

from __future__ import annotations

from clarion_server.supervisor.backoff import Pauses


def test_the_first_successor_comes_at_once_and_each_later_one_waits_twice_as_long_up_to_a_limit() -> None:
    pauses = Pauses()
    waits = [pauses.next(served_seconds=1) for _ in range(12)]
    assert waits[:5] == [0.0, 0.1, 0.2, 0.4, 0.8]
    assert waits[-1] == 30.0


def test_a_process_that_has_served_for_a_while_had_nothing_wrong_with_it() -> None:
    pauses = Pauses()
    for _ in range(5):
        pauses.next(served_seconds=0)
    assert pauses.next(served_seconds=60) == 0.0
    assert pauses.ends == 1
