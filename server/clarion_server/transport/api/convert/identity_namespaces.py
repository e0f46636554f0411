"""Converts namespaces of identities from and to protobuf."""

from __future__ import annotations

from clarion.v1 import identity_namespace_pb2 as pb

from clarion_server.application.resources import ResourceInput
from clarion_server.domain.people.identity import Normalisation
from clarion_server.domain.people.identity_namespace import NamespaceResource
from clarion_server.transport.api.convert.enums import NORMALISATION
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_timestamp


def to_namespace_input(namespace: pb.IdentityNamespace) -> ResourceInput[NamespaceResource]:
    """Reads the fields that a caller may set. The input carries the violations."""
    parser = RequestParser()
    read = NamespaceResource(
        sandbox="",
        id="",
        create_time=0,
        update_time=0,
        display_name=namespace.display_name,
        normalisation=parser.member(NORMALISATION, namespace.normalisation, "normalisation") or Normalisation.EXACT,
        default_region=namespace.default_region,
    )
    return ResourceInput(read, parser.violations)


def to_identity_namespace(namespace: NamespaceResource) -> pb.IdentityNamespace:
    stored = not namespace.is_built_in
    return pb.IdentityNamespace(
        name=namespace.name,
        display_name=namespace.display_name,
        normalisation=NORMALISATION.number(namespace.normalisation),
        default_region=namespace.default_region,
        built_in=namespace.is_built_in,
        etag=namespace.etag if stored else "",
        create_time=to_timestamp(namespace.create_time) if stored else None,
        update_time=to_timestamp(namespace.update_time) if stored else None,
    )
