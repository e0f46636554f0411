"""Drafts that are submitted, approved, sent back and activated."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.approvals.approving import Word
from clarion_server.application.campaigns.drafts import Draft, UpdateCampaign
from clarion_server.application.channels.configurations import ChannelSettings, UpdateChannelConfiguration
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.access_labels import access_labels
from clarion_server.domain.approvals.approval import ApprovalAction, ApprovalStep
from clarion_server.domain.approvals.approval_policy import ApprovalConditions
from clarion_server.domain.campaign_states import ApprovalState, CampaignState
from clarion_server.domain.category import Category
from clarion_server.domain.errors import (
    ApprovalRequired,
    ApprovalStale,
    ApproverNotNamed,
    EtagMismatch,
    IllegalTransition,
    InvalidFields,
    ResourceNotFound,
    ReviewFailed,
    SelfApproval,
)

from tests.unit.application.office import ANN, BOB, Office
from tests.unit.application.world import AUTHOR, CHANNEL, DEFINITION, STRANGER, World

NAME = "campaigns/order-confirmed"


@pytest.fixture
async def office(world: World) -> Office:
    await world.channel()
    await world.draft()
    return Office(world)


async def test_a_draft_goes_live_once_its_policy_has_its_approval(office: Office) -> None:
    await office.policy()
    with pytest.raises(ApprovalRequired) as refused:
        await office.world.activate()
    assert refused.value.policies == ("approvalPolicies/legal",)
    submitted = await office.submit()
    assert submitted.subject.approval_state is ApprovalState.IN_REVIEW
    with pytest.raises(ApprovalRequired):
        await office.world.activate()
    assert (await office.approve()).subject.approval_state is ApprovalState.APPROVED
    live = (await office.world.activate()).campaign
    assert (live.state, live.approval_state, live.draft_editors) == (CampaignState.LIVE, None, ())
    (version,) = await office.world.authoring.versions("order-confirmed", None, 9, AUTHOR)
    assert (version.approvers, version.bypass_reason) == ((ANN.name,), "")
    assert await office.actions() == [ApprovalAction.SUBMITTED, ApprovalAction.APPROVED, ApprovalAction.ACTIVATED]


async def test_without_a_policy_nothing_is_asked(office: Office) -> None:
    assert (await office.world.activate()).campaign.state is CampaignState.LIVE
    assert await office.actions() == []


async def test_a_submitted_draft_cannot_be_edited_deleted_or_submitted_again(office: Office) -> None:
    await office.submit()
    for state in (ApprovalState.IN_REVIEW, ApprovalState.APPROVED):
        assert (await office.world.get()).approval_state is state
        with pytest.raises(IllegalTransition) as refused:
            await office.world.update(display_name="Other")
        assert (refused.value.state, refused.value.allowed_states) == (state, ("NOT_SUBMITTED", "CHANGES_REQUESTED"))
        with pytest.raises(IllegalTransition):
            await office.world.update(tags=("cheap",))
        with pytest.raises(IllegalTransition):
            await office.world.authoring.delete("order-confirmed", "", AUTHOR)
        with pytest.raises(IllegalTransition):
            await office.submit()
        await office.approve()


async def test_who_worked_on_the_draft_cannot_approve_it_where_that_is_blocked(office: Office) -> None:
    await office.policy(block_self=True)
    await office.submit(ANN)
    for caller in (ANN, AUTHOR):
        with pytest.raises(SelfApproval):
            await office.approve(caller)
    assert (await office.approve(BOB)).subject.approval_state is ApprovalState.APPROVED


async def test_only_named_approvers_count(office: Office) -> None:
    await office.policy(approvers=(BOB.name,))
    await office.submit()
    with pytest.raises(ApproverNotNamed):
        await office.approve(ANN)
    assert (await office.approve(BOB)).subject.approval_state is ApprovalState.APPROVED


async def test_every_policy_that_holds_must_have_its_approvals(office: Office) -> None:
    await office.policy("legal", approvers=(ANN.name,))
    await office.policy("brand", required_count=2)
    await office.policy("marketing", conditions=ApprovalConditions((Category.MARKETING,)))
    await office.submit()
    first = await office.approve(ANN)
    assert first.subject.approval_state is ApprovalState.IN_REVIEW
    assert [(each.policy, each.is_met) for each in first.requirements] == [
        ("approvalPolicies/brand", False),
        ("approvalPolicies/legal", True),
    ]
    assert (await office.approve(ANN)).subject.approval_state is ApprovalState.IN_REVIEW
    assert (await office.approve(BOB)).subject.approval_state is ApprovalState.APPROVED


async def test_a_policy_that_came_after_the_approval_is_heeded(office: Office) -> None:
    await office.submit()
    await office.approve()
    await office.policy(approvers=(BOB.name,))
    with pytest.raises(ApprovalRequired) as refused:
        await office.world.activate()
    assert refused.value.is_submitted
    await office.approve(BOB)
    await office.world.activate()


async def test_a_policy_that_asks_for_less_now_lets_through_what_has_as_many_approvals(office: Office) -> None:
    await office.policy(required_count=2)
    await office.submit()
    assert (await office.approve(ANN)).subject.approval_state is ApprovalState.IN_REVIEW
    await office.lower("legal", 1)
    await office.world.activate()


async def test_a_policy_that_asks_for_less_now_counts_no_approvals_from_before_changes_were_requested(
    office: Office,
) -> None:
    await office.policy(required_count=2)
    await office.submit()
    await office.approve(ANN)
    await office.approving.request_changes(Word("order-confirmed", "Too long."), BOB)
    await office.lower("legal", 1)
    with pytest.raises(ApprovalRequired):
        await office.world.activate()


async def test_only_what_was_looked_at_is_approved(office: Office) -> None:
    await office.policy()
    await office.submit()
    with pytest.raises(ApprovalStale):
        await office.approve(content_hash="0" * 64)


async def test_an_approval_is_stale_when_something_changes_that_the_draft_names(office: Office) -> None:
    await office.policy()
    await office.submit()
    await office.approve()
    settings = ChannelSettings(replace(CHANNEL, display_name="Other"))
    await office.world.channels.update(
        UpdateChannelConfiguration("orders", settings, frozenset({"display_name"})), AUTHOR
    )
    with pytest.raises(ApprovalStale):
        await office.world.activate()
    with pytest.raises(ApprovalStale):
        await office.approve(BOB)
    await office.approving.cancel(Word("order-confirmed"), AUTHOR)
    await office.submit()
    await office.approve()
    await office.world.activate()


@pytest.mark.parametrize("end", ["request_changes", "cancel"])
async def test_what_ends_a_submission_voids_its_approvals(office: Office, end: str) -> None:
    await office.policy()
    await office.submit()
    await office.approve()
    ended = await getattr(office.approving, end)(Word("order-confirmed", "Too long."), BOB)
    assert ended.subject.approval_state in (None, ApprovalState.CHANGES_REQUESTED)
    await office.world.update(display_name="Shorter")
    again = await office.submit()
    assert again.submission is not None
    assert (again.submission.approvers, again.subject.approval_state) == ((), ApprovalState.IN_REVIEW)
    with pytest.raises(ApprovalRequired):
        await office.world.activate()


async def test_who_gave_a_void_approval_is_asked_for_one_again(office: Office) -> None:
    await office.policy(approvers=(ANN.name,))
    await office.submit()
    await office.approve()
    sent_back = await office.approving.request_changes(Word("order-confirmed", "Too long."), ANN)
    (requirement,) = sent_back.requirements
    assert (requirement.approvers, requirement.possible_approvers) == ((), (ANN.name,))
    with pytest.raises(ApprovalRequired) as refused:
        await office.world.activate()
    assert refused.value.approvers == (ANN.name,)


@pytest.mark.parametrize("change", ["the draft", "what it names"])
async def test_a_version_names_nobody_who_approved_something_else(office: Office, change: str) -> None:
    await office.submit()
    await office.approve()
    if change == "the draft":
        await office.approving.request_changes(Word("order-confirmed", "Too long."), BOB)
        await office.world.update(display_name="Shorter")
    else:
        settings = ChannelSettings(replace(CHANNEL, display_name="Other"))
        await office.world.channels.update(
            UpdateChannelConfiguration("orders", settings, frozenset({"display_name"})), AUTHOR
        )
    await office.world.activate()
    (version,) = await office.world.authoring.versions("order-confirmed", None, 9, AUTHOR)
    assert version.approvers == ()


@pytest.mark.parametrize("fields", [frozenset({"access_labels"}), frozenset({"display_name"})])
async def test_who_changes_labels_or_nothing_has_not_edited_the_draft(office: Office, fields: frozenset[str]) -> None:
    await office.policy(block_self=True)
    await office.submit()
    await office.approve(ANN)
    unchanged = Draft(DEFINITION, access_labels=("eu",))
    labelled = replace(ANN, visibility=Visibility("default", access_labels({"eu": 0})))
    await office.world.authoring.update(UpdateCampaign("order-confirmed", unchanged, fields), labelled)
    (requirement,) = (await office.approving.get("order-confirmed", labelled)).requirements
    assert requirement.approvers == (ANN.name,)


async def test_an_administrator_who_says_why_goes_without_approval(office: Office) -> None:
    await office.policy()
    await office.world.activate(bypass_reason="The shop is down.")
    (version,) = await office.world.authoring.versions("order-confirmed", None, 9, AUTHOR)
    assert (version.approvers, version.bypass_reason) == ((), "The shop is down.")
    (step,) = await office.approving.steps("order-confirmed", None, 9, AUTHOR)
    assert (step.action, step.comment, step.actor) == (ApprovalAction.BYPASSED, "The shop is down.", AUTHOR.name)


async def test_a_reason_that_was_not_needed_is_not_kept(office: Office) -> None:
    await office.world.activate(bypass_reason="The shop is down.")
    (version,) = await office.world.authoring.versions("order-confirmed", None, 9, AUTHOR)
    assert version.bypass_reason == ""


async def test_an_earlier_version_goes_live_again_without_a_further_approval(office: Office) -> None:
    await office.world.activate()
    await office.world.update(display_name="Other")
    await office.world.activate()
    await office.policy()
    assert (await office.world.activate(version=1)).campaign.live_version == 1


async def test_going_back_leaves_the_draft_in_review(office: Office) -> None:
    await office.world.activate()
    await office.world.update(display_name="Other")
    await office.world.activate()
    await office.world.update(display_name="A third")
    await office.submit()
    assert (await office.world.activate(version=1)).campaign.approval_state is ApprovalState.IN_REVIEW


async def test_a_draft_with_errors_cannot_be_submitted(world: World) -> None:
    await world.draft()
    with pytest.raises(ReviewFailed):
        await Office(world).submit()
    assert (await world.get()).approval_state is None


async def test_a_campaign_without_changes_cannot_be_submitted(office: Office) -> None:
    await office.world.activate()
    with pytest.raises(IllegalTransition) as refused:
        await office.submit()
    assert refused.value.state == "UNCHANGED"
    assert str(refused.value).endswith("must be DRAFT_PENDING. Edit its draft first.")


async def test_what_is_not_submitted_cannot_be_approved(office: Office) -> None:
    with pytest.raises(IllegalTransition):
        await office.approve()
    await office.submit()
    await office.approving.request_changes(Word("order-confirmed", "Shorter."), ANN)
    with pytest.raises(IllegalTransition):
        await office.approve()
    assert await office.actions() == [ApprovalAction.SUBMITTED, ApprovalAction.CHANGES_REQUESTED]


async def test_a_submission_that_was_taken_back_is_shown_no_longer(office: Office) -> None:
    await office.submit()
    await office.approve()
    taken_back = await office.approving.cancel(Word("order-confirmed"), AUTHOR)
    assert (taken_back.submission, taken_back.subject.approval_state) == (None, None)
    assert (await office.approving.get("order-confirmed", ANN)).submission is None


async def test_the_etag_of_an_earlier_state_is_refused(office: Office) -> None:
    before = (await office.world.get()).etag
    await office.submit()
    with pytest.raises(EtagMismatch):
        await office.approving.cancel(Word("order-confirmed", etag=before), AUTHOR)


async def test_comments_stand_in_the_history_and_change_nothing(office: Office) -> None:
    before = await office.world.get()
    step = await office.approving.comment(Word("order-confirmed", "Is the price right?"), None, ANN)
    assert (step.action, step.comment, step.actor) == (ApprovalAction.COMMENTED, "Is the price right?", ANN.name)
    assert await office.world.get() == before


async def said(office: Office, text: str, reply_to: int | None = None) -> ApprovalStep:
    return await office.approving.comment(Word("order-confirmed", text), reply_to, ANN)


async def test_answers_stand_in_the_thread_of_what_they_answer(office: Office) -> None:
    price, colour = await said(office, "Is the price right?"), await said(office, "Blue?")
    first = await said(office, "It is.", price.key)
    second = await said(office, "Thank you.", first.key)
    threads = await office.approving.threads("order-confirmed", None, 9, AUTHOR)
    assert [(each.opening.key, each.replies) for each in threads] == [(colour.key, ()), (price.key, (first, second))]
    assert await office.approving.threads("order-confirmed", colour.key, 9, AUTHOR) == threads[1:]


async def test_a_request_for_changes_begins_a_thread_that_is_resolved_and_opened_again(office: Office) -> None:
    await office.submit()
    await office.approving.request_changes(Word("order-confirmed", "Shorter."), ANN)
    thread, submitted = await office.approving.threads("order-confirmed", None, 9, ANN)
    assert submitted.opening.action is ApprovalAction.SUBMITTED
    assert (thread.opening.action, thread.is_resolved) == (ApprovalAction.CHANGES_REQUESTED, False)
    resolve = office.approving.resolve
    resolved = await resolve(Word("order-confirmed", "Done."), thread.opening.key, AUTHOR)
    assert resolved.is_resolved
    (last,) = resolved.replies
    assert (last.action, last.comment, last.actor) == (ApprovalAction.RESOLVED, "Done.", AUTHOR.name)
    assert await resolve(Word("order-confirmed"), last.key, AUTHOR) == resolved
    await said(office, "It is still long.", last.key)
    (again,) = await office.approving.threads("order-confirmed", None, 1, ANN)
    assert not again.is_resolved
    steps = await office.approving.steps("order-confirmed", None, 9, ANN)
    assert [each.action.value for each in steps] == ["COMMENTED", "RESOLVED", "CHANGES_REQUESTED", "SUBMITTED"]


async def test_a_step_of_another_campaign_and_one_that_says_nothing_are_answered_by_nothing(office: Office) -> None:
    await office.world.draft("other")
    elsewhere = await office.approving.comment(Word("other", "Here."), None, ANN)
    await office.submit()
    await office.approving.cancel(Word("order-confirmed"), AUTHOR)
    (silent,) = await office.approving.steps("order-confirmed", None, 1, ANN)
    for key in (elsewhere.key, silent.key, 4711):
        with pytest.raises(InvalidFields) as refused:
            await said(office, "Why?", key)
        assert [(each.field, each.reason) for each in refused.value.violations] == [("reply_to", "UNKNOWN_VALUE")]
        with pytest.raises(InvalidFields) as refused:
            await office.approving.resolve(Word("order-confirmed"), key, ANN)
        assert [each.field for each in refused.value.violations] == ["thread"]


@pytest.mark.parametrize(("comment", "reason"), [("", "REQUIRED"), (" ", "REQUIRED"), ("x" * 2_001, "TOO_LONG")])
async def test_a_request_for_changes_says_what_is_to_change(office: Office, comment: str, reason: str) -> None:
    await office.submit()
    with pytest.raises(InvalidFields) as refused:
        await office.approving.request_changes(Word("order-confirmed", comment), ANN)
    assert [(each.field, each.reason) for each in refused.value.violations] == [("comment", reason)]


async def test_a_stranger_finds_no_campaign_to_approve(office: Office) -> None:
    with pytest.raises(ResourceNotFound):
        await office.approving.get("order-confirmed", STRANGER)
    with pytest.raises(ResourceNotFound):
        await office.approving.approve(Word("order-confirmed"), "0", STRANGER)
