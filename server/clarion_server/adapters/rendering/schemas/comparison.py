"""Finds what a change of a context schema means: which contexts are refused that were taken before, and the reverse.

Whether one JSON Schema takes all that another one takes cannot be decided in general. The comparison goes keyword by
keyword and errs on one side: a context that was taken and is refused now always shows as REFUSES_MORE or NAMES_MORE,
and what shows as REFUSES_MORE may be harmless where keywords outweigh each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clarion_server.adapters.rendering.schemas.check import EMPTY_OBJECT
from clarion_server.adapters.rendering.schemas.keywords import (
    ANNOTATIONS,
    compare_alternatives,
    compare_assertions,
    compare_values,
    same,
    types_of,
)
from clarion_server.adapters.rendering.schemas.rules import schema_findings
from clarion_server.adapters.rendering.schemas.tree import format_path, inline_references, without
from clarion_server.domain.campaigns.schema_difference import SchemaDifference, SchemaEffect
from clarion_server.domain.finding import Severity

Schema = Mapping[str, Any]

_REFUSES, _ACCEPTS, _NAMES = SchemaEffect.REFUSES_MORE, SchemaEffect.ACCEPTS_MORE, SchemaEffect.NAMES_MORE
_ROOT = "context"


def schema_differences(before: Schema | None, after: Schema | None) -> list[SchemaDifference]:
    """Returns the differences by paths in the context. There are none when a schema is not valid, as review tells."""
    schemas = [EMPTY_OBJECT if schema is None else schema for schema in (before, after)]
    if any(finding.severity is Severity.ERROR for schema in schemas for finding in schema_findings(schema)):
        return []
    earlier, later = (without(ANNOTATIONS, inline_references(schema, schema)) for schema in schemas)
    return list(dict.fromkeys(_compare(_ROOT, earlier, later)))


def _compare(path: str, before: Any, after: Any) -> Iterator[SchemaDifference]:
    before, after = _plain(before), _plain(after)
    if same(before, after):
        return
    if before is False or after is False:
        effect, what = (_ACCEPTS, "may be given now") if before is False else (_REFUSES, "may no longer be given")
        yield SchemaDifference(path, effect, f"It {what}.")
        return
    if _has_unevaluated(before) or _has_unevaluated(after):
        text = "It differs beside `unevaluatedProperties` or `unevaluatedItems`, whose effect is not compared."
        yield SchemaDifference(path, _REFUSES, text)
        return
    for effect, text in (*compare_values(before, after), *compare_assertions(before, after)):
        yield SchemaDifference(path, effect, text)
    for effect, text in compare_alternatives(before, after):
        yield SchemaDifference(path, effect, text)
    if types_of(before) & types_of(after) & {"object"}:
        yield from _compare_objects(path, before, after)
    if types_of(before) & types_of(after) & {"array"}:
        yield from _compare(f"{path}[]", before.get("items", True), after.get("items", True))


def _compare_objects(path: str, before: Schema, after: Schema) -> Iterator[SchemaDifference]:
    earlier, later = set(before.get("required", ())), set(after.get("required", ()))
    for name in sorted(later - earlier):
        yield SchemaDifference(_child(path, name), _REFUSES, "It is required now.")
    for name in sorted(earlier - later):
        yield SchemaDifference(_child(path, name), _ACCEPTS, "It is no longer required.")
    properties = {**before.get("properties", {}), **after.get("properties", {})}
    for name in sorted(properties):
        yield from _compare_property(path, name, before, after)
    others = (before.get("additionalProperties", True), after.get("additionalProperties", True))
    yield from _compare(f"{path}.*", *others)


def _compare_property(path: str, name: str, before: Schema, after: Schema) -> Iterator[SchemaDifference]:
    child = _child(path, name)
    earlier, later = (_property(schema, name) for schema in (before, after))
    is_new = name not in before.get("properties", {})
    if is_new and before.get("patternProperties"):
        # A pattern may have taken it with any value.
        yield from _compare(child, {}, later)
    elif is_new and _plain(earlier) == {} and _plain(later) not in ({}, False):
        yield SchemaDifference(child, _NAMES, "It could have any value before, and is described now.")
    else:
        yield from _compare(child, earlier, later)


def _property(schema: Schema, name: str) -> Any:
    named = schema.get("properties", {})
    return named[name] if name in named else schema.get("additionalProperties", True)


def _plain(schema: Any) -> Any:
    """Returns True as the empty schema, and a schema that merely refers as its target."""
    if isinstance(schema, bool):
        return {} if schema else False
    if set(schema) == {"allOf"} and len(schema["allOf"]) == 1:
        return _plain(schema["allOf"][0])
    return schema


def _has_unevaluated(schema: Schema) -> bool:
    return "unevaluatedProperties" in schema or "unevaluatedItems" in schema


def _child(path: str, name: str) -> str:
    step = format_path((name,))
    return path + step if step.startswith("[") else f"{path}.{step}"
