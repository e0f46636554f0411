"""Rules that ask about audiences, over the wire: from the upload of a list to the mail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_client import (
    Action,
    AsyncClient,
    Audience,
    ContentVariant,
    EmailContent,
    IdentityList,
    InvalidRequestError,
    PreconditionFailedError,
    Profile,
    TargetingRule,
    TestCase,
)
from clarion_client import Recipient as To

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink

MAIL = Action(
    id="mail",
    channel_configuration="mail",
    email=EmailContent(subject="Order", text="Order"),
    rules=[
        TargetingRule(id="gold", condition="audience('gold')"),
        TargetingRule(id="visitor", condition="audience('visitors')"),
    ],
    variants=[
        ContentVariant(rule="gold", email=EmailContent(subject="Gold")),
        ContentVariant(rule="visitor", email=EmailContent(subject="Hello again")),
    ],
)


@pytest.fixture
async def client(sandbox: Sandbox, sink: SmtpSink) -> AsyncClient:
    """Has a live campaign whose rules ask about two audiences."""
    client = sandbox.client
    await client.channels.create(channel("mail", sink.port))
    condition = "profile.attributes.plan == 'gold'"
    await client.audiences.create(Audience(name="gold", display_name="Gold", condition=condition))
    await client.audiences.create(Audience(name="visitors", display_name="Visitors", identity_list=IdentityList()))
    await client.audiences.upload("visitors", ["email:b@example.com", "email:c@example.com"])
    await client.profiles.create(Profile(identities=["email:a@example.com"], attributes={"plan": "gold"}))
    await client.profiles.create(Profile(identities=["email:b@example.com"]))
    await client.campaigns.create(campaign("news", "mail", actions=[MAIL]))
    await client.campaigns.activate("news")
    return client


async def test_members_get_the_content_of_their_audience(client: AsyncClient, sink: SmtpSink) -> None:
    to = [To(f"{name}@example.com", CONTEXT) for name in "abc"]
    told = await client.trigger("news", to, validate_only=True)
    explanations = [each.explanation for each in told.recipients]
    assert [list(each.audiences) if each else None for each in explanations] == [
        ["audiences/gold"],
        ["audiences/visitors"],
        [],
    ]
    await client.trigger("news", to)
    mails = {mail.parsed["To"]: mail.parsed["Subject"] for mail in await sink.wait_for(3)}
    assert mails == {"a@example.com": "Gold", "b@example.com": "Hello again", "c@example.com": "Order"}


async def test_previews_proofs_and_test_cases_say_to_which_audiences_somebody_belongs(
    client: AsyncClient, sink: SmtpSink
) -> None:
    assert [
        (await client.campaigns.preview("news", CONTEXT, audiences=given)).rule
        for given in ([], ["visitors"], ["visitors", "gold"])
    ] == ["", "visitor", "gold"]
    with pytest.raises(InvalidRequestError) as refused:
        await client.campaigns.preview("news", CONTEXT, audiences=["gold", "gold", "audiences/gold"])
    assert [(each.field, each.reason) for each in refused.value.violations] == [
        ("audiences[2]", "MALFORMED"),
        ("audiences[1]", "DUPLICATE"),
    ]
    (proof,) = await client.proofs.send("news", ["author@example.com"], CONTEXT, audiences=["gold"])
    assert proof.rule == "gold"
    (mail,) = await sink.wait_for(1)
    assert mail.parsed["Subject"] == "[Proof] Gold"
    case = await client.test_cases.create(TestCase(name="news/visitor", context=CONTEXT, audiences=["visitors"]))
    assert list(case.audiences) == ["visitors"]
    changed = await client.test_cases.update(replace(case, audiences=["gold"]), ["audiences"])
    assert list(changed.audiences) == ["gold"]
    run = [each async for each in client.test_cases.run("news")]
    assert {each.key.rule for each in run} == {"gold"}
    with pytest.raises(InvalidRequestError) as refused:
        await client.test_cases.update(replace(changed, audiences=["No"]), ["audiences"])
    assert [each.field for each in refused.value.violations] == ["test_case.audiences[0]"]


async def test_an_audience_that_a_live_campaign_asks_about_stays_and_one_that_there_is_not_is_found(
    client: AsyncClient,
) -> None:
    with pytest.raises(PreconditionFailedError) as in_use:
        await client.audiences.delete("visitors")
    assert in_use.value.reason == "AUDIENCE_IN_USE"
    assert in_use.value.metadata["user"] == "campaigns/news"
    unknown = replace(MAIL, rules=[TargetingRule(id="gold", condition="audience('golden')")], variants=[])
    await client.campaigns.create(campaign("other", "mail", actions=[unknown]))
    with pytest.raises(PreconditionFailedError) as refused:
        await client.campaigns.activate("other")
    assert [(each.code, each.field) for each in refused.value.findings] == [
        ("AUDIENCE_MISSING", "actions[0].rules[0].condition")
    ]
