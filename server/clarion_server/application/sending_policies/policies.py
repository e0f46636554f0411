"""Says what is special about sending policies among the resources that callers write."""

from __future__ import annotations

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import ResourceChange, ResourceKind
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.errors import SendingPolicyInUse
from clarion_server.domain.events.event import ChangeKind, sending_policy_event
from clarion_server.domain.messages.turns import policy_schedule
from clarion_server.domain.names import SENDING_POLICIES
from clarion_server.domain.sending_policies.sending_policy import MAX_POLICIES, SendingPolicy, policy_violations
from clarion_server.domain.violation import Violation

#: Is the field of the policy in the requests that carry one.
_FIELD = "sending_policy"


def _check_unused(unit: UnitOfWork, policy: SendingPolicy, visibility: Visibility) -> None:
    """Raises SendingPolicyInUse."""
    campaign = unit.campaigns.first_with_policy(whole_sandbox(policy.sandbox), policy.id)
    if campaign is not None:
        raise SendingPolicyInUse(policy.name, visibility.shown(campaign.name, campaign.access_labels))


def _record(unit: UnitOfWork, change: ResourceChange[SendingPolicy]) -> None:
    """Adds the event of the change, and sets the rate of the policy's turns. Raises InvalidFields for every cap about a
    topic that is not in the sandbox.

    A call that only validates does not look at topics: they may be about to be created.
    """
    policy = change.resource
    if change.kind is not ChangeKind.DELETED:
        refuse_invalid((), _unknown_topics(unit, policy))
    rate = 0.0 if change.kind is ChangeKind.DELETED else policy.rate
    unit.turn_schedules.set_rate(policy_schedule(policy.key), policy.sandbox, rate, policy.update_time)
    unit.events.add_all([sending_policy_event(policy, change.kind, change.actor, policy.update_time)])


def _unknown_topics(unit: UnitOfWork, policy: SendingPolicy) -> list[Violation]:
    visibility = whole_sandbox(policy.sandbox)
    named = {cap.topic for cap in policy.caps if cap.topic is not None}
    unknown = unit.topics.unknown(visibility, named)
    return [
        Violation(f"{_FIELD}.caps[{index}].topic", "UNKNOWN_VALUE", f"There is no topic '{cap.topic}' in this sandbox.")
        for index, cap in enumerate(policy.caps)
        if cap.topic in unknown
    ]


SENDING_POLICY: ResourceKind[SendingPolicy] = ResourceKind(
    _FIELD,
    SENDING_POLICIES,
    frozenset(
        {
            "display_name",
            "categories",
            "quiet_hours",
            "send_windows",
            "time_zone_source",
            "time_zone",
            "when_closed",
            "caps",
            "rate",
        }
    ),
    MAX_POLICIES,
    lambda unit: unit.sending_policies,
    policy_violations,
    _check_unused,
    _record,
)
