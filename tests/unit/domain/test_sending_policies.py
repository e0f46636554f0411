"""Tests the rules of sending policies."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.category import Category
from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.instant import DAY
from clarion_server.domain.sending_policies.frequency_cap import MAX_CAPS, FrequencyCap
from clarion_server.domain.sending_policies.quiet_hours import WallInterval, Weekday
from clarion_server.domain.sending_policies.sending_policy import MAX_INTERVALS, SendingPolicy, policy_violations

NIGHT = WallInterval(22 * 60, 8 * 60)
POLICY = SendingPolicy(
    sandbox="default",
    id="nights",
    display_name="Nights",
    time_zone="Europe/Berlin",
    create_time=1,
    update_time=1,
    quiet_hours=(NIGHT,),
    key=7,
)


def test_a_plain_policy_breaks_no_rule() -> None:
    assert not list(policy_violations(POLICY))
    assert not list(policy_violations(replace(POLICY, quiet_hours=())))


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"display_name": " "}, "display_name", "REQUIRED"),
        ({"time_zone": ""}, "time_zone", "REQUIRED"),
        ({"time_zone": "europe/berlin"}, "time_zone", "MALFORMED"),
        ({"time_zone": "+02:00"}, "time_zone", "MALFORMED"),
        ({"categories": (Category.MARKETING, Category.MARKETING)}, "categories[1]", "DUPLICATE"),
        ({"quiet_hours": (NIGHT, WallInterval(60, 60))}, "quiet_hours[1].end", "OUT_OF_RANGE"),
        ({"send_windows": (WallInterval(24 * 60, 60),)}, "send_windows[0].start", "OUT_OF_RANGE"),
        (
            {"quiet_hours": (WallInterval(0, 60, (Weekday.MONDAY, Weekday.MONDAY)),)},
            "quiet_hours[0].days[1]",
            "DUPLICATE",
        ),
        ({"quiet_hours": (WallInterval(0, 24 * 60),)}, "quiet_hours", "NEVER_OPEN"),
        ({"send_windows": (WallInterval(23 * 60, 60),)}, "quiet_hours", "NEVER_OPEN"),
        ({"send_windows": (NIGHT,) * MAX_INTERVALS}, "quiet_hours", "TOO_MANY"),
        ({"caps": (FrequencyCap(1, sliding=DAY),) * (MAX_CAPS + 1)}, "caps", "TOO_MANY"),
        ({"caps": (FrequencyCap(1, sliding=DAY), FrequencyCap(0, sliding=DAY))}, "caps[1].count", "OUT_OF_RANGE"),
        ({"rate": 0.001}, "rate", "OUT_OF_RANGE"),
        ({"rate": -1.0}, "rate", "OUT_OF_RANGE"),
        ({"rate": 100_001.0}, "rate", "OUT_OF_RANGE"),
        ({"rate": math.nan}, "rate", "OUT_OF_RANGE"),
        ({"quiet_hours": (), "send_windows": (NIGHT,) * (MAX_INTERVALS + 1)}, "send_windows", "TOO_MANY"),
    ],
)
def test_a_broken_rule_is_reported_with_its_field(changes: dict[str, Any], field: str, reason: str) -> None:
    found = [(violation.field, violation.reason) for violation in policy_violations(replace(POLICY, **changes))]
    assert found == [(field, reason)]


def test_an_etag_of_another_revision_is_refused() -> None:
    POLICY.check_etag("")
    POLICY.check_etag(POLICY.etag)
    with pytest.raises(EtagMismatch):
        POLICY.changed(2).check_etag(POLICY.etag)
