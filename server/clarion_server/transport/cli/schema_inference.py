"""Makes a JSON Schema that takes every sample of a context."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.json_input import parse_json
from clarion_server.transport.cli.text_input import read_text, source_name

Schema = dict[str, Any]

#: Holds the fields of which a line with a trigger has one.
_RECIPIENTS = ("to", "recipient", "recipients")


def read_samples(file: Path) -> list[dict[str, Any]]:
    """Returns the contexts in a file. Raises CommandFailed with everything that is wrong with its lines."""
    samples: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if line.strip():
            try:
                samples += _contexts(parse_json(line))
            except (RecursionError, TypeError, ValueError) as error:
                text = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
                problems.append(Problem(f"{source_name(file)}:{number}", f"{text}.", line=number))
    if problems:
        raise CommandFailed("Not every line is a JSON object.", problems)
    if not samples:
        raise CommandFailed(f"{source_name(file)} has no sample.")
    return samples


def infer(samples: Sequence[dict[str, Any]]) -> Schema:
    return _object(samples)


def _contexts(line: Any) -> Iterator[dict[str, Any]]:
    """Yields the contexts of a line: itself, or those of the trigger that it is."""
    if not isinstance(line, dict):
        raise TypeError("not a JSON object")
    form = next((name for name in _RECIPIENTS if name in line), None)
    if form is None:
        yield line
        return
    named = line[form] if form == "recipients" else [line[form]]
    for recipient in named if isinstance(named, list) else []:
        own = recipient.get("context") if isinstance(recipient, dict) else None
        context = line.get("context", {}) if own is None else own
        if not isinstance(context, dict):
            raise TypeError("its context is no JSON object")
        yield context


def _of(values: Sequence[Any]) -> Schema:
    """Returns a schema that takes each of the values."""
    types = list(dict.fromkeys(map(_type, values)))
    if "number" in types and "integer" in types:
        types.remove("integer")
    schema: Schema = {"type": types[0] if len(types) == 1 else sorted(types)} if types else {}
    if objects := [value for value in values if isinstance(value, dict)]:
        schema |= {name: part for name, part in _object(objects).items() if name != "type"}
    if items := [item for value in values if isinstance(value, list) for item in value]:
        schema["items"] = _of(items)
    return schema


def _object(objects: Sequence[dict[str, Any]]) -> Schema:
    names = dict.fromkeys(name for each in objects for name in each)
    required = [name for name in names if all(name in each for each in objects)]
    properties = {name: _of(_given(objects, name)) for name in names}
    return {"type": "object", **({"required": required} if required else {}), "properties": properties}


def _given(objects: Iterable[dict[str, Any]], name: str) -> list[Any]:
    return [each[name] for each in objects if name in each]


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return {int: "integer", str: "string", list: "array", dict: "object"}[type(value)]
