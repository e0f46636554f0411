"""What a context schema must be, beyond being JSON Schema: an object, small, and without references that go astray."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from clarion_server.adapters.rendering.schema_cost import pattern_size, patterns
from clarion_server.adapters.rendering.schema_tree import Path, applied, dotted, everywhere, resolved
from clarion_server.adapters.rendering.structure import closest
from clarion_server.domain.finding import Finding, FindingCode, Severity

FIELD = "context_schema"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DIALECTS = (DIALECT, f"{DIALECT}#")

_LARGEST = 64 * 1024
_DEEPEST = 64
"""Of the schema as JSON; each level of the data takes two."""
_MOST_PARTS = 5_000
"""With every reference written out: what a check may have to look at for one value."""
_LONGEST_MESSAGE = 300
_MOST_FINDINGS = 100
_LARGEST_PATTERNS = 24 * 1024 * 1024
"""Of all compiled patterns together; a name as in `^[\\p{L} '-]{1,100}$` takes a third of it."""

_ELSEWHERE = ("$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "$vocabulary")

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
    """Errors keep the schema from being compiled. Each rule relies on those before it."""
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
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, members), default=0)


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
    """Raises jsonschema_rs.ValidationError. Reads no other document, and matches patterns in linear time."""
    return Draft202012Validator(dict(schema), validate_formats=True, pattern_options=RegexOptions(), offline=True)


def _root(schema: Mapping[str, Any]) -> Iterator[Finding]:
    if schema.get("type") != "object":
        yield _error(("type",), "The context is an object, and its schema must say so.", "Write `type: object`.")


def _references(schema: Mapping[str, Any]) -> Iterator[Finding]:
    parts = [(path, part) for path, part in everywhere(schema) if isinstance(part, Mapping)]
    targets = {id(part) for _, part in parts}
    for path, part in parts:
        yield from _strays(part, path)
        reference = part.get("$ref")
        if reference is not None and id(_target(reference, schema)) not in targets:
            message = "The reference leads out of this schema, or to no schema."
            yield _error((*path, "$ref"), message, "Refer to a part of it: `$ref: '#/$defs/…'`.")


def _strays(part: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    for keyword in _ELSEWHERE:
        if keyword in part:
            yield _error((*path, keyword), f"`{keyword}` is not available.", "Refer with `$ref: '#/$defs/…'`.")
    if "$id" in part and path:
        yield _error((*path, "$id"), "A schema inside a schema cannot have an `$id`.", "Remove it.")


def _target(reference: str, root: Mapping[str, Any]) -> Any:
    if reference != "#" and not reference.startswith("#/"):
        return None
    try:
        return resolved(reference, root)
    except LookupError:
        return None


class _TooLarge(Exception):
    """Carries the finding's message and remedy."""


def _expansion(schema: Mapping[str, Any]) -> Iterator[Finding]:
    """A schema that refers to itself grows with the data, and a chain of doublings grows beyond measure."""
    try:
        _parts_left(schema, schema, _MOST_PARTS, ())
    except _TooLarge as error:
        message, remedy = error.args
        yield _error((), message, remedy)


def _parts_left(schema: Any, root: Mapping[str, Any], left: int, references: tuple[str, ...]) -> int:
    """How many of the allowed parts are left after this one with everything in it."""
    if left <= 0:
        raise _TooLarge(f"The schema has more than {_MOST_PARTS:,} parts, references written out.", "Refer less often.")
    left -= 1
    for child in applied(schema):
        left = _parts_left(child, root, left, references)
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    if reference is None:
        return left
    if reference in references:
        raise _TooLarge(
            f"The schema at `{reference}` refers to itself.", "Write out the levels that the content shows."
        )
    return _parts_left(resolved(reference, root), root, left, (*references, reference))


def _patterns(schema: Mapping[str, Any]) -> Iterator[Finding]:
    size = 0
    for path, pattern in patterns(schema):
        size += pattern_size(pattern) or 0
        if size > _LARGEST_PATTERNS:
            message = "The patterns of the schema take too much memory together."
            remedy = "Simplify this one: `maxLength` bounds a text for less than `{1,100}` does."
            yield _error(path, message, remedy)
            return


def _compilation(schema: Mapping[str, Any]) -> Iterator[Finding]:
    """What JSON Schema allows and the validator does not: patterns that take more than linear time to match."""
    try:
        validator(schema)
    except ValidationError as error:
        message = f"Cannot be checked: {error.message[:_LONGEST_MESSAGE]}."
        remedy = "Simplify it. Patterns have neither look-around nor back-references."
        yield _error(tuple(error.instance_path), message, remedy)


def _unknown_keywords(schema: Mapping[str, Any]) -> Iterator[Finding]:
    """The standard ignores what it does not know, so that `require` promises nothing."""
    for path, part in everywhere(schema):
        unknown = set(part) - _KEYWORDS if isinstance(part, Mapping) else set()
        for keyword in sorted(keyword for keyword in unknown if not keyword.startswith("x-")):
            message = f"JSON Schema knows no `{keyword}`, and ignores it."
            remedy = f"Correct it, or begin its name with `x-`.{closest(keyword, _KEYWORDS)}"
            yield _finding(Severity.WARNING, (*path, keyword), message, remedy)


def _error(path: Path, message: str, remedy: str) -> Finding:
    return _finding(Severity.ERROR, path, message, remedy)


def _finding(severity: Severity, path: Path, message: str, remedy: str) -> Finding:
    inside = dotted(path)
    field = FIELD + (inside if inside.startswith("[") else f".{inside}" if inside else "")
    return Finding(severity, FindingCode.CONTEXT_SCHEMA_INVALID, field, message, remedy)
