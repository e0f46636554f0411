"""How many members one commit decides about."""

from __future__ import annotations

from clarion_server.application.audience_runs.part_size import MOST, PartSize


def after(*commits: tuple[int, float]) -> PartSize:
    size = PartSize()
    for count, seconds in commits:
        size.record(count, seconds)
    return size


def test_a_commit_is_as_large_as_may_be_while_nobody_else_writes() -> None:
    assert after((500, 10.0)).next(is_busy=False) == MOST


def test_commits_get_smaller_until_others_wait_for_a_few_milliseconds() -> None:
    size = after(*[(500, 0.040)] * 20)
    # 80 µs a member: a hundred of them take 8 ms.
    assert 95 <= size.next(is_busy=True) <= 105


def test_commits_grow_again_when_the_machine_is_free() -> None:
    size = after(*[(500, 0.040)] * 20, *[(100, 0.001)] * 20)
    assert size.next(is_busy=True) == MOST


def test_the_slowest_machine_advances() -> None:
    assert after(*[(100, 60.0)] * 20).next(is_busy=True) > 0
