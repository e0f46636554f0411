"""Tests whom an allow list lets pass, and which lists may be stored."""

from __future__ import annotations

import pytest
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import NOT_ASKED
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.suppressions.allow_list import MAX_ENTRIES, AllowLists, enabled_list, entry_violations
from clarion_server.domain.suppressions.suppression import SuppressionIndex, SuppressionScope
from clarion_server.domain.triggering.exclusion_rules import ExclusionFacts, find_exclusions

from tests.contract.store import samples

ACCEPT = ExclusionPhase.ACCEPT
OWN = Exclusion(ExclusionReason.NOT_ALLOWED, ACCEPT, "allowList")
DEVELOPERS = enabled_list(["Dev@Example.com", "team.example", "*.Team.example"])


def found(lists: AllowLists, address: str = "jane@example.com", **fields: object) -> Exclusion | None:
    message = samples.message(1, 1, address=address, **fields)
    exclusions = find_exclusions(message, samples.NOW, ACCEPT, ExclusionFacts(allow_lists=lists), NOT_ASKED)
    return exclusions[0] if exclusions else None


@pytest.mark.parametrize("address", ["dev@EXAMPLE.com", "anybody@team.example", "anybody@mail.team.example"])
def test_who_is_on_the_list_is_written_to(address: str) -> None:
    assert found({"default": (DEVELOPERS,)}, address) is None


@pytest.mark.parametrize("address", ["jane@example.com", "dev+1@example.com", "dev@mail.example.com"])
def test_who_is_not_on_the_list_is_not_written_to(address: str) -> None:
    assert found({"default": (DEVELOPERS,)}, address) == OWN


def test_an_enabled_list_without_entries_stops_everything_but_magic_recipients() -> None:
    nobody = {"default": (enabled_list([]),)}
    assert found(nobody) == OWN
    assert found(nobody, "sent@clarion.test") is None
    assert found(nobody, "suppressed@clarion.test") == Exclusion(ExclusionReason.SUPPRESSED)
    assert found({}, "not-allowed@clarion.test") == Exclusion(ExclusionReason.NOT_ALLOWED)


def test_the_list_of_another_sandbox_stops_nothing() -> None:
    assert found({"staging": (enabled_list([]),)}) is None


def test_every_list_must_have_the_recipient() -> None:
    everywhere = enabled_list(["example.com"], cause="")
    lists = {"default": (everywhere, enabled_list(["jane@example.com", "joe@example.org"]))}
    assert found(lists) is None
    assert found(lists, "dev@example.com") == OWN
    assert found(lists, "joe@example.org") == Exclusion(ExclusionReason.NOT_ALLOWED, ACCEPT)


def test_on_a_channel_without_addresses_the_identity_counts() -> None:
    lists = {"default": (DEVELOPERS,)}
    hook = {"address": "", "channel": Channel.WEBHOOK}
    assert found(lists, identity="email:dev@example.com", **hook) is None
    assert found(lists, identity="crm:4711", **hook) == OWN


def test_that_somebody_is_not_allowed_is_told_before_that_the_address_is_suppressed() -> None:
    suppression = samples.suppression("jane@example.com", scope=SuppressionScope.ALL)
    facts = ExclusionFacts(SuppressionIndex([suppression]), allow_lists={"default": (DEVELOPERS,)})
    assert find_exclusions(samples.message(1, 1), samples.NOW, ACCEPT, facts, NOT_ASKED)[0] == OWN


def test_every_wrong_entry_is_told() -> None:
    entries = ("dev@example.com", "nobody@", "*.", "DEV@example.com", "")
    wrong = [(each.field, each.reason) for each in entry_violations(entries)]
    assert wrong == [
        ("entries[1]", "MALFORMED"),
        ("entries[2]", "MALFORMED"),
        ("entries[4]", "REQUIRED"),
        ("entries[3]", "DUPLICATE"),
    ]
    many = tuple(f"r{place}@example.com" for place in range(MAX_ENTRIES + 1))
    assert [each.reason for each in entry_violations(many)] == ["TOO_MANY"]
    assert list(entry_violations(many[:-1])) == []
