"""Provides the calls about approvals and their policies."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import approval_comments_pb2 as comments_pb
from clarion.v1 import approval_pb2 as approval_pb
from clarion.v1 import approval_policy_pb2 as approval_policy_pb
from clarion.v1 import approval_policy_service_pb2 as approval_policies_pb
from clarion.v1 import approval_service_pb2 as approvals_pb
from google.protobuf.field_mask_pb2 import FieldMask

from tests.integration.client.cases import Case, holds

APPROVAL = client.Approval(campaign="campaigns/x", state=client.ApprovalState.IN_REVIEW, content_hash="5ba1")
WIRE_APPROVAL = approval_pb.Approval(
    campaign="campaigns/x", state=approval_pb.Approval.STATE_IN_REVIEW, content_hash="5ba1"
)
APPROVAL_POLICY = client.ApprovalPolicy(
    name="approvalPolicies/x",
    display_name="Legal",
    block_self=True,
    applies_to=client.ApprovalPolicyAppliesTo.FRAGMENT,
    conditions=client.ApprovalConditions(fragments=("fragments/footer",)),
)
WIRE_APPROVAL_POLICY = approval_policy_pb.ApprovalPolicy(
    name="approvalPolicies/x",
    display_name="Legal",
    block_self=True,
    applies_to=approval_policy_pb.ApprovalPolicy.APPLIES_TO_FRAGMENT,
    conditions=approval_policy_pb.ApprovalConditions(fragments=["fragments/footer"]),
)

CASES = {
    "approval_policies.create": Case(
        "CreateApprovalPolicy",
        lambda c: c.approval_policies.create(APPROVAL_POLICY, validate_only=True),
        approval_policies_pb.CreateApprovalPolicyRequest(
            approval_policy_id="x", approval_policy=WIRE_APPROVAL_POLICY, validate_only=True
        ),
        approval_policies_pb.CreateApprovalPolicyResponse(approval_policy=WIRE_APPROVAL_POLICY),
        APPROVAL_POLICY,
    ),
    "approval_policies.get": Case(
        "GetApprovalPolicy",
        lambda c: c.approval_policies.get("x"),
        approval_policies_pb.GetApprovalPolicyRequest(name="approvalPolicies/x"),
        approval_policies_pb.GetApprovalPolicyResponse(approval_policy=WIRE_APPROVAL_POLICY),
        APPROVAL_POLICY,
    ),
    "approval_policies.update": Case(
        "UpdateApprovalPolicy",
        lambda c: c.approval_policies.update(APPROVAL_POLICY, ["block_self"]),
        approval_policies_pb.UpdateApprovalPolicyRequest(
            approval_policy=WIRE_APPROVAL_POLICY, update_mask=FieldMask(paths=["block_self"])
        ),
        approval_policies_pb.UpdateApprovalPolicyResponse(approval_policy=WIRE_APPROVAL_POLICY),
        APPROVAL_POLICY,
    ),
    "approval_policies.delete": Case(
        "DeleteApprovalPolicy",
        lambda c: c.approval_policies.delete("x", etag="7"),
        approval_policies_pb.DeleteApprovalPolicyRequest(name="approvalPolicies/x", etag="7"),
        approval_policies_pb.DeleteApprovalPolicyResponse(),
        None,
    ),
    "approvals.get": Case(
        "GetApproval",
        lambda c: c.approvals.get("x"),
        approvals_pb.GetApprovalRequest(campaign="campaigns/x"),
        approvals_pb.GetApprovalResponse(approval=WIRE_APPROVAL),
        APPROVAL,
    ),
    "approvals.get_of_a_fragment": Case(
        "GetApproval",
        lambda c: c.approvals.get("fragments/x"),
        approvals_pb.GetApprovalRequest(fragment="fragments/x"),
        approvals_pb.GetApprovalResponse(approval=approval_pb.Approval(fragment="fragments/x")),
        client.Approval(fragment="fragments/x"),
    ),
    "approvals.submit": Case(
        "SubmitForApproval",
        lambda c: c.approvals.submit("x", comment="Please.", etag="7"),
        approvals_pb.SubmitForApprovalRequest(campaign="campaigns/x", comment="Please.", etag="7"),
        approvals_pb.SubmitForApprovalResponse(approval=WIRE_APPROVAL),
        APPROVAL,
    ),
    "approvals.approve": Case(
        "Approve",
        lambda c: c.approvals.approve("x", "5ba1", comment="Fine.", etag="7"),
        approvals_pb.ApproveRequest(campaign="campaigns/x", content_hash="5ba1", comment="Fine.", etag="7"),
        approvals_pb.ApproveResponse(approval=WIRE_APPROVAL),
        APPROVAL,
    ),
    "approvals.request_changes": Case(
        "RequestChanges",
        lambda c: c.approvals.request_changes("x", "Shorter.", etag="7"),
        approvals_pb.RequestChangesRequest(campaign="campaigns/x", comment="Shorter.", etag="7"),
        approvals_pb.RequestChangesResponse(approval=WIRE_APPROVAL),
        APPROVAL,
    ),
    "approvals.cancel": Case(
        "CancelApproval",
        lambda c: c.approvals.cancel("x", comment="Later.", etag="7"),
        approvals_pb.CancelApprovalRequest(campaign="campaigns/x", comment="Later.", etag="7"),
        approvals_pb.CancelApprovalResponse(approval=WIRE_APPROVAL),
        APPROVAL,
    ),
    "approvals.comment": Case(
        "CommentOnApproval",
        lambda c: c.approvals.comment("x", "Why?", reply_to="7"),
        comments_pb.CommentOnApprovalRequest(campaign="campaigns/x", comment="Why?", reply_to="7"),
        comments_pb.CommentOnApprovalResponse(approval_step=approval_pb.ApprovalStep(comment="Why?")),
        holds(comment="Why?"),
    ),
    "approvals.resolve": Case(
        "ResolveApprovalThread",
        lambda c: c.approvals.resolve("x", "7", comment="Done."),
        comments_pb.ResolveApprovalThreadRequest(campaign="campaigns/x", thread="7", comment="Done."),
        comments_pb.ResolveApprovalThreadResponse(approval_thread=approval_pb.ApprovalThread(resolved=True)),
        holds(resolved=True),
    ),
}
