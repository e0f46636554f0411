"""Everything that is wrong with a command is reported at once, and only once."""

from __future__ import annotations

import pytest
from clarion_server.application.validation import is_within, refuse_invalid, violations_within
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation


def a_violation(field: str) -> Violation:
    return Violation(field, "MALFORMED", "Must be well formed.")


def test_a_command_without_violations_is_not_refused() -> None:
    refuse_invalid([], [])


def test_what_could_not_be_read_comes_before_broken_rules() -> None:
    with pytest.raises(InvalidFields) as refused:
        refuse_invalid([a_violation("b")], iter([a_violation("a")]))
    assert [violation.field for violation in refused.value.violations] == ["b", "a"]


def test_rules_say_nothing_about_what_could_not_be_read() -> None:
    unread = a_violation("smtp")
    with pytest.raises(InvalidFields) as refused:
        refuse_invalid([unread], map(a_violation, ["smtp", "smtp.host", "smtp[0]", "smtps", "max_rate"]))
    assert [violation.field for violation in refused.value.violations] == ["smtp", "smtps", "max_rate"]


@pytest.mark.parametrize(
    ("field", "outer", "within"),
    [
        ("actions", "actions", True),
        ("actions[0].email", "actions", True),
        ("actions.email", "actions", True),
        ("actions_count", "actions", False),
        ("action", "actions", False),
        ("schedule.actions", "actions", False),
    ],
)
def test_a_path_leads_into_a_field_or_beside_it(field: str, outer: str, within: bool) -> None:
    assert is_within(field, outer) is within


def test_only_the_violations_of_the_changed_fields_count() -> None:
    violations = [a_violation("category"), a_violation("schedule.end_time"), a_violation("actions[0].email")]
    assert violations_within({"schedule", "actions"}, violations) == (violations[1], violations[2])
