"""Tests the rate of a campaign over the wire."""

from __future__ import annotations

import datetime as dt

import pytest
from clarion_client import AsyncClient, Campaign, InvalidRequestError, MessageState, SendingRate, SendingRatePeriod

from tests.campaigns import CONTEXT, set_up
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink
from tests.waiting import until

HOURLY = SendingRate(count=1, period=SendingRatePeriod.HOUR)


async def wait_for(client: AsyncClient, name: str, state: MessageState) -> None:
    async def reached() -> bool:
        return (await client.messages.get(name)).state is state

    await until(reached)


async def test_the_second_message_of_an_hour_waits_until_the_rate_is_raised(sandbox: Sandbox, sink: SmtpSink) -> None:
    client = sandbox.client
    await set_up(client, "orders", sink.port, rate=HOURLY)
    campaign = await client.campaigns.get("orders")
    assert campaign.rate == HOURLY
    names = []
    for person in ("jane", "anna"):
        answer = await client.trigger("orders", to=f"{person}@example.com", context=CONTEXT)
        names.append(answer.recipients[0].messages[0].message)
    await wait_for(client, names[0], MessageState.SENT)

    async def waits_for_its_turn() -> bool:
        message = await client.messages.get(names[1])
        assert message.accept_time is not None
        assert message.due_time is not None
        return message.due_time - message.accept_time > dt.timedelta(minutes=59)

    await until(waits_for_its_turn)
    fast = SendingRate(count=1000, period=SendingRatePeriod.SECOND)
    await client.campaigns.update(Campaign(name="orders", rate=fast), ["rate"])
    await client.campaigns.activate("orders")
    await wait_for(client, names[1], MessageState.SENT)


@pytest.mark.parametrize(
    "rate",
    [
        SendingRate(count=0, period=SendingRatePeriod.HOUR),
        SendingRate(count=1_000_001, period=SendingRatePeriod.HOUR),
        SendingRate(count=100_001, period=SendingRatePeriod.SECOND),
    ],
)
async def test_a_rate_out_of_range_is_refused(sandbox: Sandbox, sink: SmtpSink, rate: SendingRate) -> None:
    await set_up(sandbox.client, "orders", sink.port)
    with pytest.raises(InvalidRequestError) as refused:
        await sandbox.client.campaigns.update(Campaign(name="orders", rate=rate), ["rate"])
    assert [(each.field, each.reason) for each in refused.value.violations] == [("campaign.rate.count", "OUT_OF_RANGE")]
