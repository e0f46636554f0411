"""Serves the ApiKeyService of the contract."""

from __future__ import annotations

from clarion.v1 import api_key_service_pb2 as pb

from clarion_server.application.access.api_keys import ManageApiKeys
from clarion_server.domain.access.access import Caller
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import API_KEYS
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.keys import to_api_key, to_command
from clarion_server.transport.api.pagination import page_of


class ApiKeyService:
    def __init__(self, keys: ManageApiKeys) -> None:
        self._keys = keys

    async def create_api_key(self, request: pb.CreateApiKeyRequest, caller: Caller) -> pb.CreateApiKeyResponse:
        if not request.HasField("api_key"):
            raise InvalidFields((required("api_key"),))
        new = await self._keys.create(to_command(request.api_key), caller)
        return pb.CreateApiKeyResponse(api_key=to_api_key(new.key), secret=new.secret)

    async def list_api_keys(self, request: pb.ListApiKeysRequest, caller: Caller) -> pb.ListApiKeysResponse:
        page = page_of(request, caller, int, str)
        after = (page.after[0], page.after[1]) if page.after else None
        found = await self._keys.page(after, page.limit, caller)
        shown, token = page.cut(found, lambda key: (key.create_time, key.id))
        return pb.ListApiKeysResponse(api_keys=map(to_api_key, shown), next_page_token=token)

    async def revoke_api_key(self, request: pb.RevokeApiKeyRequest, caller: Caller) -> pb.RevokeApiKeyResponse:
        key = await self._keys.revoke(API_KEYS.parse(request.name), caller)
        return pb.RevokeApiKeyResponse(api_key=to_api_key(key))
