"""Renderings that somebody accepted."""

from __future__ import annotations

from typing import Any

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.campaigns.accepted_rendering import AcceptedRendering
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.test_cells import CellKey

from tests.contract.store import samples
from tests.contract.store.given import a_campaign

KEY = CellKey("plain", "email", "de-AT")


def accepted(key: CellKey = KEY, document: str = "Subject: né\n", **changes: Any) -> AcceptedRendering:
    given = {"format_data": "babel-2.18.0", "accept_time": samples.NOW, "accepter": "apiKeys/7", **changes}
    return AcceptedRendering.of(key, document, **given)


def a_case(work: UnitOfWork, campaign_id: str = "orders") -> Campaign:
    campaign = a_campaign(work, campaign_id)
    work.test_cases.of(campaign).add(samples.case(campaign_id=campaign_id))
    return campaign


def test_what_was_accepted_comes_back(work: UnitOfWork) -> None:
    campaign = a_case(work)
    both = [accepted(), accepted(CellKey("plain", "email", "de-AT", "vip"), "")]
    work.accepted_renderings.put(campaign, both)
    assert work.accepted_renderings.of(campaign) == {each.key: each for each in both}
    assert work.accepted_renderings.sizes(campaign) == {each.key: len(each.packed) for each in both}


def test_a_further_one_of_a_cell_takes_the_place_of_the_first(work: UnitOfWork) -> None:
    campaign = a_case(work)
    other = accepted(CellKey("plain", "email", "en"))
    work.accepted_renderings.put(campaign, [accepted(), other])
    second = accepted(document="Subject: Other\n", accept_time=samples.NOW + 1)
    work.accepted_renderings.put(campaign, [second])
    assert work.accepted_renderings.of(campaign) == {KEY: second, other.key: other}


def test_those_of_another_campaign_are_its_own(work: UnitOfWork) -> None:
    orders, letters = a_case(work), a_case(work, "letters")
    work.accepted_renderings.put(orders, [accepted()])
    assert work.accepted_renderings.of(letters) == {}
    work.accepted_renderings.drop(letters, [KEY])
    assert len(work.accepted_renderings.of(orders)) == 1


def test_some_are_dropped(work: UnitOfWork) -> None:
    campaign, gone = a_case(work), CellKey("plain", "email", "en")
    work.accepted_renderings.put(campaign, [accepted(), accepted(gone)])
    work.accepted_renderings.drop(campaign, [gone, CellKey("nobody", "email", "en")])
    assert list(work.accepted_renderings.of(campaign)) == [KEY]


def test_they_go_with_their_test_case_and_stay_with_a_changed_one(work: UnitOfWork) -> None:
    campaign = a_case(work)
    cases = work.test_cases.of(campaign)
    (case,) = work.test_cases.all(campaign)
    work.accepted_renderings.put(campaign, [accepted()])
    cases.save(case.changed(samples.NOW + 1))
    assert list(work.accepted_renderings.of(campaign)) == [KEY]
    cases.delete(case.changed(samples.NOW + 1))
    cases.add(samples.case())
    assert work.accepted_renderings.of(campaign) == {}


def test_a_copied_campaign_has_none(work: UnitOfWork) -> None:
    campaign, copy = a_case(work), a_campaign(work, "copy")
    work.accepted_renderings.put(campaign, [accepted()])
    work.test_cases.copy(campaign, copy)
    assert work.accepted_renderings.of(copy) == {}
