"""Violations: paths that lead from the request to the field."""

from __future__ import annotations

import pytest
from clarion_server.domain.violation import Violation, malformed, out_of_range, required, too_long, too_many
from hypothesis import given
from hypothesis import strategies as st

steps = st.sampled_from(["recipients[2]", "context", "order", "items", "[0]", "total"])


@pytest.mark.parametrize(
    ("field", "prefix", "path"),
    [
        ("order.total", "recipients[2].context", "recipients[2].context.order.total"),
        # An index follows its list without a dot.
        ("[0].price", "order.items", "order.items[0].price"),
        # The violation is of the whole: of an empty context, of a missing message.
        ("", "recipients[0].context", "recipients[0].context"),
    ],
)
def test_a_violation_is_seen_from_the_message_that_holds_it(field: str, prefix: str, path: str) -> None:
    inner = Violation(field, "REQUIRED", "Must be given.")
    assert inner.under(prefix) == Violation(path, "REQUIRED", "Must be given.")
    assert inner.field == field


@given(steps, steps, steps)
def test_it_does_not_matter_where_a_path_is_joined(outer: str, middle: str, inner: str) -> None:
    innermost = required(inner)
    joined = innermost.under(Violation(middle, "", "").under(outer).field)
    assert innermost.under(middle).under(outer) == joined


@pytest.mark.parametrize(
    ("violation", "reason", "description"),
    [
        (required("a"), "REQUIRED", "Must be given."),
        (too_long("a", 2_000), "TOO_LONG", "Must have at most 2,000 characters."),
        (too_long("a", 204_800, "bytes"), "TOO_LONG", "Must have at most 204,800 bytes."),
        (too_many("a", 1_000), "TOO_MANY", "Must have at most 1,000 entries."),
        (out_of_range("a", "Must be 1 to 10."), "OUT_OF_RANGE", "Must be 1 to 10."),
        (malformed("a", "Must be a date."), "MALFORMED", "Must be a date."),
    ],
)
def test_each_rule_says_what_would_be_right(violation: Violation, reason: str, description: str) -> None:
    assert violation == Violation("a", reason, description)
