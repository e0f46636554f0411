"""Says what a stream of JetStream holds, and processes that claim under load, for the tests of its faults."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import nats
from clarion_server.adapters.queue.jetstream import JetStreamQueue
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo, StreamState
from nats.js.errors import NotFoundError
from structlog.typing import EventDict

from tests.contract.queue.desk import Desk
from tests.contract.store.given import Sender
from tests.nats_server import NatsServer
from tests.waiting import until

STREAM = "clarion-transactional"


@asynccontextmanager
async def jetstream(server: NatsServer) -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect(server.url)
    try:
        yield connection.jetstream()
    finally:
        await connection.close()


async def stream_of(server: NatsServer) -> StreamState:
    async with jetstream(server) as context:
        return (await context.stream_info(STREAM)).state


async def message_count(server: NatsServer) -> int:
    """Returns 0 while the server has no stream."""
    try:
        return (await stream_of(server)).messages
    except NotFoundError:
        return 0


async def consumer_of(server: NatsServer, sender: Sender) -> ConsumerInfo:
    async with jetstream(server) as context:
        info: ConsumerInfo = await context.consumer_info(STREAM, f"channel-{sender.channel.key}")
        return info


async def until_stream_has(server: NatsServer, number: int) -> None:
    async def has_so_many() -> bool:
        return await message_count(server) == number

    await until(has_so_many)


async def until_compared(desk: Desk) -> None:
    """Waits until no comparison of the store with a stream is under way. One that has read a message puts its name back
    into the stream though the message leaves meanwhile, and there the name stays until somebody claims again.
    """

    async def is_compared() -> bool:
        assert isinstance(desk.queue, JetStreamQueue)
        running = [consumer._reconciler._running for consumer in desk.queue._consumers.values()]
        return all(task is None or task.done() for task in running)

    await until(is_compared)


async def until_up(desk: Desk) -> None:
    async def is_up() -> bool:
        assert isinstance(desk.queue, JetStreamQueue)
        return desk.queue.connection.is_up

    await until(is_up)


class Load:
    """Messages that are queued all the while, and two processes that claim them."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.claimed: list[str] = []

    async def tell(self, desk: Desk, sender: Sender) -> None:
        for _ in range(self.number // 50):
            await desk.queue_up(sender, 50)

    async def take(self, desk: Desk, sender: Sender) -> None:
        while len(self.claimed) < self.number:
            claimed = await desk.try_to_claim(sender.channel, 40)
            for message in () if claimed is None else claimed.messages:
                self.claimed.append(message.id)
                await desk.sent(message)

    async def until_claimed(self, share: float) -> None:
        async def is_claimed() -> bool:
            return len(self.claimed) > share * self.number

        await until(is_claimed)


async def is_logged(logs: Sequence[EventDict], event: str) -> bool:
    return any(log["event"] == event for log in logs)
