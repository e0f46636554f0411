"""JetStream that dies, loses, repeats and forgets: whatever is queued is claimed all the same, each message once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from clarion_server.adapters.queue.jetstream import JetStreamQueue, read_address
from clarion_server.adapters.queue.jetstream.connection import Connection
from clarion_server.adapters.queue.jetstream.consumer import LONGEST_DELAY
from clarion_server.adapters.queue.jetstream.layout import Layout
from clarion_server.adapters.queue.jetstream.publisher import Publisher
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import Store
from clarion_server.application.sending.lease import Lease, Renewal
from clarion_server.application.transactions import Transactions
from clarion_server.domain.instant import HOUR, MILLISECOND, SECOND, Span
from clarion_server.domain.messages.message import Message
from structlog.testing import capture_logs

from tests.contract.queue.desk import DEADLINE, LANE, Desk, open_desk
from tests.contract.queue.kinds import Open
from tests.contract.store.given import Sender, committing
from tests.identities import EXCLUSIONS
from tests.integration.queue.streams import (
    STREAM,
    Load,
    consumer_of,
    is_logged,
    jetstream,
    message_count,
    stream_of,
    until_compared,
    until_stream_has,
    until_up,
)
from tests.nats_server import NatsServer, running_nats
from tests.waiting import until

#: A name that was pulled comes again after twice that.
SHORT: Span = 300 * MILLISECOND


async def die(desk: Desk) -> None:
    """Ends the queue like a process that is killed: the server sees its connection go, and nothing else."""
    assert isinstance(desk.queue, JetStreamQueue)
    await desk.queue.connection.close()


async def test_what_is_announced_twice_is_in_the_stream_once(desk: Desk, sender: Sender, server: NatsServer) -> None:
    messages = await desk.queue_up(sender, 3)
    desk.queue.queued(sender.channel.key, LANE, messages, messages[0].due_time)
    await desk.queue_up(sender)
    await until_stream_has(server, 4)


async def test_a_publication_that_is_repeated_when_the_message_has_gone_brings_nothing_back(
    desk: Desk, sender: Sender, server: NatsServer
) -> None:
    (first,) = await desk.queue_up(sender)
    # Published before the claim, which would else have it published once more to be sure.
    await until_stream_has(server, 1)
    (claimed,) = await desk.claim(sender.channel, 1)
    await until_compared(desk)
    await desk.sent(claimed)
    await until_stream_has(server, 0)
    desk.queue.queued(sender.channel.key, LANE, [first], first.due_time)
    (last,) = await desk.queue_up(sender)
    assert [each.id for each in await desk.claim(sender.channel, 1)] == [last.id]
    # The second and the last: the repetition of the first took no number.
    assert (await stream_of(server)).last_seq == 2


async def test_a_name_is_acknowledged_when_the_outcome_is_recorded_and_not_before(
    desk: Desk, sender: Sender, server: NatsServer
) -> None:
    await desk.queue_up(sender, 2)
    # As in the test before.
    await until_stream_has(server, 2)
    first, second = await desk.claim(sender.channel, 2)
    await until_compared(desk)
    assert (await stream_of(server)).messages == 2
    await desk.sent(first)
    await until_stream_has(server, 1)
    await desk.sent(second)
    await until_stream_has(server, 0)


async def test_a_retry_comes_from_the_stream_after_its_delay(desk: Desk, sender: Sender, server: NatsServer) -> None:
    await desk.queue_up(sender)
    (first,) = await desk.claim(sender.channel, 1)
    due = await desk.deferred(first, 400 * MILLISECOND)
    (second,) = await desk.claim(sender.channel, 1)
    assert (second.attempts.last_time or 0) >= due
    assert (await consumer_of(server, sender)).num_redelivered == 1
    assert (await stream_of(server)).last_seq == 1


async def test_a_retry_that_is_far_ahead_leaves_the_stream(desk: Desk, sender: Sender, server: NatsServer) -> None:
    await desk.queue_up(sender)
    # Published before the claim, which would else have it published once more to be sure.
    await until_stream_has(server, 1)
    (claimed,) = await desk.claim(sender.channel, 1)
    await until_compared(desk)
    await desk.deferred(claimed, LONGEST_DELAY + SECOND)
    await until_stream_has(server, 0)


async def test_what_takes_long_does_not_come_again_while_its_process_is_alive(
    open_queue: Open, store: Store, sender: Sender, server: NatsServer
) -> None:
    # With this lease a name comes again after two seconds without a sign of life, which a busy machine gives in time.
    async with open_desk(open_queue, store, "first", SECOND) as desk:
        await desk.queue_up(sender, 2)
        _slow, quick = await desk.claim(sender.channel, 2)
        await desk.deferred(quick, 5 * SECOND)
        await desk.claim(sender.channel, 1)
        # What comes again and is in hand already is acknowledged, and then only one is left.
        assert (await stream_of(server)).messages == 2


async def test_what_a_process_pulled_before_its_death_comes_to_another(
    open_queue: Open, store: Store, sender: Sender, show_counts: Callable[[str], None]
) -> None:
    async with (
        open_desk(open_queue, store, "first", SHORT) as dying,
        open_desk(open_queue, store, "second", SHORT) as heir,
    ):
        queued = await dying.queue_up(sender, 50)
        claimed = await dying.claim(sender.channel, 10)
        await die(dying)
        inherited = await heir.claim(sender.channel, 40)
    assert {message.id for message in [*claimed, *inherited]} == {message.id for message in queued}
    show_counts(f"{len(claimed)} claimed before the death, {len(inherited)} after it by the other process")


async def test_what_a_process_fetched_before_its_end_comes_to_another_at_once(
    open_queue: Open, store: Store, sender: Sender, server: NatsServer
) -> None:
    # With this lease a name that nobody answers comes again in two hours.
    async with open_desk(open_queue, store, "second", HOUR) as heir:
        async with open_desk(open_queue, store, "first", HOUR) as ending:
            queued = await ending.queue_up(sender, 3)
            await until_stream_has(server, 3)
            # This claim has all three names fetched.
            claimed = await ending.claim(sender.channel, 1)
        claimed += await heir.claim(sender.channel, 2)
    assert {message.id for message in claimed} == {message.id for message in queued}


async def test_names_that_were_fetched_while_their_channel_was_disabled_come_again(
    open_queue: Open, store: Store, sender: Sender, server: NatsServer
) -> None:
    def disable(disabled: bool) -> None:
        with committing(store) as work:
            stored = work.channels.by_key(sender.channel.key)
            assert stored is not None
            work.channels.save(replace(stored, disabled=disabled, revision=stored.revision + 1))

    async with open_desk(open_queue, store, "first", HOUR) as desk:
        queued = await desk.queue_up(sender, 2)
        await until_stream_has(server, 2)
        disable(True)
        assert not (await desk.claim_once(sender.channel, 2)).messages
        disable(False)
        claimed = await desk.claim(sender.channel, 2)
    assert {message.id for message in claimed} == {message.id for message in queued}


async def test_what_a_process_fetched_that_lost_its_lease_comes_to_another(
    open_queue: Open, store: Store, sender: Sender, server: NatsServer
) -> None:
    async with (
        open_desk(open_queue, store, "first", SHORT) as cut_off,
        open_desk(open_queue, store, "second", SHORT) as heir,
    ):
        queued = await cut_off.queue_up(sender, 3)
        await until_stream_has(server, 3)
        # This claim has all three names fetched.
        claimed = await cut_off.claim(sender.channel, 1)
        # It reaches the queue, and not the store.
        cut_off.lease.renewed(Renewal(0, 0))
        claimed += await heir.claim(sender.channel, 2)
    assert {message.id for message in claimed} == {message.id for message in queued}


async def test_an_answer_that_breaks_keeps_no_further_one_from_being_sent(sender: Sender, server: NatsServer) -> None:
    connection = Connection(Layout(read_address(server.url), SHORT), lambda: None)
    publisher = Publisher(connection, lambda: None)
    publisher.start()
    await connection.open()

    async def fail() -> None:
        # As uvloop does while a connection ends.
        raise RuntimeError("unable to perform operation; the handler is closed")

    publisher.answer(fail)
    async with asyncio.timeout(DEADLINE):
        assert await publisher.publish([connection.layout.subject(LANE, sender.channel.key, "one")]) == 1
    await publisher.close()
    await connection.close()


async def test_a_wiped_stream_is_filled_from_the_store(
    desk: Desk, sender: Sender, server: NatsServer, show_counts: Callable[[str], None]
) -> None:
    queued = await desk.queue_up(sender, 2_000)
    await until_stream_has(server, 2_000)
    server.kill()
    server.wipe()
    server.start()
    claimed: list[Message] = []

    async def is_filled() -> bool:
        answer = await desk.try_to_claim(sender.channel, 1)
        claimed.extend(answer.messages if answer else ())
        # What was claimed from the store, before the server was back, is not in the stream.
        return await message_count(server) + len(claimed) >= 2_000

    await until(is_filled)
    claimed += await desk.claim(sender.channel, 2_000 - len(claimed))
    assert {message.id for message in claimed} == {message.id for message in queued}
    show_counts(f"{len(queued)} names wiped, {len(claimed)} messages claimed from what was put back")


async def test_what_a_stream_has_lost_behind_others_is_found_when_it_is_the_longest_due(
    desk: Desk, sender: Sender, server: NatsServer, show_counts: Callable[[str], None]
) -> None:
    queued = [message for _ in range(10) for message in await desk.queue_up(sender, 100)]
    await until_stream_has(server, 1_000)
    async with jetstream(server) as context:
        for number in range(701, 1_001):
            await context.delete_msg(STREAM, number)
    claimed: list[Message] = []
    async with asyncio.timeout(120):
        while len(claimed) < 1_000:
            some = (await desk.claim_once(sender.channel, 200)).messages
            claimed += some
            for message in some:
                await desk.sent(message)
    assert {message.id for message in claimed} == {message.id for message in queued}
    show_counts(f"300 of 1000 names lost by the stream, {len(claimed)} messages claimed")


async def test_a_stream_that_somebody_deletes_is_made_anew(desk: Desk, sender: Sender, server: NatsServer) -> None:
    await desk.queue_up(sender)
    await desk.claim(sender.channel, 1)
    async with jetstream(server) as context:
        await context.delete_stream(STREAM)
    (lost,) = await desk.queue_up(sender)
    assert [each.id for each in await desk.claim(sender.channel, 1)] == [lost.id]
    await until_up(desk)
    (stored,) = await desk.queue_up(sender)
    assert [each.id for each in await desk.claim(sender.channel, 1)] == [stored.id]
    assert (await stream_of(server)).last_seq > 0


async def test_a_consumer_that_somebody_deletes_is_made_anew(desk: Desk, sender: Sender, server: NatsServer) -> None:
    await desk.queue_up(sender)
    await desk.claim(sender.channel, 1)
    async with jetstream(server) as context:
        await context.delete_consumer(STREAM, f"channel-{sender.channel.key}")
    queued = await desk.queue_up(sender, 2)
    assert {each.id for each in await desk.claim(sender.channel, 2)} == {each.id for each in queued}


async def test_a_connection_that_is_lost_again_and_again_is_tried_less_and_less(
    desk: Desk, sender: Sender, server: NatsServer
) -> None:
    with capture_logs() as logs:
        for _ in range(2):
            async with jetstream(server) as context:
                await context.delete_stream(STREAM)
            (message,) = await desk.queue_up(sender)
            assert [each.id for each in await desk.claim(sender.channel, 1)] == [message.id]
            await desk.sent(message)
            await until_up(desk)
    pauses = [log["again_in_seconds"] for log in logs if log["event"] == "queue_lost"]
    assert pauses == [0.5, 1.0]


async def test_without_the_server_messages_are_claimed_from_the_store_and_this_is_logged_once(
    desk: Desk, sender: Sender, server: NatsServer
) -> None:
    with capture_logs() as logs:
        server.kill()
        queued = [message for _ in range(20) for message in await desk.queue_up(sender, 10)]
        claimed = await desk.claim(sender.channel, 200)
        (later,) = await desk.queue_up(sender, delay=SECOND)
        claimed += await desk.claim(sender.channel, 1)
        server.start()
        await until_up(desk)
        (last,) = await desk.queue_up(sender)
        claimed += await desk.claim(sender.channel, 1)
    assert [message.id for message in claimed] == [message.id for message in [*queued, later, last]]
    logged = [log["event"] for log in logs if log["event"].startswith("queue_") and log["event"] != "queue_reconciled"]
    assert logged == ["queue_lost", "queue_not_back_yet", "queue_back"]


async def test_a_user_who_is_locked_out_comes_back_when_let_in_again(store: Store, sender: Sender) -> None:
    def users(password: str) -> str:
        return f'authorization {{ users = [{{user: clarion, password: "{password}"}}] }}'

    with running_nats(users("sesame")) as server:
        address = read_address(server.url.replace("//", "//clarion:sesame@"))

        def open_jetstream(
            transactions: Transactions, commits: GroupCommit, clock: Clock, lease: Lease
        ) -> JetStreamQueue:
            return JetStreamQueue(address, transactions, commits, clock, lease, EXCLUSIONS)

        async with open_desk(open_jetstream, store, "first") as desk:
            with capture_logs() as logs:
                server.reload(users("changed"))
                await until(lambda: is_logged(logs, "queue_not_back_yet"))
                (queued,) = await desk.queue_up(sender)
                assert [each.id for each in await desk.claim(sender.channel, 1)] == [queued.id]
                server.reload(users("sesame"))
                await until_up(desk)
    assert any("does not accept this user" in log.get("reason", "") for log in logs)


async def test_under_load_the_server_may_come_and_go(
    desk: Desk, open_queue: Open, store: Store, sender: Sender, server: NatsServer, show_counts: Callable[[str], None]
) -> None:
    load = Load(3_000)

    async def come_and_go() -> None:
        for share in (0.2, 0.4, 0.6):
            await load.until_claimed(share)
            server.kill()
            server.start()

    async with open_desk(open_queue, store, "second") as other:
        takers = [asyncio.create_task(load.take(at, sender)) for at in (desk, other)]
        async with asyncio.timeout(60):
            await asyncio.gather(load.tell(desk, sender), come_and_go())
            await asyncio.wait(takers, return_when=asyncio.FIRST_COMPLETED)
        for taker in takers:
            taker.cancel()
        await asyncio.gather(*takers, return_exceptions=True)
    different = len(set(load.claimed))
    show_counts(f"{load.number} messages queued, 3 kills of nats-server, {len(load.claimed)} claims of {different}")
    assert len(load.claimed) == different == load.number
