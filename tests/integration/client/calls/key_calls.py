"""Provides the calls about API keys."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import api_key_pb2 as key_pb
from clarion.v1 import api_key_service_pb2 as keys_pb

from tests.integration.client.cases import Case, holds

CASES = {
    "keys.create": Case(
        "CreateApiKey",
        lambda c: c.keys.create(
            "Shop", [client.Scope.TRIGGER, client.Scope.READ], sandbox="staging", access_labels=["eu"]
        ),
        keys_pb.CreateApiKeyRequest(
            api_key=key_pb.ApiKey(
                display_name="Shop",
                scopes=[key_pb.ApiKey.SCOPE_TRIGGER, key_pb.ApiKey.SCOPE_READ],
                sandbox="staging",
                access_labels=["eu"],
            )
        ),
        keys_pb.CreateApiKeyResponse(api_key=key_pb.ApiKey(name="apiKeys/1"), secret="hunter2"),
        lambda new: (new.api_key.name, new.secret) == ("apiKeys/1", "hunter2"),
    ),
    "keys.revoke": Case(
        "RevokeApiKey",
        lambda c: c.keys.revoke("1"),
        keys_pb.RevokeApiKeyRequest(name="apiKeys/1"),
        keys_pb.RevokeApiKeyResponse(api_key=key_pb.ApiKey(name="apiKeys/1")),
        holds(name="apiKeys/1", revoke_time=None),
    ),
}
