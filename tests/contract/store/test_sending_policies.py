"""Sending policies, and messages that wait for an opening."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.queries import LockedCampaign
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.instant import HOUR, MINUTE
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy

from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_sender
from tests.contract.store.samples import NOW

PLAIN = SendingPolicy(
    sandbox="default", id="plain", display_name="Plain", time_zone="Etc/UTC", create_time=1, update_time=2
)
HERE, THERE = Visibility(samples.SANDBOX), Visibility("staging")


def test_a_policy_comes_back_as_it_was_added_with_a_key(work: UnitOfWork) -> None:
    for policy in (samples.sending_policy(), PLAIN):
        added = work.sending_policies.add(policy)
        assert added == replace(policy, key=added.key)
        assert work.sending_policies.get(HERE, policy.id) == added


def test_a_name_is_taken_once_in_a_sandbox(work: UnitOfWork) -> None:
    work.sending_policies.add(samples.sending_policy())
    with pytest.raises(NameTaken):
        work.sending_policies.add(samples.sending_policy())
    there = work.sending_policies.add(samples.sending_policy(sandbox="staging"))
    assert work.sending_policies.get(THERE, "nights") == there


def test_a_policy_of_another_sandbox_is_not_there(work: UnitOfWork) -> None:
    here = work.sending_policies.add(samples.sending_policy())
    assert work.sending_policies.get(THERE, "nights") is None
    assert work.sending_policies.page(THERE, None, 9) == []
    assert (work.sending_policies.count(HERE), work.sending_policies.count(THERE)) == (1, 0)
    names = {(samples.SANDBOX, "nights"), ("staging", "nights"), (samples.SANDBOX, "default")}
    assert work.sending_policies.named(names) == {(samples.SANDBOX, "nights"): here}


def test_saving_replaces_the_stored_revision_alone(work: UnitOfWork) -> None:
    added = work.sending_policies.add(samples.sending_policy())
    changed = replace(added.changed(NOW + 5), display_name="Other", send_windows=())
    work.sending_policies.save(changed)
    assert work.sending_policies.get(HERE, "nights") == changed
    with pytest.raises(WriteConflict):
        work.sending_policies.save(changed)


def test_deleting_takes_the_stored_revision_alone(work: UnitOfWork) -> None:
    added = work.sending_policies.add(samples.sending_policy())
    with pytest.raises(WriteConflict):
        work.sending_policies.delete(added.changed(NOW))
    work.sending_policies.delete(added)
    assert work.sending_policies.get(HERE, "nights") is None


def test_pages_go_by_id(work: UnitOfWork) -> None:
    for policy_id in ("c", "a", "b"):
        work.sending_policies.add(samples.sending_policy(policy_id))
    assert [policy.id for policy in work.sending_policies.page(HERE, None, 2)] == ["a", "b"]
    assert [policy.id for policy in work.sending_policies.page(HERE, "b", 9)] == ["c"]


def test_a_campaign_is_locked_with_whether_its_sandbox_has_policies(work: UnitOfWork) -> None:
    here, there = a_campaign(work), a_campaign(work, sandbox="staging")
    work.sending_policies.add(samples.sending_policy(sandbox="staging"))
    assert work.campaigns.lock([here.key, there.key]) == {
        here.key: LockedCampaign(1, has_profiles=False),
        there.key: LockedCampaign(1, has_profiles=False, has_sending_policies=True),
    }


@pytest.mark.parametrize("state", CampaignState)
def test_a_campaign_in_use_is_found_by_the_policy_of_its_live_version(work: UnitOfWork, state: CampaignState) -> None:
    in_use = state in (CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED)
    sender = a_sender(work)
    moved = replace(sender.campaign, state=state, revision=sender.campaign.revision + 1)
    work.campaigns.save(moved)
    assert work.campaigns.first_with_policy(HERE, "nights") == (moved if in_use else None)
    assert work.campaigns.first_with_policy(HERE, "other") is None
    assert work.campaigns.first_with_policy(THERE, "nights") is None


def test_an_earlier_version_does_not_use_a_policy(work: UnitOfWork) -> None:
    sender = a_sender(work)
    work.campaigns.add_version(samples.version(sender.campaign.key, 2, sending_policy=None), [sender.channel.key])
    work.campaigns.save(replace(sender.campaign, live_version=2, last_version=2, revision=3))
    assert work.campaigns.first_with_policy(HERE, "nights") is None


def test_a_message_is_due_and_released_at_the_opening_that_it_waits_for(work: UnitOfWork) -> None:
    first, second, other = a_sender(work).messages(work, 3)
    work.messages.defer({first.id: NOW + HOUR, second.id: NOW + 2 * HOUR}, NOW)
    deferred = {each.id: (each.due_time, each.release_time) for each in stored(work, first.id, second.id, other.id)}
    assert deferred == {
        first.id: (NOW + HOUR, NOW + HOUR),
        second.id: (NOW + 2 * HOUR, NOW + 2 * HOUR),
        other.id: (other.due_time, other.release_time),
    }
    (never_tried,) = stored(work, first.id)
    assert never_tried.attempts.first_time is None


def test_the_retry_window_of_a_message_goes_on_after_the_opening(work: UnitOfWork) -> None:
    message = a_sender(work).message(work, attempt_count=2, attempt_time=NOW, first_attempt_time=NOW - MINUTE)
    once = a_sender(work, "once").message(work)
    work.messages.begin([once.id], "a", NOW)
    work.messages.record_outcomes([samples.outcome(once, MessageState.QUEUED)], "a")
    work.messages.defer({message.id: NOW + HOUR, once.id: NOW + HOUR}, NOW)
    several, single = stored(work, message.id, once.id)
    assert (several.due_time, several.release_time) == (NOW + HOUR, message.release_time)
    assert several.attempts.first_time == NOW - MINUTE + HOUR
    assert (single.attempts.last_time, single.attempts.first_time) == (NOW, NOW + HOUR)


def test_a_message_that_is_not_queued_waits_for_no_opening(work: UnitOfWork) -> None:
    message = a_sender(work).message(work, state=MessageState.SENDING, attempt_count=1, attempt_time=NOW, owner="a")
    work.messages.defer({message.id: NOW + HOUR}, NOW)
    assert [each.due_time for each in stored(work, message.id)] == [message.due_time]


def stored(work: UnitOfWork, *ids: str) -> list[Message]:
    return [found for each in ids if (found := work.messages.get(samples.VISIBILITY, each)) is not None]
