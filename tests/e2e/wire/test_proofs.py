"""Proofs over the wire: the mails that arrive, what becomes of each address, and what is left behind."""

from __future__ import annotations

import pytest
from clarion_client import (
    Action,
    AllowList,
    AsyncClient,
    AttemptResult,
    Campaign,
    Category,
    ConsentSettings,
    EmailContent,
    ExclusionReason,
    InvalidRequestError,
    OverloadedError,
    ProofResult,
    Silence,
)

from tests.campaigns import CONTEXT, campaign, channel, set_up
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink


@pytest.fixture
async def draft(sandbox: Sandbox, sink: SmtpSink) -> AsyncClient:
    """Returns a client of a sandbox with the draft `orders`, whose mails go to `sink`."""
    await sandbox.client.channels.create(channel("orders", sink.port))
    await sandbox.client.campaigns.create(campaign("orders", "orders"))
    return sandbox.client


async def test_a_proof_arrives_marked_and_leaves_nothing_behind(draft: AsyncClient, sink: SmtpSink) -> None:
    results = await draft.proofs.send("orders", ["ann@example.com", "bob@example.com"], CONTEXT)
    assert [(each.address, sent(each)) for each in results] == [("ann@example.com", True), ("bob@example.com", True)]
    mails = [mail.parsed for mail in await sink.wait_for(2)]
    assert {mail["to"] for mail in mails} == {"ann@example.com", "bob@example.com"}
    assert all(mail["subject"].startswith("[Proof] ") for mail in mails)
    assert all(mail["x-clarion-proof"] == "true" for mail in mails)
    assert [message async for message in draft.messages.list()] == []
    assert (await draft.reports.get("orders")).targeted_count == 0


def sent(result: ProofResult) -> bool:
    return result.attempt is not None and result.attempt.result is AttemptResult.SENT


async def test_each_address_has_an_answer_of_its_own(draft: AsyncClient, sink: SmtpSink) -> None:
    suppression = await draft.suppressions.create("ann@example.com")
    results = await draft.proofs.send("orders", ["ann@example.com", "bounce@clarion.test", "bob@example.com"], CONTEXT)
    excluded, bounced, taken = results
    assert excluded.exclusion is not None
    assert (excluded.exclusion.reason, excluded.exclusion.cause) == (ExclusionReason.SUPPRESSED, suppression.name)
    assert bounced.attempt is not None
    assert bounced.attempt.result is AttemptResult.FAILED
    assert sent(taken)
    (mail,) = await sink.wait_for(1)
    assert mail.recipients == ("bob@example.com",)


async def test_a_proof_goes_to_nobody_beside_the_allow_list(draft: AsyncClient, sink: SmtpSink) -> None:
    await draft.allow_list.update(AllowList(enabled=True, entries=["bob@example.com"]))
    excluded, taken = await draft.proofs.send("orders", ["ann@example.com", "bob@example.com"], CONTEXT)
    assert excluded.exclusion is not None
    assert excluded.exclusion.reason is ExclusionReason.NOT_ALLOWED
    assert sent(taken)
    (mail,) = await sink.wait_for(1)
    assert mail.recipients == ("bob@example.com",)


async def test_the_links_of_a_proof_change_nothing(sandbox: Sandbox, sink: SmtpSink) -> None:
    await set_up(sandbox.client, "offers", sink.port, category=Category.MARKETING)
    await sandbox.client.consents.update_settings(ConsentSettings(silence=Silence.SEND_UNLESS_DENIED))
    await sandbox.client.proofs.send("offers", ["ann@example.com"], CONTEXT)
    mail = (await sink.wait_for(1))[0].parsed
    assert "/u/preview-" in mail["list-unsubscribe"]
    assert [profile async for profile in sandbox.client.profiles.list()] == []


@pytest.mark.parametrize(
    ("addresses", "field", "reason"),
    [
        ([], "addresses", "REQUIRED"),
        ([f"a{number}@example.com" for number in range(11)], "addresses", "TOO_MANY"),
        (["no address"], "addresses[0]", "MALFORMED"),
        (["ann@example.com", "Ann@Example.com"], "addresses[1]", "DUPLICATE"),
    ],
)
async def test_wrong_addresses_are_refused(
    draft: AsyncClient, sink: SmtpSink, addresses: list[str], field: str, reason: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await draft.proofs.send("orders", addresses, CONTEXT)
    assert [(each.field, each.reason) for each in refused.value.violations] == [(field, reason)]
    assert sink.mails == []


async def test_data_that_the_campaign_refuses_makes_no_proof(draft: AsyncClient, sink: SmtpSink) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await draft.proofs.send("orders", ["ann@example.com"], {})
    assert refused.value.violations[0].field.startswith("context")
    assert sink.mails == []


async def test_a_draft_without_a_channel_configuration_makes_no_proof(sandbox: Sandbox) -> None:
    await sandbox.client.campaigns.create(campaign("orders", "missing"))
    with pytest.raises(InvalidRequestError) as refused:
        await sandbox.client.proofs.send("orders", ["ann@example.com"], CONTEXT)
    assert [each.field for each in refused.value.violations] == ["action"]


async def test_the_draft_is_proved_and_not_the_live_version(sandbox: Sandbox, sink: SmtpSink) -> None:
    await set_up(sandbox.client, "orders", sink.port)
    email = EmailContent(subject="Another subject", text="Your order {{ context.order }}.")
    action = Action(channel_configuration="orders", email=email)
    await sandbox.client.campaigns.update(Campaign(name="orders", actions=[action]), ["actions"])
    await sandbox.client.proofs.send("orders", ["ann@example.com"], CONTEXT)
    await sandbox.client.proofs.send("orders", ["ann@example.com"], CONTEXT, version=1)
    first, second = (mail.parsed["subject"] for mail in await sink.wait_for(2))
    assert first == "[Proof] Another subject"
    assert second != first


async def test_a_key_has_sixty_proofs_an_hour(draft: AsyncClient) -> None:
    addresses = [f"sent+{number}@clarion.test" for number in range(10)]
    for _ in range(6):
        await draft.proofs.send("orders", addresses, CONTEXT)
    with pytest.raises(OverloadedError) as refused:
        await draft.proofs.send("orders", ["ann@example.com"], CONTEXT, timeout=60)
    assert refused.value.reason == "TOO_MANY_PROOFS"
