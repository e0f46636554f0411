"""Says what a change of a context schema means to those who trigger the campaign."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SchemaEffect(StrEnum):
    REFUSES_MORE = "REFUSES_MORE"
    """Contexts that the earlier schema takes may be refused."""
    ACCEPTS_MORE = "ACCEPTS_MORE"
    """Contexts that the earlier schema refuses may be taken, and no others change."""
    NAMES_MORE = "NAMES_MORE"
    """A property is described that could have any value before. A context is refused only when it had another one."""


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    path: str
    """Is a path in the context, such as `context.order.items[].price`. `[]` stands for every item, `*` for every other
    name.
    """
    effect: SchemaEffect
    message: str
