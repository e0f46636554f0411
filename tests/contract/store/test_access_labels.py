"""Access labels: each a bit for ever, and a condition on all that a caller reads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from clarion_server.application.ports.access_labels import LabelsExhausted
from clarion_server.application.ports.queries import CampaignQuery, EventQuery, ExecutionQuery, MessageQuery
from clarion_server.application.ports.store import Store, UnitOfWork, WriteConflict
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.access_labels import (
    MAX_ACCESS_LABELS,
    NO_ACCESS_LABELS,
    AccessLabels,
    access_labels,
)
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.events.event import Event, EventType
from clarion_server.domain.messages.message import execution_id_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_channel, a_sender, committing
from tests.contract.store.kinds import PATIENCE
from tests.contract.store.samples import SANDBOX

LAST = MAX_ACCESS_LABELS - 1
EU, VIP = access_labels({"eu": 0}), access_labels({"vip": LAST})
BOTH = access_labels({"eu": 0, "vip": LAST})
SETS = (NO_ACCESS_LABELS, EU, VIP, BOTH)

Names = Callable[[UnitOfWork, Visibility], set[str]]


def seen_by(labels: AccessLabels) -> Visibility:
    return Visibility(SANDBOX, labels)


def test_a_label_keeps_its_number_and_each_sandbox_has_its_own(store: Store) -> None:
    with committing(store) as work:
        assert work.access_labels.hand_out(SANDBOX, ["vip", "eu"]) == access_labels({"eu": 0, "vip": 1})
        assert work.access_labels.hand_out(SANDBOX, []) == NO_ACCESS_LABELS
    with committing(store) as work:
        assert work.access_labels.hand_out(SANDBOX, ["us", "vip"]) == access_labels({"us": 2, "vip": 1})
        assert work.access_labels.hand_out("staging", ["vip"]) == access_labels({"vip": 0})


def test_a_sandbox_hands_out_64_labels_and_no_more(work: UnitOfWork) -> None:
    names = [f"l{number:02}" for number in range(MAX_ACCESS_LABELS)]
    all_of_them = work.access_labels.hand_out(SANDBOX, names)
    assert all_of_them.mask == -1
    with pytest.raises(LabelsExhausted) as refused:
        work.access_labels.hand_out(SANDBOX, ["l00", "one-more"])
    assert refused.value.names == tuple(names)
    assert work.access_labels.hand_out(SANDBOX, names) == all_of_them


def test_labels_handed_out_at_once_get_different_numbers(store: Store) -> None:
    together = Barrier(4)

    def hand_out(name: str) -> AccessLabels:
        together.wait(PATIENCE)
        while True:
            try:
                with committing(store) as work:
                    return work.access_labels.hand_out(SANDBOX, [name, "shared"])
            except WriteConflict:
                continue

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(hand_out, ["a", "b", "c", "d"]))
    numbers = dict(pair for labels in found for pair in labels.numbers)
    assert sorted(numbers.values()) == [0, 1, 2, 3, 4]
    assert all(dict(labels.numbers)["shared"] == numbers["shared"] for labels in found)


def test_the_labels_of_everything_come_back_as_they_were_stored(store: Store) -> None:
    with committing(store) as work:
        campaign, channel = a_campaign(work, access_labels=BOTH), a_channel(work, access_labels=EU)
        audience = work.audiences.add(samples.audience(access_labels=VIP))
        fragment = work.fragments.add(samples.fragment(access_labels=EU))
        key = samples.api_key(access_labels=BOTH)
        work.keys.add(key)
    everything = whole_sandbox(SANDBOX)
    with store.snapshot() as work:
        assert work.campaigns.get(everything, campaign.id) == campaign
        assert work.channels.get(everything, channel.id) == channel
        assert work.audiences.get(everything, audience.id) == audience
        assert work.fragments.get(everything, fragment.id) == fragment
        assert work.keys.get(key.id) == key
    campaign = replace(campaign, access_labels=EU, revision=2)
    channel = replace(channel, access_labels=NO_ACCESS_LABELS, revision=2)
    audience = replace(audience, access_labels=BOTH, revision=2)
    fragment = replace(fragment, access_labels=VIP, revision=2)
    with committing(store) as work:
        work.campaigns.save(campaign)
        work.channels.save(channel)
        work.audiences.save(audience)
        work.fragments.save(fragment)
    with store.snapshot() as work:
        assert work.campaigns.get(everything, campaign.id) == campaign
        assert work.channels.get(everything, channel.id) == channel
        assert work.audiences.get(everything, audience.id) == audience
        assert work.fragments.get(everything, fragment.id) == fragment


def labelled_world(work: UnitOfWork) -> dict[str, AccessLabels]:
    """Adds a campaign with a message and an event, a channel configuration, an audience and a fragment for each set of
    labels.

    Returns the labels by the ids, which are the same for each kind.
    """
    made = {}
    for index, labels in enumerate(SETS):
        name = f"x{index}"
        channel = a_channel(work, name, access_labels=labels)
        sender = a_sender(work, name, channel)
        work.campaigns.save(replace(sender.campaign, access_labels=labels, revision=3))
        message = sender.message(work, identity="email:jane@example.com", labels={"order": "1"})
        work.events.add_all([samples.event(message)])
        work.audiences.add(samples.audience(name, access_labels=labels))
        work.fragments.add(samples.fragment(name, access_labels=labels, archive_time=None))
        made[name] = labels
    return made


def campaign_ids(work: UnitOfWork, keys: set[int]) -> set[str]:
    return {campaign.id for campaign in work.campaigns.by_keys(keys).values()}


def by_name(work: UnitOfWork, visibility: Visibility) -> set[str]:
    names = [f"x{index}" for index in range(len(SETS))]
    campaigns = {name for name in names if work.campaigns.get(visibility, name)}
    assert {name for name in names if work.channels.get(visibility, name)} == campaigns
    assert {name for name in names if work.audiences.get(visibility, name)} == campaigns
    assert {name for name in names if work.fragments.get(visibility, name)} == campaigns
    assert work.audiences.count(visibility) == len(campaigns)
    assert work.fragments.count(visibility) == work.fragments.count_in_use(visibility) == len(campaigns)
    return campaigns


def on_pages(work: UnitOfWork, visibility: Visibility) -> set[str]:
    campaigns = {each.id for each in work.campaigns.page(CampaignQuery(visibility))}
    assert {each.id for each in work.channels.page(visibility, None, 9)} == campaigns
    assert {each.id for each in work.audiences.page(visibility, None, 9)} == campaigns
    assert {each.id for each in work.fragments.page(visibility, None, 9)} == campaigns
    assert {use.campaign_count for use in work.campaigns.tags(visibility, None, 9)} == {len(campaigns)}
    return campaigns


def of_executions(work: UnitOfWork, visibility: Visibility) -> set[str]:
    everything = work.executions.page(ExecutionQuery(whole_sandbox(SANDBOX)))
    found = work.executions.page(ExecutionQuery(visibility))
    assert [each for each in everything if work.executions.get(visibility, each.id)] == found
    return campaign_ids(work, {each.campaign_key for each in found})


def of_messages(work: UnitOfWork, visibility: Visibility) -> set[str]:
    query = MessageQuery(visibility)
    everything = work.messages.page(MessageQuery(whole_sandbox(SANDBOX)))
    found = work.messages.page(query)
    assert [each for each in everything if work.messages.get(visibility, each.id)] == found
    assert work.messages.page(replace(query, identity="email:jane@example.com")) == found
    assert work.messages.page(replace(query, labels={"order": "1"})) == found
    for message in everything:
        alone = replace(query, execution_id=execution_id_of(message.id))
        assert work.messages.page(alone) == [each for each in found if each == message]
        assert work.messages.page(replace(query, campaign_key=message.action.campaign_key)) == work.messages.page(alone)
    return campaign_ids(work, {each.action.campaign_key for each in found})


def of_events(work: UnitOfWork, visibility: Visibility) -> set[str]:
    found = work.events.page(EventQuery(visibility, after=0))
    return campaign_ids(work, {each.campaign_key for each in found if each.campaign_key is not None})


@pytest.mark.parametrize("names", [by_name, on_pages, of_executions, of_messages, of_events])
def test_whoever_reads_sees_what_has_no_label_that_it_lacks(work: UnitOfWork, names: Names) -> None:
    made = labelled_world(work)
    for held in (*SETS, access_labels({"other": 5})):
        assert names(work, seen_by(held)) == {name for name, labels in made.items() if held.includes(labels)}, held
    assert names(work, whole_sandbox(SANDBOX)) == set(made)


def test_messages_executions_and_events_follow_the_present_labels_of_their_campaign(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        message = sender.message(work)
        work.events.add_all([samples.event(message)])
    for revision, (labels, is_seen) in enumerate([(EU, False), (NO_ACCESS_LABELS, True), (BOTH, False)], 3):
        with committing(store) as work:
            work.campaigns.save(replace(sender.campaign, access_labels=labels, revision=revision))
        with store.snapshot() as work:
            nobody = seen_by(NO_ACCESS_LABELS)
            found = (
                work.messages.get(nobody, message.id),
                work.executions.get(nobody, execution_id_of(message.id)),
                *work.events.page(EventQuery(nobody, after=0)),
            )
            assert all(found) == is_seen
            assert any(found) == is_seen


def test_events_without_a_campaign_are_seen_whatever_is_labelled(work: UnitOfWork) -> None:
    a_campaign(work, access_labels=EU)
    work.events.add_all([Event(EventType.PROFILE_MERGED, samples.NOW, SANDBOX, "profiles/jane")])
    assert len(work.events.page(EventQuery(seen_by(NO_ACCESS_LABELS), after=0))) == 1


def test_pages_are_full_although_hidden_things_lie_between(work: UnitOfWork) -> None:
    for index in range(9):
        a_campaign(work, f"c{index}", access_labels=EU if index % 2 else NO_ACCESS_LABELS)
    query = CampaignQuery(seen_by(NO_ACCESS_LABELS), limit=2)
    pages, after = [], None
    while page := work.campaigns.page(replace(query, after=after)):
        pages.append([each.id for each in page])
        after = (page[-1].id, page[-1].id)
    assert pages == [["c0", "c2"], ["c4", "c6"], ["c8"]]


def test_only_a_change_of_labels_counts_as_one(store: Store) -> None:
    with committing(store) as work:
        work.access_labels.hand_out(SANDBOX, ["eu"])
        work.access_labels.hand_out("staging", ["eu"])
        draft = a_campaign(work, access_labels=EU)
    counts = []

    def save(campaign: Campaign) -> None:
        with committing(store) as work:
            work.campaigns.save(campaign)
        with store.snapshot() as work:
            counts.append(work.access_labels.change_count())

    save(replace(draft, revision=2))
    save(replace(draft, revision=3, access_labels=NO_ACCESS_LABELS))
    save(replace(draft, revision=4, access_labels=NO_ACCESS_LABELS))
    save(replace(draft, revision=5, access_labels=EU))
    assert counts == [0, 1, 1, 2]


def test_the_bits_of_campaigns_are_read_by_their_keys(work: UnitOfWork) -> None:
    plain, labelled = a_campaign(work, "a"), a_campaign(work, "b", access_labels=BOTH)
    assert work.campaigns.access_masks({plain.key, labelled.key, 4711}) == {plain.key: 0, labelled.key: BOTH.mask}


NUMBERS = st.frozensets(st.integers(0, LAST))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(thing=NUMBERS, key=NUMBERS)
def test_the_store_compares_sets_of_labels_as_the_rules_do(
    store: Store, thing: frozenset[int], key: frozenset[int]
) -> None:
    labels, held = (access_labels({f"l{number}": number for number in each}) for each in (thing, key))
    with store.begin() as work:
        added = a_campaign(work, access_labels=labels)
        assert (work.campaigns.get(seen_by(held), added.id) is not None) == (thing <= key)
        assert len(work.campaigns.page(CampaignQuery(seen_by(held)))) == (thing <= key)
        everybody = work.campaigns.get(whole_sandbox(SANDBOX), added.id)
        assert everybody is not None
        assert everybody.access_labels == labels
