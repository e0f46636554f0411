"""Contents of one field of interest, for tests that look at that field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.application.ports.content import Personalisation, RenderedEmail
from clarion_server.domain.campaign import Action, CampaignDefinition, Category, EmailContent
from clarion_server.domain.finding import Finding

COMPILER = JinjaContentCompiler()


def definition(
    *,
    subject: str = "Subject",
    html: str = "",
    text: str = "",
    headers: Mapping[str, str] | None = None,
    schema: Mapping[str, Any] | None = None,
    category: Category = Category.TRANSACTIONAL,
) -> CampaignDefinition:
    email = EmailContent(subject, html, text, headers=headers or {})
    return CampaignDefinition("Order confirmed", category, (Action("smtp", email),), context_schema=schema)


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
    content = COMPILER.compile_content(definition(**parts), "order-confirmed")
    return content.render(personalisation(context, profile, locale))


def text_of(template: str, context: Mapping[str, Any] | None = None, locale: str = "en") -> str:
    """What a template of the text part writes."""
    return rendered(context, locale=locale, text=template).text


def reviewed(template: str, schema: Mapping[str, Any] | None = None) -> list[Finding]:
    """The findings of a template of the HTML part."""
    return COMPILER.review(definition(html=template, schema=schema))


def codes(findings: list[Finding]) -> list[str]:
    return [f"{finding.severity[0]} {finding.code}" for finding in findings]


def object_schema(*, required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
