"""Writes that only validate: every check runs, nothing is stored, and the answer is what would be stored."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from clarion_client import (
    AlreadyExistsError,
    AsyncClient,
    Category,
    ConflictError,
    ExclusionReason,
    InDoubtPolicy,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
    Profile,
    QueueDisposal,
    Recipient,
    RecipientExplanation,
    RecipientOutcome,
    SmtpProvider,
    SourcedValue,
    ValueSource,
)

from tests.campaigns import CONTEXT, campaign, channel, set_up
from tests.e2e.wire.conftest import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> AsyncClient:
    return sandbox.client


def smtp_of(port: int = 465, **fields: str) -> SmtpProvider:
    smtp = channel("x", port).smtp
    assert smtp is not None
    return dataclasses.replace(smtp, **fields)  # type: ignore[arg-type]  # every field given is a text


def fields_of(error: pytest.ExceptionInfo[InvalidRequestError]) -> list[str]:
    return [violation.field for violation in error.value.violations]


async def test_a_campaign_that_is_only_validated_is_answered_with_defaults_and_not_stored(client: AsyncClient) -> None:
    answer = await client.campaigns.create(campaign("orders", "orders"), validate_only=True)
    assert (answer.name, answer.default_locale, answer.in_doubt_policy) == (
        "campaigns/orders",
        "en",
        InDoubtPolicy.RESEND,
    )
    assert answer.etag == ""
    assert [each async for each in client.campaigns.list()] == []


async def test_every_violation_of_a_new_campaign_is_reported(client: AsyncClient) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await client.campaigns.create(campaign("Orders", "orders", tags=["a", "a"]), validate_only=True)
    assert fields_of(refused) == ["campaign_id", "campaign.tags[1]"]


async def test_a_name_that_is_taken_is_refused(client: AsyncClient) -> None:
    await client.campaigns.create(campaign("orders", "orders"))
    await client.channels.create(channel("orders", 9))
    with pytest.raises(AlreadyExistsError):
        await client.campaigns.create(campaign("orders", "orders"), validate_only=True)
    with pytest.raises(AlreadyExistsError):
        await client.channels.create(channel("orders", 9), validate_only=True)


async def test_an_update_that_is_only_validated_answers_the_changed_draft_and_changes_nothing(
    client: AsyncClient,
) -> None:
    stored = await client.campaigns.create(campaign("orders", "orders", description="Sent after checkout."))
    wanted = dataclasses.replace(stored, display_name="Other", description="")
    answer = await client.campaigns.update(wanted, ["display_name"], validate_only=True)
    assert (answer.display_name, answer.description, answer.etag) == ("Other", "Sent after checkout.", "")
    assert await client.campaigns.get("orders") == stored


async def test_an_update_of_what_is_missing_changed_meanwhile_or_stopped_is_refused(client: AsyncClient) -> None:
    with pytest.raises(NotFoundError):
        await client.campaigns.update(campaign("orders", "orders"), validate_only=True)
    await client.channels.create(channel("orders", 9))
    old = await client.campaigns.create(campaign("orders", "orders"))
    new = await client.campaigns.update(dataclasses.replace(old, display_name="Other"))
    with pytest.raises(ConflictError):
        await client.campaigns.update(old, validate_only=True)
    await client.campaigns.activate(new.name)
    await client.campaigns.stop(new.name, QueueDisposal.CANCEL)
    with pytest.raises(PreconditionFailedError):
        await client.campaigns.update(campaign("orders", "orders"), validate_only=True)


async def test_a_channel_configuration_that_is_only_validated_is_not_stored(client: AsyncClient) -> None:
    wanted = dataclasses.replace(channel("orders", 0), retry_policy=None)
    answer = await client.channels.create(wanted, validate_only=True)
    assert answer.smtp is not None
    assert answer.retry_policy is not None
    assert (answer.smtp.port, answer.retry_policy.window, answer.etag) == (25, dt.timedelta(days=1), "")
    assert [each async for each in client.channels.list()] == []
    with pytest.raises(InvalidRequestError) as refused:
        await client.channels.create(channel("Orders", 9, max_rate=-1.0), validate_only=True)
    assert fields_of(refused) == ["channel_configuration_id", "channel_configuration.max_rate"]


async def test_a_changed_channel_configuration_that_is_only_validated_keeps_its_password(client: AsyncClient) -> None:
    stored = await client.channels.create(channel("orders", 9, smtp=smtp_of(username="shop", password="swordfish")))
    wanted = dataclasses.replace(stored, smtp=smtp_of(port=587, username="shop"))
    answer = await client.channels.update(wanted, validate_only=True)
    assert answer.smtp is not None
    assert (answer.smtp.port, answer.smtp.password_set, answer.etag) == (587, True, "")
    assert await client.channels.get("orders") == stored
    await client.channels.update(dataclasses.replace(stored, display_name="Other"))
    with pytest.raises(ConflictError):
        await client.channels.update(wanted, validate_only=True)


async def test_a_trigger_that_is_only_validated_is_explained(client: AsyncClient) -> None:
    await set_up(client, "offers", 9, category=Category.MARKETING)
    profile = await client.profiles.create(Profile(identities=["email:jane@example.com"], locale="de"))
    suppression = await client.suppressions.create("jane@example.com")
    answer = await client.trigger("offers", to="jane@example.com", context=CONTEXT, validate_only=True)
    (result,) = answer.recipients
    (message,) = result.messages
    assert (answer.execution, result.outcome, message.message) == ("", RecipientOutcome.EXCLUDED, "")
    assert result.explanation == RecipientExplanation(
        profile=profile.name, locale=SourcedValue(value="de", source=ValueSource.PROFILE)
    )
    assert message.explanation is not None
    assert [(each.reason, each.cause) for each in message.explanation.exclusions] == [
        (ExclusionReason.SUPPRESSED, suppression.name),
        (ExclusionReason.NO_CONSENT, "consentSettings"),
    ]
    assert message.explanation.address == SourcedValue(value="jane@example.com", source=ValueSource.IDENTITY)
    assert message.explanation.due_time is None
    sent = await client.trigger("offers", to="joe@example.com", context=CONTEXT)
    assert sent.recipients[0].messages[0].explanation is None


async def test_a_rejected_recipient_is_answered_beside_explained_ones(client: AsyncClient) -> None:
    await set_up(client, "orders", 9)
    joe = Recipient("email:joe@example.com", CONTEXT)
    answer = await client.trigger("orders", [Recipient("joe"), joe], allow_partial=True, validate_only=True)
    assert [each.outcome for each in answer.recipients] == [RecipientOutcome.REJECTED, RecipientOutcome.ACCEPTED]
    assert [each.explanation is None for each in answer.recipients] == [True, False]
    explanation = answer.recipients[1].messages[0].explanation
    assert explanation is not None
    assert explanation.due_time is not None
