"""The gRPC door: every service of the contract, health and reflection, on one event loop."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message as ProtobufMessage
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from clarion_server.domain.access import Scope
from clarion_server.transport.api.guard import Authenticator, Guard
from clarion_server.transport.api.in_flight_calls import CallsUnderWay
from clarion_server.transport.api.requests import MAX_REQUEST_BYTES, decoder
from clarion_server.transport.grpc.poller_priority import unhurried_poller

#: In seconds: what gRPC needs to begin a call that it has taken in, or to give an answer away.
_MOMENT = 0.2

_MAX_CALLS_PER_CONNECTION = 1_000
#: A call that waits to begin takes some kilobytes.
_MAX_PENDING_CALLS = 10_000

_OPTIONS = (
    # Larger ones reach the decoder, which refuses them with a reason; beyond this gRPC does, to save memory.
    ("grpc.max_receive_message_length", 4 * MAX_REQUEST_BYTES),
    # HTTP/2 lets further ones wait at the caller, so that nobody fills the queue below alone. The protection would
    # refuse calls that come before their caller's last ones have left.
    ("grpc.max_concurrent_streams", _MAX_CALLS_PER_CONNECTION),
    ("grpc.http.overload_protection", 0),
    # After a pause of the process or of its machine thousands wait at once. gRPC would cancel some from 1,000 on, which
    # tells callers nothing; let in, they are accepted, or refused with the time to come back.
    ("grpc.server.max_pending_requests", _MAX_PENDING_CALLS),
    ("grpc.server.max_pending_requests_hard_limit", _MAX_PENDING_CALLS),
    # A client that keeps a connection for days should meet a new process after a roll-out.
    ("grpc.max_connection_age_ms", 3_600_000),
    ("grpc.max_connection_age_grace_ms", 300_000),
    # A quiet stream may be kept alive by its client this often.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)


class _MethodsToo:
    """The pool of all descriptors, in which methods are found by name as well: tools ask for them to describe them."""

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 - protobuf's name for it
        """Raises KeyError."""
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            return self._pool.FindServiceByName(symbol.rpartition(".")[0]).file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the contract and the object that serves it: a method in snake_case for each RPC."""

    descriptor: ServiceDescriptor
    servicer: object


@dataclass(frozen=True, slots=True)
class GuardedMethod:
    """A method of the contract behind its guard, for other doors to the same service."""

    descriptor: MethodDescriptor
    call: Callable[[Any, Any], Awaitable[Any]]
    """With the request, or an asynchronous iterator of them, and the guard's context. What streams writes to the
    context, and returns nothing.
    """
    streams: bool


class GrpcServer:
    def __init__(
        self,
        services: Sequence[Service],
        scopes: Mapping[str, frozenset[Scope]],
        authenticator: Authenticator,
        *,
        shares_port: bool = False,
    ) -> None:
        """Without services only health is answered. `scopes`: by `/clarion.v1.Service/Method`, which of them a caller
        needs one of. With `shares_port` other processes may listen on the same port, and the system spreads connections
        over them.
        """
        with unhurried_poller():
            self._server = grpc.aio.server(options=(*_OPTIONS, ("grpc.so_reuseport", int(shares_port))))
        self._health = health.aio.HealthServicer()
        self._authenticator = authenticator
        self._under_way = CallsUnderWay()
        self.methods: dict[str, GuardedMethod] = {}
        """By their paths, such as `/clarion.v1.TriggerService/Trigger`."""
        self._names = [health.SERVICE_NAME, reflection.SERVICE_NAME]
        for service in services:
            self._register(service, scopes)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if services:
            reflection.enable_server_reflection(self._names, self._server, _MethodsToo())

    def guard(self, path: str, scopes: frozenset[Scope]) -> Guard:
        """The guard of a method, of the contract or of another door; its caller needs one of the scopes."""
        return Guard(path, scopes, self._authenticator, self._under_way)

    @property
    def is_stopping(self) -> bool:
        return self._under_way.is_refusing

    def _register(self, service: Service, scopes: Mapping[str, frozenset[Scope]]) -> None:
        name = service.descriptor.full_name
        handlers = {}
        for method in service.descriptor.methods:
            path = f"/{name}/{method.name}"
            call = getattr(service.servicer, _snake_case(method.name))
            self.methods[path] = guarded = _guarded(method, call, self.guard(path, scopes[path]))
            handlers[method.name] = _handler(guarded)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
        self._names.append(name)

    @property
    def calls_under_way(self) -> int:
        """Of all doors."""
        return self._under_way.count

    def listen(self, address: str, credentials: grpc.ServerCredentials | None) -> int:
        """Returns the port. Raises RuntimeError when the address cannot be had."""
        if credentials is None:
            return self._server.add_insecure_port(address)
        return self._server.add_secure_port(address, credentials)

    async def start(self) -> None:
        await self._server.start()
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace: float, end_streams: Callable[[], None]) -> None:
        """Says NOT_SERVING, takes no new calls, and lets those under way finish for at most `grace` seconds.

        `end_streams` asks the streams that would not end by themselves to do so.
        """
        await self._health.enter_graceful_shutdown()
        self._under_way.refuse()
        end_streams()
        # A server that stops drops what it has taken in and not begun: let it begin, and be told to come back.
        await asyncio.sleep(min(grace, _MOMENT))
        stopping = asyncio.create_task(self._server.stop(grace))
        await self._under_way.none()
        # Left are answers on their way, and watches of health and of reflection, which never end by themselves.
        await self._server.stop(min(grace, _MOMENT))
        await stopping

    async def _set_health(self, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for name in ("", *self._names):
            await self._health.set(name, status)


def _guarded(method: MethodDescriptor, call: Callable[..., Any], guard: Guard) -> GuardedMethod:
    streams = inspect.isasyncgenfunction(call)
    return GuardedMethod(method, guard.stream(call) if streams else guard.unary(call), streams)


def _handler(method: GuardedMethod) -> grpc.RpcMethodHandler[Any, Any]:
    request_type: type[ProtobufMessage] = GetMessageClass(method.descriptor.input_type)
    response_type: type[ProtobufMessage] = GetMessageClass(method.descriptor.output_type)
    decode, encode = decoder(request_type), response_type.SerializeToString
    if not method.streams:
        return grpc.unary_unary_rpc_method_handler(method.call, decode, encode)
    takes_a_stream = method.descriptor.client_streaming
    make = grpc.stream_stream_rpc_method_handler if takes_a_stream else grpc.unary_stream_rpc_method_handler
    return make(method.call, decode, encode)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
