"""Tests the rules of tags."""

from __future__ import annotations

import pytest
from clarion_server.domain.tags import folded, tag_violations


@pytest.mark.parametrize("tags", [(), tuple(f"tag {number}" for number in range(20)), ("x" * 63,), ("Ä", "ö")])
def test_tags_that_keep_the_rules_have_no_violations(tags: tuple[str, ...]) -> None:
    assert list(tag_violations(tags)) == []


@pytest.mark.parametrize(
    ("tags", "field", "reason"),
    [
        (tuple(f"tag {number}" for number in range(21)), "tags", "TOO_MANY"),
        (("a", ""), "tags[1]", "REQUIRED"),
        (("x" * 64,), "tags[0]", "TOO_LONG"),
        (("a\nb",), "tags[0]", "MALFORMED"),
        (("a", "b", "a"), "tags[2]", "DUPLICATE"),
        (("Orders", "orders"), "tags[1]", "DUPLICATE"),
        (("Straße", "STRASSE"), "tags[1]", "DUPLICATE"),
    ],
)
def test_a_tag_that_breaks_a_rule_is_reported_by_its_index(tags: tuple[str, ...], field: str, reason: str) -> None:
    assert [(violation.field, violation.reason) for violation in tag_violations(tags)] == [(field, reason)]


def test_tags_are_compared_without_case() -> None:
    assert folded("Bücher") == folded("BÜCHER")
    assert folded("a") != folded("b")
