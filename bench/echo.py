"""Measures the floor of accepting: a bare grpc.aio server that parses a trigger and answers in the shape of Clarion's
answer.

No interceptors, no checks, no store: what grpcio costs in Python, and nothing else. A process of its own: it prints its
port, and stops when its standard input ends. A second one may be given the port of the first, and shares it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import uvloop
from clarion.v1 import trigger_service_pb2 as pb

_EXECUTION = "executions/01890a5d-ac96-774b-bcce-b302099a8057"
_MESSAGE = "messages/01890a5d-ac96-774b-bcce-b302099a8057-0000-0"


def answer(request: pb.TriggerRequest) -> pb.TriggerResponse:
    """Accepts every recipient of the request, with names as long as the real ones."""
    results = [_result() for _ in request.recipients]
    return pb.TriggerResponse(execution=_EXECUTION, recipients=results)


def _result() -> pb.RecipientResult:
    message = pb.MessageResult(action="email", outcome=pb.MessageResult.OUTCOME_ACCEPTED, message=_MESSAGE)
    return pb.RecipientResult(outcome=pb.RecipientResult.OUTCOME_ACCEPTED, messages=[message])


async def trigger(request: pb.TriggerRequest, _context: object) -> pb.TriggerResponse:
    return answer(request)


async def trigger_stream(
    requests: AsyncIterator[pb.TriggerStreamRequest], _context: object
) -> AsyncIterator[pb.TriggerStreamResponse]:
    async for request in requests:
        yield pb.TriggerStreamResponse(accepted=answer(request.trigger))


HANDLERS: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
    "Trigger": grpc.unary_unary_rpc_method_handler(
        trigger, pb.TriggerRequest.FromString, pb.TriggerResponse.SerializeToString
    ),
    "TriggerStream": grpc.stream_stream_rpc_method_handler(
        trigger_stream, pb.TriggerStreamRequest.FromString, pb.TriggerStreamResponse.SerializeToString
    ),
}


async def serve(port: int) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("clarion.v1.TriggerService", HANDLERS)])
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    print(port, flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    await ended.wait()
    await server.stop(None)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]) if sys.argv[1:] else 0))
