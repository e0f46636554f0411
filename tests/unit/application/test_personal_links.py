"""Tests which message has which links."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.campaigns.preview import PreviewCampaign
from clarion_server.domain.campaigns.campaign_definition import Action, ContentVariant
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.personal_link import LinkKind, PersonalLink
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.errors import ReviewFailed
from clarion_server.domain.finding import FindingCode

from tests.unit.application.links import PUBLIC_URL, TOKENS
from tests.unit.application.running import Process, messages, recipient, until
from tests.unit.application.world import AUTHOR, EMAIL, World

NEWS = replace(EMAIL, html="", text="{{ unsubscribe_url }} {{ preferences_url }}")


def opened(url: str) -> PersonalLink:
    start, _, token = url.rpartition("/")
    assert start == f"{PUBLIC_URL.text}/u"
    return TOKENS.open(token)


async def sent_email(world: World, locale: str = "de-AT", **campaign: Any) -> RenderedEmail:
    """Returns the mail to Jane."""
    await world.live(**campaign)
    process = Process(world)
    async with process.sending():
        await process.trigger(recipient(locale=locale))
        await until(lambda: len(process.provider.taken) == 1)
    rendered = process.provider.taken[0].rendered
    assert isinstance(rendered, RenderedEmail)
    return rendered


async def test_the_links_of_a_message_say_whose_they_are(world: World) -> None:
    email = await sent_email(world, actions=(Action("email", "orders", NEWS),))
    unsubscribe, preferences = map(opened, email.text.split())
    (message_id,) = messages(world)
    link = PersonalLink(
        LinkKind.UNSUBSCRIBE,
        "default",
        Channel.EMAIL,
        message_id,
        "en",
        "email:jane@example.com",
        Category.TRANSACTIONAL,
    )
    assert unsubscribe == link
    assert preferences == replace(link, kind=LinkKind.PREFERENCES)


@pytest.mark.parametrize(("wanted", "content"), [("de-AT", "de"), ("it", "en")])
async def test_the_page_behind_a_link_is_in_the_language_that_the_message_has(
    world: World, wanted: str, content: str
) -> None:
    german = ContentVariant("de", replace(NEWS, subject="Danke"))
    email = await sent_email(world, wanted, actions=(Action("email", "orders", NEWS, variants=(german,)),))
    assert {opened(url).locale for url in email.text.split()} == {content}
    command = PreviewCampaign("order-confirmed", context={"order": {"id": "1"}}, locale=wanted)
    previewed = (await world.previewing.preview(command, AUTHOR)).rendered
    assert isinstance(previewed, RenderedEmail)
    assert previewed.text.split()[0] == f"https://mail.example.com/u/preview-{content}"


async def test_mail_clients_get_the_link_of_the_recipient(world: World) -> None:
    email = await sent_email(world, category=Category.MARKETING)
    field = email.headers["List-Unsubscribe"]
    assert opened(field.removeprefix("<").removesuffix(">")).kind is LinkKind.UNSUBSCRIBE
    assert email.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_service_messages_carry_no_field(world: World) -> None:
    assert (await sent_email(world)).headers == {}


async def test_links_of_a_preview_belong_to_nobody(world: World) -> None:
    await world.channel()
    await world.draft(category=Category.MARKETING, actions=(Action("email", "orders", NEWS),))
    command = PreviewCampaign("order-confirmed", context={"order": {"id": "1"}}, locale="de-AT")
    email = (await world.previewing.preview(command, AUTHOR)).rendered
    assert isinstance(email, RenderedEmail)
    assert email.text == "https://mail.example.com/u/preview-en https://mail.example.com/u/preview-en"
    assert email.headers["List-Unsubscribe"] == "<https://mail.example.com/u/preview-en>"


async def test_marketing_with_a_field_of_its_own_is_not_activated(world: World) -> None:
    await world.channel()
    own = replace(NEWS, headers={"List-Unsubscribe": "<https://shop.example/u>"})
    await world.draft(category=Category.MARKETING, actions=(Action("email", "orders", own),))
    with pytest.raises(ReviewFailed) as refused:
        await world.activate()
    assert [finding.code for finding in refused.value.findings] == [FindingCode.UNSUBSCRIBE_FIELD_SET]
