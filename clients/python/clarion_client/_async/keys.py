"""Defines the methods of `client.keys`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from clarion.v1 import api_key_pb2
from clarion.v1 import api_key_service_pb2 as wire
from clarion.v1 import api_key_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import enum_numbers, message_of, read, read_all
from clarion_client._names import full_name
from clarion_client._values import ApiKey, NewApiKey, Scope


class AsyncKeys:
    """Creates, lists and revokes API keys: `client.keys`. `timeout` is in seconds."""

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.ApiKeyServiceAsyncStub:
        return rpc.ApiKeyServiceStub(self._calls.channel)

    async def create(
        self,
        display_name: str,
        scopes: Iterable[Scope],
        *,
        sandbox: str = "",
        access_labels: Iterable[str] = (),
        timeout: float | None = None,
    ) -> NewApiKey:
        """Creates a key. Its secret is in the answer and cannot be shown again. `sandbox` is the caller's own unless
        given. The key sees what has no access label but these.
        """
        api_key = api_key_pb2.ApiKey(
            display_name=display_name,
            scopes=enum_numbers(Scope, scopes, "scopes"),
            sandbox=sandbox,
            access_labels=access_labels,
        )
        request = wire.CreateApiKeyRequest(api_key=api_key)
        answer = await self._calls.unary(self._stub.CreateApiKey, request, repeatable=False, timeout=timeout)
        return read(NewApiKey, answer)

    def list(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[ApiKey]:
        """Lists the keys of the sandbox, oldest first, revoked ones included."""
        request = message_of(wire.ListApiKeysRequest, page_size=page_size)
        return paged(
            self._calls, self._stub.ListApiKeys, request, lambda page: read_all(ApiKey, page.api_keys), timeout
        )

    async def revoke(self, name: str, *, timeout: float | None = None) -> ApiKey:
        request = message_of(wire.RevokeApiKeyRequest, name=full_name("apiKeys", name))
        answer = await self._calls.unary(self._stub.RevokeApiKey, request, repeatable=True, timeout=timeout)
        return read(ApiKey, answer.api_key)
