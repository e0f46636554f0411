"""Tests which audiences conditions ask about, as their texts show."""

from __future__ import annotations

import pytest
from clarion_server.domain.audiences.audience_reference import (
    MAX_ASKED,
    MAX_GIVEN,
    audiences_in,
    given_audience_violations,
)
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.campaigns.targeting import TargetingRule
from clarion_server.domain.campaigns.targeting_rules import rule_violations
from clarion_server.domain.content.email import EmailContent


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ('audience("vip")', ["vip"]),
        ("audience('vip') || !audience ( \n 'b-2' )", ["vip", "b-2"]),
        ("profile.x == 1", []),
        ("// audience('old')\naudience('vip')", ["vip"]),
        ("profile.x == \"audience('no')\" || audience('vip')", ["vip"]),
        ("profile.x == 'it\\'s audience(\"no\")'", []),
        ('profile.x == r"\\" || audience("vip")', ["vip"]),
        ("profile.x == '''audience(\"no\")''' && audience('vip')", ["vip"]),
        ('profile.x == """a "quote" audience("no")"""', []),
        ("audience(profile.x)", []),
        ("myaudience('vip')", []),
    ],
)
def test_a_call_names_an_audience_and_a_text_or_a_comment_none(condition: str, named: list[str]) -> None:
    found = list(audiences_in(condition))
    assert [name for name, _ in found] == named
    assert all(condition[position:].startswith("audience") for _, position in found)


def test_an_action_asks_about_few_audiences() -> None:
    def action(count: int) -> Action:
        asked = " || ".join(f"audience('a{index}')" for index in range(count))
        rules = (TargetingRule("a", asked), TargetingRule("b", "audience('a0')"))
        return Action("email", "orders", EmailContent("x", text="y"), rules=rules)

    assert list(rule_violations(action(MAX_ASKED))) == []
    (violation,) = rule_violations(action(MAX_ASKED + 1))
    assert (violation.field, violation.reason) == ("rules", "TOO_MANY")


def test_given_audiences_are_ids_without_repetition() -> None:
    found = [(each.field, each.reason) for each in given_audience_violations(("vip", "No", "", "vip"))]
    assert found == [("audiences[1]", "MALFORMED"), ("audiences[2]", "REQUIRED"), ("audiences[3]", "DUPLICATE")]
    assert [each.reason for each in given_audience_violations(("a",) * (MAX_GIVEN + 1))] == ["TOO_MANY"]
