"""Names of types and functions, made of names on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[A-Za-z0-9]+")


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def pascal(text: str) -> str:
    """Returns `OrderConfirmed` for `order-confirmed`; what stands in capitals within a word stays."""
    return "".join(word[:1].upper() + word[1:] for word in words(text))


def singular(name: str) -> str:
    """Returns what one item of a list is called: `item` for `items`, `addressItem` for `address`."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    plural = name.endswith("s") and not name.endswith(("ss", "us", "is"))
    return name[:-1] if plural else f"{name}-item"


def type_name(path: Iterable[str], taken: set[str]) -> str:
    """Returns a name that is not taken, made of the path. A second one of that name ends in 2, a third in 3."""
    base = "".join(pascal(part) or "Field" for part in path)
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}{count}"
    return name
