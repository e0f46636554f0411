"""Converts namespaces of identities from and to protobuf."""

from __future__ import annotations

from clarion.v1 import identity_namespace_pb2 as pb
from clarion.v1 import identity_namespace_service_pb2 as service_pb

from clarion_server.application.identity_namespaces.namespaces import CreateIdentityNamespace
from clarion_server.domain.identity import Normalisation
from clarion_server.domain.identity_namespace import NamespaceResource
from clarion_server.transport.api.convert.enums import NORMALISATION
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_optional_timestamp


def to_create_namespace(request: service_pb.CreateIdentityNamespaceRequest) -> CreateIdentityNamespace:
    parser, sent = RequestParser(), request.identity_namespace
    normalisation = parser.member(NORMALISATION, sent.normalisation, "normalisation") or Normalisation.EXACT
    return CreateIdentityNamespace(
        request.identity_namespace_id, sent.display_name, normalisation, sent.default_region, parser.violations
    )


def to_identity_namespace(namespace: NamespaceResource) -> pb.IdentityNamespace:
    return pb.IdentityNamespace(
        name=namespace.name,
        display_name=namespace.display_name,
        normalisation=NORMALISATION.number(namespace.rules.normalisation),
        default_region=namespace.rules.default_region,
        built_in=namespace.is_built_in,
        etag=namespace.etag,
        create_time=to_optional_timestamp(namespace.create_time),
        update_time=to_optional_timestamp(namespace.update_time),
    )
