"""Texts and numbers that may serve as examples, the most telling ones first. Each is checked before it is used."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from clarion_server.adapters.rendering.examples.patterns import PatternNotRead, matching
from clarion_server.adapters.rendering.review.schema_dnf import Conjunction

#: By JSON Schema's `format`. Addresses and hosts are of nobody's (RFC 2606, RFC 5737, RFC 3849).
_BY_FORMAT: Mapping[str, str] = {
    "date": "2030-01-31",
    "date-time": "2030-01-31T09:00:00Z",
    "duration": "P1D",
    "email": "jane@example.com",
    "hostname": "shop.example.com",
    "idn-email": "jane@example.com",
    "idn-hostname": "shop.example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "iri": "https://shop.example.com/orders/4711",
    "iri-reference": "/orders/4711",
    "json-pointer": "/orders/0",
    "regex": "^[a-z]+$",
    "relative-json-pointer": "0",
    "time": "09:00:00Z",
    "uri": "https://shop.example.com/orders/4711",
    "uri-reference": "/orders/4711",
    "uri-template": "https://shop.example.com/orders/{id}",
    "uuid": "3f1c9a7b-e05d-4821-9c3e-6b2f8d7a1e40",
}

#: By what authors call such things.
_BY_NAME: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), text)
    for pattern, text in (
        (r"^name$|title|label", "Example"),
        (r"currency", "EUR"),
        (r"e-?mail", "jane@example.com"),
        (r"url|link|href", "https://shop.example.com/orders/4711"),
        (r"first_?name|given_?name", "Jane"),
        (r"last_?name|family_?name|surname", "Doe"),
        (r"full_?name|customer_?name|recipient", "Jane Doe"),
        (r"(_at|_time|_until|_on|time|At)$|^(at|when|until)$", "2030-01-31T09:00:00Z"),
        (r"date|birthday|_day$", "2030-01-31"),
        (r"locale|lang", "en"),
        (r"country", "DE"),
        (r"city|town", "Paris"),
        (r"phone|mobile", "+15550100"),
        (r"zip|postal|postcode", "75001"),
        (r"token|secret|code|otp|pin", "3f1c9a7be05d4821"),
        (r"(^|_)id$|Id$|number|reference", "4711"),
    )
)

_MANY = 20
_MORE_TURNS = (0, 1, 2, 5, 15, 50)


def named_text(name: str) -> str:
    """A text that a value of that name may be."""
    return next((text for pattern, text in _BY_NAME if pattern.search(name)), name or "example")


def texts(name: str, conjunction: Conjunction) -> Iterator[str]:
    least = max((schema.get("minLength", 0) for schema in conjunction), default=0)
    most = min((schema.get("maxLength", math.inf) for schema in conjunction), default=math.inf)
    for text in _texts(name, conjunction):
        yield text if most == math.inf else text[: int(most)]
        if len(text) < least <= _LONGEST:
            yield (text * (int(least) // max(len(text), 1) + 1))[: int(least)] if text else "x" * int(least)


_LONGEST = 10_000
"""In characters: no sample is readable beyond."""


def _texts(name: str, conjunction: Conjunction) -> Iterator[str]:
    formats = [schema["format"] for schema in conjunction if "format" in schema]
    yield from (_BY_FORMAT[each] for each in formats if each in _BY_FORMAT)
    yield named_text(name)
    for pattern in (schema["pattern"] for schema in conjunction if "pattern" in schema):
        for extra in _MORE_TURNS:
            try:
                yield matching(pattern, extra)
            except PatternNotRead:
                break
    yield from _BY_FORMAT.values()
    # For lists whose entries must differ.
    yield from (f"{named_text(name)} {number}" for number in range(2, _MANY + 2))


def numbers(conjunction: Conjunction) -> Iterator[int | float]:
    least = max(map(_least, conjunction), default=-math.inf)
    most = min(map(_most, conjunction), default=math.inf)
    steps = [schema["multipleOf"] for schema in conjunction if schema.get("multipleOf")]
    is_whole = any(schema.get("type") == "integer" for schema in conjunction)
    yield from (2, 1) if is_whole else (12.5, 2, 1)
    for step in (*steps, 1):
        start = math.ceil(least / step) if math.isfinite(least) else 0
        yield from (_plain((start + turn) * step) for turn in range(_MANY))
        if math.isfinite(most):
            yield _plain(math.floor(most / step) * step)
    if math.isfinite(least) and math.isfinite(most):
        yield (least + most) / 2
    yield from (each for each in (least, most) if math.isfinite(each))


def _plain(number: float) -> int | float:
    return int(number) if float(number).is_integer() else round(number, 9)


def _least(schema: Mapping[str, Any]) -> float:
    return float(max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf)))


def _most(schema: Mapping[str, Any]) -> float:
    return float(min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf)))
