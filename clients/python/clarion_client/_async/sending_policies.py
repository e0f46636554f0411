"""The methods of `client.sending_policies`."""

from __future__ import annotations

from clarion.v1 import sending_policy_pb2, sending_policy_service_pb2, sending_policy_service_pb2_grpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.resources import AsyncDeletableResources, ResourceKind
from clarion_client._values import SendingPolicy

_KIND = ResourceKind(
    SendingPolicy, sending_policy_pb2.SendingPolicy, sending_policy_service_pb2, sending_policy_service_pb2_grpc
)


class AsyncSendingPolicies(AsyncDeletableResources[SendingPolicy]):
    """Writes sending policies, which say when messages may leave and how many: `client.sending_policies`."""

    def __init__(self, calls: AsyncCalls) -> None:
        super().__init__(calls, _KIND)
