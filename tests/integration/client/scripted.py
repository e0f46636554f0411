"""Provides a real gRPC server that gives the answers of a test."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from tests.contract_services import empty_servicers

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
    for servicer, add in empty_servicers():
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
