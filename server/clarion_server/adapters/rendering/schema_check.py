"""Context schemas: compiled once, checked fast. Violations are listed for a context that fails, and only then."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice
from typing import Any

from clarion_server.adapters.rendering.schema_rules import schema_findings, validator
from clarion_server.adapters.rendering.schema_violations import violations_of
from clarion_server.application.ports.content import ContentInvalid
from clarion_server.domain.finding import Severity
from clarion_server.domain.violation import Violation

#: `properties` is there for the validator, which names unknown fields only beside it.
EMPTY_OBJECT: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}

_MOST_VIOLATIONS = 100


class JsonSchema:
    """A compiled schema (JSON Schema 2020-12). Formats are asserted; patterns run in linear time."""

    __slots__ = ("_validator",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Raises ContentInvalid."""
        for finding in schema_findings(schema):
            if finding.severity is Severity.ERROR:
                raise ContentInvalid(f"{finding.field}: {finding.message}")
        self._validator = validator(schema)

    def violations(self, context: Mapping[str, Any]) -> list[Violation]:
        """Every broken rule, the first hundred of them."""
        try:
            if self._validator.is_valid(context):
                return []
            found = chain.from_iterable(map(violations_of, self._validator.iter_errors(context)))
            return list(islice(found, _MOST_VIOLATIONS))
        except ValueError:
            return [Violation("", "TOO_DEEP", "Is nested too deeply.")]
