"""Tests what a recipient would get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.campaigns.preview import Preview, PreviewCampaign
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.consent.choice import Choice, Source
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.content.webhook import RenderedWebhook, WebhookContent
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


async def preview_email(world: World, **changes: Any) -> RenderedEmail:
    rendered = (await preview(world, **changes)).rendered
    assert isinstance(rendered, RenderedEmail)
    return rendered


def with_email(**changes: Any) -> dict[str, Any]:
    return {"actions": (Action("email", "orders", replace(EMAIL, **changes)),)}


async def test_a_draft_is_rendered_with_the_given_data(world: World) -> None:
    await world.draft()
    email = await preview_email(world)
    assert (email.subject, email.html) == ("Order <4711>", "<p>Thank you for &lt;4711&gt;.</p>")
    assert email.text.strip() == "Thank you for <4711>."


async def test_the_rendered_version_is_the_one_asked_for(world: World) -> None:
    await world.live()
    await world.update(**with_email(subject="New"))
    assert (await preview_email(world)).subject == "New"
    assert (await preview_email(world, version=1)).subject == "Order <4711>"
    with pytest.raises(ResourceNotFound) as refused:
        await preview(world, version=2)
    assert refused.value.resource == "campaigns/order-confirmed/versions/2"


async def test_another_sandboxs_campaign_is_not_there(world: World) -> None:
    await world.draft()
    with pytest.raises(ResourceNotFound):
        await world.previewing.preview(PreviewCampaign("order-confirmed"), STRANGER)


async def test_templates_see_the_recipient(world: World) -> None:
    await world.draft(**with_email(subject="{{ recipient.identity }} {{ recipient.address }} {{ recipient.locale }}"))
    assert (await preview_email(world)).subject == "email:preview@clarion.test preview@clarion.test en"
    named = await preview_email(world, identity="email:jane@example.com", locale="de")
    assert named.subject == "email:jane@example.com jane@example.com de"
    profiled = await preview_email(world, profile={"email": "joe@example.com"})
    assert profiled.subject == "email:preview@clarion.test joe@example.com en"


async def test_nobody_in_another_namespace_has_an_identity_of_that_namespace(world: World) -> None:
    await world.draft(identity_namespace="crm", **with_email(subject="{{ recipient.identity }}"))
    assert (await preview_email(world)).subject == "crm:preview@clarion.test"
    assert (await preview_email(world, identity="crm:4711")).subject == "crm:4711"


async def test_everything_wrong_with_the_data_is_reported_at_once(world: World) -> None:
    await world.draft()
    unread = Violation("profile.x", "NOT_A_NUMBER", "Must be a finite number.")
    fields = await refused_fields(
        world, context={"order": {"id": 1}}, locale="!", identity="crm:1", violations=(unread,)
    )
    assert [field for field, _ in fields] == ["profile.x", "identity", "locale", "context.order.id"]


async def test_a_context_that_lacks_what_the_schema_needs_is_refused(world: World) -> None:
    await world.draft()
    assert [field for field, _ in await refused_fields(world, context={})] == ["context.order"]


async def test_a_value_that_is_missing_when_rendered_is_reported_with_its_place(world: World) -> None:
    await world.draft(**with_email(html="<p>{{ profile.first_name }}</p>"))
    assert await refused_fields(world) == [("actions[0].email.html", "RENDERING_FAILED")]


async def test_a_template_that_cannot_be_read_is_reported_as_review_reports_it(world: World) -> None:
    await world.draft(**with_email(html="{% if %}"))
    assert await refused_fields(world) == [("actions[0].email.html", "TEMPLATE_SYNTAX")]


async def test_the_provider_is_that_of_the_channel_configuration_if_it_serves_the_channel(world: World) -> None:
    await world.draft()
    assert (await preview(world)).provider is None
    await world.channel()
    assert (await preview(world)).provider == SMTP
    await world.update(actions=(Action("hook", "orders", WebhookContent("{}")),))
    assert (await preview(world)).provider is None


async def test_the_rendered_action_is_the_one_asked_for_or_the_first(world: World) -> None:
    hook = Action("hook", "hooks", WebhookContent('{"order": {{ context.order.id }}, "to": {{ recipient.address }}}'))
    await world.draft(actions=(*DEFINITION.actions, hook))
    assert (await preview(world)).action.id == "email"
    shown = await preview(world, action="hook")
    assert shown.action == hook
    assert shown.rendered == RenderedWebhook('{"order": "<4711>", "to": ""}', {"content-type": "application/json"})
    assert shown.address is None
    assert await refused_fields(world, action="sms") == [("action", "UNKNOWN_VALUE")]


async def test_an_address_that_is_none_is_reported_by_its_path(world: World) -> None:
    await world.draft()
    assert await refused_fields(world, profile={"email": "nobody"}) == [("profile.email", "MALFORMED")]
    assert await refused_fields(world, identity="email:nobody") == [("identity", "MALFORMED")]


async def test_the_locale_is_chosen_as_a_trigger_chooses_it(world: World) -> None:
    await world.draft()
    assert (await preview(world)).locale == Choice("en", Source.CAMPAIGN)
    assert (await preview(world, profile={"locale": "de"})).locale == Choice("de", Source.PROFILE)
    assert (await preview(world, profile={"locale": "de"}, locale="fr")).locale == Choice("fr", Source.RECIPIENT)
    assert (await preview(world, locale="pt_BR.UTF-8")).locale == Choice("pt-BR", Source.RECIPIENT)
    assert (await preview(world, profile={"locale": "C"})).locale == Choice("en", Source.PROFILE)
    assert await refused_fields(world, profile={"locale": "!"}) == [("profile.locale", "MALFORMED")]
