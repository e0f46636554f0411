"""Turns the errors of a validator into violations: paths, stable reasons, sentences without the context's values."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from jsonschema_rs import ValidationError

from clarion_server.adapters.rendering.schemas.tree import Path, format_path
from clarion_server.domain.violation import Violation

#: Is the stable reason of each JSON Schema keyword, by the name that the validator gives it.
REASONS = {
    "additionalItems": "TOO_MANY",
    "additionalProperties": "UNKNOWN_FIELD",
    "anyOf": "NO_MATCH",
    "const": "NOT_ALLOWED",
    "contains": "NO_MATCH",
    "enum": "NOT_ALLOWED",
    "exclusiveMaximum": "OUT_OF_RANGE",
    "exclusiveMinimum": "OUT_OF_RANGE",
    "falseSchema": "UNKNOWN_FIELD",
    "format": "MALFORMED",
    "maximum": "OUT_OF_RANGE",
    "maxItems": "TOO_MANY",
    "maxLength": "TOO_LONG",
    "maxProperties": "TOO_MANY",
    "minimum": "OUT_OF_RANGE",
    "minItems": "TOO_FEW",
    "minLength": "TOO_SHORT",
    "minProperties": "TOO_FEW",
    "multipleOf": "OUT_OF_RANGE",
    "not": "NOT_ALLOWED",
    "oneOf": "NO_MATCH",
    "pattern": "MALFORMED",
    "propertyNames": "MALFORMED",
    "required": "REQUIRED",
    "type": "WRONG_TYPE",
    "unevaluatedItems": "TOO_MANY",
    "unevaluatedProperties": "UNKNOWN_FIELD",
    "uniqueItems": "DUPLICATE",
}

#: Holds the messages for people. `{limit}` and the like come from the schema, and nothing comes from the context.
_SENTENCES = {
    "additionalItems": "The list has more entries than the context schema allows.",
    "additionalProperties": "The context schema has no such field.",
    "anyOf": "Must match one of the alternatives of the context schema.",
    "const": "Must be {expected_value}.",
    "contains": "Must hold an entry that the context schema requires.",
    "enum": "Must be one of {options}.",
    "exclusiveMaximum": "Must be less than {limit}.",
    "exclusiveMinimum": "Must be greater than {limit}.",
    "falseSchema": "The context schema allows no value here.",
    "format": "Must be a valid {format}.",
    "maximum": "Must be at most {limit}.",
    "maxItems": "Must have at most {limit} entries.",
    "maxLength": "Must have at most {limit} characters.",
    "maxProperties": "Must have at most {limit} fields.",
    "minimum": "Must be at least {limit}.",
    "minItems": "Must have at least {limit} entries.",
    "minLength": "Must have at least {limit} characters.",
    "minProperties": "Must have at least {limit} fields.",
    "multipleOf": "Must be a multiple of {multiple_of}.",
    "not": "Must not match what the context schema excludes.",
    "oneOf": "Must match exactly one of the alternatives of the context schema.",
    "pattern": "Must match the pattern {pattern}.",
    "propertyNames": "Has a field whose name the context schema does not allow.",
    "required": "Must be given.",
    "type": "Must be {types}.",
    "unevaluatedItems": "The list has more entries than the context schema allows.",
    "unevaluatedProperties": "The context schema has no such field.",
    "uniqueItems": "Must not hold an entry twice.",
}

#: Holds an example of each format of which people write others, such as a date with a blank in it.
_EXAMPLES = {
    "date": "2027-01-31",
    "date-time": "2027-01-31T09:00:00Z",
    "duration": "P3DT12H",
    "email": "jane@example.com",
    "time": "09:00:00Z",
    "uri": "https://example.com/orders",
    "uuid": "0d3a0ad6-5b3c-4b5e-9d7a-2f6f6c1f3a58",
}
_LONGEST_PART = 200


def violations_of(error: ValidationError) -> Iterator[Violation]:
    """Yields a violation for each field: a missing or an unknown one is named itself, not the object that holds it."""
    keyword = error.kind.name
    reason = REASONS.get(keyword, "MALFORMED")
    sentence = _sentence(keyword, error.kind.as_dict())
    for path in _paths(tuple(error.instance_path), error.kind.as_dict()):
        yield Violation(format_path(path), reason, sentence)


def _paths(path: Path, details: dict[str, Any]) -> Iterator[Path]:
    if "property" in details:
        yield (*path, details["property"])
    elif "unexpected" in details:
        yield from ((*path, key) for key in details["unexpected"])
    else:
        yield path


def _sentence(keyword: str, details: dict[str, Any]) -> str:
    if keyword == "format" and (example := _EXAMPLES.get(details["format"])):
        return f"Must be a valid {details['format']}, such as {example}."
    words = {key: _words(value) for key, value in details.items()}
    return _SENTENCES.get(keyword, "Breaks the context schema.").format(**words)


_ARTICLES = {"array": "a list", "boolean": "true or false", "integer": "a whole number", "null": "null"} | {
    "number": "a number",
    "object": "an object",
    "string": "a text",
}


def _words(value: Any) -> str:
    if isinstance(value, list):
        return _shortened(" or ".join(_ARTICLES.get(str(entry), str(entry)) for entry in value))
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return _shortened(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_PART else f"{text[:_LONGEST_PART]}…"
