"""Tests the promise of review: without an error, no context that the schema accepts leaves a value missing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from clarion_server.application.ports.content import CompiledContent, Personalisation, RenderingFailed
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.finding import Severity
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rendering.contents import COMPILER, definition
from tests.unit.rendering.wild import Wild

EXAMPLES = 20_000 if os.environ.get("CLARION_SOAK") else 60
CONTEXTS_A_TEMPLATE = 8


def campaign(html: str, schema: Mapping[str, Any]) -> CampaignDefinition:
    return definition(html=html, schema=schema)


def without_faulty_lines(lines: list[str], schema: Mapping[str, Any]) -> list[str]:
    """Returns the lines of a template that are left when those with an error are dropped, until none has one."""
    while True:
        findings = COMPILER.review(campaign("\n".join(lines), schema))
        faulty = {finding.line for finding in findings if finding.severity is Severity.ERROR}
        if not faulty:
            return lines
        assert faulty <= set(range(1, len(lines) + 1)), findings
        lines = [line for number, line in enumerate(lines, 1) if number not in faulty]


def accepted_contexts(wild: Wild, schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    check = COMPILER.compile_schema(schema)
    drawn = (wild.value(schema, schema) for _ in range(CONTEXTS_A_TEMPLATE))
    return (context for context in drawn if isinstance(context, dict) and not check.violations(context))


def failure_of(content: CompiledContent, context: dict[str, Any], profile: dict[str, Any]) -> str:
    try:
        content.render(Personalisation(context, profile, "email:a@b.c", "a@b.c", "en"))
    except RenderingFailed as failure:
        return f"line {failure.line}: {failure.detail}"
    return ""


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**64))
def test_no_context_that_the_schema_accepts_leaves_a_value_missing_in_a_reviewed_template(seed: int) -> None:
    wild = Wild(seed)
    schema = wild.root_schema()
    lines = without_faulty_lines(wild.template(schema), schema)
    content = COMPILER.compile_content(campaign("\n".join(lines), schema), 0, "any")
    for context in accepted_contexts(wild, schema):
        failure = failure_of(content, context, {"a": wild.anything(), "b": wild.anything()})
        assert "missing" not in failure, (failure, lines, schema, context)
