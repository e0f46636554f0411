"""Review returns for any input, and what it lets pass compiles."""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest
from clarion_server.application.ports.content import ContentInvalid
from clarion_server.domain.finding import Finding, FindingCode, Severity
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rendering.contents import COMPILER, definition, reviewed
from tests.unit.rendering.wild import Wild

EXAMPLES = 10_000 if os.environ.get("CLARION_SOAK") else 75

TOKENS = (
    *("{{", "}}", "{%", "%}", "{#", "#}", "{", "}", "\n", "if", "elif", "else", "endif", "for", "in", "endfor", "set"),
    *("with", "endwith", "raw", "endraw", "recursive", "include", "macro", "context", "profile", "loop", "cycle", "."),
    *("a", "b", "items", "(", ")", "[", "]", "|", "default", "map", "'upper'", "select", "selectattr", "'a'", "join"),
    *(
        "first",
        "==",
        "is",
        "defined",
        "not",
        "and",
        "or",
        "~",
        "+",
        "*",
        "**",
        "//",
        "-",
        "%",
        "1",
        "none",
        "true",
        ",",
    ),
    *("=", ":", "range", "money", "sort", "attribute", "groupby"),
)
KEYWORDS = (
    *("type", "properties", "required", "items", "$ref", "$defs", "allOf", "anyOf", "const", "enum", "if", "then"),
    *("additionalProperties", "pattern", "minItems", "prefixItems", "patternProperties", "$id", "$schema", "not", "x"),
    *("dependentSchemas", "minLength", "format"),
)
VALUES: tuple[Any, ...] = (
    *("object", "string", "#", "#/$defs/x", "#/properties/x", "(a", "x", True, False, None, 1, 1.5, -1, 10**30),
    *(["string", "null"], [], {}, ["x"], [True, {"type": "string"}]),
)


def garbled(template: str, random: Random) -> str:
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(template) + 1)
        template = template[:place] + random.choice(TOKENS) + template[place + random.randrange(4) :]
    return template


def garbage(random: Random, depth: int = 4) -> Any:
    if depth == 0 or random.random() < 0.3:
        return random.choice(VALUES)
    if random.random() < 0.2:
        return [garbage(random, depth - 1) for _ in range(random.randrange(3))]
    return {random.choice(KEYWORDS): garbage(random, depth - 1) for _ in range(random.randrange(5))}


def has_error(findings: list[Finding], *codes: FindingCode) -> bool:
    return any(finding.severity is Severity.ERROR and finding.code in codes for finding in findings)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**64))
def test_any_template_is_answered_and_compiles_when_nothing_is_wrong(seed: int) -> None:
    wild, random = Wild(seed), Random(seed)
    schema = wild.root_schema()
    source = " ".join(random.choices(TOKENS, k=30)) if seed % 2 else garbled("\n".join(wild.template(schema)), random)
    findings = reviewed(source, schema)
    assert {finding.line for finding in findings} <= set(range(source.count("\n") + 2)), findings
    if not has_error(findings, *FindingCode):
        COMPILER.compile_content(definition(html=source), 0, "any")


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**64))
def test_any_schema_is_answered_and_compiles_exactly_when_nothing_is_wrong(seed: int) -> None:
    schema = {"type": "object", "properties": {"x": garbage(Random(seed))}}
    findings = reviewed("{{ context.x }}{% for y in context.x %}{{ y.x }}{% endfor %}", schema)
    if has_error(findings, FindingCode.CONTEXT_SCHEMA_INVALID):
        with pytest.raises(ContentInvalid):
            COMPILER.compile_schema(schema)
    else:
        COMPILER.compile_schema(schema).violations({"x": [{"x": 1}]})
