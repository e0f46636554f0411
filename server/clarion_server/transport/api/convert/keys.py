"""Converts API keys from and to protobuf, without their secrets."""

from __future__ import annotations

from clarion.v1 import api_key_pb2 as pb

from clarion_server.application.access.api_keys import CreateApiKey
from clarion_server.domain.access.access import ApiKey
from clarion_server.transport.api.convert.access_labels import read_access_labels
from clarion_server.transport.api.convert.enums import SCOPE
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_optional_timestamp, to_timestamp


def to_command(key: pb.ApiKey) -> CreateApiKey:
    """Reads a new key. The command carries the violations."""
    parser = RequestParser()
    return CreateApiKey(
        display_name=key.display_name,
        scopes=parser.members(SCOPE, key.scopes, "scopes"),
        sandbox=key.sandbox,
        access_labels=read_access_labels(key.access_labels),
        violations=parser.violations,
    )


def to_api_key(key: ApiKey) -> pb.ApiKey:
    return pb.ApiKey(
        name=key.name,
        display_name=key.display_name,
        scopes=sorted(map(SCOPE.number, key.scopes)),
        sandbox=key.sandbox,
        create_time=to_timestamp(key.create_time),
        revoke_time=to_optional_timestamp(key.revoke_time),
        creator=key.creator,
        access_labels=key.access_labels.names,
    )
