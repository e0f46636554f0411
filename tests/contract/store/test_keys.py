"""API keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.access.access import ApiKey, Scope, Visibility

from tests.contract.store import samples
from tests.contract.store.given import committing


def test_a_key_comes_back_as_it_was_added(store: Store) -> None:
    added = samples.api_key()
    with committing(store) as work:
        work.keys.add(added)
    with store.snapshot() as work:
        assert work.keys.get(added.id) == added
        assert work.keys.get(samples.new_id()) is None


def test_a_key_may_have_every_scope_or_none(work: UnitOfWork) -> None:
    mighty, idle = samples.api_key(scopes=frozenset(Scope)), samples.api_key(scopes=frozenset())
    work.keys.add(mighty)
    work.keys.add(idle)
    assert work.keys.get(mighty.id) == mighty
    assert work.keys.get(idle.id) == idle


def test_a_revoked_key_is_kept_as_revoked(store: Store) -> None:
    key, other = samples.api_key(), samples.api_key()
    revoked = replace(key, revoke_time=samples.NOW + 1)
    with committing(store) as work:
        work.keys.add(key)
        work.keys.add(other)
    with committing(store) as work:
        work.keys.save(revoked)
    with store.snapshot() as work:
        assert work.keys.get(key.id) == revoked
        assert work.keys.get(other.id) == other


def test_keys_are_listed_of_one_sandbox_or_of_all_oldest_first(work: UnitOfWork) -> None:
    late, early = samples.api_key(create_time=300), samples.api_key(create_time=20)
    there = samples.api_key(create_time=100, sandbox="staging")
    for key in (late, early, there):
        work.keys.add(key)
    assert work.keys.page(samples.VISIBILITY, None, 10) == [early, late]
    assert work.keys.page(samples.STAGING, None, 10) == [there]
    assert work.keys.page(None, None, 10) == [early, there, late]
    assert work.keys.page(Visibility("empty"), None, 10) == []


@pytest.mark.parametrize("visibility", [samples.VISIBILITY, None])
@pytest.mark.parametrize("limit", [1, 2, 10])
def test_pages_of_keys_neither_repeat_nor_miss_even_where_times_are_equal(
    work: UnitOfWork, limit: int, visibility: Visibility | None
) -> None:
    made = [samples.api_key(create_time=number // 3) for number in range(8)]
    for key in reversed(made):
        work.keys.add(key)
    walked: list[ApiKey] = []
    after: tuple[int, str] | None = None
    while page := work.keys.page(visibility, after, limit):
        walked += page
        after = (page[-1].create_time, page[-1].id)
    assert walked == made
