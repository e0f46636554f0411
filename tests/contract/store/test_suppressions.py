"""Suppressions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.queries import SuppressionQuery
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.suppressions.suppression import Suppression, SuppressionReason, SuppressionScope, target_key

from tests.contract.store import samples
from tests.contract.store.conftest import OpenStore
from tests.contract.store.given import committing

SEEN = Visibility(samples.SANDBOX)
UNSEEN = Visibility("staging")


def add(work: UnitOfWork, *suppressions: Suppression) -> list[Suppression]:
    work.suppressions.add_all(suppressions)
    return list(suppressions)


def test_a_suppression_comes_back_as_it_was_added(store: Store) -> None:
    with committing(store) as work:
        (added,) = add(work, samples.suppression())
    with store.snapshot() as work:
        assert work.suppressions.get(SEEN, added.id) == added
        assert work.suppressions.get(UNSEEN, added.id) is None
        assert work.suppressions.get(SEEN, samples.new_id()) is None


def test_suppressions_are_found_by_the_keys_of_their_targets(work: UnitOfWork) -> None:
    address, domain, _ = add(
        work,
        samples.suppression("Jane@Example.com"),
        samples.suppression("*.Bücher.example", expire_time=None),
        samples.suppression("other@example.com"),
    )
    found = work.suppressions.covering({"jane@example.com", "*.xn--bcher-kva.example", "nobody@example.com"})
    assert sorted(found, key=lambda each: each.id) == [address, domain]


def test_a_target_may_hold_every_character_that_addresses_have(work: UnitOfWork) -> None:
    (added,) = add(work, samples.suppression('"a\\\\ \\"{},\'%?"@example.com'))
    assert work.suppressions.covering({added.target_key, "x@example.com"}) == [added]


def test_thousands_of_targets_are_looked_up_at_once(work: UnitOfWork) -> None:
    (added,) = add(work, samples.suppression())
    keys = {f"r{index}@example.com" for index in range(40_000)}
    assert work.suppressions.covering(keys | {added.target_key}) == [added]


def test_every_sandbox_has_its_own(work: UnitOfWork) -> None:
    added = add(work, samples.suppression(), samples.suppression(sandbox="staging"))
    assert {each.sandbox for each in work.suppressions.covering({added[0].target_key})} == {"default", "staging"}
    assert work.suppressions.page(SuppressionQuery(UNSEEN)) == [added[1]]


def test_a_suppression_holds_for_longer_or_for_more_when_it_is_saved(work: UnitOfWork) -> None:
    wide = samples.suppression()
    beside, other = samples.suppression("other@example.com"), replace(wide, sandbox="staging")
    add(work, wide, beside, other)
    saved = replace(wide, scope=SuppressionScope.ALL, expire_time=None)
    work.suppressions.save(saved)
    assert work.suppressions.get(SEEN, wide.id) == saved
    assert work.suppressions.get(SEEN, beside.id) == beside
    assert work.suppressions.get(UNSEEN, other.id) == other


def test_a_page_lists_the_newest_first_and_ends_before_an_id(work: UnitOfWork) -> None:
    first, second, third = add(work, *(samples.suppression(f"r{index}@example.com") for index in range(3)))
    assert work.suppressions.page(SuppressionQuery(SEEN)) == [third, second, first]
    assert work.suppressions.page(SuppressionQuery(SEEN, limit=2)) == [third, second]
    assert work.suppressions.page(SuppressionQuery(SEEN, before=second.id)) == [first]


@pytest.mark.parametrize(
    "filters",
    [
        {"target_keys": frozenset({target_key("EXAMPLE.com")})},
        {"reasons": frozenset({SuppressionReason.INVALID, SuppressionReason.COMPLAINT})},
        {"scopes": frozenset({SuppressionScope.ALL})},
        {"channels": frozenset({Channel.WEBHOOK})},
    ],
)
def test_a_page_keeps_to_its_filters(work: UnitOfWork, filters: dict[str, frozenset[str]]) -> None:
    changes = {"reason": SuppressionReason.INVALID, "scope": SuppressionScope.ALL, "channel": Channel.WEBHOOK}
    wanted = samples.suppression("example.com", **changes)
    add(work, wanted, samples.suppression())
    assert work.suppressions.page(SuppressionQuery(SEEN, **filters)) == [wanted]  # type: ignore[arg-type] # by its name


def test_a_deleted_suppression_is_gone_and_others_of_its_target_stay(work: UnitOfWork) -> None:
    bounced, decided = add(work, samples.suppression(), samples.suppression(reason=SuppressionReason.MANUAL))
    (of_another_sandbox,) = add(work, replace(decided, sandbox="staging"))
    work.suppressions.delete(decided)
    left = work.suppressions.covering({bounced.target_key})
    assert sorted(left, key=lambda each: each.sandbox) == [bounced, of_another_sandbox]


def test_a_suppression_counts_in_every_process_with_its_commit(open_durable: OpenStore) -> None:
    one, other = open_durable(), open_durable()
    with other.snapshot() as before:
        assert before.suppressions.covering({"jane@example.com"}) == []
    with committing(one) as work:
        (added,) = add(work, samples.suppression())
    with other.begin() as later:
        assert later.suppressions.covering({added.target_key}) == [added]


def test_what_has_expired_is_found_the_first_to_expire_first(work: UnitOfWork) -> None:
    late, early = add(
        work,
        samples.suppression("b@example.com", expire_time=samples.NOW),
        samples.suppression("a@example.com", expire_time=samples.NOW - 1),
    )
    add(work, samples.suppression("c@example.com", expire_time=samples.NOW + 1), samples.suppression(expire_time=None))
    assert work.suppressions.expired(samples.NOW, 10) == [early, late]
    assert work.suppressions.expired(samples.NOW, 1) == [early]


def test_a_suppression_with_a_hash_is_one_of_its_own(work: UnitOfWork) -> None:
    plain, hashed = samples.suppression("jane@example.com"), samples.suppression("#1:00ff")
    assert not work.suppressions.any_hashed()
    work.suppressions.add_all([plain])
    assert not work.suppressions.any_hashed()
    work.suppressions.add_all([hashed])
    assert work.suppressions.any_hashed()
    assert work.suppressions.covering(["#1:00ff", "#1:00fe"]) == [hashed]
    work.suppressions.delete(hashed)
    assert not work.suppressions.any_hashed()
