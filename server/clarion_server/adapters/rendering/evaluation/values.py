"""Values as templates see them: which are missing, and how the others are written."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import Any

from jinja2 import StrictUndefined, Undefined
from jinja2.utils import missing
from markupsafe import Markup, escape


class RenderRefused(Exception):
    """Stops a render. Callers see its text, which never holds a value of the data."""


class ValueMissing(RenderRefused):
    """A template used a value that is absent or null."""

    def __init__(self, name: str = "") -> None:
        super().__init__("a value is missing")
        self.name = name
        """The key or index that was not found. It may come from the data, so it is shown only where the template
        spells it out.
        """


class MissingValue(StrictUndefined):
    """Is a value that is absent: false as a condition, an error wherever else it is used.

    A part of it (`context.order.coupon` without an order) is missing as well, so that `is defined`, `default` and `if`
    see through a whole path.
    """

    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: Any = None, exc: type[Exception] = ValueMissing
    ) -> None:
        super().__init__(hint, obj, name, exc)  # type: ignore[arg-type]  # any exception that takes one argument will do

    @property
    def _undefined_message(self) -> str:
        """Returns the name alone, for Jinja2's own texts describe the data."""
        return str(self._undefined_name or "")

    def __bool__(self) -> bool:  # type: ignore[override]  # Jinja2's strict values fail as a condition
        return False


def is_missing(value: object) -> bool:
    """Returns whether a value is absent or null: to people both say the same."""
    return value is None or isinstance(value, Undefined)


def check_present(value: object) -> None:
    """Raises ValueMissing."""
    if value is None:
        raise ValueMissing
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()  # noqa: SLF001  (how a strict value fails; it has no public name)


def printable(value: Any) -> Any:
    """Returns what `{{ }}` writes for a value: a text or a whole number. Raises RenderRefused for other values."""
    kind = type(value)
    if kind is str or kind is Markup or kind is int:
        return value
    if kind is float:
        return _plain_number(value)
    check_present(value)
    if not isinstance(value, str | int):
        raise RenderRefused("a list or an object cannot be printed")
    return value


def _plain_number(value: float) -> int | str:
    """Writes 2.0 as 2, since JSON has one kind of number, and 0.00005 without an exponent."""
    if not isfinite(value):
        raise RenderRefused("a number is too large")
    if value.is_integer():
        return int(value)
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def as_text(value: Any) -> str:
    """Returns the text that `{{ }}` writes; markup stays markup. Raises RenderRefused."""
    if type(value) is str:
        return value  # nearly always
    text = printable(value)
    return text if isinstance(text, str) else str(text)


def as_html(value: Any) -> str:
    """Returns what `{{ }}` writes in HTML: text is escaped, and markup is not. Raises RenderRefused."""
    text = value if type(value) is str else as_text(value)
    if type(text) is Markup:
        return text
    # Most texts hold nothing to escape, and `escape` makes another object of each. A regular expression takes longer.
    if "&" in text or "<" in text or ">" in text or '"' in text or "'" in text:
        return escape(text)
    return text


def as_integer(value: Any) -> Any:
    """Returns a whole number for JSON's `3.0`, and any other value unchanged."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def as_number(value: Any) -> int | float:
    """Returns a number as it is. Raises RenderRefused for any other value."""
    check_present(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RenderRefused("a number is needed")
    return value
