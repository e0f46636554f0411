"""Refuses what breaks rules, with everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation


def refuse_invalid(flaws: Sequence[Violation], broken: Iterable[Violation]) -> None:
    """Raises InvalidFields when there is anything to tell.

    `flaws` are what was already wrong with a command when it arrived, `broken` the rules that it breaks. A rule says
    nothing about a field that could not be read: the command holds a stand-in for it.
    """
    found = [*flaws, *(each for each in broken if not any(is_within(each.field, flaw.field) for flaw in flaws))]
    if found:
        raise InvalidFields(tuple(found))


def violations_within(fields: Iterable[str], flaws: Iterable[Violation]) -> tuple[Violation, ...]:
    """Those that concern one of the fields."""
    outer = tuple(fields)
    return tuple(flaw for flaw in flaws if any(is_within(flaw.field, field) for field in outer))


def is_within(field: str, outer: str) -> bool:
    """Whether the path `field` is `outer` or leads into it."""
    return field.startswith(outer) and field[len(outer) : len(outer) + 1] in ("", ".", "[")
