"""Consents over the wire, from a choice to the mails that are not sent."""

from __future__ import annotations

import asyncio

import pytest
from clarion_client import (
    AsyncClient,
    Category,
    ConsentChange,
    ConsentChoice,
    ConsentSettings,
    ConsentSource,
    EventType,
    ExclusionPhase,
    ExclusionReason,
    MessageState,
    NotFoundError,
    PermissionDeniedError,
    RecipientOutcome,
    Scope,
    Silence,
    Topic,
)

from tests.campaigns import CONTEXT, set_up
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink
from tests.waiting import soon, until

JANE = "jane@example.com"


def change(choice: ConsentChoice, topic: str = "news") -> ConsentChange:
    return ConsentChange(topic=topic, choice=choice, source=ConsentSource.PREFERENCE_PAGE)


@pytest.fixture
async def news(sandbox: Sandbox, sink: SmtpSink) -> AsyncClient:
    """Returns a client of a sandbox with the live marketing campaign `news` about the topic `news`."""
    await sandbox.client.topics.create(Topic(name="news", display_name="News"))
    await set_up(sandbox.client, "news", sink.port, category=Category.MARKETING, topic="news")
    return sandbox.client


async def test_marketing_goes_to_whoever_granted_it_and_stops_when_they_leave(
    news: AsyncClient, sink: SmtpSink
) -> None:
    silent = await news.trigger("news", to=JANE, context=CONTEXT)
    assert silent.recipients[0].messages[0].exclusion_reason is ExclusionReason.NO_CONSENT
    granted = await news.consents.set(JANE, [change(ConsentChoice.GRANTED)])
    sent = await news.trigger("news", to=JANE, context=CONTEXT)
    await sink.wait_for(1)
    message = await news.messages.get(sent.recipients[0].messages[0].message)
    assert message.consent_change == granted.changes[0].name
    denied = await news.consents.set(JANE, [change(ConsentChoice.DENIED)])
    stopped = await news.trigger("news", to=JANE, context=CONTEXT)
    message = await news.messages.get(stopped.recipients[0].messages[0].message)
    assert message.exclusion is not None
    assert message.exclusion.cause == message.consent_change == denied.changes[0].name
    report = await news.reports.get("news")
    assert report.excluded_counts == {"NO_CONSENT": 2}


async def test_a_message_for_later_is_stopped_by_an_opt_out_that_comes_before(
    news: AsyncClient, sink: SmtpSink
) -> None:
    await news.consents.set(JANE, [change(ConsentChoice.GRANTED)])
    await news.consents.set("joe@example.com", [change(ConsentChoice.GRANTED)])
    send_time = await soon(news, calls=3)
    answer = await news.trigger("news", to=JANE, context=CONTEXT, send_time=send_time)
    await news.trigger("news", to="joe@example.com", context=CONTEXT, send_time=send_time)
    denied = await news.consents.set(JANE, [change(ConsentChoice.DENIED)])
    await sink.wait_for(1)
    name = answer.recipients[0].messages[0].message

    async def is_excluded() -> bool:
        return (await news.messages.get(name)).state is MessageState.EXCLUDED

    await until(is_excluded)
    message = await news.messages.get(name)
    assert message.exclusion is not None
    assert (message.exclusion.phase, message.exclusion.cause) == (ExclusionPhase.HAND_OFF, denied.changes[0].name)


async def test_a_sandbox_may_send_to_people_who_made_no_choice(news: AsyncClient, sink: SmtpSink) -> None:
    read = await news.consents.settings()
    settings = ConsentSettings(silence=Silence.SEND_UNLESS_DENIED, etag=read.etag)
    await news.consents.update_settings(settings)
    answer = await news.trigger("news", to=JANE, context=CONTEXT)
    assert answer.recipients[0].outcome is RecipientOutcome.ACCEPTED
    await sink.wait_for(1)


async def test_watchers_see_what_changed_and_not_whose_address_it_was(news: AsyncClient) -> None:
    stored = await news.consents.set(JANE, [change(ConsentChoice.DENIED)])
    async with asyncio.timeout(120), news.messages.watch(from_start=True) as watch:
        event = await anext(watch)
    assert (event.type, event.subject) == (EventType.CONSENT_CHANGED, stored.profile)
    assert event.consent_change is not None
    assert (event.consent_change.name, event.consent_change.topic) == (stored.changes[0].name, "topics/news")
    assert JANE not in str(event)


async def test_choices_and_settings_are_of_their_sandbox(news: AsyncClient, other_sandbox: Sandbox) -> None:
    stored = await news.consents.set(JANE, [change(ConsentChoice.DENIED)])
    stranger = other_sandbox.client
    assert (await stranger.consents.get(JANE)).consents == ()
    with pytest.raises(NotFoundError):
        await stranger.consents.get(stored.profile)
    with pytest.raises(NotFoundError):
        await stranger.consents.set(stored.profile, [change(ConsentChoice.GRANTED, topic="")])


async def test_only_an_administrator_changes_what_silence_means(sandbox: Sandbox) -> None:
    key = await sandbox.new_key(Scope.AUTHOR, Scope.TRIGGER, Scope.READ)
    async with AsyncClient(sandbox.service.target, api_key=key) as client:
        assert (await client.consents.settings()).silence is Silence.SEND_ONLY_IF_GRANTED
        with pytest.raises(PermissionDeniedError):
            await client.consents.update_settings(ConsentSettings(silence=Silence.SEND_UNLESS_DENIED))
