"""Compares two documents by the paths of their fields, with unified diffs of their values."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: The diff of a field has at most this many characters.
MAX_DIFF = 65_536
#: A comparison makes at most this many steps, which take some 2 s. A text that would take more counts as replaced.
_MAX_STEPS = 40_000_000
#: In a later text of this many lines or more, `difflib` ignores each line that makes up more than a hundredth of it.
_LONG = 200
_CUT = "\n…"


@dataclass(frozen=True, slots=True)
class FieldDifference:
    field: str
    """Is a dotted path, such as `actions[0].email.html`. Positions are those in the later document, if it has the item.
    """
    unified_diff: str
    """Compares the lines of a text; of any other value, its lines as JSON. At most MAX_DIFF characters."""


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldDifference]:
    """Returns the fields that differ, in the order of the later document, then those that it lacks."""
    return list(_of_mappings("", before, after))


def _of_mappings(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldDifference]:
    for name in [*after, *(name for name in before if name not in after)]:
        yield from _of_values(f"{path}.{name}" if path else name, before.get(name), after.get(name))


def _of_values(path: str, before: Any, after: Any) -> Iterator[FieldDifference]:
    if _as_json(before) == _as_json(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_mappings(path, before, after)
    elif _are_identified(before) and _are_identified(after):
        yield from _of_items(path, before, after)
    else:
        yield FieldDifference(path, unified_diff(_lines(before), _lines(after)))


def _of_items(
    path: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[FieldDifference]:
    """Compares the items that are identified by the same value, wherever they stand."""
    earlier, later = (
        {_identifier(item): (index, item) for index, item in enumerate(items)} for items in (before, after)
    )
    if [name for name in earlier if name in later] != [name for name in later if name in earlier]:
        yield FieldDifference(path, unified_diff(list(earlier), list(later)))
    for name, (index, item) in later.items():
        yield from _of_values(f"{path}[{index}]", earlier[name][1] if name in earlier else None, item)
    for name, (index, item) in earlier.items():
        if name not in later:
            yield from _of_values(f"{path}[{index}]", item, None)


def _are_identified(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) and _identifier(item) for item in value)


def _identifier(item: Mapping[str, Any]) -> str:
    """Returns the value that identifies an item of a list, such as the id of an action or the locale of a variant."""
    return str(item.get("id") or item.get("locale") or "")


def _lines(value: Any) -> list[str]:
    if value is None:
        return []
    return value.split("\n") if isinstance(value, str) else _as_json(value, indent=2).split("\n")


def _as_json(value: Any, indent: int | None = None) -> str:
    # Python compares 1, 1.0 and true as equal; JSON as text does not.
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _steps(before: list[str], after: list[str]) -> int:
    """Returns how many steps `difflib` may take: it goes through the pairs of equal lines for each block of them."""
    earlier, later = Counter(before), Counter(after)
    often = len(after) // 100 + 1 if len(after) >= _LONG else len(after)
    pairs = sum(earlier[line] * count for line, count in later.items() if count <= often)
    return pairs * min(len(before), len(after))


def unified_diff(before: list[str], after: list[str]) -> str:
    """Returns how the lines of two texts differ, without the names of files. At most MAX_DIFF characters."""
    if _steps(before, after) > _MAX_STEPS:
        lines = [*(f"-{line}" for line in before), *(f"+{line}" for line in after)]
    else:
        # The first two lines name files.
        lines = list(difflib.unified_diff(before, after, lineterm=""))[2:]
    text = "\n".join(lines)
    return text if len(text) <= MAX_DIFF else text[: MAX_DIFF - len(_CUT)] + _CUT
