"""Campaigns: their names, their keys, and changes that never overwrite one another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.queries import DeliveryPolicy, LockedCampaign
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import Store, UnitOfWork, WriteConflict
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import Schedule
from clarion_server.domain.content.email import EmailContent

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, committing


def test_a_campaign_comes_back_as_it_was_added_with_a_key(store: Store) -> None:
    with committing(store) as work:
        added = work.campaigns.add(samples.campaign())
    with store.snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, "order-confirmed") == added
    assert added.key > 0
    assert added == replace(samples.campaign(), key=added.key)


def test_every_field_of_a_campaign_is_kept(store: Store) -> None:
    with committing(store) as work:
        draft = a_campaign(work)
        stopped = replace(
            draft,
            revision=2,
            state=CampaignState.STOPPED,
            live_version=3,
            last_version=4,
            draft_pending=False,
            schedule=Schedule(samples.NOW + 1, samples.NOW + 2),
            activate_time=samples.NOW + 3,
            activator="apiKeys/2",
            update_time=samples.NOW + 4,
            updater="apiKeys/3",
            queue_disposal=QueueDisposal.CANCEL,
            definition=samples.definition(category=None, context_schema=None, schedule=Schedule()),
        )
        work.campaigns.save(stopped)
    with store.snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, "order-confirmed") == stopped


def test_headers_keep_their_order(work: UnitOfWork) -> None:
    a_campaign(work)
    kept = work.campaigns.get(samples.VISIBILITY, "order-confirmed")
    assert kept is not None
    content = kept.definition.actions[0].content
    assert isinstance(content, EmailContent)
    assert list(content.headers) == ["X-Shop", "A-First"]


def test_an_unknown_campaign_is_none(work: UnitOfWork) -> None:
    assert work.campaigns.get(samples.VISIBILITY, "order-confirmed") is None
    assert work.campaigns.by_keys([1]) == {}
    assert work.campaigns.lock([1]) == {}


def test_each_campaign_gets_another_key(work: UnitOfWork) -> None:
    assert a_campaign(work, "one").key != a_campaign(work, "two").key


def test_a_key_is_never_given_twice(store: Store) -> None:
    # Otherwise the etag of a deleted campaign would fit its successor.
    with committing(store) as work:
        deleted = a_campaign(work)
        work.campaigns.delete(deleted, samples.NOW)
    with committing(store) as work:
        assert a_campaign(work).key != deleted.key


def test_a_taken_name_is_refused(store: Store) -> None:
    with committing(store) as work:
        first = a_campaign(work)
    with committing(store) as work, pytest.raises(NameTaken):
        work.campaigns.add(samples.campaign(creator="apiKeys/2"))
    with store.snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, "order-confirmed") == first


def test_a_refused_name_leaves_the_rest_of_the_unit_of_work_alone(store: Store) -> None:
    with committing(store) as work:
        a_campaign(work)
    with committing(store) as work:
        other = a_campaign(work, "other")
        with pytest.raises(NameTaken):
            a_campaign(work)
    with store.snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, "other") == other


def test_two_sandboxes_may_use_the_same_id(work: UnitOfWork) -> None:
    here, there = a_campaign(work), a_campaign(work, sandbox="staging")
    assert work.campaigns.get(samples.VISIBILITY, "order-confirmed") == here
    assert work.campaigns.get(samples.STAGING, "order-confirmed") == there


def test_campaigns_are_found_by_their_keys_and_unknown_keys_are_left_out(work: UnitOfWork) -> None:
    one, two, _ = a_campaign(work, "one"), a_campaign(work, "two", sandbox="staging"), a_campaign(work, "three")
    assert work.campaigns.by_keys([one.key, two.key, 10_000]) == {one.key: one, two.key: two}
    assert work.campaigns.by_keys([]) == {}


def test_the_revision_is_the_stored_one(work: UnitOfWork) -> None:
    campaign = a_campaign(work)
    work.campaigns.save(replace(campaign, revision=2))
    assert work.campaigns.revision(campaign.key) == 2
    assert work.campaigns.revision(10_000) is None


def test_locked_revisions_are_the_stored_ones(work: UnitOfWork) -> None:
    one, two = a_campaign(work, "one"), a_campaign(work, "two")
    work.campaigns.save(replace(two, revision=2))
    assert work.campaigns.lock([one.key, two.key, 10_000]) == {
        one.key: LockedCampaign(1, has_profiles=False),
        two.key: LockedCampaign(2, has_profiles=False),
    }


def test_delivery_policies_say_what_becomes_of_queued_messages(work: UnitOfWork) -> None:
    one, two = a_campaign(work, "one"), a_campaign(work, "two")
    work.campaigns.save(replace(two, revision=2, state=CampaignState.STOPPED, queue_disposal=QueueDisposal.CANCEL))
    assert work.campaigns.delivery_policies([one.key, two.key, 10_000]) == {
        one.key: DeliveryPolicy(CampaignState.DRAFT, None, has_suppressions=False, has_allow_list=False),
        two.key: DeliveryPolicy(
            CampaignState.STOPPED, QueueDisposal.CANCEL, has_suppressions=False, has_allow_list=False
        ),
    }


def test_saving_replaces_the_stored_campaign(store: Store) -> None:
    with committing(store) as work:
        draft = a_campaign(work)
    changed = replace(draft, definition=samples.definition(display_name="Other"), revision=2)
    with committing(store) as work:
        work.campaigns.save(changed)
    with store.snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, "order-confirmed") == changed


@pytest.mark.parametrize("revision", [1, 3])
def test_saving_from_another_revision_is_stale(store: Store, revision: int) -> None:
    with committing(store) as work:
        draft = a_campaign(work)
    with committing(store) as work, pytest.raises(WriteConflict):
        work.campaigns.save(replace(draft, revision=revision, updater="apiKeys/9"))
    with store.snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, "order-confirmed") == draft


def test_the_second_of_two_changes_to_the_same_revision_is_stale(store: Store) -> None:
    with committing(store) as work:
        draft = a_campaign(work)
    first, second = replace(draft, revision=2, updater="first"), replace(draft, revision=2, updater="second")
    with committing(store) as work:
        work.campaigns.save(first)
    with committing(store) as work, pytest.raises(WriteConflict):
        work.campaigns.save(second)
    with store.snapshot() as work:
        assert work.campaigns.get(samples.VISIBILITY, "order-confirmed") == first


def test_a_deleted_campaign_is_gone_and_its_name_is_free(work: UnitOfWork) -> None:
    draft = a_campaign(work)
    work.campaigns.delete(draft, samples.NOW)
    assert work.campaigns.get(samples.VISIBILITY, "order-confirmed") is None
    assert work.campaigns.by_keys([draft.key]) == {}
    assert a_campaign(work).id == draft.id


def test_a_deleted_campaign_cannot_be_saved_or_deleted_again(work: UnitOfWork) -> None:
    draft = a_campaign(work)
    work.campaigns.delete(draft, samples.NOW)
    with pytest.raises(WriteConflict):
        work.campaigns.save(replace(draft, revision=2))
    with pytest.raises(WriteConflict):
        work.campaigns.delete(draft, samples.NOW)


def test_deleting_another_revision_is_stale(work: UnitOfWork) -> None:
    draft = a_campaign(work)
    work.campaigns.save(replace(draft, revision=2))
    with pytest.raises(WriteConflict):
        work.campaigns.delete(draft, samples.NOW)
    assert work.campaigns.lock([draft.key]) == {draft.key: LockedCampaign(2, has_profiles=False)}
