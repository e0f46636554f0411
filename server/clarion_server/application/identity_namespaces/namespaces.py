"""Says what is special about namespaces of identities among the resources that callers write."""

from __future__ import annotations

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import ManageResources, ResourceChange, ResourceKind
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller, Visibility, whole_sandbox
from clarion_server.domain.access_labels import NO_ACCESS_LABELS
from clarion_server.domain.errors import NamespaceInUse, ResourceExists
from clarion_server.domain.events.event import ChangeKind
from clarion_server.domain.names import IDENTITY_NAMESPACES
from clarion_server.domain.people.identity import BUILT_IN, Normalisation
from clarion_server.domain.people.identity_namespace import (
    BUILT_IN_RESOURCES,
    MAX_NAMESPACES,
    IsPhoneRegion,
    NamespaceResource,
    namespace_violations,
)
from clarion_server.domain.people.profile import ProfileRef


class ManageIdentityNamespaces(ManageResources[NamespaceResource]):
    """Also shows the namespaces that are built in. They are not stored, and so neither changed nor deleted."""

    def __init__(self, transactions: Transactions, is_phone_region: IsPhoneRegion, clock: Clock) -> None:
        kind = ResourceKind(
            "identity_namespace",
            IDENTITY_NAMESPACES,
            frozenset({"display_name"}),
            MAX_NAMESPACES,
            lambda unit: unit.identity_namespaces,
            lambda namespace: namespace_violations(namespace, is_phone_region),
            _check_unused,
            _check_created,
        )
        super().__init__(kind, transactions, clock)

    async def get(self, resource_id: str, caller: Caller) -> NamespaceResource:
        """Returns one namespace, which may be built in. Raises ResourceNotFound."""
        return BUILT_IN_RESOURCES.get(resource_id) or await super().get(resource_id, caller)

    async def page(self, after: str | None, limit: int, caller: Caller) -> list[NamespaceResource]:
        """Returns namespaces by id, those that are built in among them, beginning behind the id `after`."""
        built_in = [each for each in BUILT_IN_RESOURCES.values() if after is None or each.id > after]
        stored = await super().page(after, limit, caller)
        return sorted((*built_in, *stored), key=lambda each: each.id)[:limit]

    def _check_name_is_free(self, unit: UnitOfWork, resource: NamespaceResource) -> None:
        if resource.id in BUILT_IN:
            raise ResourceExists(resource.name)
        super()._check_name_is_free(unit, resource)


def _check_created(unit: UnitOfWork, change: ResourceChange[NamespaceResource]) -> None:
    """Raises NamespaceInUse for a new namespace when identities in it are compared by another rule than its."""
    namespace = change.resource
    if change.kind is ChangeKind.CREATED and namespace.normalisation is not Normalisation.EXACT:
        _check_unused(unit, namespace, change.visibility)


def _check_unused(unit: UnitOfWork, namespace: NamespaceResource, visibility: Visibility) -> None:
    """Raises NamespaceInUse when identities are in the namespace, and keeps others from storing any until the
    transaction ends.
    """
    everything = whole_sandbox(namespace.sandbox)
    unit.identity_namespaces.lock(everything)
    user = (
        unit.campaigns.first_with_namespace(everything, namespace.id)
        or unit.profiles.first_in_namespace(everything, namespace.id)
        or unit.audiences.first_in_namespace(everything, namespace.id)
    )
    if user is not None:
        labels = NO_ACCESS_LABELS if isinstance(user, ProfileRef) else user.access_labels
        raise NamespaceInUse(namespace.name, visibility.shown(user.name, labels))
