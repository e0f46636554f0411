"""The methods of `client.sending_policies`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from clarion.v1 import sending_policy_pb2
from clarion.v1 import sending_policy_service_pb2 as wire
from clarion.v1 import sending_policy_service_pb2_grpc as rpc
from google.protobuf.field_mask_pb2 import FieldMask

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import read, read_all, write
from clarion_client._names import full_name, short_name
from clarion_client._values import SendingPolicy

COLLECTION = "sendingPolicies"


class AsyncSendingPolicies:
    """Writes sending policies, which say when messages may leave: `client.sending_policies`. A name may be given as
    `nights` or `sendingPolicies/nights`. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.SendingPolicyServiceAsyncStub:
        return rpc.SendingPolicyServiceStub(self._calls.channel)

    async def create(
        self, sending_policy: SendingPolicy, *, validate_only: bool = False, timeout: float | None = None
    ) -> SendingPolicy:
        """Creates it under its name. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        request = wire.CreateSendingPolicyRequest(
            sending_policy_id=short_name(full_name(COLLECTION, sending_policy.name)),
            sending_policy=write(sending_policy, sending_policy_pb2.SendingPolicy),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(
            self._stub.CreateSendingPolicy, request, repeatable=validate_only, timeout=timeout
        )
        return read(SendingPolicy, answer.sending_policy)

    async def get(self, name: str, *, timeout: float | None = None) -> SendingPolicy:
        request = wire.GetSendingPolicyRequest(name=full_name(COLLECTION, name))
        answer = await self._calls.unary(self._stub.GetSendingPolicy, request, repeatable=True, timeout=timeout)
        return read(SendingPolicy, answer.sending_policy)

    def list(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[SendingPolicy]:
        """Lists sending policies by name. `page_size` is 50 unless given, and at most 1,000."""
        request = wire.ListSendingPoliciesRequest(page_size=page_size)
        return paged(
            self._calls,
            self._stub.ListSendingPolicies,
            request,
            lambda page: read_all(SendingPolicy, page.sending_policies),
            timeout,
        )

    async def update(
        self,
        sending_policy: SendingPolicy,
        fields: Iterable[str] | None = None,
        *,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> SendingPolicy:
        """Changes it to these values: all of them, or the top-level `fields` named. Refused (ConflictError) when the
        value's etag is not the stored one. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        request = wire.UpdateSendingPolicyRequest(
            sending_policy=write(sending_policy, sending_policy_pb2.SendingPolicy),
            update_mask=FieldMask(paths=["*"] if fields is None else fields),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(
            self._stub.UpdateSendingPolicy, request, repeatable=validate_only, timeout=timeout
        )
        return read(SendingPolicy, answer.sending_policy)

    async def delete(self, name: str, *, etag: str = "", timeout: float | None = None) -> None:
        """Deletes a sending policy that no campaign in use names."""
        request = wire.DeleteSendingPolicyRequest(name=full_name(COLLECTION, name), etag=etag)
        await self._calls.unary(self._stub.DeleteSendingPolicy, request, repeatable=False, timeout=timeout)
