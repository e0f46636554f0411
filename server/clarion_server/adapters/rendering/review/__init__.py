"""Review: what is wrong with contents and their context schema, found without rendering."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from clarion_server.adapters.rendering.compilation import compiled
from clarion_server.adapters.rendering.content_kind import ContentKinds, Escaping, Part, content_field
from clarion_server.adapters.rendering.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.review.effort import limited_effort
from clarion_server.adapters.rendering.review.html_rules import review_html, review_text
from clarion_server.adapters.rendering.review.json_report import JsonReport
from clarion_server.adapters.rendering.review.json_types import Schema
from clarion_server.adapters.rendering.review.report import Report, TooManyFindings
from clarion_server.adapters.rendering.review.template_review import review_variables
from clarion_server.adapters.rendering.schema_check import EMPTY_OBJECT
from clarion_server.adapters.rendering.schema_rules import schema_findings
from clarion_server.adapters.rendering.schema_tree import written_out
from clarion_server.adapters.rendering.structure import Refusal, parsed
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.finding import Finding, Severity

__all__ = ["review"]


def review(definition: CampaignDefinition, kinds: ContentKinds) -> list[Finding]:
    """Returns the findings of the context schema and of every action."""
    with limited_effort():
        return _findings(definition, kinds)


def _findings(definition: CampaignDefinition, kinds: ContentKinds) -> list[Finding]:
    schema = definition.context_schema if definition.context_schema is not None else EMPTY_OBJECT
    findings = list(schema_findings(schema))
    is_sound = all(finding.severity is not Severity.ERROR for finding in findings)
    # Without a sound schema nothing is known of variables, and each would be complained of.
    known_schema = written_out(schema, schema) if is_sound else None
    for index in range(len(definition.actions)):
        findings += _action_findings(definition, index, kinds, known_schema)
    return findings


def _action_findings(
    definition: CampaignDefinition, index: int, kinds: ContentKinds, schema: Schema | None
) -> Iterator[Finding]:
    content, field = definition.actions[index].content, content_field(definition, index)
    kind = kinds[type(content)]
    for part in kind.parts(content):
        yield from _template_findings(part, f"{field}.{part.field}", schema)
    for finding in kind.findings(content, definition.category):
        yield replace(finding, field=f"{field}.{finding.field}")


def _template_findings(part: Part, field: str, schema: Schema | None) -> Iterator[Finding]:
    environment = ENVIRONMENTS[part.escaping]
    tree, refusals = parsed(part.source, environment)
    yield from (_refused(refusal, field) for refusal in refusals)
    # What is refused has no meaning that could be followed.
    if tree is None or refusals:
        return
    report = JsonReport(field, tree) if part.escaping is Escaping.JSON else Report(field)
    with suppress(TooManyFindings):
        if schema is not None:
            review_variables(tree, schema, report)
        if part.escaping is Escaping.HTML:
            review_html(part.source, report)
        elif part.escaping is Escaping.NONE:
            review_text(tree, report)
    yield from report.findings
    code = compiled(tree, environment)
    if isinstance(code, Refusal):
        yield _refused(code, field)


def _refused(refusal: Refusal, field: str) -> Finding:
    return Finding(Severity.ERROR, refusal.code, field, refusal.message, refusal.remedy, refusal.line)
