"""What is special about approval policies among the resources that callers write."""

from __future__ import annotations

from clarion_server.application.resources import ResourceKind
from clarion_server.domain.approval_policy import MAX_POLICIES, ApprovalPolicy, approval_policy_violations
from clarion_server.domain.names import APPROVAL_POLICIES

APPROVAL_POLICY: ResourceKind[ApprovalPolicy] = ResourceKind(
    "approval_policy",
    APPROVAL_POLICIES,
    frozenset({"display_name", "applies_to", "conditions", "approvers", "required_count", "block_self"}),
    MAX_POLICIES,
    lambda unit: unit.resources(ApprovalPolicy),
    approval_policy_violations,
)
