"""Creates, changes and deletes sending policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_sending_policy
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid, violations_within
from clarion_server.domain.access import Caller, Visibility
from clarion_server.domain.errors import InvalidFields, ResourceExists, SendingPolicyInUse
from clarion_server.domain.event import ChangeKind, sending_policy_event
from clarion_server.domain.names import SENDING_POLICIES
from clarion_server.domain.sending_policy import MAX_POLICIES, SendingPolicy, policy_violations
from clarion_server.domain.violation import Violation

#: The field of the policy in the requests that carry one.
_FIELD = "sending_policy"

#: The names, in the contract, of everything that an author may change.
EDITABLE_FIELDS = frozenset(
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
)


@dataclass(frozen=True, slots=True)
class PolicyInput:
    """A policy as an author sent it."""

    policy: SendingPolicy
    """Only its EDITABLE_FIELDS mean anything."""
    violations: tuple[Violation, ...] = ()
    """What could not be read, by paths in the policy, which holds stand-ins for it."""


@dataclass(frozen=True, slots=True)
class CreateSendingPolicy:
    policy_id: str
    sent: PolicyInput
    validate_only: bool = False
    """True stores nothing, and checks everything but the topics of caps: they may be about to be created."""


@dataclass(frozen=True, slots=True)
class UpdateSendingPolicy:
    policy_id: str
    sent: PolicyInput
    changed_fields: frozenset[str]
    """Names of EDITABLE_FIELDS. The other fields stay as they are."""
    etag: str = ""
    violations: tuple[Violation, ...] = ()
    """What was already wrong with the request, apart from the policy."""
    validate_only: bool = False
    """True stores nothing, and checks everything but the topics of caps: they may be about to be created."""


class ManageSendingPolicies:
    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def create(self, command: CreateSendingPolicy, caller: Caller) -> SendingPolicy:
        """Stores a policy, unless the command only validates. Raises InvalidFields or ResourceExists."""
        violation = SENDING_POLICIES.id_violation(command.policy_id, "sending_policy_id")
        _check(command.sent.policy, command.sent.violations, [violation] if violation else [])
        now = self._clock.now()
        policy = replace(
            command.sent.policy, sandbox=caller.sandbox, id=command.policy_id, create_time=now, update_time=now
        )

        def check(unit: UnitOfWork) -> SendingPolicy:
            if unit.sending_policies.get(caller.visibility, policy.id) is not None:
                raise ResourceExists(policy.name)
            _check_room(unit, caller.visibility, "sending_policy_id")
            return policy

        if command.validate_only:
            return await self._transactions.read(check)

        def add(unit: UnitOfWork) -> SendingPolicy:
            added = unit.sending_policies.add(check(unit))
            _check_topics(unit, caller.visibility, added)
            unit.events.add_all([sending_policy_event(added, ChangeKind.CREATED, caller.name, now)])
            return added

        try:
            return await self._transactions.write(add)
        except NameTaken as error:
            raise ResourceExists(policy.name) from error

    async def get(self, policy_id: str, caller: Caller) -> SendingPolicy:
        """Returns one policy. Raises ResourceNotFound."""
        return await self._transactions.read(lambda unit: find_sending_policy(unit, caller.visibility, policy_id))

    async def page(self, after: str | None, limit: int, caller: Caller) -> list[SendingPolicy]:
        """Returns the policies by id, beginning behind the id `after`."""
        visibility = caller.visibility
        return await self._transactions.read(lambda unit: unit.sending_policies.page(visibility, after, limit))

    async def update(self, command: UpdateSendingPolicy, caller: Caller) -> SendingPolicy:
        """Stores the changed policy, unless the command only validates.

        Raises InvalidFields, ResourceNotFound or EtagMismatch.
        """

        def check(unit: UnitOfWork) -> SendingPolicy:
            stored = find_sending_policy(unit, caller.visibility, command.policy_id)
            stored.check_etag(command.etag)
            changes = {name: getattr(command.sent.policy, name) for name in command.changed_fields}
            updated = replace(stored.changed(self._clock.now()), **changes)
            unread = violations_within(command.changed_fields, command.sent.violations)
            _check(updated, unread, command.violations)
            return updated

        def change(unit: UnitOfWork) -> SendingPolicy:
            updated = check(unit)
            if "caps" in command.changed_fields:
                _check_topics(unit, caller.visibility, updated)
            unit.sending_policies.save(updated)
            unit.events.add_all([sending_policy_event(updated, ChangeKind.UPDATED, caller.name, updated.update_time)])
            return updated

        if command.validate_only:
            return await self._transactions.read(check)
        return await self._transactions.write(change)

    async def delete(self, policy_id: str, etag: str, caller: Caller) -> None:
        """Deletes a policy. Raises ResourceNotFound, EtagMismatch or SendingPolicyInUse."""

        def delete(unit: UnitOfWork) -> None:
            stored = find_sending_policy(unit, caller.visibility, policy_id)
            stored.check_etag(etag)
            campaign = unit.campaigns.first_with_policy(caller.visibility, policy_id)
            if campaign is not None:
                raise SendingPolicyInUse(stored.name, campaign.name)
            unit.sending_policies.delete(stored)
            unit.events.add_all([sending_policy_event(stored, ChangeKind.DELETED, caller.name, self._clock.now())])

        await self._transactions.write(delete)


def _check_room(unit: UnitOfWork, visibility: Visibility, field: str) -> None:
    """Raises InvalidFields when the sandbox can have no further policy."""
    if unit.sending_policies.count(visibility) >= MAX_POLICIES:
        description = f"The sandbox has {MAX_POLICIES} sending policies already. Delete one."
        raise InvalidFields((Violation(field, "TOO_MANY", description),))


def _check_topics(unit: UnitOfWork, visibility: Visibility, policy: SendingPolicy) -> None:
    """Raises InvalidFields for every cap about a topic that is not in the sandbox."""
    named = {cap.topic for cap in policy.caps if cap.topic is not None}
    unknown = {topic for topic in named if unit.topics.get(visibility, topic) is None}
    violations = (
        Violation(f"{_FIELD}.caps[{index}].topic", "UNKNOWN_VALUE", "Must be a topic of this sandbox.")
        for index, cap in enumerate(policy.caps)
        if cap.topic in unknown
    )
    refuse_invalid((), violations)


def _check(policy: SendingPolicy, unread: Sequence[Violation], of_request: Sequence[Violation]) -> None:
    """Raises InvalidFields, with paths in the request. `unread` says what could not be read of the policy."""
    refuse_invalid(
        [*of_request, *(violation.under(_FIELD) for violation in unread)],
        (violation.under(_FIELD) for violation in policy_violations(policy)),
    )
