"""A lease says for how long a process may send what it has claimed."""

from __future__ import annotations

import pytest
from clarion_server.application.ports.store import Store
from clarion_server.application.sending.lease import LONGEST, Lease
from clarion_server.config import Settings
from clarion_server.domain.instant import DAY, HOUR, SECOND
from pydantic import ValidationError

from tests.memory_store import MemoryStore
from tests.unit.application.world import StandingClock

SPAN = 10 * SECOND


def test_the_settings_allow_the_longest_lease_and_no_longer_one() -> None:
    assert Settings(lease_seconds=LONGEST / SECOND).lease_seconds == LONGEST / SECOND
    with pytest.raises(ValidationError):
        Settings(lease_seconds=LONGEST / SECOND + 1)


def renew(lease: Lease, store: Store) -> None:
    with store.begin() as unit:
        renewal = lease.renew(unit)
        unit.commit()
    lease.renewed(renewal)


def test_a_lease_is_held_until_shortly_before_others_may_take_over(store: MemoryStore) -> None:
    clock = StandingClock(HOUR)
    lease = Lease("first", SPAN, clock)
    assert not lease.is_held()
    renew(lease, store)
    clock.advance(SPAN * 4 // 5 - 1)
    assert lease.is_held()
    clock.advance(1)
    assert not lease.is_held()
    with store.snapshot() as unit:
        assert unit.processes.live(clock.now()) == {"first"}
        assert unit.processes.live(HOUR + SPAN) == set()


def test_a_lease_covers_what_was_claimed_before_it_was_renewed_in_time(store: MemoryStore) -> None:
    clock = StandingClock(HOUR)
    lease = Lease("first", SPAN, clock)
    renew(lease, store)
    claimed = clock.now()
    clock.advance(SPAN - 1)
    renew(lease, store)
    assert lease.covers(claimed)


def test_a_lease_that_lapsed_covers_nothing_that_was_claimed_before(store: MemoryStore) -> None:
    clock = StandingClock(HOUR)
    lease = Lease("first", SPAN, clock)
    renew(lease, store)
    claimed = clock.now()
    clock.advance(SPAN)
    renew(lease, store)
    assert lease.is_held()
    assert not lease.covers(claimed)
    assert lease.covers(clock.now())


def test_a_lease_that_lapsed_while_its_renewal_was_committed_covers_nothing_that_was_claimed_before(
    store: MemoryStore,
) -> None:
    clock = StandingClock(HOUR)
    lease = Lease("first", SPAN, clock)
    renew(lease, store)
    claimed = clock.now()
    clock.advance(SPAN - 2)
    with store.begin() as unit:
        renewal = lease.renew(unit)
        clock.advance(3)
        unit.commit()
    lease.renewed(renewal)
    assert lease.is_held()
    assert not lease.covers(claimed)
    assert lease.covers(clock.now())


def test_a_lease_covers_what_is_claimed_after_the_clock_was_set_back(store: MemoryStore) -> None:
    clock = StandingClock(DAY)
    lease = Lease("first", SPAN, clock)
    renew(lease, store)
    clock.advance(HOUR)
    # By this clock the lease has lapsed.
    renew(lease, store)
    held = clock.now()
    clock.advance(-2 * HOUR)
    renew(lease, store)
    assert lease.is_held()
    assert lease.covers(clock.now())
    assert lease.covers(held)
