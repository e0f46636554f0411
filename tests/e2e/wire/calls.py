"""Calls as they go over the wire, without the client's help: any bytes to any method, under any key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import grpc
from clarion.v1 import trigger_service_pb2
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from tests.contract_services import METHODS

#: Says what gRPC for Python makes of the answer to a stream that was refused while it still wrote its first request.
_LOST_BY_THE_LIBRARY = "Internal error from Core"


@dataclass(frozen=True)
class Failure:
    """Says how a call failed, with the details that a caller may rely on."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    metadata: Mapping[str, str] | None = None
    violations: tuple[tuple[str, str], ...] = ()
    """Field and reason of each."""
    details: tuple[str, ...] = ()
    """Holds the names of the types of all details."""


def failure_of_status(status: status_pb2.Status) -> Failure:
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad_request)
    return Failure(
        next(code for code in grpc.StatusCode if code.value[0] == status.code),
        status.message,
        info.reason,
        dict(info.metadata),
        tuple((violation.field, violation.reason) for violation in bad_request.field_violations),
        tuple(detail.TypeName().rpartition(".")[2] for detail in status.details),
    )


def failure_of(error: grpc.RpcError) -> Failure:
    """Returns the code and the message alone of a call that ended without Clarion's own words."""
    status = rpc_status.from_call(error)
    return Failure(error.code(), error.details() or "") if status is None else failure_of_status(status)


class Wire:
    """A connection of its own. `async with Wire(target, key) as wire:`"""

    def __init__(
        self,
        target: str,
        key: str = "",
        credentials: grpc.ChannelCredentials | None = None,
        options: Iterable[tuple[str, Any]] = (),
    ) -> None:
        self.metadata = (("authorization", f"Bearer {key}"),) if key else ()
        # Connections are shared between channels of one process unless told otherwise.
        options = [("grpc.use_local_subchannel_pool", 1), *options]
        self.channel = (
            grpc.aio.insecure_channel(target, options)
            if credentials is None
            else grpc.aio.secure_channel(target, credentials, options)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.channel.close()

    async def send(
        self,
        path: str,
        request: Message | bytes,
        metadata: Iterable[tuple[str, str | bytes]] | None = None,
        seconds: float = 60,
    ) -> Any:
        """Returns the answer, for a method that answers once; of one that streams, the first answer or None."""
        method = METHODS[path]
        call = self.open(path, [request], metadata, seconds)
        if method.server_streaming:
            async for answer in call:
                call.cancel()
                return answer
            return None
        return await call

    async def refuse(
        self,
        path: str,
        request: Message | bytes,
        metadata: Iterable[tuple[str, str | bytes]] | None = None,
        seconds: float = 60,
    ) -> Failure:
        """Returns how the call, or its one request in a stream, fails. An AssertionError when it does not."""
        try:
            answer = await self.send(path, request, metadata, seconds)
        except grpc.aio.AioRpcError as error:
            if error.details() == _LOST_BY_THE_LIBRARY:
                return await self.refuse(path, request, metadata, seconds)
            return failure_of(error)
        if isinstance(answer, trigger_service_pb2.TriggerStreamResponse) and answer.HasField("error"):
            return failure_of_status(answer.error)
        raise AssertionError(f"{path} answered {answer}")

    def open(
        self,
        path: str,
        requests: Iterable[Message | bytes] | AsyncIterator[Message | bytes],
        metadata: Iterable[tuple[str, str | bytes]] | None = None,
        seconds: float | None = 60,
    ) -> Any:
        """Returns the call, whose requests may be any bytes. Without `metadata`, under the connection's key."""
        method = METHODS[path]
        answer_type = GetMessageClass(method.output_type)
        options: dict[str, Any] = {
            "metadata": tuple(self.metadata if metadata is None else metadata),
            "timeout": seconds,
        }
        kind = f"{_kind(method.client_streaming)}_{_kind(method.server_streaming)}"
        make = getattr(self.channel, kind)(path, _to_bytes, answer_type.FromString)
        if method.client_streaming:
            return make(requests, **options)
        (request,) = requests  # type: ignore[misc] # a plain iterable, as the method takes one request
        return make(request, **options)


def _kind(streaming: bool) -> str:
    return "stream" if streaming else "unary"


def _to_bytes(request: Message | bytes) -> bytes:
    return request if isinstance(request, bytes) else request.SerializeToString()
