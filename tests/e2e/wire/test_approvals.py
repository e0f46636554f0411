"""Approvals over the wire: who may do what, and what a version tells afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion.v1.approval_service_pb2 import ApproveRequest
from clarion_client import (
    Action,
    ApprovalConditions,
    ApprovalPolicy,
    ApprovalPolicyAppliesTo,
    ApprovalState,
    ApprovalStepAction,
    AsyncClient,
    EmailContent,
    Fragment,
    FragmentKind,
    InvalidRequestError,
    PermissionDeniedError,
    PreconditionFailedError,
    RepinOutcome,
    Scope,
    Severity,
)

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.wire.conftest import Sandbox

NOWHERE = 9


async def test_a_draft_goes_from_its_author_through_an_approver_to_its_readers(sandbox: Sandbox) -> None:
    await sandbox.client.channels.create(channel("orders", NOWHERE))
    await sandbox.client.approval_policies.create(ApprovalPolicy(name="legal", display_name="Legal", block_self=True))
    author_key, approver_key = await sandbox.new_key(Scope.AUTHOR), await sandbox.new_key(Scope.APPROVE)
    target = sandbox.service.target
    async with AsyncClient(target, api_key=author_key) as author, AsyncClient(target, api_key=approver_key) as approver:
        await author.campaigns.create(campaign("orders", "orders"))
        submitted = await author.approvals.submit("orders", comment="Please look.")
        assert submitted.state is ApprovalState.IN_REVIEW
        assert (await author.campaigns.get("orders")).approval_state is ApprovalState.IN_REVIEW
        with pytest.raises(PermissionDeniedError) as denied:
            await author.approvals.approve("orders", submitted.content_hash)
        assert denied.value.reason == "SCOPE_DENIED"
        with pytest.raises(PreconditionFailedError) as required:
            await approver.campaigns.activate("orders")
        assert required.value.reason == "APPROVAL_REQUIRED"
        approved = await approver.approvals.approve("orders", submitted.content_hash, comment="Fine.")
        assert approved.state is ApprovalState.APPROVED
        assert len(approved.requirements[0].approvers) == 1
        await approver.campaigns.activate("orders")
        history = [step.action async for step in author.approvals.steps("orders")]
    assert history == [ApprovalStepAction.ACTIVATED, ApprovalStepAction.APPROVED, ApprovalStepAction.SUBMITTED]
    (version,) = [each async for each in sandbox.client.campaigns.versions("orders")]
    assert version.approvers == approved.requirements[0].approvers


async def test_an_approver_sees_what_it_approves_and_no_recipients(sandbox: Sandbox) -> None:
    await sandbox.client.channels.create(channel("orders", NOWHERE))
    await sandbox.client.campaigns.create(campaign("orders", "orders"))
    async with AsyncClient(sandbox.service.target, api_key=await sandbox.new_key(Scope.APPROVE)) as approver:
        assert (await approver.campaigns.get("orders")).actions
        assert all(each.severity is not Severity.ERROR for each in (await approver.campaigns.review("orders")).findings)
        assert CONTEXT["order"] in str(await approver.campaigns.preview("orders", CONTEXT))
        assert (await approver.channels.get("orders")).name == "channelConfigurations/orders"
        assert [each async for each in approver.test_cases.list("orders")] == []
        assert [each async for each in approver.fragments.list()] == []
        edited = replace(await approver.campaigns.get("orders"), display_name="Mine")
        for denied in (
            approver.campaigns.update(edited, ["display_name"]),
            anext(aiter(approver.messages.list())),
            anext(aiter(approver.profiles.list())),
            approver.reports.get("orders"),
        ):
            with pytest.raises(PermissionDeniedError) as refused:
                await denied
            assert refused.value.reason == "SCOPE_DENIED"


async def test_only_an_administrator_may_go_without_an_approval(sandbox: Sandbox) -> None:
    await sandbox.client.channels.create(channel("orders", NOWHERE))
    await sandbox.client.approval_policies.create(ApprovalPolicy(name="legal", display_name="Legal"))
    await sandbox.client.campaigns.create(campaign("orders", "orders"))
    async with AsyncClient(sandbox.service.target, api_key=await sandbox.new_key(Scope.APPROVE)) as approver:
        with pytest.raises(PermissionDeniedError) as denied:
            await approver.campaigns.activate("orders", bypass_reason="The shop is down.")
    assert denied.value.reason == "SCOPE_DENIED"
    await sandbox.client.campaigns.activate("orders", bypass_reason="The shop is down.")
    (version,) = [each async for each in sandbox.client.campaigns.versions("orders")]
    assert version.bypass_reason == "The shop is down."


async def test_a_fragment_goes_from_its_author_through_an_approver_to_a_version(sandbox: Sandbox) -> None:
    await sandbox.client.approval_policies.create(
        ApprovalPolicy(
            name="wording", display_name="Wording", block_self=True, applies_to=ApprovalPolicyAppliesTo.FRAGMENT
        )
    )
    author_key = await sandbox.new_key(Scope.AUTHOR)
    approver_key = await sandbox.new_key(Scope.APPROVE, Scope.READ)
    target = sandbox.service.target
    async with AsyncClient(target, api_key=author_key) as author, AsyncClient(target, api_key=approver_key) as approver:
        await author.fragments.create(Fragment(name="footer", source="<p>The Shop</p>"))
        with pytest.raises(PreconditionFailedError) as required:
            await author.fragments.publish("footer")
        assert (required.value.reason, required.value.findings) == ("APPROVAL_REQUIRED", ())
        assert required.value.metadata == {"resource": "fragments/footer", "policies": "approvalPolicies/wording"}
        submitted = await author.approvals.submit("fragments/footer", comment="Please look.")
        assert (submitted.fragment, submitted.campaign) == ("fragments/footer", "")
        with pytest.raises(PreconditionFailedError) as frozen:
            await author.fragments.update(Fragment(name="footer", source="<p>Another</p>"), ["source"])
        assert (frozen.value.reason, frozen.value.metadata["state"]) == ("ILLEGAL_TRANSITION", "IN_REVIEW")
        looked_at = await approver.approvals.get("fragments/footer")
        await approver.approvals.approve("fragments/footer", looked_at.content_hash, comment="Fine.")
        assert (await author.fragments.get("footer")).approval_state is ApprovalState.APPROVED
        publication = await author.fragments.publish("footer")
        history = [step.action async for step in author.approvals.steps("fragments/footer")]
    assert publication.fragment.approval_state is None
    assert history == [ApprovalStepAction.PUBLISHED, ApprovalStepAction.APPROVED, ApprovalStepAction.SUBMITTED]
    (version,) = [each async for each in sandbox.client.fragments.versions("footer")]
    assert (len(version.approvers), version.bypass_reason) == (1, "")


async def test_only_an_administrator_may_publish_and_roll_out_without_an_approval(sandbox: Sandbox) -> None:
    for kind in (ApprovalPolicyAppliesTo.FRAGMENT, ApprovalPolicyAppliesTo.CAMPAIGN):
        name = f"policy-{kind.lower()}"
        await sandbox.client.approval_policies.create(ApprovalPolicy(name=name, display_name=name, applies_to=kind))
    await sandbox.client.channels.create(channel("orders", NOWHERE))
    html = EmailContent(subject="Hi", html='{% include "fragments/footer" %}')
    including = [Action(channel_configuration="orders", email=html)]
    await sandbox.client.campaigns.create(campaign("orders", "orders", actions=including))
    await sandbox.client.fragments.create(Fragment(name="footer", source="<p>The Shop</p>"))
    async with AsyncClient(sandbox.service.target, api_key=await sandbox.new_key(Scope.AUTHOR, Scope.APPROVE)) as plain:
        for refusal in (
            plain.fragments.publish("footer", bypass_reason="It moved."),
            plain.fragments.repin("footer", ["orders"], bypass_reason="It moved."),
        ):
            with pytest.raises(PermissionDeniedError) as denied:
                await refusal
            assert denied.value.reason == "SCOPE_DENIED"
    published = await sandbox.client.fragments.publish("footer", bypass_reason="It moved.")
    assert published.version.bypass_reason == "It moved."
    await sandbox.client.campaigns.activate("orders", bypass_reason="The first.")
    await sandbox.client.fragments.update(Fragment(name="footer", source="<p>Another</p>"), ["source"])
    await sandbox.client.fragments.publish("footer", bypass_reason="It moved again.")
    (repin,) = (await sandbox.client.fragments.repin("footer", ["orders"])).repins
    assert repin.outcome is RepinOutcome.APPROVAL_REQUIRED
    (repin,) = (await sandbox.client.fragments.repin("footer", ["orders"], bypass_reason="It moved again.")).repins
    assert (repin.outcome, repin.campaign_version) == (RepinOutcome.REPINNED, 2)
    versions = [each async for each in sandbox.client.campaigns.versions("orders")]
    assert [each.bypass_reason for each in versions] == ["It moved again.", "The first."]


@pytest.mark.parametrize(
    ("names", "violations"),
    [
        ({}, [("campaign", "REQUIRED")]),
        (
            {"campaign": "campaigns/orders", "fragment": "fragments/footer"},
            [("fragment", "NOT_ALLOWED")],
        ),
        (
            {"campaign": "orders", "fragment": "footer"},
            [("fragment", "NOT_ALLOWED"), ("campaign", "MALFORMED"), ("fragment", "MALFORMED")],
        ),
        ({"fragment": "fragments/FOOTER"}, [("fragment", "MALFORMED")]),
    ],
)
async def test_a_request_names_one_draft(
    sandbox: Sandbox, names: dict[str, str], violations: list[tuple[str, str]]
) -> None:
    failure = await sandbox.wire.refuse(
        "/clarion.v1.ApprovalService/Approve", ApproveRequest(**names, content_hash="0" * 64)
    )
    assert failure.reason == "INVALID_FIELDS"
    assert list(failure.violations) == violations


async def test_a_content_hash_that_is_not_whole_is_not_taken_for_one_of_another_content(sandbox: Sandbox) -> None:
    await sandbox.client.channels.create(channel("orders", NOWHERE))
    await sandbox.client.campaigns.create(campaign("orders", "orders"))
    submitted = await sandbox.client.approvals.submit("orders")
    for part in (submitted.content_hash[:8], submitted.content_hash[:-1], submitted.content_hash.upper()):
        with pytest.raises(InvalidRequestError) as refused:
            await sandbox.client.approvals.approve("orders", part)
        assert [(each.field, each.reason) for each in refused.value.violations] == [("content_hash", "MALFORMED")]


async def test_a_policy_refuses_every_condition_that_its_drafts_do_not_have(sandbox: Sandbox) -> None:
    conditions = ApprovalConditions(tags=["legal"], fragment_kinds=[FragmentKind.TEXT], fragments=["FOOTER"])
    policy = ApprovalPolicy(
        name="wording", display_name="", applies_to=ApprovalPolicyAppliesTo.FRAGMENT, conditions=conditions
    )
    with pytest.raises(InvalidRequestError) as refused:
        await sandbox.client.approval_policies.create(policy)
    assert [(each.field, each.reason) for each in refused.value.violations] == [
        ("approval_policy.conditions.fragments[0]", "MALFORMED"),
        ("approval_policy.display_name", "REQUIRED"),
        ("approval_policy.conditions.tags", "NOT_ALLOWED"),
    ]
