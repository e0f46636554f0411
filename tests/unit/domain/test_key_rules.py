"""Tests what an API key must keep to."""

from __future__ import annotations

import pytest
from clarion_server.domain.access.access import Scope
from clarion_server.domain.access.key_rules import key_violations


def test_a_key_with_a_name_and_a_scope_is_valid() -> None:
    assert key_violations("The shop", [Scope.TRIGGER], "default") == []


@pytest.mark.parametrize(
    ("display_name", "scopes", "sandbox", "field", "reason"),
    [
        ("", [Scope.READ], "default", "display_name", "REQUIRED"),
        ("x" * 201, [Scope.READ], "default", "display_name", "TOO_LONG"),
        ("Shop", [], "default", "scopes", "REQUIRED"),
        ("Shop", [Scope.READ, Scope.READ], "default", "scopes[1]", "DUPLICATE"),
        ("Shop", [Scope.READ], "Staging", "sandbox", "MALFORMED"),
    ],
)
def test_a_broken_rule_is_reported_with_its_field(
    display_name: str, scopes: list[Scope], sandbox: str, field: str, reason: str
) -> None:
    (violation,) = key_violations(display_name, scopes, sandbox)
    assert (violation.field, violation.reason) == (field, reason)
