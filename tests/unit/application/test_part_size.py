"""Tests how many members one commit decides about."""

from __future__ import annotations

from clarion_server.application.audience_runs.part_size import MOST, PartSize


def after(*commits: tuple[int, float]) -> PartSize:
    size = PartSize()
    for count, seconds in commits:
        size.record(count, seconds)
    return size


def test_a_commit_is_four_times_as_large_while_nobody_else_writes() -> None:
    size = after(*[(100, 0.016)] * 20)
    assert size.next(is_busy=False) == 4 * size.next(is_busy=True)


def test_no_commit_is_larger_than_the_largest() -> None:
    assert after(*[(500, 0.001)] * 20).next(is_busy=False) == MOST


def test_the_first_commit_is_small_as_nothing_is_known_of_the_machine() -> None:
    assert after().next(is_busy=False) < MOST


def test_commits_get_smaller_until_others_wait_for_a_few_milliseconds() -> None:
    size = after(*[(500, 0.040)] * 20)
    # 80 µs a member: fifty of them take 4 ms.
    assert 45 <= size.next(is_busy=True) <= 55


def test_commits_grow_again_when_the_machine_is_free() -> None:
    size = after(*[(500, 0.040)] * 20, *[(100, 0.0005)] * 20)
    assert size.next(is_busy=True) == MOST


def test_the_slowest_machine_advances() -> None:
    assert after(*[(100, 60.0)] * 20).next(is_busy=True) > 0
