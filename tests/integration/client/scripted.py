"""A real gRPC server that gives the answers of a test."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import grpc
from clarion.v1.allow_list_service_pb2_grpc import AllowListServiceServicer, add_AllowListServiceServicer_to_server
from clarion.v1.api_key_service_pb2_grpc import ApiKeyServiceServicer, add_ApiKeyServiceServicer_to_server
from clarion.v1.approval_policy_service_pb2_grpc import (
    ApprovalPolicyServiceServicer,
    add_ApprovalPolicyServiceServicer_to_server,
)
from clarion.v1.approval_service_pb2_grpc import ApprovalServiceServicer, add_ApprovalServiceServicer_to_server
from clarion.v1.attachment_service_pb2_grpc import (
    AttachmentServiceServicer,
    add_AttachmentServiceServicer_to_server,
)
from clarion.v1.audience_service_pb2_grpc import AudienceServiceServicer, add_AudienceServiceServicer_to_server
from clarion.v1.campaign_service_pb2_grpc import CampaignServiceServicer, add_CampaignServiceServicer_to_server
from clarion.v1.channel_configuration_service_pb2_grpc import (
    ChannelConfigurationServiceServicer,
    add_ChannelConfigurationServiceServicer_to_server,
)
from clarion.v1.consent_service_pb2_grpc import ConsentServiceServicer, add_ConsentServiceServicer_to_server
from clarion.v1.execution_service_pb2_grpc import ExecutionServiceServicer, add_ExecutionServiceServicer_to_server
from clarion.v1.identity_namespace_service_pb2_grpc import (
    IdentityNamespaceServiceServicer,
    add_IdentityNamespaceServiceServicer_to_server,
)
from clarion.v1.message_service_pb2_grpc import MessageServiceServicer, add_MessageServiceServicer_to_server
from clarion.v1.profile_service_pb2_grpc import ProfileServiceServicer, add_ProfileServiceServicer_to_server
from clarion.v1.proof_service_pb2_grpc import ProofServiceServicer, add_ProofServiceServicer_to_server
from clarion.v1.report_service_pb2_grpc import ReportServiceServicer, add_ReportServiceServicer_to_server
from clarion.v1.sending_policy_service_pb2_grpc import (
    SendingPolicyServiceServicer,
    add_SendingPolicyServiceServicer_to_server,
)
from clarion.v1.suppression_service_pb2_grpc import (
    SuppressionServiceServicer,
    add_SuppressionServiceServicer_to_server,
)
from clarion.v1.topic_service_pb2_grpc import TopicServiceServicer, add_TopicServiceServicer_to_server
from clarion.v1.trigger_service_pb2_grpc import TriggerServiceServicer, add_TriggerServiceServicer_to_server
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

#: Each service's empty servicer, and the function that adds it to a server.
SERVICES: tuple[tuple[Callable[[], Any], Callable[[Any, Any], None]], ...] = (
    (AllowListServiceServicer, add_AllowListServiceServicer_to_server),
    (ApiKeyServiceServicer, add_ApiKeyServiceServicer_to_server),
    (AttachmentServiceServicer, add_AttachmentServiceServicer_to_server),
    (AudienceServiceServicer, add_AudienceServiceServicer_to_server),
    (ApprovalPolicyServiceServicer, add_ApprovalPolicyServiceServicer_to_server),
    (ApprovalServiceServicer, add_ApprovalServiceServicer_to_server),
    (CampaignServiceServicer, add_CampaignServiceServicer_to_server),
    (ChannelConfigurationServiceServicer, add_ChannelConfigurationServiceServicer_to_server),
    (ConsentServiceServicer, add_ConsentServiceServicer_to_server),
    (ExecutionServiceServicer, add_ExecutionServiceServicer_to_server),
    (IdentityNamespaceServiceServicer, add_IdentityNamespaceServiceServicer_to_server),
    (MessageServiceServicer, add_MessageServiceServicer_to_server),
    (ProfileServiceServicer, add_ProfileServiceServicer_to_server),
    (ProofServiceServicer, add_ProofServiceServicer_to_server),
    (ReportServiceServicer, add_ReportServiceServicer_to_server),
    (SendingPolicyServiceServicer, add_SendingPolicyServiceServicer_to_server),
    (SuppressionServiceServicer, add_SuppressionServiceServicer_to_server),
    (TopicServiceServicer, add_TopicServiceServicer_to_server),
    (TriggerServiceServicer, add_TriggerServiceServicer_to_server),
)

Handler = Callable[[Any, Any], Any]


class Script:
    """Gives these answers to the calls of one method, in order, and keeps the requests."""

    def __init__(self, *answers: Message) -> None:
        self._answers = deque(answers)
        self.requests: list[Any] = []
        self.metadata: list[dict[str, str]] = []
        self.seconds_left: list[float] = []

    async def answer(self, request: Any, context: Any) -> Message:
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        self.seconds_left.append(context.time_remaining())
        answer = self._answers.popleft()
        if isinstance(answer, Status):
            await fail(context, answer)
        return answer


async def fail(context: Any, status: Status) -> NoReturn:
    await context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort_with_status() raises")


def failure(
    code: grpc.StatusCode, reason: str, *details: Message, message: str = "Refused.", **metadata: str
) -> Status:
    """Returns the status with which the service would fail."""
    status = Status(code=code.value[0], message=message)
    for detail in (ErrorInfo(reason=reason, domain="clarion.dev", metadata=metadata), *details):
        status.details.add().Pack(detail)
    return status


def unavailable() -> Status:
    return failure(grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")


def overloaded(seconds: float = 0.001) -> Status:
    delay = Duration()
    delay.FromTimedelta(dt.timedelta(seconds=seconds))
    return failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", RetryInfo(retry_delay=delay))


@asynccontextmanager
async def serving(
    address: str = "127.0.0.1:0", credentials: grpc.ServerCredentials | None = None, **handlers: Handler
) -> AsyncIterator[str]:
    """Serves the methods given by name, and yields the address."""
    server = grpc.aio.server()
    for servicer_type, add in SERVICES:
        servicer = servicer_type()
        for name, handler in handlers.items():
            if hasattr(servicer, name):
                setattr(servicer, name, handler)
        add(servicer, server)
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(grace=None)
