"""Creates, changes and deletes audiences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clarion_server.application.audiences.condition_errors import condition_error, condition_violations
from clarion_server.application.background import run_in_background
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.conditions import ConditionCompiler
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_audience
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid, violations_within
from clarion_server.domain.access import Caller, Visibility
from clarion_server.domain.audience import MAX_AUDIENCES, Audience, audience_violations
from clarion_server.domain.condition import ConditionInvalid, ConditionProblem, Position
from clarion_server.domain.consent import ConsentScope
from clarion_server.domain.errors import AudienceInUse, InvalidFields, ResourceExists
from clarion_server.domain.names import AUDIENCES
from clarion_server.domain.violation import Violation

#: The field of the audience in the requests that carry one.
_FIELD = "audience"
#: The path of the condition in these requests.
_CONDITION = f"{_FIELD}.condition"

#: The names, in the contract, of everything that an author may change.
EDITABLE_FIELDS = frozenset({"display_name", "description", "condition"})


@dataclass(frozen=True, slots=True)
class AudienceInput:
    """An audience as an author sent it."""

    audience: Audience
    """Only its EDITABLE_FIELDS mean anything."""
    violations: tuple[Violation, ...] = ()
    """What could not be read, by paths in the audience."""


@dataclass(frozen=True, slots=True)
class CreateAudience:
    audience_id: str
    sent: AudienceInput
    validate_only: bool = False
    """True checks everything and stores nothing."""


@dataclass(frozen=True, slots=True)
class UpdateAudience:
    audience_id: str
    sent: AudienceInput
    changed_fields: frozenset[str]
    """Names of EDITABLE_FIELDS. The other fields stay as they are."""
    etag: str = ""
    violations: tuple[Violation, ...] = ()
    """What was already wrong with the request, apart from the audience."""
    validate_only: bool = False
    """True checks everything and stores nothing."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A condition, as far as it must be checked with what is stored."""

    consents: Mapping[ConsentScope, Position]
    problems: Sequence[ConditionProblem] = ()


_NOT_GIVEN = _Read({})


class ManageAudiences:
    def __init__(self, transactions: Transactions, compiler: ConditionCompiler, clock: Clock) -> None:
        self._transactions = transactions
        self._compiler = compiler
        self._clock = clock

    async def create(self, command: CreateAudience, caller: Caller) -> Audience:
        """Stores an audience, unless the command only validates.

        Raises InvalidFields, AudienceConditionInvalid or ResourceExists.
        """
        violation = AUDIENCES.id_violation(command.audience_id, "audience_id")
        now = self._clock.now()
        audience = replace(
            command.sent.audience, sandbox=caller.sandbox, id=command.audience_id, create_time=now, update_time=now
        )

        condition = await self._read_condition(audience.condition)

        def check(unit: UnitOfWork) -> Audience:
            _check(unit, audience, condition, command.sent.violations, [violation] if violation else [])
            if unit.audiences.get(caller.visibility, audience.id) is not None:
                raise ResourceExists(audience.name)
            _check_room(unit, caller.visibility)
            return audience

        def add(unit: UnitOfWork) -> Audience:
            try:
                return unit.audiences.add(check(unit))
            except NameTaken:
                raise ResourceExists(audience.name) from None

        if command.validate_only:
            return await self._transactions.read(check)
        return await self._transactions.write(add)

    async def get(self, audience_id: str, caller: Caller) -> Audience:
        """Returns one audience. Raises ResourceNotFound."""
        return await self._transactions.read(lambda unit: find_audience(unit, caller.visibility, audience_id))

    async def page(self, after: str | None, limit: int, caller: Caller) -> list[Audience]:
        """Returns the audiences by id, beginning behind the id `after`."""
        return await self._transactions.read(lambda unit: unit.audiences.page(caller.visibility, after, limit))

    async def update(self, command: UpdateAudience, caller: Caller) -> Audience:
        """Stores the changed audience, unless the command only validates.

        Raises InvalidFields, AudienceConditionInvalid, ResourceNotFound or EtagMismatch.
        """
        given = command.sent.audience.condition if "condition" in command.changed_fields else None
        condition = await self._read_condition(given)

        def check(unit: UnitOfWork) -> Audience:
            stored = find_audience(unit, caller.visibility, command.audience_id)
            stored.check_etag(command.etag)
            changes = {name: getattr(command.sent.audience, name) for name in command.changed_fields}
            updated = replace(stored.changed(self._clock.now()), **changes)
            unread = violations_within(command.changed_fields, command.sent.violations)
            _check(unit, updated, condition, [*unread, *_kind_violations(stored, updated)], command.violations)
            return updated

        def change(unit: UnitOfWork) -> Audience:
            updated = check(unit)
            unit.audiences.save(updated)
            return updated

        if command.validate_only:
            return await self._transactions.read(check)
        return await self._transactions.write(change)

    async def delete(self, audience_id: str, etag: str, caller: Caller) -> None:
        """Deletes an audience with its list. Raises ResourceNotFound, EtagMismatch or AudienceInUse."""

        def delete(unit: UnitOfWork) -> None:
            stored = find_audience(unit, caller.visibility, audience_id)
            stored.check_etag(etag)
            run = unit.audience_runs.first_open(caller.visibility, audience_id)
            if run is not None:
                raise AudienceInUse(stored.name, run.name)
            unit.audiences.delete(stored, self._clock.now())

        await self._transactions.write(delete)

    async def _read_condition(self, condition: str | None) -> _Read:
        """Compiles a condition that was given, in a thread: a long one takes 40 ms."""
        return _NOT_GIVEN if condition is None else await run_in_background(self._compile, condition)

    def _compile(self, condition: str) -> _Read:
        try:
            return _Read(self._compiler.compile(condition).reads.consents)
        except ConditionInvalid as error:
            return _Read({}, error.problems)


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
    visibility = Visibility(audience.sandbox)
    for scope, position in condition.consents.items():
        if scope.topic is not None and unit.topics.get(visibility, scope.topic) is None:
            yield ConditionProblem(position, f"The sandbox has no topic '{scope.topic}'.")


def _kind_violations(stored: Audience, updated: Audience) -> list[Violation]:
    """Returns the violation of an update that makes a list of a condition, or a condition of a list."""
    if (stored.condition is None) == (updated.condition is None):
        return []
    kind = "is a list" if stored.condition is None else "has a condition"
    return [Violation("condition", "IMMUTABLE", f"The audience {kind}, and stays so: create another one.")]


def _check_room(unit: UnitOfWork, visibility: Visibility) -> None:
    """Raises InvalidFields when the sandbox can have no further audience."""
    if unit.audiences.count(visibility) >= MAX_AUDIENCES:
        description = f"The sandbox has {MAX_AUDIENCES:,} audiences already. Delete one."
        raise InvalidFields((Violation("audience_id", "TOO_MANY", description),))
