"""Provides the people who approve what authors write."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.application.approvals.approving import Approval, Approving, Word
from clarion_server.application.campaigns.approvable_drafts import CampaignDrafts
from clarion_server.application.resources import (
    CreateResource,
    ManageResources,
    ResourceInput,
    ResourceKind,
    UpdateResource,
)
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.approvals.approval import ApprovalAction
from clarion_server.domain.approvals.approval_policy import MAX_POLICIES, ApprovalPolicy, approval_policy_violations
from clarion_server.domain.campaigns.campaign import Campaign

from tests.unit.application.world import AUTHOR, World


def approver(name: str) -> Caller:
    return Caller(f"apiKeys/{name}", Visibility("default"), frozenset({Scope.APPROVE}))


ANN, BOB = approver("ann"), approver("bob")


def approving_campaigns(world: World) -> Approving[Campaign]:
    drafts = CampaignDrafts(world.transactions, world.review, world.clock, world.announced.append)
    return Approving(world.transactions, world.clock, drafts)


class Office:
    """Holds the people who approve the campaign of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.approving = approving_campaigns(world)
        policy = ResourceKind.plain(ApprovalPolicy, MAX_POLICIES, approval_policy_violations)
        self.policies = ManageResources(policy, world.transactions, world.clock)

    async def policy(self, policy_id: str = "legal", **fields: object) -> ApprovalPolicy:
        policy = ApprovalPolicy(sandbox="", id="", create_time=0, update_time=0, display_name="Legal")
        sent = ResourceInput(replace(policy, **fields))  # type: ignore[arg-type] # of one type each
        return await self.policies.create(CreateResource(policy_id, sent), AUTHOR)

    async def lower(self, policy_id: str, required_count: int) -> None:
        """Has the policy ask for so many approvals from now on."""
        policy = replace(await self.policies.get(policy_id, AUTHOR), required_count=required_count)
        await self.policies.update(
            UpdateResource(policy_id, ResourceInput(policy), frozenset({"required_count"})), AUTHOR
        )

    async def submit(self, caller: Caller = AUTHOR) -> Approval[Campaign]:
        return await self.approving.submit(Word("order-confirmed", "Please look."), caller)

    async def approve(self, caller: Caller = ANN, content_hash: str = "") -> Approval[Campaign]:
        seen = content_hash or (await self.approving.get("order-confirmed", caller)).content_hash
        return await self.approving.approve(Word("order-confirmed"), seen, caller)

    async def actions(self) -> list[ApprovalAction]:
        """Those of the history, the oldest first."""
        return [step.action for step in reversed(await self.approving.steps("order-confirmed", None, 99, AUTHOR))]
