"""Everything that keeps data from becoming a value, although the client stops at the first of it."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from clarion_client import Value

from clarion_server.transport.cli.files.resource_types import FREE_FORM
from clarion_server.transport.cli.files.source_location import Places

_SEGMENT = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_MISSING = " is missing"
#: An error may quote a value, and that may be a whole page.
_MAX_TEXT = 200
#: The whole numbers of the contract that authors write have 32 bits.
_BEYOND = 2**31


def flaws_of(value_type: type[Value], data: dict[str, Any], places: Places) -> Iterator[tuple[str, str]]:
    """The path of each flaw, and what it is. Whatever one is about is put out of the way to see the next."""
    yield from _too_large(data, "")
    data = copy.deepcopy(data)
    tries: Counter[str] = Counter()
    while (error := _error(value_type, data)) is not None:
        path = error.removesuffix(_MISSING) if error.endswith(_MISSING) else places.path_at_start_of(error)
        if not tries[path]:
            yield path, _text(error, path)
        if not _put_away(data, path, tries[path]):
            return
        tries[path] += 1


def _too_large(data: Any, path: str) -> Iterator[tuple[str, str]]:
    """The client would take such a number, and protobuf would refuse it without saying where."""
    if isinstance(data, dict):
        for name, item in data.items():
            if name not in FREE_FORM:
                yield from _too_large(item, f"{path}.{name}" if path else str(name))
    elif isinstance(data, list):
        for place, item in enumerate(data):
            yield from _too_large(item, f"{path}[{place}]")
    elif isinstance(data, int) and not -_BEYOND <= data < _BEYOND:
        yield path, f"It is {data}, which is too large a number."


def _error(value_type: type[Value], data: dict[str, Any]) -> str | None:
    try:
        value_type.from_dict(data)
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def _put_away(data: dict[str, Any], path: str, tries: int) -> bool:
    """First the field is left out. Where that will not do, it becomes a text: what must be there is one."""
    *way, last = [int(index) if index else name for index, name in _SEGMENT.findall(path)] or [""]
    try:
        holder: Any = data
        for segment in way:
            holder = holder[segment]
        if tries == 0 and isinstance(last, str):
            holder.pop(last, None)
            return True
        holder[last] = ""
    except (AttributeError, LookupError, TypeError):
        return False
    # Left out, then a text; an item of a list is not left out, for that would move the others.
    return tries == (1 if isinstance(last, str) else 0)


def _text(error: str, path: str) -> str:
    """What is wrong, without the path that stands before it anyway."""
    text = f"It{error.removeprefix(path)}" if path else error
    if len(text) > _MAX_TEXT:
        return text[:_MAX_TEXT] + "…"
    return text if text.endswith("?") else f"{text}."
