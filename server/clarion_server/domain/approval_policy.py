"""Approval policies: whose word it takes before a draft becomes live."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from clarion_server.domain import names
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.resource import Resource
from clarion_server.domain.tags import folded, one_tag_violations
from clarion_server.domain.text_rules import display_name_violations, repetition_violations
from clarion_server.domain.violation import Violation, out_of_range, too_many

#: In a sandbox.
MAX_POLICIES = 100
#: How many approvals a policy may ask for.
MAX_REQUIRED = 5
#: How many values a condition has, and how many approvers a policy, at most.
MAX_VALUES = 100


@dataclass(frozen=True, slots=True)
class ApprovalConditions:
    """The campaigns for which a policy holds: those that meet every condition which has values."""

    categories: tuple[Category, ...] = ()
    channels: tuple[Channel, ...] = ()
    """One of the campaign's actions must be for one of them."""
    tags: tuple[str, ...] = ()
    """Compared without case."""
    requesters: tuple[str, ...] = ()
    """Names of keys, of which one must have worked on the draft."""

    def are_met(self, definition: CampaignDefinition, tags: Collection[str], workers: Collection[str]) -> bool:
        """`workers` are the names of the keys that edited or submitted the draft."""
        channels = {action.content.channel for action in definition.actions}
        return (
            _has_one(self.categories, (definition.category,))
            and _has_one(self.channels, channels)
            and _has_one(tuple(map(folded, self.tags)), set(map(folded, tags)))
            and _has_one(self.requesters, workers)
        )


def _has_one(wanted: Sequence[object], present: Collection[object]) -> bool:
    return not wanted or any(each in present for each in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy(Resource):
    COLLECTION: ClassVar = names.APPROVAL_POLICIES

    display_name: str
    conditions: ApprovalConditions = ApprovalConditions()
    approvers: tuple[str, ...] = ()
    """Names of the keys whose approval counts; none: those of every key that may approve."""
    required_count: int = 1
    """How many different keys must approve."""
    block_self: bool = False
    """Whether the approval of a key that worked on the draft does not count."""

    def counts(self, approver: str, workers: Collection[str]) -> bool:
        """Returns whether the approval of a key counts. `workers` are the keys that edited or submitted the draft."""
        return self.names_approver(approver) and not (self.block_self and approver in workers)

    def names_approver(self, approver: str) -> bool:
        return not self.approvers or approver in self.approvers


def approval_policy_violations(policy: ApprovalPolicy) -> Iterator[Violation]:
    """Yields all violations, with the field paths of the contract's `ApprovalPolicy`."""
    yield from display_name_violations(policy.display_name)
    conditions = policy.conditions
    lists: dict[str, Sequence[str]] = {
        "conditions.categories": conditions.categories,
        "conditions.channels": conditions.channels,
        "conditions.tags": [folded(tag) for tag in conditions.tags],
        "conditions.requesters": conditions.requesters,
        "approvers": policy.approvers,
    }
    for field, values in lists.items():
        if len(values) > MAX_VALUES:
            yield too_many(field, MAX_VALUES)
        else:
            yield from repetition_violations(values, field)
    for index, tag in enumerate(conditions.tags[:MAX_VALUES]):
        yield from one_tag_violations(tag, f"conditions.tags[{index}]")
    if not 1 <= policy.required_count <= MAX_REQUIRED:
        yield out_of_range("required_count", f"Must be between 1 and {MAX_REQUIRED}.")
    elif policy.approvers and policy.required_count > len(policy.approvers):
        yield out_of_range("required_count", "Must be at most the number of approvers.")
