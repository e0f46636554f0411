"""Tests the leases of running processes."""

from __future__ import annotations

import pytest
from clarion_server.application.ports.store import Store, UnitOfWork

NOW = 1_000


def test_a_process_is_alive_until_its_lease_lapses(work: UnitOfWork) -> None:
    work.processes.renew("one", NOW + 10)
    work.processes.renew("two", NOW + 30)
    assert work.processes.live(NOW) == {"one", "two"}
    assert work.processes.live(NOW + 20) == {"two"}
    assert work.processes.live(NOW + 40) == set()


def test_a_lease_can_be_renewed(store: Store) -> None:
    for lease_until in (NOW + 10, NOW + 100):
        with store.begin() as work:
            work.processes.renew("one", lease_until)
            work.commit()
    with store.snapshot() as work:
        assert work.processes.live(NOW + 50) == {"one"}


def test_a_process_that_left_is_not_alive(work: UnitOfWork) -> None:
    work.processes.renew("one", NOW + 10)
    work.processes.renew("two", NOW + 10)
    work.processes.remove("one")
    work.processes.remove("never-there")
    assert work.processes.live(NOW) == {"two"}


def test_only_lapsed_processes_are_removed(work: UnitOfWork) -> None:
    work.processes.renew("lapsed", NOW - 10)
    work.processes.renew("alive", NOW + 10)
    work.processes.remove_lapsed(NOW)
    assert work.processes.live(NOW - 100) == {"alive"}


def test_the_leases_that_end_later_are_found(work: UnitOfWork) -> None:
    work.processes.renew("one", NOW + 20)
    work.processes.renew("two", NOW + 21)
    assert work.processes.ending_after(NOW + 20) == {"two": NOW + 21}


def test_a_lease_that_was_renewed_meanwhile_stays(work: UnitOfWork) -> None:
    for process_id in ("gone", "renewed"):
        work.processes.renew(process_id, NOW + 10)
    work.processes.renew("renewed", NOW + 11)
    for process_id in ("gone", "renewed", "never-there"):
        work.processes.remove_unrenewed(process_id, NOW + 10)
    assert work.processes.live(NOW) == {"renewed"}


@pytest.mark.parametrize("lease_until", [NOW - 1, NOW, NOW + 1])
def test_a_lease_is_either_alive_or_lapsed(work: UnitOfWork, lease_until: int) -> None:
    work.processes.renew("one", lease_until)
    alive = work.processes.live(NOW)
    work.processes.remove_lapsed(NOW)
    assert work.processes.live(NOW - 100) == alive
