"""Tests the names of resources and the identities of people."""

from __future__ import annotations

import pytest
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import (
    API_KEYS,
    CAMPAIGNS,
    CHANNEL_CONFIGURATIONS,
    EXECUTIONS,
    MAX_IDENTITY,
    MESSAGES,
    Collection,
    identity_violation,
    is_namespace,
    is_sandbox,
    split_identity,
)

ASSIGNED = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("collection", "resource_id", "name"),
    [
        (CAMPAIGNS, "order-confirmed", "campaigns/order-confirmed"),
        (CAMPAIGNS, "a", "campaigns/a"),
        (CAMPAIGNS, "a1" + "-" * 60 + "b", "campaigns/a1" + "-" * 60 + "b"),
        (CHANNEL_CONFIGURATIONS, "mail", "channelConfigurations/mail"),
        (EXECUTIONS, ASSIGNED, f"executions/{ASSIGNED}"),
        (MESSAGES, f"{ASSIGNED}-0999-0", f"messages/{ASSIGNED}-0999-0"),
        (API_KEYS, ASSIGNED, f"apiKeys/{ASSIGNED}"),
    ],
)
def test_a_name_leads_back_to_the_id_it_was_made_of(collection: Collection, resource_id: str, name: str) -> None:
    assert collection.format(resource_id) == name
    assert collection.parse(name) == resource_id


@pytest.mark.parametrize(
    ("collection", "name", "reason"),
    [
        (CAMPAIGNS, "", "REQUIRED"),
        (CAMPAIGNS, "order-confirmed", "MALFORMED"),
        (CAMPAIGNS, "campaigns/", "MALFORMED"),
        (CAMPAIGNS, "campaigns/Order", "MALFORMED"),
        (CAMPAIGNS, "campaigns/1st", "MALFORMED"),
        (CAMPAIGNS, "campaigns/order-", "MALFORMED"),
        (CAMPAIGNS, "campaigns/order/1", "MALFORMED"),
        (CAMPAIGNS, "campaigns/order\n", "MALFORMED"),
        (CAMPAIGNS, "campaigns/" + "a" * 64, "MALFORMED"),
        (CAMPAIGNS, "channelConfigurations/mail", "MALFORMED"),
        (EXECUTIONS, f"executions/{ASSIGNED.upper()}", "MALFORMED"),
        (MESSAGES, f"messages/{ASSIGNED}", "MALFORMED"),
        (API_KEYS, "apiKeys/../secret", "MALFORMED"),
    ],
)
def test_another_name_is_refused_for_the_field_it_came_in(collection: Collection, name: str, reason: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        collection.parse(name, "campaign")
    (violation,) = refused.value.violations
    assert (violation.field, violation.reason) == ("campaign", reason)


@pytest.mark.parametrize(("chosen", "reason"), [("", "REQUIRED"), ("Order", "MALFORMED"), ("campaigns/a", "MALFORMED")])
def test_an_id_that_is_no_id_is_refused(chosen: str, reason: str) -> None:
    violation = CAMPAIGNS.id_violation(chosen, "campaign_id")
    assert violation is not None
    assert (violation.field, violation.reason) == ("campaign_id", reason)
    assert CAMPAIGNS.id_violation("order", "campaign_id") is None


@pytest.mark.parametrize(
    ("identity", "parts"),
    [
        ("email:jane@example.com", ("email", "jane@example.com")),
        ("crm_id-2:a:b", ("crm_id-2", "a:b")),
        ("customer:Jürgen Groß", ("customer", "Jürgen Groß")),
        ("jane@example.com", None),
        ("email:", None),
        (":jane", None),
        ("Email:jane", None),
        ("email: jane", None),
        ("email:jane ", None),
        ("email:ja\nne", None),
        ("email:ja\x00ne", None),
        ("e" * 33 + ":jane", None),
    ],
)
def test_an_identity_is_a_namespace_and_a_value(identity: str, parts: tuple[str, str] | None) -> None:
    assert split_identity(identity) == parts


@pytest.mark.parametrize(
    ("identity", "reason"),
    [
        ("", "REQUIRED"),
        ("email:" + "a" * MAX_IDENTITY, "TOO_LONG"),
        ("jane", "MALFORMED"),
        ("crm:4711", "WRONG_NAMESPACE"),
    ],
)
def test_what_is_wrong_with_an_identity_is_reported(identity: str, reason: str) -> None:
    violation = identity_violation(identity, "email", "recipients[2].identity")
    assert violation is not None
    assert (violation.field, violation.reason) == ("recipients[2].identity", reason)


def test_an_identity_may_have_320_characters() -> None:
    assert identity_violation("email:" + "a" * (MAX_IDENTITY - 6), "email", "identity") is None


@pytest.mark.parametrize(("text", "valid"), [("default", True), ("eu-1", True), ("a" * 63, True), ("a" * 64, False)])
def test_sandboxes_have_names_of_1_to_63_characters(text: str, valid: bool) -> None:
    assert is_sandbox(text) is valid


@pytest.mark.parametrize("text", ["", "1st", "-a", "Staging", "a_b"])
def test_sandboxes_are_named_with_lower_case_letters_digits_and_hyphens(text: str) -> None:
    assert not is_sandbox(text)


@pytest.mark.parametrize(
    ("text", "valid"), [("email", True), ("crm_2-a", True), ("", False), ("E", False), ("ä", False)]
)
def test_namespaces_are_of_lower_case_ascii(text: str, valid: bool) -> None:
    assert is_namespace(text) is valid
