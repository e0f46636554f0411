"""Converts approval policies from and to protobuf."""

from __future__ import annotations

from collections.abc import Iterable

from clarion.v1 import approval_policy_pb2

from clarion_server.application.resources import ResourceInput
from clarion_server.domain.approvable import DraftKind
from clarion_server.domain.approvals.approval_policy import MAX_VALUES, ApprovalConditions, ApprovalPolicy
from clarion_server.domain.names import API_KEYS, FRAGMENTS, Collection
from clarion_server.transport.api.convert.enums import APPLIES_TO, CATEGORY, CHANNEL, FRAGMENT_KIND
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_timestamp

#: One more than the limit is enough to report too many. A request could hold millions.
_VALUES_READ = MAX_VALUES + 1


def to_approval_policy_input(policy: approval_policy_pb2.ApprovalPolicy) -> ResourceInput[ApprovalPolicy]:
    """Reads the editable fields, with defaults for those that are not set. The input carries the violations."""
    parser, sent = RequestParser(), policy.conditions
    conditions = ApprovalConditions(
        parser.members(CATEGORY, sent.categories[:_VALUES_READ], "conditions.categories"),
        parser.members(CHANNEL, sent.channels[:_VALUES_READ], "conditions.channels"),
        tuple(sent.tags[:_VALUES_READ]),
        _names(parser, API_KEYS, sent.requesters, "conditions.requesters"),
        parser.members(FRAGMENT_KIND, sent.fragment_kinds[:_VALUES_READ], "conditions.fragment_kinds"),
        _names(parser, FRAGMENTS, sent.fragments, "conditions.fragments"),
    )
    read = ApprovalPolicy(
        sandbox="",
        id="",
        create_time=0,
        update_time=0,
        display_name=policy.display_name,
        applies_to=parser.member(APPLIES_TO, policy.applies_to, "applies_to") or DraftKind.CAMPAIGN,
        conditions=conditions,
        approvers=_names(parser, API_KEYS, policy.approvers, "approvers"),
        required_count=policy.required_count or 1,
        block_self=policy.block_self,
    )
    return ResourceInput(read, parser.violations)


def _names(parser: RequestParser, collection: Collection, names: Iterable[str], field: str) -> tuple[str, ...]:
    read = list(names)[:_VALUES_READ]
    return tuple(collection.format(parser.id(collection, name, f"{field}[{index}]")) for index, name in enumerate(read))


def to_approval_policy(policy: ApprovalPolicy) -> approval_policy_pb2.ApprovalPolicy:
    conditions = None
    if policy.conditions != ApprovalConditions():
        conditions = approval_policy_pb2.ApprovalConditions(
            categories=map(CATEGORY.number, policy.conditions.categories),
            channels=map(CHANNEL.number, policy.conditions.channels),
            tags=policy.conditions.tags,
            requesters=policy.conditions.requesters,
            fragment_kinds=map(FRAGMENT_KIND.number, policy.conditions.fragment_kinds),
            fragments=policy.conditions.fragments,
        )
    return approval_policy_pb2.ApprovalPolicy(
        name=policy.name,
        display_name=policy.display_name,
        applies_to=APPLIES_TO.number(policy.applies_to),
        conditions=conditions,
        approvers=policy.approvers,
        required_count=policy.required_count,
        block_self=policy.block_self,
        etag=policy.etag,
        create_time=to_timestamp(policy.create_time),
        update_time=to_timestamp(policy.update_time),
    )
