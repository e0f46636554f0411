"""Looks for a value that passes a schema, by JSON Schema 2020-12: what the author offers first, then made-up ones.

A schema is taken apart as review does it (`review/schema_dnf.py`), each alternative gives a few candidates, and the
validator decides. What no candidate satisfies, such as a `not` that excludes all of them, is not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from clarion_server.adapters.rendering.examples.scalars import named_text, numbers, texts
from clarion_server.adapters.rendering.examples.use import Use
from clarion_server.adapters.rendering.review import schema_dnf as schemas
from clarion_server.adapters.rendering.review.json_types import Kind, Schema
from clarion_server.adapters.rendering.review.schema_dnf import Alternatives, Conjunction
from clarion_server.adapters.rendering.schema_rules import validator

#: How many values are looked for before the search is given up: schemas may have alternatives within schema_dnf.
_MOST_STEPS = 3_000
_MOST_CANDIDATES = 80
_MOST_ENTRIES = 100

#: In which order kinds are tried where a schema lets several through: texts tell most, filters may want a number.
TEXTS_FIRST = (Kind.STRING, Kind.NUMBER, Kind.BOOLEAN, Kind.OBJECT, Kind.ARRAY, Kind.NULL)
NUMBERS_FIRST = (Kind.NUMBER, *(kind for kind in TEXTS_FIRST if kind is not Kind.NUMBER))


class ExampleSearch:
    """One search; it ends when its steps are used up."""

    def __init__(self, by_choice: Sequence[Kind]) -> None:
        self._by_choice = by_choice
        self._steps = _MOST_STEPS
        self._validators: dict[int, Any] = {}

    def values(self, options: Alternatives, use: Use, name: str = "") -> Iterator[Any]:
        """Values that pass one of the alternatives, the most telling ones first."""
        for conjunction in options:
            self._steps -= 1
            if self._steps < 0:
                return
            candidates = islice(self._candidates(conjunction, use, name), _MOST_CANDIDATES)
            yield from (each for each in candidates if self._passes(each, conjunction))

    def _passes(self, value: Any, conjunction: Conjunction) -> bool:
        return all(self._validator(schema).is_valid(value) for schema in conjunction)

    def _validator(self, schema: Schema) -> Any:
        found = self._validators.get(id(schema))
        if found is None:
            found = self._validators[id(schema)] = validator(schema)
        return found

    def _candidates(self, conjunction: Conjunction, use: Use, name: str) -> Iterator[Any]:
        offered = list(_offered(conjunction))
        lacking = [each for each in offered if not _covers(each, use)]
        yield from (each for each in offered if each not in lacking)
        made = self._made(conjunction, use, name)
        if lacking:
            # What the author gave, with what the content uses besides.
            first = next(made, None)
            yield from (_joined(first, each) for each in lacking)
            yield first
        yield from made
        yield from lacking

    def _made(self, conjunction: Conjunction, use: Use, name: str) -> Iterator[Any]:
        kinds = schemas.kinds(conjunction)
        for kind in sorted(kinds, key=lambda each: (not _suits(each, use), self._by_choice.index(each))):
            if kind is Kind.OBJECT:
                yield from self._objects(conjunction, use)
            elif kind is Kind.ARRAY:
                yield from self._lists(conjunction, use, name)
            elif kind is Kind.STRING:
                yield from texts(name, conjunction)
            elif kind is Kind.NUMBER:
                yield from numbers(conjunction)
            else:
                yield from (True, False) if kind is Kind.BOOLEAN else (None,)

    def _objects(self, conjunction: Conjunction, use: Use) -> Iterator[dict[str, Any]]:
        required = dict.fromkeys(name for schema in conjunction for name in schema.get("required", ()))
        least = max((schema.get("minProperties", 0) for schema in conjunction), default=0)
        made: dict[str, Any] = {}
        for name in dict.fromkeys((*required, *use.members)):
            self._add(made, name, conjunction, use)
        self._add_dependent(made, conjunction, use)
        spare = (*schemas.names(conjunction), *(f"example{number}" for number in range(1, _MOST_ENTRIES)))
        for name in spare:
            if len(made) >= max(least, int(use.element is not None and not made)):
                break
            self._add(made, name, conjunction, use)
        yield dict(sorted(made.items(), key=_by_size))
        # Where what the content uses excludes something else.
        yield {name: value for name, value in made.items() if name in required}

    def _add(self, made: dict[str, Any], name: str, conjunction: Conjunction, use: Use) -> None:
        inner = use.members.get(name) or use.element or Use()
        found = next(self.values(schemas.member(conjunction, name), inner, name), _NOTHING)
        if found is not _NOTHING:
            made[name] = found

    def _add_dependent(self, made: dict[str, Any], conjunction: Conjunction, use: Use) -> None:
        for schema in conjunction:
            for name, needed in schema.get("dependentRequired", {}).items():
                for each in needed if name in made else ():
                    if each not in made:
                        self._add(made, each, conjunction, use)

    def _lists(self, conjunction: Conjunction, use: Use, name: str) -> Iterator[list[Any]]:
        least = max(schemas.least_length(conjunction), _least_contained(conjunction))
        count = min(max(least, 1), int(min(schemas.most_length(conjunction), _MOST_ENTRIES)))
        differ = any(schema.get("uniqueItems") for schema in conjunction)
        made: list[Any] = []
        for index in range(count):
            options = schemas.entry(conjunction, index)
            for schema in conjunction:
                if index < _least_contained((schema,)):
                    options = schemas.both(options, schemas.alternatives(schema["contains"]))
            found = self.values(options, use.element or Use(), _singular(name))
            made += islice((each for each in found if not (differ and each in made)), 1)
        yield made
        yield []


_NOTHING = object()


def _least_contained(conjunction: Conjunction) -> int:
    return max((schema.get("minContains", 1) for schema in conjunction if "contains" in schema), default=0)


def _offered(conjunction: Conjunction) -> Iterator[Any]:
    for schema in conjunction:
        if "const" in schema:
            yield schema["const"]
        yield from schema.get("examples", ())
        if "default" in schema:
            yield schema["default"]
        yield from schema.get("enum", ())


def _covers(value: Any, use: Use) -> bool:
    """Whether everything that is used is there."""
    if use.members and isinstance(value, dict):
        return all(name in value and _covers(value[name], inner) for name, inner in use.members.items())
    if use.element is not None and isinstance(value, list):
        inner = use.element
        return bool(value) and all(_covers(each, inner) for each in value)
    return not use.members and use.element is None


def _joined(made: Any, given: Any) -> Any:
    if isinstance(made, dict) and isinstance(given, dict):
        return {**made, **{name: _joined(made.get(name), value) for name, value in given.items()}}
    return given


def _suits(kind: Kind, use: Use) -> bool:
    if use.members:
        return kind is Kind.OBJECT
    if use.element is not None:
        return kind in {Kind.ARRAY, Kind.OBJECT}
    return True


def _by_size(member: tuple[str, Any]) -> tuple[bool, str]:
    """Plain values first, by name: the schema's own order is lost on its way here."""
    return isinstance(member[1], dict | list), member[0]


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def unpromised(use: Use, name: str = "") -> list[Any]:
    """Values for what no schema speaks of: an attribute of a profile."""
    if use.members:
        return [{inner_name: unpromised(inner, inner_name)[0] for inner_name, inner in use.members.items()}]
    if use.element is not None:
        return [[unpromised(use.element, _singular(name))[0]]]
    return [named_text(name), 12, "2030-01-31T09:00:00Z"]
