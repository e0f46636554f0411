"""Channel configurations: made, changed, verified, deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.channels.email.smtp.channel import SmtpEmailChannel
from clarion_server.application.channels.configurations import (
    ChannelSettings,
    CreateChannelConfiguration,
    ManageChannelConfigurations,
    UpdateChannelConfiguration,
)
from clarion_server.application.ports.queries import QueuedEnd
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.content.email import Mailbox, TlsMode
from clarion_server.domain.content.webhook import WebhookProvider
from clarion_server.domain.errors import (
    ChannelConfigurationInUse,
    EtagMismatch,
    InvalidFields,
    ResourceExists,
    ResourceNotFound,
)
from clarion_server.domain.instant import HOUR
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.violation import Violation

from tests.contract.store import samples
from tests.outbound import SIGNING_SECRET
from tests.smtp_sink import SmtpSink
from tests.unit.application.world import AUTHOR, CHANNEL, EMAIL, SMTP, STRANGER, World

CERTIFICATE = "-----BEGIN CERTIFICATE-----"
KEY = "-----BEGIN PRIVATE KEY-----"


async def update(world: World, etag: str = "", **changes: Any) -> ChannelConfiguration:
    settings = ChannelSettings(replace(CHANNEL, **changes))
    names = {settings.configuration.provider.field if name == "provider" else name for name in changes}
    return await world.channels.update(UpdateChannelConfiguration("orders", settings, frozenset(names), etag), AUTHOR)


def fields_of(error: pytest.ExceptionInfo[InvalidFields]) -> list[str]:
    return [violation.field for violation in error.value.violations]


async def test_a_new_channel_configuration_is_stored_and_announced(world: World) -> None:
    created = await world.channel()
    assert created == await world.channels.get("orders", AUTHOR)
    assert (created.name, created.sandbox) == ("channelConfigurations/orders", AUTHOR.sandbox)
    assert created.create_time == created.update_time == world.clock.now()
    assert world.announced_channels == [created]


async def test_a_name_is_taken_once_in_a_sandbox(world: World) -> None:
    await world.channel()
    with pytest.raises(ResourceExists) as refused:
        await world.channel()
    assert refused.value.resource == "channelConfigurations/orders"
    await world.channels.create(CreateChannelConfiguration("orders", ChannelSettings(CHANNEL)), STRANGER)


async def test_everything_wrong_with_a_new_one_is_reported_by_paths_in_the_request(world: World) -> None:
    unread = Violation("smtp", "REQUIRED", "Must be given.")
    broken = ChannelSettings(replace(CHANNEL, max_rate=-1.0, provider=replace(SMTP, host="")), (unread,))
    with pytest.raises(InvalidFields) as refused:
        await world.channels.create(CreateChannelConfiguration("Orders", broken), AUTHOR)
    assert fields_of(refused) == [
        "channel_configuration_id",
        "channel_configuration.smtp",
        "channel_configuration.max_rate",
    ]


async def test_a_channel_configuration_of_another_sandbox_is_not_there(world: World) -> None:
    await world.channel()
    with pytest.raises(ResourceNotFound):
        await world.channels.get("orders", STRANGER)
    assert await world.channels.page(None, 10, STRANGER) == []


async def test_pages_go_by_id(world: World) -> None:
    for configuration_id in ("c", "a", "b"):
        await world.channel(configuration_id)
    first = await world.channels.page(None, 2, AUTHOR)
    second = await world.channels.page("b", 2, AUTHOR)
    assert [each.id for each in first + second] == ["a", "b", "c"]


async def test_an_update_changes_the_named_fields_alone(world: World) -> None:
    before = await world.channel(max_rate=5.0)
    world.clock.advance(HOUR)
    after = await update(world, max_concurrency=3, disabled=True)
    assert after == await world.channels.get("orders", AUTHOR)
    assert (after.max_concurrency, after.disabled, after.max_rate) == (3, True, 5.0)
    assert (after.key, after.create_time, after.update_time) == (
        before.key,
        before.create_time,
        before.create_time + HOUR,
    )
    assert world.announced_channels == [before, after]


async def test_an_update_from_an_outdated_reading_is_refused(world: World) -> None:
    read = await world.channel()
    await update(world, etag=read.etag, display_name="First")
    with pytest.raises(EtagMismatch):
        await update(world, etag=read.etag, display_name="Second")


async def test_an_update_that_breaks_a_rule_changes_nothing(world: World) -> None:
    before = await world.channel()
    with pytest.raises(InvalidFields) as refused:
        await update(world, max_concurrency=0, display_name="")
    assert sorted(fields_of(refused)) == ["channel_configuration.display_name", "channel_configuration.max_concurrency"]
    assert await world.channels.get("orders", AUTHOR) == before


async def test_violations_count_for_the_named_fields_alone(world: World) -> None:
    await world.channel()
    settings = ChannelSettings(CHANNEL, (Violation("smtp", "REQUIRED", "Must be given."),))
    command = UpdateChannelConfiguration("orders", settings, frozenset({"disabled"}))
    await world.channels.update(command, AUTHOR)
    with pytest.raises(InvalidFields) as refused:
        await world.channels.update(replace(command, changed_fields=frozenset({"smtp"})), AUTHOR)
    assert fields_of(refused) == ["channel_configuration.smtp"]


async def test_a_password_that_is_left_empty_stays_as_long_as_its_user(world: World) -> None:
    await world.channel(provider=replace(SMTP, username="shop", password="swordfish"))
    kept = await update(world, provider=replace(SMTP, username="shop", port=465))
    assert kept.provider == replace(SMTP, username="shop", port=465, password="swordfish")
    with pytest.raises(InvalidFields) as refused:
        await update(world, provider=replace(SMTP, username="other"))
    assert fields_of(refused) == ["channel_configuration.smtp.password"]
    gone = await update(world, provider=SMTP)
    assert gone.provider == SMTP


async def test_the_kind_of_the_provider_cannot_change(world: World) -> None:
    before = await world.channel(provider=replace(SMTP, username="shop", password="swordfish"))
    with pytest.raises(InvalidFields) as refused:
        await update(world, provider=WebhookProvider("https://shop.example/hook"), max_rate=-1.0)
    assert [(each.field, each.reason) for each in refused.value.violations] == [
        ("channel_configuration.webhook", "IMMUTABLE"),
        ("channel_configuration.max_rate", "OUT_OF_RANGE"),
    ]
    assert await world.channels.get("orders", AUTHOR) == before


async def test_a_provider_that_is_named_must_be_given(world: World) -> None:
    await world.channel()
    command = UpdateChannelConfiguration("orders", ChannelSettings(CHANNEL), frozenset({"webhook"}))
    with pytest.raises(InvalidFields) as refused:
        await world.channels.update(command, AUTHOR)
    assert fields_of(refused) == ["channel_configuration.webhook"]


async def test_the_secrets_of_a_webhook_are_kept_each_as_long_as_what_it_is_bound_to(world: World) -> None:
    stored = WebhookProvider(
        "https://shop.example/hook", secret=SIGNING_SECRET, client_certificate=CERTIFICATE, client_key=KEY
    )
    await world.channel(provider=stored)
    moved = await update(world, provider=replace(stored, url="https://shop.example/new", secret="", client_key=""))
    assert moved.provider == replace(stored, url="https://shop.example/new")
    with pytest.raises(InvalidFields) as refused:
        await update(world, provider=replace(stored, client_certificate=CERTIFICATE + "\n", client_key=""))
    assert fields_of(refused) == ["channel_configuration.webhook.client_key"]


async def test_stored_credentials_do_not_go_without_tls_to_another_machine(world: World) -> None:
    await world.channel(provider=replace(SMTP, username="shop", password="swordfish", tls_mode=TlsMode.NONE))
    with pytest.raises(InvalidFields) as refused:
        await update(world, provider=replace(SMTP, username="shop", tls_mode=TlsMode.NONE, host="smtp.example.com"))
    assert fields_of(refused) == ["channel_configuration.smtp.tls_mode"]


async def test_a_channel_configuration_that_a_live_campaign_uses_stays(world: World) -> None:
    await world.live()
    with pytest.raises(ChannelConfigurationInUse) as refused:
        await world.channels.delete("orders", "", AUTHOR)
    assert refused.value.user == "campaigns/order-confirmed"
    await world.life_cycle.stop("order-confirmed", QueueDisposal.DRAIN, "", AUTHOR)
    await world.channels.delete("orders", "", AUTHOR)
    with pytest.raises(ResourceNotFound):
        await world.channels.get("orders", AUTHOR)


async def test_a_channel_configuration_that_messages_wait_for_stays(world: World) -> None:
    channel = await world.channel()
    campaign = await world.draft()
    message = samples.message(campaign.key, channel.key)

    def enqueue(unit: UnitOfWork) -> None:
        unit.executions.add_all([samples.execution(campaign.key, id=message.execution_id)])
        unit.messages.add_all([message])

    def end(unit: UnitOfWork) -> None:
        unit.messages.end_queued([QueuedEnd(message, MessageState.CANCELLED)], world.clock.now())

    await world.transactions.write(enqueue)
    with pytest.raises(ChannelConfigurationInUse):
        await world.channels.delete("orders", "", AUTHOR)
    await world.transactions.write(end)
    await world.channels.delete("orders", "", AUTHOR)


async def test_a_channel_configuration_that_a_message_may_fall_back_to_stays(world: World) -> None:
    first, _ = await world.channel("first"), await world.channel("second")
    actions = (Action("first", "first", EMAIL), Action("second", "second", EMAIL))
    campaign = await world.live(actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    message = samples.message(campaign.key, first.key, version=1, fallbacks=samples.fallbacks("jane@example.com"))

    def enqueue(unit: UnitOfWork) -> None:
        unit.executions.add_all([samples.execution(campaign.key, id=message.execution_id)])
        unit.messages.add_all([message])

    await world.transactions.write(enqueue)
    await world.life_cycle.stop(campaign.id, QueueDisposal.DRAIN, "", AUTHOR)
    with pytest.raises(ChannelConfigurationInUse, match="when its first action fails"):
        await world.channels.delete("second", "", AUTHOR)
    await world.transactions.write(lambda unit: unit.messages.drop_fallback(message.id))
    await world.channels.delete("second", "", AUTHOR)


async def test_a_deletion_from_an_outdated_reading_is_refused(world: World) -> None:
    read = await world.channel()
    await update(world, display_name="New")
    with pytest.raises(EtagMismatch):
        await world.channels.delete("orders", read.etag, AUTHOR)


async def test_verification_goes_through_the_steps_of_a_hand_off(world: World) -> None:
    async with SmtpSink() as sink:
        smtp = replace(SMTP, host=sink.host, port=sink.port, tls_mode=TlsMode.NONE)
        await world.channel(provider=smtp)
        steps = await world.channels.verify("orders", AUTHOR)
    assert [(step.name, step.passed) for step in steps] == [("connect", True), ("ehlo", True)]
    assert sink.mails == []


async def test_verification_of_a_server_that_is_away_says_so(world: World) -> None:
    async with SmtpSink() as sink:
        smtp = replace(SMTP, host=sink.host, port=sink.port, tls_mode=TlsMode.NONE, sender=Mailbox("a@example.com"))
    await world.channel(provider=smtp)
    steps = await world.channels.verify("orders", AUTHOR)
    assert [(step.name, step.passed) for step in steps] == [("connect", False)]
    with pytest.raises(ResourceNotFound):
        await world.channels.verify("orders", STRANGER)


async def test_a_channel_that_was_opened_to_verify_is_closed_again(world: World) -> None:
    open_channels = 0

    class CountedChannel(SmtpEmailChannel):
        def __init__(self, configuration: ChannelConfiguration) -> None:
            super().__init__(configuration)
            nonlocal open_channels
            open_channels += 1

        async def close(self) -> None:
            await super().close()
            nonlocal open_channels
            open_channels -= 1

    announce = world.announced_channels.append
    manage = ManageChannelConfigurations(world.transactions, world.clock, CountedChannel, announce)
    async with SmtpSink() as sink:
        await world.channel(provider=replace(SMTP, host=sink.host, port=sink.port, tls_mode=TlsMode.NONE))
        await manage.verify("orders", AUTHOR)
    assert open_channels == 0
