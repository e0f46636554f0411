"""Creates, reads, changes and deletes resources that callers write under names of their choice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, Generic, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import DESCRIPTORS, Value, message_of, read, read_all, write
from clarion_client._names import collection_of, full_name, short_name

V = TypeVar("V", bound=Value)


@dataclass(frozen=True, slots=True)
class ResourceKind(Generic[V]):
    """Is a kind of resources. What their fields and requests are called follows from the contract."""

    value_type: type[V]
    requests: ModuleType
    """Is the generated module of the service, with its requests."""
    stubs: ModuleType
    """Is the generated module of its stub."""

    @property
    def type_name(self) -> str:
        return str(DESCRIPTORS[self.value_type].name)

    @property
    def message(self) -> type[Message]:
        """Returns the type of the resource in the contract."""
        return GetMessageClass(DESCRIPTORS[self.value_type])

    @property
    def collection(self) -> str:
        """Returns what the names of the resources begin with, such as `sendingPolicies`."""
        return collection_of(self.message)

    @property
    def field(self) -> str:
        """Returns the field of the resource in requests and responses, such as `sending_policy`."""
        fields = self.requests.DESCRIPTOR.message_types_by_name[f"Create{self.type_name}Response"].fields
        return str(fields[0].name)

    @property
    def list_method(self) -> Any:
        """Returns the method that lists the resources. What else a service lists, such as versions, comes behind it."""
        methods = self.requests.DESCRIPTOR.services_by_name[f"{self.type_name}Service"].methods
        return next(method for method in methods if method.name.startswith("List"))

    @property
    def list_field(self) -> str:
        """Returns the field of the resources in a page of a list, such as `sending_policies`."""
        return next(str(field.name) for field in self.list_method.output_type.fields if field.message_type is not None)


class AsyncResources(Generic[V]):
    """Defines the methods of the resources of one kind. A name may be given with its collection or without: as `nights`
    or `sendingPolicies/nights`. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls, kind: ResourceKind[V]) -> None:
        self._calls = calls
        self._kind = kind

    @cached_property
    def _stub(self) -> Any:
        return getattr(self._kind.stubs, f"{self._kind.type_name}ServiceStub")(self._calls.channel)

    async def create(self, resource: V, *, validate_only: bool = False, timeout: float | None = None) -> V:
        """Creates it under its name. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        written = write(resource, self._kind.message)
        name = getattr(written, "name")  # noqa: B009 - every such message has a name, which no type says
        fields = {
            f"{self._kind.field}_id": short_name(full_name(self._kind.collection, name)),
            self._kind.field: written,
            "validate_only": validate_only,
        }
        return await self._call("Create", fields, repeatable=validate_only, timeout=timeout)

    async def get(self, name: str, *, timeout: float | None = None) -> V:
        fields = {"name": full_name(self._kind.collection, name)}
        return await self._call("Get", fields, repeatable=True, timeout=timeout)

    def list(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[V]:
        """Lists them by name. `page_size` is 50 unless given, and at most 1,000."""
        return self._paged({"page_size": page_size}, timeout)

    async def update(
        self,
        resource: V,
        fields: Iterable[str] | None = None,
        *,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> V:
        """Changes it to these values: all of them, or the top-level `fields` named. Refused (ConflictError) when the
        value's etag is not the stored one. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        request = {
            self._kind.field: write(resource, self._kind.message),
            "update_mask": FieldMask(paths=["*"] if fields is None else fields),
            "validate_only": validate_only,
        }
        return await self._call("Update", request, repeatable=validate_only, timeout=timeout)

    def _request(self, verb: str, fields: dict[str, Any]) -> Any:
        return message_of(getattr(self._kind.requests, f"{verb}{self._kind.type_name}Request"), **fields)

    async def _call(self, verb: str, fields: dict[str, Any], *, repeatable: bool, timeout: float | None) -> V:
        """Makes a call that is answered with the resource."""
        method = getattr(self._stub, f"{verb}{self._kind.type_name}")
        answer = await self._calls.unary(method, self._request(verb, fields), repeatable=repeatable, timeout=timeout)
        value: V = read(self._kind.value_type, getattr(answer, self._kind.field))
        return value

    def _paged(self, fields: dict[str, Any], timeout: float | None) -> AsyncPager[V]:
        method = self._kind.list_method
        return paged(
            self._calls,
            getattr(self._stub, method.name),
            message_of(getattr(self._kind.requests, method.input_type.name), **fields),
            lambda page: read_all(self._kind.value_type, getattr(page, self._kind.list_field)),
            timeout,
        )


class AsyncDeletableResources(AsyncResources[V]):
    """Resources that are deleted."""

    async def delete(self, name: str, *, etag: str = "", timeout: float | None = None) -> None:
        """Deletes one that nothing needs."""
        request = self._request("Delete", {"name": full_name(self._kind.collection, name), "etag": etag})
        method = getattr(self._stub, f"Delete{self._kind.type_name}")
        await self._calls.unary(method, request, repeatable=False, timeout=timeout)


class AsyncArchivableResources(AsyncResources[V]):
    """Resources that are archived."""

    def list(self, *, show_archived: bool = False, page_size: int = 0, timeout: float | None = None) -> AsyncPager[V]:
        """Lists them by name, those that are archived only when asked for. `page_size` is 50 unless given, and at most
        1,000.
        """
        return self._paged({"page_size": page_size, "show_archived": show_archived}, timeout)

    async def archive(self, name: str, *, etag: str = "", timeout: float | None = None) -> V:
        """Takes one out of use. Refused (PreconditionFailedError) while something needs it."""
        fields = {"name": full_name(self._kind.collection, name), "etag": etag}
        return await self._call("Archive", fields, repeatable=not etag, timeout=timeout)

    async def unarchive(self, name: str, *, etag: str = "", timeout: float | None = None) -> V:
        """Takes an archived one into use again."""
        fields = {"name": full_name(self._kind.collection, name), "etag": etag}
        return await self._call("Unarchive", fields, repeatable=not etag, timeout=timeout)
