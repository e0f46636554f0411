"""The IdentityNamespaceService of the contract."""

from __future__ import annotations

from clarion.v1 import identity_namespace_service_pb2 as pb

from clarion_server.application.identity_namespaces.namespaces import (
    EDITABLE_FIELDS,
    ManageIdentityNamespaces,
    UpdateIdentityNamespace,
)
from clarion_server.domain.access import Caller
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import IDENTITY_NAMESPACES
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.identity_namespaces import to_create_namespace, to_identity_namespace
from clarion_server.transport.api.masks import read_mask
from clarion_server.transport.api.pagination import page_of


class IdentityNamespaceService:
    def __init__(self, namespaces: ManageIdentityNamespaces) -> None:
        self._namespaces = namespaces

    async def create_identity_namespace(
        self, request: pb.CreateIdentityNamespaceRequest, caller: Caller
    ) -> pb.CreateIdentityNamespaceResponse:
        _need_namespace(request)
        created = await self._namespaces.create(to_create_namespace(request), caller)
        return pb.CreateIdentityNamespaceResponse(identity_namespace=to_identity_namespace(created))

    async def get_identity_namespace(
        self, request: pb.GetIdentityNamespaceRequest, caller: Caller
    ) -> pb.GetIdentityNamespaceResponse:
        found = await self._namespaces.get(IDENTITY_NAMESPACES.parse(request.name), caller)
        return pb.GetIdentityNamespaceResponse(identity_namespace=to_identity_namespace(found))

    async def list_identity_namespaces(
        self, request: pb.ListIdentityNamespacesRequest, caller: Caller
    ) -> pb.ListIdentityNamespacesResponse:
        page = page_of(request, caller, str)
        after = page.after[0] if page.after else None
        found = await self._namespaces.page(after, page.limit, caller)
        shown, token = page.cut(found, lambda namespace: (namespace.id,))
        return pb.ListIdentityNamespacesResponse(
            identity_namespaces=map(to_identity_namespace, shown), next_page_token=token
        )

    async def update_identity_namespace(
        self, request: pb.UpdateIdentityNamespaceRequest, caller: Caller
    ) -> pb.UpdateIdentityNamespaceResponse:
        _need_namespace(request)
        sent = request.identity_namespace
        mask = read_mask(request.update_mask, sent, EDITABLE_FIELDS)
        command = UpdateIdentityNamespace(
            IDENTITY_NAMESPACES.parse(sent.name, "identity_namespace.name"),
            sent.display_name if "display_name" in mask.fields else None,
            sent.etag,
            mask.violations,
        )
        updated = await self._namespaces.update(command, caller)
        return pb.UpdateIdentityNamespaceResponse(identity_namespace=to_identity_namespace(updated))

    async def delete_identity_namespace(
        self, request: pb.DeleteIdentityNamespaceRequest, caller: Caller
    ) -> pb.DeleteIdentityNamespaceResponse:
        await self._namespaces.delete(IDENTITY_NAMESPACES.parse(request.name), request.etag, caller)
        return pb.DeleteIdentityNamespaceResponse()


def _need_namespace(request: pb.CreateIdentityNamespaceRequest | pb.UpdateIdentityNamespaceRequest) -> None:
    if not request.HasField("identity_namespace"):
        raise InvalidFields((required("identity_namespace"),))
