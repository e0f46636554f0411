"""Finds everything that keeps the data of a document from becoming a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clarion_client import FieldError, Value

#: An error may quote a value, and that may be a whole page.
_MAX_TEXT = 200


def violations_of(value_type: type[Value], data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields the path of each field that does not fit, and what is wrong with it."""
    try:
        value_type.from_dict(data)
    except FieldError as error:
        for violation in error.errors:
            yield violation.path, _text(violation.problem)


def _text(problem: str) -> str:
    text = f"It {problem}"
    if len(text) > _MAX_TEXT:
        return text[:_MAX_TEXT] + "…"
    return text if text.endswith("?") else f"{text}."
