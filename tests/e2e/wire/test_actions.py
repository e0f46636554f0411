"""Campaigns of several actions, and the labels that their messages carry."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from clarion_client import (
    Action,
    ActionMode,
    AsyncClient,
    Channel,
    ChannelConfiguration,
    ClarionError,
    EmailContent,
    ExclusionReason,
    Message,
    MessageOutcome,
    MessageState,
    Recipient,
    RecipientOutcome,
    WebhookContent,
    WebhookProvider,
)

from tests.campaigns import CONTEXT, RETRIES, campaign, channel
from tests.e2e.wire.conftest import Sandbox
from tests.http_endpoint import HttpEndpoint
from tests.smtp_sink import SmtpSink
from tests.waiting import until

MAIL = Action(
    id="mail",
    channel_configuration="mail",
    email=EmailContent(subject="Order {{ context.order }}", text="On its way."),
)
HOOK = Action(
    id="hook",
    channel_configuration="hook",
    webhook=WebhookContent(json='{"order": {{ context.order }}, "to": {{ recipient.identity }}}'),
)


@pytest.fixture
async def endpoint() -> AsyncIterator[HttpEndpoint]:
    async with HttpEndpoint() as made:
        yield made


@pytest.fixture
async def client(sandbox: Sandbox, sink: SmtpSink, endpoint: HttpEndpoint) -> AsyncClient:
    """Has the channel configurations `mail` and `hook`."""
    provider = WebhookProvider(url=endpoint.url, allow_private_addresses=True)
    hook = ChannelConfiguration(name="hook", display_name="Hook", webhook=provider, retry_policy=RETRIES)
    await sandbox.client.channels.create(channel("mail", sink.port))
    await sandbox.client.channels.create(hook)
    return sandbox.client


async def live(client: AsyncClient, mode: ActionMode) -> None:
    await client.campaigns.create(campaign("orders", "mail", actions=[MAIL, HOOK], action_mode=mode))
    await client.campaigns.activate("orders")


async def ended(client: AsyncClient, count: int, **filters: Any) -> dict[str, Message]:
    """Returns the messages by their actions, when there are so many and all have an outcome."""
    unfinished = {MessageState.QUEUED, MessageState.SENDING}

    async def messages() -> list[Message]:
        return [message async for message in client.messages.list(**filters)]

    async def are_ended() -> bool:
        found = await messages()
        return len(found) == count and not any(message.state in unfinished for message in found)

    await until(are_ended)
    return {message.action: message for message in await messages()}


async def test_one_trigger_sends_a_mail_and_calls_a_webhook(
    client: AsyncClient, sink: SmtpSink, endpoint: HttpEndpoint
) -> None:
    await live(client, ActionMode.ALL)
    accepted = await client.trigger("orders", to="jane@example.com", context=CONTEXT)
    (result,) = accepted.recipients
    assert result.outcome is RecipientOutcome.ACCEPTED
    assert [(each.action, each.outcome) for each in result.messages] == [
        ("mail", MessageOutcome.ACCEPTED),
        ("hook", MessageOutcome.ACCEPTED),
    ]
    messages = await ended(client, 2, execution=accepted.execution)
    assert {action: message.state for action, message in messages.items()} == dict.fromkeys(
        ("mail", "hook"), MessageState.SENT
    )
    assert (messages["mail"].channel, messages["mail"].address) == (Channel.EMAIL, "jane@example.com")
    assert (messages["hook"].channel, messages["hook"].address) == (Channel.WEBHOOK, "")
    await sink.wait_for(1)
    (request,) = endpoint.requests
    assert json.loads(request.body) == {"order": "4711", "to": "email:jane@example.com"}
    assert request.headers["webhook-id"] == messages["hook"].name == result.messages[1].message
    assert (await client.reports.get("orders")).sent_count == 2


async def test_the_next_action_takes_the_place_of_a_message_that_failed(
    client: AsyncClient, endpoint: HttpEndpoint
) -> None:
    await live(client, ActionMode.FIRST_DELIVERABLE)
    accepted = await client.trigger("orders", to="bounce@clarion.test", context=CONTEXT, labels={"order": "4711"})
    assert [each.action for each in accepted.recipients[0].messages] == ["mail"]
    messages = await ended(client, 2, execution=accepted.execution)
    assert messages["mail"].state is MessageState.FAILED
    assert messages["hook"].state is MessageState.SENT
    assert messages["hook"].labels == {"order": "4711"}
    report = await client.reports.get("orders")
    assert (report.targeted_count, report.sent_count, report.failed_count, report.queued_count) == (2, 1, 1, 0)
    assert endpoint.requests == []


async def test_the_next_action_leaves_after_a_mail_that_could_not_be_sent(
    client: AsyncClient, endpoint: HttpEndpoint
) -> None:
    await live(client, ActionMode.FIRST_DELIVERABLE)
    # No subject can hold a line break; JSON can.
    accepted = await client.trigger("orders", to="jane@example.com", context={"order": "47\n11"})
    messages = await ended(client, 2, execution=accepted.execution)
    assert messages["mail"].state is MessageState.FAILED
    assert [request.headers["webhook-id"] for request in endpoint.requests] == [messages["hook"].name]


@pytest.mark.parametrize(
    "recipient",
    [
        Recipient("sent@clarion.test", CONTEXT),
        Recipient("customer-7", CONTEXT, address="bounce+7@clarion.test"),
        Recipient("customer-7", CONTEXT, profile={"email": "Full@CLARION.TEST"}),
    ],
    ids=["identity", "address", "profile"],
)
async def test_the_webhook_of_a_magic_recipient_does_not_leave(
    recipient: Recipient, client: AsyncClient, endpoint: HttpEndpoint
) -> None:
    await live(client, ActionMode.ALL)
    accepted = await client.trigger("orders", [recipient])
    messages = await ended(client, 2, execution=accepted.execution)
    assert (messages["hook"].state, messages["hook"].address) == (MessageState.SENT, "sent@clarion.test")
    assert endpoint.requests == []


async def test_the_next_action_takes_the_place_of_a_message_that_is_excluded(client: AsyncClient) -> None:
    await live(client, ActionMode.FIRST_DELIVERABLE)
    request: dict[str, Any] = {"to": "suppressed@clarion.test", "context": CONTEXT, "request_id": "r-1"}
    accepted = await client.trigger("orders", **request)
    (result,) = accepted.recipients
    assert result.outcome is RecipientOutcome.ACCEPTED
    assert [(each.action, each.exclusion_reason) for each in result.messages] == [
        ("mail", ExclusionReason.SUPPRESSED),
        ("hook", None),
    ]
    again = await client.trigger("orders", **request)
    assert again.replayed
    assert again.recipients == accepted.recipients
    messages = await ended(client, 2, execution=accepted.execution)
    assert messages["hook"].state is MessageState.SENT


async def test_no_further_action_is_sent_when_the_first_one_was(client: AsyncClient, endpoint: HttpEndpoint) -> None:
    await live(client, ActionMode.FIRST_DELIVERABLE)
    accepted = await client.trigger("orders", to="sent@clarion.test", context=CONTEXT)
    messages = await ended(client, 1, execution=accepted.execution)
    assert messages["mail"].state is MessageState.SENT
    assert endpoint.requests == []


async def test_a_message_is_found_by_its_labels_its_channel_and_its_action(client: AsyncClient) -> None:
    await live(client, ActionMode.ALL)
    recipients = [
        Recipient("sent@clarion.test", CONTEXT, labels={"line": "2"}),
        Recipient("sent+2@clarion.test", CONTEXT),
    ]
    await client.trigger("orders", recipients, labels={"order": "4711", "line": "1"})
    await client.trigger("orders", to="sent@clarion.test", context=CONTEXT)
    await ended(client, 6)

    async def found(**filters: Any) -> list[tuple[str, str]]:
        listed = [message async for message in client.messages.list(**filters)]
        return sorted((message.identity, message.action) for message in listed)

    both = [("email:sent+2@clarion.test", "hook"), ("email:sent+2@clarion.test", "mail")]
    assert await found(labels={"order": "4711", "line": "1"}) == both
    assert await found(labels={"line": "2"}) == [
        ("email:sent@clarion.test", "hook"),
        ("email:sent@clarion.test", "mail"),
    ]
    assert await found(labels={"order": "4711"}, actions=["hook"]) == [
        ("email:sent+2@clarion.test", "hook"),
        ("email:sent@clarion.test", "hook"),
    ]
    assert len(await found(channels=[Channel.WEBHOOK])) == 3
    assert await found(labels={"order": "none"}) == []


async def test_a_message_is_found_by_its_execution_its_recipient_and_its_state(client: AsyncClient) -> None:
    await live(client, ActionMode.ALL)
    first = await client.trigger("orders", to="bounce@clarion.test", context=CONTEXT)
    second = await client.trigger("orders", to="sent@clarion.test", context=CONTEXT)
    await ended(client, 4)

    async def found(**filters: Any) -> list[tuple[str, str]]:
        listed = [message async for message in client.messages.list(**filters)]
        return sorted((message.identity.partition("@")[0], message.action) for message in listed)

    assert await found(execution=first.execution) == [("email:bounce", "hook"), ("email:bounce", "mail")]
    assert await found(identity="email:sent@clarion.test") == [("email:sent", "hook"), ("email:sent", "mail")]
    assert await found(states=[MessageState.FAILED]) == [("email:bounce", "mail")]
    assert await found(execution=second.execution, states=[MessageState.FAILED]) == []


async def test_events_carry_the_labels_of_their_message(client: AsyncClient) -> None:
    await live(client, ActionMode.ALL)
    accepted = await client.trigger("orders", to="sent@clarion.test", context=CONTEXT, labels={"order": "4711"})
    seen = set()
    async with client.messages.watch(execution=accepted.execution, from_start=True) as events:
        async for event in events:
            assert event.labels == {"order": "4711"}
            seen.add((event.action, event.channel))
            if len(seen) == 2:
                break
    assert seen == {("mail", Channel.EMAIL), ("hook", Channel.WEBHOOK)}


async def test_labels_that_are_malformed_are_refused_all_at_once(client: AsyncClient) -> None:
    await live(client, ActionMode.ALL)
    labels = {"Order": "1", "line": "x" * 257}
    with pytest.raises(ClarionError) as refused:
        await client.trigger("orders", [Recipient("jane@example.com", CONTEXT, labels={"": "1"})], labels=labels)
    assert {violation.field for violation in refused.value.violations} >= {"labels", "labels.line"}
