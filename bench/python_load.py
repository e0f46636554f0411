"""Load from grpc.aio, for machines without h2load: a process of its own that prints what came of it as JSON."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

import grpc
import uvloop
from clarion.v1.trigger_service_pb2 import TriggerRequest

from bench.load import CALLS_IN_FLIGHT, FRAME_BYTES, STREAM_PATH, TRIGGER_PATH
from bench.process import BenchError


@dataclass(frozen=True, slots=True)
class Job:
    """Says what to send: `count` messages as `calls`, as `rated` calls at `per_s` a second, or on `stream`s."""

    port: int
    authorization: str
    message: str
    answer_bytes: int
    connections: int
    form: str
    count: int
    per_s: float = 0.0
    fresh_request_ids: bool = False
    people: int = 0
    """The recipients of unary calls are so many different ones in turn. 0: those of the message."""

    def check(self, answer: object) -> None:
        if not isinstance(answer, bytes) or len(answer) + FRAME_BYTES != self.answer_bytes:
            raise BenchError(f"{answer!r} instead of an answer of {self.answer_bytes} bytes")


def with_fresh_request_id(message: bytes) -> bytes:
    """Returns the message with a request id of its own: protobuf reads two in a row as one with both fields."""
    return message + TriggerRequest(request_id=str(uuid4())).SerializeToString()


class Recipients:
    """Puts other recipients of `bench.triggers.identity` into a message: their texts are as long."""

    def __init__(self, message: bytes, count: int) -> None:
        self._message = message
        self._count = count
        self._places = [found.start(1) for found in re.finditer(rb"jane\.(\d{4})@", message)]

    def message(self, number: int) -> bytes:
        changed, first = bytearray(self._message), number * len(self._places)
        for position, place in enumerate(self._places):
            changed[place : place + 4] = b"%04d" % ((first + position) % self._count)
        return bytes(changed)


class Client:
    def __init__(self, job: Job) -> None:
        # A pool of its own for each channel: otherwise grpc shares one connection among them.
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._job = job
        self._channels = [
            grpc.aio.insecure_channel(f"127.0.0.1:{job.port}", options=options) for _ in range(job.connections)
        ]
        self._metadata = (("authorization", job.authorization),)
        self._message = bytes.fromhex(job.message)
        self._recipients = Recipients(self._message, job.people) if job.people else None

    async def _call(self, number: int) -> None:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
        call = self._channels[number % self._job.connections].unary_unary(TRIGGER_PATH)
        message = self._message if self._recipients is None else self._recipients.message(number)
        if self._job.fresh_request_ids:
            message = with_fresh_request_id(message)
        self._job.check(await call(message, metadata=self._metadata))

    async def calls(self) -> list[float]:
        """Keeps as many calls in flight as h2load does. Returns no latencies."""
        numbers_left = iter(range(self._job.count))

        async def caller() -> None:
            for number in numbers_left:
                await self._call(number)

        await asyncio.gather(*(caller() for _ in range(CALLS_IN_FLIGHT)))
        return []

    async def rated(self) -> list[float]:
        """Calls at their times, whether or not earlier ones are answered. Latencies count from when a call was due."""
        begin = time.perf_counter()
        callers = []

        async def caller(number: int, due: float) -> float:
            begun = min(due, time.perf_counter())  # the loop's timers are a little early at times
            await self._call(number)
            return (time.perf_counter() - begun) * 1000

        for number in range(self._job.count):
            due = begin + number / self._job.per_s
            await asyncio.sleep(due - time.perf_counter())
            callers.append(asyncio.create_task(caller(number, due)))
        return await asyncio.gather(*callers)

    async def stream(self) -> list[float]:
        await asyncio.gather(*(self._one_stream(channel) for channel in self._channels))
        return []

    async def _one_stream(self, channel: grpc.aio.Channel) -> None:
        each = self._job.count // self._job.connections
        call: grpc.aio.StreamStreamCall[bytes, bytes] = channel.stream_stream(STREAM_PATH)(metadata=self._metadata)

        async def send() -> None:
            for _ in range(each):
                await call.write(self._message)
            await call.done_writing()

        async def receive() -> None:
            for _ in range(each):
                self._job.check(await call.read())

        await asyncio.gather(send(), receive())


async def main(job: Job) -> None:
    client = Client(job)
    forms: dict[str, Callable[[], Awaitable[list[float]]]]
    forms = {"calls": client.calls, "rated": client.rated, "stream": client.stream}
    begin = time.perf_counter()
    latencies = await forms[job.form]()
    per_s = job.count / (time.perf_counter() - begin)
    print(json.dumps({"count": job.count, "per_s": per_s, "latencies_ms": latencies}))


if __name__ == "__main__":
    uvloop.run(main(Job(**json.loads(sys.argv[1]))))
