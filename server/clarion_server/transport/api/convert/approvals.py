"""Converts approvals to protobuf."""

from __future__ import annotations

from typing import Any

from clarion.v1 import approval_pb2

from clarion_server.application.approvals.approving import Approval
from clarion_server.domain.approvable import DraftKind
from clarion_server.domain.approvals.approval import ApprovalStep, ApprovalThread, Requirement
from clarion_server.transport.api.convert.enums import APPROVAL_ACTION, APPROVAL_STATE
from clarion_server.transport.api.convert.times import to_optional_timestamp, to_timestamp


def to_approval(approval: Approval[Any]) -> approval_pb2.Approval:
    submission, subject = approval.submission, approval.subject
    is_fragment = subject.draft_key.kind is DraftKind.FRAGMENT
    return approval_pb2.Approval(
        campaign="" if is_fragment else subject.name,
        fragment=subject.name if is_fragment else "",
        state=APPROVAL_STATE.number(subject.approval_state),
        content_hash=approval.content_hash,
        submitted_hash="" if submission is None else submission.content_hash,
        submitter="" if submission is None else submission.submitter,
        submit_time=to_optional_timestamp(None if submission is None else submission.submit_time),
        requirements=map(_to_requirement, approval.requirements),
        etag=subject.etag,
    )


def _to_requirement(requirement: Requirement) -> approval_pb2.Approval.Requirement:
    return approval_pb2.Approval.Requirement(
        policy=requirement.policy,
        required_count=requirement.required_count,
        approvers=requirement.approvers,
        possible_approvers=requirement.possible_approvers or (),
    )


def to_step(step: ApprovalStep) -> approval_pb2.ApprovalStep:
    return approval_pb2.ApprovalStep(
        action=APPROVAL_ACTION.number(step.action),
        time=to_timestamp(step.time),
        actor=step.actor,
        comment=step.comment,
        content_hash=step.content_hash,
        step=str(step.key),
        thread="" if step.thread is None else str(step.thread),
    )


def to_thread(thread: ApprovalThread) -> approval_pb2.ApprovalThread:
    return approval_pb2.ApprovalThread(
        opening=to_step(thread.opening), replies=map(to_step, thread.replies), resolved=thread.is_resolved
    )
