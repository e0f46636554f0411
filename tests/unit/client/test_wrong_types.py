"""A value of a wrong type is refused before it is sent, with its path, what was given and what is wanted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from clarion_client import (
    Action,
    Campaign,
    ChannelConfiguration,
    Client,
    FieldError,
    Recipient,
    RetryPolicy,
    Schedule,
    Trigger,
)

WRONG: Any = 5
MAPPING: Any = {"subject": "x"}
TEXT: Any = "orders"
LIST: Any = ["orders"]
NOTHING: Any = None
TODAY: Any = dt.date(2027, 1, 1)
NUMBERED: Any = {5: "x"}

JANE = Recipient("jane@example.com")


def trigger(*recipients: Recipient, **fields: Any) -> Callable[[Client], Any]:
    return lambda client: client.trigger("x", recipients or [JANE], **fields)


def campaign(**fields: Any) -> Callable[[Client], Any]:
    return lambda client: client.campaigns.create(Campaign(name="x", **fields))


def channel(**fields: Any) -> Callable[[Client], Any]:
    return lambda client: client.channels.create(ChannelConfiguration(name="x", **fields))


def refusals_of(call: Callable[[Client], Any]) -> list[str]:
    """Returns what is wrong with a call that never reaches a service."""
    with Client("127.0.0.1:1", retry=None) as client, pytest.raises(FieldError) as refusal:
        call(client)
    return str(refusal.value).splitlines()


@pytest.mark.parametrize(
    ("told", "call"),
    [
        ("recipients[1].address is 5, not a string", trigger(JANE, Recipient("crm:1", address=WRONG))),
        ("recipients[0].identity is 5, not a string", trigger(Recipient(WRONG))),
        ("campaign is 5, not a string", lambda client: client.trigger(WRONG, to="crm:1")),
        ("validate_only is 'orders', not true or false", trigger(validate_only=TEXT)),
        ("labels.shop is 5, not a string", trigger(labels={"shop": 5})),
        ("labels[5] has a name that is no string", trigger(labels=NUMBERED)),
        ("labels is a whole number, not a mapping", trigger(labels=WRONG)),
        ("send_time is a date, not a datetime", trigger(send_time=TODAY)),
        ("schedule.start_time is a string, not a datetime", campaign(schedule=Schedule(start_time=TEXT))),
        ("category is a list, not one of TRANSACTIONAL, MARKETING", campaign(category=LIST)),
        ("translations.de is a whole number, not a mapping", campaign(translations={"de": WRONG})),
        ("retry_policy.window is a whole number, not a timedelta", channel(retry_policy=RetryPolicy(window=WRONG))),
        ("max_concurrency is 'orders', not a whole number", channel(max_concurrency=TEXT)),
        ("max_concurrency is 1.5, not a whole number", channel(max_concurrency=1.5)),
        ("page_size is 'orders', not a whole number", lambda client: client.campaigns.list(page_size=TEXT)),
    ],
)
def test_a_plain_value_of_another_type_is_refused_with_its_path(told: str, call: Callable[[Client], Any]) -> None:
    assert refusals_of(call) == [told]


@pytest.mark.parametrize(
    ("told", "call"),
    [
        ("recipients[0] is a mapping, not a Recipient", trigger(MAPPING)),
        ("recipients[1] is null, not a Recipient", trigger(JANE, NOTHING)),
        ("actions[0] is a mapping, not an Action", campaign(actions=[MAPPING])),
        (
            "actions[0].email is a mapping, not an EmailContent",
            campaign(actions=[Action(channel_configuration="x", email=MAPPING)]),
        ),
        ("schedule is a string, not a Schedule", campaign(schedule=TEXT)),
        ("The value is a mapping, not a Campaign", lambda client: client.campaigns.create(MAPPING)),
        ("The value is a mapping, not a Topic", lambda client: client.topics.create(MAPPING)),
        ("The value is a mapping, not a TestCase", lambda client: client.test_cases.create(MAPPING)),
        ("The value is null, not a Profile", lambda client: client.profiles.create(NOTHING)),
    ],
)
def test_what_is_no_value_is_refused_where_one_is_wanted(told: str, call: Callable[[Client], Any]) -> None:
    assert refusals_of(call) == [told]


@pytest.mark.parametrize(
    ("told", "call"),
    [
        ("recipients is a string, not a list", lambda client: client.trigger_stream([Trigger("x", TEXT)])),
        ("tags is a string, not a list", campaign(tags=TEXT)),
        ("tags is a mapping, not a list", campaign(tags=MAPPING)),
        ("tags is a whole number, not a list", campaign(tags=WRONG)),
        ("tags[1] is 5, not a string", campaign(tags=["orders", WRONG])),
        ("actions is an Action, not a list", campaign(actions=Action(channel_configuration="x"))),
    ],
)
def test_what_is_no_list_is_refused_where_one_is_wanted(told: str, call: Callable[[Client], Any]) -> None:
    assert refusals_of(lambda client: list(call(client))) == [told]


@pytest.mark.parametrize(
    ("told", "call"),
    [
        ("The value is 5, not a string", lambda client: client.campaigns.get(WRONG)),
        ("The value is 5, which is no name of a test case", lambda client: client.test_cases.get(WRONG)),
        ("identity is 5, not a string", lambda client: client.profiles.lookup(WRONG)),
        ("identity is 5, not a string", lambda client: client.consents.get(WRONG)),
        ("identities[0] is 5, not a string", lambda client: client.audiences.upload("x", [WRONG])),
    ],
)
def test_a_name_that_is_no_string_is_refused(told: str, call: Callable[[Client], Any]) -> None:
    assert refusals_of(call)[0].startswith(told)


@pytest.mark.parametrize("call", [trigger(Recipient(NOTHING)), trigger(JANE, Recipient("crm:1"), Recipient(NOTHING))])
def test_none_is_refused_in_a_required_field(call: Callable[[Client], Any]) -> None:
    assert refusals_of(call)[0].endswith(".identity is missing")
