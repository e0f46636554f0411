"""How a JSON Schema is nested: the keywords that hold schemas (2020-12 core, section 10; validation, section 9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]

HOLDS_ONE = frozenset(
    {"additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
HOLDS_LIST = ("allOf", "anyOf", "oneOf", "prefixItems")
HOLDS_MAP = ("$defs", "definitions", "dependentSchemas", "patternProperties", "properties")

_DEFINITIONS = ("$defs", "definitions")


def children(schema: Any, *, definitions: bool = True) -> Iterator[tuple[Path, Any]]:
    """The schemas directly inside a schema, each with its path from there."""
    if not isinstance(schema, Mapping):
        return
    for keyword in HOLDS_ONE:
        if keyword in schema:
            yield (keyword,), schema[keyword]
    for keyword in HOLDS_LIST:
        if isinstance(members := schema.get(keyword), list):
            yield from (((keyword, index), member) for index, member in enumerate(members))
    for keyword in HOLDS_MAP:
        if isinstance(members := schema.get(keyword), Mapping) and (definitions or keyword not in _DEFINITIONS):
            yield from (((keyword, name), member) for name, member in members.items())


def everywhere(schema: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The schema and all schemas in it. Mind the depth: bound it first."""
    yield path, schema
    for step, child in children(schema):
        yield from everywhere(child, path + step)


def resolved(reference: str, root: Mapping[str, Any]) -> Any:
    """What a local reference (`#` or `#/…`, a JSON pointer after RFC 6901) stands for. Raises LookupError."""
    target: Any = root
    for token in reference.removeprefix("#").split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list):
            target = dict(enumerate(target))[int(key) if key.isdecimal() else -1]
        elif isinstance(target, Mapping):
            target = target[key]
        else:
            raise LookupError(reference)  # noqa: TRY004  (the pointer leads nowhere; what it met is no one's argument)
    return target


def dotted(path: Path, prefix: str = "") -> str:
    """`order.items[0].price`; a key that is no plain name is quoted: `prices["a.b"]`."""
    text = prefix
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _is_plain(step):
            text += f".{step}" if text else step
        else:
            text += f"[{_quoted(step)}]"
    return text


_LONGEST_KEY = 64


def _is_plain(key: str) -> bool:
    return len(key) <= _LONGEST_KEY and key.replace("-", "_").replace("$", "_").isidentifier()


def _quoted(key: str) -> str:
    shown = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}…"
    return '"' + "".join(c if c.isprintable() else "\ufffd" for c in shown).replace('"', '\\"') + '"'
