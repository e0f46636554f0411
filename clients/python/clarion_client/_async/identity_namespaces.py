"""Writes namespaces of identities."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from clarion.v1 import identity_namespace_pb2
from clarion.v1 import identity_namespace_service_pb2 as wire
from clarion.v1 import identity_namespace_service_pb2_grpc as rpc
from google.protobuf.field_mask_pb2 import FieldMask

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import read, read_all, write
from clarion_client._names import full_name, short_name
from clarion_client._values import IdentityNamespace

COLLECTION = "identityNamespaces"


class AsyncIdentityNamespaces:
    """Writes namespaces of identities, which say when two identities are the same: `client.identity_namespaces`. A name
    may be given as `crm` or `identityNamespaces/crm`. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.IdentityNamespaceServiceAsyncStub:
        return rpc.IdentityNamespaceServiceStub(self._calls.channel)

    async def create(self, identity_namespace: IdentityNamespace, *, timeout: float | None = None) -> IdentityNamespace:
        """Creates it under its name. Its normalisation and its region never change afterwards."""
        request = wire.CreateIdentityNamespaceRequest(
            identity_namespace_id=short_name(full_name(COLLECTION, identity_namespace.name)),
            identity_namespace=write(identity_namespace, identity_namespace_pb2.IdentityNamespace),
        )
        answer = await self._calls.unary(self._stub.CreateIdentityNamespace, request, repeatable=False, timeout=timeout)
        return read(IdentityNamespace, answer.identity_namespace)

    async def get(self, name: str, *, timeout: float | None = None) -> IdentityNamespace:
        request = wire.GetIdentityNamespaceRequest(name=full_name(COLLECTION, name))
        answer = await self._calls.unary(self._stub.GetIdentityNamespace, request, repeatable=True, timeout=timeout)
        return read(IdentityNamespace, answer.identity_namespace)

    def list(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[IdentityNamespace]:
        """Lists namespaces by name, those that are built in among them. `page_size` is 50 unless given, and at most
        1,000.
        """
        request = wire.ListIdentityNamespacesRequest(page_size=page_size)
        return paged(
            self._calls,
            self._stub.ListIdentityNamespaces,
            request,
            lambda page: read_all(IdentityNamespace, page.identity_namespaces),
            timeout,
        )

    async def update(
        self,
        identity_namespace: IdentityNamespace,
        fields: Iterable[str] | None = None,
        *,
        timeout: float | None = None,
    ) -> IdentityNamespace:
        """Changes its display name. Refused (ConflictError) when the value's etag is not the stored one."""
        request = wire.UpdateIdentityNamespaceRequest(
            identity_namespace=write(identity_namespace, identity_namespace_pb2.IdentityNamespace),
            update_mask=FieldMask(paths=["*"] if fields is None else fields),
        )
        answer = await self._calls.unary(self._stub.UpdateIdentityNamespace, request, repeatable=False, timeout=timeout)
        return read(IdentityNamespace, answer.identity_namespace)

    async def delete(self, name: str, *, etag: str = "", timeout: float | None = None) -> None:
        """Deletes a namespace that nothing uses."""
        request = wire.DeleteIdentityNamespaceRequest(name=full_name(COLLECTION, name), etag=etag)
        await self._calls.unary(self._stub.DeleteIdentityNamespace, request, repeatable=False, timeout=timeout)
