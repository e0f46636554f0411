"""Names of resources and people, which callers may shorten."""

from __future__ import annotations

import re

NAMESPACED = re.compile(r"[a-z0-9_-]{1,32}:")


def full_name(collection: str, name: str) -> str:
    """Returns `campaigns/order-confirmed` for that name and for `order-confirmed`.

    Raises ValueError when the name is empty or belongs to another collection.
    """
    head, slash, identifier = name.rpartition("/")
    if not identifier or (slash and head != collection):
        raise ValueError(f"{name!r} is no name in {collection}/")
    return f"{collection}/{identifier}"


def full_name_or_empty(collection: str, name: str) -> str:
    return full_name(collection, name) if name else ""


def short_name(name: str) -> str:
    return name.rpartition("/")[2]


def full_identity(identity: str) -> str:
    """Returns `email:jane@example.com` for that identity and for the address alone."""
    return identity if not identity or NAMESPACED.match(identity) else f"email:{identity}"
