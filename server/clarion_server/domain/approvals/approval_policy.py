"""Approval policies say who must approve a draft before it becomes live or is published."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from clarion_server.domain.approvable import DraftKind, Traits
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.fragments.fragment import FragmentKind
from clarion_server.domain.names import APPROVAL_POLICIES
from clarion_server.domain.resource import Resource
from clarion_server.domain.tags import folded, one_tag_violations
from clarion_server.domain.text_rules import display_name_violations, repetition_violations
from clarion_server.domain.violation import Violation, out_of_range, too_many

#: A sandbox has at most this many approval policies.
MAX_POLICIES = 100
#: A policy may ask for at most this many approvals.
MAX_REQUIRED = 5
#: A condition has at most this many values, and a policy at most this many approvers.
MAX_VALUES = 100


#: Holds the conditions that only policies about drafts of one kind have.
_CONDITIONS_OF: Mapping[DraftKind, Sequence[str]] = {
    DraftKind.CAMPAIGN: ("categories", "channels", "tags"),
    DraftKind.FRAGMENT: ("fragment_kinds", "fragments"),
}


@dataclass(frozen=True, slots=True)
class ApprovalConditions:
    """Holds the drafts for which a policy holds: those that meet every condition which has values."""

    categories: tuple[Category, ...] = ()
    channels: tuple[Channel, ...] = ()
    """One of the campaign's actions must be for one of them."""
    tags: tuple[str, ...] = ()
    """Holds tags, which are compared without case."""
    requesters: tuple[str, ...] = ()
    """Holds names of keys, one of which must have worked on the draft."""
    fragment_kinds: tuple[FragmentKind, ...] = ()
    """The fragment must be of one of them."""
    fragments: tuple[str, ...] = ()
    """Holds the names of fragments. They need not exist."""

    def are_met(self, traits: Traits, workers: Collection[str]) -> bool:
        """Returns whether a draft meets every condition. `workers` are the names of the keys that edited or submitted
        it.
        """
        return _has_one(self.requesters, workers) and all(
            _has_one(self._values(condition), present) for condition, present in traits.items()
        )

    def of_others(self, kind: DraftKind) -> list[str]:
        """Returns the names of the conditions that have values although they do not apply to drafts of this kind."""
        others = (each for other, conditions in _CONDITIONS_OF.items() if other is not kind for each in conditions)
        return [each for each in others if getattr(self, each)]

    def _values(self, condition: str) -> Sequence[str]:
        values: Sequence[str] = getattr(self, condition)
        return [folded(each) for each in values] if condition == "tags" else values


def _has_one(wanted: Sequence[str], present: Collection[str]) -> bool:
    return not wanted or any(each in present for each in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy(Resource):
    COLLECTION: ClassVar = APPROVAL_POLICIES

    display_name: str
    applies_to: DraftKind = DraftKind.CAMPAIGN
    conditions: ApprovalConditions = ApprovalConditions()
    approvers: tuple[str, ...] = ()
    """Holds the names of the keys whose approval counts; empty when that of every key with the scope counts."""
    required_count: int = 1
    """Says how many different keys must approve."""
    block_self: bool = False
    """Says whether the approval of a key that worked on the draft does not count."""

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
        "conditions.fragment_kinds": conditions.fragment_kinds,
        "conditions.fragments": conditions.fragments,
        "approvers": policy.approvers,
    }
    for field, values in lists.items():
        if len(values) > MAX_VALUES:
            yield too_many(field, MAX_VALUES)
        else:
            yield from repetition_violations(values, field)
    for condition in conditions.of_others(policy.applies_to):
        others = "campaigns" if policy.applies_to is DraftKind.FRAGMENT else "fragments"
        text = f"Must be empty: {others} have it alone, and the policy is about APPLIES_TO_{policy.applies_to}."
        yield Violation(f"conditions.{condition}", "NOT_ALLOWED", text)
    for index, tag in enumerate(conditions.tags[:MAX_VALUES]):
        yield from one_tag_violations(tag, f"conditions.tags[{index}]")
    if not 1 <= policy.required_count <= MAX_REQUIRED:
        yield out_of_range("required_count", f"Must be between 1 and {MAX_REQUIRED}.")
    elif policy.approvers and policy.required_count > len(policy.approvers):
        yield out_of_range("required_count", "Must be at most the number of approvers.")
