"""Defines violations: broken rules of the fields of a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    field: str
    """Is a path in the request, such as `recipients[2].context.order.total`."""
    reason: str
    """Is stable and in UPPER_SNAKE_CASE, such as `REQUIRED` or `TOO_LONG`."""
    description: str
    """Is a sentence for people that says what the field must be."""

    def under(self, prefix: str) -> Violation:
        """Returns the violation with `prefix` in front of its path."""
        if not self.field:
            return Violation(prefix, self.reason, self.description)
        joint = "" if self.field.startswith("[") else "."
        return Violation(f"{prefix}{joint}{self.field}", self.reason, self.description)


def required(field: str) -> Violation:
    return Violation(field, "REQUIRED", "Must be given.")


def too_long(field: str, limit: int, unit: str = "characters") -> Violation:
    return Violation(field, "TOO_LONG", f"Must have at most {limit:,} {unit}.")


def too_many(field: str, limit: int) -> Violation:
    return Violation(field, "TOO_MANY", f"Must have at most {limit:,} entries.")


def out_of_range(field: str, description: str) -> Violation:
    return Violation(field, "OUT_OF_RANGE", description)


def malformed(field: str, description: str) -> Violation:
    return Violation(field, "MALFORMED", description)
