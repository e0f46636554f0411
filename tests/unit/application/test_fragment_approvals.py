"""Drafts of fragments that are submitted, approved, sent back and published."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.application.approvals.approving import Word
from clarion_server.application.resources import ResourceInput, UpdateResource
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.access_labels import access_labels
from clarion_server.domain.approvals.approval import ApprovalAction
from clarion_server.domain.approvals.approval_policy import ApprovalConditions
from clarion_server.domain.campaign_states import ApprovalState
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
from clarion_server.domain.finding import Finding
from clarion_server.domain.fragments.fragment import FragmentKind

from tests.unit.application.fragment_office import FragmentOffice
from tests.unit.application.labelling import MIGHTY
from tests.unit.application.office import ANN, BOB
from tests.unit.application.world import AUTHOR, STRANGER, World

OTHER_AUTHOR = replace(AUTHOR, name="apiKeys/other")


@pytest.fixture
async def desk(world: World) -> FragmentOffice:
    made = FragmentOffice(world)
    await made.write("footer", "<p>one</p>")
    return made


async def test_a_draft_is_published_once_its_policy_has_its_approval(desk: FragmentOffice) -> None:
    await desk.policy(approvers=(ANN.name, BOB.name))
    for dry in (True, False):
        with pytest.raises(ApprovalRequired) as refused:
            await desk.publish("footer", dry=dry)
        assert refused.value.policies == ("approvalPolicies/legal",)
        assert refused.value.approvers == (ANN.name, BOB.name)
    assert (await desk.submit()).subject.approval_state is ApprovalState.IN_REVIEW
    with pytest.raises(ApprovalRequired):
        await desk.publish("footer")
    assert (await desk.approve()).subject.approval_state is ApprovalState.APPROVED
    assert (await desk.publish("footer", dry=True)).version.approvers == (ANN.name,)
    published = await desk.publish("footer")
    assert (published.fragment.approval_state, published.fragment.draft_editors) == (None, ())
    (version,) = await desk.manage.versions("footer", None, 9, AUTHOR)
    assert (version, version.approvers, version.bypass_reason) == (published.version, (ANN.name,), "")
    assert await desk.actions() == [ApprovalAction.SUBMITTED, ApprovalAction.APPROVED, ApprovalAction.PUBLISHED]


async def test_policies_about_campaigns_and_about_other_fragments_ask_nothing(desk: FragmentOffice) -> None:
    await desk.office.policy("campaigns")
    await desk.policy("texts", conditions=ApprovalConditions(fragment_kinds=(FragmentKind.TEXT,)))
    await desk.policy("header", conditions=ApprovalConditions(fragments=("fragments/header",)))
    assert (await desk.publish("footer")).version.number == 1
    assert await desk.actions() == []


async def test_a_draft_in_review_keeps_everything_but_its_access_labels(desk: FragmentOffice) -> None:
    await desk.submit()
    for state in (ApprovalState.IN_REVIEW, ApprovalState.APPROVED):
        assert (await desk.footer()).approval_state is state
        changes: list[dict[str, Any]] = [{"source": "<p>2</p>"}, {"display_name": "Other"}, {"kind": FragmentKind.TEXT}]
        for change in changes:
            with pytest.raises(IllegalTransition) as refused:
                await desk.write("footer", **{"source": "<p>one</p>", **change})
            assert (refused.value.state, refused.value.allowed_states) == (
                state,
                ("NOT_SUBMITTED", "CHANGES_REQUESTED"),
            )
        for refusal in (desk.manage.delete("footer", "", AUTHOR), desk.submit()):
            with pytest.raises(IllegalTransition):
                await refusal
        await desk.write("footer", "<p>one</p>")
        await desk.approve()
    labelled = UpdateResource("footer", ResourceInput(await desk.footer(), (), ("eu",)), frozenset({"access_labels"}))
    assert (await desk.manage.update(labelled, MIGHTY)).approval_state is ApprovalState.APPROVED


async def test_who_worked_on_the_draft_cannot_approve_it_where_that_is_blocked(
    desk: FragmentOffice,
) -> None:
    await desk.publish("footer")
    await desk.policy(block_self=True)
    await desk.write("footer", "<p>two</p>", OTHER_AUTHOR)
    await desk.submit(ANN)
    for caller in (ANN, OTHER_AUTHOR):
        with pytest.raises(SelfApproval):
            await desk.approve(caller)
    assert (await desk.approve(AUTHOR)).subject.approval_state is ApprovalState.APPROVED


async def test_only_named_approvers_count_and_the_others_are_told(desk: FragmentOffice) -> None:
    await desk.policy(approvers=(ANN.name, BOB.name), required_count=2)
    submitted = await desk.submit()
    with pytest.raises(ApproverNotNamed):
        await desk.approve(OTHER_AUTHOR)
    assert submitted.requirements[0].possible_approvers == (ANN.name, BOB.name)
    approved = await desk.approve(ANN)
    assert approved.subject.approval_state is ApprovalState.IN_REVIEW
    assert approved.requirements[0].possible_approvers == (BOB.name,)
    with pytest.raises(ApprovalRequired) as refused:
        await desk.publish("footer")
    assert refused.value.approvers == (BOB.name,)


async def test_a_policy_that_came_after_the_approval_is_heeded_when_it_is_published(desk: FragmentOffice) -> None:
    await desk.submit()
    await desk.approve()
    await desk.policy(approvers=(BOB.name,))
    with pytest.raises(ApprovalRequired):
        await desk.publish("footer")
    await desk.approve(BOB)
    await desk.publish("footer")


async def test_only_what_was_looked_at_is_approved(desk: FragmentOffice) -> None:
    await desk.submit()
    with pytest.raises(ApprovalStale):
        await desk.approve(content_hash="0" * 64)


@pytest.mark.parametrize(
    "change",
    [
        {"source": "<p>two</p>"},
        {"kind": FragmentKind.TEXT},
        {"display_name": "Footer"},
        {"description": "Below each mail."},
        {"parameters": {"type": "object", "properties": {"label": {}}}},
        {"translations": {"en": {"bye": "Bye"}}},
    ],
)
async def test_the_hash_is_of_everything_that_an_author_writes(desk: FragmentOffice, change: dict[str, Any]) -> None:
    before = (await desk.approving.get("footer", ANN)).content_hash
    await desk.write("footer", **{"source": "<p>one</p>", **change})
    assert (await desk.approving.get("footer", ANN)).content_hash != before


async def test_an_approval_is_stale_once_a_fragment_that_it_includes_was_published(desk: FragmentOffice) -> None:
    await desk.policy(conditions=ApprovalConditions(fragments=("fragments/footer",)))
    await desk.publish("button", "<b>one</b>")
    await desk.write("footer", '{% include "fragments/button" %}')
    await desk.submit()
    await desk.approve()
    await desk.publish("button", "<b>two</b>")
    with pytest.raises(ApprovalStale):
        await desk.publish("footer")
    with pytest.raises(ApprovalStale):
        await desk.approve(BOB)
    await desk.approving.cancel(Word("footer"), AUTHOR)
    await desk.submit()
    await desk.approve()
    await desk.publish("footer")


async def test_the_hash_is_the_same_for_who_does_not_see_what_the_fragment_includes(desk: FragmentOffice) -> None:
    await desk.publish("button", "<b>one</b>")
    await desk.write("footer", '{% include "fragments/button" %}')
    seen = (await desk.approving.get("footer", AUTHOR)).content_hash
    button = ResourceInput(await desk.manage.get("button", MIGHTY), (), ("eu",))
    await desk.manage.update(UpdateResource("button", button, frozenset({"access_labels"})), MIGHTY)
    assert (await desk.approving.get("footer", AUTHOR)).content_hash == seen
    with pytest.raises(ReviewFailed):
        await desk.submit()
    with pytest.raises(ReviewFailed):
        await desk.publish("footer")


@pytest.mark.parametrize("end", ["request_changes", "cancel"])
async def test_what_ends_a_submission_voids_its_approvals(desk: FragmentOffice, end: str) -> None:
    await desk.policy()
    await desk.submit()
    await desk.approve()
    ended = await getattr(desk.approving, end)(Word("footer", "Too long."), BOB)
    assert ended.subject.approval_state in (None, ApprovalState.CHANGES_REQUESTED)
    await desk.write("footer", "<p>1</p>")
    again = await desk.submit()
    assert again.submission is not None
    assert (again.submission.approvers, again.subject.approval_state) == ((), ApprovalState.IN_REVIEW)
    with pytest.raises(ApprovalRequired):
        await desk.publish("footer")


async def test_an_administrator_who_says_why_publishes_without_approval(desk: FragmentOffice) -> None:
    await desk.policy()
    assert (await desk.publish("footer", dry=True, bypass_reason="It moved.")).version.bypass_reason == "It moved."
    assert await desk.actions() == []
    await desk.publish("footer", bypass_reason="It moved.")
    (version,) = await desk.manage.versions("footer", None, 9, AUTHOR)
    assert (version.approvers, version.bypass_reason) == ((), "It moved.")
    (step,) = await desk.approving.steps("footer", None, 9, AUTHOR)
    assert (step.action, step.comment, step.actor) == (ApprovalAction.BYPASSED, "It moved.", AUTHOR.name)


async def test_a_reason_that_was_not_needed_is_not_kept(desk: FragmentOffice) -> None:
    assert (await desk.publish("footer", bypass_reason="It moved.")).version.bypass_reason == ""
    assert await desk.actions() == []


async def test_a_reason_that_is_too_long_is_refused(desk: FragmentOffice) -> None:
    with pytest.raises(InvalidFields) as refused:
        await desk.publish("footer", bypass_reason="x" * 2_001)
    assert [(each.field, each.reason) for each in refused.value.violations] == [("bypass_reason", "TOO_LONG")]


async def test_a_draft_with_errors_or_without_changes_cannot_be_submitted(desk: FragmentOffice) -> None:
    await desk.write("footer", '{% include "fragments/missing" %}')
    with pytest.raises(ReviewFailed):
        await desk.submit()
    await desk.publish("footer", "<p>two</p>")
    with pytest.raises(IllegalTransition) as refused:
        await desk.submit()
    assert (refused.value.state, (await desk.footer()).approval_state) == ("UNCHANGED", None)


async def test_the_etag_of_an_earlier_state_is_refused(desk: FragmentOffice) -> None:
    before = (await desk.footer()).etag
    await desk.submit()
    with pytest.raises(EtagMismatch):
        await desk.approving.cancel(Word("footer", etag=before), AUTHOR)


async def test_comments_are_threads_and_change_nothing(desk: FragmentOffice) -> None:
    before = await desk.footer()
    asked = await desk.approving.comment(Word("footer", "Is the address right?"), None, ANN)
    answer = await desk.approving.comment(Word("footer", "It is."), asked.key, AUTHOR)
    resolved = await desk.approving.resolve(Word("footer"), answer.key, ANN)
    assert (resolved.opening, resolved.is_resolved) == (asked, True)
    assert await desk.approving.threads("footer", None, 9, AUTHOR) == [resolved]
    assert await desk.footer() == before


async def test_a_stranger_and_who_lacks_a_label_find_no_fragment_to_approve(desk: FragmentOffice) -> None:
    sent = ResourceInput(await desk.footer(), (), ("eu",))
    await desk.manage.update(UpdateResource("footer", sent, frozenset({"access_labels"})), MIGHTY)
    for caller in (STRANGER, replace(ANN, visibility=Visibility("default", access_labels({"other": 5})))):
        with pytest.raises(ResourceNotFound):
            await desk.approving.get("footer", caller)
        with pytest.raises(ResourceNotFound):
            await desk.approving.approve(Word("footer"), "0", caller)


async def test_who_made_a_fragment_has_worked_on_its_first_draft(desk: FragmentOffice) -> None:
    await desk.policy(block_self=True)
    await desk.submit(OTHER_AUTHOR)
    with pytest.raises(SelfApproval):
        await desk.approve(AUTHOR)


async def test_a_version_tells_who_approved_it_although_no_policy_asked(desk: FragmentOffice) -> None:
    await desk.submit()
    await desk.approve(ANN)
    assert (await desk.publish("footer")).version.approvers == (ANN.name,)


async def test_a_policy_that_asks_for_less_now_lets_through_what_has_as_many_approvals(desk: FragmentOffice) -> None:
    await desk.policy(required_count=3)
    await desk.submit()
    await desk.approve(ANN)
    await desk.office.lower("legal", 2)
    with pytest.raises(ApprovalRequired) as refused:
        await desk.publish("footer")
    assert refused.value.policies == ("approvalPolicies/legal",)
    await desk.office.lower("legal", 1)
    assert (await desk.publish("footer")).version.approvers == (ANN.name,)


class Meddling(JinjaContentCompiler):
    """Has the fragment changed by somebody else while it is reviewed."""

    def __init__(self, world: World) -> None:
        super().__init__(CONTENT_KINDS)
        self._other = FragmentOffice(world)
        self._loop = asyncio.get_running_loop()

    def review_fragment(self, *arguments: Any) -> list[Finding]:
        change = self._other.write("footer", "<p>two</p>", OTHER_AUTHOR)
        asyncio.run_coroutine_threadsafe(change, self._loop).result()
        return super().review_fragment(*arguments)


@pytest.mark.parametrize("dry", [True, False])
async def test_a_fragment_that_is_changed_while_it_is_reviewed_is_not_published(
    world: World, desk: FragmentOffice, dry: bool
) -> None:
    with pytest.raises(EtagMismatch):
        await FragmentOffice(world, Meddling(world)).publish("footer", dry=dry)
    assert await desk.manage.versions("footer", None, 9, AUTHOR) == []


async def test_what_changed_since_it_was_submitted_is_not_approved_by_the_hash_of_then(desk: FragmentOffice) -> None:
    await desk.publish("base", "<i>one</i>")
    await desk.write("footer", '{% include "fragments/base" %}')
    submitted = await desk.submit()
    await desk.publish("base", "<i>two</i>")
    with pytest.raises(ApprovalStale):
        await desk.approve(ANN, submitted.content_hash)
