"""For which drafts an approval policy holds, whose approval counts, and the rules of its fields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.approval_policy import (
    MAX_VALUES,
    ApprovalConditions,
    ApprovalPolicy,
    approval_policy_violations,
)
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel

from tests.unit.application.world import DEFINITION

POLICY = ApprovalPolicy(sandbox="default", id="legal", create_time=0, update_time=0, display_name="Legal")
ANN, BOB = "apiKeys/ann", "apiKeys/bob"


@pytest.mark.parametrize(
    ("conditions", "met"),
    [
        ({}, True),
        ({"categories": (Category.TRANSACTIONAL, Category.MARKETING)}, True),
        ({"categories": (Category.MARKETING,)}, False),
        ({"channels": (Channel.EMAIL,)}, True),
        ({"channels": (Channel.WEBHOOK,)}, False),
        ({"tags": ("LEGAL", "other")}, True),
        ({"tags": ("other",)}, False),
        ({"requesters": (ANN,)}, True),
        ({"requesters": (BOB,)}, False),
        ({"channels": (Channel.EMAIL,), "tags": ("other",)}, False),
    ],
)
def test_a_policy_holds_where_every_condition_has_a_value_that_fits(conditions: dict[str, Any], met: bool) -> None:
    assert ApprovalConditions(**conditions).are_met(DEFINITION, ["Legal"], {ANN}) is met


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"approvers": (BOB,)}, False),
        ({"approvers": (BOB, ANN)}, True),
        ({"block_self": True}, False),
    ],
)
def test_the_approval_of_a_key_that_worked_on_the_draft(fields: dict[str, Any], counts: bool) -> None:
    assert replace(POLICY, **fields).counts(ANN, {ANN}) is counts


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"display_name": ""}, [("display_name", "REQUIRED")]),
        ({"required_count": 0}, [("required_count", "OUT_OF_RANGE")]),
        ({"required_count": 6}, [("required_count", "OUT_OF_RANGE")]),
        ({"required_count": 2, "approvers": (ANN,)}, [("required_count", "OUT_OF_RANGE")]),
        ({"approvers": (ANN, ANN)}, [("approvers[1]", "DUPLICATE")]),
        ({"approvers": (ANN,) * (MAX_VALUES + 1)}, [("approvers", "TOO_MANY")]),
        ({"conditions": ApprovalConditions(tags=("Legal", "legal"))}, [("conditions.tags[1]", "DUPLICATE")]),
        ({"conditions": ApprovalConditions(tags=("a", " "))}, [("conditions.tags[1]", "REQUIRED")]),
        ({"conditions": ApprovalConditions(tags=("a\0",))}, [("conditions.tags[0]", "MALFORMED")]),
        ({"conditions": ApprovalConditions(tags=("a" * 64,))}, [("conditions.tags[0]", "TOO_LONG")]),
    ],
)
def test_a_broken_rule_is_found(fields: dict[str, Any], found: list[tuple[str, str]]) -> None:
    violations = approval_policy_violations(replace(POLICY, **fields))
    assert [(each.field, each.reason) for each in violations] == found
