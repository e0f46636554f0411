"""Tests which messages a suppression stops, and which suppressions may be stored."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import NOT_ASKED
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import Lane
from clarion_server.domain.suppressions.suppression import (
    Suppression,
    SuppressionIndex,
    SuppressionReason,
    SuppressionScope,
    covering_keys,
)
from clarion_server.domain.suppressions.suppression_rules import (
    override_violations,
    suppression_violations,
    target_violations,
)
from clarion_server.domain.triggering.exclusion_rules import ExclusionFacts, find_exclusions
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.store import samples

NOON = 1_000_000
MANUAL = samples.suppression(
    reason=SuppressionReason.MANUAL, scope=SuppressionScope.ALL, expire_time=None, id="0" * 31 + "1"
)


def covers(target: str, address: str) -> bool:
    index = SuppressionIndex([replace(MANUAL, target=target)])
    return bool(index.covering(MANUAL.sandbox, Channel.EMAIL, address, NOON))


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("Jane@Example.com", "jane@EXAMPLE.COM"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("example.com", "jane@Example.com"),
        ("*.example.com", "jane@a.example.com"),
        ("*.example.com", "jane@b.a.example.com"),
        ("*.Bücher.example", "jane@a.xn--bcher-kva.example"),
    ],
)
def test_an_address_is_covered_by_itself_by_its_domain_and_by_what_is_above(target: str, address: str) -> None:
    assert covers(target, address)


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("jane@example.com", "jane+x@example.com"),
        ("jane@example.com", "jane@a.example.com"),
        ("example.com", "jane@a.example.com"),
        ("*.example.com", "jane@example.com"),
        ("*.example.com", "jane@badexample.com"),
        ("com", "jane@example.com"),
    ],
)
def test_a_target_covers_nothing_beside_it(target: str, address: str) -> None:
    assert not covers(target, address)


def test_a_suppression_of_another_sandbox_covers_nothing() -> None:
    assert SuppressionIndex([MANUAL]).covering("staging", Channel.EMAIL, MANUAL.target, NOON) == []
    assert SuppressionIndex([MANUAL]).covering(MANUAL.sandbox, Channel.WEBHOOK, MANUAL.target, NOON) == []


@pytest.mark.parametrize(("time", "holds"), [(NOON - 1, True), (NOON, False)])
def test_a_suppression_holds_until_the_very_moment_it_expires(time: int, holds: bool) -> None:
    index = SuppressionIndex([replace(MANUAL, expire_time=NOON)])
    assert bool(index.covering(MANUAL.sandbox, Channel.EMAIL, MANUAL.target, time)) is holds


@given(st.from_regex(r"[a-z]{1,5}@([a-z]{1,3}\.){0,5}[a-z]{2,3}", fullmatch=True))
def test_an_address_has_one_key_for_itself_its_domain_and_each_domain_above(address: str) -> None:
    keys = list(covering_keys(address))
    assert len(keys) == len(set(keys)) == 2 + address.count(".")


def exclusion(
    lane: Lane,
    *suppressions: Suppression,
    address: str = "jane@example.com",
    phase: ExclusionPhase = ExclusionPhase.ACCEPT,
) -> Exclusion | None:
    message = samples.message(1, 1, lane=lane, address=address)
    found = find_exclusions(message, NOON, phase, ExclusionFacts(SuppressionIndex(suppressions)), NOT_ASKED)
    return found[0] if found else None


def test_a_suppression_of_marketing_lets_a_password_reset_pass() -> None:
    of_marketing = replace(MANUAL, scope=SuppressionScope.MARKETING)
    found = exclusion(Lane.MARKETING, of_marketing)
    assert found == Exclusion(ExclusionReason.SUPPRESSED, ExclusionPhase.ACCEPT, of_marketing.name)
    assert exclusion(Lane.RAPID, of_marketing) is None
    assert exclusion(Lane.TRANSACTIONAL, of_marketing) is None


def test_the_oldest_suppression_that_stops_the_message_is_named() -> None:
    of_marketing = replace(MANUAL, scope=SuppressionScope.MARKETING)
    of_all = replace(MANUAL, id="2" * 32, reason=SuppressionReason.INVALID)
    later = replace(MANUAL, id="3" * 32, target="example.com")
    found = exclusion(Lane.TRANSACTIONAL, later, of_all, of_marketing, phase=ExclusionPhase.HAND_OFF)
    assert found == Exclusion(ExclusionReason.SUPPRESSED, ExclusionPhase.HAND_OFF, of_all.name)


def test_magic_recipients_have_the_outcome_of_their_address_and_no_other() -> None:
    everybody = replace(MANUAL, target="clarion.test")
    assert exclusion(Lane.MARKETING, everybody, address="bounce@clarion.test") is None
    assert exclusion(Lane.RAPID, address="suppressed@clarion.test") == Exclusion(ExclusionReason.SUPPRESSED)


@pytest.mark.parametrize(
    ("target", "field", "reason"),
    [
        ("", "address", "REQUIRED"),
        ("", "domain", "REQUIRED"),
        ("jane", "address", "MALFORMED"),
        ("jane@", "address", "MALFORMED"),
        ("jane@example.com", "domain", "MALFORMED"),
        ("*.*.example.com", "domain", "MALFORMED"),
        ("*example.com", "domain", "MALFORMED"),
        ("*.", "domain", "MALFORMED"),
        ("192.0.2.1", "domain", "MALFORMED"),
        ("sent@clarion.test", "address", "NOT_ALLOWED"),
        ("clarion.test", "domain", "NOT_ALLOWED"),
    ],
)
def test_a_target_that_could_stop_nobody_is_refused(target: str, field: str, reason: str) -> None:
    assert [(each.field, each.reason) for each in target_violations(target, field)] == [(field, reason)]


@pytest.mark.parametrize("target", ["example.com", "example.com.", "*.example.com", "Bücher.example", "localhost"])
def test_a_domain_is_accepted_in_each_of_its_forms(target: str) -> None:
    assert list(target_violations(target, "domain")) == []


def test_a_suppression_is_on_a_channel_with_addresses_and_expires_ahead() -> None:
    wrong = replace(MANUAL, channel=Channel.WEBHOOK, expire_time=NOON)
    found = [(each.field, each.reason) for each in suppression_violations(wrong, "address", NOON)]
    assert found == [("channel", "NOT_ALLOWED"), ("expire_time", "OUT_OF_RANGE")]
    assert list(suppression_violations(replace(MANUAL, expire_time=NOON + 1), "address", NOON)) == []


def test_a_complaint_alone_needs_a_reason_to_be_overridden() -> None:
    complaint = replace(MANUAL, reason=SuppressionReason.COMPLAINT)
    assert [each.reason for each in override_violations(complaint, " ")] == ["REQUIRED"]
    assert list(override_violations(complaint, "They asked for it.")) == []
    assert list(override_violations(MANUAL, "")) == []
    assert [each.reason for each in override_violations(MANUAL, "x" * 201)] == ["TOO_LONG"]


def test_every_category_is_stopped_by_a_scope() -> None:
    assert all(MANUAL.stops(category) for category in Category)
