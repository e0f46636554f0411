"""Compiles context schemas, and checks contexts. Violations are listed only for a context that fails."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice
from typing import Any

from jsonschema_rs import ValidationError

from clarion_server.adapters.rendering.schemas.cost import cost_tree, has_alternatives, holds_at_most, time_of_largest
from clarion_server.adapters.rendering.schemas.rules import schema_findings, validator
from clarion_server.adapters.rendering.schemas.tree import inline_references
from clarion_server.adapters.rendering.schemas.violations import violations_of
from clarion_server.application.ports.content import ContentInvalid, ErrorBudget
from clarion_server.domain.finding import Severity
from clarion_server.domain.violation import Violation

#: With `properties`, since the validator names unknown fields only beside it.
EMPTY_OBJECT: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}

_MOST_VIOLATIONS = 100
#: Is the time of a check, which runs on the event loop.
_MOST_NANOSECONDS = 30_000_000
#: Is the time for the largest context. A call that is not large holds a third of it at most.
_COSTLY_NANOSECONDS = 5 * _MOST_NANOSECONDS
#: Holds the values of a context whose possible errors are counted.
_MOST_LISTED_VALUES = 5_000

_TOO_LARGE = Violation("", "TOO_MANY", "Has too many values, or too long texts, to be checked against its schema.")
_NOT_LISTED = Violation(
    "",
    "NO_MATCH",
    "Breaks the context schema, and has too many values, or comes after too many violations, for a list.",
)


class JsonSchema:
    """Is a compiled schema (JSON Schema 2020-12). Formats are asserted; patterns run in linear time."""

    __slots__ = ("_cost", "_has_alternatives", "_is_bounded", "_validator", "is_costly")

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Raises ContentInvalid."""
        for finding in schema_findings(schema):
            if finding.severity is Severity.ERROR:
                raise ContentInvalid(f"{finding.field}: {finding.message}")
        self._validator = validator(schema)
        self._cost = cost_tree(inline_references(schema, schema))
        self._has_alternatives = has_alternatives(schema)
        longest = time_of_largest(self._cost)
        self._is_bounded = longest <= _MOST_NANOSECONDS
        self.is_costly = longest > _COSTLY_NANOSECONDS

    def violations(self, context: Mapping[str, Any], budget: ErrorBudget | None = None) -> list[Violation]:
        """Returns the first hundred broken rules; of a context with too many possible errors the first alone."""
        try:
            if not self._is_bounded and self._cost.time_left(context, _MOST_NANOSECONDS) < 0:
                return [_TOO_LARGE]
            if self._validator.is_valid(context):
                return []
            if self._may_be_listed(context, budget or ErrorBudget()):
                found = chain.from_iterable(map(violations_of, self._validator.iter_errors(context)))
                return list(islice(found, _MOST_VIOLATIONS))
            return self._first_violations(context)
        except ValueError:
            return [Violation("", "TOO_DEEP", "Is nested too deeply.")]

    def _may_be_listed(self, context: Mapping[str, Any], budget: ErrorBudget) -> bool:
        if not holds_at_most(_MOST_LISTED_VALUES, context):
            return False
        errors = self._cost.errors(context)
        if errors > budget.left:
            return False
        budget.left -= errors
        return True

    def _first_violations(self, context: Mapping[str, Any]) -> list[Violation]:
        if self._has_alternatives:
            # Their first error holds the errors of all alternatives.
            return [_NOT_LISTED]
        try:
            self._validator.validate(context)
        except ValidationError as error:
            return list(islice(violations_of(error), _MOST_VIOLATIONS))
        return []
