"""Serves the standard methods (AIP-130 to AIP-135) of resources that callers write under names of their choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message as ProtobufMessage

from clarion_server.application.archivable_resources import ManageArchivableResources
from clarion_server.application.background import run_for_request
from clarion_server.application.resources import CreateResource, ManageResources, ResourceInput, UpdateResource
from clarion_server.domain.access.access import Caller
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.resource import ArchivableResource, Resource
from clarion_server.domain.violation import required
from clarion_server.transport.api.masks import read_mask
from clarion_server.transport.api.methods import Service, snake_case
from clarion_server.transport.api.pagination import each_by, page_of
from clarion_server.transport.api.requests import converted

R = TypeVar("R", bound=Resource)
A = TypeVar("A", bound=ArchivableResource)


class StandardMethods(Generic[R]):
    """Serves Create, Get, List, Update and Delete of one kind, as far as its contract has them.

    The requests and responses are those of the contract's grammar: the fields of a kind `SendingPolicy` are called
    `sending_policy`, `sending_policy_id` and, for lists, as the response's only repeated field.
    """

    def __init__(
        self,
        contract: ModuleType,
        resources: ManageResources[R],
        read: Callable[[Any], ResourceInput[R]],
        write: Callable[[R], ProtobufMessage],
    ) -> None:
        """`contract` is the generated module of the service."""
        self._contract = contract
        self._resources = resources
        self._kind = resources.kind
        self._read = read
        self._write = write
        (self.service,) = contract.DESCRIPTOR.services_by_name.values()
        self._type_name = self.service.name.removesuffix("Service")
        # What else a service lists, such as versions, comes after the resources themselves.
        listing = next(method for method in self.service.methods if method.name.startswith("List"))
        self._listed = getattr(contract, listing.output_type.name)
        (self._items,) = (field.name for field in listing.output_type.fields if field.message_type is not None)

    async def create(self, request: Any, caller: Caller) -> Any:
        field = self._kind.field
        self._need_resource(request)
        sent = await converted(self._read, getattr(request, field))
        command = CreateResource(getattr(request, f"{field}_id"), sent, _only_validates(request))
        created = await self._resources.create(command, caller)
        written = await run_for_request(self._written, created, _only_validates(request))
        return self._answer("Create", **{field: written})

    async def get(self, request: Any, caller: Caller) -> Any:
        found = await self._resources.get(self._kind.collection.parse(request.name), caller)
        return self._answer("Get", **{self._kind.field: await run_for_request(self._write, found)})

    async def list(self, request: Any, caller: Caller) -> Any:
        page = page_of(request, caller, str)
        shown, token = await page.fill(
            lambda after, limit: self._page(request, after[0] if after else None, limit, caller),
            lambda resource: (resource.id,),
            each_by(self._write),
        )
        return self._listed(**{self._items: shown, "next_page_token": token})

    async def update(self, request: Any, caller: Caller) -> Any:
        field = self._kind.field
        self._need_resource(request)
        sent = getattr(request, field)
        mask = read_mask(request.update_mask, sent, self._kind.editable_fields)
        command = UpdateResource(
            self._kind.collection.parse(sent.name, f"{field}.name"),
            await converted(self._read, sent),
            mask.fields,
            sent.etag,
            mask.violations,
            _only_validates(request),
        )
        updated = await self._resources.update(command, caller)
        written = await run_for_request(self._written, updated, _only_validates(request))
        return self._answer("Update", **{field: written})

    async def delete(self, request: Any, caller: Caller) -> Any:
        await self._resources.delete(self._kind.collection.parse(request.name), request.etag, caller)
        return self._answer("Delete")

    async def _page(self, _request: Any, after: str | None, limit: int, caller: Caller) -> Sequence[R]:
        return await self._resources.page(after, limit, caller)

    def _need_resource(self, request: Any) -> None:
        if not request.HasField(self._kind.field):
            raise InvalidFields((required(self._kind.field),))

    def _answer(self, verb: str, **fields: Any) -> Any:
        return getattr(self._contract, f"{verb}{self._type_name}Response")(**fields)

    def _written(self, resource: R, validate_only: bool) -> Any:
        message: Any = self._write(resource)
        if validate_only:
            # Nothing was stored, so there is no etag.
            message.ClearField("etag")
        return message


class ArchivableMethods(StandardMethods[A]):
    """Serves Archive and Unarchive too, and lists what is archived when asked for."""

    def __init__(
        self,
        contract: ModuleType,
        resources: ManageArchivableResources[A],
        read: Callable[[Any], ResourceInput[A]],
        write: Callable[[A], ProtobufMessage],
    ) -> None:
        super().__init__(contract, resources, read, write)
        self._archivable = resources

    async def archive(self, request: Any, caller: Caller) -> Any:
        archived = await self._archivable.archive(self._kind.collection.parse(request.name), request.etag, caller)
        return self._answer("Archive", **{self._kind.field: await run_for_request(self._write, archived)})

    async def unarchive(self, request: Any, caller: Caller) -> Any:
        in_use = await self._archivable.unarchive(self._kind.collection.parse(request.name), request.etag, caller)
        return self._answer("Unarchive", **{self._kind.field: await run_for_request(self._write, in_use)})

    async def _page(self, _request: Any, after: str | None, limit: int, caller: Caller) -> Sequence[A]:
        return await self._archivable.page(after, limit, caller, archived=_request.show_archived)


def service_of(standard: StandardMethods[Any]) -> Service:
    """Returns the service of a kind that has no methods but the standard ones."""
    methods = (method.name for method in standard.service.methods)
    servicer = SimpleNamespace(**{snake_case(name): getattr(standard, _verb(name)) for name in methods})
    return Service(standard.service, servicer)


def _verb(method: str) -> str:
    """Returns `create` for `CreateSendingPolicy`."""
    return snake_case(method).partition("_")[0]


def _only_validates(request: Any) -> bool:
    """Returns the request's `validate_only`, which the requests of some kinds do not have."""
    return getattr(request, "validate_only", False)
