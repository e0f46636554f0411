"""What may stand after `is`."""

from __future__ import annotations

from jinja2.tests import TESTS as _ALL

_ALLOWED = frozenset(
    {"boolean", "defined", "divisibleby", "even", "false", "float", "integer", "iterable", "mapping", "none", "number"}
    | {"odd", "sequence", "string", "true", "undefined"}
    | {"eq", "equalto", "ge", "greaterthan", "gt", "in", "le", "lessthan", "lt", "ne"}
    | {"==", "!=", ">", ">=", "<", "<="}
)


def is_iterable(value: object) -> bool:
    """Jinja2's own tries, which fails for a missing value."""
    return isinstance(value, str | list | tuple | dict)


TESTS = {name: _ALL[name] for name in sorted(_ALLOWED)} | {"iterable": is_iterable, "sequence": is_iterable}
