"""The error for data that a value cannot hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: A traceback is read by people; programs have `errors`.
MOST_LISTED = 10
#: Holds the types that a file can have, in the words of JSON and YAML.
KINDS: Mapping[type, str] = {
    bool: "true or false",
    dict: "a mapping",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "a string",
    type(None): "null",
}


class FieldError(ValueError, TypeError):
    """Data cannot be sent, or read from a file, as it was given.

    `path` names the field, such as `recipients[2].context.order.total`; `problem` says what is wrong with it. A wrong
    type and a wrong value are one kind of mistake, so this is both a ValueError and a TypeError.
    """

    def __init__(self, problem: str, path: str = "", others: Sequence[FieldError] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path
        self._others = others

    @classmethod
    def of(cls, errors: Sequence[FieldError]) -> FieldError:
        """Returns one error for all of these."""
        first, *others = errors
        return cls(first.problem, first.path, others)

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """Lists this error and, when a file has several, the others."""
        return self, *self._others

    def move_into(self, name: str | int) -> None:
        """Puts a field's name, or an item's index, in front of the path of every error."""
        for error in self.errors:
            step = f"[{name}]" if isinstance(name, int) else name
            separator = "." if error.path and not error.path.startswith("[") else ""
            error.path = f"{step}{separator}{error.path}"

    def __reduce__(self) -> tuple[type[FieldError], tuple[str, str, Sequence[FieldError]]]:
        # The path has grown since the error was made.
        return FieldError, (self.problem, self.path, self._others)

    def __str__(self) -> str:
        lines = [f"{error.path or 'The value'} {error.problem}" for error in self.errors]
        if len(lines) > MOST_LISTED:
            lines[MOST_LISTED:] = [f"... and {len(lines) - MOST_LISTED} more"]
        return "\n".join(lines)


def kind_of(data: Any) -> str:
    """Returns what kind of value it is, such as "a string". Unlike the value, the kind is never personal data."""
    return KINDS.get(type(data)) or with_article(type(data).__name__)


def with_article(name: str) -> str:
    """Returns the name of a type for a sentence, such as "an Action"."""
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"
