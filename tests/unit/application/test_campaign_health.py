"""Tests what is known to be wrong with campaigns in use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest
import trustme
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.channels.seen_certificate import SeenCertificate
from clarion_server.domain.content import Provider
from clarion_server.domain.content.email import Mailbox, SmtpProvider
from clarion_server.domain.content.webhook import WebhookProvider
from clarion_server.domain.events.campaign_health import HealthCode, HealthProblem
from clarion_server.domain.instant import DAY, SECOND, Instant
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, Failure, FailureReason
from clarion_server.domain.messages.message import Message, MessageState

from tests.contract.store import samples
from tests.unit.application.running import Process, recipient, states, until
from tests.unit.application.world import AUTHOR, World


async def problems(world: World) -> Sequence[HealthProblem] | None:
    campaign = await world.get()
    return (await world.health.of([campaign], AUTHOR.visibility)).get(campaign.key)


async def codes(world: World) -> list[HealthCode]:
    found = await problems(world)
    assert found is not None
    return [problem.code for problem in found]


async def queue(world: World, count: int, attempt_count: int) -> list[Message]:
    """Adds queued messages of the campaign, each tried so often."""
    campaign = await world.get()
    (channel,) = await world.channels.page(None, 1, AUTHOR)
    made: list[Message] = [
        samples.message(
            campaign.key, channel.key, sandbox=AUTHOR.sandbox, attempt_count=attempt_count, owner=None, version=1
        )
        for _ in range(count)
    ]
    await world.transactions.write(lambda unit: unit.messages.add_all(made))
    return made


async def test_a_campaign_that_works_has_no_problems(world: World) -> None:
    await world.live()
    await queue(world, 3, attempt_count=2)
    assert await codes(world) == []


async def test_only_campaigns_in_use_have_health(world: World) -> None:
    await world.live()
    await world.life_cycle.stop("order-confirmed", QueueDisposal.DRAIN, "", AUTHOR)
    assert await problems(world) is None


async def test_a_disabled_channel_configuration_is_a_problem(world: World) -> None:
    await world.live()
    await world.transactions.write(
        lambda unit: unit.channels.save(
            replace(unit.channels.page(AUTHOR.visibility, None, 1)[0], disabled=True, revision=2)
        )
    )
    found = await problems(world)
    assert found is not None
    assert [(each.code, each.channel_configuration) for each in found] == [
        (HealthCode.CHANNEL_CONFIGURATION_DISABLED, "channelConfigurations/orders")
    ]


async def test_messages_that_wait_after_three_attempts_are_a_problem(world: World) -> None:
    await world.live()
    await queue(world, 2, attempt_count=3)
    found = await problems(world)
    assert found is not None
    assert [each.code for each in found] == [HealthCode.ATTEMPTS_FAILING]
    assert found[0].message.startswith("A message waits after 3 attempts")


async def test_the_problem_says_why_the_last_attempt_failed_and_not_in_the_words_of_the_provider(world: World) -> None:
    await world.live()
    (waiting,) = await queue(world, 1, attempt_count=3)
    failure = Failure(FailureReason.THROTTLED, "421 4.7.0", "jane@example.com gets too many mails")
    attempt = Attempt(3, world.clock.now(), world.clock.now(), AttemptResult.DEFERRED, failure)
    event = samples.event(waiting, MessageState.QUEUED, detail=attempt)
    await world.transactions.write(lambda unit: unit.events.add_all([event]))
    found = await problems(world)
    assert found is not None
    assert found[0].message.startswith(
        "A message waits after 3 attempts. The last one failed with THROTTLED (421 4.7.0). The next one is due at "
    )
    assert "jane" not in found[0].message


def certificate(world: World, ends_in: Instant) -> str:
    ends = dt.datetime.fromtimestamp((world.clock.now() + ends_in) / SECOND, dt.UTC)
    return trustme.CA().issue_cert("client.example", not_after=ends).cert_chain_pems[0].bytes().decode()


@pytest.mark.parametrize(
    "provider",
    [WebhookProvider("https://a.example"), SmtpProvider("a.example", 587, Mailbox("shop@example.com"))],
    ids=["webhook", "smtp"],
)
async def test_a_client_certificate_is_a_problem_two_weeks_before_its_end(world: World, provider: Provider) -> None:
    await world.live()

    async def with_certificate(ends_in: Instant) -> list[HealthCode]:
        shown = replace(provider, client_certificate=certificate(world, ends_in))
        await world.transactions.write(
            lambda unit: unit.channels.save(
                replace(
                    (stored := unit.channels.page(AUTHOR.visibility, None, 1)[0]),
                    provider=shown,
                    revision=stored.revision + 1,
                )
            )
        )
        return await codes(world)

    assert await with_certificate(15 * DAY) == []
    assert await with_certificate(13 * DAY) == [HealthCode.CERTIFICATE_EXPIRING]
    assert await with_certificate(-DAY) == [HealthCode.CERTIFICATE_EXPIRING]


async def test_the_certificate_that_a_server_showed_last_is_a_problem_two_weeks_before_its_end(world: World) -> None:
    await world.live()
    process = Process(world)
    async with process.sending():
        await process.trigger(recipient())
        await until(lambda: states(world) == [MessageState.SENT])
        shown = process.provider.channels[0]
        for ends_in, expected in ((15 * DAY, []), (13 * DAY, [HealthCode.CERTIFICATE_EXPIRING])):
            shown.server_certificate_end = world.clock.now() + ends_in
            await process.heartbeat.beat()
            assert await codes(world) == expected
    found = await problems(world)
    assert found is not None
    assert "that the server of channelConfigurations/orders showed last expires at" in found[0].message


async def test_a_certificate_that_another_process_has_seen_since_stays(world: World) -> None:
    await world.live()
    process, end = Process(world), world.clock.now() + 90 * DAY
    async with process.sending():
        process.provider.channels[0].server_certificate_end = world.clock.now() + DAY
        await process.heartbeat.beat()
        with world.store.begin() as unit:
            unit.channels.save_certificates({1: SeenCertificate(1, end)})
            unit.commit()
        await process.heartbeat.beat()
    assert world.see(lambda unit: unit.channels.certificate_ends([1])) == {1: end}


async def test_messages_of_other_campaigns_that_fail_on_its_channel_configuration_are_a_problem(world: World) -> None:
    await world.live()
    await queue(world, 1, attempt_count=3)
    await world.live("reset")
    campaign = await world.get("reset")
    (found,) = (await world.health.of([campaign], AUTHOR.visibility))[campaign.key]
    assert (found.code, found.channel_configuration) == (
        HealthCode.CHANNEL_CONFIGURATION_FAILING,
        "channelConfigurations/orders",
    )
    assert found.message.startswith("A message of another campaign on channelConfigurations/orders waits after 3")
