"""What a recipient would get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.campaigns.preview import Preview, PreviewCampaign
from clarion_server.domain.campaign import EmailContent, Mailbox
from clarion_server.domain.errors import InvalidFields, ResourceNotFound
from clarion_server.domain.violation import Violation

from tests.unit.application.world import AUTHOR, DEFINITION, EMAIL, SMTP, STRANGER, World

CONTEXT = {"order": {"id": "<4711>"}}


async def preview(world: World, **changes: Any) -> Preview:
    command = PreviewCampaign(**({"campaign_id": "order-confirmed", "context": CONTEXT} | changes))
    return await world.previewing.preview(command, AUTHOR)


async def refused_fields(world: World, **changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFields) as refused:
        await preview(world, **changes)
    return [(violation.field, violation.reason) for violation in refused.value.violations]


def with_email(**changes: Any) -> dict[str, Any]:
    return {"actions": (replace(DEFINITION.action, email=replace(EMAIL, **changes)),)}


async def test_a_draft_is_rendered_with_the_given_data(world: World) -> None:
    await world.draft()
    email = (await preview(world)).email
    assert (email.subject, email.html) == ("Order <4711>", "<p>Thank you for &lt;4711&gt;.</p>")
    assert email.text.strip() == "Thank you for <4711>."


async def test_the_rendered_version_is_the_one_asked_for(world: World) -> None:
    await world.live()
    await world.update(**with_email(subject="New"))
    assert (await preview(world)).email.subject == "New"
    assert (await preview(world, version=1)).email.subject == "Order <4711>"
    with pytest.raises(ResourceNotFound) as refused:
        await preview(world, version=2)
    assert refused.value.resource == "campaigns/order-confirmed/versions/2"


async def test_another_sandboxs_campaign_is_not_there(world: World) -> None:
    await world.draft()
    with pytest.raises(ResourceNotFound):
        await world.previewing.preview(PreviewCampaign("order-confirmed"), STRANGER)


async def test_templates_see_the_recipient(world: World) -> None:
    await world.draft(**with_email(subject="{{ recipient.identity }} {{ recipient.address }} {{ recipient.locale }}"))
    assert (await preview(world)).email.subject == "email:preview@clarion.test preview@clarion.test en"
    named = await preview(world, identity="email:jane@example.com", locale="de")
    assert named.email.subject == "email:jane@example.com jane@example.com de"
    profiled = await preview(world, profile={"email": "joe@example.com"})
    assert profiled.email.subject == "email:preview@clarion.test joe@example.com en"


async def test_nobody_in_another_namespace_has_an_identity_of_that_namespace(world: World) -> None:
    await world.draft(identity_namespace="crm", **with_email(subject="{{ recipient.identity }}"))
    assert (await preview(world)).email.subject == "crm:preview@clarion.test"
    assert (await preview(world, identity="crm:4711")).email.subject == "crm:4711"


async def test_everything_wrong_with_the_data_is_told_at_once(world: World) -> None:
    await world.draft()
    flaw = Violation("profile.x", "NOT_A_NUMBER", "Must be a finite number.")
    fields = await refused_fields(world, context={"order": {"id": 1}}, locale="en_US", identity="crm:1", flaws=(flaw,))
    assert [field for field, _ in fields] == ["profile.x", "locale", "identity", "context.order.id"]


async def test_a_context_that_lacks_what_the_schema_needs_is_refused(world: World) -> None:
    await world.draft()
    assert [field for field, _ in await refused_fields(world, context={})] == ["context.order"]


async def test_a_value_that_is_missing_when_rendered_is_told_with_its_place(world: World) -> None:
    await world.draft(**with_email(html="<p>{{ profile.first_name }}</p>"))
    assert await refused_fields(world) == [("actions[0].email.html", "RENDERING_FAILED")]


async def test_a_template_that_cannot_be_read_is_told_as_review_tells_it(world: World) -> None:
    await world.draft(**with_email(html="{% if %}"))
    assert await refused_fields(world) == [("actions[0].email.html", "TEMPLATE_SYNTAX")]


async def test_the_sender_is_the_campaigns_or_else_the_channel_configurations(world: World) -> None:
    await world.draft()
    nobody = await preview(world)
    assert (nobody.sender, nobody.reply_to) == (None, None)
    await world.channel(smtp=replace(SMTP, reply_to=Mailbox("help@example.com")))
    channels = await preview(world)
    assert (channels.sender, channels.reply_to) == (SMTP.sender, Mailbox("help@example.com"))
    own = EmailContent("Hi", "<p>Hi</p>", sender=Mailbox("a@example.com"), reply_to=Mailbox("b@example.com"))
    await world.update(actions=(replace(DEFINITION.action, email=own),))
    campaigns = await preview(world)
    assert (campaigns.sender, campaigns.reply_to) == (own.sender, own.reply_to)
