"""Review: what is wrong with a content, found without rendering it."""

from __future__ import annotations

from jinja2 import TemplateSyntaxError

from clarion_server.adapters.rendering.email_content import sources
from clarion_server.adapters.rendering.environment import ContentEnvironment
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.finding import Finding, FindingCode, Severity


def review(definition: CampaignDefinition) -> list[Finding]:
    return [
        finding
        for field, source, environment in sources(definition.action.email)
        for finding in _syntax(field, source, environment)
    ]


def _syntax(field: str, source: str, environment: ContentEnvironment) -> list[Finding]:
    try:
        environment.parse(source)
    except TemplateSyntaxError as error:
        message, line = error.message or "The template cannot be read.", error.lineno
        return [Finding(Severity.ERROR, FindingCode.TEMPLATE_SYNTAX, field, message, "Correct the line.", line)]
    return []
