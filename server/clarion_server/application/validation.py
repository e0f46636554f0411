"""Refuses what breaks rules, with everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation, required, too_many


def refuse_invalid(known: Sequence[Violation], broken: Iterable[Violation]) -> None:
    """Raises InvalidFields when there is any violation.

    `known` are violations that were found before, such as fields that could not be read. `broken` are the rules that
    the command breaks; those about a field of a known violation are left out, as the command holds a placeholder for
    the field.
    """
    found = without_repetitions(known, broken)
    if found:
        raise InvalidFields(found)


def count_violations(field: str, count: int, most: int) -> list[Violation]:
    """Returns the violation of a list that must have between one and `most` elements, if there is one."""
    if not count:
        return [required(field)]
    return [too_many(field, most)] if count > most else []


def without_repetitions(known: Sequence[Violation], broken: Iterable[Violation]) -> tuple[Violation, ...]:
    """Returns the violations that `refuse_invalid` reports."""
    return (*known, *(each for each in broken if not any(is_within(each.field, other.field) for other in known)))


def violations_within(fields: Iterable[str], violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """Returns the violations that concern one of the fields."""
    outer = tuple(fields)
    return tuple(each for each in violations if any(is_within(each.field, field) for field in outer))


def is_within(field: str, outer: str) -> bool:
    """Returns whether the path `field` is `outer` or leads into it."""
    return field.startswith(outer) and field[len(outer) : len(outer) + 1] in ("", ".", "[")
