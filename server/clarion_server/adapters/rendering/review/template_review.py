"""The review of one template against the context schema."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

from clarion_server.adapters.rendering.review.abstract_values import UNPROMISED, shape_of
from clarion_server.adapters.rendering.review.checker import Walk
from clarion_server.adapters.rendering.review.effort import ReviewTooLong
from clarion_server.adapters.rendering.review.json_types import Schema
from clarion_server.adapters.rendering.review.report import Report
from clarion_server.adapters.rendering.review.scopes import Scope
from clarion_server.domain.finding import FindingCode


def review_variables(tree: nodes.Template, context_schema: Any, report: Report) -> None:
    """Reports what is wrong with the template's use of its variables. `context_schema` holds no references.

    When no finding is an error, no context that passes the schema leaves a value missing.
    """
    try:
        Walk(report).through(tree.body, _outermost(context_schema))
    except ReviewTooLong:
        message = "The template and the context schema are too complicated together to be reviewed."
        remedy = "Split loops and conditions up, or give the schema fewer alternatives."
        report.error(FindingCode.TEMPLATE_UNSAFE, 0, message, remedy)


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
