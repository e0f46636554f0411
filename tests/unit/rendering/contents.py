"""Makes campaigns whose content is one template, for tests of that template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.application.ports.content import Personalisation
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.category import Category
from clarion_server.domain.content import Content
from clarion_server.domain.content.email import EmailContent, Mailbox, RenderedEmail
from clarion_server.domain.finding import Finding

PUBLIC_URL = PublicUrl("https://mail.example.com")
COMPILER = JinjaContentCompiler(CONTENT_KINDS, PUBLIC_URL)


def definition(
    *,
    subject: str = "Subject",
    html: str = "",
    text: str = "",
    headers: Mapping[str, str] | None = None,
    sender: Mailbox | None = None,
    reply_to: Mailbox | None = None,
    schema: Mapping[str, Any] | None = None,
    category: Category = Category.TRANSACTIONAL,
    topic: str | None = None,
) -> CampaignDefinition:
    content = EmailContent(subject, html, text, sender, reply_to, headers or {})
    return replace(campaign(content, schema=schema, category=category), topic=topic)


def campaign(
    *contents: Content,
    schema: Mapping[str, Any] | None = None,
    category: Category = Category.TRANSACTIONAL,
) -> CampaignDefinition:
    """Returns a campaign with an action for each content."""
    actions = tuple(Action(f"action-{index}", "orders", content) for index, content in enumerate(contents))
    return CampaignDefinition("Order confirmed", category, actions, context_schema=schema)


def personalisation(
    context: Mapping[str, Any] | None = None, profile: Mapping[str, Any] | None = None, locale: str = "en"
) -> Personalisation:
    return Personalisation(context or {}, profile or {}, "email:jane@example.com", "jane@example.com", locale)


def rendered(
    context: Mapping[str, Any] | None = None,
    profile: Mapping[str, Any] | None = None,
    locale: str = "en",
    **parts: Any,
) -> RenderedEmail:
    """Returns the mail in content of the recipient's language."""
    content = COMPILER.compile_content(replace(definition(**parts), default_locale=locale), 0, "order-confirmed")
    email = content.render(personalisation(context, profile, locale))
    assert isinstance(email, RenderedEmail)
    return email


def text_of(template: str, context: Mapping[str, Any] | None = None, locale: str = "en") -> str:
    """Returns what a template of the text part writes."""
    return rendered(context, locale=locale, text=template).text


def reviewed(template: str, schema: Mapping[str, Any] | None = None) -> list[Finding]:
    """Returns the findings of a template of the HTML part."""
    return COMPILER.review(definition(html=template, schema=schema))


def codes(findings: list[Finding]) -> list[str]:
    return [f"{finding.severity[0]} {finding.code}" for finding in findings]


def object_schema(*, required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
