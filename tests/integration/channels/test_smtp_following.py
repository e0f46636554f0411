"""Messages whose commands are sent behind the content of the one before: each ends as truly as if it came alone."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable

import pytest
from clarion_server.adapters.channels.email.smtp.channel import SmtpEmailChannel
from clarion_server.adapters.channels.email.smtp.pool import ConnectionPool
from clarion_server.application.ports.channels import (
    HandOffFailed,
    HandOffInDoubt,
    Outbound,
    PermanentFailure,
)
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.instant import SECOND
from clarion_server.domain.messages.attempt import FailureReason
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.channels.conftest import OpenChannel
from tests.outbound import a_configuration, an_email
from tests.smtp_faults import SmtpFaults
from tests.smtp_script import Act, Drop, Script, Silence, Transaction
from tests.smtp_sink import SmtpSink

#: Says how long a channel waits for a reply: longer than a busy machine takes for one.
SILENCE = 2 * SECOND
SENT = "sent"
GARBAGE = "250 2.0.0 Taken\r\nWhat?"


def emails(count: int, row: int = 0) -> list[Outbound]:
    numbers = range(10 * row, 10 * row + count)
    return [an_email(f"reader.{number}@example.com", message_id=f"message-{number}") for number in numbers]


async def send_in_a_row(channel: SmtpEmailChannel, messages: Iterable[Outbound]) -> list[str]:
    """Sends each message behind the one before it. Returns how each ended."""
    waiting, ends = list(messages), []

    def following() -> Outbound | None:
        return waiting[0] if waiting else None

    while waiting:
        message = waiting.pop(0)
        try:
            await channel.send(message, following)
        except HandOffFailed as error:
            ends.append(f"{type(error).__name__} {error.failure.reason}")
        else:
            ends.append(SENT)
    return ends


def ended(error: type[HandOffFailed], reason: FailureReason) -> str:
    return f"{error.__name__} {reason}"


IN_DOUBT = ended(HandOffInDoubt, FailureReason.HAND_OFF_UNKNOWN)
NOBODY = ended(PermanentFailure, FailureReason.RECIPIENT_REJECTED)
REFUSED = ended(PermanentFailure, FailureReason.CONTENT_REJECTED)


def recipients(server: SmtpFaults) -> list[str]:
    return [line for line in server.commands if line.startswith("RCPT")]


async def test_each_message_arrives_once_over_one_connection(open_smtp: OpenChannel) -> None:
    async with SmtpSink() as sink:
        ends = await send_in_a_row(open_smtp(a_configuration(sink)), emails(20))
    assert ends == [SENT] * 20
    assert [mail.recipients for mail in sink.mails] == [(email.address,) for email in emails(20)]
    assert sink.connection_count == 1


async def test_the_next_message_begins_before_the_server_has_answered_the_content(open_smtp: OpenChannel) -> None:
    answer = asyncio.Event()
    async with SmtpFaults({"CONTENT": answer}) as server:
        sending = asyncio.create_task(send_in_a_row(open_smtp(a_configuration(server)), emails(2)))
        await server.wait_until(lambda s: "CONTENT" in s.reached)
        answer.set()
        assert await sending == [SENT] * 2
    assert server.commands.count("DATA") == 2
    assert server.connection_count == 1


LARGE = RenderedEmail("x", "", "A line of a message.\n" * 2_500)


@pytest.mark.parametrize(
    ("extensions", "message"), [([], an_email()), (["PIPELINING"], an_email(email=LARGE))], ids=["alone", "large"]
)
async def test_no_message_is_begun_behind_one_whose_end_the_server_must_see_first(
    extensions: list[str], message: Outbound, open_smtp: OpenChannel
) -> None:
    def following() -> Outbound | None:
        raise AssertionError("nobody asks for it")

    async with SmtpFaults(extensions=extensions) as server:
        await open_smtp(a_configuration(server)).send(message, following)
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("script", "expected", "connections"),
    [
        # What breaks at the first one's content says nothing about the second, which starts anew.
        ({"CONTENT": [Drop()]}, [IN_DOUBT, SENT, SENT], 2),
        ({"CONTENT": [Silence()]}, [IN_DOUBT, SENT, SENT], 2),
        ({"CONTENT": ["554 5.6.0 No"]}, [REFUSED, SENT, SENT], 1),
        ({"CONTENT": ["421 4.3.0 Later"]}, ["TransientFailure THROTTLED", SENT, SENT], 2),
        ({"CONTENT": ["354 What?"]}, [IN_DOUBT, SENT, SENT], 2),
        ({"CONTENT": [GARBAGE]}, [SENT, SENT, SENT], 2),
        ({"CONTENT": ["250 Taken\r\n250 And again"]}, [SENT, SENT, SENT], 2),
        # The second one's commands.
        ({"MAIL": [None, "451 4.3.0 Later"]}, [SENT, "TransientFailure THROTTLED", SENT], 1),
        ({"MAIL": [None, "421 4.3.0 Bye"]}, [SENT, SENT, SENT], 2),
        ({"MAIL": [None, Drop()]}, [SENT, SENT, SENT], 2),
        ({"MAIL": [None, Silence()]}, [SENT, "TransientFailure TIMED_OUT", SENT], 2),
        ({"RCPT": [None, "550 5.1.1 Nobody"]}, [SENT, NOBODY, SENT], 1),
        ({"RCPT": [None, Drop()]}, [SENT, "TransientFailure CONNECTION_FAILED", SENT], 2),
        ({"DATA": [None, "451 4.3.0 Later"]}, [SENT, "TransientFailure THROTTLED", SENT], 1),
        ({"DATA": [None, Drop()]}, [SENT, "TransientFailure CONNECTION_FAILED", SENT], 2),
        # It is asked for although nobody is there, and must not be sent.
        ({"RCPT": [None, "550 5.1.1 Nobody"], "DATA": [None, "354 Go on"]}, [SENT, NOBODY, SENT], 2),
        # The server has not left the transaction of the content that it refused.
        ({"CONTENT": ["554 5.6.0 No"], "MAIL": [None, "503 5.5.1 Nested MAIL"]}, [REFUSED, SENT, SENT], 1),
        ({"CONTENT": ["554 5.6.0 No"], "RCPT": [None, "550 5.1.1 Nobody"]}, [REFUSED, SENT, SENT], 1),
        ({"CONTENT": ["554 5.6.0 No"], "MAIL": [None, "503 No"], "RSET": ["502 No"]}, [REFUSED, SENT, SENT], 2),
    ],
)
async def test_each_of_three_messages_ends_as_if_it_came_alone_when_the_server_says(
    script: Script, expected: list[str], connections: int, open_smtp: OpenChannel
) -> None:
    async with SmtpFaults(script) as server:
        channel = open_smtp(a_configuration(server, timeout=SILENCE))
        ends = await send_in_a_row(channel, emails(3))
    assert ends == expected
    assert server.connection_count == connections
    taken = [index for index in range(3) if any(b"reader.%d@" % index in mail for mail in server.taken)]
    assert set(taken) >= {index for index, end in enumerate(ends) if end == SENT}
    assert not set(taken) & {index for index, end in enumerate(ends) if end not in (SENT, IN_DOUBT)}
    assert len(server.taken) == len(taken)


@pytest.mark.parametrize("accident", [Drop(), Silence()])
async def test_a_message_that_had_begun_is_never_in_doubt_when_the_connection_breaks_before_its_content(
    accident: Act, open_smtp: OpenChannel
) -> None:
    # No second connection, on which it could start anew.
    async with SmtpFaults({"CONTENT": [accident], "GREETING": [None, Drop()]}) as server:
        channel = open_smtp(a_configuration(server, timeout=SILENCE))
        ends = await send_in_a_row(channel, emails(2))
    assert ends == [IN_DOUBT, "TransientFailure CONNECTION_FAILED"]
    assert not server.taken


async def test_a_message_that_cannot_be_written_fails_itself_and_not_the_one_before(open_smtp: OpenChannel) -> None:
    first, last = emails(2)
    forged = an_email(message_id="forged", email=RenderedEmail("a\r\nBcc: eve@example.com", "", "x"))
    async with SmtpFaults() as server:
        ends = await send_in_a_row(open_smtp(a_configuration(server)), [first, forged, last])
    assert ends == [SENT, REFUSED, SENT]
    assert len(recipients(server)) == 2


async def test_an_address_outside_ascii_is_not_begun_where_the_server_does_not_know_them(
    open_smtp: OpenChannel,
) -> None:
    first, last = emails(2)
    foreign = an_email("jürgen@example.com", message_id="foreign")
    async with SmtpFaults(extensions=["PIPELINING"]) as server:
        ends = await send_in_a_row(open_smtp(a_configuration(server)), [first, foreign, last])
    assert ends == [SENT, ended(PermanentFailure, FailureReason.UNSUPPORTED), SENT]
    assert len(recipients(server)) == 2


async def test_a_row_of_messages_changes_the_connection_after_its_share(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server), ConnectionPool(max_messages=2))
        assert await send_in_a_row(channel, emails(5)) == [SENT] * 5
    assert server.connection_count == 3
    assert server.commands.count("RSET") == 0


async def test_a_cancelled_hand_off_takes_its_connection_with_it(open_smtp: OpenChannel) -> None:
    first, second, third = emails(3)
    answered, hangs = [], asyncio.Event()

    def decide(_: Transaction) -> Act:
        answered.append(True)
        if len(answered) != 2:
            return None
        hangs.set()
        return Silence()

    async with SmtpFaults({"CONTENT": decide}) as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(first, lambda: second)
        sending = asyncio.create_task(channel.send(second, lambda: third))
        await hangs.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await server.wait_until(lambda s: s.open_connections == 0)
        await channel.send(third)
    assert server.connection_count == 2
    assert len(server.taken) == 2


async def test_a_message_that_was_begun_and_dropped_is_not_taken_and_can_be_sent_later(open_smtp: OpenChannel) -> None:
    first, second = emails(2)
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(first, lambda: second)
        channel.drop(second.message_id)
        await server.wait_until(lambda s: s.open_connections == 0)
        assert len(server.taken) == 1
        await channel.send(second)
        channel.drop(second.message_id)
    assert (len(server.taken), server.connection_count) == (2, 2)


async def test_closing_cuts_the_connection_of_a_message_that_was_begun_and_given_up(open_smtp: OpenChannel) -> None:
    first, second = emails(2)
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(first, lambda: second)
        await channel.close()
        await server.wait_until(lambda s: s.open_connections == 0)
    assert len(server.taken) == 1


REFUSALS = ("450 4.2.0 Later", "550 5.1.1 No", "421 4.3.0 Bye", "354 What?", "250 OK\r\n250 And again")
ACTS = st.lists(st.sampled_from([None, None, None, Drop(), *REFUSALS]), max_size=6)
SCRIPTS = st.dictionaries(st.sampled_from(["MAIL", "RCPT", "DATA", "CONTENT", "RSET"]), ACTS)


@settings(max_examples=50, deadline=None)
@given(SCRIPTS, st.integers(1, 3))
def test_whatever_a_server_says_no_message_is_sent_that_it_has_not_taken_and_none_failed_that_it_has(
    script: Script, rows: int
) -> None:
    async def run() -> None:
        async with SmtpFaults(script) as server:
            channel = SmtpEmailChannel(a_configuration(server, max_concurrency=rows, timeout=20 * SECOND))
            ends = await asyncio.gather(*(send_in_a_row(channel, emails(6, row)) for row in range(rows)))
            await channel.close()
        taken = Counter(address for mail in server.taken for address in re.findall(rb"To: (\S+)", mail))
        for row, of_row in enumerate(ends):
            for email, end in zip(emails(6, row), of_row, strict=True):
                times = taken[email.address.encode()]
                assert times == 1 if end == SENT else times <= (end == IN_DOUBT)

    asyncio.run(run())
