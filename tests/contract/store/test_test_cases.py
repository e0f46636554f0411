"""Test cases, each of a campaign."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.domain.access.access import Visibility

from tests.contract.store import samples
from tests.contract.store.given import a_campaign

HERE, THERE = Visibility(samples.SANDBOX), Visibility("staging")


def test_a_test_case_comes_back_as_it_was_added(work: UnitOfWork) -> None:
    campaign = a_campaign(work, "orders")
    plain = replace(samples.case("bare"), display_name="", context={}, profile={}, locale="")
    for case in (samples.case(), plain):
        added = work.test_cases.of(campaign).add(case)
        assert added == replace(case, key=added.key)
        assert work.test_cases.of(campaign).get(HERE, case.id) == added
    assert [case.id for case in work.test_cases.all(campaign)] == ["bare", "plain"]


def test_a_name_is_taken_once_in_a_campaign(work: UnitOfWork) -> None:
    orders, letters = a_campaign(work, "orders"), a_campaign(work, "letters")
    work.test_cases.of(orders).add(samples.case())
    with pytest.raises(NameTaken):
        work.test_cases.of(orders).add(samples.case())
    other = work.test_cases.of(letters).add(samples.case(campaign_id="letters"))
    assert work.test_cases.all(letters) == [other]
    assert other.name == "campaigns/letters/testCases/plain"


def test_a_test_case_is_seen_through_its_campaign_alone(work: UnitOfWork) -> None:
    orders, letters = a_campaign(work, "orders"), a_campaign(work, "letters")
    work.test_cases.of(orders).add(samples.case())
    assert work.test_cases.of(letters).get(HERE, "plain") is None
    assert work.test_cases.of(orders).get(THERE, "plain") is None
    assert work.test_cases.of(letters).page(HERE, None, 9) == []
    assert (work.test_cases.of(orders).count(HERE), work.test_cases.of(letters).count(HERE)) == (1, 0)


def test_pages_begin_behind_an_id(work: UnitOfWork) -> None:
    cases = work.test_cases.of(a_campaign(work, "orders"))
    for case_id in ("c", "a", "b"):
        cases.add(samples.case(case_id))
    assert [case.id for case in cases.page(HERE, "a", 1)] == ["b"]


def test_only_the_stored_revision_is_changed_and_deleted(work: UnitOfWork) -> None:
    cases = work.test_cases.of(a_campaign(work, "orders"))
    added = cases.add(samples.case())
    changed = replace(added.changed(samples.NOW + 5), context={"order": "4712"}, locale="")
    cases.save(changed)
    assert cases.get(HERE, "plain") == changed
    with pytest.raises(WriteConflict):
        cases.save(changed)
    with pytest.raises(WriteConflict):
        cases.delete(added)
    cases.delete(changed)
    assert cases.get(HERE, "plain") is None


def test_copies_are_resources_of_their_own(work: UnitOfWork) -> None:
    orders, copy = a_campaign(work, "orders"), a_campaign(work, "copy")
    added = work.test_cases.of(orders).add(samples.case())
    work.test_cases.of(orders).save(added.changed(samples.NOW + 5))
    work.test_cases.copy(orders, copy)
    (copied,) = work.test_cases.all(copy)
    assert (copied.name, copied.revision, copied.context) == ("campaigns/copy/testCases/plain", 1, added.context)
    assert copied.create_time == copied.update_time == copy.create_time
    assert copied.key != added.key


def test_the_test_cases_of_a_deleted_campaign_are_gone(work: UnitOfWork) -> None:
    campaign = a_campaign(work, "orders")
    work.test_cases.of(campaign).add(samples.case())
    work.campaigns.delete(campaign, samples.NOW)
    assert work.test_cases.all(campaign) == []
