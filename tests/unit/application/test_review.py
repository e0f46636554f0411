"""Tests what review finds beyond the templates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.campaigns.candidate import Candidate
from clarion_server.application.ports.content import NO_ATTACHMENTS, Attachments
from clarion_server.domain.attachments.attachment import Attachment
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.campaign_definition import (
    Action,
    CampaignDefinition,
    ContentVariant,
    Schedule,
    ThroughputMode,
    UnknownRecipientPolicy,
)
from clarion_server.domain.campaigns.targeting import TargetingRule
from clarion_server.domain.category import Category
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.content.email import ContentAttachment, EmailContent
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.instant import HOUR

from tests.unit.application.world import AUTHOR, CHANNEL, DEFINITION, EMAIL, World

SIZES = (("small", 500_000), ("large", 1_000_000))
ERROR, WARNING = Severity.ERROR, Severity.WARNING
USABLE = replace(CHANNEL, id="orders")
#: With every part written, so that its templates give nothing to tell.
WHOLE = replace(DEFINITION, actions=(Action("email", "orders", replace(EMAIL, text="Thank you.")),))


async def findings(world: World, channel: ChannelConfiguration | None = USABLE, **changes: Any) -> list[Finding]:
    return await review(world, replace(WHOLE, **changes), channel)


async def review(
    world: World,
    definition: CampaignDefinition,
    *channels: ChannelConfiguration | None,
    attachments: Attachments = NO_ATTACHMENTS,
) -> list[Finding]:
    """Returns what is found in a draft whose actions name these channel configurations."""
    now, sees = world.clock.now(), AUTHOR.visibility
    campaign = Campaign(sees.sandbox, "order-confirmed", definition, now, AUTHOR.name, now, AUTHOR.name)
    return await world.review.of(Candidate(campaign, definition, channels, None, None, sees, attachments))


async def codes(world: World, channel: ChannelConfiguration | None = USABLE, **changes: Any) -> list[FindingCode]:
    return [finding.code for finding in await findings(world, channel, **changes)]


async def test_a_campaign_in_order_has_nothing_to_tell(world: World) -> None:
    assert await codes(world) == []


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        (None, FindingCode.CHANNEL_CONFIGURATION_MISSING),
        (replace(USABLE, disabled=True), FindingCode.CHANNEL_CONFIGURATION_DISABLED),
        (replace(USABLE, categories=(Category.MARKETING,)), FindingCode.CHANNEL_CONFIGURATION_CATEGORY),
        (replace(USABLE, provider=WebhookProvider("https://a.example")), FindingCode.CHANNEL_CONFIGURATION_CHANNEL),
    ],
)
async def test_a_channel_configuration_that_cannot_be_used_is_an_error(
    world: World, channel: ChannelConfiguration | None, code: FindingCode
) -> None:
    found = [finding for finding in await findings(world, channel) if finding.code is code]
    assert [(finding.severity, finding.field) for finding in found] == [(ERROR, "actions[0].channel_configuration")]


async def test_the_channel_configuration_of_every_action_is_looked_at(world: World) -> None:
    hook = Action("hook", "hooks", WebhookContent("{}"))
    definition = replace(WHOLE, actions=(*WHOLE.actions, hook))
    found = await review(world, definition, USABLE, None)
    assert [(finding.code, finding.field) for finding in found] == [
        (FindingCode.CHANNEL_CONFIGURATION_MISSING, "actions[1].channel_configuration")
    ]


async def test_a_channel_configuration_for_the_campaigns_category_will_do(world: World) -> None:
    assert await codes(world, replace(USABLE, categories=(Category.MARKETING, Category.TRANSACTIONAL))) == []


async def test_the_files_of_each_variant_must_fit_into_a_mail_of_the_channel_configuration(world: World) -> None:
    small, large = (
        Attachment("default", name, f"{name}.pdf", "application/pdf", size, b"d", 0, "") for name, size in SIZES
    )
    own = ContentVariant("de", EmailContent("Bestellung", text="Danke.", attachments=(ContentAttachment("large"),)))
    others = ContentVariant("fr", EmailContent("Commande", text="Merci."))
    content = replace(EMAIL, attachments=(ContentAttachment("small"),))
    definition = replace(WHOLE, actions=(Action("email", "orders", content, (others, own)),))
    channel = replace(USABLE, max_message_bytes=2**20)
    found = await review(world, definition, channel, attachments={"small": small, "large": large})
    assert [each.field for each in found if each.code is FindingCode.ATTACHMENTS_TOO_LARGE] == [
        "actions[0].variants[1].email.attachments"
    ]


async def test_files_must_fit_beside_the_words_of_each_content_that_they_may_go_with(world: World) -> None:
    terms = Attachment("default", "terms", "terms.pdf", "application/pdf", 700_000, b"d", 0, "")
    files = (ContentAttachment("terms"),)
    rules = (TargetingRule("gold", "context.order.id == 'A1'"),)

    async def fields(default: EmailContent, *variants: ContentVariant) -> list[str]:
        definition = replace(WHOLE, actions=(Action("email", "orders", default, variants, rules),))
        channel = replace(USABLE, max_message_bytes=2**20)
        found = await review(world, definition, channel, attachments={"terms": terms})
        return [each.field for each in found if each.code is FindingCode.ATTACHMENTS_TOO_LARGE]

    def french(text: str, rule: str = "") -> ContentVariant:
        return ContentVariant("fr", EmailContent("Commande", f"<p>{text}</p>", text), rule)

    with_files, of_rule = (
        replace(EMAIL, attachments=files),
        ContentVariant("", EmailContent("", attachments=files), "gold"),
    )
    assert await fields(with_files, french("x" * 20_000), french("x" * 20_000, "gold")) == []
    assert await fields(with_files, french("x" * 30_000)) == ["actions[0].email.attachments"]
    assert await fields(with_files, french("é" * 15_000)) == ["actions[0].email.attachments"]
    assert await fields(EMAIL, of_rule, french("x" * 30_000)) == ["actions[0].variants[0].email.attachments"]
    assert await fields(EMAIL, of_rule, french("x" * 20_000)) == []


async def test_the_files_of_a_variant_have_the_images_that_the_html_of_the_default_content_shows(world: World) -> None:
    logo = Attachment("default", "logo", "logo.png", "image/png", 9, b"l", 0, "")
    terms = Attachment("default", "terms", "terms.pdf", "application/pdf", 9, b"t", 0, "")
    shown = ContentAttachment("logo", inline=True)
    html = '<p>Thank you.</p><img src="{{ inline_image("logo.png") }}" alt="Shop">'
    default = EmailContent("Order", html, "Thank you.", attachments=(shown,))

    async def found(*files: ContentAttachment, html: str = "") -> list[tuple[FindingCode, str]]:
        own = ContentVariant("", EmailContent("", html, attachments=files), "gold")
        without = ContentVariant("en-GB", EmailContent("Your order"), "gold")
        rules = (TargetingRule("gold", "context.order.id == 'A1'"),)
        definition = replace(WHOLE, actions=(Action("email", "orders", default, (own, without), rules),))
        stored = {"logo": logo, "terms": terms}
        return [(each.code, each.field) for each in await review(world, definition, USABLE, attachments=stored)]

    assert await found() == []
    assert await found(ContentAttachment("terms"), shown) == []
    assert await found(html='<img src="{{ inline_image("head.png") }}" alt="">') == [
        (FindingCode.ATTACHMENT_MISSING, "actions[0].variants[0].email.html"),
        (FindingCode.ATTACHMENT_MISSING, "actions[0].variants[1].email.attachments"),
    ]
    assert await found(ContentAttachment("terms")) == [
        (FindingCode.ATTACHMENT_MISSING, f"actions[0].variants[{place}].email.attachments") for place in (0, 1)
    ]


async def test_the_files_of_a_rule_have_the_images_that_the_html_of_each_language_shows(world: World) -> None:
    logo = Attachment("default", "logo", "logo.png", "image/png", 9, b"l", 0, "")
    terms = Attachment("default", "terms", "terms.pdf", "application/pdf", 9, b"t", 0, "")
    shown = ContentAttachment("logo", inline=True)
    html = '<p>Danke.</p><img src="{{ inline_image("logo.png") }}" alt="Laden">'

    async def found(*files: ContentAttachment) -> list[tuple[FindingCode, str]]:
        german = ContentVariant("de", EmailContent("Bestellung", html, "Danke.", attachments=(shown,)))
        own = ContentVariant("", EmailContent("", attachments=files), "gold")
        rules = (TargetingRule("gold", "context.order.id == 'A1'"),)
        default = EmailContent("Order", "<p>Thank you.</p>", "Thank you.")
        definition = replace(WHOLE, actions=(Action("email", "orders", default, (german, own), rules),))
        stored = {"logo": logo, "terms": terms}
        findings = await review(world, definition, USABLE, attachments=stored)
        return [(each.code, each.field) for each in findings if each.code is not FindingCode.INLINE_IMAGE_UNUSED]

    assert await found(ContentAttachment("terms"), shown) == []
    assert await found(ContentAttachment("terms")) == [
        (FindingCode.ATTACHMENT_MISSING, "actions[0].variants[1].email.attachments")
    ]


async def test_a_schedule_that_is_over_is_an_error(world: World) -> None:
    now = world.clock.now()
    assert await codes(world, schedule=Schedule(now - HOUR, now)) == [FindingCode.SCHEDULE_ENDED]
    assert await codes(world, schedule=Schedule(now - HOUR, now + 1)) == []


async def test_a_schedule_that_has_not_begun_is_a_warning(world: World) -> None:
    start = world.clock.now() + HOUR
    found = [finding for finding in await findings(world, schedule=Schedule(start)) if finding.severity is WARNING]
    assert (FindingCode.SCHEDULE_NOT_STARTED, "schedule.start_time") in [(each.code, each.field) for each in found]
    assert await codes(world, schedule=Schedule(world.clock.now())) == []


async def test_broken_rules_are_errors_and_keep_the_templates_from_being_read(world: World) -> None:
    broken = Action("email", "orders", EmailContent(subject="{{", html=""))
    found = await findings(world, None, actions=(broken,), display_name="")
    assert [(finding.severity, finding.code, finding.field) for finding in found] == [
        (ERROR, FindingCode.FIELD_INVALID, "display_name"),
        (ERROR, FindingCode.FIELD_INVALID, "actions[0].email.html"),
    ]


async def test_what_is_wrong_with_the_templates_is_reported_with_the_rest(world: World) -> None:
    action = Action("email", "orders", EmailContent(subject="Hello", html="<p>\n{% if %}</p>"))
    found = await findings(world, None, actions=(action,))
    syntax = next(finding for finding in found if finding.code is FindingCode.TEMPLATE_SYNTAX)
    assert (syntax.field, syntax.line) == ("actions[0].email.html", 2)
    assert FindingCode.CHANNEL_CONFIGURATION_MISSING in [finding.code for finding in found]


async def test_errors_come_first(world: World) -> None:
    found = await findings(world, None, schedule=Schedule(world.clock.now() + HOUR))
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=[ERROR, WARNING].index)
    assert {ERROR, WARNING} == set(severities)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"category": Category.MARKETING}, "marketing"),
        ({"topic": "news"}, "topic"),
        ({"unknown_recipient_policy": UnknownRecipientPolicy.REJECT}, "REJECT"),
        ({"unknown_recipient_policy": UnknownRecipientPolicy.CREATE}, "CREATE"),
    ],
)
async def test_what_only_a_profile_can_answer_is_an_error_of_high_throughput(
    world: World, changes: dict[str, Any], expected: str
) -> None:
    found = await findings(world, throughput_mode=ThroughputMode.HIGH, **changes)
    (finding,) = [each for each in found if each.code is FindingCode.HIGH_LOOKS_UP_NOBODY]
    assert (finding.severity, finding.field) == (ERROR, "throughput_mode")
    assert expected in finding.message


async def test_a_plain_transactional_campaign_may_have_high_throughput(world: World) -> None:
    assert await codes(world, throughput_mode=ThroughputMode.HIGH) == []
