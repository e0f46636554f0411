"""The IdentityNamespaceService of the contract."""

from __future__ import annotations

from clarion.v1 import identity_namespace_service_pb2

from clarion_server.application.resources import ManageResources
from clarion_server.domain.identity_namespace import NamespaceResource
from clarion_server.transport.api.convert.identity_namespaces import to_identity_namespace, to_namespace_input
from clarion_server.transport.grpc.resources import StandardMethods


class IdentityNamespaceService:
    def __init__(self, namespaces: ManageResources[NamespaceResource]) -> None:
        standard = StandardMethods(
            identity_namespace_service_pb2, "IdentityNamespace", namespaces, to_namespace_input, to_identity_namespace
        )
        self.create_identity_namespace = standard.create
        self.get_identity_namespace = standard.get
        self.list_identity_namespaces = standard.list
        self.update_identity_namespace = standard.update
        self.delete_identity_namespace = standard.delete
