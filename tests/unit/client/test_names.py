from __future__ import annotations

from typing import Any

import pytest
from clarion.v1 import test_case_pb2
from clarion.v1.api_key_pb2 import ApiKey
from clarion.v1.campaign_pb2 import Campaign
from clarion.v1.consent_pb2 import ConsentSettings
from clarion.v1.sending_policy_pb2 import FrequencyCap
from clarion.v1.topic_pb2 import Topic
from clarion.v1.trigger_service_pb2 import Recipient, TriggerRequest
from clarion_client._names import completion, full_identity, full_name, full_name_or_empty, short_name


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


@pytest.mark.parametrize(
    ("message", "field", "full"),
    [
        (Topic, "name", "topics/news"),
        (ApiKey, "name", "apiKeys/news"),
        (Campaign, "topic", "topics/news"),
        (FrequencyCap, "topic", "topics/news"),
        (TriggerRequest, "campaign", "campaigns/news"),
        (Recipient, "identity", "email:news"),
    ],
)
def test_the_contract_says_which_names_are_completed(message: Any, field: str, full: str) -> None:
    complete = completion(message.DESCRIPTOR.fields_by_name[field])
    assert complete is not None
    assert (complete("news"), complete(full), complete("")) == (full, full, "")


def test_a_test_case_is_named_by_two_ids() -> None:
    message: Any = test_case_pb2.TestCase
    complete = completion(message.DESCRIPTOR.fields_by_name["name"])
    assert complete is not None
    assert complete("orders/plain") == "campaigns/orders/testCases/plain"


@pytest.mark.parametrize(
    ("message", "field"), [(Topic, "display_name"), (ConsentSettings, "name"), (Campaign, "creator")]
)
def test_what_names_nothing_in_a_collection_is_sent_as_it_is(message: Any, field: str) -> None:
    assert completion(message.DESCRIPTOR.fields_by_name[field]) is None
