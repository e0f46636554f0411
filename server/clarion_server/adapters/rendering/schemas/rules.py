"""Finds what is wrong with a context schema: it is JSON Schema for an object, small, with references into itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from clarion_server.adapters.rendering.schemas.cost import LARGEST_PATTERN, pattern_size, patterns
from clarion_server.adapters.rendering.schemas.tree import (
    Path,
    all_subschemas,
    applied_subschemas,
    format_path,
    parts_of,
    resolve,
)
from clarion_server.adapters.rendering.templates.structure import closest
from clarion_server.domain.finding import Finding, FindingCode, Severity

FIELD = "context_schema"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DIALECTS = (DIALECT, f"{DIALECT}#")

_LARGEST = 64 * 1024
#: A schema has at most this many levels as JSON; each level of the data takes two.
_DEEPEST = 64
#: Limits the parts of the schema, with the target of each reference in its place.
_MOST_PARTS = 5_000
_LONGEST_MESSAGE = 300
_MOST_FINDINGS = 100

_UNAVAILABLE = ("$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "$vocabulary")

_KEYWORDS = frozenset(
    {"$comment", "$defs", "$id", "$ref", "$schema", "additionalProperties", "allOf", "anyOf", "const", "contains"}
    | {"contentEncoding", "contentMediaType", "contentSchema", "default", "definitions", "dependentRequired"}
    | {"dependentSchemas", "deprecated", "description", "else", "enum", "examples", "exclusiveMaximum"}
    | {"exclusiveMinimum", "format", "if", "items", "maxContains", "maxItems", "maxLength", "maxProperties", "maximum"}
    | {"minContains", "minItems", "minLength", "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern"}
    | {"patternProperties", "prefixItems", "properties", "propertyNames", "readOnly", "required", "then", "title"}
    | {"type", "unevaluatedItems", "unevaluatedProperties", "uniqueItems", "writeOnly"}
)


def schema_findings(schema: Mapping[str, Any]) -> list[Finding]:
    """Returns the findings of the first rule that has any, since each rule relies on those before it.

    A schema without errors compiles.
    """
    for rule in (_size, _language, _root, _references, _expansion, _patterns, _compilation):
        findings = list(islice(rule(schema), _MOST_FINDINGS))
        if findings:
            return findings
    return list(islice(_unknown_keywords(schema), _MOST_FINDINGS))


def _size(schema: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        size = len(json.dumps(schema, separators=(",", ":"), ensure_ascii=False).encode())
    except (RecursionError, TypeError, ValueError):
        yield _error((), "The schema is no JSON, or nested too deeply.", "Simplify it.")
        return
    if size > _LARGEST:
        yield _error((), f"The schema has more than {_LARGEST // 1024} KiB.", "Shorten it.")
    elif _depth(schema) > _DEEPEST:
        yield _error((), f"The schema is nested more than {_DEEPEST} levels deep.", "Simplify it.")


def _depth(value: Any) -> int:
    return 1 + max(map(_depth, parts_of(value)), default=0)


def _language(schema: Mapping[str, Any]) -> Iterator[Finding]:
    if schema.get("$schema", DIALECT) not in _DIALECTS:
        yield _error(("$schema",), "The schema is of another version of JSON Schema.", f"Use {DIALECT}.")
        return
    for error in _meta_validator().iter_errors(schema):
        message = f"Not valid JSON Schema: {error.message[:_LONGEST_MESSAGE]}."
        yield _error(tuple(error.instance_path), message, "Correct it; json-schema.org explains the keywords.")


@lru_cache(maxsize=1)
def _meta_validator() -> Draft202012Validator:
    return validator({"$ref": DIALECT})


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Compiles a schema. It reads no other document, and its patterns match in linear time.

    Raises jsonschema_rs.ValidationError.
    """
    options = RegexOptions(size_limit=LARGEST_PATTERN)
    return Draft202012Validator(dict(schema), validate_formats=True, pattern_options=options, offline=True)


def _root(schema: Mapping[str, Any]) -> Iterator[Finding]:
    if schema.get("type") != "object":
        yield _error(("type",), "The context is an object, and its schema must say so.", "Write `type: object`.")


def _references(schema: Mapping[str, Any]) -> Iterator[Finding]:
    parts = [(path, part) for path, part in all_subschemas(schema) if isinstance(part, Mapping)]
    targets = {id(part) for _, part in parts}
    for path, part in parts:
        yield from _unavailable_keywords(part, path)
        reference = part.get("$ref")
        if reference is not None and id(_target(reference, schema)) not in targets:
            message = "The reference leads out of this schema, or to no schema."
            yield _error((*path, "$ref"), message, "Refer to a part of it: `$ref: '#/$defs/…'`.")


def _unavailable_keywords(part: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    for keyword in _UNAVAILABLE:
        if keyword in part:
            yield _error((*path, keyword), f"`{keyword}` is not available.", "Refer with `$ref: '#/$defs/…'`.")
    if "$id" in part and path:
        yield _error((*path, "$id"), "A schema inside a schema cannot have an `$id`.", "Remove it.")


def _target(reference: str, root: Mapping[str, Any]) -> Any:
    if reference != "#" and not reference.startswith("#/"):
        return None
    try:
        return resolve(reference, root)
    except LookupError:
        return None


class _TooLarge(Exception):
    """Ends the count of parts. Its arguments are the message and the remedy of the finding."""


def _expansion(schema: Mapping[str, Any]) -> Iterator[Finding]:
    """Finds a schema that refers to itself, or that grows too large with the target of each reference in its place."""
    try:
        _count_parts(schema, schema, _MOST_PARTS, ())
    except _TooLarge as error:
        message, remedy = error.args
        yield _error((), message, remedy)


def _count_parts(schema: Any, root: Mapping[str, Any], left: int, references: tuple[str, ...]) -> int:
    """Returns how many of the allowed parts are left after a schema with everything in it. Raises _TooLarge."""
    if left <= 0:
        raise _TooLarge(f"The schema has more than {_MOST_PARTS:,} parts, references written out.", "Refer less often.")
    left -= 1
    for child in applied_subschemas(schema):
        left = _count_parts(child, root, left, references)
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    if reference is None:
        return left
    if reference in references:
        raise _TooLarge(
            f"The schema at `{reference}` refers to itself.", "Write out the levels that the content shows."
        )
    return _count_parts(resolve(reference, root), root, left, (*references, reference))


def _patterns(schema: Mapping[str, Any]) -> Iterator[Finding]:
    size = 0
    for path, pattern in patterns(schema):
        size += pattern_size(pattern)
        if size > LARGEST_PATTERN:
            message = "The patterns of the schema take too much memory together."
            remedy = "Simplify this one: `maxLength` bounds a text for less than `{1,100}` does."
            yield _error(path, message, remedy)
            return


def _compilation(schema: Mapping[str, Any]) -> Iterator[Finding]:
    """Finds what JSON Schema allows and the validator does not: patterns that may take more than linear time."""
    try:
        validator(schema)
    except ValidationError as error:
        message = f"Cannot be checked: {error.message[:_LONGEST_MESSAGE]}."
        remedy = "Simplify it. Patterns have neither look-around nor back-references."
        yield _error(tuple(error.instance_path), message, remedy)


def _unknown_keywords(schema: Mapping[str, Any]) -> Iterator[Finding]:
    """Warns of keywords that JSON Schema ignores, so that `require` promises nothing."""
    for path, part in all_subschemas(schema):
        unknown = set(part) - _KEYWORDS if isinstance(part, Mapping) else set()
        for keyword in sorted(keyword for keyword in unknown if not keyword.startswith("x-")):
            message = f"JSON Schema has no keyword `{keyword}`, and ignores it."
            remedy = f"Correct it, or begin its name with `x-`.{closest(keyword, _KEYWORDS)}"
            yield _finding(Severity.WARNING, (*path, keyword), message, remedy)


def _error(path: Path, message: str, remedy: str) -> Finding:
    return _finding(Severity.ERROR, path, message, remedy)


def _finding(severity: Severity, path: Path, message: str, remedy: str) -> Finding:
    inside = format_path(path)
    field = FIELD + (inside if inside.startswith("[") else f".{inside}" if inside else "")
    return Finding(severity, FindingCode.CONTEXT_SCHEMA_INVALID, field, message, remedy)
