"""A stream that refuses names, since it is full: what it has and what it lacks is claimed, each message once."""

from __future__ import annotations

import pytest
from clarion_server.application.ports.queue import ClaimRequest
from clarion_server.application.ports.store import Store
from clarion_server.application.sending.requeue import PendingRequeue
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.messages.message import Lane
from structlog.testing import capture_logs

from tests.contract.queue.desk import LANE, Desk, open_desk
from tests.contract.queue.kinds import Open
from tests.contract.store.given import Sender
from tests.fakes import FaultyStore
from tests.integration.queue.streams import (
    STREAM,
    consumer_of,
    is_logged,
    jetstream,
    stream_of,
    until_stream_has,
)
from tests.nats_server import NatsServer
from tests.waiting import until


async def test_what_a_full_stream_does_not_take_is_claimed_from_the_store_and_this_is_logged_once(
    desk: Desk, sender: Sender, server: NatsServer
) -> None:
    await limit(server, 3)
    with capture_logs() as logs:
        queued = [message for _ in range(10) for message in await desk.queue_up(sender, 5)]
        claimed = await desk.claim(sender.channel, 50)
    assert {message.id for message in claimed} == {message.id for message in queued}
    assert [(log["event"], log["reason"]) for log in logs] == [("queue_takes_no_more", "maximum messages exceeded")]


async def test_what_a_full_stream_has_is_claimed_all_the_same(desk: Desk, sender: Sender, server: NatsServer) -> None:
    in_stream = await desk.queue_up(sender, 3)
    await until_stream_has(server, 3)
    # This claim has all three names fetched, so that two of them are at hand when the stream begins to refuse.
    claimed = await desk.claim(sender.channel, 1)
    await limit(server, 3)
    with capture_logs() as logs:
        in_store = await desk.queue_up(sender, 3)
        await until(lambda: is_logged(logs, "queue_takes_no_more"))
    claimed += await desk.claim(sender.channel, 5)
    assert {message.id for message in claimed} == {message.id for message in [*in_stream, *in_store]}
    for message in claimed:
        await desk.sent(message)

    async def is_empty() -> bool:
        await desk.try_to_claim(sender.channel, 10)
        return (await stream_of(server)).messages == 0

    await until(is_empty)


@pytest.mark.parametrize("passes", [0, 1])
async def test_the_name_of_a_claim_that_fails_is_given_back(
    open_queue: Open, store: Store, sender: Sender, server: NatsServer, passes: int
) -> None:
    faulty = FaultyStore(store)
    async with open_desk(open_queue, faulty, "first") as desk:
        queued = await desk.queue_up(sender, 2)
        await until_stream_has(server, 2)
        # This claim has both names fetched. The other lane has none, so that the store is asked for its messages.
        claimed = await desk.claim(sender.channel, 1)
        await limit(server, 2)
        with capture_logs() as logs:
            queued += await desk.queue_up(sender, 3)
            await until(lambda: is_logged(logs, "queue_takes_no_more"))
        queued += await desk.queue_up(sender, 2, lane=Lane.RAPID)
        faulty.passes, faulty.failures = passes, 1
        requests = [ClaimRequest(sender.channel.key, lane, 5) for lane in (LANE, Lane.RAPID)]
        claim_time = desk.clock.now()
        with pytest.raises(Unavailable):
            await desk.queue.claim(requests, claim_time)
        await desk.write(lambda unit: PendingRequeue(claims={claim_time}).requeue(unit, desk.name))

        async def comes_again() -> bool:
            return (await consumer_of(server, sender)).num_redelivered == 1

        await until(comes_again)
        claimed += await desk.claim(sender.channel, 4)
        claimed += await desk.claim(sender.channel, 2, lane=Lane.RAPID)
    assert {message.id for message in claimed} == {message.id for message in queued}


async def limit(server: NatsServer, number: int) -> None:
    """From now on the stream holds so many names at most."""
    async with jetstream(server) as context:
        config = (await context.stream_info(STREAM)).config
        config.max_msgs = number
        await context.update_stream(config)
