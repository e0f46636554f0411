"""Review: what is wrong with a content and its context schema, found without rendering."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clarion_server.adapters.rendering.compilation import compiled
from clarion_server.adapters.rendering.email_content import sources
from clarion_server.adapters.rendering.environment import ContentEnvironment
from clarion_server.adapters.rendering.review.email_rules import email_findings
from clarion_server.adapters.rendering.review.template_review import variable_findings
from clarion_server.adapters.rendering.schema_check import EMPTY_OBJECT
from clarion_server.adapters.rendering.schema_rules import schema_findings
from clarion_server.adapters.rendering.schema_tree import written_out
from clarion_server.adapters.rendering.structure import Refusal, parsed
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.finding import Finding, Severity

__all__ = ["review"]


def review(definition: CampaignDefinition) -> list[Finding]:
    return [*_schema_and_templates(definition), *email_findings(definition)]


def _schema_and_templates(definition: CampaignDefinition) -> Iterator[Finding]:
    schema = definition.context_schema if definition.context_schema is not None else EMPTY_OBJECT
    about_schema = schema_findings(schema)
    yield from about_schema
    is_sound = all(finding.severity is not Severity.ERROR for finding in about_schema)
    # Without a sound schema nothing is known of variables, and each would be complained of.
    known_schema = written_out(schema, schema) if is_sound else None
    for field, source, environment in sources(definition.action.email):
        yield from _template(field, source, environment, known_schema)


def _template(
    field: str, source: str, environment: ContentEnvironment, schema: Mapping[str, Any] | None
) -> Iterator[Finding]:
    tree, refusals = parsed(source, environment)
    yield from (_refused(refusal, field) for refusal in refusals)
    # What is refused has no meaning that could be followed.
    if tree is None or refusals:
        return
    if schema is not None:
        yield from variable_findings(tree, field, schema)
    code = compiled(tree, environment)
    if isinstance(code, Refusal):
        yield _refused(code, field)


def _refused(refusal: Refusal, field: str) -> Finding:
    return Finding(Severity.ERROR, refusal.code, field, refusal.message, refusal.remedy, refusal.line)
