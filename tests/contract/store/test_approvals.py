"""Approval policies, and the history of approvals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.approvable import DraftKey, DraftKind
from clarion_server.domain.approvals.approval import ApprovalAction, ApprovalStep
from clarion_server.domain.approvals.approval_policy import ApprovalPolicy
from clarion_server.domain.campaign_states import ApprovalState

from tests.contract.store import samples
from tests.contract.store.given import a_campaign
from tests.contract.store.samples import NOW

HERE, THERE = Visibility(samples.SANDBOX), Visibility("staging")


def test_a_policy_comes_back_as_it_was_added_with_a_key(work: UnitOfWork) -> None:
    plain = ApprovalPolicy(sandbox="default", id="plain", create_time=1, update_time=2, display_name="Plain")
    for policy in (samples.approval_policy(), plain):
        added = work.resources(ApprovalPolicy).add(policy)
        assert added == replace(policy, key=added.key)
        assert work.resources(ApprovalPolicy).get(Visibility(policy.sandbox), policy.id) == added


def test_a_name_is_taken_once_in_a_sandbox(work: UnitOfWork) -> None:
    work.resources(ApprovalPolicy).add(samples.approval_policy())
    with pytest.raises(NameTaken):
        work.resources(ApprovalPolicy).add(samples.approval_policy())
    there = work.resources(ApprovalPolicy).add(samples.approval_policy(sandbox="staging"))
    assert work.resources(ApprovalPolicy).all(THERE) == [there]


def test_a_policy_of_another_sandbox_is_not_there(work: UnitOfWork) -> None:
    here = work.resources(ApprovalPolicy).add(samples.approval_policy())
    assert work.resources(ApprovalPolicy).get(THERE, "legal") is None
    assert work.resources(ApprovalPolicy).page(THERE, None, 9) == work.resources(ApprovalPolicy).all(THERE) == []
    assert (work.resources(ApprovalPolicy).count(HERE), work.resources(ApprovalPolicy).count(THERE)) == (1, 0)
    assert work.resources(ApprovalPolicy).all(HERE) == [here]


def test_saving_replaces_the_stored_revision_alone(work: UnitOfWork) -> None:
    added = work.resources(ApprovalPolicy).add(samples.approval_policy())
    changed = replace(added.changed(NOW + 5), display_name="Other", block_self=False)
    work.resources(ApprovalPolicy).save(changed)
    assert work.resources(ApprovalPolicy).get(HERE, "legal") == changed
    with pytest.raises(WriteConflict):
        work.resources(ApprovalPolicy).save(changed)


def test_deleting_takes_the_stored_revision_alone(work: UnitOfWork) -> None:
    added = work.resources(ApprovalPolicy).add(samples.approval_policy())
    with pytest.raises(WriteConflict):
        work.resources(ApprovalPolicy).delete(added.changed(NOW))
    work.resources(ApprovalPolicy).delete(added)
    assert work.resources(ApprovalPolicy).get(HERE, "legal") is None


def test_pages_follow_the_ids(work: UnitOfWork) -> None:
    for policy_id in ("c", "a", "b"):
        work.resources(ApprovalPolicy).add(samples.approval_policy(policy_id))
    first = work.resources(ApprovalPolicy).page(HERE, None, 2)
    assert [policy.id for policy in first] == ["a", "b"]
    assert [policy.id for policy in work.resources(ApprovalPolicy).page(HERE, "b", 2)] == ["c"]


def step(draft: DraftKey, action: ApprovalAction, comment: str = "") -> ApprovalStep:
    return ApprovalStep(draft, action, NOW, "apiKeys/7", comment, "" if comment else "5ba1")


Subject = Callable[..., DraftKey]


@pytest.fixture(params=DraftKind)
def subject(request: pytest.FixtureRequest) -> Subject:
    """Returns what adds a campaign or a fragment."""

    def add(work: UnitOfWork, subject_id: str = "order-confirmed") -> DraftKey:
        if request.param is DraftKind.CAMPAIGN:
            return a_campaign(work, subject_id).draft_key
        return work.fragments.add(samples.fragment(subject_id)).draft_key

    return add


def test_the_steps_since_the_last_submission_come_in_their_order(work: UnitOfWork, subject: Subject) -> None:
    key, other = subject(work), subject(work, "other")
    actions = (
        ApprovalAction.SUBMITTED,
        ApprovalAction.CANCELLED,
        ApprovalAction.SUBMITTED,
        ApprovalAction.APPROVED,
        ApprovalAction.COMMENTED,
    )
    assert work.approvals.submitted(key) == []
    added = [work.approvals.add(step(key, action, "No." if action is actions[-1] else "")) for action in actions]
    work.approvals.add(step(other, ApprovalAction.SUBMITTED))
    assert work.approvals.submitted(key) == added[2:]
    assert added[2] == replace(step(key, ApprovalAction.SUBMITTED), key=added[2].key)


def test_pages_of_the_history_begin_with_the_newest_step(work: UnitOfWork, subject: Subject) -> None:
    key, other = subject(work), subject(work, "other")
    added = [work.approvals.add(step(key, ApprovalAction.COMMENTED, str(number))) for number in range(3)]
    work.approvals.add(step(other, ApprovalAction.COMMENTED, "Elsewhere."))
    first = work.approvals.page(key, None, 2)
    assert first == [added[2], added[1]]
    assert work.approvals.page(key, first[-1].key, 2) == [added[0]]


def test_the_history_goes_with_its_campaign_or_fragment(work: UnitOfWork) -> None:
    campaign, fragment = work.campaigns.add(samples.campaign()), work.fragments.add(samples.fragment())
    for each in (campaign, fragment):
        work.approvals.add(step(each.draft_key, ApprovalAction.SUBMITTED))
    work.campaigns.delete(campaign, NOW)
    assert work.approvals.page(campaign.draft_key, None, 9) == []
    assert len(work.approvals.page(fragment.draft_key, None, 9)) == 1
    work.fragments.delete(fragment)
    assert work.approvals.page(fragment.draft_key, None, 9) == []


def test_a_campaign_and_a_fragment_with_one_key_have_histories_of_their_own(work: UnitOfWork) -> None:
    keys = with_one_key(work)
    opening, other = (work.approvals.add(step(each, ApprovalAction.COMMENTED, each.kind)) for each in keys)
    reply = work.approvals.add(replace(step(keys[0], ApprovalAction.COMMENTED, "Yes."), thread=opening.key))
    for key, mine in zip(keys, ([reply, opening], [other]), strict=True):
        assert work.approvals.page(key, None, 9) == mine
        assert work.approvals.openings(key, None, 9) == mine[-1:]
        assert work.approvals.replies(key, [opening.key]) == mine[:-1]
        assert [work.approvals.get(key, each.key) is not None for each in (opening, other)] == [
            each in mine for each in (opening, other)
        ]


def with_one_key(work: UnitOfWork) -> tuple[DraftKey, DraftKey]:
    """Adds campaigns and fragments, which stores count apart, until one of each has the same key."""
    campaign, fragment = work.campaigns.add(samples.campaign()), work.fragments.add(samples.fragment())
    while campaign.key != fragment.key:
        if campaign.key < fragment.key:
            campaign = work.campaigns.add(samples.campaign(id=f"after-{campaign.key}"))
        else:
            fragment = work.fragments.add(samples.fragment(id=f"after-{fragment.key}"))
    return campaign.draft_key, fragment.draft_key


def test_a_campaign_and_a_version_keep_their_approval(work: UnitOfWork) -> None:
    draft = samples.campaign(approval_state=ApprovalState.IN_REVIEW, draft_editors=("apiKeys/2", "apiKeys/1"))
    draft = replace(draft, used_rules=(("email", "gold"), ("hook", "gold")))
    added = work.campaigns.add(draft)
    assert work.campaigns.get(HERE, added.id) == added
    version = replace(samples.version(added.key), approvers=("apiKeys/7",), bypass_reason="The shop is down.")
    work.campaigns.add_version(version, [1])
    assert work.campaigns.version(added.key, 1) == version
