"""Tests the pauses before a process that ended is started again."""

from __future__ import annotations

from clarion_server.supervisor.backoff import Backoff


def test_the_first_restart_comes_at_once_and_each_later_pause_is_twice_as_long_up_to_a_limit() -> None:
    backoff = Backoff()
    pauses = [backoff.next_pause(served_seconds=1) for _ in range(12)]
    assert pauses[:5] == [0.0, 0.1, 0.2, 0.4, 0.8]
    assert pauses[-1] == 30.0


def test_a_process_that_has_served_for_a_while_is_restarted_at_once() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.next_pause(served_seconds=0)
    assert backoff.next_pause(served_seconds=60) == 0.0
    assert backoff.failures == 1
