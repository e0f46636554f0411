"""Values as templates see them: what is missing, and what can be written."""

from __future__ import annotations

from typing import Any

from jinja2 import StrictUndefined, Undefined
from jinja2.utils import missing
from markupsafe import Markup


class RenderRefused(Exception):
    """Stops a render. Its text is shown to callers: it never holds a value of the data."""


class ValueMissing(RenderRefused):
    """A value was used that is not there, or that is null."""

    def __init__(self, name: str = "") -> None:
        super().__init__("a value is missing")
        self.name = name
        """The key or index that was not found. May come from the data: shown only where the template spells it out."""


class MissingValue(StrictUndefined):
    """A value that is not there: false as a condition, an error wherever else it is used.

    What hangs on it (`context.order.coupon` without an order) is missing as well, so that `is defined`, `default` and
    `if` see through a whole path.
    """

    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: Any = None, exc: type[Exception] = ValueMissing
    ) -> None:
        super().__init__(hint, obj, name, exc)  # type: ignore[arg-type]  # any exception that takes one argument will do

    @property
    def _undefined_message(self) -> str:
        """What the exception is made of: the name alone, for Jinja2's own texts describe the data."""
        return str(self._undefined_name or "")

    def __bool__(self) -> bool:  # type: ignore[override]  # strict ones fail here; being a condition is a way out
        return False


def is_missing(value: object) -> bool:
    """Null counts as missing: to people it says the same."""
    return value is None or isinstance(value, Undefined)


def check_present(value: object) -> None:
    if value is None:
        raise ValueMissing
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()  # noqa: SLF001  (how a strict value fails; it has no public name)


def printable(value: Any) -> Any:
    """What `{{ }}` writes for a value. Refuses what would come out as `None` or as Python source."""
    kind = type(value)
    if kind is str or kind is Markup or kind is int:
        return value
    if kind is float:
        # JSON has one kind of number, and many senders write 2 as 2.0.
        return int(value) if value.is_integer() else value
    check_present(value)
    if not isinstance(value, str | int):
        raise RenderRefused("a list or an object cannot be printed")
    return value
