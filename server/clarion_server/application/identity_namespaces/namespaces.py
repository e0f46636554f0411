"""Creates, renames and deletes namespaces of identities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access import Caller, Visibility
from clarion_server.domain.errors import InvalidFields, NamespaceInUse, ResourceExists, ResourceNotFound
from clarion_server.domain.identity import BUILT_IN, IdentityNamespace, Normalisation
from clarion_server.domain.identity_namespace import (
    BUILT_IN_RESOURCES,
    MAX_NAMESPACES,
    IsPhoneRegion,
    NamespaceResource,
    namespace_violations,
)
from clarion_server.domain.names import IDENTITY_NAMESPACES
from clarion_server.domain.violation import Violation

#: The field of the namespace in the requests that carry one.
_FIELD = "identity_namespace"

#: The names, in the contract, of everything that an author may change.
EDITABLE_FIELDS = frozenset({"display_name"})


@dataclass(frozen=True, slots=True)
class CreateIdentityNamespace:
    namespace_id: str
    display_name: str
    normalisation: Normalisation = Normalisation.EXACT
    default_region: str = ""
    violations: tuple[Violation, ...] = ()
    """What could not be read, by paths in the namespace, which holds stand-ins for it."""


@dataclass(frozen=True, slots=True)
class UpdateIdentityNamespace:
    namespace_id: str
    display_name: str | None
    """None: it stays as it is."""
    etag: str = ""
    violations: tuple[Violation, ...] = ()
    """What was already wrong with the request."""


class ManageIdentityNamespaces:
    def __init__(self, transactions: Transactions, is_phone_region: IsPhoneRegion, clock: Clock) -> None:
        self._transactions = transactions
        self._is_phone_region = is_phone_region
        self._clock = clock

    async def create(self, command: CreateIdentityNamespace, caller: Caller) -> NamespaceResource:
        """Raises InvalidFields, ResourceExists or NamespaceInUse."""
        violation = IDENTITY_NAMESPACES.id_violation(command.namespace_id, "identity_namespace_id")
        now = self._clock.now()
        rules = IdentityNamespace(command.namespace_id, command.normalisation, command.default_region)
        namespace = NamespaceResource(rules, command.display_name, caller.sandbox, now, now)
        self._check(namespace, command.violations, [violation] if violation else [])

        def create(unit: UnitOfWork) -> NamespaceResource:
            unit.identity_namespaces.lock(caller.visibility)
            stored = unit.identity_namespaces.page(caller.visibility)
            if namespace.is_built_in or namespace.id in {each.id for each in stored}:
                raise ResourceExists(namespace.name)
            _check_room(stored)
            if rules.normalisation is not Normalisation.EXACT:
                _check_unused(unit, caller.visibility, namespace)
            return unit.identity_namespaces.add(namespace)

        try:
            return await self._transactions.write(create)
        except NameTaken as error:
            raise ResourceExists(namespace.name) from error

    async def get(self, namespace_id: str, caller: Caller) -> NamespaceResource:
        """Returns one namespace, which may be built in. Raises ResourceNotFound."""
        if namespace_id in BUILT_IN:
            return BUILT_IN_RESOURCES[namespace_id]
        return await self._transactions.read(lambda unit: _find(unit, caller.visibility, namespace_id))

    async def page(self, after: str | None, limit: int, caller: Caller) -> list[NamespaceResource]:
        """Returns namespaces by id, those that are built in among them, beginning behind the id `after`."""
        stored = await self._transactions.read(lambda unit: unit.identity_namespaces.page(caller.visibility))
        every = sorted((*BUILT_IN_RESOURCES.values(), *stored), key=lambda each: each.id)
        return [each for each in every if after is None or each.id > after][:limit]

    async def update(self, command: UpdateIdentityNamespace, caller: Caller) -> NamespaceResource:
        """Raises InvalidFields, ResourceNotFound or EtagMismatch."""

        def change(unit: UnitOfWork) -> NamespaceResource:
            stored = _find(unit, caller.visibility, command.namespace_id)
            stored.check_etag(command.etag)
            name = stored.display_name if command.display_name is None else command.display_name
            updated = stored.renamed(name, self._clock.now())
            self._check(updated, (), command.violations)
            unit.identity_namespaces.save(updated)
            return updated

        return await self._transactions.write(change)

    async def delete(self, namespace_id: str, etag: str, caller: Caller) -> None:
        """Raises ResourceNotFound, EtagMismatch or NamespaceInUse."""

        def delete(unit: UnitOfWork) -> None:
            unit.identity_namespaces.lock(caller.visibility)
            stored = _find(unit, caller.visibility, namespace_id)
            stored.check_etag(etag)
            _check_unused(unit, caller.visibility, stored)
            unit.identity_namespaces.delete(stored)

        await self._transactions.write(delete)

    def _check(
        self, namespace: NamespaceResource, unread: Sequence[Violation], of_request: Sequence[Violation]
    ) -> None:
        """Raises InvalidFields, with paths in the request."""
        refuse_invalid(
            [*of_request, *(violation.under(_FIELD) for violation in unread)],
            (violation.under(_FIELD) for violation in namespace_violations(namespace, self._is_phone_region)),
        )


def _find(unit: UnitOfWork, visibility: Visibility, namespace_id: str) -> NamespaceResource:
    """Returns a stored namespace. Raises ResourceNotFound, also for one that is built in."""
    found = unit.identity_namespaces.get(visibility, namespace_id)
    if found is None:
        raise ResourceNotFound(IDENTITY_NAMESPACES.format(namespace_id))
    return found


def _check_room(stored: Sequence[NamespaceResource]) -> None:
    """Raises InvalidFields when the sandbox can have no further namespace."""
    if len(stored) >= MAX_NAMESPACES:
        description = f"The sandbox has {MAX_NAMESPACES} namespaces already. Delete one."
        raise InvalidFields((Violation("identity_namespace_id", "TOO_MANY", description),))


def _check_unused(unit: UnitOfWork, visibility: Visibility, namespace: NamespaceResource) -> None:
    """Raises NamespaceInUse when identities are compared by the rule that the namespace has now."""
    user = (
        unit.campaigns.first_with_namespace(visibility, namespace.id)
        or unit.profiles.first_in_namespace(visibility, namespace.id)
        or unit.audiences.first_in_namespace(visibility, namespace.id)
    )
    if user is not None:
        raise NamespaceInUse(namespace.name, user.name)
