"""Finds example data for a campaign, from what its schema offers and from the simplest values within its formats and
bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from math import floor
from operator import add
from typing import Any

from clarion_server.adapters.rendering.compiled_action import CompiledAction
from clarion_server.adapters.rendering.content_kind import ContentKinds
from clarion_server.adapters.rendering.schemas.check import EMPTY_OBJECT, JsonSchema
from clarion_server.adapters.rendering.schemas.cost import compilation_price
from clarion_server.adapters.rendering.schemas.rules import validator
from clarion_server.adapters.rendering.schemas.tree import inline_references
from clarion_server.application.ports.content import (
    NO_FRAGMENTS,
    Attachments,
    Example,
    Fragments,
    Personalisation,
    RenderingFailed,
)
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.consent.personal_link import SAMPLE_URLS
from clarion_server.domain.content.built_source import BuiltSources

#: Holds the examples by JSON Schema's `format`. Addresses and hosts belong to nobody (RFC 2606, RFC 3849, RFC 5737).
_BY_FORMAT: Mapping[str, str] = {
    **dict.fromkeys(("email", "idn-email"), "jane@example.com"),
    **dict.fromkeys(("hostname", "idn-hostname"), "shop.example.com"),
    **dict.fromkeys(("iri", "uri"), "https://shop.example.com/orders/4711"),
    **dict.fromkeys(("iri-reference", "json-pointer", "uri-reference"), "/orders/4711"),
    "date": "2030-01-31",
    "date-time": "2030-01-31T09:00:00Z",
    "duration": "P1D",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "regex": "^[a-z]+$",
    "relative-json-pointer": "0",
    "time": "09:00:00Z",
    "uri-template": "https://shop.example.com/orders/{id}",
    "uuid": "3f1c9a7b-e05d-4821-9c3e-6b2f8d7a1e40",
}
_MOST_CONTEXTS = 5
#: A search looks at, or compiles, at most this many parts of schemas.
_MOST_STEPS = 50_000
_LONGEST_TEXT, _MOST_ENTRIES, _LARGEST_NUMBER = 10_000, 100, 1e15
_MERGE: Mapping[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("maxItems", "maxLength", "maximum"), min),
    **dict.fromkeys(("minItems", "minLength", "minimum"), max),
    "properties": lambda inner, outer: {**inner, **outer},
    "required": add,
}


def example_of(
    definition: CampaignDefinition,
    kinds: ContentKinds,
    identity: str,
    address: str,
    attachments: Attachments,
    built: BuiltSources | None = None,
    fragments: Fragments = NO_FRAGMENTS,
) -> Example | None:
    """Returns None when no context is found that passes the schema and that every action can be rendered with."""
    schema = EMPTY_OBJECT if definition.context_schema is None else definition.context_schema
    check = JsonSchema(schema)
    contents = [
        CompiledAction(kinds, definition, index, "example", attachments, built=built, fragments=fragments)
        for index in range(len(definition.actions))
    ]
    with suppress(_SearchEnded):
        for context in islice(_Examples().of(inline_references(schema, schema)), _MOST_CONTEXTS):
            if isinstance(context, dict) and not check.violations(context):
                with suppress(RenderingFailed):
                    data = Personalisation(context, {}, identity, address, definition.default_locale)
                    for content in contents:
                        content.render(data, SAMPLE_URLS)
                    return Example(context, {})
    return None


class _SearchEnded(Exception):
    """The steps of a search are used up."""


class _Examples:
    def __init__(self) -> None:
        self._steps = _MOST_STEPS

    def of(self, schema: Any, name: str = "example") -> Iterator[Any]:
        """Yields values that may pass a schema without references, the author's own first."""
        self._spend(1)
        if schema is False:
            return
        schema = {} if schema is True else _merged(schema)
        offers = [*schema.get("examples", ()), *(schema[each] for each in ("const", "default") if each in schema)]
        yield from self._passing(schema, [*offers, *schema.get("enum", ())])
        for keyword in ("oneOf", "anyOf"):
            others = {key: value for key, value in schema.items() if key != keyword}
            for option in schema.get(keyword, ()):
                yield from self._passing(schema, self.of({**others, "allOf": [option]}, name))
        types = schema.get("type", "object" if "properties" in schema else "string")
        for kind in [types] if isinstance(types, str) else types:
            if kind == "object":
                yield self._object(schema)
            elif kind == "array":
                yield self._list(schema, name)
            elif kind in {"integer", "number"}:
                yield from self._passing(schema, _numbers(schema))
            else:
                made = {"boolean": True, "string": _text(schema, name)}
                yield from self._passing(schema, [made.get(kind)])

    def _spend(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise _SearchEnded

    def _passing(self, schema: Mapping[str, Any], values: Iterable[Any]) -> Iterator[Any]:
        check = None
        for value in values:
            if check is None:
                self._spend(compilation_price(schema))
                check = validator(schema)
            if check.is_valid(value):
                yield value

    def _object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Returns an object with all members that the schema names, as far as they have examples."""
        members = dict.fromkeys(schema.get("required", ()), True) | schema.get("properties", {})
        return {name: value for name, member in members.items() for value in islice(self.of(member, name), 1)}

    def _list(self, schema: Mapping[str, Any], name: str) -> list[Any]:
        prefix, entries = schema.get("prefixItems", []), list[Any]()
        for index in range(min(max(schema.get("minItems", 0), len(prefix), 1), _MOST_ENTRIES)):
            values = self.of(prefix[index] if index < len(prefix) else schema.get("items", True), name)
            is_new = (value for value in values if not schema.get("uniqueItems") or value not in entries)
            entries += islice(is_new, 1)
        return entries


def _merged(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the schema with its `allOf` put into it: members together, the stricter bounds, and else either."""
    merged = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema.get("allOf", ()):
        for key, value in _merged(part).items() if isinstance(part, Mapping) else ():
            if key not in merged:
                merged[key] = value
            elif key in _MERGE:
                merged[key] = _MERGE[key](value, merged[key])
    return merged


def _text(schema: Mapping[str, Any], name: str) -> str:
    text = _BY_FORMAT.get(schema.get("format", ""), name)
    text = text.ljust(int(min(schema.get("minLength", 0), _LONGEST_TEXT)), "x")
    return text[: int(schema.get("maxLength", _LONGEST_TEXT))]


def _numbers(schema: Mapping[str, Any]) -> Iterator[int | float]:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = schema.get("multipleOf", 1)
    yield from (step, 0)
    for bound in (least, most):
        if bound is not None and abs(bound / step) < _LARGEST_NUMBER:
            yield from ((floor(bound / step) + turn) * step for turn in (0, 1, -1))
    if least is not None and most is not None:
        yield (least + most) / 2
