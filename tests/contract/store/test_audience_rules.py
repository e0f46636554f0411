"""Tests what rules of campaigns need of audiences: who belongs to some of them, and which campaigns ask about one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.audiences import AudienceSource
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.access_labels import access_labels
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.targeting import TargetingRule
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import Consent, ConsentChoice, ConsentScope
from clarion_server.domain.people.identity import Identity, IdentityKey

from tests.contract.store import samples
from tests.contract.store.given import a_sender
from tests.contract.store.samples import NOW, STAGING, VISIBILITY
from tests.contract.store.test_audiences import a_list, emails


def test_what_decides_about_audiences_is_found_by_sandbox_and_id(work: UnitOfWork) -> None:
    work.audiences.add(samples.audience())
    _, listed = a_list(work)
    _, there = a_list(work, "gold", sandbox="staging")
    wanted = [(samples.SANDBOX, "gold"), (samples.SANDBOX, "vip"), ("staging", "gold"), ("staging", "vip")]
    assert work.audiences.sources(wanted) == {
        (samples.SANDBOX, "gold"): AudienceSource('profile.locale == "de"', None),
        (samples.SANDBOX, "vip"): AudienceSource(None, listed.key),
        ("staging", "gold"): AudienceSource(None, there.key),
    }


def test_audiences_are_found_by_their_ids_where_they_are_seen(work: UnitOfWork) -> None:
    gold = work.audiences.add(samples.audience(access_labels=access_labels({"eu": 0})))
    vip, _ = a_list(work)
    asked = ["gold", "vip", "none"]
    everything = Visibility(VISIBILITY.sandbox, access_labels({"eu": 0}))
    for hold in (False, True):
        assert work.audiences.named(everything, asked, hold=hold) == {"gold": gold, "vip": vip}
    assert work.audiences.named(VISIBILITY, asked) == {"vip": vip}
    assert work.audiences.named(STAGING, asked) == work.audiences.named(VISIBILITY, []) == {}
    work.audiences.lock(gold)


def test_profiles_belong_to_the_lists_that_have_any_of_their_identities(work: UnitOfWork) -> None:
    _, first = a_list(work)
    _, second = a_list(work, "other")
    number = Identity(IdentityKey("crm", "4711"), "4711")
    both = work.profiles.add(samples.profile(*emails("a@example.com"), number)).key
    one, none = (work.profiles.add(samples.profile(*emails(f"{name}@example.com"))).key for name in "bc")
    work.audiences.add_members(first, [*emails("A@example.com", "b@example.com", "stranger@example.com"), number], NOW)
    work.audiences.add_members(second, [number], NOW)
    people = [both, one, none]
    assert work.audiences.listed([first.key, second.key], people) == {
        (first.key, both),
        (second.key, both),
        (first.key, one),
    }
    assert work.audiences.listed([second.key], people) == {(second.key, both)}
    assert work.audiences.listed([first.key], [none]) == set()


def test_profiles_are_found_by_key_with_their_choices_when_these_are_asked_for(work: UnitOfWork) -> None:
    denial = Consent(ConsentScope(Channel.EMAIL, "news"), ConsentChoice.DENIED, NOW, 1)
    here = work.profiles.add(samples.profile(*emails("a@example.com")))
    there = work.profiles.add(samples.profile(*emails("a@example.com"), sandbox="staging"))
    work.profiles.add(samples.profile(*emails("b@example.com")))
    work.consents.save(here.key, {denial.scope: denial})
    (page,) = (
        subject
        for subject in work.audiences.subjects(VISIBILITY, "", NOW, 9, with_choices=True)
        if subject.key == here.key
    )
    found = work.audiences.subjects_by_key([here.key, there.key, 4_711], with_choices=True)
    assert found.keys() == {here.key, there.key}
    assert found[here.key] == page
    assert work.audiences.subjects_by_key([here.key], with_choices=False) == {here.key: page._replace(choices=())}


@pytest.mark.parametrize("state", CampaignState)
def test_a_campaign_in_use_is_found_by_the_audiences_of_its_live_version(
    work: UnitOfWork, state: CampaignState
) -> None:
    in_use = state in (CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED)
    sender = a_sender(work)
    (action, *others) = samples.definition().actions
    rules = (TargetingRule("a", "audience('gold') || audience('vip')"), TargetingRule("b", "!audience('gold')"))
    asking = samples.version(sender.campaign.key, 2, actions=(replace(action, rules=rules), *others))
    work.campaigns.add_version(asking, [sender.channel.key])
    assert work.campaigns.first_with_audience(VISIBILITY, "gold") is None
    moved = replace(sender.campaign, state=state, live_version=2, last_version=2, revision=sender.campaign.revision + 1)
    work.campaigns.save(moved)
    for name in ("gold", "vip"):
        assert work.campaigns.first_with_audience(VISIBILITY, name) == (moved if in_use else None)
    assert work.campaigns.first_with_audience(VISIBILITY, "other") is None
    assert work.campaigns.first_with_audience(STAGING, "gold") is None
