"""Tests how connections are kept, shared, replaced and let go."""

from __future__ import annotations

import asyncio

import pytest
from clarion_server.adapters.channels.email.smtp.pool import ConnectionPool
from clarion_server.application.ports.channels import (
    HandOffFailed,
    PermanentFailure,
    TransientFailure,
)
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.instant import MILLISECOND

from tests.integration.channels.conftest import OpenChannel
from tests.outbound import a_configuration, an_email
from tests.smtp_faults import SmtpFaults
from tests.smtp_script import Act, Drop, Interrupt, Script, Silence
from tests.smtp_sink import SmtpSink

#: More than sockets hold, so that it cannot all be on its way before the server refuses it.
LARGE = RenderedEmail("Large", "", "A line of a large message.\n" * 600_000)


async def test_messages_one_after_the_other_share_a_connection(open_smtp: OpenChannel) -> None:
    async with SmtpSink() as sink:
        channel = open_smtp(a_configuration(sink))
        for _ in range(5):
            await channel.send(an_email())
    assert (sink.connection_count, len(sink.mails)) == (1, 5)


async def test_there_are_never_more_connections_than_the_configuration_allows(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server, max_concurrency=3))
        await asyncio.gather(*(channel.send(an_email()) for _ in range(30)))
    assert server.most_connections == 3
    assert len(server.taken) == 30


async def test_a_connection_that_the_server_closed_meanwhile_is_replaced(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(an_email())
        await server.drop_connections()
        await channel.send(an_email())
    assert (server.connection_count, len(server.taken)) == (2, 2)


async def test_a_connection_on_which_the_server_says_goodbye_is_replaced(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(an_email())
        await server.say("421 4.4.2 Idle for too long")
        await server.wait_until(lambda s: s.open_connections == 0)
        await channel.send(an_email())
    assert (server.connection_count, len(server.taken)) == (2, 2)


async def test_a_connection_on_which_the_server_says_what_nobody_asked_for_is_replaced(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(an_email())
        await server.say("250 2.0.0 And again", goes_on=True)
        await server.wait_until(lambda s: s.open_connections == 0)
        await channel.send(an_email())
    assert (server.connection_count, len(server.taken)) == (2, 2)


@pytest.mark.parametrize("farewell", [Drop(), "421 4.4.2 Idle for too long"])
@pytest.mark.parametrize("extensions", [["PIPELINING"], []])
async def test_a_connection_that_turns_out_to_be_closed_at_mail_is_replaced_at_once(
    farewell: Act, extensions: list[str], open_smtp: OpenChannel
) -> None:
    async with SmtpFaults({"MAIL": [None, farewell]}, extensions=extensions) as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(an_email())
        await channel.send(an_email())
    assert (server.connection_count, len(server.taken)) == (2, 2)


async def test_a_connection_lost_after_mail_was_accepted_is_a_failure_even_when_reused(open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"RCPT": [None, Drop()]}) as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(an_email())
        with pytest.raises(TransientFailure):
            await channel.send(an_email())
    assert server.connection_count == 2 - 1


async def test_a_replacement_that_fails_as_well_is_a_failure(open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"MAIL": [None, Drop(), Drop(), Drop()]}) as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(an_email())
        with pytest.raises(TransientFailure):
            await channel.send(an_email())
    assert server.connection_count == 2


@pytest.mark.parametrize(
    "script",
    [
        {"MAIL": ["550 No"]},
        {"RCPT": ["550 No"]},
        {"DATA": ["554 No"]},
        {"CONTENT": ["554 No"]},
    ],
)
@pytest.mark.parametrize("extensions", [["PIPELINING"], []])
async def test_a_refusal_costs_no_connection_and_is_forgotten_before_the_next_message(
    script: Script, extensions: list[str], open_smtp: OpenChannel
) -> None:
    async with SmtpFaults(script, extensions=extensions) as server:
        channel = open_smtp(a_configuration(server))
        with pytest.raises(HandOffFailed):
            await channel.send(an_email("nobody@example.com"))
        await channel.send(an_email("jane@example.com"))
        await channel.send(an_email("joe@example.com"))
    assert server.connection_count == 1
    assert server.commands.count("RSET") == 1
    assert server.commands.index("RSET") < server.commands.index("RCPT TO:<jane@example.com>")


async def test_a_connection_on_which_a_message_was_refused_before_its_end_is_not_used_again(
    open_smtp: OpenChannel,
) -> None:
    async with SmtpFaults({"CONTENT": Interrupt(100_000, "554 5.6.0 No")}) as server:
        channel = open_smtp(a_configuration(server))
        for _ in range(2):
            with pytest.raises(PermanentFailure) as caught:
                await channel.send(an_email(email=LARGE))
            assert caught.value.failure.code == "554 5.6.0"
    # What came next on the same connection would be more of the message.
    assert (server.connection_count, server.commands.count("RSET")) == (2, 0)


async def test_a_server_that_cannot_forget_loses_its_connection_and_not_the_message(open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"RCPT": ["550 No"], "RSET": "502 No"}) as server:
        channel = open_smtp(a_configuration(server))
        with pytest.raises(PermanentFailure):
            await channel.send(an_email())
        await channel.send(an_email())
    assert (server.connection_count, len(server.taken)) == (2, 1)


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT"])
async def test_a_cancelled_hand_off_leaves_no_connection_behind(step: str, open_smtp: OpenChannel) -> None:
    async with SmtpFaults({step: [Silence()]}) as server:
        channel = open_smtp(a_configuration(server, max_concurrency=1))
        sending = asyncio.create_task(channel.send(an_email("jane@example.com")))
        await server.wait_until(lambda s: step in s.reached)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await server.drop_connections()
        await channel.send(an_email("joe@example.com"))
    assert server.connection_count == 2
    assert len(server.taken) == 1


async def test_one_that_is_cancelled_while_it_waits_keeps_no_other_from_its_turn(open_smtp: OpenChannel) -> None:
    answer = asyncio.Event()
    async with SmtpFaults({"CONTENT": [answer]}) as server:
        channel = open_smtp(a_configuration(server, max_concurrency=1))
        sending = [asyncio.create_task(channel.send(an_email())) for _ in range(3)]
        await server.wait_until(lambda s: "CONTENT" in s.reached)
        sending[1].cancel()
        answer.set()
        await asyncio.gather(sending[0], sending[2])
    assert (server.most_connections, len(server.taken)) == (1, 2)


@pytest.mark.parametrize("extra", ["250 2.0.0 And again", "25"])
async def test_a_connection_with_a_reply_too_many_is_not_used_again(extra: str, open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"CONTENT": [f"250 2.0.0 Taken\r\n{extra}"], "RCPT": [None, "550 No"]}) as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(an_email())
        with pytest.raises(PermanentFailure):
            await channel.send(an_email())
    assert server.connection_count == 2


async def test_a_connection_that_rests_is_closed_with_a_goodbye(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server), ConnectionPool(idle_seconds=0.05))
        await channel.send(an_email())
        await server.wait_until(lambda s: s.open_connections == 0)
        await channel.send(an_email())
    assert "QUIT" in server.commands
    assert server.connection_count == 2


async def test_connections_that_rest_since_different_times_are_all_closed(open_smtp: OpenChannel) -> None:
    answer = asyncio.Event()
    async with SmtpFaults({"CONTENT": [None, answer]}) as server:
        channel = open_smtp(a_configuration(server), ConnectionPool(idle_seconds=0.3))
        sending = {asyncio.create_task(channel.send(an_email())) for _ in range(2)}
        _, others = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        await channel.verify()  # which takes a part of that time
        answer.set()
        await asyncio.gather(*others)
        await server.wait_until(lambda s: s.open_connections == 0)


async def test_a_connection_is_replaced_after_its_share_of_messages(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server), ConnectionPool(max_messages=2))
        for _ in range(5):
            await channel.send(an_email())
    assert (server.connection_count, len(server.taken)) == (3, 5)


async def test_closing_says_goodbye_and_may_be_done_twice(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(an_email())
        await channel.close()
        # It has waited for the server.
        assert server.commands[-1] == "QUIT"
        await channel.close()
        await server.wait_until(lambda s: s.open_connections == 0)


async def test_closing_waits_seconds_and_no_longer_for_a_server_that_never_says_goodbye(open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"QUIT": Silence()}) as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(an_email())
        # A busy machine may need some of it, the pool about two seconds.
        async with asyncio.timeout(60):
            await channel.close()
        await server.drop_connections()


async def test_a_message_on_its_way_while_the_channel_closes_still_gets_its_reply(open_smtp: OpenChannel) -> None:
    go_on = asyncio.Event()
    async with SmtpFaults({"CONTENT": go_on}) as server:
        channel = open_smtp(a_configuration(server))
        sending = asyncio.create_task(channel.send(an_email()))
        await server.wait_until(lambda s: "CONTENT" in s.reached)
        await channel.close()
        go_on.set()
        await sending
        await server.wait_until(lambda s: s.open_connections == 0)
    assert len(server.taken) == 1


async def test_a_slow_server_does_not_hold_up_the_others_of_its_channel(open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"RCPT": [Silence()]}) as server:
        channel = open_smtp(a_configuration(server, max_concurrency=2, timeout=500 * MILLISECOND))
        first = asyncio.create_task(channel.send(an_email("jane@example.com")))
        await server.wait_until(lambda s: "RCPT" in s.reached)
        await asyncio.gather(*(channel.send(an_email()) for _ in range(10)))
        assert not first.done()
        with pytest.raises(HandOffFailed):
            await first
