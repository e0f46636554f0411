"""One broken rule of one field of a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    field: str
    """Dotted path in the request, such as `recipients[2].context.order.total`."""
    reason: str
    """Stable, UPPER_SNAKE_CASE, such as `REQUIRED` or `TOO_LONG`."""
    description: str
    """For people: what is wrong and what would be right."""

    def under(self, prefix: str) -> Violation:
        """The same violation, seen from a message that holds this one in its field `prefix`."""
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
