"""Reads JSON strictly: the standard library would take NaN, and the last of two members with one name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn


class RepeatedNames(ValueError):
    """Objects have several members with one name. `paths` says where, such as `order.lines[0].price`."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(", ".join(f"{path} is given twice" for path in paths))
        self.paths = paths


def parse_json(text: str | bytes) -> Any:
    """Raises RepeatedNames, JSONDecodeError or another ValueError, and RecursionError for deep nesting."""
    repeated: list[tuple[dict[str, Any], str]] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, item in pairs:
            if name in found:
                repeated.append((found, name))
            found[name] = item
        return found

    data = json.loads(text, object_pairs_hook=members, parse_constant=_refuse_constant, parse_int=_whole)
    if repeated:
        objects = dict(_objects(data, ""))
        raise RepeatedNames(
            tuple(f"{path}{name}" for path, found in objects.items() for each, name in repeated if each is found)
        )
    return data


def _objects(data: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each object with the path of a member up to its name."""
    if isinstance(data, dict):
        yield path, data
        for name, item in data.items():
            yield from _objects(item, f"{path}{name}.")
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _objects(item, f"{path.removesuffix('.')}[{index}].")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("A number has too many digits") from None
