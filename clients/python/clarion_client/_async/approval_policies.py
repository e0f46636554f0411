"""The methods of `client.approval_policies`."""

from __future__ import annotations

from clarion.v1 import approval_policy_pb2, approval_policy_service_pb2, approval_policy_service_pb2_grpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.resources import AsyncDeletableResources, ResourceKind
from clarion_client._values import ApprovalPolicy

_KIND = ResourceKind(
    ApprovalPolicy, approval_policy_pb2.ApprovalPolicy, approval_policy_service_pb2, approval_policy_service_pb2_grpc
)


class AsyncApprovalPolicies(AsyncDeletableResources[ApprovalPolicy]):
    """Writes approval policies, which say whose approval a draft needs: `client.approval_policies`."""

    def __init__(self, calls: AsyncCalls) -> None:
        super().__init__(calls, _KIND)
