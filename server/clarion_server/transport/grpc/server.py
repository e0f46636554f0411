"""Runs the gRPC server: the services of the contract, health and reflection, on one event loop."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message as ProtobufMessage
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2

from clarion_server.transport.api.methods import GuardedMethod, GuardedMethods
from clarion_server.transport.api.requests import MAX_REQUEST_BYTES, decoder
from clarion_server.transport.grpc.announcements import announcements_taken_at_once
from clarion_server.transport.grpc.open_services import OpenServices
from clarion_server.transport.grpc.poller_priority import batch_scheduled_poller

#: Says how long, in seconds, gRPC needs to begin a call that it has received, or to send an answer.
_MOMENT = 0.2

#: There are at most this many connections at a time: HTTP, which has half of the file descriptors, the store and the
#: channels need some too.
MAX_CONNECTIONS = min(4_096, resource.getrlimit(resource.RLIMIT_NOFILE)[0] * 3 // 8)
_MAX_CALLS_PER_CONNECTION = 1_000
#: The most calls that wait to begin. Each takes some kilobytes.
_MAX_PENDING_CALLS = 10_000

_OPTIONS = (
    # The decoder refuses oversized requests with a reason; gRPC refuses still larger ones to save memory.
    ("grpc.max_receive_message_length", 4 * MAX_REQUEST_BYTES),
    # gRPC decompresses a request before anybody knows whose it is, and 4 KB may become 4 MiB. HTTP takes none either.
    ("grpc.compression_enabled_algorithms_bitset", 1 << grpc.Compression.NoCompression.value),
    # gRPC keeps what comes before anybody reads, up to the window of each stream. By its probes that would be 4 MiB at
    # first, and up to 32 later. Without them it is the protocol's 64 KiB, and the rest of a request once it is read.
    ("grpc.http2.bdp_probe", 0),
    # HTTP/2 lets further calls wait at the caller, so that one caller cannot fill the queue below. Overload protection
    # would refuse calls that arrive before the previous ones of their connection have been sent off.
    ("grpc.max_concurrent_streams", _MAX_CALLS_PER_CONNECTION),
    ("grpc.http.overload_protection", 0),
    # After a pause of the process or its machine thousands of calls wait. By default gRPC cancels some beyond 1,000
    # without a reason. With a higher limit they are accepted, or refused with a time to retry.
    ("grpc.server.max_pending_requests", _MAX_PENDING_CALLS),
    ("grpc.server.max_pending_requests_hard_limit", _MAX_PENDING_CALLS),
    # The maximum age moves clients with long-lived connections to new processes after a roll-out.
    ("grpc.max_connection_age_ms", 3_600_000),
    ("grpc.max_connection_age_grace_ms", 300_000),
    # Clients may send keep-alive pings this often on a quiet stream.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)


class GrpcServer:
    """Serves gRPC on one event loop."""

    def __init__(self, methods: GuardedMethods, *, shares_port: bool = False) -> None:
        """Serves only health checks without methods. With `shares_port` other processes may listen on the same
        port, and the system distributes connections among them.
        """
        with batch_scheduled_poller(), announcements_taken_at_once():
            self._server = grpc.aio.server(
                options=(
                    *_OPTIONS,
                    ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
                    ("grpc.so_reuseport", int(shares_port)),
                )
            )
        self._in_flight = methods.in_flight
        self._open = OpenServices(methods.by_service)
        contract = {_path(method.descriptor): _handler(method) for method in methods}
        self._server.add_generic_rpc_handlers((_Handlers({**self._open.handlers(), **contract}),))

    def listen(self, address: str, credentials: grpc.ServerCredentials | None) -> int:
        """Listens on the address and returns the port. Raises RuntimeError when the address is not available."""
        if credentials is None:
            return self._server.add_insecure_port(address)
        return self._server.add_secure_port(address, credentials)

    async def start(self) -> None:
        await self._server.start()
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace: float, end_streams: Callable[[], None]) -> None:
        """Reports NOT_SERVING, refuses new calls, and waits at most `grace` seconds for those in flight.

        `end_streams` ends the streams that would not end by themselves.
        """
        await self._open.health.enter_graceful_shutdown()
        self._in_flight.refuse()
        end_streams()
        # gRPC drops calls that it has received and not begun when it stops. Let them begin, so that they are refused.
        await asyncio.sleep(min(grace, _MOMENT))
        stopping = asyncio.create_task(self._server.stop(grace))
        await self._in_flight.wait_for_none()
        # What remains are answers being sent, and watches of health and reflection, which never end by themselves.
        # gRPC must not be stopped twice with the same grace: the second time may cancel the calls of a server that the
        # first one has just freed, which ends the process.
        if grace > _MOMENT:
            await self._server.stop(_MOMENT)
        await stopping

    async def _set_health(self, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for name in ("", *self._open.names):
            await self._open.health.set(name, status)


class _Handlers(grpc.GenericRpcHandler):
    """Finds the handlers of all methods at once. gRPC would ask one such object for each service in turn, and wait for
    each method of generated code by a future of its own, at every call.
    """

    def __init__(self, by_path: Mapping[str, grpc.RpcMethodHandler[Any, Any]]) -> None:
        self._by_path = by_path

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        return self._by_path.get(details.method)


def _handler(method: GuardedMethod) -> grpc.RpcMethodHandler[Any, Any]:
    """Returns a handler to which gRPC gives a stream of requests, whether or not the method takes one: gRPC reads the
    request of any other handler before it calls it, and so before the guard has seen the key.
    """
    request_type: type[ProtobufMessage] = GetMessageClass(method.descriptor.input_type)
    response_type: type[ProtobufMessage] = GetMessageClass(method.descriptor.output_type)
    make = grpc.stream_stream_rpc_method_handler if method.streams else grpc.stream_unary_rpc_method_handler
    return make(method.call, decoder(request_type), response_type.SerializeToString)


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"
