"""Walks through the schemas in a JSON Schema (2020-12 core, section 10), and follows its references."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

Path = tuple[str | int, ...]

_HOLDS_ONE = frozenset(
    {"additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
_HOLDS_LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_DEFINITIONS = frozenset({"$defs", "definitions"})
_HOLDS_MAP = _DEFINITIONS | {"dependentSchemas", "patternProperties", "properties"}


def subschemas(schema: Any) -> Iterator[tuple[Path, Any]]:
    """Yields the schemas directly inside a schema, each with its path from there."""
    if isinstance(schema, Mapping):
        for keyword, value in schema.items():
            if keyword in _HOLDS_ONE:
                yield (keyword,), value
            elif keyword in _HOLDS_LIST:
                yield from (((keyword, index), member) for index, member in enumerate(value))
            elif keyword in _HOLDS_MAP:
                yield from (((keyword, name), member) for name, member in value.items())


def all_subschemas(schema: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yields the schema and all schemas in it, each with its path."""
    yield path, schema
    for step, child in subschemas(schema):
        yield from all_subschemas(child, path + step)


def applied_subschemas(schema: Any) -> Iterator[Any]:
    """Returns the schemas directly inside that check values: definitions do so only where a reference leads to them."""
    return (child for path, child in subschemas(schema) if path[0] not in _DEFINITIONS)


def parts_of(value: Any) -> Collection[Any]:
    """Returns the values directly inside a JSON value."""
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()


def resolve(reference: str, root: Mapping[str, Any]) -> Any:
    """Returns the target of a local reference: `#` or `#/…`, a JSON pointer (RFC 6901). Raises LookupError."""
    target: Any = root
    for token in unquote(reference).removeprefix("#").split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and key.isdecimal():
            target = target[int(key)]
        elif isinstance(target, Mapping):
            target = target[key]
        else:
            raise LookupError(reference)
    return target


def inline_references(schema: Any, root: Mapping[str, Any]) -> Any:
    """Returns a schema without cycles with the target of each reference in its place, beside what stands there."""
    if not isinstance(schema, Mapping):
        return schema
    parts = {key: value for key, value in schema.items() if key not in _DEFINITIONS}
    result = {key: _changed(key, value, lambda part: inline_references(part, root)) for key, value in parts.items()}
    reference = result.pop("$ref", None)
    if reference is not None:
        result["allOf"] = [*result.get("allOf", ()), inline_references(resolve(reference, root), root)]
    return result


def without(keywords: Collection[str], schema: Any) -> Any:
    """Returns a schema without these keywords, in the schemas within it too."""
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: value for key, value in schema.items() if key not in keywords}
    return {key: _changed(key, value, lambda part: without(keywords, part)) for key, value in kept.items()}


def _changed(keyword: str, value: Any, change: Callable[[Any], Any]) -> Any:
    """Returns the value of a keyword with each schema directly in it changed."""
    if keyword in _HOLDS_ONE:
        return change(value)
    if keyword in _HOLDS_LIST:
        return [change(member) for member in value]
    if keyword in _HOLDS_MAP:
        return {name: change(member) for name, member in value.items()}
    return value


_LONGEST_KEY = 64


def format_path(path: Path) -> str:
    """Returns `order.items[0].price`; a key that is no plain name is quoted: `prices["a.b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _is_plain(step):
            text += f".{step}" if text else step
        else:
            text += f"[{_quoted(step)}]"
    return text


def _is_plain(key: str) -> bool:
    return len(key) <= _LONGEST_KEY and key.replace("-", "_").replace("$", "_").isidentifier()


def _quoted(key: str) -> str:
    shown = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}…"
    return '"' + "".join(c if c.isprintable() else "\ufffd" for c in shown).replace('"', '\\"') + '"'
