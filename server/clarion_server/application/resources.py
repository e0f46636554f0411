"""Creates, reads, changes and deletes resources that callers write under names of their choice.

A `ResourceKind` says what is special about a kind of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, Self, TypeVar

from clarion_server.application.background import run_for_request
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.resources import ResourceRepository
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid, violations_within
from clarion_server.domain.access.access import Caller, Visibility, whole_sandbox
from clarion_server.domain.access_labels import FIELD as LABELS
from clarion_server.domain.access_labels import AccessLabels, held_label_violations
from clarion_server.domain.errors import InvalidFields, ResourceExists, ResourceNotFound
from clarion_server.domain.events.event import ChangeKind
from clarion_server.domain.names import Collection
from clarion_server.domain.resource import Resource
from clarion_server.domain.violation import Violation

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class ResourceChange(Generic[R]):
    kind: ChangeKind
    before: R | None
    """Is None for a new resource."""
    resource: R
    """Is the new revision. For a deleted resource it is not stored, and has the time of the deletion."""
    actor: str
    """Is the name of the key that made the change."""
    visibility: Visibility
    """Says what that key sees."""


def _is_always_unused(_unit: UnitOfWork, _resource: Resource, _visibility: Visibility) -> None:
    """Raises nothing."""


def _record_nothing(_unit: UnitOfWork, _change: ResourceChange[R]) -> None:
    """Stores nothing."""


@dataclass(frozen=True, slots=True)
class ResourceKind(Generic[R]):
    field: str
    """Is the field of the resource in the requests that carry one, such as `sending_policy`."""
    collection: Collection
    editable_fields: frozenset[str]
    """Holds the names, in the contract and in the resource, of everything that a caller may change."""
    most: int
    """A sandbox may have at most this many."""
    repository: Callable[[UnitOfWork], ResourceRepository[R]]
    violations: Callable[[R], Iterable[Violation]]
    """Yields the rules that a resource breaks, with the field paths of the contract."""
    check_unused: Callable[[UnitOfWork, R, Visibility], None] = _is_always_unused
    """Raises an error when something needs the resource that is to be deleted. It names only what the caller sees."""
    record: Callable[[UnitOfWork, ResourceChange[R]], None] = _record_nothing
    """Stores what else belongs to a change, in its transaction, and checks what only the store knows. Raises
    InvalidFields.
    """

    @classmethod
    def plain(cls, kind: type[R], most: int, violations: Callable[[R], Iterable[Violation]]) -> Self:
        """Returns a kind with nothing special, of which a caller may change every field of its own."""
        called = re.sub("(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
        editable = frozenset(each.name for each in fields(kind)) - {each.name for each in fields(Resource)}
        return cls(called, kind.COLLECTION, editable, most, lambda unit: unit.resources(kind), violations)


@dataclass(frozen=True, slots=True)
class ResourceInput(Generic[R]):
    """Is a resource as a caller sent it."""

    resource: R
    """Has the values of the editable fields. Its other fields, and its access labels, mean nothing."""
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with fields that could not be read, by paths in the resource, which holds placeholders for
    them.
    """
    access_labels: tuple[str, ...] = ()
    """Holds the names of the access labels that the resource is to have."""

    def picked(self, held: AccessLabels) -> AccessLabels:
        """Returns the access labels that the resource is to have, taken from those that the caller holds."""
        return held.picked(self.access_labels)

    def label_violations(self, held: AccessLabels) -> list[Violation]:
        """Returns what is wrong with its access labels, for a caller who holds the labels `held`."""
        return held_label_violations(self.access_labels, held)


@dataclass(frozen=True, slots=True)
class CreateResource(Generic[R]):
    resource_id: str
    sent: ResourceInput[R]
    validate_only: bool = False
    """Checks everything and stores nothing when it is true."""


@dataclass(frozen=True, slots=True)
class UpdateResource(Generic[R]):
    resource_id: str
    sent: ResourceInput[R]
    changed_fields: frozenset[str]
    """Holds names of editable fields. The other fields stay as they are."""
    etag: str = ""
    violations: tuple[Violation, ...] = field(default=())
    """Holds what is wrong with the request, apart from the resource, that was found while it was read."""
    validate_only: bool = False
    """Checks everything and stores nothing when it is true."""

    def changes(self, held: AccessLabels) -> dict[str, Any]:
        """Returns the new values of the changed fields. `held` are the caller's access labels."""
        changes = {name: getattr(self.sent.resource, name) for name in self.changed_fields - {LABELS}}
        return {**changes, LABELS: self.sent.picked(held)} if LABELS in self.changed_fields else changes

    def unread(self, held: AccessLabels) -> tuple[Violation, ...]:
        """Returns what is wrong with those of the changed fields that could not be read, and with the access labels if
        they change.
        """
        found = (*self.sent.violations, *self.sent.label_violations(held))
        return violations_within(self.changed_fields, found)


class ManageResources(Generic[R]):
    def __init__(self, kind: ResourceKind[R], transactions: Transactions, clock: Clock) -> None:
        self.kind = kind
        self._transactions = transactions
        self._clock = clock

    async def create(self, command: CreateResource[R], caller: Caller) -> R:
        """Stores a resource, unless the command only validates. Raises InvalidFields or ResourceExists."""
        id_field = f"{self.kind.field}_id"
        violation = self.kind.collection.id_violation(command.resource_id, id_field)
        held = caller.visibility.labels
        unread = (*command.sent.violations, *command.sent.label_violations(held))
        await run_for_request(self._check, command.sent.resource, unread, [violation] if violation else [])
        resource = self._new(command, caller)

        def check(unit: UnitOfWork) -> R:
            self._check_name_is_free(unit, resource)
            self._check_room(unit, caller.visibility, id_field)
            return resource

        if command.validate_only:
            return await self._transactions.read(check)

        def add(unit: UnitOfWork) -> R:
            self.kind.repository(unit).lock_additions(caller.visibility)
            added = self.kind.repository(unit).add(check(unit))
            self.kind.record(unit, ResourceChange(ChangeKind.CREATED, None, added, caller.name, caller.visibility))
            return added

        try:
            return await self._transactions.write(add)
        except NameTaken as error:
            raise ResourceExists(resource.name) from error

    async def get(self, resource_id: str, caller: Caller) -> R:
        """Returns one resource. Raises ResourceNotFound."""
        return await self._transactions.read(lambda unit: self._find(unit, caller.visibility, resource_id))

    async def page(self, after: str | None, limit: int, caller: Caller) -> list[R]:
        """Returns the resources by id, beginning behind the id `after`."""
        visibility = caller.visibility
        return await self._transactions.read(lambda unit: self.kind.repository(unit).page(visibility, after, limit))

    async def update(self, command: UpdateResource[R], caller: Caller) -> R:
        """Stores the changed resource, unless the command only validates.

        Raises InvalidFields, ResourceNotFound or EtagMismatch, and what the kind raises of one that may not be changed.
        """

        def check(unit: UnitOfWork, checked: R | None = None) -> tuple[R, R]:
            stored = self._find(unit, caller.visibility, command.resource_id)
            stored.check_etag(command.etag)
            held = caller.visibility.labels
            updated = self._updated(stored, command.changes(held), caller)
            if stored != checked:
                self._check(updated, command.unread(held), command.violations)
            return stored, updated

        # Checking a large resource takes longer than triggers should wait for the writer.
        checked, updated = await self._transactions.read(check)
        if command.validate_only:
            return updated

        def change(unit: UnitOfWork) -> R:
            stored, updated = check(unit, checked)
            self.kind.repository(unit).save(updated)
            change = ResourceChange(ChangeKind.UPDATED, stored, updated, caller.name, caller.visibility)
            self.kind.record(unit, change)
            return updated

        return await self._transactions.write(change)

    async def delete(self, resource_id: str, etag: str, caller: Caller) -> None:
        """Deletes a resource. Raises ResourceNotFound, EtagMismatch, and what the kind raises of one in use."""

        def delete(unit: UnitOfWork) -> None:
            stored = self._find(unit, caller.visibility, resource_id)
            stored.check_etag(etag)
            self.kind.check_unused(unit, stored, caller.visibility)
            self.kind.repository(unit).delete(stored)
            deleted = stored.changed(self._clock.now())
            change = ResourceChange(ChangeKind.DELETED, stored, deleted, caller.name, caller.visibility)
            self.kind.record(unit, change)

        await self._transactions.write(delete)

    def _find(self, unit: UnitOfWork, visibility: Visibility, resource_id: str) -> R:
        """Raises ResourceNotFound."""
        found = self.kind.repository(unit).get(visibility, resource_id)
        if found is None:
            raise ResourceNotFound(self.kind.collection.format(resource_id))
        return found

    def _new(self, command: CreateResource[R], caller: Caller) -> R:
        """Returns the resource that is to be created."""
        now = self._clock.now()
        return replace(
            command.sent.resource,
            sandbox=caller.sandbox,
            id=command.resource_id,
            create_time=now,
            update_time=now,
            access_labels=command.sent.picked(caller.visibility.labels),
        )

    def _updated(self, stored: R, changes: Mapping[str, Any], _caller: Caller) -> R:
        """Returns a resource with new values of some of its fields."""
        return replace(stored.changed(self._clock.now()), **changes)

    def _check_name_is_free(self, unit: UnitOfWork, resource: R) -> None:
        """Raises ResourceExists, also for one that the caller does not see: names are of the whole sandbox."""
        if self.kind.repository(unit).get(whole_sandbox(resource.sandbox), resource.id) is not None:
            raise ResourceExists(resource.name)

    def _check_room(self, unit: UnitOfWork, visibility: Visibility, field: str) -> None:
        """Raises InvalidFields when the sandbox can have no further resource of the kind."""
        if self.kind.repository(unit).count(whole_sandbox(visibility.sandbox)) >= self.kind.most:
            description = f"The sandbox has {self.kind.most:,} {self.kind.collection.name} already. Delete one."
            raise InvalidFields((Violation(field, "TOO_MANY", description),))

    def _check(self, resource: R, unread: Sequence[Violation], of_request: Sequence[Violation]) -> None:
        """Raises InvalidFields, with paths in the request. `unread` says what could not be read of the resource."""
        refuse_invalid(
            [*of_request, *(violation.under(self.kind.field) for violation in unread)],
            (violation.under(self.kind.field) for violation in self.kind.violations(resource)),
        )
