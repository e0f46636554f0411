"""The review of one template against the context schema."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

from clarion_server.adapters.rendering.review.abstract_values import UNPROMISED, shape_of
from clarion_server.adapters.rendering.review.checker import Walk
from clarion_server.adapters.rendering.review.json_types import Schema
from clarion_server.adapters.rendering.review.report import Report
from clarion_server.adapters.rendering.review.scopes import Scope
from clarion_server.domain.finding import Finding


def variable_findings(tree: nodes.Template, field: str, context_schema: Any) -> list[Finding]:
    """`context_schema` holds no references. When no finding is an error, no context that passes it leaves a value
    missing.
    """
    report = Report(field)
    Walk(report).through(tree.body, _outermost(context_schema))
    return report.findings


def _outermost(context_schema: Any) -> Scope:
    schemas = {
        "context": context_schema,
        "profile": {**UNPROMISED, "type": "object"},
        "recipient": _texts("identity", "address", "locale"),
        "campaign": _texts("name", "display_name"),
    }
    scope = Scope({})
    for name, schema in schemas.items():
        scope = scope.with_variable(name, shape_of(schema))
    return scope


def _texts(*names: str) -> Schema:
    """Of an object that has these texts and nothing else."""
    members = {name: {"type": "string"} for name in names}
    return {"type": "object", "properties": members, "required": list(names), "additionalProperties": False}
