"""For which drafts an approval policy holds, whose approval counts, and the rules of its fields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.approvable import DraftKind
from clarion_server.domain.approvals.approval import holding_policies
from clarion_server.domain.approvals.approval_policy import (
    MAX_VALUES,
    ApprovalConditions,
    ApprovalPolicy,
    approval_policy_violations,
)
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.fragments.fragment import Fragment, FragmentKind

from tests.unit.application.world import DEFINITION

CAMPAIGN = Campaign("default", "orders", DEFINITION, 0, "", 0, "", tags=("Legal",))
FOOTER = Fragment(sandbox="default", id="footer", create_time=0, update_time=0, source="<p>Bye</p>")
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
    assert ApprovalConditions(**conditions).are_met(CAMPAIGN.approval_traits, {ANN}) is met


@pytest.mark.parametrize(
    ("conditions", "met"),
    [
        ({}, True),
        ({"fragment_kinds": (FragmentKind.TEXT, FragmentKind.HTML)}, True),
        ({"fragment_kinds": (FragmentKind.TEXT,)}, False),
        ({"fragments": ("fragments/header", "fragments/footer")}, True),
        ({"fragments": ("fragments/header",)}, False),
        ({"requesters": (BOB,)}, False),
        ({"fragments": ("fragments/footer",), "fragment_kinds": (FragmentKind.TEXT,)}, False),
    ],
)
def test_a_policy_about_fragments_holds_where_every_condition_fits(conditions: dict[str, Any], met: bool) -> None:
    assert ApprovalConditions(**conditions).are_met(FOOTER.approval_traits, {ANN}) is met


def test_a_policy_holds_for_no_draft_of_the_other_kind() -> None:
    of_fragments = replace(POLICY, id="wording", applies_to=DraftKind.FRAGMENT)
    assert holding_policies([POLICY, of_fragments], CAMPAIGN, frozenset()) == [POLICY]
    assert holding_policies([POLICY, of_fragments], FOOTER, frozenset()) == [of_fragments]


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (DraftKind.CAMPAIGN, ["conditions.fragment_kinds", "conditions.fragments"]),
        (DraftKind.FRAGMENT, ["conditions.categories", "conditions.channels", "conditions.tags"]),
    ],
)
def test_every_condition_that_the_drafts_do_not_have_is_refused(kind: DraftKind, found: list[str]) -> None:
    conditions = ApprovalConditions(
        (Category.MARKETING,), (Channel.EMAIL,), ("legal",), (ANN,), (FragmentKind.HTML,), ("fragments/footer",)
    )
    violations = list(approval_policy_violations(replace(POLICY, applies_to=kind, conditions=conditions)))
    assert [(each.field, each.reason) for each in violations] == [(each, "NOT_ALLOWED") for each in found]


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
        ({"required_count": 1}, []),
        ({"required_count": 5}, []),
        ({"required_count": 6}, [("required_count", "OUT_OF_RANGE")]),
        ({"required_count": 2, "approvers": (ANN,)}, [("required_count", "OUT_OF_RANGE")]),
        ({"required_count": 2, "approvers": (ANN, BOB)}, []),
        ({"approvers": (ANN, ANN)}, [("approvers[1]", "DUPLICATE")]),
        ({"approvers": tuple(f"apiKeys/{number}" for number in range(MAX_VALUES))}, []),
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
