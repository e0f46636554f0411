"""Versions of fragments on their way into the mails of live campaigns."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from clarion.v1.fragment_repin_pb2 import RepinFragmentRequest
from clarion_client import (
    Action,
    AsyncClient,
    EmailContent,
    Fragment,
    FragmentRepin,
    RepinOutcome,
    Scope,
)

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.wire.calls import Wire
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink

PATH = "/clarion.v1.FragmentService/RepinFragment"
CONTENT = EmailContent(subject="Order", html='<p>Thanks</p>{% include "fragments/footer" %}')


async def publish(client: AsyncClient, source: str) -> None:
    await client.fragments.update(Fragment(name="footer", source=source), ["source"])
    await client.fragments.publish("footer")


@pytest.fixture
async def orders(sandbox: Sandbox, sink: SmtpSink) -> AsyncClient:
    """Returns a client of a sandbox with a live campaign that has the first version of a footer."""
    client = sandbox.client
    await client.fragments.create(Fragment(name="footer", source="<p>one</p>"))
    await client.fragments.publish("footer")
    await client.channels.create(channel("orders", sink.port))
    await client.campaigns.create(
        campaign("orders", "orders", actions=[Action(channel_configuration="orders", email=CONTENT)])
    )
    await client.campaigns.activate("orders")
    return client


async def footers(sink: SmtpSink, count: int) -> dict[str, str]:
    """Returns what the mails end with, by their addresses."""
    found: dict[str, str] = {}
    for mail in await sink.wait_for(count):
        body: Any = mail.parsed.get_body(("html",))
        found[mail.parsed["To"]] = body.get_content().strip().removeprefix("<p>Thanks</p>")
    return found


async def test_a_message_has_the_fragment_of_the_version_that_it_was_accepted_with(
    orders: AsyncClient, sink: SmtpSink
) -> None:
    port = sink.port
    # What is accepted while no server listens is rendered and sent later.
    await sink.stop()
    await orders.trigger("orders", to="before@example.com", context=CONTEXT)
    await publish(orders, "<p>two</p>")
    await orders.trigger("orders", to="after@example.com", context=CONTEXT)
    codes = [finding.code for finding in await findings(orders)]
    assert codes == ["FRAGMENT_OUTDATED"]
    assert (await orders.fragments.repin("footer", ["orders"])).repins[0].outcome is RepinOutcome.REPINNED
    await orders.trigger("orders", to="repinned@example.com", context=CONTEXT)
    await sink.start(port)
    assert await footers(sink, 3) == {
        "before@example.com": "<p>one</p>",
        "after@example.com": "<p>one</p>",
        "repinned@example.com": "<p>two</p>",
    }
    assert not await findings(orders)
    await orders.campaigns.activate("orders", version=1)
    await orders.trigger("orders", to="back@example.com", context=CONTEXT)
    assert (await footers(sink, 4))["back@example.com"] == "<p>one</p>"


async def findings(client: AsyncClient) -> list[Any]:
    review = await client.campaigns.review("orders")
    return [*review.findings]


async def test_each_campaign_has_one_answer_and_the_dry_run_has_the_same(
    orders: AsyncClient, other_sandbox: Sandbox
) -> None:
    await publish(orders, "<p>two</p>")
    await other_sandbox.client.campaigns.create(campaign("foreign", "orders"))
    named = ["orders", "foreign"]
    expected = [
        FragmentRepin(campaign="campaigns/orders", outcome=RepinOutcome.REPINNED, from_version=1, campaign_version=2),
        FragmentRepin(campaign="campaigns/foreign", outcome=RepinOutcome.NOT_FOUND),
    ]
    dry = await orders.fragments.repin("footer", named, validate_only=True)
    assert (await orders.campaigns.get("orders")).live_version == 1
    for roll_out in (dry, await orders.fragments.repin("footer", named)):
        assert (roll_out.to_version, list(roll_out.repins)) == (2, expected)
    version = await orders.campaigns.version("orders", 2)
    assert list(version.fragments) == ["fragments/footer@2"]


async def test_whoever_may_not_activate_may_not_roll_out(sandbox: Sandbox, orders: AsyncClient) -> None:
    request = RepinFragmentRequest(fragment="fragments/footer", campaigns=["campaigns/orders"])
    async with Wire(sandbox.service.target, await sandbox.new_key(Scope.AUTHOR, Scope.READ)) as author:
        assert (await author.refuse(PATH, request)).code is grpc.StatusCode.PERMISSION_DENIED
    async with Wire(sandbox.service.target, await sandbox.new_key(Scope.APPROVE)) as approver:
        assert len((await approver.send(PATH, request)).repins) == 1


async def test_everything_that_is_wrong_with_a_roll_out_is_told_at_once(sandbox: Sandbox) -> None:
    request = RepinFragmentRequest(fragment="footer", to_version=-1, campaigns=["campaigns/a", "b", "campaigns/a"])
    failure = await sandbox.wire.refuse(PATH, request)
    assert failure.violations == (
        ("fragment", "MALFORMED"),
        ("campaigns[1]", "MALFORMED"),
        ("campaigns[2]", "DUPLICATE"),
        ("to_version", "UNKNOWN_VALUE"),
    )
