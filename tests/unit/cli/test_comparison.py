"""What a file says of a resource is compared with what is stored, for a key that may not change it."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.transport.cli.files.comparison import Comparison, compare
from clarion_server.transport.cli.files.resource_types import APPROVAL_POLICY, CAMPAIGN, CHANNEL, ResourceType

SENDER = {"address": "shop@example.com", "display_name": "The Shop"}
SAID = {
    "display_name": "Relay",
    "categories": ["MARKETING"],
    "smtp": {"host": "smtp.example.com", "port": 587, "username": "shop", "password": "secret", "sender": SENDER},
}
SHOWN = {"host": "smtp.example.com", "port": 587, "username": "shop", "password_set": True, "sender": SENDER}
STORED = {
    "name": "channelConfigurations/relay",
    "display_name": "Relay",
    "categories": ["MARKETING"],
    "smtp": SHOWN,
    "channel": "EMAIL",
    "etag": "7",
    "create_time": "2026-11-30T12:00:00Z",
}


def compared(kind: ResourceType[Any], said: dict[str, Any], stored: dict[str, Any]) -> Comparison:
    values = [kind.value_type.from_dict(each) for each in (said, stored)]
    return compare(kind.authored(values[0]), kind.authored(values[1]), kind.message)


def of_channel(said: dict[str, Any] | None = None, stored: dict[str, Any] | None = None) -> Comparison:
    return compared(CHANNEL, SAID | (said or {}), STORED | (stored or {}))


def of_smtp(said: dict[str, Any], stored: dict[str, Any] | None = None) -> Comparison:
    return of_channel({"smtp": SAID["smtp"] | said}, {"smtp": SHOWN | (stored or {})})  # type: ignore[operator] # both are


def test_a_file_that_says_what_is_stored_differs_in_nothing() -> None:
    assert of_channel() == Comparison((), ())


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"host": "smtp.example.org"}, "smtp.host"),
        ({"port": 25}, "smtp.port"),
        ({"sender": {"address": "shop@example.org", "display_name": "The Shop"}}, "smtp.sender.address"),
        ({"reply_to": {"address": "help@example.com"}}, "smtp.reply_to"),
        ({"client_key": "a key"}, "smtp.client_key"),
    ],
)
def test_another_value_differs_and_a_secret_where_none_is_stored(said: dict[str, Any], path: str) -> None:
    assert of_smtp(said) == Comparison((path,), ())


def test_a_secret_is_taken_for_the_stored_one_also_when_the_file_leaves_it_out() -> None:
    assert of_smtp({"password": "another"}) == of_smtp({"password": ""}) == Comparison((), ())


def test_what_the_file_leaves_out_is_told_and_may_be_the_default() -> None:
    stored = {"smtp": SHOWN | {"timeout": "30s"}, "retry_policy": {"window": "86400s"}, "max_concurrency": 10}
    assert of_channel(stored=stored) == Comparison((), ("smtp.timeout", "retry_policy", "max_concurrency"))
    within = of_channel(
        {"retry_policy": {"window": "86400s"}}, {"retry_policy": {"window": "86400s", "max_delay": "9s"}}
    )
    assert within == Comparison((), ("retry_policy.max_delay",))


def test_what_is_required_or_true_is_never_the_default() -> None:
    assert of_channel({"display_name": ""}).different == ("display_name",)
    assert of_channel(stored={"disabled": True}) == Comparison(("disabled",), ())


def test_another_kind_of_provider_differs() -> None:
    webhook = {key: value for key, value in SAID.items() if key != "smtp"} | {"webhook": {"url": "https://example.com"}}
    assert compared(CHANNEL, webhook, STORED) == Comparison(("webhook",), ("smtp",))


def test_names_are_the_same_with_and_without_their_collection() -> None:
    policy = {"display_name": "Promotions", "approvers": ["apiKeys/a", "apiKeys/b"]}
    assert compared(APPROVAL_POLICY, policy | {"approvers": ["a", "b"]}, policy) == Comparison((), ())
    assert compared(APPROVAL_POLICY, policy | {"approvers": ["a", "c"]}, policy) == Comparison(("approvers",), ())


def test_items_of_lists_are_compared_one_by_one() -> None:
    action = {"channel_configuration": "relay", "email": {"subject": "Hello"}}
    said = {"display_name": "Greeting", "actions": [action]}
    stored = {
        "display_name": "Greeting",
        "actions": [{**action, "id": "email", "channel_configuration": "channelConfigurations/relay"}],
    }
    assert compared(CAMPAIGN, said, stored) == Comparison((), ("actions[0].id",))
    changed = said | {"actions": [{**action, "email": {"subject": "Hi"}}]}
    assert compared(CAMPAIGN, changed, stored).different == ("actions[0].email.subject",)
    assert compared(CAMPAIGN, said | {"actions": [action, action]}, stored).different == ("actions",)
