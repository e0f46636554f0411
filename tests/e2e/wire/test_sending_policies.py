"""Sending policies over the wire, from a policy to the messages that it holds back."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from clarion_client import (
    AsyncClient,
    Category,
    Channel,
    ConsentSettings,
    ExclusionReason,
    FrequencyCap,
    FrequencyCapCalendarPeriod,
    InvalidRequestError,
    MessageState,
    RecipientOutcome,
    SendingPolicy,
    SendingPolicyTimeZoneSource,
    SendingPolicyWhenClosed,
    Silence,
    SourcedValue,
    ValueSource,
    WallClockInterval,
    WallClockIntervalDay,
)

from tests.campaigns import CONTEXT, set_up
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink

#: Is a day that is neither today nor tomorrow, whatever the time zone and however long the test takes.
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
    """Returns a client of a sandbox with the live marketing campaign `offers`."""
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
    assert message.time_zone == SourcedValue(value="Asia/Tokyo", source=ValueSource.POLICY)
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


async def test_a_person_gets_as_many_messages_as_the_caps_allow(offers: AsyncClient, sink: SmtpSink) -> None:
    caps = [
        FrequencyCap(count=1, calendar=FrequencyCapCalendarPeriod.MONTH),
        FrequencyCap(count=2, sliding=dt.timedelta(days=2)),
    ]
    created = await offers.sending_policies.create(dataclasses.replace(POLICY, send_windows=[], caps=caps))
    assert [cap.categories for cap in created.caps] == [(Category.MARKETING,)] * 2
    for address in ("jane@example.com", "anna@example.com"):
        await offers.trigger("offers", to=address, context=CONTEXT)
    await sink.wait_for(2)
    answer = await offers.trigger("offers", to="Jane@Example.com", context=CONTEXT)
    assert answer.recipients[0].messages[0].exclusion_reason is ExclusionReason.CAPPED
    message = await offers.messages.get(answer.recipients[0].messages[0].message)
    assert message.exclusion is not None
    assert message.exclusion.cause == "sendingPolicies/default"


async def test_everything_wrong_with_caps_is_reported_by_its_path(offers: AsyncClient) -> None:
    caps = [
        FrequencyCap(count=0, sliding=dt.timedelta(seconds=59)),
        FrequencyCap(count=101),
        FrequencyCap(count=1, calendar=FrequencyCapCalendarPeriod.DAY, topic="News", channels=[Channel.EMAIL] * 2),
        FrequencyCap(count=1, sliding=dt.timedelta(days=93), tag=""),
    ]
    with pytest.raises(InvalidRequestError) as refused:
        await offers.sending_policies.create(dataclasses.replace(POLICY, caps=caps))
    assert sorted((each.field, each.reason) for each in refused.value.violations) == [
        ("sending_policy.caps[0].count", "OUT_OF_RANGE"),
        ("sending_policy.caps[0].sliding", "OUT_OF_RANGE"),
        ("sending_policy.caps[1].count", "OUT_OF_RANGE"),
        ("sending_policy.caps[1].sliding", "REQUIRED"),
        ("sending_policy.caps[2].channels[1]", "DUPLICATE"),
        ("sending_policy.caps[2].topic", "MALFORMED"),
        ("sending_policy.caps[3].sliding", "OUT_OF_RANGE"),
        ("sending_policy.caps[3].tag", "REQUIRED"),
    ]
    with pytest.raises(InvalidRequestError) as refused:
        await offers.sending_policies.create(
            dataclasses.replace(POLICY, caps=[FrequencyCap(count=1, sliding=dt.timedelta(1))] * 6)
        )
    assert [(each.field, each.reason) for each in refused.value.violations] == [("sending_policy.caps", "TOO_MANY")]


async def test_messages_leave_at_the_rate_of_their_policy(offers: AsyncClient, sink: SmtpSink) -> None:
    created = await offers.sending_policies.create(dataclasses.replace(POLICY, send_windows=[], rate=0.01))
    assert created.rate == 0.01
    for address in ("jane@example.com", "anna@example.com"):
        await offers.trigger("offers", to=address, context=CONTEXT)
    await sink.wait_for(1)
    waiting = [each async for each in offers.messages.list(campaign="offers") if each.state is MessageState.QUEUED]
    assert len(waiting) == 1


async def test_a_rate_that_is_no_rate_is_refused(offers: AsyncClient) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await offers.sending_policies.create(dataclasses.replace(POLICY, rate=-1))
    assert [(each.field, each.reason) for each in refused.value.violations] == [("sending_policy.rate", "OUT_OF_RANGE")]
