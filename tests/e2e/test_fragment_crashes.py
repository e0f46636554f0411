"""Tests a service that is killed between publishing a fragment and rolling it out, and while it rolls it out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from clarion_client import Action, AsyncClient, ClarionError, EmailContent, Fragment, RepinOutcome

from tests.campaigns import CONTEXT, campaign, channel
from tests.process import ServiceProcess
from tests.smtp_sink import ReceivedMail, SmtpSink

NAMES = [f"shop-{number}" for number in range(12)]
#: Holds the places of the campaigns after whose roll-out the service is killed.
KILLED_AFTER = (0, 4, 8)


async def set_up(client: AsyncClient, port: int) -> None:
    """Makes campaigns live that have the first of two versions of a footer."""
    await client.channels.create(channel("shop", port))
    await publish(client, "one")
    content = EmailContent(subject="Hi", html="{% include 'fragments/footer' %}")
    for name in NAMES:
        actions = [Action(channel_configuration="shop", email=content)]
        await client.campaigns.create(campaign(name, "shop", actions=actions))
        await client.campaigns.activate(name)
    await publish(client, "two")


async def publish(client: AsyncClient, text: str) -> None:
    footer = Fragment(name="footer", source=f"<p>{text}</p>")
    with suppress(ClarionError):
        await client.fragments.create(footer)
    await client.fragments.update(footer, ["source"])
    await client.fragments.publish("footer")


async def sent(client: AsyncClient, sink: SmtpSink) -> dict[str, str]:
    """Returns what each campaign sends now."""
    # What was sent before a kill may come again.
    mark = len(sink.mails)
    wanted = {f"{name}-{mark}@example.com": name for name in NAMES}
    for address, name in wanted.items():
        await client.trigger(name, to=address, context=CONTEXT)
    count = mark
    while True:
        found = {wanted[mail.parsed["To"]]: html_of(mail) for mail in sink.mails if mail.parsed["To"] in wanted}
        if len(found) == len(NAMES):
            return found
        count = max(count, len(sink.mails)) + 1
        await sink.wait_for(count)


def html_of(mail: ReceivedMail) -> str:
    body = mail.parsed.get_body(("html",))
    assert body is not None
    return str(body.get_content()).strip()


async def rolled_out(client: AsyncClient, name: str) -> None:
    """Returns when a campaign has its second version."""
    async with asyncio.timeout(60):
        while (await client.campaigns.get(name)).live_version < 2:
            continue


@pytest.mark.timeout(600)
async def test_a_kill_between_publishing_and_rolling_out_changes_nothing_that_is_live(tmp_path: Path) -> None:
    async with (
        SmtpSink() as sink,
        ServiceProcess(tmp_path) as service,
        AsyncClient(service.target, api_key=service.admin_key) as client,
    ):
        await set_up(client, sink.port)
        await service.kill()
        await service.start()
        assert (await client.fragments.get("footer")).published_version == 2
        assert set((await sent(client, sink)).values()) == {"<p>one</p>"}

        for last in KILLED_AFTER:
            rolling_out = asyncio.create_task(client.fragments.repin("footer", NAMES))
            await rolled_out(client, NAMES[last])
            await service.kill()
            rolling_out.cancel()
            with suppress(asyncio.CancelledError, ClarionError):
                await rolling_out
            await service.start()
            # Each campaign has either version, whole.
            shown = await sent(client, sink)
            for name in NAMES:
                live = (await client.campaigns.get(name)).live_version
                assert (live, shown[name]) in {(1, "<p>one</p>"), (2, "<p>two</p>")}
        repins = (await client.fragments.repin("footer", NAMES)).repins
        assert {repin.outcome for repin in repins} <= {RepinOutcome.REPINNED, RepinOutcome.UNCHANGED}
        assert {repin.campaign_version for repin in repins} == {2}
        assert set((await sent(client, sink)).values()) == {"<p>two</p>"}
