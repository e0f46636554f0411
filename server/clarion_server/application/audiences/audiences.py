"""Says what is special about audiences among the resources that callers write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clarion_server.application.audiences.condition_errors import condition_error, condition_violations
from clarion_server.application.background import run_in_background
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.conditions import ConditionCompiler
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import (
    CreateResource,
    ManageResources,
    ResourceChange,
    ResourceKind,
    UpdateResource,
)
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import HIDDEN_THING, Caller, Visibility, whole_sandbox
from clarion_server.domain.audiences.audience import MAX_AUDIENCES, Audience, audience_violations
from clarion_server.domain.audiences.condition import ConditionInvalid, ConditionProblem, Position
from clarion_server.domain.consent.consent import ConsentScope
from clarion_server.domain.errors import AudienceInUse, ResourceExists
from clarion_server.domain.events.event import ChangeKind
from clarion_server.domain.names import AUDIENCES
from clarion_server.domain.violation import Violation

#: Is the field of the audience in the requests that carry one.
_FIELD = "audience"
#: Is the path of the condition in these requests.
_CONDITION = f"{_FIELD}.condition"


@dataclass(frozen=True, slots=True)
class _Read:
    """Is a condition that was compiled, with what remains to be checked against the store."""

    consents: Mapping[ConsentScope, Position]
    problems: Sequence[ConditionProblem] = ()


_NOT_GIVEN = _Read({})


class ManageAudiences(ManageResources[Audience]):
    """Checks conditions too. They have an error of their own, and compiling them takes a thread."""

    def __init__(self, transactions: Transactions, compiler: ConditionCompiler, clock: Clock) -> None:
        super().__init__(AUDIENCE, transactions, clock)
        self._compiler = compiler

    async def create(self, command: CreateResource[Audience], caller: Caller) -> Audience:
        """Stores an audience, unless the command only validates.

        Raises InvalidFields, AudienceConditionInvalid or ResourceExists.
        """
        violation = AUDIENCES.id_violation(command.resource_id, "audience_id")
        audience = self._new(command, caller)
        unread = (*command.sent.violations, *command.sent.label_violations(caller.visibility.labels))
        condition = await self._read_condition(audience.condition, validate_only=command.validate_only)

        def check(unit: UnitOfWork) -> Audience:
            _check(unit, audience, condition, unread, [violation] if violation else [])
            self._check_name_is_free(unit, audience)
            self._check_room(unit, caller.visibility, "audience_id")
            return audience

        def add(unit: UnitOfWork) -> Audience:
            unit.audiences.lock_additions(caller.visibility)
            try:
                return unit.audiences.add(check(unit))
            except NameTaken:
                raise ResourceExists(audience.name) from None

        if command.validate_only:
            return await self._transactions.read(check)
        return await self._transactions.write(add)

    async def update(self, command: UpdateResource[Audience], caller: Caller) -> Audience:
        """Stores the changed audience, unless the command only validates.

        Raises InvalidFields, AudienceConditionInvalid, ResourceNotFound or EtagMismatch.
        """
        given = command.sent.resource.condition if "condition" in command.changed_fields else None
        condition = await self._read_condition(given, validate_only=command.validate_only)

        def check(unit: UnitOfWork) -> Audience:
            stored = self._find(unit, caller.visibility, command.resource_id)
            stored.check_etag(command.etag)
            held = caller.visibility.labels
            updated = replace(stored.changed(self._clock.now()), **command.changes(held))
            unread = [*command.unread(held), *_kind_violations(stored, updated)]
            _check(unit, updated, condition, unread, command.violations)
            return updated

        def change(unit: UnitOfWork) -> Audience:
            updated = check(unit)
            unit.audiences.save(updated)
            return updated

        if command.validate_only:
            return await self._transactions.read(check)
        return await self._transactions.write(change)

    async def _read_condition(self, condition: str | None, *, validate_only: bool) -> _Read:
        """Compiles a condition that was given, in a thread: a long one takes 40 ms.

        A call that only validates does not look at topics: they may be about to be created.
        """
        if condition is None:
            return _NOT_GIVEN
        read = await run_in_background(self._compile, condition)
        return replace(read, consents={}) if validate_only else read

    def _compile(self, condition: str) -> _Read:
        try:
            return _Read(self._compiler.compile(condition).reads.consents)
        except ConditionInvalid as error:
            return _Read({}, error.problems)


def _check_unused(unit: UnitOfWork, audience: Audience, visibility: Visibility) -> None:
    """Raises AudienceInUse."""
    unit.audiences.lock(audience)
    campaign = unit.campaigns.first_with_audience(whole_sandbox(audience.sandbox), audience.id)
    if campaign is not None:
        user = visibility.shown(campaign.name, campaign.access_labels)
        raise AudienceInUse(audience.name, user, "has a rule that asks about it")
    run = unit.audience_runs.first_open(whole_sandbox(audience.sandbox), audience.id)
    if run is not None:
        is_seen = unit.executions.get(visibility, run.execution_id) is not None
        raise AudienceInUse(audience.name, run.name if is_seen else HIDDEN_THING)


def _record(unit: UnitOfWork, change: ResourceChange[Audience]) -> None:
    """Marks the lists of a deleted audience as replaced."""
    if change.kind is ChangeKind.DELETED:
        unit.audiences.replace_lists(change.resource, change.resource.update_time)


AUDIENCE: ResourceKind[Audience] = ResourceKind(
    _FIELD,
    AUDIENCES,
    frozenset({"display_name", "description", "condition", "access_labels"}),
    MAX_AUDIENCES,
    lambda unit: unit.audiences,
    audience_violations,
    _check_unused,
    _record,
)


def _check(
    unit: UnitOfWork,
    audience: Audience,
    condition: _Read,
    unread: Sequence[Violation],
    of_request: Sequence[Violation],
) -> None:
    """Raises InvalidFields, or AudienceConditionInvalid when nothing else is wrong.

    `condition` is the one that was given, and `unread` says what could not be read of the audience.
    """
    problems = [*condition.problems, *_unknown_topics(unit, audience, condition)]
    known = [*of_request, *(violation.under(_FIELD) for violation in unread)]
    broken = [violation.under(_FIELD) for violation in audience_violations(audience)]
    if problems and not known and not broken:
        raise condition_error(problems, _CONDITION)
    refuse_invalid(known, [*broken, *condition_violations(problems, _CONDITION)])


def _unknown_topics(unit: UnitOfWork, audience: Audience, condition: _Read) -> Iterator[ConditionProblem]:
    visibility = whole_sandbox(audience.sandbox)
    for scope, position in condition.consents.items():
        if scope.topic is not None and unit.topics.get(visibility, scope.topic) is None:
            yield ConditionProblem(position, f"There is no topic '{scope.topic}' in this sandbox.")


def _kind_violations(stored: Audience, updated: Audience) -> list[Violation]:
    """Returns the violation of an update that makes a list of a condition, or a condition of a list."""
    if (stored.condition is None) == (updated.condition is None):
        return []
    kind = "is a list" if stored.condition is None else "has a condition"
    return [Violation("condition", "IMMUTABLE", f"The audience {kind}, and stays so: create another one.")]
