from __future__ import annotations

import pytest
from clarion_client._names import full_identity, full_name, full_name_or_empty, short_name


@pytest.mark.parametrize("name", ["order-confirmed", "campaigns/order-confirmed"])
def test_a_name_may_be_short_or_full(name: str) -> None:
    assert full_name("campaigns", name) == "campaigns/order-confirmed"
    assert short_name(name) == "order-confirmed"


@pytest.mark.parametrize("name", ["", "campaigns/", "executions/1", "a/campaigns/order-confirmed"])
def test_a_name_of_nothing_or_of_another_collection_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name in campaigns/"):
        full_name("campaigns", name)


def test_a_filter_may_be_empty() -> None:
    assert full_name_or_empty("campaigns", "") == ""


@pytest.mark.parametrize(
    ("given", "identity"),
    [
        ("jane@example.com", "email:jane@example.com"),
        ("email:jane@example.com", "email:jane@example.com"),
        ("crm-id:4711", "crm-id:4711"),
        ('"a:b"@example.com', 'email:"a:b"@example.com'),
        ("", ""),
    ],
)
def test_an_address_alone_is_an_identity_of_the_namespace_email(given: str, identity: str) -> None:
    assert full_identity(given) == identity
