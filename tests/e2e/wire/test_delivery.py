"""Tests the outcome of each fault of an SMTP server, from the trigger to the event that its caller sees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from clarion_client import (
    AsyncClient,
    AttemptResult,
    CampaignReport,
    EventType,
    FailureReason,
    InDoubtPolicy,
    Message,
    MessageState,
    Recipient,
    RetryPolicy,
)

from tests.campaigns import CONTEXT, RETRIES, campaign, channel
from tests.e2e.wire.conftest import Sandbox
from tests.ports import free_port
from tests.smtp_faults import SmtpFaults
from tests.smtp_script import Drop, Script, Silence, greylisting
from tests.smtp_sink import SmtpSink
from tests.waiting import until

_RESULT, _REASON = AttemptResult, FailureReason
RESEND, PARK = InDoubtPolicy.RESEND, InDoubtPolicy.PARK
OUTCOMES = {MessageState.SENT, MessageState.FAILED, MessageState.IN_DOUBT, MessageState.EXPIRED}
SECOND = dt.timedelta(seconds=1)


async def set_up(client: AsyncClient, port: int, **fields: Any) -> None:
    """Returns the live campaign `orders`; `fields` of its channel configuration, or its `in_doubt_policy`."""
    policy = fields.pop("in_doubt_policy", RESEND)
    await client.channels.create(impatient(channel("orders", port, **fields)))
    await client.campaigns.create(campaign("orders", "orders", in_doubt_policy=policy))
    await client.campaigns.activate("orders")


def impatient(configuration: Any) -> Any:
    return replace(configuration, smtp=replace(configuration.smtp, timeout=SECOND))


async def trigger(client: AsyncClient, to: str = "jane@example.com") -> str:
    """Returns the message's name."""
    return (await client.trigger("orders", to=to, context=CONTEXT)).recipients[0].messages[0].message


async def until_ended(client: AsyncClient, name: str) -> Message:
    async def it_has() -> bool:
        return (await client.messages.get(name)).state in OUTCOMES

    await until(it_has)
    return await client.messages.get(name)


async def until_attempted(client: AsyncClient, name: str, count: int = 1) -> None:
    async def it_was() -> bool:
        return len((await client.messages.get(name)).attempts) >= count

    await until(it_was)


Tried = tuple[AttemptResult, FailureReason | None, str]
TAKEN: Tried = (_RESULT.SENT, None, "")


@dataclass(frozen=True)
class Case:
    """Is what a server does, and what is recorded of the message."""

    script: Callable[[], Script]
    attempts: tuple[Tried, ...]
    events: tuple[EventType, ...]
    figures: dict[str, Any] = field(default_factory=dict)
    """Are those of the report, beside those that follow from the state."""
    policy: InDoubtPolicy = RESEND
    received: int = 1


THEN_SENT = (EventType.DEFERRED, EventType.SENT)

CASES = {
    "closes for maintenance": Case(
        lambda: {"MAIL": ["421 4.3.2 Closing"]},
        ((_RESULT.DEFERRED, _REASON.THROTTLED, "421 4.3.2"), TAKEN),
        THEN_SENT,
        {"retry_count": 1},
    ),
    "asks to come back later": Case(
        lambda: {"RCPT": ["451 4.3.0 Try again", "451 4.3.0 Try again"]},
        ((_RESULT.DEFERRED, _REASON.THROTTLED, "451 4.3.0"),) * 2 + (TAKEN,),
        (EventType.DEFERRED, *THEN_SENT),
        {"retry_count": 2},
    ),
    "greylists": Case(
        lambda: {"RCPT": greylisting()},
        ((_RESULT.DEFERRED, _REASON.THROTTLED, "451 4.7.1"), TAKEN),
        THEN_SENT,
        {"retry_count": 1},
    ),
    "knows no such mailbox": Case(
        lambda: {"RCPT": "550 5.1.1 Nobody here"},
        ((_RESULT.FAILED, _REASON.RECIPIENT_REJECTED, "550 5.1.1"),),
        (EventType.FAILED,),
        {"failed_counts": {_REASON.RECIPIENT_REJECTED: 1}, "retry_count": 0},
        received=0,
    ),
    "refuses what it read": Case(
        lambda: {"CONTENT": "554 5.7.1 Spam"},
        ((_RESULT.FAILED, _REASON.CONTENT_REJECTED, "554 5.7.1"),),
        (EventType.FAILED,),
        {"failed_counts": {_REASON.CONTENT_REJECTED: 1}},
        received=0,
    ),
    "hangs up at the recipient": Case(
        lambda: {"RCPT": [Drop()]},
        ((_RESULT.DEFERRED, _REASON.CONNECTION_FAILED, ""), TAKEN),
        THEN_SENT,
    ),
    "falls silent before the message": Case(
        lambda: {"DATA": [Silence()]},
        ((_RESULT.DEFERRED, _REASON.TIMED_OUT, ""), TAKEN),
        THEN_SENT,
    ),
    "hangs up after the message": Case(
        lambda: {"CONTENT": [Drop()]},
        ((_RESULT.IN_DOUBT, _REASON.HAND_OFF_UNKNOWN, ""), TAKEN),
        THEN_SENT,
        {"retry_count": 1, "in_doubt_count": 0},
    ),
    "hangs up after the message, which is then parked": Case(
        lambda: {"CONTENT": [Drop()]},
        ((_RESULT.IN_DOUBT, _REASON.HAND_OFF_UNKNOWN, ""),),
        (EventType.IN_DOUBT,),
        {"in_doubt_count": 1, "retry_count": 0},
        PARK,
        received=0,
    ),
    "hangs up after the message, and refuses it at the next attempt": Case(
        lambda: {"CONTENT": [Drop()], "RCPT": ["250 2.1.5 Here", "550 5.1.1 Nobody here"]},
        ((_RESULT.IN_DOUBT, _REASON.HAND_OFF_UNKNOWN, ""), (_RESULT.FAILED, _REASON.RECIPIENT_REJECTED, "550 5.1.1")),
        (EventType.DEFERRED, EventType.IN_DOUBT),
        {"in_doubt_count": 1, "retry_count": 1, "failed_counts": {}},
        received=0,
    ),
    # It is so small that all of it had left before.
    "hangs up within the message": Case(
        lambda: {"CONTENT": Drop(after=100)},
        ((_RESULT.IN_DOUBT, _REASON.HAND_OFF_UNKNOWN, ""),),
        (EventType.IN_DOUBT,),
        {"in_doubt_count": 1},
        PARK,
        received=0,
    ),
    "falls silent after the message": Case(
        lambda: {"CONTENT": [Silence()]},
        ((_RESULT.IN_DOUBT, _REASON.HAND_OFF_UNKNOWN, ""), TAKEN),
        THEN_SENT,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_server_that(sandbox: Sandbox, case: Case) -> None:
    async with SmtpFaults(case.script()) as server:
        await set_up(sandbox.client, server.port, in_doubt_policy=case.policy)
        message = await until_ended(sandbox.client, await trigger(sandbox.client))
        check_message(message, case)
        check_report(await sandbox.client.reports.get("orders"), message.state, case.figures)
        assert len(server.taken) == case.received


def check_message(message: Message, case: Case) -> None:
    tried = [
        (attempt.result, attempt.failure and attempt.failure.reason, attempt.failure.code if attempt.failure else "")
        for attempt in message.attempts
    ]
    assert tried == list(case.attempts)
    assert [attempt.number for attempt in message.attempts] == list(range(1, len(tried) + 1))
    assert message.attempt_count == len(tried)
    assert [event.type for event in message.events] == list(case.events)
    assert [event.attempt and event.attempt.number for event in message.events] == list(range(1, len(tried) + 1))
    assert message.state.value == case.events[-1].value
    assert message.failure == message.attempts[-1].failure
    assert message.outcome_time == message.events[-1].time
    times = [time for attempt in message.attempts for time in (attempt.start_time, attempt.end_time)]
    assert times == sorted(times)
    assert message.accept_time <= times[0]


def check_report(report: CampaignReport, state: MessageState, figures: dict[str, Any]) -> None:
    outcome = f"{state.value.lower()}_count"
    expected = {"targeted_count": 1, "queued_count": 0, outcome: 1, **figures}
    assert {name: getattr(report, name) for name in expected} == expected
    assert report.hand_off_latency.count == int(state is MessageState.SENT)


async def test_a_message_fails_when_its_retry_window_closes(sandbox: Sandbox) -> None:
    brief = RetryPolicy(window=SECOND, initial_delay=SECOND / 10, max_delay=SECOND / 5)
    async with SmtpFaults({"RCPT": "451 4.3.0 Try again"}) as server:
        await set_up(sandbox.client, server.port, retry_policy=brief)
        message = await until_ended(sandbox.client, await trigger(sandbox.client))
        assert not server.taken
    assert message.state is MessageState.FAILED
    assert message.failure is not None
    assert (message.failure.reason, message.failure.retries_exhausted) == (_REASON.THROTTLED, True)
    assert len(message.attempts) >= 2
    assert [attempt.result for attempt in message.attempts] == [_RESULT.DEFERRED] * len(message.attempts)
    first = message.attempts[0].start_time
    # A retry is due within the window. When it starts depends on how busy the machine is.
    assert all(attempt.end_time <= first + SECOND for attempt in message.attempts[:-1])


MAGIC: dict[str, tuple[MessageState, FailureReason | None]] = {
    "sent": (MessageState.SENT, None),
    "anybody+tag": (MessageState.SENT, None),
    "bounce": (MessageState.FAILED, _REASON.RECIPIENT_REJECTED),
    "full": (MessageState.FAILED, _REASON.MAILBOX_FULL),
    "spam": (MessageState.FAILED, _REASON.CONTENT_REJECTED),
    "greylist": (MessageState.SENT, None),
    "suppressed": (MessageState.EXCLUDED, None),
    "in-doubt": (MessageState.IN_DOUBT, _REASON.HAND_OFF_UNKNOWN),
}


async def test_magic_recipients_play_their_parts_and_no_provider_hears_of_them(
    sandbox: Sandbox, sink: SmtpSink
) -> None:
    client = sandbox.client
    await set_up(client, sink.port, in_doubt_policy=PARK)
    parts = [*MAGIC, "defer", "timeout"]
    answer = await client.trigger("orders", [Recipient(f"{part}@clarion.test", CONTEXT) for part in parts])
    names = {part: result.messages[0].message for part, result in zip(parts, answer.recipients, strict=True)}
    for part, (state, reason) in MAGIC.items():
        message = await client.messages.get(names[part])
        if state is not MessageState.EXCLUDED:
            message = await until_ended(client, names[part])
        assert (message.state, message.failure and message.failure.reason) == (state, reason), part
    for part, reason in (("defer", _REASON.THROTTLED), ("timeout", _REASON.TIMED_OUT)):
        await until_attempted(client, names[part], 2)
        attempts = (await client.messages.get(names[part])).attempts
        assert {attempt.failure and attempt.failure.reason for attempt in attempts} == {reason}
    assert sink.connection_count == 0


# Configurations and providers that change while messages wait.


async def test_a_configuration_that_is_put_right_while_messages_wait_lets_them_leave(
    sandbox: Sandbox, sink: SmtpSink
) -> None:
    await set_up(sandbox.client, free_port())
    name = await trigger(sandbox.client)
    await until_attempted(sandbox.client, name)
    await sandbox.client.channels.update(impatient(channel("orders", sink.port)), ["smtp"])
    message = await until_ended(sandbox.client, name)
    assert message.state is MessageState.SENT
    failure = message.attempts[0].failure
    assert failure is not None
    assert failure.reason is _REASON.CONNECTION_FAILED
    assert sink.counts.total() == 1


async def test_messages_wait_for_a_provider_that_is_away_and_leave_when_it_is_back(sandbox: Sandbox) -> None:
    sink = SmtpSink()
    await sink.start()
    port = sink.port
    await set_up(sandbox.client, port)
    await until_ended(sandbox.client, await trigger(sandbox.client))
    await sink.stop()
    names = [await trigger(sandbox.client, f"r{index}@example.com") for index in range(5)]
    for name in names:
        await until_attempted(sandbox.client, name)
    await sink.start(port)
    for name in names:
        assert (await until_ended(sandbox.client, name)).state is MessageState.SENT
    assert set(sink.counts.values()) == {1}
    await sink.stop()


async def test_a_disabled_configuration_keeps_messages_until_it_is_enabled(sandbox: Sandbox, sink: SmtpSink) -> None:
    await set_up(sandbox.client, sink.port)
    disabled = await sandbox.client.channels.get("orders")
    await sandbox.client.channels.update(replace(disabled, disabled=True, etag=""), ["disabled"])
    name = await trigger(sandbox.client)
    # What another configuration sends meanwhile shows that there was time.
    await sandbox.client.channels.create(channel("other", sink.port, retry_policy=RETRIES))
    await sandbox.client.campaigns.create(campaign("other", "other"))
    await sandbox.client.campaigns.activate("other")
    await sandbox.client.trigger("other", to="joe@example.com", context=CONTEXT)
    await sink.wait_for(1)
    assert (await sandbox.client.messages.get(name)).state is MessageState.QUEUED
    await sandbox.client.channels.update(replace(disabled, disabled=False, etag=""), ["disabled"])
    assert (await until_ended(sandbox.client, name)).state is MessageState.SENT
    assert {mail.recipients for mail in sink.mails} == {("joe@example.com",), ("jane@example.com",)}


async def test_the_mail_is_what_the_campaign_says(sandbox: Sandbox, sink: SmtpSink) -> None:
    await set_up(sandbox.client, sink.port)
    name = await trigger(sandbox.client, "Grüße@bücher.example")
    (mail,) = await sink.wait_for(1)
    assert mail.recipients in {("Grüße@bücher.example",), ("Grüße@xn--bcher-kva.example",)}
    assert mail.parsed["Subject"] == "Order 4711"
    assert mail.parsed.get_content().strip() == "Your order 4711 is on its way."
    assert name.removeprefix("messages/") in mail.message_id
