"""Suppressions over the wire, from their creation to the mails that are not sent."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from clarion_client import (
    AlreadyExistsError,
    AsyncClient,
    Category,
    ConsentSettings,
    EventType,
    ExclusionPhase,
    InvalidRequestError,
    PermissionDeniedError,
    Recipient,
    RecipientOutcome,
    Scope,
    Silence,
    SuppressionReason,
    SuppressionScope,
)

from tests.campaigns import CONTEXT, set_up
from tests.e2e.wire.conftest import NewService, Sandbox
from tests.smtp_sink import SmtpSink
from tests.waiting import soon, until


async def test_an_address_is_suppressed_whatever_its_letters_and_others_get_their_mail(
    orders: AsyncClient, sink: SmtpSink
) -> None:
    suppression = await orders.suppressions.create("Jane@Example.com")
    addresses = ("jane@EXAMPLE.COM", "jane+x@example.com", "joe@example.com")
    answer = await orders.trigger("orders", [Recipient(address, CONTEXT) for address in addresses])
    outcomes = [each.outcome for each in answer.recipients]
    assert outcomes == [RecipientOutcome.EXCLUDED, RecipientOutcome.ACCEPTED, RecipientOutcome.ACCEPTED]
    await sink.wait_for(2)
    message = await orders.messages.get(answer.recipients[0].messages[0].message)
    assert message.exclusion is not None
    assert (message.exclusion.phase, message.exclusion.cause) == (ExclusionPhase.ACCEPT, suppression.name)


async def test_a_message_for_later_is_stopped_by_a_suppression_that_comes_before(
    orders: AsyncClient, sink: SmtpSink
) -> None:
    send_time = await soon(orders, calls=2)
    to = [Recipient(f"{name}@example.com", CONTEXT) for name in ("jane", "joe")]
    answer = await orders.trigger("orders", to, send_time=send_time)
    suppression = await orders.suppressions.create("jane@example.com")
    await sink.wait_for(1)
    name = answer.recipients[0].messages[0].message

    async def have_ended() -> bool:
        return (await orders.reports.get("orders")).queued_count == 0

    await until(have_ended)
    message = await orders.messages.get(name)
    assert message.exclusion is not None
    assert (message.exclusion.phase, message.exclusion.cause) == (ExclusionPhase.HAND_OFF, suppression.name)
    assert [event.type for event in message.events] == [EventType.EXCLUDED]
    report = await orders.reports.get("orders")
    assert report.excluded_counts == report.hand_off_excluded_counts == {"SUPPRESSED": 1}
    assert (report.targeted_count, report.sent_count, report.queued_count) == (2, 1, 0)


async def test_a_suppression_of_marketing_lets_service_mails_pass(sandbox: Sandbox, sink: SmtpSink) -> None:
    client = sandbox.client
    await set_up(client, "orders", sink.port)
    await set_up(client, "news", sink.port, category=Category.MARKETING)
    await client.consents.update_settings(ConsentSettings(silence=Silence.SEND_UNLESS_DENIED))
    await client.suppressions.create("example.com", scope=SuppressionScope.MARKETING)
    news = await client.trigger("news", to="jane@example.com", context=CONTEXT)
    assert news.recipients[0].outcome is RecipientOutcome.EXCLUDED
    order = await client.trigger("orders", to="jane@example.com", context=CONTEXT)
    assert order.recipients[0].outcome is RecipientOutcome.ACCEPTED
    checked = await client.suppressions.check("jane@example.com")
    assert checked.excluded_categories == (Category.MARKETING,)


async def test_one_reason_goes_and_the_other_still_holds(orders: AsyncClient) -> None:
    bounced = await orders.suppressions.create("jane@example.com", reason=SuppressionReason.HARD_BOUNCE)
    decided = await orders.suppressions.create("jane@example.com", reason=SuppressionReason.MANUAL)
    with pytest.raises(AlreadyExistsError) as refused:
        await orders.suppressions.create("JANE@example.com", reason=SuppressionReason.MANUAL)
    assert refused.value.metadata["resource"] == decided.name
    await orders.suppressions.delete(decided.name)
    assert (await orders.suppressions.check("jane@example.com")).suppressions == (bounced,)
    answer = await orders.trigger("orders", to="jane@example.com", context=CONTEXT)
    assert answer.recipients[0].outcome is RecipientOutcome.EXCLUDED


async def test_magic_recipients_are_never_suppressed(orders: AsyncClient) -> None:
    for target in ("bounce@clarion.test", "clarion.test"):
        with pytest.raises(InvalidRequestError):
            await orders.suppressions.create(target)
    answer = await orders.trigger("orders", to="sent@clarion.test", context=CONTEXT)
    assert answer.recipients[0].outcome is RecipientOutcome.ACCEPTED


async def test_all_violations_of_a_suppression_are_listed_without_the_address(sandbox: Sandbox) -> None:
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    with pytest.raises(InvalidRequestError) as refused:
        await sandbox.client.suppressions.create("jane@nowhere@example.com", expire_time=past)
    found = [(each.field, each.reason) for each in refused.value.violations]
    assert found == [("suppression.address", "MALFORMED"), ("suppression.expire_time", "OUT_OF_RANGE")]
    assert "nowhere" not in str(refused.value)


async def test_who_may_trigger_may_suppress_and_an_administrator_alone_releases(sandbox: Sandbox) -> None:
    key = await sandbox.new_key(Scope.TRIGGER)
    async with AsyncClient(sandbox.service.target, api_key=key) as caller:
        suppression = await caller.suppressions.create("jane@example.com")
        with pytest.raises(PermissionDeniedError):
            await caller.suppressions.delete(suppression.name)
        with pytest.raises(PermissionDeniedError):
            await caller.suppressions.check("jane@example.com")
    await sandbox.client.suppressions.delete(suppression.name)


async def test_a_change_of_a_suppression_is_an_event_that_holds_no_address(sandbox: Sandbox) -> None:
    client = sandbox.client
    suppression = await client.suppressions.create("jane@example.com", scope=SuppressionScope.MARKETING)
    await client.suppressions.delete(suppression.name)
    async with asyncio.timeout(120), client.messages.watch(from_start=True) as watch:
        created, deleted = [await anext(watch) for _ in range(2)]
    assert (created.type, deleted.type) == (EventType.SUPPRESSION_CREATED, EventType.SUPPRESSION_DELETED)
    assert created.suppression_change is not None
    assert created.suppression_change.scope is SuppressionScope.MARKETING
    assert created.suppression_change.actor == suppression.creator
    assert created.subject == deleted.subject == suppression.name
    assert (created.message, created.campaign) == ("", "")
    assert "jane" not in repr((created, deleted))


async def test_the_list_of_the_settings_holds_whatever_the_store_says(new_service: NewService, sink: SmtpSink) -> None:
    async with new_service() as production, AsyncClient(production.target, api_key=production.admin_key) as client:
        await set_up(client, "orders", sink.port)
        # Until the service has been stopped.
        later = await soon(client, calls=3, seconds=5)
        await client.trigger("orders", to="jane@example.com", context=CONTEXT, send_time=later)
        key = production.admin_key
    # The same database, as it is restored for a test.
    async with new_service(allow_list="dev@example.com") as staging, AsyncClient(staging.target, api_key=key) as client:
        to = [Recipient(f"{name}@example.com", CONTEXT) for name in ("jane", "dev")]
        answer = await client.trigger("orders", to)
        assert [each.outcome for each in answer.recipients] == [RecipientOutcome.EXCLUDED, RecipientOutcome.ACCEPTED]

        async def has_ended() -> bool:
            return (await client.reports.get("orders")).queued_count == 0

        await until(has_ended)
        report = await client.reports.get("orders")
    assert report.excluded_counts == {"NOT_ALLOWED": 2}
    assert report.hand_off_excluded_counts == {"NOT_ALLOWED": 1}
    assert sink.counts.total() == 1


async def test_a_list_of_the_settings_that_is_empty_stops_everything(new_service: NewService, sink: SmtpSink) -> None:
    async with new_service(allow_list="") as staging, AsyncClient(staging.target, api_key=staging.admin_key) as client:
        await set_up(client, "orders", sink.port)
        answer = await client.trigger("orders", to="jane@example.com", context=CONTEXT)
        assert answer.recipients[0].outcome is RecipientOutcome.EXCLUDED
