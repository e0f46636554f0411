"""Approvals over the wire: who may do what, and what a version tells afterwards."""

from __future__ import annotations

import pytest
from clarion_client import (
    ApprovalPolicy,
    ApprovalState,
    ApprovalStepAction,
    AsyncClient,
    PermissionDeniedError,
    PreconditionFailedError,
    Scope,
)

from tests.campaigns import campaign, channel
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
