"""Provides the calls about identity namespaces."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import identity_namespace_pb2 as namespace_pb
from clarion.v1 import identity_namespace_service_pb2 as namespaces_pb
from google.protobuf.field_mask_pb2 import FieldMask

from tests.integration.client.cases import Case

WIRE_NAMESPACE = namespace_pb.IdentityNamespace(
    name="identityNamespaces/x",
    display_name="Desks",
    normalisation=namespace_pb.IdentityNamespace.NORMALISATION_PHONE,
    default_region="GB",
)
NAMESPACE = client.IdentityNamespace(
    name="identityNamespaces/x",
    display_name="Desks",
    normalisation=client.Normalisation.PHONE,
    default_region="GB",
)

CASES = {
    "identity_namespaces.create": Case(
        "CreateIdentityNamespace",
        lambda c: c.identity_namespaces.create(NAMESPACE, validate_only=True),
        namespaces_pb.CreateIdentityNamespaceRequest(
            identity_namespace_id="x", identity_namespace=WIRE_NAMESPACE, validate_only=True
        ),
        namespaces_pb.CreateIdentityNamespaceResponse(identity_namespace=WIRE_NAMESPACE),
        NAMESPACE,
    ),
    "identity_namespaces.get": Case(
        "GetIdentityNamespace",
        lambda c: c.identity_namespaces.get("x"),
        namespaces_pb.GetIdentityNamespaceRequest(name="identityNamespaces/x"),
        namespaces_pb.GetIdentityNamespaceResponse(identity_namespace=WIRE_NAMESPACE),
        NAMESPACE,
    ),
    "identity_namespaces.update": Case(
        "UpdateIdentityNamespace",
        lambda c: c.identity_namespaces.update(NAMESPACE, ["display_name"]),
        namespaces_pb.UpdateIdentityNamespaceRequest(
            identity_namespace=WIRE_NAMESPACE, update_mask=FieldMask(paths=["display_name"])
        ),
        namespaces_pb.UpdateIdentityNamespaceResponse(identity_namespace=WIRE_NAMESPACE),
        NAMESPACE,
    ),
    "identity_namespaces.delete": Case(
        "DeleteIdentityNamespace",
        lambda c: c.identity_namespaces.delete("x", etag="7"),
        namespaces_pb.DeleteIdentityNamespaceRequest(name="identityNamespaces/x", etag="7"),
        namespaces_pb.DeleteIdentityNamespaceResponse(),
        None,
    ),
}
