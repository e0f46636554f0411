"""Makes what authors and administrators write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clarion_server.domain.approvable import DraftKind
from clarion_server.domain.approvals.approval_policy import ApprovalConditions, ApprovalPolicy
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.campaign_states import ApprovalState
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.campaigns.campaign_definition import (
    Action,
    ActionMode,
    CampaignDefinition,
    InDoubtPolicy,
    Schedule,
    ThroughputMode,
    UnknownRecipientPolicy,
)
from clarion_server.domain.campaigns.test_case import TestCase
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.consent.consent import Silence
from clarion_server.domain.consent.topic import OneClick, Topic, TopicTranslation, TopicVisibility
from clarion_server.domain.content.email import EmailContent, Mailbox, SmtpProvider, TlsMode
from clarion_server.domain.content.webhook import BodyFormat, Method, WebhookContent
from clarion_server.domain.fragments.fragment import Fragment, FragmentKind
from clarion_server.domain.instant import DAY, HOUR, SECOND
from clarion_server.domain.people.identity import Normalisation
from clarion_server.domain.people.identity_namespace import NamespaceResource
from clarion_server.domain.sending_policies.frequency_cap import CalendarPeriod, FrequencyCap
from clarion_server.domain.sending_policies.quiet_hours import WallInterval, Weekday
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy, TimeZoneSource, WhenClosed

from tests.contract.store.samples.sandboxes import NOW, SANDBOX


def definition(**changes: Any) -> CampaignDefinition:
    """Every field differs from its default."""
    email = EmailContent(
        subject="Order {{ context.order.id }}",
        html="<p>Thank you, {{ profile.first_name }}</p>",
        text="Thank you",
        sender=Mailbox("orders@shop.test", "The Shop"),
        reply_to=Mailbox("help@shop.test"),
        headers={"X-Shop": "1", "A-First": "2"},
    )
    webhook = WebhookContent("Order {{ context.order.id }}", BodyFormat.TEXT, Method.PUT, {"x-shop": "1"})
    whole = CampaignDefinition(
        display_name="Order confirmed",
        category=Category.TRANSACTIONAL,
        actions=(Action("letter", "mail", email, fallback_after=HOUR), Action("hook", "shop", webhook)),
        description="Sent after checkout.",
        default_locale="pt-BR",
        identity_namespace="customer",
        context_schema={"type": "object", "properties": {"order": {"type": "object"}}, "required": ["order"]},
        schedule=Schedule(NOW - HOUR, NOW + HOUR),
        in_doubt_policy=InDoubtPolicy.PARK,
        rapid=True,
        action_mode=ActionMode.FIRST_DELIVERABLE,
        unknown_recipient_policy=UnknownRecipientPolicy.CREATE,
        throughput_mode=ThroughputMode.HIGH,
        topic="orders",
        sending_policy="nights",
    )
    return replace(whole, **changes)


def campaign(campaign_id: str = "order-confirmed", *, of: CampaignDefinition | None = None, **changes: Any) -> Campaign:
    draft = Campaign(
        sandbox=SANDBOX,
        id=campaign_id,
        definition=of or definition(),
        create_time=NOW,
        creator="apiKeys/1",
        update_time=NOW,
        updater="apiKeys/1",
        tags=("orders", "Checkout"),
    )
    return replace(draft, **changes)


def version(campaign_key: int, number: int = 1, **changes: Any) -> CampaignVersion:
    return CampaignVersion(campaign_key, number, definition(**changes), NOW, "apiKeys/1")


def channel(channel_id: str = "mail", **changes: Any) -> ChannelConfiguration:
    """Every field differs from its default."""
    smtp = SmtpProvider(
        host="smtp.shop.test",
        port=465,
        sender=Mailbox("shop@shop.test", "Shop"),
        tls_mode=TlsMode.IMPLICIT,
        ca_certificates="-----BEGIN CERTIFICATE-----\n",
        username="shop",
        password="swordfish",
        reply_to=Mailbox("help@shop.test", "Help"),
        timeout=7 * SECOND,
    )
    whole = ChannelConfiguration(
        sandbox=SANDBOX,
        id=channel_id,
        display_name="Mail",
        provider=smtp,
        create_time=NOW,
        update_time=NOW + 1,
        categories=(Category.MARKETING, Category.TRANSACTIONAL),
        disabled=True,
        retry_policy=RetryPolicy(window=HOUR, initial_delay=SECOND, max_delay=60 * SECOND),
        max_concurrency=3,
        max_rate=0.1 + 0.2,
    )
    return replace(whole, **changes)


def namespace(namespace_id: str = "crm", **changes: Any) -> NamespaceResource:
    whole = NamespaceResource(
        sandbox=SANDBOX,
        id=namespace_id,
        create_time=NOW,
        update_time=NOW + 1,
        display_name="Customers",
        normalisation=Normalisation.LOWER,
    )
    return replace(whole, **changes)


def approval_policy(policy_id: str = "legal", **changes: Any) -> ApprovalPolicy:
    """Every field differs from its default."""
    whole = ApprovalPolicy(
        sandbox=SANDBOX,
        id=policy_id,
        create_time=NOW,
        update_time=NOW + 1,
        display_name="Legal",
        applies_to=DraftKind.FRAGMENT,
        conditions=ApprovalConditions(
            (Category.MARKETING,),
            (Channel.EMAIL,),
            ("Checkout",),
            ("apiKeys/2",),
            (FragmentKind.TEXT,),
            ("fragments/footer",),
        ),
        approvers=("apiKeys/7", "apiKeys/8"),
        required_count=2,
        block_self=True,
    )
    return replace(whole, **changes)


def case(case_id: str = "plain", **changes: Any) -> TestCase:
    """Every field differs from its default."""
    whole = TestCase(
        sandbox=SANDBOX,
        id=case_id,
        campaign_id="orders",
        create_time=NOW,
        update_time=NOW + 1,
        display_name="One book",
        context={"order": {"items": [1, 2.5, None], "note": "né\u0000"}},
        profile={"tier": "gold"},
        locale="de-AT",
        rule="vip",
        audiences=("vip", "gold"),
    )
    return replace(whole, **changes)


def sending_policy(policy_id: str = "nights", **changes: Any) -> SendingPolicy:
    """Every field differs from its default."""
    whole = SendingPolicy(
        sandbox=SANDBOX,
        id=policy_id,
        display_name="Nights",
        time_zone="Europe/Berlin",
        create_time=NOW,
        update_time=NOW + 1,
        categories=(Category.TRANSACTIONAL, Category.MARKETING),
        quiet_hours=(WallInterval(22 * 60, 8 * 60), WallInterval(0, 24 * 60, (Weekday.SUNDAY, Weekday.MONDAY))),
        send_windows=(WallInterval(9 * 60, 17 * 60),),
        time_zone_source=TimeZoneSource.FIXED,
        when_closed=WhenClosed.EXCLUDE,
        caps=(
            FrequencyCap(3, sliding=DAY, channels=(Channel.EMAIL,), topic="news"),
            FrequencyCap(1, period=CalendarPeriod.WEEK),
        ),
        rate=0.5,
    )
    return replace(whole, **changes)


def topic(topic_id: str = "newsletter", **changes: Any) -> Topic:
    """Every field differs from its default."""
    whole = Topic(
        sandbox=SANDBOX,
        id=topic_id,
        display_name="Newsletter",
        create_time=NOW,
        update_time=NOW + 1,
        description="Once a month.",
        default_locale="en-GB",
        translations=(TopicTranslation("de", "Rundbrief", "Einmal im Monat."), TopicTranslation("fr", "Nouvelles")),
        visibility=TopicVisibility.PRIVATE,
        one_click=OneClick.CHANNEL,
        silence=Silence.SEND_UNLESS_DENIED,
    )
    return replace(whole, **changes)


def audience(audience_id: str = "gold", condition: str | None = 'profile.locale == "de"', **changes: Any) -> Audience:
    """Every field differs from its default."""
    whole = Audience(
        sandbox=SANDBOX,
        id=audience_id,
        display_name="Gold",
        create_time=NOW,
        update_time=NOW + 1,
        description="Everybody with gold.",
        condition=condition,
    )
    return replace(whole, **changes)


def fragment(fragment_id: str = "footer", **changes: Any) -> Fragment:
    """Every field differs from its default."""
    whole = Fragment(
        sandbox=SANDBOX,
        id=fragment_id,
        create_time=NOW,
        update_time=NOW + 1,
        display_name="Footer",
        description="Below each mail.",
        kind=FragmentKind.TEXT,
        source="{{ label }} ✓",
        parameters={"type": "object", "properties": {"label": {"type": "string", "maximum": 2**70}}},
        translations={"de": {"bye": {"one": "ein", "other": "viele"}}},
        archive_time=NOW + 2,
        approval_state=ApprovalState.CHANGES_REQUESTED,
        draft_editors=("apiKeys/2", "apiKeys/1"),
    )
    return replace(whole, **changes)
