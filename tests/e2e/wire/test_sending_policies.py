"""Sending policies over the wire, from a policy to the messages that it holds back."""

from __future__ import annotations

import datetime as dt

import pytest
from clarion_client import (
    AsyncClient,
    Category,
    ConsentSettings,
    ExclusionReason,
    MessageState,
    RecipientOutcome,
    SendingPolicy,
    SendingPolicyTimeZoneSource,
    SendingPolicyWhenClosed,
    Silence,
    WallClockInterval,
    WallClockIntervalDay,
)

from tests.campaigns import CONTEXT, set_up
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink

#: A day that is neither today nor tomorrow, whatever the time zone and however long the test takes.
IN_THREE_DAYS = list(WallClockIntervalDay)[(dt.datetime.now(dt.UTC) + dt.timedelta(days=3)).weekday()]
POLICY = SendingPolicy(
    name="default",
    display_name="In three days",
    send_windows=[WallClockInterval(days=[IN_THREE_DAYS], start="09:00", end="17:00")],
    time_zone_source=SendingPolicyTimeZoneSource.FIXED,
    time_zone="Asia/Tokyo",
)


@pytest.fixture
async def offers(sandbox: Sandbox, sink: SmtpSink) -> AsyncClient:
    """A client of a sandbox with the live marketing campaign `offers`."""
    await set_up(sandbox.client, "offers", sink.port, category=Category.MARKETING)
    await sandbox.client.consents.update_settings(ConsentSettings(silence=Silence.SEND_UNLESS_DENIED))
    return sandbox.client


async def test_marketing_waits_for_the_send_window_of_the_default_policy(offers: AsyncClient) -> None:
    created = await offers.sending_policies.create(POLICY)
    answer = await offers.trigger("offers", to="jane@example.com", context=CONTEXT)
    assert answer.recipients[0].outcome is RecipientOutcome.ACCEPTED
    message = await offers.messages.get(answer.recipients[0].messages[0].message)
    assert message.state is MessageState.QUEUED
    assert message.sending_policy == created.name == "sendingPolicies/default"
    assert message.due_time is not None
    opening = message.due_time.astimezone(dt.timezone(dt.timedelta(hours=9)))
    assert (opening.time(), list(WallClockIntervalDay)[opening.weekday()]) == (dt.time(9), IN_THREE_DAYS)


async def test_a_policy_that_excludes_sends_nothing_outside_of_its_hours(offers: AsyncClient) -> None:
    await offers.sending_policies.create(POLICY)
    excluding = SendingPolicy(name="default", when_closed=SendingPolicyWhenClosed.EXCLUDE)
    await offers.sending_policies.update(excluding, ["when_closed"])
    answer = await offers.trigger("offers", to="jane@example.com", context=CONTEXT)
    assert answer.recipients[0].messages[0].exclusion_reason is ExclusionReason.QUIET_HOURS
    message = await offers.messages.get(answer.recipients[0].messages[0].message)
    assert message.exclusion is not None
    assert message.exclusion.cause == "sendingPolicies/default"


async def test_nothing_waits_once_the_policy_is_gone(offers: AsyncClient, sink: SmtpSink) -> None:
    await offers.sending_policies.create(POLICY)
    await offers.sending_policies.delete("default")
    await offers.trigger("offers", to="jane@example.com", context=CONTEXT)
    await sink.wait_for(1)
