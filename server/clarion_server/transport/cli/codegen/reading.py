"""Reads the types of a context from its JSON Schema (2020-12).

A type says which names and kinds of values there are; bounds, patterns and formats are left to the service. What types
cannot say at all is refused with its path, so that no generated type is wider than it looks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any as Json
from urllib.parse import unquote

from clarion_server.transport.cli.codegen.naming import pascal, singular, type_name
from clarion_server.transport.cli.codegen.types import (
    Any,
    Contract,
    Field,
    ListOf,
    Literals,
    MapOf,
    Named,
    ObjectType,
    Scalar,
    Type,
    Union,
)
from clarion_server.transport.cli.failures import CommandFailed, Problem

#: Assertions on several values together, or on names: no type has an equal.
_WITHOUT_EQUAL = (
    *("contains", "dependentRequired", "dependentSchemas", "else", "if", "not", "patternProperties", "prefixItems"),
    *("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
)
_ABOUT_OBJECTS = ("properties", "required", "additionalProperties")
_SCALARS = {each.value: each for each in Scalar}
_EMPTY = {"type": "object", "additionalProperties": False}
_MAX_DEPTH = 64


class _NoEqual(Exception):
    """The schema at a path cannot be said by types."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(path, text)
        self.problem = Problem(path, text)


def read_contract(campaign: str, version: int, schema: Mapping[str, Json] | None) -> Contract:
    """Raises CommandFailed with the path of every construct that has no equal."""
    root = _EMPTY if schema is None else schema
    reader = _Reader(root)
    reader.object_type((campaign, "context"), "context", root)
    if reader.problems:
        raise CommandFailed("The context schema has constructs that types cannot say.", reader.problems)
    return Contract(campaign, version, schema_hash(root), tuple(reader.objects))


def schema_hash(schema: Mapping[str, Json]) -> str:
    """Returns the SHA-256 of a schema, whatever the order of its names."""
    text = json.dumps(schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class _Reader:
    def __init__(self, root: Mapping[str, Json]) -> None:
        self._root = root
        self._names: set[str] = set()
        self.objects: list[ObjectType] = []
        self.problems: list[Problem] = []

    def object_type(self, names: tuple[str, ...], path: str, schema: Mapping[str, Json], depth: int = 0) -> Named:
        """Adds the type of an object with known names. `names` are what its name is made of."""
        self._check(path, schema)
        name = type_name(names, self._names)
        self._names.add(name)
        properties: Mapping[str, Json] = schema.get("properties", {})
        required = list(dict.fromkeys(schema.get("required", ())))
        # The order of an object is lost on its way, which that of a list is not.
        others = sorted(each for each in properties if each not in required)
        named = {each: properties.get(each, True) for each in (*required, *others)}
        fields = tuple(
            Field(each, self._part((*names, each), child_path(path, each), part, depth), each in required)
            for each, part in named.items()
            if part is not False
        )
        self.objects.append(ObjectType(name, fields, path))
        return Named(name)

    def _part(self, names: tuple[str, ...], path: str, schema: Json, depth: int) -> Type:
        """Returns the type of a part. Records a construct without an equal, so that all are told at once."""
        try:
            return self._type(names, path, schema, depth + 1)
        except _NoEqual as error:
            self.problems.append(error.problem)
            return Any.JSON

    def _type(self, names: tuple[str, ...], path: str, schema: Json, depth: int) -> Type:
        schema = self._followed(path, schema)
        if depth > _MAX_DEPTH:
            raise _NoEqual(path, "It is nested too deeply, or refers to itself.")
        if schema is True or schema == {}:
            return Any.JSON
        if schema is False:
            raise _NoEqual(path, "`false` takes no value at all.")
        self._check(path, schema)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._union(names, path, schema, keyword, depth)
        if "const" in schema or "enum" in schema:
            return _literals(path, [schema["const"]] if "const" in schema else schema["enum"])
        return _joined(list(self._of_types(names, path, schema, depth)))

    def _followed(self, path: str, schema: Json) -> Json:
        """Returns the target of a reference, or the one schema of an `allOf` that stands alone, without annotations."""
        for _ in range(_MAX_DEPTH):
            if not isinstance(schema, Mapping):
                return schema
            schema = {word: value for word, value in schema.items() if word not in _ANNOTATIONS}
            if set(schema) == {"$ref"}:
                schema = self._target(path, schema["$ref"])
            elif set(schema) == {"allOf"} and len(schema["allOf"]) == 1:
                (schema,) = schema["allOf"]
            else:
                return schema
        raise _NoEqual(path, "It refers to itself.")

    def _target(self, path: str, reference: str) -> Json:
        target: Json = self._root
        try:
            for token in unquote(reference).removeprefix("#").split("/")[1:]:
                key = token.replace("~1", "/").replace("~0", "~")
                target = target[int(key)] if isinstance(target, list) else target[key]
        except (LookupError, TypeError, ValueError) as error:
            raise _NoEqual(path, f"The reference {reference!r} leads nowhere.") from error
        return target

    def _check(self, path: str, schema: Mapping[str, Json]) -> None:
        for keyword in (*_WITHOUT_EQUAL, "allOf", "$ref"):
            if keyword in schema:
                raise _NoEqual(path, f"`{keyword}` has no equal among types.")

    def _union(self, names: tuple[str, ...], path: str, schema: Mapping[str, Json], keyword: str, depth: int) -> Type:
        beside = [word for word in (*_ABOUT_OBJECTS, "items", "enum", "const", "anyOf", "oneOf") if word in schema]
        if beside != [keyword]:
            raise _NoEqual(
                path, f"`{keyword}` beside `{next(word for word in beside if word != keyword)}` has no equal."
            )
        members = enumerate(schema[keyword], start=1)
        return _joined([self._part(names, f"{path}({keyword} {number})", each, depth) for number, each in members])

    def _of_types(self, names: tuple[str, ...], path: str, schema: Mapping[str, Json], depth: int) -> Iterator[Type]:
        given = schema.get("type")
        types = [given] if isinstance(given, str) else given if isinstance(given, list) else None
        if types is None:
            types = ["object"] if any(word in schema for word in _ABOUT_OBJECTS) else None
        if types is None:
            raise _NoEqual(path, "It has no `type`. Give it one.")
        for each in types:
            if each in _SCALARS:
                yield _SCALARS[each]
            elif each == "array":
                item = (*names[:-1], singular(names[-1]))
                yield ListOf(self._part(item, f"{path}[]", schema.get("items", True), depth))
            elif each == "object":
                yield self._object(names, path, schema, depth)
            else:
                raise _NoEqual(path, f"There is no type {each!r}.")

    def _object(self, names: tuple[str, ...], path: str, schema: Mapping[str, Json], depth: int) -> Type:
        has_names = bool(schema.get("properties")) or bool(schema.get("required"))
        others = schema.get("additionalProperties", True)
        if has_names and not isinstance(others, bool):
            raise _NoEqual(path, "Named fields beside a schema in `additionalProperties` have no equal.")
        if has_names or others is False:
            return self.object_type(names, path, schema, depth)
        return MapOf(self._part((*names, "value"), f"{path}.*", others, depth))


_ANNOTATIONS = frozenset(
    {"$comment", "$defs", "$id", "$schema", "default", "definitions", "deprecated", "description", "examples"}
    | {"readOnly", "title", "writeOnly"}
)


def _literals(path: str, values: list[Json]) -> Type:
    for value in values:
        if isinstance(value, list | dict) or (isinstance(value, float) and not value.is_integer()):
            raise _NoEqual(path, f"The value {json.dumps(value)} cannot be a type.")
    whole = (int(value) if isinstance(value, float) else value for value in values)
    # Python compares true and 1 as equal.
    return Literals(tuple({json.dumps(value): value for value in whole}.values()))


def _joined(members: list[Type]) -> Type:
    """Returns the union of types, each once."""
    flat = [each for member in members for each in (member.members if isinstance(member, Union) else (member,))]
    if Any.JSON in flat:
        return Any.JSON
    once = tuple(dict.fromkeys(flat))
    return once[0] if len(once) == 1 else Union(once)


def child_path(path: str, name: str) -> str:
    """Returns the path of a field."""
    return f"{path}.{name}" if pascal(name) and name.replace("-", "_").isidentifier() else f"{path}[{json.dumps(name)}]"
