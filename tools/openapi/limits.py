"""Reads limits from the comments of the contract, which give them in fixed phrases, as keywords of JSON Schema.

The service checks a limit in any other phrase too, but the description has it in prose only.
"""

from __future__ import annotations

import re
from typing import Any

Schema = dict[str, Any]

_N = r"([\d,]+)"
_CHARACTERS = r"(?:printable ASCII |visible ASCII )?characters"


def of_text(comment: str) -> Schema:
    """Returns the limits of a string. An empty string means that the field is absent, so that an optional one has no
    least length.
    """
    if found := re.search(rf"\b{_N} to {_N} (?:{_CHARACTERS}|lower-case letters)", comment):
        # Characters are counted as code points, as JSON Schema does.
        limits: Schema = {"maxLength": _number(found[2])}
        if comment.startswith("Required."):
            limits["minLength"] = _number(found[1])
        return limits
    if found := re.search(rf"[Aa]t most {_N} characters", comment):
        return {"maxLength": _number(found[1])}
    return {}


def of_number(comment: str) -> Schema:
    """For a number. 0 means that the field is absent, so that every range begins at 0."""
    if found := re.search(rf"\b{_N} to {_N}\.", comment):
        return {"minimum": 0, "maximum": _number(found[2])}
    if "a negative one is refused" in comment:
        return {"minimum": 0}
    return {}


def of_list(comment: str) -> tuple[Schema, Schema]:
    """Returns the limits of the list, and those of each of its entries."""
    limits, entries = Schema(), Schema()
    if "Exactly one" in comment:
        limits = {"minItems": 1, "maxItems": 1}
    elif found := re.search(rf": {_N} to {_N}, each identity once", comment):
        limits = {"minItems": _number(found[1]), "maxItems": _number(found[2])}
    elif "Has at least one" in comment:
        limits = {"minItems": 1}
    elif found := re.search(rf"Has at most {_N}\b", comment):
        limits = {"maxItems": _number(found[1])}
    if found := re.search(rf"each of {_N} to {_N} characters", comment):
        entries = {"minLength": _number(found[1]), "maxLength": _number(found[2])}
    if "each once" in comment.lower() or "without repetition" in comment:
        limits["uniqueItems"] = True
    return limits, entries


def _number(text: str) -> int:
    return int(text.replace(",", ""))
