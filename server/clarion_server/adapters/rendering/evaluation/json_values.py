"""Encodes values as JSON templates write them."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import pass_context
from markupsafe import Markup

from clarion_server.adapters.rendering.evaluation.budget import CALL, RenderContext
from clarion_server.adapters.rendering.evaluation.values import RenderRefused, as_integer, check_present

#: Is the price of one value in JSON.
_VALUE = 300
#: Is the price of one character in JSON, which may become `\u001f`.
_CHAR = 8


def _refuse(value: object) -> None:
    """Raises RenderRefused for a value that has no form in JSON, such as one that is missing."""
    check_present(value)
    raise RenderRefused("a value has no form in JSON")


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), default=_refuse
)


@pass_context
def json_text(context: RenderContext, value: Any) -> str:
    """Returns what `{{ }}` writes for a value in a JSON template. Null is a value there. Raises RenderRefused."""
    if type(value) is Markup:
        return value  # `tojson` made it
    context.budget.spend(CALL)
    context.budget.spend_walk(value, _VALUE, _CHAR)
    try:
        text = _ENCODER.encode(as_integer(value))
    except ValueError:
        raise RenderRefused("a number is too large") from None
    context.budget.check_length(len(text))
    return text
