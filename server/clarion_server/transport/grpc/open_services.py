"""Serves health and reflection. They need no key, so that whoever calls them may take only a little memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, contextmanager
from typing import Any, Final, NoReturn

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message import Message as ProtobufMessage
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

#: The longest request that is looked at, in bytes. It has the name of a service, a type or a file.
MAX_REQUEST_BYTES = 4_096
#: At most this many requests are being received at a time: each may take up what gRPC receives at most.
MAX_RECEIVING = 8
#: At most this many streams of reflection are open: each may wait for a caller that does not read its answer.
MAX_REFLECTIONS = 64
#: At most this many calls watch health, as many as there are connections.
MAX_WATCHES = 4_096

HEALTH, REFLECTION = health.SERVICE_NAME, reflection.SERVICE_NAME

_Context = grpc.aio.ServicerContext[Any, Any]
_NOT_ONE_REQUEST: Final = "The method takes exactly one request."
_TOO_LONG: Final = f"The request must have at most {MAX_REQUEST_BYTES:,} bytes."
_GIVES_WAY: Final = (
    f"More than {MAX_RECEIVING} requests without a key are under way. Send the request at once, or later."
)


class OpenServices:
    """Health of the server, and reflection of its services when it has some beside."""

    def __init__(self, contract: Iterable[str]) -> None:
        """`contract` has the names of the other services."""
        self.names = [HEALTH, REFLECTION, *contract]
        self.health = health.aio.HealthServicer()
        self._receiving = Receiving()
        self._watches, self._reflections = _Places(MAX_WATCHES), _Places(MAX_REFLECTIONS)
        self._reflection = reflection.aio.ReflectionServicer(self.names, pool=_PoolWithMethods())

    def handlers(self) -> Mapping[str, grpc.RpcMethodHandler[Any, Any]]:
        """Returns the handlers by their paths."""
        check, status = health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse.SerializeToString
        handlers = {
            f"/{HEALTH}/Check": grpc.stream_unary_rpc_method_handler(self._check, _decoder(check), status),
            f"/{HEALTH}/Watch": grpc.stream_stream_rpc_method_handler(self._watch, _decoder(check), status),
        }
        if len(self.names) > len((HEALTH, REFLECTION)):
            handlers[f"/{REFLECTION}/ServerReflectionInfo"] = grpc.stream_stream_rpc_method_handler(
                self._reflect,
                _decoder(reflection_pb2.ServerReflectionRequest),
                reflection_pb2.ServerReflectionResponse.SerializeToString,
            )
        return handlers

    async def _check(self, _requests: Any, context: _Context) -> Any:
        return await self.health.Check(await self._first(context), context)

    async def _watch(self, _requests: Any, context: _Context) -> None:
        request = await self._first(context)
        # The stream stays open. What its caller sent behind the request would stay in memory for as long.
        if await self._receiving.next(context) is not grpc.aio.EOF:
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, _NOT_ONE_REQUEST)
        with await self._watches.taken(context):
            await self.health.Watch(request, context)

    async def _reflect(self, _requests: Any, context: _Context) -> None:
        with await self._reflections.taken(context):
            requests = self._receiving.all(context)
            async with aclosing(self._reflection.ServerReflectionInfo(requests, context)) as answers:
                async for answer in answers:
                    await context.write(answer)

    async def _first(self, context: _Context) -> Any:
        request = await self._receiving.next(context)
        if request is grpc.aio.EOF:
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, _NOT_ONE_REQUEST)
        return request


class Receiving:
    """Receives requests, a few at a time: the one that has taken longest gives way to a further one.

    gRPC keeps a request from its first byte on, however slowly the rest comes. One that is there as a whole is received
    within some turns of the loop, so that no number of others keeps it out.
    """

    def __init__(self) -> None:
        self._oldest_first: dict[asyncio.Future[None], None] = {}

    async def next(self, context: _Context) -> Any:
        """Returns the next request of the call, or EOF. Ends the call when it gives way."""
        # It must not be cancelled: gRPC goes on to receive until the call has ended.
        reading = asyncio.create_task(context.read())
        reading.add_done_callback(_forget)
        gives_way = asyncio.get_running_loop().create_future()
        self._oldest_first[gives_way] = None
        if len(self._oldest_first) > MAX_RECEIVING:
            oldest = next(iter(self._oldest_first))
            del self._oldest_first[oldest]
            oldest.set_result(None)
        try:
            await asyncio.wait((reading, gives_way), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._oldest_first.pop(gives_way, None)
        if not reading.done():
            await _abort(context, grpc.StatusCode.RESOURCE_EXHAUSTED, _GIVES_WAY)
        request = reading.result()
        if request is _Oversized:
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, _TOO_LONG)
        return request

    async def all(self, context: _Context) -> AsyncIterator[Any]:
        while (request := await self.next(context)) is not grpc.aio.EOF:
            yield request


class _Places:
    """Counts calls that are open."""

    def __init__(self, count: int) -> None:
        self._free = count

    async def taken(self, context: _Context) -> AbstractContextManager[None]:
        """Returns a context that has a place. Ends the call when none is free."""
        if not self._free:
            await _abort(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "Too many such calls are open. Call later.")
        return self._place()

    @contextmanager
    def _place(self) -> Iterator[None]:
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class _Oversized:
    """Replaces a request that is too long to be looked at."""


def _decoder(request_type: type[ProtobufMessage]) -> Callable[[bytes], Any]:
    return lambda raw: request_type.FromString(raw) if len(raw) <= MAX_REQUEST_BYTES else _Oversized


async def _abort(context: _Context, code: grpc.StatusCode, details: str) -> NoReturn:
    await context.abort(code, details)
    raise AssertionError("abort always raises")


def _forget(reading: asyncio.Task[Any]) -> None:
    """Retrieves an exception that nobody waits for, since the call has ended."""
    if not reading.cancelled():
        reading.exception()


class _PoolWithMethods:
    """Is the default descriptor pool, which also finds methods by name: tools for reflection ask for them."""

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
